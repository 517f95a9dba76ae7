package codec

import (
	"context"
	"image"
	"path/filepath"
	"strings"
	"testing"
)

// TestReal compares every real file with libvips.
func TestReal(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t), "*"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	formats := map[string]string{".bmp": BMP, ".gif": GIF, ".jpg": JPG, ".png": PNG, ".tif": TIF}
	for _, file := range files {
		format := formats[filepath.Ext(file)]
		if format == "" {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			p, m := decodeFile(t, file)
			if p.Format() != format {
				t.Errorf("format %q, want %q", p.Format(), format)
			}
			if m.Alpha != nil && !p.HasAlpha() {
				t.Error("alpha that the header did not announce")
			}
			mean, worst := compare(t, file, ours(m), vips(t, file))
			// JPEG decoders differ in how they interpolate chroma, nothing else does.
			if strings.Contains(file, "jpg") || strings.Contains(file, "jpeg") {
				if mean > 1 {
					t.Errorf("mean difference %.2f, worst %d", mean, worst)
				}
			} else if worst > 0 {
				t.Errorf("mean difference %.2f, worst %d", mean, worst)
			}
			regions(t, p, m.Width, m.Height)
		})
	}
}

// regions checks that parts of every level equal the same parts of the whole.
func regions(t *testing.T, p *Picture, w, h int) {
	t.Helper()
	ctx := context.Background()
	for level, size := range p.Levels() {
		whole, err := p.Decode(ctx, level, image.Rectangle{Max: size})
		if err != nil {
			t.Fatalf("level %d: %v", level, err)
		}
		want := ours(whole.Image)
		for _, r := range []image.Rectangle{
			image.Rect(0, 0, 1, 1), image.Rect(size.X-1, size.Y-1, size.X, size.Y),
			image.Rect(size.X/3, size.Y/4, size.X/3+(size.X+1)/2, size.Y/4+(size.Y+1)/2),
		} {
			d, err := p.Decode(ctx, level, r)
			if err != nil {
				t.Fatalf("level %d, %v: %v", level, r, err)
			}
			r = r.Intersect(image.Rectangle{Max: size})
			if !r.In(d.Rect) || d.Rect.Dx() != d.Width || d.Rect.Dy() != d.Height || !d.Rect.In(image.Rectangle{Max: size}) {
				t.Fatalf("level %d, %v: got %v, %d × %d", level, r, d.Rect, d.Width, d.Height)
			}
			// Chroma at the edges of the decoded part lacks its neighbours: compare
			// luma, or what stands for it.
			got := ours(d.Image)
			for y := r.Min.Y; y < r.Max.Y; y++ {
				for x := r.Min.X; x < r.Max.X; x++ {
					a, b := got.at(x-d.Rect.Min.X, y-d.Rect.Min.Y, 0), want.at(x, y, 0)
					if diff := max(a-b, b-a); diff > 0 && whole.SubX*whole.SubY == 1 {
						t.Fatalf("level %d, %v: pixel %d,%d is %d, in the whole %d", level, r, x, y, a, b)
					}
				}
			}
			if whole.Planes[0].Width > 0 {
				for y := r.Min.Y; y < r.Max.Y; y++ {
					for x := r.Min.X; x < r.Max.X; x++ {
						if a, b := d.Planes[0].Row(y - d.Rect.Min.Y)[x-d.Rect.Min.X], whole.Planes[0].Row(y)[x]; a != b {
							t.Fatalf("level %d, %v: first plane at %d,%d is %d, in the whole %d", level, r, x, y, a, b)
						}
					}
				}
			}
		}
	}
}
