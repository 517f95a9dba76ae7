// Package render answers canonical requests with bytes. It is the seam between
// the protocol and the pixels: whatever is cheapest for a request (cached bytes,
// a region, a reduced level, a whole decode) is chosen here and nowhere else.
//
// Guarantees: equal requests are rendered once for all who ask at one time; that
// rendering belongs to no single caller; memory for decoding and rendering stays
// within Config.Memory; when too much is waiting, the answer is Unavailable at
// once; a failed or panicking rendering leaves no trace.
//
// It is not for HTTP (see server) nor for file formats (see codec).
package render

import (
	"cmp"
	"context"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// Config are the settings of an Engine.
type Config struct {
	// Memory bounds decoded and rendered pixels, in bytes. Half is for decoded
	// images (kept for reuse while there is room), half for work on them.
	// Default 768 MiB.
	Memory int64
	// Queue is how many renderings may run or wait. Default 256.
	Queue int
	// Workers is how many renderings compute at one time. Default: all processors.
	Workers int
	// Timeout ends one rendering. Default 60 s.
	Timeout time.Duration
	// Recheck is how long an image is taken as unchanged before the source is
	// asked again; 0 asks for each request, which is right for folders.
	Recheck time.Duration
	// Stale is how long after its source last told of an image what is in memory, in
	// the store and in local pyramids is still served while the source fails.
	// Default 0: not at all.
	Stale time.Duration
	// Open is how many images are kept open. Default 128; it bounds file handles.
	Open int
	// Limits bound what a stored image's header may claim.
	Limits codec.Limits
	// Info holds what info.json says of every image beyond its dimensions.
	Info iiif.Info
	// Pyramids are looked for before an image is read from its source. Nil: there
	// are none.
	Pyramids Pyramids
	// Style is how pictures are made.
	Style Style
}

// Style holds the settings that change pixels. It is part of every cache key.
type Style struct {
	// JPEGQuality and WebPQuality are 1 to 100; default 85 and 80.
	JPEGQuality, WebPQuality int
	// Progressive writes JPEG progressively. Tiles that are copied stay as they are.
	Progressive bool
	// Background is the ground under transparency where the format has none.
	Background pixel.Colour
	// Sharpen is 0 (none) to 10, applied after scaling down.
	Sharpen float64
	// Filter is the resampling filter.
	Filter pixel.Filter
	// SRGB converts embedded profiles to sRGB instead of keeping them.
	SRGB bool
}

// renderVersion is raised when the pixels of answers change, so that caches of
// the version before are not served.
const renderVersion = "v2-"

// key names the style for cache keys: answers of different styles differ.
func (s Style) key() string {
	b := append(make([]byte, 0, 48), renderVersion...)
	b = append(b, 'q')
	b = strconv.AppendInt(b, int64(s.JPEGQuality), 10)
	b = append(b, 'w')
	b = strconv.AppendInt(b, int64(s.WebPQuality), 10)
	b = append(b, 'b')
	for _, c := range []uint8{s.Background.R, s.Background.G, s.Background.B} {
		b = strconv.AppendUint(b, uint64(c)+256, 16)
	}
	b = append(b, 's')
	b = strconv.AppendFloat(b, s.Sharpen, 'g', -1, 64)
	b = append(b, 'f')
	b = strconv.AppendInt(b, int64(s.Filter), 10)
	if s.SRGB {
		b = append(b, "srgb"...)
	}
	if s.Progressive {
		b = append(b, 'p')
	}
	return string(b)
}

// Store keeps rendered answers. A lost or refused entry only costs time.
type Store interface {
	Get(key string) (data []byte, ok bool)
	Put(key string, data []byte) error
}

// Opener finds the stored object that an identifier names.
type Opener interface {
	// Open opens the newest revision; identifier is decoded.
	Open(ctx context.Context, identifier string) (source.Object, error)
}

// Pyramids finds what has been ingested.
type Pyramids interface {
	// Open opens the pyramid that was made of that revision of the image; any error
	// says that there is none to be had.
	Open(ctx context.Context, object source.Object) (source.Object, error)
}

// Engine describes and renders stored images. It is safe for concurrent use.
type Engine struct {
	config  Config
	style   string
	store   Store
	encoder *codec.Encoder
	shelf   *shelf
	known   *known
	pixels  *pixels
	work    *budget
	workers chan struct{}
	renders *flights[Result]
	colours *profiles
	indexes *indexes
	copies  chan struct{} // under way in copied
	buffers sync.Pool     // of *codec.Buffer, for copied
	writes  chan struct{} // of answers being stored
	writing sync.WaitGroup
	onError func(error)
}

// New makes an Engine. store may be nil; onError hears of failures that do not
// fail a request, such as a cache that cannot be written, and may be nil.
func New(c Config, opener Opener, store Store, encoder *codec.Encoder, onError func(error)) *Engine {
	c.Memory = cmp.Or(c.Memory, 768<<20)
	c.Queue = cmp.Or(c.Queue, 256)
	c.Workers = cmp.Or(c.Workers, runtime.GOMAXPROCS(0))
	c.Timeout = cmp.Or(c.Timeout, 60*time.Second)
	c.Open = cmp.Or(c.Open, 128)
	c.Style.JPEGQuality = cmp.Or(c.Style.JPEGQuality, 85)
	c.Style.WebPQuality = cmp.Or(c.Style.WebPQuality, 80)
	if onError == nil {
		onError = func(error) {}
	}
	e := &Engine{
		config: c, style: c.Style.key(), store: store, encoder: encoder,
		pixels:  newPixels(c.Memory/2, c.Queue, c.Timeout),
		work:    newBudget(c.Memory - c.Memory/2),
		workers: make(chan struct{}, c.Workers),
		renders: newFlights[Result](c.Queue, c.Timeout),
		colours: newProfiles(16),
		indexes: newIndexes(32<<20, c.Queue, c.Timeout),
		copies:  make(chan struct{}, 4*c.Workers),
		writes:  make(chan struct{}, 64),
		onError: onError,
	}
	e.known = newKnown(c.Stale)
	e.shelf = newShelf(opener.Open, e, c.Recheck, c.Open, c.Timeout)
	return e
}

// Close gives up open images and waits for answers that are being stored.
// Renderings under way fail.
func (e *Engine) Close() {
	e.shelf.close()
	e.writing.Wait()
}

// Description is what is known of one revision of an image without decoding it.
type Description struct {
	// Info feeds info.json and the resolving of requests.
	Info iiif.Info
	// Revision changes with the stored image, and with nothing else.
	Revision string
	// Modified is when the stored image was last changed.
	Modified time.Time
	// Stale says that the source could not be asked whether this is the newest.
	Stale bool
}

// Result is a rendered answer.
type Result struct {
	// Data is the file; it must not be changed.
	Data []byte
	// File, unless it is nil, holds the answer in place of Data: Length bytes from
	// Offset. It is for reading at offsets.
	File           *os.File
	Offset, Length int64
	// Release, unless it is nil, must be called when Data or File is not used any
	// more.
	Release func()
	// ContentType is its media type.
	ContentType string
	// Cached says that it came from the store.
	Cached bool
}

// Describe returns the newest description of an image. Errors: NotFound,
// Forbidden, Unavailable from the source; Corrupt and Unsupported from the header.
func (e *Engine) Describe(ctx context.Context, id iiif.Identifier) (Description, error) {
	if d, ok := e.known.failing(id.String()); ok {
		return d, nil
	}
	v, err := e.shelf.borrow(ctx, id.String())
	if err != nil {
		if d, ok := e.known.failed(id.String(), err); ok {
			return d, nil
		}
		return Description{}, err
	}
	defer e.shelf.giveBack(v)
	e.known.told(id.String(), v.about)
	return v.about, nil
}

// describe describes an open image.
func (e *Engine) describe(v *volume) Description {
	info := e.config.Info
	info.Width, info.Height = v.picture.Width(), v.picture.Height()
	info.Sizes = slices.Clone(info.Sizes)
	if levels := v.picture.Levels(); v.picture.Format() == codec.TIF && len(levels) > 1 {
		// Stored levels, which need no scaling; those that JPEG can be decoded to
		// are computed like any other size.
		for _, l := range levels[1:] {
			info.Sizes = append(info.Sizes, iiif.Size{Width: l.X, Height: l.Y})
		}
	}
	if t := v.picture.TileSize(); t.X >= 128 && t.Y >= 128 && t.X <= 2048 && t.Y <= 2048 {
		info.TileWidth, info.TileHeight = t.X, t.Y // so that viewers ask for what is stored
	}
	info.Native = iiif.Color
	if v.picture.Gray() {
		info.Native = iiif.Gray
	}
	return Description{Info: info, Revision: v.object.Revision(), Modified: v.object.Modified()}
}

// Style names the settings that change pixels, for cache keys and ETags.
func (e *Engine) Style() string { return e.style }

// Render returns the answer to a canonical request. A revision other than d's is
// Conflict: describe again.
func (e *Engine) Render(ctx context.Context, c iiif.Canonical, d Description) (Result, error) {
	held := e.shelf.hold(c.ID.String(), d.Revision)
	if held != nil {
		if res, ok := e.pass(held, c); ok {
			return res, nil
		}
		defer e.shelf.giveBack(held)
		if res, ok := e.copied(ctx, held, c, d); ok {
			return res, nil
		}
	}
	tag := c.Key(d.Revision) + "|" + e.style
	contentType := c.Format.MediaType()
	if e.store != nil {
		if data, ok := e.store.Get(tag); ok {
			return Result{Data: data, ContentType: contentType, Cached: true}, nil
		}
	}
	return e.renders.do(ctx, tag, func(ctx context.Context, begin func()) (Result, error) {
		data, err := e.render(ctx, c, d, begin)
		if err != nil {
			return Result{}, err
		}
		e.keep(tag, data)
		return Result{Data: data, ContentType: contentType}, nil
	})
}

// keep stores an answer without making its callers wait for the disk. When the
// disk is so slow that many writes wait already, it is not stored.
func (e *Engine) keep(tag string, data []byte) {
	if e.store == nil {
		return
	}
	select {
	case e.writes <- struct{}{}:
	default:
		return
	}
	e.writing.Go(func() {
		defer func() { <-e.writes }()
		if err := e.store.Put(tag, data); err != nil {
			e.onError(err)
		}
	})
}

// Forget has the next request look at the source and its pyramid anew: something
// is known to have changed of the object under that key of the source.
func (e *Engine) Forget(key string) { e.shelf.forget(key) }

// Waiting returns the number of renderings that run or wait.
func (e *Engine) Waiting() int { return e.renders.waiting() }

// compute runs f when a worker is free. While f reads from a volume, its worker
// is free for others (see yielding).
func (e *Engine) compute(ctx context.Context, f func() error) error {
	select {
	case e.workers <- struct{}{}:
		defer func() { <-e.workers }()
		return f()
	case <-ctx.Done():
		return fault.E("render.compute", fault.Unavailable, ctx.Err())
	}
}

// yielding reads an object for work that runs in compute, and gives the worker
// away while it waits: a store that does not answer must not stop what needs only
// the processor, nor make others wait for its deadline one after the other.
type yielding struct {
	object  source.Object
	workers chan struct{}
}

// ReadAt implements io.ReaderAt.
func (y yielding) ReadAt(p []byte, off int64) (int, error) {
	<-y.workers
	defer func() { y.workers <- struct{}{} }()
	// The volume outlives every request: reads are bounded by the source's own
	// deadlines, and what reads checks its context in between.
	return y.object.ReadAt(context.Background(), p, off)
}

// openPicture reads the header of an object.
func (e *Engine) openPicture(ctx context.Context, object source.Object) (p *codec.Picture, err error) {
	err = e.compute(ctx, func() error {
		p, err = codec.Open(yielding{object, e.workers}, object.Size(), e.config.Limits)
		return err
	})
	return p, err
}
