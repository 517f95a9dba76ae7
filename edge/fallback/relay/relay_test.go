package relay

import (
	"context"
	"errors"
	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const (
	imageURL = "https://iiif.example.org/iiif/3/a%2Fb/0,0,10,10/max/0/default.jpg"
	imageKey = "rendered/a%2Fb/0,0,10,10/10,10/0/default.jpg"
)

// step is one answer of a scripted origin.
type step struct {
	status int
	header http.Header
	body   string
	length int64         // announced, when it is not that of body; -1 for none
	err    error         // instead of an answer
	delay  time.Duration // before it, unless the request ends
}

// script is an origin that answers by a list, the last entry for ever.
type script struct {
	steps    []step
	requests []asked
}

type asked struct {
	method, url string
	header      http.Header
	at          time.Time
}

func (s *script) Do(ctx context.Context, method, url string, header http.Header) (*http.Response, error) {
	st := s.steps[min(len(s.requests), len(s.steps)-1)]
	s.requests = append(s.requests, asked{method, url, header, time.Now()})
	select {
	case <-time.After(st.delay):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if st.err != nil {
		return nil, st.err
	}
	h := st.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	length := int64(len(st.body))
	if st.length != 0 {
		length = st.length
	}
	if length >= 0 {
		h.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	return &http.Response{StatusCode: st.status, Header: h, Body: io.NopCloser(strings.NewReader(st.body)), ContentLength: length}, nil
}

// shelf is a bucket in memory.
type shelf struct {
	objects map[string]Object
	err     error         // of every call
	delay   time.Duration // before every answer
	gets    int
}

func (s *shelf) wait(ctx context.Context) error {
	select {
	case <-time.After(s.delay):
		return s.err
	case <-ctx.Done():
		return fault.E("shelf", fault.KindOf(ctx.Err()), ctx.Err())
	}
}

func (s *shelf) Get(ctx context.Context, key string) (Object, error) {
	s.gets++
	if err := s.wait(ctx); err != nil {
		return Object{}, err
	}
	o, ok := s.objects[key]
	if !ok {
		return o, fault.E("shelf.Get", fault.NotFound, nil)
	}
	return o, nil
}

func (s *shelf) Match(ctx context.Context, url string) (Object, error) { return s.Get(ctx, url) }

func (s *shelf) Put(ctx context.Context, key string, o Object) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	o.Stored = time.Now()
	s.objects[key] = o
	return nil
}

func (s *shelf) Count(ctx context.Context, prefix string, limit int) (int, error) {
	n := 0
	for key := range s.objects {
		if strings.HasPrefix(key, prefix) && n < limit {
			n++
		}
	}
	return n, s.wait(ctx)
}

// setting is a Relay with what is around it.
type setting struct {
	*Relay
	origin *script
	bucket *shelf
	cache  *shelf // of URLs
	errs   []error
}

// within makes a Relay in a bubble with a clock of its own.
func within(t *testing.T, c Config, steps []step, f func(t *testing.T, s *setting)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Helper()
		s := &setting{origin: &script{steps: steps}, bucket: &shelf{objects: map[string]Object{}}, cache: &shelf{objects: map[string]Object{}}}
		if c.Public == nil {
			c.Public = parse(t, "https://iiif.example.org")
		}
		if c.Origin == nil {
			c.Origin = parse(t, "http://origin.internal:8182")
		}
		var err error
		s.Relay, err = New(c, s.origin, s.bucket, s.cache, func(task func(context.Context)) { task(context.Background()) }, func(err error) { s.errs = append(s.errs, err) })
		if err != nil {
			t.Fatal(err)
		}
		f(t, s)
	})
}

func parse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// get sends a request with pairs of headers.
func (s *setting) get(method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", nil)
	r.RequestURI = target
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestPass: an answer goes through with its headers, but for those of the
// connection, and the client's own do not reach the origin.
func TestPass(t *testing.T) {
	ok := step{status: 200, body: "tile", header: http.Header{
		"Content-Type": {"image/jpeg"}, "Etag": {`"a"`}, "Link": {`<x/0,0,1,1>;rel="canonical"`}, "Cache-Control": {"public, max-age=86400"},
		"Set-Cookie": {"a=b"}, "Server": {"x"}, "Connection": {"close"}, "Transfer-Encoding": {"chunked"},
	}}
	within(t, Config{Secret: "the secret"}, []step{ok}, func(t *testing.T, s *setting) {
		w := s.get("GET", imageURL, "Accept", "image/*", "If-None-Match", `"x"`, "If-None-Match", `"y"`, "Host", "evil.example", "X-Forwarded-For", "1.2.3.4",
			"X-Forwarded-Host", "evil.example", "Forwarded", "for=1.2.3.4", "Authorization", "Bearer x", "Cookie", "c=d", "User-Agent", "u",
			"Cf-Connecting-Ip", "1.2.3.4", KeyHeader, imageKey, RevisionHeader, "r", SecretHeader, "forged")
		want(t, "status", w.Code, 200)
		want(t, "body", w.Body.String(), "tile")
		for name, value := range map[string]string{"Etag": `"a"`, "Link": `<x/0,0,1,1>;rel="canonical"`, "Cache-Control": "public, max-age=86400", "Content-Length": "4",
			"Access-Control-Allow-Origin": "*", "Set-Cookie": "", "Server": "", "Connection": "", "Transfer-Encoding": "", SourceHeader: ""} {
			want(t, name, w.Header().Get(name), value)
		}
		sent := s.origin.requests[0].header
		want(t, "secret", sent.Get(SecretHeader), "the secret")
		want(t, "If-None-Match", sent.Get("If-None-Match"), `"x", "y"`)
		want(t, "headers sent", len(sent), 4)
		want(t, "asks to be told", sent.Get(answer.DescribeHeader), "1")
		want(t, "objects kept", len(s.bucket.objects), 0)
		want(t, "looks into the bucket", s.bucket.gets, 0)
	})
}

func TestTarget(t *testing.T) {
	for _, test := range []struct{ public, origin, from, to string }{
		{"https://i.example", "http://o", "https://i.example/iiif/3/a%2Fb/^,max/x", "http://o/iiif/3/a%2Fb/^,max/x"},
		{"https://i.example/", "http://o/", "https://i.example/?a=%zz&b#c", "http://o/?a=%zz&b"},
		{"https://i.example/maps", "http://o", "https://i.example/maps/iiif/3/x", "http://o/iiif/3/x"},
		{"https://i.example/maps", "http://o/sub", "https://i.example/maps/..%2f", "http://o/sub/..%2f"},
		{"https://i.example", "http://o", "https://other.example/x", "http://o/x"},
	} {
		within(t, Config{Public: parse(t, test.public), Origin: parse(t, test.origin)}, []step{{status: 200}}, func(t *testing.T, s *setting) {
			s.get("GET", test.from)
			want(t, test.from, s.origin.requests[0].url, test.to)
		})
	}
	within(t, Config{Public: parse(t, "https://i.example/maps")}, []step{{status: 200}}, func(t *testing.T, s *setting) {
		for _, outside := range []string{"https://i.example/mapsx", "https://i.example/x", "nonsense"} {
			if w := s.get("GET", outside); w.Code != 404 && w.Code != 400 {
				t.Errorf("%s: status %d", outside, w.Code)
			}
		}
		want(t, "requests", len(s.origin.requests), 0)
	})
}

// TestFinal: what is an answer is passed on after one attempt, whatever it says.
func TestFinal(t *testing.T) {
	for _, status := range []int{200, 204, 301, 303, 304, 400, 401, 403, 404, 405, 406, 410, 429, 501} {
		within(t, Config{}, []step{{status: status, body: "as it is", header: http.Header{"Cache-Control": {"no-store"}}}}, func(t *testing.T, s *setting) {
			w := s.get("GET", imageURL, KeyHeader, imageKey)
			want(t, "status", w.Code, status)
			want(t, "requests", len(s.origin.requests), 1)
			if body := w.Body.String(); body != "as it is" && status != 204 && status != 304 {
				t.Errorf("%d: body %q", status, body)
			}
			want(t, "Cache-Control", w.Header().Get("Cache-Control"), "no-store")
		})
	}
}

// TestAgain: what may pass is tried again, three times in all, with growing pauses.
func TestAgain(t *testing.T) {
	refused := step{err: errors.New("connection refused")}
	for name, first := range map[string]step{
		"refused": refused, "502": {status: 502}, "503": {status: 503}, "504": {status: 504}, "522": {status: 522},
		"cut off": {status: 200, body: "ti", length: 4},
	} {
		within(t, Config{}, []step{first, first, {status: 200, body: "tile"}}, func(t *testing.T, s *setting) {
			w := s.get("GET", imageURL)
			want(t, name+": status", w.Code, 200)
			want(t, name+": body", w.Body.String(), "tile")
			one, two := s.origin.requests[1].at.Sub(s.origin.requests[0].at), s.origin.requests[2].at.Sub(s.origin.requests[1].at)
			if one < 75*time.Millisecond || one > 225*time.Millisecond || two < 150*time.Millisecond || two > 450*time.Millisecond {
				t.Errorf("%s: pauses of %v and %v", name, one, two)
			}
		})
	}
	within(t, Config{}, []step{refused}, func(t *testing.T, s *setting) {
		unavailable(t, s.get("GET", imageURL))
		want(t, "requests", len(s.origin.requests), 3)
	})
}

// unavailable checks the answer of a time without service.
func unavailable(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	want(t, "status", w.Code, 503)
	for name, value := range map[string]string{"Retry-After": "5", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "*", "Content-Type": "text/plain; charset=utf-8"} {
		want(t, name, w.Header().Get(name), value)
	}
	if body := w.Body.String(); strings.Contains(body, "origin") || strings.Contains(body, "refused") {
		t.Errorf("inner words in %q", body)
	}
}

// TestNotAgain: an origin that failed by itself is asked once, one that wants to be
// left alone for longer than there is time too.
func TestNotAgain(t *testing.T) {
	for name, st := range map[string]step{
		"500":              {status: 500, body: "panic: secret"},
		"503 for a minute": {status: 503, header: http.Header{"Retry-After": {"60"}}},
	} {
		within(t, Config{}, []step{st}, func(t *testing.T, s *setting) {
			unavailable(t, s.get("GET", imageURL))
			want(t, name+": requests", len(s.origin.requests), 1)
		})
	}
	within(t, Config{}, []step{{status: 503, header: http.Header{"Retry-After": {"2"}}}, {status: 200}}, func(t *testing.T, s *setting) {
		want(t, "status", s.get("GET", imageURL).Code, 200)
		if pause := s.origin.requests[1].at.Sub(s.origin.requests[0].at); pause < 2*time.Second {
			t.Errorf("asked again after %v, wanted 2 s", pause)
		}
	})
}

// TestSlow: each attempt ends in time, and all of them.
func TestSlow(t *testing.T) {
	for _, test := range []struct {
		attempt, total, least, most time.Duration
		requests                    int
	}{
		{time.Second, 25 * time.Second, 3 * time.Second, 3700 * time.Millisecond, 3},
		{10 * time.Second, 12 * time.Second, 12 * time.Second, 12 * time.Second, 2},
		{10 * time.Second, 4 * time.Second, 4 * time.Second, 4 * time.Second, 1},
	} {
		within(t, Config{Attempt: test.attempt, Total: test.total}, []step{{status: 200, delay: time.Hour}}, func(t *testing.T, s *setting) {
			start := time.Now()
			unavailable(t, s.get("GET", imageURL))
			want(t, "requests", len(s.origin.requests), test.requests)
			if took := time.Since(start); took < test.least || took > test.most {
				t.Errorf("%v of %v: took %v", test.attempt, test.total, took)
			}
		})
	}
	// A body that does not come is part of it.
	within(t, Config{Total: 4 * time.Second}, []step{{status: 200, length: 4}}, func(t *testing.T, s *setting) {
		s.Relay.origin = stuck{}
		start := time.Now()
		unavailable(t, s.get("GET", imageURL))
		want(t, "took", time.Since(start), 4*time.Second)
	})
}

// stuck is an origin whose bodies never come.
type stuck struct{}

func (stuck) Do(ctx context.Context, _, _ string, _ http.Header) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: stuckBody{ctx}, ContentLength: 4}, nil
}

type stuckBody struct{ ctx context.Context }

func (b stuckBody) Read([]byte) (int, error) { <-b.ctx.Done(); return 0, b.ctx.Err() }
func (b stuckBody) Close() error             { return nil }

// TestGone: when the client went away nobody is asked again.
func TestGone(t *testing.T) {
	within(t, Config{}, []step{{status: 502}}, func(t *testing.T, s *setting) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		r := httptest.NewRequest("GET", "/", nil).WithContext(ctx)
		r.RequestURI = imageURL
		s.ServeHTTP(httptest.NewRecorder(), r)
		want(t, "requests", len(s.origin.requests), 1)
	})
}

// TestStream: what is long or of unknown length is not held.
func TestStream(t *testing.T) {
	for name, st := range map[string]step{
		"unknown": {status: 200, body: "tile", length: -1},
		"long":    {status: 200, body: strings.Repeat("x", 100)},
	} {
		within(t, Config{Hold: 50, Keep: Keep{On: true, MaxBytes: 50}}, []step{st}, func(t *testing.T, s *setting) {
			w := s.get("GET", imageURL, KeyHeader, imageKey)
			want(t, name+": status", w.Code, 200)
			want(t, name+": body", w.Body.String(), st.body)
			want(t, name+": objects kept", len(s.bucket.objects), 0)
		})
	}
}

func TestNewRefuses(t *testing.T) {
	public, later, log := parse(t, "https://x"), func(func(context.Context)) {}, func(error) {}
	for name, c := range map[string]Config{
		"no public URL": {}, "attempts": {Public: public, Attempts: 11}, "negative": {Public: public, Total: -1},
		"more kept than held": {Public: public, Keep: Keep{MaxBytes: 2 << 20}}, "count": {Public: public, Keep: Keep{MaxPerImage: 1001}},
	} {
		if _, err := New(c, &script{}, nil, nil, later, log); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
