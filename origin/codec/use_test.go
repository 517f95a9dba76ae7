package codec

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"sync"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// TestMemory holds MemoryFor against all that a decode allocates, for whole
// pictures and regions of every format, turned and of inks as well.
func TestMemory(t *testing.T) {
	files := samples(t, 1200, 900)
	files["jpg turned"] = append([]byte("\xff\xd8\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"), files[JPG][2:]...)
	files["png alpha"] = encode(t, models(t, 1200, 900)["rgba"], EncodeOptions{Format: PNG})
	files["webp alpha"] = encode(t, models(t, 1200, 900)["rgba"], EncodeOptions{Format: WebP})
	files["gif alpha"] = encode(t, models(t, 1200, 900)["rgba"], EncodeOptions{Format: GIF})
	for name, data := range files {
		p, err := Open(bytes.NewReader(data), int64(len(data)), Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for level, size := range p.Levels() {
			for _, r := range []image.Rectangle{{Max: size}, image.Rect(0, 0, 100, 100), image.Rect(size.X/2, size.Y/2, size.X/2+9, size.Y/2+9)} {
				var d Decoded
				n := allocated(func() { d, err = p.Decode(context.Background(), level, r) })
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				// Half a megabyte for small things that come and go.
				if said := p.MemoryFor(level, r); n > said+512<<10 || d.Size() > said {
					t.Errorf("%s, level %d, %v: allocated %d, result %d, announced %d", name, level, r, n, d.Size(), said)
				}
			}
		}
	}
}

// broken fails from some offset or read on.
type broken struct {
	io.ReaderAt
	from int64
	err  error
	call func()
}

func (b *broken) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > b.from {
		if b.call != nil {
			b.call()
		}
		if b.err != nil {
			return 0, b.err
		}
	}
	return b.ReaderAt.ReadAt(p, off)
}

// TestOutage makes the storage fail while it is read: that is not damage.
func TestOutage(t *testing.T) {
	outage := fault.E("source.ReadAt", fault.Unavailable, errors.New("connection reset"))
	for format, data := range samples(t, 400, 300) {
		b := &broken{ReaderAt: bytes.NewReader(data), err: outage}
		if _, err := Open(b, int64(len(data)), Limits{}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: Open: %v", format, err)
		}
		b.from = 1 << 40
		p, err := Open(b, int64(len(data)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		b.from = 0
		if _, err := p.Decode(context.Background(), 0, image.Rectangle{Max: p.Levels()[0]}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: Decode: %v", format, err)
		}
		// The failure is over: it must not be remembered.
		b.from = 1 << 40
		if _, err := p.Decode(context.Background(), 0, image.Rectangle{Max: p.Levels()[0]}); err != nil {
			t.Errorf("%s: after the outage: %v", format, err)
		}
	}
}

// TestCancel ends decodes by their context, before and while they read.
func TestCancel(t *testing.T) {
	for format, data := range samples(t, 400, 300) {
		b := &broken{ReaderAt: bytes.NewReader(data), from: 1 << 40}
		p, err := Open(b, int64(len(data)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		b.from, b.call = 0, cancel
		if _, err := p.Decode(ctx, 0, image.Rectangle{Max: p.Levels()[0]}); !fault.Is(err, fault.Canceled) {
			t.Errorf("%s: %v", format, err)
		}
		b.call = func() { t.Errorf("%s: read after the end", format) }
		if _, err := p.Decode(ctx, 0, image.Rectangle{Max: p.Levels()[0]}); !fault.Is(err, fault.Canceled) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// TestArguments asks for what does not exist.
func TestArguments(t *testing.T) {
	for format, data := range samples(t, 40, 30) {
		p, err := Open(bytes.NewReader(data), int64(len(data)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			level  int
			region image.Rectangle
		}{{-1, image.Rect(0, 0, 1, 1)}, {len(p.Levels()), image.Rect(0, 0, 1, 1)}, {0, image.Rectangle{}},
			{0, image.Rect(40, 0, 50, 30)}, {0, image.Rect(-5, -5, 0, 0)}} {
			if _, err := p.Decode(context.Background(), c.level, c.region); !fault.Is(err, fault.Invalid) || p.MemoryFor(c.level, c.region) != 0 {
				t.Errorf("%s: level %d, %v: %v", format, c.level, c.region, err)
			}
		}
		if _, err := p.Decode(context.Background(), 0, image.Rect(-9, -9, 99, 99)); err != nil {
			t.Errorf("%s: a region larger than the picture: %v", format, err)
		}
	}
}

// panicking stands for a decoder with a bug.
type panicking struct{ whole }

func (panicking) memory(int, image.Rectangle) int64 { return 0 }

func (panicking) decode(*input, int, image.Rectangle) (*pixel.Image, image.Rectangle, error) {
	panic("index out of range")
}

func TestPanic(t *testing.T) {
	p := &Picture{lim: Limits{}.withDefaults(), stored: panicking{whole{image.Pt(5, 5)}}, levels: []image.Point{{X: 5, Y: 5}}}
	if _, err := p.Decode(context.Background(), 0, image.Rect(0, 0, 5, 5)); !fault.Is(err, fault.Corrupt) {
		t.Errorf("%v", err)
	}
}

// TestConcurrent decodes one picture in many goroutines.
func TestConcurrent(t *testing.T) {
	for format, data := range samples(t, 200, 150) {
		p, err := Open(bytes.NewReader(data), int64(len(data)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		want := ours(decodeAll(t, format, p)).pix
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				d, err := p.Decode(context.Background(), 0, image.Rect(0, 0, 200, 150))
				if err != nil || !bytes.Equal(ours(d.Image).pix, want) {
					t.Errorf("%s: other pixels: %v", format, err)
				}
			})
		}
		wg.Wait()
	}
}
