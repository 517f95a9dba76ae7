package tiff

import (
	"bytes"
	"encoding/binary"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/zlib"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func deflate(b []byte) ([]byte, error) {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	err := w.Close()
	return z.Bytes(), err
}

// No file makes Open or Decode panic, return an error without a kind or an image
// of another shape than asked for.
func FuzzOpen(f *testing.F) {
	names, _ := filepath.Glob(filepath.Join(sharedImages, "*.tif"))
	for _, name := range names {
		if b, err := os.ReadFile(name); err == nil && len(b) < 40<<10 {
			f.Add(b)
		}
	}
	for _, c := range []Compression{None, CCITTG3, CCITTG4, LZW, JPEG, Deflate, PackBits} {
		f.Add(handmade(noise(40), simple(16, 9, 1, 1, c, MinIsWhite, 40)))
		f.Add(handmade(noise(40), simple(4, 3, 8, 3, c, YCbCr, 40)))
	}
	f.Fuzz(tryAll)
}

// tryAll opens b with small limits and decodes two regions of each level.
func tryAll(t *testing.T, b []byte) {
	lim := Limits{MaxPixels: 1 << 20, MaxDimension: 1 << 12, MaxTileBytes: 1 << 20, MaxTableBytes: 1 << 20, MaxPages: 8}
	file, err := Open(bytes.NewReader(b), int64(len(b)), lim)
	if err != nil {
		typed(t, err)
		return
	}
	for i, l := range file.Levels() {
		mid := image.Pt(l.Width/2, l.Height/2)
		for _, r := range []image.Rectangle{
			{Max: image.Pt(min(l.Width, 300), min(l.Height, 300))},
			{Min: mid, Max: mid.Add(image.Pt(1, 1))},
		} {
			p, err := file.Decode(i, r, 8<<20)
			if err != nil {
				typed(t, err)
				continue
			}
			if !r.In(p.Rect) || p.Width != p.Rect.Dx() || p.Height != p.Rect.Dy() || p.Model != l.Model {
				t.Fatalf("region %v: %v of %d × %d", r, p.Rect, p.Width, p.Height)
			}
			samples(p.Image) // all planes are there
		}
		if _, _, err := file.TileRange(i, 0, 0); err != nil {
			typed(t, err)
		}
	}
}

// Small damage in directories and data, which a fuzzer takes long to find.
func TestMutations(t *testing.T) {
	names, _ := filepath.Glob(filepath.Join(sharedImages, "*.tif"))
	if len(names) == 0 {
		missing(t, sharedImages)
	}
	rnd := rand.New(rand.NewPCG(5, 6))
	var total time.Duration
	decoded := 0
	for _, name := range names {
		good, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		dir := directoryOf(good)
		for range 400 {
			b := append([]byte(nil), good...)
			for range 1 + rnd.IntN(3) {
				at := rnd.IntN(len(b))
				if rnd.IntN(4) > 0 { // mostly in the directory
					at = min(dir+rnd.IntN(260), len(b)-1)
				}
				b[at] = byte([]uint32{0, 1, 2, 255, 128, rnd.Uint32()}[rnd.IntN(6)])
			}
			if rnd.IntN(8) == 0 {
				b = b[:rnd.IntN(len(b))]
			}
			start := time.Now()
			tryAll(t, b)
			took := time.Since(start)
			if total += took; took > 2*time.Second {
				t.Errorf("%s: a damaged file took %v", filepath.Base(name), took)
			}
			if _, err := Open(bytes.NewReader(b), int64(len(b)), Limits{}); err == nil {
				decoded++
			}
		}
	}
	if n := 400 * len(names); decoded < n/5 || decoded > n*9/10 {
		t.Errorf("%d of %d damaged files opened: the damage is not where it should be", decoded, n)
	}
	t.Logf("%v in all, %d opened", total, decoded)
}

// directoryOf returns where the first directory of a file is.
func directoryOf(b []byte) int {
	order := binary.ByteOrder(binary.LittleEndian)
	if b[0] == 'M' {
		order = binary.BigEndian
	}
	if order.Uint16(b[2:]) == 43 {
		return int(order.Uint64(b[8:]))
	}
	return int(order.Uint32(b[4:]))
}

func typed(t *testing.T, err error) {
	t.Helper()
	if !fault.Is(err, fault.Corrupt) && !fault.Is(err, fault.Unsupported) {
		t.Fatalf("%v is neither corrupt nor unsupported", err)
	}
}
