package codec

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// TestBands: a region whose data are decoded in several bands is what decoding the
// whole file gives, at all scales, and no band has more data than it may.
func TestBands(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, c := range []struct {
		model pixel.Model
		sub   [2]int
		w, h  int
	}{{pixel.YCbCr, [2]int{2, 2}, 2205, 2307}, {pixel.YCbCr, [2]int{1, 1}, 1501, 1733}, {pixel.Gray, [2]int{1, 1}, 2603, 2405}} {
		m := pixel.New(c.model, c.w, c.h, c.sub[0], c.sub[1], false)
		for i := range m.Planes {
			for y := range m.Planes[i].Height {
				row := m.Planes[i].Row(y)
				for x := range row {
					row[x] = byte(rnd.Uint32())
				}
			}
		}
		var file bytes.Buffer
		if err := jpeg.Encode(&file, m, jpeg.EncodeOptions{Quality: 98}); err != nil {
			t.Fatal(err)
		}
		p, err := Open(bytes.NewReader(file.Bytes()), int64(file.Len()), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		x, err := p.BuildIndex(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for band := range bands(x, image.Rect(0, 0, c.w, c.h)) {
			if stored := storedBytes(x, band); stored > bandBytes && band.Dy() > x.MCU().Y {
				t.Errorf("a band of %d bytes", stored)
			}
			n++
		}
		if n < 2 {
			t.Fatalf("%d bytes are one band", file.Len())
		}
		for level, size := range p.Levels() {
			name := fmt.Sprint(c, " level ", level)
			region := image.Rectangle{Max: size}
			want, err := p.Decode(t.Context(), level, region)
			if err != nil {
				t.Fatal(name, err)
			}
			got, err := p.DecodeIndexed(t.Context(), x, level, region)
			if err != nil {
				t.Fatal(name, err)
			}
			if got.Rect != want.Rect || got.Model != want.Model || got.SubX != want.SubX || got.SubY != want.SubY {
				t.Fatalf("%s: %v, want %v", name, got.Rect, want.Rect)
			}
			for i := range want.Planes {
				for y := range want.Planes[i].Height {
					if !bytes.Equal(got.Planes[i].Row(y), want.Planes[i].Row(y)) {
						t.Fatalf("%s: row %d of plane %d differs", name, y, i)
					}
				}
			}
		}
	}
}
