package jpeg

import "github.com/vitrine-iiif/vitrine/wasm/pixel"

// picture makes the result from the samples of all components.
func (d *decoder) picture() Picture {
	width, height := d.l.rect.Dx(), d.l.rect.Dy()
	m := &pixel.Image{
		Width: width, Height: height,
		Model: d.h.Model, SubX: d.h.SubX, SubY: d.h.SubY,
		ICC: d.h.ICC,
	}
	hmax, vmax := d.h.maxSampling()
	for i := range d.comps {
		c := &d.comps[i]
		var p pixel.Plane
		if d.h.expand {
			p = c.enlarge(width, height, hmax, vmax)
		} else {
			w, h := ceilDiv(width*c.h, hmax), ceilDiv(height*c.v, vmax)
			p = pixel.Plane{Pix: c.pix[:h*c.stride], Stride: c.stride, Width: w, Height: h}
		}
		c.pix = nil
		m.Planes = append(m.Planes, p)
	}
	if d.h.Model == pixel.CMYK && d.h.Adobe {
		normaliseInk(m, d.h.Transform != 0)
	}
	return Picture{Image: m, Rect: d.l.rect}
}

// enlarge copies a component of odd sampling factors to a plane of the given
// size, repeating samples.
func (c *component) enlarge(width, height, hmax, vmax int) pixel.Plane {
	p := pixel.NewPlane(width, height)
	for y := range height {
		src := c.pix[y*c.v/vmax*c.stride:]
		dst := p.Row(y)
		if c.h == hmax {
			copy(dst, src)
			continue
		}
		// x*c.h/hmax without dividing.
		at, part := 0, 0
		for x := range dst {
			dst[x] = src[at]
			if part += c.h; part >= hmax {
				part -= hmax
				at++
			}
		}
	}
	return p
}

// normaliseInk turns the samples of an Adobe file, where 255 is no ink, into
// amounts of ink. With ycck, the first three planes are YCbCr of the colour that
// the inks show (Adobe Technical Note 5116 §18), so red is the lack of cyan in
// what is stored, and the ink itself in ours once inverted twice.
func normaliseInk(m *pixel.Image, ycck bool) {
	inverted := m.Planes
	if ycck {
		inverted = m.Planes[3:]
		for y := range m.Height {
			fromYCC(m.Planes[0].Row(y), m.Planes[1].Row(y), m.Planes[2].Row(y))
		}
	}
	for i := range inverted {
		for y := range m.Height {
			row := inverted[i].Row(y)
			for x, v := range row {
				row[x] = 255 - v
			}
		}
	}
}

// fromYCC converts three rows from YCbCr to RGB in place, ITU-T T.871 §7 with 16
// bits of fraction.
func fromYCC(a, b, c []byte) {
	b, c = b[:len(a)], c[:len(a)]
	for x := range a {
		luma, cb, cr := int32(a[x]), int32(b[x])-128, int32(c[x])-128
		a[x] = clamp(luma + (91881*cr+1<<15)>>16)
		b[x] = clamp(luma + (-22554*cb-46802*cr+1<<15)>>16)
		c[x] = clamp(luma + (116130*cb+1<<15)>>16)
	}
}
