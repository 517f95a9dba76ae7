package pixel

// ToGray returns the luma of m (ITU-R BT.601 weights, as in JFIF) with its
// alpha. The result may share memory with m. A colour profile does not describe
// the gray and is dropped: convert to sRGB first.
func ToGray(m *Image) *Image {
	r := &Image{Width: m.Width, Height: m.Height, Model: Gray, SubX: 1, SubY: 1, Alpha: m.Alpha}
	switch m.Model {
	case Gray:
		return m
	case YCbCr:
		r.Planes = m.Planes[:1:1]
		return r
	case CMYK:
		m = ToRGB(m)
	}
	r.Planes = []Plane{NewPlane(m.Width, m.Height)}
	for y := range m.Height {
		out := r.Planes[0].Row(y)
		red, green, blue := m.Planes[0].Row(y), m.Planes[1].Row(y), m.Planes[2].Row(y)
		green, blue = green[:len(red)], blue[:len(red)]
		out = out[:len(red)]
		for x := range red {
			out[x] = luma(red[x], green[x], blue[x])
		}
	}
	return r
}

// ToBitonal returns m as black and white, white from luma 128 on. The threshold
// is fixed, not fitted to the image (Otsu), so that two tiles of one image agree
// at their joint. Alpha is dropped: flatten first.
func ToBitonal(m *Image) *Image {
	if m.Bitonal && m.Alpha == nil {
		return m
	}
	g := ToGray(m)
	r := New(Gray, m.Width, m.Height, 1, 1, false)
	r.Bitonal = true
	for y := range m.Height {
		out := r.Planes[0].Row(y)
		for x, v := range g.Planes[0].Row(y) {
			out[x] = uint8(int8(v) >> 7)
		}
	}
	return r
}

// ToRGB returns m in RGB. Subsampled chroma is interpolated linearly between
// its sites, as libjpeg does by default. CMYK is converted naively, see
// icc.NaiveCMYK. A profile of RGB stays, one of gray or CMYK is dropped.
func ToRGB(m *Image) *Image {
	if m.Model == RGB {
		return m
	}
	r := New(RGB, m.Width, m.Height, 1, 1, false)
	r.Alpha = m.Alpha
	switch m.Model {
	case Gray:
		for i := range r.Planes {
			r.Planes[i] = m.Planes[0]
		}
	case CMYK:
		k := &m.Planes[3]
		for i := range r.Planes {
			for y := range m.Height {
				out, black := r.Planes[i].Row(y), k.Row(y)
				for x, v := range m.Planes[i].Row(y) {
					out[x] = div255(uint32(255-v) * uint32(255-black[x]))
				}
			}
		}
	case YCbCr:
		r.ICC = m.ICC
		rgbRows(r, m)
	}
	return r
}

// div255 divides by 255 and rounds, exactly for v up to 255·255.
func div255(v uint32) uint8 {
	v += 128
	return uint8((v + v>>8) >> 8)
}

// ToYCbCr returns m in YCbCr with chroma subsampled by subX and subY, each 1, 2
// or 4. Chroma is averaged over its cell. A profile of RGB stays.
func ToYCbCr(m *Image, subX, subY int) *Image {
	if m.Model == YCbCr && m.SubX == subX && m.SubY == subY {
		return m
	}
	r := New(YCbCr, m.Width, m.Height, subX, subY, false)
	r.Alpha = m.Alpha
	switch m.Model {
	case Gray:
		r.Planes[0] = m.Planes[0]
		for i := 1; i < 3; i++ {
			for k := range r.Planes[i].Pix {
				r.Planes[i].Pix[k] = 128
			}
		}
		return r
	case YCbCr:
		r.ICC = m.ICC
		r.Planes[0] = m.Planes[0]
		f := Linear
		if subX >= m.SubX && subY >= m.SubY {
			f = Box
		}
		for i := 1; i < 3; i++ {
			to := &r.Planes[i]
			ax := axis{0, float64(subX) / float64(m.SubX), to.Width}
			ay := axis{0, float64(subY) / float64(m.SubY), to.Height}
			scalePlane(to, &m.Planes[i], ax, ay, f)
		}
		return r
	case CMYK:
		m = ToRGB(m)
	}
	r.ICC = m.ICC
	sums := make([]uint16, 3*(m.Width/subX))
	for top := 0; top < m.Height; top += subY {
		rows := min(subY, m.Height-top)
		ycbcrRows(r, m, top, rows, ycbcrVectors(r, m, top, rows, sums))
	}
	return r
}

// ycbcrVectors is ycbcrRows for 4:4:4, 4:2:2 and 4:2:0. It returns the number of
// cells that it has done: all that are complete, or none.
func ycbcrVectors(r, m *Image, top, rows int, sums []uint16) int {
	n := m.Width / r.SubX
	if !vectors || n < minPixels || r.SubX > 2 || r.SubY > r.SubX {
		return 0
	}
	var cell [3][]uint16
	for i := range cell {
		cell[i] = sums[i*n : i*n+n]
		// Means are of four samples always: of each one four times, of two twice.
		a, b := m.Planes[i].Row(top)[:m.Width], m.Planes[i].Row(top + rows - 1)[:m.Width]
		if r.SubX == 1 {
			widenRowsVector(cell[i], a, a)
		} else {
			cellSumsVector(cell[i], a, b)
		}
	}
	chromaRowVector(r.Planes[1].Row(top / r.SubY)[:n], r.Planes[2].Row(top / r.SubY)[:n], cell[0], cell[1], cell[2])
	for y := top; y < top+rows; y++ {
		red, green, blue := m.Planes[0].Row(y), m.Planes[1].Row(y), m.Planes[2].Row(y)
		lumaRowVector(r.Planes[0].Row(y), red[:m.Width], green[:m.Width], blue[:m.Width])
	}
	return n
}

// ycbcrRows converts the rows of m that share one row of chroma, from a cell on.
func ycbcrRows(r, m *Image, top, rows, from int) {
	n := (m.Width + r.SubX - 1) / r.SubX
	cb, cr := r.Planes[1].Row(top / r.SubY)[:n], r.Planes[2].Row(top / r.SubY)[:n]
	for x := from; x < n; x++ {
		left := x * r.SubX
		right := min(left+r.SubX, m.Width)
		var sr, sg, sb int32
		for y := top; y < top+rows; y++ {
			red, green, blue := m.Planes[0].Row(y)[left:right], m.Planes[1].Row(y)[left:right], m.Planes[2].Row(y)[left:right]
			out := r.Planes[0].Row(y)[left:right]
			for i := range red {
				out[i] = luma(red[i], green[i], blue[i])
				sr, sg, sb = sr+int32(red[i]), sg+int32(green[i]), sb+int32(blue[i])
			}
		}
		cb[x], cr[x] = chroma(sr, sg, sb, int32(right-left)*int32(rows))
	}
}

// Flatten returns m on an opaque ground. In gray images the ground is its luma.
// m is returned as it is when it has no alpha.
func Flatten(m *Image, ground Colour) *Image {
	if m.Alpha == nil {
		return m
	}
	r := New(m.Model, m.Width, m.Height, m.SubX, m.SubY, false)
	r.ICC = m.ICC
	small := m.Alpha
	if m.SubX > 1 || m.SubY > 1 {
		a := NewPlane((m.Width+m.SubX-1)/m.SubX, (m.Height+m.SubY-1)/m.SubY)
		shrinkPlane(&a, m.Alpha, 0, 0, m.SubX, m.SubY)
		small = &a
	}
	for i, g := range ground.in(m.Model) {
		alpha := m.Alpha
		if m.subsampled(i) {
			alpha = small
		}
		for y := range r.Planes[i].Height {
			out, a := r.Planes[i].Row(y), alpha.Row(y)
			for x, v := range m.Planes[i].Row(y) {
				o := uint32(a[x])
				out[x] = div255(uint32(v)*o + uint32(g)*(255-o))
			}
		}
	}
	return r
}
