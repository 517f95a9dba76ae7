package demo

// An endpaper of marbled paper: drops of colour on water, drawn through with
// rakes and combs. Each tool moved the colours; the picture looks back through
// the moves, last one first, to where a drop lay.
const marbleW, marbleH = 2400, 3200

func drawMarble() *art {
	n := newNoise(40)
	// The last move is a slow wave across all; the first, the water's own drift.
	wave := newGrid(marbleW, marbleH, 8, func(x, y float32) float32 {
		return 34*sin(y/210+0.6*sin(x/330)) + 16*n.at(x/400, y/400)
	})
	driftX := newGrid(marbleW, marbleH, 8, func(x, y float32) float32 { return 30 * n.fbm(x/240, y/240, 3, 0.5) })
	driftY := newGrid(marbleW, marbleH, 8, func(x, y float32) float32 { return 30 * n.fbm(x/240+9, y/240, 3, 0.5) })
	tone := newGrid(marbleW, marbleH, 16, func(x, y float32) float32 {
		return 1 + 0.05*n.fbm(x/500, y/500, 4, 0.5)
	})
	// A comb's pull by the distance to its tooth, and a rake's.
	var comb, rake [128]float32
	for i := range comb {
		comb[i] = 190*exp(-float32(i)/36) - 130*exp(-float32(64-i)/40)
		rake[i] = 300 * (exp(-float32(i)/70) - exp(-115.0/70))
	}
	source := func(x, y float32) (float32, float32) {
		const teeth, lines = 128, 230
		y -= lookup(&comb, abs(fract(x/teeth)-0.5)*teeth)
		pull := lookup(&rake, abs(fract(y/lines)-0.5)*lines)
		if int(floor(y/lines))&1 == 0 {
			pull = -pull
		}
		x -= pull
		return x + driftX.at(x, y), y + driftY.at(x, y)
	}
	layers := turns()
	return &art{w: marbleW, h: marbleH, paint: func(b *band) {
		dx, f := b.rows[0], b.rows[1]
		for y := range b.h {
			py := y + b.y0
			wave.row(py, dx)
			tone.row(py, f)
			row := b.line(y)
			grain := b.art.tex.paper[(py&(tile-1))*tile:][:tile]
			for x := range b.w {
				// Two samples a pixel, or thin veins break up.
				fx, fy := float32(x)+dx[x], float32(py)
				sx, sy := source(fx+0.25, fy+0.25)
				c := drops(layers, sx, sy)
				sx, sy = source(fx-0.25, fy-0.25)
				e := drops(layers, sx, sy)
				px := row[4*x : 4*x+3 : 4*x+3]
				g := int(grain[x&(tile-1)]) / 3
				for k := range 3 {
					px[k] = byteOfInt(int(float32(int(c[k])+int(e[k]))*0.5*f[x]) + g)
				}
			}
		}
	}}
}

// lookup reads a table between its entries.
func lookup(t *[128]float32, d float32) float32 {
	i := min(int(d), 126)
	return mix(t[i], t[i+1], d-float32(i))
}

// drop is one colour's turn: how far apart its drops fall, how large they grow in
// that measure, and its two shades.
type drop struct {
	size, fill float32
	a, b       colour
}

// turns are the colours, the last one dropped first.
func turns() []drop {
	return []drop{
		{96, 0.20, colour{244, 236, 214}, colour{244, 236, 214}},
		{150, 0.46, colour{206, 150, 64}, colour{222, 186, 120}},
		{210, 0.52, colour{164, 40, 44}, colour{190, 84, 70}},
		{260, 0.58, colour{44, 84, 128}, colour{110, 150, 176}},
		{330, 0.66, colour{38, 74, 62}, colour{232, 220, 190}},
	}
}

// drops returns the colour that was dropped at a point of the water: the later
// ones, smaller, lie on the earlier.
func drops(layers []drop, x, y float32) colour {
	for i := range layers {
		l := &layers[i]
		fx, fy := x/l.size, y/l.size
		// Neighbouring cells only where their drops can reach.
		x0, x1 := int(floor(fx-l.fill)), int(floor(fx+l.fill))
		y0, y1 := int(floor(fy-l.fill)), int(floor(fy+l.fill))
		for j := y0; j <= y1; j++ {
			for k := x0; k <= x1; k++ {
				h := hash2(k, j, uint32(i)+50)
				ox := float32(k) + float32(h&1023)/1023 - fx
				oy := float32(j) + float32(h>>10&1023)/1023 - fy
				r := l.fill * (0.45 + 0.55*float32(h>>20&255)/255)
				d := ox*ox + oy*oy
				if d > r*r {
					continue
				}
				if d > r*r*0.93 {
					return colour{24, 28, 44} // drops keep a dark rim
				}
				if h>>28&3 == 0 {
					return l.b
				}
				return l.a
			}
		}
	}
	return colour{26, 34, 58}
}
