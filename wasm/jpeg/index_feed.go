package jpeg

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

const (
	// feedSize is the number of bytes read at a time while an index is built.
	feedSize = inputSize
	// maxFill bounds the fill bytes in front of a marker inside of a scan.
	maxFill = 64
)

// unstuff appends src to dst without the zeros that are stuffed behind 0xFF, up
// to the first marker. It returns the number of bytes of src that it used and
// the marker's code, 0 when there is none; the marker and fill bytes in front of
// it are among the used ones. A 0xFF that ends src is left over. When stuffs is
// not nil, the places in dst of all 0xFF are appended to it.
func unstuff(dst, src []byte, stuffs *[]int32) (out []byte, used int, mark byte) {
	at := 0
	for {
		i := bytes.IndexByte(src[at:], 0xFF)
		if i < 0 {
			return append(dst, src[at:]...), len(src), 0
		}
		if at+i+1 == len(src) {
			return append(dst, src[at:at+i]...), at + i, 0
		}
		if src[at+i+1] != 0 {
			dst = append(dst, src[at:at+i]...)
			at += i
			break
		}
		dst = append(dst, src[at:at+i+1]...)
		if stuffs != nil {
			*stuffs = append(*stuffs, int32(len(dst)-1))
		}
		at += i + 2
	}
	end := at + 1
	for end < len(src) && src[end] == 0xFF {
		end++
	}
	if end == len(src) {
		return dst, at, 0
	}
	// A zero behind fill bytes is neither data nor a marker: 0xFF, no marker's
	// code, says so.
	if src[end] == 0 {
		return dst, end + 1, 0xFF
	}
	return dst, end + 1, src[end]
}

// feeds holds the buffers of feeders between calls; their content does not
// matter.
var feeds = sync.Pool{New: func() any {
	return &feeder{room: make([]byte, feedSize), buf: make([]byte, 0, 2*feedSize+2*walkSlack)}
}}

// feeder delivers the entropy-coded data of one restart interval at a time
// without stuffed zeros, and knows where in the file they are.
type feeder struct {
	r    io.Reader
	raw  []byte // read but not yet used
	room []byte // what raw lies in, feedSize
	err  error  // of r, sticky

	buf    []byte  // data; its capacity has walkSlack bytes more
	base   int64   // place of buf[0] in the file
	stuffs []int32 // places in buf of bytes with a stuffed zero behind them
	passed int     // how many of stuffs lie before the last place asked for
	closed bool    // a marker or the end of the file comes behind buf
	mark   byte    // that marker's code, 0 for none
	behind int64   // the place behind that marker
}

// newFeeder makes a feeder, to be closed, of the data from place base on, of which first has
// been read from r already.
func newFeeder(r io.Reader, first []byte, base int64) *feeder {
	f := feeds.Get().(*feeder)
	*f = feeder{r: r, base: base, room: f.room, buf: f.buf[:0], stuffs: f.stuffs[:0]}
	f.raw = f.room[:copy(f.room, first)]
	return f
}

// close gives the buffers back.
func (f *feeder) close() {
	f.r = nil
	feeds.Put(f)
}

// more drops the data before place at of buf, which must be in it, and adds more.
func (f *feeder) more(at int) error {
	drop := 0
	for drop < len(f.stuffs) && int(f.stuffs[drop]) < at {
		drop++
	}
	f.base += int64(at + drop)
	n := copy(f.stuffs, f.stuffs[drop:])
	f.stuffs = f.stuffs[:n]
	for i := range f.stuffs {
		f.stuffs[i] -= int32(at)
	}
	f.passed = 0
	f.buf = f.buf[:copy(f.buf, f.buf[at:])]
	for before := len(f.buf); len(f.buf) == before && !f.closed; {
		if err := f.fill(); err != nil {
			return err
		}
	}
	return nil
}

// fill adds what there is of raw to buf, and reads when nothing is left.
func (f *feeder) fill() error {
	// What buf holds and what may come on top must leave room for the slack.
	if cap(f.buf)-len(f.buf)-walkSlack < len(f.raw) {
		return errors.New("a feeder's buffer is full")
	}
	start := f.base + int64(len(f.buf)+len(f.stuffs))
	var used int
	before := len(f.buf)
	stuffed := len(f.stuffs)
	f.buf, used, f.mark = unstuff(f.buf, f.raw, &f.stuffs)
	f.raw = f.raw[used:]
	if f.mark != 0 {
		f.closed = true
		f.behind = start + int64(used)
		if fill := used - 2 - (len(f.buf) - before) - (len(f.stuffs) - stuffed); fill > maxFill {
			return errors.New("too many fill bytes")
		}
		return nil
	}
	if len(f.buf) > before {
		return nil
	}
	// At most fill bytes and one half of a marker are left.
	if len(f.raw) > maxFill+2 {
		return errors.New("too many fill bytes")
	}
	if f.err != nil {
		f.closed = true
		f.raw = nil
		return nil
	}
	left := copy(f.room, f.raw)
	var n int
	for range 100 {
		n, f.err = f.r.Read(f.room[left:])
		if n < 0 || n > len(f.room)-left {
			n, f.err = 0, errors.New("the reader returned an impossible count")
		}
		if n > 0 || f.err != nil {
			break
		}
	}
	if n == 0 && f.err == nil {
		f.err = io.ErrNoProgress
	}
	f.raw = f.room[:left+n]
	return nil
}

// next goes on behind the marker that closed the data.
func (f *feeder) next() {
	f.base = f.behind
	f.buf, f.stuffs, f.passed = f.buf[:0], f.stuffs[:0], 0
	f.closed, f.mark = false, 0
}

// place returns where in the file the byte at place at of buf is. Places must be
// asked for in ascending order between two calls of more or next.
func (f *feeder) place(at int) int64 {
	for f.passed < len(f.stuffs) && int(f.stuffs[f.passed]) < at {
		f.passed++
	}
	return f.base + int64(at) + int64(f.passed)
}
