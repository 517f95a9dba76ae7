package ingest

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

// tileSize is the width and height of tiles in pixels, unless those of the source are
// kept; see DESIGN: large enough that a screen needs few requests, small enough to
// decode at once.
const tileSize = 512

// shape is what is known of an image before its first row.
type shape struct {
	format        string
	width, height int         // upright
	model         pixel.Model // of the pyramid: Gray or YCbCr
	subX, subY    int         // of the pyramid
	icc           []byte      // stored with the pyramid, nil for none
	tagged        bool        // tiles carry icc too: it is not sRGB
	lossless      bool
	tile          int // width and height of tiles, 0 for tileSize
	kept          int // levels whose tiles the picture has, 0 for 1
}

// picture is an image that is being ingested.
type picture interface {
	shape() shape
	// row begins row number r of the tiles of level 0. Rows are asked for in order,
	// by one goroutine. half is the part of the next level that the row becomes, nil
	// when there is none; its planes have room for whole coding units. Who paints it
	// here does not do so in row.tile.
	row(ctx context.Context, r int, half *pixel.Image) (row, error)
	// memory is what the picture takes besides the levels below 0, in bytes.
	memory() int64
	close()
}

// row is a row of tiles. Its tiles are made concurrently.
type row interface {
	// tile makes the streams of a tile and paints its half-size into next, unless
	// that is nil or painted already.
	tile(ctx context.Context, f *flow, s spot, next *band) (streams, error)
	// done says that all its tiles are made, so that its memory may be used again.
	done()
}

// spot is the place of a tile.
type spot struct{ level, col, row int }

// streams are the files of a tile: see pyramid.Writer.Put.
type streams struct {
	padded []byte
	exact  [][]byte
	rooms  []*room // what of them lies in rooms
}

// release gives the rooms back.
func (t *streams) release(f *flow) {
	for _, r := range t.rooms {
		f.rooms.Put(r)
	}
}

// room is memory for a stream.
type room struct{ b []byte }

// Write implements io.Writer.
func (r *room) Write(p []byte) (int, error) {
	r.b = append(r.b, p...)
	return len(p), nil
}

// room returns an empty room that goes back with t.
func (f *flow) room(t *streams) *room {
	r, ok := f.rooms.Get().(*room)
	if !ok {
		r = &room{make([]byte, 0, tileSize*tileSize/4)}
	}
	r.b = r.b[:0]
	t.rooms = append(t.rooms, r)
	return r
}

// flow is the making of one pyramid: rows of tiles go through the workers, and every
// two of them make one of the next level. They are written in a fixed order: each
// row behind the two that it is made of.
type flow struct {
	*Ingester
	img      picture
	progress Progress

	s      shape
	encode jpeg.EncodeOptions
	w      *pyramid.Writer
	total  int64
	cancel context.CancelCauseFunc

	filling []*band // by level: what rows of the level above paint into
	spare   []*band // by level: one that may be used again
	pending []*job  // in the order that they are written
	rooms   sync.Pool
}

// manyBands is how many bytes bands may take, by bandBytes. Of an image that is so
// wide that they would take more, every row is finished before the next is begun: then
// there is one band of each level, and workers wait now and then.
const manyBands = 160 << 20

// lookahead returns how many rows of level 0 are begun before the oldest is
// finished: enough that the workers do not run out of tiles.
func (f *flow) lookahead() int {
	if bandBytes(f.s) > manyBands {
		return 0
	}
	cols, _ := f.w.Geometry().Grid(0)
	return (3*f.config.Workers + cols - 1) / cols
}

// write makes the pyramid.
func (f *flow) write(ctx context.Context, cancel context.CancelCauseFunc, up store.Upload, revision string) (err error) {
	f.s, f.cancel = f.img.shape(), cancel
	f.s.tile, f.s.kept = cmp.Or(f.s.tile, tileSize), max(f.s.kept, 1)
	f.encode = jpeg.EncodeOptions{Quality: f.config.Quality}
	if f.s.tagged {
		f.encode.ICC = f.s.icc
	}
	o := pyramid.Options{
		Width: f.s.width, Height: f.s.height, Colour: pyramid.YCbCr, SubX: f.s.subX, SubY: f.s.subY,
		TileSize: f.s.tile, ICC: f.s.icc, Revision: revision, Lossless: f.s.lossless,
		Quality: f.config.Quality, Software: f.config.Software,
	}
	if f.s.model == pixel.Gray {
		o.Colour = pyramid.Gray
	}
	if f.w, err = pyramid.NewWriter(o, up); err != nil {
		return err
	}
	f.total = f.w.Left()
	levels := len(f.w.Geometry().Layout().Levels)
	f.filling, f.spare = make([]*band, levels), make([]*band, levels)
	defer func() { f.drain(err) }()
	_, rows := f.w.Geometry().Grid(0)
	ahead := f.lookahead()
	for r := range rows {
		into := f.into(0, r)
		row, err := f.img.row(ctx, r, into.half(r))
		if err == nil {
			err = f.submit(ctx, 0, r, row, into)
		}
		if err != nil {
			return err
		}
		for len(f.pending) > ahead {
			if err := f.finish(ctx); err != nil {
				return err
			}
		}
	}
	for len(f.pending) > 0 {
		if err := f.finish(ctx); err != nil {
			return err
		}
	}
	return f.w.Close()
}

// job is a row of tiles on its way.
type job struct {
	spot  // of its first tile
	from  row
	tiles []streams
	into  *band
	wait  sync.WaitGroup
}

// into returns the band that row r of a level paints into, nil for the last level and
// where the picture has the next one itself.
func (f *flow) into(level, r int) *band {
	next := level + 1
	if next == len(f.filling) || next < f.s.kept {
		return nil
	}
	if r%2 == 0 {
		// The rows of the band before may still be under way.
		f.filling[next] = f.newBand(next, r/2)
	}
	return f.filling[next]
}

// submit has the tiles of a row made. It waits for free workers, not for results.
func (f *flow) submit(ctx context.Context, level, r int, from row, into *band) error {
	cols, _ := f.w.Geometry().Grid(level)
	j := &job{spot: spot{level: level, row: r}, from: from, tiles: make([]streams, cols), into: into}
	if level == 0 {
		f.pending = append(f.pending, j)
	} else {
		f.pending = slices.Insert(f.pending, 0, j)
	}
	for col := range cols {
		f.config.Yield(ctx)
		select {
		case f.slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		j.wait.Go(func() {
			defer func() { <-f.slots }()
			if ctx.Err() != nil {
				return
			}
			t, err := from.tile(ctx, f, spot{level, col, r}, j.into)
			if err != nil {
				f.cancel(err)
			}
			j.tiles[col] = t
		})
	}
	return nil
}

// finish waits for the oldest row, writes it, and goes on with the next level when
// it has a whole row of that.
func (f *flow) finish(ctx context.Context) error {
	j := f.pending[0]
	f.pending = f.pending[1:]
	j.wait.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	j.from.done()
	for col := range j.tiles {
		t := &j.tiles[col]
		if err := f.w.Put(j.level, col, j.row, t.padded, t.exact...); err != nil {
			return err
		}
		t.release(f)
		f.progress(f.total-f.w.Left(), f.total)
	}
	_, rows := f.w.Geometry().Grid(j.level)
	next := j.level + 1
	if next == len(f.filling) || j.row%2 == 0 && j.row+1 < rows {
		return nil
	}
	var from row = j.into
	if next < f.s.kept {
		from = f.img.(keeper).rowOf(next)
	}
	return f.submit(ctx, next, j.row/2, from, f.into(next, j.row/2))
}

// keeper is a picture that has the tiles of several levels.
type keeper interface {
	// rowOf returns rows of tiles of a level.
	rowOf(level int) row
}

// drain ends and waits for whatever still runs after a failure, which is the reason
// for all that fails then unless a tile failed before.
func (f *flow) drain(err error) {
	for _, j := range f.pending {
		f.cancel(err)
		j.wait.Wait()
	}
}

// newBand makes the band of a row of tiles of a level, as wide and high as the
// picture is there, partial pixels included. All of it will be painted.
func (f *flow) newBand(level, r int) *band {
	w, h := up(f.s.width, level), min(up(f.s.height, level)-r*f.s.tile, f.s.tile)
	if b := f.spare[level]; b != nil && b.Height >= h {
		f.spare[level] = nil
		b.Image = view(b.Image, 0, 0, w, h)
		return b
	}
	m := pixel.New(f.s.model, (w+unitRoom-1)&^(unitRoom-1), (h+unitRoom-1)&^(unitRoom-1), f.s.subX, f.s.subY, false)
	return &band{Image: view(m, 0, 0, w, h), tileSize: f.s.tile, home: &f.spare[level]}
}

// unitRoom is what the dimensions of bands are rounded up to, so that they have room
// for the largest coding units, at half size, of a tile that ends in the middle of
// one.
const unitRoom = 32

// bandBytes is what the bands of all levels below 0 take, three of each: one is
// filled, one being encoded, one is garbage.
func bandBytes(s shape) int64 {
	n, tile := int64(0), cmp.Or(s.tile, tileSize)
	for k := 1; k < 32 && max(up(s.width, k-1), up(s.height, k-1)) > tile; k++ {
		n += 3 * pixel.Bytes(s.model, up(s.width, k), min(up(s.height, k), tile), s.subX, s.subY, false)
	}
	return n
}

// up returns n/2^k rounded up.
func up(n, k int) int { return (n + 1<<k - 1) >> k }

// exacts returns the sizes at which a tile is stored besides the padded form.
func (f *flow) exacts(s spot) []iiif.Size { return f.w.Geometry().Exacts(s.level, s.col, s.row) }

// stored reports whether the TIFF itself has the tile.
func (f *flow) stored(s spot) bool { return f.w.Geometry().Stored(s.level, s.col, s.row) }
