package codec

import (
	"context"
	"image"
	"io"
	"sync"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/icc"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// Picture is an opened stored image: its header has been read and checked,
// nothing is decoded. It is safe for concurrent use if its reader is, and holds
// the profile and tables of the file, no pixels.
type Picture struct {
	r      io.ReaderAt
	size   int64
	lim    Limits
	facts  facts
	stored stored
	levels []image.Point       // upright
	inks   func() *icc.Profile // of CMYK, parsed at first use
}

// facts is what a header says.
type facts struct {
	format      string
	orientation orientation
	pages       int
	model       pixel.Model // of what stored.decode gives
	alpha       bool
	partial     bool
	icc         []byte
}

// stored decodes one format. Sizes and rectangles are those of the stored image,
// before its orientation is applied.
type stored interface {
	// levels returns the sizes that can be decoded, largest first.
	levels() []image.Point
	// factor returns the number n when each pixel of a level stands for n × n of the
	// largest one, from its top left corner on; 0 when it is not known.
	factor(level int) int
	// cover returns the largest rectangle that decode may return for region.
	cover(level int, region image.Rectangle) image.Rectangle
	// memory returns the most bytes that decode takes, its result included.
	memory(level int, region image.Rectangle) int64
	// decode returns pixels that cover region, which is not empty and inside the
	// level, and the rectangle that they cover.
	decode(in *input, level int, region image.Rectangle) (*pixel.Image, image.Rectangle, error)
}

// Open recognises the format of a file of size bytes by its content and reads
// its header. r is kept for decoding. Errors: Corrupt for empty files, for what
// is not an image and for damaged headers; Unsupported, with words that may be
// shown, for formats and variants that are not read and for images beyond lim;
// and the kinds of r's own failures.
func Open(r io.ReaderAt, size int64, lim Limits) (*Picture, error) {
	const op = "codec.Open"
	in := &input{ctx: context.Background(), r: r, size: size}
	p := &Picture{r: r, size: size, lim: lim.withDefaults()}
	p.inks = sync.OnceValue(p.inkProfile)
	if err := p.open(in); err != nil {
		return nil, in.fail(op, err)
	}
	return p, nil
}

func (p *Picture) open(in *input) (err error) {
	const op = "codec.Open"
	defer guard(&err)
	if in.size <= 0 {
		return corrupt(op, "the file is empty")
	}
	head, err := in.bytes(0, int(min(in.size, sniffSize)))
	if err != nil {
		return err
	}
	format, foreign := sniff(head)
	switch format {
	case JPG:
		p.stored, p.facts, err = openJPEG(in)
	case PNG:
		p.stored, p.facts, err = openPNG(in)
	case GIF:
		p.stored, p.facts, err = openGIF(in)
	case WebP:
		p.stored, p.facts, err = openWebP(in)
	case TIF:
		p.stored, p.facts, err = openTIFF(in, p.lim)
	case BMP:
		p.stored, p.facts, err = openBMP(in)
	default:
		if foreign == "" {
			return corrupt(op, "not an image of a known format")
		}
		return fault.New(op, fault.Unsupported, "stored images of the format "+foreign+" are not supported")
	}
	if err != nil {
		return err
	}
	p.facts.format = format
	if !describes(p.facts.icc, p.facts.model) {
		p.facts.icc = nil
	}
	for _, l := range p.stored.levels() {
		p.levels = append(p.levels, p.facts.orientation.size(l))
	}
	full := p.levels[0]
	if err := p.lim.check(full.X, full.Y); err != nil {
		return err
	}
	// What can only be decoded whole must be possible to decode; of others, some
	// region always is.
	if p.MemoryFor(len(p.levels)-1, image.Rect(0, 0, 1, 1)) > p.lim.MaxDecodeBytes {
		return errMemory(op)
	}
	return nil
}

func errMemory(op string) error {
	return fault.New(op, fault.Unsupported, "decoding the stored image takes more memory than this server allows")
}

// Held returns the bytes of memory that the picture takes while it is open, about.
func (p *Picture) Held() int64 {
	n := int64(len(p.facts.icc)) + 16<<10
	if f, ok := p.stored.(*tiffFile); ok && f.index != nil {
		n += f.index.Held()
	}
	return n
}

// Reading returns the picture with another way to read the same file.
func (p *Picture) Reading(r io.ReaderAt) *Picture {
	q := *p
	q.r = r
	return &q
}

// Format returns the name of the stored format: one of the constants.
func (p *Picture) Format() string { return p.facts.format }

// Width returns the width in pixels, upright.
func (p *Picture) Width() int { return p.levels[0].X }

// Height returns the height in pixels, upright.
func (p *Picture) Height() int { return p.levels[0].Y }

// Pages returns the number of pages of a TIFF; 1 for all other formats, of whose
// frames only the first is read.
func (p *Picture) Pages() int { return p.facts.pages }

// HasAlpha reports whether the image may have transparent pixels, as far as the
// header tells.
func (p *Picture) HasAlpha() bool { return p.facts.alpha }

// Gray reports whether the header says that the image has no colours.
func (p *Picture) Gray() bool { return p.facts.model == pixel.Gray }

// ICC returns the profile of the stored image, nil when it has none or one that
// does not fit its colours. It must not be changed.
func (p *Picture) ICC() []byte { return p.facts.icc }

// Levels returns the upright sizes that Decode offers, largest first: the
// resolutions of a pyramid, the reductions that a JPEG decoder computes at less
// cost (to ½, ¼, ⅛, rounded up), averages of a large PNG, or just the full size. It
// must not be changed.
func (p *Picture) Levels() []image.Point { return p.levels }

// Partial reports whether decoding a region is much cheaper than decoding all, so
// that it is not worth while to keep whole decoded levels.
func (p *Picture) Partial() bool { return p.facts.partial }

// place translates an upright region to the stored image, clipped to the level;
// size is that of the stored level.
func (p *Picture) place(level int, region image.Rectangle) (r image.Rectangle, size image.Point, ok bool) {
	if level < 0 || level >= len(p.levels) {
		return r, size, false
	}
	size = p.stored.levels()[level]
	region = region.Intersect(image.Rectangle{Max: p.levels[level]})
	return p.facts.orientation.stored(region, size), size, !region.Empty()
}

// MemoryFor returns the most memory that Decode takes for a region of a level, in
// bytes, its result included; 0 when Decode would refuse the arguments.
func (p *Picture) MemoryFor(level int, region image.Rectangle) int64 {
	r, _, ok := p.place(level, region)
	if !ok {
		return 0
	}
	n := p.stored.memory(level, r) + int64(len(p.facts.icc))
	c := p.stored.cover(level, r)
	if p.facts.model == pixel.CMYK {
		n += conversionBytes + pixel.Bytes(pixel.RGB, c.Dx(), c.Dy(), 1, 1, false)
	}
	if p.facts.orientation > 1 {
		n += pixel.Bytes(p.facts.model, c.Dx(), c.Dy(), 1, 1, p.facts.alpha)
	}
	return n
}

// Decoded is an upright part of a picture.
type Decoded struct {
	// Image is gray, RGB or YCbCr, with its profile. Its planes may be shared
	// with nothing else.
	*pixel.Image
	// Rect is what the image covers, in upright pixels of the level.
	Rect image.Rectangle
}

// Decode returns pixels of a level that cover at least region, which is given in
// upright pixels of that level and clipped to it. Cancelling ctx ends the decode
// at its next read. Errors: Invalid for a level that does not exist or a region
// outside of it; Unsupported for what needs more than Limits.MaxDecodeBytes or is
// of a variant that is not read; Corrupt for damaged data; and the kinds of ctx
// and of the reader.
func (p *Picture) Decode(ctx context.Context, level int, region image.Rectangle) (Decoded, error) {
	const op = "codec.Decode"
	r, size, ok := p.place(level, region)
	if !ok {
		return Decoded{}, fault.E(op, fault.Invalid, nil)
	}
	if p.MemoryFor(level, region) > p.lim.MaxDecodeBytes {
		return Decoded{}, errMemory(op)
	}
	in := &input{ctx: ctx, r: p.r, size: p.size}
	m, r, err := p.decode(in, level, r)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return Decoded{}, in.fail(op, err)
	}
	return Decoded{Image: m, Rect: p.facts.orientation.upright(r, size)}, nil
}

func (p *Picture) decode(in *input, level int, r image.Rectangle) (m *pixel.Image, _ image.Rectangle, err error) {
	defer guard(&err)
	if err := in.ctx.Err(); err != nil {
		return nil, r, err
	}
	if m, r, err = p.stored.decode(in, level, r); err != nil {
		return nil, r, err
	}
	m.ICC = p.facts.icc
	if m.Model == pixel.CMYK {
		m = p.toRGB(m)
	}
	return pixel.Orient(m, int(p.facts.orientation)), r, nil
}

// whole is the part of stored that formats share which are always decoded whole.
type whole struct{ image.Point }

func (w whole) levels() []image.Point { return []image.Point{w.Point} }

func (w whole) factor(int) int { return 1 }

func (w whole) cover(int, image.Rectangle) image.Rectangle { return image.Rectangle{Max: w.Point} }

func (w whole) area() int64 { return int64(w.X) * int64(w.Y) }
