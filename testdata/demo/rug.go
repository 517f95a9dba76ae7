package demo

// A knotted carpet, photographed from above: one quarter is designed and
// mirrored twice, every knot is a few pixels of yarn.
const (
	rugW, rugH = 3200, 4800
	knot       = 8        // pixels
	quarterX   = 180      // knots from the middle to the side
	quarterY   = 270      // and to the end
	rugScale   = 4        // pixels of the design for a knot
	fringe     = 120      // pixels of fringe at both ends
	rugSideX   = rugW / 2 // the middle
	rugSideY   = rugH / 2
)

type rug struct {
	s    *sheet
	r    rng
	yarn []colour // the dyes
}

const (
	dyeRed = iota
	dyeNavy
	dyeCream
	dyeGold
	dyeTeal
	dyeRose
	dyeOlive
	dyeDark
	dyeSky
	dyePlum
)

func drawRug() *art {
	g := &rug{s: newSheet(quarterX*rugScale, quarterY*rugScale), r: rng{17}, yarn: []colour{
		{146, 34, 34}, {26, 38, 76}, {232, 214, 176}, {206, 150, 66}, {50, 100, 104},
		{200, 116, 98}, {112, 116, 62}, {52, 30, 26}, {124, 156, 176}, {96, 34, 58},
	}}
	g.design()
	knots := g.weave()
	n := newNoise(3)
	fade := newGrid(rugW, rugH, 16, func(x, y float32) float32 {
		return 0.96 + 0.07*n.fbm(x/700, y/260, 4, 0.5) + 0.05*n.fbm(x/60, y/60, 2, 0.5)
	})
	shade := newGrid(rugW, rugH, 16, func(x, y float32) float32 {
		// The floor: light from the upper left, and the carpet's shadow.
		d := rugDistance(x-26, y-34)
		return 1.02 - 0.22*(x/rugW+y/rugH)/2 + 0.02*n.fbm(x/300, y/300, 3, 0.5) - 0.42*exp(-max(d, 0)*max(d, 0)/3600)
	})
	return &art{w: rugW, h: rugH, paint: func(b *band) { g.lay(b, knots, fade, shade) }}
}

// rugDistance is the distance from a pixel to the knotted part, below 0 inside.
func rugDistance(x, y float32) float32 {
	dx := abs(x-rugSideX) - quarterX*knot
	dy := abs(y-rugSideY) - quarterY*knot
	if dx > 0 && dy > 0 {
		return sqrt(dx*dx + dy*dy)
	}
	return max(dx, dy)
}

// weave turns the design into the dye of each knot of the quarter.
func (g *rug) weave() []uint8 {
	a := &art{w: g.s.w, h: g.s.h, tex: newTextures()}
	out := make([]uint8, quarterX*quarterY)
	parallel((a.h+bandRows-1)/bandRows, func(i int) {
		b := newBand(a)
		b.begin(i * bandRows)
		g.s.draw(b)
		for y := 0; y < b.h; y += rugScale {
			row := b.line(y + rugScale/2)
			for x := range quarterX {
				px := row[4*(x*rugScale+rugScale/2):]
				best, at := 1<<30, 0
				for k, c := range g.yarn {
					dr, dg, db := int(c[0])-int(px[0]), int(c[1])-int(px[1]), int(c[2])-int(px[2])
					if d := dr*dr + dg*dg + db*db; d < best {
						best, at = d, k
					}
				}
				out[(b.y0+y)/rugScale*quarterX+x] = uint8(at)
			}
		}
	})
	return out
}

// lay paints a band.
func (g *rug) lay(b *band, knots []uint8, fade, shade *grid) {
	// A knot is two strands side by side, leaning a little.
	var strand [knot * knot]float32
	for y := range knot {
		for x := range knot {
			u := fract((float32(x)+0.5+0.18*float32(y))/(knot/2)) - 0.5
			v := (float32(y)+0.5)/knot - 0.5
			strand[y*knot+x] = 1.10 - 1.5*u*u - 0.9*v*v*v*v*8 - 0.16*v
		}
	}
	f, sh := b.rows[0], b.rows[1]
	for y := range b.h {
		py := y + b.y0
		fade.row(py, f)
		shade.row(py, sh)
		row := b.line(y)
		grain := b.art.tex.paper[(py&(tile-1))*tile:][:tile]
		dy := py - rugSideY
		ky := dy / knot
		if dy < 0 {
			ky = (dy+1)/knot - 1
		}
		my := ky
		if ky < 0 {
			my = -1 - ky
		}
		for x := range rugW {
			px := row[4*x : 4*x+3 : 4*x+3]
			dx := x - rugSideX
			kx := dx / knot
			if dx < 0 {
				kx = (dx+1)/knot - 1
			}
			mx := kx
			if kx < 0 {
				mx = -1 - kx
			}
			noise := int(grain[x&(tile-1)])
			if mx >= quarterX || my >= quarterY {
				if mx < quarterX && my < quarterY+fringe/knot && g.fringe(px, x, py, sh[x], noise) {
					continue
				}
				v := sh[x]
				px[0], px[1], px[2] = byteOf(172*v+float32(noise)/2), byteOf(168*v+float32(noise)/2), byteOf(160*v+float32(noise)/2)
				continue
			}
			c := g.yarn[knots[my*quarterX+mx]]
			h := hash2(kx, ky, 5)
			// Wool is never dyed evenly, least of all from batch to batch.
			v := strand[(py&(knot-1))*knot+x&(knot-1)] * f[x] * (0.93 + 0.13*unit(h)) * (0.97 + 0.06*unit(hash2(0, ky/5, 9)))
			px[0] = byteOfInt(int(float32(c[0])*v) + noise/2)
			px[1] = byteOfInt(int(float32(c[1])*v) + noise/2)
			px[2] = byteOfInt(int(float32(c[2])*v) + noise/2)
		}
	}
}

// fringe paints the loose warps at the ends, and says whether one is there.
func (g *rug) fringe(px []uint8, x, y int, shade float32, noise int) bool {
	out := abs(float32(y)-rugSideY) - quarterY*knot // 0 at the carpet
	if out < 16 {
		// The woven end.
		v := 0.80 + 0.18*float32((x/4+int(out)/4)&1)
		px[0], px[1], px[2] = byteOf(224*v+float32(noise)), byteOf(208*v+float32(noise)), byteOf(172*v+float32(noise))
		return true
	}
	const pitch = 20
	cell := x / pitch
	for k := cell - 1; k <= cell+1; k++ {
		h := hash2(k, 1, 31)
		if y > rugSideY {
			h = hash2(k, 2, 31)
		}
		long := 60 + 44*unit(h)
		if out > long {
			continue
		}
		t := out / long
		sway := (unit(h*7) - 0.5) * 40 * t * t
		width := 7.5 - 3*t
		if t > 0.85 {
			width += 5 * (t - 0.85) * 6 // frayed
		}
		d := (float32(x) - (float32(k)+0.5)*pitch - sway) / width
		if abs(d) >= 1 {
			continue
		}
		twist := 0.88 + 0.14*sin(out*0.55+d*2)
		v := (1.06 - 0.45*d*d) * twist
		px[0], px[1], px[2] = byteOf(226*v+float32(noise)), byteOf(211*v+float32(noise)), byteOf(178*v+float32(noise))
		return true
	}
	return false
}
