package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/vitrine-iiif/vitrine/origin/ingest"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// reporter tells how an ingest goes: on a terminal by a bar that is drawn over and
// over, elsewhere by a line per image, and now and then one about a large image.
type reporter struct {
	out, errs io.Writer
	terminal  bool
	dry       bool
	store     string
	stop      func()

	mu       sync.Mutex
	began    time.Time
	images   int
	bytes    int64 // of all images
	finished int
	gone     int64              // bytes of images that are finished
	skipped  int64              // and of these, that were there already
	active   map[*item]*working // images under way
	made     []ingest.Result
	there    int
	faults   []string
	drawn    bool
}

// working is how far an image is.
type working struct {
	began, told time.Time
	done, total int64
}

const (
	redraw = 200 * time.Millisecond
	// tell is how often a line is written about an image that takes long.
	tell     = 10 * time.Second
	barWidth = 24
)

func newReporter(stdout, stderr io.Writer, dry bool, store string) *reporter {
	p := &reporter{out: stdout, errs: stderr, dry: dry, store: store, active: map[*item]*working{}, stop: func() {}}
	if f, ok := stderr.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	return p
}

// begin starts the clock.
func (p *reporter) begin(items []item) {
	p.began, p.images = time.Now(), len(items)
	for i := range items {
		p.bytes += items[i].size
	}
	if !p.terminal || p.dry {
		return
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(redraw)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.mu.Lock()
				p.draw()
				p.mu.Unlock()
			case <-done:
				return
			}
		}
	}()
	p.stop = func() { close(done); <-ended }
}

// start notes that an image is begun; what it returns, that it is finished.
func (p *reporter) start(it *item) func(ingest.Result, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.active[it] = &working{began: now, told: now, total: 1}
	return func(r ingest.Result, err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.active, it)
		p.finished++
		p.gone += it.size
		switch {
		case err != nil:
			p.skipped += it.size
			p.fail(it.name, err)
		case r.Skipped:
			p.skipped += it.size
			p.there++
			if p.dry {
				p.line("%s: there already", it.name)
			}
		default:
			p.made = append(p.made, r)
			p.done(it, r)
		}
	}
}

func (p *reporter) done(it *item, r ingest.Result) {
	if p.dry {
		p.line("%s: would be ingested: %s, %d × %d, %s", it.name, r.Format, r.Width, r.Height, inBytes(r.SourceBytes))
		return
	}
	loss := ""
	if r.Lossless {
		loss = ", lossless"
	}
	if !p.terminal {
		p.line("%d/%d %s: %d × %d%s, %s in %s, %s", p.finished, p.images, it.name, r.Width, r.Height, loss,
			inBytes(r.Bytes), inTime(r.Duration), p.left())
	}
}

// progress notes how far an image is.
func (p *reporter) progress(it *item, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.active[it]
	if w == nil {
		return
	}
	w.done, w.total = done, max(total, 1)
	if now := time.Now(); !p.terminal && now.Sub(w.told) >= tell {
		w.told = now
		p.line("%d/%d %s: %d %%, %s", p.finished, p.images, it.name, 100*w.done/w.total, p.left())
	}
}

// failed notes the failure of something that is no image yet.
func (p *reporter) failed(name string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail(name, err)
}

func (p *reporter) fail(name string, err error) {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		name = strconv.Quote(name)
	}
	p.erase()
	p.faults = append(p.faults, name)
	fmt.Fprintf(p.errs, "vitrine: %s: %s\n", name, strings.ReplaceAll(root(err), "\n", "; "))
}

// root says why something failed without the ways that the failure went; those of
// a mistake of our own are wanted.
func root(err error) string {
	kind := fault.KindOf(err)
	if kind == fault.Internal {
		return err.Error()
	}
	for e := err; e != nil; {
		var f *fault.Error
		if errors.Is(e, io.EOF) || errors.Is(e, io.ErrUnexpectedEOF) {
			return kind.String() + ": the file ends early"
		}
		if !errors.As(e, &f) {
			return kind.String() + ": " + e.Error()
		}
		e = f.Unwrap()
	}
	return kind.String() + ": " + fault.Public(err)
}

func (p *reporter) line(format string, args ...any) {
	p.erase()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// share returns the bytes that are through, those of images under way in
// proportion.
func (p *reporter) share() float64 {
	n := float64(p.gone)
	for it, w := range p.active {
		n += float64(it.size) * float64(w.done) / float64(w.total)
	}
	return n
}

// left says the rate and the time that is left, from what was really worked on.
func (p *reporter) left() string {
	elapsed := time.Since(p.began).Seconds()
	worked := p.share() - float64(p.skipped)
	if elapsed < 0.5 || worked <= 0 {
		return "…"
	}
	rate := worked / elapsed
	text := fmt.Sprintf("%s/s", inBytes(int64(rate)))
	if rest := float64(p.bytes) - p.share(); rest > 0 {
		text += ", " + inTime(time.Duration(rest/rate*float64(time.Second))) + " left"
	}
	return text
}

func (p *reporter) draw() {
	part := 0.0
	if p.bytes > 0 {
		part = min(p.share()/float64(p.bytes), 1)
	}
	full := int(part * barWidth)
	fmt.Fprintf(p.errs, "\r\x1b[K[%s%s] %3.0f %%  %d/%d  %s", strings.Repeat("█", full), strings.Repeat("░", barWidth-full),
		100*part, p.finished, p.images, p.left())
	p.drawn = true
}

func (p *reporter) erase() {
	if p.drawn {
		fmt.Fprint(p.errs, "\r\x1b[K")
		p.drawn = false
	}
}

// end writes the summary and returns the exit status.
func (p *reporter) end(ctx context.Context) int {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	lossless, pixels, bytes := 0, int64(0), int64(0)
	for _, r := range p.made {
		pixels += r.Pixels()
		bytes += r.Bytes
		if r.Lossless {
			lossless++
		}
	}
	if p.dry {
		fmt.Fprintf(p.out, "%d to be ingested, %d there already, %d failed\n", len(p.made), p.there, len(p.faults))
	} else {
		took := time.Since(p.began)
		fmt.Fprintf(p.out, "%d ingested (%d lossless), %d there already, %d failed; %.1f megapixels in %s (%.1f/s), %s in %s\n",
			len(p.made), lossless, p.there, len(p.faults), float64(pixels)/1e6, inTime(took),
			float64(pixels)/1e6/max(took.Seconds(), 1e-3), inBytes(bytes), p.store)
	}
	if len(p.faults) > 0 {
		fmt.Fprintf(p.errs, "vitrine: failed: %s\n", strings.Join(p.faults, ", "))
	}
	if left := p.images - p.finished; left > 0 {
		fmt.Fprintf(p.errs, "vitrine: interrupted, %d left: the same command goes on where this one stopped\n", left)
	}
	if len(p.faults) > 0 || p.finished < p.images || ctx.Err() != nil {
		return 1
	}
	return 0
}

// inBytes writes a number of bytes for people.
func inBytes(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f kB", float64(n)/1e3)
}

// inTime writes a duration for people.
func inTime(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
