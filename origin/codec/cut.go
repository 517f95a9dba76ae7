package codec

import (
	"bytes"
	"context"
	"image"
	"iter"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// Indexable reports whether the picture is a JPEG that an index makes randomly
// accessible: sequential, and stored upright. BuildIndex may still refuse rare
// ones.
func (p *Picture) Indexable() bool {
	f, ok := p.stored.(*jpegFile)
	return ok && !f.header.Progressive && p.facts.orientation <= 1
}

// BuildIndex reads the whole file once. Errors: those of jpeg.BuildIndex and of
// the reader.
func (p *Picture) BuildIndex(ctx context.Context) (x *jpeg.Index, err error) {
	const op = "codec.BuildIndex"
	in := &input{ctx: ctx, r: p.r, size: p.size}
	defer func() { err = in.fail(op, err) }()
	defer guard(&err)
	return jpeg.BuildIndex(in.part(0, in.size), in.size)
}

// Cut returns a region of the picture that x is the index of as a JPEG file with
// the very coefficients of the stored one. The region's corner must be a multiple
// of x.MCU. Errors: those of jpeg.Index.Tile and of the reader.
func (p *Picture) Cut(ctx context.Context, x *jpeg.Index, region image.Rectangle, o jpeg.TileOptions) ([]byte, error) {
	return p.CutInto(ctx, new(Buffer), x, region, o)
}

// CutInto is Cut with data that lie in b until it is used again.
func (p *Picture) CutInto(ctx context.Context, b *Buffer, x *jpeg.Index, region image.Rectangle, o jpeg.TileOptions) (data []byte, err error) {
	const op = "codec.Cut"
	in := &input{ctx: ctx, r: p.r, size: p.size}
	defer func() { err = in.fail(op, err) }()
	defer guard(&err)
	dst := b.out // nil makes it as large as the tile
	if dst != nil {
		dst = dst[:0]
	}
	if data, err = x.AppendTile(dst, in, region, o); err == nil {
		b.out = data
	}
	return data, err
}

// DecodeIndexed is Decode for a JPEG with its index: it reads and decodes no more
// than the region and what completes its coding units, in bands, so that a large
// region at a small scale takes little more memory than its result.
func (p *Picture) DecodeIndexed(ctx context.Context, x *jpeg.Index, level int, region image.Rectangle) (_ Decoded, err error) {
	const op = "codec.DecodeIndexed"
	defer guard(&err)
	area, ok := p.units(x, level, region)
	if !ok {
		return Decoded{}, fault.E(op, fault.Invalid, nil)
	}
	var m *pixel.Image
	for band := range bands(x, area) {
		part, err := p.Cut(ctx, x, band, jpeg.TileOptions{DropICC: true, KeepRestarts: true})
		if err != nil {
			return Decoded{}, err
		}
		d, err := jpeg.Decode(bytes.NewReader(part), jpeg.DecodeOptions{Scale: 1 << level, LowPass: true})
		if err != nil {
			return Decoded{}, fault.E(op, fault.KindOf(err), err)
		}
		if band == area {
			m = d.Image
			break
		}
		if m == nil {
			s := scaled(area.Size(), level)
			m = pixel.New(d.Model, s.X, s.Y, d.SubX, d.SubY, false)
		}
		// Coding units are a multiple of every scale and of its chroma, so bands
		// begin on a whole sample.
		stack(m, d.Image, (band.Min.Y-area.Min.Y)>>level)
	}
	m.ICC = p.facts.icc
	if m.Model == pixel.CMYK {
		m = p.toRGB(m)
	}
	corner := image.Pt(area.Min.X>>level, area.Min.Y>>level)
	return Decoded{Image: m, Rect: image.Rectangle{Max: image.Pt(m.Width, m.Height)}.Add(corner)}, nil
}

// stack copies the planes of part, which is as wide as m, into it from row y on.
func stack(m, part *pixel.Image, y int) {
	for i := range m.Planes {
		dst, src, at := &m.Planes[i], &part.Planes[i], y
		if i == 1 || i == 2 {
			at = y / m.SubY
		}
		for v := range src.Height {
			copy(dst.Row(at+v), src.Row(v))
		}
	}
}

// bandBytes is how much of a file's data is decoded at once, where a row of coding
// units does not have more.
const bandBytes = 4 << 20

// bands yields area, which is in whole coding units, from top to bottom in parts
// of whole rows of them, as high as bandBytes allows.
func bands(x *jpeg.Index, area image.Rectangle) iter.Seq[image.Rectangle] {
	return func(yield func(image.Rectangle) bool) {
		unit := x.MCU().Y
		rows := (area.Dy() + unit - 1) / unit
		for top := area.Min.Y; top < area.Max.Y; rows *= 2 {
			band := area
			for band.Min.Y = top; ; rows = (rows + 1) / 2 {
				band.Max.Y = min(area.Max.Y, top+rows*unit)
				if rows == 1 || storedBytes(x, band) <= bandBytes {
					break
				}
			}
			if !yield(band) {
				return
			}
			top = band.Max.Y
		}
	}
}

// storedBytes returns the bytes of the file that hold a region.
func storedBytes(x *jpeg.Index, region image.Rectangle) (n int64) {
	ranges, _ := x.Ranges(region) // a region that cannot be cut fails when it is
	for _, r := range ranges {
		n += r.Length
	}
	return n
}

func scaled(size image.Point, level int) image.Point {
	round := 1<<level - 1
	return image.Pt((size.X+round)>>level, (size.Y+round)>>level)
}

// MemoryForIndexed returns the most memory that DecodeIndexed takes, in bytes.
func (p *Picture) MemoryForIndexed(x *jpeg.Index, level int, region image.Rectangle) int64 {
	area, ok := p.units(x, level, region)
	if !ok {
		return 0
	}
	head := x.Header()
	pixels := func(r image.Rectangle) int64 {
		s := scaled(r.Size(), level)
		return pixel.Bytes(head.Model, s.X+1, s.Y+1, head.SubX, head.SubY, false)
	}
	// The stored bytes, without stuffing, cut and as a file, and twice the pixels
	// because planes grow.
	most := int64(0)
	for band := range bands(x, area) {
		n := 4*storedBytes(x, band) + int64(band.Dx())*int64(band.Dy())>>10 + 64<<10 + 2*pixels(band)
		if band != area {
			n += pixels(area)
		}
		most = max(most, n)
	}
	if head.Model == pixel.CMYK {
		s := scaled(area.Size(), level)
		most = max(most, pixels(area)+conversionBytes+pixel.Bytes(pixel.RGB, s.X+1, s.Y+1, 1, 1, false))
	}
	return most
}

// units returns the region of a level in pixels of the full image, extended to
// whole coding units and clipped.
func (p *Picture) units(x *jpeg.Index, level int, region image.Rectangle) (image.Rectangle, bool) {
	if level < 0 || level >= jpegScales {
		return image.Rectangle{}, false
	}
	unit := x.MCU()
	full := image.Rectangle{Max: p.levels[0]}
	r := image.Rectangle{region.Min.Mul(1 << level), region.Max.Mul(1 << level)}.Intersect(full)
	r.Min.X -= r.Min.X % unit.X
	r.Min.Y -= r.Min.Y % unit.Y
	r.Max.X = min(full.Max.X, (r.Max.X+unit.X-1)/unit.X*unit.X)
	r.Max.Y = min(full.Max.Y, (r.Max.Y+unit.Y-1)/unit.Y*unit.Y)
	return r, !r.Empty()
}
