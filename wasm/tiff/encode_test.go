package tiff

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// picture makes an image from a reference's bands.
func picture(model pixel.Model, ref reference, alpha bool) *pixel.Image {
	m := pixel.New(model, ref.width, ref.height, 1, 1, alpha)
	planes := m.Planes
	if alpha {
		planes = append(planes, *m.Alpha)
	}
	for i, p := range planes {
		for j := range p.Pix {
			p.Pix[j] = ref.pix[j*ref.bands+i]
		}
	}
	return m
}

// What Encode writes, libvips reads back the same, libtiff without a warning, and
// so do we.
func TestEncode(t *testing.T) {
	needTools(t, "tiffinfo", "vips")
	photo := photograph(t, t.TempDir())
	rgb := vipsReads(t, photo, "", 533, 397, 8)
	rgba := rgb
	rgba.bands, rgba.pix = 4, make([]byte, 533*397*4)
	bits := reference{533, 397, 1, make([]byte, 533*397)}
	for i := range 533 * 397 {
		copy(rgba.pix[4*i:], rgb.pix[3*i:3*i+3])
		rgba.pix[4*i+3] = byte(i)
		bits.pix[i] = byte(int8(rgb.pix[3*i]) >> 7)
	}
	bitonal := picture(pixel.Gray, bits, false)
	bitonal.Bitonal = true
	gray := picture(pixel.Gray, rgb, false)
	profile, err := os.ReadFile(filepath.Join(sharedImages, "tif-exif.tif"))
	if err != nil {
		missing(t, sharedImages)
	}
	pf, err := Open(bytes.NewReader(profile), int64(len(profile)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		m    *pixel.Image
		o    EncodeOptions
		info []string
	}{
		{"rgb", picture(pixel.RGB, rgb, false), EncodeOptions{}, []string{"AdobeDeflate", "RGB color", "Predictor: horizontal"}},
		{"rgb raw", picture(pixel.RGB, rgb, false), EncodeOptions{Compression: None}, []string{"Scheme: None"}},
		{"rgb icc dpi", picture(pixel.RGB, rgb, false), EncodeOptions{ICC: pf.ICC(), DPI: 299.5}, []string{"ICC Profile: <present>, 3144 bytes", "Resolution: 299.5, 299.5 pixels/inch"}},
		{"rgba", picture(pixel.RGB, rgba, true), EncodeOptions{}, []string{"unassoc-alpha"}},
		{"gray", gray, EncodeOptions{}, []string{"min-is-black", "Bits/Sample: 8"}},
		{"gray alpha", picture(pixel.Gray, rgba, true), EncodeOptions{}, []string{"unassoc-alpha", "min-is-black"}},
		{"bits", bitonal, EncodeOptions{}, []string{"Bits/Sample: 1", "min-is-black"}},
		{"bits raw", bitonal, EncodeOptions{Compression: None}, []string{"Bits/Sample: 1"}},
		{"cmyk", picture(pixel.CMYK, rgba, false), EncodeOptions{}, []string{"separated"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Encode(&b, c.m, c.o); err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(t.TempDir(), "x.tif")
			if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			var warnings bytes.Buffer
			cmd := exec.Command("tiffinfo", "-D", name)
			cmd.Stderr = &warnings
			out, err := cmd.Output()
			if err != nil || warnings.Len() > 0 {
				t.Errorf("tiffinfo: %v %s", err, warnings.String())
			}
			for _, s := range c.info {
				if !strings.Contains(string(out), s) {
					t.Errorf("tiffinfo does not print %q:\n%s", s, out)
				}
			}
			compare(t, c.m, vipsReads(t, name, "", 533, 397, 8), 0, 0)
			f := open(t, name)
			got, _ := samples(decode(t, f, 0, whole(f, 0)).Image)
			if want, _ := samples(c.m); !bytes.Equal(got, want) {
				t.Error("our own reader reads other samples")
			}
			if !bytes.Equal(f.ICC(), c.o.ICC) {
				t.Error("the profile changed")
			}
		})
	}
}

// Strides, YCbCr and single pixels are written; nonsense is refused.
func TestEncodeShapes(t *testing.T) {
	m := pixel.New(pixel.YCbCr, 7, 5, 2, 2, false)
	for i := range m.Planes {
		p := &m.Planes[i]
		for j := range p.Pix {
			p.Pix[j] = 128
		}
	}
	m.Planes[0] = pixel.Plane{Pix: make([]byte, 100), Stride: 16, Width: 7, Height: 5}
	for i := range m.Planes[0].Pix {
		m.Planes[0].Pix[i] = byte(i)
	}
	var b bytes.Buffer
	if err := Encode(&b, m, EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p := decode(t, f, 0, whole(f, 0))
	for y := range 5 {
		for x := range 7 {
			for _, plane := range p.Planes {
				if v := plane.Row(y)[x]; v != byte(16*y+x) {
					t.Fatalf("%d at %d,%d", v, x, y)
				}
			}
		}
	}
	for _, bad := range []*pixel.Image{nil, {}, {Width: 1, Height: 1, Model: pixel.RGB}} {
		if err := Encode(&b, bad, EncodeOptions{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v for a bad image", err)
		}
	}
	if err := Encode(&b, m, EncodeOptions{Compression: JPEG}); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v for a bad compression", err)
	}
	if err := Encode(broken{}, m, EncodeOptions{}); !errors.Is(err, errBroken) {
		t.Errorf("%v for a broken writer", err)
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }
func (broken) ReadAt([]byte, int64) (int, error) {
	return 0, fault.E("x", fault.Unavailable, errBroken)
}
