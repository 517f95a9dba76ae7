package pixel

import "encoding/binary"

// shrinkPlane averages cells of bx × by samples of src, from (x0, y0), into dst.
// Cells that overlap the edge of src average what there is; each has at least
// one sample.
func shrinkPlane(dst, src *Plane, x0, y0, bx, by int) {
	if bx == 2 && by == 2 {
		halvePlane(dst, src, x0, y0)
		return
	}
	width := min(src.Width-x0, dst.Width*bx)
	blocks := (width + 7) / 8
	var (
		acc  = make([]uint64, 2*blocks) // even and odd columns in 16-bit lanes
		cols = make([]uint32, 8*blocks) // sums of the columns
	)
	for y := range dst.Height {
		top := y0 + y*by
		rows := min(by, src.Height-top)
		clear(cols)
		// 257 samples fill a 16-bit lane.
		for r := 0; r < rows; r += 256 {
			clear(acc)
			for k := range min(256, rows-r) {
				addColumns(acc, src.Row(top + r + k)[x0:x0+width])
			}
			spill(cols, acc)
		}
		meanCells(dst.Row(y), cols[:width], bx, rows)
	}
}

// addColumns adds a row to the column sums.
func addColumns(acc []uint64, row []byte) {
	const even = 0x00FF_00FF_00FF_00FF
	x := 0
	for ; x+8 <= len(row); x += 8 {
		v := binary.LittleEndian.Uint64(row[x : x+8])
		a := acc[x/4 : x/4+2 : x/4+2]
		a[0] += v & even
		a[1] += v >> 8 & even
	}
	if x < len(row) {
		var last [8]byte
		copy(last[:], row[x:])
		v := binary.LittleEndian.Uint64(last[:])
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

// halvePlane is shrinkPlane for cells of 2 × 2, eight samples at a time.
func halvePlane(dst, src *Plane, x0, y0 int) {
	const even = 0x00FF_00FF_00FF_00FF
	for y := range dst.Height {
		top := y0 + 2*y
		a := src.Row(top)[x0:]
		b := src.Row(min(top+1, src.Height-1))[x0:][:len(a)]
		out := dst.Row(y)
		x := 0
		for ; 2*x+8 <= len(a) && x+4 <= len(out); x += 4 {
			v, w := binary.LittleEndian.Uint64(a[2*x:2*x+8]), binary.LittleEndian.Uint64(b[2*x:2*x+8])
			s := v&even + v>>8&even + w&even + w>>8&even + 0x0002_0002_0002_0002
			s = s >> 2 & even
			s = (s | s>>8) & 0x0000_FFFF_0000_FFFF
			binary.LittleEndian.PutUint32(out[x:x+4], uint32(s|s>>16))
		}
		for ; x < len(out); x++ {
			i, j := 2*x, min(2*x+1, len(a)-1)
			out[x] = uint8((uint32(a[i]) + uint32(a[j]) + uint32(b[i]) + uint32(b[j]) + 2) >> 2)
		}
	}
}
