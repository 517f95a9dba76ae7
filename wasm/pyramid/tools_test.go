package pyramid_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/icc"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
	"github.com/vitrine-iiif/vitrine/wasm/tiff"
)

// scene draws the w × h pixels at (x, y) of the level of factor f of a picture
// that is defined everywhere, in the colours and the sampling of the options.
func scene(o pyramid.Options, f, x, y, w, h int) *pixel.Image {
	model := pixel.Gray
	if o.Colour == pyramid.YCbCr {
		model = pixel.YCbCr
	}
	m := pixel.New(model, w, h, max(o.SubX, 1), max(o.SubY, 1), false)
	for i := range m.Planes {
		p, sx, sy := &m.Planes[i], 1, 1
		if i > 0 {
			sx, sy = m.SubX, m.SubY
		}
		for v := range p.Height {
			line := p.Row(v)
			for u := range p.Width {
				a, b := float64(f*(x+u*sx)), float64(f*(y+v*sy))
				line[u] = byte(128 + 60*math.Sin(a/(90+40*float64(i)))*math.Cos(b/(70+30*float64(i))) + 50*math.Sin((a+2*b)/900))
			}
		}
	}
	return m
}

// encode returns the JPEG of a part of the scene.
func encode(t testing.TB, o pyramid.Options, f, x, y, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, scene(o, f, x, y, w, h), jpeg.EncodeOptions{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// build writes a pyramid of the scene and returns its index and bytes.
func build(t testing.TB, o pyramid.Options) (*pyramid.Index, []byte) {
	t.Helper()
	var sink memory
	w, err := pyramid.NewWriter(o, &sink)
	if err != nil {
		t.Fatal(err)
	}
	g := w.Geometry()
	for k, l := range g.Layout().Levels {
		cols, rows := g.Grid(k)
		for i := range cols * rows {
			col, row := i%cols, i/cols
			x, y := col*l.TileWidth, row*l.TileHeight
			var padded []byte
			if g.Stored(k, col, row) {
				padded = encode(t, o, l.Factor, x, y, l.TileWidth, l.TileHeight)
			}
			var exact [][]byte
			for _, s := range g.Exacts(k, col, row) {
				exact = append(exact, encode(t, o, l.Factor, x, y, s.Width, s.Height))
			}
			if err := w.Put(k, col, row, padded, exact...); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return parse(t, sink.b), sink.b
}

// raster is a decoded picture: n interleaved samples per pixel.
type raster struct {
	w, h, n int
	pix     []byte
}

// readPNM reads a binary PGM or PPM.
func readPNM(t testing.TB, name string) raster {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head := regexp.MustCompile(`^P([56])\s+(?:#[^\n]*\n)*(\d+)\s+(\d+)\s+255\s`).FindSubmatch(b)
	if head == nil {
		t.Fatalf("%s: not a PNM: %q", name, b[:min(len(b), 20)])
	}
	r := raster{n: 1}
	if head[1][0] == '6' {
		r.n = 3
	}
	r.w, _ = strconv.Atoi(string(head[2]))
	r.h, _ = strconv.Atoi(string(head[3]))
	r.pix = b[len(head[0]):]
	if len(r.pix) != r.w*r.h*r.n {
		t.Fatalf("%s: %d bytes of %d×%d×%d", name, len(r.pix), r.w, r.h, r.n)
	}
	return r
}

// paste copies src into r at (x, y), what lies outside apart.
func (r *raster) paste(src raster, x, y int) {
	for v := 0; v < src.h && y+v < r.h; v++ {
		w := min(src.w, r.w-x)
		copy(r.pix[((y+v)*r.w+x)*r.n:][:w*r.n], src.pix[v*src.w*src.n:])
	}
}

// difference returns the mean difference of b and the part of r at (x, y).
func (r *raster) difference(b raster, x, y int) float64 {
	sum, n := 0, 0
	for v := 0; v < b.h && y+v < r.h; v++ {
		for u := 0; u < min(b.w, r.w-x)*b.n; u++ {
			d := int(r.pix[((y+v)*r.w+x)*r.n+u]) - int(b.pix[v*b.w*b.n+u])
			sum += max(d, -d)
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(sum) / float64(n)
}

var cases = map[string]pyramid.Options{
	"420":   {Width: 1300, Height: 901, Colour: pyramid.YCbCr, SubX: 2, SubY: 2, TileSize: 256, Revision: "rev1", Software: "Vitrine", Quality: 92},
	"444":   {Width: 513, Height: 1025, Colour: pyramid.YCbCr, Lossless: true, Resolution: 300},
	"422":   {Width: 700, Height: 90, Colour: pyramid.YCbCr, SubX: 2, SubY: 1, TileSize: 128},
	"gray":  {Width: 1025, Height: 640, Colour: pyramid.Gray, TileSize: 128},
	"big":   {Width: 1300, Height: 901, Colour: pyramid.YCbCr, SubX: 2, SubY: 2, TileSize: 256, MaxBytes: 5 << 30, Software: "Vitrine"},
	"bigbw": {Width: 97, Height: 300, Colour: pyramid.Gray, TileSize: 64, MaxBytes: 5 << 30},
	"tiny":  {Width: 1, Height: 1, Colour: pyramid.YCbCr},
}

// TestOtherReaders opens pyramids with libtiff's tools, libvips and our own TIFF
// reader, none of which may complain, and compares what libvips makes of each
// level with the tiles decoded one by one by libjpeg: they must be identical. The
// exact tiles must show the same picture.
func TestOtherReaders(t *testing.T) {
	needTools(t, "tiffinfo", "tiffdump", "vips", "djpeg")
	complains := regexp.MustCompile(`(?i)warn|error|unknown|incorrect|bad|invalid|corrupt`)
	for name, o := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if name != "gray" && name != "bigbw" {
				o.ICC = icc.SRGB()
			}
			x, b := build(t, o)
			file := filepath.Join(dir, "a.tif")
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			levels := x.Layout().Levels
			info := run(t, "tiffinfo", "-D", file)
			if complains.MatchString(info) || strings.Count(info, "TIFF Directory at") != len(levels) ||
				strings.Count(info, "Subfile Type: reduced-resolution image") != len(levels)-1 ||
				strings.Contains(info, "ICC Profile") != (o.ICC != nil) {
				t.Errorf("tiffinfo:\n%s", info)
			}
			if sub := fmt.Sprintf("YCbCr Subsampling: %d, %d\n", max(o.SubX, 1), max(o.SubY, 1)); o.Colour == pyramid.YCbCr && !strings.Contains(info, sub) {
				t.Errorf("tiffinfo does not say %s%s", sub, info)
			}
			if dump := run(t, "tiffdump", file); complains.MatchString(dump) || strings.Count(dump, "Directory ") != len(levels) {
				t.Errorf("tiffdump:\n%s", dump)
			}
			ours, err := tiff.Open(bytes.NewReader(b), int64(len(b)), tiff.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(ours.ICC(), o.ICC) || ours.Pages() != 1 {
				t.Errorf("%d bytes of profile, %d pages", len(ours.ICC()), ours.Pages())
			}
			if r, ok := x.ICC(); ok != (o.ICC != nil) || ok && !bytes.Equal(b[r.Offset:r.End()], o.ICC) {
				t.Error("the profile is not where the index says")
			}
			for k := range levels {
				compareLevel(t, dir, file, b, x, k)
			}
		})
	}
}

// compareLevel compares the tiles of a level with what libvips reads.
func compareLevel(t *testing.T, dir, file string, b []byte, x *pyramid.Index, k int) {
	t.Helper()
	suffix := ".ppm"
	if x.Colour() == pyramid.Gray {
		suffix = ".pgm"
	}
	whole := filepath.Join(dir, "level"+suffix)
	if out := run(t, "vips", "copy", fmt.Sprintf("%s[page=%d]", file, k), whole); out != "" {
		t.Errorf("vips: %s", out)
	}
	decode := func(r pyramid.Range) raster {
		t.Helper()
		in, out := filepath.Join(dir, "tile.jpg"), filepath.Join(dir, "tile"+suffix)
		if err := os.WriteFile(in, b[r.Offset:r.End()], 0o600); err != nil {
			t.Fatal(err)
		}
		if said := run(t, "djpeg", "-pnm", "-outfile", out, in); said != "" {
			t.Errorf("djpeg: %s", said)
		}
		return readPNM(t, out)
	}
	want, l := readPNM(t, whole), x.Layout().Levels[k]
	if want.w != l.Width || want.h != l.Height {
		t.Fatalf("level %d: vips says %d×%d, want %d×%d", k, want.w, want.h, l.Width, l.Height)
	}
	got := raster{want.w, want.h, want.n, make([]byte, len(want.pix))}
	for row := range l.Rows() {
		for col := range l.Cols() {
			r, _ := x.Tile(k, col, row)
			tile := decode(r)
			if tile.w != l.TileWidth || tile.h != l.TileHeight {
				t.Fatalf("padded tile of %d×%d", tile.w, tile.h)
			}
			got.paste(tile, col*l.TileWidth, row*l.TileHeight)
		}
	}
	if !bytes.Equal(got.pix, want.pix) {
		t.Errorf("level %d: the tiles are not what vips reads", k)
	}
	cols, rows := x.Geometry().Grid(k)
	for i := range cols * rows {
		col, row := i%cols, i/cols
		for _, s := range x.Geometry().Exacts(k, col, row) {
			r, ok := x.Exact(k, col, row, s.Width, s.Height)
			if !ok {
				t.Fatalf("level %d: no tile %d,%d of %+v", k, col, row, s)
			}
			tile := decode(r)
			if tile.w != s.Width || tile.h != s.Height {
				t.Fatalf("tile of %d×%d, want %+v", tile.w, tile.h, s)
			}
			if d := want.difference(tile, col*l.TileWidth, row*l.TileHeight); d > 2 {
				t.Errorf("level %d: tile %d,%d of %+v differs by %.1f", k, col, row, s, d)
			}
		}
	}
}
