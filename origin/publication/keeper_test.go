package publication

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/publish"
)

// script is what publications do, one after the other; the last one goes on for ever.
type script struct {
	began time.Time
	times []time.Duration // of the starts
	takes time.Duration
	err   []error
	fails []int // failures of items
	runs  atomic.Int32
}

func (s *script) publish(ctx context.Context) (*publish.Report, error) {
	s.times = append(s.times, time.Since(s.began))
	if s.runs.Add(1) > 1 {
		panic("two publications at one time")
	}
	defer s.runs.Add(-1)
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
	}
	r := &publish.Report{Items: 3}
	at := len(s.times) - 1
	if at < len(s.fails) {
		r.Failures = make([]publish.Remark, s.fails[at])
	}
	if at < len(s.err) {
		return r, s.err[at]
	}
	return r, nil
}

// keep runs a Keeper on a clock of its own and returns when it published.
func keep(t *testing.T, cfg KeeperConfig, s *script, log *bytes.Buffer, during func(*Keeper)) []time.Duration {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s.began = time.Now()
		cfg.Publish, cfg.Logger = s.publish, slog.New(slog.NewTextHandler(log, nil))
		k := NewKeeper(cfg)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { k.Run(ctx); close(ended) }()
		during(k)
		cancel()
		<-ended
	})
	return s.times
}

// TestKeeper: what is told is published once it is quiet, one publication at a time,
// and what is told during one is published by the next.
func TestKeeper(t *testing.T) {
	const s = time.Second
	outage := errors.New("outage")
	for name, c := range map[string]*struct {
		cfg    KeeperConfig
		script script
		told   []time.Duration // from the start
		until  time.Duration
		want   []time.Duration
	}{
		"nothing":         {until: 48 * time.Hour},
		"first":           {cfg: KeeperConfig{First: true}, until: time.Hour, want: []time.Duration{0}},
		"every":           {cfg: KeeperConfig{Every: 24 * time.Hour}, script: script{takes: s}, until: 50 * time.Hour, want: []time.Duration{24 * time.Hour, 48*time.Hour + s}},
		"told":            {told: []time.Duration{10 * s}, until: time.Hour, want: []time.Duration{12 * s}},
		"often":           {told: []time.Duration{10 * s, 11 * s, 12 * s}, until: time.Hour, want: []time.Duration{14 * s}},
		"without end":     {cfg: KeeperConfig{Patience: 30*s + s/2}, told: every(s, 60), until: 61 * s, want: []time.Duration{31*s + s/2}},
		"during":          {script: script{takes: 10 * s}, told: []time.Duration{1 * s, 5 * s, 6 * s}, until: time.Hour, want: []time.Duration{3 * s, 15 * s}},
		"tries again":     {script: script{err: []error{outage, outage}}, told: []time.Duration{1 * s}, until: 2 * time.Hour, want: []time.Duration{3 * s, 63 * s, 183 * s}},
		"items failed":    {script: script{fails: []int{2, 0}}, told: []time.Duration{1 * s}, until: time.Hour, want: []time.Duration{3 * s, 63 * s}},
		"told in between": {script: script{err: []error{outage}}, told: []time.Duration{1 * s, 20 * s}, until: time.Hour, want: []time.Duration{3 * s, 22 * s}},
		"soon anyway":     {cfg: KeeperConfig{Every: 30 * s}, script: script{err: []error{outage}}, told: []time.Duration{1 * s}, until: 62 * s, want: []time.Duration{3 * s, 33 * s}},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			got := keep(t, c.cfg, &c.script, &log, func(k *Keeper) {
				for _, at := range c.told {
					time.Sleep(at - time.Since(c.script.began))
					k.Tell()
				}
				time.Sleep(c.until - time.Since(c.script.began))
			})
			if !slices.Equal(got, c.want) {
				t.Errorf("published at %v, not %v\n%s", got, c.want, log.String())
			}
		})
	}
}

func every(d time.Duration, n int) (list []time.Duration) {
	for i := range n {
		list = append(list, time.Duration(i+1)*d)
	}
	return list
}

// TestKeeperState: what the counters of the process say.
func TestKeeperState(t *testing.T) {
	var log bytes.Buffer
	s := script{takes: 5 * time.Second, err: []error{nil, errors.New("down")}, fails: []int{1}}
	keep(t, KeeperConfig{}, &s, &log, func(k *Keeper) {
		k.Tell()
		time.Sleep(time.Second)
		if st := k.State(); !st.Waiting || st.Running {
			t.Errorf("before: %+v", st)
		}
		time.Sleep(2 * time.Second)
		if st := k.State(); st.Waiting || !st.Running || st.Done != 0 {
			t.Errorf("during: %+v", st)
		}
		time.Sleep(10 * time.Second)
		if st := k.State(); st.Running || st.Done != 1 || st.Failed != 0 || st.FailedItems != 1 || st.Items != 3 || st.Last.Sub(s.began) != 7*time.Second {
			t.Errorf("after: %+v", st)
		}
		time.Sleep(2 * time.Minute)
		if st := k.State(); st.Done != 2 || st.Failed != 1 || st.Last.Sub(s.began) != 7*time.Second {
			t.Errorf("at last: %+v", st)
		}
	})
	if !strings.Contains(log.String(), "error=down") || strings.Count(log.String(), `msg="not published"`) != 1 {
		t.Errorf("the log:\n%s", log.String())
	}
}
