package inflate

import "math/bits"

const (
	litBits  = 11 // of the first lookup of literals and lengths
	distBits = 9  // of distances
	maxCode  = 15 // bits of the longest code
)

// An entry of a table says what the next bits mean:
//
//	bits 0–4    the number of bits to consume, those behind the code included
//	bit 5       a literal
//	bit 6       another table, or the end of the block
//	bits 8–12   the length of the code alone; of another table, how many bits
//	            choose in it
//	bits 16–31  the literal, the least length or distance, or the place of the
//	            other table; 0 with bit 6 is the end of the block
//
// Zero stands for bits that are no code.
const (
	entryUsed    = 31
	entryLiteral = 1 << 5
	entryOther   = 1 << 6
)

// decoder decodes one of the two alphabets.
type decoder struct {
	root uint
	// table has 1<<root entries and behind them the other tables. These add up to
	// less than as many again for any complete code (zlib's "enough").
	table [4096]uint32
}

// Base values and extra bits of lengths and distances, RFC 1951 §3.2.5.
var (
	lengthBase  = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase    = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	codeOrder   = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

// literal makes the entry of a symbol of literals and lengths, with size bits.
func literal(symbol int, size uint32) uint32 {
	switch {
	case symbol < 256:
		return uint32(symbol)<<16 | size<<8 | entryLiteral | size
	case symbol == 256:
		return size<<8 | entryOther | size
	case symbol < 286:
		return uint32(lengthBase[symbol-257])<<16 | size<<8 | size + uint32(lengthExtra[symbol-257])
	}
	return 0
}

// distance makes the entry of a distance.
func distance(symbol int, size uint32) uint32 {
	if symbol >= 30 {
		return 0
	}
	extra := uint32(max(symbol/2-1, 0))
	return uint32(distBase[symbol])<<16 | size<<8 | size + extra
}

// number makes the entry of a code length.
func number(symbol int, size uint32) uint32 { return uint32(symbol)<<16 | size<<8 | size }

// build makes the table for codes of the given lengths. It reports false for
// lengths that are not those of a complete code; a lone code of one bit may be
// incomplete, and no code at all will do where none is used.
func (d *decoder) build(lens []uint8, entry func(symbol int, size uint32) uint32) bool {
	var count, place [maxCode + 2]int
	for _, n := range lens {
		count[n]++
	}
	count[0] = 0
	used, total := 0, 0
	for n := 1; n <= maxCode; n++ {
		place[n+1] = place[n] + count[n]
		used += count[n] << (maxCode - n)
		total += count[n]
	}
	if used != 1<<maxCode {
		if total > 1 || total != count[1] {
			return false
		}
		clear(d.table[:1<<d.root])
	}
	var sorted [320]uint16
	for symbol, n := range lens {
		if n > 0 {
			sorted[place[n]] = uint16(symbol)
			place[n]++
		}
	}
	free := 1 << d.root
	var table int
	var tableBits uint
	code, last, prefix := uint32(0), uint(1), uint32(1<<31)
	for _, symbol := range sorted[:total] {
		size := uint(lens[symbol])
		code <<= size - last
		last = size
		e := entry(int(symbol), uint32(size))
		// Bits come with the first bit of a code lowest.
		rev := uint32(bits.Reverse16(uint16(code))) >> (16 - size)
		if size <= d.root {
			for i := int(rev); i < 1<<d.root; i += 1 << size {
				d.table[i] = e
			}
		} else {
			if p := code >> (size - d.root); p != prefix {
				// As many bits as it takes for the codes that are left to fill a table.
				prefix, table, tableBits = p, free, size-d.root
				for fill := count[size]; fill < 1<<tableBits && d.root+tableBits < maxCode; {
					tableBits++
					fill = fill<<1 + count[d.root+tableBits]
				}
				if free += 1 << tableBits; free > len(d.table) {
					return false
				}
				d.table[rev&(1<<d.root-1)] = uint32(table)<<16 | uint32(tableBits)<<8 | entryOther | uint32(d.root)
			}
			if e != 0 {
				e -= uint32(d.root)<<8 | uint32(d.root)
			}
			for i := int(rev >> d.root); i < 1<<tableBits; i += 1 << (size - d.root) {
				d.table[table+i] = e
			}
		}
		count[size]--
		code++
	}
	return true
}
