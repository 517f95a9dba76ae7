package jpeg

import (
	"errors"
	"image"
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// DecodeBands decodes the progressive image in r and calls yield with every height
// rows of it, the last time with what is left. It holds the coefficients, which take
// two bytes per sample, and one band; what a band was made of is let go. height must
// be a multiple of 32. maxBytes bounds the memory by the reckoning of
// MemoryForBands, 0 means no limit but that of the format.
//
// yield may keep what it gets, and returns an earlier image that nobody needs any
// more, or nil; the error that it returns ends the decoding and is returned. Others
// are those of Decode, and Invalid for a height or an image that is not progressive.
func DecodeBands(r io.Reader, height int, maxBytes int64, yield func(Picture) (spare *pixel.Image, err error)) error {
	d := newDecoder(r, "jpeg.DecodeBands")
	defer d.close()
	if err := d.readHeader(); err != nil {
		return err
	}
	if !d.h.Progressive || height < 32 || height%32 != 0 {
		return fault.E(d.op, fault.Invalid, errors.New("bands are of progressive images, and of a multiple of 32 rows"))
	}
	l, err := newLayout(d.op, d.h, DecodeOptions{})
	if err != nil {
		return err
	}
	if maxBytes > 0 && MemoryForBands(d.h, height) > maxBytes {
		return fault.New(d.op, fault.Unsupported, "the image needs more memory than this server allows")
	}
	if err := d.decodeScans(l); err != nil {
		return err
	}
	var spare *pixel.Image
	for y := 0; y < d.h.Height; y += height {
		d.band(y, min(y+height, d.h.Height), spare)
		if spare, err = yield(d.picture()); err != nil {
			return err
		}
	}
	return nil
}

// MemoryForBands returns the most memory that DecodeBands takes with one band for an
// image with header h, in bytes; 0 when it would refuse it.
func MemoryForBands(h Header, height int) int64 {
	l, err := newLayout("jpeg.MemoryForBands", h, DecodeOptions{})
	if err != nil || !h.Progressive {
		return 0
	}
	n := l.bytes
	_, vmax := h.maxSampling()
	for i := range h.Components {
		g := l.grid(&h, i)
		rest := int64(max(h.Height-height, 0)) / int64(8*vmax) * int64(8*g.v)
		n -= int64(g.stride) * rest
		if h.expand {
			n -= int64(h.Width) * int64(max(h.Height-height, 0))
		}
	}
	return n
}

// band computes the samples of rows from to to, into the planes of spare if they fit.
func (d *decoder) band(from, to int, spare *pixel.Image) {
	_, vmax := d.h.maxSampling()
	d.l.rect = image.Rect(0, from, d.h.Width, to)
	for i := range d.comps {
		c := &d.comps[i]
		c.want = image.Rect(0, from/(8*vmax)*c.v, d.l.cols*c.h, ceilDiv(to, 8*vmax)*c.v)
		c.lines = 8 * c.want.Dy()
		c.firstLines = c.lines
		c.stride = 8 * c.want.Dx()
		if spare != nil && !d.h.expand && i < len(spare.Planes) {
			if p := &spare.Planes[i]; p.Stride == c.stride && cap(p.Pix) >= c.lines*c.stride {
				c.pix = p.Pix[:c.lines*c.stride]
			}
		}
	}
	d.reconstruct()
}
