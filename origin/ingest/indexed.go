package ingest

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"os"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// indexed is a JPEG that regions can be cut out of.
type indexed struct {
	index *jpeg.Index
	src   io.ReaderAt
	size  int64
	h     jpeg.Header
	mcu   image.Point
	s     shape
	spare []byte // a buffer for the next window
}

func (x *indexed) shape() shape { return x.s }

// memory counts the index, the compressed rows that are under way, and the bands.
func (x *indexed) memory() int64 {
	rows := int64(x.h.Height)
	return x.index.Size() + 4*min(maxWindow, x.size*min(tileSize, rows)/rows) + bandBytes(x.s)
}

// maxWindow bounds the part of the file that is held for a row of tiles.
const maxWindow = 32 << 20

// window reads what the tiles in rect need, in one piece, so that the tiles find it
// in memory. A part that is too large they read themselves.
func (x *indexed) window(rect image.Rectangle) (*window, error) {
	ranges, err := x.index.Ranges(rect)
	if err != nil {
		return nil, err
	}
	from, to := ranges[0].Offset, ranges[len(ranges)-1].End()
	if to-from > maxWindow {
		return &window{file: x.src}, nil
	}
	b := x.spare
	x.spare = nil
	if int64(cap(b)) < to-from {
		// Some more than is needed, or each row would be a little too large.
		b = make([]byte, to-from, (to-from)*9/8)
	}
	w := &window{b[:to-from], from, x.src, x}
	if n, err := x.src.ReadAt(w.b, from); n < len(w.b) {
		if err == io.EOF {
			return nil, fault.E("ingest.window", fault.Corrupt, io.ErrUnexpectedEOF)
		}
		return nil, fault.E("ingest.window", fault.KindOf(err), err)
	}
	return w, nil
}

// window is a part of a file in memory.
type window struct {
	b    []byte
	from int64
	file io.ReaderAt
	home *indexed
}

// done gives the buffer back.
func (w *window) done() {
	if w.home != nil {
		w.home.spare = w.b
	}
}

// ReadAt reads from memory what is there, anything else from the file.
func (w *window) ReadAt(p []byte, off int64) (int, error) {
	if off < w.from || off-w.from+int64(len(p)) > int64(len(w.b)) {
		return w.file.ReadAt(p, off)
	}
	return copy(p, w.b[off-w.from:]), nil
}

// decode cuts rect, which begins at a multiple of the coding unit, and decodes it.
func (x *indexed) decode(src io.ReaderAt, rect image.Rectangle) (*pixel.Image, error) {
	b, err := x.index.Tile(src, rect, jpeg.TileOptions{DropICC: true})
	if err != nil {
		return nil, err
	}
	p, err := jpeg.Decode(bytes.NewReader(b), jpeg.DecodeOptions{})
	return p.Image, err
}

// turned is a JPEG that is decoded region by region and encoded again: to be
// turned upright, or of colours that a pyramid does not have.
type turned struct {
	indexed
	colours colours
	file    *os.File
	named   bool // file still has its name
}

// inMemory is up to what size a file is held in memory rather than on disk.
const inMemory = 32 << 20

// spool copies the source to where reading small pieces is cheap.
func (t *turned) spool(ctx context.Context) error {
	const op = "ingest.spool"
	in := io.NewSectionReader(t.src, 0, t.size)
	if t.size <= inMemory {
		b := make([]byte, t.size)
		if _, err := io.ReadFull(in, b); err != nil {
			return fault.E(op, fault.KindOf(err), err)
		}
		t.src = bytes.NewReader(b)
		return nil
	}
	file, err := os.CreateTemp("", "vitrine-ingest-*")
	if err != nil {
		return fault.E(op, fault.Unavailable, err)
	}
	t.file = file
	// Without a name it goes with the process, whatever happens. Where an open file
	// keeps its name, close removes it.
	t.named = os.Remove(file.Name()) != nil
	if n, err := io.CopyBuffer(file, in, make([]byte, 1<<20)); err != nil || n != t.size {
		return fault.E(op, fault.KindOf(err), errors.Join(err, ctx.Err()))
	}
	t.src = file
	return nil
}

func (t *turned) close() {
	if t.file != nil {
		t.file.Close()
	}
	if t.named {
		_ = os.Remove(t.file.Name())
	}
}

func (t *turned) row(_ context.Context, r int, _ *pixel.Image) (row, error) {
	if t.h.Orientation >= 5 {
		return &turnedRow{t, &window{file: t.src}}, nil
	}
	rect := t.place(image.Rect(0, r*tileSize, t.s.width, min((r+1)*tileSize, t.s.height)))
	w, err := t.window(t.align(rect))
	return &turnedRow{t, w}, err
}

// align extends rect to where coding units begin.
func (t *turned) align(rect image.Rectangle) image.Rectangle {
	rect.Min.X -= rect.Min.X % t.mcu.X
	rect.Min.Y -= rect.Min.Y % t.mcu.Y
	return rect
}

// place returns where in the file a rectangle of the upright image is (CIPA DC-008
// §4.6.5).
func (t *turned) place(r image.Rectangle) image.Rectangle {
	w, h := t.h.Width, t.h.Height
	o := t.h.Orientation
	if o >= 5 {
		r = image.Rect(r.Min.Y, r.Min.X, r.Max.Y, r.Max.X)
	}
	if o == 2 || o == 3 || o == 7 || o == 8 {
		r.Min.X, r.Max.X = w-r.Max.X, w-r.Min.X
	}
	if o == 3 || o == 4 || o == 6 || o == 7 {
		r.Min.Y, r.Max.Y = h-r.Max.Y, h-r.Min.Y
	}
	return r
}

// turnedRow is a row of tiles of a turned.
type turnedRow struct {
	*turned
	*window
}

func (r *turnedRow) tile(_ context.Context, f *flow, s spot, next *band) (streams, error) {
	rect := r.place(image.Rect(s.col*tileSize, s.row*tileSize, (s.col+1)*tileSize, (s.row+1)*tileSize).
		Intersect(image.Rect(0, 0, r.s.width, r.s.height)))
	aligned := r.align(rect)
	m, err := r.decode(r.window, aligned)
	if err != nil {
		return streams{}, err
	}
	off := rect.Min.Sub(aligned.Min)
	if m, err = pixel.Crop(m, off.X, off.Y, rect.Dx(), rect.Dy()); err != nil {
		return streams{}, err
	}
	if m, err = r.colours.apply(pixel.Orient(m, r.h.Orientation)); err != nil {
		return streams{}, err
	}
	return f.encodeTile(m, s, next)
}
