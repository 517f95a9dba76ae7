package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func open(t *testing.T, cfg Config) *Cache {
	t.Helper()
	c, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func put(t *testing.T, c *Cache, key string, data []byte) {
	t.Helper()
	if err := c.Put(key, data); err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
}

// diskUse returns the blocks of all regular files under dir.
func diskUse(t *testing.T, dir string) int64 {
	t.Helper()
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err == nil {
			sum += blocks(info.Size())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	c := open(t, Config{Dir: dir})
	values := map[string][]byte{
		"a":                                []byte("one"),
		"../../etc/passwd\x00\n/":          []byte("two"),
		"empty":                            {},
		strings.Repeat("k", 4096):          bytes.Repeat([]byte{0, 255}, 1<<20),
		"image@rev/full/max/0/default.jpg": []byte(strings.Repeat("x", 4096)),
	}
	for k, v := range values {
		if _, ok := c.Get(k); ok {
			t.Fatalf("Get(%.20q) before Put: a hit", k)
		}
		put(t, c, k, v)
	}
	check := func(c *Cache) {
		t.Helper()
		for k, v := range values {
			got, ok := c.Get(k)
			if !ok || !bytes.Equal(got, v) {
				t.Errorf("Get(%.20q) = %d bytes, %v; want %d", k, len(got), ok, len(v))
			}
		}
	}
	check(c)
	values["a"] = []byte("replaced")
	put(t, c, "a", values["a"])
	check(c)
	before := c.Stats()
	if before.Entries != int64(len(values)) || before.Bytes != diskUse(t, dir) {
		t.Errorf("%+v; the disk holds %d bytes", before, diskUse(t, dir))
	}
	c.Close()
	if _, ok := c.Get("a"); ok {
		t.Error("a hit after Close")
	}
	if err := c.Put("a", nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Put after Close: %v", err)
	}

	c = open(t, Config{Dir: dir})
	check(c)
	if after := c.Stats(); after.Entries != before.Entries || after.Bytes != before.Bytes {
		t.Errorf("after reopening %+v, before %+v", after, before)
	}
	if err := c.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Get("a"); ok {
		t.Error("a hit after Remove")
	}
	if err := c.Remove("a"); err != nil {
		t.Errorf("Remove of nothing: %v", err)
	}
}

func TestKeys(t *testing.T) {
	c := open(t, Config{Dir: t.TempDir()})
	for _, key := range []string{"", strings.Repeat("k", MaxKey+1)} {
		if err := c.Put(key, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("Put with a key of %d bytes: %v", len(key), err)
		}
		if _, ok := c.Get(key); ok {
			t.Errorf("Get with a key of %d bytes: a hit", len(key))
		}
		if err := c.Remove(key); !fault.Is(err, fault.Invalid) {
			t.Errorf("Remove with a key of %d bytes: %v", len(key), err)
		}
	}
}

func TestBound(t *testing.T) {
	dir := t.TempDir()
	const bound = 1 << 20
	c := open(t, Config{Dir: dir, MaxBytes: bound, NoSync: true})
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 600 {
		put(t, c, fmt.Sprint("key ", i), make([]byte, r.IntN(30000)))
		if i%20 == 0 {
			if n := diskUse(t, dir); n > bound || n != c.Stats().Bytes {
				t.Fatalf("after %d: %d bytes on disk, %d counted, bound %d", i, n, c.Stats().Bytes, bound)
			}
		}
	}
	s := c.Stats()
	if s.Bytes < bound/10*9-64<<10 {
		t.Errorf("only %d bytes kept of %d", s.Bytes, bound)
	}
	if s.Evicted+s.Entries != 600 {
		t.Errorf("%d evicted + %d kept, not 600", s.Evicted, s.Entries)
	}
	// A value above an eighth is not kept, and pushes nothing out.
	put(t, c, "big", make([]byte, bound/8+1))
	if _, ok := c.Get("big"); ok || c.Stats().Entries != s.Entries || c.Stats().Skipped != 1 {
		t.Errorf("a big value: hit %v, %+v", ok, c.Stats())
	}
	put(t, c, "just", make([]byte, bound/8))
	if _, ok := c.Get("just"); !ok {
		t.Error("a value of an eighth is not kept")
	}
	c.Close()
	// A smaller bound at the next start is obeyed at once.
	c = open(t, Config{Dir: dir, MaxBytes: bound / 4})
	if n := diskUse(t, dir); n > bound/4 {
		t.Errorf("%d bytes on disk after opening with a bound of %d", n, bound/4)
	}
	if _, ok := c.Get("just"); !ok {
		t.Error("the newest entry went first")
	}
}

// keysLeft tells which of the keys 0…n-1 are there, without using them.
func keysLeft(c *Cache, n int) string {
	var b strings.Builder
	for i := range n {
		if _, err := os.Stat(c.path(nameOf(fmt.Sprint(i)))); err == nil {
			b.WriteByte('#')
		} else {
			b.WriteByte('.')
		}
	}
	return b.String()
}

func TestLeastRecentlyUsedGoesFirst(t *testing.T) {
	dir := t.TempDir()
	// 32 blocks, the line at 28.8: the 29th and each one after it pushes one out.
	c := open(t, Config{Dir: dir, MaxBytes: 32 * block, NoSync: true})
	one := make([]byte, 100)
	for i := range 28 {
		put(t, c, fmt.Sprint(i), one)
	}
	if got := keysLeft(c, 28); strings.Contains(got, ".") {
		t.Fatalf("below the line: %s", got)
	}
	for _, k := range []string{"0", "3", "4"} {
		if _, ok := c.Get(k); !ok {
			t.Fatalf("%s is missing", k)
		}
	}
	for i := 28; i < 31; i++ {
		put(t, c, fmt.Sprint(i), one)
	}
	// 1, 2 and 5 were the least recently used.
	if got, want := keysLeft(c, 31), "#..##."+strings.Repeat("#", 25); got != want {
		t.Fatalf("left\n%s, want\n%s", got, want)
	}
	// After a restart the order comes from the files' times, which hits renew
	// when they are older than refresh.
	c.Close()
	for i := range 31 {
		when := time.Now().Add(time.Duration(i-100) * time.Hour)
		if err := os.Chtimes(c.path(nameOf(fmt.Sprint(i))), when, when); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	c = open(t, Config{Dir: dir, MaxBytes: 32 * block, NoSync: true})
	c.Get("0")
	c.Close()
	c = open(t, Config{Dir: dir, MaxBytes: 32 * block, NoSync: true})
	// 3, 4 and 6 are now the oldest but for 0.
	for i := 31; i < 34; i++ {
		put(t, c, fmt.Sprint(i), one)
	}
	if got, want := keysLeft(c, 34), "#......"+strings.Repeat("#", 27); got != want {
		t.Fatalf("after restart left\n%s, want\n%s", got, want)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(dir, "closed")
	if err := os.MkdirAll(filepath.Join(closed, "tmp"), 0o500); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		cfg  Config
		want fault.Kind
		root bool // applies to root too
	}{
		{"no folder", Config{}, fault.Invalid, true},
		{"tiny bound", Config{Dir: dir, MaxBytes: 1000}, fault.Invalid, true},
		{"negative bound", Config{Dir: dir, MaxBytes: -1}, fault.Invalid, true},
		{"a file", Config{Dir: file}, fault.Unavailable, true},
		{"below a file", Config{Dir: filepath.Join(file, "x")}, fault.Unavailable, true},
		{"read-only file system", Config{Dir: "/proc/self/cache"}, fault.Unavailable, true},
		{"read-only folder", Config{Dir: closed}, fault.Unavailable, false},
	} {
		if !test.root && os.Geteuid() == 0 {
			continue // root may write everywhere
		}
		t.Run(test.name, func(t *testing.T) {
			c, err := Open(test.cfg)
			if err == nil {
				c.Close()
			}
			if !fault.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}

// A folder that stops taking writes fails Put and Check, and nothing else.
func TestWritesFail(t *testing.T) {
	dir := t.TempDir()
	c := open(t, Config{Dir: dir})
	put(t, c, "a", []byte("one"))
	if err := c.Check(t.Context()); err != nil {
		t.Fatalf("Check: %v", err)
	}
	if err := os.Rename(c.tempDir(), filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.tempDir(), nil, 0o600); err != nil { // a file where the folder was
		t.Fatal(err)
	}
	before := c.Stats()
	if err := c.Put("b", []byte("two")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Put: %v", err)
	}
	if err := c.Check(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Check: %v", err)
	}
	if got, ok := c.Get("a"); !ok || string(got) != "one" {
		t.Errorf("Get = %q, %v", got, ok)
	}
	if s := c.Stats(); s.Errors != 1 || s.Bytes != before.Bytes {
		t.Errorf("%+v, before %+v", s, before)
	}
	if err := os.Remove(c.tempDir()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "away"), c.tempDir()); err != nil {
		t.Fatal(err)
	}
	put(t, c, "b", []byte("two"))
}

// A folder that is deleted under a running server is begun anew.
func TestDeletedFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	c := open(t, Config{Dir: dir})
	put(t, c, "a", []byte("one"))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Get("a"); ok {
		t.Error("what was deleted is there")
	}
	put(t, c, "b", []byte("two"))
	if got, ok := c.Get("b"); !ok || string(got) != "two" {
		t.Errorf("Get = %q, %v", got, ok)
	}
	if err := c.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
}

func TestCheckDoesNotPileUp(t *testing.T) {
	c := open(t, Config{Dir: t.TempDir()})
	c.probing <- struct{}{} // as a check on a disk that hangs
	if err := c.Check(context.Background()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Check: %v", err)
	}
	<-c.probing
	if err := c.Check(context.Background()); err != nil {
		t.Errorf("Check: %v", err)
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	temp := filepath.Join(dir, "tmp")
	if err := os.MkdirAll(temp, 0o700); err != nil {
		t.Fatal(err)
	}
	old, young := filepath.Join(temp, "put-old"), filepath.Join(temp, "put-young")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, make([]byte, 9999), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	when := time.Now().Add(-2 * tempAge)
	if err := os.Chtimes(old, when, when); err != nil {
		t.Fatal(err)
	}
	open(t, Config{Dir: dir})
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the leftover is still there: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("a file that may be in use: %v", err)
	}
}
