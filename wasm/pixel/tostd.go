package pixel

import (
	"image"
	"image/color"
)

// Std returns m as an image of the standard library: *image.Paletted of black
// and white when it is bitonal, *image.Gray, *image.YCbCr where the library has
// the subsampling, *image.CMYK, and else *image.NRGBA (opaque without alpha).
// Gray and YCbCr planes are shared, not copied.
func (m *Image) Std() image.Image {
	rect := image.Rect(0, 0, m.Width, m.Height)
	p := m.Planes
	switch {
	case m.Alpha != nil:
	case m.Bitonal && m.Model == Gray:
		s := image.NewPaletted(rect, color.Palette{color.Gray{0}, color.Gray{255}})
		for y := range m.Height {
			out := s.Pix[y*s.Stride:]
			for x, v := range p[0].Row(y) {
				out[x] = v >> 7
			}
		}
		return s
	case m.Model == Gray:
		return &image.Gray{Pix: p[0].Pix, Stride: p[0].Stride, Rect: rect}
	case m.Model == CMYK:
		s := image.NewCMYK(rect)
		for i := range p {
			m.weave(s.Pix, s.Stride, i, &p[i])
		}
		return s
	case m.Model == YCbCr:
		ratio, ok := m.ratio()
		if ok && p[1].Stride == p[2].Stride {
			return &image.YCbCr{Y: p[0].Pix, Cb: p[1].Pix, Cr: p[2].Pix, YStride: p[0].Stride, CStride: p[1].Stride,
				SubsampleRatio: ratio, Rect: rect}
		}
	}
	rgb := ToRGB(m)
	s := image.NewNRGBA(rect)
	for i := range rgb.Planes {
		m.weave(s.Pix, s.Stride, i, &rgb.Planes[i])
	}
	if m.Alpha != nil {
		m.weave(s.Pix, s.Stride, 3, m.Alpha)
		return s
	}
	for i := 3; i < len(s.Pix); i += 4 {
		s.Pix[i] = 255
	}
	return s
}

// ratio returns the library's name of the subsampling.
func (m *Image) ratio() (image.YCbCrSubsampleRatio, bool) {
	switch [2]int{m.SubX, m.SubY} {
	case [2]int{1, 1}:
		return image.YCbCrSubsampleRatio444, true
	case [2]int{2, 1}:
		return image.YCbCrSubsampleRatio422, true
	case [2]int{2, 2}:
		return image.YCbCrSubsampleRatio420, true
	case [2]int{1, 2}:
		return image.YCbCrSubsampleRatio440, true
	case [2]int{4, 1}:
		return image.YCbCrSubsampleRatio411, true
	case [2]int{4, 2}:
		return image.YCbCrSubsampleRatio410, true
	}
	return 0, false
}

// weave stores a plane as sample i of interleaved groups of four.
func (m *Image) weave(pix []byte, stride, i int, p *Plane) {
	for y := range m.Height {
		out := pix[y*stride:][:4*m.Width]
		k := i
		for _, v := range p.Row(y) {
			out[k] = v
			k += 4
		}
	}
}
