package ingest

import (
	"math/rand/v2"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// TestShrink: every sample is the mean of those that there are, to half a step, and
// on the whole nothing gets brighter or darker.
func TestShrink(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		src := pixel.NewPlane(1+r.IntN(40), 1+r.IntN(9))
		for i := range src.Pix {
			src.Pix[i] = byte(r.Uint32()) | byte(r.IntN(2)*255)
		}
		w, h := (src.Width+1)/2, (src.Height+1)/2
		dst := pixel.NewPlane(w+7, h+2)
		shrink(&dst, 4, 1, &src)
		for y := range dst.Height {
			for x := range dst.Width {
				got := float64(dst.Row(y)[x])
				if x < 4 || x >= 4+w || y < 1 || y >= 1+h {
					if got != 0 {
						t.Fatalf("%d × %d: painted outside, at %d,%d", src.Width, src.Height, x, y)
					}
					continue
				}
				sum, n := 0.0, 0.0
				for v := 2 * (y - 1); v < min(2*y, src.Height); v++ {
					for u := 2 * (x - 4); u < min(2*(x-3), src.Width); u++ {
						sum += float64(src.Row(v)[u])
						n++
					}
				}
				if d := got - sum/n; d < -0.5 || d > 0.5 {
					t.Fatalf("%d × %d: sample %d,%d is %g, mean %g", src.Width, src.Height, x-4, y-1, got, sum/n)
				}
			}
		}
	}
	src, dst := pixel.NewPlane(1024, 512), pixel.NewPlane(512, 256)
	in, out := 0, 0
	for i := range src.Pix {
		src.Pix[i] = byte(r.Uint32())
		in += int(src.Pix[i])
	}
	shrink(&dst, 0, 0, &src)
	for _, v := range dst.Pix {
		out += int(v)
	}
	if bias := float64(out)/512/256 - float64(in)/1024/512; bias < -0.01 || bias > 0.01 {
		t.Errorf("bias %g", bias)
	}
}
