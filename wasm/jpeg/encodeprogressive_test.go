package jpeg

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// TestProgressive wants jpegtran to make the very same progressive file of the
// baseline one, and the same optimised baseline file of both; and djpeg and Decode
// to see the same pixels.
func TestProgressive(t *testing.T) {
	for _, sample := range []string{"1x1", "2x1", "1x2", "2x2", "4x1", "4x2"} {
		for _, size := range [][2]int{{403, 301}, {1, 1}, {17, 9}} {
			for _, quality := range []int{1, 85, 100} {
				name := fmt.Sprintf("%s %v quality %d", sample, size, quality)
				checkProgressive(t, name, sampled(t, size[0], size[1], sample), quality)
			}
		}
	}
	for _, size := range [][2]int{{203, 157}, {3, 70}} {
		m := sampled(t, size[0], size[1], "1x1")
		gray := &pixel.Image{Width: m.Width, Height: m.Height, Model: pixel.Gray, SubX: 1, SubY: 1, Planes: m.Planes[:1]}
		checkProgressive(t, fmt.Sprintf("gray %v", size), gray, 90)
	}
}

// TestProgressiveExtremes codes what photographs do not have: no detail at all in
// more blocks than one run counts, and noise that makes every coefficient count.
func TestProgressiveExtremes(t *testing.T) {
	flat := pixel.New(pixel.Gray, 2000, 1200, 1, 1, false)
	if ceilDiv(flat.Width, 8)*ceilDiv(flat.Height, 8) <= maxRun {
		t.Fatal("too few blocks")
	}
	checkProgressive(t, "flat", flat, 85)
	rnd := rand.New(rand.NewPCG(21, 22))
	noise := pixel.New(pixel.YCbCr, 150, 130, 2, 2, false)
	for i := range noise.Planes {
		for j := range noise.Planes[i].Pix {
			noise.Planes[i].Pix[j] = byte(255 * rnd.IntN(2))
		}
	}
	for _, quality := range []int{20, 85, 100} {
		checkProgressive(t, fmt.Sprintf("noise, quality %d", quality), noise, quality)
	}
	// Few bits, then many that only correct: the longest waiting lists.
	for y := range flat.Height {
		for x := range flat.Width {
			flat.Planes[0].Pix[y*flat.Planes[0].Stride+x] = byte(120 + (x^y)&1*16 + rnd.IntN(3))
		}
	}
	checkProgressive(t, "corrections", flat, 95)
}

func checkProgressive(t *testing.T, name string, m *pixel.Image, quality int) {
	t.Helper()
	base := encode(t, m, EncodeOptions{Quality: quality})
	b := encode(t, m, EncodeOptions{Quality: quality, Progressive: true})
	h, err := ReadHeader(bytes.NewReader(b))
	if err != nil || !h.Progressive || h.SubX != m.SubX || h.SubY != m.SubY {
		t.Fatalf("%s: %+v, %v", name, h, err)
	}
	if want := tool(t, base, "jpegtran", "-copy", "all", "-progressive"); !bytes.Equal(b, want) {
		t.Errorf("%s: %d bytes, jpegtran makes %d others", name, len(b), len(want))
	}
	if !bytes.Equal(tool(t, b, "jpegtran", "-copy", "all", "-optimize"), tool(t, base, "jpegtran", "-copy", "all", "-optimize")) {
		t.Errorf("%s: jpegtran finds other coefficients", name)
	}
	if !bytes.Equal(tool(t, b, "djpeg", "-dct", "int"), tool(t, base, "djpeg", "-dct", "int")) {
		t.Errorf("%s: djpeg sees something else", name)
	}
	comparePart(t, name, decode(t, base, DecodeOptions{}), decode(t, b, DecodeOptions{}))
}
