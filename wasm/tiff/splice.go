package tiff

import (
	"errors"
	"io"
)

// JPEG marker codes (T.81 table B.1).
const (
	markSOI  = 0xD8
	markEOI  = 0xD9
	markSOS  = 0xDA
	markAPP0 = 0xE0
	markCOM  = 0xFE
)

// maxJPEGHeader bounds the tables of one tile, in bytes: 64 KiB is several times
// what all tables that JPEG has room for take.
const maxJPEGHeader = 64 << 10

var errJPEGHeader = errors.New("a tile does not begin like a JPEG")

// byteStream is a reader of single bytes and of many.
type byteStream interface {
	io.Reader
	io.ByteReader
}

// spliceHead makes the head of a complete JPEG, up to and including its first
// SOS marker, from a tile's abbreviated stream and the tables that it shares with
// others (TIFF technical note 2). What follows stays in tile.
//
// The photometric tag and nothing else says in which colours a tile is, so
// application segments are left out and, for several components, an Adobe
// segment with the right transform put in: 1 for YCbCr, 0 for the rest.
func (l *level) spliceHead(tile byteStream) ([]byte, error) {
	head := []byte{0xFF, markSOI}
	if !l.Planar && l.SamplesPerPixel > 1 {
		transform := byte(0)
		if l.Photometric == YCbCr {
			transform = 1
		}
		head = append(head, 0xFF, markAPP0+14, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform)
	}
	head = append(head, l.tableSegments()...)
	if m, err := nextMarker(tile); err != nil || m != markSOI {
		return nil, errors.Join(errJPEGHeader, err)
	}
	for {
		m, err := nextMarker(tile)
		if err != nil {
			return nil, errors.Join(errJPEGHeader, err)
		}
		if m == markSOS {
			return append(head, 0xFF, m), nil
		}
		var seg [2]byte
		if _, err := io.ReadFull(tile, seg[:]); err != nil {
			return nil, err
		}
		n := int(seg[0])<<8 | int(seg[1])
		if m == markEOI || n < 2 {
			return nil, errJPEGHeader
		}
		if ignored(m) {
			if _, err := io.CopyN(io.Discard, tile, int64(n-2)); err != nil {
				return nil, err
			}
			continue
		}
		if len(head)+n > maxJPEGHeader+len(l.jpegTables) {
			return nil, errJPEGHeader
		}
		head = append(head, 0xFF, m, seg[0], seg[1])
		at := len(head)
		head = append(head, make([]byte, n-2)...)
		if _, err := io.ReadFull(tile, head[at:]); err != nil {
			return nil, err
		}
	}
}

// ignored says that a segment is left out of a spliced tile.
func ignored(mark byte) bool { return mark >= markAPP0 && mark <= markAPP0+15 || mark == markCOM }

// nextMarker reads a marker code, with the fill bytes that may stand before it.
func nextMarker(r io.ByteReader) (byte, error) {
	c, err := r.ReadByte()
	if err != nil {
		return 0, err
	}
	if c != 0xFF {
		return 0, errJPEGHeader
	}
	for c == 0xFF {
		if c, err = r.ReadByte(); err != nil {
			return 0, err
		}
	}
	return c, nil
}

// tableSegments returns the segments of the shared tables without SOI, EOI and
// what is ignored. Damaged tables end where the damage begins: the tile's decoder
// will miss them.
func (l *level) tableSegments() []byte {
	t := l.jpegTables
	if len(t) < 4 || t[0] != 0xFF || t[1] != markSOI {
		return nil
	}
	var out []byte
	for t = t[2:]; len(t) >= 4 && t[0] == 0xFF; {
		if t[1] == 0xFF {
			t = t[1:]
			continue
		}
		n := int(t[2])<<8 | int(t[3])
		if t[1] == markEOI || n < 2 || len(t) < 2+n {
			break
		}
		if !ignored(t[1]) {
			out = append(out, t[:2+n]...)
		}
		t = t[2+n:]
	}
	return out
}
