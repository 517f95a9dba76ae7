package codec

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// writeGIF writes one frame of up to 256 colours: gray images exactly when they
// are opaque, others with a palette made for them and dithered.
func writeGIF(b *bytes.Buffer, m *pixel.Image) error {
	if m.Width > 65535 || m.Height > 65535 {
		return fault.New("codec.Encode", fault.Unsupported, "the image is too large for GIF")
	}
	p := image.NewPaletted(image.Rect(0, 0, m.Width, m.Height), nil)
	if m.Model == pixel.Gray {
		indexGray(p, m)
	} else {
		indexRGB(p, pixel.ToRGB(m))
	}
	return gif.EncodeAll(b, &gif.GIF{
		Image:  []*image.Paletted{p},
		Delay:  []int{0},
		Config: image.Config{ColorModel: p.Palette, Width: m.Width, Height: m.Height},
	})
}

// opaqueFrom is the least opacity that counts as opaque in GIF.
const opaqueFrom = 128

// indexGray sets p to a gray image: black and white, 256 grays, or 255 grays and
// transparent, for which the lightest two become one.
func indexGray(p *image.Paletted, m *pixel.Image) {
	grays, shift := 256, 0
	if m.Bitonal {
		grays, shift = 2, 7
	}
	for i := range grays {
		v := uint8(i * 255 / (grays - 1))
		p.Palette = append(p.Palette, color.RGBA{v, v, v, 255})
	}
	top := byte(grays - 1)
	if m.Alpha != nil {
		if grays == 256 {
			top = 254
			p.Palette[254] = color.RGBA{255, 255, 255, 255}
			p.Palette[255] = color.RGBA{}
		} else {
			p.Palette = append(p.Palette, color.RGBA{})
		}
	}
	transparent := byte(len(p.Palette) - 1)
	for y := range m.Height {
		out := p.Pix[y*p.Stride:]
		for x, v := range m.Planes[0].Row(y) {
			out[x] = min(v>>shift, top)
		}
		if m.Alpha == nil {
			continue
		}
		for x, a := range m.Alpha.Row(y) {
			if a < opaqueFrom {
				out[x] = transparent
			}
		}
	}
}

// indexRGB sets p to an RGB image, with a palette by median cut and errors spread
// as Floyd and Steinberg did. Where a picture has no more colours than a palette,
// it is exact.
func indexRGB(p *image.Paletted, m *pixel.Image) {
	most := 256
	if m.Alpha != nil {
		most = 255
	}
	q := newQuantizer(m, most)
	for _, c := range q.palette {
		p.Palette = append(p.Palette, color.RGBA{c[0], c[1], c[2], 255})
	}
	transparent := -1
	if m.Alpha != nil {
		transparent = len(p.Palette)
		p.Palette = append(p.Palette, color.RGBA{})
	}
	d := newDither(m.Width)
	for y := range m.Height {
		out := p.Pix[y*p.Stride:][:m.Width]
		d.next()
		var alpha []byte
		if m.Alpha != nil {
			alpha = m.Alpha.Row(y)
		}
		r, g, b := m.Planes[0].Row(y), m.Planes[1].Row(y), m.Planes[2].Row(y)
		for x := range out {
			if alpha != nil && alpha[x] < opaqueFrom {
				out[x] = byte(transparent)
				continue
			}
			want := [3]uint8{d.add(0, x, r[x]), d.add(1, x, g[x]), d.add(2, x, b[x])}
			i := q.nearest(want)
			out[x] = byte(i)
			if !q.exact {
				d.spread(x, want, q.palette[i])
			}
		}
	}
}

// dither holds the errors, in sixteenths, that rows pass on.
type dither struct{ this, below [3][]int32 }

func newDither(width int) *dither {
	d := &dither{}
	for c := range 3 {
		d.this[c], d.below[c] = make([]int32, width+2), make([]int32, width+2)
	}
	return d
}

// next begins a row.
func (d *dither) next() {
	d.this, d.below = d.below, d.this
	for c := range d.below {
		clear(d.below[c])
	}
}

// add returns sample v of colour c with the errors that fall on it.
func (d *dither) add(c, x int, v uint8) uint8 {
	e := d.this[c][x+1]
	return uint8(max(0, min((int32(v)*16+e+8)>>4, 255)))
}

// spread passes on what is wrong when got stands for want.
func (d *dither) spread(x int, want, got [3]uint8) {
	for c := range 3 {
		e := int32(want[c]) - int32(got[c])
		d.this[c][x+2] += 7 * e
		d.below[c][x] += 3 * e
		d.below[c][x+1] += 5 * e
		d.below[c][x+2] += e
	}
}
