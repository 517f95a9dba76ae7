package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Folder is a Target in the file system. Every access goes through os.Root, so no
// path and no link leads out of it.
type Folder struct {
	root *os.Root

	mu    sync.Mutex
	dirty map[string]bool // folders with renames that are not durable yet
}

// partSuffix marks files that are being written. List does not show them, and Lock
// removes what a dead process left.
const partSuffix = ".part"

// OpenFolder opens a folder and makes it when it is missing.
func OpenFolder(dir string) (*Folder, error) {
	const op = "publish.OpenFolder"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fault.E(op, fault.Unavailable, err).WithPublic("the folder of the publication cannot be made")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.E(op, fault.Unavailable, err)
	}
	return &Folder{root: root, dirty: map[string]bool{}}, nil
}

// Close releases the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Lock takes the lock of the folder and removes files of a publication that died.
func (f *Folder) Lock(ctx context.Context) (unlock func(), err error) {
	const op = "publish.Folder.Lock"
	if err := f.root.MkdirAll(path.Dir(statePath), 0o755); err != nil {
		return nil, fault.E(op, fault.Unavailable, err)
	}
	file, err := f.root.OpenFile(lockPath, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fault.E(op, fault.Unavailable, err)
	}
	if err := lockFile(file); err != nil {
		file.Close()
		return nil, fault.E(op, fault.Conflict, err).WithPublic("another publication to this folder is running")
	}
	// Closing the file releases the lock, and so does the end of the process.
	unlock = func() { file.Close() }
	if err := f.sweep(ctx); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

func (f *Folder) sweep(ctx context.Context) error {
	return f.walk(ctx, func(name string, _ fs.DirEntry) error {
		if strings.HasSuffix(name, partSuffix) {
			return f.root.Remove(name)
		}
		return nil
	})
}

// walk calls visit for every file.
func (f *Folder) walk(ctx context.Context, visit func(name string, d fs.DirEntry) error) error {
	const op = "publish.Folder.List"
	err := fs.WalkDir(f.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		return visit(name, d)
	})
	if err != nil {
		return fault.E(op, fault.Unavailable, err)
	}
	return nil
}

// Get reads a file; its version is a hash of the content.
func (f *Folder) Get(_ context.Context, name string) ([]byte, string, error) {
	const op = "publish.Folder.Get"
	body, err := f.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fault.E(op, fault.NotFound, err)
	}
	if err != nil {
		return nil, "", fault.E(op, fault.Unavailable, err)
	}
	return body, digest(body), nil
}

// digest is a hash of a document's content in hexadecimal.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

// Put writes a file beside the old one, makes it durable and renames it.
func (f *Folder) Put(_ context.Context, d presentation.Document) error {
	const op = "publish.Folder.Put"
	if err := f.root.MkdirAll(path.Dir(d.Path), 0o755); err != nil {
		return fault.E(op, fault.Unavailable, err).WithPublic("the folder of " + d.Path + " cannot be made")
	}
	part := path.Join(path.Dir(d.Path), "."+path.Base(d.Path)+partSuffix)
	file, err := f.root.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return fault.E(op, fault.Unavailable, err)
	}
	_, err = file.Write(d.Body)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = f.root.Rename(part, d.Path)
	}
	if err != nil {
		f.root.Remove(part)
		return fault.E(op, fault.Unavailable, err).WithPublic(d.Path + " cannot be written")
	}
	f.mu.Lock()
	f.dirty[path.Dir(d.Path)] = true
	f.mu.Unlock()
	return nil
}

// Swap compares before it writes; Lock keeps others from writing in between. What was
// put before is durable, renames included, before the swap is.
func (f *Folder) Swap(ctx context.Context, d presentation.Document, version string) error {
	const op = "publish.Folder.Swap"
	_, have, err := f.Get(ctx, d.Path)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if have != version {
		return fault.New(op, fault.Conflict, d.Path+" was changed by somebody else")
	}
	if err := f.syncFolders(); err != nil {
		return fault.E(op, fault.Unavailable, err)
	}
	if err := f.Put(ctx, d); err != nil {
		return err
	}
	if err := f.syncFolders(); err != nil {
		return fault.E(op, fault.Unavailable, err)
	}
	return nil
}

// syncFolders makes the renames since the last call durable.
func (f *Folder) syncFolders() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name := range f.dirty {
		dir, err := f.root.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted since
		}
		if err != nil {
			return err
		}
		if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
			return err
		}
	}
	clear(f.dirty)
	return nil
}

// Delete removes files, and folders that this leaves empty.
func (f *Folder) Delete(_ context.Context, paths []string) error {
	const op = "publish.Folder.Delete"
	for _, p := range paths {
		if err := f.root.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.E(op, fault.Unavailable, err).WithPublic(p + " cannot be removed")
		}
		for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
			if f.root.Remove(dir) != nil { // not empty
				break
			}
		}
	}
	return nil
}

// List yields every file but those that are being written.
func (f *Folder) List(ctx context.Context) iter.Seq2[Stat, error] {
	stop := errors.New("stop")
	return func(yield func(Stat, error) bool) {
		err := f.walk(ctx, func(name string, d fs.DirEntry) error {
			if strings.HasSuffix(name, partSuffix) {
				return nil
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if !yield(Stat{Path: name, Size: info.Size()}, nil) {
				return stop
			}
			return nil
		})
		if err != nil && !errors.Is(err, stop) {
			yield(Stat{}, err)
		}
	}
}
