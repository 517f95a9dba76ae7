package render

import (
	"strconv"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// TestHeldImages: open images are bounded by the memory that they take, too; the
// one opened last stays however large it is.
func TestHeldImages(t *testing.T) {
	files := map[string][]byte{}
	for i := range 20 {
		files[strconv.Itoa(i)] = jpegFile(t, 40+i, 30)
	}
	for _, c := range []struct{ images, want int64 }{{20, 20}, {5, 5}, {0, 1}} {
		m := newMemory(files)
		e := newEngine(t, m, nil, Config{})
		e.shelf.maxHeld = c.images * held(t, e)
		for name := range files {
			id, _ := iiif.NewIdentifier(name)
			if _, err := e.Describe(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if open := m.opened.Load() - m.closed.Load(); open != c.want || int64(e.shelf.recent.Len()) != c.want {
			t.Errorf("%d images are open with room for %d, %d on the shelf", open, c.images, e.shelf.recent.Len())
		}
		e.Close()
		if e.shelf.held != 0 || m.opened.Load() != m.closed.Load() {
			t.Errorf("%d bytes are counted when all is closed", e.shelf.held)
		}
	}
}

// held returns what one of the small images holds.
func held(t *testing.T, e *Engine) int64 {
	t.Helper()
	id, _ := iiif.NewIdentifier("0")
	if _, err := e.Describe(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	return e.shelf.held
}
