package edge

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	originSecret = "the-secret-of-the-origin"
	adminToken   = "the-token-of-the-administrator"
	renderedKey  = "rendered/a%2Fb/0,0,10,10/10,10/0/default.jpg"
	imagePath    = "/iiif/3/a%2Fb/0,0,10,10/max/0/default.jpg"
)

// faulty is an origin that fails on demand.
type faulty struct {
	*httptest.Server
	mu       sync.Mutex
	mode     string // "", "500", "502", "slow", "cut", "404", "chunked", "large"
	requests []*http.Request
}

func startFaulty(t *testing.T) *faulty {
	f := &faulty{}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.CloseClientConnections)
	t.Cleanup(f.Close)
	return f
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r)
	mode := f.mode
	f.mu.Unlock()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	switch mode {
	case "500":
		w.WriteHeader(500)
		fmt.Fprintln(w, "goroutine 1 [running]")
		return
	case "502":
		w.WriteHeader(502)
		return
	case "404":
		w.WriteHeader(404)
		fmt.Fprintln(w, "there is no such resource")
		return
	case "slow":
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
		}
		return
	case "cut":
		h.Set("Content-Length", "100")
		io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	}
	h.Set("Content-Type", "image/jpeg")
	h.Set("Cache-Control", "public, max-age=86400")
	h.Set("ETag", `"tag"`)
	h.Set("Last-Modified", "Sat, 21 Nov 2026 09:00:00 GMT")
	h.Set("Link", `<https://x/0,0,1,1/max>;rel="canonical"`)
	body := "tile of " + r.URL.EscapedPath()
	switch mode {
	case "chunked":
		for range 100 {
			io.WriteString(w, strings.Repeat("x", 1000))
			w.(http.Flusher).Flush()
		}
		return
	case "large":
		body = strings.Repeat("x", 3<<20)
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	io.WriteString(w, body)
}

// set changes how the origin fails, and forgets the requests so far.
func (f *faulty) set(mode string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mode, f.requests = mode, nil
}

func (f *faulty) asked() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

// startRelay starts the second Worker alone in workerd, with limits that suit a test.
func startRelay(t *testing.T, origin string, vars map[string]string) *worker {
	all := map[string]string{
		"VITRINE_PUBLIC_URL": "https://iiif.example.org", "ORIGIN_SECRET": originSecret, "ADMIN_TOKEN": adminToken,
		"ORIGIN_TIMEOUT_MS": "1500", "ORIGIN_TOTAL_MS": "5000", "ORIGIN_ATTEMPTS": "2",
	}
	for name, value := range vars {
		all[name] = value
	}
	return startWorker(t, workerConfig{origin: origin, vars: all, entrance: "testdata/relay.mjs", alone: true})
}

// answered is an answer with its body.
type answered struct {
	*http.Response
	body string
}

// ask sends a request; pairs of headers follow.
func ask(t *testing.T, method, url, body string, header ...string) answered {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return answered{resp, string(text)}
}

// expect checks a status and pairs of headers, "" for absent ones.
func (a answered) expect(t *testing.T, what string, status int, header ...string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("%s: status %d, want %d: %.200s", what, a.StatusCode, status, a.body)
	}
	for i := 0; i < len(header); i += 2 {
		if got := a.Header.Get(header[i]); got != header[i+1] {
			t.Errorf("%s: %s: %q, want %q", what, header[i], got, header[i+1])
		}
	}
}

// outage are the headers of a time without service.
var outage = []string{"Retry-After", "5", "Cache-Control", "no-store", "Access-Control-Allow-Origin", "*"}

// TestRelay: what the origin says comes through workerd unharmed, and of the client
// nothing reaches it that it should not believe.
func TestRelay(t *testing.T) {
	o := startFaulty(t)
	w := startRelay(t, o.URL, nil)
	target := w.base + "/iiif/3/Krak%C3%B3w,%20folio%2F1.jpg/0,0,10,10/%5Emax/0/default.jpg"
	for _, method := range []string{"GET", "HEAD"} {
		a := ask(t, method, target, "", "Accept", "image/avif, image/*;q=0.8", "If-None-Match", `"x", "y"`, "X-Forwarded-For", "1.2.3.4",
			"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "gopher", "Authorization", "Bearer x", "Cookie", "a=b", "X-Vitrine-Edge", "forged",
			"X-Vitrine-Key", renderedKey, "X-Vitrine-Revision", "r,1")
		body := "tile of /iiif/3/Krak%C3%B3w,%20folio%2F1.jpg/0,0,10,10/%5Emax/0/default.jpg"
		a.expect(t, method, 200, "Content-Length", fmt.Sprint(len(body)), "ETag", `"tag"`, "Last-Modified", "Sat, 21 Nov 2026 09:00:00 GMT",
			"Cache-Control", "public, max-age=86400", "Link", `<https://x/0,0,1,1/max>;rel="canonical"`, "X-Vitrine-Source", "")
		if method == "HEAD" {
			body = ""
		}
		if a.body != body {
			t.Errorf("%s: body %q", method, a.body)
		}
	}
	for i, r := range o.asked() {
		if want := []string{"GET", "HEAD"}[i]; r.Method != want {
			t.Errorf("request %d: %s, want %s", i, r.Method, want)
		}
		for name, want := range map[string]string{
			"X-Vitrine-Edge": originSecret, "Accept": "image/avif, image/*;q=0.8", "If-None-Match": `"x", "y"`,
			"X-Forwarded-For": "", "X-Forwarded-Host": "", "X-Forwarded-Proto": "", "Authorization": "", "Cookie": "", "X-Vitrine-Key": "", "X-Vitrine-Revision": "",
		} {
			if got := strings.Join(r.Header.Values(name), "|"); got != want {
				t.Errorf("%s arrives as %q, want %q", name, got, want)
			}
		}
		if r.Host != strings.TrimPrefix(o.URL, "http://") {
			t.Errorf("Host: %q", r.Host)
		}
	}
	// Bodies of unknown length and long ones are streams.
	for mode, size := range map[string]int{"chunked": 100_000, "large": 3 << 20} {
		o.set(mode)
		a := ask(t, "GET", w.base+imagePath, "", "Accept-Encoding", "identity")
		a.expect(t, mode, 200)
		if a.body != strings.Repeat("x", size) {
			t.Errorf("%s: %d bytes, want %d", mode, len(a.body), size)
		}
	}
	o.set("")
	// More at once than instances may live.
	var wait sync.WaitGroup
	for i := range 60 {
		wait.Go(func() {
			path := fmt.Sprintf("/page/%d", i)
			if a := ask(t, "GET", w.base+path, ""); a.StatusCode != 200 || a.body != "tile of "+path {
				t.Errorf("%s: status %d, %q", path, a.StatusCode, a.body)
			}
		})
	}
	wait.Wait()
}

// TestFaults: every failure of the origin is a time without service, or is bridged
// by what was rendered before.
func TestFaults(t *testing.T) {
	o := startFaulty(t)
	w := startRelay(t, o.URL, map[string]string{"WRITE_BACK": "true"})
	key := []string{"X-Vitrine-Key", renderedKey, "X-Vitrine-Revision", "r1"}

	ask(t, "GET", w.base+imagePath, "", key...).expect(t, "first", 200, "X-Vitrine-Source", "")
	object := map[string]any{}
	eventually(t, "it is in the bucket", func() bool { // it is written after the answer
		object = w.command(map[string]any{"get": renderedKey})
		return object["text"] != nil
	})
	meta, _ := object["meta"].(map[string]any)
	if object["text"] != "tile of "+imagePath || object["type"] != "image/jpeg" || meta["revision"] != "r1" || meta["etag"] != `"tag"` {
		t.Fatalf("kept: %v", object)
	}
	o.set("")
	ask(t, "GET", w.base+imagePath, "", key...).expect(t, "current", 200, "X-Vitrine-Source", "rendered", "Cache-Control", "public, max-age=86400", "ETag", `"tag"`,
		"Link", "<"+w.base+imagePath+`>;rel="canonical", <http://iiif.io/api/image/3/level2.json>;rel="profile"`)
	if n := len(o.asked()); n != 0 {
		t.Errorf("the origin was asked %d times for what is current", n)
	}

	for mode, requests := range map[string]int{"500": 1, "502": 2, "slow": 2, "cut": 2} {
		o.set(mode)
		start := time.Now()
		ask(t, "GET", w.base+"/another", "", "X-Vitrine-Key", "rendered/x/y").expect(t, mode, 503, outage...)
		if n := len(o.asked()); n != requests {
			t.Errorf("%s: asked %d times, want %d", mode, n, requests)
		}
		if took := time.Since(start); took > 15*time.Second {
			t.Errorf("%s: took %v", mode, took)
		}
		a := ask(t, "GET", w.base+imagePath, "", "X-Vitrine-Key", renderedKey, "X-Vitrine-Revision", "r2")
		a.expect(t, mode+" bridged", 200, "X-Vitrine-Source", "stale", "Cache-Control", "public, max-age=60", "Content-Type", "image/jpeg")
		if a.body != "tile of "+imagePath || !strings.HasPrefix(a.Header.Get("Warning"), "110 ") {
			t.Errorf("%s bridged: %q, Warning %q", mode, a.body, a.Header.Get("Warning"))
		}
	}
	o.set("404")
	if a := ask(t, "GET", w.base+imagePath, "", "X-Vitrine-Key", renderedKey); a.StatusCode != 404 || a.body != "there is no such resource\n" {
		t.Errorf("404 is no failure: status %d, %q", a.StatusCode, a.body)
	}
	o.Close()
	ask(t, "GET", w.base+imagePath, "", "X-Vitrine-Key", renderedKey).expect(t, "down, bridged", 200, "X-Vitrine-Source", "stale")
	ask(t, "GET", w.base+imagePath, "").expect(t, "down", 503, outage...)
	a := ask(t, "GET", w.base+imagePath, "", "Accept", "application/json")
	a.expect(t, "down, for programs", 503, "Content-Type", "application/problem+json")
	var problem struct{ Status int }
	if err := json.Unmarshal([]byte(a.body), &problem); err != nil || problem.Status != 503 {
		t.Errorf("problem: %v: %s", err, a.body)
	}
	ask(t, "HEAD", w.base+imagePath, "").expect(t, "down, HEAD", 503, outage...)
}

// TestBrokenBucket: a bucket that fails or hangs costs no answer that the origin
// has, and a panic of Go costs one answer.
func TestBrokenBucket(t *testing.T) {
	o := startFaulty(t)
	w := startRelay(t, o.URL, map[string]string{"WRITE_BACK": "true"})
	key := []string{"X-Vitrine-Key", renderedKey, "X-Vitrine-Revision", "r1", "X-Test-Bucket"}
	for _, how := range []string{"reject", "hang"} {
		ask(t, "GET", w.base+imagePath, "", append(key, how)...).expect(t, how, 200, "X-Vitrine-Source", "")
	}
	for _, how := range []string{"panic", "die"} {
		for range 3 {
			a := ask(t, "GET", w.base+imagePath, "", append(key, how)...)
			a.expect(t, how, 500, "Cache-Control", "no-store", "Access-Control-Allow-Origin", "*", "Content-Type", "text/plain; charset=utf-8")
			if a.body != "the server failed to answer this request\n" {
				t.Errorf("%s: body %q", how, a.body)
			}
		}
		ask(t, "GET", w.base+imagePath, "").expect(t, "after "+how, 200)
	}
	o.Close()
	ask(t, "GET", w.base+imagePath, "", append(key, "reject")...).expect(t, "both broken", 503, outage...)
}

// TestMisconfigured: wrong settings are a 500 that says nothing, and a line in the log.
func TestMisconfigured(t *testing.T) {
	w := startRelay(t, "http://127.0.0.1:9", map[string]string{"ORIGIN_ATTEMPTS": "many"})
	a := ask(t, "GET", w.base+imagePath, "")
	a.expect(t, "misconfigured", 500, "Cache-Control", "no-store")
	if strings.Contains(a.body, "ATTEMPTS") || !w.logs(1, "ORIGIN_ATTEMPTS") {
		t.Errorf("answer %q, log %q", a.body, w.log.String())
	}
}

// TestUnreachable: an address that takes packets and does not answer.
func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts by its backlog, and is silent
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := startRelay(t, "http://"+l.Addr().String(), map[string]string{"ORIGIN_TIMEOUT_MS": "500", "ORIGIN_TOTAL_MS": "2000"})
	start := time.Now()
	ask(t, "GET", w.base+imagePath, "").expect(t, "silent", 503, outage...)
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("took %v", took)
	}
}
