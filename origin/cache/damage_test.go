package cache

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// expectMiss checks that what lies at the key's path is not served and is gone
// after the attempt.
func expectMiss(t *testing.T, c *Cache, key, what string) {
	t.Helper()
	if got, ok := c.Get(key); ok {
		t.Fatalf("%s: served %q", what, got)
	}
	if _, err := os.Lstat(c.path(nameOf(key))); !os.IsNotExist(err) {
		t.Fatalf("%s: still there (%v)", what, err)
	}
}

func TestDamage(t *testing.T) {
	c := open(t, Config{Dir: t.TempDir(), NoSync: true})
	const key = "image@1/full/max/0/default.jpg"
	value := []byte("forty-two bytes of something that matters.")
	put(t, c, key, value)
	path := c.path(nameOf(key))
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		expectMiss(t, c, key, what)
	}
	for i := range good {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			b := bytes.Clone(good)
			b[i] ^= flip
			try("a changed byte", b)
		}
	}
	for n := range good {
		try("truncated", good[:n])
		// What a journalling file system may leave after a power cut: the right
		// length, zeros from somewhere on.
		b := make([]byte, len(good))
		copy(b, good[:n])
		if !bytes.Equal(b, good) {
			try("zeros", b)
		}
	}
	try("longer", append(bytes.Clone(good), 0))
	try("foreign", []byte("GIF89a"))
	try("another key's entry", compose("image@2/full/max/0/default.jpg", value))

	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	expectMiss(t, c, key, "a folder")
	if err := os.Symlink(filepath.Join(c.dir, "x"), path); err != nil {
		t.Fatal(err)
	}
	expectMiss(t, c, key, "a link")
	huge, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer huge.Close()
	if err := huge.Truncate(1 << 40); err != nil {
		t.Fatal(err)
	}
	expectMiss(t, c, key, "a huge file")
	if s := c.Stats(); s.Entries != 0 || s.Bytes != 0 {
		t.Errorf("%+v", s)
	}
	// The place is as good as new.
	put(t, c, key, value)
	if got, ok := c.Get(key); !ok || !bytes.Equal(got, value) {
		t.Errorf("after all: %q, %v", got, ok)
	}
}

// The layout of a file is fixed: other processes of another build may share it.
func TestLayout(t *testing.T) {
	got := compose("key", []byte("data"))
	// The checksum was computed bit by bit in Python over the bytes before
	// and after it.
	want := []byte{'V', 'I', 'T', 'R', 1, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0xdd, 0xb4, 0x4f, 0x80}
	want = append(want, "keydata"...)
	if !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func FuzzParse(f *testing.F) {
	good := compose("key", []byte("data"))
	f.Add(good)
	f.Add(good[:headerLen])
	f.Add(append(bytes.Clone(good), 1))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parse(b)
		if err != nil {
			if !fault.Is(err, fault.Corrupt) {
				t.Fatalf("kind of %v", err)
			}
			return
		}
		// Only what compose writes is accepted.
		if !bytes.Equal(compose(e.key, e.data), b) {
			t.Fatalf("accepted %x", b)
		}
	})
}

func FuzzParseName(f *testing.F) {
	f.Add(nameOf("key").String())
	f.Add("0123456789ABCDEF0123456789abcdef")
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := parseName(s); ok && n.String() != s {
			t.Fatalf("%q became %q", s, n.String())
		}
	})
}
