package demo

// ships sail where there is room on the sea, and a serpent swims.
func (m *chart) ships() {
	placed := 0
	for tries := 0; placed < 13 && tries < 9000; tries++ {
		p := m.somewhere(300)
		size := m.r.span(120, 190)
		if m.off.at(p.x, p.y) < size*1.15 || !m.free(p.x-size*1.2, p.y-size*1.5, p.x+size*1.2, p.y+size*0.6) {
			continue
		}
		if placed%4 == 3 {
			m.serpent(p, size)
		} else {
			m.ship(p, size, pick(&m.r, float32(1), -1))
		}
		m.claim(p.x-size*3, p.y-size*2.4, p.x+size*3, p.y+size*1.6)
		placed++
	}
}

// ship draws a three-master under sail; dir is 1 when it sails to the right.
func (m *chart) ship(c pt, size, dir float32) {
	k := size / 100
	at := func(x, y, r float32) pt { return pt{c.x + x*k*dir, c.y - y*k, r * k} }
	brown := ink(inkBrown)
	shape := func(fill pen, line ...pt) {
		line = spline(line, 4)
		for _, plate := range []int{inkBrown, inkSea} {
			m.s.fill(eraser(plate), line)
		}
		m.s.fill(fill, line)
		m.s.stroke(brown, append(line, line[0])...)
	}
	// Masts, then sails over them, then the hull.
	for _, mast := range []struct{ x, h float32 }{{-58, 92}, {0, 128}, {54, 100}} {
		m.s.stroke(brown, at(mast.x, 0, 2.2), at(mast.x, mast.h, 1.2))
		top := mast.h
		m.s.fill(ink(inkRed), []pt{at(mast.x, top+2, 0), at(mast.x+22, top+10, 0), at(mast.x+14, top+12, 0), at(mast.x+26, top+17, 0), at(mast.x, top+18, 0)})
		m.s.stroke(brown, at(mast.x, top, 1), at(mast.x, top+19, 0.8))
		for row := range 2 {
			w, y0, y1 := float32(27), mast.h*0.30, mast.h*0.64
			if row == 1 {
				w, y0, y1 = 19, mast.h*0.70, mast.h*0.95
			}
			if mast.x == 0 {
				w *= 1.2
			}
			sail := []pt{
				at(mast.x-w, y1, 0.8), at(mast.x, y1+2, 0.8), at(mast.x+w, y1, 0.8), at(mast.x+w+9, (y0+y1)/2, 0.8),
				at(mast.x+w+2, y0, 0.9), at(mast.x, y0+5, 0.9), at(mast.x-w-2, y0, 0.9), at(mast.x-w+10, (y0+y1)/2, 0.8), at(mast.x-w, y1, 0.8),
			}
			shape(paint(colour{250, 241, 218}, 255), sail...)
			m.s.stroke(brown, at(mast.x-w-3, y1+1, 1.2), at(mast.x+w+3, y1+1, 1.2))
			for i := range 8 {
				f := float32(i) / 8
				y := mix(y0+3, y1-3, f)
				m.s.stroke(brown, at(mast.x+w*0.45+6*sin(f*pi), y, 0.55), at(mast.x+w*0.92+8*sin(f*pi), y-1, 0.3))
			}
		}
	}
	m.s.stroke(brown, at(66, 12, 1.8), at(118, 44, 1))
	for _, l := range [][4]float32{{-58, 88, -86, 24}, {0, 122, -52, 12}, {0, 122, 50, 12}, {54, 96, 112, 42}, {54, 96, 0, 12}, {-58, 88, 0, 14}} {
		m.s.stroke(brown, at(l[0], l[1], 0.45), at(l[2], l[3], 0.45))
	}
	shape(paint(colour{176, 124, 74}, 255),
		at(-92, 34, 1.3), at(-70, 30, 1.3), at(-60, 15, 1.3), at(30, 11, 1.3), at(58, 16, 1.3), at(84, 22, 1.3),
		at(70, -6, 1.5), at(48, -22, 1.6), at(-62, -22, 1.6), at(-84, -2, 1.5), at(-92, 34, 1.3))
	for i := range 4 {
		y := 5 - float32(i)*7
		m.s.stroke(brown, spline([]pt{at(-80+float32(i)*5, y+7, 0.6), at(-20, y, 0.7), at(68-float32(i)*6, y+4, 0.6)}, 5)...)
	}
	for i := range 7 {
		m.s.fill(brown, rect(at(-50+float32(i)*16, 0, 0).x-2.4*k, c.y-4*k, at(-50+float32(i)*16, 0, 0).x+2.4*k, c.y+1*k, 0)[:4])
	}
	m.foam(c, k, 118)
}

// foam draws waves under something that swims.
func (m *chart) foam(c pt, k, half float32) {
	for row := range 4 {
		y := c.y + (20+float32(row)*8)*k
		for x := -half + float32(row)*10; x < half-float32(row)*8; x += 22 {
			o := c.x + (x+float32(row%2)*11)*k
			m.s.stroke(ink(inkSea), spline([]pt{{o - 10*k, y, 0.4 * k}, {o - 4*k, y - 4*k, 1 * k}, {o + 4*k, y + 1*k, 1 * k}, {o + 10*k, y - 2*k, 0.4 * k}}, 3)...)
		}
	}
}

// serpent draws a sea monster: a head, three coils and a tail.
func (m *chart) serpent(c pt, size float32) {
	k := size / 100
	at := func(x, y, r float32) pt { return pt{c.x + x*k, c.y - y*k, r * k} }
	brown, green := ink(inkBrown), paint(colour{112, 140, 104}, 255)
	coil := func(line ...pt) {
		line = spline(line, 3)
		grow := make([]pt, len(line))
		for i, p := range line {
			grow[i] = pt{p.x, p.y, p.r + 1.6*k}
		}
		m.s.stroke(eraser(inkSea), grow...)
		m.s.stroke(brown, grow...)
		m.s.stroke(eraser(inkBrown), line...)
		m.s.stroke(green, line...)
		// Scales across the back, fins on it.
		for i := 2; i+2 < len(line); i += 2 {
			d := line[i+1].sub(line[i-1])
			n := pt{x: -d.y, y: d.x}.mul(1 / (d.len() + 0.001))
			a, b := line[i].add(n.mul(line[i].r*0.9)), line[i].add(n.mul(-line[i].r*0.2))
			a.r, b.r = 0.7*k, 0.4*k
			m.s.stroke(brown, a, b)
			if i%6 == 2 {
				n = n.mul(-1)
				e := line[i].add(n.mul(line[i].r + 7*k))
				e.r = 0.5 * k
				f := line[i].add(n.mul(line[i].r))
				f.r = 2 * k
				m.s.stroke(ink(inkRed), f, e)
			}
		}
	}
	coil(at(-112, -16, 2), at(-120, 20, 3), at(-104, 34, 2), at(-96, 52, 1))
	coil(at(-86, -16, 8), at(-66, 26, 10), at(-42, -16, 8))
	coil(at(-30, -16, 10), at(-4, 40, 13), at(22, -16, 10))
	coil(at(38, -16, 11), at(56, 34, 12), at(72, 66, 10), at(96, 74, 9), at(118, 64, 6))
	m.s.disc(paint(colour{250, 240, 210}, 255), at(100, 78, 0), 4*k)
	m.s.disc(brown, at(101, 78, 0), 2*k)
	m.s.stroke(ink(inkRed), spline([]pt{at(122, 62, 1.4), at(136, 60, 1), at(142, 66, 0.5)}, 3)...)
	m.s.stroke(brown, at(84, 84, 2.4), at(78, 98, 0.6))
	m.s.stroke(brown, at(92, 84, 2.4), at(92, 100, 0.6))
	m.foam(c.add(pt{y: -6 * k}), k, 112)
}
