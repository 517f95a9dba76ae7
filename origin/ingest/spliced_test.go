package ingest_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/ingest"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// TestSpliced: pyramids of libvips keep their tiles: each decodes, by libjpeg, to what
// libvips reads out of the original there, and so do the smaller levels where they
// have our size. What cannot be kept is encoded anew. Levels that are made are as near
// to the averages of the first as libjpeg comes that codes these, to 1.5 dB.
func TestSpliced(t *testing.T) {
	need(t, "vips", "cjpeg", "djpeg", "tiffinfo")
	for _, c := range []struct {
		name     string
		w, h     int
		bands    int
		args     []string
		lossless bool
		tile     int
		kept     int // levels
	}{
		{"even, 512", 3072, 2048, 3, []string{"--tile-width", "512", "--tile-height", "512", "--Q=85"}, true, 512, 4},
		{"odd, 256", 1503, 1101, 3, []string{"--tile-width", "256", "--tile-height", "256", "--Q=85"}, true, 256, 1},
		{"once even, 256", 1502, 1102, 3, []string{"--tile-width", "256", "--tile-height", "256", "--Q=85"}, true, 256, 2},
		{"gray", 1400, 1000, 1, []string{"--tile-width", "512", "--tile-height", "512", "--Q=85"}, true, 512, 2},
		{"BigTIFF in SubIFDs", 1600, 1200, 3, []string{"--tile-width", "512", "--tile-height", "512", "--bigtiff", "--subifd", "--Q=85"}, true, 512, 3},
		{"RGB", 1024, 768, 3, []string{"--tile-width", "512", "--tile-height", "512", "--Q=95"}, false, 512, 0},
		{"tiles too small", 1024, 768, 3, []string{"--tile-width", "128", "--tile-height", "128", "--Q=85"}, false, 512, 0},
		{"oblong", 1024, 768, 3, []string{"--tile-width", "512", "--tile-height", "256", "--Q=85"}, false, 512, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "foreign.tif")
			run(t, true, append([]string{"vips", "tiffsave", photo(t, dir, c.w, c.h, c.bands), file,
				"--tile", "--pyramid", "--compression", "jpeg"}, c.args...)...)
			m := pyramidOf(t, file, ingest.Config{})
			l := m.index.Layout()
			if m.Lossless != c.lossless || l.Levels[0].TileWidth != c.tile {
				t.Fatalf("lossless: %v, tiles of %d", m.Lossless, l.Levels[0].TileWidth)
			}
			run(t, true, "tiffinfo", m.file)
			checkAdvertised(t, m)
			for level := range c.kept {
				page := fmt.Sprintf("[page=%d]", level)
				if c.name == "BigTIFF in SubIFDs" {
					page = fmt.Sprintf("[subifd=%d]", level-1)
				}
				checkKept(t, m, file+page, level, c.tile)
			}
			if !c.lossless {
				return
			}
			whole := vipsPage(t, m.file, 0)
			for level := c.kept; level < len(l.Levels); level++ {
				got := vipsPage(t, m.file, level)
				truth := average(whole, level, got.w, got.h)
				best, _ := psnr(t, djpeg(t, cjpeg(t, truth)), truth)
				if db, bias := psnr(t, got, truth); db < best-1.5 || bias < -0.6 || bias > 0.6 {
					t.Errorf("level %d: %.1f dB, %.1f dB by libjpeg, bias %.2f", level, db, best, bias)
				}
			}
		})
	}
}

// cjpeg encodes as ingest does.
func cjpeg(t *testing.T, p pnm) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.pnm")
	write(t, file, append(fmt.Appendf(nil, "P%d\n%d %d\n255\n", 5+p.bands/3, p.w, p.h), p.pix...))
	return run(t, true, "cjpeg", "-quality", "85", "-sample", "2x2", file)
}

// average returns the w × h means of squares of 2^level pixels, or of what there is.
func average(p pnm, level, w, h int) pnm {
	out := pnm{w, h, p.bands, nil}
	f := 1 << level
	for y := range h {
		for x := range w {
			for b := range p.bands {
				sum, n := 0, 0
				for v := y * f; v < min((y+1)*f, p.h); v++ {
					for u := x * f; u < min((x+1)*f, p.w); u++ {
						sum += int(p.pix[(v*p.w+u)*p.bands+b])
						n++
					}
				}
				out.pix = append(out.pix, byte((sum+n/2)/n))
			}
		}
	}
	return out
}

// checkKept compares the tiles of a level with what libvips reads.
func checkKept(t *testing.T, m *made, foreign string, level, tile int) {
	t.Helper()
	whole := vipsFile(t, foreign)
	l := m.index.Layout().Levels[level]
	if whole.w != l.Width || whole.h != l.Height {
		t.Fatalf("level %d is %d × %d, not %d × %d", level, l.Width, l.Height, whole.w, whole.h)
	}
	if ours := vipsPage(t, m.file, level); !bytes.Equal(ours.pix, whole.pix) {
		t.Errorf("level %d: libvips reads something else", level)
	}
	for row := range l.Rows() {
		for col := range l.Cols() {
			w, h := min(tile, l.Width-col*tile), min(tile, l.Height-row*tile)
			want := whole.crop(col*tile, row*tile, w, h)
			r, ok := m.index.Tile(level, col, row)
			if !ok {
				t.Fatalf("level %d: no tile %d,%d", level, col, row)
			}
			padded := fancy(t, m.at(r))
			if padded.w != tile || padded.h != tile || !bytes.Equal(padded.crop(0, 0, w, h).pix, want.pix) {
				t.Errorf("level %d: tile %d,%d differs", level, col, row)
			}
			if w == tile && h == tile {
				continue
			}
			e, ok := m.index.Exact(level, col, row, w, h)
			if !ok {
				t.Fatalf("level %d: no exact tile %d,%d", level, col, row)
			}
			// Its last chroma samples are not interpolated with padding any more.
			if got, want := djpeg(t, m.at(e)), djpeg(t, m.at(r)).crop(0, 0, w, h); got.w != w || got.h != h || !bytes.Equal(got.pix, want.pix) {
				t.Errorf("level %d: exact tile %d,%d differs", level, col, row)
			}
		}
	}
}

// fancy decodes as libtiff lets libjpeg do.
func fancy(t *testing.T, b []byte) pnm {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "tile.jpg")
	write(t, file, b)
	return parsePNM(t, run(t, true, "djpeg", "-dct", "int", "-pnm", file))
}

// TestOddTables: a TIFF that leaves the length of a tile out keeps its tiles; one that
// does not store a tile is decoded after all.
func TestOddTables(t *testing.T) {
	need(t, "vips")
	dir := t.TempDir()
	file := filepath.Join(dir, "a.tif")
	run(t, true, "vips", "tiffsave", photo(t, dir, 1500, 1100, 3), file, "--tile", "--compression", "jpeg", "--tile-width", "512", "--tile-height", "512")
	whole := pyramidOf(t, file, ingest.Config{})
	const tileOffsets, tileByteCounts = 324, 325
	dropLast(t, file, tileByteCounts)
	if m := pyramidOf(t, file, ingest.Config{}); !m.Lossless || m.Bytes != whole.Bytes {
		t.Errorf("without a length: lossless: %v, %d bytes, not %d", m.Lossless, m.Bytes, whole.Bytes)
	}
	dropLast(t, file, tileOffsets)
	if m := pyramidOf(t, file, ingest.Config{}); m.Lossless {
		t.Error("a tile is missing, and all are kept")
	}
}

// lateStore is a store whose uploads are about to write while a worker fails.
type lateStore struct{ ingest.Store }

type lateUpload struct {
	store.Upload
	ctx context.Context
}

func (s lateStore) Create(ctx context.Context, id iiif.Identifier) (store.Upload, error) {
	up, err := s.Store.Create(ctx, id)
	return lateUpload{up, ctx}, err
}

func (u lateUpload) WriteAt(p []byte, off int64) (int, error) {
	select {
	case <-u.ctx.Done():
	case <-time.After(50 * time.Millisecond):
	}
	return u.Upload.WriteAt(p, off)
}

// TestFailureDuringWrite: a tile that cannot be taken as it is makes the image be
// decoded, also when that shows while the store is written and stops for it.
func TestFailureDuringWrite(t *testing.T) {
	need(t, "vips")
	dir := t.TempDir()
	file := filepath.Join(dir, "a.tif")
	run(t, true, "vips", "tiffsave", photo(t, dir, 1500, 1100, 3), file, "--tile", "--compression", "jpeg", "--tile-width", "512", "--tile-height", "512")
	const tileOffsets, tileByteCounts = 324, 325
	dropLast(t, file, tileByteCounts)
	dropLast(t, file, tileOffsets)
	s, obj, id := open(t, dir, file)
	g, err := ingest.New(ingest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := g.Ingest(t.Context(), obj, lateStore{s}, id, nil)
	if err != nil || r.Lossless {
		t.Errorf("lossless: %v, %v", r.Lossless, err)
	}
}

// dropLast sets the last value of a tag in a TIFF's first directory to zero.
func dropLast(t *testing.T, file string, tag uint16) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	at := int(le.Uint32(b[4:])) + 2
	for le.Uint16(b[at:]) != tag {
		at += 12
	}
	n, values := int(le.Uint32(b[at+4:])), int(le.Uint32(b[at+8:]))
	if le.Uint16(b[at+2:]) == 3 { // SHORT
		le.PutUint16(b[values+2*(n-1):], 0)
	} else {
		le.PutUint32(b[values+4*(n-1):], 0)
	}
	write(t, file, b)
}
