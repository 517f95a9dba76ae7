package jpeg

// The reduced transforms compute fewer samples from the same block: not a
// transform cut short but the full one with groups of samples averaged, folded
// into its constants. Coefficients whose average is zero by symmetry are not
// looked at.

// Constants of the reduced transforms: √2 times the sums of cosines named
// beside them (cn is the cosine of nπ/16), times 2¹³, rounded.
const (
	r0211 = 1730  // c3-c1, negative
	r0509 = 4176  // c7-c5, negative
	r0601 = 4926  // c5-c1, negative
	r0720 = 5906  // c7-c5+c3-c1, negative
	r0850 = 6967  // -c1+c3+c5+c7
	r1061 = 8697  // c5+c7
	r1272 = 10426 // -c1+c3-c5-c7, negative
	r1451 = 11893 // c3+c7
	r2172 = 17799 // -c1-c5, negative
	r3624 = 29692 // c1+c3+c5+c7

	shift4 = shift8 + 1
	round4 = 128<<shift4 + 1<<(shift4-1)
	shift2 = shift8 + 2
	round2 = 1 << (shift2 - 1)
)

// idct4 computes 4 × 4 samples, each the mean of 2 × 2 of idct8.
func idct4(blk *[64]int16, quant *[64]uint16, dst []byte, stride int) {
	const shift = constBits - passBits + 1
	var ws [32]int32 // eight columns of four rows
	for x := range 8 {
		if x == 4 {
			continue // does not count
		}
		b, q, w := blk[x:x+57:x+57], quant[x:x+57:x+57], ws[x:x+25:x+25]
		if b[8]|b[16]|b[24]|b[40]|b[48]|b[56] == 0 {
			v := word(scaled(b[0], q[0]) << passBits)
			w[0], w[8], w[16], w[24] = v, v, v, v
			continue
		}
		e := scaled(b[0], q[0])<<(constBits+1) + 1<<(shift-1)
		z := scaled(b[16], q[16])*c1847 - scaled(b[48], q[48])*c0765
		a0, a1 := e+z, e-z
		x1, x3 := scaled(b[8], q[8]), scaled(b[24], q[24])
		x5, x7 := scaled(b[40], q[40]), scaled(b[56], q[56])
		o0 := x1*c2562 + x3*c0899 - x5*r0601 - x7*r0509
		o1 := x1*r1061 - x3*r2172 + x5*r1451 - x7*r0211
		w[0], w[24] = word((a0+o0)>>shift), word((a0-o0)>>shift)
		w[8], w[16] = word((a1+o1)>>shift), word((a1-o1)>>shift)
	}
	for y := range 4 {
		w := (*[8]int32)(ws[8*y:])
		out := dst[:4:4]
		e := w[0]<<(constBits+1) + round4
		z := w[2]*c1847 - w[6]*c0765
		a0, a1 := e+z, e-z
		o0 := w[1]*c2562 + w[3]*c0899 - w[5]*r0601 - w[7]*r0509
		o1 := w[1]*r1061 - w[3]*r2172 + w[5]*r1451 - w[7]*r0211
		out[0], out[3] = clamp((a0+o0)>>shift4), clamp((a0-o0)>>shift4)
		out[1], out[2] = clamp((a1+o1)>>shift4), clamp((a1-o1)>>shift4)
		dst = dst[min(stride, len(dst)):]
	}
}

// idct2 computes 2 × 2 samples, each the mean of 4 × 4 of idct8.
func idct2(blk *[64]int16, quant *[64]uint16, dst []byte, stride int) {
	const shift = constBits - passBits + 2
	var top, bottom [8]int32
	for x := range 8 {
		if x == 2 || x == 4 || x == 6 {
			continue // do not count
		}
		b, q := blk[x:x+57:x+57], quant[x:x+57:x+57]
		e := int32(b[0])*int32(q[0])<<(constBits+2) + 1<<(shift-1)
		o := int32(b[8])*int32(q[8])*r3624 - int32(b[24])*int32(q[24])*r1272 +
			int32(b[40])*int32(q[40])*r0850 - int32(b[56])*int32(q[56])*r0720
		top[x], bottom[x] = (e+o)>>shift, (e-o)>>shift
	}
	out := dst[:2]
	for y, w := range [2]*[8]int32{&top, &bottom} {
		if y == 1 {
			out = dst[stride : stride+2]
		}
		// The sum of both would pass 31 bits with the sample offset in it.
		e := w[0]<<(constBits+2) + round2
		o := w[1]*r3624 - w[3]*r1272 + w[5]*r0850 - w[7]*r0720
		out[0], out[1] = clamp((e+o)>>shift2+128), clamp((e-o)>>shift2+128)
	}
}
