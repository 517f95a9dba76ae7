package publication

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/publish"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// KeeperConfig says when a Keeper publishes.
type KeeperConfig struct {
	// Publish publishes what changed. It is not called while it runs. Required.
	Publish func(ctx context.Context) (*publish.Report, error)
	// Every is the time between publications that nobody asked for, from the end of
	// one to the start of the next. 0 is never.
	Every time.Duration
	// First publishes at once when Run begins.
	First bool
	// Quiet is how long nothing may be told before a publication begins: an editor who
	// saves, or imports, tells many things. Default 2 s.
	Quiet time.Duration
	// Patience bounds the wait for quiet. Default 30 s.
	Patience time.Duration
	// Retry is the pause after a publication that failed, or in which items failed;
	// it doubles up to an hour. Default 1 minute.
	Retry time.Duration
	// Logger is told of each publication. Required.
	Logger *slog.Logger
}

const maxRetry = time.Hour

// Keeper keeps a publication in step with its source: it publishes when it is told
// that something changed, and from time to time in case that nobody told it. One
// publication runs at a time; what is told meanwhile is published by the next one. Its
// methods are safe for concurrent use.
type Keeper struct {
	cfg  KeeperConfig
	told chan struct{} // of capacity 1

	mu    sync.Mutex
	state State
}

// State is what a Keeper has done since it was made.
type State struct {
	// Running says that a publication runs, and Waiting that one was asked for.
	Running, Waiting bool
	// Done and Failed count publications that ended.
	Done, Failed int64
	// Last is when the last one ended that did not fail; zero before.
	Last time.Time
	// Items, FailedItems and Written are of the last one.
	Items, FailedItems, Written int
}

// NewKeeper makes a Keeper; nothing happens before Run.
func NewKeeper(cfg KeeperConfig) *Keeper {
	if cfg.Quiet <= 0 {
		cfg.Quiet = 2 * time.Second
	}
	if cfg.Patience <= 0 {
		cfg.Patience = 30 * time.Second
	}
	if cfg.Retry <= 0 {
		cfg.Retry = time.Minute
	}
	return &Keeper{cfg: cfg, told: make(chan struct{}, 1)}
}

// Tell says that something may have changed. It returns at once.
func (k *Keeper) Tell() {
	k.set(func(s *State) { s.Waiting = true })
	select {
	case k.told <- struct{}{}:
	default: // it will be seen anyway
	}
}

// State returns what has been done.
func (k *Keeper) State() State {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.state
}

func (k *Keeper) set(f func(*State)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f(&k.state)
}

// Run publishes when it is time, until ctx ends. It is called once.
func (k *Keeper) Run(ctx context.Context) {
	retry := k.cfg.Retry
	var next <-chan time.Time // nil is never
	if k.cfg.First {
		next = time.After(0)
	} else if k.cfg.Every > 0 {
		next = time.After(k.cfg.Every)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-next:
		case <-k.told:
			if !k.quiet(ctx) {
				return
			}
		}
		pause := k.cfg.Every
		if k.publish(ctx) {
			retry = k.cfg.Retry
		} else if pause == 0 || retry < pause {
			pause, retry = retry, min(2*retry, maxRetry)
		}
		next = nil
		if pause > 0 {
			next = time.After(pause)
		}
	}
}

// quiet waits until nothing is told for a while; it returns false when ctx ends.
func (k *Keeper) quiet(ctx context.Context) bool {
	enough := time.After(k.cfg.Patience)
	for {
		select {
		case <-ctx.Done():
			return false
		case <-enough:
			return true
		case <-k.told:
		case <-time.After(k.cfg.Quiet):
			return true
		}
	}
}

// publish publishes once and reports whether all went well.
func (k *Keeper) publish(ctx context.Context) (ok bool) {
	k.set(func(s *State) { s.Running, s.Waiting = true, false })
	began := time.Now()
	report, err := k.cfg.Publish(ctx)
	if ctx.Err() != nil {
		return true // the process ends; what is not done, the next one does
	}
	if report == nil {
		report = &publish.Report{}
	}
	ok = err == nil && !report.Failed()
	k.set(func(s *State) {
		s.Running = false
		s.Items, s.FailedItems, s.Written = report.Items, len(report.Failures), report.Written
		s.Done++
		if err != nil {
			s.Failed++
		} else {
			s.Last = time.Now()
		}
	})
	k.log(ctx, report, err, time.Since(began))
	return ok
}

// shown is how many failures of items the log has of one publication.
const shown = 20

func (k *Keeper) log(ctx context.Context, r *publish.Report, err error, took time.Duration) {
	for i, f := range r.Failures {
		if i == shown {
			k.cfg.Logger.Warn("not published", "more", len(r.Failures)-i)
			break
		}
		k.cfg.Logger.Warn("not published", "item", f.Ref, "error", f.Text)
	}
	if len(r.Refused) > 0 {
		k.cfg.Logger.Error("removals refused: more manifests have vanished from the source than publish-max-removal allows; "+
			"look why, then run vitrine publish --allow-delete", "count", len(r.Refused), "first", r.Refused[0])
	}
	level, attrs := slog.LevelInfo, []slog.Attr{
		slog.Int("items", r.Items), slog.Int("new", len(r.Added)), slog.Int("changed", len(r.Changed)), slog.Int("removed", len(r.Removed)),
		slog.Int("failed", len(r.Failures)), slog.Int("written", r.Written), slog.Int64("duration_ms", took.Milliseconds()),
	}
	if err != nil {
		level = slog.LevelError
		if fault.Is(err, fault.Conflict) {
			level = slog.LevelWarn // another process publishes to the same place
		}
		attrs = append(attrs, slog.String("kind", fault.KindOf(err).String()), slog.String("error", err.Error()))
	}
	k.cfg.Logger.LogAttrs(ctx, level, "published", attrs...)
}
