package codec

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// need skips a test whose peer is not installed; in CI it fails.
func need(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, tool+" is not installed")
		}
	}
}

func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("VITRINE_CI") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// shared returns the folder of real test files.
func shared(t testing.TB) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "images", "real")
	if _, err := os.Stat(dir); err != nil {
		missing(t, "the shared test images are not there: "+err.Error())
	}
	return dir
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// raster is what a peer decoded: interleaved samples of 0 to 255, alpha last.
type raster struct {
	w, h, bands int
	pix         []byte
}

func (r raster) at(x, y, band int) int { return int(r.pix[(y*r.w+x)*r.bands+band]) }

// vips decodes a file upright with libvips. 16 bits are rounded to 8.
func vips(t testing.TB, file string, steps ...[]string) raster {
	t.Helper()
	need(t, "vips", "vipsheader")
	dir := t.TempDir()
	at := filepath.Join(dir, "0.v")
	run(t, "vips", "autorot", file, at)
	for i, s := range steps {
		to := filepath.Join(dir, strconv.Itoa(i+1)+".v")
		run(t, "vips", append([]string{s[0], at, to}, s[1:]...)...)
		at = to
	}
	head := run(t, "vipsheader", at) // "0.v: 64x56 uchar, 3 bands, srgb"
	var r raster
	var format string
	if _, err := fmt.Sscanf(head[strings.LastIndex(head, ": ")+2:], "%dx%d %s %d band", &r.w, &r.h, &format, &r.bands); err != nil {
		t.Fatalf("%s: %v", head, err)
	}
	run(t, "vips", "rawsave", at, filepath.Join(dir, "raw"))
	data, err := os.ReadFile(filepath.Join(dir, "raw"))
	if err != nil {
		t.Fatal(err)
	}
	switch format {
	case "uchar,":
		r.pix = data
	case "ushort,":
		for i := 0; i+1 < len(data); i += 2 {
			r.pix = append(r.pix, byte((int(binary.NativeEndian.Uint16(data[i:]))+128)/257))
		}
	default:
		t.Fatalf("%s: vips format %s", file, format)
	}
	if len(r.pix) != r.w*r.h*r.bands {
		t.Fatalf("%s: %d samples for %d × %d × %d", file, len(r.pix), r.w, r.h, r.bands)
	}
	return r
}

// ours turns an image into a raster of 1 to 4 bands.
func ours(m *pixel.Image) raster {
	m = pixel.ToRGB(m)
	planes := m.Planes
	if m.Alpha != nil {
		planes = append(planes[:len(planes):len(planes)], *m.Alpha)
	}
	r := raster{w: m.Width, h: m.Height, bands: len(planes)}
	for y := range r.h {
		for x := range r.w {
			for i := range planes {
				r.pix = append(r.pix, planes[i].Row(y)[x])
			}
		}
	}
	return r
}

// compare returns the mean and the greatest difference of the samples. Alpha that
// only one of the two has must be opaque, and where both are transparent colours
// do not count; gray stands for three equal samples.
func compare(t testing.TB, name string, got, want raster) (mean float64, worst int) {
	t.Helper()
	if got.w != want.w || got.h != want.h {
		t.Fatalf("%s: %d × %d, want %d × %d", name, got.w, got.h, want.w, want.h)
	}
	alpha := func(r raster, x, y int) int {
		if r.bands%2 == 0 {
			return r.at(x, y, r.bands-1)
		}
		return 255
	}
	colour := func(r raster, x, y, c int) int {
		if r.bands < 3 {
			c = 0
		}
		return r.at(x, y, c)
	}
	sum := 0
	note := func(a, b int) {
		d := max(a-b, b-a)
		sum += d
		worst = max(worst, d)
	}
	for y := range got.h {
		for x := range got.w {
			a, b := alpha(got, x, y), alpha(want, x, y)
			note(a, b)
			if a == 0 && b == 0 {
				continue
			}
			for c := range 3 {
				note(colour(got, x, y, c), colour(want, x, y, c))
			}
		}
	}
	return float64(sum) / float64(got.w*got.h*4), worst
}

func openFile(t testing.TB, name string, lim Limits) (*Picture, error) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return Open(f, st.Size(), lim)
}

// decodeFile decodes all of a file at full size.
func decodeFile(t testing.TB, name string) (*Picture, *pixel.Image) {
	t.Helper()
	p, err := openFile(t, name, Limits{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return p, decodeAll(t, name, p)
}

func decodeAll(t testing.TB, name string, p *Picture) *pixel.Image {
	t.Helper()
	whole := image.Rectangle{Max: p.Levels()[0]}
	d, err := p.Decode(context.Background(), 0, whole)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if d.Rect != whole || d.Width != p.Width() || d.Height != p.Height() {
		t.Fatalf("%s: %v, %d × %d, want %v", name, d.Rect, d.Width, d.Height, whole)
	}
	return d.Image
}
