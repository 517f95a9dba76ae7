package render

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// shelf keeps recently used images open, with their headers parsed, so that a
// tile costs neither. An entry is one revision; whether it is still the newest is
// asked again after ttl.
type shelf struct {
	open     func(ctx context.Context, id string) (source.Object, error)
	pyramids Pyramids // nil when there are none
	read     func(ctx context.Context, object source.Object) (*codec.Picture, error)
	describe func(v *volume) Description
	ttl      time.Duration
	max      int
	maxHeld  int64 // bytes of memory of open images, besides the one in use last
	now      func() time.Time
	opens    *flights[*volume]

	mu      sync.Mutex
	volumes map[string]*volume
	recent  *list.List // of *volume, least recently used first
	held    int64      // bytes of the volumes on the shelf
	forgets int        // how often forget was called
}

// volume is an open image. It is closed when it is off the shelf and unused.
type volume struct {
	id      string
	object  source.Object
	picture *codec.Picture
	checked time.Time
	// pyramid says that object is the image's pyramid; otherwise asked is when it
	// was last looked for.
	pyramid bool
	asked   time.Time
	// witness tells cheaply whether the image is still this; nil when nothing does.
	witness source.Witness
	// file is the object if it is a file of this machine, else nil.
	file    source.Filed
	about   Description
	users   int
	shelved *list.Element // nil when off the shelf
}

func newShelf(open func(context.Context, string) (source.Object, error), e *Engine, ttl time.Duration, max int, timeout time.Duration) *shelf {
	s := &shelf{
		open: open, pyramids: e.config.Pyramids, read: e.openPicture, describe: e.describe, ttl: ttl, max: max, now: time.Now,
		// Opening is cheap and bounded by the source; the limit only guards
		// against a flood of distinct identifiers.
		opens:   newFlights[*volume](4096, timeout),
		maxHeld: e.config.Memory / 16,
		volumes: map[string]*volume{},
		recent:  list.New(),
	}
	s.opens.deliver = s.share
	return s
}

// borrow returns the open image that an identifier names; the caller gives it back.
func (s *shelf) borrow(ctx context.Context, id string) (*volume, error) {
	now := s.now()
	s.mu.Lock()
	v := s.volumes[id]
	recent := v != nil && s.ttl > 0 && now.Sub(v.checked) < s.ttl
	if !recent && (v == nil || v.witness == nil || s.lacksPyramid(v, now)) {
		v = nil
	}
	if v != nil {
		s.use(v)
	}
	s.mu.Unlock()
	if v != nil {
		if recent || v.witness.Newest() {
			return v, nil
		}
		s.giveBack(v)
	}
	return s.opens.do(ctx, id, func(ctx context.Context, begin func()) (*volume, error) {
		begin()
		return s.refresh(ctx, id)
	})
}

// hold returns an open image of a revision that was the newest a moment ago, if
// it lies in a file of this machine; else nil. The caller gives it back.
func (s *shelf) hold(id, revision string) *volume {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.volumes[id]
	if v == nil || v.file == nil || v.about.Revision != revision {
		return nil
	}
	s.use(v)
	return v
}

// lacksPyramid reports whether a pyramid of v must be looked for; mu is held.
func (s *shelf) lacksPyramid(v *volume, now time.Time) bool {
	return s.pyramids != nil && !v.pyramid && now.Sub(v.asked) >= pyramidRecheck
}

// share turns the use that refresh took into one for each caller.
func (s *shelf) share(v *volume, callers int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.users += callers
	s.unuse(v)
}

// refresh looks at the source and returns the volume of the newest revision,
// with a use of it.
func (s *shelf) refresh(ctx context.Context, id string) (*volume, error) {
	object, err := s.open(ctx, id)
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			s.drop(id)
		}
		return nil, err
	}
	if v := s.unchanged(id, object); v != nil {
		object.Close()
		return v, nil
	}
	s.mu.Lock()
	forgets := s.forgets
	s.mu.Unlock()
	witness, _ := object.(source.Witness)
	object, pyramid := s.best(ctx, object)

	picture, err := s.read(ctx, object)
	if err != nil {
		object.Close()
		return nil, err
	}
	v := &volume{
		id: id, object: object, picture: picture, witness: witness,
		checked: s.now(), pyramid: pyramid, asked: s.now(), users: 1,
	}
	v.file = fileOf(object)
	v.about = s.describe(v)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forgets != forgets {
		// A pyramid may have come since this one was looked for: look again soon.
		v.checked, v.asked = time.Time{}, time.Time{}
	}
	if old := s.volumes[id]; old != nil {
		s.unshelve(old)
	}
	s.volumes[id] = v
	v.shelved = s.recent.PushBack(v)
	s.held += picture.Held()
	// The head of a pyramid of 10 GB has megabytes.
	for s.recent.Len() > s.max || s.held > s.maxHeld && s.recent.Len() > 1 {
		s.unshelve(s.recent.Front().Value.(*volume))
	}
	return v, nil
}

// unchanged returns the volume of an image, with a use of it, if it still is of
// the object's revision and need not be looked at again.
func (s *shelf) unchanged(id string, object source.Object) *volume {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.volumes[id]
	if v == nil || v.object.Revision() != object.Revision() {
		return nil
	}
	if s.lacksPyramid(v, s.now()) {
		return nil
	}
	v.checked = s.now()
	s.use(v)
	return v
}

// pyramidRecheck is how long an image that has no pyramid is served from its
// source before a pyramid is looked for again.
const pyramidRecheck = 15 * time.Second

// best returns the pyramid of the object's revision in place of the object, if
// there is one. A store that fails costs time and nothing else.
func (s *shelf) best(ctx context.Context, object source.Object) (_ source.Object, pyramid bool) {
	if s.pyramids == nil {
		return object, false
	}
	p, err := s.pyramids.Open(ctx, object)
	if err != nil {
		return object, false
	}
	object.Close()
	return edition{Object: p, of: object}, true
}

// fileOf returns what reads the file that object is, nil if it is none.
func fileOf(object source.Object) source.Filed {
	if e, ok := object.(edition); ok {
		object = e.Object
	}
	f, ok := object.(source.Filed)
	if !ok {
		return nil
	}
	if _, err := f.File(); err != nil {
		return nil
	}
	return f
}

// edition is a pyramid under the revision of the image that it was made of.
type edition struct {
	source.Object
	of source.Object // closed
}

func (e edition) Key() string         { return e.of.Key() }
func (e edition) Revision() string    { return e.of.Revision() }
func (e edition) Modified() time.Time { return e.of.Modified() }

// use counts a user; mu is held.
func (s *shelf) use(v *volume) {
	v.users++
	s.recent.MoveToBack(v.shelved)
}

// giveBack ends the caller's use of v.
func (s *shelf) giveBack(v *volume) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unuse(v)
}

// unuse ends a use; mu is held.
func (s *shelf) unuse(v *volume) {
	v.users--
	if v.users == 0 && v.shelved == nil {
		v.object.Close()
	}
}

// drop takes the image called id off the shelf, for instance because its object
// changed while it was read.
func (s *shelf) drop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.volumes[id]; v != nil {
		s.unshelve(v)
	}
}

// forget takes all images off the shelf that were made of the object under key,
// whatever they are called.
func (s *shelf) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgets++
	for _, v := range s.volumes {
		if v.object.Key() == key {
			s.unshelve(v)
		}
	}
}

func (s *shelf) unshelve(v *volume) {
	s.recent.Remove(v.shelved)
	s.held -= v.picture.Held()
	v.shelved = nil
	delete(s.volumes, v.id)
	if v.users == 0 {
		v.object.Close()
	}
}

// close empties the shelf.
func (s *shelf) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.volumes {
		s.unshelve(v)
	}
}
