package pixel

// resampleAlpha is resample for images with alpha. Colours are multiplied by
// their opacity before the filter and divided after, or transparent pixels would
// shine through as fringes. It works in floating point, a row at a time: eight
// bits are too few for the colours of nearly transparent pixels.
func resampleAlpha(r, m *Image, ax, ay, cx, cy axis, f Filter) {
	full, small := premultiplied{alpha: m.Alpha, outAlpha: r.Alpha}, premultiplied{}
	for i := range m.Planes {
		g := &full
		if m.subsampled(i) || r.subsampled(i) {
			g = &small
		}
		g.src = append(g.src, &m.Planes[i])
		g.dst = append(g.dst, &r.Planes[i])
		g.zero = append(g.zero, neutral(m.Model, i))
	}
	full.scale(ax, ay, f)
	if len(small.src) > 0 {
		a := NewPlane(small.src[0].Width, small.src[0].Height)
		shrinkPlane(&a, m.Alpha, 0, 0, m.SubX, m.SubY)
		small.alpha = &a
		small.scale(cx, cy, f)
	}
}

// neutral is the sample that means no colour in plane i: premultiplied samples
// are distances from it.
func neutral(model Model, i int) float32 {
	if model == YCbCr && i > 0 {
		return 128
	}
	return 0
}

// premultiplied is a group of planes of one size that share an alpha plane.
type premultiplied struct {
	src, dst        []*Plane
	zero            []float32
	alpha, outAlpha *Plane // outAlpha may be nil
}

// scale resamples the group. Memory is a few rows: those that the vertical
// weights of one output row span, after the horizontal filter.
func (g *premultiplied) scale(ax, ay axis, f Filter) {
	bx, by := boxFactor(ax.scale, f), boxFactor(ay.scale, f)
	x0, cols, nx := ax.cells(g.alpha.Width, bx, f)
	y0, rows, ny := ay.cells(g.alpha.Height, by, f)
	tx, ty := nx.weigh(cols, f), ny.weigh(rows, f)
	var (
		channels = len(g.src) + 1
		line     = make([]float32, channels*cols)
		ring     = make([]float32, ty.n*channels*nx.n)
		held     = make([]int, ty.n) // which row each place of the ring holds, plus 1
		out      = make([]float32, channels*nx.n)
	)
	for y := range ny.n {
		clear(out)
		for k := range ty.n {
			row, w := int(ty.lo[y])+k, ty.c[y*ty.n+k]
			if w == 0 {
				continue
			}
			place := row % ty.n
			filtered := ring[place*channels*nx.n:][:channels*nx.n]
			if held[place] != row+1 {
				held[place] = row + 1
				g.read(line, cols, x0, y0+row*by, bx, by)
				for c := range channels {
					filterLine(filtered[c*nx.n:][:nx.n], line[c*cols:][:cols], &tx)
				}
			}
			weigh := float32(w) / (1 << weightBits)
			for x, v := range filtered {
				out[x] += v * weigh
			}
		}
		g.write(out, nx.n, y)
	}
}

// read sets line to one row of cells: per channel, alpha last, cols
// premultiplied means from 0 to 255·255 (alpha to 255).
func (g *premultiplied) read(line []float32, cols, x0, top, bx, by int) {
	clear(line)
	a := line[len(g.src)*cols:]
	width := min(g.alpha.Width-x0, cols*bx)
	rows := min(by, g.alpha.Height-top)
	for y := top; y < top+rows; y++ {
		alpha := g.alpha.Row(y)[x0 : x0+width]
		for c, p := range g.src {
			l, zero := line[c*cols:][:cols], g.zero[c]
			for x, v := range p.Row(y)[x0 : x0+width] {
				l[x/bx] += (float32(v) - zero) * float32(alpha[x])
			}
		}
		for x, v := range alpha {
			a[x/bx] += float32(v)
		}
	}
	if bx == 1 && rows == 1 {
		return
	}
	for c := range len(g.src) + 1 {
		l := line[c*cols:][:cols]
		for x := range l {
			l[x] /= float32(min(bx, width-x*bx) * rows)
		}
	}
}

// write stores one row of output.
func (g *premultiplied) write(out []float32, n, y int) {
	a := out[len(g.src)*n:][:n]
	for c, p := range g.dst {
		zero := g.zero[c]
		line, row := out[c*n:][:n], p.Row(y)
		for x, v := range line {
			if a[x] < 0.5 {
				row[x] = uint8(zero) // invisible
				continue
			}
			row[x] = uint8(max(0, min(v/a[x]+zero, 255)) + 0.5)
		}
	}
	if g.outAlpha == nil {
		return
	}
	row := g.outAlpha.Row(y)
	for x, v := range a {
		row[x] = uint8(max(0, min(v, 255)) + 0.5)
	}
}

// filterLine weighs the columns of one row.
func filterLine(dst, src []float32, t *taps) {
	for x := range dst {
		c := t.c[x*t.n:][:t.n]
		v := src[t.lo[x]:][:t.n]
		var s float32
		for k := range c {
			s += float32(c[k]) * v[k]
		}
		dst[x] = s / (1 << weightBits)
	}
}
