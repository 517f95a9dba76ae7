// Package browsertest drives a real browser in tests: Chromium, cut off from every
// network but this machine.
package browsertest

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is a tab with everything that it asked for and complained about.
type Tab struct {
	// T is the test that failures belong to; subtests may put theirs.
	T *testing.T

	ctx        context.Context
	mu         sync.Mutex
	complaints []string
	requested  []string
}

// Open starts a browser. The test is skipped where there is none, unless VITRINE_CI
// is 1.
func Open(t *testing.T) *Tab {
	t.Helper()
	exe, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("VITRINE_CI") == "1" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed")
	}
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
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	b := &Tab{T: t}
	b.ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	chromedp.ListenTarget(b.ctx, b.hear)
	b.Run(browserlog.Enable(), runtime.Enable(), network.Enable())
	return b
}

// Context is that of the tab, for actions.
func (b *Tab) Context() context.Context { return b.ctx }

// hear collects requests, errors, warnings of scripts, and refusals of content
// policies.
func (b *Tab) hear(event any) {
	text := ""
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.mu.Lock()
		b.requested = append(b.requested, e.Request.URL)
		b.mu.Unlock()
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
	case *page.EventJavascriptDialogOpening:
		text = "dialog: " + e.Message
		go chromedp.Run(b.ctx, page.HandleJavaScriptDialog(true))
	}
	if text != "" {
		b.mu.Lock()
		b.complaints = append(b.complaints, text)
		b.mu.Unlock()
	}
}

// Run runs actions.
func (b *Tab) Run(actions ...chromedp.Action) {
	b.T.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.T.Fatal(err)
	}
}

// Eval returns the value of an expression, of a promise its result.
func Eval[T any](b *Tab, js string) (v T) {
	b.T.Helper()
	b.Run(chromedp.Evaluate(js, &v, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return v
}

// Patience is how long Until waits.
const Patience = 20 * time.Second

// Until waits for an expression to be true. While a page gives way to another one,
// evaluating fails.
func (b *Tab) Until(js string) {
	b.T.Helper()
	var err error
	for start := time.Now(); time.Since(start) < Patience; time.Sleep(50 * time.Millisecond) {
		done := false
		if err = chromedp.Run(b.ctx, chromedp.Evaluate(js, &done)); err == nil && done {
			return
		}
	}
	b.Screenshot("failed-" + strings.ReplaceAll(b.T.Name(), "/", "-"))
	b.T.Fatalf("it never became true: %s (%v)\n%s", js, err, strings.Join(b.Complaints(), "\n"))
}

// Complaints forgets and returns what the browser complained about.
func (b *Tab) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.complaints
	b.complaints = nil
	return list
}

// Quiet fails the test for everything that the browser complained about.
func (b *Tab) Quiet() {
	b.T.Helper()
	for _, c := range b.Complaints() {
		b.T.Errorf("the browser complains: %s", c)
	}
}

// Requested forgets and returns the URLs that were asked for.
func (b *Tab) Requested() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.requested
	b.requested = nil
	return list
}

// Asked reports whether a URL that contains the text was asked for so far.
func (b *Tab) Asked(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.requested, func(u string) bool { return strings.Contains(u, text) })
}

// Screen sets the size of the window, in CSS pixels, and the colour scheme.
func (b *Tab) Screen(width, height int64, dark bool) {
	b.T.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.Run(chromedp.EmulateViewport(width, height), emulation.SetTouchEmulationEnabled(width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
}

// Screenshot returns what is seen, and keeps it as name.png in the folder that
// VITRINE_SCREENSHOTS names.
func (b *Tab) Screenshot(name string) image.Image {
	b.T.Helper()
	var shot []byte
	b.Run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		shot, err = page.CaptureScreenshot().Do(ctx)
		return err
	}))
	if dir := os.Getenv("VITRINE_SCREENSHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o644); err != nil {
			b.T.Fatal(err)
		}
	}
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		b.T.Fatal(err)
	}
	return img
}
