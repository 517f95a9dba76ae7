// Package tiff reads tiled, pyramidal and ordinary TIFF and BigTIFF files by
// ranges, and writes simple ones.
//
// A File answers "these pixels of that resolution" while reading and decoding
// only the tiles or strips that touch them, through an io.ReaderAt that may be
// an object store. Nothing a file says is believed before it is checked: the
// memory of Open is bounded by its Limits and by the file's size, that of Decode
// by what MemoryFor announces, decompression stops at the bytes that the tile
// must have, and directories that form a loop are read once.
//
// Read: classic and Big, both byte orders; strips and tiles; none, LZW, Deflate,
// PackBits, CCITT and JPEG compression; gray, RGB, palette, CMYK and YCbCr of 1
// to 8 and 16 bits (16 are scaled to 8); alpha. Refused by name: old-style JPEG,
// floating-point and signed samples, CIE L*a*b*.
//
// It is not for metadata (Exif, XMP, GeoTIFF) except orientation and ICC
// profile, and not for turning the picture upright. The package is part of the
// portable core and compiles to wasip1.
package tiff

import (
	"cmp"
	"io"
	"slices"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Limits bounds what Open accepts. The zero value means the defaults.
type Limits struct {
	// MaxPixels is the largest image, in pixels. Default 2^36: tiles make the
	// whole image's size harmless, and the largest scans have some 10^10.
	MaxPixels int64
	// MaxDimension is the largest width, height and tile side, in pixels.
	// Default and ceiling 2^20, the most that the CCITT decoder takes.
	MaxDimension int
	// MaxTileBytes bounds one row of samples of a tile or strip, decompressed:
	// they are decoded row by row, so that is all that is held of one. JPEG tiles
	// are bounded by the memory that Decode is given. Default 64 MiB.
	MaxTileBytes int64
	// MaxTableBytes bounds what Open reads, and each table of tile offsets, of which
	// a few pages are held. Default 64 MiB, 8 million tiles of a BigTIFF.
	MaxTableBytes int64
	// MaxPages bounds the directories that are looked at: each may cost a read.
	// Default 64; later pages are ignored.
	MaxPages int
}

func (l Limits) withDefaults() Limits {
	l.MaxPixels = cmp.Or(l.MaxPixels, 1<<36)
	l.MaxDimension = min(cmp.Or(l.MaxDimension, 1<<20), 1<<20)
	l.MaxTileBytes = cmp.Or(l.MaxTileBytes, 64<<20)
	l.MaxTableBytes = cmp.Or(l.MaxTableBytes, 64<<20)
	l.MaxPages = cmp.Or(l.MaxPages, 64)
	return l
}

// maxICC bounds the profile; the largest real ones (printers) have 3 MB.
const maxICC = 8 << 20

// File is an opened TIFF. It is safe for concurrent use if its reader is.
type File struct {
	r           io.ReaderAt
	size        int64
	lim         Limits
	pages       int
	levels      []*level
	orientation int
	icc         []byte
}

// Reading returns f with another reader of the same bytes, for instance one that
// ends with a request. What has been read of f's tables is shared.
func (f *File) Reading(r io.ReaderAt) *File {
	c := *f
	c.r = r
	return &c
}

// Open reads the directories of a TIFF of size bytes. It reads the first 64 KiB
// once and further pieces only for directories outside of it; tables of tiles are
// read when they are used, by pages. Errors: Corrupt
// for what is not a TIFF, Unsupported (with words that may be shown) for images
// that cannot be decoded or exceed lim, and whatever kind r's own errors have.
func Open(r io.ReaderAt, size int64, lim Limits) (*File, error) {
	lim = lim.withDefaults()
	if size < 0 {
		return nil, fault.E("tiff.Open", fault.Invalid, nil)
	}
	in, err := newInput(r, size, lim.MaxTableBytes+headSize)
	if err != nil {
		return nil, err
	}
	f := &File{r: r, size: size, lim: lim}
	return f, f.readPages(in)
}

// Pages returns the number of pages: images of the file that are neither
// reduced versions of another nor masks. Damaged pages after the first and those
// past Limits.MaxPages do not count.
func (f *File) Pages() int { return f.pages }

// Levels returns the resolutions of the first page, largest first; there is at
// least one.
func (f *File) Levels() []Level {
	ls := make([]Level, len(f.levels))
	for i, l := range f.levels {
		ls[i] = l.Level
	}
	return ls
}

// Orientation returns how to turn the picture upright, 1 to 8 as in Exif (tag
// 274); 1 when the file does not say.
func (f *File) Orientation() int { return f.orientation }

// ICC returns the colour profile, nil when there is none. It must not be changed.
func (f *File) ICC() []byte { return f.icc }

func (f *File) level(op string, i int) (*level, error) {
	if i < 0 || i >= len(f.levels) {
		return nil, fault.E(op, fault.Invalid, nil)
	}
	return f.levels[i], nil
}

// readPages walks the chain of directories and finds the levels among them.
func (f *File) readPages(in *input) error {
	format, off, err := readHeader(in)
	if err != nil {
		return err
	}
	if off == 0 {
		return corrupt("tiff.Open", "no directory")
	}
	seen := map[int64]bool{}
	chain, err := readChain(in, format, off, f.lim.MaxPages, seen)
	if err != nil {
		return err
	}
	main := 0
	for i, d := range chain {
		if d.kind&(reducedImage|maskImage) == 0 {
			f.pages++
			if f.pages == 1 {
				main = i
			}
		}
	}
	if f.pages == 0 {
		f.pages = 1
	}
	page := chain[main]
	top, err := parseLevel(page.ifd, f.lim)
	if err != nil {
		return err
	}
	if err := f.readMain(page.ifd); err != nil {
		return err
	}
	f.levels = []*level{top}
	if err := f.addSubIFDs(page.ifd, seen); err != nil {
		return err
	}
	if err := f.addFollowing(chain, main); err != nil {
		return err
	}
	slices.SortStableFunc(f.levels, func(a, b *level) int { return b.Width*b.Height - a.Width*a.Height })
	return nil
}

// readMain takes what the main page says about all levels.
func (f *File) readMain(d *ifd) error {
	o, err := d.uint(tagOrientation, 1)
	if err != nil {
		return err
	}
	if f.orientation = 1; o >= 1 && o <= 8 {
		f.orientation = int(o)
	}
	icc, err := d.raw(tagICC, maxICC)
	if fault.Is(err, fault.Unsupported) || fault.Is(err, fault.Corrupt) {
		return nil // the picture is worth more than its profile
	}
	if len(icc) > 0 {
		f.icc = append([]byte(nil), icc...)
	}
	return err
}
