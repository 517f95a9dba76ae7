// Package queue has pyramids made in the background: of images that are asked for
// and have none, and of images that a bucket says were uploaded.
//
// Queue is the work of one process: bounded, each image once, with a memory of
// what failed. Maker is the work on one image: it compares the image with its
// pyramid and makes, replaces or removes that. Listener takes the events of a
// bucket from an SQS queue. Any number of processes may work on one store.
//
// What it guarantees:
//   - Offer, which a server calls in the midst of a request, neither waits nor
//     reads nor writes.
//   - A message is deleted when all that it asks for is done, and else left: after
//     a failure to the redrive policy of its queue, after the death of a process to
//     another.
//   - Events may come late, twice and out of order; the store ends up as the bucket
//     is. A change while an image is worked on is noticed after it.
//   - A pyramid is there as a whole or not at all (see store), also when the
//     process ends in the middle.
//
// It is not for making pyramids of a whole collection at once: see ingest.
package queue

import (
	"cmp"
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// Task is an image to look after.
type Task struct {
	// ID is the identifier that its pyramid has.
	ID iiif.Identifier
	// Key is its key in the source.
	Key string
	// Revision is that of the image when it was seen; "" when it was not.
	Revision string
	// Wanted says that somebody asked for the pyramid, and not only for the image.
	Wanted bool
}

// Outcome says what became of a task.
type Outcome uint8

const (
	// Made is a new pyramid.
	Made Outcome = iota
	// Current is a pyramid that was there already, of the newest revision.
	Current
	// Removed is a pyramid that went as its image did.
	Removed
	// Skipped is an image that is to have none.
	Skipped
)

// String returns the outcome as it stands in logs.
func (o Outcome) String() string {
	return [...]string{"made", "current", "removed", "skipped"}[o]
}

// Result says what became of a task.
type Result struct {
	Outcome Outcome
	// Revision is that of the image when it was worked on; "" when it was not found
	// out.
	Revision string
}

// Config are the settings of a Queue. The zero value is the default.
type Config struct {
	// Workers is how many tasks are worked on at once. Default 1.
	Workers int
	// Length is how many tasks of Offer may wait; more are refused. Default 1000: a
	// refused image is offered again when it is next asked for.
	Length int
	// Memory is how many failures and skipped images are remembered, the oldest
	// are forgotten first. Default 16384, some 4 MB.
	Memory int
	// Retry is how long an image is left alone after its first failure that may
	// pass; it doubles with each further one, up to an hour. Default 30 s. A damaged
	// or unsupported image is left alone until its revision changes.
	Retry time.Duration
	// Pause is how long a worker rests after a failure of the store or the source;
	// it doubles up to a minute while they go on. Default 1 s.
	Pause time.Duration
	// Grace is how long running tasks may go on when the queue ends. Default 0:
	// they are given up at once.
	Grace time.Duration
	// Done is told what became of each task that was worked on, by any worker; err
	// is nil for a success, and Canceled when the queue ended. It may be nil.
	Done func(t Task, r Result, err error, took time.Duration)
}

// Stats are counts since the start, and of now.
type Stats struct {
	// Waiting and Running are the tasks of now.
	Waiting, Running int64
	// Made, Current, Removed and Skipped are the outcomes.
	Made, Current, Removed, Skipped int64
	// Failed are tasks that failed, each time.
	Failed int64
	// Refused are offers to a queue that was full.
	Refused int64
}

// maxRetry and maxPause bound what doubles.
const (
	maxRetry = time.Hour
	maxPause = time.Minute
)

// Queue is the work of one process. It is made by New and safe for concurrent use.
type Queue struct {
	config Config
	work   func(context.Context, Task) (Result, error)
	now    func() time.Time

	mu      sync.Mutex
	changed *sync.Cond
	ended   bool
	waiting *list.List               // of *job, next first
	queued  map[string]*list.Element // in waiting, by identifier
	running map[string]*job          // by identifier
	offers  int                      // in waiting that nobody waits for
	memory  memory
	outages int // in sequence
	stats   Stats
}

// job is a task in the queue.
type job struct {
	task    Task
	callers int // of Do
	done    chan struct{}
	result  Result
	err     error
}

// New makes a queue whose tasks are done by work, which must be safe for
// concurrent use, return soon after its context ends, and report failures as
// *fault.Error.
func New(c Config, work func(context.Context, Task) (Result, error)) *Queue {
	c.Workers = cmp.Or(c.Workers, 1)
	c.Length = cmp.Or(c.Length, 1000)
	c.Memory = cmp.Or(c.Memory, 16384)
	c.Retry = cmp.Or(c.Retry, 30*time.Second)
	c.Pause = cmp.Or(c.Pause, time.Second)
	if c.Done == nil {
		c.Done = func(Task, Result, error, time.Duration) {}
	}
	q := &Queue{
		config: c, work: work, now: time.Now, waiting: list.New(),
		queued: map[string]*list.Element{}, running: map[string]*job{}, memory: newMemory(c.Memory),
	}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// Offer asks for a pyramid of an image that was seen in t.Revision, and reports
// whether it waits for a worker now. It does not when it is being made, when that
// revision failed or was skipped before and is not due again, or when the queue is
// full. It returns at once.
func (q *Queue) Offer(t Task) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	id := t.ID.String()
	if q.ended || q.memory.blocks(id, t.Revision, q.now()) {
		return false
	}
	if e := q.queued[id]; e != nil {
		j := e.Value.(*job)
		j.task.Revision = t.Revision
		return true
	}
	if j := q.running[id]; j != nil && (j.task.Revision == t.Revision || j.task.Revision == "") {
		return false
	}
	if q.offers >= q.config.Length {
		q.stats.Refused++
		return false
	}
	q.offers++
	q.queued[id] = q.waiting.PushBack(&job{task: t, done: make(chan struct{})})
	q.changed.Signal()
	return true
}

// Do has a task worked on, before those that were offered, and returns what became
// of it. It does not look at failures of before. Several calls for one image that
// wait are one piece of work; one that runs already is not enough, as it may have
// begun before the change that t is about. Canceled: the queue ended before, and
// the task may or may not be done.
func (q *Queue) Do(t Task) (Result, error) {
	const op = "queue.Do"
	q.mu.Lock()
	if q.ended {
		q.mu.Unlock()
		return Result{}, fault.E(op, fault.Canceled, nil)
	}
	id := t.ID.String()
	var j *job
	if e := q.queued[id]; e != nil {
		j = e.Value.(*job)
		if j.callers == 0 {
			q.offers--
			q.waiting.MoveToFront(e)
		}
		j.task.Wanted = j.task.Wanted || t.Wanted
	} else {
		j = &job{task: t, done: make(chan struct{})}
		q.queued[id] = q.waiting.PushFront(j)
		q.changed.Signal()
	}
	j.callers++
	q.mu.Unlock()
	<-j.done
	return j.result, j.err
}

// Stats returns the counts.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.stats
	s.Waiting, s.Running = int64(q.waiting.Len()), int64(len(q.running))
	return s
}

// Run works until ctx ends. What waits then is given up; what runs gets
// Config.Grace. It returns when nothing runs any more, and is called once.
func (q *Queue) Run(ctx context.Context) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		q.end()
		time.AfterFunc(q.config.Grace, cancel)
	})
	defer stop()
	var workers sync.WaitGroup
	for range q.config.Workers {
		workers.Go(func() {
			for {
				j := q.next()
				if j == nil {
					return
				}
				q.do(work, j)
				q.rest(ctx)
			}
		})
	}
	workers.Wait()
}

// end gives up what waits.
func (q *Queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	for e := q.waiting.Front(); e != nil; e = e.Next() {
		j := e.Value.(*job)
		j.err = fault.E("queue.Do", fault.Canceled, nil)
		close(j.done)
	}
	q.waiting.Init()
	clear(q.queued)
	q.offers = 0
	q.changed.Broadcast()
}

// next waits for the next task whose image nobody works on; nil at the end. Two
// revisions of an image at once could leave the older in the store.
func (q *Queue) next() *job {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if q.ended {
			return nil
		}
		for e := q.waiting.Front(); e != nil; e = e.Next() {
			j := e.Value.(*job)
			id := j.task.ID.String()
			if q.running[id] != nil {
				continue
			}
			q.waiting.Remove(e)
			delete(q.queued, id)
			q.running[id] = j
			if j.callers == 0 {
				q.offers--
			}
			return j
		}
		q.changed.Wait()
	}
}

// do works on a task that next returned.
func (q *Queue) do(ctx context.Context, j *job) {
	began := time.Now()
	j.result, j.err = q.guarded(ctx, j.task)
	if j.err != nil && ctx.Err() != nil {
		j.err = fault.E("queue.do", fault.Canceled, j.err)
	}
	q.mu.Lock()
	delete(q.running, j.task.ID.String())
	q.note(j)
	q.changed.Broadcast()
	q.mu.Unlock()
	q.config.Done(j.task, j.result, j.err, time.Since(began))
	close(j.done)
}

// note counts a task and remembers what is not to be tried again; mu is held.
func (q *Queue) note(j *job) {
	id, revision := j.task.ID.String(), cmp.Or(j.result.Revision, j.task.Revision)
	switch kind := fault.KindOf(j.err); {
	case j.err == nil && j.result.Outcome == Skipped:
		q.stats.Skipped++
		q.memory.settle(id, revision)
	case j.err == nil:
		*q.stats.of(j.result.Outcome)++
		q.memory.forget(id)
		q.outages = 0
	case kind == fault.Canceled:
	case kind == fault.Corrupt || kind == fault.Unsupported:
		q.stats.Failed++
		q.memory.settle(id, revision)
		q.outages = 0
	default:
		q.stats.Failed++
		q.memory.fail(id, revision, q.now(), q.config.Retry)
		if kind == fault.Unavailable || kind == fault.Timeout || kind == fault.Forbidden {
			q.outages++
		}
	}
}

func (s *Stats) of(o Outcome) *int64 {
	return [...]*int64{Made: &s.Made, Current: &s.Current, Removed: &s.Removed, Skipped: &s.Skipped}[o]
}

// guarded calls work; a panic is a failure of that task alone.
func (q *Queue) guarded(ctx context.Context, t Task) (r Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked(v)
		}
	}()
	return q.work(ctx, t)
}

// rest pauses during an outage, in which every task would fail.
func (q *Queue) rest(ctx context.Context) {
	q.mu.Lock()
	n := q.outages
	q.mu.Unlock()
	if n == 0 {
		return
	}
	wait(ctx, double(q.config.Pause, n, maxPause))
}

// double returns d doubled n-1 times, at most limit.
func double(d time.Duration, n int, limit time.Duration) time.Duration {
	for ; n > 1 && d < limit; n-- {
		d *= 2
	}
	return min(d, limit)
}

// wait returns after d or when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
