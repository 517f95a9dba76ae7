package jpeg

import (
	"bytes"
	"image"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// known fails unless err is of a kind that bad input may give.
func known(t *testing.T, err error) {
	t.Helper()
	if !fault.Is(err, fault.Corrupt) && !fault.Is(err, fault.Unsupported) && !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
}

// FuzzBuildIndex indexes anything. What is indexed is cut into a tile that must
// decode to the same samples as that part of the file.
func FuzzBuildIndex(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte, how uint8) {
		start := time.Now()
		x, err := BuildIndex(bytes.NewReader(b), int64(len(b)))
		if d := time.Since(start); d > 5*time.Second {
			t.Fatalf("takes %v", d)
		}
		if err != nil {
			known(t, err)
			return
		}
		stored, err := x.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		y, err := ParseIndex(stored)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := y.AppendBinary(nil); !bytes.Equal(again, stored) {
			t.Fatal("stored again it differs")
		}
		h, mcu := x.Header(), x.MCU()
		if h.Width*h.Height > 1<<20 {
			return
		}
		at := image.Pt(int(how&3)*mcu.X, int(how>>2&3)*mcu.Y)
		rect := image.Rectangle{at, at.Add(image.Pt(1+int(how), 1+int(how>>1)))}.Intersect(image.Rect(0, 0, h.Width, h.Height))
		if rect.Empty() {
			return
		}
		tile, err := y.Tile(bytes.NewReader(b), rect, TileOptions{})
		if err != nil {
			// A difference that no JPEG of 8 bits has.
			known(t, err)
			return
		}
		whole, err := Decode(bytes.NewReader(b), DecodeOptions{MaxBytes: 16 << 20})
		if err != nil {
			return
		}
		part, err := Decode(bytes.NewReader(tile), DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		sameSamples(t, whole, part, rect)
	})
}

// sameSamples checks that part is the region rect of whole.
func sameSamples(t *testing.T, whole, part Picture, rect image.Rectangle) {
	t.Helper()
	if part.Width != rect.Dx() || part.Height != rect.Dy() || part.Model != whole.Model {
		t.Fatalf("%d×%d for %v", part.Width, part.Height, rect)
	}
	for i := range part.Planes {
		sx, sy := 1, 1
		if i > 0 && whole.Model == pixel.YCbCr {
			sx, sy = whole.SubX, whole.SubY
		}
		p := &part.Planes[i]
		for y := range p.Height {
			if !bytes.Equal(p.Row(y), whole.Planes[i].Row(rect.Min.Y/sy + y)[rect.Min.X/sx:][:p.Width]) {
				t.Fatalf("plane %d row %d differs", i, y)
			}
		}
	}
}

// fuzzFile is a small file, and its stored index.
func fuzzFile(t testing.TB, restart bool) (file, stored []byte) {
	m := pixel.New(pixel.YCbCr, 150, 90, 2, 2, false)
	for i := range m.Planes {
		for j := range m.Planes[i].Pix {
			m.Planes[i].Pix[j] = byte(j * j >> 5)
		}
	}
	file = encode(t, m, EncodeOptions{OptimizeHuffman: true})
	if restart {
		gray := frameBytes(0xC0, 64, 64, 1)
		gray = appendSegment(gray, markDRI, []byte{0, 3})
		gray = appendSegment(gray, markSOS, []byte{1, 1, 0, 0, 63, 0})
		for i := range 22 {
			gray = append(gray, 0x03, 0xFF, 0xD0|byte(i&7))
		}
		file = append(gray[:len(gray)-2], 0xFF, markEOI)
	}
	x, err := BuildIndex(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	stored, _ = x.AppendBinary(nil)
	return file, stored
}

// FuzzParseIndex reads anything as an index, with the checksum of the head put
// right, since an attacker can do that too.
func FuzzParseIndex(f *testing.F) {
	for _, restart := range []bool{false, true} {
		_, stored := fuzzFile(f, restart)
		f.Add(stored)
		f.Add(stored[:len(stored)*2/3])
	}
	file, _ := fuzzFile(f, false)
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Clone(b)
		if len(b) >= IndexPrefix {
			if n := int64(le32(b[len(indexMagic):])); n <= int64(len(b)-IndexPrefix) {
				copy(b[len(indexMagic)+4:], append32(nil, checksum(b[IndexPrefix:][:n])))
			}
		}
		x, err := ParseIndex(b)
		if err != nil {
			known(t, err)
			return
		}
		h := x.Header()
		if h.Width*h.Height > 1<<22 {
			return
		}
		if _, err := x.Tile(bytes.NewReader(file), image.Rect(0, 0, h.Width, h.Height), TileOptions{}); err != nil {
			known(t, err)
		}
	})
}

// FuzzLosslessTile cuts any region with any section of an index from any data.
func FuzzLosslessTile(f *testing.F) {
	for _, restart := range []bool{false, true} {
		file, stored := fuzzFile(f, restart)
		_, n, _ := ParseIndexHead(stored)
		f.Add(stored[n:], file, 0, 0, 64, 64, restart)
		f.Add(stored[n:], file, 16, 16, 33, 31, restart)
		f.Add(stored[n:], file[:len(file)/2], 32, 48, 64, 64, restart)
	}
	var heads [2]*IndexHead
	for i := range heads {
		_, stored := fuzzFile(f, i > 0)
		heads[i], _, _ = ParseIndexHead(stored)
	}
	f.Fuzz(func(t *testing.T, section, file []byte, x0, y0, x1, y1 int, restart bool) {
		if len(section) == 0 {
			return // an index of no rows
		}
		h := *heads[0]
		if restart {
			h = *heads[1]
		}
		h.sections = []Range{{h.sections[0].Offset, int64(len(section))}}
		h.sums = []uint32{checksum(section)}
		h.x.size = int64(len(file))
		x, err := h.Index(0, section)
		if err != nil {
			known(t, err)
			return
		}
		rect := image.Rectangle{image.Pt(x0, y0), image.Pt(x1, y1)}
		if kept, err := x.Tile(bytes.NewReader(file), rect, TileOptions{KeepRestarts: true}); err != nil {
			known(t, err)
		} else if _, err := ReadHeader(bytes.NewReader(kept)); err != nil {
			t.Fatal(err)
		}
		tile, err := x.Tile(bytes.NewReader(file), rect, TileOptions{})
		if err != nil {
			known(t, err)
			return
		}
		if got, err := ReadHeader(bytes.NewReader(tile)); err != nil || got.Width != rect.Dx() || got.Height != rect.Dy() {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}

func FuzzSplice(f *testing.F) {
	file, _ := fuzzFile(f, false)
	gray, _ := fuzzFile(f, true)
	f.Add([]byte{}, file, 6)
	f.Add(file[:300], file, 2)
	f.Add([]byte{0xFF, markSOI, 0xFF, markEOI}, gray, 1)
	f.Fuzz(func(t *testing.T, tables, tile []byte, photometric int) {
		b, err := Splice(nil, tables, tile, photometric)
		if err != nil {
			known(t, err)
			return
		}
		if len(b) > len(tables)+len(tile)+20 {
			t.Fatalf("%d bytes", len(b))
		}
		if _, err := ReadHeader(bytes.NewReader(b)); err != nil {
			known(t, err)
		}
		if again, err := Splice(nil, nil, b, photometric); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("a spliced tile does not splice to itself: %v", err)
		}
	})
}

// FuzzCropTile crops anything. When the file decodes, so must the crop, to the
// same samples.
func FuzzCropTile(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte, how uint8) {
		w, h := 1+int(how&15)*3, 1+int(how>>4)*3
		small, err := CropTile(b, w, h)
		if err != nil {
			known(t, err)
			return
		}
		whole, err := Decode(bytes.NewReader(b), DecodeOptions{MaxBytes: 8 << 20})
		if err != nil {
			return
		}
		part, err := Decode(bytes.NewReader(small), DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		sameSamples(t, whole, part, image.Rect(0, 0, w, h))
	})
}
