package source

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// web is a server of files in memory; net/http.ServeContent, which knows ranges
// and conditions, does the work.
type web struct {
	*httptest.Server
	mu       sync.Mutex
	files    map[string]webFile // by decoded path
	requests atomic.Int64
	bytes    atomic.Int64
	largest  atomic.Int64
	// before may answer a request instead.
	before func(w http.ResponseWriter, r *http.Request) bool
	noETag bool
}

type webFile struct {
	data     []byte
	etag     string
	modified time.Time
}

func newWeb(t *testing.T) *web {
	s := &web{files: map[string]webFile{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

var clock atomic.Int64

func (s *web) put(key string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A new second for every change, since Last-Modified knows no smaller unit.
	n := clock.Add(1)
	s.files["/base/"+key] = webFile{data, fmt.Sprintf(`"v%d"`, n), time.Now().Add(-time.Duration(1000-n%1000) * time.Millisecond)}
}

func (s *web) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	if s.before != nil && s.before(w, r) {
		return
	}
	s.mu.Lock()
	f, ok := s.files[r.URL.Path]
	s.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "denied.jpg"):
		w.WriteHeader(http.StatusForbidden)
		return
	case !ok:
		http.NotFound(w, r)
		return
	}
	if !s.noETag {
		w.Header().Set("ETag", f.etag)
	}
	c := &counter{ResponseWriter: w, total: &s.bytes}
	http.ServeContent(c, r, "x.bin", f.modified, bytes.NewReader(f.data))
	for old := s.largest.Load(); c.n > old && !s.largest.CompareAndSwap(old, c.n); old = s.largest.Load() {
	}
}

type counter struct {
	http.ResponseWriter
	total *atomic.Int64
	n     int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.total.Add(int64(len(p)))
	n, err := c.ResponseWriter.Write(p)
	c.n += int64(n)
	return n, err
}

func newTestHTTP(t *testing.T, cfg HTTPConfig) *HTTP {
	t.Helper()
	h, err := NewHTTP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func TestHTTPConforms(t *testing.T) {
	bare := func(s Source) Source { return s }
	for name, c := range map[string]struct {
		wrap  func(Source) Source
		setup func(*web)
	}{
		"bare":     {bare, func(*web) {}},
		"buffered": {func(s Source) Source { return Buffered(s, BufferConfig{}) }, func(*web) {}},
		"no HEAD": {bare, func(s *web) {
			s.before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodHead {
					w.WriteHeader(http.StatusMethodNotAllowed)
				}
				return r.Method == http.MethodHead
			}
		}},
		"no ranges": {bare, func(s *web) {
			s.before = func(w http.ResponseWriter, r *http.Request) bool {
				r.Header.Del("Range")
				return false
			}
		}},
		"ignores conditions": {bare, func(s *web) {
			s.before = func(w http.ResponseWriter, r *http.Request) bool {
				r.Header.Del("If-Match")
				return false
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			conform(t, func(t *testing.T) *store {
				s := newWeb(t)
				c.setup(s)
				src := c.wrap(newTestHTTP(t, HTTPConfig{Base: s.URL + "/base", AllowPrivate: true}))
				return &store{
					src: src,
					put: s.put,
					del: func(key string) {
						s.mu.Lock()
						defer s.mu.Unlock()
						delete(s.files, "/base/"+key)
					},
					denied:    src,
					deniedKey: "denied.jpg",
					outage:    s.Close,
				}
			})
		})
	}
}

// TestHTTPLastModified pins by time where there is no ETag.
func TestHTTPLastModified(t *testing.T) {
	s := newWeb(t)
	s.noETag = true
	h := newTestHTTP(t, HTTPConfig{Base: s.URL + "/base", AllowPrivate: true})
	set := func(data string, modified time.Time) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.files["/base/a.jpg"] = webFile{data: []byte(data), modified: modified}
	}
	set("abc", time.Unix(1_000_000_000, 0))
	o := open(t, h, "a.jpg")
	p := make([]byte, 3)
	if _, err := o.ReadAt(t.Context(), p, 0); err != nil || string(p) != "abc" || o.Modified().Unix() != 1_000_000_000 {
		t.Errorf("%q of %v, %v", p, o.Modified(), err)
	}
	set("xyz", time.Unix(1_000_000_001, 0))
	if _, err := o.ReadAt(t.Context(), p, 0); !fault.Is(err, fault.Conflict) {
		t.Errorf("changed: %v", err)
	}
	// An older file in its place passes If-Unmodified-Since.
	set("old", time.Unix(900_000_000, 0))
	if _, err := o.ReadAt(t.Context(), p, 0); !fault.Is(err, fault.Conflict) {
		t.Errorf("changed to an older one: %v", err)
	}
}

func TestHTTPStatuses(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(int(status.Load()))
	}))
	defer server.Close()
	h := newTestHTTP(t, HTTPConfig{Base: server.URL, AllowPrivate: true})
	for code, want := range map[int]fault.Kind{
		404: fault.NotFound, 410: fault.NotFound, 401: fault.Forbidden, 403: fault.Forbidden, 451: fault.Forbidden,
		400: fault.Unavailable, 408: fault.Unavailable, 429: fault.Unavailable, 500: fault.Unavailable, 502: fault.Unavailable,
		503: fault.Unavailable, 504: fault.Unavailable, 204: fault.Unavailable, 300: fault.Unavailable, 302: fault.Unavailable,
		405: fault.Unsupported,
	} {
		status.Store(int64(code))
		if _, err := h.Open(t.Context(), "a.jpg"); !fault.Is(err, want) {
			t.Errorf("%d gives %v, want %v", code, err, want)
		}
	}
}

func TestHTTPNonsense(t *testing.T) {
	var header http.Header
	status, body := 206, "0123456789"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Length", "100")
			return
		}
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	defer server.Close()
	h := newTestHTTP(t, HTTPConfig{Base: server.URL, AllowPrivate: true})
	for name, c := range map[string]struct {
		header http.Header
		want   fault.Kind
	}{
		"other place":     {http.Header{"Content-Range": {"bytes 0-9/100"}}, fault.Unavailable},
		"no range":        {http.Header{}, fault.Unavailable},
		"other size":      {http.Header{"Content-Range": {"bytes 20-29/99"}}, fault.Conflict},
		"longer":          {http.Header{"Content-Range": {"bytes 20-39/100"}}, fault.Unavailable},
		"other revision":  {http.Header{"Content-Range": {"bytes 20-29/100"}, "Etag": {`"f"`}}, fault.Conflict},
		"weakened":        {http.Header{"Content-Range": {"bytes 20-29/100"}, "Etag": {`W/"e"`}}, fault.Conflict},
		"encoded":         {http.Header{"Content-Range": {"bytes 20-29/100"}, "Content-Encoding": {"gzip"}}, fault.Unsupported},
		"two of them":     {http.Header{"Content-Type": {"multipart/byteranges"}}, fault.Unavailable},
		"without a word":  {http.Header{"Content-Range": {"bytes 20-29/100"}, "Etag": nil}, fault.Unsupported},
		"negative number": {http.Header{"Content-Range": {"bytes -20-29/100"}}, fault.Unavailable},
	} {
		header = c.header
		o := open(t, h, "a.jpg")
		if n, err := o.ReadAt(t.Context(), make([]byte, 10), 20); !fault.Is(err, c.want) {
			t.Errorf("%s: %d, %v, want %v", name, n, err, c.want)
		}
	}
	// Fewer bytes than asked for are right (RFC 9110 §15.3.7): the rest follows.
	header = http.Header{"Content-Range": {"bytes 20-29/100"}}
	o := open(t, h, "a.jpg")
	if n, err := o.ReadAt(t.Context(), make([]byte, 10), 20); n != 10 || err != nil {
		t.Errorf("a right answer: %d, %v", n, err)
	}
}

func TestHTTPWithoutValidators(t *testing.T) {
	for name, header := range map[string]http.Header{
		"nothing": {}, "a weak ETag": {"Etag": {`W/"x"`}}, "a broken ETag": {"Etag": {`"a"b"`}}, "a broken date": {"Last-Modified": {"today"}},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for k, v := range header {
				w.Header()[k] = v
			}
			w.Header().Set("Content-Length", "3")
		}))
		h := newTestHTTP(t, HTTPConfig{Base: server.URL, AllowPrivate: true})
		if _, err := h.Open(t.Context(), "a.jpg"); !fault.Is(err, fault.Unsupported) {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}

func TestHTTPWithoutRanges(t *testing.T) {
	s := newWeb(t)
	s.before = func(w http.ResponseWriter, r *http.Request) bool { r.Header.Del("Range"); return false }
	small, large := pattern(1<<20, 1), pattern(3<<20, 2)
	s.put("small.jpg", small)
	s.put("large.jpg", large)
	s.put("third.jpg", pattern(1<<20, 3))
	h := newTestHTTP(t, HTTPConfig{Base: s.URL + "/base", AllowPrivate: true, WholeBytes: 2<<20 - 1})

	o := open(t, h, "small.jpg")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			p := make([]byte, 100)
			off := int64(i * 100_000)
			if _, err := o.ReadAt(t.Context(), p, off); err != nil || !bytes.Equal(p, small[off:off+100]) {
				t.Errorf("at %d: %v", off, err)
			}
		})
	}
	wg.Wait()
	again, err := h.Open(t.Context(), "small.jpg")
	if err != nil {
		t.Fatal(err)
	}
	s.bytes.Store(0)
	if _, err := again.ReadAt(t.Context(), make([]byte, 10), 5); err != nil || s.bytes.Load() > 0 {
		t.Errorf("the second handle: %v, %d bytes sent", err, s.bytes.Load())
	}
	if _, err := open(t, h, "large.jpg").ReadAt(t.Context(), make([]byte, 10), 5); !fault.Is(err, fault.Unsupported) {
		t.Errorf("larger than the budget: %v", err)
	}
	third := open(t, h, "third.jpg")
	if _, err := third.ReadAt(t.Context(), make([]byte, 10), 5); !fault.Is(err, fault.Unavailable) {
		t.Errorf("with the budget in use: %v", err)
	}
	again.Close()
	o.Close()
	if _, err := third.ReadAt(t.Context(), make([]byte, 10), 5); err != nil {
		t.Errorf("with the budget free again: %v", err)
	}
	if h.wholes.used > h.wholes.budget {
		t.Errorf("%d bytes in use, the budget is %d", h.wholes.used, h.wholes.budget)
	}
}

func TestHTTPHeader(t *testing.T) {
	var other, got http.Header
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { other = r.Header.Clone() }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		http.Redirect(w, r, elsewhere.URL+"/x", http.StatusFound)
	}))
	defer server.Close()
	h := newTestHTTP(t, HTTPConfig{
		Base: server.URL, AllowPrivate: true, AllowedHosts: []string{hostOf(server), hostOf(elsewhere)},
		Header: http.Header{"x-api-key": {"secret"}, "Authorization": {"Bearer secret"}},
	})
	_, _ = h.Open(t.Context(), "a.jpg")
	if got.Get("X-Api-Key") != "secret" || got.Get("Authorization") != "Bearer secret" || got.Get("Accept-Encoding") != "identity" {
		t.Errorf("the server got %v", got)
	}
	if other == nil || other.Get("X-Api-Key") != "" || other.Get("Authorization") != "" || other.Get("Referer") != "" {
		t.Errorf("the host of the redirect got %v", other)
	}
}

func hostOf(s *httptest.Server) string { return strings.TrimPrefix(s.URL, "http://") }

func TestNewHTTPRefuses(t *testing.T) {
	for name, cfg := range map[string]HTTPConfig{
		"nothing":         {},
		"no scheme":       {Base: "example.org/images"},
		"other scheme":    {Base: "ftp://example.org/"},
		"credentials":     {Base: "https://user:pass@example.org/"},
		"query":           {Base: "https://example.org/?a=b"},
		"fragment":        {Base: "https://example.org/#x"},
		"no host":         {Base: "https:///images"},
		"bad port":        {Base: "https://example.org:99999/"},
		"no port":         {Base: "https://example.org:/"},
		"not ASCII":       {Base: "https://exämple.org/"},
		"dots":            {Base: "https://example.org/a/../b"},
		"own host absent": {Base: "https://example.org/", AllowedHosts: []string{"other.org"}},
		"bad host":        {Base: "https://example.org/", AllowedHosts: []string{"example.org", "a/b"}},
		"host with user":  {Base: "https://example.org/", AllowedHosts: []string{"example.org", "u@b.org"}},
		"our header":      {Base: "https://example.org/", Header: http.Header{"range": {"bytes=0-1"}}},
		"loopback":        {Base: "http://127.0.0.1/"},
		"loopback 6":      {Base: "http://[::1]:8080/"},
		"mapped":          {Base: "http://[::ffff:10.0.0.1]/"},
		"metadata":        {Base: "http://169.254.169.254/latest"},
	} {
		if _, err := NewHTTP(cfg); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHTTPLocate(t *testing.T) {
	h := newTestHTTP(t, HTTPConfig{Base: "https://example.org/a b"})
	for key, want := range map[string]string{
		"x/y.jpg":               "https://example.org/a%20b/x/y.jpg",
		"a?b#c%d.jpg":           "https://example.org/a%20b/a%3Fb%23c%25d.jpg",
		"@evil.org/x":           "https://example.org/a%20b/@evil.org/x",
		"http:/evil.org":        "https://example.org/a%20b/http:/evil.org",
		"ü +&=;,":               "https://example.org/a%20b/%C3%BC%20+&=%3B%2C",
		"%2e%2e%2f":             "https://example.org/a%20b/%252e%252e%252f",
		"x\u2028y":              "https://example.org/a%20b/x%E2%80%A8y",
		strings.Repeat("a/", 3): "https://example.org/a%20b/a/a/a/",
	} {
		if got := h.locate(key); got != want {
			t.Errorf("locate(%q) = %q, want %q", key, got, want)
		}
	}
}

// resetting closes each connection with a reset after some bytes of the body.
func resetting(t *testing.T, data []byte, after int, requests *atomic.Int64) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			return
		}
		requests.Add(1)
		var from, to int
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(data)))
		w.Header().Set("Content-Length", strconv.Itoa(to-from+1))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(data[from:min(to+1, from+after)])
		if to+1-from > after {
			w.(http.Flusher).Flush()
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_ = conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestConditionsAreSent: a server that heeds them need not send what would be
// thrown away.
func TestConditionsAreSent(t *testing.T) {
	s := newWeb(t)
	var got atomic.Pointer[http.Request]
	s.before = func(_ http.ResponseWriter, r *http.Request) bool { got.Store(r); return false }
	s.put("a.jpg", pattern(1000, 1))
	s.files["/bucket/a.jpg"] = s.files["/base/a.jpg"]
	h := newTestHTTP(t, HTTPConfig{Base: s.URL + "/base", AllowPrivate: true})
	b := newTestS3(t, S3Config{Bucket: "bucket", Endpoint: s.URL, PathStyle: true, Anonymous: true})
	etag := s.files["/base/a.jpg"].etag
	for name, src := range map[string]Source{"http": h, "s3": b} {
		if _, err := open(t, src, "a.jpg").ReadAt(t.Context(), make([]byte, 10), 5); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if r := got.Load(); r.Header.Get("If-Match") != etag || r.Header.Get("Range") != "bytes=5-14" {
			t.Errorf("%s: sent %v", name, r.Header)
		}
	}
	s.noETag = true
	if _, err := open(t, h, "a.jpg").ReadAt(t.Context(), make([]byte, 10), 5); err != nil {
		t.Fatal(err)
	}
	want := s.files["/base/a.jpg"].modified.UTC().Format(http.TimeFormat)
	if r := got.Load(); r.Header.Get("If-Unmodified-Since") != want || r.Header.Get("If-Match") != "" {
		t.Errorf("without an ETag: sent %v", r.Header)
	}
}
