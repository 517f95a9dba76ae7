package jpeg

import (
	"bytes"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

func encode(t testing.TB, m *pixel.Image, o EncodeOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, m, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sampled returns a photograph as a planar image with the given subsampling.
func sampled(t testing.TB, width, height int, sample string) *pixel.Image {
	t.Helper()
	b := tool(t, photo(t, width, height), "cjpeg", "-quality", "100", "-sample", sample)
	return decode(t, b, DecodeOptions{}).Image
}

func psnr(a, b []byte) float64 {
	var sum float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(len(a))/sum)
}

// TestEncodeGray wants the very entropy-coded bytes that cjpeg writes for a gray
// image, with typical and with optimized tables.
func TestEncodeGray(t *testing.T) {
	ppm := photo(t, 203, 157)
	pgm := tool(t, tool(t, ppm, "cjpeg", "-grayscale", "-quality", "100"), "djpeg", "-pnm")
	p := parsePNM(t, pgm)
	m := pixel.New(pixel.Gray, p.width, p.height, 1, 1, false)
	copy(m.Planes[0].Pix, p.pix)
	for _, quality := range []int{1, 10, 30, 50, 75, 85, 92, 99, 100} {
		for _, optimize := range []bool{false, true} {
			args := []string{"-quality", fmt.Sprint(quality), "-baseline", "-dct", "int"}
			if optimize {
				args = append(args, "-optimize")
			}
			want := tool(t, pgm, "cjpeg", args...)
			got := encode(t, m, EncodeOptions{Quality: quality, OptimizeHuffman: optimize})
			if !bytes.Equal(scanOf(t, got), scanOf(t, want)) {
				t.Errorf("quality %d, optimize %v: %d bytes differ from the %d of cjpeg", quality, optimize, len(got), len(want))
			}
		}
	}
}

// scanOf returns a file from its first SOS marker on.
func scanOf(t testing.TB, b []byte) []byte {
	t.Helper()
	at := bytes.Index(b, []byte{0xFF, markSOS})
	if at < 0 {
		t.Fatal("no scan")
	}
	return b[at:]
}

// TestEncodeColour wants djpeg to read what was written, as near to the original
// as what cjpeg makes of the same pixels, in about as many bytes.
func TestEncodeColour(t *testing.T) {
	for _, sample := range []string{"1x1", "2x1", "1x2", "2x2", "4x1"} {
		m := sampled(t, 403, 301, sample)
		original := tool(t, rawColours(t, tool(t, photo(t, 403, 301), "cjpeg", "-quality", "100", "-sample", sample)),
			"djpeg", "-nosmooth", "-dct", "int")
		want := parsePNM(t, original)
		for _, quality := range []int{40, 85, 95} {
			for _, optimize := range []bool{false, true} {
				b := encode(t, m, EncodeOptions{Quality: quality, OptimizeHuffman: optimize})
				seen := parsePNM(t, tool(t, rawColours(t, b), "djpeg", "-nosmooth", "-dct", "int"))
				again := decode(t, b, DecodeOptions{})
				if again.SubX != m.SubX || again.SubY != m.SubY {
					t.Errorf("%s: subsampling %d×%d, want %d×%d", sample, again.SubX, again.SubY, m.SubX, m.SubY)
				}
				if !bytes.Equal(interleave(again.Image), seen.pix) {
					t.Errorf("%s quality %d: djpeg sees something else", sample, quality)
				}
				args := []string{"-quality", fmt.Sprint(quality), "-sample", sample, "-dct", "int"}
				if optimize {
					args = append(args, "-optimize")
				}
				peer := tool(t, tool(t, tool(t, photo(t, 403, 301), "cjpeg", "-quality", "100", "-sample", sample),
					"djpeg", "-nosmooth", "-dct", "int"), "cjpeg", args...)
				theirs := parsePNM(t, tool(t, rawColours(t, peer), "djpeg", "-nosmooth", "-dct", "int"))
				ours, them := psnr(seen.pix, want.pix), psnr(theirs.pix, want.pix)
				t.Logf("%s quality %d optimize %v: %d bytes %.2f dB, cjpeg %d bytes %.2f dB", sample, quality, optimize, len(b), ours, len(peer), them)
				if ours < them-0.1 {
					t.Errorf("%s quality %d: %.2f dB, cjpeg %.2f dB", sample, quality, ours, them)
				}
				if len(b) > len(peer)*102/100+32 {
					t.Errorf("%s quality %d: %d bytes, cjpeg %d", sample, quality, len(b), len(peer))
				}
			}
		}
	}
}

// TestEncodeSizes writes and reads every small size.
func TestEncodeSizes(t *testing.T) {
	for _, sub := range [][2]int{{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}, {1, 4}, {2, 4}} {
		for n := 1; n < 40; n++ {
			for _, size := range [][2]int{{n, 1}, {1, n}, {n, n}, {n, 41 - n}} {
				m := pixel.New(pixel.YCbCr, size[0], size[1], sub[0], sub[1], false)
				for i := range m.Planes {
					p := &m.Planes[i]
					for j := range p.Pix {
						p.Pix[j] = byte(60 + 3*(j%p.Stride) + 2*(j/p.Stride) + 20*i)
					}
				}
				got := decode(t, encode(t, m, EncodeOptions{Quality: 100}), DecodeOptions{})
				if got.Width != m.Width || got.Height != m.Height {
					t.Fatalf("%v: got %d×%d", size, got.Width, got.Height)
				}
				if diff, _ := worst(t, interleave(got.Image), interleave(m)); diff > 3 {
					t.Errorf("%v subsampled %v: off by %d", size, sub, diff)
				}
			}
		}
	}
}

// TestProfile writes profiles of one and of several segments, and wants exiftool
// and ReadHeader to find them.
func TestProfile(t *testing.T) {
	m := pixel.New(pixel.Gray, 9, 9, 1, 1, false)
	for _, n := range []int{200, maxChunk, maxChunk + 1, 3 << 20} {
		icc := make([]byte, n)
		for i := range icc {
			icc[i] = byte(i * i >> 7)
		}
		icc[0], icc[1], icc[2], icc[3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
		b := encode(t, m, EncodeOptions{ICC: icc})
		h, err := ReadHeader(bytes.NewReader(b))
		if err != nil || !bytes.Equal(h.ICC, icc) {
			t.Errorf("%d bytes: read %d, %v", n, len(h.ICC), err)
		}
		if p := decode(t, b, DecodeOptions{}); !bytes.Equal(p.ICC, icc) {
			t.Errorf("%d bytes: the image has %d", n, len(p.ICC))
		}
		file := filepath.Join(t.TempDir(), "icc.jpg")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := tool(t, nil, "exiftool", "-b", "-ICC_Profile", file); !bytes.Equal(got, icc) {
			t.Errorf("%d bytes: exiftool found %d", n, len(got))
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	gray := pixel.New(pixel.Gray, 8, 8, 1, 1, false)
	for _, tc := range []struct {
		name string
		m    *pixel.Image
		o    EncodeOptions
		kind fault.Kind
	}{
		{"rgb", pixel.New(pixel.RGB, 8, 8, 1, 1, false), EncodeOptions{}, fault.Unsupported},
		{"alpha", pixel.New(pixel.Gray, 8, 8, 1, 1, true), EncodeOptions{}, fault.Unsupported},
		{"4x4", pixel.New(pixel.YCbCr, 8, 8, 4, 4, false), EncodeOptions{}, fault.Unsupported},
		{"wide", pixel.New(pixel.Gray, 65536, 1, 1, 1, false), EncodeOptions{}, fault.Unsupported},
		{"quality", gray, EncodeOptions{Quality: 101}, fault.Invalid},
		{"negative quality", gray, EncodeOptions{Quality: -1}, fault.Invalid},
		{"profile", gray, EncodeOptions{ICC: make([]byte, maxICC+1)}, fault.Invalid},
	} {
		if err := Encode(&bytes.Buffer{}, tc.m, tc.o); !fault.Is(err, tc.kind) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if err := Encode(brokenWriter{}, gray, EncodeOptions{}); !fault.Is(err, fault.Canceled) {
		t.Errorf("writer: %v", err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, fault.E("test.Write", fault.Canceled, nil) }

func BenchmarkEncode(b *testing.B) {
	ppm := photo(b, 512, 512)
	file := tool(b, ppm, "cjpeg", "-quality", "100", "-sample", "2x2")
	m := decode(b, file, DecodeOptions{}).Image
	std := &image.YCbCr{
		Y: m.Planes[0].Pix, Cb: m.Planes[1].Pix, Cr: m.Planes[2].Pix, YStride: m.Planes[0].Stride, CStride: m.Planes[1].Stride,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, 512, 512),
	}
	var out bytes.Buffer
	b.Run("std", func(b *testing.B) {
		for b.Loop() {
			out.Reset()
			if err := stdjpeg.Encode(&out, std, &stdjpeg.Options{Quality: 85}); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, o := range map[string]EncodeOptions{
		"typical": {}, "optimized": {OptimizeHuffman: true}, "progressive": {Progressive: true},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				out.Reset()
				if err := Encode(&out, m, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
