package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

func task(t testing.TB, name, revision string) Task {
	t.Helper()
	id, err := iiif.NewIdentifier(name)
	if err != nil {
		t.Fatal(err)
	}
	return Task{ID: id, Key: name, Revision: revision}
}

// bench is a queue whose tasks end when the test says so.
type bench struct {
	*Queue
	mu    sync.Mutex
	begun []string                                    // identifiers and revisions, in order
	end   func(context.Context, Task) (Result, error) // of each task
	stop  context.CancelFunc
	over  chan struct{}
}

func newBench(t *testing.T, c Config) *bench {
	b := &bench{over: make(chan struct{}), end: func(context.Context, Task) (Result, error) { return Result{}, nil }}
	b.Queue = New(c, func(ctx context.Context, t Task) (Result, error) {
		b.mu.Lock()
		b.begun = append(b.begun, t.ID.String()+t.Revision)
		end := b.end
		b.mu.Unlock()
		return end(ctx, t)
	})
	var ctx context.Context
	ctx, b.stop = context.WithCancel(t.Context())
	go func() {
		b.Run(ctx)
		close(b.over)
	}()
	return b
}

func (b *bench) started() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.begun)
}

func (b *bench) ends(f func(context.Context, Task) (Result, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end = f
}

func (b *bench) close() {
	b.stop()
	<-b.over
}

// TestOffer: one piece of work for each image and revision; the newest counts; a
// full queue refuses; what runs in that revision is not queued again.
func TestOffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		b := newBench(t, Config{Length: 2})
		defer b.close()
		b.ends(func(context.Context, Task) (Result, error) { <-gate; return Result{}, nil })
		b.Offer(task(t, "a", "1"))
		synctest.Wait()
		for i, c := range []struct {
			id, revision string
			want         bool
		}{
			{"a", "1", false}, {"b", "1", true}, {"b", "1", true}, {"b", "2", true}, {"a", "2", true}, {"c", "1", false}, {"b", "2", true},
		} {
			if got := b.Offer(task(t, c.id, c.revision)); got != c.want {
				t.Errorf("offer %d, %s%s: %v", i, c.id, c.revision, got)
			}
		}
		if s := b.Stats(); s.Waiting != 2 || s.Running != 1 || s.Refused != 1 {
			t.Errorf("%+v", s)
		}
		close(gate)
		synctest.Wait()
		if got := b.started(); !slices.Equal(got, []string{"a1", "b2", "a2"}) {
			t.Errorf("worked on %v", got)
		}
		if s := b.Stats(); s.Waiting != 0 || s.Running != 0 || s.Made != 3 {
			t.Errorf("%+v", s)
		}
		if !b.Offer(task(t, "c", "1")) {
			t.Error("refused although there is room again")
		}
	})
}

// TestFailures: a damaged image is left alone until it changes; an outage is tried
// again later and later; a skipped image is left alone; a success clears it all.
func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Retry: time.Minute, Pause: time.Nanosecond})
		defer b.close()
		offer := func(id, revision string, want bool) {
			t.Helper()
			if got := b.Offer(task(t, id, revision)); got != want {
				t.Errorf("%s%s: %v", id, revision, got)
			}
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		b.ends(func(context.Context, Task) (Result, error) { return Result{}, fault.E("x", fault.Corrupt, nil) })
		offer("damaged", "1", true)
		time.Sleep(1000 * time.Hour)
		offer("damaged", "1", false)
		offer("damaged", "2", true)
		offer("damaged", "2", false)

		b.ends(func(context.Context, Task) (Result, error) { return Result{Outcome: Skipped}, nil })
		offer("small", "1", true)
		time.Sleep(1000 * time.Hour)
		offer("small", "1", false)
		offer("small", "2", true)

		b.ends(func(context.Context, Task) (Result, error) {
			return Result{Revision: "2"}, fault.E("x", fault.Unavailable, nil)
		})
		offer("a", "1", true) // and is of revision 2 by then
		for _, pause := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			offer("a", "2", false)
			time.Sleep(pause*time.Minute - 100*time.Millisecond)
			offer("a", "2", false)
			time.Sleep(100 * time.Millisecond)
			offer("a", "2", true)
		}
		offer("a", "3", true) // the times of another revision do not count
		time.Sleep(time.Minute)
		b.ends(func(context.Context, Task) (Result, error) { return Result{Outcome: Current}, nil })
		offer("a", "3", true)
		offer("a", "3", true)
		if s := b.Stats(); s.Failed != 2+10 || s.Skipped != 2 || s.Current != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// TestForgetful: the memory of failures is bounded, the oldest goes first.
func TestForgetful(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Memory: 2})
		defer b.close()
		b.ends(func(context.Context, Task) (Result, error) { return Result{}, fault.E("x", fault.Unsupported, nil) })
		for _, id := range []string{"a", "b", "c"} {
			b.Offer(task(t, id, "1"))
			synctest.Wait()
		}
		for id, want := range map[string]bool{"b": false, "c": false} {
			if got := b.Offer(task(t, id, "1")); got != want {
				t.Errorf("%s: %v", id, got)
			}
		}
		if !b.Offer(task(t, "a", "1")) {
			t.Error("more was remembered than allowed")
		}
	})
}

// TestDo: it goes before what was offered, whatever failed before; calls that wait
// are one piece of work, one that runs is not enough; images never run twice at once.
func TestDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		b := newBench(t, Config{Workers: 2, Length: 1})
		defer b.close()
		var at, most, wanted atomic.Int32
		b.ends(func(_ context.Context, task Task) (Result, error) {
			if task.ID.String() == "a" {
				most.Store(max(most.Load(), at.Add(1)))
				defer at.Add(-1)
			}
			if task.Wanted {
				wanted.Add(1)
			}
			<-gate
			return Result{Outcome: Made, Revision: "r"}, nil
		})
		for _, id := range []string{"a", "x"} {
			b.Offer(task(t, id, "1"))
			synctest.Wait()
		}
		b.Offer(task(t, "y", "1"))
		var calls sync.WaitGroup
		do := func(id string, wanted bool) {
			calls.Go(func() {
				job := task(t, id, "")
				job.Wanted = wanted
				if r, err := b.Do(job); err != nil || r.Revision != "r" {
					t.Errorf("do %s: %+v, %v", id, r, err)
				}
			})
			synctest.Wait()
		}
		do("a", false)
		do("a", true)
		do("z", true)
		if s := b.Stats(); s.Waiting != 3 || s.Running != 2 {
			t.Errorf("%+v", s)
		}
		gate <- struct{}{}
		gate <- struct{}{} // a and x
		synctest.Wait()
		if got := b.started()[2:]; len(got) != 2 || !slices.Contains(got, "a") || !slices.Contains(got, "z") {
			t.Errorf("before what was offered: %v", got)
		}
		close(gate)
		calls.Wait()
		synctest.Wait()
		if got := b.started(); len(got) != 5 || got[4] != "y1" || most.Load() != 1 || wanted.Load() != 2 {
			t.Errorf("%v, %d at once, %d wanted", got, most.Load(), wanted.Load())
		}
	})
}

// TestEnd: what waits is given up at once, what runs has its grace, nobody hangs.
func TestEnd(t *testing.T) {
	for _, c := range []struct {
		grace, takes time.Duration
		canceled     bool
	}{{0, time.Hour, true}, {time.Minute, time.Hour, true}, {time.Minute, time.Second, false}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, Config{Grace: c.grace})
			b.ends(func(ctx context.Context, _ Task) (Result, error) {
				select {
				case <-time.After(c.takes):
					return Result{}, nil
				case <-ctx.Done():
					return Result{}, errors.Join(ctx.Err())
				}
			})
			results := make(chan error, 2)
			for _, id := range []string{"runs", "waits"} {
				go func() {
					_, err := b.Do(task(t, id, ""))
					results <- err
				}()
				synctest.Wait()
			}
			began := time.Now()
			b.stop()
			synctest.Wait()
			if err := <-results; !fault.Is(err, fault.Canceled) || time.Since(began) > 0 {
				t.Errorf("what waits: %v after %v", err, time.Since(began))
			}
			if err := <-results; fault.Is(err, fault.Canceled) != c.canceled || (err == nil) == c.canceled {
				t.Errorf("grace %v, takes %v: %v", c.grace, c.takes, err)
			}
			<-b.over
			if took := time.Since(began); took != min(c.grace, c.takes) {
				t.Errorf("grace %v, takes %v: ended after %v", c.grace, c.takes, took)
			}
			if b.Offer(task(t, "late", "1")) {
				t.Error("an offer after the end")
			}
			if _, err := b.Do(task(t, "late", "1")); !fault.Is(err, fault.Canceled) {
				t.Errorf("after the end: %v", err)
			}
			if s := b.Stats(); s.Failed != 0 || s.Waiting+s.Running != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestOutage: while the store fails, workers rest longer and longer.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Pause: time.Second})
		defer b.close()
		var times []time.Duration
		began := time.Now()
		b.ends(func(context.Context, Task) (Result, error) {
			times = append(times, time.Since(began).Round(time.Second))
			if len(times) == 10 {
				return Result{}, nil
			}
			return Result{}, fault.E("x", fault.Forbidden, nil)
		})
		for i := range 12 {
			b.Offer(task(t, fmt.Sprint(i), "1"))
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 243, 244}
		for i := range want {
			want[i] *= time.Second
		}
		if !slices.Equal(times, want) {
			t.Errorf("tried at %v, want %v", times, want)
		}
	})
}

// TestPanic: it is a failure of one task.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []error
		b := newBench(t, Config{Done: func(_ Task, _ Result, err error, _ time.Duration) { told = append(told, err) }})
		defer b.close()
		b.ends(func(_ context.Context, t Task) (Result, error) {
			if t.Key == "bad" {
				panic("bad image")
			}
			return Result{}, nil
		})
		if _, err := b.Do(task(t, "bad", "")); !fault.Is(err, fault.Internal) {
			t.Errorf("%v", err)
		}
		if _, err := b.Do(task(t, "good", "")); err != nil {
			t.Errorf("%v", err)
		}
		if len(told) != 2 || !fault.Is(told[0], fault.Internal) || told[1] != nil {
			t.Errorf("told %v", told)
		}
	})
}

// TestHammer: many callers and workers; each image one at a time, every Do answered.
func TestHammer(t *testing.T) {
	var at [20]atomic.Int32
	var did atomic.Int64
	ids := make([]Task, len(at))
	for i := range ids {
		ids[i] = task(t, fmt.Sprint(i), "1")
		ids[i].Key = string(rune('a' + i))
	}
	q := New(Config{Workers: 4, Length: 5}, func(_ context.Context, t Task) (Result, error) {
		n := &at[t.Key[0]-'a']
		if n.Add(1) != 1 {
			return Result{}, fault.E("x", fault.Internal, errors.New("twice at once"))
		}
		did.Add(1)
		time.Sleep(10 * time.Microsecond)
		n.Add(-1)
		return Result{Outcome: Current}, nil
	})
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { q.Run(ctx); close(over) }()
	var calls sync.WaitGroup
	for g := range 8 {
		calls.Go(func() {
			for i := range 300 {
				job := ids[(i*7+g)%len(ids)]
				if i%3 == 0 {
					if _, err := q.Do(job); err != nil {
						t.Error(err)
					}
				} else {
					q.Offer(job)
				}
				q.Stats()
			}
		})
	}
	calls.Wait()
	stop()
	<-over
	if s := q.Stats(); s.Failed != 0 || s.Current != did.Load() || s.Waiting+s.Running != 0 || did.Load() < 20 {
		t.Errorf("%+v, did %d", s, did.Load())
	}
}
