package codec

import (
	"bytes"
	"context"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/icc"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

func fromStd(t testing.TB, m image.Image) *pixel.Image {
	t.Helper()
	p, err := pixel.FromStd(m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// models returns a test image in every model that can be written.
func models(t testing.TB, w, h int) map[string]*pixel.Image {
	rgb, rgba := fromStd(t, picture(w, h, false)), fromStd(t, picture(w, h, true))
	return map[string]*pixel.Image{
		"rgb": rgb, "rgba": rgba, "gray": pixel.ToGray(rgb), "graya": pixel.ToGray(rgba),
		"bitonal": pixel.ToBitonal(pixel.ToGray(rgb)), "420": pixel.ToYCbCr(rgb, 2, 2), "444a": pixel.ToYCbCr(rgba, 1, 1),
	}
}

func encode(t testing.TB, m *pixel.Image, o EncodeOptions) []byte {
	t.Helper()
	data, err := New(Config{}).Encode(context.Background(), m, o)
	if err != nil {
		t.Fatalf("%s: %v", o.Format, err)
	}
	again, err := New(Config{}).Encode(context.Background(), m, o)
	if err != nil || !bytes.Equal(data, again) {
		t.Fatalf("%s: a second time gives other bytes: %v", o.Format, err)
	}
	return data
}

// TestEncode has libvips read what is written in every format from every model.
func TestEncode(t *testing.T) {
	need(t, "vips")
	for name, m := range models(t, 61, 47) {
		for _, format := range []string{JPG, PNG, GIF, WebP, TIF} {
			data := encode(t, m, EncodeOptions{Format: format, Quality: 95})
			got := vips(t, write(t, name+"."+format, data))
			want := m
			if format == JPG {
				want = pixel.Flatten(m, pixel.Colour{R: 255, G: 255, B: 255})
			}
			reference := ours(want)
			if format == GIF && m.Alpha != nil {
				for i := 3; i < len(reference.pix); i += 4 {
					reference.pix[i] = reference.pix[i] >> 7 * 255
				}
			}
			mean, worst := compare(t, name+"."+format, got, reference)
			exact := format == PNG || format == TIF || format == GIF && (name == "gray" || name == "bitonal")
			if exact && worst > 0 || mean > 3 {
				t.Errorf("%s as %s: mean difference %.2f, worst %d", name, format, mean, worst)
			}
			if gray := m.Model == pixel.Gray && (format == JPG || format == PNG || format == TIF); gray && got.bands > 2 {
				t.Errorf("%s as %s has %d bands", name, format, got.bands)
			}
		}
	}
}

// TestBits checks that a bitonal picture takes one bit where the format can.
func TestBits(t *testing.T) {
	need(t, "exiftool")
	m := models(t, 61, 47)["bitonal"]
	for format, tag := range map[string]string{PNG: "BitDepth", TIF: "BitsPerSample", GIF: "BitsPerPixel"} {
		file := write(t, "a."+format, encode(t, m, EncodeOptions{Format: format}))
		if got := strings.TrimSpace(run(t, "exiftool", "-s3", "-n", "-"+tag, file)); got != "1" {
			t.Errorf("%s: %s is %q", format, tag, got)
		}
	}
}

// TestICC has exiftool take the profile out of what is written.
func TestICC(t *testing.T) {
	need(t, "exiftool")
	all := models(t, 61, 47)
	profile := icc.SRGB()
	for _, name := range []string{"rgb", "420", "rgba"} {
		m := *all[name]
		m.ICC = profile
		for _, format := range []string{JPG, PNG, WebP, TIF} {
			for _, keep := range []bool{true, false} {
				file := write(t, "a."+format, encode(t, &m, EncodeOptions{Format: format, KeepICC: keep}))
				got, err := exec.Command("exiftool", "-b", "-icc_profile", file).Output()
				if err != nil {
					t.Fatal(err)
				}
				if keep && !bytes.Equal(got, profile) || !keep && len(got) > 0 {
					t.Errorf("%s as %s, kept %v: a profile of %d bytes", name, format, keep, len(got))
				}
				p, back := decodeFile(t, file)
				if keep && !bytes.Equal(back.ICC, profile) || !keep && p.ICC() != nil {
					t.Errorf("%s as %s, kept %v: we read a profile of %d bytes", name, format, keep, len(back.ICC))
				}
			}
		}
		if format := GIF; CarriesICC(format) {
			t.Errorf("%s carries a profile", format)
		}
	}
	// A profile of RGB is not written into gray files, which could not have it.
	gray := *all["gray"]
	gray.ICC = profile
	for _, format := range []string{JPG, PNG, TIF, PDF} {
		data := encode(t, &gray, EncodeOptions{Format: format, KeepICC: true})
		if bytes.Contains(data, []byte("ICC")) || bytes.Contains(data, []byte("acsp")) {
			t.Errorf("%s: a gray file with a profile of RGB", format)
		}
	}
}

// TestPDF has poppler render the page at the resolution it is laid out in.
func TestPDF(t *testing.T) {
	need(t, "pdftoppm", "pdfinfo", "pdfimages", "vips")
	for name, m := range models(t, 60, 45) {
		for _, profile := range [][]byte{nil, icc.SRGB()} {
			c := *m
			c.ICC = profile
			file := write(t, "a.pdf", encode(t, &c, EncodeOptions{Format: PDF, Quality: 95, KeepICC: true}))
			if info := run(t, "pdfinfo", file); !strings.Contains(info, "28.8 x 21.6 pts") || strings.Contains(info, "rror") {
				t.Errorf("%s: %s", name, info)
			}
			page := strings.TrimSuffix(file, ".pdf")
			run(t, "pdftoppm", "-r", "150", "-png", "-singlefile", file, page)
			// Poppler stretches images by up to a pixel; what it extracts is exact.
			want := pixel.Flatten(m, pixel.Colour{R: 255, G: 255, B: 255})
			if mean, worst := compare(t, name, vips(t, page+".png"), ours(want)); mean > 6 {
				t.Errorf("%s: mean difference %.2f, worst %d", name, mean, worst)
			}
			run(t, "pdfimages", "-j", file, page)
			jpg, err := os.ReadFile(page + "-000.jpg")
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(jpg, encode(t, m, EncodeOptions{Format: JPG, Quality: 95})) {
				t.Errorf("%s: the page's picture is not the JPEG", name)
			}
			if list := run(t, "pdfimages", "-list", file); strings.Contains(list, "icc") != (profile != nil && m.Model != pixel.Gray) {
				t.Errorf("%s: profile %v: %s", name, profile != nil, list)
			}
		}
	}
}

// TestPDFPage checks the largest page that PDF allows: 14,400 points.
func TestPDFPage(t *testing.T) {
	m := pixel.New(pixel.Gray, 40000, 8, 1, 1, false)
	data := encode(t, m, EncodeOptions{Format: PDF})
	if !bytes.Contains(data, []byte("/MediaBox[0 0 14400.000 2.880]")) {
		t.Errorf("%.300q", data)
	}
}

// TestGIF measures the palette on a photograph against libvips' own GIFs, and
// checks that few colours stay exact.
func TestGIF(t *testing.T) {
	need(t, "vips")
	file := filepath.Join(shared(t), "reduce.jpg")
	_, m := decodeFile(t, file)
	dir := t.TempDir()
	rgb := filepath.Join(dir, "rgb.png")
	peer := filepath.Join(dir, "peer.gif")
	if err := os.WriteFile(rgb, encode(t, m, EncodeOptions{Format: PNG}), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "vips", "gifsave", rgb, peer)
	want := ours(m)
	theirs, _ := compare(t, "vips", vips(t, peer), want)
	mean, worst := compare(t, "gif", vips(t, write(t, "a.gif", encode(t, m, EncodeOptions{Format: GIF}))), want)
	if mean > 1.3*theirs+0.5 {
		t.Errorf("mean difference %.2f, worst %d; of libvips %.2f", mean, worst, theirs)
	}

	few := pixel.New(pixel.RGB, 16, 15, 1, 1, false)
	for i := range 240 {
		few.Planes[0].Pix[i], few.Planes[1].Pix[i], few.Planes[2].Pix[i] = byte(i), byte(7*i), byte(255-i)
	}
	if _, worst := compare(t, "few", vips(t, write(t, "few.gif", encode(t, few, EncodeOptions{Format: GIF}))), ours(few)); worst > 0 {
		t.Errorf("240 colours differ by %d", worst)
	}
}

// TestSubsampling looks at the sampling factors of the frame header: chroma of
// RGB is kept from quality 90 on, planes that are subsampled stay so.
func TestSubsampling(t *testing.T) {
	all := models(t, 61, 47)
	for _, c := range []struct {
		model   string
		quality int
		want    byte
	}{{"rgb", 0, 0x22}, {"rgb", 89, 0x22}, {"rgb", 90, 0x11}, {"420", 95, 0x22}, {"444a", 50, 0x11}} {
		data := encode(t, all[c.model], EncodeOptions{Format: JPG, Quality: c.quality})
		at := bytes.Index(data, []byte{0xff, 0xc0})
		if got := data[at+11]; got != c.want {
			t.Errorf("%s at %d: %#x, want %#x", c.model, c.quality, got, c.want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	e := New(Config{})
	ctx := context.Background()
	m := models(t, 8, 8)["rgb"]
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for i, c := range []struct {
		ctx  context.Context
		m    *pixel.Image
		o    EncodeOptions
		want fault.Kind
	}{
		{ctx, m, EncodeOptions{Format: "jp2"}, fault.Unsupported},
		{ctx, m, EncodeOptions{Format: BMP}, fault.Unsupported},
		{ctx, m, EncodeOptions{}, fault.Unsupported},
		{ctx, m, EncodeOptions{Format: JPG, Quality: 101}, fault.Invalid},
		{ctx, nil, EncodeOptions{Format: JPG}, fault.Invalid},
		{ctx, &pixel.Image{Width: 3, Height: 3, Model: pixel.RGB}, EncodeOptions{Format: JPG}, fault.Invalid},
		{ctx, pixel.New(pixel.Gray, 16384, 1, 1, 1, false), EncodeOptions{Format: WebP}, fault.Unsupported},
		{ctx, pixel.New(pixel.Gray, 65536, 1, 1, 1, false), EncodeOptions{Format: JPG}, fault.Unsupported},
		{ctx, pixel.New(pixel.Gray, 65536, 1, 1, 1, false), EncodeOptions{Format: GIF}, fault.Unsupported},
		{gone, m, EncodeOptions{Format: JPG}, fault.Canceled},
	} {
		if _, err := e.Encode(c.ctx, c.m, c.o); !fault.Is(err, c.want) {
			t.Errorf("case %d: %v, want %v", i, err, c.want)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	m := pixel.ToYCbCr(fromStd(b, picture(512, 512, false)), 2, 2)
	for _, format := range []string{JPG, PNG, GIF, WebP, TIF, PDF} {
		b.Run(format, func(b *testing.B) {
			n := 0
			for b.Loop() {
				data, err := New(Config{}).Encode(context.Background(), m, EncodeOptions{Format: format})
				if err != nil {
					b.Fatal(err)
				}
				n = len(data)
			}
			b.ReportMetric(float64(n), "bytes")
		})
	}
}
