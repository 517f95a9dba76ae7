package publication

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Document is a published document as it is stored.
type Document struct {
	// Body is the whole document.
	Body []byte
	// MediaType is what it was published as; "" when that is not known.
	MediaType string
	// Version changes with the document. Not empty.
	Version string
}

// Reader reads what was published, for those who ask. It is safe for concurrent use.
type Reader struct {
	read     func(ctx context.Context, path string) (Document, error)
	close    func() error
	searches searches
}

// NewReader reads a bucket, which stays the caller's to close.
func NewReader(b *Bucket) *Reader {
	return newReader(b.read, func() error { return nil })
}

// OpenReader reads a folder, which must exist. No path and no link leads out of it.
func OpenReader(dir string) (*Reader, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.E("publication.OpenReader", fault.Unavailable, err).WithPublic("the folder of the publication cannot be opened")
	}
	return newReader(func(_ context.Context, path string) (Document, error) { return readFile(root, path) }, root.Close), nil
}

func newReader(read func(context.Context, string) (Document, error), close func() error) *Reader {
	r := &Reader{read: read, close: close}
	r.searches.init()
	return r
}

// Close releases the folder.
func (r *Reader) Close() error { return r.close() }

// Document returns the document at a path, which is that of an answer.DocumentName.
// It fails with NotFound for a folder, too.
func (r *Reader) Document(ctx context.Context, path string) (Document, error) {
	d, err := r.read(ctx, path)
	if err == nil && d.MediaType == "" && answer.Presents(d.Body) {
		d.MediaType = answer.MediaType("manifest.json")
	}
	return d, err
}

// readFile reads a file, whose media type nobody has written down.
func readFile(root *os.Root, path string) (Document, error) {
	const op = "publication.Reader"
	f, err := root.Open(path)
	if err != nil {
		return Document{}, fileFault(op, err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return Document{}, fileFault(op, err)
	case !info.Mode().IsRegular():
		return Document{}, fault.E(op, fault.NotFound, nil)
	case info.Size() > maxBody:
		return Document{}, fault.New(op, fault.Unsupported, "the document is too large")
	}
	body := make([]byte, info.Size())
	if n, err := io.ReadFull(f, body); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return Document{}, fileFault(op, err)
	} else {
		body = body[:n] // shortened since: files that are published never are
	}
	sum := sha256.Sum256(body)
	return Document{Body: body, Version: `"` + hex.EncodeToString(sum[:16]) + `"`}, nil
}

// fileFault maps an error of the file system. What a name cannot be is not there.
func fileFault(op string, err error) error {
	for _, absent := range []error{fs.ErrNotExist, fs.ErrInvalid, syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.ELOOP} {
		if errors.Is(err, absent) {
			return fault.E(op, fault.NotFound, err)
		}
	}
	if errors.Is(err, fs.ErrPermission) {
		return fault.E(op, fault.Forbidden, err)
	}
	return fault.E(op, fault.Unavailable, err)
}
