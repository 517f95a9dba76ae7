package demo

import (
	"strconv"
	"strings"
)

// The chart of the heavens: a planisphere, gold and white on blue.
const (
	skySize   = 4096
	skyRadius = 1500

	inkGold = 0
	inkStar = 1
	inkPale = 2
)

type heavens struct {
	s     *sheet
	r     rng
	n     *noise
	hand  *hand
	c     pt
	stars []pt // placed so far, with their sizes
}

func drawSky() *art {
	k := &heavens{s: newSheet(skySize, skySize), r: rng{5}, n: newNoise(6), hand: newHand(), c: pt{x: skySize / 2, y: skySize / 2}}
	glow := newGrid(skySize, skySize, 8, func(x, y float32) float32 {
		d := pt{x: x, y: y}.sub(k.c).len() / skyRadius
		v := 0.50 - 0.20*d + 0.22*k.n.fbm(x/900, y/900, 5, 0.55)
		if d < 1 {
			v += 0.55 * k.milk(pt{x: x, y: y}) * (0.7 + 0.6*k.n.fbm(x/260, y/260, 4, 0.6))
		} else {
			v -= 0.16
		}
		return clamp(v, 0, 1)
	})
	k.grid()
	k.rings()
	k.constellations()
	k.field()
	k.corners()
	ramp := [256]colour{}
	for i := range ramp {
		t := float32(i) / 255
		ramp[i] = lerpColour(lerpColour(colour{6, 14, 38}, colour{16, 42, 92}, min(t*2, 1)), colour{74, 112, 160}, max(t*2-1, 0))
	}
	return &art{w: skySize, h: skySize, plates: 3, paint: func(b *band) {
		row := b.rows[0]
		for y := range b.h {
			glow.row(b.y0+y, row)
			px := b.line(y)
			grain := b.art.tex.paper[((y+b.y0)&(tile-1))*tile:][:tile]
			for x, v := range row {
				c := ramp[uint8(v*255)]
				g := int(grain[x&(tile-1)]) / 3
				px[4*x], px[4*x+1], px[4*x+2] = byteOfInt(int(c[0])+g), byteOfInt(int(c[1])+g), byteOfInt(int(c[2])+g)
			}
		}
		k.s.draw(b)
		b.cover(inkPale, colour{150, 176, 206})
		b.cover(inkGold, colour{222, 184, 106})
		b.cover(inkStar, colour{255, 248, 226})
	}}
}

// milk is how much of the Milky Way lies at a point.
func (k *heavens) milk(p pt) float32 {
	q := p.sub(k.c).mul(1.0 / skyRadius).turn(0.7)
	q.y += 0.28*q.x*q.x - 0.1 + 0.12*k.n.fbm(q.x*3, q.y*3+40, 4, 0.5)
	w := 0.15 + 0.05*k.n.at(q.x*4, 9)
	rift := 1 - 0.75*exp(-(q.y-0.03)*(q.y-0.03)*900)*smooth(-0.2, 0.3, q.x)
	return exp(-q.y*q.y/(w*w)) * rift
}

// grid draws circles of declination, hours and the ecliptic.
func (k *heavens) grid() {
	pale, gold := ink(inkPale), ink(inkGold)
	for i := 1; i <= 8; i++ {
		r := float32(0.6)
		if i == 4 {
			r = 1.3
		}
		k.s.ring(pale, k.c, skyRadius*float32(i)/9, r)
	}
	for i := range 24 {
		a := tau * float32(i) / 24
		from := float32(skyRadius / 9)
		if i%6 == 0 {
			from = 0
		}
		p, q := k.c.add(polar(a, from)), k.c.add(polar(a, skyRadius))
		p.r, q.r = 0.6, 0.6
		k.s.straight(pale, p, q)
	}
	e := k.c.add(polar(-pi/2, skyRadius*0.225))
	k.s.ring(gold, e, skyRadius*0.70, 2.2)
	k.s.ring(gold, e, skyRadius*0.685, 1)
	for i := range 180 {
		a := tau * float32(i) / 180
		l := float32(0.692)
		if i%15 == 0 {
			l = 0.72
		}
		p, q := e.add(polar(a, skyRadius*0.685)), e.add(polar(a, skyRadius*l))
		p.r, q.r = 1, 1
		k.s.stroke(gold, p, q)
	}
}

// rings draws the graduated border of the disc.
func (k *heavens) rings() {
	gold := ink(inkGold)
	for _, r := range []struct{ at, w float32 }{{1, 4}, {1.012, 1.4}, {1.05, 1.4}, {1.115, 1.6}, {1.125, 4}, {1.205, 1.4}, {1.218, 5}, {1.232, 1.4}} {
		k.s.ring(gold, k.c, skyRadius*r.at, r.w)
	}
	for i := range 720 {
		a := tau * float32(i) / 720
		l := float32(1.024)
		if i%2 == 0 {
			l = 1.034
		}
		if i%10 == 0 {
			l = 1.05
		}
		p, q := k.c.add(polar(a, skyRadius*1.012)), k.c.add(polar(a, skyRadius*l))
		p.r, q.r = 1.1, 1.1
		k.s.stroke(gold, p, q)
	}
	t := text{size: 26, spread: 0.15}
	for i := range 36 {
		k.hand.round(k.s, gold, t, k.c, skyRadius*1.069, tau*float32(i)/36-pi/2, false, strconv.Itoa(i*10)+"°")
	}
	months := strings.Fields("IANVARIVS FEBRVARIVS MARTIVS APRILIS MAIVS IVNIVS IVLIVS AVGVSTVS SEPTEMBER OCTOBER NOVEMBER DECEMBER")
	t = text{size: 42, nib: 0.19, spread: 0.55}
	for i, m := range months {
		a := tau*(float32(i)+0.5)/12 - pi/2
		k.hand.round(k.s, gold, t, k.c, skyRadius*1.145, a, false, m)
		k.star(k.c.add(polar(a+tau/24, skyRadius*1.165)), 22, 8)
	}
}

// star draws one star with rays on the given plate.
func (k *heavens) star(p pt, size float32, rays int) {
	var line []pt
	for i := range rays * 2 {
		r := size
		if i%2 == 1 {
			r = size * 0.30
		} else if i%4 == 2 && rays > 5 {
			r = size * 0.72
		}
		line = append(line, p.add(polar(pi*float32(i)/float32(rays)-pi/2, r)))
	}
	k.s.fill(ink(inkStar), line)
}

// room tells whether a star of a size may stand at p, and keeps the place.
func (k *heavens) room(p pt, size, gap float32) bool {
	for _, q := range k.stars {
		if dx, dy := q.x-p.x, q.y-p.y; dx*dx+dy*dy < (size+q.r+gap)*(size+q.r+gap) {
			return false
		}
	}
	k.stars = append(k.stars, pt{p.x, p.y, size})
	return true
}

// constellations draws figures of bright stars joined by lines, with names.
func (k *heavens) constellations() {
	names := strings.Fields("VRSA DRACO LYRA CYGNVS AQVILA CORONA HERCVLES PERSEVS AVRIGA LEO VIRGO LIBRA " +
		"SCORPIVS GEMINI TAVRVS ARIES PISCES CANCER CETVS ORION LEPVS HYDRA CORVVS CRATER DELPHINVS " +
		"PEGASVS ANDROMEDA CEPHEVS LYNX VVLPES SAGITTA SCVTVM NAVIS CERVVS PHOENIX PAVO GRVS COLVMBA " +
		"LVPVS ARA HARPA CAMELVS FELIX TRIANGVLVM")
	var centres []pt
	for tries := 0; len(centres) < len(names) && tries < 20000; tries++ {
		p := k.c.add(polar(k.r.float()*tau, skyRadius*sqrt(k.r.float())*0.90))
		ok := p.sub(k.c).len() > 190
		for _, q := range centres {
			ok = ok && q.sub(p).len() > 322
		}
		if ok {
			centres = append(centres, p)
		}
	}
	// Names first; they keep their places free of stars.
	for i, c := range centres {
		k.name(c, names[i])
	}
	for _, c := range centres {
		k.constellation(c)
	}
}

// name writes a constellation's name along the circle outside its figure.
func (k *heavens) name(c pt, name string) {
	v := c.sub(k.c)
	a := atan2(v.y, v.x)
	t := text{size: 20, nib: 0.19, spread: 0.5}
	r := v.len() + 92
	k.hand.round(k.s, ink(inkGold), t, k.c, r+32*max(0, sin(a))/max(abs(sin(a)), 0.001), a, sin(a) > 0, name)
	half := k.hand.width(t, name) / 2
	for x := -half; x <= half; x += 22 {
		q := k.c.add(polar(a+x/r, r+16))
		k.stars = append(k.stars, pt{q.x, q.y, 20})
	}
}

func (k *heavens) constellation(c pt) {
	var stars []pt
	v := c.sub(k.c)
	out := atan2(v.y, v.x)
	want := 5 + k.r.intn(6)
	for tries := 0; len(stars) < want && tries < 400; tries++ {
		q := polar(k.r.float()*tau, sqrt(k.r.float()))
		p := c.add(pt{x: q.x*112 - 38, y: q.y * 165}.turn(out))
		size := pick(&k.r, float32(22), 17, 15, 12, 12, 9)
		if p.sub(k.c).len() < skyRadius*0.965 && k.room(p, size, 22) {
			p.r = size
			stars = append(stars, p)
		}
	}
	// The shortest tree through the stars, and one loop at times.
	in := []pt{stars[0]}
	left := append([]pt{}, stars[1:]...)
	for len(left) > 0 {
		best, a, b := float32(1e9), pt{}, 0
		for _, p := range in {
			for j, q := range left {
				if d := p.sub(q).len(); d < best {
					best, a, b = d, p, j
				}
			}
		}
		q := left[b]
		d := q.sub(a).mul(1 / best)
		from, to := a.add(d.mul(a.r+7)), q.add(d.mul(-q.r-7))
		from.r, to.r = 1.4, 1.4
		k.s.straight(ink(inkGold), from, to)
		in = append(in, q)
		left = append(left[:b], left[b+1:]...)
	}
	small := text{size: 11, slant: 0.12}
	for i, p := range stars {
		k.star(p, p.r, []int{8, 6, 6, 5}[min(int(23-p.r)/4, 3)])
		if p.r > 16 {
			k.s.ring(ink(inkGold), p, p.r+6, 0.9)
		}
		k.hand.write(k.s, ink(inkPale), small, p.add(pt{x: p.r + 9, y: -6}), string(rune('a'+i)))
	}
}

// field strews faint stars, and the dust of the Milky Way.
func (k *heavens) field() {
	for range 2600 {
		p := k.c.add(polar(k.r.float()*tau, skyRadius*0.985*sqrt(k.r.float())))
		size := 2 + 6*pow(k.r.float(), 4)
		if k.room(p, size, 10) {
			if size > 5 {
				k.star(p, size*1.7, 4)
			} else {
				k.s.disc(ink(inkStar), p, size*0.75)
			}
		}
	}
	for range 90000 {
		p := k.c.add(polar(k.r.float()*tau, skyRadius*0.99*sqrt(k.r.float())))
		m := k.milk(p)
		if k.r.float() < m*m*(0.6+0.8*k.n.fbm(p.x/130, p.y/130, 3, 0.5)) {
			k.s.disc(ink(pick(&k.r, inkPale, inkPale, inkStar)), p, 0.5+0.9*pow(k.r.float(), 3))
		}
	}
}

// corners draws the sun, the moon, a comet and a great star.
func (k *heavens) corners() {
	gold := ink(inkGold)
	const near, far = 340, skySize - 340
	for i, p := range []pt{{x: near, y: near}, {x: far, y: near}, {x: far, y: far}, {x: near, y: far}} {
		for range 80 {
			q := p.add(pt{x: k.r.bell() * 170, y: k.r.bell() * 170})
			if q.sub(k.c).len() > skyRadius*1.27 && q.sub(p).len() > 215 && q.x > 90 && q.y > 90 && q.x < skySize-90 && q.y < skySize-90 {
				k.s.disc(ink(inkStar), q, k.r.span(0.8, 3))
			}
		}
		switch i {
		case 0:
			k.sun(p)
		case 1:
			// A crescent: one disc less another.
			k.s.disc(gold, p, 130)
			k.s.disc(eraser(inkGold), p.add(pt{x: 52, y: -20}), 112)
			k.star(p.add(pt{x: 62, y: -16}), 46, 8)
			k.s.ring(gold, p, 180, 1.6)
			k.s.ring(gold, p, 192, 3)
		case 2:
			for j := range 8 {
				a := tau * float32(j) / 8
				k.s.stroke(gold, pt{p.x, p.y, 9}, p.add(polar(a, float32(190-60*(j%2)))))
			}
			k.star(p, 120, 8)
			k.s.ring(gold, p, 200, 2)
		case 3:
			head := p.add(pt{x: 90, y: -90})
			for range 70 {
				a := 3*pi/4 + k.r.bell()*0.13
				from := head.add(polar(a, k.r.span(0, 40)))
				to := head.add(polar(a, k.r.span(150, 390)))
				from.r, to.r = k.r.span(0.8, 2.2), 0.3
				k.s.stroke(gold, from, to)
			}
			k.star(head, 66, 8)
		}
	}
	for _, e := range []struct{ inset, r float32 }{{48, 2}, {60, 6}, {76, 2}} {
		k.s.outline(gold, e.inset, e.inset, skySize-e.inset, skySize-e.inset, e.r)
	}
}

// sun draws a sun with straight and flaming rays and a face.
func (k *heavens) sun(p pt) {
	gold := ink(inkGold)
	for i := range 24 {
		a := tau * float32(i) / 24
		if i%2 == 0 {
			k.s.fill(gold, []pt{p.add(polar(a-0.09, 118)), p.add(polar(a, 215)), p.add(polar(a+0.09, 118))})
			continue
		}
		var line []pt
		for j := range 12 {
			t := float32(j) / 11
			q := p.add(polar(a+0.09*sin(t*2*pi), 120+76*t))
			q.r = 9*(1-t) + 0.5
			line = append(line, q)
		}
		k.s.stroke(gold, line...)
	}
	k.s.disc(gold, p, 104)
	dark := eraser(inkGold)
	k.s.ring(dark, p, 92, 1.6)
	for _, side := range []float32{-1, 1} {
		at := func(x, y, r float32) pt { return pt{p.x + side*x, p.y + y, r} }
		k.s.stroke(dark, spline([]pt{at(14, -24, 1), at(34, -36, 3), at(58, -26, 1)}, 3)...)
		k.s.stroke(dark, spline([]pt{at(18, -10, 1), at(34, -18, 2), at(52, -9, 1), at(34, -4, 2), at(18, -10, 1)}, 3)...)
		k.s.disc(dark, at(35, -11, 0), 5)
		k.s.stroke(dark, spline([]pt{at(8, -14, 1), at(7, 12, 2), at(13, 20, 2), at(3, 24, 1.6)}, 3)...)
		k.s.stroke(dark, spline([]pt{at(0, 46, 2.6), at(14, 43, 2.4), at(27, 38, 1)}, 3)...)
		k.s.stroke(dark, spline([]pt{at(0, 54, 2), at(10, 54, 2), at(20, 46, 0.8)}, 3)...)
		k.s.ring(dark, at(50, 26, 0), 10, 0.8)
	}
}
