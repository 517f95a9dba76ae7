package pixel

import "testing"

// noise fills an image with reproducible values.
func noise(model Model, w, h, subX, subY int, alpha bool) *Image {
	m := New(model, w, h, subX, subY, alpha)
	s := uint32(1)
	fill := func(p []byte) {
		for i := range p {
			s = s*1664525 + 1013904223
			p[i] = byte(s >> 24)
		}
	}
	for i := range m.Planes {
		fill(m.Planes[i].Pix)
	}
	if alpha {
		fill(m.Alpha.Pix)
	}
	return m
}

func BenchmarkResize(b *testing.B) {
	for _, t := range []struct {
		name       string
		w, h, x, y int
		alpha      bool
	}{
		{"4000x2250-1000x563", 4000, 2250, 1000, 563, false},
		{"4000x2250-2000x1125", 4000, 2250, 2000, 1125, false},
		{"1024-512", 1024, 1024, 512, 512, false},
		{"700-512", 700, 700, 512, 512, false},
		{"256-512", 256, 256, 512, 512, false},
		{"alpha1024-512", 1024, 1024, 512, 512, true},
	} {
		m := noise(YCbCr, t.w, t.h, 2, 2, t.alpha)
		b.Run(t.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Resize(m, Window{0, 0, float64(t.w), float64(t.h)}, t.x, t.y, Lanczos3); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTone(b *testing.B) {
	m := noise(YCbCr, 1024, 1024, 2, 2, false)
	rgb := noise(RGB, 1024, 1024, 1, 1, false)
	for _, t := range []struct {
		name string
		do   func()
	}{
		{"ToRGB", func() { ToRGB(m) }},
		{"ToYCbCr", func() { ToYCbCr(rgb, 2, 2) }},
		{"Turn90", func() { Turn(m, 1) }},
		{"Mirror", func() { Mirror(m) }},
		{"Rotate30", func() { Rotate(m, 30, &Colour{}) }},
		{"Rotate30alpha", func() { Rotate(m, 30, nil) }},
		{"Sharpen", func() { Sharpen(m, 1) }},
	} {
		b.Run(t.name, func(b *testing.B) {
			for b.Loop() {
				t.do()
			}
		})
	}
}
