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

// listing is the sorted list of the image keys of a Dir. One walk at a time
// makes it, for everyone who asks; it survives the caller who started it.
type listing struct {
	dir *Dir
	ttl time.Duration
	max int

	mu      sync.Mutex
	keys    []string // sorted; never changed once it is here
	cut     bool     // max was reached
	until   time.Time
	walking chan struct{} // closed when the walk ends; nil without one
	err     error         // of the last walk
	ctx     context.Context
	cancel  context.CancelFunc
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

// get returns the keys, fresh or, while a walk takes long, those of before.
func (l *listing) get(ctx context.Context, op string) (keys []string, cut bool, err error) {
	l.mu.Lock()
	if l.keys != nil && time.Now().Before(l.until) {
		defer l.mu.Unlock()
		return l.keys, l.cut, nil
	}
	if l.walking == nil {
		if l.ctx.Err() != nil {
			l.mu.Unlock()
			return nil, false, unavailable(op, os.ErrClosed)
		}
		l.walking = make(chan struct{})
		go l.walk(l.walking)
	}
	walking, old, oldCut := l.walking, l.keys, l.cut
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
		return old, oldCut, nil
	case <-ctx.Done():
		return nil, false, ended(op, ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, false, fileFaultOfList(op, l.err)
	}
	return l.keys, l.cut, nil
}

// fileFaultOfList maps the failure of a walk: a folder that cannot be listed is
// an outage or forbidden, never an absence.
func fileFaultOfList(op string, err error) error {
	if f := fileFault(op, err); !fault.Is(f, fault.NotFound) {
		return f
	}
	return unavailable(op, err)
}

// walk makes a new list and closes done.
func (l *listing) walk(done chan struct{}) {
	ctx, cancel := context.WithTimeout(l.ctx, maxWalk)
	defer cancel()
	start := time.Now()
	var keys []string
	cut := false
	l.dir.mu.Lock()
	root := l.dir.root
	l.dir.mu.Unlock()
	// A folder that was exchanged for another of its name still lists the old
	// files; only this shows. Failures show in the walk.
	_, _ = l.dir.refresh(root)
	err := l.dir.within(func(root *os.Root) error {
		keys, cut = make([]string, 0, 64), false
		return fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err != nil && name == ".":
				return err
			case err != nil:
				// One folder that cannot be read does not hide the others.
				if entry != nil && entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			case entry.IsDir():
				if name != "." && strings.HasPrefix(entry.Name(), ".") {
					return fs.SkipDir
				}
				return nil
			case !listed(name) || !entry.Type().IsRegular() && entry.Type()&fs.ModeSymlink == 0:
				return nil
			case len(keys) == l.max:
				cut = true
				return fs.SkipAll
			}
			keys = append(keys, name)
			return nil
		})
	})
	// The walk is in the order of folders, in which "a/b" comes before "a-b".
	slices.Sort(keys)
	took := time.Since(start)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	if err == nil {
		l.keys, l.cut = keys, cut
		l.until = time.Now().Add(max(l.ttl, 10*took))
	}
	l.walking = nil
	close(done)
}

// List implements Lister. Linked files are listed, linked folders are not
// entered: they may lead in circles.
func (d *Dir) List(ctx context.Context, q Query) (Page, error) {
	const op = "source.Dir.List"
	keys, cut, err := d.listing.get(ctx, op)
	if err != nil {
		return Page{}, err
	}
	page := Page{Truncated: cut}
	match := q.matcher()
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
		if err == nil {
			page.Entries = append(page.Entries, entry)
		}
	}
	return page, nil
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
