package pixel

// Sharpen adds the detail of m to itself: amount, from 0 (returns m) to 10,
// times the difference of the luma and its 3 × 3 binomial blur. Only luma is
// sharpened, so that no coloured seams arise. Edges are continued.
func Sharpen(m *Image, amount float64) *Image {
	if !(amount > 0) {
		return m
	}
	a := int32(min(amount, 10)*256 + 0.5)
	r := *m
	r.Bitonal = false
	switch m.Model {
	case Gray, YCbCr:
		to := NewPlane(m.Width, m.Height)
		detail(&m.Planes[0], func(y int, d []int32) { addDetail(to.Row(y), m.Planes[0].Row(y), d, a) })
		r.Planes = append([]Plane{to}, m.Planes[1:]...)
	default:
		if m.Model == CMYK {
			m = ToRGB(m)
		}
		r = *New(RGB, m.Width, m.Height, 1, 1, false)
		r.ICC, r.Alpha = m.ICC, m.Alpha
		detail(&ToGray(m).Planes[0], func(y int, d []int32) {
			for i := range r.Planes {
				addDetail(r.Planes[i].Row(y), m.Planes[i].Row(y), d, a)
			}
		})
	}
	return &r
}

// addDetail adds the detail d, in sixteenths, times a/256 to a row.
func addDetail(out, in []byte, d []int32, a int32) {
	for x, v := range in {
		out[x] = saturate(int32(v) + (d[x]*a+1<<11)>>12)
	}
}

// detail calls row for each row of p with 16 times the difference of the samples
// and their blur.
func detail(p *Plane, row func(y int, d []int32)) {
	sums := make([]int32, p.Width)
	d := make([]int32, p.Width)
	for y := range p.Height {
		up, in, down := p.Row(max(y-1, 0)), p.Row(y), p.Row(min(y+1, p.Height-1))
		for x, v := range in {
			sums[x] = int32(up[x]) + 2*int32(v) + int32(down[x])
		}
		for x, v := range in {
			left, right := sums[max(x-1, 0)], sums[min(x+1, p.Width-1)]
			d[x] = 16*int32(v) - (left + 2*sums[x] + right)
		}
		row(y, d)
	}
}
