package tiff

import (
	"encoding/binary"
	"errors"
	"io"
)

// TIFF's LZW (TIFF 6.0 §13): codes with their first bit highest, one bit longer as
// soon as the last but one code of a length was given away.
const (
	lzwClear = 256
	lzwEnd   = 257
	lzwCodes = 4096
	lzwInput = 16 << 10
	// lzwRoom is the size of the output buffer: the longest string, and some more.
	lzwRoom = lzwCodes + 16<<10
)

var errLZW = errors.New("the LZW data are damaged")

// lzwReader decompresses one chunk.
type lzwReader struct {
	r     io.Reader
	err   error // why there is no more output, once all was delivered
	in    [lzwInput + 8]byte
	p     int // next byte of in to go to acc
	end   int // bytes in in
	inErr error
	acc   uint64 // the next bits, the first one highest
	n     uint   // how many

	out       [lzwRoom]byte
	read, put int // bytes of out that were delivered and made

	width uint
	next  int  // the code that is given away next
	last  int  // the code before, −1 behind a clear code
	full  bool // all codes were given away, at one time
	// By code: the string without its last byte, that byte, and how long it is.
	prefix [lzwCodes]uint16
	suffix [lzwCodes]byte
	length [lzwCodes]uint16
}

// Reset makes z a reader of the chunk in r.
func (z *lzwReader) Reset(r io.Reader) {
	z.r, z.err, z.inErr = r, nil, nil
	z.p, z.end, z.acc, z.n, z.read, z.put = 0, 0, 0, 0, 0, 0
	if z.length[0] == 0 {
		for i := range 256 {
			z.suffix[i], z.length[i] = byte(i), 1
		}
	}
	z.clear()
}

func (z *lzwReader) clear() { z.width, z.next, z.last = 9, lzwEnd+1, -1 }

// Read implements io.Reader.
func (z *lzwReader) Read(b []byte) (int, error) {
	n := 0
	for {
		k := copy(b[n:], z.out[z.read:z.put])
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
		z.read, z.put = 0, 0
		z.err = z.decode()
	}
}

// fill gets more input. Behind its end there are zeros.
func (z *lzwReader) fill() {
	left := copy(z.in[:], z.in[z.p:z.end])
	z.p, z.end = 0, left
	for range 100 {
		n, err := z.r.Read(z.in[z.end:lzwInput])
		if n < 0 || n > lzwInput-z.end {
			n, err = 0, errLZW
		}
		z.end += n
		z.inErr = err
		if n > 0 || err != nil {
			clear(z.in[z.end:min(z.end+8, len(z.in))])
			return
		}
	}
	z.inErr = io.ErrNoProgress
}

// decode fills out. It returns io.EOF at the end.
func (z *lzwReader) decode() error {
	for z.put <= lzwRoom-lzwCodes {
		if z.n < z.width {
			if z.end-z.p < 8 && z.inErr == nil {
				z.fill()
				continue
			}
			// Bits below the counted ones are zero or what really follows.
			z.acc |= binary.BigEndian.Uint64(z.in[z.p:]) >> z.n
			more := min(int(63-z.n)>>3, z.end-z.p)
			z.p += more
			z.n += uint(more) * 8
			if z.n < z.width {
				// Writers forget the end code.
				if z.inErr == io.EOF {
					return io.ErrUnexpectedEOF
				}
				return z.inErr
			}
		}
		code := int(z.acc >> (64 - z.width))
		z.acc <<= z.width
		z.n -= z.width
		switch {
		case code == lzwClear:
			z.clear()
			continue
		case code == lzwEnd:
			return io.EOF
		case code > z.next || code == z.next && z.last < 0:
			return errLZW
		}
		source, n := code, 0
		if code == z.next {
			// The string before, and its first byte once more.
			source = z.last
			n = 1
		}
		whole := int(z.length[source&(lzwCodes-1)])
		if z.put+whole+n > lzwRoom {
			return errLZW
		}
		out := z.out[z.put : z.put+whole]
		for i := whole - 1; i > 0; i-- {
			out[i] = z.suffix[source&(lzwCodes-1)]
			source = int(z.prefix[source&(lzwCodes-1)])
		}
		head := byte(source)
		out[0] = head
		z.put += whole
		if n > 0 {
			z.out[z.put] = head
			z.put++
		}
		if z.last >= 0 && z.next < lzwCodes {
			k := z.next & (lzwCodes - 1)
			z.prefix[k], z.suffix[k] = uint16(z.last), head
			z.length[k] = z.length[z.last&(lzwCodes-1)] + 1
			z.next++
			if z.next >= 1<<z.width-1 && z.width < 12 {
				z.width++
			}
		}
		z.last = code
		if z.next == lzwCodes {
			// No writer should go on without a clear code, but the codes stay good.
			z.full = true
		}
	}
	return nil
}
