package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// store is a source under test, with the other end of it.
type store struct {
	src Source
	put func(key string, data []byte)
	del func(key string)
	// denied is a source whose key exists but is refused, nil when the test has
	// no such thing.
	denied    Source
	deniedKey string
	// old says that a handle keeps reading the bytes that were replaced, instead
	// of failing with Conflict.
	old bool
	// outage makes the source unreachable until the end of the test.
	outage func()
}

// conform is the suite that every Source passes.
func conform(t *testing.T, setup func(t *testing.T) *store) {
	t.Parallel()
	s := setup(t)
	ctx := t.Context()
	t.Run("metadata", func(t *testing.T) {
		before := time.Now().Add(-2 * time.Second)
		s.put("meta/a.jpg", []byte("hello"))
		o := open(t, s.src, "meta/a.jpg")
		if o.Key() != "meta/a.jpg" || o.Size() != 5 {
			t.Errorf("key %q, size %d", o.Key(), o.Size())
		}
		if m := o.Modified(); m.Before(before) || m.After(time.Now().Add(2*time.Second)) {
			t.Errorf("modified %v", m)
		}
		checkRevision(t, o.Revision())
		if again := open(t, s.src, "meta/a.jpg"); again.Revision() != o.Revision() {
			t.Errorf("revision %q, then %q", o.Revision(), again.Revision())
		}
	})
	t.Run("ranges", func(t *testing.T) {
		data := pattern(300_000, 1)
		s.put("ranges.tif", data)
		o := open(t, s.src, "ranges.tif")
		want := bytes.NewReader(data)
		for _, c := range []struct{ off, n int64 }{
			{0, 1}, {0, 300_000}, {1, 2}, {65_535, 2}, {65_536, 65_536}, {131_071, 70_000}, {299_999, 1},
			{299_999, 2}, {299_000, 5_000}, {300_000, 1}, {300_001, 1}, {1 << 60, 10}, {0, 0}, {300_000, 0}, {0, 300_001},
		} {
			p, q := make([]byte, c.n), make([]byte, c.n)
			n, err := o.ReadAt(ctx, p, c.off)
			wn, werr := want.ReadAt(q, c.off)
			if c.n == 0 {
				werr = nil // io.ReaderAt leaves it open; we never fail a read of nothing
			}
			if n != wn || err != werr || !bytes.Equal(p[:n], q[:wn]) {
				t.Errorf("ReadAt(%d at %d) = %d, %v; bytes.Reader gives %d, %v", c.n, c.off, n, err, wn, werr)
			}
		}
		if n, err := o.ReadAt(ctx, make([]byte, 1), -1); n != 0 || err == nil || err == io.EOF {
			t.Errorf("a negative offset gives %d, %v", n, err)
		}
		got, err := io.ReadAll(io.NewSectionReader(Reader(ctx, o), 0, 1<<40))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("reading all: %d bytes, %v", len(got), err)
		}
	})
	t.Run("empty", func(t *testing.T) {
		s.put("empty.png", nil)
		o := open(t, s.src, "empty.png")
		if n, err := o.ReadAt(ctx, make([]byte, 4), 0); o.Size() != 0 || n != 0 || err != io.EOF {
			t.Errorf("size %d, read %d, %v", o.Size(), n, err)
		}
	})
	t.Run("concurrent", func(t *testing.T) {
		data := pattern(700_000, 2)
		s.put("concurrent.jpg", data)
		o := open(t, s.src, "concurrent.jpg")
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(g), 7))
				for range 20 {
					off := r.Int64N(int64(len(data)))
					p := make([]byte, 1+r.IntN(100_000))
					n, err := o.ReadAt(ctx, p, off)
					if err != nil && err != io.EOF || !bytes.Equal(p[:n], data[off:off+int64(n)]) {
						t.Errorf("read at %d: %d, %v", off, n, err)
					}
				}
			})
		}
		wg.Wait()
	})
	t.Run("absent", func(t *testing.T) {
		s.put("dir/there.jpg", []byte("x"))
		for _, key := range []string{
			"absent.jpg", "dir/absent.jpg", "no/such/dir/a.jpg", "dir", "dir/there.jpg/below.jpg",
			"", ".", "..", "../etc/passwd", "dir/../dir/there.jpg", "/dir/there.jpg", "dir//there.jpg", "dir/", "dir/./there.jpg",
			`dir\there.jpg`, "a\x00b", "a\nb", "\xff", strings.Repeat("x", 5000), strings.Repeat("x", 300),
		} {
			o, err := s.src.Open(ctx, key)
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("Open(%q) = %v, %v", key, o, err)
			}
		}
	})
	if s.denied != nil { // other stores cannot refuse
		t.Run("forbidden", func(t *testing.T) {
			o, err := s.denied.Open(ctx, s.deniedKey)
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("Open = %v, %v", o, err)
			}
		})
	}
	t.Run("replaced", func(t *testing.T) {
		a, b := pattern(200_000, 3), pattern(200_000, 4)
		s.put("replaced.jpg", a)
		o := open(t, s.src, "replaced.jpg")
		s.put("replaced.jpg", b)
		p := make([]byte, 1000)
		n, err := o.ReadAt(ctx, p, 150_000)
		switch {
		case s.old && (err != nil || !bytes.Equal(p, a[150_000:151_000])):
			t.Errorf("the old handle gives %d, %v", n, err)
		case !s.old && !fault.Is(err, fault.Conflict):
			t.Errorf("the old handle gives %d, %v; want Conflict", n, err)
		}
		fresh := open(t, s.src, "replaced.jpg")
		if fresh.Revision() == o.Revision() {
			t.Error("the revision is still the same")
		}
		if _, err := fresh.ReadAt(ctx, p, 150_000); err != nil || !bytes.Equal(p, b[150_000:151_000]) {
			t.Errorf("the new one: %v", err)
		}
	})
	t.Run("removed", func(t *testing.T) {
		s.put("removed.jpg", pattern(100_000, 5))
		o := open(t, s.src, "removed.jpg")
		s.del("removed.jpg")
		_, err := o.ReadAt(ctx, make([]byte, 10), 90_000)
		if s.old && err != nil || !s.old && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) {
			t.Errorf("the old handle gives %v", err)
		}
		if _, err := s.src.Open(ctx, "removed.jpg"); !fault.Is(err, fault.NotFound) {
			t.Errorf("Open gives %v", err)
		}
	})
	t.Run("odd names", func(t *testing.T) {
		for i, key := range []string{
			"a b c.jpg", "ünïcödé/文字.png", "it's \"quoted\".jpg", "a+b.jpg", "100%.jpg", "%2F.jpg", "a%20b.jpg", "#1.jpg",
			"what?.jpg", "a&b=c;d,e.jpg", "x:y@z.jpg", "~$!*()[]{}|^`<>.jpg", "ark:/13030/xt12t3", "...three", "-rf.jpg",
			strings.Repeat("n", 200) + ".jpg", "e\u0301.jpg", "🖼.jpg",
		} {
			data := fmt.Appendf(nil, "%d %s", i, key)
			s.put("odd/"+key, data)
			o := open(t, s.src, "odd/"+key)
			p := make([]byte, len(data))
			if _, err := o.ReadAt(ctx, p, 0); err != nil || !bytes.Equal(p, data) {
				t.Errorf("%q: %q, %v", key, p, err)
			}
		}
	})
	t.Run("canceled", func(t *testing.T) {
		s.put("canceled.jpg", pattern(100_000, 6))
		o := open(t, s.src, "canceled.jpg")
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := s.src.Open(gone, "canceled.jpg"); !fault.Is(err, fault.Canceled) {
			t.Errorf("Open gives %v", err)
		}
		if _, err := o.ReadAt(gone, make([]byte, 10), 0); !fault.Is(err, fault.Canceled) {
			t.Errorf("ReadAt gives %v", err)
		}
		late, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
		defer cancel()
		if _, err := s.src.Open(late, "canceled.jpg"); !fault.Is(err, fault.Timeout) {
			t.Errorf("Open after the deadline gives %v", err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		s.put("closed.jpg", []byte("x"))
		o, err := s.src.Open(ctx, "closed.jpg")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(o.Close(), o.Close()); err != nil {
			t.Errorf("closing twice: %v", err)
		}
	})
	if l, ok := s.src.(Lister); ok {
		t.Run("list", func(t *testing.T) { conformList(t, s, l) })
	}
	t.Run("check", func(t *testing.T) {
		if err := s.src.Check(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Run("outage", func(t *testing.T) {
		s.put("outage.jpg", pattern(200_000, 8))
		o := open(t, s.src, "outage.jpg")
		s.outage()
		start := time.Now()
		if _, err := s.src.Open(ctx, "outage.jpg"); !fault.Is(err, fault.Unavailable) {
			t.Errorf("Open gives %v", err)
		}
		within3s(t, "Open", start)
		start = time.Now()
		if _, err := s.src.Open(ctx, "never-there.jpg"); !fault.Is(err, fault.Unavailable) {
			t.Errorf("Open of an absent key gives %v", err)
		}
		within3s(t, "Open", start)
		start = time.Now()
		if err := s.src.Check(ctx); !fault.Is(err, fault.Unavailable) {
			t.Errorf("Check gives %v", err)
		}
		within3s(t, "Check", start)
		if s.old {
			return
		}
		start = time.Now()
		if _, err := o.ReadAt(ctx, make([]byte, 10), 150_000); !fault.Is(err, fault.Unavailable) {
			t.Errorf("ReadAt gives %v", err)
		}
		within3s(t, "ReadAt", start)
	})
}

// conformList is the part of the suite for Listers.
func conformList(t *testing.T, s *store, l Lister) {
	var want []string
	for i := range 23 {
		want = append(want, fmt.Sprintf("list/p%02d.jpg", i))
	}
	want = append(want, "list/a/z.TIF", "list/a-b.png", "list/a.b/c.webp", "list/Zebra crossing.JPEG", "list/ünï.gif")
	for _, key := range slices.Concat(want, []string{
		"list/readme.txt", "list/noext", "list/.hidden.jpg", "list/.git/a.jpg", "list/a/._mac.jpg", "list/.jpg",
		"list2/other.jpg", "lis.jpg",
	}) {
		s.put(key, []byte(key))
	}
	slices.Sort(want)
	pages := func(q Query) (keys []string, n int) {
		for {
			page, err := l.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			n++
			if len(page.Entries) > q.Limit {
				t.Errorf("%d entries, the limit is %d", len(page.Entries), q.Limit)
			}
			for _, e := range page.Entries {
				keys = append(keys, e.Key)
				if e.Size != int64(len(e.Key)) || time.Since(e.Modified).Abs() > time.Minute {
					t.Errorf("%q has size %d, modified %v", e.Key, e.Size, e.Modified)
				}
			}
			if page.Next == "" || n > 100 {
				return keys, n
			}
			q.After = page.Next
		}
	}
	for _, limit := range []int{1, 5, 28, 1000} {
		got, n := pages(Query{Prefix: "list/", Limit: limit})
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: %q\nwant %q", limit, got, want)
		}
		if least := (len(want) + limit - 1) / limit; n != least {
			t.Errorf("limit %d: %d pages, want %d", limit, n, least)
		}
	}
	for q, want := range map[Query][]string{
		{Prefix: "list/", Contains: "ZEBRA", Limit: 10}:          {"list/Zebra crossing.JPEG"},
		{Prefix: "list/", Contains: "ÜNÏ", Limit: 10}:            {"list/ünï.gif"},
		{Prefix: "list/", Contains: "p1", Limit: 3}:              want[slices.Index(want, "list/p10.jpg") : slices.Index(want, "list/p19.jpg")+1],
		{Prefix: "list/", After: "list/p20.jpg", Limit: 2}:       {"list/p21.jpg", "list/p22.jpg", "list/ünï.gif"},
		{Prefix: "list/", After: "list/p205", Limit: 10}:         {"list/p21.jpg", "list/p22.jpg", "list/ünï.gif"},
		{Prefix: "list/", Contains: "nothing like it", Limit: 5}: nil,
		{Prefix: "list2", Limit: 5}:                              {"list2/other.jpg"},
		{Prefix: "no/such/", Limit: 5}:                           nil,
		{Prefix: "list/", After: "zzz", Limit: 5}:                nil,
	} {
		if got, _ := pages(q); !slices.Equal(got, want) {
			t.Errorf("%+v: %q, want %q", q, got, want)
		}
	}
	if page, err := l.List(t.Context(), Query{}); err != nil || len(page.Entries) == 0 || len(page.Entries) > 100 {
		t.Errorf("the zero query: %d entries, %v", len(page.Entries), err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.List(gone, Query{Prefix: "list/"}); err != nil && !fault.Is(err, fault.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func open(t *testing.T, src Source, key string) Object {
	t.Helper()
	o, err := src.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %q: %v", key, err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

func within3s(t *testing.T, what string, start time.Time) {
	t.Helper()
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("%s took %v", what, took)
	}
}

func checkRevision(t *testing.T, rev string) {
	t.Helper()
	if len(rev) != 16 || strings.Trim(rev, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		t.Errorf("revision %q", rev)
	}
}

// pattern returns n bytes that differ from place to place and from seed to seed.
func pattern(n int, seed uint64) []byte {
	p := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = r.Read(p)
	return p
}
