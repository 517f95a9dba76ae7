package source

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// blackHole accepts connections and never says a word.
func blackHole(t *testing.T) (url string, accepted *atomic.Int64) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted = new(atomic.Int64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			defer c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "http://" + l.Addr().String(), accepted
}

func TestBlackHole(t *testing.T) {
	t.Parallel()
	url, accepted := blackHole(t)
	for name, src := range map[string]Source{
		"http": newTestHTTP(t, HTTPConfig{Base: url, AllowPrivate: true}),
		"s3":   newTestS3(t, S3Config{Bucket: "bucket", Endpoint: url, PathStyle: true, AccessKey: "k", Secret: "s"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			if _, err := src.Open(t.Context(), "a.jpg"); !fault.Is(err, fault.Unavailable) {
				t.Errorf("Open gives %v", err)
			}
			within3s(t, "Open", start)
			start = time.Now()
			if err := src.Check(t.Context()); !fault.Is(err, fault.Unavailable) {
				t.Errorf("Check gives %v", err)
			}
			within3s(t, "Check", start)
			// The caller's own deadline counts as well, as a Timeout.
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			start = time.Now()
			if err := src.Check(ctx); !fault.Is(err, fault.Timeout) || time.Since(start) > time.Second {
				t.Errorf("Check with a deadline gives %v after %v", err, time.Since(start))
			}
			if l, ok := src.(Lister); ok {
				start = time.Now()
				if _, err := l.List(t.Context(), Query{}); !fault.Is(err, fault.Unavailable) {
					t.Errorf("List gives %v", err)
				}
				within3s(t, "List", start)
			}
		})
	}
	t.Cleanup(func() {
		if accepted.Load() < 4 {
			t.Errorf("only %d connections: there was no second attempt", accepted.Load())
		}
	})
}

// TestSilentBody is a server that stops in the middle of a body.
func TestSilentBody(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	data := pattern(100_000, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		if r.Method == http.MethodHead {
			http.ServeContent(w, r, "x.bin", time.Time{}, bytes.NewReader(data))
			return
		}
		http.ServeContent(&stopping{ResponseWriter: w, left: 30_000, release: release}, r, "x.bin", time.Time{}, bytes.NewReader(data))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	timing := Timing{Attempt: 200 * time.Millisecond, Total: 500 * time.Millisecond}
	for name, src := range map[string]Source{
		"http": newTestHTTP(t, HTTPConfig{Base: server.URL, AllowPrivate: true, Timing: timing}),
		"s3":   newTestS3(t, S3Config{Bucket: "bucket", Endpoint: server.URL, PathStyle: true, Anonymous: true, Timing: timing}),
	} {
		o := open(t, src, "a.jpg")
		p := make([]byte, len(data))
		start := time.Now()
		// 30,000 bytes for each attempt: four of them bring everything.
		if n, err := o.ReadAt(t.Context(), p, 0); err != nil || !bytes.Equal(p, data) {
			t.Errorf("%s: %d bytes, %v after %v", name, n, err, time.Since(start))
		}
	}
}

// stopping passes some bytes on, then waits.
type stopping struct {
	http.ResponseWriter
	left    int
	release chan struct{}
}

func (s *stopping) Write(p []byte) (int, error) {
	if len(p) <= s.left {
		s.left -= len(p)
		return s.ResponseWriter.Write(p)
	}
	_, _ = s.ResponseWriter.Write(p[:s.left])
	s.ResponseWriter.(http.Flusher).Flush()
	<-s.release
	return s.left, http.ErrAbortHandler
}

func TestReset(t *testing.T) {
	t.Parallel()
	data := pattern(1_000_000, 1)
	t.Run("resumed", func(t *testing.T) {
		var requests atomic.Int64
		url := resetting(t, data, 400_000, &requests)
		for name, src := range map[string]Source{
			"http": newTestHTTP(t, HTTPConfig{Base: url, AllowPrivate: true}),
			"s3":   newTestS3(t, S3Config{Bucket: "bucket", Endpoint: url, PathStyle: true, Anonymous: true}),
		} {
			requests.Store(0)
			p := make([]byte, len(data))
			if _, err := open(t, src, "a.jpg").ReadAt(t.Context(), p, 0); err != nil || !bytes.Equal(p, data) {
				t.Errorf("%s: %v", name, err)
			}
			if n := requests.Load(); n < 3 || n > 8 {
				t.Errorf("%s: %d requests", name, n)
			}
		}
	})
	t.Run("given up", func(t *testing.T) {
		for _, after := range []int{0, 10} {
			var requests atomic.Int64
			src := newTestHTTP(t, HTTPConfig{Base: resetting(t, data, after, &requests), AllowPrivate: true})
			start := time.Now()
			if _, err := open(t, src, "a.jpg").ReadAt(t.Context(), make([]byte, len(data)), 0); !fault.Is(err, fault.Unavailable) {
				t.Errorf("after %d bytes: %v", after, err)
			}
			within3s(t, "ReadAt", start)
			if n := requests.Load(); n > maxResumes+1 {
				t.Errorf("after %d bytes: %d requests", after, n)
			}
		}
	})
}

// TestTrickle is a server that sends a byte now and then, for ever.
func TestTrickle(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("Content-Length", "100000")
		w.Header().Set("Content-Range", "bytes 0-99999/100000")
		if r.Method == http.MethodHead {
			return
		}
		w.WriteHeader(http.StatusPartialContent)
		for range 100000 {
			if _, err := w.Write([]byte{0}); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	}))
	defer server.Close()
	h := newTestHTTP(t, HTTPConfig{Base: server.URL, AllowPrivate: true, Timing: Timing{Read: 300 * time.Millisecond}})
	start := time.Now()
	if _, err := open(t, h, "a.jpg").ReadAt(t.Context(), make([]byte, 100000), 0); !fault.Is(err, fault.Unavailable) || time.Since(start) > 2*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

func TestUnknownName(t *testing.T) {
	t.Parallel()
	h := newTestHTTP(t, HTTPConfig{Base: "http://no-such-host.invalid/"})
	start := time.Now()
	_, err := h.Open(t.Context(), "a.jpg")
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("gives %v", err)
	}
	within3s(t, "Open", start)
	if strings.Contains(fault.Public(err), "invalid") {
		t.Errorf("the public text tells the host: %q", fault.Public(err))
	}
}
