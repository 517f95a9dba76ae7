// Package ingest turns stored images into pyramids.
//
// No generation is lost where that can be. From a plain baseline JPEG, the tiles of the
// largest level are cut out of the image without decoding: their coefficients are
// those of the source. The smaller levels are averages, each of the one before; the
// first comes from the JPEG's own coefficients at half size. A tiled TIFF of another
// writer keeps its JPEG tiles as they are, also those of smaller levels that have
// exactly half the size of the one before: YCbCr or gray, square, of 256 to 1024
// pixels; the pyramid takes their size over. Result.Lossless says that level 0 is such.
// All other images are decoded and encoded: progressive JPEG, JPEG to be turned by its
// Exif orientation, CMYK, RGB tiles, and other formats; transparency is laid on white,
// inks become sRGB, and a colour profile stays with the tiles.
//
// Work is streamed: a band of tiles of each level is held, so that memory grows
// with the width of the image and not with its height: baseline JPEG, PNG, TIFF. Of a
// progressive JPEG the coefficients must be held, two bytes and a bit per sample.
// Interlaced PNG, TIFF of separate planes in strips, GIF, BMP and WebP are decoded
// whole. A JPEG's codes and a PNG's are walked over by one core, in order, while the
// others make the tiles; parts of a tiled TIFF are decoded by all.
//
// A failure, also of the process, leaves nothing half done in the store. Equal images
// give equal bytes.
//
// One call of Ingest is one piece of work for a queue; calls share the cores and
// the memory that Config allots.
package ingest

import (
	"context"
	"errors"
	"runtime"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// Config says how pyramids are made. The zero value is the default.
type Config struct {
	// Workers is how many tiles are worked on at once, by all calls together.
	// Default: the number of processors.
	Workers int
	// Memory is what all calls together may take for pixels and buffers, in bytes,
	// by their own reckoning. Calls wait for it; one that needs more has it all for
	// itself. Default 512 MiB. It is also how much of an image that cannot be read
	// in bands is decoded at once.
	Memory int64
	// Quality is the JPEG quality of tiles that are encoded, 1 to 100. Default 85,
	// where loss is hard to see at natural size. From 90 on chroma is kept at full
	// size, except in lossless pyramids, whose levels all are as the source.
	Quality int
	// Ground is what transparent images are laid on. Default white.
	Ground *pixel.Colour
	// Limits bounds what is accepted as a source. Its MaxDecodeBytes is for images
	// that can only be decoded whole; default 1 GiB.
	Limits codec.Limits
	// Software names the program in the files, "" for none.
	Software string
	// Yield is called before each tile, by one goroutine of each call: while it does
	// not return, that call begins no further tile. It must end with its context. Nil
	// goes on at once, which is right where nothing else wants the processors.
	Yield func(context.Context)
	// Force makes pyramids anew that are there in the same revision. Default false.
	Force bool
}

// Store is where pyramids go; *store.Store is one.
type Store interface {
	// Open opens the pyramid of an image; NotFound when there is none.
	Open(ctx context.Context, id iiif.Identifier) (*store.Pyramid, error)
	// Create begins to write one.
	Create(ctx context.Context, id iiif.Identifier) (store.Upload, error)
}

// Ingester makes pyramids. It is safe for concurrent use.
type Ingester struct {
	config Config
	slots  chan struct{}
	memory *semaphore.Weighted
}

// New makes an Ingester. It fails with Invalid for numbers out of range.
func New(c Config) (*Ingester, error) {
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Memory == 0 {
		c.Memory = 512 << 20
	}
	if c.Quality == 0 {
		c.Quality = 85
	}
	if c.Ground == nil {
		c.Ground = &pixel.Colour{R: 255, G: 255, B: 255}
	}
	if c.Yield == nil {
		c.Yield = func(context.Context) {}
	}
	if c.Workers < 1 || c.Memory < 1<<20 || c.Quality < 1 || c.Quality > 100 {
		return nil, fault.New("ingest.New", fault.Invalid, "workers, memory or quality is out of range")
	}
	return &Ingester{c, make(chan struct{}, c.Workers), semaphore.NewWeighted(c.Memory)}, nil
}

// Progress is told how far a pyramid is: done of total tiles. It is called often,
// by one goroutine at a time per Ingest, and must return at once.
type Progress func(done, total int64)

// Result says what Ingest did.
type Result struct {
	// Skipped says that the pyramid was there already, of this revision.
	Skipped bool
	// Format is that of the source, as codec names it.
	Format string
	// Width and Height are the dimensions of the upright image in pixels.
	Width, Height int
	// Levels and Tiles are the numbers of levels and of tiles in all of them.
	Levels int
	Tiles  int64
	// Lossless says that level 0 has the source's own coefficients.
	Lossless bool
	// SourceBytes and Bytes are the lengths of the image and of its pyramid.
	SourceBytes, Bytes int64
	// Duration is how long it took.
	Duration time.Duration
}

// Pixels returns the area of the image.
func (r Result) Pixels() int64 { return int64(r.Width) * int64(r.Height) }

// Ingest makes the pyramid of obj and puts it into dst as that of id, unless it
// is there already in obj's revision. progress may be nil. It does not close obj.
//
// Errors: Corrupt and Unsupported when the image cannot be read, Conflict when it
// changed meanwhile, and the kinds of failures of source and store; the store is
// then as it was.
func (g *Ingester) Ingest(ctx context.Context, obj source.Object, dst Store, id iiif.Identifier, progress Progress) (Result, error) {
	const op = "ingest.Ingest"
	began := time.Now()
	r, present, err := g.present(ctx, obj, dst, id)
	if err != nil {
		return r, fault.E(op, fault.KindOf(err), err)
	}
	if present {
		r.Skipped = true
		return r, nil
	}
	told := int64(0)
	tell := func(done, total int64) {
		if progress != nil && done > told {
			told = done
			progress(done, total)
		}
	}
	m, err := g.attempt(ctx, obj, dst, id, false, tell)
	if err != nil && m.taken && unfit(err) {
		// Damage shows in the middle, as do tiles of another kind. Decoders put up with
		// some of it.
		m, err = g.attempt(ctx, obj, dst, id, true, tell)
	}
	if err != nil {
		return r, fault.E(op, fault.KindOf(err), err)
	}
	s := m.shape
	r.Format, r.Width, r.Height, r.Lossless = s.format, s.width, s.height, s.lossless
	r.Levels, r.Tiles, r.Bytes = m.levels, m.tiles, m.bytes
	r.Duration = time.Since(began)
	return r, nil
}

// making is what came of an attempt to make a pyramid.
type making struct {
	shape
	taken        bool // tiles were taken from the source as they are
	levels       int
	tiles, bytes int64
}

// attempt makes the pyramid of obj, decoding even what could be taken as it is if
// plainly is set.
func (g *Ingester) attempt(ctx context.Context, obj source.Object, dst Store, id iiif.Identifier, plainly bool, progress Progress) (m making, err error) {
	// Whoever fails or leaves takes everybody along who works for this image.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	img, err := g.open(ctx, obj, plainly)
	if err != nil {
		return m, err
	}
	defer img.close()
	m.shape = img.shape()
	m.taken = m.shape.lossless
	need := min(img.memory(), g.config.Memory)
	if err := g.memory.Acquire(ctx, need); err != nil {
		return m, err
	}
	defer g.memory.Release(need)
	up, err := dst.Create(ctx, id)
	if err != nil {
		return m, err
	}
	f := &flow{Ingester: g, img: img, progress: progress}
	err = f.write(ctx, cancel, up, obj.Revision())
	if cause := context.Cause(ctx); err != nil && cause != nil {
		// Whatever else fails then, the flow, its store or its source, fails for that.
		err = fault.E("ingest.attempt", fault.KindOf(cause), cause)
	}
	if err == nil {
		err = up.Commit()
	}
	if aborted := up.Abort(); err != nil {
		return m, errors.Join(err, aborted)
	}
	m.levels, m.tiles, m.bytes = len(f.w.Geometry().Layout().Levels), f.total, f.w.Size()
	return m, nil
}

// Inspect returns what Ingest would do, without reading more than heads: Format,
// Width, Height, SourceBytes and Skipped. It fails as Ingest does, as far as the
// head tells.
func (g *Ingester) Inspect(ctx context.Context, obj source.Object, dst Store, id iiif.Identifier) (Result, error) {
	const op = "ingest.Inspect"
	r, present, err := g.present(ctx, obj, dst, id)
	if err == nil && !present {
		var p *codec.Picture
		if p, err = codec.Open(source.Reader(ctx, obj), obj.Size(), g.config.Limits); err == nil {
			r.Format, r.Width, r.Height = p.Format(), p.Width(), p.Height()
		}
	}
	if err != nil {
		return r, fault.E(op, fault.KindOf(err), err)
	}
	r.Skipped = present
	return r, nil
}

// present reports whether the store has the pyramid of this revision. One that is
// damaged or foreign is not it.
func (g *Ingester) present(ctx context.Context, obj source.Object, dst Store, id iiif.Identifier) (Result, bool, error) {
	r := Result{SourceBytes: obj.Size()}
	if g.config.Force {
		return r, false, nil
	}
	p, err := dst.Open(ctx, id)
	if err != nil {
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Corrupt) || fault.Is(err, fault.Unsupported) {
			err = nil
		}
		return r, false, err
	}
	defer p.Close()
	if p.Index.Revision() != obj.Revision() {
		return r, false, nil
	}
	l := p.Index.Layout()
	r.Width, r.Height, r.Levels = l.Width, l.Height, len(l.Levels)
	r.Lossless, r.Bytes = p.Index.Lossless(), p.Index.Size()
	return r, true, nil
}
