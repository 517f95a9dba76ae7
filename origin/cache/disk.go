package cache

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// tempAge is how old a temporary file is when nobody can still be writing it.
// Younger ones may belong to another process.
const tempAge = time.Minute

// tempDir is where files are written before they get their name; it lies inside
// the cache's folder so that a rename stays within one file system.
func (c *Cache) tempDir() string { return filepath.Join(c.dir, "tmp") }

// path returns the file of an entry: d/dd/name, which makes 4096 folders; half a
// million entries are then about 120 in each.
func (c *Cache) path(n name) string {
	s := n.String()
	return filepath.Join(c.dir, s[:1], s[1:3], s)
}

// write makes path hold b, entirely or not at all.
func (c *Cache) write(path string, b []byte) error {
	temp, err := c.writeTemp(b)
	if err != nil {
		return err
	}
	err = os.Rename(temp, path)
	if errors.Is(err, fs.ErrNotExist) {
		// The first entry of its folder.
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			if c.sync {
				syncDir(c.dir)
				syncDir(filepath.Dir(filepath.Dir(path)))
			}
			err = os.Rename(temp, path)
		}
	}
	if err != nil {
		_ = os.Remove(temp)
		return err
	}
	if c.sync {
		syncDir(filepath.Dir(path))
	}
	return nil
}

// writeTemp writes b to a new file and returns its name.
func (c *Cache) writeTemp(b []byte) (temp string, err error) {
	f, err := os.CreateTemp(c.tempDir(), "put-*")
	if errors.Is(err, fs.ErrNotExist) {
		// The folder was deleted under us: begin a new one.
		if err := os.MkdirAll(c.tempDir(), 0o700); err != nil {
			return "", err
		}
		f, err = os.CreateTemp(c.tempDir(), "put-*")
	}
	if err != nil {
		return "", err
	}
	_, err = f.Write(b)
	if err == nil && c.sync {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// syncDir makes the names in a folder durable. Some file systems cannot; what is
// at stake is only that an entry is lost, so that is no error.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// readFile reads a whole regular file of at most limit bytes. It fails with
// Corrupt for anything else that exists under the name.
func readFile(path string, limit int64) ([]byte, error) {
	// A pipe would block in open, and a link would lead out of the folder.
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fault.E("cache.readFile", fault.Corrupt, errors.New("not a file of the cache"))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err = f.Stat() // it may have been replaced since
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fault.E("cache.readFile", fault.Corrupt, errors.New("larger than any entry"))
	}
	b := make([]byte, info.Size())
	n, err := io.ReadFull(f, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // shrunk since; the parser will say
	}
	return b[:n], err
}

// probe writes a small file, gives it another name, reads it back and removes
// it: what an entry needs.
func (c *Cache) probe() error {
	want := []byte("vitrine checks that its cache works\n")
	temp, err := c.writeTemp(want)
	if err != nil {
		return err
	}
	named := temp + ".ok"
	if err := os.Rename(temp, named); err != nil {
		_ = os.Remove(temp)
		return err
	}
	got, err := readFile(named, 1<<10)
	if e := os.Remove(named); err == nil {
		err = e
	}
	if err == nil && !bytes.Equal(got, want) {
		err = errors.New("the disk does not return what was written")
	}
	return err
}

// keep reads the folder, closes first, and reads it again now and then until ctx
// ends.
func (c *Cache) keep(ctx context.Context, first chan<- struct{}) {
	defer close(c.done)
	c.read(ctx)
	c.scanned.Store(ctx.Err() == nil)
	close(first)
	// Soon once more for temporary files that were too young to judge.
	timer := time.NewTimer(2 * tempAge)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-c.again:
		}
		c.read(ctx)
		timer.Reset(rescan)
	}
}

// read sweeps old temporary files, counts the folder's entries, and deletes what
// is above the bound.
func (c *Cache) read(ctx context.Context) {
	c.sweep()
	c.mu.Lock()
	c.index.begin()
	c.mu.Unlock()
	files, ok := c.list(ctx)
	c.mu.Lock()
	var victims []name
	if ok {
		c.index.merge(files)
		victims = c.index.shrink(c.max, c.max, 0)
	} else {
		c.index.abandon()
	}
	c.mu.Unlock()
	c.unlink(victims)
}

// list returns the files of all entries. ok is false when not all could be seen,
// and what is known must not be corrected by it.
func (c *Cache) list(ctx context.Context) (files []found, ok bool) {
	const digits = "0123456789abcdef"
	for i := range 16 {
		for j := range 256 {
			if ctx.Err() != nil {
				return nil, false
			}
			leaf := filepath.Join(c.dir, digits[i:i+1], digits[j>>4:j>>4+1]+digits[j&15:j&15+1])
			list, err := os.ReadDir(leaf)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				c.failed.Add(1)
				if c.scanned.Load() {
					return nil, false
				}
				// The first time, what can be seen is better than nothing.
			}
			for _, d := range list {
				n, ok := parseName(d.Name())
				if !ok {
					continue
				}
				info, err := d.Info()
				if err != nil || !info.Mode().IsRegular() {
					continue
				}
				files = append(files, found{n, blocks(info.Size()), info.ModTime().UnixNano()})
			}
		}
	}
	return files, true
}

// sweep deletes temporary files that a killed process left.
func (c *Cache) sweep() {
	list, err := os.ReadDir(c.tempDir())
	if err != nil {
		c.failed.Add(1)
		return
	}
	for _, d := range list {
		info, err := d.Info()
		if err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > tempAge {
			_ = os.Remove(filepath.Join(c.tempDir(), d.Name()))
		}
	}
}
