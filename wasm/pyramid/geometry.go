package pyramid

import (
	"slices"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

const (
	// maxSide is the largest width or height, in pixels, that iiif knows.
	maxSide = 1<<31 - 2
	// maxLevels bounds the levels: factor 2^31 makes every image one pixel.
	maxLevels = 32
	// The tile sizes: TIFF wants multiples of 16. Larger ones than 4096 are no
	// use to viewers.
	minTile, maxTile = 16, 4096
)

// Geometry is how an image is cut: its levels, their grids of tiles, and the
// exact sizes at which the tiles of the last column and row are stored. It is
// only made by NewGeometry and by parsing. It holds no tables: a few KiB at most.
type Geometry struct {
	layout Layout
	grids  []grid
}

// grid is the advertised grid of a level: unlike the stored one it covers also
// partial pixels that rounding drops from the level's size.
type grid struct {
	tile         int
	cols, rows   int
	storedCols   int   // columns that the TIFF has: cols, or one less
	storedRows   int   // the same for rows
	partW, partH bool  // the last column, row covers less than a full tile
	right        sizes // of a tile in the last column, but not the corner, if partW
	bottom       sizes // of a tile in the last row, but not the corner, if partH
	corner       sizes // of the last tile, if both
}

// sizes are the different sizes at which a tile is stored.
type sizes struct {
	list [3]iiif.Size
	n    int
}

func (s *sizes) all() []iiif.Size { return s.list[:s.n] }

// add adds a size that is new; there are never more than three.
func (s *sizes) add(w, h int) {
	if z := (iiif.Size{Width: w, Height: h}); !slices.Contains(s.all(), z) {
		s.list[s.n] = z
		s.n++
	}
}

// NewGeometry returns how an image of width × height pixels (1 to 2³¹-2) is cut
// into tiles of tile × tile pixels: a multiple of 16 from 16 to 4096, or 0 for
// 512. The levels are the scale factors that iiif advertises for it without
// limits. It fails with Invalid for numbers out of range.
func NewGeometry(width, height, tile int) (Geometry, error) {
	if tile == 0 {
		tile = 512
	}
	if !validGeometry(width, height, tile) {
		return Geometry{}, fault.New("pyramid.NewGeometry", fault.Invalid, "the image or tile size is out of range")
	}
	in := iiif.Info{Width: width, Height: height, TileWidth: tile, TileHeight: tile}
	return cut(width, height, tile, in.Tiling(iiif.Limits{}).Levels), nil
}

func validGeometry(width, height, tile int) bool {
	return width >= 1 && height >= 1 && width <= maxSide && height <= maxSide &&
		tile >= minTile && tile <= maxTile && tile%16 == 0
}

// cut makes the geometry of a given number of levels.
func cut(width, height, tile, levels int) Geometry {
	g := Geometry{
		layout: Layout{Width: width, Height: height, Levels: make([]Level, levels)},
		grids:  make([]grid, levels),
	}
	for k := range levels {
		d := grid{tile: tile, cols: ceilDiv(width, tile<<k), rows: ceilDiv(height, tile<<k)}
		l := Level{
			Width: near(width, k), Height: near(height, k),
			TileWidth: tile, TileHeight: tile, Factor: 1 << k, Form: Complete,
		}
		d.storedCols, d.storedRows = l.Cols(), l.Rows()
		l.DataWidth = min(up(width, k), d.storedCols*tile)
		l.DataHeight = min(up(height, k), d.storedRows*tile)
		restW, restH := width-(d.cols-1)*tile<<k, height-(d.rows-1)*tile<<k
		d.partW, d.partH = restW < tile<<k, restH < tile<<k
		d.last(restW, restH, k)
		g.layout.Levels[k], g.grids[k] = l, d
	}
	return g
}

// last sets the sizes that viewers ask for of the tiles in the last column and
// row, which show restW and restH pixels of the image: rounded half up, and
// rounded up. In the corner version 2 may also leave the height to us: "w," keeps
// the aspect, so a width that was rounded down gives a height rounded half up or
// down, and one rounded up a height rounded half up or up.
func (d *grid) last(restW, restH, k int) {
	nearW, nearH, upW, upH := near(restW, k), near(restH, k), up(restW, k), up(restH, k)
	d.right.add(nearW, d.tile)
	d.right.add(upW, d.tile)
	d.bottom.add(d.tile, nearH)
	d.bottom.add(d.tile, upH)
	d.corner.add(nearW, nearH)
	d.corner.add(upW, upH)
	switch down := restH >> k; {
	case nearW == upW || nearH < upH:
		d.corner.add(upW, nearH)
	case down >= 1:
		d.corner.add(nearW, down)
	}
}

// near returns n/2^k rounded half up, at least 1: the way of iiif.
func near(n, k int) int {
	if k == 0 {
		return n
	}
	return max(1, (n+1<<(k-1))>>k)
}

// up returns n/2^k rounded up.
func up(n, k int) int { return (n + 1<<k - 1) >> k }

// Layout returns the levels. It must not be changed.
func (g *Geometry) Layout() *Layout { return &g.layout }

// Grid returns the columns and rows of the tiles of a level that info.json
// advertises. In rare cases they are one more than those of the TIFF: a last
// column of less than half a pixel is a tile for viewers that round up.
func (g *Geometry) Grid(level int) (cols, rows int) {
	return g.grids[level].cols, g.grids[level].rows
}

// Stored reports whether the TIFF itself has the tile: see Grid.
func (g *Geometry) Stored(level, col, row int) bool {
	return g.grids[level].stored(col, row)
}

func (d *grid) stored(col, row int) bool {
	return col >= 0 && row >= 0 && col < d.storedCols && row < d.storedRows
}

// Exacts returns the sizes, up to three, at which a tile of the advertised grid
// is stored besides the padded form; none for a tile that needs no padding. Each
// is what the upper left of the level's picture in that tile is cropped to, and
// includes the partial pixels at its end where the size was rounded up.
func (g *Geometry) Exacts(level, col, row int) []iiif.Size {
	d := &g.grids[level]
	if col < 0 || row < 0 || col >= d.cols || row >= d.rows {
		return nil
	}
	var list []iiif.Size
	for _, s := range d.exacts(col, row) {
		if !d.whole(s) {
			list = append(list, s)
		}
	}
	return list
}

// whole reports whether a tile of size s is the padded tile itself.
func (d *grid) whole(s iiif.Size) bool { return s.Width == d.tile && s.Height == d.tile }

// exacts returns the sizes that the table of exact tiles has of a tile.
func (d *grid) exacts(col, row int) []iiif.Size {
	right, bottom := d.partW && col == d.cols-1, d.partH && row == d.rows-1
	switch {
	case right && bottom:
		return d.corner.all()
	case right:
		return d.right.all()
	case bottom:
		return d.bottom.all()
	}
	return nil
}

// inner returns the number of columns and rows of tiles without padding.
func (d *grid) inner() (cols, rows int) {
	cols, rows = d.cols, d.rows
	if d.partW {
		cols--
	}
	if d.partH {
		rows--
	}
	return cols, rows
}

// slots returns the number of entries in the level's table of exact tiles: those
// of the last column from top to bottom, of the last row from left to right, of
// the corner.
func (d *grid) slots() int64 {
	cols, rows := d.inner()
	n := int64(0)
	if d.partW {
		n += int64(rows * d.right.n)
	}
	if d.partH {
		n += int64(cols * d.bottom.n)
	}
	if d.partW && d.partH {
		n += int64(d.corner.n)
	}
	return n
}

// slot returns the first entry of a tile, -1 for a tile that has none.
func (d *grid) slot(col, row int) int {
	cols, rows := d.inner()
	switch {
	case row == rows: // the last row is partial
		n := col * d.bottom.n
		if d.partW {
			n += rows * d.right.n
		}
		return n
	case col == cols:
		return row * d.right.n
	}
	return -1
}

// find returns the entry of a tile at an exact size, -1 for none.
func (d *grid) find(col, row, width, height int) int {
	if col < 0 || row < 0 || col >= d.cols || row >= d.rows {
		return -1
	}
	i := slices.Index(d.exacts(col, row), iiif.Size{Width: width, Height: height})
	if i < 0 {
		return -1
	}
	return d.slot(col, row) + i
}

// tiles returns the number of tiles that the TIFF has of the level.
func (d *grid) tiles() int64 { return int64(d.storedCols) * int64(d.storedRows) }
