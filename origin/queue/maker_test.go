package queue

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/ingest"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// sheet is a JPEG of w × h pixels that is different for each seed.
func sheet(t testing.TB, w, h, seed int) []byte {
	t.Helper()
	m := pixel.New(pixel.YCbCr, w, h, 2, 2, false)
	for i := range m.Planes[0].Pix {
		m.Planes[0].Pix[i] = byte(i>>3 + seed)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, jpeg.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// meddled is a source in which something happens before the open number at.
type meddled struct {
	source.Source
	at     int
	happen func()
}

func (m *meddled) Open(ctx context.Context, key string) (source.Object, error) {
	m.at--
	if m.at == 0 {
		m.happen()
	}
	return m.Source.Open(ctx, key)
}

// shop is a folder of images with a store of pyramids.
type shop struct {
	t     *testing.T
	dir   string
	store *store.Store
	maker *Maker
}

func newShop(t *testing.T) *shop {
	s := &shop{t: t, dir: t.TempDir()}
	images, err := source.NewDir(source.DirConfig{Path: s.dir})
	if err != nil {
		t.Fatal(err)
	}
	if s.store, err = store.Open(t.Context(), store.Config{Spec: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.store.Close(); images.Close() })
	ingester, err := ingest.New(ingest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s.maker = &Maker{Source: images, Store: s.store, Ingester: ingester}
	return s
}

// put writes a file, as a rename that is seen as a change.
func (s *shop) put(name string, data []byte) {
	s.t.Helper()
	temp := filepath.Join(s.t.TempDir(), "new")
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(temp, filepath.Join(s.dir, name)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) remove(name string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		s.t.Fatal(err)
	}
}

// width returns the width of the pyramid of an image, 0 when there is none.
func (s *shop) width(name string) int {
	s.t.Helper()
	id, err := iiif.NewIdentifier(name)
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := s.store.Open(s.t.Context(), id)
	if fault.Is(err, fault.NotFound) {
		return 0
	}
	if err != nil {
		s.t.Fatal(err)
	}
	defer p.Close()
	return p.Index.Layout().Width
}

// work does a task and checks what came of it; kind is that of the failure, or a
// negative number for none.
func (s *shop) work(name string, wanted bool, want Outcome, kind int, width int) {
	s.t.Helper()
	job := task(s.t, name, "")
	job.Wanted = wanted
	r, err := s.maker.Work(s.t.Context(), job)
	switch {
	case kind >= 0 && (err == nil || fault.KindOf(err) != fault.Kind(kind)):
		s.t.Errorf("%s: %v, want %v", name, err, fault.Kind(kind))
	case kind < 0 && (err != nil || r.Outcome != want):
		s.t.Errorf("%s: %v, %v, want %v", name, r.Outcome, err, want)
	}
	if got := s.width(name); got != width {
		s.t.Errorf("%s: the pyramid is %d wide, want %d", name, got, width)
	}
}

const fine = -1

// TestMaker: what is missing is made, what is there is left, what changed is made
// anew, what is gone is removed when somebody says so; small images, and files that
// are none, get nothing.
func TestMaker(t *testing.T) {
	s := newShop(t)
	s.put("a.jpg", sheet(t, 1400, 800, 1))
	s.work("a.jpg", false, Made, fine, 1400)
	s.work("a.jpg", false, Current, fine, 1400)
	s.work("a.jpg", true, Current, fine, 1400)
	s.put("a.jpg", sheet(t, 1500, 800, 1))
	s.work("a.jpg", false, Made, fine, 1500)
	s.remove("a.jpg")
	s.work("a.jpg", false, 0, int(fault.NotFound), 1500)
	s.work("a.jpg", true, Removed, fine, 0)
	s.work("a.jpg", true, Removed, fine, 0)

	s.put("small.jpg", sheet(t, 1000, 999, 1))
	s.work("small.jpg", false, Skipped, fine, 0)
	s.work("small.jpg", true, Made, fine, 1000)
	s.work("small.jpg", false, Current, fine, 1000)
	s.put("large.jpg", sheet(t, 1000, 1000, 1))
	s.work("large.jpg", false, Made, fine, 1000)

	s.put("cut.jpg", sheet(t, 2000, 1000, 1)[:3000])
	s.work("cut.jpg", true, 0, int(fault.Corrupt), 0)
	s.put("notes.jpg", []byte("these are no pixels\n"))
	s.work("notes.jpg", true, 0, int(fault.Corrupt), 0)
	s.put("notes.txt", []byte("these are no pixels\n"))
	s.work("notes.txt", true, Skipped, fine, 0)
	s.put("film.mp4", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42"))
	s.work("film.mp4", true, Skipped, fine, 0)
	s.put("scan17", sheet(t, 1400, 800, 1)) // a name without an ending
	s.work("scan17", true, Made, fine, 1400)
}

// TestMakerRaces: whatever happens to an image between two looks, the pyramid is in
// the end of the image that is there in the end.
func TestMakerRaces(t *testing.T) {
	for name, c := range map[string]struct {
		before bool // there is an image at first
		happen func(*shop)
		want   Outcome
		width  int
	}{
		"replaced when done":   {true, func(s *shop) { s.put("a.jpg", sheet(t, 1500, 800, 2)) }, Made, 1500},
		"removed when done":    {true, func(s *shop) { s.remove("a.jpg") }, Removed, 0},
		"back after a removal": {false, func(s *shop) { s.put("a.jpg", sheet(t, 1500, 800, 2)) }, Made, 1500},
		"overwritten by another that read before": {true, func(s *shop) {
			// Its pyramid, of the image of before, comes after ours.
			s.put("a.jpg", sheet(t, 1100, 900, 3))
			s.work("a.jpg", true, Made, fine, 1100)
			s.put("a.jpg", sheet(t, 1500, 800, 2))
		}, Made, 1500},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			images := s.maker.Source
			if c.before {
				s.put("a.jpg", sheet(t, 1400, 800, 1))
			}
			s.maker.Source = &meddled{images, 2, func() {
				s.t = t
				saved := s.maker.Source
				s.maker.Source = images
				c.happen(s)
				s.maker.Source = saved
			}}
			s.work("a.jpg", true, c.want, fine, c.width)
		})
	}
}

// TestMakerRestless: an image that does not stop changing fails, and may be tried
// again.
func TestMakerRestless(t *testing.T) {
	s := newShop(t)
	s.put("a.jpg", sheet(t, 1400, 800, 0))
	images := s.maker.Source
	n := 0
	var again func()
	again = func() {
		n++
		s.put("a.jpg", sheet(t, 1400+n, 800, n))
		s.maker.Source = &meddled{images, 1, again}
	}
	s.maker.Source = &meddled{images, 1, again}
	if _, err := s.maker.Work(t.Context(), task(t, "a.jpg", "")); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v after %d changes", err, n)
	}
}

// TestQueueOfMakers: the same through a queue, and what it remembers.
func TestQueueOfMakers(t *testing.T) {
	s := newShop(t)
	q := New(Config{Workers: 2}, s.maker.Work)
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { q.Run(ctx); close(over) }()
	s.put("a.jpg", sheet(t, 1400, 800, 0))
	s.put("bad.jpg", []byte("no image"))
	revision := func(name string) string {
		obj, err := s.maker.Source.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		defer obj.Close()
		return obj.Revision()
	}
	settle := func() {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); q.Stats().Waiting+q.Stats().Running > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("does not settle: %+v", q.Stats())
			}
		}
	}
	q.Offer(task(t, "a.jpg", revision("a.jpg")))
	q.Offer(task(t, "bad.jpg", revision("bad.jpg")))
	settle()
	if n := q.Stats(); n.Made != 1 || n.Failed != 1 || s.width("a.jpg") != 1400 {
		t.Errorf("%+v", n)
	}
	if q.Offer(task(t, "bad.jpg", revision("bad.jpg"))) {
		t.Error("a bad image is tried again")
	}
	s.put("bad.jpg", sheet(t, 1400, 800, 0))
	if !q.Offer(task(t, "bad.jpg", revision("bad.jpg"))) {
		t.Error("a repaired image is not tried again")
	}
	settle()
	if s.width("bad.jpg") != 1400 {
		t.Error("a repaired image has no pyramid")
	}
	stop()
	<-over
}
