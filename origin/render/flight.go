package render

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// flights coalesces equal work: a thousand callers of one key cause one run,
// which belongs to none of them. It goes on when callers leave, has a deadline of
// its own, and is only dropped when every caller has left before it started.
type flights[T any] struct {
	limit   int           // runs at one time, started or waiting; more are refused
	timeout time.Duration // of one run
	// deliver, if set, is told of each success and of how many callers get it,
	// before any of them does; with it, every caller of do that is counted gets the
	// value and owns a share of it.
	deliver func(value T, callers int)

	mu     sync.Mutex
	active map[string]*flight[T]
}

type flight[T any] struct {
	done    chan struct{}
	value   T
	err     error
	callers int
	started bool
	ended   bool
	cancel  context.CancelFunc
}

func newFlights[T any](limit int, timeout time.Duration) *flights[T] {
	return &flights[T]{limit: limit, timeout: timeout, active: map[string]*flight[T]{}}
}

// do returns what work returns for key. Work calls begin once it has got the
// resources it was waiting for; until then it is cancelled when nobody waits.
func (f *flights[T]) do(ctx context.Context, key string, work func(ctx context.Context, begin func()) (T, error)) (T, error) {
	const op = "render.do"
	f.mu.Lock()
	fl := f.active[key]
	if fl == nil {
		if len(f.active) >= f.limit {
			f.mu.Unlock()
			var zero T
			return zero, fault.New(op, fault.Unavailable, "the server is busy; try again in a moment")
		}
		runCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.timeout)
		fl = &flight[T]{done: make(chan struct{}), cancel: cancel}
		f.active[key] = fl
		go f.run(runCtx, key, fl, work)
	}
	fl.callers++
	f.mu.Unlock()

	select {
	case <-fl.done:
		return fl.value, fl.err
	case <-ctx.Done():
		if !f.leave(key, fl) {
			return fl.value, fl.err
		}
		var zero T
		return zero, fault.E(op, fault.KindOf(ctx.Err()), ctx.Err())
	}
}

// leave takes a caller out. It returns false when the run has just ended: then
// the caller has been counted, and takes the value.
func (f *flights[T]) leave(key string, fl *flight[T]) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl.ended {
		return false
	}
	fl.callers--
	if fl.callers == 0 && !fl.started {
		fl.cancel()
		// A newcomer starts afresh rather than join work that is being dropped.
		if f.active[key] == fl {
			delete(f.active, key)
		}
	}
	return true
}

func (f *flights[T]) run(ctx context.Context, key string, fl *flight[T], work func(context.Context, func()) (T, error)) {
	defer func() {
		if p := recover(); p != nil {
			fl.err = fault.E("render.run", fault.Internal, panicError{p, debug.Stack()})
		}
		fl.cancel()
		f.mu.Lock()
		if f.active[key] == fl {
			delete(f.active, key)
		}
		fl.ended = true
		if fl.err == nil && f.deliver != nil {
			f.deliver(fl.value, fl.callers)
		}
		f.mu.Unlock()
		close(fl.done)
	}()
	fl.value, fl.err = work(ctx, func() {
		f.mu.Lock()
		fl.started = true
		f.mu.Unlock()
	})
	if fl.err != nil && ctx.Err() == context.DeadlineExceeded {
		fl.err = fault.E("render.run", fault.Timeout, fl.err)
	}
}

// waiting returns the number of runs under way.
func (f *flights[T]) waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.active)
}

// panicError is a recovered panic with its stack, for the log.
type panicError struct {
	value any
	stack []byte
}

func (p panicError) Error() string {
	text := "panic"
	switch v := p.value.(type) {
	case error:
		text += ": " + v.Error()
	case string:
		text += ": " + v
	}
	return text + "\n" + string(p.stack)
}
