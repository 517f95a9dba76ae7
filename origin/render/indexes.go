package render

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
)

// indexes keeps the random-access indexes of JPEGs: in memory up to a bound, and
// in the store beside the rendered answers.
type indexes struct {
	max    int64 // bytes
	builds *flights[*jpeg.Index]

	mu     sync.Mutex
	held   map[string]*list.Element // of keptIndex
	recent *list.List               // least recently used first
	bytes  int64
}

// keptIndex is an index by its key; a nil index says that there can be none.
type keptIndex struct {
	key   string
	index *jpeg.Index
}

func newIndexes(max int64, limit int, timeout time.Duration) *indexes {
	return &indexes{
		max: max, builds: newFlights[*jpeg.Index](limit, timeout),
		held: map[string]*list.Element{}, recent: list.New(),
	}
}

func (k keptIndex) size() int64 {
	if k.index == nil {
		return 256
	}
	return k.index.Size()
}

// get returns the index under key; ok is false when it is not known.
func (x *indexes) get(key string) (index *jpeg.Index, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := x.held[key]
	if e == nil {
		return nil, false
	}
	x.recent.MoveToBack(e)
	return e.Value.(keptIndex).index, true
}

// put keeps an index, and drops the least recently used ones beyond the bound.
func (x *indexes) put(key string, index *jpeg.Index) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.held[key] != nil {
		return
	}
	k := keptIndex{key, index}
	x.held[key] = x.recent.PushBack(k)
	x.bytes += k.size()
	for x.bytes > x.max && x.recent.Len() > 1 {
		old := x.recent.Remove(x.recent.Front()).(keptIndex)
		delete(x.held, old.key)
		x.bytes -= old.size()
	}
}

// index returns the index of an open JPEG, reading or building it when it is not
// in memory; nil when the picture can have none. Whatever goes wrong but with the
// storage is no failure: the picture is decoded then.
func (e *Engine) index(ctx context.Context, v *volume, id iiif.Identifier, d Description) (*jpeg.Index, error) {
	if !v.picture.Indexable() {
		return nil, nil
	}
	key := indexKey(id, d)
	if index, ok := e.indexes.get(key); ok {
		return index, nil
	}
	return e.indexes.builds.do(ctx, key, func(ctx context.Context, begin func()) (*jpeg.Index, error) {
		begin()
		index := e.storedIndex(key)
		if index == nil {
			v, err := e.borrow(ctx, id, d)
			if err != nil {
				return nil, err
			}
			defer e.shelf.giveBack(v)
			if index, err = e.buildIndex(ctx, v, key); err != nil {
				return nil, err
			}
		}
		e.indexes.put(key, index)
		return index, nil
	})
}

func indexKey(id iiif.Identifier, d Description) string {
	return "index/" + id.Escaped() + "@" + d.Revision
}

// storedIndex reads an index from the store; nil when there is none or it is
// damaged.
func (e *Engine) storedIndex(key string) *jpeg.Index {
	if e.store == nil {
		return nil
	}
	data, ok := e.store.Get(key)
	if !ok {
		return nil
	}
	index, err := jpeg.ParseIndex(data)
	if err != nil {
		return nil
	}
	return index
}

func (e *Engine) buildIndex(ctx context.Context, v *volume, key string) (index *jpeg.Index, err error) {
	err = e.compute(ctx, func() error {
		index, err = v.picture.BuildIndex(ctx)
		return err
	})
	switch fault.KindOf(err) {
	case fault.Unsupported, fault.Corrupt:
		// Decode knows more kinds, and puts up with some damage.
		if err != nil {
			return nil, nil
		}
	}
	if err != nil {
		return nil, err
	}
	if data, err := index.AppendBinary(nil); err == nil {
		e.keep(key, data)
	}
	return index, nil
}
