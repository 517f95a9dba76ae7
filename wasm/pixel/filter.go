package pixel

import "math"

// Filter is a resampling kernel.
type Filter uint8

// The filters, from the fastest to the sharpest.
const (
	// Box averages exactly the area that an output pixel covers; enlarging, it
	// is the nearest neighbour with soft joints.
	Box Filter = iota
	// Linear is the triangle, support 1.
	Linear
	// Cubic is Catmull-Rom, support 2.
	Cubic
	// Lanczos3 is the windowed sinc of support 3.
	Lanczos3
)

// String returns the filter's name in lower case.
func (f Filter) String() string {
	switch f {
	case Box:
		return "box"
	case Linear:
		return "linear"
	case Cubic:
		return "cubic"
	case Lanczos3:
		return "lanczos3"
	}
	return "unknown"
}

// radius is the kernel's support in samples at scale 1.
func (f Filter) radius() float64 {
	switch f {
	case Box:
		return 0.5
	case Linear:
		return 1
	case Cubic:
		return 2
	}
	return 3
}

// at returns the kernel's value at distance x, for Linear and Cubic. Box is not
// sampled but integrated, see axis.weigh.
func (f Filter) at(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x >= f.radius():
		return 0
	case f == Linear:
		return 1 - x
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	}
	return ((-0.5*x+2.5)*x-4)*x + 2
}

// lanczos sets w to the values of Lanczos3 at from, from+step and so on. The
// angles are equally far apart, so that two sines serve all of them: one turns
// the other on. Some dozens of turns are exact to 14 digits.
func lanczos(w []float64, from, step float64) {
	sin, cos := math.Sincos(math.Pi / 3 * from)
	turnSin, turnCos := math.Sincos(math.Pi / 3 * step)
	for k := range w {
		x := from + float64(k)*step
		switch {
		case math.Abs(x) >= 3:
			w[k] = 0
		case math.Abs(x) < 1e-7:
			w[k] = 1
		default:
			// sin 3t is 3 sin t - 4 sin³ t, which gives sinc(x)·sinc(x/3).
			t := math.Pi / 3 * x
			s2 := sin * sin
			w[k] = s2 * (3 - 4*s2) / (3 * t * t)
		}
		sin, cos = sin*turnCos+cos*turnSin, cos*turnCos-sin*turnSin
	}
}

// axis maps the samples of an output row or column to its source: the centre of
// sample i lies at origin + (i+½)·scale, where source sample k covers k to k+1.
type axis struct {
	origin, scale float64
	n             int
}

// copies reports whether every output sample is a source sample, and the first.
func (a axis) copies(size int) (first int, ok bool) {
	if a.scale != 1 || a.origin < 0 || a.origin != math.Floor(a.origin) || a.origin+float64(a.n) > float64(size) {
		return 0, false
	}
	return int(a.origin), true
}

// reach returns the source samples that the output depends on, within 0 to
// size, at least one.
func (a axis) reach(size int, f Filter) (from, to int) {
	r := f.radius()*max(a.scale, 1) + 1
	from = clamp(int(math.Floor(a.origin-r)), 0, size-1)
	to = clamp(int(math.Ceil(a.origin+float64(a.n)*a.scale+r)), from+1, size)
	return from, to
}

// weightBits is the precision of the weights: they add up to 1 << weightBits.
// 14 bits leave room for kernels that overshoot 1 in an int16, and for two
// passes over 8-bit samples in 32-bit lanes, see scaleWords and scaleVectors.
const weightBits = 14

// taps are the weights of an axis: output sample i is the sum of n source
// samples from lo[i], weighted by c[i*n:].
type taps struct {
	n  int
	lo []int32
	c  []int16
	// The same for vectors: weighted by wide[i*step:], zeros at the end.
	wide []int16
	step int
}

// weigh computes the weights of the axis over a source of size samples. Beyond
// its ends the source is continued by its outermost samples, so their weights
// go to those.
func (a axis) weigh(size int, f Filter) taps {
	s := max(a.scale, 1)
	r := f.radius() * s
	if f == Box {
		s = a.scale
		r = s / 2
	}
	width := int(math.Ceil(2*r)) + 2
	var (
		raw   = make([]float64, width)
		fold  = make([]float64, width)
		lo    = make([]int32, a.n)
		count = make([]int32, a.n)
		all   = make([]int16, 0, a.n*min(width, size))
		start = make([]int32, a.n)
		phase = math.NaN()
		n     = 1
	)
	for i := range a.n {
		centre := a.origin + (float64(i)+0.5)*a.scale
		first := int(math.Floor(centre - r))
		// Equal phases have equal weights: with a whole scale that is every
		// sample, and the sines are computed once.
		if p := centre - float64(first); p != phase {
			phase = p
			switch f {
			case Box:
				for k := range raw {
					left, right := max(float64(k), p-r), min(float64(k+1), p+r)
					raw[k] = max(right-left, 0)
				}
			case Lanczos3:
				lanczos(raw, (0.5-p)/s, 1/s)
			default:
				for k := range raw {
					raw[k] = f.at((float64(k) + 0.5 - p) / s)
				}
			}
		}
		from := clamp(first, 0, size-1)
		to := clamp(first+width, from+1, size)
		row := raw
		if to-from < width {
			row = fold[:to-from]
			clear(row)
			for k, w := range raw {
				row[clamp(first+k, from, to-1)-from] += w
			}
		}
		q := quantise(all[len(all):len(all)+len(row)], row)
		skip := 0
		for skip < len(q)-1 && q[skip] == 0 {
			skip++
		}
		end := len(q)
		for end > skip+1 && q[end-1] == 0 {
			end--
		}
		lo[i], count[i], start[i] = int32(from+skip), int32(end-skip), int32(len(all))
		all = append(all, q[skip:end]...)
		n = max(n, end-skip)
	}
	t := taps{n: n, lo: lo, c: make([]int16, a.n*n)}
	for i := range a.n {
		at := min(int(lo[i]), size-n)
		copy(t.c[i*n+int(lo[i])-at:], all[start[i]:start[i]+count[i]])
		lo[i] = int32(at)
	}
	return t
}

// quantise scales the weights w to integers that add up to 1 << weightBits and
// stores them in q, which has as many. The rounding errors go to the largest
// weight, where they show least.
func quantise(q []int16, w []float64) []int16 {
	sum, best := 0.0, 0
	for k, v := range w {
		sum += v
		if v > w[best] {
			best = k
		}
	}
	if !(math.Abs(sum) > 1e-12) {
		clear(q)
		q[best] = 1 << weightBits
		return q
	}
	rest, scale := int32(1<<weightBits), (1<<weightBits)/sum
	for k, v := range w {
		v *= scale
		x := int32(v + math.Copysign(0.5, v))
		rest -= x
		q[k] = int16(x)
	}
	q[best] += int16(rest)
	return q
}

// span returns the source samples that the weights touch.
func (t *taps) span() (from, to int) {
	from, to = int(t.lo[0]), int(t.lo[0])
	for _, l := range t.lo {
		from, to = min(from, int(l)), max(to, int(l))
	}
	return from, to + t.n
}

func clamp(v, low, high int) int { return max(low, min(v, high)) }
