package render

import (
	"container/list"
	"context"
	"image"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/codec"
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
	key := "index/" + id.Escaped() + "@" + d.Revision
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

// maxCopy bounds the answers that are copied out of a stored JPEG, in pixels:
// they are made in memory.
const maxCopy = 16 << 20

// copyTile answers c by copying coefficients out of the stored JPEG, where c asks
// for nothing else; ok is false when it does. No pixel is decoded and no quality
// lost.
func (e *Engine) copyTile(ctx context.Context, v *volume, c iiif.Canonical, index *jpeg.Index) (data []byte, ok bool, err error) {
	r := c.Region
	unit := index.MCU()
	if c.Format != iiif.JPG || c.Quality != iiif.Default || c.Mirror || c.Rotation != 0 ||
		c.Width != r.W || c.Height != r.H || r.X%unit.X != 0 || r.Y%unit.Y != 0 || r.W*r.H > maxCopy {
		return nil, false, nil
	}
	if e.mustConvert(v) {
		return nil, false, nil
	}
	o := jpeg.TileOptions{DropICC: e.config.Style.SRGB}
	if components := index.Header().Components; components == 4 {
		return nil, false, nil // browsers do not agree on inks
	}
	err = e.compute(ctx, func() error {
		data, err = v.picture.Cut(ctx, index, image.Rect(r.X, r.Y, r.X+r.W, r.Y+r.H), o)
		return err
	})
	if fault.Is(err, fault.Corrupt) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// mustConvert reports whether the colours of an image are to be converted, so
// that its stored bytes are no answer.
func (e *Engine) mustConvert(v *volume) bool {
	icc := v.picture.ICC()
	if !e.config.Style.SRGB || len(icc) == 0 {
		return false
	}
	profile := e.colours.get(icc)
	return profile != nil && !profile.IsSRGB()
}

// storedTile answers c by a tile of a pyramid, as it is stored; ok is false when c
// is no such tile.
func (e *Engine) storedTile(ctx context.Context, v *volume, c iiif.Canonical) (data []byte, ok bool, err error) {
	// Only a TIFF has tiles: others must not wait for a worker to learn that.
	if v.picture.Format() != codec.TIF || e.mustConvert(v) {
		return nil, false, nil
	}
	err = e.compute(ctx, func() error {
		data, ok, err = v.picture.Stored(ctx, c)
		return err
	})
	return data, ok, err
}
