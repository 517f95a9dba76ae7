package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// readyTTL is how long a result of the checks is told to further probes, so that
// probes are no load on the storage.
const readyTTL = time.Second

// readiness says whether requests should be sent here.
type readiness struct {
	parts    []*part
	draining atomic.Bool
	now      func() time.Time

	mu      sync.Mutex // held while the checks run: those who ask meanwhile share the result
	checked time.Time
	last    map[string]string
}

// part is one check.
type part struct {
	name    string
	check   Checker
	timeout time.Duration
	log     *slog.Logger
	busy    atomic.Bool // a check runs, maybe one that does not heed its deadline
	failing atomic.Bool
}

func (r *readiness) init(checks map[string]Checker, timeout time.Duration, log *slog.Logger) {
	r.now = time.Now
	for name, c := range checks {
		r.parts = append(r.parts, &part{name: name, check: c, timeout: timeout, log: log})
	}
}

// check returns the state of each part, "ok" or "failed", at most readyTTL old.
func (r *readiness) check() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last != nil && r.now().Sub(r.checked) < readyTTL {
		return r.last
	}
	states := make([]string, len(r.parts))
	var wg sync.WaitGroup
	for i, p := range r.parts {
		wg.Go(func() { states[i] = p.state() })
	}
	wg.Wait()
	r.last = make(map[string]string, len(states))
	for i, p := range r.parts {
		r.last[p.name] = states[i]
	}
	r.checked = r.now()
	return r.last
}

// state runs the check under its own deadline, not that of whoever asks: the
// result is for all. Changes are logged, with the cause that probes do not get.
func (p *part) state() string {
	err := p.run()
	if was := p.failing.Swap(err != nil); err != nil && !was {
		p.log.Warn("not ready", "part", p.name, "error", err.Error())
	} else if err == nil && was {
		p.log.Info("ready again", "part", p.name)
	}
	if err != nil {
		return "failed"
	}
	return "ok"
}

func (p *part) run() error {
	const op = "server.check"
	if !p.busy.CompareAndSwap(false, true) {
		return fault.E(op, fault.Timeout, errors.New("the check before has not ended"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer p.busy.Store(false)
		defer func() {
			if v := recover(); v != nil {
				done <- fault.E(op, fault.Internal, fmt.Errorf("panic: %v", v))
			}
		}()
		done <- p.check.Check(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fault.E(op, fault.Timeout, ctx.Err())
	}
}

// healthReport is the answer to probes. It names what failed and says no more.
type healthReport struct {
	Status string            `json:"status"` // "ok", "failed" or "draining"
	Live   bool              `json:"live"`
	Ready  *bool             `json:"ready,omitempty"`
	Checks map[string]string `json:"checks,omitempty"`
}

// health answers /health/live (the process answers), /health/ready (requests may
// be sent here) and /health (both).
func (c *call) health() error {
	report, status := healthReport{Status: "ok", Live: true}, http.StatusOK
	if c.path != "/health/live" {
		ready := true
		report.Checks = c.ready.check()
		for _, state := range report.Checks {
			if state != "ok" {
				report.Status, ready = "failed", false
			}
		}
		if c.ready.draining.Load() {
			report.Status, ready = "draining", false
		}
		if !ready {
			status = http.StatusServiceUnavailable
			c.w.Header().Set("Retry-After", "1")
		}
		report.Ready = &ready
	}
	return c.sendJSON(status, report)
}
