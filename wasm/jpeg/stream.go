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

// input is the memory that a stream works in.
type input struct {
	bytes  [inputSize]byte
	window [windowSize]byte
}

// inputs holds inputs between calls; their content does not matter.
var inputs = sync.Pool{New: func() any { return new(input) }}

// stream is the compressed data: as bytes for the markers, as bits for the
// entropy-coded segments.
type stream struct {
	r    io.Reader
	room *input
	buf  []byte // what has been read, a prefix of room.bytes
	pos  int    // next byte of buf
	err  error  // why r gives no more, sticky

	overhead int64 // bytes spent outside of image data, at most maxOverhead

	bitReader
}

// more reads at least one byte more, moving what is left to the front of the
// buffer. It reports false when there is no more.
func (s *stream) more() bool {
	if s.err != nil {
		return false
	}
	left := copy(s.room.bytes[:], s.buf[s.pos:])
	s.buf, s.pos = s.room.bytes[:left], 0
	if left == inputSize {
		return true
	}
	for range 100 {
		n, err := s.r.Read(s.room.bytes[left:])
		if n < 0 || n > inputSize-left {
			s.err = errors.New("the reader returned an impossible count")
			return false
		}
		s.err = err
		s.buf = s.room.bytes[:left+n]
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
