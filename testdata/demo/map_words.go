package demo

import "slices"

// title draws the cartouche where it covers the least land.
func (m *chart) title() {
	const w, h = 2500, 1240
	best, at := float32(1e12), pt{}
	for _, x := range []float32{mapEdge + 120, mapW - mapEdge - 120 - w} {
		for _, y := range []float32{mapEdge + 120, mapH - mapEdge - 120 - h} {
			var cost float32
			for i := range 400 {
				p := pt{x: x + w*float32(i%20)/20, y: y + h*float32(i/20)/20}
				if m.height.at(p.x, p.y) > 0 {
					cost++
				}
			}
			if !m.free(x, y, x+w, y+h) {
				cost += 1000
			}
			if cost < best {
				best, at = cost, pt{x: x, y: y}
			}
		}
	}
	x, y := at.x, at.y
	for _, plate := range []int{inkBrown, inkSea, inkRed} {
		m.s.fill(eraser(plate), rect(x, y, x+w, y+h, 0))
	}
	m.s.fill(washed(colour{120, 90, 60}, 90), rect(x+26, y+30, x+w+26, y+h+30, 0))
	m.s.fill(paint(colour{246, 233, 202}, 250), rect(x, y, x+w, y+h, 0))
	brown, red := ink(inkBrown), ink(inkRed)
	m.s.outline(brown, x, y, x+w, y+h, 7)
	m.s.outline(brown, x+22, y+22, x+w-22, y+h-22, 2.2)
	m.s.outline(red, x+78, y+78, x+w-78, y+h-78, 3.2)
	m.s.outline(brown, x+92, y+92, x+w-92, y+h-92, 1.6)
	for side := range 2 {
		for k := range 2 {
			// A garland between the rules.
			if side == 0 {
				n := 40
				for i := range n {
					m.leaf(pt{x: x + 50 + (w-100)*(float32(i)+0.5)/float32(n), y: y + 50 + float32(k)*(h-100)}, float32((i+k)%2)*pi, 26)
				}
			} else {
				n := 18
				for i := range n {
					m.leaf(pt{x: x + 50 + float32(k)*(w-100), y: y + 80 + (h-160)*(float32(i)+0.5)/float32(n)}, pi/2+float32(i%2)*pi, 26)
				}
			}
		}
	}
	mid := x + w/2
	m.hand.centred(m.s, red, text{size: 104, nib: 0.2, spread: 0.22}, pt{x: mid, y: y + 360}, "TABVLA NOVA")
	m.hand.centred(m.s, brown, text{size: 84, nib: 0.2, spread: 0.30}, pt{x: mid, y: y + 560}, "MARIS INTERNI")
	small := text{size: 50, slant: 0.12, spread: 0.05}
	m.hand.centred(m.s, brown, small, pt{x: mid, y: y + 710}, "cum insulis, portibus, montibus et silvis")
	m.hand.centred(m.s, brown, small, pt{x: mid, y: y + 810}, "accurate descripta et ornata")
	// A scale of miles.
	sx, sy, l := mid-700, y+950, float32(1400)
	for i := range 10 {
		a := sx + l*float32(i)/10
		if i%2 == 0 {
			m.s.fill(brown, rect(a, sy, a+l/10, sy+22, 0))
		}
	}
	m.s.outline(brown, sx, sy, sx+l, sy+22, 2)
	m.s.outline(brown, sx, sy+22, sx+l, sy+44, 2)
	for i, n := range []string{"0", "50", "100", "150", "200"} {
		m.hand.centred(m.s, brown, text{size: 32}, pt{x: sx + l*float32(i)/4, y: sy - 18}, n)
	}
	m.hand.centred(m.s, brown, text{size: 38, slant: 0.12, spread: 0.05}, pt{x: mid, y: sy + 122}, "Milliaria communia")
	m.claim(x-40, y-40, x+w+60, y+h+60)
}

// letterSeas names the seas and the countries, large and widely spaced.
func (m *chart) letterSeas() {
	seas := []string{"MARE INTERNVM", "SINVS BOREALIS", "FRETVM LVNAE", "SINVS CORALLI", "MARE PLACIDVM", "SINVS AMBRAE"}
	var named []pt
	for k, name := range seas {
		size := []float32{112, 74, 60, 60, 60, 52}[k]
		t := text{size: size, slant: 0.16, spread: 0.75}
		w := m.hand.width(t, name)
		var best float32
		var where pt
		for range 6000 {
			p := m.somewhere(w/2 + 60)
			d := float32(1e9)
			for i := range 9 {
				d = min(d, m.off.at(p.x+w*(float32(i)/8-0.5), p.y-size*0.7))
			}
			for _, q := range named {
				d = min(d, q.sub(p).len()*0.16)
			}
			if d > best && m.free(p.x-w/2, p.y-size*2, p.x+w/2, p.y+size*0.6) {
				best, where = d, p
			}
		}
		if best > size*0.7 {
			named = append(named, where)
			m.hand.centred(m.s, ink(inkSea), t, where, name)
			m.claim(where.x-w/2-30, where.y-size*2, where.x+w/2+30, where.y+size*0.7)
		}
	}
	for k := range m.seats {
		name := capitals(m.names.place(2))
		for size := float32(86); size > 34; size *= 0.86 {
			t := text{size: size, spread: 0.9}
			w := m.hand.width(t, name)
			best, where := float32(0), pt{}
			for range 9000 {
				p := m.somewhere(w/2 + 40)
				if int(m.id[int(p.y/mapStep)*m.height.w+int(p.x/mapStep)]) != k {
					continue
				}
				d := float32(1e9)
				for i := range 9 {
					d = min(d, m.bound.at(p.x+w*(float32(i)/8-0.5), p.y-size*0.7))
				}
				if d > best && m.free(p.x-w/2, p.y-size*1.8, p.x+w/2, p.y+size*0.5) {
					best, where = d, p
				}
			}
			if best > size*1.4 {
				m.hand.halo(m.s, t, where.add(pt{x: -w / 2}), name, inkSea)
				m.hand.centred(m.s, ink(inkBrown), t, where, name)
				m.claim(where.x-w/2-20, where.y-size*1.8, where.x+w/2+20, where.y+size*0.5)
				break
			}
		}
	}
}

// towns stand by the sea and by rivers, each with its name.
func (m *chart) towns() {
	var at []pt
	for tries := 0; len(at) < 420 && tries < 60000; tries++ {
		p := m.somewhere(120)
		d := m.inland.at(p.x, p.y)
		if d < 22 || d > 90 && tries%9 != 0 {
			continue
		}
		if slices.ContainsFunc(at, func(q pt) bool { return q.sub(p).len() < 190 }) {
			continue
		}
		rank := 2
		if len(at) < 60 {
			rank = 0
		} else if len(at) < 180 {
			rank = 1
		}
		size := []float32{30, 22, 16}[rank]
		t := text{size: size, slant: 0.13, spread: 0.06}
		name := m.names.place(2 + m.r.intn(2))
		w := m.hand.width(t, name)
		mark := []float32{30, 20, 12}[rank]
		if !m.free(p.x-mark-6, p.y-mark*1.6, p.x+mark+6, p.y+mark*0.6) {
			continue
		}
		// To the right, to the left, above, below.
		for _, q := range []pt{
			{x: p.x + mark + 10, y: p.y + size*0.3}, {x: p.x - mark - 10 - w, y: p.y + size*0.3},
			{x: p.x - w/2, y: p.y - mark*1.7}, {x: p.x - w/2, y: p.y + mark + size},
		} {
			if !inFrame(q, 20) || !inFrame(pt{x: q.x + w, y: q.y}, 20) || !m.free(q.x-6, q.y-size*1.6, q.x+w+6, q.y+size*0.6) {
				continue
			}
			m.hand.halo(m.s, t, q, name, inkBrown, inkSea)
			m.hand.write(m.s, ink(inkBrown), t, q, name)
			m.claim(q.x-12, q.y-size*1.8, q.x+w+12, q.y+size*0.8)
			m.claim(p.x-mark-6, p.y-mark*1.8, p.x+mark+6, p.y+mark*0.7)
			m.town(p, mark, rank)
			at = append(at, p)
			break
		}
	}
}

// town draws a little city: towers with red roofs, or a ring for a village.
func (m *chart) town(p pt, size float32, rank int) {
	brown := ink(inkBrown)
	if rank == 2 {
		m.s.disc(paint(colour{250, 240, 215}, 255), p, size*0.62)
		m.s.ring(brown, p, size*0.62, 1.4)
		m.s.disc(ink(inkRed), p, size*0.26)
		return
	}
	n := 3 - rank
	for i := -n + 1; i < n; i++ {
		x := p.x + float32(i)*size*0.42
		h := size * (1.15 - 0.3*abs(float32(i))) * m.r.span(0.85, 1.1)
		w := size * 0.2
		wall := rect(x-w, p.y-h, x+w, p.y, 1.3)
		m.s.fill(eraser(inkBrown), wall[:4])
		m.s.fill(paint(colour{248, 236, 208}, 255), wall[:4])
		m.s.stroke(brown, wall...)
		roof := []pt{{x - w*1.25, p.y - h, 1.3}, {x, p.y - h - size*0.55, 1.3}, {x + w*1.25, p.y - h, 1.3}}
		m.s.fill(paint(colour{188, 74, 50}, 255), roof)
		m.s.stroke(brown, append(roof, roof[0])...)
		m.s.stroke(brown, pt{x + w*0.5, p.y - h + 4, 1.2}, pt{x + w*0.5, p.y - 3, 1.2})
		m.s.stroke(brown, pt{x - w*0.3, p.y - h*0.5, 1.6}, pt{x - w*0.3, p.y - h*0.36, 1.6})
	}
	m.s.stroke(brown, pt{p.x - size*1.05, p.y, 1.8}, pt{p.x + size*1.05, p.y, 1.8})
}
