// Package publish brings the manifests of a source to the place they are served from,
// and keeps them in step: what changed is written, what is gone is removed, the rest
// is left alone.
//
// # Guarantees
//
// Every document is whole at every moment, whenever the process dies: manifests and
// what belongs to them are written first, then the lists that name them, then removed
// items are deleted, and the state comes last. So no list ever names a manifest that
// is not there. A publication that died is completed, or cleaned up, by the next one.
//
// An item that cannot be built keeps its last good manifest. A source that ends with
// an error removes nothing. Two publications to one target do not mix: the second one
// fails with Conflict.
package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Config says what is published where.
type Config struct {
	// Source yields the items. Required.
	Source item.Source
	// Target takes the documents. Required.
	Target Target
	// Builder makes the manifests. Required.
	Builder *presentation.Builder
	// Recipe identifies everything else that the documents follow from: settings and
	// the version of the program. When it changes, all is built anew.
	Recipe string
	// Sizer knows the sizes of our own images; nil is that none is known.
	Sizer item.Sizer
	// Services knows the sizes at foreign image services, by their base URI; nil is
	// that none is known.
	Services item.Sizer
	// Assets are files that other documents need: they are written first.
	Assets []presentation.Document
	// Objects make the documents that go with each manifest.
	Objects []func(presentation.Entry, *presentation.Manifest) ([]presentation.Document, error)
	// Lists make the documents that name many manifests.
	Lists []func(presentation.Catalogue) iter.Seq2[presentation.Document, error]
	// Parallel is how many documents are written at one time. Default 16.
	Parallel int
	// MaxRemoval is the largest share of published items, 0 to 1, that may vanish
	// without AllowDelete. Default 0.2. A handful (5) may always vanish.
	MaxRemoval float64
	// AllowDelete lifts MaxRemoval.
	AllowDelete bool
	// DryRun reads and builds, but writes nothing.
	DryRun bool
	// Force builds and writes everything.
	Force bool
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Progress is called from one goroutine at a time as items are dealt with; may
	// be nil. Total is 0 while it is not known.
	Progress func(phase string, done, total int)
}

// few is how many items may always vanish: small sites lose a large share at once.
const few = 5

// Report says what a publication did, or would do.
type Report struct {
	// Items is how many items the source has, Unchanged how many were left alone.
	Items, Unchanged int
	// Added, Changed and Removed are names of items.
	Added, Changed, Removed []string
	// Written and Deleted count documents.
	Written, Deleted int
	// Diffs are, in a dry run, the changes of each manifest in lines, by name.
	Diffs map[string][]string
	// Failures are items that were not published, and Warnings what was mended.
	Failures, Warnings []Remark
	// Refused is set when removals exceed MaxRemoval; none was done then.
	Refused []string
}

// Remark is something that whoever keeps the records should know.
type Remark struct {
	Ref, Name string
	Text      string
}

// Failed reports whether something needs attention: the exit status is 1 then.
func (r *Report) Failed() bool { return len(r.Failures) > 0 || len(r.Refused) > 0 }

// Run publishes. The report is never nil; with an error it says how far it came. An
// error is that of the source when it could not be read to its end (what it did yield
// was published), or of the target.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	const op = "publish.Run"
	rep := &Report{Diffs: map[string][]string{}}
	if cfg.Source == nil || cfg.Target == nil || cfg.Builder == nil {
		return rep, fault.New(op, fault.Invalid, "a publication needs a source, a target and a builder")
	}
	if cfg.Parallel <= 0 {
		cfg.Parallel = 16
	}
	if cfg.MaxRemoval <= 0 {
		cfg.MaxRemoval = 0.2
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Progress == nil {
		cfg.Progress = func(string, int, int) {}
	}
	if !cfg.DryRun {
		unlock, err := cfg.Target.Lock(ctx)
		if err != nil {
			return rep, err
		}
		defer unlock()
	}
	r := &run{Config: cfg, rep: rep, next: map[string]*record{}, kept: map[string]bool{}}
	return rep, r.all(ctx)
}

// run is one publication.
type run struct {
	Config
	rep       *Report
	old       *state
	version   string
	died      bool            // the publication before did not finish
	doubt     map[string]bool // names of items that it may have written
	announced bool
	listed    map[string]int64 // what the target has: size by path
	items     []item.Item
	sourceErr error
	kept      map[string]bool    // refs that the source still has, good or bad
	next      map[string]*record // by name
	sizes     map[string]known
	gone      []presentation.Gone
	digests   map[string]string // of assets and lists, by path
	oldLists  map[string]string // those before this publication
}

func (r *run) all(ctx context.Context) error {
	steps := []func(context.Context) error{r.load, r.read, r.resolve, r.assets, r.build, r.lists, r.remove, r.save}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return r.sourceErr
}

// load reads what is there.
func (r *run) load(ctx context.Context) (err error) {
	if r.old, r.version, err = loadState(ctx, r.Target); err != nil {
		return err
	}
	if r.doubt, r.died, err = loadPending(ctx, r.Target); err != nil {
		return err
	}
	r.listed = map[string]int64{}
	for s, err := range r.Target.List(ctx) {
		if err != nil {
			return err
		}
		r.listed[s.Path] = s.Size
	}
	return nil
}

// read takes all items of the source and finds those that cannot be published
// whatever their content is.
func (r *run) read(ctx context.Context) error {
	seen := map[string]bool{}
	for it, err := range r.Source.Items(ctx) {
		if err != nil && it.Ref == "" {
			r.sourceErr = err
			break
		}
		r.rep.Items++
		r.Progress("read", r.rep.Items, 0)
		r.kept[it.Ref] = true
		if err == nil {
			err = it.Check()
		}
		if err == nil && seen[it.Ref] {
			err = fault.New("publish.Run", fault.Invalid, "the source has two items "+it.Ref)
		}
		seen[it.Ref] = true
		if err != nil {
			r.fail(it.Ref, it.Name, fault.Public(err))
			continue
		}
		// Sizes are filled in later; the source's own values stay as they are.
		it.Pages, it.Provider = slices.Clone(it.Pages), slices.Clone(it.Provider)
		r.items = append(r.items, it)
	}
	r.clashes()
	return ctx.Err()
}

// clashes drops items that share a name. One that has been published under it keeps
// its manifest; a newcomer never replaces another item's.
func (r *run) clashes() {
	rivals := map[string][]string{} // refs by name
	for _, it := range r.items {
		rivals[it.Name] = append(rivals[it.Name], it.Ref)
	}
	for name, rec := range r.old.Items {
		if owner := rec.Entry.Ref; r.kept[owner] && rivals[name] != nil && !slices.Contains(rivals[name], owner) {
			rivals[name] = append(rivals[name], owner)
		}
	}
	good := r.items[:0]
	for _, it := range r.items {
		if refs := rivals[it.Name]; len(refs) > 1 {
			r.fail(it.Ref, it.Name, "the name "+it.Name+" is wanted by "+strings.Join(refs, " and "))
			continue
		}
		good = append(good, it)
	}
	r.items = good
}

// fail records an item that is not published; its last good manifest stays.
func (r *run) fail(ref, name, text string) {
	r.rep.Failures = append(r.rep.Failures, Remark{Ref: ref, Name: name, Text: text})
}

// hash identifies an item with everything that its documents follow from.
func (r *run) hash(it *item.Item) (string, error) {
	body, err := json.Marshal(it)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}
