package jpeg

import (
	"io"
	"math/bits"
)

const (
	// outputSize is the size of the output buffer in bytes.
	outputSize = 32 << 10
	// blockRoom is more than one coded block can take: 64 coefficients of 27
	// bits, every byte stuffed, and what the accumulator holds.
	blockRoom = 512
)

// encTable is a Huffman table for encoding: code<<8 | length by symbol, zero for
// symbols without a code.
type encTable struct {
	counts  [16]byte
	symbols []byte
	code    [256]uint32
}

func newEncTable(counts [16]byte, symbols []byte) *encTable {
	t := &encTable{counts: counts, symbols: symbols}
	code, place := uint32(0), 0
	for i, n := range counts {
		for range n {
			t.code[symbols[place]] = code<<8 | uint32(i+1)
			code++
			place++
		}
		code <<= 1
	}
	return t
}

// bitWriter writes entropy-coded data, and bytes between them.
type bitWriter struct {
	w   io.Writer
	err error
	acc uint64 // bits not yet written, the last one lowest
	n   uint   // how many, at most 63
	buf []byte // pending bytes, with room up to its capacity
}

// flush hands what is pending to the writer.
func (b *bitWriter) flush() {
	if b.err == nil && len(b.buf) > 0 {
		_, b.err = b.w.Write(b.buf)
	}
	b.buf = b.buf[:0]
}

// put appends the low size bits of code, size at most 32. There must be room
// for 16 bytes.
func (b *bitWriter) put(code uint32, size uint) {
	if b.n+size < 64 {
		b.acc = b.acc<<size | uint64(code)
		b.n += size
		return
	}
	rest := b.n + size - 64
	b.emit(b.acc<<(size-rest) | uint64(code)>>rest)
	b.acc = uint64(code)
	b.n = rest
}

// emit appends 64 bits, a zero stuffed behind every 0xFF.
func (b *bitWriter) emit(x uint64) {
	if !hasFF(x) {
		b.buf = append(b.buf, byte(x>>56), byte(x>>48), byte(x>>40), byte(x>>32),
			byte(x>>24), byte(x>>16), byte(x>>8), byte(x))
		return
	}
	for shift := 56; shift >= 0; shift -= 8 {
		c := byte(x >> shift)
		b.buf = append(b.buf, c)
		if c == 0xFF {
			b.buf = append(b.buf, 0)
		}
	}
}

// finish fills the last byte with ones, T.81 §F.1.2.3, and appends it.
func (b *bitWriter) finish() {
	b.put(0x7F, 7)
	for b.n >= 8 {
		c := byte(b.acc >> (b.n - 8))
		b.buf = append(b.buf, c)
		if c == 0xFF {
			b.buf = append(b.buf, 0)
		}
		b.n -= 8
	}
	b.acc, b.n = 0, 0
}

// encodeBlock writes one block, its coefficients in zigzag order with nonzero
// saying which of them are, and returns nothing but the writer's new state. diff
// is the difference of the DC coefficient to the last.
func encodeBlock(b *bitWriter, blk *[64]int16, nonzero uint64, diff int32, dc, ac *encTable) {
	if cap(b.buf)-len(b.buf) < blockRoom {
		b.flush()
	}
	size, tail := magnitude(diff)
	e := dc.code[size]
	b.put(e>>8<<size|tail, uint(e&0xFF)+size)
	last := -1
	nonzero >>= 1
	for base := 1; nonzero != 0; {
		zeros := bits.TrailingZeros64(nonzero)
		base += zeros
		last = base
		for ; zeros > 15; zeros -= 16 {
			e := ac.code[0xF0]
			b.put(e>>8, uint(e&0xFF))
		}
		size, tail := magnitude(int32(blk[base&63]))
		e := ac.code[byte(zeros<<4|int(size))]
		b.put(e>>8<<size|tail, uint(e&0xFF)+size)
		nonzero >>= uint(bits.TrailingZeros64(nonzero)) + 1
		base++
	}
	if last != 63 {
		e := ac.code[0]
		b.put(e>>8, uint(e&0xFF))
	}
}

// magnitude returns the size category of v and its additional bits, T.81
// §F.1.2.1.
func magnitude(v int32) (size uint, tail uint32) {
	sign := v >> 31
	size = uint(bits.Len32(uint32((v ^ sign) - sign)))
	return size, uint32(v+sign) & (1<<size - 1)
}

// histogram counts symbols, to make Huffman tables that fit an image.
type histogram [256]uint32

// countBlock counts the symbols that encodeBlock would write.
func countBlock(blk *[64]int16, nonzero uint64, diff int32, dc, ac *histogram) {
	size, _ := magnitude(diff)
	dc[size]++
	last, base := 0, 1
	for nonzero >>= 1; nonzero != 0; base++ {
		zeros := bits.TrailingZeros64(nonzero)
		nonzero >>= uint(zeros) + 1
		base += zeros
		last = base
		ac[0xF0] += uint32(zeros >> 4)
		size, _ := magnitude(int32(blk[base&63]))
		ac[byte(zeros&15<<4|int(size))]++
	}
	if last != 63 {
		ac[0]++
	}
}

// table makes the Huffman table with the shortest result for the symbols
// counted, with codes of at most 16 bits and none of ones only, T.81 §K.2.
func (h *histogram) table() *encTable {
	// Place 256 is a symbol that reserves the code of all ones.
	var freq [257]uint64
	var size, next [257]int
	for i, n := range h {
		freq[i] = uint64(n)
	}
	freq[256] = 1
	for i := range next {
		next[i] = -1
	}
	for {
		// The two rarest trees, of equal ones those with the larger symbol.
		a, b := -1, -1
		for i, f := range freq {
			switch {
			case f == 0:
			case a < 0 || f <= freq[a]:
				a, b = i, a
			case b < 0 || f <= freq[b]:
				b = i
			}
		}
		if b < 0 {
			break
		}
		freq[a] += freq[b]
		freq[b] = 0
		end := a
		for ; next[end] >= 0; end = next[end] {
			size[end]++
		}
		size[end]++
		next[end] = b
		for ; b >= 0; b = next[b] {
			size[b]++
		}
	}
	// Lengths beyond 16 are shortened pairwise: one of the pair takes its
	// parent's place, the other goes beside a shorter code.
	var count [258]int
	for _, n := range size {
		if n > 0 {
			count[n]++
		}
	}
	for n := len(count) - 1; n > 16; n-- {
		for count[n] > 0 {
			j := n - 2
			for count[j] == 0 {
				j--
			}
			count[n] -= 2
			count[n-1]++
			count[j+1] += 2
			count[j]--
		}
	}
	for n := 16; n > 0; n-- {
		if count[n] > 0 {
			count[n]-- // the reserved code, the last of the longest
			break
		}
	}
	var counts [16]byte
	for i := range counts {
		counts[i] = byte(count[i+1])
	}
	var symbols []byte
	for n := 1; n < len(count); n++ {
		for s, length := range size[:256] {
			if length == n {
				symbols = append(symbols, byte(s))
			}
		}
	}
	return newEncTable(counts, symbols)
}
