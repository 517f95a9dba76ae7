package demo

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"math"
	"runtime"
	"testing"
)

// small is a picture of a size that fits neither bands nor blocks, with a line
// through all bands.
func small(w, h int, gray bool) *art {
	s := newSheet(w, h)
	if !gray {
		s.stroke(paint(colour{200, 30, 30}, 255), pt{5, 5, 6}, pt{float32(w) - 5, float32(h) - 5, 9})
	}
	return &art{w: w, h: h, gray: gray, paint: func(b *band) {
		for y := range b.h {
			for x := range w {
				v := uint8(x*3 + (y+b.y0)*2)
				if gray {
					b.grayLine(y)[x] = v
				} else {
					copy(b.line(y)[4*x:], []byte{v, uint8(x), uint8(y + b.y0)})
				}
			}
		}
		s.draw(b)
	}}
}

// A file joined from bands decodes to the same pixels as one written in a piece:
// blocks are compressed independently of each other.
func TestJoinedBands(t *testing.T) {
	for _, test := range []struct {
		w, h int
		gray bool
	}{{100, 200, false}, {203, 130, true}, {64, 64, false}, {1, 1, false}, {37, 65, false}, {8, 1000, true}} {
		a := small(test.w, test.h, test.gray)
		var joined bytes.Buffer
		if err := encode(t.Context(), &joined, a, "test"); err != nil {
			t.Fatal(err)
		}
		whole := &art{w: a.w, h: a.h, gray: a.gray, paint: a.paint}
		var picture image.Image
		rgb, gray := image.NewRGBA(image.Rect(0, 0, a.w, a.h)), image.NewGray(image.Rect(0, 0, a.w, a.h))
		b := newBand(whole)
		for y := 0; y < a.h; y += bandRows {
			b.begin(y)
			a.paint(b)
			for r := range b.h {
				if a.gray {
					copy(gray.Pix[(y+r)*gray.Stride:], b.grayLine(r))
					picture = gray
				} else {
					copy(rgb.Pix[(y+r)*rgb.Stride:], b.line(r))
					picture = rgb
				}
			}
		}
		var single bytes.Buffer
		if err := jpeg.Encode(&single, picture, &jpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		got, err := jpeg.Decode(&joined)
		if err != nil {
			t.Fatalf("%v: %v", test, err)
		}
		want, err := jpeg.Decode(&single)
		if err != nil {
			t.Fatal(err)
		}
		if got.Bounds() != want.Bounds() {
			t.Fatalf("%v: bounds %v", test, got.Bounds())
		}
		for y := range a.h {
			for x := range a.w {
				if got.At(x, y) != want.At(x, y) {
					t.Fatalf("%v: pixel %d, %d is %v, want %v", test, x, y, got.At(x, y), want.At(x, y))
				}
			}
		}
	}
}

// The bytes do not depend on how many processors there are.
func TestSameBytes(t *testing.T) {
	write := func(procs int) []byte {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		var b bytes.Buffer
		for _, p := range Pictures() {
			if p.Name == "heliodora-serena.jpg" {
				if err := p.Write(t.Context(), &b); err != nil {
					t.Fatal(err)
				}
			}
		}
		return b.Bytes()
	}
	a, b := write(1), write(3)
	if len(a) < 100000 || !bytes.Equal(a, b) {
		t.Errorf("%d and %d bytes, not the same", len(a), len(b))
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	before := runtime.NumGoroutine()
	a := small(64, 64000, false)
	paint := a.paint
	a.paint = func(b *band) {
		if b.y0 > 2000 {
			cancel()
		}
		paint(b)
	}
	var out bytes.Buffer
	if err := encode(ctx, &out, a, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
}

// failing fails after some bytes.
type failing struct{ left int }

func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errors.New("full")
	}
	return len(b), nil
}

func TestWriterFails(t *testing.T) {
	if err := encode(t.Context(), &failing{1000}, small(640, 6400, false), ""); err == nil {
		t.Error("no error")
	}
}

// Coverage is area: discs, rectangles and slanted shapes put as much ink on the
// plate as geometry says.
func TestCoverage(t *testing.T) {
	const w, h = 200, 130 // three bands
	ring := make([]pt, 400)
	for i := range ring {
		ring[i] = pt{x: 90, y: 65}.add(polar(tau*float32(i)/400, 40))
	}
	for _, test := range []struct {
		name string
		draw func(s *sheet)
		area float64
		slip float64
	}{
		{"rectangle", func(s *sheet) { s.fill(ink(0), rect(10.25, 20.5, 50.75, 110.25, 0)[:4]) }, 40.5 * 89.75, 0.003},
		{"turned", func(s *sheet) {
			s.fill(ink(0), []pt{{x: 100, y: 5}, {x: 160, y: 65}, {x: 100, y: 125}, {x: 40, y: 65}})
		}, 7200, 0.003},
		{"circle", func(s *sheet) { s.fill(ink(0), ring) }, math.Pi * 1600, 0.003},
		{"joined", func(s *sheet) { s.fill(ink(0), rect(10, 10, 50, 100, 0)[:4], rect(30, 10, 70, 100, 0)[:4]) }, 60 * 90, 0.003},
		{"outside", func(s *sheet) { s.fill(ink(0), rect(-50, -50, 30, 40, 0)[:4]) }, 1200, 0.003},
		{"disc", func(s *sheet) { s.disc(ink(0), pt{x: 90, y: 65}, 40) }, math.Pi * 1600, 0.01},
		{"line", func(s *sheet) { s.stroke(ink(0), pt{20, 30, 4}, pt{150, 110, 4}) }, 8*math.Hypot(130, 80) + math.Pi*16, 0.02},
		{"erased", func(s *sheet) {
			s.fill(ink(0), rect(10, 10, 110, 110, 0)[:4])
			s.fill(eraser(0), rect(20, 20, 60, 60, 0)[:4])
		}, 10000 - 1600, 0.003},
	} {
		s := newSheet(w, h)
		test.draw(s)
		b := newBand(&art{w: w, h: h, plates: 1})
		var sum float64
		for y := 0; y < h; y += bandRows {
			b.begin(y)
			s.draw(b)
			for _, v := range b.plates[0][:b.w*b.h] {
				sum += float64(v) / 255
			}
		}
		if math.Abs(sum-test.area) > test.area*test.slip {
			t.Errorf("%s: %.1f, want %.1f", test.name, sum, test.area)
		}
	}
}

// The distance field agrees with measuring to every point.
func TestDistance(t *testing.T) {
	g := &grid{w: 41, h: 29, step: 3, v: make([]float32, 41*29)}
	r := rng{9}
	for i := range g.v {
		if r.intn(60) == 0 {
			g.v[i] = 1
		}
	}
	d := g.distance(func(i int) bool { return g.v[i] > 0 })
	for y := range g.h {
		for x := range g.w {
			best := math.Inf(1)
			for i, v := range g.v {
				if v > 0 {
					best = min(best, 3*math.Hypot(float64(x-i%g.w), float64(y-i/g.w)))
				}
			}
			if got := float64(d.v[y*g.w+x]); math.Abs(got-best) > 1e-3 {
				t.Fatalf("at %d, %d: %g, want %g", x, y, got, best)
			}
		}
	}
}

// The contour of a cone is a circle of the right length, closed.
func TestContours(t *testing.T) {
	g := newGrid(400, 400, 4, func(x, y float32) float32 { return 150 - pt{x: x - 200, y: y - 200}.len() })
	lines := g.contours(50, 3)
	if len(lines) != 1 {
		t.Fatalf("%d lines", len(lines))
	}
	var length float64
	line := lines[0]
	for i := 1; i < len(line); i++ {
		length += float64(line[i].sub(line[i-1]).len())
	}
	if line[0] != line[len(line)-1] || math.Abs(length-2*math.Pi*100) > 5 {
		t.Errorf("length %.1f, ends %v %v", length, line[0], line[len(line)-1])
	}
}

// Every glyph is complete, and all letters that names use exist.
func TestGlyphs(t *testing.T) {
	h := newHand()
	for r, g := range h.glyphs {
		if g.advance <= 0 || len(g.strokes) == 0 && r != ' ' {
			t.Errorf("%q is empty", r)
		}
		for _, s := range g.strokes {
			for _, p := range s {
				if len(s) < 2 || p.x < -6 || p.x > 20 || p.y < -9 || p.y > 19 {
					t.Errorf("%q has a stroke out of bounds: %v", r, s)
					break
				}
			}
		}
	}
	n := newNamer(1)
	for range 2000 {
		for _, s := range []string{n.word(), n.place(2)} {
			for _, r := range s + capitals(s) {
				if _, ok := h.glyphs[r]; !ok {
					t.Fatalf("%q in %q has no glyph", r, s)
				}
			}
		}
		clear(n.used)
	}
}
