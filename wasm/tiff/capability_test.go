package tiff

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// rareVariants are combinations that TestVariants runs besides the usual ones.
func rareVariants() []variant {
	const (
		half   = "vips extract_band IN OUT 0"
		index4 = "tiffmedian -C 16 IN OUT"
	)
	vs := []variant{
		{name: "old deflate number", steps: []string{save + "--compression deflate --predictor horizontal", "tiffset -s 259 32946 IN", "tiffcp -c none IN OUT"}},
		{name: "old deflate", steps: []string{save + "--compression deflate --predictor horizontal", "tiffset -s 259 32946 IN"}},
		{name: "lzw predictor 16 mm", steps: []string{deep, deep16, rgb16, save, "tiffcp -B -c lzw:2 IN OUT"}, bits: 16},
		{name: "lzw predictor 16 gray big", steps: []string{gray, deep, deep16, gray16, save, "tiffcp -8 -c lzw:2 IN OUT"}, bits: 16},
		{name: "rgba 16 predictor", steps: []string{veil, deep, deep16, rgb16, save + "--tile --compression deflate --predictor horizontal"}, bits: 16},
		{name: "separate lzw predictor", steps: []string{save, "tiffcp -p separate -c lzw:2 IN OUT"}},
		{name: "separate cmyk", steps: []string{cmyk, save, "tiffcp -p separate -c zip IN OUT"}},
		{name: "cmyk mm packbits", steps: []string{cmyk, save, "tiffcp -B -c packbits IN OUT"}},
		{name: "cmyk 16", steps: []string{cmyk, deep, deep16, "vips copy IN OUT --interpretation cmyk", save + "--compression lzw"}, bits: 16},
		{name: "palette big mm", steps: []string{save, "tiffmedian -C 256 IN OUT", "tiffcp -8 -B -c lzw:1 IN OUT"}},
		{name: "palette tiled", steps: []string{save, index4, "tiffcp -t -w 64 -l 64 -c zip IN OUT"}},
		{name: "gray 16 alpha", steps: []string{gray, veil, deep, deep16, gray16, save + "--compression lzw"}, bits: 16},
		{name: "bits packbits mm big", steps: []string{gray, bilev, save + "--bitdepth 1", "tiffcp -8 -B -c packbits IN OUT"}, bits: 1},
		{name: "bits deflate", steps: []string{half, bilev, save + "--bitdepth 1", "tiffcp -c zip IN OUT"}, bits: 1},
		{name: "bits none miniswhite strips", steps: []string{gray, bilev, save + "--bitdepth 1 --miniswhite", "tiffcp -r 5 IN OUT"}, bits: 1},
		{name: "ycbcr jpeg strips mm", steps: []string{save, "tiffcp -B -r 32 -c jpeg:90 IN OUT"}, tolerance: 255, mean: 1},
		{name: "gray jpeg big strips", steps: []string{gray, save, "tiffcp -8 -r 64 -c jpeg:90 IN OUT"}, tolerance: 2, mean: 0.5},
		{name: "one row strips", steps: []string{save, "tiffcp -r 1 -c lzw:2 IN OUT"}},
	}
	return vs
}

// Levels may have sizes rounded up or to nearest, at each step or of the whole, and
// factors other than two; in pages and in either byte order, of every kind of
// samples.
func TestOddLevels(t *testing.T) {
	needTools(t, "tiffcp", "tiffset")
	for _, c := range []struct {
		name   string
		photo  []string // steps that prepare the picture
		copy   string   // options of tiffcp
		scales []string // the levels below the first, WxH
		want   int      // how many are taken
		bits   int
	}{
		{"up", nil, "", []string{"267x199", "134x100", "67x50"}, 3, 8},
		{"down then up", nil, "-B", []string{"266x198", "134x100"}, 2, 8},
		{"thirds", nil, "-8", []string{"178x132", "59x44"}, 2, 8},
		{"one step only", nil, "-8 -B", []string{"67x50"}, 1, 8},
		{"another shape", nil, "", []string{"160x160", "133x99"}, 1, 8},
		{"gray", []string{gray}, "-c lzw:2", []string{"267x199"}, 1, 8},
		{"16 bits", []string{deep, deep16, rgb16}, "-B -c zip:2", []string{"267x199", "133x99"}, 2, 16},
		{"cmyk", []string{cmyk}, "-c packbits", []string{"267x199"}, 1, 8},
		{"separate", nil, "-p separate -c zip:2", []string{"267x199"}, 1, 8},
		{"alpha", []string{veil}, "-c lzw:2", []string{"267x199", "134x100"}, 2, 8},
		{"jpeg", nil, "-c jpeg:r:95 -t -w 64 -l 64", []string{"267x199", "134x100"}, 2, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			top := variant{steps: append(append([]string{}, c.photo...), save)}.make(t, photograph(t, dir))
			files := []string{top}
			for i, size := range c.scales {
				var w, h int
				if _, err := fmt.Sscanf(size, "%dx%d", &w, &h); err != nil {
					t.Fatal(err)
				}
				name := filepath.Join(dir, fmt.Sprint(i, ".tif"))
				run(t, "vips", "resize", top, filepath.Join(dir, "small.v"), fmt.Sprint(float64(w)/533), "--vscale", fmt.Sprint(float64(h)/397))
				run(t, "vips", "tiffsave", filepath.Join(dir, "small.v"), name)
				files = append(files, name)
			}
			name := filepath.Join(dir, "p.tif")
			args := append([]string{"tiffcp"}, strings.Fields(c.copy)...)
			run(t, append(append(args, files...), name)...)
			for i := range c.scales {
				run(t, "tiffset", "-d", strconv.Itoa(i+1), "-s", "254", "1", name)
			}
			f := open(t, name)
			if len(f.levels) != c.want+1 || f.Pages() != 1 {
				t.Fatalf("%d levels and %d pages, want %d and 1", len(f.levels), f.Pages(), c.want+1)
			}
			page := 0
			for i, l := range f.Levels() {
				if i > 0 {
					for page++; c.scales[page-1] != fmt.Sprintf("%dx%d", l.Width, l.Height); page++ {
						if page == len(c.scales) {
							t.Fatalf("a level of %d × %d", l.Width, l.Height)
						}
					}
				}
				tolerance, mean := 0, 0.
				if l.Compression == JPEG {
					tolerance, mean = 2, 0.5
				}
				ref := vipsReads(t, name, fmt.Sprintf("[page=%d]", page), l.Width, l.Height, c.bits)
				compare(t, decode(t, f, i, whole(f, i)).Image, ref, tolerance, mean)
				regionsAgree(t, f, i)
			}
		})
	}
}

// Every orientation is told as exiftool tells it, in either byte order and form.
func TestOrientations(t *testing.T) {
	dir := t.TempDir()
	photo := photograph(t, dir)
	needTools(t, "tiffcp", "tiffset", "exiftool")
	plain := filepath.Join(dir, "plain.tif")
	run(t, "vips", "tiffsave", photo, plain)
	ask, want := []string{"exiftool", "-n", "-T", "-Orientation"}, ""
	for i, options := range []string{"", "-B", "-8", "-8 -B"} {
		for o := 1; o <= 8; o++ {
			name := filepath.Join(dir, fmt.Sprint(i, "-", o, ".tif"))
			run(t, append(append([]string{"tiffcp"}, strings.Fields(options)...), plain, name)...)
			run(t, "tiffset", "-s", "274", strconv.Itoa(o), name)
			ask, want = append(ask, name), want+strconv.Itoa(o)+"\n"
			if f := open(t, name); f.Orientation() != o {
				t.Errorf("%q: orientation %d, want %d", options, f.Orientation(), o)
			}
		}
	}
	if said := run(t, ask...); said != want {
		t.Errorf("exiftool says %q", said)
	}
}

// The colour profile is what exiftool takes out, wherever the file keeps it.
func TestProfiles(t *testing.T) {
	dir := t.TempDir()
	photo := photograph(t, dir)
	needTools(t, "tiffcp", "exiftool")
	plain := filepath.Join(dir, "plain.tif")
	run(t, "vips", "icc_transform", photo, filepath.Join(dir, "srgb.v"), "srgb", "--input-profile", "srgb")
	run(t, "vips", "tiffsave", filepath.Join(dir, "srgb.v"), plain, "--tile", "--pyramid")
	names := []string{plain}
	for i, options := range []string{"-B", "-8", "-8 -B -c lzw:2"} {
		name := filepath.Join(dir, fmt.Sprint(i, ".tif"))
		run(t, append(append([]string{"tiffcp"}, strings.Fields(options)...), plain, name)...)
		names = append(names, name)
	}
	for _, name := range names {
		want, err := exec.Command("exiftool", "-b", "-icc_profile", name).Output()
		if err != nil || len(want) < 128 {
			t.Fatalf("exiftool finds a profile of %d bytes: %v", len(want), err)
		}
		if f := open(t, name); string(f.ICC()) != string(want) {
			t.Errorf("%s: a profile of %d bytes, exiftool finds %d", filepath.Base(name), len(f.ICC()), len(want))
		}
	}
}

// Old-style JPEG is refused when the file is opened, and the words say what it is.
func TestOldJPEG(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "old.tif")
	run(t, "vips", "tiffsave", photograph(t, dir), name, "--compression", "jpeg")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	// No tool writes it: the directory's field is changed.
	field := []byte{3, 1, typeShort, 0, 1, 0, 0, 0, byte(JPEG), 0}
	at := bytes.LastIndex(b, field)
	if at < 0 {
		t.Fatal("no compression in the directory")
	}
	b[at+8] = byte(OldJPEG)
	_, err = Open(bytes.NewReader(b), int64(len(b)), Limits{})
	if !fault.Is(err, fault.Unsupported) || !strings.Contains(fault.Public(err), "old-style JPEG") {
		t.Errorf("%v: %q", err, fault.Public(err))
	}
}
