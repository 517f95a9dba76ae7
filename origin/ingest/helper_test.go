package ingest_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/origin/ingest"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

// need skips a test whose tools or data are not there; in CI that is a failure.
func need(t testing.TB, tools ...string) {
	t.Helper()
	for _, name := range tools {
		if _, err := exec.LookPath(name); err != nil {
			missing(t, name)
		}
	}
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("VITRINE_CI") == "1" {
		t.Fatalf("%s is missing", what)
	}
	t.Skipf("%s is missing", what)
}

// run runs a tool and returns what it prints to standard output. A word on standard
// error is a failure when quiet is set.
func run(t testing.TB, quiet bool, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil || quiet && errs.Len() > 0 {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.Bytes()
}

// photo makes a picture with gradients, edges and noise as a PNM file: gray when it
// has one band.
func photo(t testing.TB, dir string, w, h, bands int) string {
	t.Helper()
	kind, ext := 6, "ppm"
	if bands == 1 {
		kind, ext = 5, "pgm"
	}
	b := fmt.Appendf(nil, "P%d\n%d %d\n255\n", kind, w, h)
	noise := uint32(7)
	for y := range h {
		for x := range w {
			for c := range bands {
				noise = noise*1664525 + 1013904223
				v := 128 + 70*math.Sin(float64(x)/(17+float64(9*c)))*math.Cos(float64(y)/(23+float64(5*c))) + float64(noise>>28)
				if (x/37+y/53)%7 == c {
					v = 255 - v
				}
				if r := math.Hypot(float64(x-w/2), float64(y-h/2)); int(r)%97 < 3 {
					v = 20
				}
				b = append(b, byte(min(max(v, 0), 255)))
			}
		}
	}
	file := filepath.Join(dir, fmt.Sprintf("photo-%dx%dx%d.%s", w, h, bands, ext))
	write(t, file, b)
	return file
}

func write(t testing.TB, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// made is an ingested image.
type made struct {
	ingest.Result
	file  string // of the pyramid
	index *pyramid.Index
	bytes []byte
}

// tile returns the bytes at a range of the pyramid.
func (m *made) at(r pyramid.Range) []byte { return m.bytes[r.Offset:r.End()] }

// open opens the store dir and the image file as a source object.
func open(t testing.TB, dir, file string) (*store.Store, source.Object, iiif.Identifier) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{Spec: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	src, err := source.NewDir(source.DirConfig{Path: filepath.Dir(file)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	obj, err := src.Open(t.Context(), filepath.Base(file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { obj.Close() })
	id, err := iiif.NewIdentifier(filepath.Base(file))
	if err != nil {
		t.Fatal(err)
	}
	return s, obj, id
}

// pyramidOf ingests a file.
func pyramidOf(t testing.TB, file string, cfg ingest.Config) *made {
	t.Helper()
	dir := t.TempDir()
	s, obj, id := open(t, dir, file)
	g, err := ingest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r, err := g.Ingest(t.Context(), obj, s, id, nil)
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(file), err)
	}
	p, err := s.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	m := &made{Result: r, file: filepath.Join(dir, store.Key(id)), index: p.Index}
	if m.bytes, err = os.ReadFile(m.file); err != nil {
		t.Fatal(err)
	}
	if int64(len(m.bytes)) != r.Bytes || p.Index.Revision() != obj.Revision() || p.Index.Lossless() != r.Lossless {
		t.Errorf("%d bytes, revision %s, want %d and %s", len(m.bytes), p.Index.Revision(), r.Bytes, obj.Revision())
	}
	return m
}

// pnm is a decoded picture, RGB or gray.
type pnm struct {
	w, h, bands int
	pix         []byte
}

// parsePNM reads what djpeg and vips write.
func parsePNM(t testing.TB, b []byte) pnm {
	t.Helper()
	var p pnm
	r := bytes.NewReader(b)
	var kind string
	var most int
	for _, v := range []any{&kind, &p.w, &p.h, &most} {
		for skipComment(r) {
		}
		if _, err := fmt.Fscan(r, v); err != nil {
			t.Fatal("not a PNM: ", err)
		}
	}
	_, _ = r.ReadByte()
	p.bands = map[string]int{"P5": 1, "P6": 3}[kind]
	p.pix, _ = io.ReadAll(r)
	if p.bands == 0 || most != 255 || len(p.pix) != p.w*p.h*p.bands {
		t.Fatalf("%s %d × %d: %d bytes", kind, p.w, p.h, len(p.pix))
	}
	return p
}

// skipComment skips a line that begins with #, after white space.
func skipComment(r *bytes.Reader) bool {
	for {
		c, err := r.ReadByte()
		switch {
		case err != nil:
			return false
		case c == ' ' || c == '\n':
			continue
		case c == '#':
			for c != '\n' && err == nil {
				c, err = r.ReadByte()
			}
			return true
		}
		_ = r.UnreadByte()
		return false
	}
}

// crop returns a part of a picture.
func (p pnm) crop(x, y, w, h int) pnm {
	out := pnm{w, h, p.bands, nil}
	for r := range h {
		at := ((y+r)*p.w + x) * p.bands
		out.pix = append(out.pix, p.pix[at:at+w*p.bands]...)
	}
	return out
}

// psnr returns how alike two pictures of one size are, in dB, and the difference of
// their means.
func psnr(t testing.TB, a, b pnm) (db, bias float64) {
	t.Helper()
	if a.w != b.w || a.h != b.h || a.bands != b.bands {
		t.Fatalf("%d × %d × %d and %d × %d × %d", a.w, a.h, a.bands, b.w, b.h, b.bands)
	}
	square, sum := 0.0, 0.0
	for i := range a.pix {
		d := float64(a.pix[i]) - float64(b.pix[i])
		square += d * d
		sum += d
	}
	n := float64(len(a.pix))
	return 10 * math.Log10(255*255/max(square/n, 1e-9)), sum / n
}

// djpeg decodes with box upsampling, so that a tile does not depend on what lies
// beyond its edge.
func djpeg(t testing.TB, b []byte) pnm {
	t.Helper()
	cmd := exec.Command("djpeg", "-nosmooth", "-dct", "int", "-pnm")
	cmd.Stdin = bytes.NewReader(b)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil || errs.Len() > 0 {
		t.Fatalf("djpeg: %v %s", err, errs.String())
	}
	return parsePNM(t, out)
}

// vipsPage decodes a level with libvips, which must not warn.
func vipsPage(t testing.TB, file string, page int) pnm {
	t.Helper()
	return vipsFile(t, fmt.Sprintf("%s[page=%d]", file, page))
}

// vipsFile decodes a file with libvips, which must not warn.
func vipsFile(t testing.TB, file string) pnm {
	t.Helper()
	out := filepath.Join(t.TempDir(), "page.pnm")
	run(t, true, "vips", "copy", file, out+"[strip]")
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return parsePNM(t, b)
}
