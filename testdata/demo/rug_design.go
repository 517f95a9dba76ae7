package demo

// design draws a quarter of the carpet; the middle is the upper left corner.
func (g *rug) design() {
	const (
		w, h           = quarterX * rugScale, quarterY * rugScale
		outer          = 12  // selvage
		guard          = 40  // narrow borders
		main           = 176 // the wide one
		fieldX, fieldY = w - outer - 2*guard - main, h - outer - 2*guard - main
	)
	// Each stripe of the border runs along the side and the end.
	stripe := func(dye int, from, to float32) {
		g.s.fill(g.dye(dye), []pt{
			{x: w - from, y: -10}, {x: w - from, y: h - from}, {x: -10, y: h - from},
			{x: -10, y: h - to}, {x: w - to, y: h - to}, {x: w - to, y: -10},
		})
	}
	g.s.fill(g.dye(dyeRed), rect(-10, -10, w, h, 0)[:4])
	g.field(fieldX, fieldY)
	g.spandrel(fieldX, fieldY)
	g.medallion()
	edge := float32(0)
	for _, e := range []struct {
		dye  int
		wide float32
	}{
		{dyeDark, outer}, {dyeGold, 4}, {dyeCream, guard - 8}, {dyeNavy, 4}, {dyeRed, 4},
		{dyeNavy, main - 4}, {dyeGold, 4}, {dyeTeal, guard - 8}, {dyeCream, 4},
	} {
		stripe(e.dye, edge, edge+e.wide)
		edge += e.wide
	}
	g.guard(w-outer-guard/2, h-outer-guard/2, guard, dyeRed, dyeNavy)
	g.guard(w-outer-guard*1.5-main, h-outer-guard*1.5-main, guard, dyeCream, dyeGold)
	g.border(w-outer-guard-main/2, h-outer-guard-main/2, main)
}

func (g *rug) dye(k int) pen { return paint(g.yarn[k], 255) }

// rosette draws a round flower of rings.
func (g *rug) rosette(c pt, r float32, petals int, dyes ...int) {
	for i, d := range dyes {
		k := r * (1 - float32(i)/float32(len(dyes))*0.92)
		var line []pt
		for j := range 96 {
			a := tau * float32(j) / 96
			wave := float32(1)
			if i%2 == 0 {
				wave = 0.86 + 0.16*abs(cos(a*float32(petals)/2))
			}
			line = append(line, c.add(polar(a, k*wave)))
		}
		g.s.fill(g.dye(d), line)
	}
}

// palmette draws a fan-shaped flower that looks in a direction.
func (g *rug) palmette(c pt, dir, r float32, dyes ...int) {
	for i, d := range dyes {
		k := 1 - float32(i)/float32(len(dyes))*0.86
		var line []pt
		for j := range 65 {
			t := float32(j)/32 - 1 // -1 … 1 around the fan
			rad := r * k * (0.80 + 0.22*abs(cos(t*4.5*pi/2))) * (1.06 - 0.30*t*t)
			line = append(line, c.add(polar(dir+t*2.35, rad)))
		}
		line = append(line, c.add(polar(dir+pi, r*k*0.66)))
		g.s.fill(g.dye(d), line)
	}
	for _, side := range []float32{-1, 1} {
		g.saz(c.add(polar(dir+side*2.1, r*0.92)), dir+side*0.5, r*0.95, side*0.7, dyeOlive, dyeGold)
	}
}

// saz draws a long curved leaf.
func (g *rug) saz(at pt, dir, long, bend float32, dye, rib int) {
	var line, mid []pt
	const n = 20
	for i := range 2 * n {
		t, side := float32(i)/n, float32(1)
		if i >= n {
			t, side = 2-t, -1
		}
		a := dir + bend*t
		half := long * 0.17 * pow(sin(pow(t, 0.7)*pi), 0.8)
		line = append(line, at.add(polar(a, long*t)).add(polar(a+pi/2, side*half)))
		if i < n {
			q := at.add(polar(a, long*t*0.9))
			q.r = 2
			mid = append(mid, q)
		}
	}
	g.s.fill(g.dye(dye), line)
	g.s.stroke(g.dye(rib), mid...)
}

// vine draws a stem.
func (g *rug) vine(dye int, half float32, line ...pt) {
	line = spline(line, 4)
	for i := range line {
		line[i].r = half
	}
	g.s.stroke(g.dye(dye), line...)
}

// guard draws the pattern of a narrow border whose middle is at x and y.
func (g *rug) guard(x, y, width float32, a, b int) {
	const step = 32
	motif := func(c pt, i int, dir float32) {
		g.rosette(c, width*0.30, 4, []int{a, b}[i%2], dyeGold, []int{b, a}[i%2])
		for _, s := range []float32{-1, 1} {
			q := c.add(polar(dir, step/2*0.98))
			g.s.fill(g.dye([]int{b, a}[i%2]), []pt{q.add(polar(dir, 5)), q.add(polar(dir+pi/2, s*9)), q.add(polar(dir, -5))})
		}
	}
	nx, ny := int(x/step+0.5), int(y/step+0.5)
	for i := range ny {
		motif(pt{x: x, y: y * (float32(i)) / float32(ny)}, i, pi/2)
	}
	for i := range nx {
		motif(pt{x: x * float32(i) / float32(nx), y: y}, i, 0)
	}
	g.rosette(pt{x: x, y: y}, width*0.36, 4, a, dyeGold, b)
}

// border draws palmettes and rosettes on a waving vine.
func (g *rug) border(x, y, width float32) {
	run := func(long float32, n int, at func(s, off float32) pt, dir float32) {
		step := long / float32(n)
		var wave []pt
		for i := range int(long/4) + 2 {
			s := float32(i) * 4
			wave = append(wave, at(s, width*0.33*sin(s/step*pi)))
		}
		g.vine(dyeGold, 3, wave...)
		for i := range n {
			s := (float32(i) + 0.5) * step
			side := float32(1 - 2*(i%2))
			out := dir + pi/2*side
			// Leaves and buds along the vine.
			for _, o := range []float32{-0.34, 0.34} {
				g.saz(at(s+o*step*0.6, -side*width*0.10), out+pi-o*1.5, width*0.42, -o*2.6, []int{dyeTeal, dyeOlive}[i%2], dyeCream)
				g.saz(at(s+o*step*0.9, side*width*0.28), out+o*3.4, width*0.30, o*2.6, dyeTeal, dyeGold)
				g.rosette(at(s+o*step*1.25, -side*width*0.33), width*0.085, 5, dyeCream, dyeRose, dyeGold)
				g.rosette(at(s+o*step*1.0, side*width*0.40), width*0.06, 5, dyeGold, dyeRed)
			}
			g.palmette(at(s, width*0.15*side), out+pi, width*0.27, dyeCream, dyeRed, dyeRose, dyeGold, dyeNavy)
		}
		for i := range n + 1 {
			g.rosette(at(float32(i)*step, 0), width*0.20, 8, dyeGold, dyeTeal, dyeCream, dyeRed, dyeGold)
		}
	}
	run(y, 6, func(s, off float32) pt { return pt{x: x + off, y: s} }, pi/2)
	run(x, 4, func(s, off float32) pt { return pt{x: s, y: y - off} }, 0)
	g.rosette(pt{x: x, y: y}, width*0.40, 12, dyeGold, dyeRed, dyeCream, dyeTeal, dyeGold, dyeNavy)
}

// field fills the ground with scrolls and flowers, in a net of rows.
func (g *rug) field(w, h float32) {
	const sx, sy = 78, 92
	for j := range int(h/sy) + 2 {
		for i := range int(w/sx) + 2 {
			c := pt{x: float32(i)*sx + float32(j%2)*sx/2, y: float32(j) * sy}
			if c.x > w-18 || c.y > h-18 {
				continue
			}
			d := float32(1 - 2*((i+j)%2))
			for k := range 4 {
				a := pi/4 + pi/2*float32(k)
				g.vine(dyeGold, 2.1, c, c.add(polar(a+0.5*d, 20)), c.add(polar(a, 42)), c.add(polar(a-0.35*d, 50)))
				g.saz(c.add(polar(a, 20)), a+0.8*d, 36, -d*0.9, []int{dyeTeal, dyeOlive}[(i+k)%2], dyeGold)
			}
			switch (i + 2*j) % 3 {
			case 0:
				g.rosette(c, 20, 6, dyeCream, dyeNavy, dyeGold)
			case 1:
				g.rosette(c, 18, 5, dyeSky, dyeCream, dyeRed)
			default:
				g.palmette(c, -pi/2+pi*float32(j%2), 20, dyeCream, dyeRose, dyePlum)
			}
		}
	}
}

// lobed returns a medallion's outline with scallops.
func lobed(c pt, rx, ry float32, lobes int, depth float32) []pt {
	var line []pt
	for i := range 360 {
		a := tau * float32(i) / 360
		k := 1 - depth*(1-abs(cos(a*float32(lobes)/2)))
		line = append(line, c.add(pt{x: cos(a) * rx * k, y: sin(a) * ry * k}))
	}
	return line
}

// medallion draws the great star in the middle with its pendant.
func (g *rug) medallion() {
	c := pt{}
	pendant := pt{y: 508}
	g.vine(dyeCream, 5, pt{y: 380}, pt{y: 560})
	for i, d := range []int{dyeCream, dyeNavy, dyeGold, dyeTeal} {
		o := float32(i) * 9
		g.s.fill(g.dye(d), lobed(pendant, 78-o, 62-o, 8, 0.16))
	}
	g.rosette(pendant, 26, 6, dyeCream, dyeRed, dyeGold)
	for _, p := range []pt{{y: 600}} {
		g.palmette(p, pi/2, 34, dyeCream, dyeTeal, dyeGold, dyeNavy)
	}
	for i, d := range []int{dyeCream, dyeDark, dyeGold, dyeNavy} {
		o := []float32{0, 6, 14, 20}[i]
		g.s.fill(g.dye(d), lobed(c, 330-o, 430-o, 16, 0.10))
	}
	// Flowers on the blue.
	for i := range 33 {
		a := pi / 2 * float32(i) / 16
		k := float32(0.80)
		if i%2 == 1 {
			k = 0.70
		}
		q := pt{x: cos(a) * 320 * k, y: sin(a) * 420 * k}
		if i%2 == 0 {
			g.palmette(q, atan2(q.y, q.x), 26, dyeCream, dyeRed, dyeGold, dyeRose)
		} else {
			g.rosette(q, 15, 6, dyeGold, dyeCream, dyeRed)
		}
	}
	for i, d := range []int{dyeGold, dyeDark, dyeCream, dyeRed} {
		o := []float32{0, 5, 10, 22}[i]
		g.s.fill(g.dye(d), lobed(c, 205-o, 270-o, 12, 0.13))
	}
	for i := range 17 {
		a := pi / 2 * float32(i) / 8
		q := pt{x: cos(a) * 148, y: sin(a) * 198}
		g.vine(dyeGold, 1.8, pt{x: cos(a) * 80, y: sin(a) * 110}, pt{x: cos(a+0.16) * 118, y: sin(a+0.16) * 158}, q)
		g.rosette(q, 17, 6, dyeCream, dyeTeal, dyeGold)
		g.saz(pt{x: cos(a+0.2) * 120, y: sin(a+0.2) * 160}, a+1.2, 36, -0.9, dyeTeal, dyeCream)
	}
	for i, d := range []int{dyeCream, dyeDark, dyeTeal} {
		o := []float32{0, 5, 12}[i]
		g.s.fill(g.dye(d), lobed(c, 112-o, 146-o, 8, 0.18))
	}
	g.rosette(c, 78, 16, dyeCream, dyeRed, dyeGold, dyeNavy, dyeCream, dyeRed, dyeGold)
}

// spandrel draws the quarter medallion in the corner of the field.
func (g *rug) spandrel(w, h float32) {
	c := pt{x: w, y: h}
	for i, d := range []int{dyeCream, dyeDark, dyeGold, dyeTeal} {
		o := []float32{0, 6, 13, 19}[i]
		var line []pt
		for k := range 91 {
			a := pi + pi/2*float32(k)/90
			s := 1 - 0.12*(1-abs(cos((a-pi)*8)))
			line = append(line, c.add(pt{x: cos(a) * (255 - o) * s, y: sin(a) * (330 - o) * s}))
		}
		g.s.fill(g.dye(d), append(line, c))
	}
	for i := range 9 {
		a := pi + pi/2*(float32(i)+0.5)/9
		q := c.add(pt{x: cos(a) * 192, y: sin(a) * 256})
		g.palmette(q, a, 22, dyeCream, dyeRose, dyeRed, dyeGold)
	}
	for i := range 6 {
		a := pi + pi/2*(float32(i)+0.5)/6
		q := c.add(pt{x: cos(a) * 128, y: sin(a) * 172})
		g.vine(dyeGold, 1.8, c.add(pt{x: cos(a) * 70, y: sin(a) * 90}), q)
		g.rosette(q, 18, 6, dyeGold, dyeCream, dyeNavy)
		g.saz(c.add(pt{x: cos(a) * 92, y: sin(a) * 120}), a+0.7, 40, -0.8, dyeOlive, dyeCream)
	}
	var line []pt
	for k := range 46 {
		a := pi + pi/2*float32(k)/45
		line = append(line, c.add(pt{x: cos(a) * 88, y: sin(a) * 112}))
	}
	g.s.fill(g.dye(dyeCream), append(line, c))
	g.rosette(c, 82, 12, dyeRed, dyeGold, dyeNavy, dyeCream, dyeRed)
}
