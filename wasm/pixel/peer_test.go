package pixel

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// missing skips the test, or fails it where everything must be installed.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("VITRINE_CI") == "1" {
		t.Fatalf("%s is missing", what)
	}
	t.Skipf("%s is missing", what)
}

// vips runs the command line of libvips.
func vips(t testing.TB, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("vips"); err != nil {
		missing(t, "vips")
	}
	if out, err := exec.Command("vips", args...).CombinedOutput(); err != nil {
		t.Fatalf("vips %v: %v\n%s", args, err, out)
	}
}

func needFile(t testing.TB, path string) string {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		missing(t, path)
	}
	return path
}

func load(t testing.TB, path string) *Image {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s image.Image
	if bytes.HasPrefix(data, []byte("\x89PNG")) {
		s, err = png.Decode(bytes.NewReader(data))
	} else {
		s, err = jpeg.Decode(bytes.NewReader(data))
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := FromStd(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func save(t testing.TB, m *Image, path string) {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m.Std()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// distance is the mean absolute difference of two images of one size as RGB;
// colour counts by a's alpha where there is one, and alpha as a fourth channel.
func distance(t testing.TB, a, b *Image) float64 {
	t.Helper()
	if a.Width != b.Width || a.Height != b.Height {
		t.Fatalf("sizes differ: %d×%d and %d×%d", a.Width, a.Height, b.Width, b.Height)
	}
	a, b = ToRGB(a), ToRGB(b)
	var sum, weight float64
	for y := range a.Height {
		for x := range a.Width {
			opacity := 1.0
			if a.Alpha != nil {
				va, vb := float64(a.Alpha.Row(y)[x]), 255.0
				if b.Alpha != nil {
					vb = float64(b.Alpha.Row(y)[x])
				}
				opacity = min(va, vb) / 255
				sum += max(va-vb, vb-va)
				weight++
			}
			for i := range a.Planes {
				d := float64(a.Planes[i].Row(y)[x]) - float64(b.Planes[i].Row(y)[x])
				sum += max(d, -d) * opacity
				weight += opacity
			}
		}
	}
	return sum / weight
}

var photographs = []string{
	"/usr/share/backgrounds/mate/nature/Storm.jpg",
	"/usr/share/backgrounds/mate/nature/RainDrops.jpg",
	"/usr/share/backgrounds/mate/abstract/Elephants.jpg",
	"/usr/share/wallpapers/Path/contents/images/2560x1600.jpg",
	"/usr/share/wallpapers/Canopee/contents/images/3840x2160.png",
}

// Sizes and pixels agree with libvips on photographs, for all its kernels that
// we have, planar 4:2:0 and RGB.
func TestResizeAgreesWithVips(t *testing.T) {
	dir := t.TempDir()
	kernels := map[Filter]string{Linear: "linear", Cubic: "cubic", Lanczos3: "lanczos3"}
	worst, total, n := 0.0, 0.0, 0
	for _, path := range photographs {
		needFile(t, path)
		m := load(t, path)
		for i, width := range []int{m.Width * 3 / 4, 700, 160, 33} {
			f := []Filter{Lanczos3, Cubic, Linear}[(i+n/4)%3]
			height := max(m.Height*width/m.Width, 1)
			scale := func(to, from int) string { return strconv.FormatFloat(float64(to)/float64(from), 'g', 17, 64) }
			out := filepath.Join(dir, "out.png")
			vips(t, "resize", path, out+"[compression=1]", scale(width, m.Width), "--vscale", scale(height, m.Height), "--kernel", kernels[f])
			want := load(t, out)
			all := Window{0, 0, float64(m.Width), float64(m.Height)}
			got, err := ResizeChroma(m, all, width, height, 1, 1, f)
			if err != nil {
				t.Fatal(err)
			}
			d := distance(t, got, want)
			// 4:2:0 is compared with 4:2:0: a quarter of the chroma is less than
			// libvips has, whoever computes it.
			planar, err := Resize(m, all, width, height, f)
			if err != nil {
				t.Fatal(err)
			}
			if planar.SubX != m.SubX || planar.SubY != m.SubY {
				t.Errorf("subsampling %d×%d became %d×%d", m.SubX, m.SubY, planar.SubX, planar.SubY)
			}
			d = max(d, distance(t, planar, ToYCbCr(want, m.SubX, m.SubY)))
			t.Logf("%s %d×%d → %d×%d %v model %d: %.3f", filepath.Base(path), m.Width, m.Height, got.Width, got.Height, f, m.Model, d)
			worst, total, n = max(worst, d), total+d, n+1
			if d > 2 {
				t.Errorf("%s to %d×%d with %v differs by %.2f on average", path, got.Width, got.Height, f, d)
			}
		}
	}
	t.Logf("mean %.3f, worst %.3f of %d", total/float64(n), worst, n)
}

// Enlargements and windows of an image agree too.
func TestWindowAgreesWithVips(t *testing.T) {
	path := needFile(t, photographs[1])
	dir := t.TempDir()
	m := load(t, path)
	for _, w := range []struct{ x, y, w, h, ow, oh int }{
		{512, 300, 512, 512, 256, 256}, {101, 203, 333, 444, 333 * 2, 444 * 2}, {0, 0, 1024, 1024, 128, 128},
		{7, 9, 60, 50, 240, 200}, {512, 300, 512, 512, 512, 512},
	} {
		crop, out := filepath.Join(dir, "crop.png"), filepath.Join(dir, "out.png")
		vips(t, "extract_area", path, crop, fmt.Sprint(w.x), fmt.Sprint(w.y), fmt.Sprint(w.w), fmt.Sprint(w.h))
		vips(t, "resize", crop, out, fmt.Sprint(float64(w.ow)/float64(w.w)))
		got, err := Resize(m, Window{float64(w.x), float64(w.y), float64(w.w), float64(w.h)}, w.ow, w.oh, Lanczos3)
		if err != nil {
			t.Fatal(err)
		}
		d := distance(t, got, load(t, out))
		t.Logf("%v: %.3f", w, d)
		if d > 2 {
			t.Errorf("%v differs by %.2f", w, d)
		}
	}
}

// Transparent images agree: libvips premultiplies in vips thumbnail.
func TestAlphaAgreesWithVips(t *testing.T) {
	path := needFile(t, "/usr/share/backgrounds/mate/abstract/Arc-Colors-Transparent-Wallpaper.png")
	m := load(t, path)
	if m.Alpha == nil {
		t.Fatal("the test image has no alpha")
	}
	dir := t.TempDir()
	for _, width := range []int{1000, 300, 64} {
		out := filepath.Join(dir, "out.png")
		vips(t, "thumbnail", path, out, strconv.Itoa(width))
		want := load(t, out)
		got, err := Resize(m, Window{0, 0, float64(m.Width), float64(m.Height)}, want.Width, want.Height, Lanczos3)
		if err != nil {
			t.Fatal(err)
		}
		d := distance(t, got, want)
		t.Logf("%d: %.3f", width, d)
		if d > 2 {
			t.Errorf("width %d differs by %.2f", width, d)
		}
	}
}
