package ingest

import (
	"context"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// streamed is an image that is decoded from top to bottom, a row of tiles at a time:
// one is decoded while the one before is encoded.
type streamed struct {
	p       *codec.Picture
	s       shape
	colours colours
	bands   chan codec.Decoded // closed at the end; nil before the first row
	spare   chan *pixel.Image  // bands to be used again
	err     error              // good once bands is closed
	stop    context.CancelFunc
}

func (x *streamed) shape() shape { return x.s }

// memory counts the band that is decoded, those before it that are being encoded, and
// the bands of the levels below.
func (x *streamed) memory() int64 {
	held := pixel.Bytes(pixel.RGB, x.s.width, min(tileSize, x.s.height), 1, 1, x.p.HasAlpha())
	return x.p.MemoryForBands(tileSize) + 2*held + bandBytes(x.s)
}

func (x *streamed) close() {
	if x.bands == nil {
		return
	}
	x.stop()
	for range x.bands { // the decoder ends when nobody takes what it has
	}
}

// run decodes.
func (x *streamed) run(ctx context.Context) {
	defer close(x.bands)
	x.err = x.p.Bands(ctx, tileSize, func(d codec.Decoded) (*pixel.Image, error) {
		select {
		case x.bands <- d:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		select {
		case m := <-x.spare:
			return m, nil
		default:
			return nil, nil
		}
	})
}

func (x *streamed) row(ctx context.Context, _ int, _ *pixel.Image) (row, error) {
	if x.bands == nil {
		x.bands, x.spare = make(chan codec.Decoded), make(chan *pixel.Image, 2)
		ctx, x.stop = context.WithCancel(ctx)
		go x.run(ctx)
	}
	d, ok := <-x.bands
	if !ok {
		return nil, x.err
	}
	return &streamedRow{rasterRow{d, x.s, x.colours}, x}, nil
}

// streamedRow is a row of tiles of a streamed.
type streamedRow struct {
	rasterRow
	home *streamed
}

// done gives the band back.
func (r *streamedRow) done() {
	select {
	case r.home.spare <- r.held.Image:
	default:
	}
}
