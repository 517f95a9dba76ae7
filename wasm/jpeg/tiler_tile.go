package jpeg

import (
	"errors"
	"image"
	"slices"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// CutTile is a tile that a Tiler cut: the entropy-coded data of a file, and for a
// tile that is smaller than the others, those of the same padded to full size.
type CutTile struct {
	t *Tiler
	// Width and Height are the dimensions of the tile in pixels.
	Width, Height int
	left, right   int // units of the row
	exact, padded tileBits
	partial       bool // it is smaller than a full tile
	flat          bool // padded is good
}

// tileBits are the data of a tile under way.
type tileBits struct {
	bitBuffer
	pred [4]int32 // DC of the last blocks
}

// newTile begins the tile of column col.
func (t *Tiler) newTile(col int) *CutTile {
	var c *CutTile
	select {
	case c = <-t.free:
	default:
		c = new(CutTile)
	}
	whole := image.Rect(0, 0, t.f.width, t.f.height)
	r := image.Rect(0, 0, t.size, t.size).Add(image.Pt(col, t.row).Mul(t.size)).Intersect(whole)
	*c = CutTile{t: t, Width: r.Dx(), Height: r.Dy(), left: r.Min.X / t.f.mcu.X, right: ceilDiv(r.Max.X, t.f.mcu.X),
		exact: tileBits{bitBuffer: bitBuffer{buf: c.exact.buf[:0]}}, padded: tileBits{bitBuffer: bitBuffer{buf: c.padded.buf[:0]}}}
	c.partial = c.Width < t.size || c.Height < t.size
	c.flat = c.partial
	return c
}

// Release gives the tile's memory back to the Tiler. It must not be used afterwards.
func (c *CutTile) Release() {
	select {
	case c.t.free <- c:
	default:
	}
}

// take appends the units that decode has just gone over, from bit before on. pred
// are the DC predictors there. A fresh unit is coded relative to another than in the
// source.
func (c *CutTile) take(before uint64, fresh bool, pred *[4]int32) bool {
	ok := c.exact.take(c.t, before, fresh, pred)
	if ok && c.flat {
		ok = c.padded.take(c.t, before, fresh, pred)
	}
	return ok
}

func (b *tileBits) take(t *Tiler, from uint64, fresh bool, pred *[4]int32) bool {
	buf := t.data()
	if fresh {
		// Only the first block of each component is coded relative to one that comes
		// before; where codes are others, all are written anew.
		last := *pred
		seen := [4]bool{}
		for i := range t.plan[:t.f.blocks] {
			comp := t.plan[i].comp
			if seen[comp] && !t.f.recode {
				continue
			}
			mark := &t.marks[i]
			diff, _, ok := t.f.difference(comp, buf, mark[0])
			if !ok {
				return false
			}
			last[comp] += diff
			b.copy(buf, from, mark[0])
			if !b.difference(t, comp, last[comp]-b.pred[comp]) {
				return false
			}
			b.pred[comp] = last[comp]
			from, seen[comp] = mark[1], true
		}
	}
	b.copy(buf, from, t.pos)
	b.pred = t.pred
	return true
}

// difference appends the code of a DC difference.
func (b *tileBits) difference(t *Tiler, comp int, diff int32) bool {
	size, tail := magnitude(diff)
	if size > 15 {
		return false
	}
	e := t.f.codes[comp].code[size]
	if e == 0 {
		return false
	}
	b.put(e>>8, uint(e&0xFF))
	b.put(tail, size)
	return true
}

// padRight goes on with row my of units, which was taken, up to the full width. Each
// row of blocks goes on with the mean of its last one that holds image.
func (c *CutTile) padRight(my int) {
	n := c.t.units().X - (c.right - c.left)
	if !c.flat || n == 0 {
		return
	}
	c.padRow(n, func(comp *tilerComp, v, _ int) int16 {
		v = min(v, comp.rows-1-my*comp.v)
		return comp.means[v*c.t.f.cols*comp.h+min(c.right*comp.h, comp.cols)-1]
	})
}

// padBelow fills the rows of units below the given number. Each column of blocks goes
// on with the mean of its last one that holds image.
func (c *CutTile) padBelow(rows int) {
	if !c.flat {
		return
	}
	f := c.t.f
	for range c.t.units().Y - rows {
		c.padRow(c.t.units().X, func(comp *tilerComp, _, x int) int16 {
			// The last row of the image is what means still holds.
			v := (comp.rows - 1) % comp.v
			return comp.means[v*f.cols*comp.h+min(c.left*comp.h+x, comp.cols-1)]
		})
	}
}

// padRow appends n units without detail.
func (c *CutTile) padRow(n int, mean func(comp *tilerComp, v, x int) int16) {
	b := &c.padded
	for x := range n {
		for i := range c.t.f.n {
			comp := &c.t.comps[i]
			for v := range comp.v {
				for h := range comp.h {
					dc := int32(mean(comp, v, x*comp.h+h))
					if comp.end == 0 || !b.difference(c.t, i, dc-b.pred[i]) {
						c.flat = false
						return
					}
					b.pred[i] = dc
					b.put(comp.end>>8, uint(comp.end&0xFF))
				}
			}
		}
	}
}

// Append appends the tile as a complete JPEG to dst.
func (c *CutTile) Append(dst []byte) []byte {
	return c.t.appendTile(dst, &c.exact, c.Width, c.Height)
}

// AppendPadded appends the tile as a complete JPEG of the full size: the same
// coefficients, and to their right and below the mean of what they end with. It
// fails with Unsupported when the source's tables have no code for that.
func (c *CutTile) AppendPadded(dst []byte) ([]byte, error) {
	if !c.partial {
		return c.Append(dst), nil
	}
	if !c.flat {
		return dst, fault.E(c.t.d.op, fault.Unsupported, errors.New("the tile cannot be padded without a loss"))
	}
	return c.t.appendTile(dst, &c.padded, c.t.size, c.t.size), nil
}

// appendTile makes a file of data.
func (t *Tiler) appendTile(dst []byte, b *tileBits, width, height int) []byte {
	data := b.bitBuffer
	data.finish()
	dst = slices.Grow(dst, len(t.head)+len(data.buf)+len(data.buf)/64+64)
	at := len(dst) + t.sizeAt
	dst = append(dst, t.head...)
	dst[at], dst[at+1], dst[at+2], dst[at+3] = byte(height>>8), byte(height), byte(width>>8), byte(width)
	dst = appendStuffed(dst, data.buf)
	return append(dst, 0xFF, markEOI)
}
