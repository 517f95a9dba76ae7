package tiff

import (
	"encoding/binary"
	"io"
	"math"
	"sync"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// table is a list of chunk offsets or lengths, kept as the file spells it: the
// tables of a 10 GB file hold 160,000 tiles, of which a request needs a few.
// It is fetched with the directory when that costs no read, else on first use.
type table struct {
	order binary.ByteOrder
	typ   uint16
	n     int64 // values that the file has
	off   int64

	mu   sync.Mutex
	data []byte // nil until fetched
}

// table returns the table in field tag, nil when it is absent; need is the
// number of values that are of use and limit bounds the memory.
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
		t.data = append(make([]byte, 0, size), b[:size]...)
	case t.off < 0 || t.off > d.in.size || size > d.in.size-t.off:
		return nil, corrupt("tiff.Open", "a directory points past the end of the file")
	default:
		if b := d.in.cached(t.off, size); b != nil {
			t.data = append(make([]byte, 0, size), b...)
		}
	}
	return t, nil
}

// load fetches the table unless it is there. A failure is not remembered: it
// may be an outage.
func (t *table) load(r io.ReaderAt) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.data != nil {
		return nil
	}
	b := make([]byte, t.n*typeSize[t.typ])
	if err := readFull(r, b, t.off); err != nil {
		return wrapRead("tiff.Decode", err)
	}
	t.data = b
	return nil
}

// at returns value i of a loaded table; values past its end are 0, as in
// libtiff.
func (t *table) at(i int64) (int64, error) {
	if i >= t.n {
		return 0, nil
	}
	v := integer(t.order, t.typ, t.data[i*typeSize[t.typ]:])
	if v > math.MaxInt64 {
		return 0, corrupt("tiff.Decode", "an offset of more than 63 bits")
	}
	return int64(v), nil
}

// span is where the bytes of a chunk are; length 0 means that it is not stored.
type span struct{ off, length int64 }

// span returns where chunk i of the level is stored. Offsets past the end of the
// file are errors, lengths past it are cut.
func (f *File) span(l *level, i int64) (span, error) {
	const op = "tiff.Decode"
	if err := l.offsets.load(f.r); err != nil {
		return span{}, err
	}
	off, err := l.offsets.at(i)
	if err != nil {
		return span{}, err
	}
	n := int64(0)
	if l.counts != nil {
		if err = l.counts.load(f.r); err != nil {
			return span{}, err
		}
		if n, err = l.counts.at(i); err != nil {
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
