package jpeg

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// inputSize is the size of the input buffer: the largest marker segment and a
// bit, so that every segment can be looked at in one piece.
const inputSize = 64<<10 + 16

// errOverhead is the failure of files that hide their image behind more than
// maxOverhead bytes of segments and garbage.
var errOverhead = errors.New("too many bytes outside of image data")

// inputs holds input buffers between calls; their content does not matter.
var inputs = sync.Pool{New: func() any { return new([inputSize]byte) }}

// stream is the compressed data: as bytes for the markers, as bits for the
// entropy-coded segments. Bits never run past a marker; behind the last real
// bit there are zeros without end, and overrun tells when they were used.
type stream struct {
	r     io.Reader
	store *[inputSize]byte
	buf   []byte // what has been read, a prefix of store
	pos   int    // next byte of buf
	err   error  // why r gives no more, sticky

	overhead int64 // bytes spent outside of image data, at most maxOverhead

	acc    uint64 // bits, the next one on top
	n      uint   // number of valid bits in acc
	pad    uint   // number of made-up zero bits ever put into acc
	atMark bool   // the next byte is a marker's, or there is none
}

// more reads at least one byte more, moving what is left to the front of the
// buffer. It reports false when there is no more.
func (s *stream) more() bool {
	if s.err != nil {
		return false
	}
	left := copy(s.store[:], s.buf[s.pos:])
	s.buf, s.pos = s.store[:left], 0
	if left == inputSize {
		return true
	}
	for range 100 {
		n, err := s.r.Read(s.store[left:])
		if n < 0 || n > inputSize-left {
			s.err = errors.New("the reader returned an impossible count")
			return false
		}
		s.err = err
		s.buf = s.store[:left+n]
		if n > 0 || err != nil {
			return n > 0
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// need makes the next n bytes available in buf, n at most inputSize.
func (s *stream) need(n int) bool {
	for len(s.buf)-s.pos < n {
		if !s.more() {
			return false
		}
	}
	return true
}

// spend accounts for n bytes outside of image data.
func (s *stream) spend(n int) bool {
	s.overhead += int64(n)
	if s.overhead > maxOverhead {
		if s.err == nil || s.err == io.EOF {
			s.err = errOverhead
		}
		return false
	}
	return true
}

// marker finds the next marker, past garbage and fill bytes as other decoders
// do, and returns its code.
func (s *stream) marker() (byte, bool) {
	for {
		if !s.need(1) {
			return 0, false
		}
		i := bytes.IndexByte(s.buf[s.pos:], 0xFF)
		if i < 0 {
			i = len(s.buf) - s.pos
		}
		s.pos += i
		if !s.spend(i) {
			return 0, false
		}
		if s.pos == len(s.buf) {
			continue
		}
		if !s.need(2) {
			return 0, false
		}
		switch c := s.buf[s.pos+1]; c {
		case 0x00:
			s.pos += 2
			if !s.spend(2) {
				return 0, false
			}
		case 0xFF:
			s.pos++
			if !s.spend(1) {
				return 0, false
			}
		default:
			s.pos += 2
			return c, true
		}
	}
}

// skipData drops entropy-coded data up to the next marker that is not a restart
// marker, at most limit bytes.
func (s *stream) skipData(limit int64) bool {
	s.align()
	for limit >= 0 {
		i := bytes.IndexByte(s.buf[s.pos:], 0xFF)
		if i < 0 {
			limit -= int64(len(s.buf) - s.pos)
			s.pos = len(s.buf)
			if !s.more() {
				return false
			}
			continue
		}
		s.pos += i
		limit -= int64(i) + 1
		if !s.need(2) {
			return false
		}
		if c := s.buf[s.pos+1]; c == 0xFF {
			s.pos++
		} else if c == 0 || isRestart(c) {
			s.pos += 2
		} else {
			return true
		}
	}
	return s.spend(maxOverhead + 1)
}

// align drops the bits that were read ahead: what follows is read as bytes.
func (s *stream) align() {
	s.acc, s.n, s.pad, s.atMark = 0, 0, 0, false
}

// overrun reports whether more bits were taken than there were.
func (s *stream) overrun() bool { return s.n < s.pad }

// refill makes at least 48 bits valid.
func (s *stream) refill() {
	if s.pos+8 <= len(s.buf) {
		x := be64(s.buf[s.pos:])
		if !hasFF(x) {
			s.acc |= x >> s.n
			s.pos += int(63-s.n) >> 3
			s.n |= 56
			return
		}
	}
	s.refillBytes()
}

// hasFF reports whether one of the eight bytes of x may be 0xFF. It may report
// true without reason, never false.
func hasFF(x uint64) bool {
	return x&(^x-0x0101010101010101)&0x8080808080808080 != 0
}

// refillBytes is refill next to stuffed zeros, markers and the buffer's end.
func (s *stream) refillBytes() {
	for s.n <= 56 {
		if !s.atMark && !s.need(2) && s.pos == len(s.buf) {
			s.atMark = true
		}
		if s.atMark {
			zeros := (64 - s.n) &^ 7
			s.n += zeros
			s.pad += zeros
			return
		}
		c := s.buf[s.pos]
		if c == 0xFF {
			if s.pos+1 == len(s.buf) {
				s.atMark = true
				continue
			}
			if next := s.buf[s.pos+1]; next == 0xFF {
				s.pos++
				if !s.spend(1) {
					s.atMark = true
				}
				continue
			} else if next != 0 {
				s.atMark = true
				continue
			}
			s.pos++
		}
		s.acc |= uint64(c) << (56 - s.n)
		s.n += 8
		s.pos++
	}
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

// isRestart reports whether c is the code of a restart marker, RST0 to RST7.
func isRestart(c byte) bool { return c&^7 == 0xD0 }

// be16 and be64 read big-endian numbers. encoding/binary would do, but brings
// reflection along, which small Wasm modules must not carry. The compiler makes
// single loads of these.
func be16(b []byte) uint16 {
	_ = b[1]
	return uint16(b[0])<<8 | uint16(b[1])
}

func be64(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0])<<56 | uint64(b[1])<<48 | uint64(b[2])<<40 | uint64(b[3])<<32 |
		uint64(b[4])<<24 | uint64(b[5])<<16 | uint64(b[6])<<8 | uint64(b[7])
}
