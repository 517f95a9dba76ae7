package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
)

// gets counts the requests for contents that pass it on their way to a bucket.
type gets struct {
	proxy *httputil.ReverseProxy
	mu    sync.Mutex
	seen  []string
}

func (g *gets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		g.mu.Lock()
		g.seen = append(g.seen, strings.TrimPrefix(r.Header.Get("Range"), "bytes="))
		g.mu.Unlock()
	}
	g.proxy.ServeHTTP(w, r)
}

// take returns the ranges that were asked for since the last call.
func (g *gets) take() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := g.seen
	g.seen = nil
	return seen
}

// TestRangeReads: what opening and serving a pyramid of 10 GB in a bucket costs in
// range reads. Ours: three to open, one for a tile. Of a foreign one the directories
// decide: all at the end, with tables of megabytes, are three as well, and a first
// tile reads one page each of the tables of offsets and lengths on top; where each is
// behind the pixels of its level, every one must be read to find the next.
func TestRangeReads(t *testing.T) {
	bucket := s3test.Start(t)
	file := func(key string) string {
		// What is put has an ETag; its content is then replaced in place.
		bucket.Put(t, key, []byte("x"))
		return filepath.Join(bucket.Dir, bucket.Bucket, key)
	}
	ourBig(t, file("ours.tif"))
	foreignBig(t, file("end.tif"), atEnd)
	levels := foreignBig(t, file("each.tif"), afterEach)

	target, err := url.Parse(bucket.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	counter := &gets{proxy: httputil.NewSingleHostReverseProxy(target)}
	proxy := httptest.NewServer(counter)
	defer proxy.Close()
	base := start(t, "--source=s3://"+bucket.Bucket, "--s3-endpoint="+proxy.URL, "--s3-path-style",
		"--s3-region=us-east-1", "--s3-access-key="+bucket.Access, "--s3-secret-key="+bucket.Secret)

	for _, c := range []struct {
		key                string
		open, first, other int
		tile, neighbour    string
	}{
		{"ours.tif", 3, 1, 1, "249344,199168,512,512", "248832,199168,512,512"},
		{"end.tif", 3, 3, 1, "100096,80128,256,256", "100096,79360,256,256"},
		// The header, at most two for a level: its directory, and the tables of JPEG
		// where tables of tiles lie in between.
		{"each.tif", 1 + 2*levels, 3, 1, "100096,80128,256,256", "100096,79360,256,256"},
	} {
		ask := func(what, path string, most int) {
			t.Helper()
			counter.take()
			res, err := http.Get(base + "/iiif/3/" + c.key + "/" + path)
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != http.StatusOK || n < 100 {
				t.Errorf("%s %s: status %d, %d bytes, %v", c.key, path, res.StatusCode, n, err)
			}
			reads := counter.take()
			t.Logf("%-8s %-10s %2d range reads: %s", c.key, what, len(reads), strings.Join(reads, " "))
			if len(reads) > most || len(reads) == 0 {
				t.Errorf("%s: %s took %d range reads, at most %d", c.key, what, len(reads), most)
			}
		}
		ask("info.json", "info.json", c.open)
		ask("first tile", c.tile+"/max/0/default.jpg", c.first)
		ask("next tile", c.neighbour+"/max/0/default.jpg", c.other)
	}
}
