package source

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// dirObject is an open file.
type dirObject struct {
	meta
	file  *os.File
	info  fs.FileInfo // of file
	path  string      // where it was found, absolute
	local bool        // see isLocal
	once  sync.Once
}

// ReadAt implements Object. Size and time of change are looked at after the
// bytes: whatever was written before or while they were read shows there.
func (o *dirObject) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	const op = "source.Dir.ReadAt"
	p, end := o.clip(op, p, off)
	if len(p) == 0 {
		return 0, end
	}
	if ctx.Err() != nil {
		return 0, ended(op, ctx)
	}
	n, err := o.file.ReadAt(p, off)
	info, serr := o.file.Stat()
	switch {
	case errors.Is(err, os.ErrClosed), errors.Is(serr, os.ErrClosed):
		return 0, fault.E(op, fault.Internal, os.ErrClosed)
	case serr != nil:
		return 0, unavailable(op, serr)
	case !o.is(info):
		return 0, fault.E(op, fault.Conflict, errors.New("the file changed"))
	case n < len(p):
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return n, unavailable(op, err)
	}
	return n, end
}

// Close implements Object.
func (o *dirObject) Close() (err error) {
	o.once.Do(func() { err = o.file.Close() })
	return err
}

// Newest implements Witness. The path is followed without os.Root, which is safe
// because nothing is read: only the very file that was opened through it counts.
func (o *dirObject) Newest() bool {
	if !o.local {
		return false
	}
	info, err := os.Stat(o.path)
	return err == nil && os.SameFile(info, o.info) && o.is(info)
}

// is reports whether info is of the revision that was opened.
func (o *dirObject) is(info fs.FileInfo) bool {
	return info.Size() == o.size && info.ModTime().Equal(o.modified)
}

// File implements Filed.
func (o *dirObject) File() (*os.File, error) {
	const op = "source.Dir.File"
	if !o.local {
		return nil, fault.E(op, fault.Unsupported, nil)
	}
	info, err := o.file.Stat()
	switch {
	case err != nil:
		return nil, unavailable(op, err)
	case !o.is(info):
		return nil, fault.E(op, fault.Conflict, errors.New("the file changed"))
	}
	return o.file, nil
}
