package edge

import (
	"bytes"
	"fmt"
	"image"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/decision"
)

// entries returns how many answers are in the Worker's cache.
func (w *worker) entries() int {
	w.t.Helper()
	n := 0
	err := filepath.WalkDir(filepath.Join(w.state, "cache"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.Contains(path, "blobs") {
			n++
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// TestSpellings: 10,000 spellings of a tile are one entry of the cache, and the origin
// is not asked; of a rendering it is asked once.
func TestSpellings(t *testing.T) {
	images, _ := gallery(t)
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--public-url", base(port))
	// The test may take longer than the minute that an image is taken for unchanged.
	w := startWorker(t, workerConfig{origin: o.base, port: port, vars: map[string]string{"VITRINE_INDEX_TTL": "86400", "VITRINE_NEGATIVE_TTL": "86400"}})
	w.fill(ingest(t, images))
	write(t, filepath.Join(images, "bare.jpg"), checks(0))
	pick := func(i *int, list ...string) string {
		s := list[*i%len(list)]
		*i /= len(list)
		return s
	}
	region := func(i *int) string {
		return pick(i, "full", "0,0,1201,1801", "pct:0,0,100,100", "0,0,9999,9999", "%66ull", "0,0,01201,1801", "pct:0,0,100.0,100", "pct:00,0,100,100")
	}
	quality := func(i *int) string {
		return pick(i, "default", "gray", "color", "def%61ult", "%64efault", "gr%61y", "c%6Flor", "defaul%74")
	}
	tile := func(i int) string {
		return "gray.jpg/" + region(&i) +
			pick(&i, "/300,450", "/300,", "/0300,", "/300,0450", "/%3300,", "/300%2C", "/!300,450", "/!300,5000") +
			pick(&i, "/0", "/360", "/0.0", "/00", "/360.00", "/000", "/0360", "/%30", "/0.000", "/36%30") + "/" + quality(&i) + ".jpg"
	}
	rendering := func(i int) string {
		return region(&i) + pick(&i, "/100,", "/100,150", "/0100,", "/100%2C", "/100,0150", "/%3100,", "/!100,150", "/!100,5000") +
			pick(&i, "/90", "/90.0", "/090", "/90.00", "/0090", "/9%30", "/%390", "/090.0", "/90.000", "/%39%30") + "/" + quality(&i) + ".jpg"
	}
	const spellings = 2 * 8 * 8 * 10 * 8 // in both versions
	for _, c := range []struct {
		name   string
		spell  func(i int) string
		origin int64
	}{
		{"tile", tile, 0},
		{"rendering", func(i int) string { return "gray.jpg/" + rendering(i) }, 1},
		{"without a pyramid", func(i int) string { return "bare.jpg/" + rendering(i) }, 1},
	} {
		before, entries := o.settled(), w.entries()
		var first received
		urls := map[string]bool{}
		try := func(i int) {
			target := fmt.Sprintf("/iiif/%d/%s", 2+i%2, c.spell(i/2))
			a := send(t, w.base, &decision.Request{Method: "GET", Target: target})
			if i == 0 {
				first = a
				eventually(t, "it is in the cache", func() bool { return w.entries() == entries+1 })
			}
			if a.status != 200 || !bytes.Equal(a.body, first.body) || a.header.Get("ETag") != first.header.Get("ETag") {
				t.Errorf("%s: %s: status %d, %d bytes, ETag %s", c.name, target, a.status, len(a.body), a.header.Get("ETag"))
			}
		}
		try(0)
		var clients sync.WaitGroup
		const share = 4
		for k := range share {
			clients.Go(func() {
				for i := k; i < spellings && !t.Failed(); i += share {
					try(i)
				}
			})
		}
		for i := range spellings {
			urls[fmt.Sprintf("/iiif/%d/%s", 2+i%2, c.spell(i/2))] = true
		}
		clients.Wait()
		if got := o.settled() - before; got != c.origin || len(urls) != spellings {
			t.Errorf("%s: the origin was asked %d times for %d spellings", c.name, got, len(urls))
		}
		if got := w.entries() - entries; got != 1 {
			t.Errorf("%s: %d entries of the cache for %d spellings", c.name, got, len(urls))
		}
	}
}

// TestAbsent: an image that does not exist is asked for once in 60 s, not for each
// request; one that appears is seen when they are over. So is a page.
func TestAbsent(t *testing.T) {
	images, _ := gallery(t)
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--public-url", base(port))
	w := startFailing(t, workerConfig{origin: o.base, port: port})
	ask := func(target string) received { return send(t, w.base, &decision.Request{Method: "GET", Target: target}) }
	for i := range 50 {
		a := ask(fmt.Sprintf("/iiif/3/absent.jpg/0,0,%d,1/max/0/default.jpg", i+1))
		if a.status != 404 || a.header.Get("Cache-Control") != "no-store" || string(a.body) != "there is no such resource\n" {
			t.Fatalf("status %d, %v, %q", a.status, a.header, a.body)
		}
	}
	page := func() int { return ask("/page.html").status }
	if status := page(); status != 404 {
		t.Errorf("a page: status %d", status)
	}
	w.putText("site/page.html", "text")
	w.later(30 * time.Second)
	ask("/iiif/3/absent.jpg/info.json")
	if n := o.settled(); n != 1 {
		t.Errorf("the origin was asked %d times", n)
	}
	if status := page(); status != 404 {
		t.Errorf("a page that was not there lately: status %d: the bucket is asked each time", status)
	}
	w.putText("pyramids/tiny.jpg.tif", "this is no pyramid")
	if a := ask("/iiif/3/tiny.jpg/info.json"); a.status != 200 {
		t.Errorf("a broken pyramid: status %d, the origin has the image", a.status)
	}
	write(t, filepath.Join(images, "absent.jpg"), checks(0))
	if status := ask("/iiif/3/absent.jpg/info.json").status; status != 404 {
		t.Errorf("it is there at once, with status %d: the test shows nothing", status)
	}
	w.later(31 * time.Second)
	if status := page(); status != 200 {
		t.Errorf("the page exists now: status %d", status)
	}
	if a := ask("/iiif/3/absent.jpg/info.json"); a.status != 200 {
		t.Errorf("it exists now: status %d", a.status)
	}
}

// checks draws one of two pictures that have not a tile in common.
func checks(which int) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, 1201, 1801))
	for i := range m.Pix {
		m.Pix[i] = uint8((i%1201/8+i/1201/8+which)%2*200 + 20*which)
	}
	return m
}

// TestRemade: a pyramid made anew of the same image with another quality is served
// with its own tiles, though the cache has those of before.
func TestRemade(t *testing.T) {
	dir := t.TempDir()
	m := image.NewGray(image.Rect(0, 0, 700, 600))
	r := rand.New(rand.NewPCG(7, 8))
	for i := range m.Pix {
		m.Pix[i] = uint8(r.IntN(256))
	}
	write(t, filepath.Join(dir, "x.jpg"), m)
	w := startFailing(t, workerConfig{origin: "http://127.0.0.1:9"})
	const target = "/iiif/3/x.jpg/full/350,300/0/default.jpg" // a level that is encoded anew
	var seen [2]received
	for i, quality := range []string{"--quality=90", "--quality=40"} {
		b := fromDir(t, ingest(t, dir, quality))
		for key, o := range b {
			w.putText(key, string(o.data))
		}
		r := decision.Request{Method: "GET", Target: target}
		a := b.decide(newDecider(t, w.base), r)
		seen[i] = send(t, w.base, &r)
		same(t, quality, seen[i], b.answer(&a, "GET"))
		eventually(t, "it is in the cache", func() bool { return w.entries() == i+1 })
		same(t, quality+", from the cache", send(t, w.base, &r), b.answer(&a, "GET"))
		w.later(61 * time.Second)
	}
	if seen[0].header.Get("ETag") != seen[1].header.Get("ETag") || len(seen[0].body) == len(seen[1].body) {
		t.Error("the two pyramids are not what they should be")
	}
}

// newDecider returns one with the settings that a Worker has by default.
func newDecider(t testing.TB, public string) *decision.Decider {
	t.Helper()
	c, err := decision.ParseConfig("VITRINE_PUBLIC_URL=" + public)
	if err != nil {
		t.Fatal(err)
	}
	d, err := decision.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestReplaced: while a pyramid is replaced again and again, every tile is wholly of
// one of the two; afterwards everything is of the last one within the TTL.
func TestReplaced(t *testing.T) {
	dir := t.TempDir()
	const key = "pyramids/x.jpg.tif"
	var files [2]string
	var buckets [2]bucket
	for i := range files {
		write(t, filepath.Join(dir, "x.jpg"), checks(i))
		store := ingest(t, dir)
		files[i], buckets[i] = filepath.Join(store, filepath.FromSlash(key)), fromDir(t, store)
	}
	w := startWorker(t, workerConfig{origin: "http://127.0.0.1:9", vars: map[string]string{"VITRINE_INDEX_TTL": "1"}})
	w.put(key, files[0])
	g := newGenerator(t, 3, []subject{{"x.jpg", 1201, 1801, 512}})
	deciders := [2]*decision.Decider{newDecider(t, w.base), newDecider(t, w.base)}
	want := map[string]*[2]received{} // by target
	expect := func(target string) {
		both := &[2]received{}
		for i, b := range buckets {
			a := b.decide(deciders[i], decision.Request{Method: "GET", Target: target})
			if a.Kind != decision.Tile && a.Status != 200 {
				return
			}
			both[i] = b.answer(&a, "GET")
		}
		want[target] = both
	}
	for len(want) < 40 {
		expect("/iiif/3/x.jpg/" + g.tile(g.subjects[0]))
	}
	targets := slices.Sorted(maps.Keys(want))
	var readers sync.WaitGroup
	done := make(chan bool)
	var seen [2]atomic.Int64
	outages := 0
	readers.Go(func() {
		r := rand.New(rand.NewPCG(5, 6))
		for {
			select {
			case <-done:
				return
			default:
			}
			req := decision.Request{Method: "GET", Target: targets[r.IntN(len(targets))]}
			a := send(t, w.base, &req)
			if a.status == 503 && a.header.Get("Retry-After") != "" {
				outages++
				continue // replaced twice under one request, and here is no origin
			}
			which := 0
			if a.header.Get("ETag") == want[req.Target][1].header.Get("ETag") {
				which = 1
			}
			seen[which].Add(1)
			same(t, req.Target, a, want[req.Target][which])
		}
	})
	// However slow the machine is: until enough was read of both.
	puts := 0
	for began := time.Now(); puts < 30 || puts%2 == 1 || seen[0].Load() < 10 || seen[1].Load() < 10; puts++ {
		if time.Since(began) > 90*time.Second || t.Failed() {
			t.Errorf("not enough is read of both")
			break
		}
		w.put(key, files[puts%2])
		time.Sleep(time.Duration(20+puts) * time.Millisecond)
	}
	close(done)
	readers.Wait()
	w.put(key, files[1])
	t.Logf("%d replacements, tiles of the two: %d and %d; %d times it was replaced twice under one request", puts, seen[0].Load(), seen[1].Load(), outages)
	time.Sleep(1100 * time.Millisecond)
	expect("/iiif/3/x.jpg/info.json")
	for target, both := range want {
		same(t, target, send(t, w.base, &decision.Request{Method: "GET", Target: target}), both[1])
	}
}
