package pyramid

import (
	"errors"
	"strconv"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Sink takes the file. The tiles come first, one after the other without a gap
// from Writer.Start on; the head comes last, in one call at offset 0. So an
// *os.File is a Sink, and so is a multipart upload that keeps its first part
// back. A call takes all of p or returns an error, and does not keep p.
type Sink interface {
	WriteAt(p []byte, off int64) (n int, err error)
}

// maxStream bounds a tile in bytes: its length must fit 32 bits, and 4096 × 4096
// pixels never make as many.
const maxStream = 1 << 30

// Writer writes a pyramid. It holds the head, 8 bytes per tile (12 in a
// BigTIFF), and no tiles. It is not safe for concurrent use: encode in many
// goroutines, Put in one.
type Writer struct {
	o    Options
	geo  Geometry
	sink Sink
	head head
	next int64 // where the next tile goes
	left int64 // tiles not yet put
	err  error // the first failure
}

// NewWriter starts a pyramid. It fails with Invalid for options out of range and
// with Unsupported for an image of too many tiles (some 8 million).
func NewWriter(o Options, sink Sink) (*Writer, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	g, err := NewGeometry(o.Width, o.Height, o.TileSize)
	if err != nil {
		return nil, err
	}
	w := &Writer{o: o, geo: g, sink: sink}
	if w.head, err = buildHead(&w.o, &w.geo); err != nil {
		return nil, err
	}
	for k := range w.geo.grids {
		d := &w.geo.grids[k]
		w.left += int64(d.cols) * int64(d.rows)
	}
	w.next = w.Start()
	return w, nil
}

// Geometry returns how the image is cut: which tiles to put. It must not be
// changed.
func (w *Writer) Geometry() *Geometry { return &w.geo }

// Start returns the offset of the first tile: the bytes before it are written by
// Close.
func (w *Writer) Start() int64 { return int64(len(w.head.b)) + int64(len(w.o.ICC)) }

// Size returns the bytes that the file has up to now, the head included.
func (w *Writer) Size() int64 { return w.next }

// Left returns the number of tiles of the advertised grids that Close still
// waits for.
func (w *Writer) Left() int64 { return w.left }

// Put adds the tile of a level's advertised grid: padded, a JPEG of the full tile
// size (nil when Geometry.Stored says that the TIFF has no such tile), and one
// JPEG for each of Geometry.Exacts, in that order. Tiles may come in any order;
// those of a row one after the other make composing cheaper. The slices are not
// kept.
//
// It fails with Invalid when a tile does not exist or was put before, or when a
// stream is not a JPEG of the right dimensions and sampling, which changes
// nothing; with Unsupported when a classic TIFF passes 4 GiB (Options.MaxBytes);
// and with the error of the sink. After one of the last two the file is lost and
// all calls fail.
func (w *Writer) Put(level, col, row int, padded []byte, exact ...[]byte) error {
	const op = "pyramid.Put"
	if w.err != nil {
		return w.err
	}
	if level < 0 || level >= len(w.geo.grids) || col < 0 || row < 0 {
		return fault.E(op, fault.Invalid, errors.New("no such tile"))
	}
	d := &w.geo.grids[level]
	if col >= d.cols || row >= d.rows {
		return fault.E(op, fault.Invalid, errors.New("no such tile"))
	}
	if w.placed(level, col, row) {
		return fault.E(op, fault.Invalid, errors.New("this tile is there already"))
	}
	sizes := w.geo.Exacts(level, col, row)
	if d.stored(col, row) != (len(padded) != 0) || len(exact) != len(sizes) {
		return fault.E(op, fault.Invalid, errors.New("wrong number of streams, wanted exact: "+strconv.Itoa(len(sizes))))
	}
	total := int64(len(padded))
	if len(padded) != 0 {
		if err := w.checkTile(padded, d.tile, d.tile); err != nil {
			return fault.E(op, fault.Invalid, err)
		}
	}
	for i, s := range sizes {
		if err := w.checkTile(exact[i], s.Width, s.Height); err != nil {
			return fault.E(op, fault.Invalid, err)
		}
		total += int64(len(exact[i]))
	}
	if !w.head.big && w.next+total > classicMax-1 {
		w.err = fault.New(op, fault.Unsupported, "the pyramid passes 4 GiB and was not begun as a BigTIFF")
		return w.err
	}
	return w.write(level, col, row, padded, exact)
}

// checkTile wants a JPEG of width × height pixels as the options say.
func (w *Writer) checkTile(b []byte, width, height int) error {
	if len(b) > maxStream {
		return errors.New("JPEG is too large")
	}
	s, err := readShape(b)
	if err != nil {
		return err
	}
	want := shape{width, height, w.o.Colour.components(), w.o.SubX, w.o.SubY}
	if s != want {
		return errors.New("JPEG is " + s.String() + ", wanted " + want.String())
	}
	return nil
}

// write appends the streams of a tile and enters them in the tables.
func (w *Writer) write(level, col, row int, padded []byte, exact [][]byte) error {
	d, t := &w.geo.grids[level], &w.head.tables[level]
	var whole Range
	if len(padded) != 0 {
		r, err := w.append(padded)
		if err != nil {
			return err
		}
		whole = r
		t.setTile(w.head.b, row*d.storedCols+col, r)
	}
	slot := d.slot(col, row)
	for _, z := range d.exacts(col, row) {
		r := whole // a size that was rounded up to that of the tile
		if !d.whole(z) {
			var err error
			if r, err = w.append(exact[0]); err != nil {
				return err
			}
			exact = exact[1:]
		}
		t.setEdge(w.head.b, slot, r)
		slot++
	}
	w.left--
	return nil
}

func (w *Writer) append(b []byte) (Range, error) {
	n, err := w.sink.WriteAt(b, w.next)
	if err == nil && n != len(b) {
		err = errors.New("short write")
	}
	if err != nil {
		w.err = fault.E("pyramid.Put", fault.KindOf(err), err)
		return Range{}, w.err
	}
	r := Range{w.next, int64(n)}
	w.next += int64(n)
	return r, nil
}

// placed reports whether a tile was put before.
func (w *Writer) placed(level, col, row int) bool {
	d, t := &w.geo.grids[level], &w.head.tables[level]
	if d.stored(col, row) {
		return t.tile(w.head.b, row*d.storedCols+col).Length != 0
	}
	slot := d.slot(col, row)
	return slot >= 0 && t.edge(w.head.b, slot).Length != 0
}

// Close writes the head. It fails with Invalid when tiles are missing, and with
// the error of the sink. It does not close the sink. The Writer is of no use
// afterwards.
func (w *Writer) Close() error {
	const op = "pyramid.Close"
	if w.err != nil {
		return w.err
	}
	if w.left != 0 {
		return fault.E(op, fault.Invalid, errors.New(strconv.FormatInt(w.left, 10)+" tiles are missing"))
	}
	w.head.seal(w.next)
	b := append(w.head.b, w.o.ICC...)
	n, err := w.sink.WriteAt(b, 0)
	if err == nil && n != len(b) {
		err = errors.New("short write")
	}
	w.err = fault.E(op, fault.Invalid, errors.New("the pyramid is closed"))
	if err != nil {
		w.err = fault.E(op, fault.KindOf(err), err)
		return w.err
	}
	return nil
}
