package tiff

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const (
	// groupSize is how much is read at once when chunks lie next to each other,
	// as the tiles of a row or the strips of an image do.
	groupSize = 1 << 20
	// groupGap is the distance up to which reading on is cheaper than reading anew.
	groupGap = 8 << 10
	// streamBuffer is the piece in which a chunk longer than a group is read.
	streamBuffer = 1 << 20
)

// fetcher reads the chunks of one Decode in order, joining neighbours into one
// read.
type fetcher struct {
	r      io.ReaderAt
	spans  []span
	off    int64         // of buf
	buf    []byte        // nil at the start
	err    error         // the first failure of r that is not the file's end
	pieces *bufio.Reader // of the last chunk that was long, nil for none
}

// ReadAt remembers failures of the storage, which otherwise would come out of a
// decompressor looking like bad data.
func (f *fetcher) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.r.ReadAt(b, off)
	if err != nil && !errors.Is(err, io.EOF) && f.err == nil {
		f.err = err
	}
	return n, err
}

// reader returns chunk i as a stream, good until the next call.
func (f *fetcher) reader(i int) (io.Reader, error) {
	if f.long(i) {
		return f.stream(i), nil
	}
	b, err := f.bytes(i)
	return bytes.NewReader(b), err
}

// long reports whether a chunk is too long to be held.
func (f *fetcher) long(i int) bool {
	s := f.spans[i]
	return s.length > groupSize && !f.holds(s)
}

// stream returns a chunk that is long piece by piece, good until the next call.
func (f *fetcher) stream(i int) *bufio.Reader {
	section := io.NewSectionReader(f, f.spans[i].off, f.spans[i].length)
	if f.pieces == nil {
		f.pieces = bufio.NewReaderSize(section, streamBuffer)
	} else {
		f.pieces.Reset(section)
	}
	return f.pieces
}

// bytes returns chunk i, which must not be changed and is good until the next
// call.
func (f *fetcher) bytes(i int) ([]byte, error) {
	s := f.spans[i]
	if !f.holds(s) {
		end := s.off + s.length
		for _, t := range f.spans[i+1:] {
			if t.length == 0 {
				continue
			}
			if t.off < end || t.off > end+groupGap || t.off+t.length-s.off > groupSize {
				break
			}
			end = t.off + t.length
		}
		n := int(end - s.off)
		if cap(f.buf) < n {
			f.buf = make([]byte, n)
		}
		f.buf = f.buf[:n]
		if err := readFull(f, f.buf, s.off); err != nil {
			f.buf = f.buf[:0]
			return nil, err
		}
		f.off = s.off
	}
	return f.buf[s.off-f.off:][:s.length], nil
}

func (f *fetcher) holds(s span) bool {
	return len(f.buf) > 0 && s.off >= f.off && s.off+s.length <= f.off+int64(len(f.buf))
}

// fail turns an error met while decoding into one of ours: what the storage
// reported if it failed, else corrupt data.
func (f *fetcher) fail(err error) error {
	const op = "tiff.Decode"
	var e *fault.Error
	switch {
	case f.err != nil:
		return wrapRead(op, f.err)
	case errors.As(err, &e):
		return err
	}
	return fault.E(op, fault.Corrupt, err)
}
