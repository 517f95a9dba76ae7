package pixel

import "math/bits"

// cells averages a plane in cells of bx × by samples from (x0, y0), cols of them
// in a row. Cells that overlap the edge of src average what there is; each has
// at least one sample.
type cells struct {
	src                  *Plane
	x0, y0, bx, by, cols int
	width                int      // source samples that a row of cells covers
	lanes                []uint64 // even and odd columns in 16-bit lanes
	sums                 []uint32 // sums of the columns
	narrow               []uint16 // the same, for vectors
	means                []byte   // of the cells that start at each column
}

func newCells(src *Plane, x0, y0, bx, by, cols int) *cells {
	return &cells{src: src, x0: x0, y0: y0, bx: bx, by: by, cols: cols, width: min(src.Width-x0, cols*bx)}
}

// shrinkPlane averages cells of bx × by samples of src, from (x0, y0), into dst.
func shrinkPlane(dst, src *Plane, x0, y0, bx, by int) {
	c := newCells(src, x0, y0, bx, by, dst.Width)
	for y := range dst.Height {
		c.row(dst.Row(y), y)
	}
}

// row averages row y of the cells.
func (c *cells) row(dst []byte, y int) {
	top := c.y0 + y*c.by
	rows := min(c.by, c.src.Height-top)
	if c.bx == 2 && c.by == 2 {
		a := c.src.Row(top)[c.x0 : c.x0+c.width]
		halve(dst, a, c.src.Row(top + rows - 1)[c.x0:][:len(a)])
		return
	}
	if vectors && c.vector(dst, top, rows) {
		return
	}
	if c.sums == nil {
		blocks := (c.width + 7) / 8
		c.lanes, c.sums = make([]uint64, 2*blocks), make([]uint32, 8*blocks)
	}
	clear(c.sums)
	// 257 samples fill a 16-bit lane.
	for r := 0; r < rows; r += 256 {
		clear(c.lanes)
		for k := range min(256, rows-r) {
			addColumns(c.lanes, c.src.Row(top + r + k)[c.x0:c.x0+c.width])
		}
		spill(c.sums, c.lanes)
	}
	meanCells(dst, c.sums[:c.width], c.bx, rows)
}

// vector is row for cells of at most maxCell samples; it reports whether it
// could.
func (c *cells) vector(dst []byte, top, rows int) bool {
	const maxCell = 128 // see reciprocal
	area := c.bx * rows
	full := min(len(dst), c.width/c.bx)
	if area < 2 || area > maxCell || c.width < minColumns {
		return false
	}
	n := (c.width + minColumns - 1) / minColumns * minColumns
	if c.narrow == nil {
		c.narrow, c.means = make([]uint16, n+c.bx), make([]byte, n)
	}
	// The rows end where the last one does: nothing beyond is read.
	at := top*c.src.Stride + c.x0
	sumColumnsVector(c.narrow[:c.width], c.src.Pix[at:at+(rows-1)*c.src.Stride+c.width], c.src.Stride, rows)
	half, recip, shift := reciprocal(area)
	meanColumnsVector(c.means, c.narrow, c.bx, half, recip, shift)
	pick(dst[:full], c.means, c.bx)
	for x := full; x < len(dst); x++ {
		var sum uint32
		cell := c.narrow[x*c.bx : c.width]
		for _, v := range cell {
			sum += uint32(v)
		}
		a := uint32(len(cell) * rows)
		dst[x] = uint8((sum + a/2) / a)
	}
	return true
}

// reciprocal returns constants by which (sum+half)*recip>>16>>shift is the
// rounded mean of area samples, 2 to 128. The error of recip is below area, so
// that of the quotient stays below 1/area for all sums up to 255·area.
func reciprocal(area int) (half, recip uint16, shift int) {
	shift = bits.Len(uint(area-1)) - 1
	return uint16(area / 2), uint16((1<<(16+shift) + area - 1) / area), shift
}

// pick takes every step-th sample.
func pick(dst, src []byte, step int) {
	switch step {
	case 1:
		copy(dst, src)
	case 2:
		src = src[:2*len(dst)]
		for x := range dst {
			dst[x] = src[2*x]
		}
	default:
		for x := range dst {
			dst[x] = src[x*step]
		}
	}
}

// addColumns adds a row to the column sums.
func addColumns(acc []uint64, row []byte) {
	const even = 0x00FF_00FF_00FF_00FF
	x := 0
	for ; x+8 <= len(row); x += 8 {
		v := le64(row[x : x+8])
		a := acc[x/4 : x/4+2 : x/4+2]
		a[0] += v & even
		a[1] += v >> 8 & even
	}
	if x < len(row) {
		var last [8]byte
		copy(last[:], row[x:])
		v := le64(last[:])
		acc[x/4] += v & even
		acc[x/4+1] += v >> 8 & even
	}
}

// spill adds the 16-bit lanes to the column sums.
func spill(cols []uint32, acc []uint64) {
	for i := 0; i+2 <= len(acc); i += 2 {
		e, o := acc[i], acc[i+1]
		c := cols[4*i : 4*i+8 : 4*i+8]
		c[0] += uint32(e & 0xFFFF)
		c[1] += uint32(o & 0xFFFF)
		c[2] += uint32(e >> 16 & 0xFFFF)
		c[3] += uint32(o >> 16 & 0xFFFF)
		c[4] += uint32(e >> 32 & 0xFFFF)
		c[5] += uint32(o >> 32 & 0xFFFF)
		c[6] += uint32(e >> 48)
		c[7] += uint32(o >> 48)
	}
}

// meanCells averages bx columns of rows samples into each output.
func meanCells(dst []byte, cols []uint32, bx, rows int) {
	area := uint64(bx) * uint64(rows)
	// A multiplication instead of a division, while it is exact: sums below
	// 2^24 times a reciprocal of 40 bits stay below 2^64 and err by less than
	// the distance of a rounded mean to the next one.
	var half, recip = area / 2, (1<<40 + area - 1) / area
	full := min(len(dst), len(cols)/bx)
	out := dst[:full]
	switch {
	case area > 1<<15:
		full = 0
	case bx == 1:
		for x := range out {
			out[x] = uint8((uint64(cols[x]) + half) * recip >> 40)
		}
	case bx == 2:
		for x := range out {
			c := cols[2*x : 2*x+2 : 2*x+2]
			out[x] = uint8((uint64(c[0]+c[1]) + half) * recip >> 40)
		}
	case bx == 3:
		for x := range out {
			c := cols[3*x : 3*x+3 : 3*x+3]
			out[x] = uint8((uint64(c[0]+c[1]+c[2]) + half) * recip >> 40)
		}
	default:
		for x := range out {
			c := cols[bx*x : bx*x+bx : bx*x+bx]
			sum := c[0] + c[1] + c[2] + c[3]
			for _, v := range c[4:] {
				sum += v
			}
			out[x] = uint8((uint64(sum) + half) * recip >> 40)
		}
	}
	for x := full; x < len(dst); x++ {
		var sum uint64
		cell := cols[x*bx : min(x*bx+bx, len(cols))]
		for _, v := range cell {
			sum += uint64(v)
		}
		a := uint64(len(cell)) * uint64(rows)
		dst[x] = uint8((sum + a/2) / a)
	}
}

// halve averages cells of 2 × 2: the columns of a and b, of one length and
// possibly one row, into dst. An odd last column stands for two.
func halve(dst, a, b []byte) {
	const even = 0x00FF_00FF_00FF_00FF
	b = b[:len(a)]
	x := 0
	if full := min(len(dst), len(a)/2); vectors && full >= minColumns {
		halveVector(dst[:full], a, b)
		x = full
	}
	for ; 2*x+8 <= len(a) && x+4 <= len(dst); x += 4 {
		v, w := le64(a[2*x:2*x+8]), le64(b[2*x:2*x+8])
		s := v&even + v>>8&even + w&even + w>>8&even + 0x0002_0002_0002_0002
		s = s >> 2 & even
		s = (s | s>>8) & 0x0000_FFFF_0000_FFFF
		putLE32(dst[x:x+4], uint32(s|s>>16))
	}
	for ; x < len(dst); x++ {
		i, j := 2*x, min(2*x+1, len(a)-1)
		dst[x] = uint8((uint32(a[i]) + uint32(a[j]) + uint32(b[i]) + uint32(b[j]) + 2) >> 2)
	}
}
