package server

import (
	"context"
	"image"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/vitrine-iiif/vitrine/origin/browsertest"
)

// browser is one tab of a real browser with the server that it looks at.
type browser struct {
	t   *testing.T
	tab *browsertest.Tab
	ctx context.Context
	ts  *httptest.Server

	mu        sync.Mutex
	requested []string // paths, as they arrived
}

// open starts a server with f and a browser, with scripts that may run as strictly
// as the pages ask for.
func open(t *testing.T, f *fakeImages) *browser {
	t.Helper()
	b := &browser{t: t, tab: browsertest.Open(t)}
	b.ctx = b.tab.Context()
	s := newTestServer(t, Config{Limits: limits(), Title: "Collection of Maps & Views"}, Deps{Images: f, Gallery: f})
	public := s.Handler()
	b.ts = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.requested = append(b.requested, escapedPath(r))
		b.mu.Unlock()
		public.ServeHTTP(w, r)
	}))
	t.Cleanup(b.ts.Close)
	return b
}

// mine makes failures those of the test that runs.
func (b *browser) mine() *browsertest.Tab {
	b.tab.T = b.t
	return b.tab
}

func (b *browser) run(actions ...chromedp.Action) {
	b.t.Helper()
	b.mine().Run(actions...)
}

// eval returns the value of an expression, of a promise its result.
func eval[T any](b *browser, js string) T {
	b.t.Helper()
	return browsertest.Eval[T](b.mine(), js)
}

// until waits for an expression to be true.
func (b *browser) until(js string) {
	b.t.Helper()
	b.mine().Until(js)
}

// take forgets and returns the paths that were requested so far.
func (b *browser) take() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	paths := b.requested
	b.requested = nil
	return paths
}

// quiet fails the test for everything that the browser complained about.
func (b *browser) quiet() {
	b.t.Helper()
	b.mine().Quiet()
}

// screenshot returns what is seen, and keeps it as name.png.
func (b *browser) screenshot(name string) image.Image {
	b.t.Helper()
	return b.mine().Screenshot(name)
}
