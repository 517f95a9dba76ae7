package demo

import "strconv"

// rect returns a rectangle's outline, closed, as a line of half width r.
func rect(x0, y0, x1, y1, r float32) []pt {
	return []pt{{x0, y0, r}, {x1, y0, r}, {x1, y1, r}, {x0, y1, r}, {x0, y0, r}}
}

// outline draws a rectangle.
func (s *sheet) outline(p pen, x0, y0, x1, y1, r float32) {
	c := rect(x0, y0, x1, y1, r)
	for i := range 4 {
		s.straight(p, c[i], c[i+1])
	}
}

// frame draws the margin: rules, degrees, numbers, corners.
func (m *chart) frame() {
	brown := ink(inkBrown)
	for _, e := range []struct{ inset, r float32 }{
		{mapEdge, 3.5}, {mapEdge - 34, 2.5}, {mapEdge - 112, 2.5}, {mapEdge - 124, 7}, {mapEdge - 196, 2}, {mapEdge - 214, 10},
	} {
		m.s.outline(brown, e.inset, e.inset, mapW-e.inset, mapH-e.inset, e.r)
	}
	// One degree is 236.8 pixels, so that both sides hold whole numbers.
	const degree = (mapW - 2*mapEdge) / 48.0
	t := text{size: 30, spread: 0.12}
	for i := range 48 {
		for side := range 4 {
			along := float32(mapW - 2*mapEdge)
			if side%2 == 1 {
				along = mapH - 2*mapEdge
			}
			// From the corner, along the side; q is the distance from the neat line.
			at := func(a, q float32) pt {
				switch side {
				case 0:
					return pt{x: mapEdge + a, y: mapEdge - q}
				case 1:
					return pt{x: mapW - mapEdge + q, y: mapEdge + a}
				case 2:
					return pt{x: mapEdge + a, y: mapH - mapEdge + q}
				}
				return pt{x: mapEdge - q, y: mapEdge + a}
			}
			from, to := float32(i)*degree, min(float32(i+1)*degree, along)
			if from >= along-1 {
				continue
			}
			if i%2 == 0 {
				m.s.fill(brown, []pt{at(from, 4), at(to, 4), at(to, 31), at(from, 31)})
			}
			for k := range 10 {
				a := from + degree*float32(k)/10
				if a > along {
					break
				}
				l := float32(46)
				if k == 5 {
					l = 54
				}
				if k == 0 {
					l = 110
				}
				p, q := at(a, 36), at(a, l)
				p.r, q.r = 1.6, 1.6
				m.s.stroke(brown, p, q)
			}
			if to-from > degree*0.6 {
				label := strconv.Itoa(12 + i)
				if side%2 == 1 {
					label = strconv.Itoa(58 - i)
				}
				c := at(from+degree*0.5, 82)
				if side%2 == 0 {
					m.hand.centred(m.s, brown, t, pt{x: c.x, y: c.y + 17}, label+"°")
				} else {
					t := t
					t.angle = pi / 2 * float32(2-side) // feet towards the map
					c = c.add(polar(t.angle+pi/2, 17))
					m.hand.centred(m.s, brown, t, c, label+"°")
				}
			}
		}
	}
	// A running ornament between the outer rules.
	const band = mapEdge - 160
	for side := range 4 {
		long := float32(mapW - 2*band)
		if side%2 == 1 {
			long = mapH - 2*band
		}
		n := int(long/96+0.5) / 2 * 2
		step := long / float32(n)
		corner := []pt{{x: band, y: band}, {x: mapW - band, y: band}, {x: mapW - band, y: mapH - band}, {x: band, y: mapH - band}}[side]
		dir := pi / 2 * float32(side)
		for i := 1; i < n; i++ {
			c := corner.add(polar(dir, step*float32(i)))
			m.leaf(c, dir+float32(i%2)*pi, step*0.46)
		}
		m.s.disc(ink(inkRed), corner, 24)
		m.s.ring(brown, corner, 30, 3)
	}
}

// leaf draws a small ornament of the border.
func (m *chart) leaf(c pt, dir, size float32) {
	at := func(x, y, r float32) pt { q := c.add(pt{x: x, y: y}.turn(dir)); q.r = r; return q }
	stem := spline([]pt{at(-size, 0, 1.6), at(-size*0.4, -size*0.42, 2.4), at(size*0.4, -size*0.1, 2.6), at(size*0.45, size*0.28, 2), at(size*0.12, size*0.26, 3.6)}, 5)
	m.s.stroke(ink(inkBrown), stem...)
	m.s.stroke(ink(inkBrown), spline([]pt{at(-size*0.3, -size*0.4, 1), at(-size*0.1, -size*0.1, 5), at(-size*0.34, size*0.3, 0.6)}, 4)...)
	m.s.stroke(ink(inkBrown), spline([]pt{at(size*0.3, -size*0.16, 1), at(size*0.75, -size*0.42, 4.6), at(size, -size*0.2, 0.6)}, 4)...)
	m.s.disc(ink(inkRed), at(-size*0.72, size*0.26, 0), 6)
}

// rose draws a compass of 32 points.
func (m *chart) rose(c pt, size float32) {
	for _, plate := range []int{inkBrown, inkSea} {
		m.s.disc(eraser(plate), c, size*1.2)
	}
	m.s.disc(paint(colour{246, 234, 206}, 190), c, size*0.74)
	brown := ink(inkBrown)
	for _, r := range []struct{ at, w float32 }{{0.74, 3}, {0.70, 1.6}, {0.50, 1.6}, {0.47, 3}, {0.16, 3}} {
		m.s.ring(brown, c, size*r.at, r.w)
	}
	for i := range 128 {
		a := tau * float32(i) / 128
		l := float32(0.715)
		if i%4 == 0 {
			l = 0.68
		}
		p, q := c.add(polar(a, size*0.70)), c.add(polar(a, size*l+size*0.03))
		p.r, q.r = 1.2, 1.2
		m.s.stroke(brown, p, q)
	}
	star := func(n int, offset, long, waist float32, dark, light pen) {
		for i := range n {
			a := tau*float32(i)/float32(n) + offset
			tip := c.add(polar(a, size*long))
			half := tau / float32(2*n)
			l, r := c.add(polar(a-half, size*waist)), c.add(polar(a+half, size*waist))
			m.s.fill(eraser(inkBrown), []pt{tip, l, c, r})
			m.s.fill(light, []pt{tip, l, c})
			m.s.fill(dark, []pt{tip, r, c})
			for _, q := range []pt{l, r} {
				tip.r, q.r = 1.6, 1.6
				m.s.stroke(brown, tip, q)
			}
			m.s.stroke(brown, pt{tip.x, tip.y, 1.2}, pt{c.x, c.y, 1.2})
		}
	}
	pale := paint(colour{250, 241, 216}, 255)
	star(16, tau/32, 0.66, 0.30, washed(colour{120, 90, 60}, 200), pale)
	star(8, tau/16, 0.80, 0.24, paint(colour{70, 116, 112}, 255), pale)
	star(4, tau/8, 0.86, 0.20, paint(colour{176, 66, 44}, 255), pale)
	star(4, 0, 1.0, 0.17, paint(colour{52, 34, 24}, 255), paint(colour{222, 176, 84}, 255))
	m.s.disc(paint(colour{222, 176, 84}, 255), c, size*0.07)
	m.s.ring(brown, c, size*0.07, 3)
	t := text{size: size * 0.085, nib: 0.2}
	for i, l := range []string{"OR", "ME", "OC"} {
		a := pi / 2 * float32(i)
		m.hand.centred(m.s, brown, t, c.add(polar(a, size*1.11)).add(pt{y: size * 0.06}), l)
	}
	// A lily for the north.
	n := c.add(pt{y: -size * 1.03})
	lily := func(sign float32) []pt {
		return spline([]pt{{n.x, n.y, 2}, {n.x + sign*size*0.05, n.y - size*0.10, size * 0.016}, {n.x + sign*size*0.11, n.y - size*0.10, size * 0.012}, {n.x + sign*size*0.10, n.y - size*0.04, 2}}, 4)
	}
	m.s.stroke(ink(inkRed), lily(1)...)
	m.s.stroke(ink(inkRed), lily(-1)...)
	m.s.stroke(ink(inkRed), spline([]pt{{n.x, n.y, 2}, {n.x, n.y - size*0.1, size * 0.026}, {n.x, n.y - size*0.2, 1}}, 4)...)
	m.s.stroke(ink(inkRed), pt{n.x - size*0.06, n.y - size*0.02, 4}, pt{n.x + size*0.06, n.y - size*0.02, 4})
	m.claim(c.x-size*1.15, c.y-size*1.25, c.x+size*1.15, c.y+size*1.15)
}

// rhumbs draws the lines of the winds from the roses, which lie on the open sea.
func (m *chart) rhumbs() {
	var centres []pt
	for len(centres) < 3 {
		best, where := float32(0), pt{}
		for range 4000 {
			p := m.somewhere(620)
			d := m.off.at(p.x, p.y)
			for _, q := range centres {
				d = min(d, q.sub(p).len()*0.22)
			}
			if d > best {
				best, where = d, p
			}
		}
		centres = append(centres, where)
	}
	for k, c := range centres {
		for i := range 32 {
			d := polar(tau*float32(i)/32, 1)
			end := m.toFrame(c, d)
			r := float32(1.1)
			if i%8 == 0 {
				r = 1.7
			}
			if k > 0 && i%2 == 1 {
				continue
			}
			m.s.straight(ink(inkSea), pt{c.x, c.y, r}, pt{end.x, end.y, r})
		}
	}
	for k, c := range centres {
		m.rose(c, []float32{560, 340, 260}[k])
	}
}

// toFrame follows a direction from a point to the frame.
func (m *chart) toFrame(c, d pt) pt {
	t := float32(1e9)
	if d.x > 1e-4 {
		t = min(t, (mapW-mapEdge-c.x)/d.x)
	} else if d.x < -1e-4 {
		t = min(t, (mapEdge-c.x)/d.x)
	}
	if d.y > 1e-4 {
		t = min(t, (mapH-mapEdge-c.y)/d.y)
	} else if d.y < -1e-4 {
		t = min(t, (mapEdge-c.y)/d.y)
	}
	return c.add(d.mul(t))
}
