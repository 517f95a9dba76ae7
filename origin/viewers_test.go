package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/vitrine-iiif/vitrine/origin/browsertest"
)

// viewerHost serves the viewers that .ci/deps has fetched.
func viewerHost(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for name, folder := range map[string]string{"mirador": "mirador-4.0.0", "clover": "clover-iiif-3.3.8", "universalviewer": "universalviewer-4.4.0"} {
		dir := filepath.Join(cache, "vitrine-test", "viewers", folder)
		if _, err := os.Stat(dir); err != nil {
			missing(t, folder+", which .ci/deps fetches")
		}
		mux.Handle("/"+name+"/", http.StripPrefix("/"+name, http.FileServer(http.Dir(dir))))
	}
	mux.Handle("/", http.FileServer(http.Dir("../edge/viewers")))
	ts := httptest.NewServer(mux)
	t.Cleanup(ts.Close)
	return ts.URL
}

// local fails the test for every request that left this machine.
func local(t *testing.T, b *browsertest.Tab) {
	t.Helper()
	for _, u := range b.Requested() {
		parsed, err := url.Parse(u)
		if err != nil || parsed.Host != "" && parsed.Hostname() != "127.0.0.1" {
			t.Errorf("requested: %s", u)
		}
	}
}

// TestViewers: the viewers that museums use open our manifests without a network, and
// fetch tiles from our image server.
func TestViewers(t *testing.T) {
	host := viewerHost(t)
	m := newMuseum(t, first(book(4)), second(book(4)))
	b := browsertest.Open(t)
	b.Screen(1200, 800, false)
	b.Run(network.SetCacheDisabled(true)) // each viewer fetches its own tiles
	// Each shows the title, in whatever language it takes.
	const titled = `(e => [%s].some(t => (e.shadowRoot || e).textContent.includes(t)))(document.querySelector('clover-viewer') || document.body)`
	for _, v := range []string{"mirador", "clover", "universalviewer"} {
		for name, object := range map[string]struct{ titles, image string }{"plain": {`"plain"`, "plain.jpg"}, "book": {`"A book of leaves", "Kniha listů"`, "book/p1.jpg"}} {
			t.Run(v+"/"+name, func(t *testing.T) {
				b.T = t
				m.forget()
				b.Complaints()
				b.Run(chromedp.Navigate(host + "/" + v + ".html?manifest=" + url.QueryEscape(m.site+"/"+name+".json")))
				b.Until(fmt.Sprintf(titled, object.titles))
				m.waitForTiles(t, b, object.image, 4)
				if v == "mirador" && name == "book" {
					for _, text := range comments {
						b.Until(`document.body.innerText.includes('` + text + `')`)
					}
				}
				time.Sleep(300 * time.Millisecond)
				b.Screenshot(v + "-" + name)
				local(t, b)
				for _, c := range b.Complaints() {
					if strings.HasPrefix(c, "exception") {
						t.Error(c)
					}
				}
			})
		}
	}
}

// waitForTiles waits until n different tiles of an image have been delivered; no
// request for an image may have failed.
func (m *museum) waitForTiles(t *testing.T, b *browsertest.Tab, image string, n int) {
	t.Helper()
	come := 0
	for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		got, bad := m.delivered(image)
		if len(bad) > 0 {
			t.Errorf("requests for images failed: %v", bad)
		}
		if got >= n {
			return
		}
		if closer := int(time.Since(start) / (700 * time.Millisecond)); closer > come && come < 6 {
			come = closer // a viewer may be content with a small picture
			b.Run(input.DispatchMouseEvent(input.MouseWheel, 600, 400).WithDeltaX(0).WithDeltaY(-200))
		}
		if time.Since(start) > browsertest.Patience {
			b.Screenshot("failed-" + strings.ReplaceAll(t.Name(), "/", "-"))
			t.Fatalf("%d tiles of %s were delivered\n%s", got, image, strings.Join(b.Complaints(), "\n"))
		}
	}
}

func first[A, B any](a A, _ B) A  { return a }
func second[A, B any](_ A, b B) B { return b }
