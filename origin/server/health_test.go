package server

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestReadiness: failing and stuck checks are named without their causes, results
// are shared for a second, and every check has its own deadline.
func TestReadiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		var failing atomic.Bool
		stuck := make(chan struct{})
		s := newTestServer(t, Config{CheckTimeout: 2 * time.Second}, Deps{Checks: map[string]Checker{
			"source": checkFunc(func(ctx context.Context) error {
				calls.Add(1)
				if failing.Load() {
					return errors.New("10.1.2.3 refused")
				}
				return nil
			}),
			"cache": checkFunc(func(ctx context.Context) error {
				if failing.Load() {
					<-stuck // heeds no deadline
				}
				return nil
			}),
		}})
		state := func() (int, healthReport, string) {
			w := get(s.Admin(), "/health/ready")
			var r healthReport
			if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			return w.Code, r, w.Body.String()
		}
		for range 5 {
			if code, r, body := state(); code != 200 || r.Checks["source"] != "ok" || r.Checks["cache"] != "ok" {
				t.Errorf("status %d, %s", code, body)
			}
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("5 probes made %d checks", n)
		}
		failing.Store(true)
		time.Sleep(1100 * time.Millisecond)
		for range 2 {
			start := time.Now()
			code, r, body := state()
			if code != 503 || r.Checks["source"] != "failed" || r.Checks["cache"] != "failed" || strings.Contains(body, "10.1.2.3") {
				t.Errorf("status %d, %s", code, body)
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("a stuck check took %s", took)
			}
			time.Sleep(1100 * time.Millisecond)
		}
		if w := get(s.Admin(), "/health/live"); w.Code != 200 {
			t.Errorf("live: status %d", w.Code)
		}
		if w := get(s.Admin(), "/health"); w.Code != 503 || !strings.Contains(w.Body.String(), `"live": true`) {
			t.Errorf("health: status %d, %s", w.Code, w.Body)
		}
		failing.Store(false)
		close(stuck)
		time.Sleep(1100 * time.Millisecond)
		if code, _, body := state(); code != 200 {
			t.Errorf("recovered: status %d, %s", code, body)
		}
	})
}

func TestAdmin(t *testing.T) {
	f := newFake()
	s := newTestServer(t, Config{Limits: limits()}, Deps{Images: f, Gauges: map[string]func() int64{"waiting": func() int64 { return 7 }}})
	for range 3 {
		get(s.Handler(), "/iiif/3/tiny/full/max/0/default.jpg")
	}
	get(s.Handler(), "/iiif/3/absent/info.json")
	var r counterReport
	w := get(s.Admin(), "/counters")
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Requests["image"]["200"] != 3 || r.Requests["info"]["404"] != 1 || r.CacheHits != 1 || r.CacheMisses != 2 ||
		r.InFlight != 1 || r.Gauges["waiting"] != 7 || r.BytesSent == 0 {
		t.Errorf("%+v", r)
	}
	for _, path := range []string{"/", "/iiif/3/tiny/info.json", "/viewer/tiny"} {
		if w := get(s.Admin(), path); w.Code != 404 || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
	if w := ask(s.Admin(), "POST", "/health"); w.Code != 405 {
		t.Errorf("POST: status %d", w.Code)
	}
	if w := get(s.Handler(), "/counters"); w.Code != 404 {
		t.Errorf("counters are public: status %d", w.Code)
	}
}
