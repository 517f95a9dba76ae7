package jpeg

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// TestPlanes compares all planes, sample by sample, with djpeg, for files that
// cjpeg made of a photograph with odd dimensions.
func TestPlanes(t *testing.T) {
	ppm := photo(t, 203, 157)
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			b := tool(t, ppm, "cjpeg", v.args...)
			comparePlanes(t, b)
		})
	}
	// One scan per component, sequential and with every bit on its own.
	for name, script := range map[string]string{
		"sequential scans": "2;\n0;\n1;\n",
		"mixed scans":      "0 1;\n2;\n",
		"fine progression": "0: 0-0, 0, 2;\n1 2: 0-0, 0, 2;\n0 1 2: 0-0, 2, 1;\n2: 1-63, 0, 3;\n1: 1-10, 0, 0;\n1: 11-63, 0, 0;\n" +
			"0: 1-63, 0, 4;\n0: 1-63, 4, 3;\n0: 1-63, 3, 2;\n2: 1-63, 3, 2;\n2: 1-63, 2, 1;\n2: 1-63, 1, 0;\n" +
			"0: 1-63, 2, 1;\n0: 1-20, 1, 0;\n0: 21-63, 1, 0;\n0 1 2: 0-0, 1, 0;\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "scans")
			if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
				t.Fatal(err)
			}
			comparePlanes(t, tool(t, ppm, "cjpeg", "-scans", path, "-sample", "2x2"))
		})
	}
}

// comparePlanes decodes b here and with djpeg, at all scales, and wants the same
// planes.
func comparePlanes(t *testing.T, b []byte) {
	t.Helper()
	h, err := ReadHeader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	raw := b
	if h.Model == pixel.YCbCr {
		raw = rawColours(t, b)
	}
	want := parsePNM(t, tool(t, raw, "djpeg", "-dct", "int", "-nosmooth", "-pnm"))
	got := decode(t, b, DecodeOptions{})
	if got.Width != want.width || got.Height != want.height || got.Model.Planes() != want.channels {
		t.Fatalf("%d×%d×%d, want %d×%d×%d", got.Width, got.Height, got.Model.Planes(), want.width, want.height, want.channels)
	}
	if diff, n := worst(t, interleave(got.Image), want.pix); n > 0 {
		t.Errorf("%d of %d samples differ by up to %d", n, len(want.pix), diff)
	}
	for _, scale := range []int{2, 4, 8} {
		small := decode(t, b, DecodeOptions{Scale: scale})
		args := []string{"-dct", "int", "-nosmooth", "-pnm", "-scale", fmt.Sprintf("1/%d", scale)}
		src, mine := raw, interleave(small.Image)
		if h.Model == pixel.YCbCr && (h.SubX*h.SubY > 1 || h.expand) {
			// djpeg takes more of the chroma here: only luma is the same work.
			args, src, mine = append(args, "-grayscale"), b, nil
			for y := range small.Height {
				mine = append(mine, small.Planes[0].Row(y)...)
			}
			if lumaSmaller(&h) {
				continue
			}
		}
		want := parsePNM(t, tool(t, src, "djpeg", args...))
		if small.Width != want.width || small.Height != want.height {
			t.Fatalf("1/%d: %d×%d, want %d×%d", scale, small.Width, small.Height, want.width, want.height)
		}
		if diff, n := worst(t, mine, want.pix); n > 0 {
			t.Errorf("1/%d: %d of %d samples differ by up to %d", scale, n, len(want.pix), diff)
		}
	}
}

func lumaSmaller(h *Header) bool {
	hmax, vmax := h.maxSampling()
	return h.sampling[0] != [2]int{hmax, vmax}
}

// TestRealFiles compares the luma of real files with djpeg, and all planes of
// those that image/jpeg can read with that.
func TestRealFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, path := range realFiles(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			b := readFile(t, path)
			got := decode(t, b, DecodeOptions{})
			want := parsePNM(t, tool(t, b, "djpeg", "-dct", "int", "-grayscale", "-pnm"))
			if got.Width != want.width || got.Height != want.height {
				t.Fatalf("%d×%d, want %d×%d", got.Width, got.Height, want.width, want.height)
			}
			luma := make([]byte, 0, got.Width*got.Height)
			for y := range got.Height {
				luma = append(luma, got.Planes[0].Row(y)...)
			}
			if diff, n := worst(t, luma, want.pix); n > 0 {
				t.Errorf("%d of %d luma samples differ by up to %d", n, len(luma), diff)
			}
			if len(b) > 400<<10 {
				return // the rest is slow
			}
			for _, scale := range []int{2, 4, 8} {
				small := decode(t, b, DecodeOptions{Scale: scale})
				want := parsePNM(t, tool(t, b, "djpeg", "-dct", "int", "-grayscale", "-pnm", "-scale", fmt.Sprintf("1/%d", scale)))
				if small.Width != want.width || small.Height != want.height {
					t.Fatalf("1/%d: %d×%d, want %d×%d", scale, small.Width, small.Height, want.width, want.height)
				}
				luma := luma[:0]
				for y := range small.Height {
					luma = append(luma, small.Planes[0].Row(y)...)
				}
				if diff, n := worst(t, luma, want.pix); n > 0 {
					t.Errorf("1/%d: %d of %d luma samples differ by up to %d", scale, n, len(luma), diff)
				}
			}
			std, err := stdjpeg.Decode(bytes.NewReader(b))
			if err != nil {
				t.Logf("image/jpeg: %v", err)
				return
			}
			m, ok := std.(*image.YCbCr)
			if !ok {
				return
			}
			for i, pix := range [][]byte{m.Y, m.Cb, m.Cr} {
				stride := []int{m.YStride, m.CStride, m.CStride}[i]
				p := got.Planes[i]
				for y := range p.Height {
					// image/jpeg's transform rounds differently.
					if diff, _ := worst(t, p.Row(y), pix[y*stride:][:p.Width]); diff > 2 {
						t.Fatalf("plane %d row %d differs from image/jpeg by %d", i, y, diff)
					}
				}
			}
		})
	}
}

// TestRegion wants every region to be the same as that part of the whole.
func TestRegion(t *testing.T) {
	ppm := photo(t, 203, 157)
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, v := range variants() {
		b := tool(t, ppm, "cjpeg", v.args...)
		for _, scale := range []int{0, 1, 2, 4, 8} { // 0 is 4 with LowPass
			o := DecodeOptions{Scale: max(scale, 1), LowPass: scale == 0}
			if o.LowPass {
				scale, o.Scale = 4, 4
			}
			whole := decode(t, b, o)
			for range 12 {
				x, y := rnd.IntN(203), rnd.IntN(157)
				r := image.Rect(x, y, x+1+rnd.IntN(203-x), y+1+rnd.IntN(157-y))
				o.Region = r
				part := decode(t, b, o)
				if !covers(part.Rect, r, scale) || !part.Rect.In(whole.Rect) {
					t.Fatalf("%s 1/%d: region %v gave %v", v.name, scale, r, part.Rect)
				}
				if h := 8 * 4 * 2; part.Rect.Dx() > r.Dx()/scale+h || part.Rect.Dy() > r.Dy()/scale+h {
					t.Fatalf("%s 1/%d: region %v gave %v, too much", v.name, scale, r, part.Rect)
				}
				comparePart(t, fmt.Sprintf("%s 1/%d %v", v.name, scale, r), whole, part)
			}
		}
	}
}

func covers(got, region image.Rectangle, scale int) bool {
	return got.Min.X*scale <= region.Min.X && got.Min.Y*scale <= region.Min.Y &&
		got.Max.X*scale >= region.Max.X && got.Max.Y*scale >= region.Max.Y
}

func comparePart(t *testing.T, name string, whole, part Picture) {
	t.Helper()
	for i := range part.Planes {
		x0, y0 := part.Rect.Min.X, part.Rect.Min.Y
		if i > 0 {
			x0, y0 = x0/part.SubX, y0/part.SubY
		}
		p := &part.Planes[i]
		for y := range p.Height {
			if !bytes.Equal(p.Row(y), whole.Planes[i].Row(y0 + y)[x0:][:p.Width]) {
				t.Fatalf("%s: plane %d row %d differs", name, i, y)
			}
		}
	}
}

// TestInk compares CMYK and YCCK files with libvips, whose CMYK also means ink.
func TestInk(t *testing.T) {
	dir := t.TempDir()
	src := filepath.Join(dir, "a.ppm")
	if err := os.WriteFile(src, photo(t, 203, 157), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "cmyk.jpg")
	tool(t, nil, "vips", "icc_transform", src, filepath.Join(dir, "cmyk.v"), "cmyk", "--input-profile", "srgb")
	for _, sub := range []string{"on", "off"} {
		tool(t, nil, "vips", "jpegsave", filepath.Join(dir, "cmyk.v"), file, "--subsample-mode", sub)
		b := readFile(t, file)
		got := decode(t, b, DecodeOptions{})
		if got.Model != pixel.CMYK || got.ICC == nil {
			t.Fatalf("model %v, ICC %d bytes", got.Model, len(got.ICC))
		}
		rawFile := filepath.Join(dir, "out.raw")
		tool(t, nil, "vips", "rawsave", file, rawFile)
		if diff, n := worst(t, interleave(got.Image), readFile(t, rawFile)); n > 0 {
			t.Errorf("subsampling %s: %d samples differ by up to %d", sub, n, diff)
		}
	}
}

func TestHeader(t *testing.T) {
	ppm := photo(t, 64, 48)
	for _, tc := range []struct {
		args  string
		model pixel.Model
		x, y  int
	}{
		{"-grayscale -sample 2x2", pixel.Gray, 1, 1},
		{"-sample 2x2", pixel.YCbCr, 2, 2},
		{"-sample 4x1", pixel.YCbCr, 4, 1},
		{"-sample 4x2 -progressive", pixel.YCbCr, 4, 2},
		{"-sample 3x1", pixel.YCbCr, 1, 1},
		{"-sample 2x2,2x1,1x2", pixel.YCbCr, 1, 1},
		{"-rgb", pixel.RGB, 1, 1},
	} {
		h, err := ReadHeader(bytes.NewReader(tool(t, ppm, "cjpeg", strings.Fields(tc.args)...)))
		if err != nil {
			t.Fatal(err)
		}
		if h.Width != 64 || h.Height != 48 || h.Model != tc.model || h.SubX != tc.x || h.SubY != tc.y ||
			h.Orientation != 1 || h.Progressive != strings.Contains(tc.args, "-prog") {
			t.Errorf("%s: %+v", tc.args, h)
		}
	}
}

// TestMetadata compares orientation and profile of real files with exiftool.
func TestMetadata(t *testing.T) {
	oriented, profiled := 0, 0
	files := realFiles(t)
	var found []struct {
		SourceFile  string
		Orientation int
		ICC_Profile string
	}
	out := tool(t, nil, "exiftool", append([]string{"-j", "-n", "-b", "-IFD0:Orientation", "-ICC_Profile"}, files...)...)
	if err := json.Unmarshal(out, &found); err != nil || len(found) != len(files) {
		t.Fatalf("exiftool told of %d files of %d: %v", len(found), len(files), err)
	}
	for _, want := range found {
		h, err := ReadHeader(bytes.NewReader(readFile(t, want.SourceFile)))
		if err != nil {
			t.Errorf("%s: %v", want.SourceFile, err)
			continue
		}
		if h.Orientation != max(want.Orientation, 1) {
			t.Errorf("%s: orientation %d, want %d", want.SourceFile, h.Orientation, want.Orientation)
		}
		if h.Orientation > 1 {
			oriented++
		}
		icc, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(want.ICC_Profile, "base64:"))
		if err != nil || !bytes.Equal(h.ICC, icc) {
			t.Errorf("%s: profile of %d bytes, want %d (%v)", want.SourceFile, len(h.ICC), len(icc), err)
		} else if len(icc) > 0 {
			profiled++
		}
	}
	if oriented == 0 || profiled == 0 {
		t.Errorf("%d files with orientation, %d with profile: this tested nothing", oriented, profiled)
	}
}
