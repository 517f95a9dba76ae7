package folder

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"strconv"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// FS is a Tree in a file system; os.DirFS, or the FS of an os.Root, which no link
// leads out of.
type FS struct {
	FS fs.FS
}

var _ Tree = FS{}

// List walks the file system.
func (t FS) List(ctx context.Context) iter.Seq2[Entry, error] {
	const op = "folder.List"
	stop := errors.New("stop")
	return func(yield func(Entry, error) bool) {
		err := fs.WalkDir(t.FS, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || ctx.Err() != nil {
				return errors.Join(err, ctx.Err())
			}
			if d.IsDir() {
				if len(name) > 1 && d.Name()[0] == '.' {
					return fs.SkipDir
				}
				return nil
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			stamp := strconv.FormatInt(info.ModTime().UnixNano(), 36) + "-" + strconv.FormatInt(info.Size(), 36)
			if !yield(Entry{Path: name, Stamp: stamp}, nil) {
				return stop
			}
			return nil
		})
		if err != nil && !errors.Is(err, stop) {
			yield(Entry{}, fault.E(op, fault.Unavailable, err).WithPublic("the folder cannot be read"))
		}
	}
}

// Read returns a whole file.
func (t FS) Read(_ context.Context, name string, limit int64) ([]byte, error) {
	const op = "folder.Read"
	f, err := t.FS.Open(name)
	if err != nil {
		return nil, fault.E(op, fault.Unavailable, err).WithPublic(name + " cannot be read")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fault.E(op, fault.Unavailable, err).WithPublic(name + " cannot be read")
	}
	if int64(len(data)) > limit {
		return nil, fault.New(op, fault.Invalid, name+" is too large")
	}
	return data, nil
}
