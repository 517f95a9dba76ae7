package demo

// mask returns cleared scratch coverage for w × h pixels; the accumulator for
// edges is cleared too.
func (b *band) mask(w, h int) []uint8 {
	if len(b.scratch) < w*h {
		b.scratch = make([]uint8, w*h*3/2)
	}
	if n := (w + 2) * h; len(b.acc) < n {
		b.acc = make([]float32, n*3/2)
	}
	clear(b.scratch[:w*h])
	return b.scratch[:w*h]
}

// segment draws one piece of a line with round ends into a coverage buffer of
// the given stride, whose pixel (0, 0) is at (left, top); columns x0 to x1 and
// rows 0 to h are drawn. Coverage is that of a disc moved along, and adds up by
// maximum, so that pieces join without a seam.
func segment(p, q pt, dst []uint8, stride, left, x0, x1, top, h int) {
	px, py := p.x-float32(left)-0.5, p.y-float32(top)-0.5
	qx, qy := q.x-float32(left)-0.5, q.y-float32(top)-0.5
	reach := max(p.r, q.r) + 0.5
	ya, yb := int(floor(min(py, qy)-reach))+1, int(floor(max(py, qy)+reach))
	ya, yb = max(ya, 0), min(yb, h-1)
	dx, dy := qx-px, qy-py
	length2 := dx*dx + dy*dy
	var inv, slant, wide float32
	steep := false
	if length2 > 1e-9 {
		inv = 1 / length2
		if abs(dy) > 1e-4 {
			steep = true
			slant = dx / dy
			wide = reach * sqrt(length2) / abs(dy)
		}
	}
	lo, hi := min(px, qx)-reach, max(px, qx)+reach
	dr := q.r - p.r
	for y := ya; y <= yb; y++ {
		a, b := lo, hi
		fy := float32(y) - py
		if steep {
			// Between the two lines beside the piece.
			mid := px + fy*slant
			a, b = max(a, mid-wide), min(b, mid+wide)
		}
		xa, xb := max(int(floor(a))+1, x0), min(int(floor(b)), x1-1)
		if xa > xb {
			continue
		}
		row := dst[y*stride : y*stride+xb+1]
		for x := xa; x <= xb; x++ {
			fx := float32(x) - px
			t := (fx*dx + fy*dy) * inv
			if t < 0 {
				t = 0
			} else if t > 1 {
				t = 1
			}
			ex, ey := fx-t*dx, fy-t*dy
			// A line thinner than a pixel is a pale line.
			r := p.r + t*dr
			d := r + 0.5 - sqrt(ex*ex+ey*ey)
			if d <= 0 {
				continue
			}
			v := uint8(255)
			if full := min(1, 2*r); d < full {
				v = uint8(d * 255)
			} else {
				v = uint8(full * 255)
			}
			if v > row[x] {
				row[x] = v
			}
		}
	}
}

// edge adds an edge of a filled shape to the accumulator, in coordinates of a
// w × h mask: for every row, how much the coverage changes at which column.
func (b *band) edge(x0, y0, x1, y1 float32, w, h int) {
	if y0 == y1 {
		return
	}
	dir := float32(1)
	if y0 > y1 {
		x0, y0, x1, y1, dir = x1, y1, x0, y0, -1
	}
	if y1 <= 0 || y0 >= float32(h) {
		return
	}
	slope := (x1 - x0) / (y1 - y0)
	x := x0
	if y0 < 0 {
		x -= y0 * slope
		y0 = 0
	}
	right := float32(w)
	for y := int(y0); y < h && float32(y) < y1; y++ {
		dy := min(float32(y+1), y1) - max(float32(y), y0)
		next := x + slope*dy
		a, c := clamp(min(x, next), 0, right), clamp(max(x, next), 0, right)
		x = next
		d := dy * dir
		row := b.acc[y*(w+2) : (y+1)*(w+2)]
		i, j := int(a), int(c)
		if i == j {
			m := (a+c)/2 - float32(i)
			row[i] += d * (1 - m)
			row[i+1] += d * m
			continue
		}
		// The edge crosses several columns; each gets the area to its right.
		per := d / (c - a)
		for k := i; k <= j; k++ {
			l, r := max(a, float32(k)), min(c, float32(k+1))
			if l >= r {
				continue
			}
			part := per * (r - l)
			m := (l+r)/2 - float32(k)
			row[k] += part * (1 - m)
			row[k+1] += part * m
		}
	}
}

// gather turns the accumulated edges into coverage, and clears them.
func (b *band) gather(mask []uint8, w, h int) {
	for y := range h {
		row := b.acc[y*(w+2) : (y+1)*(w+2)]
		m := mask[y*w : (y+1)*w]
		var sum float32
		for x := range m {
			sum += row[x]
			if v := abs(sum); v >= 1 {
				m[x] = 255
			} else {
				m[x] = uint8(v*255 + 0.4)
			}
		}
		clear(row)
	}
}
