package jpeg

// Low-pass decoding at 1/4 makes 2 × 2 samples of the 2 × 2 lowest coefficients of
// a block alone: those at the places 0, 1, 2 and 4 of the zigzag order. All behind
// is skipped like in a decode at 1/8, which at usual qualities is most of the data.

// lowPlaces is the number of zigzag places up to the last one that counts.
const lowPlaces = 5

// lowBlock decodes the first lowPlaces coefficients of a block of a sequential
// scan into low, in zigzag order with the DC difference first, and skips the rest.
// Behind them low holds anything. skip may be nil. It reports false when the bits
// make no sense.
func lowBlock(s *stream, dc, ac *huffTable, skip *skipTable, low *[8]int16) bool {
	s.prepare()
	*low = [8]int16{}
	diff, ok := s.dcDiff(dc)
	if !ok {
		return false
	}
	low[0] = int16(diff)
	acc, n, p, win := s.acc, s.n, s.p, s.win
	k := uint(1)
	for k < lowPlaces {
		acc |= be64(win[p:]) >> (n & 63)
		p += int(63-n) >> 3
		n |= 56
		e := ac.look[acc>>(64-lookBits)]
		if e&entryValue != 0 {
			acc <<= e & entryBits
			n -= uint(e & entryBits)
			k += uint(e >> 8 & 0xFF)
			low[min(k, 7)] = int16(e >> 16)
			k++
			continue
		}
		symbol, size := byte(e>>8), uint(e&entryBits)
		if e == 0 {
			if symbol, size = ac.longer(int32(acc>>48), lookBits+1); size == 0 {
				return false
			}
		}
		acc <<= size & 63
		n -= size
		width := uint(symbol & 15)
		if width == 0 && symbol != 0xF0 {
			k = 64
			break
		}
		k += uint(symbol >> 4)
		if width > 0 {
			low[min(k, 7)] = int16(extend(int32(acc>>(64-width)), width))
			acc <<= width
			n -= width
		}
		k++
	}
	s.acc, s.n, s.p = acc, n, p
	if k >= 64 {
		return true
	}
	if skip == nil {
		return s.skipCoefficients(ac, k)
	}
	return s.skipFast(skip, k)
}

// low2 computes 2 × 2 samples from the coefficients of lowBlock, the first of them
// being pred: the inverse transform of 2 × 2 points.
func low2(low *[8]int16, pred int32, quant *[64]uint16, dst []byte, stride int) {
	x := scaled(int16(pred), quant[0]) + (128<<3 + 4)
	h, v, d := scaled(low[1], quant[1]), scaled(low[2], quant[8]), scaled(low[4], quant[9])
	a, b, c, e := x+v, x-v, h+d, h-d
	top := (*[2]byte)(dst)
	top[0], top[1] = clamp((a+c)>>3), clamp((a-c)>>3)
	bottom := (*[2]byte)(dst[stride:])
	bottom[0], bottom[1] = clamp((b+e)>>3), clamp((b-e)>>3)
}
