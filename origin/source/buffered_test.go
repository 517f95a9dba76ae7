package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const fifty = 50_000_000

// bufferedWeb is a buffered source in front of a server that counts.
func bufferedWeb(t *testing.T, cfg BufferConfig) (*web, *buffered) {
	t.Helper()
	s := newWeb(t)
	return s, Buffered(newTestHTTP(t, HTTPConfig{Base: s.URL + "/base", AllowPrivate: true}), cfg).(*buffered)
}

func (s *web) reset() {
	s.requests.Store(0)
	s.bytes.Store(0)
	s.largest.Store(0)
}

func TestBufferedHeader(t *testing.T) {
	s, src := bufferedWeb(t, BufferConfig{})
	data := pattern(fifty, 1)
	s.put("large.tif", data)
	o := open(t, src, "large.tif")
	s.reset()
	// As a decoder looks at a header: a signature, then pieces of 4 KiB, with
	// steps back.
	r := Reader(t.Context(), o)
	p := make([]byte, 4096)
	for _, off := range []int64{0, 0, 8, 4096, 8192, 12288, 100, 65_000, 70_000} {
		if _, err := r.ReadAt(p, off); err != nil || !bytes.Equal(p, data[off:off+4096]) {
			t.Fatalf("at %d: %v", off, err)
		}
	}
	// And at a directory at the end.
	if _, err := r.ReadAt(p[:200], fifty-200); err != nil || !bytes.Equal(p[:200], data[fifty-200:]) {
		t.Fatal(err)
	}
	if n, b := s.requests.Load(), s.bytes.Load(); n > 2 || b > 256<<10 {
		t.Errorf("probing a header took %d requests and %d bytes", n, b)
	}
}

func TestBufferedSmallRead(t *testing.T) {
	s, src := bufferedWeb(t, BufferConfig{})
	s.put("large.tif", pattern(fifty, 1))
	o := open(t, src, "large.tif")
	s.reset()
	if _, err := o.ReadAt(t.Context(), make([]byte, 40_000), 31_234_567); err != nil {
		t.Fatal(err)
	}
	if n, b := s.requests.Load(), s.bytes.Load(); n != 1 || b > 3*(64<<10) {
		t.Errorf("a tile of 40 kB took %d requests and %d bytes", n, b)
	}
}

func TestBufferedSequential(t *testing.T) {
	s, src := bufferedWeb(t, BufferConfig{})
	data := pattern(fifty, 1)
	s.put("large.jpg", data)
	for _, step := range []int{4096, 64 << 10, 1 << 20} {
		o, err := src.Open(t.Context(), "large.jpg")
		if err != nil {
			t.Fatal(err)
		}
		s.reset()
		r := io.NewSectionReader(Reader(t.Context(), o), 0, o.Size())
		p, at := make([]byte, step), 0
		for {
			n, err := io.ReadFull(r, p)
			if !bytes.Equal(p[:n], data[at:at+n]) {
				t.Fatalf("other bytes at %d", at)
			}
			if at += n; err != nil {
				break
			}
		}
		if n, b := s.requests.Load(), s.bytes.Load(); at != fifty || n > 20 || b > fifty+fifty/10 || s.largest.Load() > 4<<20 {
			t.Errorf("in steps of %d: %d bytes by %d requests, %d sent, %d at most", step, at, n, b, s.largest.Load())
		}
		o.Close()
	}
	if n := src.blocks.streams.Load(); n != 0 {
		t.Errorf("%d streams are left", n)
	}
	o := open(t, src, "large.jpg")
	s.reset()
	p := make([]byte, fifty)
	if _, err := o.ReadAt(t.Context(), p, 0); err != nil || !bytes.Equal(p, data) || s.requests.Load() != 1 {
		t.Errorf("all at once: %d requests, %v", s.requests.Load(), err)
	}
}

func TestBufferedMemory(t *testing.T) {
	s, src := bufferedWeb(t, BufferConfig{Bytes: 2 << 20})
	data := pattern(20_000_000, 1)
	s.put("a.tif", data)
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			o, err := src.Open(t.Context(), "a.tif")
			if err != nil {
				t.Error(err)
				return
			}
			defer o.Close()
			r := rand.New(rand.NewPCG(uint64(g), 1))
			p := make([]byte, 30_000)
			at := int64(g) * 3_000_000
			for i := range 200 {
				if g%2 == 0 || i%50 == 0 {
					at = r.Int64N(19_000_000)
				}
				if _, err := o.ReadAt(t.Context(), p, at); err != nil || !bytes.Equal(p, data[at:at+int64(len(p))]) {
					t.Errorf("at %d: %v", at, err)
					return
				}
				at = min(at+int64(len(p)), 19_000_000)
			}
		})
	}
	wg.Wait()
	b := src.blocks
	b.mu.Lock()
	defer b.mu.Unlock()
	total := int64(0)
	for e := b.recent.Front(); e != nil; e = e.Next() {
		total += int64(cap(e.Value.(*block).data))
	}
	if total != b.kept || total > 1<<20 || len(b.byID) != b.recent.Len() || len(b.flights) != 0 {
		t.Errorf("%d bytes kept, counted as %d; %d blocks, %d in the list; %d requests left",
			total, b.kept, len(b.byID), b.recent.Len(), len(b.flights))
	}
}

// gated is an object whose reads wait for the gate.
type gated struct {
	meta
	gate   chan struct{}
	reads  atomic.Int64
	closed atomic.Bool
	err    error
	ended  atomic.Int64 // reads whose context ended
}

func (g *gated) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	g.reads.Add(1)
	select {
	case <-g.gate:
	case <-ctx.Done():
		g.ended.Add(1)
		return 0, ended("gated", ctx)
	}
	if g.closed.Load() {
		return 0, errors.New("read of a closed object")
	}
	if g.err != nil {
		return 0, g.err
	}
	for i := range p {
		p[i] = byte(off + int64(i))
	}
	return len(p), nil
}

func (g *gated) Close() error { g.closed.Store(true); return nil }

type gatedSource struct{ obj *gated }

func (s gatedSource) Open(context.Context, string) (Object, error) { return s.obj, nil }
func (s gatedSource) Check(context.Context) error                  { return nil }
func (s gatedSource) Close() error                                 { return nil }

func newGated(size int64) (*gated, Source) {
	g := &gated{meta: meta{key: "k", size: size, revision: "r"}, gate: make(chan struct{})}
	return g, Buffered(gatedSource{g}, BufferConfig{})
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

func TestBufferedCoalesces(t *testing.T) {
	g, src := newGated(1 << 20)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			o, err := src.Open(t.Context(), "k")
			if err != nil {
				t.Error(err)
				return
			}
			defer o.Close()
			p := make([]byte, 100)
			if _, err := o.ReadAt(t.Context(), p, 500); err != nil || p[0] != 500&255 || p[99] != 599&255 {
				t.Errorf("%v: % x", err, p)
			}
		})
	}
	waitFor(t, "a read", func() bool { return g.reads.Load() > 0 })
	time.Sleep(20 * time.Millisecond)
	close(g.gate)
	wg.Wait()
	if n := g.reads.Load(); n != 1 {
		t.Errorf("%d reads for one block", n)
	}
}

// TestBufferedFirstLeaves: the request survives the caller who started it, also
// when that one closes its object.
func TestBufferedFirstLeaves(t *testing.T) {
	g, src := newGated(1 << 20)
	first, second := open(t, src, "k"), open(t, src, "k")
	ctx, cancel := context.WithCancel(t.Context())
	firstErr, secondErr := make(chan error, 1), make(chan error, 1)
	go func() { _, err := first.ReadAt(ctx, make([]byte, 10), 0); firstErr <- err }()
	waitFor(t, "a read", func() bool { return g.reads.Load() == 1 })
	go func() { _, err := second.ReadAt(t.Context(), make([]byte, 10), 5); secondErr <- err }()
	blocks := src.(*buffered).blocks
	waitFor(t, "two waiting", func() bool {
		blocks.mu.Lock()
		defer blocks.mu.Unlock()
		f := blocks.flights[blockID{"rk", 0}]
		return f != nil && f.waiters == 2
	})
	cancel()
	if err := <-firstErr; !fault.Is(err, fault.Canceled) {
		t.Errorf("the first: %v", err)
	}
	first.Close()
	if g.closed.Load() {
		t.Error("the object was closed under a request")
	}
	close(g.gate)
	if err := <-secondErr; err != nil {
		t.Errorf("the second: %v", err)
	}
	waitFor(t, "closed", g.closed.Load)
}

func TestBufferedAllLeave(t *testing.T) {
	g, src := newGated(1 << 20)
	o := open(t, src, "k")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := o.ReadAt(ctx, make([]byte, 10), 0); !fault.Is(err, fault.Timeout) {
		t.Errorf("gives %v", err)
	}
	waitFor(t, "the request to end", func() bool { return g.ended.Load() == 1 })
	close(g.gate)
	if _, err := o.ReadAt(t.Context(), make([]byte, 10), 0); err != nil {
		t.Errorf("the next: %v", err)
	}
}

func TestBufferedErrorsAreNotKept(t *testing.T) {
	g, src := newGated(1 << 20)
	o := open(t, src, "k")
	close(g.gate)
	g.err = fault.E("gated", fault.Conflict, nil)
	if _, err := o.ReadAt(t.Context(), make([]byte, 10), 0); !fault.Is(err, fault.Conflict) {
		t.Errorf("gives %v", err)
	}
	g.err = nil
	if _, err := o.ReadAt(t.Context(), make([]byte, 10), 0); err != nil {
		t.Errorf("the next: %v", err)
	}
}

// TestBufferedPartial keeps the blocks that came before a failure.
func TestBufferedPartial(t *testing.T) {
	half := &failing{meta: meta{key: "k", size: 1 << 20, revision: "r"}, from: 70_000}
	src := Buffered(failingSource{half}, BufferConfig{})
	o := open(t, src, "k")
	p := make([]byte, 100_000)
	n, err := o.ReadAt(t.Context(), p, 0)
	if n != 64<<10 || !fault.Is(err, fault.Unavailable) {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := o.ReadAt(t.Context(), p[:60_000], 0); n != 60_000 || err != nil || half.reads != 2 {
		t.Errorf("%d, %v, %d reads", n, err, half.reads)
	}
}

// failing delivers the bytes before from, and fails behind them.
type failing struct {
	meta
	from  int64
	reads int
}

func (f *failing) ReadAt(_ context.Context, p []byte, off int64) (int, error) {
	f.reads++
	return int(max(min(f.from-off, int64(len(p))), 0)), unavailable("failing", nil)
}

func (f *failing) Close() error { return nil }

type failingSource struct{ obj *failing }

func (s failingSource) Open(context.Context, string) (Object, error) { return s.obj, nil }
func (s failingSource) Check(context.Context) error                  { return nil }
func (s failingSource) Close() error                                 { return nil }

func TestBufferedRevisions(t *testing.T) {
	s, src := bufferedWeb(t, BufferConfig{})
	s.put("a.jpg", pattern(1000, 1))
	before := open(t, src, "a.jpg")
	p := make([]byte, 1000)
	if _, err := before.ReadAt(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	s.put("a.jpg", pattern(1000, 2))
	if _, err := open(t, src, "a.jpg").ReadAt(t.Context(), p, 0); err != nil || !bytes.Equal(p, pattern(1000, 2)) {
		t.Errorf("the new revision is mixed up with the old one: %v", err)
	}
	if _, err := before.ReadAt(t.Context(), p, 0); err != nil || !bytes.Equal(p, pattern(1000, 1)) {
		t.Errorf("the old revision is mixed up with the new one: %v", err)
	}
}
