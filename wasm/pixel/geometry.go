package pixel

import (
	"errors"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Crop copies w × h pixels of m from (x, y). Where the offset is not a multiple
// of the chroma subsampling, the chroma planes are interpolated (Catmull-Rom) to
// their new sites; luma and alpha are always exact. A rectangle that is empty or
// not inside m is Invalid.
func Crop(m *Image, x, y, w, h int) (*Image, error) {
	const op = "pixel.Crop"
	if err := m.check(op); err != nil {
		return nil, err
	}
	if x < 0 || y < 0 || w < 1 || h < 1 || w > m.Width-x || h > m.Height-y {
		return nil, fault.E(op, fault.Invalid, errors.New("the rectangle is not inside the image"))
	}
	return Resize(m, Window{float64(x), float64(y), float64(w), float64(h)}, w, h, Cubic)
}

// Mirror returns m reflected at its vertical axis, left to right.
func Mirror(m *Image) *Image { return m.turned(0, true) }

// Turn returns m turned clockwise by so many quarters; negative ones turn the
// other way. By odd numbers, SubX and SubY swap.
//
// Chroma of an odd size, whose last cell is only partly covered, would start
// with that cell after a reflection. It is interpolated to whole cells then;
// everything else is exact.
func Turn(m *Image, quarters int) *Image { return m.turned(quarters&3, false) }

// Orient returns m upright, given its EXIF orientation (CIPA DC-008 §4.6.5,
// tag 274, 1 to 8). Any other value means 1.
func Orient(m *Image, exif int) *Image {
	switch exif {
	case 2:
		return m.turned(0, true)
	case 3:
		return m.turned(2, false)
	case 4:
		return m.turned(2, true)
	case 5:
		return m.turned(3, true)
	case 6:
		return m.turned(1, false)
	case 7:
		return m.turned(1, true)
	case 8:
		return m.turned(3, false)
	}
	return m
}

// turned mirrors m if asked to, and then turns it by 0 to 3 quarters clockwise.
func (m *Image) turned(quarters int, mirror bool) *Image {
	if quarters == 0 && !mirror {
		return m
	}
	// Any of the eight is a transposition or none, then reflections.
	transpose := quarters&1 == 1
	flipX := mirror != (quarters == 1 || quarters == 2)
	flipY := quarters >= 2
	if transpose && mirror {
		flipX, flipY = quarters == 1, quarters == 1
	}
	w, h, sx, sy := m.Width, m.Height, m.SubX, m.SubY
	if transpose {
		w, h, sx, sy = h, w, sy, sx
	}
	r := New(m.Model, w, h, sx, sy, m.Alpha != nil)
	r.ICC, r.Bitonal = m.ICC, m.Bitonal
	for i := range m.Planes {
		r.Planes[i].turn(&m.Planes[i], transpose, flipX, flipY)
		if m.subsampled(i) {
			r.Planes[i].shift(overhang(w, sx, flipX), overhang(h, sy, flipY))
		}
	}
	if m.Alpha != nil {
		r.Alpha.turn(m.Alpha, transpose, flipX, flipY)
	}
	return r
}

// overhang returns by what part of a chroma sample the reflected plane is off
// its sites.
func overhang(size, sub int, flip bool) float64 {
	if !flip {
		return 0
	}
	return float64((sub-size%sub)%sub) / float64(sub)
}

// shift resamples p at an offset of a part of a sample.
func (p *Plane) shift(dx, dy float64) {
	if dx == 0 && dy == 0 {
		return
	}
	to := NewPlane(p.Width, p.Height)
	scalePlane(&to, p, axis{dx, 1, p.Width}, axis{dy, 1, p.Height}, Cubic)
	*p = to
}

// turn fills dst, of the right size, with src transposed, then reflected.
func (dst *Plane) turn(src *Plane, transpose, flipX, flipY bool) {
	if !transpose {
		for y := range dst.Height {
			from := y
			if flipY {
				from = dst.Height - 1 - y
			}
			in, out := src.Row(from), dst.Row(y)
			if !flipX {
				copy(out, in)
				continue
			}
			reverse(out, in)
		}
		return
	}
	if vectors && dst.transposeVectors(src, flipX, flipY) {
		return
	}
	// Blocks that fit the first-level cache in both orders.
	const block = 32
	for top := 0; top < dst.Height; top += block {
		bottom := min(top+block, dst.Height)
		for left := 0; left < dst.Width; left += block {
			right := min(left+block, dst.Width)
			for y := top; y < bottom; y++ {
				sx, sy, step := y, left, src.Stride
				if flipY {
					sx = dst.Height - 1 - y
				}
				if flipX {
					sy, step = dst.Width-1-left, -src.Stride
				}
				at := sy*src.Stride + sx
				out := dst.Row(y)[left:right]
				for x := range out {
					out[x] = src.Pix[at]
					at += step
				}
			}
		}
	}
}

// reverse sets out to in from its end.
func reverse(out, in []byte) {
	out = out[:len(in)]
	if vectors && len(in) >= minColumns {
		reverseVector(out, in)
		return
	}
	for x, v := range in {
		out[len(out)-1-x] = v
	}
}
