package tiff

import (
	"bytes"
	"encoding/binary"
	"image"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// sharedImages is where real files lie, next to the checkout.
const sharedImages = "../../../shared/images/real"

// missing skips a test whose tool or data are not there; in CI that is a failure.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("VITRINE_CI") == "1" {
		t.Fatalf("%s is missing", what)
	}
	t.Skipf("%s is missing", what)
}

func needTools(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			missing(t, name)
		}
	}
}

// run runs a tool and returns all that it prints.
func run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// photograph returns the name of a natural picture of 533 × 397 pixels in dir.
func photograph(t testing.TB, dir string) string {
	t.Helper()
	needTools(t, "vips")
	const from = "/usr/share/backgrounds/mate/nature/Garden.jpg"
	if _, err := os.Stat(from); err != nil {
		missing(t, from)
	}
	name := filepath.Join(dir, "photo.v")
	run(t, "vips", "crop", from, name, "640", "400", "533", "397")
	return name
}

// open opens a file with default limits.
func open(t testing.TB, name string) *File {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(b), int64(len(b)), Limits{})
	if err != nil {
		t.Fatalf("Open(%s): %v", filepath.Base(name), err)
	}
	return f
}

func whole(f *File, level int) image.Rectangle {
	l := f.levels[level]
	return image.Rect(0, 0, l.Width, l.Height)
}

func decode(t testing.TB, f *File, level int, r image.Rectangle) Picture {
	t.Helper()
	p, err := f.Decode(level, r, f.MemoryFor(level, r))
	if err != nil {
		t.Fatalf("Decode(%d, %v): %v", level, r, err)
	}
	return p
}

// reference is what libvips reads from a file, as 8-bit samples of each band.
type reference struct {
	width, height, bands int
	pix                  []byte
}

// vipsReads returns libvips' view of a page or level of a file. bits is the depth
// of the file; 16-bit samples are scaled with rounding.
func vipsReads(t testing.TB, name, options string, width, height, bits int) reference {
	t.Helper()
	raw := filepath.Join(t.TempDir(), "reference.raw")
	run(t, "vips", "rawsave", name+options, raw)
	b, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	if bits == 16 {
		for i := range len(b) / 2 {
			v := float64(binary.LittleEndian.Uint16(b[2*i:])) * 255 / 65535
			b[i] = byte(v + 0.5)
		}
		b = b[:len(b)/2]
	}
	bands := len(b) / (width * height)
	if bands*width*height != len(b) {
		t.Fatalf("libvips has %d samples for %d × %d pixels", len(b), width, height)
	}
	return reference{width, height, bands, b}
}

// samples returns an image's samples interleaved, with YCbCr as RGB.
func samples(m *pixel.Image) (b []byte, bands int) {
	planes := pixel.ToRGB(m).Planes
	if m.Model == pixel.Gray || m.Model == pixel.CMYK {
		planes = m.Planes
	}
	if m.Alpha != nil {
		planes = append(planes[:len(planes):len(planes)], *m.Alpha)
	}
	b = make([]byte, m.Width*m.Height*len(planes))
	for i, p := range planes {
		for y := range m.Height {
			for x, v := range p.Row(y) {
				b[(y*m.Width+x)*len(planes)+i] = v
			}
		}
	}
	return b, len(planes)
}

// compare fails unless an image has a reference's samples to within tolerance and
// their mean difference is at most mean.
func compare(t testing.TB, m *pixel.Image, ref reference, tolerance int, mean float64) {
	t.Helper()
	got, bands := samples(m)
	if m.Width != ref.width || m.Height != ref.height || bands != ref.bands {
		t.Fatalf("%d × %d × %d, libvips has %d × %d × %d", m.Width, m.Height, bands, ref.width, ref.height, ref.bands)
	}
	bad, sum, first, worst := 0, 0, -1, 0
	for i, v := range got {
		d := max(int(v), int(ref.pix[i])) - min(int(v), int(ref.pix[i]))
		sum += d
		worst = max(worst, d)
		if d > tolerance {
			if bad++; first < 0 {
				first = i
			}
		}
	}
	if bad > 0 {
		p := first / bands
		t.Errorf("%d of %d samples differ by more than %d (up to %d), first at (%d, %d) band %d: %d, libvips %d", bad,
			len(got), tolerance, worst, p%m.Width, p/m.Width, first%bands, got[first], ref.pix[first])
	}
	if m := float64(sum) / float64(len(got)); m > mean {
		t.Errorf("mean difference %.3f, allowed %.3f", m, mean)
	}
}

// regionsAgree checks that random regions of a level are crops of the whole.
func regionsAgree(t testing.TB, f *File, level int) {
	t.Helper()
	all := decode(t, f, level, whole(f, level))
	rnd := rand.New(rand.NewPCG(1, 2))
	w, h := all.Width, all.Height
	for range 12 {
		x, y := rnd.IntN(w), rnd.IntN(h)
		r := image.Rect(x, y, x+1+rnd.IntN(w-x), y+1+rnd.IntN(h-y))
		p := decode(t, f, level, r)
		if !r.In(p.Rect) || p.Rect.Dx() != p.Width || p.Rect.Dy() != p.Height {
			t.Fatalf("region %v covers %v", r, p.Rect)
		}
		if grown := (image.Rectangle{r.Min.Sub(image.Pt(3, 3)), r.Max.Add(image.Pt(3, 3))}); !p.Rect.In(grown) {
			t.Fatalf("region %v covers %v", r, p.Rect)
		}
		if all.SubX == 1 && all.SubY == 1 && p.Rect != r {
			t.Fatalf("region %v covers %v without subsampling", r, p.Rect)
		}
		planes, from := p.Planes, all.Planes
		if all.Alpha != nil {
			planes, from = append(planes, *p.Alpha), append(from, *all.Alpha)
		}
		for i, q := range planes {
			sx, sy := 1, 1
			if i == 1 || i == 2 {
				sx, sy = p.SubX, p.SubY
			}
			for yy := range q.Height {
				if !bytes.Equal(q.Row(yy), from[i].Row(p.Rect.Min.Y/sy + yy)[p.Rect.Min.X/sx:][:q.Width]) {
					t.Fatalf("region %v plane %d row %d is not the crop of the whole", r, i, yy)
				}
			}
		}
	}
}
