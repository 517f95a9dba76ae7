package ingest

import (
	"context"
	"image"
	"sync"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// regional is an image of which any part can be decoded: who makes a tile decodes what
// it takes, on all cores.
type regional struct {
	p       *codec.Picture
	s       shape
	colours colours
	// part is what is decoded together: a tile, or as many as hold whole tiles of the
	// source.
	part  image.Point
	parts []*part // of the present row of them
}

// maxPart bounds the width and height of a part in pixels.
const maxPart = 4096

func newRegional(p *codec.Picture, s shape, c colours) *regional {
	grain := p.Grain()
	return &regional{p: p, s: s, colours: c, part: image.Pt(partSize(grain.X, maxPart), partSize(grain.Y, maxPart/2))}
}

// partSize returns the width or height of parts for tiles of a given size.
func partSize(grain, most int) int {
	switch {
	case tileSize%grain == 0:
		return tileSize
	case grain%tileSize == 0 && grain <= most:
		return grain
	}
	// Tiles at the edge are decoded again for the next part: few, if it is large.
	return max(tileSize, min(most, 4*grain)/tileSize*tileSize)
}

func (x *regional) shape() shape { return x.s }

// memory counts a row of parts, one more that is begun, and the bands.
func (x *regional) memory() int64 {
	return 2*x.p.MemoryFor(0, image.Rect(0, 0, x.s.width, x.part.Y)) + bandBytes(x.s)
}

func (x *regional) close() {}

func (x *regional) row(_ context.Context, r int, _ *pixel.Image) (row, error) {
	if y := r * tileSize; y%x.part.Y == 0 {
		x.parts = nil
		for left := 0; left < x.s.width; left += x.part.X {
			rect := image.Rect(left, y, left+x.part.X, y+x.part.Y).Intersect(image.Rect(0, 0, x.s.width, x.s.height))
			x.parts = append(x.parts, &part{p: x.p, rect: rect})
		}
	}
	return &regionalRow{x, x.parts}, nil
}

// part is a part of the image that is decoded by the first one who needs it.
type part struct {
	p    *codec.Picture
	rect image.Rectangle
	once sync.Once
	d    codec.Decoded
	err  error
}

func (p *part) decode(ctx context.Context) (codec.Decoded, error) {
	p.once.Do(func() { p.d, p.err = p.p.Decode(ctx, 0, p.rect) })
	return p.d, p.err
}

// regionalRow is a row of tiles of a regional.
type regionalRow struct {
	*regional
	parts []*part
}

func (r *regionalRow) done() {}

func (r *regionalRow) tile(ctx context.Context, f *flow, s spot, next *band) (streams, error) {
	d, err := r.parts[s.col*tileSize/r.part.X].decode(ctx)
	if err != nil {
		return streams{}, err
	}
	row := rasterRow{d, r.s, r.colours}
	if r.part == image.Pt(tileSize, tileSize) {
		defer pixel.Recycle(d.Image) // nobody else has it
	}
	return row.tile(ctx, f, s, next)
}
