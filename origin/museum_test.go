package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// museum is a folder of images that has been published, the site that it became, and
// the real server with its images behind a proxy that records.
type museum struct {
	src, dir string
	site     string // URL of the publication
	images   string // URL of the image server

	mu    sync.Mutex
	tiles map[string]int // paths of tiles that were delivered
	bad   []string       // requests for images that failed
}

// newMuseum publishes files (text by path, next to images of the given sizes) with
// more flags.
func newMuseum(t *testing.T, pictures map[string][2]int, files map[string]string, args ...string) *museum {
	t.Helper()
	m := &museum{src: t.TempDir(), dir: t.TempDir(), tiles: map[string]int{}}
	for name, size := range pictures {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, picture(size[0], size[1]), nil); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(m.src, name), b.Bytes())
	}
	site := httptest.NewServer(http.HandlerFunc(m.serveSite))
	t.Cleanup(site.Close)
	m.site = site.URL
	m.images = m.record(t, start(t, "--source", m.src))
	for name, text := range files {
		text = strings.NewReplacer("SITE", m.site, "IMAGES", m.images).Replace(text)
		writeFile(t, filepath.Join(m.src, name), []byte(text))
	}
	m.publish(t, args...)
	return m
}

func writeFile(t *testing.T, name string, body []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

// publish publishes by the command line.
func (m *museum) publish(t *testing.T, args ...string) {
	t.Helper()
	var out bytes.Buffer
	args = append([]string{"publish", "--from", m.src, "--to", m.dir, "--source", m.src, "--publish-base", m.site, "--publish-images", m.images,
		"--title", "Museum of Tests"}, args...)
	if code := run(t.Context(), args, nil, &out, &out); code != 0 {
		t.Fatalf("publish: %d\n%s", code, out.String())
	}
}

// serveSite answers files of the publication as any static host does.
func (m *museum) serveSite(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if path.Ext(r.URL.Path) == ".json" {
		w.Header().Set("Content-Type", presentation.ManifestType)
	}
	http.FileServer(http.Dir(m.dir)).ServeHTTP(w, r)
}

// record puts a proxy before the image server.
func (m *museum) record(t *testing.T, target string) string {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.ModifyResponse = func(res *http.Response) error {
		asked := res.Request.URL.EscapedPath()
		m.mu.Lock()
		defer m.mu.Unlock()
		if res.StatusCode >= 400 {
			m.bad = append(m.bad, fmt.Sprint(res.StatusCode, " ", asked))
		}
		if req, err := iiif.Parse(asked); err == nil && req.Kind() == iiif.KindImage && res.StatusCode == 200 && !strings.Contains(asked, "/full/") {
			m.tiles[asked]++
		}
		return nil
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	return front.URL
}

// delivered returns how many different tiles of an image were delivered, and which
// requests failed.
func (m *museum) delivered(image string) (int, []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for p := range m.tiles {
		if strings.Contains(p, "/"+url.PathEscape(image)+"/") {
			n++
		}
	}
	return n, m.bad
}

// forget forgets what was delivered.
func (m *museum) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tiles, m.bad = map[string]int{}, nil
}

// comments are the texts of the annotations on the first page of the book.
var comments = []string{"The first initial, in gold.", "A correction by a later hand.", "Water damage on the whole leaf."}

// book is a folder of pages with everything that a manifest can have: the
// pictures, and the files beside them.
func book(pages int) (map[string][2]int, map[string]string) {
	pictures, files := map[string][2]int{"plain.jpg": {2400, 1600}}, map[string]string{}
	list := ""
	for i := 1; i <= pages; i++ {
		pictures[fmt.Sprintf("book/p%d.jpg", i)] = [2]int{1200 + 20*i, 1700}
		chapter := "Prologue"
		if i > 1 {
			chapter = "Genesis"
		}
		list += fmt.Sprintf("  - {file: p%d.jpg, label: f. %d, chapter: %s", i, i, chapter)
		if i == 1 {
			list += ", annotations: ANNOTATIONS"
		}
		list += "}\n"
	}
	annotations, _ := json.Marshal([]any{ // maps of strings always encode
		map[string]any{"type": "Annotation", "motivation": "commenting", "target": "#xywh=100,150,300,280",
			"body": map[string]any{"type": "TextualBody", "value": comments[0], "format": "text/plain", "language": "en"}},
		map[string]any{"type": "Annotation", "motivation": "commenting", "target": "#xywh=percent:50,50,20,10",
			"body": map[string]any{"type": "TextualBody", "value": "<p>" + strings.Replace(comments[1], "later", "<b>later</b>", 1) + "</p>", "format": "text/html"}},
		map[string]any{"type": "Annotation", "motivation": "commenting", "body": comments[2]},
	})
	files["book/item.yml"] = strings.Replace(`
title: {en: A book of leaves, cs: Kniha listů}
description: {en: "<p>Some <i>leaves</i>.</p>", cs: Několik listů.}
navDate: "1420-01-01T00:00:00Z"
created: "2024-03-01"
rights: CC BY 4.0
attribution: By courtesy of the museum.
collections: [Works/Manuscripts, Favourites]
metadata: {Shelf mark: [Ms. 12, olim 7], Medium: {en: ink, cs: inkoust}}
homepage: SITE/about
rendering: [{url: SITE/book.pdf, label: The whole book, format: application/pdf}]
provider: [{id: SITE, label: Museum, homepage: SITE, logo: "IMAGES/iiif/3/plain.jpg/full/!100,100/0/default.jpg"}]
pages:
`+list, "ANNOTATIONS", strconv.Quote(string(annotations)), 1)
	files["book/p2.hocr"] = `<!DOCTYPE html><html><body><div class="ocr_page" title="bbox 0 0 1240 1700"><p class="ocr_par" title="bbox 100 100 1100 300">
<span class="ocr_line" title="bbox 100 100 1100 180"><span class="ocrx_word" title="bbox 100 100 500 180">In</span> <span class="ocrx_word" title="bbox 520 100 1100 180">principio</span></span>
</p></div></body></html>`
	return pictures, files
}
