package render

import (
	"context"
	"sync"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// budget is a memory-weighted semaphore, first come first served. Holders of
// memory that can be given back early (the decoded-image cache) register a
// reclaim function, which is asked before anybody has to wait.
type budget struct {
	capacity int64
	// reclaim frees up to need bytes by calling release, and returns when it has
	// done what it can. It is called without mu held.
	reclaim func(need int64)

	mu    sync.Mutex
	used  int64
	queue []*waiter
}

type waiter struct {
	n     int64
	ready chan struct{} // closed when n has been granted
}

func newBudget(capacity int64) *budget { return &budget{capacity: capacity} }

// acquire takes n bytes, waiting for them until ctx ends. More than the capacity
// is Unsupported: waiting would never help.
func (b *budget) acquire(ctx context.Context, n int64) error {
	const op = "render.acquire"
	if n > b.capacity {
		return fault.New(op, fault.Unsupported, "this request needs more memory than the server may use")
	}
	if b.try(n) {
		return nil
	}
	if b.reclaim != nil {
		b.reclaim(n)
	}
	b.mu.Lock()
	if len(b.queue) == 0 && b.used+n <= b.capacity {
		b.used += n
		b.mu.Unlock()
		return nil
	}
	w := &waiter{n: n, ready: make(chan struct{})}
	b.queue = append(b.queue, w)
	b.mu.Unlock()

	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		b.mu.Lock()
		defer b.mu.Unlock()
		for i, q := range b.queue {
			if q == w {
				b.queue = append(b.queue[:i], b.queue[i+1:]...)
				b.grant() // those behind may be smaller
				return fault.E(op, fault.Unavailable, ctx.Err())
			}
		}
		// Granted at the same moment: hand it back.
		b.used -= n
		b.grant()
		return fault.E(op, fault.Unavailable, ctx.Err())
	}
}

func (b *budget) try(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) > 0 || b.used+n > b.capacity {
		return false
	}
	b.used += n
	return true
}

// release gives n bytes back.
func (b *budget) release(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.grant()
}

// grant wakes waiters in order while their wishes fit. The first that does not
// fit blocks those behind it, so that a large render is not starved by small ones.
func (b *budget) grant() {
	for len(b.queue) > 0 && b.used+b.queue[0].n <= b.capacity {
		b.used += b.queue[0].n
		close(b.queue[0].ready)
		b.queue = b.queue[1:]
	}
}

// wanted returns how many bytes the first waiter lacks, 0 when nobody waits.
func (b *budget) wanted() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) == 0 {
		return 0
	}
	return max(0, b.used+b.queue[0].n-b.capacity)
}

// inUse returns the bytes taken.
func (b *budget) inUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}
