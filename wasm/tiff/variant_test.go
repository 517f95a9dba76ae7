package tiff

import (
	"cmp"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// variant is a file made from the photograph by a chain of commands. Each begins
// with the tool; IN and OUT stand for what the one before wrote and for what the
// next one reads.
type variant struct {
	name      string
	steps     []string
	tolerance int
	mean      float64
	// original says to compare with the photograph, where libvips cannot read
	// the file.
	original bool
	bits     int // expected, 0 for 8
}

func (v variant) make(t testing.TB, photo string) string {
	t.Helper()
	dir, in := t.TempDir(), photo
	for i, step := range v.steps {
		args := strings.Fields(step)
		needTools(t, args[0])
		ext := ".tif"
		if i < len(v.steps)-1 && args[0] == "vips" && args[1] != "tiffsave" {
			ext = ".v"
		}
		out := filepath.Join(dir, strconv.Itoa(i)+ext)
		for j, a := range args {
			args[j] = strings.NewReplacer("IN", in, "OUT", out).Replace(a)
		}
		run(t, args...)
		if strings.Contains(step, "OUT") {
			in = out
		}
	}
	return in
}

const (
	save   = "vips tiffsave IN OUT "
	gray   = "vips colourspace IN OUT b-w"
	bilev  = "vips relational_const IN OUT moreeq 110"
	deep   = "vips linear IN OUT 251.7 131"
	deep16 = "vips cast IN OUT ushort"
	rgb16  = "vips copy IN OUT --interpretation rgb16"
	gray16 = "vips copy IN OUT --interpretation grey16"
	cmyk   = "vips icc_export IN OUT --output-profile cmyk"
	veil   = "vips bandjoin_const IN OUT 77"
)

func variants() []variant {
	vs := []variant{
		{name: "mm", steps: []string{save, "tiffcp -B IN OUT"}},
		{name: "big mm tiled lzw", steps: []string{save, "tiffcp -8 -B -t -w 64 -l 48 -c lzw:2 IN OUT"}},
		{name: "mm 16", steps: []string{deep, deep16, rgb16, save, "tiffcp -B -c zip:2 IN OUT"}, bits: 16},
		{name: "ii 16 zip", steps: []string{deep, deep16, rgb16, save + "--tile --compression deflate"}, bits: 16},
		{name: "16 gray miniswhite", steps: []string{gray, deep, deep16, gray16, save, "tiffcp IN OUT", "tiffset -s 262 0 IN", "tiffcp IN OUT"}, bits: 16},
		{name: "separate strips", steps: []string{save, "tiffcp -p separate IN OUT"}},
		{name: "separate tiles", steps: []string{save, "tiffcp -p separate -t -w 128 -l 128 -c zip:2 IN OUT"}, original: true},
		{name: "separate alpha", steps: []string{veil, save, "tiffcp -p separate -c packbits IN OUT"}},
		{name: "fill order none", steps: []string{save, "tiffcp -f lsb2msb IN OUT"}},
		{name: "fill order lzw", steps: []string{save, "tiffcp -f lsb2msb -c lzw:2 IN OUT"}},
		{name: "fill order bits", steps: []string{gray, bilev, save + "--bitdepth 1", "tiffcp -f lsb2msb -c packbits IN OUT"}, bits: 1},
		{name: "lzw without predictor", steps: []string{save, "tiffcp -c lzw:1 -r 7 IN OUT"}},
		{name: "one strip", steps: []string{save, "tiffcp -r 400 -c zip IN OUT"}},
		{name: "one raw strip", steps: []string{save, "tiffcp -r 400 -c none IN OUT"}},
		{name: "strip jpeg", steps: []string{save, "tiffcp -r 64 -c jpeg:r:95 IN OUT"}, tolerance: 2, mean: 0.5},
		{name: "strip jpeg ycbcr", steps: []string{save, "tiffcp -r 64 -c jpeg:95 IN OUT"}, tolerance: 255, mean: 1},
		{name: "gray", steps: []string{gray, save}},
		{name: "gray miniswhite", steps: []string{gray, save + "--compression lzw", "tiffset -s 262 0 IN", "tiffcp -c zip:2 IN OUT"}},
		{name: "gray jpeg", steps: []string{gray, save + "--tile --compression jpeg"}, tolerance: 2, mean: 0.5},
		{name: "gray alpha", steps: []string{gray, veil, save + "--tile --compression deflate"}},
		{name: "bits", steps: []string{gray, bilev, save + "--bitdepth 1"}, bits: 1},
		{name: "bits miniswhite tiled", steps: []string{gray, bilev, save + "--bitdepth 1 --miniswhite --tile --compression lzw --predictor none"}, bits: 1},
		{name: "bits g4", steps: []string{gray, bilev, save + "--bitdepth 1 --compression ccittfax4"}, bits: 1},
		{name: "bits g4 miniswhite", steps: []string{gray, bilev, save + "--bitdepth 1 --miniswhite --compression ccittfax4"}, bits: 1},
		{name: "bits g4 tiled", steps: []string{gray, bilev, save + "--bitdepth 1 --tile --compression ccittfax4"}, bits: 1},
		{name: "bits g4 fill order", steps: []string{gray, bilev, save + "--bitdepth 1", "tiffcp -f lsb2msb -c g4 IN OUT"}, bits: 1},
		{name: "bits g3", steps: []string{gray, bilev, save + "--bitdepth 1", "tiffcp -c g3:1d IN OUT"}, bits: 1},
		{name: "two bits", steps: []string{gray, save + "--bitdepth 2 --compression deflate --predictor none"}, bits: 2},
		{name: "four bits", steps: []string{gray, save + "--bitdepth 4"}, bits: 4},
		{name: "palette", steps: []string{save, "tiffmedian -C 200 IN OUT"}},
		{name: "cmyk", steps: []string{cmyk, save + "--compression lzw"}},
		{name: "cmyk tiled", steps: []string{cmyk, save + "--tile --compression deflate"}},
		{name: "cmyk jpeg", steps: []string{cmyk, save + "--tile --compression jpeg --Q 95"}, tolerance: 2, mean: 0.5},
		{name: "rgba", steps: []string{veil, save + "--tile --compression deflate"}},
		{name: "rgba jpeg", steps: []string{veil, save + "--tile --compression jpeg --Q 95"}, tolerance: 2, mean: 0.5},
		{name: "rgb jpeg", steps: []string{save + "--tile --tile-width 256 --tile-height 256 --compression jpeg --Q 92"}, tolerance: 2, mean: 0.5},
		{name: "ycbcr jpeg", steps: []string{save + "--tile --tile-width 128 --tile-height 64 --compression jpeg --Q 85"}, tolerance: 255, mean: 1},
	}
	for _, layout := range []string{"", "--tile --tile-width 112 --tile-height 80 ", "--tile --bigtiff "} {
		for _, c := range []string{"none", "lzw", "deflate", "packbits"} {
			for _, p := range []string{"none", "horizontal"} {
				vs = append(vs, variant{name: "rgb " + c + " " + p + " " + layout, steps: []string{save + layout + "--compression " + c + " --predictor " + p}})
			}
		}
	}
	return vs
}

// Files of every layout decode to what libvips reads, whole and in regions.
func TestVariants(t *testing.T) {
	photo := photograph(t, t.TempDir())
	for _, v := range append(variants(), rareVariants()...) {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			name := v.make(t, photo)
			f := open(t, name)
			l := f.Levels()[0]
			p := decode(t, f, 0, whole(f, 0))
			from := name
			if v.original {
				from = photo
			}
			compare(t, p.Image, vipsReads(t, from, "", l.Width, l.Height, l.BitsPerSample), v.tolerance, v.mean)
			regionsAgree(t, f, 0)
			if l.BitsPerSample != cmp.Or(v.bits, 8) || l.Bitonal != (v.bits == 1) {
				t.Errorf("%d bits, bitonal %v", l.BitsPerSample, l.Bitonal)
			}
		})
	}
}
