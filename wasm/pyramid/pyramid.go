// Package pyramid is the edge-ready image pyramid: a tiled pyramidal TIFF whose
// tiles are answers to IIIF requests, and the plan that finds them.
//
// A file is a standard TIFF (BigTIFF when it may pass 4 GB) with JPEG tiles of
// 512 × 512, one directory per resolution, and everything but the tiles at its
// head. Two choices let a server copy bytes instead of decoding:
//   - every tile is a complete JPEG stream with its own tables;
//   - the tiles of the last column and row, which TIFF pads, are stored a second
//     time at each size that viewers ask for. A block of notes between the TIFF
//     header and the first directory, where the cloud-optimised layout has its
//     own, tells where; other readers never see it.
//
// Level k is the image at scale 1/2^k: its pixel (i, j) stands for the square of
// 2^k pixels a side at (i·2^k, j·2^k), clipped to the image. The directory says a
// width and height rounded half up, as iiif.Info computes sizes; the tiles hold
// the last, partial pixels also where that rounds down, since viewers that round
// up ask for them.
//
// Everything is values in, values out: no I/O but a Writer's calls of its sink,
// no clock, no state. Equal input gives equal bytes. The package is part of the
// portable core: it runs for every tile in a Wasm worker, and imports nothing
// that reaches fmt, reflect or net. It does not touch pixels.
package pyramid

import "github.com/vitrine-iiif/vitrine/wasm/iiif"

// Range is a range of bytes of the file: Length bytes from Offset on.
type Range struct {
	Offset, Length int64
}

// End returns the offset of the first byte after the range.
func (r Range) End() int64 { return r.Offset + r.Length }

// Tiles is a rectangle of tiles of a level: Cols × Rows tiles, the upper left of
// which is in column Col and row Row, counted from 0.
type Tiles struct {
	Col, Row, Cols, Rows int
}

// Count returns the number of tiles.
func (t Tiles) Count() int64 { return int64(t.Cols) * int64(t.Rows) }

// Window is a rectangle of a level in its pixels, possibly fractional. It
// converts to pixel.Window.
type Window struct{ X, Y, W, H float64 }

// Form says what the tiles of a level are as files.
type Form uint8

// The forms.
const (
	// Opaque tiles must be decoded: another compression, or JPEG that no browser
	// shows right.
	Opaque Form = iota
	// Abbreviated tiles are JPEG without tables: jpeg splices those of the TIFF's
	// JPEGTables and a colour marker in front, without decoding.
	Abbreviated
	// Complete tiles are JPEG files.
	Complete
)

// Level describes one resolution of a stored pyramid.
type Level struct {
	// Width and Height are the dimensions in pixels as the file says them.
	Width, Height int
	// DataWidth and DataHeight are the dimensions of what the tiles hold of the
	// picture, at least Width × Height; 0 means just that.
	DataWidth, DataHeight int
	// TileWidth and TileHeight are the dimensions of a tile in pixels.
	TileWidth, TileHeight int
	// Factor is the scale factor when a pixel of the level stands for exactly
	// Factor × Factor pixels of the image; 0 means that the level is the image
	// scaled to Width × Height, and then no tile is passed through, except at
	// scale 1.
	Factor int
	// Form says what the tiles are.
	Form Form
}

// Cols returns the number of columns of stored tiles.
func (l *Level) Cols() int { return ceilDiv(l.Width, l.TileWidth) }

// Rows returns the number of rows of stored tiles.
func (l *Level) Rows() int { return ceilDiv(l.Height, l.TileHeight) }

// data returns the dimensions of what the tiles hold.
func (l *Level) data() (w, h int) {
	return max(l.DataWidth, l.Width), max(l.DataHeight, l.Height)
}

// Layout is the shape of a stored pyramid.
type Layout struct {
	// Width and Height are the dimensions of the image in pixels, upright: a
	// pyramid whose pixels are stored turned has no Layout.
	Width, Height int
	// Levels are the resolutions, the largest first.
	Levels []Level
}

// Pyramid is what Plan and Fetch want to know of a stored pyramid. *Index is one;
// an adapter makes one of any other tiled file.
type Pyramid interface {
	// Layout returns the shape. It must not be changed.
	Layout() *Layout
	// Tile returns where a tile of a level's grid is stored; ok is false when it
	// is not. Tiles at the right and lower end are padded to the full size.
	Tile(level, col, row int) (r Range, ok bool)
	// Exact returns where a complete JPEG of the width × height pixels at the
	// upper left of a tile of the advertised grid is stored; ok is false when
	// there is none of that size.
	Exact(level, col, row, width, height int) (r Range, ok bool)
}

var _ Pyramid = (*Index)(nil)

// Colour is the colour model of the tiles. The zero value is none.
type Colour uint8

// The colour models.
const (
	// Gray is one component.
	Gray Colour = iota + 1
	// YCbCr is three components, full range, as JFIF has them.
	YCbCr
)

// components returns the number of components.
func (c Colour) components() int {
	if c == Gray {
		return 1
	}
	return 3
}

// native returns the quality that an image of this model has anyway.
func (c Colour) native() iiif.Quality {
	if c == Gray {
		return iiif.Gray
	}
	return iiif.Color
}

// ceilDiv returns a/b rounded up, for a ≥ 0 and b ≥ 1.
func ceilDiv(a, b int) int { return (a + b - 1) / b }
