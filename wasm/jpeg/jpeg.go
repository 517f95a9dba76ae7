// Package jpeg decodes and encodes JPEG (ITU-T T.81) as planes: luma and chroma
// stay apart and subsampled, in the shape of pixel.Image, so that cropping and
// scaling never pay for a colour conversion.
//
// It reads 8-bit Huffman-coded files, sequential and progressive, of one, three
// or four components, whole, as a region, or at 1/2, 1/4 or 1/8 of the size by
// computing fewer coefficients. It writes baseline and progressive files. All
// arithmetic is that of the accurate integer transform everybody uses (Loeffler,
// Ligtenberg and Moschytz with 13-bit constants), so results equal those of other
// libraries to the last bit where the standard leaves room.
//
// Guarantees: no input makes it panic, loop without end or allocate more than
// MemoryFor says; data that end early are an error, never a half gray picture.
// Damage between two restart markers is contained: that interval turns gray.
// The package keeps no state between calls and starts no goroutines.
//
// It is not for colour management: ICC profiles travel along untouched.
package jpeg

import (
	"errors"
	"image"
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// Limits on what a file may make us do.
const (
	// maxICC is the largest ICC profile that is kept, in bytes. Real ones are
	// under 2 MiB; a larger one is dropped.
	maxICC = 4 << 20
	// maxOverhead bounds all marker segments, fill bytes and garbage of one
	// file, in bytes. Camera files carry a few MiB of previews at most.
	maxOverhead = 32 << 20
	// maxScans bounds the number of scans of one file. Usual progressive files
	// have ten, one scan per coefficient and bit would be some hundreds.
	maxScans = 1000
	// maxVisits bounds how often a file may make us walk over its blocks,
	// averaged over all blocks: a scan that says "nothing here" costs the file
	// a few bytes and us a walk.
	maxVisits = 128
	// maxLost bounds how many MCUs more may be lost to damage than were
	// decoded: a restart marker can make us paint 65,535 gray MCUs.
	maxLost = 4096
)

// Header is what a JPEG says about itself before its first scan. It is made by
// ReadHeader.
type Header struct {
	// Width and Height are the dimensions in pixels, 1 to 65535, before any
	// orientation is applied.
	Width, Height int
	// Components is the number of colour components: 1, 3 or 4.
	Components int
	// SubX and SubY are the chroma subsampling factors of the image that Decode
	// gives: 1, 2 or 4. They are 1 for files whose odd sampling factors make
	// Decode enlarge components to full size.
	SubX, SubY int
	// Progressive says that whole-image coefficients must be held to decode.
	Progressive bool
	// Adobe says that there is an Adobe APP14 segment, and Transform is its
	// colour transform: 0 none, 1 YCbCr, 2 YCCK.
	Adobe     bool
	Transform byte
	// Model is the colour model of the image that Decode gives.
	Model pixel.Model
	// Orientation is the Exif orientation, 1 to 8; 1 when absent or not valid.
	// Decode does not apply it.
	Orientation int
	// ICC is the embedded profile, nil when there is none, or when it is
	// incomplete or larger than 4 MiB.
	ICC []byte
	// RestartInterval is the number of MCUs between restart markers, 0 for none.
	RestartInterval int

	sampling  [4][2]int // horizontal and vertical factors per component
	expand    bool      // components must be enlarged to full size
	collected int       // bytes of profile chunks that reading the header held
}

// Scaled returns the dimensions of the image decoded at 1/scale, in pixels.
func (h Header) Scaled(scale int) (width, height int) {
	return ceilDiv(h.Width, scale), ceilDiv(h.Height, scale)
}

// DecodeOptions says what part of an image Decode gives, and how large.
type DecodeOptions struct {
	// Scale divides the size: 1, 2, 4 or 8; 0 means 1. The result measures
	// ⌈Width/Scale⌉ × ⌈Height/Scale⌉.
	Scale int
	// LowPass takes, at scale 4, only the 2 × 2 lowest frequencies of each block,
	// as the Independent JPEG Group's library does since its version 7, and skips
	// the others: about half the time. Default: 2 × 2 averages of all of them, as
	// libjpeg-turbo makes them. Neither is the better picture once a filter has
	// scaled it further.
	LowPass bool
	// Region is the wanted part in pixels of the full-size image; empty means
	// all of it. Parts outside of the image are ignored.
	Region image.Rectangle
	// MaxBytes is the most memory that Decode may take, in bytes, by the
	// reckoning of MemoryFor; 0 means no limit but that of the format.
	MaxBytes int64
}

// Picture is a decoded image or a part of one.
type Picture struct {
	*pixel.Image
	// Rect is the part of the scaled image that Image covers, in scaled pixels:
	// the region, rounded outwards to whole MCUs and clipped to the image.
	Rect image.Rectangle
}

// ReadHeader reads r up to the first scan and returns what it says. It fails
// with Corrupt for what is not a JPEG or breaks off, with Unsupported for the
// coding processes that Decode does not know, and with the kind of the reader's
// own failure. It may read past the header.
func ReadHeader(r io.Reader) (Header, error) {
	d := newDecoder(r, "jpeg.ReadHeader")
	defer d.close()
	if err := d.readHeader(); err != nil {
		return Header{}, err
	}
	return d.h, nil
}

// Decode decodes the image in r as o says. It fails with Invalid for options
// that make no sense, with Unsupported for coding processes it does not know and
// for images that need more than MaxBytes, with Corrupt for damaged or
// incomplete data, and with the kind of the reader's own failure. It reads no
// further than it must.
func Decode(r io.Reader, o DecodeOptions) (Picture, error) {
	d := newDecoder(r, "jpeg.Decode")
	defer d.close()
	if err := d.readHeader(); err != nil {
		return Picture{}, err
	}
	l, err := newLayout(d.op, d.h, o)
	if err != nil {
		return Picture{}, err
	}
	if o.MaxBytes > 0 && l.bytes > o.MaxBytes {
		return Picture{}, fault.New(d.op, fault.Unsupported, "the image needs more memory than this server allows")
	}
	if err := d.decode(l); err != nil {
		return Picture{}, err
	}
	return d.picture(), nil
}

// MemoryFor returns the most memory that Decode takes for an image with header h
// and options o, in bytes, its result included; 0 when Decode would refuse the
// options.
func MemoryFor(h Header, o DecodeOptions) int64 {
	l, err := newLayout("jpeg.MemoryFor", h, o)
	if err != nil {
		return 0
	}
	return l.bytes
}

// corrupt makes the failure for data that break the format.
func (d *decoder) corrupt(text string) error {
	return fault.E(d.op, fault.Corrupt, errors.New(text))
}

// unsupported makes the failure for files of a kind that is not implemented.
func (d *decoder) unsupported(text string) error {
	return fault.New(d.op, fault.Unsupported, text)
}

// ended makes the failure for a stream without more data: the reader's own
// trouble when it has some, otherwise damage of the file.
func (d *decoder) ended() error {
	err := d.err
	var f *fault.Error
	switch {
	case err == nil:
		return d.corrupt("the image data end early")
	case errors.As(err, &f):
		return fault.E(d.op, fault.KindOf(f), err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errOverhead):
		return fault.E(d.op, fault.Corrupt, err)
	}
	return fault.E(d.op, fault.KindOf(err), err)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
