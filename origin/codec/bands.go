package codec

import (
	"context"
	"image"
	"math"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
	"github.com/vitrine-iiif/vitrine/wasm/tiff"
)

// streamed is a stored that decodes from top to bottom.
type streamed interface {
	// streams reports whether this file allows it.
	streams() bool
	// bands calls yield with every height rows, the last time with what is left, and
	// gets an image back that may be used again, or nil.
	bands(in *input, height int, yield bandYield) error
	// bandMemory returns the most bytes that bands takes, one band included.
	bandMemory(height int) int64
}

// bandUnit is what the height of bands must be a multiple of: the largest unit of JPEG.
const bandUnit = 32

// bandYield takes a band and the rectangle that it covers.
type bandYield func(*pixel.Image, image.Rectangle) (spare *pixel.Image, err error)

// Streams reports whether Bands can decode the picture: an upright one that is stored
// row by row, or a progressive JPEG, whose coefficients are held meanwhile.
func (p *Picture) Streams() bool {
	s, ok := p.stored.(streamed)
	return ok && p.facts.orientation <= 1 && s.streams()
}

// Bands decodes a picture that Streams from top to bottom and calls yield with every
// height rows of it, a multiple of bandUnit, the last time with what is left. It holds
// one of these bands, as MemoryForBands says. yield may keep what it gets, and returns an earlier image that
// nobody needs any more, or nil. The error that it returns ends the decoding and is
// returned; others are those of Decode.
func (p *Picture) Bands(ctx context.Context, height int, yield func(Decoded) (spare *pixel.Image, err error)) (err error) {
	const op = "codec.Bands"
	if height < bandUnit || height%bandUnit != 0 || !p.Streams() {
		return fault.E(op, fault.Invalid, nil)
	}
	if p.MemoryForBands(height) > p.lim.MaxDecodeBytes {
		return errMemory(op)
	}
	in := &input{ctx: ctx, r: p.r, size: p.size}
	var stopped error
	err = p.bands(in, height, func(m *pixel.Image, r image.Rectangle) (spare *pixel.Image, _ error) {
		m.ICC = p.facts.icc
		if m.Model == pixel.CMYK {
			m = p.toRGB(m)
		}
		spare, stopped = yield(Decoded{Image: m, Rect: r})
		return spare, stopped
	})
	if stopped != nil {
		return stopped
	}
	return in.fail(op, err)
}

func (p *Picture) bands(in *input, height int, yield bandYield) (err error) {
	defer guard(&err)
	if err := in.ctx.Err(); err != nil {
		return err
	}
	return p.stored.(streamed).bands(in, height, yield)
}

// MemoryForBands returns the most memory that Bands takes with one band, in bytes; 0
// when the picture does not stream.
func (p *Picture) MemoryForBands(height int) int64 {
	if !p.Streams() {
		return 0
	}
	n := p.stored.(streamed).bandMemory(height) + int64(len(p.facts.icc))
	if p.facts.model == pixel.CMYK {
		n += conversionBytes + pixel.Bytes(pixel.RGB, p.Width(), min(height, p.Height()), 1, 1, false)
	}
	return n
}

// Grain returns the size of the tiles of a picture that is Partial, in upright
// pixels: what is decoded together.
func (p *Picture) Grain() image.Point {
	f, ok := p.stored.(*tiffFile)
	if !ok || !p.facts.partial {
		return image.Pt(p.Width(), p.Height())
	}
	top := f.file.Levels()[0]
	return p.facts.orientation.size(image.Pt(top.TileWidth, top.TileHeight))
}

func (f *tiffFile) streams() bool { return f.file.Streams(0) }

func (f *tiffFile) bands(in *input, height int, yield bandYield) error {
	return f.file.Reading(in).Bands(0, height, func(p tiff.Picture) (*pixel.Image, error) {
		return yield(p.Image, p.Rect)
	})
}

func (f *tiffFile) bandMemory(height int) int64 {
	return min(f.file.MemoryForBands(0, height), math.MaxInt64/4)
}
