//go:build linux

package source

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// TestDirWitness: an object knows without opening anything whether it is the
// newest, and gives out its file for as long as nobody writes into it.
func TestDirWitness(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, dir, path string)
		newest bool
		file   bool
	}{
		"untouched": {func(*testing.T, string, string) {}, true, true},
		"replaced":  {func(t *testing.T, dir, _ string) { writeFile(t, dir, "maps/a.jpg", pattern(10_000, 2)) }, false, true},
		"replaced by the same": {func(t *testing.T, dir, path string) {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, dir, "maps/a.jpg", pattern(10_000, 2))
			if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}, false, true},
		"rewritten": {func(t *testing.T, _, path string) {
			if err := os.WriteFile(path, pattern(10_000, 2), 0o600); err != nil {
				t.Fatal(err)
			}
		}, false, false},
		"removed":   {func(t *testing.T, _, path string) { os.Remove(path) }, false, true},
		"unmounted": {func(t *testing.T, dir, _ string) { os.Rename(dir, dir+".away") }, false, true},
		"exchanged": {func(t *testing.T, dir, _ string) {
			os.Rename(dir, dir+".away")
			writeFile(t, dir, "maps/a.jpg", pattern(10_000, 1))
		}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "images")
			path := filepath.Join(dir, "maps", "a.jpg")
			writeFile(t, dir, "maps/a.jpg", pattern(10_000, 1))
			old := time.Now().Add(-time.Hour)
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
			o := open(t, newTestDir(t, DirConfig{Path: dir}), "maps/a.jpg")
			if f, err := os.Open(path); err != nil || !isLocal(f) {
				t.Skip("the temporary folder is on a file system that is not known as local")
			} else {
				f.Close()
			}
			c.change(t, dir, path)
			if newest := o.(Witness).Newest(); newest != c.newest {
				t.Errorf("newest: %v", newest)
			}
			f, err := o.(Filed).File()
			if (err == nil) != c.file || err != nil && !fault.Is(err, fault.Conflict) {
				t.Errorf("file: %v", err)
			}
			if b := make([]byte, 100); err == nil {
				if _, err := f.ReadAt(b, 5000); err != nil || string(b) != string(pattern(10_000, 1)[5000:5100]) {
					t.Errorf("the file's bytes are others: %v", err)
				}
			}
			o.Close()
			if newest := o.(Witness).Newest(); newest != c.newest {
				t.Errorf("closed, newest: %v", newest)
			}
		})
	}
}

// TestFallbackIsNoWitness: what was found under an extension says nothing of the
// name without one, which goes before it.
func TestFallbackIsNoWitness(t *testing.T) {
	dir := t.TempDir()
	d := newTestDir(t, DirConfig{Path: dir})
	l, err := NewLayout(LayoutConfig{Extensions: []string{"jpg"}})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir, "a.jpg", []byte("one"))
	for id, want := range map[string]bool{"a.jpg": true, "a": false} {
		o, err := l.Open(t.Context(), d, id)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := o.(Witness); ok != want {
			t.Errorf("%s: witness %v", id, ok)
		}
		if _, err := o.(Filed).File(); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		o.Close()
	}
}
