package demo

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// rng is a splitmix64 generator: small, and the same everywhere.
type rng struct{ s uint64 }

func (r *rng) next() uint64 {
	r.s += 0x9e3779b97f4a7c15
	z := r.s
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// float returns a number in [0, 1).
func (r *rng) float() float32 { return float32(r.next()>>40) / (1 << 24) }

// span returns a number in [a, b).
func (r *rng) span(a, b float32) float32 { return a + (b-a)*r.float() }

// intn returns a number in [0, n).
func (r *rng) intn(n int) int { return int(r.next() % uint64(n)) }

// bell returns a number around 0, nearly normal with deviation 1.
func (r *rng) bell() float32 {
	return (r.float() + r.float() + r.float() + r.float() - 2) * math.Sqrt2 * 1.2247
}

// pick returns one of the values.
func pick[T any](r *rng, v ...T) T { return v[r.intn(len(v))] }

// hash2 mixes two cell coordinates and a seed into 32 bits.
func hash2(x, y int, seed uint32) uint32 {
	h := uint32(x)*0x85ebca6b ^ uint32(y)*0xc2b2ae35 ^ seed*0x27d4eb2f
	h = (h ^ h>>15) * 0x2c1b3c6d
	h = (h ^ h>>12) * 0x297a2d39
	return h ^ h>>15
}

// unit turns 32 random bits into a number in [0, 1).
func unit(h uint32) float32 { return float32(h>>8) / (1 << 24) }

const lattice = 256

// noise is smooth random relief, made of values on a lattice that repeats after
// 256 units.
type noise struct{ v []float32 }

func newNoise(seed uint64) *noise {
	r := rng{seed}
	n := &noise{v: make([]float32, lattice*lattice)}
	for i := range n.v {
		n.v[i] = 2*r.float() - 1
	}
	return n
}

// at returns the relief at a point, in [-1, 1].
func (n *noise) at(x, y float32) float32 {
	fx, fy := floor(x), floor(y)
	tx, ty := x-fx, y-fy
	xi, yi := int(fx)&(lattice-1), int(fy)&(lattice-1)
	xj, yj := (xi+1)&(lattice-1), (yi+1)&(lattice-1)
	tx = tx * tx * tx * (tx*(tx*6-15) + 10)
	ty = ty * ty * ty * (ty*(ty*6-15) + 10)
	a, b := n.v[yi*lattice+xi], n.v[yi*lattice+xj]
	c, d := n.v[yj*lattice+xi], n.v[yj*lattice+xj]
	a += tx * (b - a)
	c += tx * (d - c)
	return a + ty*(c-a)
}

// fbm sums octaves of the relief, each half as wide and gain times as high as
// the one before; about [-1, 1]. The octaves are turned against each other, so
// that the lattice does not show.
func (n *noise) fbm(x, y float32, octaves int, gain float32) float32 {
	var sum, norm float32
	amp := float32(1)
	for range octaves {
		sum += amp * n.at(x, y)
		norm += amp
		amp *= gain
		x, y = 1.616*x-1.178*y+17.3, 1.178*x+1.616*y+5.9
	}
	return sum / norm * 1.4
}

// ridge sums octaves folded at zero, which makes crests; in [0, 1].
func (n *noise) ridge(x, y float32, octaves int) float32 {
	var sum, norm float32
	amp := float32(1)
	for range octaves {
		v := 1 - abs(n.at(x, y))*1.6
		sum += amp * v * abs(v)
		norm += amp
		amp *= 0.5
		x, y = 1.616*x-1.178*y+31.7, 1.178*x+1.616*y+11.1
	}
	return clamp(sum/norm, 0, 1)
}

// grid is a field known at every step-th pixel and interpolated between.
type grid struct {
	w, h int // samples
	step float32
	v    []float32
}

// newGrid samples f, which takes pixel coordinates, over a picture of w × h
// pixels. f is called from several goroutines.
func newGrid(w, h, step int, f func(x, y float32) float32) *grid {
	g := &grid{w: (w+step-1)/step + 2, h: (h+step-1)/step + 2, step: float32(step)}
	g.v = make([]float32, g.w*g.h)
	parallel(g.h, func(y int) {
		row := g.v[y*g.w : (y+1)*g.w]
		for x := range row {
			row[x] = f(float32(x)*g.step, float32(y)*g.step)
		}
	})
	return g
}

// at returns the field at a pixel position, held at the edges.
func (g *grid) at(x, y float32) float32 {
	x = clamp(x/g.step, 0, float32(g.w)-1.001)
	y = clamp(y/g.step, 0, float32(g.h)-1.001)
	xi, yi := int(x), int(y)
	tx, ty := x-float32(xi), y-float32(yi)
	i := yi*g.w + xi
	a := g.v[i] + tx*(g.v[i+1]-g.v[i])
	b := g.v[i+g.w] + tx*(g.v[i+g.w+1]-g.v[i+g.w])
	return a + ty*(b-a)
}

// slope returns the field's change per pixel.
func (g *grid) slope(x, y float32) (dx, dy float32) {
	s := g.step
	return (g.at(x+s, y) - g.at(x-s, y)) / (2 * s), (g.at(x, y+s) - g.at(x, y-s)) / (2 * s)
}

// row fills dst with the field along pixel row y; much faster than at.
func (g *grid) row(y int, dst []float32) {
	fy := clamp(float32(y)/g.step, 0, float32(g.h)-1.001)
	yi := int(fy)
	ty := fy - float32(yi)
	top, low := g.v[yi*g.w:(yi+1)*g.w], g.v[(yi+1)*g.w:(yi+2)*g.w]
	step := int(g.step)
	b := top[0] + ty*(low[0]-top[0])
	for i, x := 0, 0; x < len(dst); i++ {
		a := b
		b = top[i+1] + ty*(low[i+1]-top[i+1])
		d := (b - a) / g.step
		for end := min(x+step, len(dst)); x < end; x++ {
			dst[x] = a
			a += d
		}
	}
}

// parallel calls f for 0 … n-1 on all processors.
func parallel(n int, f func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	group.Wait()
}

// floor is for numbers that fit 32 bits.
func floor(x float32) float32 {
	f := float32(int32(x))
	if f > x {
		f--
	}
	return f
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
func sin(x float32) float32  { return float32(math.Sin(float64(x))) }
func cos(x float32) float32  { return float32(math.Cos(float64(x))) }
func exp(x float32) float32  { return float32(math.Exp(float64(x))) }

// pow takes what rounding pushed below zero for zero.
func pow(x, y float32) float32 { return float32(math.Pow(float64(max(x, 0)), float64(y))) }

func atan2(y, x float32) float32 { return float32(math.Atan2(float64(y), float64(x))) }
func abs(x float32) float32      { return max(x, -x) }

func clamp(x, a, b float32) float32 { return min(max(x, a), b) }

// mix goes from a to b as t goes from 0 to 1.
func mix(a, b, t float32) float32 { return a + (b-a)*t }

// smooth goes from 0 to 1 as x goes from a to b.
func smooth(a, b, x float32) float32 {
	t := clamp((x-a)/(b-a), 0, 1)
	return t * t * (3 - 2*t)
}

// fract returns the part of x after the point, in [0, 1).
func fract(x float32) float32 { return x - floor(x) }

const (
	pi  = float32(math.Pi)
	tau = 2 * pi
)
