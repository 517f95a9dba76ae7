package pyramid

import (
	"cmp"
	"errors"
	"slices"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Fetch appends to dst the byte ranges that hold a.Tiles, in the order of the
// file; ranges that are at most gap bytes apart are merged, so that few reads do.
// The caller finds each tile in them by p.Tile. It fails with Corrupt when a tile
// is not stored. It takes time and memory in proportion to a.Tiles.Count.
func Fetch(dst []Range, p Pyramid, a Action, gap int64) ([]Range, error) {
	first := len(dst)
	t := a.Tiles
	dst = slices.Grow(dst, max(t.Cols*t.Rows, 0))
	for row := t.Row; row < t.Row+t.Rows; row++ {
		for col := t.Col; col < t.Col+t.Cols; col++ {
			r, ok := p.Tile(a.Level, col, row)
			if !ok || r.Length < 1 || r.Offset < 0 {
				return dst[:first], fault.E("pyramid.Fetch", fault.Corrupt, errors.New("a tile is not stored"))
			}
			dst = append(dst, r)
		}
	}
	list := dst[first:]
	slices.SortFunc(list, func(a, b Range) int { return cmp.Compare(a.Offset, b.Offset) })
	n := 0
	for _, r := range list {
		if n > 0 && r.Offset-list[n-1].End() <= gap {
			last := &list[n-1]
			last.Length = max(last.End(), r.End()) - last.Offset
			continue
		}
		list[n] = r
		n++
	}
	return dst[:first+n], nil
}
