package pixel

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

var filters = []Filter{Box, Linear, Cubic, Lanczos3}

func whole(m *Image) Window { return Window{0, 0, float64(m.Width), float64(m.Height)} }

func must(t testing.TB) func(*Image, error) *Image {
	return func(m *Image, err error) *Image {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.check("test"); err != nil {
			t.Fatal(err)
		}
		return m
	}
}

func planes(m *Image) []*Plane {
	var all []*Plane
	for i := range m.Planes {
		all = append(all, &m.Planes[i])
	}
	if m.Alpha != nil {
		all = append(all, m.Alpha)
	}
	return all
}

// same reports whether two images are equal sample by sample.
func same(a, b *Image) bool {
	if a.Width != b.Width || a.Height != b.Height || a.Model != b.Model || a.SubX != b.SubX || a.SubY != b.SubY {
		return false
	}
	pa, pb := planes(a), planes(b)
	if len(pa) != len(pb) {
		return false
	}
	for i := range pa {
		for y := range pa[i].Height {
			if !bytes.Equal(pa[i].Row(y), pb[i].Row(y)) {
				return false
			}
		}
	}
	return true
}

// A constant image stays constant: all filters, whole and fractional scales and
// windows, single pixels, extreme ratios, odd subsampled sizes, alpha.
func TestConstantStaysConstant(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 3}, {7, 5}, {64, 48}, {333, 1}, {1, 10000}, {10000, 3}} {
		for _, kind := range []struct {
			model      Model
			subX, subY int
			alpha      bool
		}{{Gray, 1, 1, false}, {YCbCr, 2, 2, false}, {YCbCr, 4, 1, true}, {RGB, 1, 1, true}, {CMYK, 1, 1, false}} {
			m := New(kind.model, size[0], size[1], kind.subX, kind.subY, kind.alpha)
			values := []byte{201, 77, 180, 255, 9}
			for i, p := range planes(m) {
				for k := range p.Pix {
					p.Pix[k] = values[i]
				}
			}
			for _, to := range [][2]int{{1, 1}, {3, 2}, {32, 24}, {100, 77}, {1, 300}} {
				for _, win := range []Window{whole(m), {0.25, 0.3, float64(size[0]) - 0.5, float64(size[1]) - 0.6}} {
					for _, f := range filters {
						r := must(t)(Resize(m, win, to[0], to[1], f))
						if r.Width != to[0] || r.Height != to[1] || r.SubX != m.SubX || r.Model != m.Model {
							t.Fatalf("wrong shape %d×%d", r.Width, r.Height)
						}
						for i, p := range planes(r) {
							for k, v := range p.Pix {
								if v != values[i] {
									t.Fatalf("%v %v %v→%v %v: plane %d sample %d is %d, not %d", kind, win, size, to, f, i, k, v, values[i])
								}
							}
						}
					}
				}
			}
		}
	}
}

// reference resizes a plane by the definition of the filter, in floating point,
// without shrinking first.
func reference(p *Plane, win Window, w, h int, f Filter) []float64 {
	axis := func(origin, extent float64, n, size int) [][]float64 {
		scale := extent / float64(n)
		all := make([][]float64, n)
		for i := range all {
			all[i] = make([]float64, size)
			centre, sum := origin+(float64(i)+0.5)*scale, 0.0
			s := math.Max(scale, 1)
			for k := int(centre - 4*s - 2); k <= int(centre+4*s+2); k++ {
				d := math.Abs(float64(k)+0.5-centre) / s
				v := 0.0
				switch {
				case f == Box:
					v = math.Max(0, math.Min(float64(k+1), centre+scale/2)-math.Max(float64(k), centre-scale/2))
				case f == Linear && d < 1:
					v = 1 - d
				case f == Cubic && d < 1:
					v = 1.5*d*d*d - 2.5*d*d + 1
				case f == Cubic && d < 2:
					v = -0.5*d*d*d + 2.5*d*d - 4*d + 2
				case f == Lanczos3 && d < 1e-9:
					v = 1
				case f == Lanczos3 && d < 3:
					v = math.Sin(math.Pi*d) / (math.Pi * d) * math.Sin(math.Pi*d/3) / (math.Pi * d / 3)
				}
				all[i][max(0, min(k, size-1))] += v
				sum += v
			}
			for k := range all[i] {
				all[i][k] /= sum
			}
		}
		return all
	}
	ax, ay := axis(win.X, win.W, w, p.Width), axis(win.Y, win.H, h, p.Height)
	out := make([]float64, w*h)
	for y := range h {
		for x := range w {
			for j, wy := range ay[y] {
				if wy == 0 {
					continue
				}
				for i, v := range p.Row(j) {
					out[y*w+x] += wy * ax[x][i] * float64(v)
				}
			}
			out[y*w+x] = max(0, min(out[y*w+x], 255))
		}
	}
	return out
}

// Fixed point agrees with the definition within rounding, below the scale at
// which cells are averaged first.
func TestResizeAgreesWithDefinition(t *testing.T) {
	m := noise(Gray, 61, 47, 1, 1, false)
	for _, c := range []struct {
		win  Window
		w, h int
	}{
		{whole(m), 61, 47}, {whole(m), 30, 23}, {whole(m), 20, 17}, {whole(m), 122, 94}, {whole(m), 200, 11 * 2},
		{Window{0.3, 0.8, 50.2, 40.1}, 25, 33}, {Window{12, 9, 33, 21}, 33, 21}, {Window{12.5, 9, 33, 21.25}, 33, 21}, {Window{60, 46, 1, 1}, 9, 8},
	} {
		for _, f := range filters {
			got := must(t)(Resize(m, c.win, c.w, c.h, f))
			for i, want := range reference(&m.Planes[0], c.win, c.w, c.h, f) {
				if d := math.Abs(float64(got.Planes[0].Pix[i]) - want); d > 0.75 {
					t.Fatalf("%v to %d×%d, %v: sample %d is %d, not %.2f", c.win, c.w, c.h, f, i, got.Planes[0].Pix[i], want)
				}
			}
		}
	}
}

// Sines that turn each other on agree with the definition, far beyond 14 bits.
func TestLanczosAgreesWithDefinition(t *testing.T) {
	sinc := func(x float64) float64 {
		if x == 0 {
			return 1
		}
		return math.Sin(math.Pi*x) / (math.Pi * x)
	}
	for _, from := range []float64{-3, -2.9999, -3.2, -2.5, -1e-8, 0} {
		for _, step := range []float64{1, 1. / 2, 1. / 3, 0.26, 0.2631} {
			got := make([]float64, 27)
			lanczos(got, from, step)
			for k, v := range got {
				x, want := from+float64(k)*step, 0.0
				if math.Abs(x) < 3 {
					want = sinc(x) * sinc(x/3)
				}
				if math.Abs(v-want) > 1e-9 {
					t.Errorf("at %v: %v, not %v", x, v, want)
				}
			}
		}
	}
}

// Whole factors of Box are exact means.
func TestBoxIsTheMean(t *testing.T) {
	m := noise(Gray, 6*70, 6*40, 1, 1, false)
	for _, f := range [][2]int{{2, 2}, {3, 2}, {1, 4}, {6, 6}, {70, 40}, {420, 240}, {2, 1}, {5, 3}, {14, 8}} {
		w, h := m.Width/f[0], m.Height/f[1]
		r := must(t)(Resize(m, whole(m), w, h, Box))
		for y := range h {
			for x := range w {
				sum := 0
				for j := range f[1] {
					for i := range f[0] {
						sum += int(m.Planes[0].Row(y*f[1] + j)[x*f[0]+i])
					}
				}
				want := float64(sum) / float64(f[0]*f[1])
				if d := math.Abs(float64(r.Planes[0].Row(y)[x]) - want); d > 0.5001 {
					t.Fatalf("%v: (%d, %d) is %d, not %.3f", f, x, y, r.Planes[0].Row(y)[x], want)
				}
			}
		}
	}
}

// Chroma lies at cell centres: a horizontal ramp of chroma stays the same ramp
// of the picture at any scale, subsampling and offset.
func TestChromaSites(t *testing.T) {
	for _, sub := range [][2]int{{1, 1}, {2, 1}, {2, 2}, {4, 2}, {1, 2}} {
		m := New(YCbCr, 201, 203, sub[0], sub[1], false)
		ramp := func(pixel float64) float64 { return 20 + pixel }
		for y := range m.Planes[1].Height {
			for x := range m.Planes[1].Row(y) {
				m.Planes[1].Row(y)[x] = byte(ramp(float64(x*sub[0])+float64(sub[0])/2) + 0.5)
				m.Planes[2].Row(y)[x] = byte(ramp(float64(y*sub[1])+float64(sub[1])/2) + 0.5)
			}
		}
		for _, c := range []struct {
			win  Window
			w, h int
		}{{whole(m), 100, 101}, {whole(m), 67, 51}, {Window{31, 33, 101, 99}, 101, 99}, {Window{31.5, 33.25, 77, 99}, 154, 198}, {Window{3, 5, 150, 150}, 15, 15}} {
			for _, out := range [][2]int{sub, {1, 1}, {2, 2}} {
				r := must(t)(ResizeChroma(m, c.win, c.w, c.h, out[0], out[1], Linear))
				sx, sy := c.win.W/float64(c.w), c.win.H/float64(c.h)
				// Not at the ends, where the edge is continued.
				for y := 3; y < r.Planes[1].Height-4; y++ {
					for x := 3; x < r.Planes[1].Width-4; x++ {
						wantU := ramp(c.win.X + (float64(x)+0.5)*float64(out[0])*sx)
						wantV := ramp(c.win.Y + (float64(y)+0.5)*float64(out[1])*sy)
						u, v := float64(r.Planes[1].Row(y)[x]), float64(r.Planes[2].Row(y)[x])
						if math.Abs(u-wantU) > 1.6 || math.Abs(v-wantV) > 1.6 {
							t.Fatalf("%v→%v %v: chroma at (%d, %d) is %v %v, want %.1f %.1f", sub, out, c.win, x, y, u, v, wantU, wantV)
						}
					}
				}
			}
		}
	}
}

// Whole windows at scale 1 are copies, and Crop is the same.
func TestCropCopies(t *testing.T) {
	for _, sub := range [][2]int{{1, 1}, {2, 2}, {4, 1}} {
		m := noise(YCbCr, 61, 43, sub[0], sub[1], true)
		m.ICC = []byte("profile")
		for _, c := range [][4]int{{0, 0, 61, 43}, {4, 8, 20, 11}, {7, 3, 13, 17}, {60, 42, 1, 1}} {
			r := must(t)(Crop(m, c[0], c[1], c[2], c[3]))
			if string(r.ICC) != "profile" {
				t.Error("the profile is lost")
			}
			for y := range c[3] {
				if !bytes.Equal(r.Planes[0].Row(y), m.Planes[0].Row(c[1] + y)[c[0]:c[0]+c[2]]) ||
					!bytes.Equal(r.Alpha.Row(y), m.Alpha.Row(c[1] + y)[c[0]:c[0]+c[2]]) {
					t.Fatalf("%v: row %d differs", c, y)
				}
			}
			if c[0]%sub[0] != 0 || c[1]%sub[1] != 0 {
				continue
			}
			for y := range r.Planes[1].Height {
				if !bytes.Equal(r.Planes[1].Row(y), m.Planes[1].Row(c[1]/sub[1] + y)[c[0]/sub[0]:][:r.Planes[1].Width]) {
					t.Fatalf("%v: row %d of chroma differs", c, y)
				}
			}
		}
	}
	m := noise(RGB, 5, 5, 1, 1, false)
	for _, c := range [][4]int{{-1, 0, 2, 2}, {0, 0, 6, 5}, {4, 4, 2, 1}, {0, 0, 0, 1}, {5, 0, 1, 1}, {1, 1, math.MaxInt, 1}} {
		if _, err := Crop(m, c[0], c[1], c[2], c[3]); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

// Red beside transparent green stays red: no fringe, at any opacity.
func TestAlphaHasNoFringes(t *testing.T) {
	for _, model := range []Model{RGB, YCbCr} {
		m := New(RGB, 64, 64, 1, 1, true)
		for y := range 64 {
			for x := range 64 {
				i := y*64 + x
				if x < 31 {
					m.put(i, 250, 10, 10, 255)
				} else {
					m.put(i, 0, 255, 0, 0)
				}
			}
		}
		limit := 1
		if model == YCbCr {
			m, limit = ToYCbCr(m, 1, 1), 3
		}
		for _, size := range []int{9, 16, 33, 150} {
			for _, f := range filters {
				r := must(t)(Resize(m, whole(m), size, size, f))
				rgb, partial := ToRGB(r), 0
				for i, a := range r.Alpha.Pix {
					if a > 0 && a < 255 {
						partial++
					}
					if a > 8 {
						for c, want := range []int{250, 10, 10} {
							if d := int(rgb.Planes[c].Pix[i]) - want; d > limit || -d > limit {
								t.Fatalf("%v %d %v: pixel %d is %d %d %d at opacity %d", model, size, f, i,
									rgb.Planes[0].Pix[i], rgb.Planes[1].Pix[i], rgb.Planes[2].Pix[i], a)
							}
						}
					}
				}
				if partial == 0 && f != Box {
					t.Errorf("%d %v: the edge is not antialiased", size, f)
				}
			}
		}
	}
}

func TestResizeRefuses(t *testing.T) {
	m := noise(RGB, 10, 10, 1, 1, false)
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		win  Window
		w, h int
		f    Filter
	}{
		{whole(m), 0, 1, Box}, {whole(m), 1, -1, Box}, {whole(m), 1 << 30, 1, Box}, {whole(m), 1 << 20, 1 << 20, Box},
		{whole(m), 5, 5, 9}, {Window{}, 5, 5, Box}, {Window{0, 0, nan, 1}, 5, 5, Box}, {Window{nan, 0, 1, 1}, 5, 5, Box},
		{Window{0, 0, inf, 1}, 5, 5, Box}, {Window{-2, 0, 5, 5}, 5, 5, Box}, {Window{8, 0, 5, 5}, 5, 5, Box}, {Window{0, 0, -1, 5}, 5, 5, Box},
	} {
		if _, err := Resize(m, c.win, c.w, c.h, c.f); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v to %d×%d %v: %v", c.win, c.w, c.h, c.f, err)
		}
	}
	for name, bad := range map[string]*Image{
		"zero":       {},
		"no planes":  {Width: 1, Height: 1, Model: RGB, SubX: 1, SubY: 1},
		"short":      {Width: 9, Height: 9, Model: Gray, SubX: 1, SubY: 1, Planes: []Plane{{Pix: make([]byte, 80), Stride: 9, Width: 9, Height: 9}}},
		"subsampled": {Width: 1, Height: 1, Model: Gray, SubX: 3, SubY: 1, Planes: []Plane{NewPlane(1, 1)}},
	} {
		if _, err := Resize(bad, Window{0, 0, 1, 1}, 1, 1, Box); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzResize(f *testing.F) {
	f.Add(uint16(10), uint16(20), 0.0, 0.0, 1.0, 1.0, uint16(5), uint16(7), uint8(2), uint8(0))
	f.Add(uint16(1), uint16(900), 0.1, 0.2, 0.5, 0.01, uint16(1), uint16(1), uint8(3), uint8(7))
	f.Add(uint16(301), uint16(7), 0.1, 0.2, 0.9, 0.8, uint16(3), uint16(100), uint8(0), uint8(255))
	f.Fuzz(func(t *testing.T, w, h uint16, x, y, ww, hh float64, ow, oh uint16, filter, kind uint8) {
		width, height := int(w%512)+1, int(h%512)+1
		outW, outH := int(ow%300)+1, int(oh%300)+1
		model := []Model{Gray, YCbCr, RGB, CMYK}[kind&3]
		m := noise(model, width, height, 1<<(kind>>2&3%3), 1<<(kind>>4&1), kind>>5&1 == 1)
		win := Window{x * float64(width), y * float64(height), ww * float64(width), hh * float64(height)}
		r, err := Resize(m, win, outW, outH, Filter(filter%4))
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if r.Width != outW || r.Height != outH || r.check("fuzz") != nil {
			t.Fatalf("%d×%d instead of %d×%d", r.Width, r.Height, outW, outH)
		}
	})
}

func ExampleResize() {
	m := New(YCbCr, 4001, 2250, 2, 2, false)
	r, _ := Resize(m, Window{0, 0, 4001, 2250}, 801, 450, Lanczos3)
	fmt.Println(r.Width, r.Height, r.Planes[1].Width, r.Planes[1].Height)
	// Output: 801 450 401 225
}
