package ingest

import (
	"context"
	"image"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// raster is any image that codec decodes, in as few parts as may be held.
type raster struct {
	p       *codec.Picture
	s       shape
	colours colours
	rows    int // of tiles, that are decoded at once
	held    codec.Decoded
	from    int // first row of tiles in held
	to      int // behind the last
}

// openRaster chooses how to decode an image.
func (g *Ingester) openRaster(p *codec.Picture) (picture, error) {
	model := pixel.RGB
	if p.Gray() {
		model = pixel.Gray
	}
	c := newColours(model, 1, 1, p.ICC(), g.config)
	s := c.shape()
	s.format, s.width, s.height = p.Format(), p.Width(), p.Height()
	switch {
	case p.Streams():
		return &streamed{p: p, s: s, colours: c}, nil
	case p.Partial():
		return newRegional(p, s, c), nil
	}
	x := &raster{p: p, s: s, colours: c}
	// A decode begins at the top of the file each time: as few as possible.
	x.rows = (p.Height() + tileSize - 1) / tileSize
	for x.rows > 1 && p.MemoryFor(0, x.region(0)) > g.config.Memory {
		x.rows = (x.rows + 1) / 2
	}
	return x, nil
}

// region returns the rows of the image that are decoded together from row r of
// tiles on.
func (x *raster) region(r int) image.Rectangle {
	return image.Rect(0, r*tileSize, x.s.width, min((r+x.rows)*tileSize, x.s.height))
}

func (x *raster) shape() shape { return x.s }

// memory counts what a decode takes, the pixels before it that are still being
// encoded, and the bands.
func (x *raster) memory() int64 {
	n := x.p.MemoryFor(0, x.region(0))
	if x.rows*tileSize < x.s.height {
		n *= 2
	}
	return n + bandBytes(x.s)
}

func (x *raster) close() {}

func (x *raster) row(ctx context.Context, r int, _ *pixel.Image) (row, error) {
	if r >= x.to {
		x.held = codec.Decoded{}
		d, err := x.p.Decode(ctx, 0, x.region(r))
		if err != nil {
			return nil, err
		}
		if !x.region(r).In(d.Rect) {
			return nil, fault.New("ingest.row", fault.Internal, "the decoder gave too little")
		}
		x.held, x.from, x.to = d, r, r+x.rows
	}
	return &rasterRow{x.held, x.s, x.colours}, nil
}

// rasterRow is a row of tiles of a raster.
type rasterRow struct {
	held    codec.Decoded
	s       shape
	colours colours
}

func (r *rasterRow) done() {}

func (r *rasterRow) tile(_ context.Context, f *flow, s spot, next *band) (streams, error) {
	rect := image.Rect(s.col*tileSize, s.row*tileSize, (s.col+1)*tileSize, (s.row+1)*tileSize).
		Intersect(image.Rect(0, 0, r.s.width, r.s.height))
	at := rect.Min.Sub(r.held.Rect.Min)
	m := view(r.held.Image, at.X, at.Y, rect.Dx(), rect.Dy())
	if at.X%m.SubX != 0 || at.Y%m.SubY != 0 {
		// A decoder that gave more than whole chroma samples.
		var err error
		if m, err = pixel.Crop(r.held.Image, at.X, at.Y, rect.Dx(), rect.Dy()); err != nil {
			return streams{}, err
		}
	}
	if m.Model == pixel.Gray && r.s.model != pixel.Gray {
		// A header may promise colours that are none.
		m = pixel.ToRGB(m)
	}
	tile, err := r.colours.apply(m)
	if err != nil {
		return streams{}, err
	}
	if m.Model == pixel.RGB && tile.Model == pixel.YCbCr {
		defer pixel.Recycle(tile) // it shares nothing with m
	}
	return f.encodeTile(tile, s, next)
}
