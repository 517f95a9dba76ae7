package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"testing"
)

// TestPortable compares with the standard library at every length up to some
// blocks, where the padding differs.
func TestPortable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 300)
	for n := range data {
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		if got, want := portable(data[:n]), sha256.Sum256(data[:n]); got != want {
			t.Fatalf("%d bytes: %x, want %x", n, got, want)
		}
	}
	if Sum256(data) != portable(data) {
		t.Error("the native one differs")
	}
}

func TestHex(t *testing.T) {
	b := []byte{0, 1, 0x7f, 0x80, 0xfe, 0xff}
	if got, want := string(Hex([]byte("x"), b)), "x"+hex.EncodeToString(b); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
