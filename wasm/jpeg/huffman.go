package jpeg

// lookBits is the number of bits that one table lookup decides on. Ten resolve
// practically all codes and most coefficients, and keep a table at 4 KiB.
const lookBits = 10

// A lookup entry says what the next lookBits bits mean:
//
//	bits 0–5   number of bits to consume
//	bit  6     the value is in the entry too; otherwise only the symbol is
//	bits 8–15  with a value: zero coefficients to skip, 64 for end of block;
//	           without: the symbol
//	bits 16–31 the value of the coefficient, signed
//
// Zero stands for a longer code.
const (
	entryBits  = 0x3F
	entryValue = 0x40
	skipAll    = 64
)

// huffSpec is a Huffman table as transmitted; table is built at its first use.
type huffSpec struct {
	defined bool
	built   bool     // table is up to date
	counts  [16]byte // number of codes of each length 1…16
	symbols [256]byte
	table   *huffTable
}

// huffTable decodes one Huffman code.
type huffTable struct {
	look [1 << lookBits]uint32
	// limit[i] is one more than the last code of length i, shifted up to 16
	// bits; code>>(16-i) + offset[i] is the symbol's place.
	limit   [17]int32
	offset  [17]int32
	symbols [256]byte
}

// table returns the decoding table of class 0 (DC) or 1 (AC) with the given
// number.
func (d *decoder) table(class, id byte) (*huffTable, error) {
	spec := &d.huff[class][id]
	if !spec.defined {
		// Motion JPEG leaves the typical tables out.
		if d.h.Progressive || id > 1 {
			return nil, d.corrupt("a Huffman table is missing")
		}
		spec.defined = true
		std := &typicalTables[class][id]
		spec.counts = std.counts
		copy(spec.symbols[:], std.symbols)
	}
	if !spec.built {
		if spec.table == nil {
			spec.table = new(huffTable)
		}
		*spec.table = huffTable{symbols: spec.symbols}
		if !spec.table.build(&spec.counts, class == 0) {
			return nil, d.corrupt("bad Huffman table")
		}
		spec.built = true
	}
	return spec.table, nil
}

// build fills the table from the code counts, T.81 annex C. It reports false for
// counts that no prefix code has and for DC symbols beyond 15.
func (t *huffTable) build(counts *[16]byte, dc bool) bool {
	code, place := int32(0), int32(0)
	for size := int32(1); size <= 16; size++ {
		n := int32(counts[size-1])
		t.offset[size] = place - code
		for range n {
			if code >= 1<<size {
				return false
			}
			symbol := t.symbols[place]
			if dc && symbol > 15 {
				return false
			}
			if size <= lookBits {
				t.fill(code, uint(size), symbol, dc)
			}
			code++
			place++
		}
		t.limit[size] = code << (16 - size)
		code <<= 1
	}
	return true
}

// fill makes the lookup entries of one code.
func (t *huffTable) fill(code int32, size uint, symbol byte, dc bool) {
	spare := lookBits - size
	zeros, width := uint32(symbol>>4), uint(symbol&15)
	for rest := range int32(1) << spare {
		e := uint32(symbol)<<8 | uint32(size)
		switch {
		case width == 0 && symbol == 0 && !dc:
			e = skipAll<<8 | entryValue | uint32(size)
		case width == 0 && (zeros == 15 || dc):
			e = zeros<<8 | entryValue | uint32(size)
		case width > 0 && width <= spare:
			v := extend(rest>>(spare-width), width)
			e = uint32(v)<<16 | zeros<<8 | entryValue | uint32(size+width)
		}
		t.look[code<<spare|rest] = e
	}
}

// long decodes a code that the lookup does not know, from its first 16 bits. It
// returns size 0 when there is no such code.
func (t *huffTable) long(code int32) (symbol byte, size uint) {
	return t.longer(code, 1)
}

// longer is long for a code that is known to have at least the given size.
func (t *huffTable) longer(code int32, least uint) (symbol byte, size uint) {
	for n := least; n <= 16; n++ {
		if code < t.limit[n] {
			return t.symbols[byte(code>>(16-n)+t.offset[n])], n
		}
	}
	return 0, 0
}

// symbol takes the next symbol, false when the bits are no code.
func (s *stream) symbol(t *huffTable) (byte, bool) {
	if s.n < 16 {
		s.refill()
	}
	if e := t.look[s.acc>>(64-lookBits)]; e != 0 && e&entryValue == 0 {
		s.acc <<= e & entryBits
		s.n -= uint(e & entryBits)
		return byte(e >> 8), true
	}
	symbol, size := t.long(int32(s.acc >> 48))
	s.acc <<= size
	s.n -= size
	return symbol, size > 0
}

// decodeBlock decodes the coefficients of one block of a sequential scan into
// blk, which must be zero, in natural order: the difference of the DC
// coefficient and the AC coefficients. Behind the zigzag place it returns all are
// zero; -1 says that the bits make no sense.
func decodeBlock(s *stream, dc, ac *huffTable, blk *[64]int16) int {
	s.prepare()
	diff, ok := s.dcDiff(dc)
	if !ok {
		return -1
	}
	blk[0] = int16(diff)
	acc, n, p, win := s.acc, s.n, s.p, s.win
	k := uint32(1)
	var e uint32
	for k < 64 {
		acc |= be64(win[p:]) >> (n & 63)
		p += int(63-n) >> 3
		n |= 56
		// The 56 bits are enough for three codes: two from the table with their
		// values, and a long one.
		e = ac.look[acc>>(64-lookBits)]
		if e&entryValue != 0 {
			acc <<= e & entryBits
			n -= uint(e & entryBits)
			k += e >> 8 & 0xFF
			if k > 63 {
				k++
				break
			}
			blk[zigzag[k]&63] = int16(e >> 16)
			k++
			if k == 64 {
				break
			}
			e = ac.look[acc>>(64-lookBits)]
			if e&entryValue != 0 {
				acc <<= e & entryBits
				n -= uint(e & entryBits)
				k += e >> 8 & 0xFF
				if k > 63 {
					k++
					break
				}
				blk[zigzag[k]&63] = int16(e >> 16)
				k++
				continue
			}
		}
		symbol, size := byte(e>>8), uint(e&entryBits)
		if e == 0 {
			if symbol, size = ac.longer(int32(acc>>48), lookBits+1); size == 0 {
				return -1
			}
		}
		acc <<= size & 63
		n -= size
		width := uint(symbol & 15)
		if width == 0 && symbol != 0xF0 {
			e = skipAll << 8
			k += skipAll + 1
			break
		}
		if k += uint32(symbol >> 4); k > 63 {
			return -1
		}
		if width > 0 {
			blk[zigzag[k]&63] = int16(extend(int32(acc>>(64-width)), width))
			acc <<= width
			n -= width
		}
		k++
	}
	s.acc, s.n, s.p = acc, n, p
	if k > 64 {
		// An end of block before its last place, or a run of zeros beyond it.
		if e>>8&0xFF != skipAll {
			return -1
		}
		k -= skipAll + 1
	}
	return int(k) - 1
}

// dcDiff takes a DC difference, T.81 §F.2.2.1.
func (s *stream) dcDiff(t *huffTable) (diff int32, ok bool) {
	s.refill()
	e := t.look[s.acc>>(64-lookBits)]
	if e&entryValue != 0 {
		s.acc <<= e & entryBits
		s.n -= uint(e & entryBits)
		return int32(e) >> 16, true
	}
	symbol, size := byte(e>>8), uint(e&entryBits)
	if e == 0 {
		if symbol, size = t.longer(int32(s.acc>>48), lookBits+1); size == 0 {
			return 0, false
		}
	}
	width := uint(symbol)
	diff = extend(int32(s.acc<<size>>(64-width)), width)
	s.acc <<= size + width
	s.n -= size + width
	return diff, true
}
