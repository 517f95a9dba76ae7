package demo

import "slices"

// life puts trees, roofs, boats, birds and seals into the landscape.
func (l *landscape) life() {
	near := l.layers[len(l.layers)-2:]
	for k, a := range near {
		for x := float32(480); x < scrollW-480; x += l.r.span(26, 120) {
			y := a.ridge[int(x)]
			if a.there[int(x)] < 0.8 || y < scrollEdge+200 || y > scrollH-scrollEdge-30 {
				continue
			}
			slope := a.ridge[int(x)+12] - a.ridge[int(x)-12]
			if abs(slope) > 22 || l.n.at(x/420, float32(k)*9) < -0.1 {
				continue
			}
			for range 1 + l.r.intn(3) {
				l.pine(pt{x: x + l.r.span(-20, 20), y: y + 6}, l.r.span(60, 130)*(0.7+0.4*float32(k)))
			}
		}
	}
	l.sun(pt{x: 6900, y: 420})
	l.boats()
	l.pavilions()
	for _, c := range []pt{{x: 2300, y: 380}, {x: 5200, y: 330}, {x: 7700, y: 470}} {
		for i := range 17 {
			side := float32(1 - 2*(i%2))
			d := float32(i/2) * 40
			l.bird(c.add(pt{x: d + l.r.span(-8, 8), y: side*d*0.42 + l.r.span(-8, 8)}), l.r.span(9, 14))
		}
	}
	l.inscription(pt{x: 640, y: 210})
	l.seal(pt{x: 470, y: 640}, 78)
	l.seal(pt{x: 8940, y: 1190}, 96)
	l.seal(pt{x: 8956, y: 1310}, 62)
}

// brush draws a stroke that swells in the middle.
func (l *landscape) brush(width float32, line ...pt) {
	line = spline(line, 4)
	for i := range line {
		t := float32(i) / float32(len(line)-1)
		line[i].r = width * (0.35 + 0.65*sin(t*pi)) * l.r.span(0.85, 1.1)
	}
	l.s.stroke(ink(inkBrush), line...)
}

// pine draws a tree with a bent trunk and flat clouds of needles.
func (l *landscape) pine(foot pt, tall float32) {
	lean := l.r.span(-0.35, 0.35)
	var trunk []pt
	for i := range 7 {
		t := float32(i) / 6
		q := foot.add(pt{x: tall * (lean*t + 0.10*sin(t*5+lean*9)), y: -tall * t})
		q.r = tall * 0.035 * (1.15 - t)
		trunk = append(trunk, q)
	}
	l.s.stroke(ink(inkBrush), spline(trunk, 4)...)
	for i := 2; i < 7; i++ {
		for _, side := range []float32{-1, 1} {
			if l.r.intn(5) == 0 {
				continue
			}
			from := trunk[i]
			reach := tall * (0.42 - 0.045*float32(i)) * l.r.span(0.6, 1.15)
			tip := from.add(pt{x: side * reach, y: -tall * l.r.span(-0.02, 0.06)})
			l.brush(tall*0.012, from, between(from, tip, 0.5).add(pt{y: tall * 0.03}), tip)
			for j := range 4 {
				c := between(from, tip, 0.35+0.22*float32(j))
				l.needles(c.add(pt{y: -tall * 0.02}), tall*0.085)
			}
		}
	}
	l.needles(trunk[6], tall*0.09)
}

// needles draws a fan of fine strokes.
func (l *landscape) needles(c pt, size float32) {
	for i := range 11 {
		a := -pi*0.04 - pi*0.92*float32(i)/10 + l.r.span(-0.1, 0.1)
		q := c.add(pt{x: cos(a) * size * 1.25, y: sin(a) * size * 0.62}.mul(l.r.span(0.8, 1.1)))
		q.r = 0.35
		l.s.stroke(ink(inkBrush), pt{c.x, c.y + size*0.1, 0.95}, q)
	}
}

// sun draws the evening sun, in seal red, behind thin mist.
func (l *landscape) sun(c pt) {
	for i := range 8 {
		l.s.disc(washed(colour{232, 120, 84}, uint8(22+6*i)), c, 96-float32(i)*2.4)
	}
}

// clear tells whether no near mountain covers a place.
func (l *landscape) clear(p pt, half float32) bool {
	for _, a := range l.layers {
		for x := p.x - half; x <= p.x+half; x += 8 {
			i := int(clamp(x, 0, scrollW-1))
			// Far ones may stand behind, if only their mist is here.
			if d := p.y + 30 - a.ridge[i]; a.there[i] > 0.05 && d > 0 && (a.rough > 0.6 || d < a.fade*1.3) {
				return false
			}
		}
	}
	return true
}

// boats float where the water is open.
func (l *landscape) boats() {
	var placed []pt
	for tries := 0; len(placed) < 9 && tries < 9000; tries++ {
		p := pt{x: l.r.span(700, scrollW-700), y: l.r.span(scrollH*0.62, scrollH-scrollEdge-70)}
		if !l.clear(p, 150) || slices.ContainsFunc(placed, func(q pt) bool { return q.sub(p).len() < 330 }) {
			continue
		}
		l.boat(p, l.r.span(46, 66)*(0.5+p.y/scrollH*0.7), pick(&l.r, float32(1), -1))
		placed = append(placed, p)
	}
	for range 260 {
		p := pt{x: l.r.span(500, scrollW-500), y: l.r.span(scrollH*0.6, scrollH-scrollEdge-20)}
		if l.clear(p, 90) {
			w := l.r.span(30, 130)
			l.brush(0.7, p.add(pt{x: -w}), p.add(pt{x: -w * 0.3, y: -3}), p.add(pt{x: w * 0.3, y: 2}), p.add(pt{x: w}))
		}
	}
}

// boat draws a fisherman in his boat.
func (l *landscape) boat(c pt, size, dir float32) {
	at := func(x, y, r float32) pt { return pt{c.x + x*size*dir, c.y + y*size, r * size} }
	hull := spline([]pt{at(-1.3, -0.22, 0), at(-0.7, 0.10, 0), at(0.5, 0.12, 0), at(1.4, -0.30, 0), at(0.5, -0.02, 0), at(-0.7, -0.03, 0), at(-1.3, -0.22, 0)}, 3)
	l.s.fill(ink(inkBrush), hull)
	roof := spline([]pt{at(-0.62, -0.04, 0), at(-0.5, -0.42, 0), at(0, -0.52, 0), at(0.36, -0.36, 0), at(0.42, -0.04, 0)}, 3)
	l.s.fill(washed(colour{120, 110, 96}, 210), roof)
	for i := range roof {
		roof[i].r = 0.022 * size
	}
	l.s.stroke(ink(inkBrush), roof...)
	for i := range 5 {
		x := -0.45 + 0.18*float32(i)
		l.s.stroke(ink(inkBrush), at(x, -0.44, 0.012), at(x+0.05, -0.06, 0.012))
	}
	l.s.stroke(ink(inkBrush), at(0.78, -0.06, 0.07), at(0.82, -0.30, 0.09), at(0.84, -0.44, 0.05))
	l.s.stroke(ink(inkBrush), at(0.66, -0.52, 0.02), at(0.84, -0.60, 0.05), at(1.02, -0.52, 0.02))
	l.s.stroke(ink(inkBrush), at(0.86, -0.36, 0.02), at(1.9, -1.0, 0.008))
	l.s.stroke(ink(inkBrush), at(1.9, -1.0, 0.006), at(1.95, 0.05, 0.006))
	for i := range 5 {
		y := 0.16 + 0.09*float32(i)
		w := 1.2 - 0.2*float32(i)
		l.s.stroke(ink(inkBrush), at(-w+l.r.span(-0.2, 0.2), y, 0.006), at(l.r.span(-0.2, 0.2), y+0.02, 0.012), at(w+l.r.span(-0.2, 0.2), y, 0.006))
	}
}

// pavilions stand on the gentle slopes of the near mountains.
func (l *landscape) pavilions() {
	placed := 0
	for tries := 0; placed < 8 && tries < 4000; tries++ {
		a := &l.layers[3+l.r.intn(3)]
		x := l.r.span(700, scrollW-700)
		y := a.ridge[int(x)]
		if a.there[int(x)] < 0.9 || y < 420 || y > scrollH-220 || abs(a.ridge[int(x)+30]-a.ridge[int(x)-30]) > 26 || !l.free(pt{x: x, y: y}, a) {
			continue
		}
		l.pavilion(pt{x: x, y: y + 8}, l.r.span(34, 52), 1+l.r.intn(3))
		placed++
	}
}

// free tells whether no layer in front of a hides a place.
func (l *landscape) free(p pt, a *layer) bool {
	for i := range l.layers {
		if b := &l.layers[i]; b.dark > a.dark && b.ridge[int(p.x)] < p.y+60 {
			return false
		}
	}
	return true
}

// pavilion draws a tower of curved roofs.
func (l *landscape) pavilion(c pt, size float32, floors int) {
	for f := range floors {
		k := size * (1 - 0.16*float32(f))
		y := c.y - float32(f)*size*1.05
		at := func(x, dy, r float32) pt { return pt{c.x + x*k, y + dy*k, r * k} }
		for _, x := range []float32{-0.7, -0.35, 0, 0.35, 0.7} {
			l.s.stroke(ink(inkBrush), at(x, 0, 0.028), at(x, -0.62, 0.028))
		}
		l.s.stroke(ink(inkBrush), at(-0.8, 0, 0.03), at(0.8, 0, 0.03))
		l.s.stroke(ink(inkBrush), at(-0.75, -0.2, 0.015), at(0.75, -0.2, 0.015))
		roof := spline([]pt{at(-1.2, -0.66, 0), at(-0.7, -0.74, 0), at(-0.25, -1.05, 0), at(0.25, -1.05, 0), at(0.7, -0.74, 0), at(1.2, -0.66, 0), at(0.6, -0.60, 0), at(-0.6, -0.60, 0), at(-1.2, -0.66, 0)}, 2)
		l.s.fill(ink(inkBrush), roof)
		l.s.stroke(ink(inkBrush), at(-1.2, -0.66, 0.03), at(-1.32, -0.78, 0.01))
		l.s.stroke(ink(inkBrush), at(1.2, -0.66, 0.03), at(1.32, -0.78, 0.01))
		if f == floors-1 {
			l.s.stroke(ink(inkBrush), at(0, -1.0, 0.04), at(0, -1.4, 0.02))
		}
	}
}

// bird draws one far away.
func (l *landscape) bird(c pt, size float32) {
	up := l.r.span(0.2, 0.6)
	l.brush(1.5, c.add(pt{x: -size, y: -size * up}), c.add(pt{x: -size * 0.4, y: -size * up * 0.9}), c)
	l.brush(1.5, c, c.add(pt{x: size * 0.5, y: -size * up * 0.9}), c.add(pt{x: size, y: -size * up * 0.7}))
}

// inscription writes a short poem from top to bottom.
func (l *landscape) inscription(at pt) {
	t := text{size: 22, nib: 0.24, slant: 0.1, spread: 0.1, angle: pi / 2, wobble: 0.06}
	for i, s := range []string{"montes in nebula", "aqua longa tacet", "una cymba redit"} {
		l.hand.write(l.s, ink(inkBrush), t, at.add(pt{x: -float32(i) * 64, y: float32(i) * 26}), s)
	}
}

// seal stamps a red seal with a maze of strokes.
func (l *landscape) seal(c pt, size float32) {
	l.s.fill(ink(inkSeal), rect(c.x, c.y, c.x+size, c.y+size, 0)[:4])
	cut := eraser(inkSeal)
	l.s.outline(cut, c.x+size*0.08, c.y+size*0.08, c.x+size*0.92, c.y+size*0.92, size*0.018)
	for col := range 2 {
		for row := range 2 {
			x, y := c.x+size*(0.16+0.37*float32(col)), c.y+size*(0.16+0.37*float32(row))
			w := size * 0.31
			for i := range 4 {
				d := w * (0.08 + 0.28*float32(i))
				l.s.stroke(cut, pt{x, y + d, size * 0.02}, pt{x + w, y + d, size * 0.02})
				if i < 3 {
					o := x + w*float32(l.r.intn(4))/3
					l.s.stroke(cut, pt{o, y + d, size * 0.02}, pt{o, y + d + w*0.28, size * 0.02})
				}
			}
		}
	}
}
