package codec

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/icc"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// samples returns a small file of every format that is read.
func samples(t testing.TB, w, h int) map[string][]byte {
	t.Helper()
	m := models(t, w, h)["rgb"]
	files := map[string][]byte{}
	for _, format := range []string{JPG, PNG, GIF, WebP, TIF} {
		files[format] = encode(t, m, EncodeOptions{Format: format, Quality: 95})
	}
	var row []byte
	bmp := make([]byte, 54)
	copy(bmp, "BM")
	binary.LittleEndian.PutUint32(bmp[10:], 54)
	binary.LittleEndian.PutUint32(bmp[14:], 40)
	binary.LittleEndian.PutUint32(bmp[18:], uint32(w))
	binary.LittleEndian.PutUint32(bmp[22:], uint32(h))
	bmp[26], bmp[28] = 1, 24
	for y := h - 1; y >= 0; y-- {
		row = row[:0]
		for x := range w {
			row = append(row, m.Planes[2].Row(y)[x], m.Planes[1].Row(y)[x], m.Planes[0].Row(y)[x])
		}
		bmp = append(append(bmp, row...), make([]byte, -len(row)&3)...)
	}
	files[BMP] = bmp
	return files
}

// try opens and decodes all of data, and a part of it.
func try(data []byte, lim Limits) error {
	p, err := Open(bytes.NewReader(data), int64(len(data)), lim)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if _, err := p.Decode(ctx, len(p.Levels())-1, image.Rect(0, 0, 3, 3)); err != nil {
		return err
	}
	_, err = p.Decode(ctx, 0, image.Rectangle{Max: p.Levels()[0]})
	return err
}

func typed(err error) bool { return fault.Is(err, fault.Corrupt) || fault.Is(err, fault.Unsupported) }

// TestTruncated cuts every format at every eighth, and near its ends.
func TestTruncated(t *testing.T) {
	for format, data := range samples(t, 61, 47) {
		if err := try(data, Limits{}); err != nil {
			t.Fatalf("%s, whole: %v", format, err)
		}
		cuts := []int{0, 1, 2, 11, 13, 20, 33}
		for i := 1; i < 8; i++ {
			cuts = append(cuts, len(data)*i/8)
		}
		for _, n := range cuts {
			if err := try(data[:n], Limits{}); !typed(err) {
				t.Errorf("%s, %d of %d bytes: %v", format, n, len(data), err)
			}
		}
	}
}

// TestNotAnImage names what cannot be read, and takes content before names.
func TestNotAnImage(t *testing.T) {
	for _, c := range []struct {
		data   string
		kind   fault.Kind
		public string
	}{
		{"", fault.Corrupt, ""},
		{"BMW and other words", fault.Corrupt, ""},
		{"This is a text file that somebody called photo.jpg.\n", fault.Corrupt, ""},
		{"\x00\x00\x00\x0cjP  \r\n\x87\n", fault.Unsupported, "JPEG 2000"},
		{"\xff\x4f\xff\x51\x00", fault.Unsupported, "JPEG 2000"},
		{"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf", fault.Unsupported, "AVIF"},
		{"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", fault.Unsupported, "AVIF"},
		{"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", fault.Unsupported, "HEIC"},
		{"\xff\x0a\x00", fault.Unsupported, "JPEG XL"},
		{"\x00\x00\x00\x0cJXL \r\n\x87\n", fault.Unsupported, "JPEG XL"},
		{"%PDF-1.7\n", fault.Unsupported, "PDF"},
		{"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<svg xmlns=\"\">", fault.Unsupported, "SVG"},
		{"8BPS\x00\x01", fault.Unsupported, "Photoshop"},
	} {
		err := try([]byte(c.data), Limits{})
		if !fault.Is(err, c.kind) || c.public != "" && !bytes.Contains([]byte(fault.Public(err)), []byte(c.public)) {
			t.Errorf("%.20q: %v (%s)", c.data, err, fault.Public(err))
		}
	}
}

func pngHeader(w, h uint32, depth, colour, interlace byte) []byte {
	var b bytes.Buffer
	b.WriteString(pngSignature)
	head := binary.BigEndian.AppendUint32(nil, w)
	head = binary.BigEndian.AppendUint32(head, h)
	pngChunk(&b, "IHDR", append(head, depth, colour, 0, 0, interlace))
	return b.Bytes()
}

func compressed(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := io.CopyN(z, zeros{}, int64(n)); err != nil {
		t.Fatal(err)
	}
	z.Close()
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// allocated returns the bytes that f allocates altogether, which is no less than
// what it holds at any time.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// TestBombs makes sure that small files which claim much are refused, and cheaply.
func TestBombs(t *testing.T) {
	files := samples(t, 61, 47)
	with := func(format string, at int, bytes ...byte) []byte {
		data := append([]byte(nil), files[format]...)
		copy(data[at:], bytes)
		return data
	}
	bmp := func(w, h int32) []byte {
		data := append([]byte(nil), files[BMP]...)
		binary.LittleEndian.PutUint32(data[18:], uint32(w))
		binary.LittleEndian.PutUint32(data[22:], uint32(h))
		return data
	}
	var idat bytes.Buffer
	pngChunk(&idat, "IDAT", compressed(t, 100<<20))
	vp8x := []byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff")
	webp := append(vp8x, files[WebP][12:]...)
	tiff := func(tag uint16, value uint32) []byte { // patches a LONG or SHORT of the directory
		data := append([]byte(nil), files[TIF]...)
		at := int(binary.LittleEndian.Uint32(data[4:]))
		for n := int(binary.LittleEndian.Uint16(data[at:])); n > 0; n-- {
			e := data[at+2+12*(n-1):][:12]
			if binary.LittleEndian.Uint16(e) == tag {
				binary.LittleEndian.PutUint16(e[2:], 4)
				binary.LittleEndian.PutUint32(e[4:], 1)
				binary.LittleEndian.PutUint32(e[8:], value)
				return data
			}
		}
		t.Fatalf("no tag %d", tag)
		return nil
	}
	for name, data := range map[string][]byte{
		"png 65535²":         append(pngHeader(65535, 65535, 8, 6, 0), idat.Bytes()[:100<<10]...),
		"png 60000² 100 KB":  append(pngHeader(60000, 60000, 8, 2, 0), idat.Bytes()...),
		"png 2³¹":            append(pngHeader(1<<31-1, 1<<31-1, 16, 6, 1), idat.Bytes()...),
		"png wide":           append(pngHeader(1<<21, 1, 8, 0, 0), idat.Bytes()...),
		"png zero":           append(pngHeader(0, 1, 8, 0, 0), idat.Bytes()...),
		"png depth":          append(pngHeader(9, 9, 3, 0, 0), idat.Bytes()...),
		"gif screen":         with(GIF, 6, 0xff, 0xff, 0xff, 0xff),
		"gif zero":           with(GIF, 6, 0, 0, 0, 0),
		"bmp huge":           bmp(1<<31-1, 1<<31-1),
		"bmp most negative":  bmp(100, -1<<31),
		"bmp negative width": bmp(-100, 100),
		"bmp zero":           bmp(0, 100),
		"bmp taller":         bmp(61, 48),
		"webp canvas":        webp,
		"tiff width":         tiff(256, 1<<30),
		"tiff height":        tiff(257, 1<<19),
		"tiff samples":       tiff(277, 1<<15),
		"jpeg size":          with(JPG, bytes.Index(files[JPG], []byte{0xff, 0xc0})+5, 0xff, 0xff, 0xff, 0xff),
	} {
		start := time.Now()
		n := allocated(func() {
			if err := try(data, Limits{MaxDecodeBytes: 64 << 20}); !typed(err) {
				t.Errorf("%s: %v", name, err)
			}
		})
		if n > 96<<20 || time.Since(start) > 5*time.Second {
			t.Errorf("%s: %d MB and %v to refuse", name, n>>20, time.Since(start))
		}
	}
}

// TestProfileBomb has a profile that inflates to 100 MB: the picture is read
// without it.
func TestProfileBomb(t *testing.T) {
	data := withChunk(samples(t, 61, 47)[PNG], "IDAT", "iCCP", append([]byte("x\x00\x00"), compressed(t, 100<<20)...))
	n := allocated(func() {
		p, err := Open(bytes.NewReader(data), int64(len(data)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if p.ICC() != nil {
			t.Error("has a profile")
		}
	})
	if n > 32<<20 {
		t.Errorf("%d MB", n>>20)
	}
}

// counter counts what is read.
type counter struct {
	*bytes.Reader
	n int64
}

func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

// TestManyFrames has an animation of 100,000 frames, of which only the first is
// read; it does not fill the screen.
func TestManyFrames(t *testing.T) {
	var b bytes.Buffer
	frame := image.NewPaletted(image.Rect(3, 2, 8, 6), color.Palette{color.RGBA{200, 10, 10, 255}, color.RGBA{}})
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame}, Delay: []int{5},
		Config: image.Config{Width: 10, Height: 12}}); err != nil {
		t.Fatal(err)
	}
	one := b.Bytes()
	body := one[13 : len(one)-1]
	data := append(append(append([]byte(nil), one[:13]...), bytes.Repeat(body, 100000)...), ';')
	c := &counter{Reader: bytes.NewReader(data)}
	p, err := Open(c, int64(len(data)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m := decodeAll(t, "gif", p)
	if c.n > 1<<18 {
		t.Errorf("read %d of %d bytes", c.n, len(data))
	}
	rgb := pixel.ToRGB(m)
	for y := range 12 {
		for x := range 10 {
			in := image.Pt(x, y).In(frame.Rect)
			if a := m.Alpha.Row(y)[x]; (a == 255) != in || in && rgb.Planes[0].Row(y)[x] != 200 {
				t.Fatalf("pixel %d,%d: opacity %d, red %d", x, y, a, rgb.Planes[0].Row(y)[x])
			}
		}
	}
	if p.Width() != 10 || p.Height() != 12 || p.Pages() != 1 || !p.HasAlpha() {
		t.Errorf("%d × %d, %d pages, alpha %v", p.Width(), p.Height(), p.Pages(), p.HasAlpha())
	}
}

// FuzzOpenDecode: whatever the bytes are, there is a picture within its announced
// memory or an error of a kind that says so.
func FuzzOpenDecode(f *testing.F) {
	for _, data := range samples(f, 19, 13) {
		f.Add(data)
	}
	f.Add(encode(f, models(f, 19, 13)["rgba"], EncodeOptions{Format: WebP}))
	f.Add(encode(f, models(f, 19, 13)["bitonal"], EncodeOptions{Format: PNG}))
	withICC := *models(f, 19, 13)["rgb"]
	withICC.ICC = icc.SRGB()
	f.Add(encode(f, &withICC, EncodeOptions{Format: PNG, KeepICC: true}))
	f.Add(encode(f, &withICC, EncodeOptions{Format: WebP, KeepICC: true}))
	f.Fuzz(func(t *testing.T, data []byte) {
		lim := Limits{MaxDecodeBytes: 16 << 20, MaxPixels: 1 << 22}
		p, err := Open(bytes.NewReader(data), int64(len(data)), lim)
		if err != nil {
			if !typed(err) {
				t.Fatalf("Open: %v", err)
			}
			return
		}
		levels := p.Levels()
		for level := range levels {
			for _, r := range []image.Rectangle{{Max: levels[level]}, image.Rect(levels[level].X/2, levels[level].Y/2, levels[level].X, levels[level].Y)} {
				d, err := p.Decode(context.Background(), level, r)
				if err != nil {
					if !typed(err) {
						t.Fatalf("Decode: %v", err)
					}
					continue
				}
				if !r.In(d.Rect) || d.Rect.Dx() != d.Width || d.Rect.Dy() != d.Height {
					t.Fatalf("level %d: %v for %v, %d × %d", level, d.Rect, r, d.Width, d.Height)
				}
				if d.Alpha != nil && !p.HasAlpha() || d.Model == pixel.CMYK || d.Size() > p.MemoryFor(level, r) {
					t.Fatalf("alpha %v, model %d, %d bytes", d.Alpha != nil, d.Model, d.Size())
				}
			}
		}
	})
}
