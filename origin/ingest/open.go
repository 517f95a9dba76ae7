package ingest

import (
	"bufio"
	"context"
	"io"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/icc"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// maxTileICC is the largest profile that tiles carry, in bytes; images with a
// larger one become sRGB. A tile has some 20 to 40 KiB.
const maxTileICC = 16 << 10

// open finds out how to read obj best. With plainly set it is decoded.
func (g *Ingester) open(ctx context.Context, obj source.Object, plainly bool) (picture, error) {
	r := source.Reader(ctx, obj)
	p, err := codec.Open(r, obj.Size(), g.config.Limits)
	if err != nil {
		return nil, err
	}
	if p.Format() == codec.JPG && !plainly {
		img, err := g.openJPEG(ctx, obj, r)
		// What cannot be cut may still be decoded, damaged files up to a point.
		if err == nil || !unfit(err) {
			return img, err
		}
	}
	if p.Format() == codec.TIF && !plainly {
		if img, err := g.openSpliced(ctx, p); err == nil || !unfit(err) {
			return img, err
		}
	}
	return g.openRaster(p)
}

// unfit reports whether a failure to cut a JPEG leaves hope that it can be decoded.
func unfit(err error) bool { return fault.Is(err, fault.Unsupported) || fault.Is(err, fault.Corrupt) }

// openJPEG opens a JPEG that regions can be cut out of.
func (g *Ingester) openJPEG(ctx context.Context, obj source.Object, r io.ReaderAt) (picture, error) {
	size := obj.Size()
	h, err := jpeg.ReadHeader(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, err
	}
	if h.Progressive {
		return nil, fault.New("ingest.open", fault.Unsupported, "a progressive JPEG has no index")
	}
	c := newColours(h.Model, h.SubX, h.SubY, h.ICC, g.config)
	x, err := g.openCut(h, c, r, size)
	if err == nil || !unfit(err) {
		return x, err
	}
	return g.openTurned(ctx, h, c, r, size)
}

// openTurned opens a JPEG that is decoded region by region. It reads it once.
func (g *Ingester) openTurned(ctx context.Context, h jpeg.Header, c colours, r io.ReaderAt, size int64) (picture, error) {
	x, err := jpeg.BuildIndex(bufio.NewReaderSize(io.NewSectionReader(r, 0, size), readAhead), size)
	if err != nil {
		return nil, err
	}
	img := indexed{index: x, src: r, size: size, h: h, mcu: x.MCU()}
	img.s = c.shape()
	img.s.format, img.s.width, img.s.height = codec.JPG, h.Width, h.Height
	if h.Orientation >= 5 {
		img.s.width, img.s.height = h.Height, h.Width
	}
	t := &turned{indexed: img, colours: c}
	if h.Orientation >= 5 {
		// Rows of the upright image are columns of the file.
		if err := t.spool(ctx); err != nil {
			t.close()
			return nil, err
		}
	}
	return t, nil
}

// colours says how samples become those of the pyramid.
type colours struct {
	model      pixel.Model // of the pyramid
	subX, subY int
	ground     pixel.Colour
	profile    *icc.Profile // nil when there is none that fits
	raw        []byte
	srgb       bool // convert by profile
}

// newColours decides, for an image of a model with a profile, nil for none.
func newColours(m pixel.Model, subX, subY int, raw []byte, cfg Config) colours {
	c := colours{model: pixel.YCbCr, subX: 2, subY: 2, ground: *cfg.Ground}
	if m == pixel.Gray {
		c.model = pixel.Gray
	}
	if cfg.Quality >= 90 || m == pixel.Gray {
		c.subX, c.subY = 1, 1
	}
	if p, err := icc.Parse(raw); err == nil && p.Describes(m) {
		c.profile, c.raw = p, raw
		c.srgb = m == pixel.CMYK || len(raw) > maxTileICC && !p.IsSRGB()
	}
	return c
}

// shape returns what c decides of a shape.
func (c colours) shape() shape {
	s := shape{model: c.model, subX: c.subX, subY: c.subY}
	if c.profile != nil && !c.srgb {
		s.icc, s.tagged = c.raw, !c.profile.IsSRGB()
	}
	return s
}

// apply returns m in the colours of the pyramid.
func (c colours) apply(m *pixel.Image) (*pixel.Image, error) {
	if m.Alpha != nil {
		m = pixel.Flatten(m, c.ground)
	}
	if m.Model == pixel.CMYK && c.profile == nil {
		m = icc.NaiveCMYK(m)
	}
	if c.srgb {
		var err error
		if m, err = c.profile.ToSRGB(m); err != nil {
			return nil, err
		}
	}
	switch {
	case m.Model == c.model && m.SubX == c.subX && m.SubY == c.subY:
		return m, nil
	case c.model == pixel.Gray:
		return pixel.ToGray(m), nil
	case m.Model == pixel.YCbCr:
		return pixel.ResizeChroma(m, pixel.Window{W: float64(m.Width), H: float64(m.Height)}, m.Width, m.Height, c.subX, c.subY, pixel.Box)
	}
	return pixel.ToYCbCr(m, c.subX, c.subY), nil
}
