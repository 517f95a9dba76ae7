package publish

import (
	"context"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// build makes and writes the documents of every item that changed.
func (r *run) build(ctx context.Context) error {
	changed, err := r.changed()
	if err != nil {
		return err
	}
	if len(changed) > 0 {
		names := make([]string, len(changed))
		for i, c := range changed {
			names[i] = c.item.Name
		}
		if err := r.announce(ctx, names); err != nil {
			return err
		}
	}
	var mu sync.Mutex // guards r.next, r.rep and done
	done := 0
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(r.Parallel)
	for _, c := range changed {
		g.Go(func() error {
			if err := gctx.Err(); err != nil {
				return fault.E("publish.Run", fault.Canceled, err)
			}
			m, err := r.make(c)
			if err == nil {
				err = r.write(gctx, m, &mu)
			} else if fault.KindOf(err) == fault.Invalid {
				mu.Lock()
				defer mu.Unlock()
				r.fail(c.item.Ref, c.item.Name, fault.Public(err))
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			r.Progress("publish", done, len(changed))
			return err
		})
	}
	err = g.Wait()
	r.keepFailed()
	r.stamp()
	slices.Sort(r.rep.Added)
	slices.Sort(r.rep.Changed)
	slices.SortFunc(r.rep.Failures, compareRemarks)
	slices.SortFunc(r.rep.Warnings, compareRemarks)
	return err
}

func compareRemarks(a, b Remark) int {
	for _, c := range [][2]string{{a.Ref, b.Ref}, {a.Text, b.Text}} {
		if c[0] != c[1] {
			if c[0] < c[1] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// change is an item whose documents must be made.
type change struct {
	item *item.Item
	hash string
	old  *record // nil for a new item
}

// changed returns the items to build; the others are taken over.
func (r *run) changed() ([]change, error) {
	var list []change
	for i := range r.items {
		it := &r.items[i]
		hash, err := r.hash(it)
		if err != nil {
			r.fail(it.Ref, it.Name, err.Error())
			continue
		}
		rec := r.old.Items[it.Name]
		if rec != nil && rec.Hash == hash && rec.Entry.Ref == it.Ref && r.old.Recipe == r.Recipe && !r.Force && !r.doubt[it.Name] && r.present(rec.Files) {
			r.next[it.Name] = rec
			r.rep.Unchanged++
			for _, w := range rec.Warnings {
				r.rep.Warnings = append(r.rep.Warnings, Remark{Ref: it.Ref, Name: it.Name, Text: w})
			}
			continue
		}
		list = append(list, change{item: it, hash: hash, old: rec})
	}
	return list, nil
}

// present reports whether the target still has the files.
func (r *run) present(files map[string]string) bool {
	for p := range files {
		if _, ok := r.listed[p]; !ok {
			return false
		}
	}
	return true
}

// announce notes which items are about to be written, before anything is, so that the
// next publication knows what it cannot rely on if this one dies before it saves its
// state. names may be empty: then only lists and removals are at stake.
func (r *run) announce(ctx context.Context, names []string) error {
	if r.DryRun || r.announced && len(names) == 0 {
		return nil
	}
	for name := range r.doubt {
		names = append(names, name)
	}
	slices.Sort(names)
	d, err := document(pendingPath, slices.Compact(names))
	if err != nil {
		return err
	}
	r.announced = true
	return r.Target.Put(ctx, d)
}

// stamp dates what is new and what has changed. It is one moment, when all of it is there:
// a harvester that reads the activity stream meanwhile misses nothing, and what appeared
// for the first time is told from what changed.
func (r *run) stamp() {
	now := r.Now().UTC()
	for _, rec := range r.next {
		if rec.Entry.Published.IsZero() {
			rec.Entry.Published = now
		}
		if rec.Entry.Changed.IsZero() {
			rec.Entry.Changed = now
		}
	}
}

// made is an item's documents, the manifest last: what it names is there before it.
type made struct {
	change
	record *record
	docs   []presentation.Document
}

func (r *run) make(c change) (*made, error) {
	built, err := r.Builder.Manifest(*c.item)
	if err != nil {
		return nil, err
	}
	m := &made{change: c, record: &record{Entry: built.Entry(*c.item), Hash: c.hash, Files: map[string]string{}, Warnings: built.Warnings}}
	for _, p := range slices.Sorted(maps.Keys(built.Documents)) {
		body, err := presentation.Encode(built.Documents[p])
		if err != nil {
			return nil, err
		}
		m.docs = append(m.docs, presentation.Document{Path: p, MediaType: presentation.ManifestType, Body: body})
	}
	body, err := presentation.Encode(built.Manifest)
	if err != nil {
		return nil, err
	}
	manifest := presentation.Document{Path: c.item.Name + ".json", MediaType: presentation.ManifestType, Body: body}
	e := &m.record.Entry
	if c.old != nil {
		e.Published = c.old.Entry.Published
		if c.old.Files[manifest.Path] == digest(body) {
			e.Changed = c.old.Entry.Changed
		}
	}
	for _, object := range r.Objects {
		docs, err := object(*e, &built.Manifest)
		if err != nil {
			return nil, err
		}
		m.docs = append(m.docs, docs...)
	}
	m.docs = append(m.docs, manifest)
	for _, d := range m.docs {
		m.record.Files[d.Path] = digest(d.Body)
	}
	return m, nil
}

// write brings the documents that differ to the target.
func (r *run) write(ctx context.Context, m *made, mu *sync.Mutex) error {
	var diff []string
	written := 0
	for _, d := range m.docs {
		_, there := r.listed[d.Path]
		if m.old != nil && there && m.old.Files[d.Path] == m.record.Files[d.Path] && !r.Force && !r.doubt[m.item.Name] {
			continue
		}
		written++
		if !r.DryRun {
			if err := r.Target.Put(ctx, d); err != nil {
				return err
			}
		} else if m.old != nil && d.Path == m.item.Name+".json" {
			before, _, err := r.Target.Get(ctx, d.Path)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				return err
			}
			diff = Diff(before, d.Body)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	r.next[m.item.Name] = m.record
	r.rep.Written += written
	for _, w := range m.record.Warnings {
		r.rep.Warnings = append(r.rep.Warnings, Remark{Ref: m.item.Ref, Name: m.item.Name, Text: w})
	}
	switch {
	case m.old == nil:
		r.rep.Added = append(r.rep.Added, m.item.Name)
	case written > 0:
		r.rep.Changed = append(r.rep.Changed, m.item.Name)
		if diff != nil {
			r.rep.Diffs[m.item.Name] = diff
		}
	default:
		r.rep.Unchanged++
	}
	return nil
}

// keepFailed takes over the records of items that the source still has but that could
// not be published this time.
func (r *run) keepFailed() {
	have := map[string]bool{}
	for _, rec := range r.next {
		have[rec.Entry.Ref] = true
	}
	for name, rec := range r.old.Items {
		ref := rec.Entry.Ref
		if r.next[name] == nil && !have[ref] && (r.kept[ref] || r.sourceErr != nil) {
			r.next[name] = rec
		}
	}
}
