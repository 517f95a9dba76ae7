package jpeg

import (
	"bytes"
	"image"
	"strings"
	"testing"
)

func BenchmarkBuildIndex(b *testing.B) {
	for _, bm := range []struct {
		name string
		args []string
	}{
		{"quality 90 4:2:0", []string{"-sample", "2x2"}},
		{"quality 75 4:2:0", []string{"-sample", "2x2", "-quality", "75"}},
		{"quality 95 4:4:4 optimized", []string{"-sample", "1x1", "-quality", "95", "-optimize"}},
		{"restart per row", []string{"-sample", "2x2", "-restart", "1"}},
		{"restart every 4", []string{"-sample", "2x2", "-restart", "4B"}},
	} {
		file := benchFile(b, bm.args...)
		b.Run(bm.name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				x, err := BuildIndex(bytes.NewReader(file), int64(len(file)))
				if err != nil {
					b.Fatal(err)
				}
				_ = x
			}
			x, _ := BuildIndex(bytes.NewReader(file), int64(len(file)))
			stored, _ := x.AppendBinary(nil)
			b.ReportMetric(100*float64(len(stored))/float64(len(file)), "%stored")
		})
	}
}

func BenchmarkTile(b *testing.B) {
	for _, bm := range []struct {
		name string
		rect image.Rectangle
		args []string
	}{
		{"512", image.Rect(1024, 1024, 1536, 1536), nil},
		{"512 off the grid", image.Rect(1040, 1040, 1552, 1552), nil},
		{"256", image.Rect(1024, 1024, 1280, 1280), nil},
		{"1024", image.Rect(1024, 1024, 2048, 2048), nil},
		{"512 4:4:4", image.Rect(1024, 1024, 1536, 1536), []string{"-sample", "1x1"}},
		{"512 restart per row", image.Rect(1024, 1024, 1536, 1536), []string{"-restart", "1"}},
		{"512 restart every 4", image.Rect(1024, 1024, 1536, 1536), []string{"-restart", "4B"}},
		{"512 restart every 4, kept", image.Rect(1024, 1024, 1536, 1536), []string{"-restart", "4B"}},
		{"512 restart every 1, kept", image.Rect(1024, 1024, 1536, 1536), []string{"-restart", "1B"}},
		{"512 restart every 16, kept", image.Rect(1024, 1024, 1536, 1536), []string{"-restart", "16B"}},
		{"512 restart every 7", image.Rect(1024, 1024, 1536, 1536), []string{"-restart", "7B"}},
		{"512 restart every 20", image.Rect(1024, 1024, 1536, 1536), []string{"-restart", "20B"}},
	} {
		file := benchFile(b, append([]string{"-sample", "2x2"}, bm.args...)...)
		o := TileOptions{KeepRestarts: strings.HasSuffix(bm.name, "kept")}
		x, err := BuildIndex(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(bm.name, func(b *testing.B) {
			var tile []byte
			src := bytes.NewReader(file)
			for b.Loop() {
				if tile, err = x.AppendTile(tile[:0], src, bm.rect, o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(tile)), "bytes")
		})
	}
}
