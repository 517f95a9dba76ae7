package queue

import (
	"container/list"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// memory holds, by identifier, the revision that failed or was skipped last. It is
// bounded: what failed longest ago is forgotten first, which costs one more try.
type memory struct {
	max    int
	byID   map[string]*list.Element // of *trouble
	oldest *list.List
}

// trouble is what is known of one image.
type trouble struct {
	id, revision string
	failures     int
	until        time.Time // zero: as long as the revision is this
}

func newMemory(max int) memory {
	return memory{max, map[string]*list.Element{}, list.New()}
}

// blocks reports whether a revision is not to be tried now.
func (m *memory) blocks(id, revision string, now time.Time) bool {
	e := m.byID[id]
	if e == nil {
		return false
	}
	t := e.Value.(*trouble)
	return t.revision == revision && (t.until.IsZero() || now.Before(t.until))
}

// settle blocks a revision for good.
func (m *memory) settle(id, revision string) { m.put(&trouble{id: id, revision: revision}) }

// fail blocks a revision for some time, the longer the more often it failed.
func (m *memory) fail(id, revision string, now time.Time, first time.Duration) {
	n := 1
	if e := m.byID[id]; e != nil && e.Value.(*trouble).revision == revision {
		n += e.Value.(*trouble).failures
	}
	m.put(&trouble{id, revision, n, now.Add(double(first, n, maxRetry))})
}

func (m *memory) forget(id string) {
	if e := m.byID[id]; e != nil {
		m.oldest.Remove(e)
		delete(m.byID, id)
	}
}

func (m *memory) put(t *trouble) {
	m.forget(t.id)
	m.byID[t.id] = m.oldest.PushBack(t)
	if m.oldest.Len() > m.max {
		m.forget(m.oldest.Front().Value.(*trouble).id)
	}
}

// panicked turns a recovered panic into a failure for the log.
func panicked(v any) error {
	return fault.E("queue.work", fault.Internal, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
}
