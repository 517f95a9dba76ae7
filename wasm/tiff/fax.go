package tiff

import (
	"io"

	"golang.org/x/image/ccitt"
)

// parseFax refuses what the CCITT decoder does not know: of group 3, only plain
// one-dimensional coding without fill bits is read. Archives use group 4.
func (l *level) parseFax(d *ifd) error {
	t4, err := d.uint(tagT4Options, 0)
	if err != nil {
		return err
	}
	if l.Compression == CCITTRLE || l.Compression == CCITTG3 && t4&(twoDimensional|fillBits) != 0 {
		return unsupported("tiff.Open", "TIFF with CCITT RLE, two-dimensional or filled group 3 compression is not supported")
	}
	return nil
}

// Bits of T4Options.
const (
	twoDimensional = 1
	fillBits       = 4
)

// fax returns the decoder of a chunk in CCITT compression.
func (d *decoder) fax(r io.Reader, rows int) io.Reader {
	sf := ccitt.Group4
	if d.Compression == CCITTG3 {
		sf = ccitt.Group3
	}
	// 1 is black in fax data; the photometric tag says what is meant by it.
	return ccitt.NewReader(r, ccitt.MSB, sf, d.TileWidth, rows, &ccitt.Options{Invert: true})
}
