package codec

import (
	"bytes"
	"context"
	"image"

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
func (p *Picture) Cut(ctx context.Context, x *jpeg.Index, region image.Rectangle, o jpeg.TileOptions) (data []byte, err error) {
	const op = "codec.Cut"
	in := &input{ctx: ctx, r: p.r, size: p.size}
	defer func() { err = in.fail(op, err) }()
	defer guard(&err)
	return x.Tile(in, region, o)
}

// DecodeIndexed is Decode for a JPEG with its index: it reads and decodes no more
// than the region and what completes its coding units.
func (p *Picture) DecodeIndexed(ctx context.Context, x *jpeg.Index, level int, region image.Rectangle) (_ Decoded, err error) {
	const op = "codec.DecodeIndexed"
	defer guard(&err)
	area, ok := p.units(x, level, region)
	if !ok {
		return Decoded{}, fault.E(op, fault.Invalid, nil)
	}
	part, err := p.Cut(ctx, x, area, jpeg.TileOptions{DropICC: true})
	if err != nil {
		return Decoded{}, err
	}
	d, err := jpeg.Decode(bytes.NewReader(part), jpeg.DecodeOptions{Scale: 1 << level})
	if err != nil {
		return Decoded{}, fault.E(op, fault.KindOf(err), err)
	}
	m := d.Image
	m.ICC = p.facts.icc
	if m.Model == pixel.CMYK {
		m = p.toRGB(m)
	}
	corner := image.Pt(area.Min.X>>level, area.Min.Y>>level)
	return Decoded{Image: m, Rect: image.Rectangle{Max: image.Pt(m.Width, m.Height)}.Add(corner)}, nil
}

// MemoryForIndexed returns the most memory that DecodeIndexed takes, in bytes.
func (p *Picture) MemoryForIndexed(x *jpeg.Index, level int, region image.Rectangle) int64 {
	area, ok := p.units(x, level, region)
	if !ok {
		return 0
	}
	// The stored bytes and their copy, twice the pixels because planes grow, and
	// what a conversion from inks takes.
	n := int64(area.Dx()*area.Dy())>>10 + 64<<10
	if ranges, err := x.Ranges(area); err == nil {
		for _, r := range ranges {
			n += 2 * r.Length
		}
	}
	w, h := area.Dx()>>level+1, area.Dy()>>level+1
	head := x.Header()
	n += 2 * pixel.Bytes(head.Model, w, h, head.SubX, head.SubY, false)
	if head.Model == pixel.CMYK {
		n += conversionBytes + pixel.Bytes(pixel.RGB, w, h, 1, 1, false)
	}
	return n
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
