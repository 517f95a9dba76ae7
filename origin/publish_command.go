package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/publish"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// publishCommand publishes manifests.
type publishCommand struct {
	settings `embed:""`

	From        string `placeholder:"SOURCE" help:"The same as --publish-from: directus://HOST, FILE.csv, a folder or s3://." group:"Publish"`
	To          string `placeholder:"TARGET" help:"The same as --publish-to: a folder, s3:// or r2://." group:"Publish"`
	DryRun      bool   `name:"dry-run" help:"Only say what would be done, with the changes of each manifest." group:"Publish"`
	Force       bool   `help:"Make and write everything anew." group:"Publish"`
	AllowDelete bool   `name:"allow-delete" help:"Remove manifests however many have vanished from the source." group:"Publish"`
}

// run publishes and returns the exit status: 0 all is published, 1 something was not,
// 2 the settings are wrong.
func (c *publishCommand) run(ctx context.Context, stdout, stderr io.Writer) int {
	if c.From != "" {
		c.Publish.From = c.From
	}
	if c.To != "" {
		c.Publish.To = c.To
	}
	p, err := c.newPublisher(ctx)
	if err != nil {
		printErrors(stderr, err)
		return 2
	}
	defer p.Close()
	p.config.DryRun, p.config.Force, p.config.AllowDelete = c.DryRun, c.Force, c.AllowDelete
	bar := newPublishBar(stderr)
	p.config.Progress = bar.show
	began := time.Now()
	report, err := publish.Run(ctx, p.config)
	bar.clear()
	printReport(stdout, stderr, report, c.DryRun, time.Since(began))
	if err != nil {
		fmt.Fprintln(stderr, "vitrine:", fault.Public(err)+reason(err))
		return 1
	}
	if report.Failed() {
		return 1
	}
	return 0
}

// reason is the cause of an error for who runs the command, who may see it.
func reason(err error) string {
	if text := err.Error(); !strings.Contains(text, fault.Public(err)) || len(text) > len(fault.Public(err)) {
		return " (" + text + ")"
	}
	return ""
}

// shownNames is how many names of one kind a report lists.
const shownNames = 20

// printReport says what happened, or in a dry run what would.
func printReport(stdout, stderr io.Writer, r *publish.Report, dry bool, took time.Duration) {
	list := func(mark string, names []string, diffs map[string][]string) {
		for i, n := range names {
			if i == shownNames && !dry {
				fmt.Fprintf(stdout, "%s … and %d more\n", mark, len(names)-i)
				return
			}
			fmt.Fprintf(stdout, "%s %s.json\n", mark, n)
			for _, line := range diffs[n] {
				fmt.Fprintln(stdout, "    "+line)
			}
		}
	}
	list("+", r.Added, nil)
	list("~", r.Changed, r.Diffs)
	list("-", r.Removed, nil)
	for _, w := range r.Warnings {
		fmt.Fprintf(stderr, "warning: %s: %s\n", w.Ref, w.Text)
	}
	for _, f := range r.Failures {
		fmt.Fprintf(stderr, "failed: %s: %s\n", f.Ref, f.Text)
	}
	if len(r.Refused) > 0 {
		fmt.Fprintf(stderr, "refused: %d manifests have vanished from the source, more than --publish-max-removal allows; they stay. Look why, then use --allow-delete. The first: %s\n",
			len(r.Refused), strings.Join(r.Refused[:min(len(r.Refused), 5)], ", "))
	}
	verb := "published"
	if dry {
		verb = "would be published"
	}
	fmt.Fprintf(stdout, "%d items %s in %s: %d new, %d changed, %d removed, %d unchanged, %d failed; %d documents written, %d deleted\n",
		r.Items, verb, took.Round(time.Millisecond), len(r.Added), len(r.Changed), len(r.Removed), r.Unchanged, len(r.Failures), r.Written, r.Deleted)
}

// publishBar shows progress on a terminal, and nothing elsewhere.
type publishBar struct {
	out      io.Writer
	terminal bool
	last     time.Time
	phase    string
	began    time.Time
}

func newPublishBar(w io.Writer) *publishBar {
	b := &publishBar{out: w}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		b.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	return b
}

func (b *publishBar) show(phase string, done, total int) {
	now := time.Now()
	if phase != b.phase {
		b.phase, b.began = phase, now
	}
	if !b.terminal || now.Sub(b.last) < redraw && done != total {
		return
	}
	b.last = now
	if total == 0 {
		fmt.Fprintf(b.out, "\r\x1b[K%s %d", phase, done)
		return
	}
	filled := barWidth * done / total
	left := ""
	if done > 0 && done < total {
		left = ", " + (now.Sub(b.began) * time.Duration(total-done) / time.Duration(done)).Round(time.Second).String() + " left"
	}
	fmt.Fprintf(b.out, "\r\x1b[K%s [%s%s] %d of %d%s", phase, strings.Repeat("█", filled), strings.Repeat("░", barWidth-filled), done, total, left)
}

func (b *publishBar) clear() {
	if b.terminal {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}

// limitWords writes limits into a recipe.
func limitWords(l iiif.Limits) string { return fmt.Sprintf("%+v", l) }
