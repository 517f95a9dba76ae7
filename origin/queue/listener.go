package queue

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// ListenerConfig are the settings of a Listener.
//
// The credentials need sqs:ReceiveMessage, sqs:DeleteMessage and
// sqs:ChangeMessageVisibility; with sqs:GetQueueAttributes the log says when the
// queue has no redrive policy.
type ListenerConfig struct {
	// Queue is the SQS queue. Required.
	Queue Address
	// Region signs requests when the queue's host does not name it. Default: what the
	// AWS environment and profile say, otherwise us-east-1.
	Region string
	// AccessKey and Secret are static credentials; both or none. Default: the AWS
	// credential chain.
	AccessKey, Secret string
	// Parallel is how many messages are held at once. Default 1; more than there are
	// workers only keeps messages from other processes.
	Parallel int
	// Visibility is how long a message stays with a process that died, in whole
	// seconds; while one lives, it is extended. Default 60 s: long enough to sit out
	// a pause of the network, short enough to wait for.
	Visibility time.Duration
	// Retry is when a message that failed may be received again, in whole seconds; it
	// doubles with each time, up to 15 min. Default 30 s.
	Retry time.Duration
	// Logger is told what goes wrong. Default: slog.Default().
	Logger *slog.Logger
}

// maxRedelivery bounds the doubling of Retry.
const maxRedelivery = 15 * time.Minute

// Listener takes the events of a bucket from an SQS queue.
type Listener struct {
	config ListenerConfig
	box    *mailbox
	handle func(Event) error
	log    *slog.Logger

	handled, failed atomic.Int64
}

// NewListener makes a listener that has each event handled, of several messages
// at once. Nothing is sent. It fails with Invalid for mistakes in c.
func NewListener(ctx context.Context, c ListenerConfig, handle func(Event) error) (*Listener, error) {
	const op = "queue.NewListener"
	c.Parallel = cmp.Or(c.Parallel, 1)
	c.Visibility = cmp.Or(c.Visibility, time.Minute)
	c.Retry = cmp.Or(c.Retry, 30*time.Second)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	switch {
	case c.Queue.url == "":
		return nil, fault.New(op, fault.Invalid, "a queue is missing")
	case c.Parallel < 1 || c.Visibility < time.Second || c.Visibility > 12*time.Hour || c.Retry < time.Second:
		return nil, fault.New(op, fault.Invalid, "parallel, visibility or retry is out of range")
	case (c.AccessKey == "") != (c.Secret == ""):
		return nil, fault.New(op, fault.Invalid, "the access key and its secret must be set together")
	}
	box, err := openMailbox(ctx, c)
	if err != nil {
		return nil, err
	}
	return &Listener{config: c, box: box, handle: handle, log: c.Logger}, nil
}

// Handled returns the number of messages that were done with since the start.
func (l *Listener) Handled() int64 { return l.handled.Load() }

// Failed returns the number of times that a message was left in the queue.
func (l *Listener) Failed() int64 { return l.failed.Load() }

// Run receives messages until ctx ends, and returns when those that it holds are
// done, or given back as their handling failed with Canceled. A message that the
// queue sends at the very moment of the end is received by nobody, and comes again
// after the visibility timeout. Outages of the queue are logged and waited for.
func (l *Listener) Run(ctx context.Context) {
	defer l.box.close()
	if ok, err := l.box.redrives(ctx); err == nil && !ok {
		l.log.Warn("the queue has no redrive policy: messages that always fail come back until they expire", "queue", l.box.url)
	}
	slots := make(chan struct{}, l.config.Parallel)
	var held sync.WaitGroup
	defer held.Wait()
	failures := 0
	for {
		free := take(ctx, slots)
		if free == 0 {
			return
		}
		letters, err := l.box.receive(ctx, free, pollTime, l.config.Visibility)
		for range free - len(letters) {
			<-slots
		}
		if ctx.Err() == nil && err != nil {
			failures++
			pause := double(time.Second, failures, maxPause)
			l.log.Error("events cannot be received", "queue", l.box.url, "error", err.Error(), "again_in", pause.String())
			wait(ctx, pause)
			continue
		}
		if failures > 0 && err == nil {
			failures = 0
			l.log.Info("events are received again", "queue", l.box.url)
		}
		for _, m := range letters {
			held.Go(func() {
				defer func() { <-slots }()
				l.deal(context.WithoutCancel(ctx), m)
			})
		}
	}
}

// take waits for a free slot and takes as many as one request can fill; 0 when ctx
// ends.
func take(ctx context.Context, slots chan struct{}) int {
	if ctx.Err() != nil {
		return 0
	}
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for n := 1; n < maxBatch; n++ {
		select {
		case slots <- struct{}{}:
		default:
			return n
		}
	}
	return maxBatch
}

// deal has the events of a message handled, keeps the message meanwhile, and
// deletes it, gives it back or puts it off.
func (l *Listener) deal(ctx context.Context, m letter) {
	stop := l.keep(ctx, m)
	err := l.read(m)
	stop()
	log := l.log.With("message", m.id, "receives", m.receives)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	switch {
	case err == nil:
		l.handled.Add(1)
		if err := l.box.remove(ctx, m); err != nil {
			// It will come again, and find everything done.
			log.Warn("a message that is done with cannot be deleted", "error", err.Error())
		}
		return
	case fault.Is(err, fault.Canceled):
		err = l.box.hide(ctx, m, 0)
		log.Info("message given back")
	default:
		l.failed.Add(1)
		pause := double(l.config.Retry, m.receives, maxRedelivery)
		log.Error("message left in the queue", "error", err.Error(), "again_in", pause.String())
		err = l.box.hide(ctx, m, pause)
	}
	if err != nil {
		log.Warn("a message stays hidden as long as it was", "error", err.Error())
	}
}

// read handles the events of a message, all of them also when one fails.
func (l *Listener) read(m letter) error {
	events, err := ParseMessage(m.body)
	if err != nil {
		return err
	}
	var failed []error
	for _, e := range events {
		if err := l.handle(e); err != nil {
			if fault.Is(err, fault.Canceled) {
				return err
			}
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// keep extends the visibility timeout of a message until stop is called; after
// that nothing is sent any more.
func (l *Listener) keep(ctx context.Context, m letter) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		beat := time.NewTicker(l.config.Visibility / 3)
		defer beat.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
			}
			// Lost, the work goes on: if another does it too, one finds it done.
			if err := l.box.hide(ctx, m, l.config.Visibility); err != nil && ctx.Err() == nil {
				l.log.Warn("a message cannot be kept from others", "message", m.id, "error", err.Error())
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
