package publish

import (
	"context"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// assets writes what pages need before any page is there.
func (r *run) assets(ctx context.Context) error {
	r.digests = map[string]string{}
	for _, d := range r.Assets {
		if err := r.list(ctx, d, func() error { return r.Target.Put(ctx, d) }); err != nil {
			return err
		}
	}
	return nil
}

// list remembers a document that belongs to no item and has it written unless the
// target has it.
func (r *run) list(ctx context.Context, d presentation.Document, put func() error) error {
	r.digests[d.Path] = digest(d.Body)
	if _, there := r.listed[d.Path]; there && r.old.Lists[d.Path] == r.digests[d.Path] && !r.Force && !r.died {
		return nil
	}
	r.rep.Written++
	if r.DryRun {
		return nil
	}
	if err := r.announce(ctx, nil); err != nil {
		return err
	}
	return put()
}

// lists writes the documents that name many manifests. They come after the manifests
// and before any deletion, so that what they name is always there.
func (r *run) lists(ctx context.Context) error {
	r.refuse()
	c := r.catalogue()
	r.gone = c.Gone
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(r.Parallel)
	for _, list := range r.Lists {
		for d, err := range list(c) {
			if err == nil {
				err = r.list(gctx, d, func() error {
					g.Go(func() error { return r.Target.Put(gctx, d) })
					return nil
				})
			}
			if err != nil {
				g.Wait()
				return err
			}
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	r.oldLists, r.old.Lists = r.old.Lists, r.digests
	return nil
}

// maxGone is how many removals are remembered; harvesters come more often.
const maxGone = 10_000

// catalogue is what is published now, and what was before.
func (r *run) catalogue() presentation.Catalogue {
	var c presentation.Catalogue
	there := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(r.next)) {
		c.Entries = append(c.Entries, r.next[name].Entry)
		there[r.next[name].Entry.ID] = true
	}
	for _, g := range r.old.Gone {
		if !there[g.ID] {
			c.Gone = append(c.Gone, g)
		}
	}
	now := r.Now().UTC()
	for _, name := range slices.Sorted(maps.Keys(r.old.Items)) {
		if id := r.old.Items[name].Entry.ID; !there[id] {
			c.Gone = append(c.Gone, presentation.Gone{ID: id, At: now})
		}
	}
	c.Gone = c.Gone[max(0, len(c.Gone)-maxGone):]
	return c
}

// refuse decides whether what vanished from the source may be removed.
func (r *run) refuse() {
	var gone []string
	for name, rec := range r.old.Items {
		// A renamed item has not vanished.
		if r.next[name] == nil && !r.kept[rec.Entry.Ref] {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	share := r.MaxRemoval * float64(len(r.old.Items))
	if len(gone) <= few || float64(len(gone)) <= share || r.AllowDelete {
		return
	}
	r.rep.Refused = gone
	for _, name := range gone {
		r.next[name] = r.old.Items[name]
	}
}

// remove deletes what nothing names any more: documents of items that are gone, of
// lists, of items that have fewer documents now, and what a publication that died
// left.
func (r *run) remove(ctx context.Context) error {
	used := map[string]bool{}
	for _, rec := range r.next {
		for p := range rec.Files {
			used[p] = true
		}
	}
	for p := range r.old.Lists {
		used[p] = true
	}
	stale := map[string]bool{}
	consider := func(p string) {
		if _, there := r.listed[p]; there && !used[p] {
			stale[p] = true
		}
	}
	for name, rec := range r.old.Items {
		for p := range rec.Files {
			consider(p)
		}
		if r.next[name] == nil {
			r.rep.Removed = append(r.rep.Removed, name)
		}
	}
	for p := range r.oldLists {
		consider(p)
	}
	for have := range r.listed {
		// What a publication that died made for items that are no more.
		top, _, nested := strings.Cut(have, "/")
		if name, ok := strings.CutSuffix(top, ".json"); nested && r.doubt[top] || !nested && ok && r.doubt[name] {
			consider(have)
		}
	}
	slices.Sort(r.rep.Removed)
	r.rep.Deleted = len(stale)
	if r.DryRun || len(stale) == 0 {
		return nil
	}
	if err := r.announce(ctx, nil); err != nil {
		return err
	}
	return r.Target.Delete(ctx, slices.Sorted(maps.Keys(stale)))
}

// save writes the state when it says anything new.
func (r *run) save(ctx context.Context) error {
	if r.DryRun {
		return nil
	}
	s := state{Format: stateFormat, Recipe: r.Recipe, Items: r.next, Lists: r.old.Lists, Sizes: r.sizes, Gone: r.gone}
	d, err := document(statePath, s)
	if err != nil {
		return fault.E("publish.Run", fault.Internal, err)
	}
	have, _, err := r.Target.Get(ctx, statePath)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if digest(have) != digest(d.Body) || err != nil {
		if err := r.Target.Swap(ctx, d, r.version); err != nil {
			return err
		}
	}
	if r.announced || r.died {
		return r.Target.Delete(ctx, []string{pendingPath})
	}
	return nil
}
