package jpeg

import (
	"bytes"
	"errors"
	"image"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// TestStored cuts with indexes that were stored and read again, whole and by
// section; the results must be those of the index that was built.
func TestStored(t *testing.T) {
	for _, file := range cutFiles(t) {
		x := index(t, file.data)
		stored, err := x.AppendBinary([]byte("before"))
		if err != nil || string(stored[:6]) != "before" {
			t.Fatal(err)
		}
		stored = stored[6:]
		whole, err := ParseIndex(stored)
		if err != nil {
			t.Fatalf("%s: %v", file.name, err)
		}
		if again, _ := whole.AppendBinary(nil); !bytes.Equal(again, stored) {
			t.Errorf("%s: stored again it differs", file.name)
		}
		head, n, err := ParseIndexHead(stored[:IndexPrefix])
		if err != nil || head != nil || n <= IndexPrefix || n > len(stored) {
			t.Fatalf("%s: head of %d bytes, %v", file.name, n, err)
		}
		if head, _, err = ParseIndexHead(stored[:n]); err != nil || head == nil {
			t.Fatal(err)
		}
		if head.Header().Width != x.Header().Width || head.MCU() != x.MCU() {
			t.Errorf("%s: %+v", file.name, head.Header())
		}
		r := rand.New(rand.NewPCG(3, 4))
		for range 5 {
			rect := randomRect(r, x)
			want := cut(t, x, file.data, rect)
			first, part := head.Sections(rect)
			some, err := head.Index(first, stored[part.Offset:part.End()])
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(cut(t, whole, file.data, rect), want) || !bytes.Equal(cut(t, some, file.data, rect), want) {
				t.Errorf("%s: %v differs", file.name, rect)
			}
		}
	}
}

// TestSections reads one section of a tall image.
func TestSections(t *testing.T) {
	const w, h = 16, 40000
	b := tool(t, append([]byte("P5\n16 40000\n255\n"), make([]byte, w*h)...), "cjpeg", "-grayscale")
	x := index(t, b)
	stored, _ := x.AppendBinary(nil)
	head, _, err := ParseIndexHead(stored)
	if err != nil {
		t.Fatal(err)
	}
	rows := head.x.bandRows * 8
	if x.count() != ceilDiv(h, rows) || rows > 16384*4 {
		t.Fatalf("%d bands of %d rows", x.count(), rows)
	}
	if _, r := head.Sections(image.Rect(0, h, 16, h+8)); r.Length != 0 {
		t.Error("sections outside of the image")
	}
	if _, err := head.Index(x.count(), nil); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	none, err := head.Index(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.Tile(bytes.NewReader(b), image.Rect(0, 0, 16, 16), TileOptions{}); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// TestDamagedIndex changes every byte of a stored index: none may pass.
func TestDamagedIndex(t *testing.T) {
	stored, _ := index(t, tool(t, photo(t, 200, 160), "cjpeg")).AppendBinary(nil)
	for i := range stored {
		b := bytes.Clone(stored)
		b[i] ^= 1 << (i % 8)
		if _, err := ParseIndex(b); err == nil || !fault.Is(err, fault.Corrupt) && i != len(indexMagic)-1 {
			t.Fatalf("byte %d: %v", i, err)
		}
		if _, err := ParseIndex(stored[:i]); !fault.Is(err, fault.Corrupt) {
			t.Fatalf("%d bytes: %v", i, err)
		}
	}
	if _, err := ParseIndex(append(bytes.Clone(stored), 0)); !fault.Is(err, fault.Corrupt) {
		t.Error(err)
	}
	b := bytes.Clone(stored)
	b[len(indexMagic)-1]++
	if _, err := ParseIndex(b); !fault.Is(err, fault.Unsupported) {
		t.Error(err)
	}
}

// TestShare checks what indexes weigh: one per cent of large files, and of blank
// ones too.
func TestShare(t *testing.T) {
	large := tool(t, readFile(t, "/usr/share/wallpapers/ColdRipple/contents/images/2560x1600.jpg"), "djpeg")
	blank := func(w, h int) []byte {
		return append([]byte("P5\n"+digits(w)+" "+digits(h)+"\n255\n"), make([]byte, w*h)...)
	}
	for _, tc := range []struct {
		name string
		pnm  []byte
		args []string
	}{
		{"photograph", large, nil},
		{"photograph, best quality", large, []string{"-quality", "98", "-sample", "1x1"}},
		{"photograph, low quality", large, []string{"-quality", "20", "-optimize"}},
		{"photograph, restarts", large, []string{"-restart", "1B"}},
		{"blank", blank(6000, 5000), nil},
		{"blank, optimized", blank(9000, 8000), []string{"-optimize"}},
		{"blank, wide", blank(65000, 160), nil},
		{"blank, tall", blank(8, 65000), []string{"-optimize"}},
		{"blank, tall, restarts", blank(24, 65000), []string{"-optimize", "-restart", "1"}},
	} {
		b := tool(t, tc.pnm, "cjpeg", tc.args...)
		stored, _ := index(t, b).AppendBinary(nil)
		head, n, _ := ParseIndexHead(stored)
		if head == nil {
			t.Fatal("no head")
		}
		sections := len(stored) - n
		t.Logf("%s: head %d, sections %d, file %d bytes: %.2f%%", tc.name, n, sections, len(b), 100*float64(len(stored))/float64(len(b)))
		if n > 1400 || sections > len(b)/anchorShare+40 {
			t.Errorf("%s: head %d, sections %d of %d bytes", tc.name, n, sections, len(b))
		}
	}
}

func digits(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return digits(n/10) + string(rune('0'+n%10))
}

// TestUnindexable checks that files which cannot be indexed are refused as such.
func TestUnindexable(t *testing.T) {
	ppm := photo(t, 120, 90)
	base := tool(t, ppm, "cjpeg")
	twelve := bytes.Clone(base)
	s, _ := findSegment(twelve, markSOF0)
	s.content[0] = 12
	for _, tc := range []struct {
		name string
		data []byte
		kind fault.Kind
	}{
		{"progressive", tool(t, ppm, "cjpeg", "-progressive"), fault.Unsupported},
		{"arithmetic", tool(t, ppm, "cjpeg", "-arithmetic"), fault.Unsupported},
		{"several scans", tool(t, base, "jpegtran", "-scans", scanScript(t)), fault.Unsupported},
		{"12 bits", twelve, fault.Unsupported},
		{"half", base[:len(base)/2], fault.Corrupt},
		{"empty", nil, fault.Corrupt},
		{"not a JPEG", ppm, fault.Corrupt},
	} {
		if _, err := BuildIndex(bytes.NewReader(tc.data), int64(len(tc.data))); !fault.Is(err, tc.kind) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	trouble := io.MultiReader(bytes.NewReader(base[:len(base)/2]), brokenReader{})
	if _, err := BuildIndex(trouble, 0); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) {
	return 0, fault.E("test.Read", fault.Unavailable, errors.New("gone"))
}

// TestSmallReads builds the same index from a reader that gives a few bytes at a
// time, so that codes, stuffed zeros and markers are torn at every place.
func TestSmallReads(t *testing.T) {
	for _, args := range [][]string{{"-quality", "97"}, {"-restart", "3B", "-quality", "97"}, {"-optimize", "-sample", "1x1"}} {
		b := tool(t, photo(t, 300, 200), "cjpeg", args...)
		want, _ := index(t, b).AppendBinary(nil)
		for step := 1; step < 8; step += 2 {
			x, err := BuildIndex(&smallReader{b: b, step: step}, int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := x.AppendBinary(nil); !bytes.Equal(got, want) {
				t.Errorf("%v, %d bytes at a time: another index", args, step)
			}
		}
	}
}

type smallReader struct {
	b    []byte
	step int
}

func (r *smallReader) Read(p []byte) (int, error) {
	n := copy(p[:min(r.step, len(p))], r.b)
	if r.b = r.b[n:]; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// grayField is a JPEG of 65,500 × 65,500 gray pixels, made as it is read: 50 MB
// of blocks of six bits.
type grayField struct{ head []byte }

func newGrayField(t testing.TB) grayField {
	head := frameBytes(0xC0, 65500, 65500, 1)
	for class, spec := range typicalTables {
		head = appendHuffman(head, byte(class<<4), &spec[0].counts, []byte(spec[0].symbols))
	}
	return grayField{appendSegment(head, markSOS, []byte{1, 1, 0, 0, 63, 0})}
}

func (g grayField) size() int64 {
	return int64(len(g.head)) + 8188*8188*6/8 + 2
}

func (g grayField) ReadAt(p []byte, off int64) (int, error) {
	// A difference of zero is 00, the end of the block 1010: four blocks are
	// three bytes.
	end := g.size() - 2
	for i := range p {
		switch at := off + int64(i); {
		case at < int64(len(g.head)):
			p[i] = g.head[at]
		case at < end:
			p[i] = [3]byte{0b00101000, 0b10100010, 0b10001010}[(at-int64(len(g.head)))%3]
		case at < end+2:
			p[i] = [2]byte{0xFF, markEOI}[at-end]
		default:
			return i, io.EOF
		}
	}
	return len(p), nil
}

// TestLargest indexes an image of the largest size there is and cuts its last
// corner.
func TestLargest(t *testing.T) {
	g := newGrayField(t)
	start := time.Now()
	x, err := BuildIndex(io.NewSectionReader(g, 0, g.size()), g.size())
	if err != nil {
		t.Fatal(err)
	}
	stored, _ := x.AppendBinary(nil)
	t.Logf("%v, %d bytes stored, %d in memory", time.Since(start), len(stored), x.Size())
	if int64(len(stored)) > g.size()/anchorShare {
		t.Errorf("index of %d bytes", len(stored))
	}
	head, _, err := ParseIndexHead(stored)
	if err != nil {
		t.Fatal(err)
	}
	rect := image.Rect(65496-512, 65496-512, 65500, 65500)
	first, part := head.Sections(rect)
	if part.Length > 20<<10 {
		t.Errorf("sections of %d bytes for one tile", part.Length)
	}
	some, err := head.Index(first, stored[part.Offset:part.End()])
	if err != nil {
		t.Fatal(err)
	}
	tile, err := some.Tile(g, rect, TileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := parsePNM(t, tool(t, tile, "djpeg"))
	if p.width != 516 || p.height != 516 || bytes.Count(p.pix, []byte{128}) != 516*516 {
		t.Errorf("%d×%d", p.width, p.height)
	}
}

// shifted is a reader whose data begin far behind the beginning.
type shifted struct {
	r  io.ReaderAt
	by int64
}

func (s shifted) ReadAt(p []byte, off int64) (int, error) { return s.r.ReadAt(p, off-s.by) }

// TestFarOffsets cuts from data beyond 1 TB.
func TestFarOffsets(t *testing.T) {
	b := tool(t, photo(t, 500, 400), "cjpeg", "-restart", "9B")
	x := index(t, b)
	rect := image.Rect(160, 128, 416, 400)
	want := cut(t, x, b, rect)
	const far = 1 << 40
	for i := range x.bands {
		for j := range x.bands[i].anchors {
			x.bands[i].anchors[j].pos += far << 3
		}
		x.bands[i].end.pos += far << 3
	}
	x.size += far
	stored, _ := x.AppendBinary(nil)
	y, err := ParseIndex(stored)
	if err != nil {
		t.Fatal(err)
	}
	got, err := y.Tile(shifted{bytes.NewReader(b), far}, rect, TileOptions{})
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("another tile, %v", err)
	}
}

// TestDamage cuts from a file that changed under its index: any answer but a
// panic will do, and failures must be Corrupt.
func TestDamage(t *testing.T) {
	for _, args := range [][]string{{"-sample", "2x2"}, {"-restart", "4B"}, {"-optimize", "-grayscale"}} {
		b := tool(t, photo(t, 320, 240), "cjpeg", args...)
		x := index(t, b)
		r := rand.New(rand.NewPCG(5, 6))
		failed := 0
		for range 400 {
			c := bytes.Clone(b)
			for range 1 + r.IntN(5) {
				c[r.IntN(len(c))] = byte(r.Uint32() | r.Uint32())
			}
			_, err := x.Tile(bytes.NewReader(c), randomRect(r, x), TileOptions{})
			if err != nil {
				failed++
				if !fault.Is(err, fault.Corrupt) {
					t.Fatal(err)
				}
			}
		}
		if failed == 0 {
			t.Error("damage is never noticed")
		}
	}
}

// TestBomb checks that a header alone makes nobody work or allocate.
func TestBomb(t *testing.T) {
	g := newGrayField(t)
	b := append(bytes.Clone(g.head), make([]byte, 1000)...)
	for _, size := range []int64{int64(len(b)), 0} {
		for name, read := range map[string]func() error{
			"index": func() error { _, err := BuildIndex(bytes.NewReader(b), size); return err },
			"tiler": func() error {
				x, err := NewTiler(bytes.NewReader(b), size, TilerOptions{Size: 512})
				if err == nil {
					defer x.Close()
					_, err = x.Next(nil)
				}
				return err
			},
		} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := read()
			runtime.ReadMemStats(&after)
			if !fault.Is(err, fault.Corrupt) {
				t.Errorf("%s: %v", name, err)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
				t.Errorf("%s of %d bytes: %d bytes are allocated", name, len(b), n)
			}
		}
	}
}

// scanScript returns the path of a file that asks for a scan per component.
func scanScript(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "scans")
	if err := os.WriteFile(path, []byte("0; 1; 2;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
