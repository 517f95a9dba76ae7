package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// partial ends the names of files that are being written. Keys end in .tif, so
// that no identifier can name one.
const partial = ".part"

// folder writes pyramids to files.
type folder struct{ root string }

func (f *folder) create(ctx context.Context, key string) (Upload, error) {
	const op = "store.Create"
	if err := ctx.Err(); err != nil {
		return nil, fault.E(op, fault.KindOf(err), err)
	}
	final := filepath.Join(f.root, filepath.FromSlash(key))
	dir := filepath.Dir(final)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(dir, 0o755); err == nil {
			err = syncDir(f.root)
		}
		if err != nil {
			return nil, fault.E(op, fault.Unavailable, err)
		}
	}
	file, err := os.CreateTemp(dir, filepath.Base(final)+".*"+partial)
	if err == nil {
		// Other programs of the machine serve them too.
		err = file.Chmod(0o644)
	}
	if err != nil {
		return nil, fault.E(op, fault.Unavailable, err)
	}
	return &fileUpload{ctx: ctx, file: file, final: final}, nil
}

func (f *folder) remove(_ context.Context, key string) error {
	name := filepath.Join(f.root, filepath.FromSlash(key))
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.E("store.Remove", fault.Unavailable, err)
	}
	return nil
}

func (f *folder) sweep(ctx context.Context, age time.Duration) (int, error) {
	const op = "store.Sweep"
	dir := filepath.Join(f.root, filepath.FromSlash(prefix))
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fault.E(op, fault.Unavailable, err)
	}
	n := 0
	for _, e := range entries {
		if ctx.Err() != nil {
			return n, fault.E(op, fault.Canceled, ctx.Err())
		}
		if !strings.HasSuffix(e.Name(), partial) || !e.Type().IsRegular() {
			continue
		}
		// Files that vanish meanwhile were swept by another process.
		info, err := e.Info()
		if err == nil && time.Since(info.ModTime()) > age && os.Remove(filepath.Join(dir, e.Name())) == nil {
			n++
		}
	}
	return n, nil
}

func (f *folder) close() {}

// fileUpload is a file under a temporary name.
type fileUpload struct {
	ctx   context.Context
	file  *os.File // nil when it is over
	final string
	order order
}

// order checks that writes come as Upload wants them.
type order struct {
	next    int64 // where the next tile goes, 0 before the first
	start   int64 // where the first one went
	hasHead bool
}

// take checks and notes a write of n bytes at off.
func (o *order) take(op string, n int, off int64) error {
	switch {
	case o.hasHead, n == 0, off < 0:
	case o.next == 0 && off > 0:
		o.start, o.next = off, off+int64(n)
		return nil
	case off == 0 && o.next > 0 && int64(n) == o.start:
		o.hasHead = true
		return nil
	case off == o.next && off > 0:
		o.next += int64(n)
		return nil
	}
	return fault.E(op, fault.Invalid, errors.New("writes must come without gaps, the head last"))
}

// done checks that everything came.
func (o *order) done(op string) error {
	if !o.hasHead {
		return fault.E(op, fault.Invalid, errors.New("the head was not written"))
	}
	return nil
}

func (u *fileUpload) WriteAt(p []byte, off int64) (int, error) {
	const op = "store.WriteAt"
	if err := u.usable(op); err != nil {
		return 0, err
	}
	if err := u.order.take(op, len(p), off); err != nil {
		return 0, err
	}
	n, err := u.file.WriteAt(p, off)
	if err != nil {
		return n, fault.E(op, fault.Unavailable, err)
	}
	return n, nil
}

func (u *fileUpload) usable(op string) error {
	if u.file == nil {
		return fault.E(op, fault.Invalid, errors.New("the upload is over"))
	}
	if err := u.ctx.Err(); err != nil {
		return fault.E(op, fault.KindOf(err), err)
	}
	return nil
}

// Commit syncs before it renames, so that the name never leads to a file without
// content, and the folder after it, so that the name survives a power cut.
func (u *fileUpload) Commit() error {
	const op = "store.Commit"
	if err := u.usable(op); err != nil {
		return err
	}
	if err := u.order.done(op); err != nil {
		return err
	}
	file := u.file
	err := file.Sync()
	if e := file.Close(); err == nil {
		err = e
	}
	u.file = nil
	if err == nil {
		err = os.Rename(file.Name(), u.final)
	}
	if err != nil {
		os.Remove(file.Name())
		return fault.E(op, fault.Unavailable, err)
	}
	if err := syncDir(filepath.Dir(u.final)); err != nil {
		return fault.E(op, fault.Unavailable, err)
	}
	return nil
}

func (u *fileUpload) Abort() error {
	if u.file == nil {
		return nil
	}
	name := u.file.Name()
	u.file.Close()
	u.file = nil
	if err := os.Remove(name); err != nil {
		return fault.E("store.Abort", fault.Unavailable, err)
	}
	return nil
}

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
