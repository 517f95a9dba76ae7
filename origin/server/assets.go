package server

import (
	"bytes"
	"compress/gzip"
	"embed"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/viewer"
	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

//go:embed templates
var templateFiles embed.FS

// asset is an embedded file. Its URL holds a hash of its content, so that
// browsers keep it for ever and a new version is fetched at once.
type asset struct {
	url         string // "/static/{hash}/{name}"
	contentType string
	data        []byte
	zipped      func() []byte // made once, when first wanted; nil when not worth it
}

// loadAssets returns the files for browsers by URL and by name.
func loadAssets() (map[string]*asset, error) {
	files, err := viewer.Files()
	if err != nil {
		return nil, err
	}
	all := make(map[string]*asset, 2*len(files))
	for _, f := range files {
		a := &asset{url: "/static/" + f.Hash + "/" + f.Name, contentType: f.MediaType, data: f.Body}
		if len(f.Body) > 1400 { // less fits a packet anyway
			a.zipped = sync.OnceValue(func() []byte { return zip(f.Body) })
		}
		all[a.url], all[f.Name] = a, a
	}
	return all, nil
}

func zip(data []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = w.Write(data)                                  // a Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// static answers embedded files, /favicon.ico and /robots.txt.
func (c *call) static() error {
	const day = "public, max-age=86400"
	switch c.path {
	case "/robots.txt":
		c.w.Header().Set("Cache-Control", day)
		c.send(http.StatusOK, "text/plain; charset=utf-8", []byte(c.config.Robots))
		return nil
	case "/favicon.ico":
		// Browsers take any type of image for it; pages link to the same file.
		c.sendAsset(c.assets["icon.svg"], day)
		return nil
	}
	a := c.assets[c.path]
	if a == nil || !strings.HasPrefix(c.path, "/static/") {
		return fault.New("server.static", fault.NotFound, "there is no such file")
	}
	c.sendAsset(a, "public, max-age=31536000, immutable")
	return nil
}

func (c *call) sendAsset(a *asset, cacheControl string) {
	h := c.w.Header()
	h.Set("Cache-Control", cacheControl)
	data, coding := a.data, ""
	if a.zipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(c.r.Header.Values("Accept-Encoding")) {
			data, coding = a.zipped(), "gzip"
		}
	}
	if c.unchanged(answer.Tag("asset", a.url, coding), time.Time{}) {
		return
	}
	if coding != "" {
		h.Set("Content-Encoding", coding)
	}
	c.send(http.StatusOK, a.contentType, data)
}

// takesGzip reports whether an Accept-Encoding names gzip and does not refuse it.
func takesGzip(accept []string) bool {
	for element := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, params, _ := strings.Cut(element, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q := strings.TrimPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			return strings.Trim(q, "0.") != "" || q == ""
		}
	}
	return false
}
