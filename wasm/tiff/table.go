package tiff

import (
	"encoding/binary"
	"io"
	"math"
	"sync"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// table is a list of chunk offsets or lengths, kept as the file spells it. Those
// of a 10 GB file hold 400,000 tiles and more, of which a request needs a few: a
// table of more than a page is read by pages, on use, and only the pages used last
// are kept.
type table struct {
	order binary.ByteOrder
	typ   uint16
	n     int64 // values that the file has
	off   int64

	mu    sync.Mutex
	pages []page // the one used last at the end
}

// page is a run of values as bytes.
type page struct {
	first int64 // number of its first value
	data  []byte
}

const (
	// tablePage is the size of a page in bytes: as much as an object store sends
	// in the time that it takes to answer, 8192 offsets of a BigTIFF.
	tablePage = 64 << 10
	// keptPages bounds the pages of one table in memory.
	keptPages = 4
)

// table returns the table in field tag, nil when it is absent; need is the
// number of values that are of use and limit bounds their bytes.
func (d *ifd) table(tag uint16, need, limit int64) (*table, error) {
	fd, ok := d.fields[tag]
	if !ok {
		return nil, nil
	}
	if !isInteger(fd.typ) {
		return nil, corrupt("tiff.Open", "a field is of the wrong type")
	}
	n := min(int64(fd.count), need)
	size := n * typeSize[fd.typ]
	if size > limit {
		return nil, unsupported("tiff.Open", "the TIFF has more tiles than allowed")
	}
	t := &table{order: d.order, typ: fd.typ, n: n, off: fd.offset}
	switch b := fd.inline; {
	case b != nil || size == 0:
		t.keep(page{0, append(make([]byte, 0, size), b[:size]...)})
	case t.off < 0 || t.off > d.in.size || size > d.in.size-t.off:
		return nil, corrupt("tiff.Open", "a directory points past the end of the file")
	case size <= tablePage:
		if b := d.in.cached(t.off, size); b != nil {
			t.keep(page{0, append(make([]byte, 0, size), b...)})
		}
	}
	return t, nil
}

// at returns value i, reading its page from r unless it is there; values past the
// table's end are 0, as in libtiff. A failure is not remembered: it may be an
// outage. No lock is held while r is read, which may wait for other callers.
func (t *table) at(r io.ReaderAt, i int64) (int64, error) {
	if i >= t.n {
		return 0, nil
	}
	v, ok := t.held(i)
	if !ok {
		width := typeSize[t.typ]
		p := page{first: i - i%(tablePage/width)}
		p.data = make([]byte, min(tablePage, (t.n-p.first)*width))
		if err := readFull(r, p.data, t.off+p.first*width); err != nil {
			return 0, wrapRead("tiff.Decode", err)
		}
		t.keep(p)
		v = integer(t.order, t.typ, p.data[(i-p.first)*width:])
	}
	if v > math.MaxInt64 {
		return 0, corrupt("tiff.Decode", "an offset of more than 63 bits")
	}
	return int64(v), nil
}

// held returns value i if its page is in memory.
func (t *table) held(i int64) (uint64, bool) {
	width := typeSize[t.typ]
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := len(t.pages) - 1; k >= 0; k-- {
		p := t.pages[k]
		if at := (i - p.first) * width; at >= 0 && at < int64(len(p.data)) {
			if k < len(t.pages)-1 {
				copy(t.pages[k:], t.pages[k+1:])
				t.pages[len(t.pages)-1] = p
			}
			return integer(t.order, t.typ, p.data[at:]), true
		}
	}
	return 0, false
}

// keep remembers a page, in place of the one that was not used for longest.
func (t *table) keep(p page) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, q := range t.pages {
		if q.first == p.first {
			return // somebody else read it at the same time
		}
	}
	if len(t.pages) == keptPages {
		t.pages = append(t.pages[:0], t.pages[1:]...)
	}
	t.pages = append(t.pages, p)
}

// span is where the bytes of a chunk are; length 0 means that it is not stored.
type span struct{ off, length int64 }

// span returns where chunk i of the level is stored. Offsets past the end of the
// file are errors, lengths past it are cut.
func (f *File) span(l *level, i int64) (span, error) {
	const op = "tiff.Decode"
	off, err := l.offsets.at(f.r, i)
	if err != nil {
		return span{}, err
	}
	n := int64(0)
	if l.counts != nil {
		if n, err = l.counts.at(f.r, i); err != nil {
			return span{}, err
		}
	}
	switch {
	case off == 0 && n == 0:
		return span{}, nil
	case off <= 0 || off >= f.size:
		return span{}, corrupt(op, "a tile or strip begins past the end of the file")
	case n == 0:
		// Writers that leave the lengths out, or write zeros, rely on the data
		// to say where it ends; every decoder here stops by itself.
		n = f.size - off
	}
	return span{off, min(n, f.size-off)}, nil
}

// TileRange returns where the tile (or strip: col 0) in column col and row row of
// a level's grid is stored; for planar images that is its first plane. A length of
// 0 means that the tile is not stored (all its samples are zero). Errors:
// Invalid for a tile outside the grid, Corrupt, and whatever the reader reports.
func (f *File) TileRange(level, col, row int) (offset, length int64, err error) {
	const op = "tiff.TileRange"
	l, err := f.level(op, level)
	if err != nil {
		return 0, 0, err
	}
	if col < 0 || row < 0 || int64(col) >= l.across || int64(row) >= l.down {
		return 0, 0, fault.E(op, fault.Invalid, nil)
	}
	s, err := f.span(l, int64(row)*l.across+int64(col))
	return s.off, s.length, err
}

// JPEGTables returns the tables that all JPEG tiles of a level share, as an
// abbreviated stream from SOI to EOI (TIFF technical note 2); nil when there are
// none. It must not be changed.
func (f *File) JPEGTables(level int) []byte {
	if level < 0 || level >= len(f.levels) {
		return nil
	}
	return f.levels[level].jpegTables
}
