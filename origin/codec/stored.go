package codec

import (
	"context"
	"errors"
	"image"
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
	"github.com/vitrine-iiif/vitrine/wasm/tiff"
)

// Buffer is memory that answers are made in, one after the other.
type Buffer struct{ in, out []byte }

// Size returns the bytes of memory that b takes.
func (b *Buffer) Size() int { return cap(b.in) + cap(b.out) }

// Stored returns the tile of a pyramid that is the answer to c as it is stored,
// but for what makes it a complete file of its own: its tables, the colour
// profile, a lossless crop. ok is false when no tile is just that; then, and only
// then, pixels are needed. Errors: those of the reader.
//
// The data lie in b until it is used again, or in memory of their own if b is nil.
func (p *Picture) Stored(ctx context.Context, c iiif.Canonical, b *Buffer) (data []byte, ok bool, err error) {
	const op = "codec.Stored"
	f, is := p.stored.(*tiffFile)
	if !is || p.facts.orientation > 1 {
		return nil, false, nil
	}
	in := &input{ctx: ctx, r: p.r, size: p.size}
	defer func() { err = in.fail(op, err) }()
	defer guard(&err)
	t := f.tiles(in)
	a := pyramid.Plan(t, c)
	if a.Kind != pyramid.PassThrough || a.Range.Length == 0 {
		return nil, false, nil
	}
	if b == nil {
		b = new(Buffer)
	}
	if b.in, err = in.into(b.in, a.Range.Offset, int(a.Range.Length)); err != nil {
		return nil, false, err
	}
	data = b.in
	if a.Splice {
		tables := f.file.JPEGTables(a.Level)
		data, err = jpeg.Splice(b.out[:0], tables, data, int(f.file.Levels()[a.Level].Photometric))
		if err == nil {
			b.out = data
		}
		if err == nil && p.facts.icc != nil {
			data, err = withProfile(data, p.facts.icc)
		}
	}
	if err == nil && a.Crop {
		data, err = jpeg.CropTile(data, c.Width, c.Height)
	}
	switch {
	case err == nil:
		return data, true, nil
	case fault.Is(err, fault.Corrupt), fault.Is(err, fault.Unsupported):
		// A decoder knows more kinds, and puts up with more.
		return nil, false, nil
	}
	return nil, false, err
}

// StoredAt returns where the tile of a pyramid of ours is stored that is the answer
// to c byte for byte. ok is false when there is none. It reads nothing.
func (p *Picture) StoredAt(c iiif.Canonical) (offset, length int64, ok bool) {
	f, is := p.stored.(*tiffFile)
	if !is || f.index == nil || p.facts.orientation > 1 {
		return 0, 0, false
	}
	a := pyramid.Plan(f.index, c)
	if a.Kind != pyramid.PassThrough || a.Splice || a.Crop || a.Range.Length == 0 {
		return 0, 0, false
	}
	if end := a.Range.Offset + a.Range.Length; a.Range.Offset < 0 || end < 0 || end > p.size {
		return 0, 0, false
	}
	return a.Range.Offset, a.Range.Length, true
}

// TileSize returns the size of the tiles that the picture is stored in, in
// pixels; 0 when it has none that could be answers.
func (p *Picture) TileSize() image.Point {
	f, ok := p.stored.(*tiffFile)
	if !ok || p.facts.orientation > 1 || f.layout == nil || f.layout.Levels[0].Form == pyramid.Opaque {
		return image.Point{}
	}
	return image.Pt(f.layout.Levels[0].TileWidth, f.layout.Levels[0].TileHeight)
}

// notes reads the head of a pyramid of ours; nil for every other TIFF.
func notes(in *input) (*pyramid.Index, error) {
	n := int64(pyramid.FirstRead)
	for range 2 {
		b, err := in.bytes(0, int(min(n, in.size)))
		if err != nil {
			return nil, err
		}
		x, need, err := pyramid.ParseHead(b)
		if err != nil || x != nil {
			return x, nil // a foreign or damaged head leaves a TIFF
		}
		n = int64(need)
	}
	return nil, nil
}

// foreignLayout describes a TIFF of another writer to the planner; nil when its
// pixels are not the upright image.
func foreignLayout(f *tiff.File) *pyramid.Layout {
	if f.Orientation() > 1 {
		return nil
	}
	levels := f.Levels()
	l := &pyramid.Layout{Width: levels[0].Width, Height: levels[0].Height}
	for i := range levels {
		v := &levels[i]
		form := pyramid.Opaque
		gray := v.Photometric == 1 && v.SamplesPerPixel == 1
		colours := (v.Photometric == 2 || v.Photometric == 6) && v.SamplesPerPixel == 3
		if v.Tiled && v.Compression == tiff.JPEG && !v.Planar && v.BitsPerSample == 8 && (gray || colours) {
			form = pyramid.Abbreviated
		}
		l.Levels = append(l.Levels, pyramid.Level{
			Width: v.Width, Height: v.Height, TileWidth: v.TileWidth, TileHeight: v.TileHeight,
			Factor: factor(l, v), Form: form,
		})
	}
	return l
}

// factor returns the power of two by which a level is smaller than the image, if
// its size is that, rounded in any of the usual ways; else 0. Writers average
// squares of pixels, so that a pixel of such a level stands for a whole square.
func factor(l *pyramid.Layout, v *tiff.Level) int {
	for f := 1; f <= l.Width; f *= 2 {
		near := func(full, reduced int) bool { return reduced == full/f || reduced == (full+f-1)/f }
		if near(l.Width, v.Width) && near(l.Height, v.Height) {
			return f
		}
	}
	return 0
}

// tiles shows a TIFF to the planner, with a reader for the tables that are read
// when they are needed. A table that cannot be read is a tile that is not there:
// the decode that follows meets the same failure, and reports it.
type tiles struct {
	f    *tiffFile
	file *tiff.File
}

func (f *tiffFile) tiles(r io.ReaderAt) pyramid.Pyramid {
	if f.index != nil {
		return f.index
	}
	return tiles{f, f.file.Reading(r)}
}

var noLayout pyramid.Layout

func (t tiles) Layout() *pyramid.Layout {
	if t.f.layout == nil {
		return &noLayout
	}
	return t.f.layout
}

func (t tiles) Tile(level, col, row int) (pyramid.Range, bool) {
	offset, length, err := t.file.TileRange(level, col, row)
	return pyramid.Range{Offset: offset, Length: length}, err == nil && length > 0 && length <= maxTileBytes
}

func (t tiles) Exact(int, int, int, int, int) (pyramid.Range, bool) { return pyramid.Range{}, false }

// withProfile inserts a colour profile behind the first segment of a JPEG file if
// that is JFIF's, which must stay first.
func withProfile(file, icc []byte) ([]byte, error) {
	if len(file) < 4 || len(icc) > jpeg.MaxProfile {
		return nil, fault.E("codec.withProfile", fault.Unsupported, errors.New("no room for the profile"))
	}
	at := 2
	if file[2] == 0xff && file[3] == 0xe0 && len(file) > 6 {
		at = 4 + int(file[4])<<8 + int(file[5])
	}
	if at > len(file) {
		return nil, fault.E("codec.withProfile", fault.Corrupt, nil)
	}
	out := append(make([]byte, 0, len(file)+len(icc)+64), file[:at]...)
	return append(jpeg.AppendProfile(out, icc), file[at:]...), nil
}
