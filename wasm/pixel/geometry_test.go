package pixel

import (
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"testing"
)

// at is the definition of the eight EXIF orientations (CIPA DC-008, tag 274):
// where the pixel (x, y) of the upright image lies in a stored one of w × h.
func at(o, x, y, w, h int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	case 8:
		return w - 1 - y, x
	}
	return x, y
}

func TestOrientMovesPixels(t *testing.T) {
	m := noise(RGB, 71, 37, 1, 1, true)
	m.ICC = []byte("p")
	for o := 0; o <= 9; o++ {
		r := Orient(m, o)
		for i, p := range planes(r) {
			for y := range r.Height {
				for x := range r.Width {
					sx, sy := at(o, x, y, m.Width, m.Height)
					if p.Row(y)[x] != planes(m)[i].Row(sy)[sx] {
						t.Fatalf("orientation %d: pixel (%d, %d) of plane %d is wrong", o, x, y, i)
					}
				}
			}
		}
		if string(r.ICC) != "p" || r.check("") != nil || (o >= 5 && o <= 8) != (r.Width == 37) {
			t.Errorf("orientation %d: %d×%d", o, r.Width, r.Height)
		}
	}
}

// Identities of the group, also with subsampled chroma of whole cells.
func TestTurnIdentities(t *testing.T) {
	for _, m := range []*Image{
		noise(RGB, 33, 17, 1, 1, true), noise(Gray, 1, 9, 1, 1, false),
		noise(YCbCr, 64, 40, 2, 2, true), noise(YCbCr, 64, 40, 2, 1, false), noise(YCbCr, 64, 40, 4, 2, false),
	} {
		for name, ok := range map[string]bool{
			"mirror twice":   same(Mirror(Mirror(m)), m),
			"four turns":     same(Turn(Turn(Turn(Turn(m, 1), 1), 1), 1), m),
			"two are 180":    same(Turn(Turn(m, 1), 1), Turn(m, 2)),
			"back":           same(Turn(Turn(m, 3), 1), m),
			"−1 is 3":        same(Turn(m, -1), Turn(m, 3)),
			"5 is 1":         same(Turn(m, 5), Turn(m, 1)),
			"4 is none":      Turn(m, 4) == m,
			"4 is 2 and 180": same(Orient(m, 4), Turn(Mirror(m), 2)),
			"5 is 2 and 270": same(Orient(m, 5), Turn(Mirror(m), 3)),
			"7 is 2 and 90":  same(Orient(m, 7), Turn(Mirror(m), 1)),
			"reflections":    same(Mirror(Turn(m, 1)), Turn(Mirror(m), 3)),
			"swapped":        Turn(m, 1).SubX == m.SubY && Turn(m, 1).SubY == m.SubX,
			"rotate by 90":   same(Rotate(m, 90, nil), Turn(m, 1)),
			"rotate by −90":  same(Rotate(m, -90, nil), Turn(m, 3)),
			"rotate by 360":  Rotate(m, 360, nil) == m,
		} {
			if !ok {
				t.Errorf("%s fails for %d×%d, model %d, %d×%d", name, m.Width, m.Height, m.Model, m.SubX, m.SubY)
			}
		}
	}
}

// Chroma of odd sizes stays with its luma: a ramp of chroma is the same ramp
// after a reflection, where moving the cells alone is one pixel off.
func TestReflectionKeepsChromaSites(t *testing.T) {
	m := New(YCbCr, 101, 51, 2, 2, false)
	for y := range m.Planes[1].Height {
		for x := range m.Planes[1].Row(y) {
			m.Planes[1].Row(y)[x] = byte(50 + 2*x + 1)
			m.Planes[2].Row(y)[x] = byte(50 + 2*y + 1)
		}
	}
	for o := 2; o <= 8; o++ {
		r := Orient(m, o)
		for y := 2; y < r.Planes[1].Height-2; y++ {
			for x := 2; x < r.Planes[1].Width-2; x++ {
				// The centre of the cell is the corner of its four pixels: take
				// the mean of the places of two opposite ones.
				ax, ay := at(o, 2*x, 2*y, 101, 51)
				bx, by := at(o, 2*x+1, 2*y+1, 101, 51)
				wantU, wantV := 50+float64(ax+bx+1)/2, 50+float64(ay+by+1)/2
				u, v := float64(r.Planes[1].Row(y)[x]), float64(r.Planes[2].Row(y)[x])
				if math.Abs(u-wantU) > 0.6 || math.Abs(v-wantV) > 0.6 {
					t.Fatalf("orientation %d: chroma at (%d, %d) is %v %v, want %v %v", o, x, y, u, v, wantU, wantV)
				}
			}
		}
	}
}

// The canvas is that of libvips, and so are the pixels when they are sampled
// about libvips' centre, which its rounding moves up to 1.3 pixels off ours.
func TestRotateAgreesWithVips(t *testing.T) {
	path := needFile(t, photographs[0])
	dir := t.TempDir()
	m := ToRGB(must(t)(Resize(load(t, path), Window{100, 100, 1200, 700}, 601, 350, Cubic)))
	in, out := filepath.Join(dir, "in.png"), filepath.Join(dir, "out.png")
	save(t, m, in)
	white := &Colour{255, 255, 255}
	for _, angle := range []float64{45, 0.5, 10, 22.5, 89, 135, 180.25, 300} {
		vips(t, "rotate", in, out, fmt.Sprint(angle), "--background", "255 255 255")
		want := load(t, out)
		ours := Rotate(m, angle, white)
		if ours.Model != RGB || ours.Alpha != nil {
			t.Fatalf("%v: model %d, alpha %v", angle, ours.Model, ours.Alpha != nil)
		}
		if d := distance(t, ours, want); d > 3 {
			t.Errorf("%v differs by %.2f", angle, d)
		}
		if d := distance(t, Rotate(ToYCbCr(m, 2, 2), angle, white), ours); d > 1.5 {
			t.Errorf("%v in 4:2:0 differs by %.2f", angle, d)
		}

		// libvips turns about the centre of the first pixel and rounds the corner
		// of the bounding box.
		sin, cos := math.Sincos(angle * math.Pi / 180)
		w, h := float64(m.Width), float64(m.Height)
		left := math.Round(min(0, cos*w) + min(0, -sin*h))
		top := math.Round(min(0, sin*w) + min(0, cos*h))
		r := rotation{sin: sin, cos: cos, srcX: w / 2, srcY: h / 2, subX: 1, subY: 1, width: w, height: h,
			dstX: 0.5 - left + cos*(w-1)/2 - sin*(h-1)/2, dstY: 0.5 - top + sin*(w-1)/2 + cos*(h-1)/2}
		theirs := New(RGB, want.Width, want.Height, 1, 1, false)
		for i := range 3 {
			r.plane(&theirs.Planes[i], &m.Planes[i], 255, true)
		}
		if d := distance(t, theirs, want); d > 0.05 {
			t.Errorf("%v about the same centre differs by %.3f", angle, d)
		}
	}
}

// With a nil ground the corners are transparent, the inside is opaque, the area
// is that of the image, and the model stays.
func TestRotateAddsAlpha(t *testing.T) {
	for _, m := range []*Image{noise(Gray, 60, 41, 1, 1, false), noise(YCbCr, 60, 41, 2, 2, false), noise(RGB, 60, 41, 1, 1, false)} {
		for _, angle := range []float64{30, 45.5, 200, -20} {
			r := Rotate(m, angle, nil)
			if r.Alpha == nil || r.Model != m.Model || r.SubX != m.SubX || r.check("") != nil {
				t.Fatalf("model %d became %d", m.Model, r.Model)
			}
			if r.Alpha.Row(0)[0] != 0 || r.Alpha.Row(r.Height / 2)[r.Width/2] != 255 {
				t.Errorf("%v: corner %d, centre %d", angle, r.Alpha.Row(0)[0], r.Alpha.Row(r.Height / 2)[r.Width/2])
			}
			sum := 0
			for _, a := range r.Alpha.Pix {
				sum += int(a)
			}
			if area := float64(sum) / 255; math.Abs(area-60*41) > 15 {
				t.Errorf("%v: area %.1f, want %d", angle, area, 60*41)
			}
		}
	}
	// Alpha of the image is kept without fringes, or flattened onto a ground.
	m := New(RGB, 50, 50, 1, 1, true)
	for i := range m.Alpha.Pix {
		m.put(i, 0, 255, 0, 0)
		if i%50 < 25 {
			m.put(i, 255, 0, 0, 255)
		}
	}
	r := Rotate(m, 33, nil)
	for i, a := range r.Alpha.Pix {
		if a > 4 && (r.Planes[0].Pix[i] < 253 || r.Planes[1].Pix[i] > 2) {
			t.Fatalf("pixel %d is %d %d at opacity %d", i, r.Planes[0].Pix[i], r.Planes[1].Pix[i], a)
		}
	}
	if f := Rotate(m, 90, &Colour{0, 0, 255}); f.Alpha != nil || f.Planes[2].Row(49)[0] != 255 {
		t.Error("alpha is not flattened onto the ground")
	}
	if Rotate(m, math.NaN(), nil) != m || Rotate(m, math.Inf(1), nil) != m {
		t.Error("an angle that is not finite is not 0")
	}
}

func TestOrientAgreesWithVips(t *testing.T) {
	path := needFile(t, "../../../shared/images/real/jpg-exif-orientation-270.jpg")
	if _, err := exec.LookPath("exiftool"); err != nil {
		missing(t, "exiftool")
	}
	dir := t.TempDir()
	for o := 1; o <= 8; o++ {
		in, out := filepath.Join(dir, fmt.Sprint(o, ".jpg")), filepath.Join(dir, "out.png")
		if msg, err := exec.Command("exiftool", "-o", in, "-n", fmt.Sprintf("-Orientation=%d", o), path).CombinedOutput(); err != nil {
			t.Fatalf("exiftool: %v %s", err, msg)
		}
		vips(t, "autorot", in, out)
		if d := distance(t, Orient(load(t, in), o), load(t, out)); d > 1.5 {
			t.Errorf("orientation %d differs by %.2f", o, d)
		}
	}
}
