package edge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/conformance"
	"github.com/vitrine-iiif/vitrine/wasm/decision"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// startFailing starts the whole Worker with a bucket that fails when X-Test-Bucket
// says so.
func startFailing(t *testing.T, c workerConfig) *worker {
	t.Helper()
	c.entrance = "testdata/bucket.mjs"
	return startWorker(t, c)
}

// later puts the clock of a Worker of startFailing forward.
func (w *worker) later(d time.Duration) {
	w.t.Helper()
	ask(w.t.(*testing.T), "OPTIONS", w.base+"/", "", "X-Test-Later", fmt.Sprint(d.Milliseconds())).expect(w.t.(*testing.T), "the clock", 204)
}

// get asks for a path; pairs of headers follow.
func (w *worker) get(path string, header ...string) answered {
	w.t.Helper()
	return ask(w.t.(*testing.T), "GET", w.base+path, "", header...)
}

// advertised returns the paths of all tiles that an info.json of version 3 advertises.
func advertised(t *testing.T, path string, info answered) []string {
	t.Helper()
	var doc struct {
		Width, Height int
		Tiles         []struct {
			Width, Height int
			ScaleFactors  []int
		}
	}
	if err := json.Unmarshal([]byte(info.body), &doc); err != nil || len(doc.Tiles) != 1 {
		t.Fatalf("info.json: %v: %s", err, info.body)
	}
	var list []string
	for _, s := range doc.Tiles[0].ScaleFactors {
		side := doc.Tiles[0].Width * s
		for y := 0; y < doc.Height; y += side {
			for x := 0; x < doc.Width; x += side {
				w, h := min(side, doc.Width-x), min(side, doc.Height-y)
				list = append(list, fmt.Sprintf("%s/%d,%d,%d,%d/%d,%d/0/default.jpg", path, x, y, w, h, (w+s-1)/s, (h+s-1)/s))
			}
		}
	}
	return list
}

// impatient are settings with which a failing origin is given up soon.
var impatient = map[string]string{"ORIGIN_ATTEMPTS": "2", "ORIGIN_TIMEOUT_MS": "800", "ORIGIN_TOTAL_MS": "2500"}

// TestOriginDown: with the origin stopped, what the edge has is served, all of it;
// what was rendered before is served though it be old; the rest is 503.
func TestOriginDown(t *testing.T) {
	images, _ := gallery(t)
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--public-url", base(port))
	w := startFailing(t, workerConfig{origin: o.base, port: port, vars: map[string]string{"WRITE_BACK": "true"}})
	w.fill(ingest(t, images))
	write(t, filepath.Join(images, "bare.jpg"), checks(0))
	const sample, bare = "/iiif/3/" + sampleEsc, "/iiif/3/bare.jpg/full/100,/90/default.jpg"
	rendered := w.get(sample + "/full/200,/90/default.png")
	rendered.expect(t, "rendered", 200)
	w.get("/iiif/3/bare.jpg/info.json").expect(t, "info.json", 200) // then its dimensions are known
	kept := w.get(bare)
	kept.expect(t, "rendered", 200)
	eventually(t, "it is in the bucket", func() bool { return len(w.keys("rendered/bare.jpg/")) == 1 })
	eventually(t, "both are in the cache", func() bool { return w.entries() == 2 })
	info := w.get(sample + "/info.json")
	tiles := advertised(t, sample, info)
	o.stop()
	w.later(61 * time.Second) // nothing is known any more
	for _, path := range tiles {
		w.get(path).expect(t, path, 200, "Content-Type", "image/jpeg", "X-Vitrine-Source", "")
	}
	if len(tiles) < 50 {
		t.Errorf("%d tiles", len(tiles))
	}
	if again := w.get(sample + "/info.json"); again.body != info.body {
		t.Errorf("info.json: status %d, %s", again.StatusCode, again.body)
	}
	w.get(strings.Replace(sample, "/3/", "/2/", 1)+"/info.json").expect(t, "info.json of version 2", 200)
	again := w.get(sample + "/full/200,/90/default.png")
	again.expect(t, "rendered before, and current", 200, "ETag", rendered.Header.Get("ETag"), "X-Vitrine-Source", "")
	if again.body != rendered.body {
		t.Error("it is another picture")
	}
	stale := w.get(bare)
	stale.expect(t, "rendered before", 200, "X-Vitrine-Source", "stale", "Cache-Control", "public, max-age=60", "ETag", kept.Header.Get("ETag"))
	if stale.body != kept.body {
		t.Error("it is another picture")
	}
	for _, path := range []string{sample + "/0,0,99,99/max/45/default.jpg", "/iiif/3/bare.jpg/full/99,/0/default.jpg", "/iiif/3/bare.jpg/info.json", "/iiif/3/absent.jpg/info.json", "/viewer/bare.jpg", "/health/ready"} {
		w.get(path).expect(t, path, 503, outage...)
	}
	w.get(sample).expect(t, "base URI", 303)
	w.get(sample+"/full/0,/0/default.jpg").expect(t, "wrong", 400)
}

// TestStaleFromCache: where nothing is written to the bucket, which is the default,
// what the cache has bridges an outage.
func TestStaleFromCache(t *testing.T) {
	images := t.TempDir()
	write(t, filepath.Join(images, "bare.jpg"), checks(0))
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--public-url", base(port))
	w := startFailing(t, workerConfig{origin: o.base, port: port})
	const bare = "/iiif/3/bare.jpg/full/100,/90/default.jpg"
	first := w.get(bare)
	first.expect(t, "rendered", 200)
	eventually(t, "it is in the cache", func() bool { return w.entries() == 1 })
	o.stop()
	w.get(strings.Replace(bare, "/90/", "/90.0/", 1)).expect(t, "current", 200, "X-Vitrine-Source", "", "ETag", first.Header.Get("ETag"))
	w.later(61 * time.Second)
	for _, path := range []string{bare, strings.Replace(bare, "full/100,", "0,0,9999,9999/!100,999", 1)} {
		stale := w.get(path)
		stale.expect(t, path, 200, "X-Vitrine-Source", "stale", "Cache-Control", "public, max-age=60", "ETag", first.Header.Get("ETag"), "Content-Type", "image/jpeg")
		if stale.body != first.body {
			t.Errorf("%s: it is another picture", path)
		}
	}
	w.get(strings.Replace(bare, "100,", "99,", 1)).expect(t, "never rendered", 503, outage...)
	if keys := w.keys("rendered/"); len(keys) != 0 {
		t.Errorf("in the bucket: %v", keys)
	}
}

// TestOriginFails: an origin that is slow or broken is nothing to those who want
// tiles, and a time without service to the others.
func TestOriginFails(t *testing.T) {
	images, _ := gallery(t)
	o := startFaulty(t)
	w := startWorker(t, workerConfig{origin: o.URL, vars: impatient})
	w.fill(ingest(t, images))
	const sample = "/iiif/3/" + sampleEsc
	for _, mode := range []string{"500", "502", "slow", "cut"} {
		o.set(mode)
		slow := make(chan answered)
		go func() { slow <- w.get(sample + "/0,0,64,64/max/90/default.jpg") }()
		for _, path := range []string{"/0,0,512,512/512,512/0/default.jpg", "/512,0,512,512/512,512/0/default.jpg", "/info.json"} {
			w.get(sample+path).expect(t, mode+" "+path, 200)
		}
		(<-slow).expect(t, mode, 503, outage...)
		w.get("/iiif/3/unknown.jpg/info.json").expect(t, mode+", unknown", 503, outage...)
	}
	o.set("")
	w.get(sample+"/0,0,64,64/max/90/default.jpg").expect(t, "afterwards", 200)
}

// TestBucketFails: where R2 fails in the hot path the origin answers instead, as it
// does by itself; an index that is known is used.
func TestBucketFails(t *testing.T) {
	images, _ := gallery(t)
	store := ingest(t, images)
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--store", store, "--public-url", base(port))
	w := startFailing(t, workerConfig{origin: o.base, port: port, vars: map[string]string{"NO_CACHE": "1"}})
	w.fill(store)
	const target = "/iiif/3/" + sampleEsc + "/512,512,512,512/512,512/0/default.jpg"
	asked := o.settled()
	as := func(what, how, path string, origin int64) {
		t.Helper()
		a := w.get(path, "X-Test-Bucket", how, "Accept-Encoding", "identity")
		b := ask(t, "GET", o.base+path, "", "Accept-Encoding", "identity")
		same(t, what, received{a.StatusCode, a.Header, []byte(a.body)}, received{b.StatusCode, b.Header, []byte(b.body)})
		if a.StatusCode != 200 {
			t.Errorf("%s: status %d", what, a.StatusCode)
		}
		before := asked
		asked = o.settled()
		if n := asked - before - 1; n != origin {
			t.Errorf("%s: the origin was asked %d times, want %d", what, n, origin)
		}
	}
	as("no index, nothing known", "index", target, 1)
	as("no index, but what the origin told", "index", "/iiif/3/"+sampleEsc+"/info.json", 0)
	const other = "/iiif/3/gray.jpg/512,512,512,512/512,512/0/default.jpg"
	as("whole", "", other, 0)
	w.later(61 * time.Second)
	as("no index, an old one known", "index", other, 0)
	as("no tile", "tile", other, 1)
	as("whole again", "", other, 0)
	o.stop()
	w.get(target, "X-Test-Bucket", "tile").expect(t, "neither tile nor origin", 503, outage...)
	w.get("/site-page.html", "X-Test-Bucket", "all").expect(t, "no page", 503, outage...)
}

// TestTruncated: a pyramid that was cut off, or is none, is as if it was not there.
func TestTruncated(t *testing.T) {
	images, dir := t.TempDir(), t.TempDir()
	write(t, filepath.Join(images, "whole.jpg"), checks(0))
	whole, err := os.ReadFile(filepath.Join(ingest(t, images), "pyramids", "whole.jpg.tif"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[200] ^= 1
	damages := map[string][]byte{
		"one byte short": whole[:len(whole)-1], "half": whole[:len(whole)/2], "the head": whole[:1000], "the start": whole[:20], "nothing": {},
		"one byte more": append(bytes.Clone(whole), 0), "a flipped bit": flipped, "zeros": make([]byte, len(whole)), "whole": whole,
	}
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--public-url", base(port))
	w := startWorker(t, workerConfig{origin: o.base, port: port})
	for what, data := range damages {
		write(t, filepath.Join(images, what), checks(0))
		file := filepath.Join(dir, "pyramid")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		w.put("pyramids/"+url.PathEscape(what)+".tif", file)
		before := o.settled()
		tile := decision.Request{Method: "GET", Target: "/iiif/3/" + url.PathEscape(what) + "/0,0,512,512/512,512/0/default.jpg"}
		got := send(t, w.base, &tile)
		if n := o.settled() - before; (n == 0) != (what == "whole") {
			t.Errorf("%s: the origin was asked %d times", what, n)
		}
		if what == "whole" {
			continue // its revision is that of another file
		}
		same(t, what, got, send(t, o.base, &tile))
		info := decision.Request{Method: "GET", Target: "/iiif/2/" + url.PathEscape(what) + "/info.json"}
		same(t, what, send(t, w.base, &info), send(t, o.base, &info))
	}
}

// TestSwapped: 1,000 times the pyramid is replaced by another one between the reading
// of its index and that of a tile; each answer is wholly of one of the two.
func TestSwapped(t *testing.T) {
	const times, key = 1000, "pyramids/x.jpg.tif"
	dir := t.TempDir()
	w := startFailing(t, workerConfig{origin: "http://127.0.0.1:9", vars: map[string]string{"NO_CACHE": "1"}})
	var buckets [2]bucket
	for i := range buckets {
		write(t, filepath.Join(dir, "x.jpg"), checks(i).SubImage(image.Rect(0, 0, 700, 600)))
		store := ingest(t, dir)
		buckets[i] = fromDir(t, store)
		for _, at := range []string{key, fmt.Sprintf("versions/%d", i)} {
			w.put(at, filepath.Join(store, filepath.FromSlash(key)))
		}
	}
	info := w.get("/iiif/3/x.jpg/info.json")
	tiles := advertised(t, "/iiif/3/x.jpg", info)
	deciders := [2]*decision.Decider{newDecider(t, w.base), newDecider(t, w.base)}
	var seen [2]int
	for i := range times {
		path := tiles[i%len(tiles)]
		a := w.get(path, "X-Test-Bucket", "swap", "Accept-Encoding", "identity")
		which := -1
		for k, b := range buckets {
			want := b.decide(deciders[k], decision.Request{Method: "GET", Target: path})
			if answer := b.answer(&want, "GET"); a.Header.Get("ETag") == answer.header.Get("ETag") {
				which = k
				same(t, path, received{a.StatusCode, a.Header, []byte(a.body)}, answer)
			}
		}
		if which < 0 {
			t.Fatalf("%s: status %d, %v", path, a.StatusCode, a.Header)
		}
		seen[which]++
	}
	if seen[0] < times/3 || seen[1] < times/3 {
		t.Errorf("%v: the pyramid was not replaced each time", seen)
	}
}

// TestSwappedTwice: where the pyramid is replaced again before the second look, the
// origin answers, and it answers once.
func TestSwappedTwice(t *testing.T) {
	const key = "pyramids/x.jpg.tif"
	images := t.TempDir()
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--public-url", base(port))
	w := startFailing(t, workerConfig{origin: o.base, port: port, vars: map[string]string{"NO_CACHE": "1"}})
	for i := range 2 {
		write(t, filepath.Join(images, "x.jpg"), checks(i).SubImage(image.Rect(0, 0, 700, 600)))
		file := filepath.Join(ingest(t, images), filepath.FromSlash(key))
		w.put(key, file)
		w.put(fmt.Sprintf("versions/%d", i), file)
	}
	const tile = "/iiif/3/x.jpg/0,0,512,512/512,512/0/default.jpg"
	w.get(tile, "X-Test-Bucket", "swap").expect(t, "replaced once", 200)
	if n := o.settled(); n != 0 {
		t.Errorf("replaced once: the origin was asked %d times", n)
	}
	a := w.get(tile, "X-Test-Bucket", "swaps", "Accept-Encoding", "identity")
	if n := o.settled(); n != 1 {
		t.Errorf("replaced twice: the origin was asked %d times", n)
	}
	b := ask(t, "GET", o.base+tile, "", "Accept-Encoding", "identity")
	same(t, "replaced twice", received{a.StatusCode, a.Header, []byte(a.body)}, received{b.StatusCode, b.Header, []byte(b.body)})
}

// TestHostile: 300 identifiers made of what breaks parsers, and paths that try to
// leave their folder, get the origin's own answers.
func TestHostile(t *testing.T) {
	images := t.TempDir()
	ids := conformance.HostileIdentifiers(300)
	files := 0
	for i, id := range ids {
		if _, err := iiif.NewIdentifier(id); err != nil || i%2 == 0 || strings.HasPrefix(id, "/") || strings.HasSuffix(id, "/") || strings.Contains(id, "//") {
			continue
		}
		name := filepath.Join(images, filepath.FromSlash(id))
		if os.MkdirAll(filepath.Dir(name), 0o755) == nil && os.WriteFile(name, nil, 0o600) == nil {
			write(t, name, checks(0).SubImage(checks(0).Rect.Inset(500)))
			files++
		}
	}
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--public-url", base(port))
	w := startWorker(t, workerConfig{origin: o.base, port: port})
	w.fill(ingest(t, images))
	served, compared := 0, 0
	try := func(target string) {
		r := decision.Request{Method: "GET", Target: target}
		if !sendable(&r) {
			return
		}
		a, b := send(t, w.base, &r), send(t, o.base, &r)
		same(t, target, a, b)
		compared++
		if a.status == 200 {
			served++
		}
		if a.status >= 500 {
			t.Errorf("%s: status %d", target, a.status)
		}
	}
	for _, id := range ids {
		escaped := url.PathEscape(id)
		for _, rest := range []string{"/info.json", "/full/20,/0/default.jpg", "/0,0,10,10/max/90/default.png", ""} {
			try("/iiif/3/" + escaped + rest)
		}
		try("/iiif/2/" + escaped + "/full/20,/0/default.jpg")
		try("/iiif/3/a/" + escaped + "/max/0/default.jpg")
		try("/iiif/3/a/full/max/0/" + escaped)
	}
	for _, up := range []string{"..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "..%5C..%5Cetc", "a%2F..%2F..%2Fb", "....%2F%2Fetc", "%252e%252e%252fetc", "%c0%ae%c0%ae%c0%af", "a%00.jpg", ".%2E%2Fx", "pyramids%2Fx.tif"} {
		for _, form := range []string{"/iiif/3/%s/info.json", "/iiif/2/%s/full/max/0/default.jpg", "/iiif/3/x/%s/max/0/default.jpg"} {
			try(fmt.Sprintf(form, up))
		}
	}
	t.Logf("%d files, %d answers compared, %d served", files, compared, served)
	if files < 40 || compared < 1000 || served < 100 {
		t.Error("the identifiers are not what they should be")
	}
	// What clients resolve by themselves does not reach anything either.
	for _, path := range []string{"/../../etc/passwd", "/iiif/3/../../../etc/passwd", "/static/..%2f..%2fetc%2fpasswd", "/site/../pyramids/a.tif", "/%2e%2e/pyramids/a.tif"} {
		req, _ := http.NewRequest("GET", w.base, nil)
		req.URL.Opaque = path
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 404 && resp.StatusCode != 400 {
			t.Errorf("%s: status %d", path, resp.StatusCode)
		}
	}
}
