package tiff

import (
	"errors"
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// The sizes of the pieces in which Open reads. A request to an object store
// costs some 20 ms however short it is, so every read takes along what probably
// comes next: libtiff writes a directory's values right behind it, other
// writers right before it.
const (
	headSize     = 64 << 10
	windowBefore = 8 << 10
	windowSize   = 64 << 10
	maxWindows   = 4
	// Most writers put directories and tables behind the pixels. When no more than
	// the thousandth part of a file is left behind a directory, up to this many
	// bytes, all of it is read along: in it are the other directories.
	tailShare = 1024
	maxTail   = 4 << 20
)

// input reads a file while it is opened: through its first 64 KiB and a few
// remembered windows, within a budget.
type input struct {
	r       io.ReaderAt
	size    int64
	budget  int64 // bytes that may still be read
	windows []window
}

type window struct {
	off  int64
	data []byte
}

func newInput(r io.ReaderAt, size, budget int64) (*input, error) {
	in := &input{r: r, size: size, budget: budget}
	return in, in.load(0, min(size, headSize))
}

// bytes returns n bytes at off. The slice stays valid and must not be changed.
func (in *input) bytes(off, n int64) ([]byte, error) {
	const op = "tiff.Open"
	if off < 0 || n < 0 || off > in.size || n > in.size-off {
		return nil, corrupt(op, "a directory points past the end of the file")
	}
	if b := in.cached(off, n); b != nil {
		return b, nil
	}
	start := max(0, off-windowBefore)
	if n > windowSize-windowBefore {
		start = off // a long table, which is fetched for its own sake
	}
	length := max(off+n-start, min(windowSize, in.size-start))
	if rest := in.size - start; rest <= min(in.size/tailShare, maxTail) {
		length = rest
	}
	if err := in.load(start, length); err != nil {
		return nil, err
	}
	return in.cached(off, n), nil
}

// cached returns n bytes at off when one window holds them all, else nil.
func (in *input) cached(off, n int64) []byte {
	for i := range in.windows {
		w := &in.windows[i]
		if off >= w.off && off+n <= w.off+int64(len(w.data)) {
			return w.data[off-w.off : off-w.off+n : off-w.off+n]
		}
	}
	return nil
}

func (in *input) load(off, n int64) error {
	if n > in.budget {
		return fault.New("tiff.Open", fault.Unsupported, "the TIFF's directories are larger than allowed")
	}
	in.budget -= n
	data := make([]byte, n)
	if err := readFull(in.r, data, off); err != nil {
		return wrapRead("tiff.Open", err)
	}
	// The head (window 0) stays, the oldest of the others goes.
	if len(in.windows) > maxWindows {
		in.windows = append(in.windows[:1], in.windows[2:]...)
	}
	in.windows = append(in.windows, window{off, data})
	return nil
}

// readFull fills b from offset off. A short file is io.ErrUnexpectedEOF.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// wrapRead says what a failed read means: a file that is shorter than it should
// be is corrupt; any other failure keeps its kind (an outage stays an outage).
func wrapRead(op string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fault.E(op, fault.Corrupt, err)
	}
	return fault.E(op, fault.KindOf(err), err)
}

func corrupt(op, why string) error { return fault.E(op, fault.Corrupt, errors.New(why)) }

func unsupported(op, what string) error { return fault.New(op, fault.Unsupported, what) }
