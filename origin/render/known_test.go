package render

import (
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

func (m *memory) fail(outage bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.outage = outage
}

// TestStale: while a source fails, what needs nothing of it is served for as long
// as is set, and the source is left alone for a while; what was deleted or never
// seen is not.
func TestStale(t *testing.T) {
	const path, other = "a/full/100,/0/default.jpg", "a/full/90,/0/default.jpg"
	m := newMemory(map[string][]byte{"a": jpegFile(t, 300, 200), "gone": jpegFile(t, 30, 20)})
	e := newEngine(t, m, &countingStore{data: map[string][]byte{}}, Config{Stale: time.Hour})
	now := time.Now()
	e.known.now = func() time.Time { return now }
	id, _ := iiif.NewIdentifier("a")
	for _, p := range []string{path, "gone/full/max/0/default.jpg"} {
		if _, err := ask(t.Context(), e, p); err != nil {
			t.Fatal(err)
		}
	}
	e.writing.Wait() // the store has the answers now
	delete(m.files, "gone")
	if _, err := ask(t.Context(), e, "gone/full/max/0/default.jpg"); !fault.Is(err, fault.NotFound) {
		t.Errorf("deleted: %v", err)
	}
	m.fail(true)
	for p, want := range map[string]fault.Kind{
		other: fault.Unavailable, "gone/full/max/0/default.jpg": fault.Unavailable, "unseen/full/max/0/default.jpg": fault.Unavailable,
	} {
		if _, err := ask(t.Context(), e, p); !fault.Is(err, want) {
			t.Errorf("%s in an outage: %v", p, err)
		}
	}
	describe := func(when string, stale bool) {
		t.Helper()
		d, err := e.Describe(t.Context(), id)
		if err != nil || d.Stale != stale || d.Info.Width != 300 {
			t.Errorf("%s: %d wide, stale %v, %v", when, d.Info.Width, d.Stale, err)
		}
		if res, err := ask(t.Context(), e, path); err != nil || !res.Cached {
			t.Errorf("%s: cached %v, %v", when, res.Cached, err)
		}
	}
	describe("in an outage", true)
	m.fail(false)
	describe("just behind it", true) // the source is left alone
	now = now.Add(askAgain)
	describe("later", false)
	m.fail(true)
	now = now.Add(time.Hour - time.Second)
	describe("nearly an hour on", true)
	now = now.Add(time.Second)
	if _, err := e.Describe(t.Context(), id); !fault.Is(err, fault.Unavailable) {
		t.Errorf("an hour on: %v", err)
	}
}

// TestKnownIsBounded: a crawl through more images than are remembered does not
// make memory grow.
func TestKnownIsBounded(t *testing.T) {
	k := newKnown(time.Hour)
	for i := range 3 * maxKnown {
		k.told(string(rune(i)), Description{})
	}
	if len(k.images) != maxKnown {
		t.Errorf("%d images are remembered", len(k.images))
	}
}
