package codec

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// bandFiles makes files of all kinds that stream, and some that do not.
func bandFiles(t *testing.T) map[string]bool {
	t.Helper()
	need(t, "vips", "tiffcp", "cjpeg")
	dir := t.TempDir()
	files := map[string]bool{}
	add := func(streams bool, out string, args ...string) string {
		file := filepath.Join(dir, out)
		for i, a := range args {
			if a == "OUT" {
				args[i] = file
			}
		}
		run(t, args[0], args[1:]...)
		files[file] = streams
		return file
	}
	src := write(t, "a.png", stdPNG(t, picture(203, 151, false)))
	files[src] = true
	files[write(t, "alpha.png", stdPNG(t, picture(203, 151, true)))] = true
	gray := add(true, "gray.png", "vips", "colourspace", src, "OUT", "b-w")
	add(true, "deep.png", "vips", "colourspace", src, "OUT", "rgb16")
	add(true, "palette.png", "vips", "pngsave", src, "OUT", "--palette")
	add(false, "interlaced.png", "vips", "pngsave", src, "OUT", "--interlace")
	plain := add(true, "plain.tif", "vips", "tiffsave", src, "OUT")
	ppm := filepath.Join(dir, "a.ppm")
	run(t, "vips", "copy", src, ppm)
	grey := add(true, "gray.tif", "vips", "tiffsave", gray, "OUT")
	cmyk := add(true, "cmyk.tif", "vips", "icc_transform", src, "OUT", "cmyk", "--input-profile", "srgb")
	for _, rows := range []string{"1", "7", "64", "1000"} {
		for name, c := range map[string]string{"lzw": "lzw:2", "zip": "zip:2", "packbits": "packbits", "none": "none", "plainzip": "zip:1"} {
			add(true, name+rows+".tif", "tiffcp", "-c", c, "-r", rows, plain, "OUT")
		}
		add(true, "gray"+rows+".tif", "tiffcp", "-c", "zip:2", "-r", rows, grey, "OUT")
		add(true, "cmyk"+rows+".tif", "tiffcp", "-c", "zip:2", "-r", rows, cmyk, "OUT")
	}
	add(false, "planes.tif", "tiffcp", "-p", "separate", plain, "OUT")
	add(false, "tiles.tif", "vips", "tiffsave", src, "OUT", "--tile", "--tile-width", "64", "--tile-height", "64")
	add(false, "a.jpg", "vips", "jpegsave", src, "OUT")
	for _, sub := range []string{"1x1", "2x1", "2x2", "1x2", "4x1", "2x2,2x1,1x2"} {
		add(true, "progressive"+sub+".jpg", "cjpeg", "-progressive", "-sample", sub, "-outfile", "OUT", ppm)
	}
	add(true, "progressive-gray.jpg", "cjpeg", "-progressive", "-grayscale", "-outfile", "OUT", ppm)
	return files
}

// TestStream: bands of any height are the rows of the whole, which other tests compare
// with libvips.
func TestStream(t *testing.T) {
	for file, streams := range bandFiles(t) {
		p, whole := decodeFile(t, file)
		name := filepath.Base(file)
		if p.Streams() != streams {
			t.Errorf("%s: streams: %v", name, p.Streams())
		}
		if !p.Streams() {
			if err := p.Bands(context.Background(), 32, nil); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		for _, height := range []int{32, 64, 96, 128, 160, 1024} {
			y := 0
			err := p.Bands(t.Context(), height, func(d Decoded) (*pixel.Image, error) {
				if want := image.Rect(0, y, 203, min(y+height, 151)); d.Rect != want || d.Width != 203 || d.Height != want.Dy() || d.Model != whole.Model {
					t.Fatalf("%s: %v, %d × %d, not %v", name, d.Rect, d.Width, d.Height, want)
				}
				for i := range d.Planes {
					top := y
					if i > 0 {
						top /= d.SubY
					}
					for r := range d.Planes[i].Height {
						if !bytes.Equal(d.Planes[i].Row(r), whole.Planes[i].Row(top+r)) {
							t.Fatalf("%s, bands of %d: plane %d, row %d differs", name, height, i, top+r)
						}
					}
				}
				for r := range d.Height {
					if d.Alpha != nil && !bytes.Equal(d.Alpha.Row(r), whole.Alpha.Row(y+r)) {
						t.Fatalf("%s, bands of %d: opacity of row %d differs", name, height, y+r)
					}
				}
				y += height
				for i := range d.Planes { // a spare may be full of anything
					d.Planes[i].Row(0)[0] ^= 0x5A
				}
				return d.Image, nil
			})
			if err != nil || y < 151 {
				t.Fatalf("%s, bands of %d: %v at row %d", name, height, err, y)
			}
		}
		stop := errors.New("stop")
		if err := p.Bands(t.Context(), 96, func(Decoded) (*pixel.Image, error) { return nil, stop }); err != stop {
			t.Errorf("%s: %v", name, err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(name) != ".tif" {
			cut := data[:len(data)*2/3]
			if q, err := Open(bytes.NewReader(cut), int64(len(cut)), Limits{}); err != nil {
				t.Errorf("%s: %v", name, err)
			} else if err := q.Bands(t.Context(), 32, func(Decoded) (*pixel.Image, error) { return nil, nil }); !fault.Is(err, fault.Corrupt) {
				t.Errorf("%s, cut: %v", name, err)
			}
		}
	}
}

// TestPNGFilters: rows of every filter are what libpng made them of, for pixels of
// every size.
func TestPNGFilters(t *testing.T) {
	need(t, "vips")
	dir := t.TempDir()
	for _, alpha := range []bool{false, true} {
		src := write(t, "a.png", stdPNG(t, picture(203, 51, alpha)))
		for _, space := range []string{"srgb", "b-w", "rgb16", "grey16"} {
			wide, out := filepath.Join(dir, "wide.v"), filepath.Join(dir, "out.png")
			run(t, "vips", "colourspace", src, wide, space)
			for _, filter := range []string{"none", "sub", "up", "avg", "paeth", "all"} {
				run(t, "vips", "pngsave", wide, out, "--filter", filter)
				data, err := os.ReadFile(out)
				if err != nil {
					t.Fatal(err)
				}
				want, err := png.Decode(bytes.NewReader(data))
				if err != nil {
					t.Fatal(err)
				}
				_, m := decodeFile(t, out)
				for y := range m.Height {
					for x := range m.Width {
						c := straight(want.At(x, y))
						for i, v := range []uint16{c.R, c.G, c.B}[:len(m.Planes)] {
							if got := m.Planes[i].Row(y)[x]; int(got) != (int(v)*255+32895)>>16 {
								t.Fatalf("%s %s, alpha %v: plane %d at %d,%d is %d, not %d", space, filter, alpha, i, x, y, got, v)
							}
						}
					}
				}
			}
		}
	}
}

// straight returns the samples of a colour, not multiplied by its opacity, with 16
// bits.
func straight(c color.Color) color.NRGBA64 {
	if n, ok := c.(color.NRGBA); ok {
		return color.NRGBA64{R: 257 * uint16(n.R), G: 257 * uint16(n.G), B: 257 * uint16(n.B)}
	}
	return color.NRGBA64Model.Convert(c).(color.NRGBA64)
}
