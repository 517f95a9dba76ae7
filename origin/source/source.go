// Package source finds and reads the stored images of an origin: files of a
// folder, objects of an S3 bucket, or files of an HTTP server.
//
// What it guarantees:
//   - Open reads metadata only, and an Object reads one revision: when the stored
//     file is replaced, its Object answers with the old bytes or with Conflict,
//     never with a mixture.
//   - NotFound is a proven absence. An outage, a missing bucket, an unmounted
//     folder or an answer that makes no sense is Unavailable, and it is reported
//     within Timing.Total (2.5 s) of silence, so that the server can answer 503
//     within three seconds.
//   - Keys never leave the source: they are validated here, whatever the caller
//     did, and a folder is read through os.Root.
//   - Memory is bounded by configuration, whatever the stored files claim.
//
// Failures are *fault.Error of kind NotFound, Forbidden, Conflict, Unavailable,
// Unsupported, Canceled, Timeout or, for a mistake in the configuration,
// Invalid. io.EOF is returned bare, as io.ReaderAt demands.
//
// The package is not for writing, nor for recognising what a file holds.
package source

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Source finds stored objects. Implementations are safe for concurrent use.
type Source interface {
	// Open resolves a key to its present revision. It reads metadata only. The
	// caller closes the Object.
	Open(ctx context.Context, key string) (Object, error)
	// Check reports whether the source can be reached, within ctx and at most
	// Timing.Total.
	Check(ctx context.Context) error
	// Close releases connections and memory. Objects must be closed before.
	Close() error
}

// Object is one revision of one stored file; safe for concurrent use.
type Object interface {
	// Key returns the key that the object was opened with.
	Key() string
	// Size returns the length in bytes.
	Size() int64
	// Modified returns when the file was last changed; zero when unknown.
	Modified() time.Time
	// Revision returns 16 characters of lower-case base32 that change when the
	// file does: a hash of the ETag, or of the size and the time of change.
	Revision() string
	// ReadAt is io.ReaderAt with a context. A file that changed since Open gives
	// Conflict; one that vanished gives NotFound (or its old bytes).
	ReadAt(ctx context.Context, p []byte, off int64) (int, error)
	// Close releases the object. Closing twice is allowed.
	Close() error
}

// Witness is implemented by objects that may be able to tell, for the price of a
// system call and without waiting for anything, that they are the newest revision.
type Witness interface {
	// Newest reports whether the key still names this very revision. It may be
	// called after Close. False proves nothing: only Open tells what there is now.
	Newest() bool
}

// Filed is implemented by objects that may be open files of this machine.
type Filed interface {
	// File returns the file, which is open until Close, for reading at offsets
	// only. What is read is of this revision if File succeeds before and after;
	// it fails with Conflict when the file was rewritten in place, and with
	// Unsupported when there is none, or one of a file server, whose reads may
	// wait for ever.
	File() (*os.File, error)
}

// Lister is implemented by sources that can enumerate their images.
type Lister interface {
	// List returns one page of image keys in the byte order of the keys. Only
	// names with an image extension are listed, and nothing hidden: no segment
	// of a key starts with a dot.
	List(ctx context.Context, q Query) (Page, error)
}

// Query selects a page of a listing.
type Query struct {
	// Prefix limits the listing to keys that start with it; "" is everything.
	Prefix string
	// After is exclusive: listing starts with the first key behind it. Pass the
	// Next of the page before.
	After string
	// Contains limits the listing to keys that contain it, ignoring case.
	Contains string
	// Limit is the greatest number of entries, 1 … 1000; 0 means 100.
	Limit int
}

// Page is a part of a listing.
type Page struct {
	// Entries may be fewer than asked for, even none, while Next is not empty: a
	// search stops after a bounded amount of work.
	Entries []Entry
	// Next is the After of the following page, "" at the end.
	Next string
	// Truncated says that the source holds more than it lists (see
	// DirConfig.ListMax).
	Truncated bool
	// Refused is what would be listed if it could be opened, in no order and each on
	// any one page, up to 1000 of a page: for those who must not pass over an image in
	// silence.
	Refused []Refusal
}

// Refusal is a file that has the extension of an image, or a folder, which Open
// would refuse: its name is no key, it may not be read, or it is a link that leads
// nowhere, in circles or out of the source.
type Refusal struct {
	// Name is as the source spells it; it may hold any bytes.
	Name string
	// Err says why.
	Err error
}

// maxRefused bounds the refusals of a page.
const maxRefused = 1000

// errUnnameable is about keys that hasImageExtension takes and validKey does not.
var errUnnameable = errors.New("its name cannot be an identifier: it has a control character, a backslash, an empty part or bytes that are no UTF-8")

// Entry is one listed file.
type Entry struct {
	// Key opens the file.
	Key string
	// Size is its length in bytes.
	Size int64
	// Modified is the time of its last change.
	Modified time.Time
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// limit returns q.Limit within its bounds.
func (q Query) limit() int {
	switch {
	case q.Limit <= 0:
		return defaultLimit
	case q.Limit > maxLimit:
		return maxLimit
	}
	return q.Limit
}

// Reader binds ctx to obj, for decoders that take an io.ReaderAt.
func Reader(ctx context.Context, obj Object) io.ReaderAt { return reader{ctx, obj} }

type reader struct {
	ctx context.Context
	obj Object
}

// ReadAt implements io.ReaderAt.
func (r reader) ReadAt(p []byte, off int64) (int, error) { return r.obj.ReadAt(r.ctx, p, off) }

// meta is what is known about an object after Open; implementations embed it.
type meta struct {
	key      string
	size     int64
	modified time.Time
	revision string
}

func (m *meta) Key() string         { return m.key }
func (m *meta) Size() int64         { return m.size }
func (m *meta) Modified() time.Time { return m.modified }
func (m *meta) Revision() string    { return m.revision }

// clip applies the rules of io.ReaderAt to a read of len(p) bytes at off: it
// returns the part of p that the object can fill and the error to return once
// it is filled, io.EOF when that is less than p. An empty part with a nil error
// is a read of nothing.
func (m *meta) clip(op string, p []byte, off int64) ([]byte, error) {
	switch {
	case off < 0:
		return nil, fault.New(op, fault.Internal, "negative offset")
	case len(p) == 0:
		return nil, nil
	case off >= m.size:
		return nil, io.EOF
	case int64(len(p)) > m.size-off:
		return p[:m.size-off], io.EOF
	}
	return p, nil
}

// revisionOf hashes what identifies a revision: the ETag when there is a strong
// one, otherwise size and time of change. 80 bits are enough to tell revisions
// of one key apart and short enough for names of files.
func revisionOf(etag string, size int64, modified time.Time) string {
	id := "etag\x00" + etag
	if etag == "" {
		id = "time\x00" + strconv.FormatInt(size, 10) + "\x00" + strconv.FormatInt(modified.UnixNano(), 10)
	}
	sum := sha256.Sum256([]byte(id))
	return revisionCoding.EncodeToString(sum[:10])
}

// revisionCoding writes revisions: letters and digits that no file system and no
// URL treats specially, without regard to case.
var revisionCoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
