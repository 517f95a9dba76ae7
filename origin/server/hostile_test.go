package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vitrine-iiif/vitrine/origin/conformance"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// TestPitfall18Identifiers: whatever an identifier is made of, every answer is
// right: it exists and is served under the very URL that it was asked by, or it
// is 400 or 404; pages and JSON are well-formed, and each request is one line in
// the log.
func TestPitfall18Identifiers(t *testing.T) {
	ids := conformance.HostileIdentifiers(300)
	f := newFake()
	for _, id := range ids {
		f.sizes[id] = f.sizes["tiny"]
	}
	var log lockedBuffer
	s := newTestServer(t, Config{Limits: limits()}, Deps{Images: f, Gallery: f, Logger: NewLogger(&log, false, slog.LevelInfo)})
	ts := listen(t, s)
	sub := conformance.Subject{Base: ts.URL, Client: ts.Client()}
	lines := strings.Count(log.String(), "\n")
	served := 0
	for _, id := range ids {
		escaped := url.PathEscape(id)
		_, err := iiif.NewIdentifier(id)
		for _, path := range []string{"/iiif/3/" + escaped + "/info.json", "/iiif/3/" + escaped + "/full/max/0/default.jpg", "/viewer/" + escaped} {
			a := sub.Ask(t, "GET", path, nil)
			switch {
			case err == nil && a.StatusCode != 200:
				t.Errorf("%q: status %d of %s", id, a.StatusCode, path)
			case err != nil && a.StatusCode != 404 && a.StatusCode != 400:
				t.Errorf("%q: status %d of %s, but: %v", id, a.StatusCode, path, err)
			}
			if bytes.ContainsAny(a.Body, "\x00") && a.Header.Get("Content-Type") != "image/jpeg" {
				t.Errorf("%q: a zero byte in %s", id, path)
			}
			if err != nil || a.StatusCode != 200 {
				continue
			}
			served++
			switch {
			case strings.HasSuffix(path, "/info.json") && strings.HasPrefix(path, "/iiif/"):
				var info struct{ ID string }
				if err := json.Unmarshal(a.Body, &info); err != nil {
					t.Errorf("%q: info.json: %v", id, err)
				}
				again := sub.Ask(t, "GET", strings.TrimPrefix(info.ID, ts.URL)+"/info.json", nil)
				if !bytes.Equal(again.Body, a.Body) {
					t.Errorf("%q: its id %s does not lead back", id, info.ID)
				}
			case strings.HasPrefix(path, "/viewer/"):
				checkPage(t, id, a)
			default:
				canonical, _, _ := strings.Cut(strings.TrimPrefix(a.Header.Get("Link"), "<"), ">")
				if again := sub.Ask(t, "GET", strings.TrimPrefix(canonical, ts.URL), nil); again.Header.Get("ETag") != a.Header.Get("ETag") {
					t.Errorf("%q: its canonical URL %s is another image", id, canonical)
				}
			}
		}
	}
	if served < 300 {
		t.Errorf("only %d answers were served: the identifiers are not what they should be", served)
	}
	requests := 0
	for line := range strings.Lines(log.String()) {
		var rec map[string]any
		if err := json.Unmarshal([]byte(line), &rec); err != nil {
			t.Fatalf("broken line in the log: %q", line)
		}
		if rec["msg"] == "request" {
			requests++
		}
		if rec["level"] == "ERROR" {
			t.Errorf("an error: %s", line)
		}
	}
	if n := strings.Count(log.String(), "\n") - lines; n != requests || requests < 900 {
		t.Errorf("%d lines for %d requests", n, requests)
	}
	// The gallery shows them all, too.
	for after := ""; ; {
		a := sub.Ask(t, "GET", "/?after="+url.QueryEscape(after), nil)
		if a.StatusCode != 200 {
			t.Fatalf("gallery after %q: status %d", after, a.StatusCode)
		}
		checkPage(t, after, a)
		_, rest, ok := strings.Cut(string(a.Body), `class="next" href="/?after=`)
		if !ok {
			break
		}
		next, _, _ := strings.Cut(rest, `"`)
		decoded, err := url.QueryUnescape(html.UnescapeString(next))
		if err != nil || decoded == after {
			t.Fatalf("next page after %q: %q, %v", after, decoded, err)
		}
		after = decoded
	}
}

// checkPage looks for markup that no template has.
func checkPage(t *testing.T, id string, a conformance.Answer) {
	t.Helper()
	page := string(a.Body)
	if !utf8.ValidString(page) {
		t.Errorf("%q: the page is not UTF-8", id)
	}
	for _, bad := range []string{"<script>", "alert(1)</script", `" onerror="`, `href="javascript`, `href="data:`, `src="data:`, "ZgotmplZ"} {
		if strings.Contains(page, bad) {
			t.Errorf("%q: the page has %s", id, bad)
		}
	}
	if csp := a.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy: %q", csp)
	}
}

// TestRawRequests sends what no well-behaved client does.
func TestRawRequests(t *testing.T) {
	f := newFake()
	f.sizes[`a/b"c`] = f.sizes["tiny"]
	ts := listen(t, newTestServer(t, Config{Limits: limits()}, Deps{Images: f}))
	for _, c := range []struct {
		request string
		status  int
	}{
		// Characters that should have been escaped do not make %2F a slash.
		{"GET /iiif/3/a%2Fb\"c/info.json HTTP/1.1\r\nHost: x.org\r\n\r\n", 200},
		{"GET http://x.org/iiif/3/a%2Fb\"c/full/max/0/default.jpg HTTP/1.1\r\nHost: x.org\r\n\r\n", 200},
		{"GET /iiif/3/a%2fb%22c/info.json HTTP/1.0\r\n\r\n", 200}, // no Host
		{"OPTIONS * HTTP/1.1\r\nHost: x.org\r\n\r\n", 204},
		{"GET /iiif/3/a%2/info.json HTTP/1.1\r\nHost: x.org\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: x.org/evil\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: x'y\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: x.org:99999\r\n\r\n", 400},
		{"GET //iiif/3/tiny/info.json HTTP/1.1\r\nHost: x.org\r\n\r\n", 404},
	} {
		conn, err := net.Dial("tcp", ts.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, c.request)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%q: %v", c.request, err)
		}
		if resp.StatusCode != c.status {
			t.Errorf("%q: status %d, want %d", c.request, resp.StatusCode, c.status)
		}
		resp.Body.Close()
		conn.Close()
	}
}

// TestPitfall07PublicURL covers row 7: id, redirects and links behind proxies.
func TestPitfall07PublicURL(t *testing.T) {
	trusted := prefixes(t, "192.0.2.0/24", "::1/128") // httptest's peer is 192.0.2.1
	forwarded := []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "img.museum.org", "X-Forwarded-Prefix", "/pictures/"}
	for _, c := range []struct {
		name   string
		config Config
		header []string
		base   string
	}{
		{"own host", Config{}, nil, "http://example.com"},
		{"a stranger's word", Config{}, forwarded, "http://example.com"},
		{"a trusted proxy's word", Config{TrustedProxies: trusted}, forwarded, "https://img.museum.org/pictures"},
		{"the last proxy counts", Config{TrustedProxies: trusted}, []string{"X-Forwarded-Host", "evil.org, real.org"}, "http://real.org"},
		{"nonsense from a proxy", Config{TrustedProxies: trusted},
			[]string{"X-Forwarded-Proto", "javascript", "X-Forwarded-Host", `a"b`, "X-Forwarded-Prefix", "//evil.org"}, "http://example.com"},
		{"dots from a proxy", Config{TrustedProxies: trusted}, []string{"X-Forwarded-Prefix", "/a/../b"}, "http://example.com"},
		{"public URL", Config{PublicURL: "https://iiif.museum.org"}, forwarded, "https://iiif.museum.org"},
		{"public URL and trusted proxy", Config{PublicURL: "https://iiif.museum.org", TrustedProxies: trusted}, forwarded, "https://iiif.museum.org"},
		{"port and prefix", Config{PublicURL: "http://museum.org:8443/a/b/"}, nil, "http://museum.org:8443/a/b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.config.Limits = limits()
			h := newTestServer(t, c.config, Deps{}).Handler()
			spelled := "plates%2fKrak%C3%B3w,%20folio%201.jpg" // as the client escaped it
			w := get(h, "/iiif/3/"+spelled+"/info.json", c.header...)
			if want := `"id": "` + c.base + "/iiif/3/" + spelled + `"`; !strings.Contains(w.Body.String(), want) {
				t.Errorf("no %s in %s", want, w.Body)
			}
			if got, want := get(h, "/iiif/2/"+spelled, c.header...).Header().Get("Location"), c.base+"/iiif/2/"+spelled+"/info.json"; got != want {
				t.Errorf("Location %s, want %s", got, want)
			}
			link := get(h, "/iiif/3/"+spelled+"/full/40,/0/default.jpg", c.header...).Header().Get("Link")
			if want := "<" + c.base + "/iiif/3/" + sampleEsc + "/full/40,23/0/default.jpg>"; !strings.HasPrefix(link, want) {
				t.Errorf("Link %s, want %s", link, want)
			}
			page := get(h, "/viewer/"+spelled, c.header...).Body.String()
			if want := `value="` + c.base + "/iiif/3/" + sampleEsc + `/info.json"`; !strings.Contains(page, want) {
				t.Errorf("no %s in the viewer", want)
			}
		})
	}
}

// TestPublicPrefix: with a prefix in the public URL, paths are served with and
// without it, and pages link below it.
func TestPublicPrefix(t *testing.T) {
	for _, prefix := range []string{"/pictures", "/iiif", "/iiif/3"} {
		f := newFake()
		h := newTestServer(t, Config{PublicURL: "https://museum.org" + prefix, Limits: limits()}, Deps{Images: f, Gallery: f}).Handler()
		for _, path := range []string{"/iiif/3/tiny/info.json", "/", "/viewer/tiny", "/health", "/robots.txt"} {
			for _, p := range []string{path, prefix + path} {
				if w := get(h, p); w.Code != 200 {
					t.Errorf("prefix %s: status %d of %s", prefix, w.Code, p)
				}
			}
		}
		page := get(h, prefix+"/").Body.String()
		for _, want := range []string{`href="` + prefix + `/viewer/tiny"`, `src="` + prefix + `/iiif/3/tiny/full/!400,400/0/default.jpg"`, `href="` + prefix + `/static/`} {
			if !strings.Contains(page, want) {
				t.Errorf("prefix %s: no %s in the gallery", prefix, want)
			}
		}
	}
}
