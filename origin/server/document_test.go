package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const (
	ld2 = `application/ld+json;profile="http://iiif.io/api/presentation/2/context.json"`
	ld3 = `application/ld+json;profile="http://iiif.io/api/presentation/3/context.json"`
)

// shelf is a publication in memory. Documents whose body begins with a brace are
// manifests.
type shelf map[string]string

func (s shelf) Document(_ context.Context, name string) (Document, error) {
	body, ok := s[name]
	if !ok {
		return Document{}, fault.E("shelf", fault.NotFound, nil)
	}
	if body == "outage" {
		return Document{}, fault.E("shelf", fault.Unavailable, nil)
	}
	d := Document{Body: []byte(body), Version: answer.Tag(body)}
	if strings.HasPrefix(body, "{") {
		d.MediaType = ld3
	}
	return d, nil
}

func (s shelf) Search(_ context.Context, object, service string, form url.Values) ([]byte, error) {
	if _, ok := s[object+"/search.json"]; !ok {
		return nil, fault.E("shelf", fault.NotFound, nil)
	}
	return []byte(service + " " + form.Get("q")), nil
}

func newShelf() shelf {
	return shelf{
		"index.html": "<title>home</title>", "book.json": "{3}", "book/v2.json": "2", "book/index.html": "<title>book</title>",
		"book/search.json": "{}", "map č 1.json": "{map}", "assets/site.css": "a{}", ".vitrine/state.json": "{}", "down.json": "outage",
	}
}

// TestDocuments: what was published is answered below its base, in the form that is
// asked for.
func TestDocuments(t *testing.T) {
	for name, test := range map[string]struct{ public, base, path string }{
		"root":           {"", "https://x.org", ""},
		"folder":         {"", "https://x.org/m/", "/m"},
		"behind prefix":  {"https://x.org/app", "https://x.org/app/m", "/app/m"},
		"prefix is gone": {"https://x.org/app", "https://x.org/app/m", "/m"},
	} {
		s := newTestServer(t, Config{PublicURL: test.public, PublicationBase: test.base}, Deps{Publication: newShelf()}).Handler()
		for _, c := range []struct {
			path, accept string
			status       int
			contentType  string
			body         string
		}{
			{"/", "", 200, "text/html; charset=utf-8", "<title>home</title>"},
			{"/book.json", "", 200, ld3, "{3}"},
			{"/book.json", "*/*", 200, ld3, "{3}"},
			{"/book.json", "application/json", 200, "application/json", "{3}"},
			{"/book.json", ld2, 200, ld2, "2"},
			{"/book.json?version=2", "", 200, "application/json", "2"},
			{"/book.json?version=3", ld2, 200, ld3, "{3}"},
			{"/map%20%C4%8D%201.json?version=2", "", 200, ld3, "{map}"}, // there is no other
			{"/book/", "", 200, "text/html; charset=utf-8", "<title>book</title>"},
			{"/book", "", 301, "text/plain; charset=utf-8", ""},
			{"/book/search?q=two%20words", "", 200, `application/ld+json;profile="http://iiif.io/api/search/2/context.json"`, "https://x.org" + strings.TrimSuffix(strings.TrimPrefix(test.base, "https://x.org"), "/") + "/book/search two words"},
			{"/other/search?q=x", "", 404, "text/plain; charset=utf-8", ""},
			{"/assets/site.css", "", 200, "text/css; charset=utf-8", "a{}"},
			{"/assets/", "", 404, "text/plain; charset=utf-8", ""},
			{"/.vitrine/state.json", "", 404, "text/plain; charset=utf-8", ""},
			{"/%2Evitrine/state.json", "", 404, "text/plain; charset=utf-8", ""},
			{"/x/../book.json", "", 404, "text/plain; charset=utf-8", ""},
			{"/gone.json", "application/json", 404, "application/problem+json", ""},
			{"/down.json", "", 503, "text/plain; charset=utf-8", ""},
		} {
			w := get(s, test.path+c.path, "Accept", c.accept)
			if w.Code != c.status || w.Header().Get("Content-Type") != c.contentType || c.body != "" && w.Body.String() != c.body {
				t.Errorf("%s: %s for %q: %d %s %q", name, c.path, c.accept, w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			if w.Header().Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: %s is for this site only", name, c.path)
			}
			if c.status == 200 && (w.Header().Get("Cache-Control") != "public, max-age=60" || w.Header().Get("ETag") == "") {
				t.Errorf("%s: %s: %v", name, c.path, w.Header())
			}
			if varies := strings.Contains(w.Header().Get("Vary"), "Accept"); c.status == 200 && varies != strings.Contains(c.contentType, "json") {
				t.Errorf("%s: %s varies: %v", name, c.path, varies)
			}
			if c.status == 200 {
				again := get(s, test.path+c.path, "Accept", c.accept, "If-None-Match", w.Header().Get("ETag"))
				head := ask(s, http.MethodHead, test.path+c.path, "Accept", c.accept)
				if again.Code != 304 || again.Body.Len() != 0 || head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("Content-Length") != w.Header().Get("Content-Length") {
					t.Errorf("%s: %s: again %d, HEAD %d", name, c.path, again.Code, head.Code)
				}
			}
		}
		if got := get(s, test.path+"/book").Header().Get("Location"); !strings.HasSuffix(got, strings.TrimSuffix(strings.TrimPrefix(test.base, "https://x.org"), "/")+"/book/") {
			t.Errorf("%s: the folder is at %s", name, got)
		}
		tags := map[string]bool{}
		for _, accept := range []string{ld3, "application/json", ld2} {
			tags[get(s, test.path+"/book.json", "Accept", accept).Header().Get("ETag")] = true
		}
		if len(tags) != 3 {
			t.Errorf("%s: three forms have the tags %v", name, tags)
		}
	}
}

// TestFront: the first page is that of the publication where that has the root, and
// the gallery moves; else everything stays.
func TestFront(t *testing.T) {
	at := func(base string, d shelf, path string) string {
		t.Helper()
		w := get(newTestServer(t, Config{PublicationBase: base}, Deps{Publication: d, Gallery: newFake()}).Handler(), path)
		switch body := w.Body.String(); {
		case w.Code == 301:
			return "to " + w.Header().Get("Location")
		case w.Code != 200:
			return http.StatusText(w.Code)
		case strings.Contains(body, "<title>home"):
			return "home"
		case strings.Contains(body, `action="/images"`):
			return "gallery at /images"
		case strings.Contains(body, `action="/"`):
			return "gallery at /"
		default:
			return body
		}
	}
	for _, c := range []struct {
		base string
		d    shelf
		path string
		want string
	}{
		{"https://x.org", newShelf(), "/", "home"},
		{"https://x.org", newShelf(), "/images", "gallery at /images"},
		{"https://x.org", newShelf(), "/images?q=a", "gallery at /images"},
		{"https://x.org", shelf{}, "/", "gallery at /images"},
		{"https://x.org", shelf{"index.html": "outage"}, "/", "Service Unavailable"},
		{"https://x.org/m", newShelf(), "/", "gallery at /"},
		{"https://x.org/m", newShelf(), "/images", "Not Found"},
		{"https://x.org/m", newShelf(), "/m", "to http://example.com/m/"},
		{"https://x.org/images", newShelf(), "/images/", "home"},
		{"https://x.org/images", newShelf(), "/images", "to http://example.com/images/"},
	} {
		if got := at(c.base, c.d, c.path); got != c.want {
			t.Errorf("%s, %s: %s", c.base, c.path, got)
		}
	}
	for _, base := range []string{"", "x.org", "https://x.org/iiif", "https://x.org/viewer/x", "https://x.org?x", "https://u@x.org"} {
		if _, err := New(Config{PublicationBase: base}, Deps{Images: newFake(), Publication: shelf{}}); err == nil {
			t.Errorf("the base %q is taken", base)
		}
	}
	if w := get(newTestServer(t, Config{}, Deps{}).Handler(), "/book.json"); w.Code != 404 {
		t.Errorf("without a publication: %d", w.Code)
	}
}
