package pixel

import (
	"math/rand/v2"
	"testing"
)

// TestInterleaved: every byte goes where it belongs, and nothing else is touched,
// for rows of all lengths.
func TestInterleaved(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 200 {
		src := make([]byte, 3*n)
		for i := range src {
			src[i] = byte(r.Uint32())
		}
		var planes [3][]byte
		for k := range planes {
			planes[k] = make([]byte, n+2)
		}
		Deinterleave3(planes[0][1:n+1], planes[1][1:n+1], planes[2][1:n+1], src)
		for k, p := range planes {
			sum := byte(0)
			row := append([]byte(nil), p...)
			Accumulate(row[1 : n+1])
			for i := range n {
				if p[i+1] != src[3*i+k] {
					t.Fatalf("%d pixels: plane %d, byte %d is %d, not %d", n, k, i, p[i+1], src[3*i+k])
				}
				if sum += src[3*i+k]; row[i+1] != sum {
					t.Fatalf("%d pixels: plane %d, sum %d is %d, not %d", n, k, i, row[i+1], sum)
				}
			}
			if p[0]|p[n+1]|row[0]|row[n+1] != 0 {
				t.Fatalf("%d pixels: bytes outside are touched", n)
			}
		}
	}
}
