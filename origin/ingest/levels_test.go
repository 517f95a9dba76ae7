package ingest_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/origin/ingest"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

// planned returns where the answer to a request is stored, which must be so.
func planned(t *testing.T, m *made, in iiif.Info, parameters string) pyramid.Range {
	t.Helper()
	r, err := iiif.Parse("/iiif/3/x/" + parameters)
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.Resolve(in, iiif.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	a := pyramid.Plan(m.index, c)
	if a.Kind != pyramid.PassThrough || a.Crop || a.Splice {
		t.Errorf("%s is no stored tile: %+v", parameters, a)
	}
	return a.Range
}

// TestLevels: libvips reads every level without a word, and what it finds is as near
// to the true averages, those of its pyramid without compression, as its JPEG
// pyramid of the same quality is. Stated error: at most half a dB more than that,
// and no shift of brightness by more than half a step.
func TestLevels(t *testing.T) {
	need(t, "vips", "cjpeg", "tiffinfo")
	for _, c := range []struct {
		name        string
		w, h, bands int
		args        []string
	}{
		{"lossless 420", 2048, 1536, 3, []string{"-sample", "2x2", "-quality", "90"}},
		{"lossless 444", 1536, 1024, 3, []string{"-sample", "1x1", "-quality", "90"}},
		{"lossless gray", 2048, 1024, 1, []string{"-quality", "90"}},
		{"odd", 2001, 1203, 3, []string{"-quality", "90"}},
		{"progressive", 1536, 1024, 3, []string{"-progressive", "-quality", "90"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "source.jpg")
			write(t, file, run(t, true, append(append([]string{"cjpeg"}, c.args...), photo(t, dir, c.w, c.h, c.bands))...))
			m := pyramidOf(t, file, ingest.Config{})
			if m.Lossless != strings.HasPrefix(c.name, "lossless") && c.name != "odd" {
				t.Errorf("lossless: %v", m.Lossless)
			}
			run(t, true, "tiffinfo", m.file)
			right, peer := filepath.Join(dir, "right.tif"), filepath.Join(dir, "peer.tif")
			for to, compression := range map[string]string{right: "deflate", peer: "jpeg"} {
				run(t, true, "vips", "tiffsave", file, to, "--tile", "--pyramid", "--compression", compression, "--Q", "85",
					"--tile-width", "512", "--tile-height", "512", "--depth", "onetile")
			}
			for k, l := range m.index.Layout().Levels {
				ours := vipsPage(t, m.file, k)
				if ours.w != l.Width || ours.h != l.Height {
					t.Errorf("level %d: libvips reads %d × %d", k, ours.w, ours.h)
				}
				if c.w>>k<<k != c.w || c.h>>k<<k != c.h {
					// libvips rounds sizes down, and then the level is a little displaced.
					continue
				}
				if c.w>>k < 512 && c.h>>k < 512 {
					break // libvips ends here
				}
				truth := vipsPage(t, right, k)
				db, bias := psnr(t, ours, truth)
				theirs, _ := psnr(t, vipsPage(t, peer, k), truth)
				if db < theirs-0.5 || db < 28 || bias < -0.5 || bias > 0.5 {
					t.Errorf("level %d: %.1f dB, libvips %.1f dB, bias %.2f", k, db, theirs, bias)
				}
				t.Logf("level %d: %.1f dB, libvips %.1f dB, bias %.2f", k, db, theirs, bias)
			}
		})
	}
}

// TestOddLevels: of an image with odd dimensions, the last pixels of each level show
// the part of the image that is left; computed here from the source.
func TestOddLevels(t *testing.T) {
	need(t, "vips", "cjpeg", "djpeg")
	dir := t.TempDir()
	file := filepath.Join(dir, "a.jpg")
	const w, h = 1345, 1027
	write(t, file, run(t, true, "cjpeg", "-sample", "1x1", "-quality", "95", photo(t, dir, w, h, 3)))
	m := pyramidOf(t, file, ingest.Config{Quality: 95})
	whole := djpeg(t, run(t, true, "cat", file))
	for k := range m.index.Layout().Levels {
		f := 1 << k
		for _, corner := range [][2]int{{w - 1, h - 1}, {w - 1, 0}, {0, h - 1}} {
			x, y := corner[0]/f/512*512, corner[1]/f/512*512
			rw, rh := min(512*f, w-x*f), min(512*f, h-y*f)
			up := [2]int{(rw + f - 1) / f, (rh + f - 1) / f}
			r := planned(t, m, m.index.Info(), fmt.Sprintf("%d,%d,%d,%d/%d,%d/0/default.jpg", x*f, y*f, rw, rh, up[0], up[1]))
			got := djpeg(t, m.at(r))
			want := pnm{up[0], up[1], 3, nil}
			for j := range up[1] {
				for i := range up[0] {
					for b := range 3 {
						sum, n := 0, 0
						for v := (y + j) * f; v < min((y+j+1)*f, h); v++ {
							for u := (x + i) * f; u < min((x+i+1)*f, w); u++ {
								sum += int(whole.pix[(v*w+u)*3+b])
								n++
							}
						}
						want.pix = append(want.pix, byte((sum+n/2)/n))
					}
				}
			}
			if db, bias := psnr(t, got, want); db < 36 || bias < -0.6 || bias > 0.6 {
				t.Errorf("level %d, tile at %d,%d: %.1f dB, bias %.2f", k, x, y, db, bias)
			}
		}
	}
}

// TestFormats: whatever the source, level 0 is the picture that libvips reads,
// upright, flattened on white, in sRGB. Stated error: 34 dB at quality 90.
func TestFormats(t *testing.T) {
	need(t, "vips", "cjpeg", "exiftool")
	dir := t.TempDir()
	ppm, pgm := photo(t, dir, 1150, 700, 3), photo(t, dir, 1150, 700, 1)
	in := func(name string) string { return filepath.Join(dir, name) }
	vips := func(args ...string) { run(t, false, append([]string{"vips"}, args...)...) }
	vips("copy", ppm, in("rgb.png"))
	vips("copy", pgm, in("gray.png"))
	vips("cast", ppm, in("wide.v"), "ushort", "--shift")
	vips("copy", in("wide.v"), in("sixteen.png")+"[bitdepth=16]")
	vips("copy", in("wide.v"), in("sixteen.tif")+"[tile,compression=lzw]")
	vips("extract_band", ppm, in("one.v"), "1")
	vips("bandjoin", ppm+" "+in("one.v"), in("alpha.png"))
	vips("copy", ppm, in("striped.tif")+"[compression=deflate]")
	vips("copy", ppm, in("tiled.tif")+"[tile,tile-width=256,tile-height=128,compression=jpeg,Q=95]")
	vips("copy", ppm, in("rgb.webp")+"[Q=98]")
	vips("copy", ppm, in("rgb.bmp.ppm"))
	vips("icc_export", ppm, in("cmyk.jpg")+"[Q=95]", "--output-profile", "cmyk")
	write(t, in("progressive.jpg"), run(t, true, "cjpeg", "-progressive", "-quality", "95", ppm))
	write(t, in("plain.jpg"), run(t, true, "cjpeg", "-quality", "95", ppm))
	write(t, in("rgb.jpg"), run(t, true, "cjpeg", "-rgb", "-quality", "95", ppm))
	files := []string{"rgb.png", "gray.png", "sixteen.png", "sixteen.tif", "alpha.png", "striped.tif", "tiled.tif", "rgb.webp", "cmyk.jpg", "progressive.jpg", "rgb.jpg"}
	for o := 1; o <= 8; o++ {
		for _, kind := range []string{"plain", "progressive", "rgb"} {
			name := fmt.Sprintf("%s-%d.jpg", kind, o)
			run(t, false, "exiftool", "-n", fmt.Sprintf("-Orientation=%d", o), "-o", in(name), in(kind+".jpg"))
			files = append(files, name)
		}
	}
	for _, name := range files {
		t.Run(name, func(t *testing.T) {
			m := pyramidOf(t, in(name), ingest.Config{Quality: 90})
			if want := name == "plain-1.jpg"; m.Lossless != want {
				t.Errorf("lossless: %v", m.Lossless)
			}
			right := filepath.Join(t.TempDir(), "right.v")
			run(t, true, "vips", "autorot", in(name), right)
			flat := right
			if strings.HasPrefix(name, "alpha") {
				flat = strings.TrimSuffix(right, ".v") + "2.v"
				run(t, true, "vips", "flatten", right, flat, "--background", "255")
			}
			if strings.HasPrefix(name, "sixteen") {
				flat = strings.TrimSuffix(right, ".v") + "3.v"
				run(t, true, "vips", "cast", right, flat, "uchar", "--shift")
			}
			out := filepath.Join(t.TempDir(), "x.pnm")
			if name == "cmyk.jpg" {
				run(t, true, "vips", "icc_transform", right, out+"[strip]", "srgb")
			} else {
				run(t, true, "vips", "copy", flat, out+"[strip]")
			}
			want := parsePNM(t, run(t, true, "cat", out))
			got := vipsPage(t, m.file, 0)
			floor := 34.0
			if name == "cmyk.jpg" {
				floor = 30 // two colour engines
			}
			if db, bias := psnr(t, got, want); db < floor || bias < -1 || bias > 1 {
				t.Errorf("%.1f dB, bias %.2f", db, bias)
			}
			run(t, true, "tiffinfo", m.file)
			checkAdvertised(t, m)
		})
	}
}
