package server

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func prefixes(t testing.TB, list ...string) []netip.Prefix {
	t.Helper()
	var all []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// TestPanic: a panic is 500 and a log line with the stack, and the server lives.
func TestPanic(t *testing.T) {
	var log lockedBuffer
	ts := listen(t, newTestServer(t, Config{}, Deps{Logger: NewLogger(&log, false, slog.LevelInfo)}))
	for _, path := range []string{"/iiif/3/panic/info.json", "/viewer/panic"} {
		resp, err := http.Get(ts.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body := string(readAll(t, resp.Body))
		resp.Body.Close()
		if resp.StatusCode != 500 || resp.Header.Get("Cache-Control") != "no-store" ||
			resp.Header.Get("Access-Control-Allow-Origin") != "*" || strings.Contains(body, "bug") {
			t.Errorf("%s: status %d, %v, %q", path, resp.StatusCode, resp.Header, body)
		}
	}
	if resp, err := http.Get(ts.URL + "/health/live"); err != nil || resp.StatusCode != 200 {
		t.Errorf("afterwards: %v", err)
	}
	found := 0
	for line := range strings.Lines(log.String()) {
		var rec map[string]any
		if err := json.Unmarshal([]byte(line), &rec); err != nil {
			t.Fatalf("broken line %q", line)
		}
		stack, _ := rec["stack"].(string)
		if rec["status"] == 500.0 && rec["level"] == "ERROR" && strings.Contains(stack, "fake_test.go") {
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d lines tell of the panics:\n%s", found, log.String())
	}
}

// TestLogLine: a line has what the documentation says, and user text breaks
// neither form of it.
func TestLogLine(t *testing.T) {
	var buf lockedBuffer
	f := newFake()
	h := newTestServer(t, Config{Limits: limits(), TrustedProxies: prefixes(t, "192.0.2.0/24", "10.0.0.0/8")},
		Deps{Images: f, Gallery: f, Logger: NewLogger(&buf, false, slog.LevelInfo)}).Handler()
	last := func() map[string]any {
		all := strings.Split(strings.TrimSpace(buf.String()), "\n")
		rec := map[string]any{}
		if err := json.Unmarshal([]byte(all[len(all)-1]), &rec); err != nil {
			t.Fatal(err)
		}
		return rec
	}
	for _, c := range []struct {
		path string
		want map[string]any
	}{
		{"/iiif/3/" + sampleEsc + "/full/800,/0/color.jpg", map[string]any{"route": "image", "identifier": sampleID, "cache": "miss",
			"canonical": "full/800,450/0/default.jpg", "status": 200.0, "method": "GET", "remote": "203.0.113.9"}},
		{"/iiif/2/" + sampleEsc + "/full/800,/0/color.jpg", map[string]any{"route": "image", "cache": "hit"}},
		{"/iiif/3/" + sampleEsc + "/info.json", map[string]any{"route": "info", "identifier": sampleID, "cache": "-", "status": 200.0}},
		{"/iiif/3/" + sampleEsc, map[string]any{"route": "base", "status": 303.0}},
		{"/iiif/3/outage/info.json", map[string]any{"route": "info", "status": 503.0, "kind": "unavailable", "level": "WARN",
			"error": "source.Open: unavailable: dial tcp 10.1.2.3:9000: secret-bucket refused"}},
		{"/iiif/3/corrupt/info.json", map[string]any{"status": 500.0, "level": "ERROR"}},
		{"/iiif/3/x/y/z", map[string]any{"route": "iiif", "status": 404.0, "kind": "not_found"}},
		{"/viewer/" + sampleEsc, map[string]any{"route": "viewer", "identifier": sampleID}},
		{"/", map[string]any{"route": "gallery"}},
		{"/robots.txt", map[string]any{"route": "static"}},
		{"/health/ready", map[string]any{"route": "health"}},
		{"/nothing", map[string]any{"route": "none"}},
	} {
		w := get(h, c.path, "X-Forwarded-For", "6.6.6.6, 203.0.113.9, 10.0.0.7")
		rec := last()
		c.want["bytes"], c.want["path"] = float64(w.Body.Len()), c.path
		for k, v := range c.want {
			if rec[k] != v {
				t.Errorf("%s: %s is %v, want %v", c.path, k, rec[k], v)
			}
		}
		if ms, ok := rec["duration_ms"].(float64); !ok || ms < 0 {
			t.Errorf("%s: duration_ms is %v", c.path, rec["duration_ms"])
		}
	}

	if w := ask(h, "HEAD", "/iiif/3/tiny/info.json"); w.Code != 200 || w.Body.Len() != 0 || last()["bytes"] != 0.0 {
		t.Errorf("HEAD: status %d, %d bytes, %v in the log", w.Code, w.Body.Len(), last()["bytes"])
	}

	for _, text := range []bool{false, true} {
		buf.b.Reset()
		h := newTestServer(t, Config{}, Deps{Logger: NewLogger(&buf, text, slog.LevelInfo)}).Handler()
		buf.b.Reset()
		n := 0
		for _, id := range []string{"a%0Alevel=ERROR%20msg=forged", "a%0D%0A%7B%22level%22:%22ERROR%22%7D", "%E2%80%A8x", "a%22%20status=200", "%1B%5B31m", strings.Repeat("%0A", 2000)} {
			get(h, "/iiif/3/"+id+"/info.json")
			get(h, "/viewer/"+id)
			n += 2
		}
		if got := strings.Count(buf.String(), "\n"); got != n || strings.ContainsAny(buf.String(), "\r\x1b\u2028") {
			t.Errorf("text %v: %d lines for %d requests:\n%s", text, got, n, buf.String())
		}
		for line := range strings.Lines(buf.String()) {
			if len(line) > 4<<10 {
				t.Errorf("a line of %d bytes", len(line))
			}
		}
	}
}

// TestClientGone: who leaves gets 499 in the log, and gone waiting is no error of ours.
func TestClientGone(t *testing.T) {
	var log lockedBuffer
	f := newFake()
	f.hold = make(chan struct{})
	s := newTestServer(t, Config{Limits: limits()}, Deps{Images: f, Logger: NewLogger(&log, false, slog.LevelInfo)})
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "GET", "/iiif/3/tiny/full/max/0/default.jpg", nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Handler().ServeHTTP(httptest.NewRecorder(), r)
	}()
	for f.renders.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
	if !strings.Contains(log.String(), `"status":499`) || strings.Contains(log.String(), `"level":"ERROR"`) {
		t.Errorf("log: %s", log.String())
	}
}

// TestTimeout: work that takes too long is 503.
func TestTimeout(t *testing.T) {
	f := newFake()
	f.hold = make(chan struct{})
	h := newTestServer(t, Config{Limits: limits(), RequestTimeout: 20 * time.Millisecond}, Deps{Images: f}).Handler()
	if w := get(h, "/iiif/3/tiny/full/max/0/default.jpg"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d, %v", w.Code, w.Header())
	}
}

// TestPitfall23Overload: when all slots are taken, images are 503 at once, and
// probes of both listeners answer.
func TestPitfall23Overload(t *testing.T) {
	f := newFake()
	f.hold = make(chan struct{})
	s := newTestServer(t, Config{Limits: limits(), MaxConcurrent: 2}, Deps{Images: f, Checks: map[string]Checker{
		"source": checkFunc(func(context.Context) error { return nil })}})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { get(s.Handler(), "/iiif/3/tiny/full/max/0/default.jpg") })
	}
	for f.renders.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	for _, path := range []string{"/iiif/3/tiny/full/max/0/default.jpg", "/iiif/3/tiny/info.json", "/viewer/tiny"} {
		if w := get(s.Handler(), path); w.Code != 503 || w.Header().Get("Retry-After") != "5" {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
	for _, path := range []string{"/health", "/health/live", "/health/ready"} {
		for name, h := range map[string]http.Handler{"public": s.Handler(), "admin": s.Admin()} {
			if w := get(h, path); w.Code != 200 {
				t.Errorf("%s %s: status %d", name, path, w.Code)
			}
		}
	}
	close(f.hold)
	wg.Wait()
	if w := get(s.Handler(), "/iiif/3/tiny/info.json"); w.Code != 200 {
		t.Errorf("afterwards: status %d", w.Code)
	}
}

// TestDrain: at shutdown a running request is finished, readiness is 503 until
// then on the admin listener, and new connections are refused.
func TestDrain(t *testing.T) {
	f := newFake()
	f.hold = make(chan struct{})
	s := newTestServer(t, Config{Limits: limits(), DrainTimeout: 10 * time.Second}, Deps{Images: f})
	public, admin := tcp(t), tcp(t)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, public, admin) }()
	url, adminURL := "http://"+public.Addr().String(), "http://"+admin.Addr().String()

	if code := status(t, adminURL+"/health/ready"); code != 200 {
		t.Fatalf("ready: status %d", code)
	}
	running := make(chan int, 1)
	go func() { running <- status(t, url+"/iiif/3/tiny/full/max/0/default.jpg") }()
	for f.renders.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	for s.ready.draining.Load() == false {
		time.Sleep(time.Millisecond)
	}
	if code := status(t, adminURL+"/health/ready"); code != 503 {
		t.Errorf("draining: status %d", code)
	}
	refused := false
	for range 500 {
		conn, err := net.Dial("tcp", public.Addr().String())
		if refused = err != nil; refused {
			break
		}
		conn.Close()
		time.Sleep(2 * time.Millisecond)
	}
	if !refused {
		t.Error("connections are accepted while draining")
	}
	select {
	case err := <-served:
		t.Fatalf("Serve returned before the request: %v", err)
	default:
	}
	close(f.hold)
	if code := <-running; code != 200 {
		t.Errorf("the running request: status %d", code)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if conn, err := net.Dial("tcp", admin.Addr().String()); err == nil {
		conn.Close()
		t.Error("the admin listener is open after the end")
	}
}

// TestDrainDeadline: requests that do not end are cut off.
func TestDrainDeadline(t *testing.T) {
	f := newFake()
	f.hold = make(chan struct{})
	defer close(f.hold)
	s := newTestServer(t, Config{Limits: limits(), DrainTimeout: 50 * time.Millisecond}, Deps{Images: f})
	public := tcp(t)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, public, nil) }()
	go http.Get("http://" + public.Addr().String() + "/iiif/3/tiny/full/max/0/default.jpg")
	for f.renders.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-served; !fault.Is(err, fault.Timeout) {
		t.Errorf("Serve: %v", err)
	}
}

// TestServeFails: a listener that breaks ends Serve.
func TestServeFails(t *testing.T) {
	s := newTestServer(t, Config{}, Deps{})
	l := tcp(t)
	l.Close()
	if err := s.Serve(t.Context(), l, nil); err == nil {
		t.Error("no error")
	}
}

func tcp(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func status(t *testing.T, url string) int {
	resp, err := http.Get(url)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
	return resp.StatusCode
}
