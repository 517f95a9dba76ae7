package pyramid

import (
	"math"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// Kind is what an Action is.
type Kind uint8

// The kinds.
const (
	// Decline says that the pyramid does not help: the request is about an image
	// of other dimensions.
	Decline Kind = iota
	// PassThrough says that one stored tile is the answer: Range, as it is but for
	// what Splice and Crop say. Who cannot do that composes: those fields are set
	// too.
	PassThrough
	// Compose says that pixels are needed: decode Tiles of Level, take Window,
	// scale it to the wanted size, then mirror, turn and tone.
	Compose
)

// Action is how to answer a request from a stored pyramid.
type Action struct {
	Kind Kind
	// Level is the index of the level.
	Level int
	// Col and Row are the place of the passed tile in the level's grid.
	Col, Row int
	// Range is where the passed tile is stored.
	Range Range
	// Splice says that the tile is abbreviated: its tables go in front first.
	Splice bool
	// Crop says that the tile is padded, and must be cropped, losslessly, to the
	// size that was asked for.
	Crop bool

	// Tiles are the stored tiles to decode: at least one, all inside the level.
	Tiles Tiles
	// Cover is the part of the level, in its pixels, that Tiles must give: Window
	// rounded outwards, at least one pixel, inside what the tiles hold.
	Cover iiif.Rect
	// Window is the requested region in pixels of the level, inside Cover.
	Window Window
}

// Plan returns how to answer c, resolved against the same image, from p: by one
// stored tile when c is just that, else from the smallest level that has the
// wanted resolution, or the largest. It allocates nothing and never fails. It
// does not bound the work: see Tiles.Count.
func Plan(p Pyramid, c iiif.Canonical) Action {
	l := p.Layout()
	r := c.Region
	switch {
	case len(l.Levels) == 0, l.Width < 1, l.Height < 1, r.X < 0, r.Y < 0, r.W < 1, r.H < 1,
		r.X > l.Width-r.W, r.Y > l.Height-r.H, c.Full() != (r.W == l.Width && r.H == l.Height):
		return Action{}
	}
	plain := c.Format == iiif.JPG && c.Quality == iiif.Default && !c.Mirror && c.Rotation == 0
	best := 0
	for k := len(l.Levels) - 1; k >= 0; k-- {
		v := &l.Levels[k]
		if !v.valid() {
			return Action{}
		}
		if plain {
			if a, ok := pass(p, l, k, &c); ok {
				a.compose(l, k, r)
				return a
			}
		}
		if best == 0 && v.serves(l, &c) {
			best = k
		}
	}
	a := Action{Kind: Compose}
	a.compose(l, best, r)
	return a
}

// valid reports whether Plan can reckon with the level.
func (l *Level) valid() bool {
	return l.Width >= 1 && l.Height >= 1 && l.TileWidth >= 1 && l.TileHeight >= 1 && l.Factor >= 0 &&
		l.Width <= maxSide && l.Height <= maxSide && l.TileWidth <= maxSide && l.TileHeight <= maxSide &&
		l.Factor <= 1<<31
}

// scale returns how many pixels of the image a pixel of the level stands for.
func (l *Level) scale(in *Layout) (x, y float64) {
	if l.Factor > 0 {
		return float64(l.Factor), float64(l.Factor)
	}
	return float64(in.Width) / float64(l.Width), float64(in.Height) / float64(l.Height)
}

// serves reports whether the level has the resolution that c wants, but for part
// of a pixel.
func (l *Level) serves(in *Layout, c *iiif.Canonical) bool {
	x, y := l.scale(in)
	return float64(c.Width) <= math.Ceil(float64(c.Region.W)/x) && float64(c.Height) <= math.Ceil(float64(c.Region.H)/y)
}

// factor returns the level's scale factor if it is known exactly, else 0.
func (l *Level) factor(in *Layout) int {
	if l.Factor == 0 && l.Width == in.Width && l.Height == in.Height {
		return 1
	}
	return l.Factor
}

// pass finds the stored tile of level k that c is, if any.
func pass(p Pyramid, in *Layout, k int, c *iiif.Canonical) (Action, bool) {
	l := &in.Levels[k]
	if l.Form == Opaque || c.Width > l.TileWidth || c.Height > l.TileHeight {
		return Action{}, false
	}
	a := Action{Kind: PassThrough, Level: k}
	if !c.Full() || c.Width != l.Width || c.Height != l.Height { // else the whole level is one tile
		var ok bool
		if a.Col, a.Row, ok = l.place(in, c.Region); !ok {
			return Action{}, false
		}
	}
	var ok bool
	if a.Range, ok = p.Exact(k, a.Col, a.Row, c.Width, c.Height); ok {
		return a, true
	}
	// The padded tile, if its picture has just the size: writers differ in how they
	// round their levels, and a tile of another size is another picture.
	if c.Width != min(l.TileWidth, l.Width-a.Col*l.TileWidth) || c.Height != min(l.TileHeight, l.Height-a.Row*l.TileHeight) {
		return Action{}, false
	}
	if a.Range, ok = p.Tile(k, a.Col, a.Row); !ok {
		return Action{}, false
	}
	a.Splice = l.Form == Abbreviated
	a.Crop = c.Width != l.TileWidth || c.Height != l.TileHeight
	return a, true
}

// place returns the tile of the advertised grid that shows just the region r.
func (l *Level) place(in *Layout, r iiif.Rect) (col, row int, ok bool) {
	f := l.factor(in)
	w, h := l.TileWidth*f, l.TileHeight*f
	if f == 0 || r.W > w || r.H > h || r.X%w != 0 || r.Y%h != 0 || r.W != min(w, in.Width-r.X) || r.H != min(h, in.Height-r.Y) {
		return 0, 0, false
	}
	return r.X / w, r.Y / h, true
}

// compose fills in what part of level k shows the region r.
func (a *Action) compose(in *Layout, k int, r iiif.Rect) {
	l := &in.Levels[k]
	fx, fy := l.scale(in)
	w, h := l.data()
	a.Level = k
	x0, x1, left, right := span(float64(r.X)/fx, float64(r.X+r.W)/fx, min(w, l.Cols()*l.TileWidth))
	y0, y1, top, bottom := span(float64(r.Y)/fy, float64(r.Y+r.H)/fy, min(h, l.Rows()*l.TileHeight))
	a.Window = Window{x0, y0, x1 - x0, y1 - y0}
	a.Cover = iiif.Rect{X: left, Y: top, W: right - left, H: bottom - top}
	a.Tiles = Tiles{Col: left / l.TileWidth, Row: top / l.TileHeight}
	a.Tiles.Cols = (right-1)/l.TileWidth - a.Tiles.Col + 1
	a.Tiles.Rows = (bottom-1)/l.TileHeight - a.Tiles.Row + 1
}

// span clips from … to, a stretch of a level in its pixels, to the size that is
// stored, and returns the whole pixels that cover it. A stretch that lies beyond,
// the last part of a pixel that rounding dropped, becomes the last pixel.
func span(from, to float64, size int) (x0, x1 float64, first, last int) {
	x0, x1 = from, min(to, float64(size))
	if x0 >= float64(size) {
		x0, x1 = float64(size-1), float64(size)
	}
	first = min(int(x0), size-1)
	last = min(max(int(math.Ceil(x1)), first+1), size)
	return x0, x1, first, last
}
