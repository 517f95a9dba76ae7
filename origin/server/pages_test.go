package server

import (
	"bytes"
	"compress/gzip"
	"html"
	"regexp"
	"strings"
	"testing"
)

// TestAssets: the files that pages name exist, for ever under their URL, zipped for
// those who take it.
func TestAssets(t *testing.T) {
	s := newTestServer(t, Config{Limits: limits()}, Deps{})
	page := get(s.Handler(), "/viewer/tiny").Body.String()
	urls := regexp.MustCompile(`"(/static/[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(urls) != 6 {
		t.Fatalf("%d files in the viewer: %v", len(urls), urls)
	}
	for _, m := range urls {
		plain := get(s.Handler(), m[1])
		if plain.Code != 200 || plain.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" ||
			plain.Header().Get("Content-Type") == "" || plain.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: status %d, %v", m[1], plain.Code, plain.Header())
		}
		zipped := get(s.Handler(), m[1], "Accept-Encoding", "br, gzip;q=0.8")
		if zipped.Header().Get("Content-Encoding") == "gzip" {
			r, err := gzip.NewReader(zipped.Body)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(readAll(t, r), plain.Body.Bytes()) || zipped.Header().Get("ETag") == plain.Header().Get("ETag") {
				t.Errorf("%s: the zipped form is another file, or has the same ETag", m[1])
			}
		} else if plain.Body.Len() > 2000 {
			t.Errorf("%s is not zipped", m[1])
		}
		if w := get(s.Handler(), m[1], "Accept-Encoding", "gzip;q=0"); w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: zipped for one who refuses it", m[1])
		}
		if w := get(s.Handler(), m[1], "If-None-Match", plain.Header().Get("ETag")); w.Code != 304 {
			t.Errorf("%s: status %d", m[1], w.Code)
		}
	}
	for _, path := range []string{"/static/", "/static/site.css", "/static/0000000000000000/site.css", "/static/../server.go", "/static/%2e%2e/server.go"} {
		if w := get(s.Handler(), path); w.Code != 404 {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}

// TestGalleryPages: following "More images" shows every image once.
func TestGalleryPages(t *testing.T) {
	f := collection()
	s := newTestServer(t, Config{PageSize: 10, Limits: limits()}, Deps{Images: f, Gallery: f})
	seen, path := map[string]int{}, "/"
	for pages := 0; path != "" && pages < 10; pages++ {
		page := get(s.Handler(), path).Body.String()
		for _, m := range regexp.MustCompile(`href="(/viewer/[^"]+)"`).FindAllStringSubmatch(page, -1) {
			seen[m[1]]++
		}
		if (path != "/") != strings.Contains(page, "First page") {
			t.Errorf("%s: the way back", path)
		}
		path = ""
		if m := regexp.MustCompile(`class="next" href="([^"]+)"`).FindStringSubmatch(page); m != nil {
			path = html.UnescapeString(m[1])
		}
	}
	if len(seen) != len(f.sizes) {
		t.Errorf("%d images of %d", len(seen), len(f.sizes))
	}
	for href, n := range seen {
		if n != 1 {
			t.Errorf("%s: %d times", href, n)
		}
	}
}

// TestNoGallery: a source that cannot be listed still leads to its images.
func TestNoGallery(t *testing.T) {
	s := newTestServer(t, Config{Limits: limits()}, Deps{Images: newFake()})
	if w := get(s.Handler(), "/"); w.Code != 200 || !strings.Contains(w.Body.String(), `action="/viewer"`) {
		t.Errorf("status %d", w.Code)
	}
	w := get(s.Handler(), "/viewer?id=plates/Krak%C3%B3w,+folio+1.jpg")
	if w.Code != 303 || w.Header().Get("Location") != "http://example.com/viewer/"+sampleEsc {
		t.Errorf("status %d, Location %s", w.Code, w.Header().Get("Location"))
	}
	if w := get(s.Handler(), "/viewer?id=../x"); w.Code != 404 {
		t.Errorf("status %d", w.Code)
	}
}

func TestDownloads(t *testing.T) {
	f := newFake()
	s := newTestServer(t, Config{Limits: limits()}, Deps{Images: f})
	for id, want := range map[string][]string{
		sampleEsc: {"1000 × 563", "2000 × 1125", "4000 × 2250"},
		"tiny":    {"30 × 20"},
	} {
		page := get(s.Handler(), "/viewer/"+id).Body.String()
		var got []string
		for _, m := range regexp.MustCompile(`(?s)<a href="([^"]+)" download="[^"]+"><span>[^<]+</span> <span class="size">([^<]+)<`).FindAllStringSubmatch(page, -1) {
			got = append(got, m[2])
			w := get(s.Handler(), m[1])
			link, _, _ := strings.Cut(w.Header().Get("Link"), ">")
			if w.Code != 200 || link != "<http://example.com"+m[1] {
				t.Errorf("%s: status %d, canonical %s", m[1], w.Code, link)
			}
		}
		if strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("%s: %v, want %v", id, got, want)
		}
	}
}

func TestTitles(t *testing.T) {
	for id, want := range map[string]string{
		"a/b/Night_ferry.jpg":                  "Night ferry",
		"67352ccc-d1b0-11e1-89ae-279075081939": "67352ccc-d1b0-11e1-89ae-279075081939",
		"codex-folio-1.jpg":                    "Codex folio 1",
		"ng-1886-12":                           "ng-1886-12",
		"abc-def-0123ab":                       "abc-def-0123ab",
		"plate 1.2":                            "plate 1.2",
		"Dr. Who":                              "Dr. Who",
		".tif":                                 ".tif",
		"x.jp2":                                "x",
		"a//":                                  "a",
		"_.jpg":                                "_.jpg",
	} {
		if got := titleOf(id); got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}

func TestPlainText(t *testing.T) {
	for in, want := range map[string]string{"<b>Museum</b> of <a href='x'>A</a>": "Museum of A", "a < b": "a < b", "": ""} {
		if got := plainText(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
