package tiff

import (
	"bytes"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// The levels of a pyramid are those that libvips finds, with the same pixels.
func TestPyramid(t *testing.T) {
	photo := photograph(t, t.TempDir())
	for _, c := range []struct{ name, options, page, levels string }{
		{"pages", "--tile --pyramid --tile-width 64 --tile-height 64", "page", "533x397 266x198 133x99 66x49 33x24"},
		{"pages lzw big", "--tile --pyramid --bigtiff --compression lzw", "page", "533x397 266x198 133x99 66x49"},
		{"subifds", "--tile --pyramid --subifd --compression deflate", "subifd", "533x397 266x198 133x99 66x49"},
		{"subifds big", "--tile --pyramid --subifd --bigtiff", "subifd", "533x397 266x198 133x99 66x49"},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "p.tif")
			run(t, append([]string{"vips", "tiffsave", photo, name}, strings.Fields(c.options)...)...)
			checkLevels(t, name, c.page, c.levels)
			if c.page == "page" {
				// Without the flag, the sizes tell.
				for i := range strings.Fields(c.levels) {
					run(t, "tiffset", "-d", strconv.Itoa(i), "-s", "254", "0", name)
				}
				checkLevels(t, name, c.page, c.levels)
			}
		})
	}
}

func checkLevels(t *testing.T, name, page, want string) {
	t.Helper()
	f := open(t, name)
	var got []string
	for i, l := range f.Levels() {
		got = append(got, fmt.Sprintf("%dx%d", l.Width, l.Height))
		option := fmt.Sprintf("[%s=%d]", page, i)
		if page == "subifd" {
			option = fmt.Sprintf("[subifd=%d]", i-1) // −1 is the main image
		}
		ref := vipsReads(t, name, option, l.Width, l.Height, 8)
		compare(t, decode(t, f, i, whole(f, i)).Image, ref, 0, 0)
	}
	if s := strings.Join(got, " "); s != want {
		t.Errorf("levels %s, want %s", s, want)
	}
	if f.Pages() != 1 {
		t.Errorf("%d pages, want 1", f.Pages())
	}
}

// Pages of a document are not levels, whatever their size.
func TestDocument(t *testing.T) {
	dir := t.TempDir()
	photo := photograph(t, dir)
	needTools(t, "tiffcp")
	page, small, doc := filepath.Join(dir, "a.tif"), filepath.Join(dir, "b.tif"), filepath.Join(dir, "doc.tif")
	run(t, "vips", "tiffsave", photo, page)
	run(t, "vips", "shrink", photo, filepath.Join(dir, "small.v"), "2", "2")
	run(t, "vips", "tiffsave", filepath.Join(dir, "small.v"), small)
	run(t, "tiffcp", page, small, page, doc)
	f := open(t, doc)
	if f.Pages() != 3 || len(f.Levels()) != 1 {
		t.Errorf("%d pages and %d levels, want 3 and 1", f.Pages(), len(f.Levels()))
	}
}

// Associated alpha is divided out.
func TestAssociatedAlpha(t *testing.T) {
	dir := t.TempDir()
	photo := photograph(t, dir)
	// The red band as alpha: all values occur.
	run(t, "vips", "extract_band", photo, filepath.Join(dir, "r.v"), "0")
	run(t, "vips", "bandjoin", photo+" "+filepath.Join(dir, "r.v"), filepath.Join(dir, "rgba.v"))
	for _, steps := range [][]string{
		{"--compression lzw"}, {"--tile --compression deflate"},
	} {
		name := filepath.Join(dir, "assoc.tif")
		run(t, append([]string{"vips", "tiffsave", filepath.Join(dir, "rgba.v"), name, "--premultiply"}, strings.Fields(steps[0])...)...)
		if out := run(t, "tiffinfo", name); !strings.Contains(out, "assoc-alpha") || strings.Contains(out, "unassoc") {
			t.Fatalf("libvips did not write associated alpha:\n%s", out)
		}
		f := open(t, name)
		// Stored values are rounded to n = α/255 steps, so the best that can be
		// had of a colour under little alpha is coarse.
		got, bands := samples(decode(t, f, 0, whole(f, 0)).Image)
		want := vipsReads(t, filepath.Join(dir, "rgba.v"), "", 533, 397, 8)
		for i := 0; i < len(got); i += bands {
			a := int(want.pix[i+3])
			for k := range 4 {
				d := max(got[i+k], want.pix[i+k]) - min(got[i+k], want.pix[i+k])
				if k == 3 && d != 0 || k < 3 && a > 0 && int(d) > 255/a+1 {
					t.Fatalf("sample %d of pixel %d: %d, want %d under alpha %d", k, i/bands, got[i+k], want.pix[i+k], a)
				}
			}
		}
	}
}

// The luma of a subsampled JPEG tile is that of djpeg to the last bit, and its
// chroma that of djpeg without smoothing.
func TestJPEGTilesExact(t *testing.T) {
	needTools(t, "djpeg")
	dir := t.TempDir()
	photo := photograph(t, dir)
	name := filepath.Join(dir, "j.tif")
	run(t, "vips", "tiffsave", photo, name, "--tile", "--compression", "jpeg", "--Q", "80")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, name)
	l := f.Levels()[0]
	if l.Photometric != YCbCr || l.SubX != 2 || l.SubY != 2 {
		t.Fatalf("libvips wrote %v %d:%d", l.Photometric, l.SubX, l.SubY)
	}
	for row := range 4 {
		for col := range 5 {
			off, n, err := f.TileRange(0, col, row)
			if err != nil {
				t.Fatal(err)
			}
			// Both are whole streams: joined without EOI and SOI between them.
			tables, tile := f.JPEGTables(0), b[off:off+n]
			file := filepath.Join(dir, "tile.jpg")
			if err := os.WriteFile(file, append(append([]byte(nil), tables[:len(tables)-2]...), tile[2:]...), 0o600); err != nil {
				t.Fatal(err)
			}
			r := image.Rect(col*128, row*128, col*128+128, row*128+128).Intersect(whole(f, 0))
			p := decode(t, f, 0, r)
			luma := djpeg(t, file, 1, "-grayscale", "-dct", "int")
			colour := djpeg(t, file, 3, "-nosmooth", "-dct", "int")
			for y := range r.Dy() {
				if !bytes.Equal(p.Planes[0].Row(y), luma[y*128:][:r.Dx()]) {
					t.Fatalf("tile %d,%d: luma row %d differs from djpeg", col, row, y)
				}
			}
			// Nearest chroma and the colour conversion of T.871 in floating point.
			for y := range r.Dy() {
				for x := range r.Dx() {
					cb := float64(p.Planes[1].Row(y / 2)[x/2]) - 128
					cr := float64(p.Planes[2].Row(y / 2)[x/2]) - 128
					yy := float64(p.Planes[0].Row(y)[x])
					for i, v := range []float64{yy + 1.402*cr, yy - 0.344136*cb - 0.714136*cr, yy + 1.772*cb} {
						w := float64(colour[(y*128+x)*3+i])
						if v = min(max(v, 0), 255); v-w > 1 || w-v > 1 {
							t.Fatalf("tile %d,%d: sample %d at %d,%d is %.1f, djpeg %.0f", col, row, i, x, y, v, w)
						}
					}
				}
			}
		}
	}
}

// djpeg returns the samples of a 128 × 128 picture.
func djpeg(t *testing.T, name string, bands int, options ...string) []byte {
	t.Helper()
	out, err := exec.Command("djpeg", append(append(options, "-pnm"), name)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return out[len(out)-128*128*bands:]
}

// counter counts the reads of a file.
type counter struct {
	r     io.ReaderAt
	reads int
	bytes int
}

func (c *counter) ReadAt(b []byte, off int64) (int, error) {
	c.reads++
	c.bytes += len(b)
	return c.r.ReadAt(b, off)
}

// Opening and decoding cost few reads, as an object store needs.
func TestReads(t *testing.T) {
	dir := t.TempDir()
	photo := photograph(t, dir)
	big := filepath.Join(dir, "big.v")
	run(t, "vips", "replicate", photo, big, "6", "6")
	for _, c := range []struct {
		options       string
		open, tile, n int
	}{
		// libtiff leaves the directories of a pyramid behind each level's data.
		{"--tile --tile-width 256 --tile-height 256 --pyramid --compression jpeg", 6, 1, 5},
		{"--tile --tile-width 256 --tile-height 256 --compression deflate", 2, 1, 1},
		{"--compression none", 2, 1, 1},
	} {
		name := filepath.Join(dir, "x.tif")
		run(t, append([]string{"vips", "tiffsave", big, name}, strings.Fields(c.options)...)...)
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r := &counter{r: bytes.NewReader(b)}
		f, err := Open(r, int64(len(b)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if len(f.levels) != c.n {
			t.Errorf("%s: %d levels, want %d", c.options, len(f.levels), c.n)
		}
		if r.reads > c.open || r.bytes > r.reads*windowSize {
			t.Errorf("%s: Open made %d reads of %d bytes, want %d", c.options, r.reads, r.bytes, c.open)
		}
		*r = counter{r: r.r}
		decode(t, f, 0, image.Rect(512, 512, 768, 513))
		if r.reads > c.tile {
			t.Errorf("%s: a tile made %d reads, want %d", c.options, r.reads, c.tile)
		}
		*r = counter{r: r.r}
		p := decode(t, f, 0, whole(f, 0))
		if most := len(b)/(groupSize/2) + 1; r.reads > most || r.bytes > len(b)+len(b)/50 {
			t.Errorf("%s: the whole of %d bytes made %d reads of %d bytes, want %d", c.options, len(b), r.reads, r.bytes, most)
		}
		if p.Model != pixel.RGB && p.Model != pixel.YCbCr {
			t.Errorf("%s: model %d", c.options, p.Model)
		}
	}
}
