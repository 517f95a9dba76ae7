package demo

// scroll draws a vine that winds into a flower; a is where it starts on its
// circle and dir the sense.
func (p *page) scroll(c pt, radius, a, dir float32, stem float32) {
	const turns = 1.55
	var line []pt
	n := int(radius*turns*tau/14) + 12
	for i := range n + 1 {
		t := float32(i) / float32(n)
		q := c.add(polar(a+dir*tau*turns*t, radius*(1-0.74*t)))
		q.r = stem * (0.5 - 0.3*t)
		line = append(line, q)
	}
	p.vine(line)
	for i := 4; i < n-3; i += max(n/9, 3) {
		q := line[i]
		out := atan2(q.y-c.y, q.x-c.x)
		size := radius * (0.30 - 0.14*float32(i)/float32(n))
		p.ivy(q.add(polar(out+dir*0.5, size*0.5)), out+dir*0.6, size)
	}
	p.flower(c, radius*0.26)
}

// vine draws a stem with an outline.
func (p *page) vine(line []pt) {
	edge := make([]pt, len(line))
	for i, q := range line {
		edge[i] = pt{q.x, q.y, q.r + 1.4}
	}
	p.s.stroke(ink(inkText), edge...)
	p.s.stroke(eraser(inkText), line...)
	for i := 0; i+1 < len(line); i += 8 {
		p.s.stroke(paint(p.leaf(), 255), line[i:min(i+9, len(line))]...)
	}
	for i := range line {
		line[i].r *= 0.3
		if i > 0 {
			p.s.stroke(paint(colour{176, 206, 150}, 220), line[i-1], line[i])
		}
	}
}

// ivy draws a leaf of three lobes, in gold or a colour.
func (p *page) ivy(at pt, dir, size float32) {
	c := pick(&p.r, p.gold(), p.gold(), p.blue(), p.rose(), p.leaf())
	var out []pt
	for _, l := range [][2]float32{{-0.2, -0.16}, {0.05, -0.62}, {0.32, -0.68}, {0.44, -0.30}, {0.82, -0.28}, {1.12, 0}} {
		out = append(out, pt{x: l[0], y: l[1]})
	}
	for i := len(out) - 2; i >= 0; i-- {
		out = append(out, pt{x: out[i].x, y: -out[i].y})
	}
	out = append(out, out[0])
	shape := spline(out, 0.09)
	for i, q := range shape {
		q = at.add(q.turn(dir).mul(size))
		q.r = 1.1
		shape[i] = q
	}
	p.s.fill(eraser(inkText), shape)
	p.s.fill(paint(c, 255), shape)
	p.s.stroke(ink(inkText), shape...)
	tip := at.add(polar(dir, size*0.9))
	for i := range 3 {
		a := at.add(polar(dir, size*0.05))
		b := between(at.add(polar(dir+(float32(i)-1)*0.95, size*0.55)), tip, 0.15)
		a.r, b.r = size*0.024+0.5, 0.4
		p.s.stroke(paint(lerpColour(c, colour{255, 250, 230}, 0.7), 235), a, b)
	}
}

// flower draws a rosette.
func (p *page) flower(c pt, size float32) {
	petals := 5 + p.r.intn(4)
	col := pick(&p.r, p.rose(), p.blue(), colour{210, 120, 60})
	for ring := range 2 {
		for i := range petals {
			a := tau * (float32(i) + 0.5*float32(ring)) / float32(petals)
			r := size * []float32{1, 0.62}[ring]
			q := c.add(polar(a, r*0.62))
			k := lerpColour(col, colour{255, 244, 232}, []float32{0.25, 0}[ring])
			p.s.disc(eraser(inkText), q, r*0.42+1.2)
			p.s.disc(paint(k, 255), q, r*0.42)
			p.s.ring(ink(inkText), q, r*0.42, 0.9)
			p.s.disc(paint(lerpColour(k, colour{255, 250, 240}, 0.55), 255), q.add(polar(a, r*0.14)), r*0.18)
		}
	}
	p.s.disc(eraser(inkText), c, size*0.3)
	p.s.disc(paint(p.gold(), 255), c, size*0.26)
	p.s.ring(ink(inkText), c, size*0.26, 1)
}

// border fills the margins with vines around a bar of gold and colours.
func (p *page) border() {
	const x0, y0, x1, y1 = 440, 380, 2230, 3200
	line := ink(inkText)
	// The bars.
	for _, b := range [][4]float32{{x0 - 26, y0 - 26, x0, y1 + 26}, {x0 - 26, y1, x1 + 26, y1 + 26}, {x0 - 26, y0 - 26, x1 + 26, y0}, {x1, y0 - 26, x1 + 26, y1 + 26}} {
		p.s.fill(paint(p.gold(), 255), rect(b[0], b[1], b[2], b[3], 0)[:4])
		horizontal := b[2]-b[0] > b[3]-b[1]
		for i := range 14 {
			f, g := float32(i)/14, (float32(i)+0.72)/14
			c := []colour{p.blue(), p.rose()}[i%2]
			cell := rect(mix(b[0], b[2], f), b[1]+5, mix(b[0], b[2], g), b[3]-5, 0)
			if !horizontal {
				cell = rect(b[0]+5, mix(b[1], b[3], f), b[2]-5, mix(b[1], b[3], g), 0)
			}
			p.s.fill(paint(c, 255), cell[:4])
			a, z := cell[0], cell[2]
			for k := range 9 {
				q := between(a, z, (float32(k)+0.5)/9)
				if horizontal {
					q.y = (b[1] + b[3]) / 2
				} else {
					q.x = (b[0] + b[2]) / 2
				}
				p.s.disc(paint(colour{250, 244, 230}, 230), q, 2.6)
			}
			p.s.outline(line, cell[0].x, cell[0].y, cell[2].x, cell[2].y, 0.9)
		}
		p.s.outline(line, b[0], b[1], b[2], b[3], 2)
	}
	// Vines: a wave with a scroll in every bend.
	p.rinceau(pt{x: 235, y: 320}, pt{x: 235, y: 3640}, 150, 11)
	p.rinceau(pt{x: 420, y: 3470}, pt{x: 2640, y: 3470}, 170, 7)
	p.rinceau(pt{x: 2470, y: 3290}, pt{x: 2470, y: 300}, 150, 10)
	p.rinceau(pt{x: 420, y: 215}, pt{x: 2330, y: 215}, 120, 8)
}

// rinceau draws a scrolling vine from a to b with n bends.
func (p *page) rinceau(a, b pt, half float32, n int) {
	d := b.sub(a)
	long := d.len()
	dir := atan2(d.y, d.x)
	at := func(s, off float32) pt { return a.add(polar(dir, s)).add(polar(dir+pi/2, off)) }
	step := long / float32(n)
	var wave []pt
	for i := range int(long/10) + 1 {
		s := float32(i) * 10
		q := at(s, -half*0.82*cos(s/step*pi))
		q.r = 5
		wave = append(wave, q)
	}
	p.vine(wave)
	for i := range n {
		side := float32(1 - 2*(i%2))
		c := at((float32(i)+0.5)*step, 0)
		// It leaves the wave at the bend and winds the other way.
		p.scroll(c, min(half*0.66, step*0.40), dir-side*pi/2+0.3*side, side, 8)
		for _, o := range []float32{-0.16, 0.02, 0.2} {
			s := (float32(i) + o + 0.02) * step
			q := at(s, -half*0.82*cos(s/step*pi))
			out := dir - pi/2*side
			p.ivy(q.add(polar(out+o*2, 26)), out+o*2.4, p.r.span(24, 34))
		}
		// Gold pearls on hairlines fill the ground.
		for range 16 {
			q := at((float32(i)+p.r.float())*step, p.r.span(-1.08, 1.08)*half)
			e := q.add(polar(p.r.float()*tau, p.r.span(16, 30)))
			q.r, e.r = 0.9, 0.6
			p.s.stroke(ink(inkText), q, e)
			p.s.disc(eraser(inkText), q, 6)
			p.s.disc(paint(p.gold(), 255), q, 5.5)
			p.s.ring(ink(inkText), q, 5.5, 0.9)
		}
	}
}
