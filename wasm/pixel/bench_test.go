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
		model      Model
		w, h, x, y int
		alpha      bool
	}{
		{"4:2:0/4000x2250-1000x563", YCbCr, 4000, 2250, 1000, 563, false},
		{"4:2:0/4000x2250-2000x1125", YCbCr, 4000, 2250, 2000, 1125, false},
		{"4:2:0/4000x2250-500x281", YCbCr, 4000, 2250, 500, 281, false},
		{"4:2:0/1024-512", YCbCr, 1024, 1024, 512, 512, false},
		{"4:2:0/1024-400", YCbCr, 1024, 1024, 400, 400, false},
		{"4:2:0/700-512", YCbCr, 700, 700, 512, 512, false},
		{"4:2:0/256-512", YCbCr, 256, 256, 512, 512, false},
		{"gray/4000x2250-1000x563", Gray, 4000, 2250, 1000, 563, false},
		{"gray/1024-512", Gray, 1024, 1024, 512, 512, false},
		{"RGB/4000x2250-1000x563", RGB, 4000, 2250, 1000, 563, false},
		{"RGB/1024-512", RGB, 1024, 1024, 512, 512, false},
		{"alpha/1024-512", YCbCr, 1024, 1024, 512, 512, true},
	} {
		m := noise(t.model, t.w, t.h, 2, 2, t.alpha)
		compare(b, t.name, func() {
			if _, err := Resize(m, Window{0, 0, float64(t.w), float64(t.h)}, t.x, t.y, Lanczos3); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// compare runs do with vectors and without.
func compare(b *testing.B, name string, do func()) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			do()
		}
	})
	b.Run(name+"/words", func(b *testing.B) {
		words(func() {
			for b.Loop() {
				do()
			}
		})
	})
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
		compare(b, t.name, t.do)
	}
}
