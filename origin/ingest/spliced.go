package ingest

import (
	"bytes"
	"context"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// spliced is a pyramid of another writer whose tiles are JPEG: they are taken as they
// are, completed by the tables that they share. So are its smaller levels, as long as
// each has half the size of the one before to the pixel; what comes below is averaged
// from the last of them.
type spliced struct {
	p *codec.Picture
	s shape
}

// Tiles of these sizes are kept: smaller ones make too many requests, larger ones too
// slow a first picture.
const minKept, maxKept = 256, 1024

// openSpliced opens a TIFF whose tiles can be kept. It fails with Unsupported for
// others.
func (g *Ingester) openSpliced(ctx context.Context, p *codec.Picture) (picture, error) {
	t, ok, err := p.Tiles(ctx)
	if err != nil {
		return nil, err
	}
	h := t.Header
	if ok {
		ok = t.Size >= minKept && t.Size <= maxKept && t.Size%(8*h.SubX) == 0 && t.Size%(8*h.SubY) == 0 && t.Size%16 == 0 &&
			h.Width == t.Size && h.Height == t.Size && !h.Progressive && (h.Model == pixel.Gray || h.Model == pixel.YCbCr)
	}
	c := newColours(h.Model, h.SubX, h.SubY, p.ICC(), g.config)
	if !ok || c.srgb {
		return nil, fault.New("ingest.open", fault.Unsupported, "the tiles must be encoded anew")
	}
	s := c.shape()
	s.format, s.width, s.height, s.subX, s.subY = p.Format(), p.Width(), p.Height(), h.SubX, h.SubY
	s.lossless, s.tile, s.kept = true, t.Size, t.Levels
	return &spliced{p, s}, nil
}

func (x *spliced) shape() shape { return x.s }

// memory counts some rows of tiles, at four bits per pixel, and the bands.
func (x *spliced) memory() int64 { return 2*int64(x.s.width)*int64(x.s.tile) + bandBytes(x.s) }

func (x *spliced) close() {}

func (x *spliced) row(context.Context, int, *pixel.Image) (row, error) { return x, nil }

func (x *spliced) rowOf(int) row { return x }

func (x *spliced) done() {}

func (x *spliced) tile(ctx context.Context, f *flow, s spot, next *band) (t streams, err error) {
	b, err := x.p.Tile(ctx, s.level, s.col, s.row, x.s.tagged)
	if err != nil {
		return t, err
	}
	h, err := jpeg.ReadHeader(bytes.NewReader(b))
	if err != nil {
		return t, err
	}
	if h.Width != x.s.tile || h.Height != x.s.tile || h.Model != x.s.model || h.SubX != x.s.subX || h.SubY != x.s.subY || h.Progressive {
		return t, fault.New("ingest.tile", fault.Unsupported, "the tiles are not all of one kind")
	}
	for _, z := range f.exacts(s) {
		exact, err := jpeg.CropTile(b, z.Width, z.Height)
		if err != nil {
			return t, err
		}
		t.exact = append(t.exact, exact)
	}
	t.padded = b
	if next == nil {
		return t, nil
	}
	// What the padding is like is the writer's choice: it must not show in averages.
	w, ht := min(x.s.tile, up(x.s.width, s.level)-s.col*x.s.tile), min(x.s.tile, up(x.s.height, s.level)-s.row*x.s.tile)
	scale := 2
	if w < x.s.tile || ht < x.s.tile {
		scale = 1
	}
	p, err := jpeg.Decode(bytes.NewReader(b), jpeg.DecodeOptions{Scale: scale})
	if err != nil {
		return t, err
	}
	if scale == 1 {
		next.paint(view(p.Image, 0, 0, w, ht), s, true)
	} else {
		next.paint(p.Image, s, false)
	}
	return t, nil
}
