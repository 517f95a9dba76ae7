package pixel

// This file is the filter for processors without vectors of ours, WebAssembly
// among them. It gives the same bits as the vectors.

// A 64-bit word holds two 32-bit lanes, so that one multiplication weighs two
// samples. Lanes may go below zero on the way, because borrows between lanes
// cancel in the final sum; a bias keeps the final sums positive.
const (
	lanes = 0x0000_00FF_0000_00FF
	// sumBits is what the vertical pass keeps of a sample: 8 bits and 6 after
	// the point.
	sumShift = weightBits - 6
	// bias is added to both lanes of the vertical pass; half rounds.
	sumBias  = 1 << 23
	sumInit  = (sumBias + 1<<(sumShift-1)) * (1<<32 + 1)
	sumMask  = 0x00FF_FFFF_00FF_FFFF
	lowLane  = 1<<32 - 1
	outShift = weightBits + 6
	// The weights add up to 1 << weightBits, so the bias of the first pass comes
	// out of the second as this constant.
	outBias = sumBias>>sumShift<<weightBits - 1<<(outShift-1)
)

// scaleWords is apply for processors without vectors: columns first, as
// shrinking leaves the fewest sums then, and two rows of output at a time.
func (s *scaling) scaleWords(dst *Plane, in *reader) {
	blocks := (s.to - s.from + 7) / 8
	var (
		upper = make([]uint64, 4*blocks)
		lower = make([]uint64, 4*blocks)
		pair  = make([]uint64, 8*blocks)
		rows  = make([][]byte, s.ty.n)
	)
	sum := func(acc []uint64, y int) {
		for k := range rows {
			rows[k] = in.row(int(s.ty.lo[y]) + k)[s.from:s.to]
		}
		sumRows(acc, rows, s.ty.c[y*s.ty.n:][:s.ty.n])
	}
	for y := 0; y < dst.Height; y += 2 {
		// Two rows go through the horizontal pass together.
		// An odd last one goes twice.
		sum(upper, y)
		second, other := y, upper
		if y+1 < dst.Height {
			second, other = y+1, lower
			sum(lower, second)
		}
		interleave(pair, upper, other)
		filterRows(dst.Row(y), dst.Row(second), pair, &s.tx)
	}
}

// sumRows sets acc to the weighted sum of the rows, all equally long. Word 4b+j
// of acc holds columns 8b+j (low lane) and 8b+j+4.
func sumRows(acc []uint64, rows [][]byte, c []int16) {
	for i := range acc {
		acc[i] = sumInit
	}
	k := 0
	for ; k+4 <= len(rows); k += 4 {
		add4(acc, rows[k], rows[k+1], rows[k+2], rows[k+3], weight(c[k]), weight(c[k+1]), weight(c[k+2]), weight(c[k+3]))
	}
	for ; k+2 <= len(rows); k += 2 {
		add2(acc, rows[k], rows[k+1], weight(c[k]), weight(c[k+1]))
	}
	if k < len(rows) {
		add1(acc, rows[k], weight(c[k]))
	}
	// The columns after the last whole block of eight.
	n := len(rows[0])
	rest := n &^ 7
	if rest == n {
		return
	}
	a := acc[rest/2 : rest/2+4]
	for k, row := range rows {
		var last [8]byte
		copy(last[:], row[rest:])
		v, w := le64(last[:]), weight(c[k])
		a[0] += (v & lanes) * w
		a[1] += (v >> 8 & lanes) * w
		a[2] += (v >> 16 & lanes) * w
		a[3] += (v >> 24 & lanes) * w
	}
}

// weight extends a weight to the 64 bits in which lanes are multiplied.
func weight(c int16) uint64 { return uint64(int64(c)) }

func add4(acc []uint64, r0, r1, r2, r3 []byte, c0, c1, c2, c3 uint64) {
	n := len(r0)
	r1, r2, r3 = r1[:n], r2[:n], r3[:n]
	for x := 0; x+8 <= n; x += 8 {
		a := acc[x/2 : x/2+4 : x/2+4]
		v0 := le64(r0[x : x+8])
		v1 := le64(r1[x : x+8])
		v2 := le64(r2[x : x+8])
		v3 := le64(r3[x : x+8])
		a[0] += (v0&lanes)*c0 + (v1&lanes)*c1 + (v2&lanes)*c2 + (v3&lanes)*c3
		a[1] += (v0>>8&lanes)*c0 + (v1>>8&lanes)*c1 + (v2>>8&lanes)*c2 + (v3>>8&lanes)*c3
		a[2] += (v0>>16&lanes)*c0 + (v1>>16&lanes)*c1 + (v2>>16&lanes)*c2 + (v3>>16&lanes)*c3
		a[3] += (v0>>24&lanes)*c0 + (v1>>24&lanes)*c1 + (v2>>24&lanes)*c2 + (v3>>24&lanes)*c3
	}
}

func add2(acc []uint64, r0, r1 []byte, c0, c1 uint64) {
	n := len(r0)
	r1 = r1[:n]
	for x := 0; x+8 <= n; x += 8 {
		a := acc[x/2 : x/2+4 : x/2+4]
		v0 := le64(r0[x : x+8])
		v1 := le64(r1[x : x+8])
		a[0] += (v0&lanes)*c0 + (v1&lanes)*c1
		a[1] += (v0>>8&lanes)*c0 + (v1>>8&lanes)*c1
		a[2] += (v0>>16&lanes)*c0 + (v1>>16&lanes)*c1
		a[3] += (v0>>24&lanes)*c0 + (v1>>24&lanes)*c1
	}
}

func add1(acc []uint64, r0 []byte, c0 uint64) {
	n := len(r0)
	for x := 0; x+8 <= n; x += 8 {
		a := acc[x/2 : x/2+4 : x/2+4]
		v0 := le64(r0[x : x+8])
		a[0] += (v0 & lanes) * c0
		a[1] += (v0 >> 8 & lanes) * c0
		a[2] += (v0 >> 16 & lanes) * c0
		a[3] += (v0 >> 24 & lanes) * c0
	}
}

// interleave joins the sums of two rows: word x of pair holds column x of the
// upper row (low lane) and of the lower one.
func interleave(pair, upper, lower []uint64) {
	lower = lower[:len(upper)]
	for i := 0; i+4 <= len(upper); i += 4 {
		p := pair[2*i : 2*i+8 : 2*i+8]
		u, l := upper[i:i+4:i+4], lower[i:i+4:i+4]
		for j := range 4 {
			a, b := u[j]>>sumShift&sumMask, l[j]>>sumShift&sumMask
			p[j] = a&lowLane | b<<32
			p[j+4] = a>>32 | b&^lowLane
		}
	}
}

// filterRows weighs the columns of pair into two rows of output.
func filterRows(upper, lower []byte, pair []uint64, t *taps) {
	n := t.n
	lower = lower[:len(upper)]
	lo := t.lo[:len(upper)]
	for x := range upper {
		c := t.c[x*n : x*n+n]
		v := pair[lo[x]:][:len(c)]
		var s0, s1 uint64
		for len(c) >= 4 && len(v) >= 4 {
			s0 += weight(c[0])*v[0] + weight(c[1])*v[1]
			s1 += weight(c[2])*v[2] + weight(c[3])*v[3]
			c, v = c[4:], v[4:]
		}
		for k := range c {
			s0 += weight(c[k]) * v[k]
		}
		s0 += s1
		a, b := (int32(uint32(s0))-outBias)>>outShift, (int32(s0>>32)-outBias)>>outShift
		upper[x], lower[x] = saturate(a), saturate(b)
	}
}

// saturate limits v to a sample.
func saturate(v int32) uint8 {
	if uint32(v) > 255 {
		return uint8(^v >> 31)
	}
	return uint8(v)
}

// le64 and putLE32 read and write little-endian numbers. encoding/binary would do,
// but brings reflection along, which small Wasm modules must not carry. The
// compiler makes single loads and stores of these.
func le64(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

func putLE32(b []byte, v uint32) {
	_ = b[3]
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}
