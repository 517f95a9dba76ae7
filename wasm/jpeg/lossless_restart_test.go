package jpeg

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestKeptRestarts cuts tiles with their restart markers: where intervals fit the
// tile it has the source's interval, otherwise none. Either way its pixels are those
// of jpegtran's cut, and jpegtran has nothing to complain of.
func TestKeptRestarts(t *testing.T) {
	for seed, c := range []struct {
		args       string
		w, h, unit int // unit is the interval in pixels, 0 when it never fits
	}{
		{"-sample 2x2 -restart 1B", 640, 480, 16},
		{"-sample 2x2 -restart 4B", 640, 480, 64},
		{"-sample 2x2 -restart 4B -optimize -quality 97", 633, 471, 64},
		{"-sample 1x1 -restart 5B", 635, 300, 40},
		{"-sample 2x1 -restart 10B", 640, 300, 160},
		{"-grayscale -restart 2B -quality 40", 636, 300, 16},
		{"-sample 2x2 -restart 1", 640, 480, 640},
		{"-sample 2x2 -restart 7B", 640, 480, 0},
	} {
		data := tool(t, photo(t, c.w, c.h), "cjpeg", strings.Fields(c.args)...)
		path := filepath.Join(t.TempDir(), "a.jpg")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		x := index(t, data)
		mcu, interval := x.MCU(), x.Header().RestartInterval
		rnd := rand.New(rand.NewPCG(uint64(seed), 9))
		kept := 0
		for range 24 {
			rect := randomRect(rnd, x)
			if c.unit > 0 && rnd.IntN(4) > 0 {
				rect.Min.X -= rect.Min.X % c.unit
				if rect.Max.X = min(c.w, ceilDiv(rect.Max.X, c.unit)*c.unit); rnd.IntN(2) == 0 {
					rect.Max.X = max(rect.Max.X-rnd.IntN(mcu.X), rect.Min.X+1)
				}
			}
			tile, err := x.Tile(bytes.NewReader(data), rect, TileOptions{KeepRestarts: true})
			if err != nil {
				t.Fatalf("%s %v: %v", c.args, rect, err)
			}
			h, err := ReadHeader(bytes.NewReader(tile))
			if err != nil {
				t.Fatal(err)
			}
			right := ceilDiv(rect.Max.X, mcu.X) * mcu.X
			fits := c.unit > 0 && rect.Min.X%c.unit == 0 && right%c.unit == 0
			if want := map[bool]int{true: interval, false: 0}[fits]; h.RestartInterval != want {
				t.Errorf("%s %v: interval %d, want %d", c.args, rect, h.RestartInterval, want)
			}
			if fits {
				kept++
			}
			cropped := tool(t, nil, "jpegtran", "-copy", "icc", "-crop",
				fmt.Sprintf("%dx%d+%d+%d", rect.Dx(), rect.Dy(), rect.Min.X, rect.Min.Y), path)
			if !bytes.Equal(tool(t, tile, "djpeg"), tool(t, cropped, "djpeg")) {
				t.Errorf("%s %v: djpeg gives another image", c.args, rect)
			}
			comparePart(t, rect.String(), decode(t, cropped, DecodeOptions{}), decode(t, tile, DecodeOptions{}))
			if diag := warnings(t, tile); diag != "" {
				t.Errorf("%s %v: jpegtran says %s", c.args, rect, diag)
			}
		}
		if c.unit > 0 && kept < 5 {
			t.Errorf("%s: only %d tiles kept their markers", c.args, kept)
		}
	}
}

// TestKeptRestartsDamaged: markers that are not those of the index are noticed.
func TestKeptRestartsDamaged(t *testing.T) {
	data := tool(t, photo(t, 640, 480), "cjpeg", "-sample", "2x2", "-restart", "4B")
	x := index(t, data)
	rect := image.Rect(64, 160, 320, 320)
	ranges, err := x.Ranges(rect)
	if err != nil {
		t.Fatal(err)
	}
	for at := ranges[3].Offset; at < ranges[3].End()-1; at++ {
		if data[at] == 0xFF && isRestart(data[at+1]) {
			for _, bad := range []byte{data[at+1] ^ 1, 0, 0xC4} {
				b := bytes.Clone(data)
				b[at+1] = bad
				if _, err := x.Tile(bytes.NewReader(b), rect, TileOptions{KeepRestarts: true}); err == nil {
					t.Errorf("marker %X for %X is not noticed", bad, data[at+1])
				} else {
					known(t, err)
				}
			}
			break
		}
	}
}
