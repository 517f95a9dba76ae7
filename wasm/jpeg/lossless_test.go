package jpeg

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// cutFile is a file that tiles are cut from.
type cutFile struct {
	name  string
	data  []byte
	tiles int
}

// cutFiles returns files of all kinds that can be cut.
func cutFiles(t testing.TB) []cutFile {
	t.Helper()
	var files []cutFile
	n := 0
	for _, v := range []string{
		"-sample 1x1", "-sample 2x1", "-sample 2x2", "-sample 1x2", "-sample 4x1", "-sample 4x2", "-sample 1x4",
		"-sample 2x2,2x1,1x2", "-sample 3x1",
		"-optimize -sample 1x1", "-optimize -sample 2x2 -quality 30", "-optimize -quality 3", "-quality 98 -sample 1x2 -optimize",
		"-restart 1 -sample 2x2", "-restart 3B -sample 2x1", "-restart 7B -optimize", "-restart 2 -sample 4x1",
		"-restart 37B -sample 1x1 -quality 95", "-restart 1B -sample 2x2", "-restart 100B",
		"-grayscale", "-grayscale -restart 5B", "-grayscale -optimize -quality 60", "-grayscale -sample 2x2", "-rgb",
	} {
		// Sizes that are and are not multiples of the coding unit.
		w, h := 640-n*7%41, 480-n*5%37
		files = append(files, cutFile{v, tool(t, photo(t, w, h), "cjpeg", strings.Fields(v)...), 72})
		n++
	}
	for _, sub := range []string{"on", "off"} {
		dir := t.TempDir()
		src, v, out := filepath.Join(dir, "a.ppm"), filepath.Join(dir, "a.v"), filepath.Join(dir, "a.jpg")
		if err := os.WriteFile(src, photo(t, 411, 303), 0o600); err != nil {
			t.Fatal(err)
		}
		tool(t, nil, "vips", "icc_transform", src, v, "cmyk", "--input-profile", "srgb")
		tool(t, nil, "vips", "jpegsave", v, out, "--subsample-mode", sub)
		files = append(files, cutFile{"cmyk, subsampling " + sub, readFile(t, out), 50})
	}
	for _, path := range []string{
		"/usr/share/backgrounds/mate/nature/Aqua.jpg",
		"/usr/share/backgrounds/mate/nature/Garden.jpg",
		"/usr/share/backgrounds/mate/nature/LadyBird.jpg",
		"/usr/share/backgrounds/mate/desktop/GreenTraditional.jpg",
		"/usr/share/wallpapers/ColdRipple/contents/images/1280x1024.jpg",
		"/usr/share/wallpapers/DarkestHour/contents/images/1440x900.jpg",
		"/usr/share/wallpapers/BytheWater/contents/images/1600x1200.jpg",
		"../../../shared/images/real/jpg-icc.jpg",
		"../../../shared/images/real/reduce.jpg",
	} {
		files = append(files, cutFile{filepath.Base(path), readFile(t, path), 18})
	}
	return files
}

func index(t testing.TB, b []byte) *Index {
	t.Helper()
	x, err := BuildIndex(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func cut(t testing.TB, x *Index, b []byte, rect image.Rectangle) []byte {
	t.Helper()
	tile, err := x.Tile(bytes.NewReader(b), rect, TileOptions{})
	if err != nil {
		t.Fatalf("%v: %v", rect, err)
	}
	return tile
}

// randomRect returns a region that can be cut: often one of the size of viewers'
// tiles, at an edge, or with an end inside of a unit.
func randomRect(r *rand.Rand, x *Index) image.Rectangle {
	mcu, h := x.MCU(), x.Header()
	size := func(n, unit int) (from, to int) {
		from = r.IntN(ceilDiv(n, unit)) * unit
		switch r.IntN(4) {
		case 0:
			to = n
		case 1:
			to = from + 128
		case 2:
			to = from + unit*(1+r.IntN(4))
		default:
			to = from + 1 + r.IntN(n-from)
		}
		return from, min(to, n)
	}
	x0, x1 := size(h.Width, mcu.X)
	y0, y1 := size(h.Height, mcu.Y)
	return image.Rect(x0, y0, x1, y1)
}

// TestTilesAgainstJpegtran cuts tiles with jpegtran too. Both results are decoded
// by this package, and some of them by djpeg as well, and must be identical.
func TestTilesAgainstJpegtran(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	var mu sync.Mutex
	tiles, peers, kinds := 0, 0, 0
	t.Run("files", func(t *testing.T) {
		for seed, file := range cutFiles(t) {
			t.Run(file.name, func(t *testing.T) {
				t.Parallel()
				x := index(t, file.data)
				path := filepath.Join(t.TempDir(), "a.jpg")
				if err := os.WriteFile(path, file.data, 0o600); err != nil {
					t.Fatal(err)
				}
				r := rand.New(rand.NewPCG(uint64(seed), 1))
				n, m := 0, 0
				for range file.tiles {
					rect := randomRect(r, x)
					got := cut(t, x, file.data, rect)
					want := tool(t, nil, "jpegtran", "-copy", "icc", "-crop",
						fmt.Sprintf("%dx%d+%d+%d", rect.Dx(), rect.Dy(), rect.Min.X, rect.Min.Y), path)
					a, b := decode(t, got, DecodeOptions{}), decode(t, want, DecodeOptions{})
					if a.Width != rect.Dx() || a.Height != rect.Dy() || a.Model != b.Model {
						t.Fatalf("%v: %d×%d, model %v against %v", rect, a.Width, a.Height, a.Model, b.Model)
					}
					comparePart(t, rect.String(), b, a)
					if !bytes.Equal(a.ICC, b.ICC) {
						t.Fatalf("%v: profile of %d bytes against %d", rect, len(a.ICC), len(b.ICC))
					}
					n++
					if n%8 == 1 && a.Model != pixel.CMYK {
						if !bytes.Equal(tool(t, got, "djpeg"), tool(t, want, "djpeg")) {
							t.Fatalf("%v: djpeg gives another image", rect)
						}
						m++
					}
				}
				mu.Lock()
				defer mu.Unlock()
				tiles, peers, kinds = tiles+n, peers+m, kinds+1
			})
		}
	})
	t.Logf("%d tiles of %d files, %d through djpeg", tiles, kinds, peers)
	if !t.Failed() && (tiles < 2000 || kinds < 12 || peers < 100) {
		t.Errorf("only %d tiles of %d files, %d through djpeg", tiles, kinds, peers)
	}
}

// TestTileProperties checks what decoding cannot: jpegtran takes tiles without
// a warning, restart intervals are gone, metadata are as promised.
func TestTileProperties(t *testing.T) {
	for _, file := range cutFiles(t) {
		x := index(t, file.data)
		h := x.Header()
		mcu := x.MCU()
		rect := image.Rect(mcu.X, mcu.Y, h.Width, min(h.Height, 5*mcu.Y))
		tile := cut(t, x, file.data, rect)
		got, err := ReadHeader(bytes.NewReader(tile))
		if err != nil {
			t.Fatal(err)
		}
		src, err := ReadHeader(bytes.NewReader(file.data))
		if err != nil {
			t.Fatal(err)
		}
		if got.RestartInterval != 0 || got.Adobe != src.Adobe || got.Transform != src.Transform || got.Model != src.Model ||
			!bytes.Equal(got.ICC, src.ICC) || got.sampling != src.sampling {
			t.Errorf("%s: %+v from %+v", file.name, got, src)
		}
		if h.Orientation != src.Orientation || h.Width != src.Width || h.Model != src.Model {
			t.Errorf("%s: index says %+v", file.name, h)
		}
		if diag := warnings(t, tile); diag != "" {
			t.Errorf("%s: jpegtran says %s", file.name, diag)
		}
		bare, err := x.Tile(bytes.NewReader(file.data), rect, TileOptions{DropICC: true})
		if err != nil {
			t.Fatal(err)
		}
		if h, err := ReadHeader(bytes.NewReader(bare)); err != nil || h.ICC != nil {
			t.Errorf("%s: a dropped profile is there, %v", file.name, err)
		}
	}
}

// TestDensity checks that the density of a JFIF file is kept.
func TestDensity(t *testing.T) {
	b := tool(t, photo(t, 64, 64), "cjpeg")
	s, _ := nextSegment(b, 2)
	copy(s.content[7:], []byte{2, 0, 118, 0, 119})
	tile := cut(t, index(t, b), b, image.Rect(16, 16, 48, 48))
	if s, ok := nextSegment(tile, 2); !ok || s.mark != markAPP0 || !bytes.Equal(s.content[7:12], []byte{2, 0, 118, 0, 119}) {
		t.Errorf("%x", s.content)
	}
}

// fullTable returns b with a DC table that has no room for codes that are missing: a
// code of ones only makes it complete.
func fullTable(t testing.TB, b []byte) (full []byte) {
	t.Helper()
	missing := 0
	for at := 2; ; {
		s, ok := nextSegment(b, at)
		if !ok {
			t.Fatal("no scan")
		}
		seg := bytes.Clone(b[at:s.end])
		at = s.end
		if s.mark == markDHT && s.content[0]>>4 == 0 {
			for c := range byte(topCategory + 1) {
				if bytes.IndexByte(s.content[17:], c) < 0 {
					missing++
				}
			}
			last := 16
			for seg[4+last] == 0 {
				last--
			}
			seg[4+last]++
			seg = append(seg, 12) // a category that 8 bits do not need
			seg[3]++
		}
		full = append(full, seg...)
		if s.mark == markSOS {
			full = append(full, b[at:]...)
			break
		}
	}
	if missing == 0 {
		t.Fatal("all categories are there")
	}
	return append([]byte{0xFF, markSOI}, full...)
}

// TestFullTable cuts from a file whose DC table has no room for more codes.
func TestFullTable(t *testing.T) {
	b := tool(t, photo(t, 400, 300), "cjpeg", "-optimize", "-quality", "30", "-sample", "1x1")
	full := fullTable(t, b)
	rect := image.Rect(200, 104, 320, 200)
	x := index(t, full)
	if !x.f.recode {
		t.Fatal("the table is not full")
	}
	want := decode(t, cut(t, index(t, b), b, rect), DecodeOptions{})
	tile := cut(t, x, full, rect)
	comparePart(t, "full table", want, decode(t, tile, DecodeOptions{}))
	if diag := warnings(t, tile); diag != "" {
		t.Error(diag)
	}
}

// TestMissingCategory cuts so that DC differences arise which the file's own table
// has no code for.
func TestMissingCategory(t *testing.T) {
	// A ramp: neighbours differ little, rows that are cut out of it much.
	const w, h = 1024, 64
	pgm := fmt.Appendf(nil, "P5\n%d %d\n255\n", w, h)
	for range h {
		for x := range w {
			pgm = append(pgm, byte(x/4))
		}
	}
	b := tool(t, pgm, "cjpeg", "-grayscale", "-optimize", "-quality", "90")
	s, _ := findSegment(b, markDHT)
	own := len(s.content) - 17
	x := index(t, b)
	rect := image.Rect(512, 8, 1024, 64)
	tile := cut(t, x, b, rect)
	if s, _ := findSegment(tile, markDHT); len(s.content)-17 != topCategory+1 || own >= topCategory+1 {
		t.Fatalf("%d categories in the file, %d in the tile", own, len(s.content)-17)
	}
	if diag := warnings(t, tile); diag != "" {
		t.Error(diag)
	}
	whole, part := parsePNM(t, tool(t, b, "djpeg")), parsePNM(t, tool(t, tile, "djpeg"))
	for y := range part.height {
		from := (rect.Min.Y+y)*w + rect.Min.X
		if !bytes.Equal(part.pix[y*part.width:][:part.width], whole.pix[from:from+part.width]) {
			t.Fatalf("row %d differs", y)
		}
	}
}

func findSegment(b []byte, mark byte) (segmentAt, bool) {
	for at := 2; ; {
		s, ok := nextSegment(b, at)
		if !ok || s.mark == mark {
			return s, ok
		}
		at = s.end
	}
}

// TestLargeProfile carries a profile that the index only knows the place of.
func TestLargeProfile(t *testing.T) {
	icc := make([]byte, 200<<10)
	for i := range icc {
		icc[i] = byte(i * i >> 4)
	}
	m := sampled(t, 96, 80, "2x2")
	b := encode(t, m, EncodeOptions{ICC: icc})
	x := index(t, b)
	stored, _ := x.AppendBinary(nil)
	if len(stored) > 2000 {
		t.Errorf("index of %d bytes", len(stored))
	}
	x, err := ParseIndex(stored)
	if err != nil {
		t.Fatal(err)
	}
	h, err := ReadHeader(bytes.NewReader(cut(t, x, b, image.Rect(16, 16, 64, 64))))
	if err != nil || !bytes.Equal(h.ICC, icc) {
		t.Errorf("profile of %d bytes, %v", len(h.ICC), err)
	}
}

func TestTileRefuses(t *testing.T) {
	b := tool(t, photo(t, 100, 90), "cjpeg", "-sample", "2x2")
	x := index(t, b)
	for _, rect := range []image.Rectangle{
		{}, image.Rect(8, 0, 32, 32), image.Rect(0, 8, 32, 32), image.Rect(0, 0, 101, 90), image.Rect(-16, 0, 32, 32),
		image.Rect(112, 0, 128, 16), {Min: image.Pt(32, 32), Max: image.Pt(16, 16)},
	} {
		if _, err := x.Tile(bytes.NewReader(b), rect, TileOptions{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", rect, err)
		}
		if _, err := x.Ranges(rect); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", rect, err)
		}
	}
	if _, err := x.Tile(bytes.NewReader(b[:len(b)/2]), image.Rect(0, 0, 100, 90), TileOptions{}); !fault.Is(err, fault.Corrupt) {
		t.Error(err)
	}
	if _, err := x.Tile(failing{}, image.Rect(0, 0, 100, 90), TileOptions{}); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) {
	return 0, fault.E("test.ReadAt", fault.Unavailable, nil)
}

// recorder notes what is read.
type recorder struct {
	*bytes.Reader
	read []Range
}

func (r *recorder) ReadAt(p []byte, off int64) (int, error) {
	r.read = append(r.read, Range{off, int64(len(p))})
	return r.Reader.ReadAt(p, off)
}

// TestRanges checks that Tile reads what Ranges says, and not much.
func TestRanges(t *testing.T) {
	for _, file := range cutFiles(t)[:20] {
		x := index(t, file.data)
		h := x.Header()
		r := rand.New(rand.NewPCG(1, 2))
		for range 10 {
			rect := randomRect(r, x)
			want, err := x.Ranges(rect)
			if err != nil {
				t.Fatal(err)
			}
			rec := &recorder{Reader: bytes.NewReader(file.data)}
			if _, err := x.Tile(rec, rect, TileOptions{}); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(rec.read) != fmt.Sprint(want) {
				t.Fatalf("%s %v: read %v, announced %v", file.name, rect, rec.read, want)
			}
			rows := ceilDiv(rect.Max.Y, x.MCU().Y) - rect.Min.Y/x.MCU().Y
			if len(want) > rows {
				t.Errorf("%d ranges for %d rows", len(want), rows)
			}
		}
		all, err := x.Ranges(image.Rect(0, 0, h.Width, h.Height))
		if err != nil || len(all) != 1 {
			t.Errorf("%s: the whole image is %d ranges, %v", file.name, len(all), err)
		}
	}
}

func TestMergeRanges(t *testing.T) {
	in := []Range{{0, 10}, {10, 5}, {16, 4}, {30, 10}, {32, 4}, {141, 1}}
	for _, tc := range []struct {
		gap  int64
		want string
	}{
		{0, "[{0 15} {16 4} {30 10} {141 1}]"},
		{1, "[{0 20} {30 10} {141 1}]"},
		{100, "[{0 40} {141 1}]"},
		{101, "[{0 142}]"},
	} {
		if got := fmt.Sprint(MergeRanges(in, tc.gap)); got != tc.want {
			t.Errorf("gap %d: %s, want %s", tc.gap, got, tc.want)
		}
	}
}

// warnings returns what jpegtran complains about: it reads all coefficients and
// takes every colour model.
func warnings(t testing.TB, b []byte) string {
	t.Helper()
	if _, err := exec.LookPath("jpegtran"); err != nil {
		missing(t, "jpegtran is not installed")
	}
	cmd := exec.Command("jpegtran")
	cmd.Stdin = bytes.NewReader(b)
	var diag bytes.Buffer
	cmd.Stderr = &diag
	if err := cmd.Run(); err != nil && diag.Len() == 0 {
		t.Fatal(err)
	}
	// That is about what jpegtran writes itself.
	return strings.TrimSpace(strings.ReplaceAll(diag.String(), "Caution: quantization tables are too coarse for baseline JPEG", ""))
}
