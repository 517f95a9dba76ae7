package demo

import (
	"math"
	"slices"
)

// A wall of glazed tiles: a pattern of ten-fold stars that never repeats. It is
// a Penrose tiling, made by de Bruijn's pentagrid, with Hankin's lines in each
// rhomb: they leave the middles of its sides at an angle and meet inside.
const (
	tilesSize = 3600
	tilesSide = 176 // side of a rhomb in pixels

	inkJoint = 0 // edges of the straps
	inkLight = 1 // light on the glaze
)

type wall struct {
	s *sheet
	r rng
	n *noise
}

// rhomb is one cell: corners in order, whether it is the thin kind.
type rhomb struct {
	corner [4]pt
	index  [4]int // sum of the pentagrid's indices, 1 to 4, at each corner
	thin   bool
}

func drawTiles() *art {
	w := &wall{s: newSheet(tilesSize, tilesSize), r: rng{3}, n: newNoise(19)}
	cells := penrose(tilesSize/2+2.5*tilesSide, tilesSide, pt{x: tilesSize / 2, y: tilesSize / 2})
	for _, q := range cells {
		w.glazes(q)
	}
	for pass := range 3 {
		for _, q := range cells {
			w.straps(q, pass)
		}
	}
	gloss := newGrid(tilesSize, tilesSize, 12, func(x, y float32) float32 {
		return 0.97 + 0.09*w.n.fbm(x/900, y/900, 3, 0.5) + 0.05*w.n.fbm(x/45, y/45, 3, 0.5) - 0.10*(x+y-tilesSize)/tilesSize
	})
	crackle := newTilesCrackle()
	return &art{w: tilesSize, h: tilesSize, plates: 2, paint: func(b *band) {
		for y := range b.h {
			row := b.line(y)
			for x := range b.w {
				row[4*x], row[4*x+1], row[4*x+2] = 226, 214, 186
			}
		}
		w.s.draw(b)
		b.cover(inkJoint, colour{74, 54, 38})
		f := b.rows[0]
		for y := range b.h {
			py := y + b.y0
			gloss.row(py, f)
			row, light := b.line(y), b.plate(inkLight, y)
			grain := b.art.tex.paper[(py&(tile-1))*tile:][:tile]
			crack := crackle[(py&(tile-1))*tile:][:tile]
			for x, v := range f {
				px := row[4*x : 4*x+3 : 4*x+3]
				add := int(grain[x&(tile-1)])/2 + int(light[x])/6
				v *= crack[x&(tile-1)]
				px[0] = byteOfInt(int(float32(px[0])*v) + add)
				px[1] = byteOfInt(int(float32(px[1])*v) + add)
				px[2] = byteOfInt(int(float32(px[2])*v) + add)
			}
		}
	}}
}

// newTilesCrackle is the net of hairlines in an old glaze, as a factor.
func newTilesCrackle() []float32 {
	const cells = 16
	out := make([]float32, tile*tile)
	parallel(tile, func(y int) {
		for x := range tile {
			fx, fy := float32(x)*cells/tile, float32(y)*cells/tile
			cx, cy := int(fx), int(fy)
			best, second := float32(9), float32(9)
			for j := cy - 1; j <= cy+1; j++ {
				for i := cx - 1; i <= cx+1; i++ {
					h := hash2(i&(cells-1), j&(cells-1), 4)
					d := pt{x: float32(i) + unit(h) - fx, y: float32(j) + unit(h*31+7) - fy}.len()
					if d < best {
						best, second = d, best
					} else {
						second = min(second, d)
					}
				}
			}
			out[y*tile+x] = 1 - 0.13*exp(-(second-best)*70)
		}
	})
	return out
}

// penrose returns the rhombs around a centre.
func penrose(radius, side float32, centre pt) []rhomb {
	shift := [5]float64{0.21, 0.37, -0.13, -0.32, -0.13} // sum 0: a Penrose tiling
	var dir [5][2]float64
	for i := range dir {
		a := 2 * math.Pi * float64(i) / 5
		dir[i] = [2]float64{math.Cos(a), math.Sin(a)}
	}
	lines := int(radius/side/2.5) + 3
	corner := func(k [5]int) pt {
		var x, y float64
		for i := range k {
			x += float64(k[i]) * dir[i][0]
			y += float64(k[i]) * dir[i][1]
		}
		return centre.add(pt{x: float32(x) * side, y: float32(y) * side})
	}
	var out []rhomb
	for i := range 5 {
		for j := i + 1; j < 5; j++ {
			det := dir[i][0]*dir[j][1] - dir[i][1]*dir[j][0]
			for a := -lines; a <= lines; a++ {
				for b := -lines; b <= lines; b++ {
					u, v := float64(a)-shift[i], float64(b)-shift[j]
					x := (u*dir[j][1] - v*dir[i][1]) / det
					y := (v*dir[i][0] - u*dir[j][0]) / det
					var k [5]int
					for m := range 5 {
						k[m] = int(math.Ceil(x*dir[m][0] + y*dir[m][1] + shift[m]))
					}
					k[i], k[j] = a, b
					var q rhomb
					for c := range 4 {
						e := k
						e[i] += []int{0, 1, 1, 0}[c]
						e[j] += []int{0, 0, 1, 1}[c]
						q.corner[c] = corner(e)
						for _, n := range e {
							q.index[c] += n
						}
					}
					q.thin = (j-i)%5 == 2 || (j-i)%5 == 3
					if q.corner[0].sub(centre).len() < radius*1.45 {
						out = append(out, q)
					}
				}
			}
		}
	}
	// A fixed order, whatever the loops do.
	slices.SortStableFunc(out, func(a, b rhomb) int {
		if a.corner[0].y != b.corner[0].y {
			return int(a.corner[0].y - b.corner[0].y)
		}
		return int(a.corner[0].x - b.corner[0].x)
	})
	return out
}

// middles returns the middles of the cell's sides, and where the lines from the
// two next to each corner meet.
func (q *rhomb) middles() (mid, meet [4]pt) {
	c := q.corner
	for i := range 4 {
		mid[i] = between(c[i], c[(i+1)%4], 0.5)
	}
	for i := range 4 {
		meet[i] = hankin(mid[(i+3)%4], c[i], between(c[0], c[2], 0.5))
	}
	return mid, meet
}

// glazes paints the colours of one cell.
func (w *wall) glazes(q rhomb) {
	c := q.corner
	mid, meet := q.middles()
	glaze := func(c colour, at pt, area ...pt) {
		v := 0.90 + 0.2*unit(hash2(int(at.x/3), int(at.y/3), 3))
		// A little larger, or the ground shows between neighbours.
		var mean pt
		for _, p := range area {
			mean = mean.add(p.mul(1 / float32(len(area))))
		}
		for i, p := range area {
			d := p.sub(mean)
			area[i] = p.add(d.mul(1.4 / (d.len() + 0.01)))
		}
		w.s.fill(paint(colour{byteOf(float32(c[0]) * v), byteOf(float32(c[1]) * v), byteOf(float32(c[2]) * v)}, 255), area)
	}
	// Corners belong to stars; their colour follows from the kind of vertex, so
	// that all cells around it agree.
	stars := [5]colour{{232, 222, 196}, {206, 150, 52}, {170, 66, 40}, {232, 222, 196}, {44, 112, 84}}
	field := colour{22, 58, 120}
	if q.thin {
		field = colour{38, 136, 146}
	}
	glaze(field, between(c[0], c[2], 0.5), mid[0], meet[1], mid[1], meet[2], mid[2], meet[3], mid[3], meet[0])
	for i := range 4 {
		glaze(stars[((q.index[i]%5)+5)%5], c[i], mid[(i+3)%4], c[i], mid[i], meet[i])
	}
}

// straps paints the bands over one cell: their edge, then the band, then its
// light side.
func (w *wall) straps(q rhomb, pass int) {
	mid, meet := q.middles()
	for i := range 4 {
		for _, m := range []pt{mid[(i+3)%4], mid[i]} {
			a, b := m, meet[i]
			switch pass {
			case 0:
				a.r, b.r = 12, 12
				w.s.stroke(paint(colour{74, 54, 38}, 255), a, b)
			case 1:
				a.r, b.r = 8.8, 8.8
				w.s.stroke(paint(colour{240, 230, 206}, 255), a, b)
			case 2:
				a, b = a.add(pt{x: -2.6, y: -2.6}), b.add(pt{x: -2.6, y: -2.6})
				a.r, b.r = 3.4, 3.4
				w.s.stroke(ink(inkLight), a, b)
			}
		}
	}
}

// hankin returns where the lines from two neighbouring middles meet: the point
// on the corner's diagonal seen from them at 36 degrees to the sides.
func hankin(a, corner, centre pt) pt {
	side := a.sub(corner)
	d := centre.sub(corner)
	l := d.len()
	d = d.mul(1 / l)
	along := side.x*d.x + side.y*d.y
	across := sqrt(max(side.x*side.x+side.y*side.y-along*along, 0))
	// The angle between the side and the diagonal, then the line's angle to it.
	half := atan2(across, along)
	beta := half + 36*pi/180 // measured at a, from the corner's direction reversed
	t := along - across*cos(beta)/sin(beta)
	return corner.add(d.mul(clamp(t, 0, l)))
}
