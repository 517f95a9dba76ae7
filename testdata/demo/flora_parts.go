package demo

import "strconv"

// grow puts the plant together, from the back to the front.
func (p *plant) grow() {
	green := colour{112, 142, 70}
	foot := pt{x: 1480, y: 3360, r: 34}
	head := pt{x: 1560, y: 1090, r: 24}
	main := []pt{foot, {1440, 2860, 31}, {1500, 2300, 29}, {1460, 1720, 26}, {1500, 1300, 25}, head}
	p.roots(pt{x: foot.x, y: foot.y - 30, r: foot.r})
	// Branches with a bud and a second flower.
	left := []pt{{1470, 2080, 17}, {1240, 1880, 16}, {950, 1560, 15}, {820, 1240, 14}}
	right := []pt{{1480, 2480, 17}, {1760, 2280, 16}, {2080, 2060, 15}, {2290, 1830, 14}}
	p.stalk(green, right...)
	p.stalk(green, left...)
	for _, l := range []struct{ x, y, dir, size, bend float32 }{
		{1180, 1820, 2.75, 520, 0.35}, {1800, 2240, 0.55, 560, 0.4}, {2110, 2030, -0.95, 430, 0.2}, {930, 1530, 3.5, 420, -0.3},
	} {
		a := pt{l.x, l.y, 7}
		b := a.add(polar(l.dir, 90))
		b.r = 6
		p.stalk(green, a, between(a, b, 0.5).add(pt{y: 14}), b)
		p.leaf(b, l.dir, l.size, l.bend)
	}
	p.stalk(green, main...)
	for _, l := range []struct{ x, y, dir, size, bend float32 }{
		{1436, 2960, 2.72, 860, 0.4}, {1450, 2840, 0.42, 880, -0.35}, {1480, 2470, 3.25, 760, -0.35},
		{1470, 1900, -0.30, 640, 0.35}, {1470, 1560, 3.5, 500, -0.3}, {1490, 1400, -0.55, 400, 0.3},
	} {
		a := pt{l.x, l.y, 12}
		b := a.add(polar(l.dir, 150))
		b.r = 10
		p.stalk(green, a, between(a, b, 0.5).add(pt{y: 22}), b)
		p.leaf(b, l.dir, l.size, l.bend)
	}
	p.bud(pt{x: 2290, y: 1830}, -1.0, 190)
	p.sepals(pt{x: 820, y: 1240}, 300)
	p.flower(pt{x: 800, y: 1170}, 440, 0.78, -0.35, 17)
	p.sepals(head, 500)
	p.flower(pt{x: 1580, y: 980}, 700, 0.90, 0.15, 21)
}

// sepals are the green leaves behind a flower.
func (p *plant) sepals(at pt, size float32) {
	for i := range 16 {
		a := tau * float32(i) / 16
		p.blade(at.add(polar(a, size*0.5)), a, size*0.8, size*0.10)
	}
}

// blade draws a narrow pointed leaf.
func (p *plant) blade(at pt, dir, long, wide float32) {
	var line []pt
	const n = 14
	for i := range 2 * n {
		t, sign := float32(i)/n, float32(1)
		if i >= n {
			t, sign = 2-t, -1
		}
		q := at.add(polar(dir+0.15*t*t, long*t)).add(polar(dir+pi/2, sign*wide*pow(sin(pow(t, 0.6)*pi), 0.8)))
		q.r = 1.2
		line = append(line, q)
	}
	p.s.fill(eraser(inkLine), line)
	p.s.fill(eraser(inkVein), line)
	p.s.fill(paint(colour{196, 212, 140}, 255), line)
	p.wash(colour{140, 170, 92}, 100, 5, line, at, 0.8)
	p.s.stroke(ink(inkLine), append(line, line[0])...)
	for _, f := range []float32{-0.4, 0, 0.4} {
		e := at.add(polar(dir+0.14, long*0.88)).add(polar(dir+pi/2, f*wide*0.3))
		p.pressed(ink(inkVein), 1.2, at.add(polar(dir+pi/2, f*wide)), between(at, e, 0.5).add(polar(dir+pi/2, f*wide*1.3)), e)
	}
}

// bud draws a closed flower.
func (p *plant) bud(at pt, dir, size float32) {
	for i := range 7 {
		f := (float32(i) - 3) / 3
		p.petal(func(a, r float32) pt { return at.add(polar(dir+a, r)) }, f*0.34, size*0.2, size*(1.55-0.15*abs(f)), 0, 9)
	}
	for _, i := range []int{0, 6, 1, 5, 2, 4, 3} {
		f := (float32(i) - 3) / 3
		p.blade(at.add(polar(dir+pi/2, f*size*0.34)), dir+f*0.42, size*(1.15-0.1*abs(f)), size*0.20)
	}
}

// roots branch from the foot of the stem.
func (p *plant) roots(at pt) {
	var grow func(at pt, dir, r float32, depth int)
	grow = func(at pt, dir, r float32, depth int) {
		line := []pt{at}
		for range 7 + p.r.intn(4) {
			dir += p.r.span(-0.38, 0.38)
			dir = mix(dir, pi/2, 0.06)
			at = at.add(polar(dir, p.r.span(16, 30)))
			r *= 0.86
			at.r = r
			line = append(line, at)
			if depth < 3 && p.r.intn(3) == 0 {
				grow(at, dir+pick(&p.r, float32(-1), 1)*p.r.span(0.5, 1), r*0.7, depth+1)
			}
			if at.y > floraH-470 || r < 0.7 {
				break
			}
		}
		line = spline(line, 5)
		edge := make([]pt, len(line))
		for i, q := range line {
			edge[i] = pt{q.x, q.y, q.r + 1.3}
		}
		p.s.stroke(ink(inkLine), edge...)
		p.s.stroke(eraser(inkLine), line...)
		for i := 1; i < len(line); i++ {
			p.s.stroke(paint(lerpColour(colour{214, 186, 138}, colour{176, 140, 96}, float32(i%5)/5), 255), line[i-1], line[i])
		}
	}
	for i := range 13 {
		f := (float32(i) - 6) / 6
		grow(pt{at.x + f*22, at.y, 12 - 5*abs(f)}, pi/2-f*1.15, 13-5*abs(f), 0)
	}
}

// figures draws details beside the plant: a seed head, a petal, seeds.
func (p *plant) figures() {
	line := ink(inkLine)
	label := func(at pt, n int) {
		p.hand.centred(p.s, line, text{size: 26, slant: 0.12}, at, "Fig. "+strconv.Itoa(n))
	}
	petal := pt{x: 2560, y: 2720}
	p.petal(func(a, r float32) pt { return petal.add(polar(a-pi/2+0.2, r)) }, 0, 20, 400, 0.06, 17)
	label(petal.add(pt{y: 70}), 1)
	p.leaf(pt{x: 480, y: 820}, -1.9, 300, 0.3)
	label(pt{x: 470, y: 890}, 2)
	for i := range 9 {
		c := pt{x: 2450 + float32(i%3)*110 + p.r.span(-8, 8), y: 3190 + float32(i/3)*120}
		dir := -pi/2 + p.r.span(-0.3, 0.3)
		var seed []pt
		for j := range 40 {
			a := tau * float32(j) / 40
			q := polar(a, 1)
			q = pt{x: q.x * 44, y: q.y * (20 - 7*q.x), r: 1.2 + 0.7*max(0, sin(a))}
			seed = append(seed, pt{c.x + q.turn(dir).x, c.y + q.turn(dir).y, q.r})
		}
		p.s.fill(paint(colour{92, 68, 46}, 255), seed)
		p.wash(colour{84, 60, 40}, 120, 4, seed, c.add(pt{x: 6, y: 4}), 0.8)
		for j := -2; j <= 2; j++ {
			a := c.add(pt{x: -36, y: float32(j) * 5}.turn(dir))
			b := c.add(pt{x: 36, y: float32(j) * 2.5}.turn(dir))
			mid := c.add(pt{y: float32(j) * 7}.turn(dir))
			mid.r, a.r, b.r = 1.6, 0.6, 0.6
			p.s.stroke(paint(colour{214, 196, 160}, 190), spline([]pt{a, mid, b}, 8)...)
		}
		p.s.stroke(line, append(seed, seed[0])...)
	}
	label(pt{x: 2560, y: 3550}, 3)
	// A scale.
	p.s.stroke(line, pt{2420, 3610, 1.6}, pt{2700, 3610, 1.6})
	for i := range 6 {
		x := 2420 + float32(i)*56
		p.s.stroke(line, pt{x, 3610, 1.4}, pt{x, 3598, 1.4})
	}
}
