package publish

import (
	"context"
	"iter"

	"github.com/vitrine-iiif/vitrine/manifests/presentation"
)

// Target is where a publication lies: a folder or a prefix of a bucket. Paths are
// those of documents: relative, with slashes, without empty, "." or ".." parts.
// Failures are fault errors: NotFound, Conflict, Unavailable and so on.
// Implementations are safe for concurrent use.
type Target interface {
	// Lock keeps other publications out where the target can do that, until unlock
	// is called or the process ends. It fails with Conflict when one is running.
	Lock(ctx context.Context) (unlock func(), err error)
	// Get returns a document and its version, which Swap takes.
	Get(ctx context.Context, path string) (body []byte, version string, err error)
	// Put writes a document. Readers see the old one or the new one, whatever happens.
	Put(ctx context.Context, d presentation.Document) error
	// Swap is Put if the document still has that version; "" is that there is none.
	// Otherwise it fails with Conflict.
	Swap(ctx context.Context, d presentation.Document, version string) error
	// Delete removes documents; those that are not there are no error.
	Delete(ctx context.Context, paths []string) error
	// List yields every document.
	List(ctx context.Context) iter.Seq2[Stat, error]
}

// Stat is a document in a listing.
type Stat struct {
	Path string
	Size int64
}
