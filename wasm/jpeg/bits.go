package jpeg

import "bytes"

const (
	// windowSize is the size of a bitReader's window in bytes: small beside the
	// first-level cache, large beside blockBytes.
	windowSize = 8 << 10
	// blockBytes is more than what decoding one block looks at: 64 codes of 16
	// bits with values of 15 are 248 bytes, and eight are loaded at a time.
	blockBytes = 272
)

// bitReader is the entropy-coded data as bits. They come through a window that
// holds them without stuffed zeros, so that taking bits is nothing but loads and
// shifts. Bits never run past a marker; behind the last real bit there are zeros
// without end, and overrun tells when they were used.
type bitReader struct {
	// acc holds the next bits on top, n of them counted. Those below are zero or
	// what really follows, so that adding them once more does no harm.
	acc uint64
	n   uint

	win    *[windowSize]byte
	p      int  // next byte of win to go to acc
	safe   int  // up to this p the window holds enough for a block
	filled int  // bytes in win
	end    int  // bytes in win that are real
	atMark bool // the next byte of the stream is a marker's, or there is none
}

// align drops the bits that were read ahead: what follows is read as bytes.
func (s *stream) align() {
	s.bitReader = bitReader{win: s.win, safe: -1}
}

// overrun reports whether more bits were taken than there were.
func (s *stream) overrun() bool { return s.p*8-int(s.n) > s.end*8 && s.atMark }

// prepare makes the window hold enough for a block. It must be called before
// each.
func (s *stream) prepare() {
	if s.p > s.safe {
		s.advance()
	}
}

// advance moves the window on.
func (s *stream) advance() {
	// The bytes whose bits are in acc stay: some come back to them.
	gone := max(s.p-8, 0)
	s.filled = copy(s.win[:], s.win[gone:s.filled])
	s.end -= gone
	s.p -= gone
	for s.filled < s.p+2*blockBytes {
		if s.atMark {
			clear(s.win[s.filled : s.filled+2*blockBytes])
			s.filled += 2 * blockBytes
			break
		}
		s.unstuff()
		s.end = s.filled
	}
	s.safe = s.filled - blockBytes
}

// unstuff appends to the window what the buffer holds up to its end or a marker,
// and reads when it holds nothing.
func (s *stream) unstuff() {
	if !s.need(2) {
		// One byte may be left: the last one, or half a marker.
		if s.pos == len(s.buf) || s.buf[s.pos] == 0xFF {
			s.atMark = true
			return
		}
		s.win[s.filled] = s.buf[s.pos]
		s.filled++
		s.pos++
		return
	}
	src := s.buf[s.pos:]
	src = src[:min(len(src), windowSize-s.filled)]
	for {
		i := bytes.IndexByte(src, 0xFF)
		end := i < 0 || i+1 == len(src)
		if i < 0 {
			i = len(src)
		}
		s.filled += copy(s.win[s.filled:], src[:i])
		s.pos += i
		if end {
			return
		}
		switch src[i+1] {
		case 0:
			s.win[s.filled] = 0xFF
			s.filled++
			s.pos += 2
			src = src[i+2:]
		case 0xFF:
			s.pos++
			src = src[i+1:]
			s.atMark = !s.spend(1)
		default:
			s.atMark = true
		}
		if s.atMark {
			return
		}
	}
}

// refill makes at least 56 bits valid.
func (s *stream) refill() {
	s.acc |= be64(s.win[s.p:]) >> (s.n & 63)
	s.p += int(63-s.n) >> 3
	s.n |= 56
}

// bits takes the next n bits, n at most 16.
func (s *stream) bits(n uint) int32 {
	if s.n < 16 {
		s.refill()
	}
	v := int32(s.acc >> (64 - n))
	s.acc <<= n
	s.n -= n
	return v
}

// extend turns size bits into a signed number, per T.81 figure F.12.
func extend(bits int32, size uint) int32 {
	// All ones when the top bit is missing: then the number is negative.
	negative := bits>>(size-1) - 1
	return bits + negative&(-1<<size+1)
}
