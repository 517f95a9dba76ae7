package tiff

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"golang.org/x/image/tiff/lzw"
)

// lzwWriter writes codes.
type lzwWriter struct {
	b   []byte
	acc uint32
	n   uint
}

func (w *lzwWriter) code(v uint32, width uint) {
	w.acc, w.n = w.acc<<width|v, w.n+width
	for ; w.n >= 8; w.n -= 8 {
		w.b = append(w.b, byte(w.acc>>(w.n-8)))
	}
}

// compressLZW is TIFF 6.0 §13's own description of a compressor.
func compressLZW(src []byte) []byte {
	w := &lzwWriter{}
	table, width := map[string]uint32{}, uint(9)
	lookup := func(s []byte) (uint32, bool) {
		if len(s) == 1 {
			return uint32(s[0]), true
		}
		v, ok := table[string(s)]
		return v, ok
	}
	w.code(lzwClear, width)
	at := 0
	for i := 1; i <= len(src); i++ {
		if i < len(src) {
			if _, ok := lookup(src[at : i+1]); ok {
				continue
			}
		}
		v, _ := lookup(src[at:i])
		w.code(v, width)
		if i < len(src) {
			next := uint32(lzwEnd + 1 + len(table))
			table[string(src[at:i+1])] = next
			switch next {
			case 511, 1023, 2047:
				width++
			case 4094:
				w.code(lzwClear, width)
				table, width = map[string]uint32{}, 9
			}
		}
		at = i
	}
	w.code(lzwEnd, width)
	w.code(0, 7)
	return w.b
}

func lzwSamples() [][]byte {
	r := rand.New(rand.NewPCG(3, 1))
	noise, smooth := make([]byte, 60_000), make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for i := range smooth {
		smooth[i] = byte(r.NormFloat64() * 2)
	}
	return [][]byte{{}, {9}, []byte("aaaaaaaa"), make([]byte, 3_000_000), noise, smooth, bytes.Repeat([]byte("abcabd"), 9000)}
}

// TestLZW: what is compressed comes out again, as it does from the other decoder, and
// what is cut does not go on.
func TestLZW(t *testing.T) {
	z := new(lzwReader)
	for i, want := range lzwSamples() {
		packed := compressLZW(want)
		for _, r := range []io.Reader{bytes.NewReader(packed), iotest.HalfReader(bytes.NewReader(packed)), iotest.DataErrReader(bytes.NewReader(packed))} {
			z.Reset(r)
			got, err := io.ReadAll(z)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("sample %d: %d bytes of %d, %v", i, len(got), len(want), err)
			}
		}
		other, err := io.ReadAll(lzw.NewReader(bytes.NewReader(packed), lzw.MSB, 8))
		if err != nil || !bytes.Equal(other, want) {
			t.Fatalf("sample %d: the test's own compressor is wrong: %v", i, err)
		}
		z.Reset(bytes.NewReader(packed[:len(packed)*2/3]))
		if got, err := io.ReadAll(z); !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.HasPrefix(want, got) {
			t.Fatalf("sample %d cut: %d bytes, %v", i, len(got), err)
		}
	}
}

// FuzzLZW compares with the other decoder on anything.
func FuzzLZW(f *testing.F) {
	for _, b := range lzwSamples() {
		f.Add(compressLZW(b[:min(len(b), 6000)]))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		z := new(lzwReader)
		z.Reset(bytes.NewReader(b))
		got, err := io.ReadAll(z)
		if z.full {
			return // opinions differ on what comes after
		}
		want, other := io.ReadAll(lzw.NewReader(bytes.NewReader(b), lzw.MSB, 8))
		if n := min(len(got), len(want)); !bytes.Equal(got[:n], want[:n]) {
			t.Fatalf("%d bytes, %v; the other gives %d, %v", len(got), err, len(want), other)
		}
		if other == nil && (err != nil || len(got) != len(want)) {
			t.Fatalf("%d bytes, %v; the other gives %d", len(got), err, len(want))
		}
	})
}
