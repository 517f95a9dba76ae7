package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const (
	defaultListTTL = 5 * time.Second
	defaultListMax = 500_000
	// staleAfter is how long a caller waits for a new walk while an older listing
	// is at hand.
	staleAfter = 250 * time.Millisecond
	// maxWalk bounds one walk of the folder.
	maxWalk = 10 * time.Minute
)

// listing is what a Dir has. One walk at a time finds it out, for everyone who asks;
// it survives the caller who started it.
type listing struct {
	dir *Dir
	ttl time.Duration
	max int

	mu      sync.Mutex
	found   *findings // nil before the first walk ended
	until   time.Time
	walking chan struct{} // closed when the walk ends; nil without one
	err     error         // of the last walk
	ctx     context.Context
	cancel  context.CancelFunc
}

// findings are what a walk found. They never change.
type findings struct {
	keys    []string // of images, sorted
	cut     bool     // the listing's max was reached
	refused []Refusal
}

func newListing(d *Dir, cfg DirConfig) *listing {
	l := &listing{dir: d, ttl: cfg.ListTTL, max: cfg.ListMax}
	if l.ttl <= 0 {
		l.ttl = defaultListTTL
	}
	if l.max <= 0 {
		l.max = defaultListMax
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// stop ends a walk and waits for it.
func (l *listing) stop() {
	l.cancel()
	l.mu.Lock()
	walking := l.walking
	l.mu.Unlock()
	if walking != nil {
		<-walking
	}
}

// get returns the findings, fresh or, while a walk takes long, those of before.
func (l *listing) get(ctx context.Context, op string) (*findings, error) {
	l.mu.Lock()
	if l.found != nil && time.Now().Before(l.until) {
		defer l.mu.Unlock()
		return l.found, nil
	}
	if l.walking == nil {
		if l.ctx.Err() != nil {
			l.mu.Unlock()
			return nil, unavailable(op, os.ErrClosed)
		}
		l.walking = make(chan struct{})
		go l.walk(l.walking)
	}
	walking, old := l.walking, l.found
	l.mu.Unlock()

	var stale <-chan time.Time
	if old != nil {
		timer := time.NewTimer(staleAfter)
		defer timer.Stop()
		stale = timer.C
	}
	select {
	case <-walking:
	case <-stale:
		return old, nil
	case <-ctx.Done():
		return nil, ended(op, ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, fileFaultOfList(op, l.err)
	}
	return l.found, nil
}

// fileFaultOfList maps the failure of a walk: a folder that cannot be listed is
// an outage or forbidden, never an absence.
func fileFaultOfList(op string, err error) error {
	if f := fileFault(op, err); !fault.Is(f, fault.NotFound) {
		return f
	}
	return unavailable(op, err)
}

// walk finds out anew and closes done.
func (l *listing) walk(done chan struct{}) {
	ctx, cancel := context.WithTimeout(l.ctx, maxWalk)
	defer cancel()
	start := time.Now()
	var found *findings
	l.dir.mu.Lock()
	root := l.dir.root
	l.dir.mu.Unlock()
	// A folder that was exchanged for another of its name still lists the old
	// files; only this shows. Failures show in the walk.
	_, _ = l.dir.refresh(root)
	err := l.dir.within(func(root *os.Root) error {
		found = &findings{keys: make([]string, 0, 64)}
		return fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return l.visit(found, name, entry, err)
		})
	})
	took := time.Since(start)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	if err == nil {
		// The walk is in the order of folders, in which "a/b" comes before "a-b".
		slices.Sort(found.keys)
		l.found = found
		l.until = time.Now().Add(max(l.ttl, 10*took))
	}
	l.walking = nil
	close(done)
}

// visit takes a file or folder into found; as an fs.WalkDirFunc it says how to go on.
func (l *listing) visit(found *findings, name string, entry fs.DirEntry, err error) error {
	const op = "source.Dir.List"
	switch {
	case err != nil && name == ".":
		return err
	case name != "." && hidden(name):
		if entry != nil && entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	case err != nil:
		// One folder that cannot be read does not hide the others.
		if !validKey(name) {
			err = errUnnameable
		}
		if !errors.Is(err, fs.ErrNotExist) { // else it went away meanwhile
			found.refuse(name, fileFault(op, err))
		}
		if entry != nil && entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	case entry.IsDir():
		return nil
	case unnameable(name):
		found.refuse(name, fileFault(op, errUnnameable))
		return nil
	case entry.Type()&fs.ModeSymlink != 0 && l.dir.leadsOut(name):
		found.refuse(name, fault.E(op, fault.Forbidden, errors.New("a link to a folder outside of the source")))
		return nil
	case !listed(name) || !entry.Type().IsRegular() && entry.Type()&fs.ModeSymlink == 0:
		return nil
	case len(found.keys) == l.max:
		found.cut = true
		return fs.SkipAll
	}
	found.keys = append(found.keys, name)
	return nil
}

func (f *findings) refuse(name string, err error) {
	if len(f.refused) < maxRefused {
		f.refused = append(f.refused, Refusal{name, err})
	}
}

// leadsOut reports whether a link leads to a folder outside of d. What is in folders
// inside is listed where it lies.
func (d *Dir) leadsOut(name string) bool {
	path := filepath.Join(d.path, filepath.FromSlash(name))
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return false
	}
	err = d.within(func(root *os.Root) error { _, err := root.Stat(filepath.FromSlash(name)); return err })
	return escapes(err)
}

// List implements Lister. Linked files are listed, linked folders are not
// entered: they may lead in circles.
func (d *Dir) List(ctx context.Context, q Query) (Page, error) {
	const op = "source.Dir.List"
	found, err := d.listing.get(ctx, op)
	if err != nil {
		return Page{}, err
	}
	keys, page, match := found.keys, Page{Truncated: found.cut}, q.matcher()
	if q.After == "" {
		for _, r := range found.refused {
			if strings.HasPrefix(r.Name, q.Prefix) && match(r.Name) {
				page.Refused = append(page.Refused, r)
			}
		}
	}
	from, _ := slices.BinarySearch(keys, q.Prefix)
	if q.After != "" {
		after, found := slices.BinarySearch(keys, q.After)
		if found {
			after++
		}
		from = max(from, after)
	}
	for i, key := range keys[from:] {
		if !strings.HasPrefix(key, q.Prefix) {
			break
		}
		if i&0x3ff == 0 && ctx.Err() != nil {
			return Page{}, ended(op, ctx)
		}
		if !match(key) {
			continue
		}
		if len(page.Entries) == q.limit() {
			page.Next = page.Entries[len(page.Entries)-1].Key
			break
		}
		entry, err := d.entry(key)
		if errors.Is(err, errReplaced) {
			return Page{}, unavailable(op, err)
		}
		switch {
		case err == nil:
			page.Entries = append(page.Entries, entry)
		case d.there(key) && len(page.Refused) < maxRefused:
			page.Refused = append(page.Refused, Refusal{key, fileFault(op, err)})
		}
	}
	return page, nil
}

// there reports whether a file, or a link that leads nowhere, has not gone away since
// it was listed.
func (d *Dir) there(key string) bool {
	return d.within(func(root *os.Root) error { _, err := root.Lstat(filepath.FromSlash(key)); return err }) == nil
}

// entry describes a listed file; it fails for one that went away since or that
// is a link to something else than a file in the folder.
func (d *Dir) entry(key string) (e Entry, err error) {
	err = d.within(func(root *os.Root) error {
		info, err := root.Stat(filepath.FromSlash(key))
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return errIrregular
		}
		e = Entry{Key: key, Size: info.Size(), Modified: info.ModTime()}
		return nil
	})
	return e, err
}
