package codec

import (
	"bytes"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"math"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// TestWindowPlaces decodes a slope whose size is not a multiple of 8, turned in all
// eight ways, at all levels, and wants each pixel to show what the window says
// that it stands for. A size taken for the image's would shift it by up to 7/8 of a
// pixel.
func TestWindowPlaces(t *testing.T) {
	const w, h = 521, 393
	m := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetGray(x, y, color.Gray{Y: uint8(float64(x)/4 + float64(y)/4 + 0.5)})
		}
	}
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, m, &stdjpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	for o := 1; o <= 8; o++ {
		exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(rune(o)) + "\x00\x00\x00\x00\x00\x00"
		file := append([]byte{0xFF, 0xD8, 0xFF, 0xE1, 0, byte(len(exif) + 2)}, exif...)
		file = append(file, b.Bytes()[2:]...)
		p, err := Open(bytes.NewReader(file), int64(len(file)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		whole := image.Rect(0, 0, p.Width(), p.Height())
		full, err := p.Decode(t.Context(), 0, whole)
		if err != nil {
			t.Fatal(err)
		}
		for level, size := range p.Levels() {
			small, err := p.Decode(t.Context(), level, image.Rectangle{Max: size})
			if err != nil {
				t.Fatal(err)
			}
			win := p.Window(level, whole, 100, 100)
			n := float64(int(1) << level)
			if win.W*n != float64(p.Width()) || win.H*n != float64(p.Height()) {
				t.Fatalf("orientation %d, level %d: window %v of %v", o, level, win, size)
			}
			var sum, worst, count float64
			for y := 2; y < size.Y-2; y++ {
				for x := 2; x < size.X-2; x++ {
					// The slope at the pixel's centre, between two full pixels at most.
					fx, fy := (float64(x)+0.5-win.X)*n-0.5, (float64(y)+0.5-win.Y)*n-0.5
					d := float64(small.Planes[0].Row(y)[x]) - bilinear(&full.Planes[0], fx, fy)
					sum, worst, count = sum+d, max(worst, math.Abs(d)), count+1
				}
			}
			if mean := sum / count; math.Abs(mean) > 0.1 || worst > 2 {
				t.Errorf("orientation %d, level %d: off by %.2f, at most %.1f", o, level, mean, worst)
			}
		}
	}
}

func bilinear(p *pixel.Plane, x, y float64) float64 {
	x0, y0 := int(x), int(y)
	fx, fy := x-float64(x0), y-float64(y0)
	a, b := p.Row(y0), p.Row(y0+1)
	return (float64(a[x0])*(1-fx)+float64(a[x0+1])*fx)*(1-fy) + (float64(b[x0])*(1-fx)+float64(b[x0+1])*fx)*fy
}

// TestWindow is worked out by hand: 1001 pixels are 125.125 of those of a level
// at 1/8, of which there are 126 or, rounded down, 125.
func TestWindow(t *testing.T) {
	for _, tc := range []struct {
		name                                  string
		from, to, size, reduced, factor, want int
		mirrored                              bool
		at, length                            float64
	}{
		{"all", 0, 1001, 1001, 126, 8, 100, false, 0, 125.125},
		{"inside", 80, 200, 1001, 126, 8, 10, false, 10, 15},
		{"up to the edge", 800, 1001, 1001, 126, 8, 20, false, 100, 25.125},
		{"the last tile as it is", 800, 1001, 1001, 126, 8, 26, false, 100, 26},
		{"rounded down, as it is", 800, 1001, 1001, 125, 8, 25, false, 100, 25},
		{"all as it is", 0, 1001, 1001, 126, 8, 126, false, 0, 126},
		{"not on a pixel", 804, 1001, 1001, 126, 8, 25, false, 100.5, 24.625},
		{"mirrored", 0, 1001, 1001, 126, 8, 126, true, 0.875, 125.125},
		{"a factor that is not known", 0, 500, 1000, 333, 0, 1, false, 0, 166.5},
	} {
		at, length := span(tc.from, tc.to, tc.size, tc.reduced, tc.factor, tc.want, tc.mirrored)
		if at != tc.at || length != tc.length {
			t.Errorf("%s: %v + %v, want %v + %v", tc.name, at, length, tc.at, tc.length)
		}
	}
}

// TestLevelFor chooses levels of a JPEG of 4000 × 2250: at least as large as what
// is asked for, and by jpegMargins larger where few frequencies make the samples.
func TestLevelFor(t *testing.T) {
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 4000, 2250)), nil); err != nil {
		t.Fatal(err)
	}
	p, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for ratio, want := range map[float64]int{1: 0, 2.9: 0, 3.1: 1, 4: 1, 6.9: 1, 7.1: 2, 7.8125: 2, 8: 2, 15.9: 2, 16: 3, 100: 3} {
		if got := p.LevelFor(1 / ratio); got != want {
			t.Errorf("at 1/%v: level %d, want %d", ratio, got, want)
		}
	}
}
