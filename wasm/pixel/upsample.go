package pixel

// rgbRows converts m, a YCbCr image, to r. Chroma is interpolated linearly
// between its sites, a row or a band of rows at a time.
func rgbRows(r, m *Image) {
	if m.SubX > 2 || m.SubY > 2 {
		rgbBands(r, m)
		return
	}
	w := m.Planes[1].Width
	sums := make([]uint16, w+2)
	cb, cr := make([]byte, 2*w), make([]byte, 2*w)
	for y := range m.Height {
		u, v := m.Planes[1].Row(y/m.SubY), m.Planes[2].Row(y/m.SubY)
		if m.subsampled(1) {
			m.Planes[1].widen(cb, sums, y, m.SubX, m.SubY)
			m.Planes[2].widen(cr, sums, y, m.SubX, m.SubY)
			u, v = cb, cr
		}
		rgbRow(r.Planes[0].Row(y), r.Planes[1].Row(y), r.Planes[2].Row(y), m.Planes[0].Row(y), u, v)
	}
}

// widen sets dst to row y of the full size of a plane that is subsampled by 1 or
// 2: a sample lies a quarter of the way from its nearest site to the next. sums
// is scratch of the plane's width and one on either side.
func (p *Plane) widen(dst []byte, sums []uint16, y, subX, subY int) {
	near := p.Row(y / subY)
	far := near
	if subY == 2 {
		far = p.Row(clamp(y/2-1+y&1*2, 0, p.Height-1))
	}
	mid := sums[1 : 1+len(near)]
	if vectors && len(mid) >= minPixels {
		widenRowsVector(mid, near, far)
	} else {
		far = far[:len(near)]
		for x, v := range near {
			mid[x] = 3*uint16(v) + uint16(far[x])
		}
	}
	if subX == 1 {
		for x, s := range mid {
			dst[x] = uint8((s + 2) >> 2)
		}
		return
	}
	sums[0], sums[1+len(mid)] = mid[0], mid[len(mid)-1]
	if vectors && len(mid) >= minPixels {
		widenColumnsVector(dst[:2*len(mid)], sums)
		return
	}
	for x, s := range mid {
		d := dst[2*x : 2*x+2 : 2*x+2]
		d[0], d[1] = uint8((3*s+sums[x]+8)>>4), uint8((3*s+sums[x+2]+8)>>4)
	}
}

// rgbBands is rgbRows for any subsampling.
func rgbBands(r, m *Image) {
	const band = 64
	wide := [2]Plane{NewPlane(m.Width, min(band, m.Height)), NewPlane(m.Width, min(band, m.Height))}
	for top := 0; top < m.Height; top += band {
		rows := min(band, m.Height-top)
		for i := range wide {
			wide[i].Height = rows
			ax := axis{0, 1 / float64(m.SubX), m.Width}
			ay := axis{float64(top) / float64(m.SubY), 1 / float64(m.SubY), rows}
			scalePlane(&wide[i], &m.Planes[1+i], ax, ay, Linear)
		}
		for y := range rows {
			rgbRow(r.Planes[0].Row(top+y), r.Planes[1].Row(top+y), r.Planes[2].Row(top+y),
				m.Planes[0].Row(top+y), wide[0].Row(y), wide[1].Row(y))
		}
	}
}

// rgbRow is the inverse transform of ITU-T T.871 §7, in 16 bits after the point.
func rgbRow(red, green, blue, luma, cb, cr []byte) {
	n := len(luma)
	red, green, blue, cb, cr = red[:n], green[:n], blue[:n], cb[:n], cr[:n]
	if vectors && n >= minPixels {
		rgbRowVector(red, green, blue, luma, cb, cr)
		return
	}
	for x := range n {
		y := int32(luma[x])<<16 + 1<<15
		u, v := int32(cb[x])-128, int32(cr[x])-128
		red[x] = saturate((y + 91881*v) >> 16)
		green[x] = saturate((y - 22554*u - 46802*v) >> 16)
		blue[x] = saturate((y + 116130*u) >> 16)
	}
}
