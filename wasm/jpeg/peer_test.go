package jpeg

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// missing skips the test, or fails it where everything must be there.
func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("VITRINE_CI") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// tool runs an installed program on input and returns its output.
func tool(t testing.TB, input []byte, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		missing(t, "%s is not installed", name)
	}
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(input)
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	if err := cmd.Run(); err != nil && !(name == "djpeg" && cmd.ProcessState.ExitCode() == 2) { // 2: a warning
		t.Fatalf("%s %v: %v: %s", name, args, err, diag.Bytes())
	}
	return out.Bytes()
}

// realFiles returns the JPEGs that people made: shared test images and the
// photographs of Debian's wallpaper packages.
func realFiles(t testing.TB) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{
		"../../../shared/images/real/*.jpg",
		"/usr/share/backgrounds/mate/*/*.jpg",
		"/usr/share/wallpapers/*/contents/images/*.jpg",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			missing(t, "no files %s", pattern)
		}
		files = append(files, found...)
	}
	return files
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		missing(t, "%v", err)
	}
	return b
}

// photo returns a photograph of width × height pixels as a binary PPM.
func photo(t testing.TB, width, height int) []byte {
	t.Helper()
	ppm := tool(t, readFile(t, "/usr/share/backgrounds/mate/nature/LadyBird.jpg"), "djpeg", "-scale", "1/2")
	p := parsePNM(t, ppm)
	x, y := 300, 200
	if width+x > p.width || height+y > p.height {
		t.Fatalf("photo is only %d×%d", p.width, p.height)
	}
	out := fmt.Appendf(nil, "P6\n%d %d\n255\n", width, height)
	for row := range height {
		at := ((y+row)*p.width + x) * 3
		out = append(out, p.pix[at:at+width*3]...)
	}
	return out
}

// pnm is a binary PGM or PPM.
type pnm struct {
	width, height, channels int
	pix                     []byte
}

func parsePNM(t testing.TB, b []byte) pnm {
	t.Helper()
	var kind string
	var p pnm
	var depth int
	r := bytes.NewReader(b)
	if _, err := fmt.Fscan(r, &kind, &p.width, &p.height, &depth); err != nil || depth != 255 {
		t.Fatalf("bad PNM: %v", err)
	}
	p.channels = map[string]int{"P5": 1, "P6": 3}[kind]
	p.pix = b[len(b)-r.Len()+1:]
	if len(p.pix) != p.width*p.height*p.channels {
		t.Fatalf("PNM %dx%dx%d has %d bytes", p.width, p.height, p.channels, len(p.pix))
	}
	return p
}

// rawColours rewrites a three-component JPEG so that other decoders take its
// components for RGB and give them out as they are, without colour conversion.
func rawColours(t testing.TB, b []byte) []byte {
	t.Helper()
	out := append([]byte{}, b[:2]...)
	rename := map[byte]byte{}
	for at := 2; ; {
		if b[at] != 0xFF {
			t.Fatal("no marker")
		}
		mark, n := b[at+1], int(b[at+2])<<8|int(b[at+3])
		seg := append([]byte{}, b[at:at+2+n]...)
		switch mark {
		case 0xE0, 0xEE:
			seg = nil
		case 0xC0, 0xC1, 0xC2:
			for i, id := range []byte("RGB") {
				rename[seg[10+3*i]] = id
				seg[10+3*i] = id
			}
		case 0xDA:
			for i := range int(seg[4]) {
				seg[5+2*i] = rename[seg[5+2*i]]
			}
		}
		out = append(out, seg...)
		at += 2 + n
		if mark == 0xDA {
			// Entropy-coded data up to the next marker.
			from := at
			for b[at] != 0xFF || b[at+1] == 0 || b[at+1]&^7 == 0xD0 {
				at++
			}
			out = append(out, b[from:at]...)
			if b[at+1] == 0xD9 {
				return append(out, 0xFF, 0xD9)
			}
		}
	}
}

// interleave returns the planes of m as one array, chroma repeated to full size.
func interleave(m *pixel.Image) []byte {
	n := len(m.Planes)
	out := make([]byte, m.Width*m.Height*n)
	for i := range m.Planes {
		p, sx, sy := &m.Planes[i], 1, 1
		if i > 0 {
			sx, sy = m.SubX, m.SubY
		}
		for y := range m.Height {
			row := p.Row(y / sy)
			for x := range m.Width {
				out[(y*m.Width+x)*n+i] = row[x/sx]
			}
		}
	}
	return out
}

// worst returns the largest difference between two arrays of samples and the
// number of samples that differ.
func worst(t testing.TB, a, b []byte) (diff, count int) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%d samples against %d", len(a), len(b))
	}
	if bytes.Equal(a, b) {
		return 0, 0
	}
	for i := range a {
		if d := max(int(a[i])-int(b[i]), int(b[i])-int(a[i])); d > 0 {
			diff = max(diff, d)
			count++
		}
	}
	return diff, count
}

func decode(t testing.TB, b []byte, o DecodeOptions) Picture {
	t.Helper()
	p, err := Decode(bytes.NewReader(b), o)
	if err != nil {
		t.Fatal(err)
	}
	checkShape(t, p)
	return p
}

// checkShape checks what pixel.Image promises.
func checkShape(t testing.TB, p Picture) {
	t.Helper()
	if p.Width != p.Rect.Dx() || p.Height != p.Rect.Dy() || len(p.Planes) != p.Model.Planes() {
		t.Fatalf("%d×%d in %v, %d planes", p.Width, p.Height, p.Rect, len(p.Planes))
	}
	for i := range p.Planes {
		w, h := p.Width, p.Height
		if i > 0 {
			w, h = ceilDiv(w, p.SubX), ceilDiv(h, p.SubY)
		}
		q := &p.Planes[i]
		if q.Width != w || q.Height != h || q.Stride < w || len(q.Pix) < (h-1)*q.Stride+w {
			t.Fatalf("plane %d: %d×%d stride %d len %d, want %d×%d", i, q.Width, q.Height, q.Stride, len(q.Pix), w, h)
		}
	}
}

// variant is one way to code a picture.
type variant struct {
	name string
	args []string // of cjpeg
}

// variants cover the coding processes and samplings.
func variants() []variant {
	var vs []variant
	for _, s := range []string{"1x1", "2x1", "1x2", "2x2", "4x1", "4x2", "1x4", "2x4", "3x1", "1x3", "3x2", "2x2,2x1,1x2", "2x1,1x2,1x1", "1x1,2x2,1x1", "1x2,2x1,2x2"} {
		vs = append(vs, variant{"sample " + s, []string{"-sample", s}})
	}
	for _, s := range []string{"1x1", "2x1", "1x2", "2x2", "4x2"} {
		vs = append(vs,
			variant{"progressive " + s, []string{"-progressive", "-sample", s}},
			variant{"optimize restart " + s, []string{"-optimize", "-restart", "3B", "-sample", s}},
			variant{"progressive restart " + s, []string{"-progressive", "-restart", "5B", "-sample", s}},
			variant{"restart row " + s, []string{"-restart", "1", "-quality", "98", "-sample", s}})
	}
	return append(vs,
		variant{"gray", []string{"-grayscale"}},
		variant{"gray progressive", []string{"-grayscale", "-progressive"}},
		variant{"gray restart", []string{"-grayscale", "-restart", "7B"}},
		variant{"rgb", []string{"-rgb"}},
		variant{"rgb progressive", []string{"-rgb", "-progressive"}},
		variant{"quality 1", []string{"-quality", "1"}},
		variant{"quality 5, 16-bit tables", []string{"-quality", "5"}},
		variant{"quality 100", []string{"-quality", "100", "-sample", "1x1"}},
	)
}
