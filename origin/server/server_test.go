package server

import (
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/conformance"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// TestConformance holds the server to the table, with invented images.
func TestConformance(t *testing.T) {
	ts := listen(t, newTestServer(t, Config{Limits: limits()}, Deps{}))
	conformance.Run(t, conformance.Subject{Base: ts.URL, Client: ts.Client(), ID: sampleEsc})
}

func limits() iiif.Limits { return iiif.Limits{MaxArea: 25_000_000} }

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"scheme":      {PublicURL: "ftp://x.org"},
		"no host":     {PublicURL: "https:///iiif"},
		"query":       {PublicURL: "https://x.org/?a"},
		"user":        {PublicURL: "https://u:p@x.org/"},
		"odd path":    {PublicURL: "https://x.org/a%2Fb"},
		"double path": {PublicURL: "https://x.org/a//b"},
		"header":      {ImageCacheControl: "public\r\nX: y"},
		"page size":   {PageSize: 1000},
	} {
		if _, err := New(c, Deps{Images: newFake()}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(Config{}, Deps{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("no images: %v", err)
	}
}

// TestRevisionAndStyleInETag: a changed image and a changed setting change the
// ETag; the spelling and the version of the API do not.
func TestRevisionAndStyleInETag(t *testing.T) {
	f := newFake()
	one := newTestServer(t, Config{Limits: limits()}, Deps{Images: f}).Handler()
	two := newTestServer(t, Config{Limits: limits(), Style: "q90"}, Deps{Images: f}).Handler()
	path := "/iiif/3/" + sampleEsc + "/full/400,/0/default.jpg"
	tag := get(one, path).Header().Get("ETag")
	if other := get(one, "/iiif/2/"+sampleEsc+"/full/pct:10/0/default.jpg").Header().Get("ETag"); other != tag {
		t.Errorf("another spelling has ETag %s, not %s", other, tag)
	}
	if other := get(two, path).Header().Get("ETag"); other == tag {
		t.Error("another style has the same ETag")
	}
	f.revision = "r2"
	w := get(one, path, "If-None-Match", tag)
	if w.Code != 200 || w.Header().Get("ETag") == tag {
		t.Errorf("after a change: status %d, ETag %s", w.Code, w.Header().Get("ETag"))
	}
}

// TestNotModifiedRendersNothing: revalidation costs no rendering.
func TestNotModifiedRendersNothing(t *testing.T) {
	f := newFake()
	h := newTestServer(t, Config{Limits: limits()}, Deps{Images: f}).Handler()
	path := "/iiif/3/" + sampleEsc + "/0,0,512,512/512,512/0/default.jpg"
	first := get(h, path)
	tag, modified := first.Header().Get("ETag"), first.Header().Get("Last-Modified")
	if modified != "Mon, 06 May 2024 07:08:09 GMT" {
		t.Errorf("Last-Modified: %q", modified)
	}
	rendered := f.renders.Load()
	for _, c := range []struct {
		name   string
		header []string
		status int
	}{
		{"same tag", []string{"If-None-Match", tag}, 304},
		{"two fields", []string{"If-None-Match", `"a"`, "If-None-Match", tag}, 304},
		{"same date", []string{"If-Modified-Since", modified}, 304},
		{"later date", []string{"If-Modified-Since", "Tue, 07 May 2024 00:00:00 GMT"}, 304},
		{"earlier date", []string{"If-Modified-Since", "Mon, 06 May 2024 07:08:08 GMT"}, 200},
		{"no date", []string{"If-Modified-Since", "yesterday"}, 200},
		{"other tag", []string{"If-None-Match", `"a"`}, 200},
		{"tag in a tag", []string{"If-None-Match", `"` + tag + `"`}, 200},
		{"no tag", []string{"If-None-Match", strings.Trim(tag, `"`)}, 200},
		{"open quote", []string{"If-None-Match", `"a", "`}, 200},
		{"the tag outweighs the date", []string{"If-None-Match", `"a"`, "If-Modified-Since", modified}, 200},
	} {
		w := get(h, path, c.header...)
		if w.Code != c.status {
			t.Errorf("%s: status %d, want %d", c.name, w.Code, c.status)
		}
		if c.status == 200 {
			rendered++
		}
		if n := f.renders.Load(); n != rendered {
			t.Errorf("%s: rendered %d times, want %d", c.name, n, rendered)
			rendered = n
		}
	}
	f.modified = time.Time{}
	w := get(h, path, "If-Modified-Since", modified)
	if w.Code != 200 || w.Header().Get("Last-Modified") != "" {
		t.Errorf("unknown date: status %d, Last-Modified %q", w.Code, w.Header().Get("Last-Modified"))
	}
}

// TestConflictIsRetried: an image that is replaced during a request is described
// again; one that never rests is 503.
func TestConflictIsRetried(t *testing.T) {
	f := newFake()
	h := newTestServer(t, Config{Limits: limits()}, Deps{Images: f}).Handler()
	path := "/iiif/3/" + sampleEsc + "/full/100,/0/default.jpg"
	f.conflict.Store(1)
	if w := get(h, path); w.Code != 200 {
		t.Errorf("one change: status %d", w.Code)
	}
	f.conflict.Store(10)
	if w := get(h, path); w.Code != 503 || w.Header().Get("Retry-After") != "5" || w.Header().Get("ETag") != "" {
		t.Errorf("many changes: status %d, %v", w.Code, w.Header())
	}
}

// TestPitfall21Errors: an outage is never 404, errors are not stored, and nothing
// internal is told.
func TestPitfall21Errors(t *testing.T) {
	h := newTestServer(t, Config{Limits: limits()}, Deps{}).Handler()
	for id, status := range map[string]int{
		"outage": 503, "slow": 503, "canceled": 503, "forbidden": 403, "corrupt": 500, "broken": 500, "absent": 404,
	} {
		for _, rest := range []string{"/info.json", "/full/max/0/default.jpg"} {
			for _, accept := range []string{"", "text/html,*/*;q=0.8", "application/json", "application/ld+json"} {
				w := get(h, "/iiif/3/"+id+rest, "Accept", accept)
				head := w.Header()
				if w.Code != status || head.Get("Cache-Control") != "no-store" || head.Get("Access-Control-Allow-Origin") != "*" ||
					head.Get("ETag") != "" || head.Get("Link") != "" {
					t.Errorf("%s%s: status %d, want %d, %v", id, rest, w.Code, status, head)
				}
				if (status == 503) != (head.Get("Retry-After") != "") {
					t.Errorf("%s%s: Retry-After %q", id, rest, head.Get("Retry-After"))
				}
				body := w.Body.String()
				if strings.Contains(body, "secret") || strings.Contains(body, "10.1.2.3") || strings.Contains(body, "Open") {
					t.Errorf("%s%s: the body tells %q", id, rest, body)
				}
				want := "text/plain; charset=utf-8"
				if strings.Contains(accept, "json") {
					want = "application/problem+json"
				}
				if got := head.Get("Content-Type"); got != want {
					t.Errorf("%s%s with Accept %q: Content-Type %q", id, rest, accept, got)
				}
			}
		}
		w := get(h, "/viewer/"+id, "Accept", "text/html")
		if w.Code != status || w.Header().Get("Content-Type") != "text/html; charset=utf-8" ||
			w.Header().Get("Cache-Control") != "no-store" || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("viewer of %s: status %d, %v", id, w.Code, w.Header())
		}
	}
}

// TestStrictSizeThumbnails: where !w,h above the image is refused, small images
// still have thumbnails.
func TestStrictSizeThumbnails(t *testing.T) {
	for _, strict := range []bool{false, true} {
		l := limits()
		l.StrictSize = strict
		f := newFake()
		s := newTestServer(t, Config{Limits: l}, Deps{Images: f, Gallery: f})
		body := get(s.Handler(), "/?q=tiny").Body.String()
		_, rest, ok := strings.Cut(body, `<img src="`)
		src, _, _ := strings.Cut(rest, `"`)
		if w := get(s.Handler(), src); !ok || w.Code != 200 {
			t.Errorf("strict %v: %s has status %d", strict, src, w.Code)
		}
	}
}
