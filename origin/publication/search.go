package publication

import (
	"context"
	"encoding/json"
	"net/url"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/manifests/search"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const (
	// maxIndex bounds the index of one object, in bytes of its document: a book of 500
	// pages takes 6 MB.
	maxIndex = 32 << 20
	// keptIndexes bounds the indexes that are kept parsed, in bytes of their documents;
	// in memory they take about twice that.
	keptIndexes = 64 << 20
	// fresh is how long a kept index is taken as unchanged.
	fresh = 10 * time.Second
	// searchers is how many searches run at one time; each takes a processor for some
	// milliseconds, and a new index its memory.
	searchers = 4
)

// searches keeps parsed indexes.
type searches struct {
	slots chan struct{}
	now   func() time.Time

	mu    sync.Mutex
	kept  map[string]*parsed
	bytes int
}

// parsed is an index of search.
type parsed struct {
	index   search.Index
	version string
	bytes   int
	checked time.Time
	used    time.Time
}

func (s *searches) init() {
	s.slots, s.now, s.kept = make(chan struct{}, searchers), time.Now, map[string]*parsed{}
}

// Search answers a request of Content Search 2.0 in the object of a name, by the
// index NAME/search.json. service is the URL of the service. It fails with NotFound
// when the object has no text.
func (r *Reader) Search(ctx context.Context, name, service string, form url.Values) ([]byte, error) {
	const op = "publication.Search"
	s := &r.searches
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, fault.E(op, fault.Timeout, context.Cause(ctx))
	}
	p, err := r.index(ctx, name+"/search.json")
	if err != nil {
		return nil, err
	}
	body, err := presentation.Encode(p.index.Search(search.ParseQuery(service, form)))
	if err != nil {
		return nil, fault.E(op, fault.Internal, err)
	}
	return body, nil
}

// index returns an index, parsed anew only when it has changed.
func (r *Reader) index(ctx context.Context, path string) (*parsed, error) {
	const op = "publication.Search"
	s := &r.searches
	s.mu.Lock()
	old := s.kept[path]
	now := s.now()
	if old != nil && now.Sub(old.checked) < fresh {
		old.used = now
		s.mu.Unlock()
		return old, nil
	}
	s.mu.Unlock()
	d, err := r.read(ctx, path)
	if err != nil {
		s.keep(path, nil)
		return nil, err
	}
	next := &parsed{version: d.Version, bytes: len(d.Body), checked: now, used: now}
	if old != nil && old.version == d.Version {
		next.index = old.index
	} else if len(d.Body) > maxIndex {
		return nil, fault.New(op, fault.Unsupported, "the text of this object is too long to be searched")
	} else if err := json.Unmarshal(d.Body, &next.index); err != nil {
		return nil, fault.E(op, fault.Corrupt, err).WithPublic("the text of this object is damaged")
	}
	s.keep(path, next)
	return next, nil
}

// keep replaces an index, or forgets it when it is nil, and drops what was used
// longest ago while there is too much.
func (s *searches) keep(path string, p *parsed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(path)
	if p == nil {
		return
	}
	s.kept[path], s.bytes = p, s.bytes+p.bytes
	for s.bytes > keptIndexes {
		oldest := ""
		for name, k := range s.kept {
			if name != path && (oldest == "" || k.used.Before(s.kept[oldest].used)) {
				oldest = name
			}
		}
		if oldest == "" {
			return
		}
		s.drop(oldest)
	}
}

func (s *searches) drop(path string) {
	if p := s.kept[path]; p != nil {
		s.bytes -= p.bytes
		delete(s.kept, path)
	}
}
