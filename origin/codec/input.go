package codec

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"runtime/debug"
	"sync"

	"golang.org/x/image/bmp"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// input is a stored file as decoders read it. Failures of the storage are
// remembered, because libraries wrap or replace them, and then an outage looks
// like a damaged file.
type input struct {
	ctx  context.Context
	r    io.ReaderAt
	size int64

	mu  sync.Mutex
	err error // the first failure that is not the file's end
}

// ReadAt implements io.ReaderAt; it fails once the context is done.
func (in *input) ReadAt(p []byte, off int64) (int, error) {
	err := in.ctx.Err()
	n := 0
	if err == nil {
		n, err = in.r.ReadAt(p, off)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		in.mu.Lock()
		if in.err == nil {
			in.err = err
		}
		in.mu.Unlock()
	}
	return n, err
}

// part returns n bytes from off, unbuffered.
func (in *input) part(off, n int64) *io.SectionReader {
	return io.NewSectionReader(in, off, min(n, max(in.size-off, 0)))
}

// stream returns the file from off on, buffered.
func (in *input) stream(off int64) *bufio.Reader {
	return bufio.NewReaderSize(in.part(off, in.size), bufferSize)
}

// buffered returns a chunk of the file.
func (in *input) buffered(c chunk) *bufio.Reader {
	return bufio.NewReaderSize(in.part(c.off, c.n), bufferSize)
}

// bufferSize is how much is read at once: a compromise between calls to a
// distant store and bytes that nobody wants.
const bufferSize = 64 << 10

// bytes reads n bytes at off into a new slice; n must be bounded by the caller.
// Less than n bytes are an error.
func (in *input) bytes(off int64, n int) ([]byte, error) {
	p, err := in.into(nil, off, n)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// into is bytes with a result in the memory of p, if that suffices.
func (in *input) into(p []byte, off int64, n int) ([]byte, error) {
	if off < 0 || off > in.size || int64(n) > in.size-off {
		return p, io.ErrUnexpectedEOF
	}
	if n > cap(p) {
		p = make([]byte, n)
	}
	p = p[:n]
	if got, err := in.ReadAt(p, off); got < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return p, err
	}
	return p, nil
}

// fail turns an error met while reading into one of ours: the storage's own
// failure if it had one, else the kind that a decoder stated, else Corrupt.
func (in *input) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	in.mu.Lock()
	trouble := in.err
	in.mu.Unlock()
	var f *fault.Error
	var unsupported png.UnsupportedError
	switch {
	case trouble != nil:
		return fault.E(op, fault.KindOf(trouble), trouble)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.As(err, &f):
		return fault.E(op, fault.KindOf(err), err)
	case errors.As(err, &unsupported), errors.Is(err, bmp.ErrUnsupported):
		return fault.E(op, fault.Unsupported, err).WithPublic("this variant of the image format is not supported")
	}
	return fault.E(op, fault.Corrupt, err)
}

// guard turns a panic of a decoder into an error: a file must never end the
// process.
func guard(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("the decoder panicked: %v\n%s", v, debug.Stack())
	}
}

// corrupt makes the failure for data that break the format.
func corrupt(op, text string) error { return fault.E(op, fault.Corrupt, errors.New(text)) }
