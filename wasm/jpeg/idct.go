package jpeg

// The inverse transforms take coefficients in natural order and their
// quantization table, and write rows of samples to dst. They are the accurate
// integer method of Loeffler, Ligtenberg and Moschytz: columns first with two
// extra bits kept between the passes, constants with 13 bits. Sums are rounded
// only where a pass ends, so any order of the same products gives the same bits.
// The vector kernels rely on that.

const (
	constBits = 13
	passBits  = 2
	// round8 and shift8 bring the sums of the second pass of idct8 to samples:
	// the constants' bits, the extra bits, and a factor of 8 of the transform
	// itself. The sample offset of 128 hides in the rounding.
	shift8 = constBits + passBits + 3
	round8 = 128<<shift8 + 1<<(shift8-1)
)

// Constants of the transforms: √2 times sums of cosines of multiples of π/16,
// times 2¹³, rounded.
const (
	c0298 = 2446
	c0390 = 3196
	c0541 = 4433
	c0765 = 6270
	c0899 = 7373
	c1175 = 9633
	c1501 = 12299
	c1847 = 15137
	c1961 = 16069
	c2053 = 16819
	c2562 = 20995
	c3072 = 25172
)

// clamp limits v to a sample.
func clamp(v int32) byte {
	if uint32(v) > 255 {
		return byte(^v >> 31)
	}
	return byte(v)
}

// scaled multiplies a coefficient by its quantization step. Products that no
// encoder makes wrap around at 16 bits, as they do in vector units.
func scaled(coef int16, step uint16) int32 { return int32(coef * int16(step)) }

// word limits v to 16 bits, which only files that no encoder makes can pass.
func word(v int32) int32 {
	if v != int32(int16(v)) {
		return v>>31 ^ 0x7FFF
	}
	return v
}

// flat returns the sample of a block that has only a DC coefficient, which is
// also the mean of any block.
func flat(dc int32, quant *[64]uint16) byte {
	return clamp((int32(int16(dc))*int32(quant[0])+4)>>3 + 128)
}

// idct8 computes 8 × 8 samples. Coefficients behind zigzag place last are zero.
func idct8(blk *[64]int16, quant *[64]uint16, dst []byte, stride, last int) {
	if last <= 9 {
		idct8corner(blk, quant, dst, stride)
		return
	}
	var ws [64]int32
	for x := range 8 {
		b, q, w := blk[x:x+57:x+57], quant[x:x+57:x+57], ws[x:x+57:x+57]
		if b[8]|b[16]|b[24]|b[32]|b[40]|b[48]|b[56] == 0 {
			v := word(scaled(b[0], q[0]) << passBits)
			w[0], w[8], w[16], w[24], w[32], w[40], w[48], w[56] = v, v, v, v, v, v, v, v
			continue
		}
		// Even part.
		x2, x6 := scaled(b[16], q[16]), scaled(b[48], q[48])
		z := (x2 + x6) * c0541
		e2, e3 := z-x6*c1847, z+x2*c0765
		x0, x4 := scaled(b[0], q[0]), scaled(b[32], q[32])
		e0, e1 := (x0+x4)<<constBits+1<<(constBits-passBits-1), (x0-x4)<<constBits+1<<(constBits-passBits-1)
		a0, a3, a1, a2 := e0+e3, e0-e3, e1+e2, e1-e2
		// Odd part.
		x1, x3 := scaled(b[8], q[8]), scaled(b[24], q[24])
		x5, x7 := scaled(b[40], q[40]), scaled(b[56], q[56])
		z1, z2, z3, z4 := (x7+x1)*-c0899, (x5+x3)*-c2562, x7+x3, x5+x1
		z5 := (z3 + z4) * c1175
		z3, z4 = z5-z3*c1961, z5-z4*c0390
		o0, o1, o2, o3 := x7*c0298+z1+z3, x5*c2053+z2+z4, x3*c3072+z2+z3, x1*c1501+z1+z4

		w[0], w[56] = word((a0+o3)>>(constBits-passBits)), word((a0-o3)>>(constBits-passBits))
		w[8], w[48] = word((a1+o2)>>(constBits-passBits)), word((a1-o2)>>(constBits-passBits))
		w[16], w[40] = word((a2+o1)>>(constBits-passBits)), word((a2-o1)>>(constBits-passBits))
		w[24], w[32] = word((a3+o0)>>(constBits-passBits)), word((a3-o0)>>(constBits-passBits))
	}
	for y := range 8 {
		w := (*[8]int32)(ws[8*y:])
		out := dst[:8:8]
		x2, x6 := w[2], w[6]
		z := (x2 + x6) * c0541
		e2, e3 := z-x6*c1847, z+x2*c0765
		e0, e1 := (w[0]+w[4])<<constBits+round8, (w[0]-w[4])<<constBits+round8
		a0, a3, a1, a2 := e0+e3, e0-e3, e1+e2, e1-e2

		x1, x3, x5, x7 := w[1], w[3], w[5], w[7]
		z1, z2, z3, z4 := (x7+x1)*-c0899, (x5+x3)*-c2562, x7+x3, x5+x1
		z5 := (z3 + z4) * c1175
		z3, z4 = z5-z3*c1961, z5-z4*c0390
		o0, o1, o2, o3 := x7*c0298+z1+z3, x5*c2053+z2+z4, x3*c3072+z2+z3, x1*c1501+z1+z4

		out[0], out[7] = clamp((a0+o3)>>shift8), clamp((a0-o3)>>shift8)
		out[1], out[6] = clamp((a1+o2)>>shift8), clamp((a1-o2)>>shift8)
		out[2], out[5] = clamp((a2+o1)>>shift8), clamp((a2-o1)>>shift8)
		out[3], out[4] = clamp((a3+o0)>>shift8), clamp((a3-o0)>>shift8)
		dst = dst[min(stride, len(dst)):]
	}
}

// Constants of the odd part when only two of its four inputs are not zero: sums
// of the constants above.
const (
	k01, k03 = c1175 - c0899, c1175 - c1961
	k11, k13 = c1175 - c0390, c1175 - c2562
	k21, k23 = c1175, c3072 - c2562 + c1175 - c1961
	k31, k33 = c1501 - c0899 + c1175 - c0390, c1175
)

// idct8corner is idct8 for blocks whose coefficients all lie in the 4 × 4 corner
// of low frequencies, as most do.
func idct8corner(blk *[64]int16, quant *[64]uint16, dst []byte, stride int) {
	var ws [32]int32 // four columns of eight rows
	for x := range 4 {
		b, q, w := blk[x:x+25:x+25], quant[x:x+25:x+25], ws[x:x+29:x+29]
		x0, x1 := scaled(b[0], q[0]), scaled(b[8], q[8])
		x2, x3 := scaled(b[16], q[16]), scaled(b[24], q[24])
		e := x0<<constBits + 1<<(constBits-passBits-1)
		a0, a3, a1, a2 := e+x2*(c0541+c0765), e-x2*(c0541+c0765), e+x2*c0541, e-x2*c0541
		o0, o1, o2, o3 := x1*k01+x3*k03, x1*k11+x3*k13, x1*k21+x3*k23, x1*k31+x3*k33
		w[0], w[28] = word((a0+o3)>>(constBits-passBits)), word((a0-o3)>>(constBits-passBits))
		w[4], w[24] = word((a1+o2)>>(constBits-passBits)), word((a1-o2)>>(constBits-passBits))
		w[8], w[20] = word((a2+o1)>>(constBits-passBits)), word((a2-o1)>>(constBits-passBits))
		w[12], w[16] = word((a3+o0)>>(constBits-passBits)), word((a3-o0)>>(constBits-passBits))
	}
	for y := range 8 {
		w := (*[4]int32)(ws[4*y:])
		out := dst[:8:8]
		x1, x2, x3 := w[1], w[2], w[3]
		e := w[0]<<constBits + round8
		a0, a3, a1, a2 := e+x2*(c0541+c0765), e-x2*(c0541+c0765), e+x2*c0541, e-x2*c0541
		o0, o1, o2, o3 := x1*k01+x3*k03, x1*k11+x3*k13, x1*k21+x3*k23, x1*k31+x3*k33
		out[0], out[7] = clamp((a0+o3)>>shift8), clamp((a0-o3)>>shift8)
		out[1], out[6] = clamp((a1+o2)>>shift8), clamp((a1-o2)>>shift8)
		out[2], out[5] = clamp((a2+o1)>>shift8), clamp((a2-o1)>>shift8)
		out[3], out[4] = clamp((a3+o0)>>shift8), clamp((a3-o0)>>shift8)
		dst = dst[min(stride, len(dst)):]
	}
}
