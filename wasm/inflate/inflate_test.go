package inflate

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// samples are data of many kinds.
func samples() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	photo := make([]byte, 700_000)
	for i := range photo {
		photo[i] = byte(i/3%200) + byte(r.NormFloat64()*3)
	}
	text := []byte{}
	for i := range 40_000 {
		text = fmt.Append(text, "row ", i*i%977, " of ", i, "\n")
	}
	skew := make([]byte, 400_000)
	for i := range skew {
		skew[i] = byte(r.ExpFloat64() * r.ExpFloat64() * 9)
	}
	far := append(append(bytes.Clone(noise[:32768]), noise[:32768]...), noise[5:300]...)
	return map[string][]byte{
		"nothing": {}, "a byte": {7}, "zeros": make([]byte, 1_000_000), "noise": noise, "photograph": photo,
		"text": text, "skew": skew, "far": far, "threes": bytes.Repeat([]byte{1, 2, 3}, 100_000),
		"sevens": bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7}, 5_000),
	}
}

func deflate(t testing.TB, b []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// levels are those of compress/zlib: codes only, none, fast, default, best.
var levels = []int{zlib.HuffmanOnly, zlib.NoCompression, zlib.BestSpeed, zlib.DefaultCompression, zlib.BestCompression}

// TestRead: what the library compressed comes out again, however it is read and
// however it arrives.
func TestRead(t *testing.T) {
	z := NewReader(nil)
	for name, want := range samples() {
		for _, level := range levels {
			packed := deflate(t, want, level)
			for how, r := range map[string]io.Reader{
				"whole": bytes.NewReader(packed), "with more": io.MultiReader(bytes.NewReader(packed), bytes.NewReader(make([]byte, 100))),
				"halves": iotest.HalfReader(bytes.NewReader(packed)), "end with data": iotest.DataErrReader(bytes.NewReader(packed)),
			} {
				z.Reset(r)
				got, err := io.ReadAll(z)
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%s, level %d, %s: %d bytes of %d, %v", name, level, how, len(got), len(want), err)
				}
			}
			if len(packed) > 50_000 {
				continue
			}
			z.Reset(iotest.OneByteReader(bytes.NewReader(packed)))
			if err := iotest.TestReader(z, want); err != nil {
				t.Fatalf("%s, level %d: %v", name, level, err)
			}
		}
	}
}

// TestDamage: every cut and every flipped bit of a stream is noticed, or does not
// matter.
func TestDamage(t *testing.T) {
	want := samples()["text"][:3000]
	for _, level := range levels {
		packed := deflate(t, want, level)
		for n := range packed {
			if got, err := io.ReadAll(NewReader(bytes.NewReader(packed[:n]))); err == nil || !bytes.HasPrefix(want, got) {
				t.Fatalf("level %d: %d of %d bytes: %v", level, n, len(packed), err)
			}
		}
		z := NewReader(nil)
		for i := range 8 * len(packed) {
			b := bytes.Clone(packed)
			b[i/8] ^= 1 << (i % 8)
			z.Reset(bytes.NewReader(b))
			if got, err := io.ReadAll(z); err == nil && !bytes.Equal(got, want) {
				t.Fatalf("level %d: bit %d goes unnoticed", level, i)
			}
		}
	}
}

// TestFailures: failures are named, and the reader's own come through.
func TestFailures(t *testing.T) {
	good := deflate(t, []byte("some data"), 6)
	wrong := bytes.Clone(good)
	wrong[len(wrong)-1]++
	trouble := errors.New("trouble")
	for name, c := range map[string]struct {
		r    io.Reader
		want error
	}{
		"empty":      {bytes.NewReader(nil), io.ErrUnexpectedEOF},
		"text":       {bytes.NewReader([]byte("some text")), ErrHeader},
		"dictionary": {bytes.NewReader([]byte{0x78, 0x20 | 0xBB&0x1F, 0, 0}), ErrHeader},
		"block kind": {bytes.NewReader([]byte{0x78, 0x9C, 0x07, 0, 0, 0}), ErrData},
		"stored":     {bytes.NewReader([]byte{0x78, 0x9C, 0x01, 1, 0, 1, 0, 9}), ErrData},
		"checksum":   {bytes.NewReader(wrong), ErrChecksum},
		"too far":    {bytes.NewReader([]byte{0x78, 0x9C, 0x4B, 0x04, 0x12, 0x00}), ErrData},
		"cut":        {bytes.NewReader(good[:len(good)-4]), io.ErrUnexpectedEOF},
		"trouble":    {io.MultiReader(bytes.NewReader(good[:7]), iotest.ErrReader(trouble)), trouble},
	} {
		if _, err := io.ReadAll(NewReader(c.r)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, wanted %v", name, err, c.want)
		}
	}
}

// FuzzRead compares with the library on anything, and on anything compressed.
func FuzzRead(f *testing.F) {
	for _, b := range samples() {
		b = b[:min(len(b), 500)]
		f.Add(b)
		for _, level := range levels {
			f.Add(deflate(f, b, level))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := io.ReadAll(io.LimitReader(NewReader(bytes.NewReader(b)), 1<<24))
		var want []byte
		r, other := zlib.NewReader(bytes.NewReader(b))
		if other == nil {
			want, other = io.ReadAll(io.LimitReader(r, 1<<24))
		}
		if (err == nil) != (other == nil) || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, %v; the library gives %d, %v", len(got), err, len(want), other)
		}
		packed := deflate(t, b, len(b)%10)
		if got, err := io.ReadAll(NewReader(bytes.NewReader(packed))); err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%d bytes of %d, %v", len(got), len(b), err)
		}
	})
}

// TestAdler: the checksum is the library's, however the data are divided, also where
// its sums are largest.
func TestAdler(t *testing.T) {
	b := bytes.Repeat([]byte{255}, 40_000)
	copy(b[20_000:], samples()["noise"])
	for n := range 200 {
		b, cut := b[n:20_000+n*97], n*n%5000
		want := adler32.Checksum(b)
		first, second := adler32.Checksum(b[:cut]), adler32.Checksum(b[cut:])
		if got := adler(first, b[cut:]); got != want {
			t.Errorf("%d bytes: %x, not %x", len(b), got, want)
		}
		if got := combine(first, second, len(b)-cut); got != want {
			t.Errorf("%d bytes combined: %x, not %x", len(b), got, want)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	want := samples()["photograph"]
	packed := deflate(b, want, 6)
	z := NewReader(nil)
	out := make([]byte, len(want))
	b.SetBytes(int64(len(want)))
	for b.Loop() {
		z.Reset(bytes.NewReader(packed))
		if _, err := io.ReadFull(z, out); err != nil {
			b.Fatal(err)
		}
	}
}
