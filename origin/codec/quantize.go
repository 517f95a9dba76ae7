package codec

import (
	"slices"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// quantizer is a palette and the way from a colour to its nearest entry.
type quantizer struct {
	palette [][3]uint8
	exact   bool // every colour of the picture is in the palette
	// cache has the nearest entry plus 1 for colours of 6 bits per channel, or,
	// when exact, entries maps whole colours.
	cache   []uint16
	entries map[[3]uint8]int
}

// newQuantizer makes a palette of at most most colours for the opaque pixels of
// an RGB image.
func newQuantizer(m *pixel.Image, most int) *quantizer {
	q := &quantizer{entries: map[[3]uint8]int{}}
	var counts [1 << 15]uint32
	q.exact = true
	for y := range m.Height {
		r, g, b := m.Planes[0].Row(y), m.Planes[1].Row(y), m.Planes[2].Row(y)
		var alpha []byte
		if m.Alpha != nil {
			alpha = m.Alpha.Row(y)
		}
		for x := range r {
			if alpha != nil && alpha[x] < opaqueFrom {
				continue
			}
			counts[int(r[x]>>3)<<10|int(g[x]>>3)<<5|int(b[x]>>3)]++
			if !q.exact {
				continue
			}
			c := [3]uint8{r[x], g[x], b[x]}
			if _, ok := q.entries[c]; !ok {
				if q.exact = len(q.palette) < most; q.exact {
					q.entries[c] = len(q.palette)
					q.palette = append(q.palette, c)
				}
			}
		}
	}
	if len(q.palette) == 0 {
		q.palette = append(q.palette, [3]uint8{}) // nothing is opaque
	}
	if !q.exact {
		q.palette, q.entries = medianCut(&counts, most), nil
		q.cache = make([]uint16, 1<<18)
	}
	return q
}

// nearest returns the index of the palette entry that is closest to c.
func (q *quantizer) nearest(c [3]uint8) int {
	if q.exact {
		return q.entries[c]
	}
	key := int(c[0]>>2)<<12 | int(c[1]>>2)<<6 | int(c[2]>>2)
	if i := q.cache[key]; i > 0 {
		return int(i) - 1
	}
	best, least := 0, 1<<30
	for i, p := range q.palette {
		dr, dg, db := int(c[0])-int(p[0]), int(c[1])-int(p[1]), int(c[2])-int(p[2])
		// The eye sees green best and blue least.
		if d := 3*dr*dr + 6*dg*dg + db*db; d < least {
			best, least = i, d
		}
	}
	q.cache[key] = uint16(best) + 1
	return best
}

// cell is a colour of 5 bits per channel and how many pixels have it.
type cell struct {
	c [3]uint8
	n uint32
}

// box is a set of cells: the part of colour space that one entry will stand for.
type box struct {
	cells []cell
	axis  int    // the channel to cut at
	worth uint64 // how much cutting it helps, 0 when it cannot be cut
}

// newBox measures the cells: the channel with the most variance, weighed as in
// nearest.
func newBox(cells []cell) box {
	b := box{cells: cells}
	var n uint64
	var sum, squares [3]uint64
	for _, c := range cells {
		n += uint64(c.n)
		for i, v := range c.c {
			sum[i] += uint64(v) * uint64(c.n)
			squares[i] += uint64(v) * uint64(v) * uint64(c.n)
		}
	}
	for i, weight := range [3]uint64{3, 6, 1} {
		// n · variance; sums stay below 2^31 · 31² · 6.
		// The conversion keeps processors from fusing the product and the
		// difference, which would make their palettes differ.
		mean := float64(sum[i]) / float64(n)
		spread := uint64(max(0, float64(squares[i])-float64(mean*float64(sum[i]))) * float64(weight) * 16)
		if spread > b.worth {
			b.axis, b.worth = i, spread
		}
	}
	return b
}

// medianCut divides the colours into at most most boxes, always the one with the
// greatest variance in two at its mean, and returns their means.
func medianCut(counts *[1 << 15]uint32, most int) [][3]uint8 {
	var cells []cell
	for i, n := range counts {
		if n > 0 {
			cells = append(cells, cell{[3]uint8{uint8(i >> 10), uint8(i >> 5 & 31), uint8(i & 31)}, n})
		}
	}
	boxes := []box{newBox(cells)}
	for len(boxes) < most {
		widest := 0
		for i, b := range boxes {
			if b.worth > boxes[widest].worth {
				widest = i
			}
		}
		if boxes[widest].worth == 0 {
			break
		}
		left, right := boxes[widest].cut()
		boxes[widest] = left
		boxes = append(boxes, right)
	}
	palette := make([][3]uint8, len(boxes))
	for i, b := range boxes {
		palette[i] = b.mean()
	}
	return palette
}

// cut divides a box with at least two values on its axis at their mean.
func (b box) cut() (left, right box) {
	slices.SortStableFunc(b.cells, func(x, y cell) int { return int(x.c[b.axis]) - int(y.c[b.axis]) })
	var n, sum uint64
	for _, c := range b.cells {
		n += uint64(c.n)
		sum += uint64(c.c[b.axis]) * uint64(c.n)
	}
	at := 1
	for at < len(b.cells)-1 && uint64(b.cells[at].c[b.axis])*n <= sum {
		at++
	}
	return newBox(b.cells[:at:at]), newBox(b.cells[at:])
}

// mean returns the colour in the middle of the pixels, in 8 bits.
func (b box) mean() (c [3]uint8) {
	var n uint64
	var sum [3]uint64
	for _, cell := range b.cells {
		n += uint64(cell.n)
		for i, v := range cell.c {
			// 5 bits to 8: the middle of what the cell stands for, black and white
			// exactly.
			sum[i] += uint64(v) * 255 * uint64(cell.n)
		}
	}
	for i := range c {
		c[i] = uint8((sum[i] + 31*n/2) / (31 * n))
	}
	return c
}
