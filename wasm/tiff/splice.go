package tiff

import (
	"bufio"
	"bytes"
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
)

// maxJPEGHeader bounds the tables of one tile, in bytes: 64 KiB is several times
// what all tables that JPEG has room for take, and as much again is for application
// segments, which are left out.
const maxJPEGHeader = 128 << 10

// splice makes a complete JPEG of the abbreviated stream of chunk i and the tables that
// it shares with others (TIFF technical note 2): its head, and a reader of all of it.
//
// The photometric tag and nothing else says in which colours a tile is: for several
// components an Adobe segment with the right transform is put in, 1 for YCbCr, 0
// for the rest.
func (d *decoder) splice(i int) (head []byte, whole io.Reader, err error) {
	components, transform := d.SamplesPerPixel, 0
	switch {
	case d.Planar || components == 1:
		components, transform = 1, jpeg.NoTransform
	case d.Photometric == YCbCr:
		transform = 1
	}
	// Damaged tables are as good as none: the tile's decoder will miss them.
	tables := d.jpegTables
	if len(tables) < 4 || tables[0] != 0xFF || tables[1] != markSOI {
		tables = nil
	}
	var stream *bufio.Reader // nil when start is all
	var start []byte
	if d.fetch.long(i) {
		stream = d.fetch.stream(i)
		if start, err = stream.Peek(maxJPEGHeader); err != nil && err != io.EOF {
			return nil, nil, err
		}
	} else if start, err = d.fetch.bytes(i); err != nil {
		return nil, nil, err
	}
	head, used, err := jpeg.SpliceHead(nil, tables, start, components, transform)
	if err != nil {
		return nil, nil, err
	}
	if stream == nil {
		return head, io.MultiReader(bytes.NewReader(head), bytes.NewReader(start[used:])), nil
	}
	_, err = stream.Discard(used)
	return head, io.MultiReader(bytes.NewReader(head), stream), err
}

// markSOI is the code of the marker that begins a JPEG (T.81 table B.1).
const markSOI = 0xD8
