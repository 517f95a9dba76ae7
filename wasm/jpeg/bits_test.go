package jpeg

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// randomTable makes a Huffman table of n symbols. Most tables have a code for
// any bits, an early end of block and short runs, so that random bits make blocks.
func randomTable(t *testing.T, rnd *rand.Rand, n int, dc bool) *huffTable {
	t.Helper()
	table := new(huffTable)
	// Begin with one code of no bits, and split random ones.
	var counts [17]int
	counts[0] = 1
	for codes := 1; codes < n; {
		size := rnd.IntN(16)
		if counts[size] > 0 && counts[size+1] < 254 {
			counts[size]--
			counts[size+1] += 2
			codes++
		}
	}
	var sizes [16]byte
	for i := range sizes {
		sizes[i] = byte(counts[i+1])
	}
	for i := range n {
		symbol := byte(rnd.IntN(256))
		if dc {
			symbol &= 15
		} else if rnd.IntN(8) > 0 {
			symbol &= 0x3F
		}
		table.symbols[i] = symbol
	}
	if !dc {
		table.symbols[rnd.IntN(min(n, 8))] = 0
		table.symbols[rnd.IntN(n)] = 0xF0
	}
	if rnd.IntN(4) == 0 && sizes[15] > 0 {
		sizes[15]-- // some bits are no code
	}
	if !table.build(&sizes, dc) {
		t.Fatalf("no table has the counts %v", sizes)
	}
	return table
}

// byteBits is the plainest bit reader there is.
type byteBits struct {
	b   []byte
	pos int
}

func (r *byteBits) bit() int {
	if r.pos >= 8*len(r.b) {
		r.pos++
		return 0
	}
	v := int(r.b[r.pos/8]>>(7-r.pos%8)) & 1
	r.pos++
	return v
}

func (r *byteBits) receive(n int) int {
	v := 0
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

// symbol decodes bit by bit, as in T.81 figure F.16.
func (r *byteBits) symbol(t *huffTable) (byte, bool) {
	code := int32(0)
	for size := 1; size <= 16; size++ {
		code = code<<1 | int32(r.bit())
		if code < t.limit[size]>>(16-size) {
			return t.symbols[byte(code+t.offset[size])], true
		}
	}
	return 0, false
}

// value takes n bits as a signed number, figure F.12.
func (r *byteBits) value(n int) int {
	v := r.receive(n)
	if n > 0 && v < 1<<(n-1) {
		v += -1<<n + 1
	}
	return v
}

// block decodes a block as in figures F.12 to F.14.
func (r *byteBits) block(dc, ac *huffTable) (blk [64]int16, ok bool) {
	s, ok := r.symbol(dc)
	if !ok {
		return blk, false
	}
	blk[0] = int16(r.value(int(s)))
	for k := 1; k < 64; k++ {
		s, ok := r.symbol(ac)
		switch {
		case !ok:
			return blk, false
		case s&15 == 0 && s != 0xF0:
			return blk, true
		}
		if k += int(s >> 4); k > 63 {
			return blk, false
		}
		blk[zigzag[k]] = int16(r.value(int(s & 15)))
	}
	return blk, true
}

// TestBlocks decodes random bits with random tables in all ways there are, and
// wants the same blocks, the same places and the same failures.
func TestBlocks(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	good, bad := 0, 0
	for round := range 3000 {
		dc, ac := randomTable(t, rnd, 2+rnd.IntN(12), true), randomTable(t, rnd, 2+rnd.IntN(160), false)
		skip := newSkipTable(ac)
		plain := make([]byte, 500+rnd.IntN(3000))
		for i := range plain {
			plain[i] = byte(rnd.Uint32())
			if rnd.IntN(20) == 0 {
				plain[i] = 0xFF
			}
		}
		stuffed := append(appendStuffed(nil, plain), 0xFF, markEOI)
		open := func() *decoder {
			var r io.Reader = bytes.NewReader(stuffed)
			if round%10 == 0 {
				r = iotest.OneByteReader(r)
			}
			return newDecoder(r, "test")
		}
		want := byteBits{b: plain}
		full, some, fast, low := open(), open(), open(), open()
		for {
			block, ok := want.block(dc, ac)
			over := want.pos > 8*len(plain)
			var got [64]int16
			last := decodeBlock(&full.stream, dc, ac, &got)
			diff1, ok1 := skipBlock(&some.stream, dc, ac, nil)
			diff2, ok2 := skipBlock(&fast.stream, dc, ac, skip)
			var few [8]int16
			ok3 := lowBlock(&low.stream, dc, ac, []*skipTable{nil, skip}[round%2], &few)
			if ok != (last >= 0) || ok != ok1 || ok != ok2 || ok != ok3 {
				t.Fatalf("round %d at bit %d: %v, decode %d, skip %v and %v, some %v", round, want.pos, ok, last, ok1, ok2, ok3)
			}
			if !ok {
				bad++
				break
			}
			if got != block || diff1 != int32(block[0]) || diff2 != int32(block[0]) {
				t.Fatalf("round %d at bit %d:\n%v\n%v\n%d %d", round, want.pos, block, got, diff1, diff2)
			}
			for k, v := range few[:lowPlaces] {
				if block[zigzag[k]] != v {
					t.Fatalf("round %d at bit %d: %v, few %v", round, want.pos, block, few)
				}
			}
			for k := last + 1; k < 64; k++ {
				if block[zigzag[k]] != 0 {
					t.Fatalf("round %d: last is %d, but there is %d at %d", round, last, block[zigzag[k]], k)
				}
			}
			if full.overrun() != over || some.overrun() != over || fast.overrun() != over || low.overrun() != over {
				t.Fatalf("round %d at bit %d of %d: overrun %v %v %v", round, want.pos, 8*len(plain), full.overrun(), some.overrun(), fast.overrun())
			}
			if over {
				break
			}
			good++
		}
		for _, d := range []*decoder{full, some, fast, low} {
			d.align()
			if mark, ok := d.marker(); !ok || mark != markEOI {
				t.Fatalf("round %d: marker %x, %v", round, mark, ok)
			}
			d.close()
		}
	}
	if good < 10000 || bad < 100 {
		t.Errorf("only %d good and %d bad blocks", good, bad)
	}
}
