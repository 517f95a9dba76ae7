package edge

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// tab is a tab of a real browser that remembers what was answered to it.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	statuses map[string]int64 // by URL
}

func openTab(t *testing.T) *tab {
	t.Helper()
	exe, err := exec.LookPath("chromium")
	if err != nil {
		missing(t, "chromium")
	}
	profile, err := os.MkdirTemp("", "vitrine-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 50 { // its helpers write for a moment after it has ended
			if os.RemoveAll(profile) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	b := &tab{t: t, statuses: map[string]int64{}}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(exe), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile), chromedp.Flag("disable-component-update", true))...)
	t.Cleanup(cancel)
	b.ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	chromedp.ListenTarget(b.ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *network.EventResponseReceived:
			b.statuses[e.Response.URL] = e.Response.Status
		case *network.EventRequestWillBeSent:
			b.statuses[e.Request.URL] = 0 // until it is answered
		}
	})
	b.run(network.Enable(), network.SetCacheDisabled(true), chromedp.EmulateViewport(1200, 800))
	return b
}

func (b *tab) run(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// settled waits until the view does not move and all of its tiles are drawn.
func (b *tab) settled() {
	b.t.Helper()
	const js = `(item => !!item && item.getFullyLoaded() && Math.abs(viewer.viewport.getZoom(true) - viewer.viewport.getZoom()) < 1e-4)(viewer.world.getItemAt(0))`
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
		done := false
		if err := chromedp.Run(b.ctx, chromedp.Evaluate(js, &done)); err == nil && done {
			return
		}
	}
	b.t.Fatalf("the view never settles: %v", b.statuses)
}

// zoom opens an image and looks at it at every scale, down to single pixels in
// three places. It returns how many tiles OpenSeadragon loaded and did not, and the
// scale factors of those that were asked for, the whole image in one tile left out.
func (b *tab) zoom(w *worker, id string) (loaded, failed int, factors []int) {
	b.t.Helper()
	b.mu.Lock()
	clear(b.statuses)
	b.mu.Unlock()
	b.run(chromedp.Navigate(w.base + "/zoom/?info=" + url.QueryEscape("/iiif/3/"+id+"/info.json")))
	b.settled()
	for _, place := range []string{".2, .1", ".9, .5", ".5, .3"} {
		for _, scale := range []string{".25", ".5", "1"} {
			b.run(chromedp.Evaluate(`viewer.viewport.panTo(new OpenSeadragon.Point(`+place+`), true).zoomTo(viewer.viewport.imageToViewportZoom(`+scale+`), null, true), 0`, nil))
			time.Sleep(100 * time.Millisecond)
			b.settled()
		}
	}
	var counts struct{ Loaded, Failed int }
	b.run(chromedp.Evaluate(`counts`, &counts))
	b.mu.Lock()
	defer b.mu.Unlock()
	for address, status := range b.statuses {
		if status != 200 {
			b.t.Errorf("%s: status %d", address, status)
		}
		path := strings.TrimPrefix(address, w.base)
		req, err := iiif.Parse(path)
		if err != nil || req.Kind() != iiif.KindImage {
			continue
		}
		var x, y, rw, rh, sw int
		parts := strings.Split(path, "/")
		if n, _ := fmt.Sscanf(parts[4]+" "+parts[5], "%d,%d,%d,%d %d,", &x, &y, &rw, &rh, &sw); n == 5 {
			if f := int(math.Round(float64(rw) / float64(sw))); !slices.Contains(factors, f) {
				factors = append(factors, f)
			}
		}
	}
	slices.Sort(factors)
	return counts.Loaded, counts.Failed, factors
}

// TestBrowser: OpenSeadragon zooms through the edge without a request to the
// origin, and just as well when the origin has been stopped.
func TestBrowser(t *testing.T) {
	b := openTab(t)
	images, _ := gallery(t)
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--public-url", base(port))
	w := startWorker(t, workerConfig{origin: o.base, port: port})
	w.fill(ingest(t, images))
	w.put("site/zoom/index.html", "testdata/zoom.html")
	w.put("site/zoom/openseadragon.js", "../manifests/viewer/assets/openseadragon-6.1.1.min.js")
	look := func(id string, scales int) {
		t.Helper()
		loaded, failed, factors := b.zoom(w, id)
		t.Logf("%s: %d tiles, scale factors %v", id, loaded, factors)
		if failed != 0 || loaded < 5 || len(factors) < scales {
			t.Errorf("%s: %d tiles loaded, %d failed, scale factors %v", id, loaded, failed, factors)
		}
	}
	w.put("site/favicon.ico", "../manifests/viewer/assets/icon.svg")
	look(sampleEsc, 3)
	if n := o.settled(); n != 0 {
		t.Errorf("the origin was asked %d times", n)
	}
	if resp, err := http.Get(w.base + "/iiif/3/" + sampleEsc + "/full/60,/0/gray.png"); err != nil || resp.StatusCode != 200 || o.settled() != 1 {
		t.Errorf("a rendering: %v %v, and the origin counts %d", resp, err, o.requests())
	}
	o.stop()
	look(sampleEsc, 3)
	look("gray.jpg", 2) // which the Worker has not seen before
}
