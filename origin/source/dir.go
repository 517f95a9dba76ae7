package source

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// DirConfig configures a folder as a source.
type DirConfig struct {
	// Path is the folder. Required.
	Path string
	// ListTTL is how long a listing is used before the folder is walked again.
	// Default 5 s; ten times the duration of the walk if that is longer.
	ListTTL time.Duration
	// ListMax is the greatest number of images that are listed. Default 500,000,
	// about 50 MiB of names. More can be opened than is listed.
	ListMax int
	// Timing.Total bounds Open and Check, for folders of a file server that does
	// not answer. The other fields are not used.
	Timing Timing
}

// Dir is a Source and a Lister that reads a folder and what is below it, through
// os.Root: no key and no symbolic link leads out of it. Links inside of the
// folder are followed; a link out of it is Forbidden. Only regular files are
// opened.
//
// Reads of an Object go to the file that was opened: one that was replaced by
// renaming keeps its old bytes, one that was rewritten in place gives Conflict.
type Dir struct {
	path    string
	timing  Timing
	waiting chan struct{} // bounds system calls that hang
	listing *listing

	mu     sync.Mutex
	root   *os.Root
	looked time.Time // when root was last compared with the folder at path
}

// rootAge is how long the folder at the path is taken to be the same one.
const rootAge = time.Second

var (
	errIrregular = errors.New("not a regular file")
	errReplaced  = errors.New("the folder is gone")
	errHanging   = errors.New("the file system does not answer")
)

// maxWaiting is how many system calls may wait for a file system that hangs.
const maxWaiting = 256

// NewDir opens a folder as a source. Invalid says that it is not a folder that
// can be read.
func NewDir(cfg DirConfig) (*Dir, error) {
	const op = "source.NewDir"
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, fault.E(op, fault.Invalid, err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fault.E(op, fault.Invalid, err).WithPublic("the source is not a folder that can be read")
	}
	d := &Dir{path: path, root: root, timing: cfg.Timing.withDefaults(), waiting: make(chan struct{}, maxWaiting)}
	d.listing = newListing(d, cfg)
	return d, nil
}

// Open implements Source.
func (d *Dir) Open(ctx context.Context, key string) (Object, error) {
	const op = "source.Dir.Open"
	if err := checkKey(op, key); err != nil {
		return nil, err
	}
	name := filepath.FromSlash(key)
	if !filepath.IsLocal(name) || runtime.GOOS == "windows" && strings.Contains(key, ":") {
		return nil, fault.New(op, fault.NotFound, "")
	}
	return bounded(ctx, d, op, func() (Object, error) {
		o, err := d.open(key, name)
		if err != nil {
			return nil, fileFault(op, err)
		}
		return o, nil
	}, func(o Object) { o.Close() })
}

func (d *Dir) open(key, name string) (*dirObject, error) {
	var o *dirObject
	err := d.within(func(root *os.Root) error {
		info, err := root.Stat(name)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return errIrregular
		}
		// Not to block should it have become a pipe in the meantime.
		f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
			err = errIrregular
		}
		if err != nil {
			f.Close()
			return err
		}
		size, modified := info.Size(), info.ModTime()
		o = &dirObject{
			file: f, info: info, path: filepath.Join(d.path, name), local: isLocal(f),
			meta: meta{key: key, size: size, modified: modified, revision: revisionOf("", size, modified)},
		}
		return nil
	})
	return o, err
}

// within calls f with the folder. When f finds nothing, the folder itself is
// checked: one that was unmounted or removed proves no absence, and one that was
// exchanged for another of its name is opened anew.
func (d *Dir) within(f func(root *os.Root) error) error {
	for range 3 {
		d.mu.Lock()
		root := d.root
		look := time.Since(d.looked) > rootAge
		if look {
			d.looked = time.Now()
		}
		d.mu.Unlock()
		if look {
			// A folder may be exchanged by a rename, with the same names in it.
			if same, err := d.refresh(root); err != nil {
				return errors.Join(errReplaced, err)
			} else if !same {
				continue
			}
		}
		err := f(root)
		switch {
		case errors.Is(err, os.ErrClosed):
			// Exchanged under our hands, or this source is closed.
		case errors.Is(err, fs.ErrNotExist):
			same, serr := d.refresh(root)
			if serr != nil {
				return errors.Join(errReplaced, serr)
			}
			if same {
				return err
			}
		default:
			return err
		}
	}
	return errReplaced
}

// refresh reports whether root is still the folder at d.path. If there is
// another one, it opens that.
func (d *Dir) refresh(root *os.Root) (same bool, err error) {
	want, err := os.Stat(d.path)
	if err != nil {
		return false, err
	}
	have, err := root.Stat(".")
	if err == nil && os.SameFile(want, have) {
		return true, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.root != root {
		return false, nil
	}
	next, err := os.OpenRoot(d.path)
	if err != nil {
		return false, err
	}
	d.root = next
	root.Close()
	return false, nil
}

// bounded runs a file operation that may hang for ever. It gives up after
// Timing.Total or when ctx ends; what arrives later is dropped.
func bounded[T any](ctx context.Context, d *Dir, op string, f func() (T, error), drop func(T)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	if ctx.Err() != nil {
		return none, ended(op, ctx)
	}
	select {
	case d.waiting <- struct{}{}:
	default:
		return none, unavailable(op, errHanging)
	}
	done, gone := make(chan result), make(chan struct{})
	go func() {
		defer func() { <-d.waiting }()
		v, err := f()
		select {
		case done <- result{v, err}:
		case <-gone:
			if err == nil {
				drop(v)
			}
		}
	}()
	timer := time.NewTimer(d.timing.Total)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		close(gone)
		return none, ended(op, ctx)
	case <-timer.C:
		close(gone)
		return none, unavailable(op, errHanging)
	}
}

// Check implements Source: the folder is there and can be read.
func (d *Dir) Check(ctx context.Context) error {
	const op = "source.Dir.Check"
	_, err := bounded(ctx, d, op, func() (struct{}, error) {
		d.mu.Lock()
		root := d.root
		d.mu.Unlock()
		if _, err := d.refresh(root); err != nil {
			return struct{}{}, unavailable(op, err)
		}
		err := d.within(func(root *os.Root) error {
			f, err := root.Open(".")
			if err != nil {
				return err
			}
			defer f.Close()
			if _, err = f.ReadDir(1); err == io.EOF {
				return nil
			}
			return err
		})
		if err != nil {
			return struct{}{}, unavailable(op, err)
		}
		return struct{}{}, nil
	}, func(struct{}) {})
	return err
}

// Close implements Source.
func (d *Dir) Close() error {
	d.listing.stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.root.Close()
}

// fileFault maps an error of the file system. What proves nothing is an outage.
func fileFault(op string, err error) *fault.Error {
	switch {
	case errors.Is(err, errReplaced):
		return unavailable(op, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errIrregular), errors.Is(err, errUnnameable),
		errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.ELOOP),
		errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENXIO):
		return fault.E(op, fault.NotFound, err)
	case errors.Is(err, fs.ErrPermission), escapes(err):
		return fault.E(op, fault.Forbidden, err)
	}
	return unavailable(op, err)
}

// escapes reports whether os.Root refused a link that leads out of the folder.
// The error has no exported name; a test holds on to its words.
func escapes(err error) bool {
	var p *fs.PathError
	return errors.As(err, &p) && p.Err != nil && p.Err.Error() == "path escapes from parent"
}
