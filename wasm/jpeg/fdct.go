package jpeg

import "math/bits"

// fdct8 computes the coefficients of the 8 × 8 samples in rows of src, in natural
// order, eight times too large. It is the counterpart of idct8: rows first, the
// same constants.
func fdct8(src []byte, stride int, b *[64]int32) {
	const shift = constBits - passBits
	const round = 1 << (shift - 1)
	for y := range 8 {
		p := (*[8]byte)(src)
		src = src[min(stride, len(src)):]
		x0, x1, x2, x3 := int32(p[0]), int32(p[1]), int32(p[2]), int32(p[3])
		x4, x5, x6, x7 := int32(p[4]), int32(p[5]), int32(p[6]), int32(p[7])
		r := (*[8]int32)(b[8*y:])
		s07, d07, s16, d16 := x0+x7, x0-x7, x1+x6, x1-x6
		s25, d25, s34, d34 := x2+x5, x2-x5, x3+x4, x3-x4
		e0, e3, e1, e2 := s07+s34, s07-s34, s16+s25, s16-s25
		z := (e2+e3)*c0541 + round
		// The level shift of 128 shows in the sum of all eight only.
		r[0], r[4] = (e0+e1-8*128)<<passBits, (e0-e1)<<passBits
		r[2], r[6] = (z+e3*c0765)>>shift, (z-e2*c1847)>>shift

		z1, z2, z3, z4 := (d34+d07)*-c0899+round, (d25+d16)*-c2562+round, d34+d16, d25+d07
		z5 := (z3 + z4) * c1175
		z3, z4 = z5-z3*c1961, z5-z4*c0390
		r[7], r[5] = (d34*c0298+z1+z3)>>shift, (d25*c2053+z2+z4)>>shift
		r[3], r[1] = (d16*c3072+z2+z3)>>shift, (d07*c1501+z1+z4)>>shift
	}
	const shift2 = constBits + passBits
	const round2 = 1 << (shift2 - 1)
	for x := range 8 {
		c := b[x : x+57 : x+57]
		s07, d07, s16, d16 := c[0]+c[56], c[0]-c[56], c[8]+c[48], c[8]-c[48]
		s25, d25, s34, d34 := c[16]+c[40], c[16]-c[40], c[24]+c[32], c[24]-c[32]
		e0, e3, e1, e2 := s07+s34, s07-s34, s16+s25, s16-s25
		z := (e2+e3)*c0541 + round2
		c[0], c[32] = (e0+e1+1<<(passBits-1))>>passBits, (e0-e1+1<<(passBits-1))>>passBits
		c[16], c[48] = (z+e3*c0765)>>shift2, (z-e2*c1847)>>shift2

		z1, z2, z3, z4 := (d34+d07)*-c0899+round2, (d25+d16)*-c2562+round2, d34+d16, d25+d07
		z5 := (z3 + z4) * c1175
		z3, z4 = z5-z3*c1961, z5-z4*c0390
		c[56], c[40] = (d34*c0298+z1+z3)>>shift2, (d25*c2053+z2+z4)>>shift2
		c[24], c[8] = (d16*c3072+z2+z3)>>shift2, (d07*c1501+z1+z4)>>shift2
	}
}

// quantizer divides coefficients by a quantization table.
type quantizer struct {
	// In zigzag order.
	half  [64]uint32 // half the divisor
	recip [64]uint32 // 2³² / divisor, rounded up
	least [64]uint32 // the divisor: less, with half, gives zero
	table [64]uint8  // what the file states
	// words is for vector units, in natural order: half the divisor, a
	// reciprocal, and a power of two. The upper halves of 32-bit products take
	// the places of a division and a shift.
	words [3][64]uint16
}

// newQuantizer scales one of the typical tables to a quality from 1 to 100 by
// the formula of the Independent JPEG Group, which all viewers and tools know.
func newQuantizer(base *[64]uint8, quality int) *quantizer {
	factor := 200 - 2*quality
	if quality < 50 {
		factor = 5000 / quality
	}
	q := &quantizer{}
	for k, at := range zigzag {
		v := min(max((int(base[at])*factor+50)/100, 1), 255)
		q.table[k] = uint8(v)
		q.half[k], q.least[k] = uint32(v*4), uint32(v*8)
		q.recip[k] = uint32((1<<32 + int64(v*8) - 1) / int64(v*8))
		// With d = 8v, 2ˢ < d ≤ 2ˢ⁺¹ and r = 2¹⁶⁺ˢ/d rounded up, x·r/2¹⁶⁺ˢ exceeds
		// x/d by less than x/2¹⁶⁺ˢ, which is less than 1/d for x up to 2¹⁵: no
		// integer lies between.
		s := bits.Len(uint(v*8-1)) - 1
		q.words[0][at] = uint16(v * 4)
		q.words[1][at] = uint16((1<<(16+s) + v*8 - 1) / (v * 8))
		q.words[2][at] = uint16(1 << (16 - s))
	}
	return q
}

// quantize divides, rounding halves away from zero, into out in zigzag order and
// returns a mask of the places that are not zero. The reciprocals are exact:
// their error is under 2¹¹/2³² and dividends are under 2¹⁶.
func quantize(b *[64]int32, q *quantizer, out *[64]int16) (nonzero uint64) {
	for k := range 64 {
		v := b[zigzag[k]&63]
		sign := v >> 31
		size := uint32((v^sign)-sign) + q.half[k]
		if size < q.least[k] {
			out[k] = 0
			continue
		}
		n := int32(uint64(size) * uint64(q.recip[k]) >> 32)
		out[k] = int16((n ^ sign) - sign)
		nonzero |= 1 << k
	}
	return nonzero
}
