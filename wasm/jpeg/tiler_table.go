package jpeg

// pairBits is the number of bits that one lookup of a pairTable decides on.
// Eleven hold two coefficients more often than not, and two tables fit into the
// first-level cache.
const pairBits = 11

// pairTable decodes up to two AC coefficients at a time. An entry holds
//
//	bits 0–5    the number of bits to consume
//	bits 8–15   by how many coefficients the first one advances
//	bits 16–31  by how many both do, with pairEOB added when the last code ends
//	            the block; pairLong stands for codes that are not in the table
//	bits 32–47  the value of the first coefficient, signed
//	bits 48–63  that of the second, zero when there is none
type pairTable struct {
	look [1 << pairBits]uint64
	// places gives the natural place of the coefficient before the k-th in the order
	// of transmission. What lies behind the block goes to its last place: an entry
	// without a second coefficient writes a zero there before it writes the first.
	places [256]uint8
	huff   *huffTable
}

const (
	pairEOB = 128
	// pairLong makes a place behind the block, as pairEOB does.
	pairLong = 512 + pairEOB
)

// newPairTable makes the table for the AC codes of h.
func newPairTable(h *huffTable) *pairTable {
	t := &pairTable{huff: h}
	for bits := range t.look {
		t.look[bits] = h.pair(uint32(bits))
	}
	for k := range t.places {
		t.places[k] = 63
		if k > 0 && k <= 64 {
			t.places[k] = zigzag[k-1]
		}
	}
	return t
}

// code returns the code of a symbol as code<<8 | length, 0 when it has none.
func (h *huffTable) code(symbol byte) uint32 {
	for size := uint(1); size <= 16; size++ {
		for code := h.limit[size-1] >> (16 - size); code < h.limit[size]>>(16-size); code++ {
			if h.symbols[byte(code+h.offset[size])] == symbol {
				return uint32(code)<<8 | uint32(size)
			}
		}
	}
	return 0
}

// pair makes the entry for some bits.
func (h *huffTable) pair(bits uint32) uint64 {
	zeros, value, used, ok := h.single(bits, pairBits)
	switch {
	case !ok:
		return pairEOB<<8 | pairLong<<16
	case zeros == skipAll:
		return uint64(used) | pairEOB<<8 | pairEOB<<16
	}
	first := zeros + 1
	e := uint64(used) | uint64(first)<<8 | uint64(uint16(value))<<32
	zeros, second, more, ok := h.single(bits<<used&(1<<pairBits-1), pairBits-used)
	switch {
	case !ok:
		return e | uint64(first)<<16
	case zeros == skipAll:
		return e + uint64(more) | uint64(first+pairEOB)<<16
	}
	return e + uint64(more) | uint64(first+zeros+1)<<16 | uint64(uint16(second))<<48
}

// single decodes the first code in the upper n of pairBits bits, with its value:
// so many zeros and a coefficient behind them, or skipAll for the end of the block.
// It reports false when they do not hold both whole.
func (h *huffTable) single(bits uint32, n uint) (zeros uint, value int32, used uint, ok bool) {
	symbol, size := h.long(int32(bits << (16 - pairBits)))
	if size == 0 || size > n {
		return 0, 0, 0, false
	}
	width := uint(symbol & 15)
	switch {
	case width == 0 && symbol != 0xF0:
		return skipAll, 0, size, true
	case size+width > n:
		return 0, 0, 0, false
	case width > 0:
		value = extend(int32(bits>>(pairBits-size-width)&(1<<width-1)), width)
	}
	return uint(symbol >> 4), value, size + width, true
}
