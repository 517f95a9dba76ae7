package demo

// A botanical plate: a plant with its leaves, flowers and roots, washed and
// outlined, on cream paper.
const (
	floraW, floraH = 3000, 4200

	inkLine = 0 // outlines
	inkVein = 1 // veins, greenish
)

type plant struct {
	s    *sheet
	r    rng
	hand *hand
}

func drawFlora() *art {
	p := &plant{s: newSheet(floraW, floraH), r: rng{31}, hand: newHand()}
	sheetPaper := newPaper(floraW, floraH, 4, colour{250, 244, 226}, colour{206, 178, 126}, 1, 1)
	p.frame()
	p.grow()
	p.figures()
	return &art{w: floraW, h: floraH, plates: 2, paint: func(b *band) {
		sheetPaper.lay(b)
		p.s.draw(b)
		b.print(inkVein, colour{72, 96, 44}, 190)
		b.print(inkLine, colour{54, 44, 30}, 225)
	}}
}

func (p *plant) frame() {
	line := ink(inkLine)
	p.s.outline(line, 150, 150, floraW-150, floraH-150, 4)
	p.s.outline(line, 168, 168, floraW-168, floraH-168, 1.4)
	p.hand.centred(p.s, line, text{size: 62, slant: 0.12, spread: 0.10}, pt{x: floraW / 2, y: floraH - 330}, "Heliodora serena L.")
	p.hand.centred(p.s, line, text{size: 26, spread: 0.35}, pt{x: floraW / 2, y: floraH - 236}, "CLASSIS XIX · ORDO III")
	p.hand.write(p.s, line, text{size: 22, slant: 0.12, spread: 0.05}, pt{x: 190, y: floraH - 104}, "Vitrina del. et sculp.")
	t := text{size: 30, slant: 0.1}
	w := p.hand.width(t, "Tab. XLII")
	p.hand.write(p.s, line, t, pt{x: floraW - 230 - w, y: 270}, "Tab. XLII")
}

// wash lays glazes of one colour, one over the other, each nearer to the heart
// of the shape: deep there and pale at the rim.
func (p *plant) wash(c colour, alpha uint8, layers int, outline []pt, heart pt, depth float32) {
	for i := range layers {
		k := 1 - depth*float32(i)/float32(layers)
		line := make([]pt, len(outline))
		for j, q := range outline {
			line[j] = between(heart, q, k)
		}
		p.s.fill(washed(c, alpha), line)
	}
}

// pressed draws a line that swells in the middle.
func (p *plant) pressed(to pen, width float32, line ...pt) {
	line = spline(line, 6)
	for i := range line {
		t := float32(i) / float32(len(line)-1)
		line[i].r = width * (0.35 + 0.65*sin(t*pi))
	}
	p.s.stroke(to, line...)
}

// leaf draws a toothed heart-shaped leaf from its stalk's end.
func (p *plant) leaf(at pt, dir, size, bend float32) {
	mid := func(t float32) pt { return at.add(polar(dir+bend*t, size*t)) }
	wide := func(t float32) float32 {
		return size * 0.46 * pow(sin(pow(t, 0.62)*pi), 0.85) * (1 - 0.25*t)
	}
	side := func(sign float32) (line []pt) {
		const n = 64
		for i := range n + 1 {
			t := float32(i) / n
			tooth := 1 + 0.06*(1-fract(t*15)*2)*smooth(0.03, 0.15, t)*smooth(1, 0.9, t)
			q := mid(t - 0.10*sin(pow(t, 0.4)*pi)*(1-t))
			line = append(line, q.add(polar(dir+bend*t*1.5+sign*pi/2, wide(t)*tooth)))
		}
		return line
	}
	left, right := side(-1), side(1)
	outline := append([]pt{}, left...)
	for i := len(right) - 1; i >= 0; i-- {
		outline = append(outline, right[i])
	}
	p.s.fill(eraser(inkLine), outline)
	p.s.fill(eraser(inkVein), outline)
	p.s.fill(paint(colour{214, 222, 160}, 255), outline)
	p.wash(colour{176, 200, 120}, 44, 14, outline, mid(0.3), 0.95)
	// One half lies in shade.
	half := append(append([]pt{}, right...), mid(1), mid(0.5), mid(0))
	p.wash(colour{120, 156, 84}, 38, 10, half, mid(0.4), 0.7)
	const veins = 9
	for _, sign := range []float32{-1, 1} {
		edge := left
		if sign > 0 {
			edge = right
		}
		for i := range veins {
			t := 0.02 + 0.86*float32(i)/veins
			from := mid(t)
			to := between(mid(t), edge[min(int((t+0.20-0.08*t)*64), 63)], 0.94)
			turn := between(from, to, 0.5).add(polar(dir+bend*t, -size*0.035))
			// The glaze is darker under each vein.
			band := to.add(polar(dir, size*0.028))
			p.s.fill(washed(colour{140, 172, 96}, 110), spline([]pt{from, turn, to, band, between(from, band, 0.5), from}, 12))
			p.pressed(ink(inkVein), 2.0, from, turn, to)
			for j := range 6 {
				f := 0.2 + 0.13*float32(j)
				a := between(between(from, turn, f), between(turn, to, f), f)
				b := a.add(polar(dir+bend*t+sign*0.25+p.r.span(-0.2, 0.2), size*0.07))
				p.pressed(ink(inkVein), 0.8, a, between(a, b, 0.5).add(polar(dir+sign*pi/2, 3)), b)
			}
		}
	}
	p.pressed(ink(inkVein), 4.5, mid(0), mid(0.35), mid(0.7), mid(0.98))
	for i, line := range [][]pt{left, right} {
		for j := range line {
			line[j].r = 1.3 + 1.1*float32(i) + 0.5*p.r.float()
		}
		p.s.stroke(ink(inkLine), line...)
	}
}

// stalk draws a stem through the points.
func (p *plant) stalk(c colour, line ...pt) []pt {
	line = spline(line, 8)
	p.s.stroke(eraser(inkLine), line...)
	p.s.stroke(eraser(inkVein), line...)
	for i := 0; i+1 < len(line); i += 12 {
		part := line[i:min(i+13, len(line))]
		p.s.stroke(paint(lerpColour(c, colour{236, 236, 190}, 0.35), 255), part...)
		dark := make([]pt, len(part))
		for j, q := range part {
			dark[j] = pt{q.x + q.r*0.45, q.y + q.r*0.1, q.r * 0.5}
		}
		p.s.stroke(paint(c, 150), dark...)
	}
	for _, sign := range []float32{-1, 1} {
		edge := make([]pt, len(line))
		for i, q := range line {
			d := line[min(i+1, len(line)-1)].sub(line[max(i-1, 0)])
			n := pt{x: -d.y, y: d.x}.mul(sign * q.r / (d.len() + 0.001))
			edge[i] = q.add(n)
			edge[i].r = 1.3
			if n.x > 0 {
				edge[i].r = 2.2
			}
			if i%3 == 0 && i > 3 && p.r.intn(2) == 0 { // hairs
				h := edge[i].add(n.mul(p.r.span(0.5, 1.1) / (q.r + 0.01) * 9))
				h.r = 0.4
				b := edge[i]
				b.r = 0.8
				p.s.stroke(ink(inkLine), b, h)
			}
		}
		p.s.stroke(ink(inkLine), edge...)
	}
	return line
}

// flower draws one seen from the front, flattened and turned.
func (p *plant) flower(at pt, size, flat, tilt float32, petals int) {
	place := func(a, r float32) pt {
		q := polar(a, r)
		q.y *= flat
		return at.add(q.turn(tilt))
	}
	for layer := range 3 {
		long := size * []float32{1, 0.95, 0.80}[layer]
		off := tau / float32(petals) * []float32{0, 0.5, 0.25}[layer]
		for i := range petals {
			a := tau*float32(i)/float32(petals) + off + p.r.span(-0.04, 0.04)
			l := long * p.r.span(0.92, 1.06)
			p.petal(place, a, size*0.20, l, p.r.span(-0.10, 0.10), petals)
		}
	}
	// The heart: seeds in spirals of the golden angle.
	const seeds = 620
	heart := make([]pt, 60)
	for i := range heart {
		heart[i] = place(tau*float32(i)/60, size*0.335)
	}
	p.s.fill(eraser(inkLine), heart)
	p.s.fill(eraser(inkVein), heart)
	p.s.fill(paint(colour{126, 84, 40}, 255), heart)
	p.wash(colour{110, 70, 34}, 120, 6, heart, place(0.8, size*0.1), 0.9)
	for i := seeds; i > 0; i-- {
		t := sqrt(float32(i) / seeds)
		q := place(float32(i)*2.399963, size*0.33*t)
		r := size * (0.0065 + 0.0055*t)
		c := lerpColour(colour{96, 110, 40}, colour{70, 38, 18}, smooth(0.2, 0.75, t))
		if t > 0.8 {
			c = lerpColour(c, colour{222, 160, 50}, (t-0.8)*4)
		}
		p.s.disc(paint(colour{46, 28, 14}, 200), q.add(pt{x: r * 0.3, y: r * 0.35}), r*1.08)
		p.s.disc(paint(c, 255), q, r)
		p.s.disc(paint(lerpColour(c, colour{255, 236, 170}, 0.55), 220), q.add(pt{x: -r * 0.3, y: -r * 0.35}), r*0.38)
	}
}

// petal draws one from radius r0 to r1 along angle a.
func (p *plant) petal(place func(a, r float32) pt, a, r0, r1, twist float32, petals int) {
	w := 1.25 / float32(petals) * pi
	var outline []pt
	const n = 22
	for i := range 2 * n {
		t := float32(i) / n
		sign := float32(1)
		if i >= n {
			t, sign = 2-t, -1
		}
		half := w * pow(sin(clamp(pow(t, 0.8), 0, 1)*pi), 0.7) * (0.85 - 0.1*t)
		wave := 0.03 * w * sin(t*14+a*3)
		outline = append(outline, place(a+sign*half+twist*t*t+wave, mix(r0, r1, t)))
	}
	p.s.fill(eraser(inkLine), outline)
	p.s.fill(eraser(inkVein), outline)
	p.s.fill(paint(colour{252, 218, 96}, 255), outline)
	p.wash(colour{248, 190, 60}, 42, 13, outline, place(a, r0), 0.92)
	// A shadow at the foot, and a glow on one side.
	p.wash(colour{226, 136, 50}, 44, 10, outline[:n/2+1], place(a+w*0.3, r0), 0.6)
	foot := append(append([]pt{}, outline[:7]...), outline[2*n-7:]...)
	p.wash(colour{214, 130, 56}, 40, 7, foot, place(a, r0), 0.75)
	for j := -3; j <= 3; j++ {
		f := float32(j) / 3.6
		var line []pt
		for i := 1; i <= 8; i++ {
			t := float32(i) / 8 * (0.97 - 0.18*abs(f))
			half := w * pow(sin(pow(t, 0.8)*pi), 0.7) * 0.8
			q := place(a+f*half+twist*t*t, mix(r0, r1, t))
			q.r = 1.1*(1-t) + 0.35
			line = append(line, q)
		}
		for i := 1; i < len(line); i++ {
			p.s.stroke(paint(colour{184, 104, 36}, 150), line[i-1], line[i])
		}
	}
	for i := range outline {
		outline[i].r = 0.9 + 0.9*p.r.float()
	}
	outline = append(outline, outline[0])
	p.s.stroke(ink(inkLine), outline...)
}
