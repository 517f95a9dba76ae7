package ingest_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vitrine-iiif/vitrine/origin/ingest"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
)

// jpegs are the kinds of JPEG that tiles are cut out of without a loss: options of
// cjpeg, and dimensions that end in the middle of coding units and at their edge.
var jpegs = []struct {
	name       string
	w, h, band int
	args       []string
	sampling   string // of libjpeg, for the message
}{
	{"420", 1111, 777, 3, []string{"-sample", "2x2"}, "2x2"},
	{"420 aligned", 1024, 768, 3, []string{"-sample", "2x2"}, "2x2"},
	{"420 one more", 1025, 513, 3, []string{"-sample", "2x2", "-quality", "95"}, "2x2"},
	{"422", 1201, 530, 3, []string{"-sample", "2x1"}, "2x1"},
	{"440", 700, 1100, 3, []string{"-sample", "1x2"}, "1x2"},
	{"444", 900, 600, 3, []string{"-sample", "1x1", "-quality", "60"}, "1x1"},
	{"gray", 1300, 519, 1, nil, ""},
	{"gray sampled", 530, 600, 1, []string{"-sample", "2x2"}, ""},
	{"optimised", 1111, 777, 3, []string{"-optimize", "-quality", "30"}, "2x2"},
	{"optimised gray", 777, 1111, 1, []string{"-optimize", "-quality", "20"}, ""},
	{"restarts", 1111, 777, 3, []string{"-restart", "3B"}, "2x2"},
	{"restarts by row", 600, 1030, 3, []string{"-restart", "1", "-sample", "1x1"}, "1x1"},
	{"best", 530, 520, 3, []string{"-quality", "100"}, "2x2"},
	{"worst", 530, 520, 3, []string{"-quality", "1"}, "2x2"},
	{"small", 30, 40, 3, nil, "2x2"},
	{"a pixel", 1, 1, 3, nil, "2x2"},
	{"long", 2100, 9, 3, nil, "2x2"},
}

// TestLossless: level 0 of a plain JPEG is the JPEG, by libjpeg's decodes: exact
// tiles, and the picture in padded ones.
func TestLossless(t *testing.T) {
	need(t, "cjpeg", "djpeg", "tiffinfo")
	for _, c := range jpegs {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "source.jpg")
			write(t, file, run(t, false, slices.Concat([]string{"cjpeg"}, c.args, []string{photo(t, dir, c.w, c.h, c.band)})...))
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			whole := djpeg(t, data)
			m := pyramidOf(t, file, ingest.Config{})
			if !m.Lossless || m.Width != c.w || m.Height != c.h {
				t.Fatalf("%+v", m.Result)
			}
			geo := m.index.Geometry()
			cols, rows := geo.Grid(0)
			for row := range rows {
				for col := range cols {
					x, y := col*512, row*512
					w, h := min(512, c.w-x), min(512, c.h-y)
					want := whole.crop(x, y, w, h)
					where, ok := m.index.Tile(0, col, row)
					if !ok {
						t.Fatalf("tile %d,%d is missing", col, row)
					}
					padded := djpeg(t, m.at(where))
					if padded.w != 512 || padded.h != 512 || !bytes.Equal(padded.crop(0, 0, w, h).pix, want.pix) {
						t.Errorf("padded tile %d,%d differs", col, row)
					}
					checkPadding(t, padded, w, h)
					if w == 512 && h == 512 {
						continue
					}
					where, ok = m.index.Exact(0, col, row, w, h)
					if !ok {
						t.Fatalf("exact tile %d,%d is missing", col, row)
					}
					if got := djpeg(t, m.at(where)); got.w != w || got.h != h || !bytes.Equal(got.pix, want.pix) {
						t.Errorf("exact tile %d,%d differs", col, row)
					}
				}
			}
			run(t, true, "tiffinfo", m.file)
		})
	}
}

// checkPadding: the padding goes on about where the picture ends, so that it does
// not show where a decoder interpolates over the edge.
func checkPadding(t *testing.T, p pnm, w, h int) {
	t.Helper()
	unit := 16
	means := func(x, y int) (sum [3]float64) {
		for r := y; r < y+8; r++ {
			for c := x; c < x+8; c++ {
				for b := range p.bands {
					sum[b] += float64(p.pix[(r*p.w+c)*p.bands+b]) / 64
				}
			}
		}
		return sum
	}
	// A block may still belong to the last coding unit, and then it is the source's.
	right, bottom := (w+unit-1)/unit*unit, (h+unit-1)/unit*unit
	lastX, lastY := (w-1)/8*8, (h-1)/8*8
	near := func(a, b [3]float64) bool {
		for i := range p.bands {
			if d := a[i] - b[i]; d < -60 || d > 60 {
				return false
			}
		}
		return true
	}
	if right < 512 && h >= 16 && !near(means(lastX, 0), means(right+8, 0)) {
		t.Errorf("padding to the right is %v next to %v", means(right+8, 0), means(lastX, 0))
	}
	if bottom < 512 && w >= 16 && !near(means(0, lastY), means(0, bottom+8)) {
		t.Errorf("padding below is %v next to %v", means(0, bottom+8), means(0, lastY))
	}
}

// TestAgainstJpegtran: the tiles are those that jpegtran cuts out, coefficient by
// coefficient.
func TestAgainstJpegtran(t *testing.T) {
	need(t, "cjpeg", "djpeg", "jpegtran")
	dir := t.TempDir()
	file := filepath.Join(dir, "source.jpg")
	write(t, file, run(t, true, "cjpeg", "-optimize", photo(t, dir, 1500, 1100, 3)))
	m := pyramidOf(t, file, ingest.Config{})
	for row := range 3 {
		for col := range 3 {
			w, h := min(512, 1500-col*512), min(512, 1100-row*512)
			want := djpeg(t, run(t, true, "jpegtran", "-crop", fmt.Sprintf("%dx%d+%d+%d", w, h, col*512, row*512), file))
			r, ok := m.index.Exact(0, col, row, w, h)
			if !ok {
				r, ok = m.index.Tile(0, col, row)
			}
			if !ok {
				t.Fatal("no tile")
			}
			if got := djpeg(t, m.at(r)); !bytes.Equal(got.pix, want.pix) {
				t.Errorf("tile %d,%d differs", col, row)
			}
		}
	}
}

// TestAdvertised: every tile that info.json advertises, however a viewer rounds,
// is passed through, and has the dimensions that it was asked for.
func TestAdvertised(t *testing.T) {
	need(t, "cjpeg")
	for _, c := range []struct{ w, h int }{{1111, 777}, {2050, 1300}, {4096, 530}, {513, 2049}, {500, 300}} {
		dir := t.TempDir()
		file := filepath.Join(dir, "a.jpg")
		write(t, file, run(t, true, "cjpeg", photo(t, dir, c.w, c.h, 3)))
		m := pyramidOf(t, file, ingest.Config{})
		checkAdvertised(t, m)
	}
}

func checkAdvertised(t *testing.T, m *made) {
	t.Helper()
	in := m.index.Info()
	levels := in.Tiling(iiif.Limits{}).Levels
	asked, tile := 0, m.index.Layout().Levels[0].TileWidth
	for k := range levels {
		f := 1 << k
		for y := 0; y < m.Height; y += tile * f {
			for x := 0; x < m.Width; x += tile * f {
				w, h := min(tile*f, m.Width-x), min(tile*f, m.Height-y)
				for _, size := range [][2]int{{(w + f - 1) / f, (h + f - 1) / f}, {max(1, (w+f/2)/f), max(1, (h+f/2)/f)}} {
					asked++
					checkTile(t, m, in, fmt.Sprintf("%d,%d,%d,%d/%d,%d/0/default.jpg", x, y, w, h, size[0], size[1]), size)
				}
			}
		}
	}
	if asked == 0 || levels != len(m.index.Layout().Levels) {
		t.Errorf("%d requests, %d levels", asked, levels)
	}
}

func checkTile(t *testing.T, m *made, in iiif.Info, parameters string, size [2]int) {
	t.Helper()
	a := planned(t, m, in, parameters)
	p, err := jpeg.Decode(bytes.NewReader(m.at(a)), jpeg.DecodeOptions{})
	if err != nil {
		t.Errorf("%s: %v", parameters, err)
	} else if p.Width != size[0] || p.Height != size[1] {
		t.Errorf("%s: %d × %d", parameters, p.Width, p.Height)
	}
}
