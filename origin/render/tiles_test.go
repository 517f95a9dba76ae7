package render

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// folder is a source of files that counts how often it is asked.
type folder struct {
	*source.Dir
	path   string
	opened atomic.Int64
}

func (f *folder) Open(ctx context.Context, id string) (source.Object, error) {
	f.opened.Add(1)
	return f.Dir.Open(ctx, id)
}

// put replaces a file as careful programs do; age is how long ago it was changed,
// so that no coarse clock hides that it was.
func (f *folder) put(t *testing.T, name string, data []byte, age time.Duration) {
	t.Helper()
	temp := filepath.Join(f.path, "~"+name)
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-age)
	if err := os.Chtimes(temp, at, at); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temp, filepath.Join(f.path, name)); err != nil {
		t.Fatal(err)
	}
}

func newFolder(t *testing.T) *folder {
	t.Helper()
	path := t.TempDir()
	d, err := source.NewDir(source.DirConfig{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return &folder{Dir: d, path: path}
}

func newFolderEngine(t *testing.T, f *folder, c Config) *Engine {
	t.Helper()
	e := New(c, f, nil, codec.New(codec.Config{}), func(err error) { t.Error(err) })
	t.Cleanup(e.Close)
	return e
}

// content returns the bytes of a result, and gives it back.
func content(t *testing.T, r Result) []byte {
	t.Helper()
	data := bytes.Clone(r.Data)
	if r.File != nil {
		var err error
		if data, err = io.ReadAll(io.NewSectionReader(r.File, r.Offset, r.Length)); err != nil {
			t.Error(err)
		}
	}
	if r.Release != nil {
		r.Release()
	}
	return data
}

// TestCopiedFromFolder: tiles of many images of a folder, asked for together and
// copied into buffers that are used again, are those that an engine gives that
// knows of no files.
func TestCopiedFromFolder(t *testing.T) {
	f := newFolder(t)
	files := map[string][]byte{}
	for i := range 4 {
		name := fmt.Sprint(i)
		files[name] = jpegFile(t, 640+64*i, 512)
		f.put(t, name, files[name], time.Hour)
	}
	e, plain := newFolderEngine(t, f, Config{}), newEngine(t, newMemory(files), nil, Config{})
	want := map[string][]byte{}
	for name := range files {
		for x := 0; x < 512; x += 128 {
			path := fmt.Sprintf("%s/%d,0,128,512/128,512/0/default.jpg", name, x)
			res, err := ask(t.Context(), plain, path)
			if err != nil {
				t.Fatal(err)
			}
			want[path] = res.Data
			if res, err = ask(t.Context(), e, path); err != nil { // builds the index
				t.Fatal(err)
			}
			content(t, res)
		}
	}
	opened := f.opened.Load()
	var wg sync.WaitGroup
	var buffers atomic.Int64
	for range 8 {
		wg.Go(func() {
			for range 20 {
				for path, data := range want {
					res, err := ask(t.Context(), e, path)
					if err != nil {
						t.Error(err)
						return
					}
					if res.Release != nil {
						buffers.Add(1)
					}
					if !bytes.Equal(content(t, res), data) {
						t.Errorf("%s: another tile", path)
					}
				}
			}
		})
	}
	wg.Wait()
	if buffers.Load() == 0 {
		t.Error("nothing was copied at once")
	}
	if n := f.opened.Load() - opened; n > 0 {
		t.Errorf("unchanged images were opened %d times", n)
	}
}

// TestFolderChanges: what happens to a file is seen by the next request.
func TestFolderChanges(t *testing.T) {
	const path = "a/0,0,64,64/64,64/0/default.jpg"
	f := newFolder(t)
	e := newFolderEngine(t, f, Config{})
	id, _ := iiif.NewIdentifier("a")
	width := func() int {
		t.Helper()
		for range 2 { // the second is copied at once
			res, err := ask(t.Context(), e, path)
			if err != nil {
				t.Fatal(err)
			}
			content(t, res)
		}
		d, err := e.Describe(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return d.Info.Width
	}
	f.put(t, "a", jpegFile(t, 300, 100), time.Hour)
	if w := width(); w != 300 {
		t.Errorf("%d wide", w)
	}
	f.put(t, "a", jpegFile(t, 310, 100), 2*time.Hour)
	if w := width(); w != 310 {
		t.Errorf("replaced: %d wide", w)
	}
	if err := os.WriteFile(filepath.Join(f.path, "a"), jpegFile(t, 320, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if w := width(); w != 320 {
		t.Errorf("rewritten: %d wide", w)
	}
	if err := os.Remove(filepath.Join(f.path, "a")); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(t.Context(), e, path); !fault.Is(err, fault.NotFound) {
		t.Errorf("removed: %v", err)
	}
}
