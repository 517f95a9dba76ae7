package server

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is one tab of a real browser with everything it complained about.
type browser struct {
	t   *testing.T
	ctx context.Context
	ts  *httptest.Server

	mu         sync.Mutex
	complaints []string
	requested  []string // paths
}

// open starts a server with f and a browser, with scripts that may run as strictly
// as the pages ask for.
func open(t *testing.T, f *fakeImages) *browser {
	t.Helper()
	exe, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("VITRINE_CI") == "1" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed")
	}
	b := &browser{t: t}
	s := newTestServer(t, Config{Limits: limits(), Title: "Collection of Maps & Views"}, Deps{Images: f, Gallery: f})
	public := s.Handler()
	b.ts = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.requested = append(b.requested, escapedPath(r))
		b.mu.Unlock()
		public.ServeHTTP(w, r)
	}))
	t.Cleanup(b.ts.Close)

	profile, err := os.MkdirTemp("", "vitrine-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The browser's helpers write for a moment after it has ended.
		for range 50 {
			if os.RemoveAll(profile) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(exe), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
	)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	b.ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	chromedp.ListenTarget(b.ctx, b.hear)
	b.run(browserlog.Enable(), runtime.Enable())
	return b
}

// hear collects errors, warnings of scripts, and refusals of the content policy.
func (b *browser) hear(event any) {
	text := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text = e.ExceptionDetails.Error()
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			text = string(e.Type)
			for _, a := range e.Args {
				text += " " + string(a.Value) + a.Description
			}
		}
	case *browserlog.EventEntryAdded:
		// The graphics driver of a machine without a screen is no matter of ours.
		if e.Entry.Level != browserlog.LevelInfo && e.Entry.Level != browserlog.LevelVerbose && e.Entry.Source != browserlog.SourceRendering &&
			!strings.Contains(e.Entry.Text, "GL Driver Message") && !strings.Contains(e.Entry.Text, "software WebGL") {
			text = fmt.Sprint(e.Entry.Source, " ", e.Entry.Level, ": ", e.Entry.Text, " ", e.Entry.URL)
		}
	}
	if text != "" {
		b.mu.Lock()
		b.complaints = append(b.complaints, text)
		b.mu.Unlock()
	}
}

func (b *browser) run(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// eval returns the value of an expression, of a promise its result.
func eval[T any](b *browser, js string) (v T) {
	b.t.Helper()
	b.run(chromedp.Evaluate(js, &v, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return v
}

// until waits for an expression to be true. While a page gives way to another one,
// evaluating fails.
func (b *browser) until(js string) {
	b.t.Helper()
	var err error
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
		done := false
		if err = chromedp.Run(b.ctx, chromedp.Evaluate(js, &done)); err == nil && done {
			return
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.t.Fatalf("it never became true: %s (%v)\n%s", js, err, strings.Join(b.complaints, "\n"))
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
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		b.t.Errorf("the browser complains: %s", c)
	}
	b.complaints = nil
}

// screenshot returns what is seen, and keeps it as name.png.
func (b *browser) screenshot(name string) image.Image {
	b.t.Helper()
	var shot []byte
	b.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		shot, err = page.CaptureScreenshot().Do(ctx)
		return err
	}))
	dir := os.Getenv("VITRINE_SCREENSHOTS")
	if dir == "" {
		dir = b.t.TempDir()
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o644); err != nil {
		b.t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		b.t.Fatal(err)
	}
	return img
}
