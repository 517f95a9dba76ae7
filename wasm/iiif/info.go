package iiif

import "slices"

// Info is what the API needs to know of one image. The zero values of optional
// fields are sensible.
type Info struct {
	// Width and Height are the dimensions in pixels, upright (EXIF orientation
	// applied), 1 to 2³¹-2.
	Width, Height int
	// TileWidth and TileHeight are the tile size to advertise, in pixels; 0 means
	// 512. Image and limits may make the advertised one smaller.
	TileWidth, TileHeight int
	// MinSize is the length, in pixels, that the shorter side of a reduced size
	// must have to be advertised; 0 means 64.
	MinSize int
	// Sizes are the real dimensions of the stored reduced levels; the full size
	// may be left out. Nil means that none are stored: they are computed by
	// halving, rounded half up.
	Sizes []Size
	// Native is the richest quality the image has: Color (also if it is Default),
	// Gray, or Bitonal. It decides which qualities are the same as default.
	Native Quality
	// Formats are the offered formats in the order to advertise them; nil means
	// all. JPG and PNG are always offered: level 2 demands them.
	Formats []Format
	// Preferred are formats that clients should ask for, best first (3.0 §5.5);
	// those that are not offered are left out.
	Preferred []Format
	// Rights is the URI of a licence or rights statement: rights in version 3
	// (which allows those of Creative Commons and RightsStatements.org only),
	// license in version 2. "" for none.
	Rights string
	// Attribution is a text to show with the image, possibly with simple HTML, and
	// Logo the URL of an image to show: version 2 only (2.1 §5.4); in version 3 a
	// manifest says such things. "" for none.
	Attribution, Logo string
}

// Size is the dimensions of a reduced image in pixels.
type Size struct {
	Width, Height int
}

func (in *Info) valid() bool {
	return in.Width >= 1 && in.Height >= 1 && in.Width <= maxDim && in.Height <= maxDim
}

func (in *Info) offers(f Format) bool {
	if in.Formats == nil {
		return f >= JPG && f <= PDF
	}
	return f == JPG || f == PNG || slices.Contains(in.Formats, f)
}

// halvings returns how often the image can be halved while its shorter side stays
// at least MinSize.
func (in *Info) halvings() int {
	least := int64(in.MinSize)
	if least <= 0 {
		least = 64
	}
	short, n := int64(min(in.Width, in.Height)), 0
	for short >= least<<(n+1) && n < 31 {
		n++
	}
	return n
}

// listedHeight returns the height of the advertised size of the given width.
func (in *Info) listedHeight(w int64) (h int64, ok bool) {
	if in.Sizes != nil {
		for _, s := range in.Sizes {
			if int64(s.Width) == w && int64(s.Height) > h {
				h = int64(s.Height)
			}
		}
		return h, h > 0
	}
	for k, n := 0, in.halvings(); k <= n; k++ {
		if halve(int64(in.Width), k) == w {
			return halve(int64(in.Height), k), true
		}
	}
	return 0, false
}

// AdvertisedSizes returns the sizes that info.json lists under the limits, from
// small to large: the stored or computed reduced sizes and the full size, without
// those above the limits. It may be empty.
func (in Info) AdvertisedSizes(lim Limits) []Size {
	b := lim.bounds(int64(in.Width), int64(in.Height))
	var list []Size
	add := func(s Size) {
		if s.Width >= 1 && s.Height >= 1 && s.Width <= in.Width && s.Height <= in.Height &&
			b.hold(int64(s.Width), int64(s.Height)) {
			list = append(list, s)
		}
	}
	if in.Sizes == nil {
		for k := in.halvings(); k > 0; k-- {
			add(Size{int(halve(int64(in.Width), k)), int(halve(int64(in.Height), k))})
		}
	}
	for _, s := range in.Sizes {
		add(s)
	}
	add(Size{in.Width, in.Height})
	slices.SortFunc(list, func(a, b Size) int {
		if a.Width != b.Width {
			return a.Width - b.Width
		}
		return a.Height - b.Height
	})
	return slices.Compact(list)
}

// Tiling is the grid of tiles that info.json advertises (§5.4).
type Tiling struct {
	// Width and Height are the dimensions of a tile, at least 1; tiles of the last
	// column and row are smaller.
	Width, Height int
	// Levels is the number of scale factors, at least 1: 1, 2, 4 … 2^(Levels-1).
	Levels int
}

// Tiling returns the tiles that info.json advertises under the limits. Tiles are
// no larger than the image or the limits. There are as many scale factors as
// halvings leave the shorter side at least MinSize, and then as many as it takes
// for the whole image to fit one tile, so that the overview of a long scroll does
// not need a row of tiles.
func (in Info) Tiling(lim Limits) Tiling {
	b := lim.bounds(int64(in.Width), int64(in.Height))
	return in.tiling(&b)
}

func (in *Info) tiling(b *bounds) Tiling {
	side := func(tile, image int, limit int64) int64 {
		if tile <= 0 {
			tile = 512
		}
		return min(int64(tile), int64(image), limit)
	}
	w, h := side(in.TileWidth, in.Width, b.w), side(in.TileHeight, in.Height, b.h)
	if w*h > b.area {
		w, h = b.fit(w, h, w, h, false)
	}
	n := in.halvings()
	for (w<<n < int64(in.Width) || h<<n < int64(in.Height)) && n < 31 {
		n++
	}
	return Tiling{Width: int(w), Height: int(h), Levels: n + 1}
}
