package icc

import (
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// missing skips the test, or fails it where everything must be installed.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("VITRINE_CI") == "1" {
		t.Fatalf("%s is missing", what)
	}
	t.Skipf("%s is missing", what)
}

func vips(t testing.TB, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("vips"); err != nil {
		missing(t, "vips")
	}
	if out, err := exec.Command("vips", args...).CombinedOutput(); err != nil {
		t.Fatalf("vips %v: %v\n%s", args, err, out)
	}
}

// samplesOf makes an image of a grid over the device space, its grays, and
// colours between.
func samplesOf(model pixel.Model) *pixel.Image {
	n := model.Planes()
	m := pixel.New(model, 256, 40, 1, 1, false)
	seed := uint32(7)
	for i := range 256 * 40 {
		for c := range n {
			v := byte(i)
			if row := i / 256; row > 0 {
				seed = seed*1664525 + 1013904223
				v = byte(seed >> 24)
				if row < 8 {
					v = byte(int(v) / 43 * 51) // the corners and edges of the gamut
				}
			} else if c == 3 {
				v = 0
			}
			m.Planes[c].Pix[i] = v
		}
	}
	return m
}

// littleCMS converts m by libvips, which runs Little CMS.
func littleCMS(t testing.TB, m *pixel.Image, profile []byte) *pixel.Image {
	t.Helper()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	n := len(m.Planes)
	raw := make([]byte, 0, m.Width*m.Height*n)
	for y := range m.Height {
		for x := range m.Width {
			for c := range n {
				raw = append(raw, m.Planes[c].Row(y)[x])
			}
		}
	}
	if err := os.WriteFile(path("in.raw"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path("p.icc"), profile, 0o600); err != nil {
		t.Fatal(err)
	}
	vips(t, "rawload", path("in.raw"), path("raw.v"), strconv.Itoa(m.Width), strconv.Itoa(m.Height), strconv.Itoa(n))
	vips(t, "copy", path("raw.v"), path("in.v"), "--interpretation", map[pixel.Model]string{pixel.Gray: "b-w", pixel.RGB: "srgb", pixel.CMYK: "cmyk"}[m.Model])
	vips(t, "icc_transform", path("in.v"), path("out.v"), "srgb", "--input-profile", path("p.icc"), "--intent", "relative")
	vips(t, "rawsave", path("out.v"), path("out.raw"))
	out, err := os.ReadFile(path("out.raw"))
	if err != nil {
		t.Fatal(err)
	}
	r := pixel.New(pixel.RGB, m.Width, m.Height, 1, 1, false)
	for i := range m.Width * m.Height {
		for c := range 3 {
			r.Planes[c].Pix[i] = out[3*i+c]
		}
	}
	return r
}

// differ returns the mean and the largest difference.
func differ(a, b *pixel.Image) (mean, worst float64) {
	a, b = pixel.ToRGB(a), pixel.ToRGB(b)
	n := 0.0
	for c := range 3 {
		for y := range a.Height {
			for x, v := range a.Planes[c].Row(y) {
				d := math.Abs(float64(v) - float64(b.Planes[c].Row(y)[x]))
				mean, worst, n = mean+d, max(worst, d), n+1
			}
		}
	}
	return mean / n, worst
}

func models(s Space) pixel.Model {
	return map[Space]pixel.Model{Gray: pixel.Gray, RGB: pixel.RGB, CMYK: pixel.CMYK}[s]
}

// agree compares a profile with Little CMS.
func agree(t *testing.T, data []byte, mean, worst float64) {
	t.Helper()
	p, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	m := samplesOf(models(p.Space()))
	got, err := p.ToSRGB(m)
	if err != nil {
		t.Fatal(err)
	}
	a, b := differ(got, littleCMS(t, m, data))
	t.Logf("mean %.3f, worst %.0f, sRGB %v", a, b, p.IsSRGB())
	if a > mean || b > worst {
		t.Errorf("differs from Little CMS by %.3f on average and %.0f at worst", a, b)
	}
}

// Real profiles: those of Debian's icc-profiles-free and colord-data, and those
// that libvips brings along.
func TestRealProfilesAgreeWithLittleCMS(t *testing.T) {
	var files []string
	for _, pattern := range []string{"/usr/share/color/icc/*.icc", "/usr/share/color/icc/colord/[AEPS]*.icc"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if s, err := os.Stat(f); err == nil && s.Mode().IsRegular() {
				files = append(files, f)
			}
		}
	}
	if len(files) == 0 {
		missing(t, "/usr/share/color/icc")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(data[16:20]) == "Lab " {
				if _, err := Parse(data); err == nil {
					t.Error("a profile of Lab is not unsupported")
				}
				return
			}
			// Worst is 10 for linear gray near black, which Little CMS tabulates
			// coarsely in 8 bits: 7 of 255 is 46 by the formula of sRGB and ours.
			agree(t, data, 0.3, 10)
		})
	}
}

func TestVipsProfilesAgreeWithLittleCMS(t *testing.T) {
	for _, name := range []string{"cmyk", "p3", "srgb"} {
		t.Run(name, func(t *testing.T) {
			agree(t, vipsProfile(t, name), 0.3, 16)
		})
	}
}

// vipsProfile returns a profile that is compiled into libvips.
func vipsProfile(t testing.TB, name string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.icc")
	in := path + ".v"
	vips(t, "black", in, "8", "8", "--bands", "3")
	vips(t, "copy", in, path+"2.v", "--interpretation", "srgb")
	vips(t, "icc_transform", path+"2.v", path+".tif", name, "--input-profile", "srgb")
	data, err := os.ReadFile(path + ".tif")
	if err != nil {
		t.Fatal(err)
	}
	// The profile is the value of TIFF tag 34675 of a little-endian file.
	at := binary.LittleEndian.Uint32(data[4:])
	for i := range uint32(binary.LittleEndian.Uint16(data[at:])) {
		e := data[at+2+12*i:]
		if binary.LittleEndian.Uint16(e) == 34675 {
			offset := binary.LittleEndian.Uint32(e[8:])
			return data[offset : offset+binary.LittleEndian.Uint32(e[4:])]
		}
	}
	t.Fatal("no profile in the TIFF")
	return nil
}

func TestOwnProfileAgreesWithLittleCMS(t *testing.T) {
	data := SRGB()
	p, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if !p.IsSRGB() {
		t.Error("SRGB is not sRGB")
	}
	m := samplesOf(pixel.RGB)
	if _, worst := differ(m, littleCMS(t, m, data)); worst > 1 {
		t.Errorf("Little CMS changes samples by up to %.0f", worst)
	}
}
