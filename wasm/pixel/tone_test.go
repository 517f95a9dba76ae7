package pixel

import (
	"image"
	"image/color"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Conversions agree with those of image/color, which compute in other ways.
func TestTonesAgreeWithStd(t *testing.T) {
	near := func(a, b uint8, limit int) bool { d := int(a) - int(b); return d <= limit && -d <= limit }
	ycc := noise(YCbCr, 256, 64, 1, 1, false)
	rgb, back := ToRGB(ycc), ToYCbCr(noise(RGB, 256, 64, 1, 1, false), 1, 1)
	src := noise(RGB, 256, 64, 1, 1, false)
	gray := ToGray(src)
	cmyk := noise(CMYK, 256, 64, 1, 1, false)
	naive := ToRGB(cmyk)
	for i := range ycc.Planes[0].Pix {
		r, g, b := color.YCbCrToRGB(ycc.Planes[0].Pix[i], ycc.Planes[1].Pix[i], ycc.Planes[2].Pix[i])
		for c, v := range []uint8{r, g, b} {
			if !near(rgb.Planes[c].Pix[i], v, 1) {
				t.Fatalf("RGB %d: %d, want %d", c, rgb.Planes[c].Pix[i], v)
			}
		}
		y, u, v := color.RGBToYCbCr(src.Planes[0].Pix[i], src.Planes[1].Pix[i], src.Planes[2].Pix[i])
		for c, v := range []uint8{y, u, v} {
			if !near(back.Planes[c].Pix[i], v, 1) {
				t.Fatalf("YCbCr %d: %d, want %d", c, back.Planes[c].Pix[i], v)
			}
		}
		want := color.GrayModel.Convert(color.RGBA{src.Planes[0].Pix[i], src.Planes[1].Pix[i], src.Planes[2].Pix[i], 255}).(color.Gray).Y
		if !near(gray.Planes[0].Pix[i], want, 1) {
			t.Fatalf("gray %d, want %d", gray.Planes[0].Pix[i], want)
		}
		r, g, b = color.CMYKToRGB(cmyk.Planes[0].Pix[i], cmyk.Planes[1].Pix[i], cmyk.Planes[2].Pix[i], cmyk.Planes[3].Pix[i])
		for c, v := range []uint8{r, g, b} {
			if !near(naive.Planes[c].Pix[i], v, 1) {
				t.Fatalf("CMYK to RGB %d: %d, want %d", c, naive.Planes[c].Pix[i], v)
			}
		}
	}
}

// The quick interpolation of chroma is the general one.
func TestUpsampling(t *testing.T) {
	for _, sub := range [][2]int{{2, 1}, {2, 2}, {1, 2}} {
		for _, size := range [][2]int{{1, 1}, {2, 2}, {33, 71}, {64, 70}, {3, 1}} {
			m := noise(YCbCr, size[0], size[1], sub[0], sub[1], false)
			a, b := New(RGB, size[0], size[1], 1, 1, false), New(RGB, size[0], size[1], 1, 1, false)
			rgbRows(a, m)
			rgbBands(b, m)
			for c := range 3 {
				for i, v := range a.Planes[c].Pix {
					// One level of chroma is up to 1.8 of blue.
					if d := int(v) - int(b.Planes[c].Pix[i]); d > 2 || d < -2 {
						t.Fatalf("%v %v: channel %d sample %d is %d, not %d", sub, size, c, i, v, b.Planes[c].Pix[i])
					}
				}
			}
		}
	}
}

// Primaries and extremes of ITU-T T.871 §7.
func TestYCbCrOfPrimaries(t *testing.T) {
	for _, c := range []struct{ rgb, ycc [3]uint8 }{
		{[3]uint8{0, 0, 0}, [3]uint8{0, 128, 128}}, {[3]uint8{255, 255, 255}, [3]uint8{255, 128, 128}},
		{[3]uint8{255, 0, 0}, [3]uint8{76, 85, 255}}, {[3]uint8{0, 255, 0}, [3]uint8{150, 44, 21}},
		{[3]uint8{0, 0, 255}, [3]uint8{29, 255, 107}},
	} {
		for _, sub := range [][2]int{{1, 1}, {2, 2}, {4, 4}, {4, 2}} {
			m := New(RGB, 5, 5, 1, 1, false)
			for i := range m.Planes {
				for k := range m.Planes[i].Pix {
					m.Planes[i].Pix[k] = c.rgb[i]
				}
			}
			r := ToYCbCr(m, sub[0], sub[1])
			for i, p := range r.Planes {
				for _, v := range p.Pix {
					if v != c.ycc[i] {
						t.Errorf("%v %v: plane %d is %d, want %d", c.rgb, sub, i, v, c.ycc[i])
						break
					}
				}
			}
			if got := (Colour{c.rgb[0], c.rgb[1], c.rgb[2]}).in(YCbCr); [3]uint8(got) != c.ycc {
				t.Errorf("%v as a colour is %v", c.rgb, got)
			}
		}
	}
}

func TestBitonal(t *testing.T) {
	m := New(Gray, 256, 1, 1, 1, false)
	for i := range m.Planes[0].Pix {
		m.Planes[0].Pix[i] = byte(i)
	}
	r := ToBitonal(m)
	for i, v := range r.Planes[0].Pix {
		if (v == 255) != (i >= 128) || v != 0 && v != 255 {
			t.Fatalf("%d became %d", i, v)
		}
	}
	p, ok := r.Std().(*image.Paletted)
	if !ok || len(p.Palette) != 2 || p.Pix[127] != 0 || p.Pix[128] != 1 {
		t.Errorf("bitonal is %T", r.Std())
	}
	if again := must(t)(FromStd(p)); !again.Bitonal || !same(again, r) {
		t.Error("not bitonal again")
	}
	if ToBitonal(r) != r {
		t.Error("bitonal was converted again")
	}
	if half := must(t)(Resize(r, whole(r), 77, 1, Linear)); half.Bitonal {
		t.Error("a scaled bitonal image claims to be bitonal")
	}
}

func TestFlatten(t *testing.T) {
	for _, c := range []struct {
		v, a, ground, want uint8
	}{{200, 255, 10, 200}, {200, 0, 10, 10}, {200, 128, 10, 105}, {0, 1, 255, 254}} {
		for _, model := range []Model{Gray, RGB, YCbCr} {
			m := New(model, 3, 3, 2, 2, true)
			for i, p := range planes(m) {
				for k := range p.Pix {
					p.Pix[k] = c.v
					if model == YCbCr && i > 0 {
						p.Pix[k] = 128
					}
				}
			}
			for k := range m.Alpha.Pix {
				m.Alpha.Pix[k] = c.a
			}
			r := Flatten(m, Colour{c.ground, c.ground, c.ground})
			if r.Alpha != nil || r.Planes[0].Pix[4] != c.want {
				t.Errorf("%v, model %d: %d", c, model, r.Planes[0].Pix[4])
			}
			if model == YCbCr && r.Planes[1].Pix[0] != 128 {
				t.Errorf("%v: gray got chroma %d", c, r.Planes[1].Pix[0])
			}
		}
	}
}

// A step grows on both sides by amount/4 of its height (a 3 × 3 binomial blur
// takes a quarter), flat parts stay, and colours keep their chroma.
func TestSharpen(t *testing.T) {
	for _, model := range []Model{Gray, YCbCr, RGB} {
		m := New(model, 8, 5, 1, 1, false)
		for i := range m.Planes {
			for k := range m.Planes[i].Pix {
				m.Planes[i].Pix[k] = 100
				if k%8 >= 4 && !(model == YCbCr && i > 0) {
					m.Planes[i].Pix[k] = 140
				}
			}
		}
		if Sharpen(m, 0) != m {
			t.Error("amount 0 copies")
		}
		r := Sharpen(m, 1)
		for x, want := range []uint8{100, 100, 100, 90, 150, 140, 140, 140} {
			if got := r.Planes[0].Row(2)[x]; got != want {
				t.Errorf("model %d: column %d is %d, want %d", model, x, got, want)
			}
		}
		if model == YCbCr && &r.Planes[1].Pix[0] != &m.Planes[1].Pix[0] {
			t.Error("chroma was touched")
		}
		if m.Planes[0].Row(2)[3] != 100 {
			t.Error("the argument was changed")
		}
	}
}

func TestParseColour(t *testing.T) {
	for s, want := range map[string]Colour{
		"#ff8000": {255, 128, 0}, "0A0b0C": {10, 11, 12}, "white": {255, 255, 255}, "black": {},
	} {
		if c, err := ParseColour(s); err != nil || c != want {
			t.Errorf("%q is %v, %v", s, c, err)
		}
	}
	for _, s := range []string{"", "#", "#fff", "ff80000", "gg0000", "#ff800", "White", "##ff800", "é0000"} {
		if _, err := ParseColour(s); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
