package demo

import "slices"

// The map of an inland sea: a hand-coloured sheet engraved in three inks.
const (
	mapW, mapH = 12288, 8448 // 103.8 megapixels
	mapEdge    = 448         // width of the margin with its frame
	mapStep    = 8           // pixels per sample of the fields

	inkBrown = 0 // lines and letters
	inkSea   = 1 // waves, rivers, compass lines
	inkRed   = 2 // titles and towns
)

// chart is the map while it is drawn.
type chart struct {
	s     *sheet
	r     rng
	names *namer
	hand  *hand
	rough *noise

	height *grid // above 0 is land
	inland *grid // distance to the sea, 0 at sea
	off    *grid // distance to the land, 0 on land
	taken  *grid // above 0 where something stands
	tint   [3]*grid
	country
}

// country divides the land.
type country struct {
	seats []pt
	id    []uint8 // nearest seat for each sample
	bound *grid   // distance to another country or the sea
}

func drawMap() *art {
	m := &chart{
		s: newSheet(mapW, mapH), r: rng{41}, names: newNamer(8), hand: newHand(), rough: newNoise(5),
	}
	m.raise()
	m.divide()
	m.colour()
	sheetPaper := newPaper(mapW, mapH, 12, colour{247, 236, 210}, colour{178, 142, 92}, 4, 3)
	m.rhumbs()
	m.waves()
	m.coast()
	m.rivers()
	m.frame()
	m.title()
	m.letterSeas()
	m.towns()
	m.ships()
	m.borders()
	m.mountains()
	m.forests()
	return &art{w: mapW, h: mapH, plates: 3, paint: func(b *band) {
		sheetPaper.lay(b)
		m.wash(b)
		m.s.draw(b)
		b.print(inkSea, colour{46, 92, 104}, 215)
		b.print(inkRed, colour{158, 42, 30}, 235)
		b.print(inkBrown, colour{58, 36, 22}, 245)
	}}
}

// raise makes the land.
func (m *chart) raise() {
	n := newNoise(23)
	m.height = newGrid(mapW, mapH, mapStep, func(x, y float32) float32 {
		u, v := x/mapH, y/mapH
		wu := u + 0.10*n.fbm(u*2.1+3, v*2.1, 4, 0.5)
		wv := v + 0.10*n.fbm(u*2.1, v*2.1+9, 4, 0.5)
		h := 0.62 * n.fbm(wu*2.6+1.3, wv*2.6+4.1, 9, 0.57)
		// Mainland in the north and the south-east, an archipelago between.
		north := smooth(0.34, 0.02, v+0.06*sin(u*5))
		south := smooth(0.70, 1.02, v+0.10*sin(u*4+1)) * smooth(0.1, 0.5, u)
		east := smooth(1.12, 1.45, u) * 0.8
		west := smooth(0.22, 0, u) * 0.7
		h += 0.62*max(max(north, south), max(east, west)) - 0.13
		// Scattered islands.
		h += 0.50 * smooth(0.30, 0.75, n.fbm(u*5.1+20, v*5.1, 6, 0.55))
		return h
	})
	g := m.height
	m.inland = g.distance(func(i int) bool { return g.v[i] <= 0 })
	m.off = g.distance(func(i int) bool { return g.v[i] > 0 })
	m.taken = &grid{w: g.w, h: g.h, step: g.step, v: make([]float32, len(g.v))}
}

// divide gives the land to countries.
func (m *chart) divide() {
	g := m.height
	for tries := 0; len(m.seats) < 17 && tries < 4000; tries++ {
		p := m.somewhere(0)
		if m.height.at(p.x, p.y) < 0.05 {
			continue
		}
		if !slices.ContainsFunc(m.seats, func(q pt) bool { return q.sub(p).len() < 1500 }) {
			m.seats = append(m.seats, p)
		}
	}
	m.id = make([]uint8, len(g.v))
	parallel(g.h, func(y int) {
		for x := range g.w {
			fx, fy := float32(x)*g.step, float32(y)*g.step
			px := fx + 420*m.rough.fbm(fx/1500, fy/1500, 5, 0.5)
			py := fy + 420*m.rough.fbm(fx/1500+50, fy/1500, 5, 0.5)
			best := float32(1e12)
			for k, s := range m.seats {
				if d := (s.x-px)*(s.x-px) + (s.y-py)*(s.y-py); d < best {
					best, m.id[y*g.w+x] = d, uint8(k)
				}
			}
		}
	})
	m.bound = g.distance(func(i int) bool {
		if g.v[i] <= 0 {
			return true
		}
		r, d := min(i+1, len(m.id)-1), min(i+g.w, len(m.id)-1)
		return m.id[i] != m.id[r] || m.id[i] != m.id[d]
	})
}

// colour prepares the washes: what the paper is multiplied by, for each channel.
func (m *chart) colour() {
	washes := []colour{
		{226, 150, 132}, {176, 200, 140}, {240, 206, 112}, {224, 174, 190},
		{204, 176, 128}, {158, 196, 176}, {236, 178, 104},
	}
	g := m.height
	land := make([]colour, len(m.seats))
	for k := range land {
		land[k] = washes[k%len(washes)]
	}
	sea := colour{150, 190, 186}
	for c := range 3 {
		t := &grid{w: g.w, h: g.h, step: g.step, v: make([]float32, len(g.v))}
		parallel(g.h, func(y int) {
			for x := range g.w {
				i := y*g.w + x
				fx, fy := float32(x)*g.step, float32(y)*g.step
				v := float32(255)
				if fx >= mapEdge && fx <= mapW-mapEdge && fy >= mapEdge && fy <= mapH-mapEdge {
					pool := 1 + 0.5*m.rough.fbm(fx/260, fy/260, 2, 0.5)
					if g.v[i] > 0 {
						// A brush along the border, thinner inside.
						k := (0.26 + 0.55*exp(-m.bound.v[i]/70)) * pool
						v = mix(255, float32(land[m.id[i]][c]), clamp(k, 0, 1))
					} else {
						k := (0.30 + 0.62*exp(-m.off.v[i]/130)) * pool
						v = mix(255, float32(sea[c]), clamp(k, 0, 1))
					}
				}
				t.v[i] = v
			}
		})
		m.tint[c] = t.blur(1).blur(1) // the brush is softer than the samples
	}
}

// wash lays the colours on the paper.
func (m *chart) wash(b *band) {
	cr, cg, cb := b.rows[1], b.rows[2], b.rows[3]
	for y := range b.h {
		m.tint[0].row(b.y0+y, cr)
		m.tint[1].row(b.y0+y, cg)
		m.tint[2].row(b.y0+y, cb)
		row := b.line(y)
		for x := range cr {
			px := row[4*x : 4*x+3 : 4*x+3]
			px[0] = uint8(int(px[0]) * int(cr[x]) / 255)
			px[1] = uint8(int(px[1]) * int(cg[x]) / 255)
			px[2] = uint8(int(px[2]) * int(cb[x]) / 255)
		}
	}
}

// somewhere returns a random point at least margin inside the frame.
func (m *chart) somewhere(margin float32) pt {
	return pt{x: m.r.span(mapEdge+margin, mapW-mapEdge-margin), y: m.r.span(mapEdge+margin, mapH-mapEdge-margin)}
}

// inFrame tells whether a point is on the map proper.
func inFrame(p pt, margin float32) bool {
	return p.x >= mapEdge+margin && p.x <= mapW-mapEdge-margin && p.y >= mapEdge+margin && p.y <= mapH-mapEdge-margin
}

// frameRuns cuts a line to its parts inside the frame.
func frameRuns(line []pt, f func(run []pt)) {
	start := -1
	for i := 0; i <= len(line); i++ {
		if i < len(line) && inFrame(line[i], 2) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 && i-start > 1 {
			f(line[start:i])
		}
		start = -1
	}
}

// waves draws lines along the coast that fade towards the open sea.
func (m *chart) waves() {
	d := m.off.blur(1)
	levels := []float32{20, 38, 58, 82, 110, 144, 184, 232, 290}
	lines := make([][][]pt, len(levels))
	parallel(len(levels), func(i int) { lines[i] = d.contours(levels[i], 10) })
	for i, at := range lines {
		heavy := 2.3 - 0.17*float32(i)
		for _, line := range at {
			line = soften(line, 4)
			for k := range line {
				p := &line[k]
				// The graver presses and lifts.
				v := m.rough.fbm(p.x/160+float32(i)*31, p.y/160, 3, 0.5)
				lift := min(float32(i)/4, 1) // near the shore the lines go on
				p.r = max(heavy*(0.8+0.35*v-lift*(0.25-0.4*v))-0.08*float32(i), 0)
			}
			frameRuns(line, func(run []pt) { m.strokeVisible(ink(inkSea), run) })
		}
	}
}

// strokeVisible draws the parts of a line that are wide enough to see.
func (m *chart) strokeVisible(p pen, line []pt) {
	start := 0
	for i := range line {
		if line[i].r < 0.25 {
			if i-start > 1 {
				m.s.stroke(p, line[start:i]...)
			}
			start = i + 1
		}
	}
	if len(line)-start > 1 {
		m.s.stroke(p, line[start:]...)
	}
}

// coast draws the shore, heavier on the side away from the light.
func (m *chart) coast() {
	for _, line := range m.height.contours(0, 6) {
		line = soften(line, 1)
		for k := range line {
			a, b := line[max(k-1, 0)], line[min(k+1, len(line)-1)]
			d := b.sub(a)
			side := (d.x*0.6 - d.y*0.8) / (d.len() + 0.01)
			line[k].r = 2.6 + 1.5*side + 0.8*m.rough.at(line[k].x/50, line[k].y/50)
		}
		frameRuns(line, func(run []pt) { m.s.stroke(ink(inkBrown), run...) })
	}
}
