package jpeg

import (
	"bytes"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// seeds adds files of all kinds that need no other program to make, the small
// real ones when they are there, and damaged copies.
func seeds(f *testing.F) {
	f.Helper()
	var files [][]byte
	for _, sub := range [][2]int{{1, 1}, {2, 1}, {2, 2}, {4, 1}} {
		m := pixel.New(pixel.YCbCr, 33, 25, sub[0], sub[1], false)
		for i := range m.Planes {
			for j := range m.Planes[i].Pix {
				m.Planes[i].Pix[j] = byte(j * j >> 3)
			}
		}
		files = append(files, encode(f, m, EncodeOptions{OptimizeHuffman: sub[0] == 2, Progressive: sub[0] == 4}))
	}
	for _, sof := range []byte{0xC0, 0xC2} {
		files = append(files, append(append(frameBytes(sof, 40, 40, 3), segmentBytes(markSOS, 1, 1, 0, 0, 0, 1)...), 0, 0, 0, 0, 0xFF, 0xD9))
	}
	files = append(files, frameBytes(0xC0, 65500, 65500, 1))
	found, _ := filepath.Glob("../../../shared/images/real/*.jpg")
	for _, path := range found {
		if b, err := os.ReadFile(path); err == nil && len(b) < 40<<10 {
			files = append(files, b)
		}
	}
	for i, b := range files {
		f.Add(b, uint8(i))
		f.Add(b[:len(b)*2/3], uint8(i+1))
		c := bytes.Clone(b)
		for at := 40; at < len(c); at += 97 {
			c[at] ^= 0x55
		}
		f.Add(c, uint8(i+2))
	}
}

func FuzzReadHeader(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte, _ uint8) {
		h, err := ReadHeader(bytes.NewReader(b))
		if err != nil {
			if !fault.Is(err, fault.Corrupt) && !fault.Is(err, fault.Unsupported) {
				t.Fatal(err)
			}
			return
		}
		if h.Width < 1 || h.Height < 1 || h.Orientation < 1 || h.Orientation > 8 || h.Model.Planes() != h.Components {
			t.Fatalf("%+v", h)
		}
		if n := MemoryFor(h, DecodeOptions{}); n < pixel.Bytes(h.Model, h.Width, h.Height, h.SubX, h.SubY, false) {
			t.Fatalf("memory %d for %+v", n, h)
		}
	})
}

func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte, how uint8) {
		o := DecodeOptions{Scale: 1 << (how & 3), LowPass: how&8 != 0, MaxBytes: 16 << 20}
		if how&4 != 0 {
			o.Region = image.Rect(int(how>>3), int(how>>4), int(how>>3)+20, int(how>>4)+9)
		}
		limit := o.MaxBytes
		h, err := ReadHeader(bytes.NewReader(b))
		if err == nil {
			limit = MemoryFor(h, o)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		p, err := Decode(bytes.NewReader(b), o)
		if d := time.Since(start); d > 5*time.Second {
			t.Fatalf("takes %v", d)
		}
		runtime.ReadMemStats(&after)
		// The fuzzer's own goroutines allocate a little beside us.
		if took := int64(after.TotalAlloc - before.TotalAlloc); took > min(limit, o.MaxBytes)+1<<20 {
			t.Fatalf("took %d bytes, announced %d", took, limit)
		}
		if err != nil {
			if !fault.Is(err, fault.Corrupt) && !fault.Is(err, fault.Unsupported) && !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		checkShape(t, p)
		if o.Region.Empty() {
			return
		}
		// What is there of the whole image is the same.
		whole, err := Decode(bytes.NewReader(b), DecodeOptions{Scale: o.Scale, LowPass: o.LowPass, MaxBytes: 16 << 20})
		if err == nil {
			comparePart(t, "region", whole, p)
		}
	})
}
