package demo

// tile is the side of the repeating textures, a power of two.
const tile = 512

// textures repeat over a picture, which nobody sees in a fine grain.
type textures struct {
	paper []int8  // lightness to add
	ink   []uint8 // how much ink the paper takes, 255 all
}

func newTextures() *textures {
	t := &textures{paper: grainTile(0xbeef, 26), ink: make([]uint8, tile*tile)}
	for i, v := range grainTile(0xface, 40) {
		t.ink[i] = uint8(clamp(236+float32(v), 170, 255))
	}
	return t
}

// grainTile returns a repeating texture of fibres and specks around 0, with the
// given height.
func grainTile(seed uint64, height float32) []int8 {
	r := rng{seed}
	a := make([]float32, tile*tile)
	for i := range a {
		a[i] = r.float() - 0.5
	}
	fine := blurTile(a, 1)
	coarse := blurTile(blurTile(a, 4), 3)
	// Fibres: short curved hairs.
	for range 900 {
		x, y := r.float()*tile, r.float()*tile
		angle, bend := r.float()*tau, (r.float()-0.5)*0.08
		v := (r.float() - 0.5) * 0.16
		for range 20 + r.intn(50) {
			i := (int(y)&(tile-1))*tile + int(x)&(tile-1)
			fine[i] += v
			x += cos(angle)
			y += sin(angle)
			angle += bend
		}
	}
	fine = blurTile(fine, 1)
	out := make([]int8, len(a))
	for i := range out {
		out[i] = int8(clamp((fine[i]*1.5+coarse[i]*4)*height, -120, 120))
	}
	return out
}

// blurTile averages over a square of side 2r+1, around the edges.
func blurTile(a []float32, r int) []float32 {
	pass := func(a []float32, stepX, stepY int) []float32 {
		out := make([]float32, len(a))
		for y := range tile {
			for x := range tile {
				var sum float32
				for k := -r; k <= r; k++ {
					sum += a[((y+k*stepY)&(tile-1))*tile+(x+k*stepX)&(tile-1)]
				}
				out[y*tile+x] = sum / float32(2*r+1)
			}
		}
		return out
	}
	return pass(pass(a, 1, 0), 0, 1)
}

// paper is an aged sheet: a colour, clouds of yellowing, darker edges, foxing
// spots and folds.
type paper struct {
	age   *grid // 0 fresh … 1 brown
	fresh [256]colour
}

// newPaper makes a sheet of w × h pixels; from and to are its colours where it
// is fresh and where it has aged. folds are its columns × rows when folded.
func newPaper(w, h int, seed uint64, from, to colour, columns, rows int) *paper {
	p := &paper{}
	for i := range p.fresh {
		p.fresh[i] = lerpColour(from, to, float32(i)/255)
	}
	n := newNoise(seed)
	r := rng{seed + 1}
	side := float32(min(w, h))
	type spot struct{ x, y, r, v float32 }
	var spots []spot
	for range 90 {
		s := spot{r.float() * float32(w), r.float() * float32(h), side * (0.001 + 0.006*pow(r.float(), 3)), r.span(0.1, 0.45)}
		spots = append(spots, s)
	}
	step := max(min(w, h)/512, 4)
	p.age = newGrid(w, h, step, func(x, y float32) float32 {
		u, v := x/side, y/side
		a := 0.22 + 0.22*n.fbm(u*2.3, v*2.3, 5, 0.55) + 0.1*n.fbm(u*19+7, v*19, 3, 0.6)
		// The edges browned first.
		edge := min(min(x, float32(w)-x), min(y, float32(h)-y)) / side
		edge += 0.016 * n.fbm(u*9, v*9, 4, 0.6)
		a += 0.5*exp(-edge*26) + 0.2*exp(-edge*7)
		for i := 1; i < columns; i++ {
			a += crease(x-float32(w*i)/float32(columns), side)
		}
		for i := 1; i < rows; i++ {
			a += crease(y-float32(h*i)/float32(rows), side)
		}
		return clamp(a, 0, 1)
	})
	for _, s := range spots {
		g := p.age
		for y := int((s.y - s.r*2) / g.step); y <= int((s.y+s.r*2)/g.step)+1; y++ {
			for x := int((s.x - s.r*2) / g.step); x <= int((s.x+s.r*2)/g.step)+1; x++ {
				if x < 0 || y < 0 || x >= g.w || y >= g.h {
					continue
				}
				d := pt{x: float32(x)*g.step - s.x, y: float32(y)*g.step - s.y}.len() / s.r
				g.v[y*g.w+x] = clamp(g.v[y*g.w+x]+s.v*exp(-d*d*1.5), 0, 1)
			}
		}
	}
	return p
}

// crease darkens a fold with a paler line beside it.
func crease(d, side float32) float32 {
	d /= side
	return 0.16*exp(-abs(d)*700) + 0.07*exp(-abs(d)*60) - 0.12*exp(-(d-0.004)*(d-0.004)*400000)
}

// lay paints the sheet on a band.
func (p *paper) lay(b *band) {
	t := b.art.tex.paper
	age := b.rows[0]
	for y := range b.h {
		p.age.row(b.y0+y, age)
		row := b.line(y)
		grain := t[((y+b.y0)&(tile-1))*tile:][:tile]
		for x, a := range age {
			c := p.fresh[uint8(a*255)]
			g := int(grain[x&(tile-1)])
			px := row[4*x : 4*x+3 : 4*x+3]
			px[0] = byteOfInt(int(c[0]) + g)
			px[1] = byteOfInt(int(c[1]) + g)
			px[2] = byteOfInt(int(c[2]) + g)
		}
	}
}

func byteOfInt(v int) uint8 { return uint8(min(max(v, 0), 255)) }
