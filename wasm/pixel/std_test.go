package pixel

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// opaqueAt hides the type of an image, so that FromStd has no fast path.
type opaqueAt struct{ image.Image }

// Every fast path gives what the colours of the image say, also for sub-images.
func TestFromStdAgreesWithColours(t *testing.T) {
	rect := image.Rect(3, 5, 40, 31)
	seed := uint32(9)
	next := func() uint8 { seed = seed*1664525 + 1013904223; return uint8(seed >> 24) }
	fill := func(p []uint8) {
		for i := range p {
			p[i] = next()
		}
	}
	images := map[string]image.Image{}
	gray, gray16, nrgba, nrgba64, cmyk := image.NewGray(rect), image.NewGray16(rect), image.NewNRGBA(rect), image.NewNRGBA64(rect), image.NewCMYK(rect)
	fill(gray.Pix)
	fill(gray16.Pix)
	fill(nrgba.Pix)
	fill(nrgba64.Pix)
	fill(cmyk.Pix)
	images["gray"], images["gray16"], images["nrgba"], images["nrgba64"], images["cmyk"] = gray, gray16, nrgba, nrgba64, cmyk
	rgba, rgba64 := image.NewRGBA(rect), image.NewRGBA64(rect)
	pal := image.NewPaletted(rect, nil)
	for range 200 {
		pal.Palette = append(pal.Palette, color.NRGBA{next(), next(), next(), next()})
	}
	for y := rect.Min.Y; y < rect.Max.Y; y++ {
		for x := rect.Min.X; x < rect.Max.X; x++ {
			c := color.NRGBA{next(), next(), next(), next()}
			rgba.Set(x, y, c)
			rgba64.Set(x, y, c)
			pal.SetColorIndex(x, y, next()%200)
		}
	}
	images["rgba"], images["rgba64"], images["paletted"] = rgba, rgba64, pal
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410} {
		y := image.NewNYCbCrA(image.Rect(0, 0, 41, 35), ratio)
		fill(y.Y)
		fill(y.Cb)
		fill(y.Cr)
		fill(y.A)
		images["YCbCr "+ratio.String()], images["NYCbCrA "+ratio.String()] = &y.YCbCr, y
		images["sub YCbCr "+ratio.String()] = y.YCbCr.SubImage(image.Rect(3, 5, 30, 31))
	}
	images["sub nrgba"] = nrgba.SubImage(image.Rect(10, 11, 30, 20))
	images["other"] = opaqueAt{nrgba}
	for name, src := range images {
		m := must(t)(FromStd(src))
		b := src.Bounds()
		rgb := m
		if m.Model == YCbCr {
			// The library repeats chroma where we interpolate: compare with it
			// sample by sample.
			rgb = New(RGB, m.Width, m.Height, 1, 1, false)
			rgb.Alpha = m.Alpha
			for y := range m.Height {
				for x := range m.Width {
					i := y*m.Width + x
					rgb.Planes[0].Pix[i], rgb.Planes[1].Pix[i], rgb.Planes[2].Pix[i] = color.YCbCrToRGB(
						m.Planes[0].Row(y)[x], m.Planes[1].Row(y / m.SubY)[x/m.SubX], m.Planes[2].Row(y / m.SubY)[x/m.SubX])
				}
			}
		}
		rgb = ToRGB(rgb)
		for y := range m.Height {
			for x := range m.Width {
				c := color.NRGBA64Model.Convert(src.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA64)
				for i, want := range []uint16{c.R, c.G, c.B, c.A} {
					got, limit := uint8(255), 0.51
					if i < 3 {
						got = rgb.Planes[i].Row(y)[x]
						if c.A != 0xffff {
							limit = 0.51 + 130/max(float64(c.A)/257, 1) // premultiplied 8 bits tell no more
						}
						if m.Model == CMYK || m.Model == YCbCr {
							limit = max(limit, 1) // 16 bits of the library against its 8
						}
					} else if m.Alpha != nil {
						got = m.Alpha.Row(y)[x]
					}
					if c.A == 0 && i < 3 {
						continue
					}
					if d := math.Abs(float64(got) - float64(want)/257); d > limit {
						t.Fatalf("%s (%d, %d) channel %d: %d, want %.2f at opacity %d", name, x, y, i, got, float64(want)/257, c.A/257)
					}
				}
			}
		}
	}
}

func TestFromStdShapes(t *testing.T) {
	rect := image.Rect(0, 0, 9, 7)
	opaque := image.NewNRGBA(rect)
	for i := range opaque.Pix {
		opaque.Pix[i] = 255
	}
	grays := image.NewPaletted(rect, color.Palette{color.Gray{9}, color.Gray{200}})
	holes := image.NewPaletted(rect, color.Palette{color.NRGBA{255, 0, 0, 255}})
	holes.Pix[0] = 77 // beyond the palette
	for name, c := range map[string]struct {
		src   image.Image
		model Model
		alpha bool
	}{
		"opaque NRGBA": {opaque, RGB, false}, "gray palette": {grays, Gray, false}, "index beyond": {holes, RGB, true},
		"clear NRGBA": {image.NewNRGBA(rect), RGB, true}, "gray": {image.NewGray(rect), Gray, false}, "CMYK": {image.NewCMYK(rect), CMYK, false},
	} {
		m := must(t)(FromStd(c.src))
		if m.Model != c.model || (m.Alpha != nil) != c.alpha {
			t.Errorf("%s: model %d, alpha %v", name, m.Model, m.Alpha != nil)
		}
	}
	for name, src := range map[string]image.Image{"nil": nil, "empty": image.NewGray(image.Rect(0, 0, 0, 5)), "huge": image.NewUniform(color.White)} {
		if _, err := FromStd(src); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// 16 bits are divided by 257 and rounded, all of them.
func TestTo8(t *testing.T) {
	for v := range 1 << 16 {
		if want := uint8(math.Round(float64(v) / 257)); to8(uint16(v)) != want {
			t.Fatalf("%d is %d, want %d", v, to8(uint16(v)), want)
		}
	}
	for v := uint32(0); v <= 255*255; v++ {
		if want := uint8(math.Round(float64(v) / 255)); div255(v) != want {
			t.Fatalf("%d/255 is %d, want %d", v, div255(v), want)
		}
	}
}

// There and back again; planes are shared where the layouts allow.
func TestStdRoundTrip(t *testing.T) {
	for _, m := range []*Image{
		noise(Gray, 31, 17, 1, 1, false), noise(RGB, 31, 17, 1, 1, false), noise(RGB, 31, 17, 1, 1, true), noise(CMYK, 31, 17, 1, 1, false),
		noise(YCbCr, 31, 17, 1, 1, false), noise(YCbCr, 31, 17, 2, 1, false), noise(YCbCr, 31, 17, 2, 2, false),
		noise(YCbCr, 31, 17, 1, 2, false), noise(YCbCr, 31, 17, 4, 1, false), noise(YCbCr, 31, 17, 4, 2, false),
	} {
		s := m.Std()
		if back := must(t)(FromStd(s)); !same(back, m) {
			t.Errorf("model %d %d×%d came back different from %T", m.Model, m.SubX, m.SubY, s)
		}
		switch s := s.(type) {
		case *image.YCbCr:
			if &s.Cb[0] != &m.Planes[1].Pix[0] {
				t.Error("chroma was copied")
			}
		case *image.Gray:
			if &s.Pix[0] != &m.Planes[0].Pix[0] {
				t.Error("gray was copied")
			}
		case *image.NRGBA:
			if s.Opaque() != (m.Alpha == nil) {
				t.Error("opacity differs")
			}
		}
	}
	for _, m := range []*Image{noise(YCbCr, 9, 9, 4, 4, false), noise(YCbCr, 9, 9, 2, 2, true), noise(Gray, 9, 9, 1, 1, true)} {
		if s, ok := m.Std().(*image.NRGBA); !ok || s.Rect.Dx() != 9 {
			t.Errorf("model %d is %T", m.Model, m.Std())
		}
	}
}
