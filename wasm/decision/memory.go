package decision

import (
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

// entry is what is known of a key of the store: the head of the pyramid there, or
// that there is none.
type entry struct {
	key   string
	until int64 // when the store must be asked again, in milliseconds since 1970
	etag  string
	index *pyramid.Index // nil: there is no pyramid
	// info and revision are those of the index, or what the origin tells of an image
	// without one: that holds until told, in milliseconds since 1970. A revision of
	// "" says that neither is known.
	info     iiif.Info
	revision string
	told     int64
	said     [2]document // the info.json sent last, of version 2 and of version 3
	gone     bool        // the origin has no image of that name either

	newer, older *entry
}

// document is an info.json as it was sent.
type document struct {
	spelled     string // the identifier in it, as the client did
	contentType string
	link        string
	tag         string
	body        []byte
}

// overhead is what an entry takes besides its key and head, in bytes: what is
// parsed of a head, the documents, and the map.
const overhead = 8 << 10

func (e *entry) size() int64 {
	n := int64(len(e.key)) + 512
	switch {
	case e.index != nil:
		n += int64(len(e.index.Head())) + overhead
	case e.revision != "":
		n += overhead
	}
	return n
}

// memory keeps the entries used last, within bounds.
type memory struct {
	maxBytes   int64
	maxEntries int
	bytes      int64
	entries    map[string]*entry
	ring       entry // ring.older is the newest entry, ring.newer the oldest
}

func (m *memory) init(maxBytes int64, maxEntries int) {
	*m = memory{maxBytes: maxBytes, maxEntries: maxEntries, entries: map[string]*entry{}}
	m.ring.newer, m.ring.older = &m.ring, &m.ring
}

// find returns the entry of a key, nil for none, and makes it the newest.
func (m *memory) find(key string) *entry {
	e := m.entries[key]
	if e != nil && m.ring.older != e {
		e.unlink()
		m.link(e)
	}
	return e
}

// keep takes e in, in place of another of its key, and returns it. Older entries
// make room; e itself stays though it be too large.
func (m *memory) keep(e *entry) *entry {
	if old := m.entries[e.key]; old != nil {
		m.drop(old)
	}
	m.entries[e.key] = e
	m.link(e)
	m.bytes += e.size()
	for m.ring.newer != e && (m.bytes > m.maxBytes || len(m.entries) > m.maxEntries) {
		m.drop(m.ring.newer)
	}
	return e
}

// drop forgets e.
func (m *memory) drop(e *entry) {
	e.unlink()
	delete(m.entries, e.key)
	m.bytes -= e.size()
}

func (m *memory) link(e *entry) {
	e.newer, e.older = &m.ring, m.ring.older
	e.older.newer, m.ring.older = e, e
}

func (e *entry) unlink() {
	e.newer.older, e.older.newer = e.older, e.newer
	e.newer, e.older = nil, nil
}
