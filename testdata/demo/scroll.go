package demo

// A handscroll: mountains and rivers in ink on silk, in layers of mist.
const (
	scrollW, scrollH = 9600, 1520
	scrollEdge       = 110 // brocade above and below

	inkBrush = 0
	inkSeal  = 1
)

// layer is one range of mountains.
type layer struct {
	ridge []float32 // row of the crest for every column
	there []float32 // 0 where the layer is lost in mist or water
	dark  float32   // of the ink at the crest
	fade  float32   // rows until the mist
	rough float32   // of the brush
}

type landscape struct {
	s      *sheet
	r      rng
	n      *noise
	hand   *hand
	layers []layer // from far to near
}

func drawScroll() *art {
	l := &landscape{s: newSheet(scrollW, scrollH), r: rng{64}, n: newNoise(65), hand: newHand()}
	l.mountains()
	l.life()
	silk := newGrid(scrollW, scrollH, 10, func(x, y float32) float32 {
		return 0.35 + 0.25*l.n.fbm(x/900, y/500, 5, 0.5) + 0.12*l.n.fbm(x/90, y/90, 2, 0.5)
	})
	mist := newGrid(scrollW, scrollH, 8, func(x, y float32) float32 {
		return 0.5 + 0.5*l.n.fbm(x/520, y/170, 5, 0.5)
	})
	return &art{w: scrollW, h: scrollH, plates: 2, paint: func(b *band) {
		l.wash(b, silk, mist)
		l.s.draw(b)
		b.print(inkBrush, colour{30, 30, 34}, 225)
		b.print(inkSeal, colour{184, 40, 30}, 235)
		l.brocade(b)
	}}
}

// mountains sets the crests of all layers.
func (l *landscape) mountains() {
	const n = 7
	for k := range n {
		t := float32(k) / (n - 1) // 0 far, 1 near
		y := layer{
			ridge: make([]float32, scrollW),
			there: make([]float32, scrollW),
			dark:  mix(0.34, 1.15, t*t*0.6+t*0.4),
			fade:  mix(120, 300, t),
			rough: t,
		}
		base := scrollH * mix(0.56, 1.08, t)
		high := scrollH * mix(0.40, 0.62, t)
		wide := mix(900, 620, t)
		off := float32(k)*37.7 + 3
		parallel(scrollW/64, func(i int) {
			for x := i * 64; x < i*64+64; x++ {
				fx := float32(x)
				// Groups of peaks, with open water between.
				group := smooth(-0.12, 0.55, l.n.fbm(fx/2300+off, off*1.7, 2, 0.5)+0.12*(1-t))
				// Rounded a little, as weather does.
				peak := (l.n.ridge((fx-22)/wide+off, off, 2) + 2*l.n.ridge(fx/wide+off, off, 2) + l.n.ridge((fx+22)/wide+off, off, 2)) / 4
				rock := l.n.fbm(fx/130+off, off+5, 5, 0.55)
				h := high * group * (0.18 + 1.05*pow(peak, 1.5) + (0.05+0.06*t)*rock)
				y.ridge[x] = base - h
				y.there[x] = smooth(0.02, 0.30, group)
			}
		})
		l.layers = append(l.layers, y)
	}
}

// wash paints silk, sky and mountains.
func (l *landscape) wash(b *band, silk, mist *grid) {
	s, m := b.rows[0], b.rows[1]
	pale, old := colour{234, 220, 184}, colour{196, 170, 122}
	for y := range b.h {
		py := float32(y + b.y0)
		silk.row(y+b.y0, s)
		mist.row(y+b.y0, m)
		row := b.line(y)
		weave := float32(0.985)
		if (y+b.y0)%3 == 0 {
			weave = 1
		}
		for x := range b.w {
			v, white := float32(0), float32(0)
			blue := float32(0)
			// The nearest mountain hides those behind it, but for its mist.
			left := float32(1)
			for k := len(l.layers) - 1; k >= 0 && left > 0.04; k-- {
				a := &l.layers[k]
				d := py - a.ridge[x]
				if d < 0 {
					continue
				}
				v0, hide := l.ink(a, float32(x), py, d, m[x])
				v0, hide = v0*a.there[x], hide*a.there[x]
				v += left * v0
				white += left * max(hide-v0*2, 0)
				blue += left * v0 * (1 - a.rough)
				left *= 1 - hide
			}
			px := row[4*x : 4*x+3 : 4*x+3]
			w := weave
			if x%4 == 0 {
				w *= 0.982
			}
			dark := 1 - clamp(v, 0, 0.94)
			for c := range 3 {
				p := mix(float32(pale[c]), float32(old[c]), s[x]) * w
				cool := []float32{-10, 2, 16}[c] * min(blue*2, 1)
				p = mix(p, []float32{248, 241, 222}[c], clamp(white, 0, 1)*0.55)
				px[c] = byteOf((p+cool)*dark + (1-dark)*30)
			}
		}
	}
}

// ink returns how dark a layer is at d rows below its crest, and how much of what
// is behind it hides.
func (l *landscape) ink(a *layer, x, y, d, mist float32) (dark, hide float32) {
	body := exp(-d / (a.fade * (0.5 + mist)))
	hide = smooth(0, 3, d) * clamp(0.60+0.6*body, 0, 1)
	if d > a.fade*5 {
		return 0, hide
	}
	dark = 0.50 * body * (0.70 + 0.45*mist)
	// Strokes that run down the rock, drier towards the foot.
	fall := l.n.at(x/(11+9*a.rough)+d*0.014, d/80+a.dark*50)
	fine := l.n.at(x/4.3+d*0.02, d/30+a.dark*20)
	dry := 0.35 + 0.65*a.rough
	dark += body * (0.42*max(fall, 0) - 0.22*max(-fall, 0) + dry*0.30*max(fine, 0)*max(fall+0.4, 0))
	// The crest is drawn.
	dark += 0.42 * exp(-d/(2.5+4*a.rough)) * (0.6 + 0.5*fine)
	return clamp(dark*a.dark, 0, 1) * smooth(0, 1.5, d), hide
}

// brocade covers the edges with the mount's silk.
func (l *landscape) brocade(b *band) {
	for y := range b.h {
		py := y + b.y0
		row := b.line(y)
		inner := min(py, scrollH-1-py)
		for x := range b.w {
			ends := min(x, scrollW-1-x)
			if inner >= scrollEdge && ends >= 420 {
				continue
			}
			px := row[4*x : 4*x+3 : 4*x+3]
			if inner >= scrollEdge-8 && ends >= 412 {
				px[0], px[1], px[2] = 206, 176, 112
				continue
			}
			// Rosettes in a net, woven in two tones.
			u, v := float32(x%72)-36, float32(py%72)-36
			if (x/72+py/72)%2 == 1 {
				u, v = v, u
			}
			r := sqrt(u*u + v*v)
			a := atan2(v, u)
			on := r < 15+6*cos(a*6) && r > 5 || abs(abs(u)+abs(v)-36) < 2.5
			c := colour{44, 62, 84}
			if on {
				c = colour{92, 112, 128}
			}
			w := 10 * int(uint((x+2*py)%4)/2)
			px[0], px[1], px[2] = byteOfInt(int(c[0])+w), byteOfInt(int(c[1])+w), byteOfInt(int(c[2])+w)
		}
	}
}
