package source

import (
	"context"
	"errors"
	"sync"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// wholes keeps complete objects of servers that do not answer range requests,
// within a budget of memory. Objects that are open stay; the others go, the
// longest unused first, when room is needed.
type wholes struct {
	mu     sync.Mutex
	budget int64
	used   int64
	byID   map[string]*whole
	clock  uint64
}

// whole is one complete object, loading until ready is closed.
type whole struct {
	id    string
	size  int64
	refs  int
	last  uint64
	ready chan struct{}
	data  []byte
	err   error
}

var errNoRoom = errors.New("the memory for servers without range requests is in use")

// acquire returns the object called id, of the given size, calling load unless
// it is there or on its way. The load survives the caller; it bounds itself. The
// caller must release what it acquired.
func (w *wholes) acquire(ctx context.Context, op, id string, size int64, load func() ([]byte, error)) (*whole, error) {
	w.mu.Lock()
	o := w.byID[id]
	if o == nil {
		if !w.room(size) {
			w.mu.Unlock()
			return nil, unavailable(op, errNoRoom)
		}
		o = &whole{id: id, size: size, ready: make(chan struct{})}
		w.byID[id] = o
		w.used += size
		// The load holds a reference of its own: what is being read must count.
		o.refs = 1
		go func() {
			data, err := load()
			w.mu.Lock()
			o.data, o.err = data, err
			w.mu.Unlock()
			close(o.ready)
			w.release(o)
		}()
	}
	o.refs++
	w.mu.Unlock()
	select {
	case <-o.ready:
	case <-ctx.Done():
		w.release(o)
		return nil, ended(op, ctx)
	}
	if o.err != nil {
		w.release(o)
		return nil, o.err
	}
	return o, nil
}

// has reports whether the object called id is there or on its way.
func (w *wholes) has(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.byID[id] != nil
}

// release gives up one reference. Failures are forgotten with the last one.
func (w *wholes) release(o *whole) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o.refs--
	w.clock++
	o.last = w.clock
	if o.refs == 0 && o.err != nil {
		w.drop(o)
	}
}

// room makes room for size bytes if it can. There are few objects: a scan for
// the longest unused one is cheap next to what it replaces.
func (w *wholes) room(size int64) bool {
	for w.used+size > w.budget {
		var oldest *whole
		for _, o := range w.byID {
			if o.refs == 0 && (oldest == nil || o.last < oldest.last) {
				oldest = o
			}
		}
		if oldest == nil {
			return false
		}
		w.drop(oldest)
	}
	return true
}

func (w *wholes) drop(o *whole) {
	delete(w.byID, o.id)
	w.used -= o.size
}

// tooLarge is the failure for an object that cannot be read in ranges and is
// larger than the budget.
func tooLarge(op string) error {
	return fault.New(op, fault.Unsupported,
		"the image server does not answer range requests, and the image is too large to be read as a whole")
}
