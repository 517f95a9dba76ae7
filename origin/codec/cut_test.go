package codec

import (
	"bytes"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
)

// TestDecodeIndexed: with an index, regions have the pixels of the whole decode.
func TestDecodeIndexed(t *testing.T) {
	photos, _ := filepath.Glob("/usr/share/backgrounds/mate/nature/*.jpg")
	if len(photos) == 0 {
		missing(t, "Debian's mate-backgrounds")
	}
	random := rand.New(rand.NewPCG(3, 4))
	for _, name := range photos[:3] {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Open(bytes.NewReader(data), int64(len(data)), Limits{})
		if err != nil || !p.Indexable() {
			t.Fatalf("%s: %v", name, err)
		}
		x, err := p.BuildIndex(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for level, size := range p.Levels() {
			whole, err := p.Decode(t.Context(), level, image.Rectangle{Max: size})
			if err != nil {
				t.Fatal(err)
			}
			for range 8 {
				a, b := image.Pt(random.IntN(size.X), random.IntN(size.Y)), image.Pt(random.IntN(size.X), random.IntN(size.Y))
				r := image.Rectangle{a, b}.Canon()
				r.Max = r.Max.Add(image.Pt(1, 1))
				d, err := p.DecodeIndexed(t.Context(), x, level, r)
				if err != nil || !r.In(d.Rect) || d.Rect.Size() != image.Pt(d.Width, d.Height) {
					t.Fatalf("%s level %d %v: covers %v, %v", name, level, r, d.Rect, err)
				}
				if d.Size() > p.MemoryForIndexed(x, level, r) {
					t.Errorf("%s level %d %v: %d bytes, %d announced", name, level, r, d.Size(), p.MemoryForIndexed(x, level, r))
				}
				for y := r.Min.Y; y < r.Max.Y; y++ {
					got := d.Planes[0].Row(y - d.Rect.Min.Y)[r.Min.X-d.Rect.Min.X:][:r.Dx()]
					want := whole.Planes[0].Row(y)[r.Min.X:r.Max.X]
					if !bytes.Equal(got, want) {
						t.Fatalf("%s level %d %v: row %d differs", name, level, r, y)
					}
				}
			}
		}
		if _, err := p.DecodeIndexed(t.Context(), x, 9, image.Rect(0, 0, 1, 1)); !fault.Is(err, fault.Invalid) {
			t.Errorf("level 9: %v", err)
		}
		cut := data[:len(data)*2/3]
		q, err := Open(bytes.NewReader(cut), int64(len(cut)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.Cut(t.Context(), x, image.Rectangle{Max: p.Levels()[0]}, jpeg.TileOptions{}); !fault.Is(err, fault.Corrupt) {
			t.Errorf("a file that was cut off: %v, want corrupt", err)
		}
	}
}
