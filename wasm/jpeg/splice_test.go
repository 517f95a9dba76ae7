package jpeg

import (
	"bytes"
	"encoding/binary"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// jpegTIFF is what a splice needs of a TIFF.
type jpegTIFF struct {
	width, height int
	tileW, tileH  int
	photometric   int
	tables        []byte
	tiles         [][]byte
}

// parseTIFF reads the first directory of a classic little-endian TIFF.
func parseTIFF(t testing.TB, b []byte) jpegTIFF {
	t.Helper()
	if string(b[:4]) != "II*\x00" {
		t.Fatalf("not such a TIFF: %q", b[:4])
	}
	le := binary.LittleEndian
	var f jpegTIFF
	var offsets, counts []uint32
	at := le.Uint32(b[4:])
	for i := range int(le.Uint16(b[at:])) {
		e := b[int(at)+2+12*i:]
		tag, kind, n := le.Uint16(e), le.Uint16(e[2:]), int(le.Uint32(e[4:]))
		size := map[uint16]int{1: 1, 2: 1, 3: 2, 4: 4, 7: 1}[kind]
		p := e[8:12]
		if n*size > 4 {
			p = b[le.Uint32(p):][:n*size]
		}
		values := make([]uint32, n)
		for i := range values {
			switch size {
			case 1:
				values[i] = uint32(p[i])
			case 2:
				values[i] = uint32(le.Uint16(p[2*i:]))
			case 4:
				values[i] = le.Uint32(p[4*i:])
			}
		}
		switch tag {
		case 256:
			f.width = int(values[0])
		case 257:
			f.height = int(values[0])
		case 262:
			f.photometric = int(values[0])
		case 322:
			f.tileW = int(values[0])
		case 323:
			f.tileH = int(values[0])
		case 324:
			offsets = values
		case 325:
			counts = values
		case 347:
			f.tables = p
		}
	}
	for i, o := range offsets {
		f.tiles = append(f.tiles, b[o:o+counts[i]])
	}
	if len(f.tiles) != ceilDiv(f.width, f.tileW)*ceilDiv(f.height, f.tileH) || len(f.tables) == 0 {
		t.Fatalf("%d tiles, %d bytes of tables", len(f.tiles), len(f.tables))
	}
	return f
}

// tiffs makes tiled JPEG TIFFs with libvips and with libtiff, and the samples that
// each of both reads out of them.
func tiffs(t testing.TB, visit func(name string, f jpegTIFF, vips, libtiff []byte)) {
	t.Helper()
	dir := t.TempDir()
	ppm, tif, plain, raw := filepath.Join(dir, "a.ppm"), filepath.Join(dir, "a.tif"), filepath.Join(dir, "b.tif"), filepath.Join(dir, "a.raw")
	if err := os.WriteFile(ppm, photo(t, 700, 441), 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, nil, "vips", "colourspace", ppm, filepath.Join(dir, "gray.v"), "b-w")
	for _, tc := range []struct {
		name, tool, args string
		photometric      int
	}{
		{"vips Q 85", "vips", "tiffsave SRC DST --tile --compression jpeg --Q 85 --tile-width 256 --tile-height 256", 6},
		{"vips Q 95", "vips", "tiffsave SRC DST --tile --compression jpeg --Q 95 --tile-width 128 --tile-height 128", 2},
		{"vips gray", "vips", "tiffsave GRAY DST --tile --compression jpeg --Q 85 --tile-width 256 --tile-height 256", 1},
		{"libtiff YCbCr", "tiffcp", "-c jpeg:80 -t -w 240 -l 176 PLAIN DST", 6},
		{"libtiff RGB", "tiffcp", "-c jpeg:r:80 -t -w 256 -l 256 PLAIN DST", 2},
	} {
		tool(t, nil, "vips", "tiffsave", ppm, plain, "--strip")
		r := strings.NewReplacer("SRC", ppm, "DST", tif, "PLAIN", plain, "GRAY", filepath.Join(dir, "gray.v"))
		tool(t, nil, tc.tool, strings.Fields(r.Replace(tc.args))...)
		f := parseTIFF(t, readFile(t, tif))
		if f.photometric != tc.photometric {
			t.Fatalf("%s: photometric %d", tc.name, f.photometric)
		}
		tool(t, nil, "vips", "rawsave", tif, raw)
		a := readFile(t, raw)
		tool(t, nil, "tiffcp", "-c", "none", "-s", tif, plain)
		tool(t, nil, "vips", "rawsave", plain, raw)
		visit(tc.name, f, a, readFile(t, raw))
	}
}

// TestSplice compares spliced tiles, decoded by djpeg, with what libvips and
// libtiff make of the TIFF.
func TestSplice(t *testing.T) {
	tiffs(t, func(name string, f jpegTIFF, vips, libtiff []byte) {
		across := ceilDiv(f.width, f.tileW)
		for i, tile := range f.tiles {
			b, err := Splice([]byte("before"), f.tables, tile, f.photometric)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			b, ok := bytes.CutPrefix(b, []byte("before"))
			if !ok {
				t.Fatal("what was there is lost")
			}
			if diag := warnings(t, b); diag != "" {
				t.Errorf("%s: %s", name, diag)
			}
			p := parsePNM(t, tool(t, b, "djpeg"))
			if p.width != f.tileW || p.height != f.tileH {
				t.Fatalf("%s: %d×%d", name, p.width, p.height)
			}
			x, y := i%across*f.tileW, i/across*f.tileH
			w, h := min(f.tileW, f.width-x), min(f.tileH, f.height-y)
			for row := range h {
				from := ((y+row)*f.width + x) * p.channels
				got := p.pix[row*p.width*p.channels:][:w*p.channels]
				if !bytes.Equal(got, vips[from:from+len(got)]) || !bytes.Equal(got, libtiff[from:from+len(got)]) {
					t.Fatalf("%s: tile %d row %d differs", name, i, row)
				}
			}
		}
	})
}

// TestCropTile crops the tiles of the lower and right edge; the samples, decoded by
// this package without interpolation, must be those of the padded tile, and for
// gray and RGB those that djpeg and libvips give.
func TestCropTile(t *testing.T) {
	tiffs(t, func(name string, f jpegTIFF, vips, _ []byte) {
		across := ceilDiv(f.width, f.tileW)
		for i, tile := range f.tiles {
			b, err := Splice(nil, f.tables, tile, f.photometric)
			if err != nil {
				t.Fatal(err)
			}
			x, y := i%across*f.tileW, i/across*f.tileH
			w, h := min(f.tileW, f.width-x), min(f.tileH, f.height-y)
			small, err := CropTile(b, w, h)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diag := warnings(t, small); diag != "" {
				t.Errorf("%s: %s", name, diag)
			}
			checkCrop(t, name, b, small, w, h)
			if f.photometric == 6 {
				continue
			}
			p := parsePNM(t, tool(t, small, "djpeg"))
			for row := range h {
				from := ((y+row)*f.width + x) * p.channels
				if !bytes.Equal(p.pix[row*w*p.channels:][:w*p.channels], vips[from:from+w*p.channels]) {
					t.Fatalf("%s: tile %d row %d differs", name, i, row)
				}
			}
		}
	})
}

// checkCrop checks that small is the top left corner of b.
func checkCrop(t testing.TB, name string, b, small []byte, w, h int) {
	t.Helper()
	whole, part := decode(t, b, DecodeOptions{}), decode(t, small, DecodeOptions{})
	if part.Width != w || part.Height != h || part.Model != whole.Model {
		t.Fatalf("%s: %d×%d, want %d×%d", name, part.Width, part.Height, w, h)
	}
	for i := range part.Planes {
		for y := range part.Planes[i].Height {
			if !bytes.Equal(part.Planes[i].Row(y), whole.Planes[i].Row(y)[:part.Planes[i].Width]) {
				t.Fatalf("%s: plane %d row %d differs", name, i, y)
			}
		}
	}
}

// TestCropKinds crops files of all kinds to many sizes, and what only needs another
// size also when it is progressive.
func TestCropKinds(t *testing.T) {
	for _, args := range []string{
		"-sample 2x2", "-sample 1x1 -optimize", "-sample 2x1 -restart 3B", "-grayscale", "-sample 1x2 -restart 1",
		"-progressive -sample 2x2", "-progressive -sample 1x1",
	} {
		b := tool(t, photo(t, 128, 96), "cjpeg", strings.Fields(args)...)
		for _, size := range []image.Point{{128, 96}, {127, 95}, {121, 89}, {120, 88}, {113, 81}, {112, 80}, {111, 96}, {128, 33}, {1, 1}, {16, 96}} {
			small, err := CropTile(b, size.X, size.Y)
			if strings.Contains(args, "progressive") && fault.Is(err, fault.Unsupported) && (size.X <= 120 || size.Y <= 88) {
				continue
			}
			if err != nil {
				t.Fatalf("%s %v: %v", args, size, err)
			}
			checkCrop(t, args, b, small, size.X, size.Y)
			if diag := warnings(t, small); diag != "" {
				t.Errorf("%s %v: %s", args, size, diag)
			}
		}
		for _, size := range []image.Point{{0, 1}, {1, 0}, {129, 96}, {128, 97}, {-1, 5}} {
			if _, err := CropTile(b, size.X, size.Y); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s %v: %v", args, size, err)
			}
		}
	}
}

func TestSpliceRefuses(t *testing.T) {
	b := tool(t, photo(t, 32, 32), "cjpeg")
	gray := tool(t, photo(t, 32, 32), "cjpeg", "-grayscale")
	for _, tc := range []struct {
		name         string
		tables, tile []byte
		photometric  int
		kind         fault.Kind
	}{
		{"empty", nil, nil, 6, fault.Corrupt},
		{"no JPEG", nil, []byte("II*\x00abc"), 6, fault.Corrupt},
		{"no scan", nil, b[:300], 6, fault.Corrupt},
		{"bad tables", []byte("table"), b, 6, fault.Corrupt},
		{"ink", nil, b, 5, fault.Unsupported},
		{"white is zero", nil, gray, 0, fault.Unsupported},
		{"gray as colour", nil, gray, 6, fault.Corrupt},
		{"colour as gray", nil, b, 1, fault.Corrupt},
	} {
		if _, err := Splice(nil, tc.tables, tc.tile, tc.photometric); !fault.Is(err, tc.kind) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	// What belongs to the file around is left out, and a missing end is added.
	cutOff := bytes.TrimSuffix(b, []byte{0xFF, markEOI})
	out, err := Splice(nil, nil, cutOff, 6)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := findSegment(out, markAPP0); ok || !bytes.HasSuffix(out, []byte{0xFF, markEOI}) {
		t.Error("a JFIF segment is there, or no end")
	}
	if diag := warnings(t, out); diag != "" {
		t.Error(diag)
	}
}

func BenchmarkSplice(b *testing.B) {
	tiffs(b, func(name string, f jpegTIFF, _, _ []byte) {
		b.Run(name, func(b *testing.B) {
			var dst []byte
			var err error
			for b.Loop() {
				if dst, err = Splice(dst[:0], f.tables, f.tiles[0], f.photometric); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(dst)), "bytes")
		})
		tile, _ := Splice(nil, f.tables, f.tiles[0], f.photometric)
		b.Run("crop "+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := CropTile(tile, 100, 90); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}
