package demo

// claim marks a rectangle as taken; free says whether it is not.
func (m *chart) claim(x0, y0, x1, y1 float32) {
	m.cells(x0, y0, x1, y1, func(v *float32) bool { *v = 1; return true })
}

func (m *chart) free(x0, y0, x1, y1 float32) bool {
	return m.cells(x0, y0, x1, y1, func(v *float32) bool { return *v == 0 })
}

// cells calls f for the samples in a rectangle until it returns false.
func (m *chart) cells(x0, y0, x1, y1 float32, f func(v *float32) bool) bool {
	g := m.taken
	for y := max(int(y0/g.step), 0); y <= min(int(y1/g.step), g.h-1); y++ {
		for x := max(int(x0/g.step), 0); x <= min(int(x1/g.step), g.w-1); x++ {
			if !f(&g.v[y*g.w+x]) {
				return false
			}
		}
	}
	return true
}

// rivers run from far inland to the nearest shore, or into one another.
func (m *chart) rivers() {
	d := m.inland.blur(6)
	const cell = 24
	near := map[[2]int]pt{} // a river's point close to each cell
	for range 2600 {
		p := m.somewhere(60)
		if d.at(p.x, p.y) < 330 {
			continue
		}
		line := []pt{p}
		joined := false
		for range 900 {
			dx, dy := d.slope(p.x, p.y)
			l := sqrt(dx*dx+dy*dy) + 1e-4
			// Downhill, with bends.
			a := atan2(-dy/l, -dx/l) + 1.9*m.rough.fbm(p.x/170, p.y/170, 3, 0.5)
			p = p.add(polar(a, 10))
			if !inFrame(p, 4) {
				line = nil
				break
			}
			line = append(line, p)
			if q, ok := near[[2]int{int(p.x / cell), int(p.y / cell)}]; ok {
				joined = true
				line = append(line, between(p, q, 0.5), q)
				break
			}
			if m.height.at(p.x, p.y) <= 0 {
				break
			}
		}
		if len(line) < 25 || !joined && (m.height.at(p.x, p.y) > 0 || len(line) < 45) {
			continue
		}
		line = soften(line, 3)
		for i := range line {
			q := &line[i]
			q.r = 0.9 + 2.6*min(float32(i)/140, 1)
			m.claim(q.x-10, q.y-10, q.x+10, q.y+10)
			for dx := -2; dx <= 2; dx++ {
				for dy := -2; dy <= 2; dy++ {
					at := [2]int{int(q.x/cell) + dx, int(q.y/cell) + dy}
					if _, ok := near[at]; !ok || dx == 0 && dy == 0 {
						near[at] = *q
					}
				}
			}
		}
		m.s.stroke(ink(inkSea), line...)
	}
}

// borders dots the lines between countries.
func (m *chart) borders() {
	g := m.height
	for k := range m.seats {
		one := &grid{w: g.w, h: g.h, step: g.step, v: make([]float32, len(g.v))}
		for i, id := range m.id {
			if int(id) == k {
				one.v[i] = 1
			}
		}
		for _, line := range one.contours(0.5, 20) {
			line = soften(line, 6)
			walked := float32(0)
			for i := 1; i < len(line); i++ {
				walked += line[i].sub(line[i-1]).len()
				if walked < 26 || m.height.at(line[i].x, line[i].y) < 0.012 || !inFrame(line[i], 20) {
					continue
				}
				walked = 0
				p := line[i]
				if m.free(p.x-8, p.y-8, p.x+8, p.y+8) {
					m.s.disc(ink(inkRed), p, 4.2)
					m.claim(p.x-20, p.y-20, p.x+20, p.y+20)
				}
			}
		}
	}
}

// mountains stand in ranges where the ridges of the relief are.
func (m *chart) mountains() {
	n := newNoise(77)
	var stand [][4]float32
	const cell = 62
	for y := float32(mapEdge + 90); y < mapH-mapEdge-20; y += cell * 0.55 {
		for x := float32(mapEdge + 90); x < mapW-mapEdge-90; x += cell {
			px, py := x+m.r.span(-26, 26), y+m.r.span(-14, 14)
			ridge := n.ridge(px/2300, py/2300, 4)
			k := ridge - 0.50 + 0.05*n.at(px/300, py/300)
			inland := m.inland.at(px, py)
			if k < 0 || inland < 60 {
				continue
			}
			size := 30 + 330*min(k, 0.26) + m.r.span(-8, 14)
			size = min(size, inland*0.8)
			size = min(size, (py-mapEdge-12)/1.5)
			if size < 26 || m.r.float() < 0.24 || !m.free(px-size*0.9, py-size*1.25, px+size*0.9, py+6) {
				continue
			}
			m.mountain(pt{x: px, y: py}, size)
			stand = append(stand, [4]float32{px - size*0.8, py - size, px + size*0.8, py})
		}
	}
	// They may hide each other, but no trees grow on them.
	for _, r := range stand {
		m.claim(r[0], r[1], r[2], r[3])
	}
}

// mountain draws one with its foot at p, about two sizes wide.
func (m *chart) mountain(p pt, size float32) {
	tall := size * m.r.span(0.95, 1.35)
	lean := m.r.span(-0.15, 0.15) * size
	wl, wr := size*m.r.span(0.85, 1.1), size*m.r.span(0.85, 1.15)
	top := pt{x: p.x + lean, y: p.y - tall}
	bump := func(from, to pt, n int, rough float32) []pt {
		out := []pt{from}
		for i := 1; i < n; i++ {
			t := float32(i) / float32(n)
			q := between(from, to, t)
			q.x += m.r.span(-1, 1) * rough
			q.y += m.r.span(-1, 1)*rough + size*0.12*sin(t*pi)
			out = append(out, q)
		}
		return append(out, to)
	}
	left := bump(pt{x: p.x - wl, y: p.y}, top, 6, size*0.045)
	right := bump(top, pt{x: p.x + wr, y: p.y}, 6, size*0.055)
	outline := append(append([]pt{}, left...), right[1:]...)
	m.s.fill(eraser(inkBrown), outline)
	m.s.fill(eraser(inkSea), outline)
	m.s.fill(paint(colour{222, 201, 160}, 225), outline)
	// The far side lies in shade.
	shade := append(append([]pt{}, right...), pt{x: p.x + wr*0.2, y: p.y}, pt{x: p.x + lean*0.4 + size*0.1, y: p.y - tall*0.45})
	m.s.fill(washed(colour{168, 128, 92}, 150), shade)
	for i := range left {
		left[i].r = size * 0.013 * (0.8 + 0.5*float32(i)/6)
	}
	for i := range right {
		right[i].r = size * 0.028 * (1.1 - 0.5*float32(i)/6)
	}
	m.s.stroke(ink(inkBrown), spline(left, 5)...)
	m.s.stroke(ink(inkBrown), spline(right, 5)...)
	// Hachures run down from the crest on the shaded side.
	n := int(6 + size/9)
	for i := range n {
		t := (float32(i) + 0.4) / float32(n)
		a := right[min(int(t*6), 5)]
		b := right[min(int(t*6)+1, 6)]
		from := between(a, b, fract(t*6))
		l := tall * (0.62 - 0.42*t) * m.r.span(0.7, 1.05)
		to := pt{x: from.x - l*0.30 + size*0.05, y: min(from.y+l*0.95, p.y-1), r: 0.3}
		mid := between(from, to, 0.5)
		mid.x += l * 0.10
		mid.r = size * 0.013
		from.r = size * 0.016
		m.s.stroke(ink(inkBrown), spline([]pt{from, mid, to}, 6)...)
	}
	// A few short ones on the light side.
	for range 3 {
		t := m.r.span(0.25, 0.85)
		from := between(left[0], left[6], t)
		from.x += size * 0.10
		from.y += size * 0.12
		from.r = size * 0.011
		to := from.add(pt{x: size * 0.06, y: size * 0.16})
		to.r = 0.3
		if to.y < p.y {
			m.s.stroke(ink(inkBrown), from, to)
		}
	}
}

// forests grow in patches away from the mountains.
func (m *chart) forests() {
	n := newNoise(78)
	const cell = 34
	for y := float32(mapEdge + 50); y < mapH-mapEdge-20; y += cell * 0.62 {
		for x := float32(mapEdge + 50); x < mapW-mapEdge-40; x += cell {
			px, py := x+m.r.span(-11, 11), y+m.r.span(-7, 7)
			k := n.fbm(px/900+7, py/900, 4, 0.5)
			if k < 0.26 || m.inland.at(px, py) < 40 || m.r.float() < 0.2 {
				continue
			}
			size := m.r.span(10, 15)
			if !m.free(px-size, py-size*2.4, px+size, py+3) {
				continue
			}
			m.tree(pt{x: px, y: py}, size)
		}
	}
}

// tree draws one with its foot at p; size is half the width of its crown.
func (m *chart) tree(p pt, size float32) {
	crown := pt{x: p.x, y: p.y - size*1.5}
	const lobes = 7
	var outline []pt
	spin := m.r.float() * tau
	for i := range lobes * 4 {
		a := tau * float32(i) / (lobes * 4)
		r := size * (0.86 + 0.16*abs(sin(a*lobes/2+spin)))
		q := crown.add(polar(a, r))
		q.y = crown.y + (q.y-crown.y)*1.08
		outline = append(outline, q)
	}
	m.s.fill(eraser(inkBrown), outline)
	m.s.fill(eraser(inkSea), outline)
	m.s.fill(paint(colour{142, 160, 98}, 235), outline)
	shade := crown.add(pt{x: size * 0.32, y: size * 0.22})
	m.s.disc(washed(colour{120, 130, 80}, 130), shade, size*0.62)
	for i := range outline {
		outline[i].r = 0.8 + 0.55*sin(tau*float32(i)/(lobes*4)-0.4)
	}
	outline = append(outline, outline[0])
	m.s.stroke(ink(inkBrown), outline...)
	m.s.stroke(ink(inkBrown), pt{p.x, p.y - size*0.45, 1.5}, pt{p.x + 0.5, p.y, 1.9})
	m.s.stroke(ink(inkBrown), pt{p.x - size*0.4, p.y + 0.5, 0.7}, pt{p.x + size*0.9, p.y + 1, 1})
	for i := range 3 {
		o := float32(i) * size * 0.26
		m.s.stroke(ink(inkBrown),
			pt{crown.x + size*0.72 - o*0.9, crown.y - size*0.3 + o, 0.9},
			pt{crown.x + size*0.4 - o*0.9, crown.y + size*0.05 + o, 0.5})
	}
}
