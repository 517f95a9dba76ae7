package pixel

import (
	"errors"
	"image"
	"image/color"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// FromStd returns an image of the standard library as planes. Samples of 16
// bits are rounded to 8; alpha is made straight; an image that turns out opaque
// has no alpha; a palette of grays gives Gray. Planes of *image.Gray, *image.YCbCr
// and *image.NYCbCrA are shared, not copied. An empty image and one larger than
// Resize allows are Invalid.
func FromStd(src image.Image) (*Image, error) {
	const op = "pixel.FromStd"
	if src == nil {
		return nil, fault.E(op, fault.Invalid, errors.New("no image"))
	}
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	if w < 1 || h < 1 || w > maxSide || h > maxSide || int64(w)*int64(h) > maxArea {
		return nil, fault.E(op, fault.Invalid, errors.New("bad image size"))
	}
	var m *Image
	switch s := src.(type) {
	case *image.Gray:
		m = &Image{Width: w, Height: h, Model: Gray, SubX: 1, SubY: 1,
			Planes: []Plane{{Pix: s.Pix, Stride: s.Stride, Width: w, Height: h}}}
	case *image.Gray16:
		m = New(Gray, w, h, 1, 1, false)
		for y := range h {
			in := s.Pix[y*s.Stride:][:2*w]
			for x := range m.Planes[0].Row(y) {
				m.Planes[0].Pix[y*w+x] = high(in[2*x], in[2*x+1])
			}
		}
	case *image.YCbCr:
		m = fromYCbCr(s)
	case *image.NYCbCrA:
		if m = fromYCbCr(&s.YCbCr); m != nil {
			m.Alpha = &Plane{Pix: s.A, Stride: s.AStride, Width: w, Height: h}
		}
	case *image.Paletted:
		m = fromPalette(s)
	case *image.CMYK:
		m = New(CMYK, w, h, 1, 1, false)
		m.split(s.Pix, s.Stride, 4)
	case *image.NRGBA:
		m = New(RGB, w, h, 1, 1, true)
		m.split(s.Pix, s.Stride, 4)
	case *image.NRGBA64:
		m = New(RGB, w, h, 1, 1, true)
		m.split16(s.Pix, s.Stride)
	case *image.RGBA:
		m = New(RGB, w, h, 1, 1, true)
		m.split(s.Pix, s.Stride, 4)
		m.unpremultiply()
	case *image.RGBA64:
		m = New(RGB, w, h, 1, 1, true)
		for y := range h {
			for x := range w {
				c := color.NRGBA64Model.Convert(s.RGBA64At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA64)
				m.put(y*w+x, to8(c.R), to8(c.G), to8(c.B), to8(c.A))
			}
		}
	}
	if m == nil {
		m = New(RGB, w, h, 1, 1, true)
		for y := range h {
			for x := range w {
				c := color.NRGBA64Model.Convert(src.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA64)
				m.put(y*w+x, to8(c.R), to8(c.G), to8(c.B), to8(c.A))
			}
		}
	}
	m.dropOpaque()
	if err := m.check(op); err != nil {
		return nil, err
	}
	return m, nil
}

// to8 rounds 16 bits to 8: v/257.
func to8(v uint16) uint8 { return uint8((uint32(v)*255 + 32895) >> 16) }

func high(hi, lo byte) uint8 { return to8(uint16(hi)<<8 | uint16(lo)) }

// put stores one pixel at offset i of the planes of New.
func (m *Image) put(i int, r, g, b, a uint8) {
	m.Planes[0].Pix[i], m.Planes[1].Pix[i], m.Planes[2].Pix[i], m.Alpha.Pix[i] = r, g, b, a
}

// split distributes interleaved samples over the planes of New, alpha last.
func (m *Image) split(pix []byte, stride, step int) {
	planes := m.Planes
	if m.Alpha != nil {
		planes = append(planes[:len(planes):len(planes)], *m.Alpha)
	}
	for y := range m.Height {
		in := pix[y*stride:][:m.Width*step]
		for i := range planes {
			out := planes[i].Row(y)
			for x, k := 0, i; x < len(out); x, k = x+1, k+step {
				out[x] = in[k]
			}
		}
	}
}

// split16 is split for RGBA of 16 bits, big-endian.
func (m *Image) split16(pix []byte, stride int) {
	for y := range m.Height {
		in := pix[y*stride:][:8*m.Width]
		for x := range m.Width {
			p := in[8*x : 8*x+8]
			m.put(y*m.Width+x, high(p[0], p[1]), high(p[2], p[3]), high(p[4], p[5]), high(p[6], p[7]))
		}
	}
}

// unpremultiply divides the planes of New by alpha.
func (m *Image) unpremultiply() {
	for i, a := range m.Alpha.Pix {
		if a == 255 || a == 0 {
			continue
		}
		for c := range m.Planes {
			v := &m.Planes[c].Pix[i]
			*v = uint8(min((uint32(*v)*255+uint32(a)/2)/uint32(a), 255))
		}
	}
}

// dropOpaque removes alpha that is 255 throughout.
func (m *Image) dropOpaque() {
	if m.Alpha == nil || !m.Alpha.holds(m.Width, m.Height) {
		return
	}
	for y := range m.Height {
		for _, a := range m.Alpha.Row(y) {
			if a != 255 {
				return
			}
		}
	}
	m.Alpha = nil
}

// fromYCbCr shares the planes of s. It is nil when they start inside a chroma
// cell, as those of a sub-image may.
func fromYCbCr(s *image.YCbCr) *Image {
	subX, subY := 1, 1
	switch s.SubsampleRatio {
	case image.YCbCrSubsampleRatio444:
	case image.YCbCrSubsampleRatio422:
		subX = 2
	case image.YCbCrSubsampleRatio420:
		subX, subY = 2, 2
	case image.YCbCrSubsampleRatio440:
		subY = 2
	case image.YCbCrSubsampleRatio411:
		subX = 4
	case image.YCbCrSubsampleRatio410:
		subX, subY = 4, 2
	default:
		return nil
	}
	if s.Rect.Min.X%subX != 0 || s.Rect.Min.Y%subY != 0 {
		return nil
	}
	w, h := s.Rect.Dx(), s.Rect.Dy()
	cw, ch := (w+subX-1)/subX, (h+subY-1)/subY
	return &Image{Width: w, Height: h, Model: YCbCr, SubX: subX, SubY: subY, Planes: []Plane{
		{Pix: s.Y, Stride: s.YStride, Width: w, Height: h},
		{Pix: s.Cb, Stride: s.CStride, Width: cw, Height: ch},
		{Pix: s.Cr, Stride: s.CStride, Width: cw, Height: ch},
	}}
}

// fromPalette looks the pixels up. Indexes beyond the palette, which files may
// hold, are transparent black.
func fromPalette(s *image.Paletted) *Image {
	var table [256]color.NRGBA
	gray := true
	for i, c := range s.Palette[:min(len(s.Palette), 256)] {
		v := color.NRGBA64Model.Convert(c).(color.NRGBA64)
		table[i] = color.NRGBA{to8(v.R), to8(v.G), to8(v.B), to8(v.A)}
		gray = gray && table[i].R == table[i].G && table[i].G == table[i].B
	}
	model := RGB
	if gray {
		model = Gray
	}
	w, h := s.Rect.Dx(), s.Rect.Dy()
	m := New(model, w, h, 1, 1, true)
	bitonal := gray
	for y := range h {
		for x, v := range s.Pix[y*s.Stride:][:w] {
			i, c := y*w+x, table[v]
			if !gray {
				m.put(i, c.R, c.G, c.B, c.A)
				continue
			}
			m.Planes[0].Pix[i], m.Alpha.Pix[i] = c.R, c.A
			bitonal = bitonal && (c.R == 0 || c.R == 255) && c.A == 255
		}
	}
	m.Bitonal = bitonal
	return m
}
