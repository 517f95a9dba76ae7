package render

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// TestFlightCoalesces: a thousand callers, one run.
func TestFlightCoalesces(t *testing.T) {
	f := newFlights[int](10, time.Minute)
	var runs atomic.Int32
	open := make(chan struct{})
	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() {
			v, err := f.do(context.Background(), "tile", func(context.Context, func()) (int, error) {
				runs.Add(1)
				<-open
				return 42, nil
			})
			if v != 42 || err != nil {
				t.Errorf("got %d, %v", v, err)
			}
		})
	}
	for callers := 0; callers < 1000; time.Sleep(time.Millisecond) {
		f.mu.Lock()
		if fl := f.active["tile"]; fl != nil {
			callers = fl.callers
		}
		f.mu.Unlock()
	}
	close(open)
	wg.Wait()
	if runs.Load() != 1 {
		t.Errorf("%d runs, want 1", runs.Load())
	}
}

// TestFlightSurvivesItsFirstCaller: the work goes on for the second.
func TestFlightSurvivesItsFirstCaller(t *testing.T) {
	f := newFlights[int](10, time.Minute)
	started, open := make(chan struct{}), make(chan struct{})
	work := func(ctx context.Context, begin func()) (int, error) {
		begin()
		close(started)
		<-open
		return 7, ctx.Err()
	}
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { _, err := f.do(ctx, "k", work); first <- err }()
	<-started
	cancel()
	if err := <-first; !fault.Is(err, fault.Canceled) {
		t.Fatalf("first caller: %v, want canceled", err)
	}
	second := make(chan int)
	go func() { v, _ := f.do(context.Background(), "k", work); second <- v }()
	for joined := false; !joined; time.Sleep(time.Millisecond) {
		f.mu.Lock()
		joined = f.active["k"].callers == 1
		f.mu.Unlock()
	}
	close(open)
	if v := <-second; v != 7 {
		t.Fatalf("second caller got %d", v)
	}
}

// TestFlightDropsUnwantedWork: work that waits for its turn ends with its last caller.
func TestFlightDropsUnwantedWork(t *testing.T) {
	f := newFlights[int](10, time.Minute)
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	f.do(ctx, "k", func(ctx context.Context, _ func()) (int, error) {
		<-ctx.Done()
		ended <- ctx.Err()
		return 0, ctx.Err()
	})
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the waiting work goes on with no caller left")
	}
}

// TestFlightLimitsAndDeadline: a full queue is refused at once, slow work times out,
// a panic is an error.
func TestFlightLimitsAndDeadline(t *testing.T) {
	f := newFlights[int](1, 30*time.Millisecond)
	slow := make(chan error)
	go func() {
		_, err := f.do(context.Background(), "slow", func(ctx context.Context, begin func()) (int, error) {
			begin()
			<-ctx.Done()
			return 0, ctx.Err()
		})
		slow <- err
	}()
	for f.waiting() == 0 {
		time.Sleep(time.Millisecond)
	}
	if _, err := f.do(t.Context(), "other", nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("full queue: %v, want unavailable", err)
	}
	if err := <-slow; !fault.Is(err, fault.Timeout) {
		t.Errorf("slow work: %v, want timeout", err)
	}
	_, err := f.do(t.Context(), "panic", func(context.Context, func()) (int, error) { panic("boom") })
	if !fault.Is(err, fault.Internal) || !strings.Contains(err.Error(), "boom") || strings.Contains(fault.Public(err), "boom") {
		t.Errorf("panic: %v", err)
	}
	if v, err := f.do(t.Context(), "next", func(context.Context, func()) (int, error) { return 1, nil }); v != 1 || err != nil {
		t.Errorf("after a panic: %d, %v", v, err)
	}
}
