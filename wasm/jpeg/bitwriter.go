package jpeg

import (
	"io"
	"math/bits"
)

const (
	// outputSize is the size of the output buffer in bytes.
	outputSize = 32 << 10
	// rawSize is the size of the buffer for bits, in bytes: it should stay in the
	// first-level cache.
	rawSize = 4 << 10
	// blockRoom is more than one coded block can take: 64 coefficients of 27
	// bits, and the eight bytes that are stored at a time.
	blockRoom = 256
)

// encTable is a Huffman table for encoding.
type encTable struct {
	counts  [16]byte
	symbols []byte
	// code is code<<8 | length by symbol, zero for symbols without a code.
	code [256]uint32
	// joint is, for AC symbols of at most ten bits of value, the code with room
	// for the value behind it, and in the low six bits the length of both.
	joint [256]uint32
}

func newEncTable(counts [16]byte, symbols []byte) *encTable {
	t := &encTable{counts: counts, symbols: symbols}
	code, place := uint32(0), 0
	for i, n := range counts {
		for range n {
			symbol := symbols[place]
			t.code[symbol] = code<<8 | uint32(i+1)
			if width := uint32(symbol & 15); width <= 10 {
				t.joint[symbol] = code<<(width+6) | uint32(i+1) + width
			}
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
	buf []byte // pending bytes, with room up to its capacity

	// Bits are collected first, eight bytes at a time, and stuffed later.
	raw  *[rawSize]byte
	at   int    // bytes in raw
	acc  uint64 // bits behind them, the last one lowest
	free int    // by how many more it may have, 1 to 64
}

func newBitWriter(w io.Writer) bitWriter {
	return bitWriter{w: w, buf: make([]byte, 0, outputSize), raw: new([rawSize]byte), free: 64}
}

// flush hands what is pending to the writer.
func (b *bitWriter) flush() {
	if b.err == nil && len(b.buf) > 0 {
		_, b.err = b.w.Write(b.buf)
	}
	b.buf = b.buf[:0]
}

// spill stuffs the collected bytes.
func (b *bitWriter) spill() {
	if cap(b.buf)-len(b.buf) < 2*rawSize {
		b.flush()
	}
	b.buf = appendStuffed(b.buf, b.raw[:b.at])
	b.at = 0
}

// finish fills the last byte with ones, T.81 §F.1.2.3, and makes all bytes
// pending.
func (b *bitWriter) finish() {
	if b.free < 64 {
		put64(b.raw[b.at:], b.acc<<b.free|(1<<b.free-1))
		b.at += (64 - b.free + 7) / 8
	}
	b.spill()
	b.acc, b.free = 0, 64
}

// encodeBlock writes one block, its coefficients in zigzag order with nonzero
// saying which of them are. diff is the difference of the DC coefficient to the
// last. AC coefficients have at most ten bits.
func encodeBlock(b *bitWriter, blk *[64]int16, nonzero uint64, diff int32, dc, ac *encTable) {
	if b.at > rawSize-blockRoom {
		b.spill()
	}
	size, tail := magnitude(diff)
	e := dc.code[size]
	b.put(e>>8<<size|tail, int(e&0xFF)+int(size))

	acc, free, at, raw := b.acc, b.free, b.at, b.raw
	last := 0
	for rest := nonzero &^ 1; rest != 0; rest &= rest - 1 {
		k := bits.TrailingZeros64(rest)
		zeros := k - last - 1
		last = k
		if zeros > 15 {
			b.acc, b.free, b.at = acc, free, at
			e := ac.code[0xF0]
			for ; zeros > 15; zeros -= 16 {
				b.put(e>>8, int(e&0xFF))
			}
			acc, free, at = b.acc, b.free, b.at
		}
		v := int32(blk[k&63])
		sign := v >> 31
		size := uint(bits.Len32(uint32((v ^ sign) - sign)))
		e := ac.joint[byte(zeros<<4|int(size))]
		code := uint64(e>>6 | uint32(v+sign)&(1<<(size&31)-1))
		n := int(e & 63)
		if free -= n; free > 0 {
			acc = acc<<(n&63) | code
			continue
		}
		put64(raw[at:], acc<<((n+free)&63)|code>>(-free&63))
		at += 8
		acc = code
		free += 64
	}
	b.acc, b.free, b.at = acc, free, at
	if last != 63 {
		e := ac.code[0]
		b.put(e>>8, int(e&0xFF))
	}
}

// put appends the low length bits of code, length at most 32.
func (b *bitWriter) put(code uint32, length int) {
	if b.free -= length; b.free > 0 {
		b.acc = b.acc<<length | uint64(code)
		return
	}
	put64(b.raw[b.at:], b.acc<<(length+b.free)|uint64(code)>>-b.free)
	b.at += 8
	b.acc = uint64(code)
	b.free += 64
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
