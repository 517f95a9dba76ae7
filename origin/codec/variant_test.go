package codec

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// picture makes a test image in the standard library's terms: gradients, an edge
// and some noise; opacity runs from 0 to 255 when there is any.
func picture(w, h int, alpha bool) *image.NRGBA {
	rnd := rand.New(rand.NewPCG(1, 2))
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{uint8(255 * x / w), uint8(255 * y / h), uint8(128 + rnd.IntN(16)), 255}
			if x > w/2 && y > h/2 {
				c.R, c.G = 255-c.R, 40
			}
			if alpha {
				c.A = uint8(min(255, 400*(x+y)/(w+h)))
			}
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func stdPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withChunk inserts a chunk in front of the first one of a kind.
func withChunk(file []byte, before, kind string, data []byte) []byte {
	at := bytes.Index(file, []byte(before)) - 4
	c := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	c = append(append(c, kind...), data...)
	c = binary.BigEndian.AppendUint32(c, crc32.ChecksumIEEE(c[4:]))
	return append(append(append([]byte(nil), file[:at]...), c...), file[at:]...)
}

// TestPNG reads every kind of PNG that the standard library writes, and some that
// it only reads, and compares with its reader.
func TestPNG(t *testing.T) {
	src := picture(37, 29, true)
	opaque := picture(37, 29, false)
	draw := func(dst interface {
		image.Image
		Set(x, y int, c color.Color)
	}, from image.Image) image.Image {
		for y := range 29 {
			for x := range 37 {
				dst.Set(x, y, from.At(x, y))
			}
		}
		return dst
	}
	rect := src.Bounds()
	palette := func(n int, alpha bool) color.Palette {
		var p color.Palette
		for i := range n {
			c := color.NRGBA{uint8(i * 255 / n), uint8(255 - i), uint8(i * 7), 255}
			if alpha && i%3 == 0 {
				c.A = uint8(i * 255 / n)
			}
			p = append(p, c)
		}
		return p
	}
	files := map[string][]byte{
		"gray8":      stdPNG(t, draw(image.NewGray(rect), opaque)),
		"gray16":     stdPNG(t, draw(image.NewGray16(rect), opaque)),
		"rgb8":       stdPNG(t, opaque),
		"rgba8":      stdPNG(t, src),
		"rgba16":     stdPNG(t, draw(image.NewNRGBA64(rect), src)),
		"rgb16":      stdPNG(t, draw(image.NewNRGBA64(rect), opaque)),
		"palette2":   stdPNG(t, draw(image.NewPaletted(rect, palette(2, false)), opaque)),
		"palette4":   stdPNG(t, draw(image.NewPaletted(rect, palette(4, true)), src)),
		"palette16":  stdPNG(t, draw(image.NewPaletted(rect, palette(16, false)), opaque)),
		"palette200": stdPNG(t, draw(image.NewPaletted(rect, palette(200, true)), src)),
		"palettebw":  stdPNG(t, draw(image.NewPaletted(rect, color.Palette{color.Black, color.White}), opaque)),
	}
	files["keygray"] = withChunk(files["gray8"], "IDAT", "tRNS", []byte{0, 100})
	files["keygray16"] = withChunk(files["gray16"], "IDAT", "tRNS", []byte{0x60, 0x60})
	c := opaque.NRGBAAt(5, 5)
	files["keyrgb"] = withChunk(files["rgb8"], "IDAT", "tRNS", []byte{0, c.R, 0, c.G, 0, c.B})
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			std, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			want, err := pixel.FromStd(std)
			if err != nil {
				t.Fatal(err)
			}
			p, err := Open(bytes.NewReader(data), int64(len(data)), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			m := decodeAll(t, name, p)
			if _, worst := compare(t, name, ours(m), ours(want)); worst > 0 {
				t.Errorf("differs by %d", worst)
			}
			if (m.Alpha == nil) != (want.Alpha == nil) || m.Bitonal != want.Bitonal {
				t.Errorf("alpha %v, bitonal %v, want %v, %v", m.Alpha != nil, m.Bitonal, want.Alpha != nil, want.Bitonal)
			}
			regions(t, p, 37, 29)
		})
	}
}

// TestPNGVips reads files that libvips writes: interlaced, of few bits, with gray
// and alpha.
func TestPNGVips(t *testing.T) {
	need(t, "vips")
	dir := t.TempDir()
	src := write(t, "src.png", stdPNG(t, picture(61, 47, true)))
	gray := filepath.Join(dir, "gray.png")
	run(t, "vips", "colourspace", src, gray, "b-w") // keeps alpha
	flat := filepath.Join(dir, "flat.png")
	run(t, "vips", "flatten", gray, flat)
	for _, c := range []struct {
		name, from string
		options    string
	}{
		{"interlaced", src, "interlace"}, {"grayalpha", gray, "compression=1"}, {"grayinterlaced", gray, "interlace"},
		{"bits1", flat, "bitdepth=1"}, {"bits2", flat, "bitdepth=2"}, {"bits4interlaced", flat, "bitdepth=4,interlace"},
		{"palette", src, "palette"}, {"paletteinterlaced", src, "palette,interlace,bitdepth=4"},
	} {
		file := filepath.Join(dir, c.name+".png")
		run(t, "vips", "copy", c.from, file+"["+c.options+"]")
		p, m := decodeFile(t, file)
		if _, worst := compare(t, c.name, ours(m), vips(t, file)); worst > 0 {
			t.Errorf("%s: differs by %d", c.name, worst)
		}
		regions(t, p, m.Width, m.Height)
	}
}

// TestWebP reads what libwebp writes and compares with what it reads.
func TestWebP(t *testing.T) {
	need(t, "cwebp", "img2webp", "vips")
	dir := t.TempDir()
	opaque := write(t, "opaque.png", stdPNG(t, picture(61, 47, false)))
	clear := write(t, "clear.png", stdPNG(t, picture(61, 47, true)))
	for _, c := range []struct {
		name  string
		args  []string
		exact bool
	}{
		{"lossy", []string{"cwebp", "-quiet", "-q", "80", opaque, "-o"}, false},
		{"lossyalpha", []string{"cwebp", "-quiet", "-q", "80", clear, "-o"}, false},
		{"lossyalphafilter", []string{"cwebp", "-quiet", "-alpha_filter", "best", "-alpha_method", "0", clear, "-o"}, false},
		{"lossless", []string{"cwebp", "-quiet", "-lossless", "-exact", opaque, "-o"}, true},
		{"losslessalpha", []string{"cwebp", "-quiet", "-lossless", "-exact", clear, "-o"}, true},
		{"lossysmall", []string{"cwebp", "-quiet", "-q", "10", opaque, "-o"}, false},
		{"animated", []string{"img2webp", "-lossy", "-q", "90", opaque, clear, "-o"}, false},
		{"animatedlossless", []string{"img2webp", "-lossless", clear, opaque, "-o"}, true},
	} {
		file := filepath.Join(dir, c.name+".webp")
		run(t, c.args[0], append(c.args[1:], file)...)
		p, m := decodeFile(t, file)
		if p.Format() != WebP {
			t.Errorf("%s: %s", c.name, p.Format())
		}
		mean, worst := compare(t, c.name, ours(m), vips(t, file))
		if c.exact && worst > 0 || mean > 1 {
			t.Errorf("%s: mean difference %.2f, worst %d", c.name, mean, worst)
		}
	}
}

// TestBMP reads files of ImageMagick through libvips' writer.
func TestBMP(t *testing.T) {
	need(t, "vips")
	dir := t.TempDir()
	src := write(t, "src.png", stdPNG(t, picture(61, 47, false)))
	file := filepath.Join(dir, "a.bmp")
	run(t, "vips", "magicksave", src, file)
	_, m := decodeFile(t, file)
	if _, worst := compare(t, "bmp", ours(m), vips(t, src)); worst > 0 {
		t.Errorf("differs by %d", worst)
	}
	// A gap between the header and the pixels, which the library refuses.
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := int(binary.LittleEndian.Uint32(data[10:]))
	gap := append(append(append([]byte(nil), data[:at]...), make([]byte, 44)...), data[at:]...)
	binary.LittleEndian.PutUint32(gap[10:], uint32(at+44))
	p, err := Open(bytes.NewReader(gap), int64(len(gap)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, worst := compare(t, "gap", ours(decodeAll(t, "gap", p)), vips(t, src)); worst > 0 {
		t.Errorf("with a gap: differs by %d", worst)
	}
}
