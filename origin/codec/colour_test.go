package codec

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// TestCMYK reads CMYK and YCCK JPEGs and CMYK TIFFs. Without a profile, libvips'
// inks are converted by the textbook formula; with one, by Little CMS.
func TestCMYK(t *testing.T) {
	need(t, "vips")
	dir := t.TempDir()
	src := write(t, "src.png", stdPNG(t, picture(64, 48, false)))
	inks := filepath.Join(dir, "inks.v")
	run(t, "vips", "icc_export", src, inks, "--output-profile", "cmyk")
	file := func(name string) string { return filepath.Join(dir, name) }
	run(t, "vips", "jpegsave", inks, file("profile.jpg"), "--Q", "95")
	run(t, "vips", "jpegsave", inks, file("plain.jpg"), "--Q", "95", "--strip")
	run(t, "vips", "tiffsave", inks, file("profile.tif"))
	run(t, "vips", "tiffsave", inks, file("plain.tif"), "--strip")
	// The same numbers with another meaning: what was CMYK is taken as YCCK.
	data, err := os.ReadFile(file("plain.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("Adobe\x00"))
	if at < 0 || data[at+11] != 0 {
		t.Fatal("no Adobe segment with transform 0")
	}
	data[at+11] = 2
	if err := os.WriteFile(file("ycck.jpg"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain.jpg", "ycck.jpg", "plain.tif"} {
		_, m := decodeFile(t, file(name))
		want := vips(t, file(name))
		if want.bands != 4 {
			t.Fatalf("%s: %d bands", name, want.bands)
		}
		rgb := raster{w: want.w, h: want.h, bands: 3}
		for i := 0; i < len(want.pix); i += 4 {
			p := want.pix[i : i+4]
			for c := range 3 {
				rgb.pix = append(rgb.pix, byte((int(255-p[c])*int(255-p[3])+127)/255))
			}
		}
		if mean, worst := compare(t, name, ours(m), rgb); mean > 0.5 || worst > 4 {
			t.Errorf("%s: mean difference %.2f, worst %d", name, mean, worst)
		}
		if m.ICC != nil || m.Model != pixel.RGB {
			t.Errorf("%s: model %d, a profile of %d bytes", name, m.Model, len(m.ICC))
		}
	}
	for _, name := range []string{"profile.jpg", "profile.tif"} {
		p, m := decodeFile(t, file(name))
		if p.ICC() == nil {
			t.Fatalf("%s: no profile", name)
		}
		want := vips(t, file(name), []string{"icc_transform", "srgb", "--embedded"})
		if mean, worst := compare(t, name, ours(m), want); mean > 0.5 || worst > 16 {
			t.Errorf("%s: mean difference %.2f, worst %d", name, mean, worst)
		}
		if m.ICC != nil {
			t.Errorf("%s: still has a profile", name)
		}
	}
}

// TestOrientation turns a file of every format that has one all eight ways. What
// is right comes from libvips' rotations of the file as stored.
func TestOrientation(t *testing.T) {
	need(t, "vips", "exiftool", "cwebp", "webpmux")
	dir := t.TempDir()
	// Sizes that are no multiples of anything make errors by one show.
	src := write(t, "src.png", stdPNG(t, picture(53, 35, false)))
	file := func(name string) string { return filepath.Join(dir, name) }
	run(t, "vips", "copy", src, file("a.png"))
	run(t, "vips", "jpegsave", src, file("a.jpg"), "--Q", "90", "--subsample-mode", "off")
	run(t, "vips", "tiffsave", src, file("a.tif"), "--tile", "--tile-width", "16", "--tile-height", "16")
	run(t, "cwebp", "-quiet", "-lossless", src, "-o", file("a.webp"))
	steps := map[int][][]string{
		1: nil, 2: {{"flip", "horizontal"}}, 3: {{"rot", "d180"}}, 4: {{"flip", "vertical"}},
		5: {{"rot", "d90"}, {"flip", "horizontal"}}, 6: {{"rot", "d90"}},
		7: {{"rot", "d90"}, {"flip", "vertical"}}, 8: {{"rot", "d270"}},
	}
	for o := 1; o <= 8; o++ {
		turned := vips(t, src, steps[o]...)
		for _, ext := range []string{".png", ".jpg", ".tif", ".webp"} {
			name := strconv.Itoa(o) + ext
			want := turned
			switch ext {
			case ".jpg":
				want = vips(t, file("a.jpg"), steps[o]...)
				fallthrough
			default:
				run(t, "exiftool", "-q", "-n", "-Orientation="+strconv.Itoa(o), "-o", file(name), file("a"+ext))
			case ".webp":
				exif := "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(rune(o)) + "\x00\x00\x00\x00\x00\x00"
				block := write(t, "exif", []byte(exif))
				run(t, "webpmux", "-set", "exif", block, file("a.webp"), "-o", file(name))
			}
			p, m := decodeFile(t, file(name))
			mean, worst := compare(t, name, ours(m), want)
			if ext == ".jpg" && mean > 0.5 || ext != ".jpg" && worst > 0 {
				t.Errorf("%s: mean difference %.2f, worst %d", name, mean, worst)
			}
			regions(t, p, m.Width, m.Height)
		}
	}
}
