package demo

import "math"

// contours returns the lines along which g has the given level, in pixels, with
// the higher side on the same hand throughout. Lines shorter than least samples
// are left out.
func (g *grid) contours(level float32, least int) [][]pt {
	// A line passes from cell to cell through their sides. Side 2i goes from
	// sample i to its right, 2i+1 from sample i down.
	next := map[int32]int32{}
	var starts []int32
	for y := 0; y+1 < g.h; y++ {
		top, low := g.v[y*g.w:(y+1)*g.w], g.v[(y+1)*g.w:(y+2)*g.w]
		for x := 0; x+1 < g.w; x++ {
			k := 0
			if top[x] > level {
				k |= 1
			}
			if top[x+1] > level {
				k |= 2
			}
			if low[x+1] > level {
				k |= 4
			}
			if low[x] > level {
				k |= 8
			}
			if k == 0 || k == 15 {
				continue
			}
			i := int32(y*g.w + x)
			n, w, e, s := 2*i, 2*i+1, 2*(i+1)+1, 2*(i+int32(g.w))
			link := func(from, to int32) {
				next[from] = to
				starts = append(starts, from)
			}
			switch k {
			case 1:
				link(w, n)
			case 2:
				link(n, e)
			case 3:
				link(w, e)
			case 4:
				link(e, s)
			case 5:
				link(w, n)
				link(e, s)
			case 6:
				link(n, s)
			case 7:
				link(w, s)
			case 8:
				link(s, w)
			case 9:
				link(s, n)
			case 10:
				link(n, e)
				link(s, w)
			case 11:
				link(s, e)
			case 12:
				link(e, w)
			case 13:
				link(e, n)
			case 14:
				link(n, w)
			}
		}
	}
	into := make(map[int32]bool, len(next))
	for _, s := range starts {
		into[next[s]] = true
	}
	var lines [][]pt
	walk := func(s int32) {
		line := []pt{g.cross(s, level)}
		for {
			t, ok := next[s]
			if !ok {
				break
			}
			delete(next, s)
			line = append(line, g.cross(t, level))
			s = t
		}
		if len(line) >= least {
			lines = append(lines, line)
		}
	}
	// Open lines first, from their ends; what is left is closed.
	for _, s := range starts {
		if _, ok := next[s]; ok && !into[s] {
			walk(s)
		}
	}
	for _, s := range starts {
		if _, ok := next[s]; ok {
			walk(s)
		}
	}
	return lines
}

// cross returns where the level is crossed on a side.
func (g *grid) cross(side int32, level float32) pt {
	i := int(side / 2)
	x, y := float32(i%g.w), float32(i/g.w)
	if side%2 == 0 {
		x += clamp((level-g.v[i])/(g.v[i+1]-g.v[i]), 0, 1)
	} else {
		y += clamp((level-g.v[i])/(g.v[i+g.w]-g.v[i]), 0, 1)
	}
	return pt{x: x * g.step, y: y * g.step}
}

// distance returns a field with each sample's distance in pixels to the nearest
// sample for which inside is true.
func (g *grid) distance(inside func(i int) bool) *grid {
	d := &grid{w: g.w, h: g.h, step: g.step, v: make([]float32, len(g.v))}
	const far = 1e12
	for i := range d.v {
		if !inside(i) {
			d.v[i] = far
		}
	}
	parallel(d.w, func(x int) {
		col := make([]float32, d.h)
		for y := range col {
			col[y] = d.v[y*d.w+x]
		}
		envelope(col)
		for y, v := range col {
			d.v[y*d.w+x] = v
		}
	})
	parallel(d.h, func(y int) {
		row := d.v[y*d.w : (y+1)*d.w]
		envelope(row)
		for x, v := range row {
			row[x] = sqrt(v) * d.step
		}
	})
	return d
}

// envelope replaces each value by the least sum of another one and the square of
// the distance to it (Felzenszwalb and Huttenlocher's distance transform).
func envelope(f []float32) {
	n := len(f)
	at := make([]int, n)
	edge := make([]float64, n+1)
	out := make([]float32, n)
	k := 0
	edge[0], edge[1] = math.Inf(-1), math.Inf(1)
	meet := func(p, q int) float64 {
		return (float64(f[q]) + float64(q*q) - float64(f[p]) - float64(p*p)) / float64(2*(q-p))
	}
	for q := 1; q < n; q++ {
		s := meet(at[k], q)
		for s <= edge[k] {
			k--
			s = meet(at[k], q)
		}
		k++
		at[k], edge[k], edge[k+1] = q, s, math.Inf(1)
	}
	k = 0
	for q := range n {
		for edge[k+1] < float64(q) {
			k++
		}
		d := q - at[k]
		out[q] = f[at[k]] + float32(d*d)
	}
	copy(f, out)
}

// blur averages a field over squares of side 2r+1 samples.
func (g *grid) blur(r int) *grid {
	pass := func(src []float32, n, stride, lines, step int) []float32 {
		dst := make([]float32, len(src))
		parallel(lines, func(l int) {
			at := func(i int) int { return l*step + min(max(i, 0), n-1)*stride }
			var sum float32
			for i := -r; i <= r; i++ {
				sum += src[at(i)]
			}
			for i := range n {
				dst[at(i)] = sum / float32(2*r+1)
				sum += src[at(i+r+1)] - src[at(i-r)]
			}
		})
		return dst
	}
	out := &grid{w: g.w, h: g.h, step: g.step}
	out.v = pass(pass(g.v, g.w, 1, g.h, g.w), g.h, g.w, g.w, 1)
	return out
}

// soften evens a line out, n times, keeping its ends.
func soften(line []pt, n int) []pt {
	closed := line[0].sub(line[len(line)-1]).len() < 0.01
	for range n {
		out := make([]pt, len(line))
		for i, p := range line {
			a, b := line[max(i-1, 0)], line[min(i+1, len(line)-1)]
			if closed && i == 0 {
				a = line[len(line)-2]
			}
			if closed && i == len(line)-1 {
				b = line[1]
			}
			out[i] = pt{(a.x + 2*p.x + b.x) / 4, (a.y + 2*p.y + b.y) / 4, p.r}
		}
		if !closed {
			out[0], out[len(out)-1] = line[0], line[len(line)-1]
		}
		line = out
	}
	return line
}
