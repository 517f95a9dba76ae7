package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// TestPyramid reads the levels of a pyramid that libvips made, turned as well.
func TestPyramid(t *testing.T) {
	need(t, "vips", "exiftool")
	dir := t.TempDir()
	src := write(t, "src.png", stdPNG(t, picture(1100, 700, false)))
	file := filepath.Join(dir, "pyramid.tif")
	run(t, "vips", "tiffsave", src, file, "--tile", "--pyramid", "--compression", "deflate", "--tile-width", "128", "--tile-height", "128")
	turned := filepath.Join(dir, "turned.tif")
	run(t, "exiftool", "-q", "-n", "-Orientation=6", "-o", turned, file)
	plain := filepath.Join(dir, "strips.tif")
	run(t, "vips", "tiffsave", src, plain)

	p, err := openFile(t, file, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	// libvips halves, rounding down, until a tile holds all.
	sizes := fmt.Sprint(p.Levels())
	if sizes != "[(1100,700) (550,350) (275,175) (137,87) (68,43)]" || !p.Partial() || p.Pages() != 1 {
		t.Errorf("levels %s, partial %v, %d pages", sizes, p.Partial(), p.Pages())
	}
	q, err := openFile(t, turned, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(q.Levels()); got != "[(700,1100) (350,550) (175,275) (87,137) (43,68)]" {
		t.Errorf("turned: %s", got)
	}
	if s, err := openFile(t, plain, Limits{}); err != nil || s.Partial() {
		t.Errorf("strips: %v", err)
	}
	for i, size := range p.Levels() {
		page := filepath.Join(dir, fmt.Sprint(i, ".png"))
		run(t, "vips", "copy", fmt.Sprintf("%s[page=%d]", file, i), page)
		want := vips(t, page)
		d, err := p.Decode(context.Background(), i, image.Rectangle{Max: size})
		if err != nil {
			t.Fatal(err)
		}
		if _, worst := compare(t, page, ours(d.Image), want); worst > 0 {
			t.Errorf("level %d differs by %d", i, worst)
		}
	}
	regions(t, p, 1100, 700)
	regions(t, q, 700, 1100)
	// A tile takes less memory than the whole, besides buffers.
	if part, whole := p.MemoryFor(0, image.Rect(0, 0, 100, 100)), p.MemoryFor(0, image.Rect(0, 0, 1100, 700)); part > whole*2/3 {
		t.Errorf("%d bytes for a tile, %d for all", part, whole)
	}
}

// TestReductions compares the reduced sizes of a JPEG with those of libjpeg.
func TestReductions(t *testing.T) {
	need(t, "vips")
	dir := t.TempDir()
	src := write(t, "src.png", stdPNG(t, picture(333, 251, false)))
	file := filepath.Join(dir, "a.jpg")
	run(t, "vips", "jpegsave", src, file, "--Q", "90")
	p, err := openFile(t, file, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p.Levels()); got != "[(333,251) (167,126) (84,63) (42,32)]" || p.Partial() {
		t.Errorf("levels %s, partial %v", got, p.Partial())
	}
	for i, size := range p.Levels() {
		small := filepath.Join(dir, fmt.Sprint(i, ".v"))
		run(t, "vips", "jpegload", file, small, "--shrink", fmt.Sprint(1<<i))
		d, err := p.Decode(context.Background(), i, image.Rectangle{Max: size})
		if err != nil {
			t.Fatal(err)
		}
		// libvips leaves out the last, partial column and row.
		want := vips(t, small)
		got := ours(d.Image)
		if got.w-want.w > 1 || got.h-want.h > 1 {
			t.Fatalf("level %d: %d × %d, libvips has %d × %d", i, got.w, got.h, want.w, want.h)
		}
		part := raster{w: want.w, h: want.h, bands: got.bands}
		for y := range want.h {
			part.pix = append(part.pix, got.pix[y*got.w*got.bands:][:want.w*got.bands]...)
		}
		if mean, worst := compare(t, small, part, want); mean > 1 {
			t.Errorf("level %d: mean difference %.2f, worst %d", i, mean, worst)
		}
	}
}

// TestStoredProfile compares the profile of a photograph with what exiftool takes
// out of it.
func TestStoredProfile(t *testing.T) {
	need(t, "exiftool")
	file := filepath.Join(shared(t), "jpg-icc.jpg")
	want, err := exec.Command("exiftool", "-b", "-icc_profile", file).Output()
	if err != nil || len(want) < 128 {
		t.Fatalf("%d bytes: %v", len(want), err)
	}
	p, m := decodeFile(t, file)
	if !bytes.Equal(p.ICC(), want) || !bytes.Equal(m.ICC, want) {
		t.Errorf("%d and %d bytes, want %d", len(p.ICC()), len(m.ICC), len(want))
	}
}

// TestTopDown reads a BMP whose rows are stored from the top.
func TestTopDown(t *testing.T) {
	data := samples(t, 21, 17)[BMP]
	p, err := Open(bytes.NewReader(data), int64(len(data)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	up := ours(decodeAll(t, "up", p))
	height := int32(-17)
	binary.LittleEndian.PutUint32(data[22:], uint32(height))
	if p, err = Open(bytes.NewReader(data), int64(len(data)), Limits{}); err != nil {
		t.Fatal(err)
	}
	down := ours(decodeAll(t, "down", p))
	for y := range 17 {
		if !bytes.Equal(up.pix[y*63:][:63], down.pix[(16-y)*63:][:63]) {
			t.Fatalf("row %d", y)
		}
	}
}

// TestPNGReductions compares the reduced sizes of a PNG with means computed here,
// in floating point.
func TestPNGReductions(t *testing.T) {
	for name, m := range models(t, 75, 53) {
		data := encode(t, m, EncodeOptions{Format: PNG})
		p, err := Open(bytes.NewReader(data), int64(len(data)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Levels()) != 1 {
			t.Fatalf("a small PNG has levels %v", p.Levels())
		}
		// As if it were large.
		p.stored.(*pngFile).reductions = 3
		p.levels = p.stored.levels()
		if got := fmt.Sprint(p.Levels()); got != "[(75,53) (38,27) (19,14) (10,7)]" {
			t.Fatal(got)
		}
		full := ours(m)
		for level, size := range p.Levels() {
			d, err := p.Decode(context.Background(), level, image.Rectangle{Max: size})
			if err != nil {
				t.Fatal(err)
			}
			if _, worst := compare(t, name, ours(d.Image), means(full, 1<<level)); worst > 1 {
				t.Errorf("%s, level %d: differs by %d", name, level, worst)
			}
		}
		regions(t, p, 75, 53)
	}
}

// means averages cells of s × s pixels, colours by their opacity.
func means(r raster, s int) raster {
	out := raster{w: (r.w + s - 1) / s, h: (r.h + s - 1) / s, bands: r.bands}
	for y := range out.h {
		for x := range out.w {
			var sum [4]float64
			var weight, n float64
			for j := y * s; j < min(y*s+s, r.h); j++ {
				for i := x * s; i < min(x*s+s, r.w); i++ {
					a := 1.0
					if r.bands == 4 {
						a = float64(r.at(i, j, 3)) / 255
					}
					for c := range 3 {
						sum[c] += a * float64(r.at(i, j, c))
					}
					weight += a
					n++
				}
			}
			for c := range 3 {
				out.pix = append(out.pix, byte(sum[c]/max(weight, 1e-9)+0.5))
			}
			if r.bands == 4 {
				out.pix = append(out.pix, byte(255*weight/n+0.5))
			}
		}
	}
	return out
}

// TestLargePNG makes a thumbnail of 17 megapixels in a fraction of their memory.
func TestLargePNG(t *testing.T) {
	m := pixel.New(pixel.Gray, 4200, 4100, 1, 1, false)
	for y := range m.Height {
		row := m.Planes[0].Row(y)
		for x := range row {
			row[x] = byte(x >> 5)
		}
	}
	data := encode(t, m, EncodeOptions{Format: PNG})
	p, err := Open(bytes.NewReader(data), int64(len(data)), Limits{MaxDecodeBytes: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p.Levels()); got != "[(4200,4100) (2100,2050) (1050,1025)]" {
		t.Fatal(got)
	}
	if _, err := p.Decode(context.Background(), 0, image.Rect(0, 0, 4200, 4100)); !fault.Is(err, fault.Unsupported) {
		t.Errorf("more than MaxDecodeBytes: %v", err)
	}
	d, err := p.Decode(context.Background(), 2, image.Rect(0, 0, 1050, 1025))
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Planes[0].Row(500)[808]; got != 101 { // 808·4 is in the column of 101
		t.Errorf("%d", got)
	}
}
