package jpeg

import (
	"bytes"
	"image"
	stdjpeg "image/jpeg"
	"testing"
)

// benchFile is a photograph of 4000 × 2250 pixels, or as near as there is.
func benchFile(b *testing.B, args ...string) []byte {
	b.Helper()
	ppm := tool(b, readFile(b, "/usr/share/backgrounds/mate/abstract/Elephants_3840x2160.jpg"), "djpeg")
	return tool(b, ppm, "cjpeg", append([]string{"-quality", "90"}, args...)...)
}

func BenchmarkDecode(b *testing.B) {
	base, prog := benchFile(b, "-sample", "2x2"), benchFile(b, "-sample", "2x2", "-progressive")
	b.Run("std", func(b *testing.B) {
		for b.Loop() {
			if _, err := stdjpeg.Decode(bytes.NewReader(base)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("std progressive", func(b *testing.B) {
		for b.Loop() {
			if _, err := stdjpeg.Decode(bytes.NewReader(prog)); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, bm := range []struct {
		name string
		file []byte
		o    DecodeOptions
	}{
		{"whole", base, DecodeOptions{}},
		{"half", base, DecodeOptions{Scale: 2}},
		{"quarter", base, DecodeOptions{Scale: 4}},
		{"eighth", base, DecodeOptions{Scale: 8}},
		{"tile", base, DecodeOptions{Region: image.Rect(1024, 1024, 1536, 1536)}},
		{"progressive", prog, DecodeOptions{}},
		{"progressive eighth", prog, DecodeOptions{Scale: 8}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Decode(bytes.NewReader(bm.file), bm.o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
