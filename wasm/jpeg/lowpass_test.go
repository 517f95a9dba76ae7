package jpeg

import (
	"bytes"
	"math"
	"testing"
)

// TestLowPass compares a low-pass decode with the definition: djpeg's full-size
// samples, transformed by a cosine transform of floating point, of which the
// lowest 2 × 2 coefficients are transformed back.
func TestLowPass(t *testing.T) {
	ppm := photo(t, 203, 157)
	for _, v := range []variant{
		{"few blocks", []string{"-grayscale", "-quality", "90"}},
		{"progressive", []string{"-grayscale", "-quality", "90", "-progressive"}},
		{"strong", []string{"-grayscale", "-quality", "30"}},
		{"luma of 4:2:0", []string{"-quality", "95", "-sample", "2x2", "-restart", "3B"}},
	} {
		b := tool(t, ppm, "cjpeg", v.args...)
		full := parsePNM(t, tool(t, b, "djpeg", "-dct", "int", "-grayscale", "-pnm"))
		got := decode(t, b, DecodeOptions{Scale: 4, LowPass: true})
		if got.Width != 51 || got.Height != 40 {
			t.Fatalf("%s: %d×%d", v.name, got.Width, got.Height)
		}
		var sum, n, most float64
		for by := range full.height / 8 { // whole blocks only
			for bx := range full.width / 8 {
				want := lowest(full.pix[by*8*full.width+bx*8:], full.width)
				for i, w := range want {
					d := math.Abs(w - float64(got.Planes[0].Row(2*by + i/2)[2*bx+i%2]))
					sum, n, most = sum+d, n+1, max(most, d)
				}
			}
		}
		// Rounding to samples alone costs 0.25 on average. djpeg's clipped and
		// rounded samples add little.
		if sum/n > 0.3 || most > 2 {
			t.Errorf("%s: mean difference %.2f, worst %.2f", v.name, sum/n, most)
		}
	}
}

// lowest returns the 2 × 2 samples of the lowest coefficients of 8 × 8.
func lowest(p []byte, stride int) (out [4]float64) {
	var c [2][2]float64
	for v := range 2 {
		for u := range 2 {
			for y := range 8 {
				for x := range 8 {
					c[v][u] += float64(p[y*stride+x]) *
						math.Cos(float64((2*x+1)*u)*math.Pi/16) * math.Cos(float64((2*y+1)*v)*math.Pi/16)
				}
			}
			// The orthonormal transforms of 8 × 8 and of 2 × 2, and the mean kept.
			for _, f := range []int{u, v} {
				if f > 0 {
					c[v][u] *= math.Sqrt2 * math.Sqrt2 * math.Cos(math.Pi/4)
				}
			}
		}
	}
	for i := range out {
		x, y := 1-2*float64(i%2), 1-2*float64(i/2)
		out[i] = max(0, min(255, (c[0][0]+x*c[0][1]+y*c[1][0]+x*y*c[1][1])/64))
	}
	return out
}

// TestLowPassSkips wants the same samples with tables to skip by and without, and
// of sequential and progressive files with the same coefficients.
func TestLowPassSkips(t *testing.T) {
	b := tool(t, photo(t, 980, 600), "cjpeg", "-quality", "92", "-sample", "2x1")
	o := DecodeOptions{Scale: 4, LowPass: true}
	want := decode(t, b, o)
	h, err := ReadHeader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if blocks := ceilDiv(h.Width, 16) * ceilDiv(h.Height, 8) * 4; blocks < leastSkips {
		t.Fatalf("%d blocks are too few for tables", blocks)
	}
	comparePart(t, "progressive", want, decode(t, tool(t, b, "jpegtran", "-progressive"), o))
	comparePart(t, "optimised", want, decode(t, tool(t, b, "jpegtran", "-optimize", "-restart", "5B"), o))
	o.Region.Max.X, o.Region.Max.Y = 300, 200 // few blocks, no tables
	comparePart(t, "part", want, decode(t, b, o))
}
