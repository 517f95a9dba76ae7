package edge

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/decision"
)

// received is an answer that came over HTTP.
type received struct {
	status int
	header http.Header
	body   []byte
}

// send sends a request just as it is, and follows no redirect.
func send(t testing.TB, base string, r *decision.Request) received {
	t.Helper()
	req, err := http.NewRequest(r.Method, base, nil)
	if err != nil {
		t.Fatal(err)
	}
	path, query, hasQuery := strings.Cut(r.Target, "?")
	req.URL.Opaque, req.URL.RawQuery, req.URL.ForceQuery = path, query, hasQuery && query == ""
	req.Header.Set("Accept-Encoding", "identity")
	for name, value := range map[string]string{"Accept": r.Accept, "If-None-Match": r.IfNoneMatch} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	return roundTrip(t, req)
}

// roundTrip sends a request and reads the answer.
func roundTrip(t testing.TB, req *http.Request) received {
	t.Helper()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	return received{resp.StatusCode, resp.Header, body}
}

var transport = &http.Transport{MaxIdleConnsPerHost: 4}

// sendable reports whether a client can send the request at all.
func sendable(r *decision.Request) bool {
	return strings.HasPrefix(r.Target, "/") && !strings.HasPrefix(r.Target, "//") && !strings.ContainsRune(r.Target, '#') &&
		!strings.ContainsFunc(r.Target, func(c rune) bool { return c <= ' ' || c >= 0x7f }) &&
		!strings.ContainsFunc(r.Accept+r.IfNoneMatch, func(c rune) bool { return c < ' ' || c >= 0x7f }) &&
		strings.TrimSpace(r.Accept) == r.Accept && !resolved(r.Target)
}

// resolved reports whether workerd takes dots out of a path before the Worker sees
// it, as every client that knows URLs does.
func resolved(target string) bool {
	path, _, _ := strings.Cut(target, "?")
	path = strings.NewReplacer("%2e", ".", "%2E", ".", "\\", "/").Replace(path) + "/"
	return strings.Contains(path, "/./") || strings.Contains(path, "/../")
}

// same fails the test unless two answers are equal, but for what may differ: an
// edge knows no date of the image, caches add their own, and the fallback says where
// an answer is from.
func same(t testing.TB, what string, got, want received) {
	t.Helper()
	for _, name := range []string{"Date", "Last-Modified", "Connection", "Transfer-Encoding", "Cf-Cache-Status", "Age", "X-Vitrine-Source"} {
		got.header.Del(name)
		want.header.Del(name)
	}
	if got.status != want.status || !bytes.Equal(got.body, want.body) {
		t.Errorf("%s: status %d, %d bytes %.200q\nwant %d, %d bytes %.200q", what,
			got.status, len(got.body), got.body, want.status, len(want.body), want.body)
	}
	names := slices.Sorted(maps.Keys(got.header))
	if list := slices.Sorted(maps.Keys(want.header)); !slices.Equal(names, list) {
		t.Errorf("%s: headers %v\nwant %v", what, names, list)
	}
	for _, name := range names {
		if a, b := got.header.Get(name), want.header.Get(name); a != b {
			t.Errorf("%s: %s: %q\nwant %q", what, name, a, b)
		}
	}
}

// answer returns what an action that is an answer must look like over HTTP.
func (b bucket) answer(a *decision.Action, method string) received {
	out := received{status: a.Status, header: http.Header{}, body: a.Body}
	for _, h := range a.Headers {
		out.header.Set(h.Name, h.Value)
	}
	switch {
	case method == "HEAD":
	case a.Kind == decision.Tile:
		out.body = b[a.Key].data[a.Offset : a.Offset+a.Length]
	case a.Kind == decision.Send:
		out.body = b[a.Key].data
	}
	return out
}

// decide runs a request to its last action.
func (b bucket) decide(d *decision.Decider, r decision.Request) decision.Action {
	for {
		r.Now = time.Now().UnixMilli()
		a := d.Decide(&r)
		next, ok := b.outcome(r, &a)
		if !ok {
			return a
		}
		r = next
	}
}

// TestWorkerDecidesTheSame: of 5,000 requests the real Worker answers each as the
// native build decides it, tiles byte for byte out of the pyramid; and as the origin
// itself does, in status, headers and body.
func TestWorkerDecidesTheSame(t *testing.T) {
	dir, subjects := gallery(t)
	store := ingest(t, dir)
	r2 := fromDir(t, store)
	port := freePort(t)
	public := base(port)
	o := startOrigin(t, "--source", dir, "--store", store, "--public-url", public)
	w := startWorker(t, workerConfig{origin: o.base, port: port, vars: map[string]string{"VITRINE_INDEX_TTL": "3600"}})
	w.fill(store)
	w.putText("site/index.html", "text")
	r2["site/index.html"] = stored{[]byte("text"), "1cb251ec0d568de6a929b520c4aed8d1"} // its MD5, as in R2
	config, err := decision.ParseConfig("VITRINE_PUBLIC_URL=" + public + "\x00VITRINE_INDEX_TTL=3600\x00")
	if err != nil {
		t.Fatal(err)
	}
	native, err := decision.New(config)
	if err != nil {
		t.Fatal(err)
	}
	g := newGenerator(t, 2, subjects)
	kinds, decided, compared := map[decision.Kind]int{}, 0, 0
	corpus := g.whole()
	for decided < 5000 && !t.Failed() {
		var r decision.Request
		if len(corpus) > 0 {
			r, corpus = corpus[0], corpus[1:]
		} else {
			r = g.next()
		}
		if !sendable(&r) {
			continue
		}
		a := r2.decide(native, r)
		g.seen(&a)
		delegated := a.Kind == decision.Fallback || a.Kind == decision.Page
		if a.Kind == decision.Pass || delegated && kinds[a.Kind] >= 150 {
			continue // renderings take long
		}
		kinds[a.Kind]++
		what := fmt.Sprintf("%s %s, Accept %q, If-None-Match %q", r.Method, r.Target, r.Accept, r.IfNoneMatch)
		want := r2.answer(&a, r.Method)
		got := send(t, w.base, &r)
		if !delegated { // else it is the origin's answer, which says what was decided
			same(t, what, got, want)
			decided++
		}
		// What is on the site only the edge has, and what is no URL the origin's
		// library refuses by itself.
		path, _, _ := strings.Cut(r.Target, "?")
		if _, err := url.ParseRequestURI(r.Target); err == nil && (strings.HasPrefix(path, "/iiif/") || a.Kind == decision.Page || a.Status == 405) {
			same(t, what+", by the origin", got, send(t, o.base, &r))
			compared++
		}
	}
	t.Log(kinds, decided, compared)
	if kinds[decision.Tile] < 500 || compared < 4000 {
		t.Error("the requests are not what they should be")
	}
}
