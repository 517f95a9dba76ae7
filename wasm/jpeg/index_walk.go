package jpeg

const (
	// skipBits is the number of bits that one lookup of a skipTable decides on.
	// Twelve hold two or three codes at usual qualities; more gain little and
	// crowd the first-level cache.
	skipBits = 12
	// walkSlack is the number of bytes that must follow the data in a buffer that
	// is walked over. The blocks of one MCU take at most 10 × 248 bytes.
	walkSlack = 4096
	// maxBlocks is the number of blocks that an MCU may have, T.81 §B.2.3.
	maxBlocks = 10
)

// skipTable tells how far the AC codes in the next bits reach, values included.
// An entry of look holds the number of bits in its low six bits, and above them
// by how many coefficients the codes advance: with skipEOB added when the last of
// them ends the block. skipLong stands for a code that is not in the table.
type skipTable struct {
	look [1 << skipBits]uint16
	huff *huffTable
}

const (
	skipEOB  = 128
	skipLong = 512
)

// newSkipTable makes the table for the AC codes of h.
func newSkipTable(h *huffTable) *skipTable {
	// The entries for n bits are at 1<<n. Those of more bits begin with one code
	// and go on like those of what is left behind it.
	var all [2 << skipBits]uint16
	for n := uint(1); n <= skipBits; n++ {
		entries := all[1<<n : 2<<n]
		for size := uint(1); size <= n; size++ {
			from, to := h.limit[size-1]>>(16-size), h.limit[size]>>(16-size)
			for code := from; code < to; code++ {
				symbol := h.symbols[byte(code+h.offset[size])]
				part := entries[int(code)<<(n-size):][:1<<(n-size)]
				fillSkips(part, all[:], n, size, symbol)
			}
		}
	}
	t := &skipTable{huff: h}
	for i, e := range all[1<<skipBits:] {
		if e == 0 {
			e = skipLong << 6
		}
		t.look[i] = e
	}
	return t
}

// fillSkips fills in the entries of n bits that begin with one code.
func fillSkips(part, all []uint16, n, size uint, symbol byte) {
	width, ahead := uint(symbol&15), uint(symbol>>4)+1
	if width == 0 && symbol != 0xF0 {
		width, ahead = 0, skipEOB
	}
	used := size + width
	e := uint16(ahead<<6 | used)
	if ahead == skipEOB || used >= n {
		// The value may reach beyond the bits looked at: nobody looks at it.
		for i := range part {
			part[i] = e
		}
		return
	}
	rest := all[1<<(n-used) : 2<<(n-used)]
	for len(part) > 0 {
		for i, r := range rest {
			if uint(r>>6)&(skipEOB-1)+ahead > 64 {
				r = 0
			}
			part[i] = r + e
		}
		part = part[len(rest):]
	}
}

// rest walks code by code over the AC coefficients of a block from the k-th on.
func (t *skipTable) rest(buf []byte, pos uint64, k uint) (uint64, bool) {
	for k < 64 {
		x := be64(buf[pos>>3:]) << (pos & 7)
		symbol, size := t.huff.long(int32(x >> 48))
		if size == 0 {
			return pos, false
		}
		pos += uint64(size) + uint64(symbol&15)
		if symbol&15 == 0 && symbol != 0xF0 {
			return pos, true
		}
		k += uint(symbol>>4) + 1
	}
	return pos, k == 64
}

// walker walks over the MCUs of a baseline scan without decoding coefficients. It
// works on entropy-coded data without stuffed zeros; places are counted in bits.
type walker struct {
	blocks int             // blocks per MCU
	order  [maxBlocks]byte // the component of each of them
	dc     [4]*huffTable   // by component
	ac     [4]*skipTable
}

// skip walks over up to n MCUs that begin at bit pos of buf, and stops early in
// front of one that begins at limit or behind it. It adds the DC differences to
// pred and returns the place that it reached and the number of MCUs, or false
// when the bits make no sense. Behind limit, buf must have walkSlack bytes more.
func (w *walker) skip(buf []byte, pos, limit uint64, n int, pred *[4]int32) (uint64, int, bool) {
	p := int(pos >> 3)
	// acc holds the next bits on top, n of them counted; those below are either
	// zero or what really follows, so that adding them once more does no harm.
	acc, have := be64(buf[p:])<<(pos&7), 56-uint(pos&7)
	p += 7
	for done := range n {
		if uint64(p)<<3-uint64(have) >= limit {
			return uint64(p)<<3 - uint64(have), done, true
		}
		for _, c := range w.order[:w.blocks] {
			c &= 3
			acc |= be64(buf[p:]) >> (have & 63)
			p += int((63 - have) >> 3)
			have |= 56
			d := w.dc[c].look[acc>>(64-lookBits)]
			if d&entryValue != 0 {
				acc <<= d & entryBits
				have -= uint(d & entryBits)
				pred[c] += int32(d) >> 16
			} else {
				symbol, size := byte(d>>8), uint(d&entryBits)
				if d == 0 {
					if symbol, size = w.dc[c].long(int32(acc >> 48)); size == 0 {
						return 0, done, false
					}
				}
				width := uint(symbol)
				pred[c] += extend(int32(acc<<size>>(64-width)), width)
				acc <<= size + width
				have -= size + width
			}
			ac := w.ac[c]
			var e, k uint = 0, 1
			for {
				// At least 56 bits, and one entry takes at most 28.
				acc |= be64(buf[p:]) >> (have & 63)
				p += int((63 - have) >> 3)
				have |= 56
				e = uint(ac.look[acc>>(64-skipBits)])
				acc <<= e & 63
				have -= e & 63
				k += e >> 6
				if k >= 64 {
					break
				}
				e = uint(ac.look[acc>>(64-skipBits)])
				acc <<= e & 63
				have -= e & 63
				k += e >> 6
				if k >= 64 {
					break
				}
			}
			// The block is complete with its 63rd coefficient or with an
			// end-of-block code before it. Otherwise the last entry held a long
			// code, or ran on into the next block.
			if k != 64 && k-(skipEOB+1) > 62 {
				at, ok := ac.rest(buf, uint64(p)<<3-uint64(have)-uint64(e&63), k-e>>6)
				if !ok {
					return 0, done, false
				}
				p = int(at >> 3)
				acc, have = be64(buf[p:])<<(at&7), 56-uint(at&7)
				p += 7
			}
		}
	}
	return uint64(p)<<3 - uint64(have), n, true
}

// difference reads the DC difference at bit pos and returns the place behind it.
func (w *walker) difference(c int, buf []byte, pos uint64) (diff int32, end uint64, ok bool) {
	x := be64(buf[pos>>3:]) << (pos & 7)
	symbol, size := w.dc[c].long(int32(x >> 48))
	if size == 0 {
		return 0, pos, false
	}
	width := uint(symbol)
	if width > 0 {
		diff = extend(int32(x<<size>>(64-width)), width)
	}
	return diff, pos + uint64(size+width), true
}

// coefficients walks over the AC coefficients of a block.
func (w *walker) coefficients(c int, buf []byte, pos uint64) (uint64, bool) {
	ac, k := w.ac[c], uint(1)
	for {
		x := be64(buf[pos>>3:]) << (pos & 7)
		e := uint(ac.look[x>>(64-skipBits)])
		k += e >> 6
		if k >= 64 {
			if k != 64 && k-(skipEOB+1) > 62 {
				return ac.rest(buf, pos, k-e>>6)
			}
			return pos + uint64(e&63), true
		}
		pos += uint64(e & 63)
	}
}
