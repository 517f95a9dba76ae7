package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vitrine-iiif/vitrine/edge/fallback/relay"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const token = "the administrator's token"

// shelf is a bucket in memory.
type shelf struct {
	objects map[string]string
	err     error
	deletes int
}

func (s *shelf) Get(_ context.Context, key string) (relay.Object, error) {
	if s.err != nil {
		return relay.Object{}, s.err
	}
	body, ok := s.objects[key]
	if !ok {
		return relay.Object{}, fault.E("shelf.Get", fault.NotFound, nil)
	}
	return relay.Object{Body: []byte(body)}, nil
}

func (s *shelf) List(_ context.Context, prefix, cursor string, limit int) (keys []string, next string, err error) {
	for key := range s.objects {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if len(keys) > limit {
		keys, next = keys[:limit], "more"
	}
	return keys, next, s.err
}

func (s *shelf) Delete(_ context.Context, keys []string) error {
	s.deletes++
	if len(keys) > 1000 {
		return errors.New("R2 deletes at most 1000 at once")
	}
	for _, k := range keys {
		delete(s.objects, k)
	}
	return s.err
}

// web answers requests by their URL, with 404 for those it does not know.
type web struct {
	mu      sync.Mutex
	pages   map[string]string
	asked   []string
	now     int
	most    int // at once
	started chan struct{}
}

func (w *web) Fetch(ctx context.Context, method, url string) (int, []byte, error) {
	w.mu.Lock()
	w.asked = append(w.asked, method+" "+url)
	w.now++
	w.most = max(w.most, w.now)
	page, ok := w.pages[url]
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.now--
		w.mu.Unlock()
	}()
	if w.started != nil {
		w.started <- struct{}{}
		w.started <- struct{}{}
	}
	switch {
	case strings.Contains(url, "down"):
		return 0, nil, errors.New("refused")
	case !ok:
		return 404, nil, nil
	}
	return 200, []byte(page), nil
}

type setting struct {
	*Admin
	bucket       *shelf
	edge, origin *web
}

func setUp(t *testing.T, c Config) *setting {
	t.Helper()
	if c.Public == nil {
		c.Public = parse(t, "https://iiif.example.org")
	}
	if c.Origin == nil {
		c.Origin = parse(t, "http://origin:8182")
	}
	s := &setting{bucket: &shelf{objects: map[string]string{}}, edge: &web{pages: map[string]string{}}, origin: &web{pages: map[string]string{}}}
	var err error
	s.Admin, err = New(c, Deps{Bucket: s.bucket, Edge: s.edge, Origin: s.origin})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// call sends a call with the token; answer, unless nil, takes what it says.
func (s *setting) call(t *testing.T, method, target, body string, answer any) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%s %s may be stored", method, target)
	}
	if answer != nil {
		if err := json.Unmarshal(w.Body.Bytes(), answer); err != nil {
			t.Fatalf("%s %s: status %d: %v: %s", method, target, w.Code, err, w.Body)
		}
	}
	return w
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestAuthorization: only the token opens, and without one nothing does.
func TestAuthorization(t *testing.T) {
	for _, test := range []struct {
		configured, header string
		want               int
	}{
		{token, "Bearer " + token, 200},
		{token, "bearer " + token, 200},
		{token, "", 401},
		{token, "Bearer", 401},
		{token, "Bearer ", 401},
		{token, "Bearer wrong", 401},
		{token, "Bearer " + token[1:], 401},
		{token, "Bearer " + token + "x", 401},
		{token, "Basic " + token, 401},
		{token, token, 401},
		{"", "", 404},
		{"", "Bearer ", 404},
		{"", "Bearer " + token, 404},
	} {
		s := setUp(t, Config{Token: test.configured})
		r := httptest.NewRequest("GET", "/admin/status", nil)
		if test.header != "" {
			r.Header.Set("Authorization", test.header)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != test.want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("token %q, header %q: status %d, want %d", test.configured, test.header, w.Code, test.want)
		}
		if w.Code == 401 {
			want(t, "WWW-Authenticate", w.Header().Get("WWW-Authenticate"), `Bearer realm="edge"`)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Error("scripts of any site may read what the administrator sees")
		}
	}
}

func TestCalls(t *testing.T) {
	s := setUp(t, Config{Token: token, Public: parse(t, "https://x.example/maps")})
	for _, test := range []struct {
		method, target string
		want           int
	}{
		{"GET", "/maps/admin/status", 200}, {"POST", "/maps/admin/status", 405}, {"GET", "/maps/admin/purge-all", 405}, {"POST", "/maps/admin/purge-all", 200},
		{"POST", "/maps/admin/purge", 400}, {"POST", "/maps/admin/purge?id=..", 400}, {"GET", "/maps/admin/purge?id=x", 405}, {"GET", "/maps/admin/", 404}, {"POST", "/maps/admin/drop", 404},
	} {
		want(t, test.method+" "+test.target, s.call(t, test.method, test.target, "", nil).Code, test.want)
	}
}

// TestPurge: one image, and no other of a similar name.
func TestPurge(t *testing.T) {
	s := setUp(t, Config{Token: token, Prefix: "store/"})
	longName := strings.Repeat("long%2F", 23)[:160] + "@"
	for _, key := range []string{"rendered/a%2Fb/1", "store/rendered/a%2Fb/1", "store/rendered/a%2Fb/2", "store/rendered/a%2Fbc/1", "store/rendered/a/1", "store/pyramids/a%2Fb.tif"} {
		s.bucket.objects[key] = ""
	}
	var p purged
	s.call(t, "POST", "/admin/purge?id=a%2Fb", "", &p)
	want(t, "deleted", p, purged{Rendered: 2})
	want(t, "left", len(s.bucket.objects), 4)
	for _, key := range []string{"rendered/a%2Fb/1", "store/rendered/a%2Fbc/1", "store/rendered/a/1", "store/pyramids/a%2Fb.tif"} {
		if _, ok := s.bucket.objects[key]; !ok {
			t.Errorf("%s is gone", key)
		}
	}
	// The hash is that of sha256sum.
	s.bucket.objects["store/rendered/"+longName+"eb2896ec01a32f8ea73929b6f9acf0e5/1"] = ""
	s.call(t, "POST", "/admin/purge?id="+url.QueryEscape(strings.Repeat("long/", 79)+"long"), "", &p)
	want(t, "deleted by a long name", p, purged{Rendered: 1})
	s.call(t, "POST", "/admin/purge-all", "", &p)
	want(t, "left after all", len(s.bucket.objects), 2)
}

// TestPurgeAllInParts: a call is bounded, and says that there is more.
func TestPurgeAllInParts(t *testing.T) {
	s := setUp(t, Config{Token: token})
	for i := range maxPages*listPage + 5 {
		s.bucket.objects[fmt.Sprint("rendered/x/", i)] = ""
	}
	var p purged
	s.call(t, "POST", "/admin/purge-all", "", &p)
	want(t, "first", p, purged{Rendered: maxPages * listPage, More: true})
	want(t, "calls", s.bucket.deletes, maxPages)
	p = purged{}
	s.call(t, "POST", "/admin/purge-all", "", &p)
	want(t, "second", p, purged{Rendered: 5})
	s.bucket.err = fault.E("shelf", fault.Unavailable, errors.New("10001"))
	want(t, "failing bucket", s.call(t, "POST", "/admin/purge-all", "", nil).Code, 503)
}

func TestStatus(t *testing.T) {
	s := setUp(t, Config{Token: token, KeepsRendered: true, PublishPath: "/hooks/publish"})
	s.bucket.objects["rendered/x/1"] = ""
	var r report
	s.call(t, "GET", "/admin/status", "", &r)
	if r.Origin == nil || r.Origin.OK || r.Origin.Status != 404 || r.Bucket == nil || !r.Bucket.OK || r.Rendered != 1 || !r.KeepsRendered {
		t.Errorf("%+v", r)
	}
	want(t, "asked", s.origin.asked[0], "HEAD http://origin:8182/robots.txt")
	s.bucket.err = fault.E("shelf", fault.Unavailable, errors.New("secret words"))
	w := s.call(t, "GET", "/admin/status", "", &r)
	if r.Bucket.OK || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("a failing bucket: %s", w.Body)
	}
}
