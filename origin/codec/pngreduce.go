package codec

import (
	"image"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// Large PNGs are offered at reduced sizes too: all must be inflated for them, but
// little is kept, so that a thumbnail of a gigapixel fits into memory. Smaller
// ones are not, since averaging first costs some sharpness.
const (
	// reduceFrom is the number of pixels from which on there are reductions.
	reduceFrom = 16 << 20
	// reduceTo is the number of pixels that needs no further one.
	reduceTo = 4 << 20
	// maxReductions is the most halvings; sums over cells stay within 32 bits.
	maxReductions = 6
)

// halvings returns how many reduced sizes to offer. The rows of interlaced files
// come out of order, which averaging cannot have.
func (f *pngFile) halvings() int {
	area := int64(f.size.X) * int64(f.size.Y)
	n := 0
	if area < reduceFrom || f.interlaced {
		return 0
	}
	for ; area > reduceTo && n < maxReductions; area /= 4 {
		n++
	}
	return n
}

// levelSize returns the size at 1/2^level, rounded up.
func (f *pngFile) levelSize(level int) image.Point {
	cell := 1<<level - 1
	return image.Pt((f.size.X+cell)>>level, (f.size.Y+cell)>>level)
}

// reducer averages square cells of pixels, colours weighed by opacity.
type reducer struct {
	shift int
	sums  [4][]uint32
	rows  int // in the sums
}

func newReducer(shift, planes, width int) *reducer {
	r := &reducer{shift: shift}
	for i := range planes {
		r.sums[i] = make([]uint32, width)
	}
	return r
}

// reduce adds the row of samples y to the cells, and stores them when they are
// complete.
func (d *pngDecoder) reduce(y int) {
	r := d.reducer
	var alpha []byte
	colours := len(d.planes)
	if d.alpha {
		colours--
		alpha = d.row[colours][d.region.Min.X:d.region.Max.X]
		sums := r.sums[colours]
		for x, a := range alpha {
			sums[x>>r.shift] += uint32(a)
		}
	}
	for c := range colours {
		in, sums := d.row[c][d.region.Min.X:d.region.Max.X], r.sums[c]
		if alpha == nil {
			for x, v := range in {
				sums[x>>r.shift] += uint32(v)
			}
			continue
		}
		for x, v := range in {
			sums[x>>r.shift] += uint32(v) * uint32(alpha[x])
		}
	}
	if r.rows++; r.rows == 1<<r.shift || y == d.region.Max.Y-1 {
		d.storeCells((y - d.region.Min.Y) >> r.shift)
	}
}

// storeCells ends a row of cells.
func (d *pngDecoder) storeCells(y int) {
	r, width := d.reducer, d.region.Dx()
	colours := len(d.planes)
	var opacity []uint32
	if d.alpha {
		colours--
		opacity = r.sums[colours]
	}
	for c := range d.planes {
		out := d.planes[c].Row(y)
		for x := range out {
			// The last column may be narrower.
			n := uint32(min(1<<r.shift, width-x<<r.shift) * r.rows)
			if opacity != nil && c < colours {
				n = max(opacity[x], 1)
			}
			out[x] = byte((r.sums[c][x] + n/2) / n)
		}
	}
	if opacity != nil && d.opaque {
		for _, a := range d.planes[colours].Row(y) {
			d.opaque = d.opaque && a == 255
		}
	}
	for c := range d.planes {
		clear(r.sums[c])
	}
	r.rows = 0
}

// target makes the planes for a region of a level, and sets the region of the full
// size that they are made of.
func (d *pngDecoder) target(level int, r image.Rectangle) {
	d.into(pixel.New(d.model, r.Dx(), r.Dy(), 1, 1, d.alpha), r)
	if level > 0 {
		d.region = image.Rectangle{r.Min.Mul(1 << level), r.Max.Mul(1 << level)}.Intersect(image.Rectangle{Max: d.size})
		d.reducer = newReducer(level, len(d.planes), r.Dx())
	}
	d.img.Bitonal = d.bitonal && level == 0
}

// into sets the image that a region of the full size goes to.
func (d *pngDecoder) into(m *pixel.Image, r image.Rectangle) {
	d.img, d.region, d.planes = m, r, m.Planes
	if d.alpha {
		d.planes = append(d.planes[:len(d.planes):len(d.planes)], *m.Alpha)
	}
}
