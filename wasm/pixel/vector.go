//go:build amd64 || arm64

package pixel

import (
	"slices"
	"unsafe"
)

// scaleVectors is apply with vectors: for each row of output one row of 16-bit
// column sums, 6 bits of them after the point, which is then filtered. Weights
// above zero add up to less than 2, and so do those below, so that no sum
// passes 16 bits: 255 · 64 · 2 < 1<<15.
func (s *scaling) scaleVectors(dst *Plane, in *reader) {
	var (
		cols = s.to - s.from
		n    = s.ty.n
		even = n + n&1
		rows = make([][]byte, even)
		c    = make([]int16, even) // an odd last weight goes with a zero
		line = make([]int16, max(cols, s.tx.pad()))
		full = dst.Width &^ (outBlock - 1)
		last [outBlock]byte
	)
	for y := range dst.Height {
		for k := range n {
			rows[k] = in.row(int(s.ty.lo[y]) + k)[s.from:s.to]
		}
		rows[even-1] = rows[n-1] // itself when n is even
		copy(c, s.ty.c[y*n:][:n])
		sumRowsVector(line[:cols], rows, c)
		out := dst.Row(y)
		filterRowVector(out[:full], line, s.tx.lo, s.tx.wide, s.tx.step)
		if full < len(out) {
			filterRowVector(last[:], line, s.tx.lo[full:], s.tx.wide[full*s.tx.step:], s.tx.step)
			copy(out[full:], last[:])
		}
	}
}

// Kernels write in blocks. Where a row does not end with one, the last block is
// shifted back and overlaps the one before: no kernel touches anything outside
// its slices, which therefore must hold a block at least.
const (
	minColumns = 32 // of sumRows, sumColumns, halve, reverse
	minPixels  = 16 // of the colour kernels
	tapBlock   = 8  // weights are padded to a multiple
	outBlock   = 4  // filterRow
)

// pad lays the weights out for filterRowVector, once, and returns how many
// samples they span then. Weights of zero may lie beyond the row.
func (t *taps) pad() int {
	n := len(t.lo)
	if t.wide == nil {
		t.step = (t.n + tapBlock - 1) &^ (tapBlock - 1)
		t.wide = make([]int16, (n+outBlock-1)&^(outBlock-1)*t.step)
		for i := range n {
			copy(t.wide[i*t.step:], t.c[i*t.n:][:t.n])
		}
		for len(t.lo)&(outBlock-1) != 0 {
			t.lo = append(t.lo, 0)
		}
	}
	return int(slices.Max(t.lo)) + t.step
}

// sumRowsVector sets dst to the sums of the rows weighted by c, rounded from
// weightBits to 6 bits after the point. Rows are as many as weights, an even
// number, and at least as long as dst, which has minColumns or more.
//
//go:noescape
func sumRowsVector(dst []int16, rows [][]byte, c []int16)

// filterRowVector sets dst[x] to the sum of step samples of src from lo[x],
// weighted by c[x*step:], rounded and limited. len(dst) is a multiple of
// outBlock, step of tapBlock.
//
//go:noescape
func filterRowVector(dst []byte, src []int16, lo []int32, c []int16, step int)

// halveVector averages 2 × 2 samples of a and b, at least twice as long as dst,
// which has minColumns or more.
//
//go:noescape
func halveVector(dst, a, b []byte)

// sumColumnsVector sets dst, minColumns or more, to the sums of the columns of
// rows that begin stride apart in src. 257 rows at most fit.
//
//go:noescape
func sumColumnsVector(dst []uint16, src []byte, stride, rows int)

// meanColumnsVector sets dst[x] to the mean of a cell whose n columns from x on
// add up in sums. len(dst) is a multiple of minColumns, sums has n more, and
// sums of cells stay below 1<<15; the constants are those of reciprocal.
//
//go:noescape
func meanColumnsVector(dst []byte, sums []uint16, n int, half, recip uint16, shift int)

// rgbRowVector is rgbRow for minPixels or more.
//
//go:noescape
func rgbRowVector(red, green, blue, luma, cb, cr []byte)

// widenRowsVector sets sums, minPixels or more, to 3·near + far.
//
//go:noescape
func widenRowsVector(sums []uint16, near, far []byte)

// widenColumnsVector sets dst, twice minPixels or more and even, to samples a
// quarter of the way from their site to the next; sums has one more on each side.
//
//go:noescape
func widenColumnsVector(dst []byte, sums []uint16)

// lumaRowVector is luma for minPixels or more.
//
//go:noescape
func lumaRowVector(dst, red, green, blue []byte)

// cellSumsVector sets dst, minPixels or more, to the sums of 2 × 2 samples of a
// and b, which are twice as long.
//
//go:noescape
func cellSumsVector(dst []uint16, a, b []byte)

// chromaRowVector is chroma for minPixels or more, from sums of four samples.
//
//go:noescape
func chromaRowVector(cb, cr []byte, red, green, blue []uint16)

// reverseVector sets dst, minColumns or more, to src from its end.
//
//go:noescape
func reverseVector(dst, src []byte)

// transposeVector transposes blocks of 16 × 16 samples: those from src downwards
// go from dst to the right. Strides may be negative.
//
//go:noescape
func transposeVector(dst, src unsafe.Pointer, dstStride, srcStride, blocks int)

// transposeVectors is turn with transpose for planes that hold a block; it
// reports whether they did.
func (dst *Plane) transposeVectors(src *Plane, flipX, flipY bool) bool {
	const block = 16
	w, h := dst.Width, dst.Height
	if w < block || h < block || !dst.holds(w, h) || !src.holds(h, w) {
		return false
	}
	// The block of output at (x, y) comes from column y of src, or from the right
	// with its rows in reverse, and from row x, or from below and upwards.
	at := func(x, y, blocks int) {
		out, outStride := y*dst.Stride+x, dst.Stride
		in, inStride := x*src.Stride+y, src.Stride
		if flipY {
			out, outStride = (y+block-1)*dst.Stride+x, -dst.Stride
			in += h - block - 2*y
		}
		if flipX {
			in, inStride = in+(w-1-2*x)*src.Stride, -src.Stride
		}
		transposeVector(unsafe.Pointer(&dst.Pix[out]), unsafe.Pointer(&src.Pix[in]), outStride, inStride, blocks)
	}
	for top := 0; top < h; top += block {
		y := min(top, h-block)
		at(0, y, w/block)
		if w%block != 0 {
			at(w-block, y, 1)
		}
	}
	return true
}
