package main

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg"
	"image/png"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "golang.org/x/image/tiff" // reads our answers, as a second opinion
	_ "golang.org/x/image/webp"
)

// agreement is one request and what libvips is told to do for it.
type agreement struct {
	file, request string
	// x, y, w, h is the region, w = 0 the whole image.
	x, y, w, h int
	// width and height are the scaled size.
	width, height int
	// then are further steps, each a libvips operation with its arguments.
	then []string
	// within is the bound on the mean absolute error, of 255; 0 means 2, the
	// bound for photographs.
	within float64
}

// agreements lists requests with their sizes worked out by hand from the
// specification (Image API 3.0 §4), so that libvips only supplies the pixels.
func agreements() []agreement {
	var list []agreement
	// Photographs from Debian's wallpaper packages.
	for _, p := range []struct {
		file string
		w, h int
	}{
		{"Dune.jpg", 1680, 1050}, {"GreenMeadow.jpg", 1280, 1024}, {"Elephants_5640x3172.jpg", 5640, 3172}, {"Storm.jpg", 1920, 1280},
	} {
		for _, k := range []int{2, 3, 4, 6, 8} {
			w, h := p.w/k, (2*p.h*(p.w/k)+p.w)/(2*p.w) // rounded half up
			list = append(list, agreement{p.file, fmt.Sprintf("full/%d,%d/0/default.png", w, h), 0, 0, 0, 0, w, h, nil, 0})
		}
	}
	for _, p := range []struct {
		file string
		w, h int
	}{
		{"baseline420.jpg", 1500, 1000}, {"progressive.jpg", 1500, 1000}, {"gray.jpg", 1500, 1000},
		{"pyramid.tif", 1500, 1000}, {"deep.png", 1500, 1000}, {"photo.webp", 1500, 1000}, {"strips.tif", 1500, 1000},
	} {
		eighth := 188
		if p.file == "pyramid.tif" {
			eighth = 187 // libvips rounds levels down; the size is advertised
		}
		list = append(list,
			agreement{p.file, "full/max/0/default.png", 0, 0, 0, 0, 1500, 1000, nil, 0},
			agreement{p.file, "full/!512,512/0/default.png", 0, 0, 0, 0, 512, 341, nil, 0},
			agreement{p.file, fmt.Sprintf("full/%d,/0/default.png", eighth), 0, 0, 0, 0, eighth, 125, nil, 0},
			agreement{p.file, "512,512,512,488/512,/0/default.png", 512, 512, 512, 488, 512, 488, nil, 0},
			agreement{p.file, "0,0,1024,1000/512,500/0/default.png", 0, 0, 1024, 1000, 512, 500, nil, 0},
			agreement{p.file, "101,203,399,301/pct:50/0/default.png", 101, 203, 399, 301, 200, 151, nil, 0},
			agreement{p.file, "square/300,/0/default.png", 250, 0, 1000, 1000, 300, 300, nil, 0},
			agreement{p.file, "700,600,200,100/^400,200/0/default.png", 700, 600, 200, 100, 400, 200, nil, 5}, // libvips enlarges by bicubic
			agreement{p.file, "full/375,/90/default.png", 0, 0, 0, 0, 375, 250, []string{"rot d90"}, 0},
			agreement{p.file, "full/375,/!180/default.png", 0, 0, 0, 0, 375, 250, []string{"flip horizontal", "rot d180"}, 0},
			agreement{p.file, "full/375,/0/gray.png", 0, 0, 0, 0, 375, 250, []string{"luma"}, 0},
			agreement{p.file, "full/375,/0/default.jpg", 0, 0, 0, 0, 375, 250, nil, 7}, // with JPEG's loss at quality 85
		)
	}
	// Small real files of other servers: drawn graphics with hard edges.
	for _, p := range []struct {
		file string
		w, h int
	}{
		{"jpg-rgb-64x48x8.jpg", 64, 48}, {"png-rgb-64x56x8.png", 64, 56}, {"gif-rgb-64x56x8.gif", 64, 56},
		{"tif-rgb-1res-64x56x16-tiled-lzw.tif", 64, 56}, {"tif-rgb-1res-64x56x8-striped-zip.tif", 64, 56},
		{"tif-rgb-1res-64x56x8-striped-jpeg.tif", 64, 56}, {"tif-rgb-1res-64x56x8-tiled-uncompressed-bigtiff.tif", 64, 56},
		{"jpg-exif-orientation-270.jpg", 64, 56}, {"tif-rotated.tif", 64, 56},
	} {
		if strings.Contains(p.file, "orientation") || strings.Contains(p.file, "rotated") {
			p.w, p.h = p.h, p.w
		}
		full := fmt.Sprintf("%d,%d", p.w, p.h)
		list = append(list,
			agreement{p.file, "full/" + full + "/0/default.png", 0, 0, 0, 0, p.w, p.h, nil, 2},
			// A JPEG is decoded at half size here, which rings less at hard edges
			// than libvips' Lanczos of the whole.
			agreement{p.file, "8,4,40,30/20,15/0/default.tif", 8, 4, 40, 30, 20, 15, nil, 5},
		)
	}
	return list
}

// vipsPhotos makes the photographs of the table from Debian's wallpapers, textured
// ones among them, each in another format.
func vipsPhotos(t *testing.T, dir string) {
	t.Helper()
	const photos = "/usr/share/backgrounds/mate/"
	if _, err := os.Stat(photos); err != nil {
		missing(t, "Debian's mate-backgrounds")
	}
	for _, name := range []string{"nature/Dune.jpg", "nature/GreenMeadow.jpg", "nature/Storm.jpg", "abstract/Elephants_5640x3172.jpg"} {
		data, err := os.ReadFile(photos + name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, filepath.Base(name), data)
	}
	work := t.TempDir()
	photo := func(name string) string {
		out := filepath.Join(work, name+".v")
		vips(t, "thumbnail", photos+"nature/"+name+".jpg", out, "1500", "--height", "1000", "--size", "force")
		return out
	}
	vips(t, "jpegsave", photo("Dune"), filepath.Join(dir, "baseline420.jpg"), "--Q", "90", "--subsample-mode", "on", "--strip")
	vips(t, "jpegsave", photo("GreenMeadow"), filepath.Join(dir, "progressive.jpg"), "--Q", "92", "--interlace", "--strip")
	gray := filepath.Join(work, "gray.v")
	vips(t, "colourspace", photo("Blinds"), gray, "b-w")
	vips(t, "jpegsave", gray, filepath.Join(dir, "gray.jpg"), "--Q", "90", "--strip")
	vips(t, "tiffsave", photo("Garden"), filepath.Join(dir, "pyramid.tif"), "--tile", "--pyramid", "--compression", "jpeg", "--Q", "85", "--tile-width", "256", "--tile-height", "256", "--strip")
	vips(t, "tiffsave", photo("RainDrops"), filepath.Join(dir, "strips.tif"), "--compression", "deflate", "--predictor", "horizontal", "--strip")
	vips(t, "webpsave", photo("FreshFlower"), filepath.Join(dir, "photo.webp"), "--Q", "90", "--strip")
	deep := filepath.Join(work, "deep.v")
	vips(t, "colourspace", photo("Storm"), deep, "rgb16")
	vips(t, "pngsave", deep, filepath.Join(dir, "deep.png"), "--strip")
}

func vips(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("vips"); err != nil {
		missing(t, "vips (Debian's libvips-tools)")
	}
	if out, err := exec.Command("vips", args...).CombinedOutput(); err != nil {
		t.Fatalf("vips %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// byVips makes the picture of a by libvips.
func byVips(t *testing.T, dir string, a agreement) image.Image {
	t.Helper()
	work := t.TempDir()
	step, n := filepath.Join(dir, a.file), 0
	do := func(op string, args ...string) {
		n++
		out := filepath.Join(work, fmt.Sprintf("%d.v", n))
		vips(t, append([]string{op, step, out}, args...)...)
		step = out
	}
	size := []string{fmt.Sprint(a.width), "--height", fmt.Sprint(a.height), "--size", "force"}
	if a.file == "pyramid.tif" && a.w == 0 {
		do("thumbnail", size...) // from the levels that the file has
		do("colourspace", "srgb")
	} else {
		// From all pixels: scaled while it is loaded, a JPEG is shifted by up to half
		// a pixel of the reduced image, for libvips takes its rounded size as exact.
		do("autorot")
		do("colourspace", "srgb")
		if a.w > 0 {
			do("crop", fmt.Sprint(a.x), fmt.Sprint(a.y), fmt.Sprint(a.w), fmt.Sprint(a.h))
		}
		do("thumbnail_image", append(size, "--no-rotate")...)
	}
	for _, op := range a.then {
		if op == "luma" {
			matrix := filepath.Join(work, "luma.mat")
			if err := os.WriteFile(matrix, []byte("3 1\n0.299 0.587 0.114\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			do("recomb", matrix)
			continue
		}
		do(strings.Fields(op)[0], strings.Fields(op)[1:]...)
	}
	file := filepath.Join(work, "out.png")
	vips(t, "cast", step, filepath.Join(work, "bytes.v"), "uchar")
	vips(t, "pngsave", filepath.Join(work, "bytes.v"), file, "--strip")
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// meanError returns the mean absolute difference of all samples, of 255.
func meanError(a, b image.Image) float64 {
	var sum, n float64
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r1, g1, b1, _ := a.At(a.Bounds().Min.X+x, a.Bounds().Min.Y+y).RGBA()
			r2, g2, b2, _ := b.At(b.Bounds().Min.X+x, b.Bounds().Min.Y+y).RGBA()
			for _, d := range [][2]uint32{{r1, r2}, {g1, g2}, {b1, b2}} {
				sum += math.Abs(float64(d[0])-float64(d[1])) / 257
				n++
			}
		}
	}
	return sum / n
}

func get(t *testing.T, url string) (int, http.Header, []byte) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, body
}

// TestAgreesWithVips compares whole answers of the server with libvips: exact
// dimensions, pixels within a mean error of 2 of 255 for photographs.
func TestAgreesWithVips(t *testing.T) {
	dir := t.TempDir()
	vipsPhotos(t, dir)
	real, _ := filepath.Glob("../../shared/images/real/*")
	if len(real) == 0 {
		missing(t, "the real files in ../shared/images")
	}
	for _, name := range real {
		data, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(name)), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	base := start(t, "--source", dir)
	files, worst, total := map[string]bool{}, 0.0, 0.0
	list := agreements()
	for _, a := range list {
		url := base + "/iiif/3/" + a.file + "/" + a.request
		status, _, body := get(t, url)
		if status != 200 {
			t.Errorf("%s: status %d: %s", url, status, body)
			continue
		}
		ours, _, err := image.Decode(bytes.NewReader(body))
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		theirs := byVips(t, dir, a)
		if ours.Bounds().Size() != theirs.Bounds().Size() {
			t.Errorf("%s: %v, libvips makes %v", url, ours.Bounds().Size(), theirs.Bounds().Size())
			continue
		}
		bound := a.within
		if bound == 0 {
			bound = 2
		}
		e := meanError(ours, theirs)
		if e > bound {
			t.Errorf("%s: mean error %.2f of 255, bound %.1f", url, e, bound)
		}
		files[a.file] = true
		worst, total = max(worst, e), total+e
	}
	t.Logf("%d requests over %d files: mean error %.2f, worst %.2f of 255", len(list), len(files), total/float64(len(list)), worst)
	if len(list) < 60 || len(files) < 8 {
		t.Errorf("the table has %d requests over %d files", len(list), len(files))
	}
}
