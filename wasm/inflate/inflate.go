// Package inflate decompresses zlib streams (RFC 1950, RFC 1951), the form of PNG
// and of TIFF's Deflate, twice as fast as the general libraries: images come in
// megabytes at a time, so that large tables and a large window pay.
//
// Guarantees: no input makes it panic, loop without end or allocate more than its
// fixed 300 KB; nothing is delivered beyond the end of damaged data; checksums are
// checked. It keeps nothing but memory between streams.
//
// It is not for compressing, nor for streams of a few bytes.
package inflate

import (
	"errors"
	"io"
	"sync"
)

// The failures of streams that are damaged. A stream that ends early gives
// io.ErrUnexpectedEOF.
var (
	// ErrHeader says that a stream does not begin like zlib, or wants a dictionary.
	ErrHeader = errors.New("inflate: not a zlib stream")
	// ErrData says that compressed data make no sense.
	ErrData = errors.New("inflate: the compressed data are damaged")
	// ErrChecksum says that the data are not those that were compressed.
	ErrChecksum = errors.New("inflate: wrong checksum")
)

const (
	inputSize = 64 << 10
	// slack is the number of bytes that may be looked at behind the input.
	slack = 32
	// history is how far back matches reach.
	history = 32 << 10
	// windowSize is the size of the output buffer. Each time it is full, history
	// moves to its front.
	windowSize = history + 128<<10
	// room is what one step writes at most: a match, up to the next multiple of
	// sixteen, after some literals.
	room = 258 + 32
)

// Reader decompresses one stream. It is made by NewReader and not safe for
// concurrent use.
type Reader struct {
	r   io.Reader
	err error // why there is no more output, once what there is was read

	in     [inputSize + slack]byte
	p      int    // next byte of in to go to acc
	end    int    // bytes in in
	inErr  error  // of r
	acc    uint64 // the next bits, the first one lowest
	n      uint   // how many
	win    [windowSize]byte
	read   int // bytes of win that were delivered
	out    int // bytes of win that were made
	summed int // bytes of win that are in sum
	from   int // first byte of win that matches may reach

	sum    uint32
	state  func(*Reader) error // makes output, or goes to another state
	final  bool
	stored int // bytes left of a stored block

	lit, dist decoder
	lens      [320]uint8
}

// readers holds Readers between streams; their content does not matter.
var readers = sync.Pool{New: func() any {
	return &Reader{lit: decoder{root: litBits}, dist: decoder{root: distBits}}
}}

// NewReader returns a Reader of the stream in r, of which it may read more than the
// stream's bytes.
func NewReader(r io.Reader) *Reader {
	z := readers.Get().(*Reader)
	z.Reset(r)
	return z
}

// Close gives the Reader's memory back, for another one. It must not be used
// afterwards.
func (z *Reader) Close() {
	z.r = nil
	readers.Put(z)
}

// Reset makes z a Reader of the stream in r.
func (z *Reader) Reset(r io.Reader) {
	z.r, z.err, z.inErr = r, nil, nil
	z.p, z.end, z.acc, z.n = 0, 0, 0, 0
	z.read, z.out, z.summed, z.from = 0, 0, 0, 0
	z.sum, z.final, z.state = 1, false, (*Reader).header
}

// Read implements io.Reader. At the end of the stream the checksum is compared.
// Errors are those of this package, io.ErrUnexpectedEOF, and those of the stream's
// reader.
func (z *Reader) Read(b []byte) (int, error) {
	n := 0
	for {
		k := copy(b[n:], z.win[z.read:z.out])
		z.read += k
		n += k
		if n == len(b) {
			return n, nil
		}
		if z.err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, z.err
		}
		z.fill()
	}
}

// fill makes more output, all of which was delivered.
func (z *Reader) fill() {
	if z.out > windowSize-room-history/4 {
		gone := z.out - history
		copy(z.win[:], z.win[gone:z.out])
		z.read, z.out, z.summed, z.from = z.read-gone, z.out-gone, z.summed-gone, max(z.from-gone, 0)
	}
	before := z.out
	for z.err == nil && z.out <= windowSize-room && z.out-before < history {
		z.err = z.state(z)
	}
	z.add()
	if z.err == errEnd {
		z.err = z.trailer()
	}
}

// errEnd says that the last block has ended.
var errEnd = errors.New("end")

// add adds new output to the checksum.
func (z *Reader) add() {
	z.sum = adler(z.sum, z.win[z.summed:z.out])
	z.summed = z.out
}

// more makes at least one more byte of input available.
func (z *Reader) more() error {
	if z.inErr != nil {
		return z.inErr
	}
	// Bytes whose bits are in acc stay, as they may be taken back.
	gone := max(z.p-8, 0)
	left := copy(z.in[:], z.in[gone:z.end])
	z.p, z.end = z.p-gone, left
	for range 100 {
		n, err := z.r.Read(z.in[left:inputSize])
		if n < 0 || n > inputSize-left {
			n, err = 0, errors.New("inflate: the reader returned an impossible count")
		}
		z.end += n
		clear(z.in[z.end : z.end+slack])
		z.inErr = err
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	z.inErr = io.ErrNoProgress
	return z.inErr
}

// short returns the failure for input that has ended.
func (z *Reader) short() error {
	if z.inErr == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return z.inErr
}

// need makes n bits available, at most 32.
func (z *Reader) need(n uint) error {
	for z.n < n {
		if z.p == z.end {
			if err := z.more(); err != nil {
				return z.short()
			}
			continue
		}
		z.acc |= uint64(z.in[z.p]) << z.n
		z.p++
		z.n += 8
	}
	return nil
}

// take takes n bits, at most 32.
func (z *Reader) take(n uint) (uint32, error) {
	if err := z.need(n); err != nil {
		return 0, err
	}
	v := uint32(z.acc & (1<<n - 1))
	z.acc >>= n
	z.n -= n
	return v, nil
}

// align drops the bits up to the next byte, and gives back whole bytes.
func (z *Reader) align() {
	z.acc >>= z.n & 7
	z.n &^= 7
	z.p -= int(z.n / 8)
	z.acc, z.n = 0, 0
}

// header reads the two bytes of zlib.
func (z *Reader) header() error {
	v, err := z.take(16)
	if err != nil {
		return err
	}
	if v&15 != 8 || v>>4&15 > 7 || (v&255<<8|v>>8)%31 != 0 || v>>13&1 != 0 {
		return ErrHeader
	}
	z.state = (*Reader).block
	return nil
}

// trailer compares the checksum.
func (z *Reader) trailer() error {
	z.align()
	var v uint32
	for range 4 {
		b, err := z.take(8)
		if err != nil {
			return err
		}
		v = v<<8 | b
	}
	if v != z.sum {
		return ErrChecksum
	}
	return io.EOF
}

// block begins a block.
func (z *Reader) block() error {
	if z.final {
		return errEnd
	}
	v, err := z.take(3)
	if err != nil {
		return err
	}
	z.final = v&1 == 1
	switch v >> 1 {
	case 0:
		return z.storedBlock()
	case 1:
		z.fixed()
	case 2:
		if err := z.dynamic(); err != nil {
			return err
		}
	default:
		return ErrData
	}
	z.state = (*Reader).symbols
	return nil
}

// storedBlock begins a block that is not compressed.
func (z *Reader) storedBlock() error {
	z.align()
	n, err := z.take(16)
	if err != nil {
		return err
	}
	inverse, err := z.take(16)
	if err != nil {
		return err
	}
	if n != inverse^0xFFFF {
		return ErrData
	}
	z.align()
	z.stored, z.state = int(n), (*Reader).copyStored
	return nil
}

// copyStored copies what there is of a stored block.
func (z *Reader) copyStored() error {
	if z.stored == 0 {
		z.state = (*Reader).block
		return nil
	}
	if z.p == z.end {
		if err := z.more(); err != nil {
			return z.short()
		}
	}
	n := copy(z.win[z.out:min(z.out+z.stored, windowSize-room+1)], z.in[z.p:z.end])
	z.p += n
	z.out += n
	z.stored -= n
	return nil
}
