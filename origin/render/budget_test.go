package render

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func TestBudgetRefusesTheImpossible(t *testing.T) {
	b := newBudget(100)
	if err := b.acquire(t.Context(), 101); !fault.Is(err, fault.Unsupported) {
		t.Fatalf("101 of 100: %v, want unsupported", err)
	}
	if err := b.acquire(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
}

// TestBudgetOrder: a large wish is not starved by small ones that come later.
func TestBudgetOrder(t *testing.T) {
	b := newBudget(100)
	if err := b.acquire(t.Context(), 60); err != nil {
		t.Fatal(err)
	}
	large := make(chan error)
	go func() { large <- b.acquire(context.Background(), 90) }()
	for b.wanted() == 0 {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := b.acquire(ctx, 10); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("small wish overtook: %v", err)
	}
	b.release(60)
	if err := <-large; err != nil {
		t.Fatal(err)
	}
	if got := b.inUse(); got != 90 {
		t.Fatalf("%d in use, want 90", got)
	}
}

// TestBudgetHammer checks that the capacity is never passed and nothing leaks,
// with callers that give up at any moment.
func TestBudgetHammer(t *testing.T) {
	const capacity = 50
	b := newBudget(capacity)
	var taken atomic.Int64
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 1))
			for range 400 {
				n := int64(1 + r.IntN(capacity))
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.IntN(200))*time.Microsecond)
				if b.acquire(ctx, n) == nil {
					if now := taken.Add(n); now > capacity {
						t.Errorf("%d of %d taken", now, capacity)
					}
					if r.IntN(4) == 0 {
						time.Sleep(50 * time.Microsecond)
					}
					taken.Add(-n)
					b.release(n)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if b.inUse() != 0 || b.wanted() != 0 {
		t.Errorf("%d in use, %d wanted after all is done", b.inUse(), b.wanted())
	}
}
