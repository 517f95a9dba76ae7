// Package store keeps pyramids where the origin and the edge find them: in a
// folder or in a bucket of S3, R2 or the like.
//
// # Keys
//
// The pyramid of an image lies under one fixed key, which follows from the
// identifier alone (Key). Its revision is inside the file's head, and a reader
// pins what it reads by ETag. The alternative, a key per revision and a small
// pointer to the current one, was weighed against what follows from this:
//
//   - The edge, which knows nothing but the identifier, starts with one range
//     read that brings revision, geometry and tile tables. A pointer would cost a
//     second one, in sequence.
//   - Replacing is atomic, because a bucket replaces an object as a whole and a
//     folder renames. A pointer would be one more thing that can disagree.
//   - Whoever reads while it is replaced gets Conflict (412, in R2 an object
//     without body), drops the head that it holds and starts anew, once.
//   - There are no old revisions to find and delete, nor is there a way back to
//     them; who wants that turns on the bucket's versioning.
//
// # Guarantees
//
// A key holds nothing or one whole pyramid. A write that fails, or whose process
// or machine dies at any point, leaves at most a file *.part or an incomplete
// multipart upload, which no reader sees and Sweep removes. Once Commit returned,
// the pyramid is durable.
//
// It is not for rendered answers (see cache), nor for images (see source).
package store

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

// Config says where pyramids are kept.
type Config struct {
	// Spec is a folder, which is made when it is missing, s3://bucket/prefix or
	// r2://bucket/prefix. Required.
	Spec string
	// S3 reaches the bucket; its Bucket and Prefix come from Spec. The credentials
	// need s3:GetObject, s3:PutObject and s3:AbortMultipartUpload; Remove needs
	// s3:DeleteObject, and Sweep s3:ListBucketMultipartUploads.
	S3 source.S3Config
	// R2 is the same for r2://; see source.R2Config.
	R2 source.S3Config
	// PartSize is the size of the parts of an upload, in bytes. Default 8 MiB, for
	// pyramids up to 80 GB; at least 5 MiB, which stores demand. An upload holds
	// five parts in memory.
	PartSize int64
	// Tries is how often a request to the bucket is sent before it fails. Default
	// 5, which with the pauses in between rides out half a minute.
	Tries int
}

// Store is an open store. It is safe for concurrent use.
type Store struct {
	spec   string
	reader source.Source
	writer writer
}

// writer is what differs between kinds of stores.
type writer interface {
	create(ctx context.Context, key string) (Upload, error)
	remove(ctx context.Context, key string) error
	sweep(ctx context.Context, age time.Duration) (int, error)
	close()
}

// Upload is a pyramid that is being written; a pyramid.Sink. Its methods must not
// be called concurrently.
type Upload interface {
	// WriteAt takes the tiles in the order of the file, without gaps, and at last
	// the head at offset 0, as a pyramid.Writer gives them. It keeps no reference
	// to p. Anything else is Invalid.
	WriteAt(p []byte, off int64) (int, error)
	// Commit makes the pyramid durable and visible in place of the one before.
	// After a failure nothing has changed, unless the store does not say.
	Commit() error
	// Abort drops what was written; after Commit it does nothing.
	Abort() error
}

// Open opens the store that cfg describes. Nothing is sent to a bucket. It fails
// with Invalid for mistakes in cfg and Unavailable when a folder cannot be made.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	const op = "store.Open"
	spec, err := source.ParseSpec(cfg.Spec)
	if err != nil {
		return nil, fault.E(op, fault.Invalid, err)
	}
	s := &Store{spec: spec.String()}
	if name, prefix, r2, ok := spec.Bucket(); ok {
		c := cfg.S3
		if r2 {
			c = cfg.R2
		}
		c.Bucket, c.Prefix = name, prefix
		if s.reader, err = source.NewS3(ctx, c); err != nil {
			return nil, fault.E(op, fault.KindOf(err), err)
		}
		s.writer, err = newBucket(ctx, cfg, c)
		return s, err
	}
	if spec.Remote() {
		return nil, fault.New(op, fault.Invalid, "pyramids are stored in a folder, in s3://bucket/prefix or in r2://bucket/prefix")
	}
	if err := os.MkdirAll(s.spec, 0o755); err != nil {
		return nil, fault.E(op, fault.Unavailable, err).WithPublic("the folder of the store cannot be made")
	}
	if s.reader, err = source.NewDir(source.DirConfig{Path: s.spec}); err != nil {
		return nil, fault.E(op, fault.KindOf(err), err)
	}
	s.writer = &folder{root: s.spec}
	return s, nil
}

// String returns where the store is.
func (s *Store) String() string { return s.spec }

// Folder is where the keys of pyramids lie.
const Folder = "pyramids"

// prefix is what all keys begin with.
const prefix = pyramid.KeyPrefix

// Key returns the key of the pyramid of an image: pyramid.Key.
func Key(id iiif.Identifier) string { return pyramid.Key(id) }

// Create begins to write the pyramid of an image. ctx ends the upload at its next
// step. The caller must call Abort, also after Commit.
func (s *Store) Create(ctx context.Context, id iiif.Identifier) (Upload, error) {
	if id.String() == "" {
		return nil, fault.New("store.Create", fault.Invalid, "an identifier is missing")
	}
	return s.writer.create(ctx, Key(id))
}

// Remove deletes the pyramid of an image; that there is none is no failure.
func (s *Store) Remove(ctx context.Context, id iiif.Identifier) error {
	return s.writer.remove(ctx, Key(id))
}

// Sweep removes what interrupted writes left behind, and returns how much that
// was: files that nobody has touched for age (an hour is more than any write
// pauses), and uploads to a bucket that began as long ago but at least a day, as
// nothing tells whether they go on. An age of 0 is everything, also what is being
// written.
func (s *Store) Sweep(ctx context.Context, age time.Duration) (int, error) {
	return s.writer.sweep(ctx, age)
}

// Close releases connections and files.
func (s *Store) Close() error {
	s.writer.close()
	return s.reader.Close()
}

// Pyramid is one revision of a stored pyramid, open for reading.
type Pyramid struct {
	// Object reads the file, pinned: when it is replaced, reads give the old bytes
	// or Conflict.
	source.Object
	// Index is its head.
	Index *pyramid.Index
}

// Open opens the pyramid of an image and reads its head, with one request for the
// metadata and one for the head (two for images beyond a gigapixel). The caller
// closes it. Errors: NotFound when there is none, Corrupt or Unsupported when it
// is not whole or not ours, and the kinds of the store's failures.
func (s *Store) Open(ctx context.Context, id iiif.Identifier) (*Pyramid, error) {
	const op = "store.Open"
	obj, err := s.reader.Open(ctx, Key(id))
	if err != nil {
		return nil, fault.E(op, fault.KindOf(err), err)
	}
	x, err := readHead(ctx, obj)
	if err != nil {
		obj.Close()
		return nil, fault.E(op, fault.KindOf(err), err)
	}
	return &Pyramid{obj, x}, nil
}

// readHead reads the head of a pyramid.
func readHead(ctx context.Context, obj source.Object) (*pyramid.Index, error) {
	const op = "store.readHead"
	for want := int64(pyramid.FirstRead); ; {
		b := make([]byte, min(want, obj.Size()))
		if n, err := obj.ReadAt(ctx, b, 0); n < len(b) {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, fault.E(op, fault.KindOf(err), err)
		}
		x, need, err := pyramid.ParseHead(b)
		switch {
		case err != nil:
			return nil, err
		case x == nil && (int64(need) > obj.Size() || int64(need) <= want):
			return nil, fault.New(op, fault.Corrupt, "the pyramid is cut")
		case x == nil:
			want = int64(need)
			continue
		case x.Size() != obj.Size():
			return nil, fault.New(op, fault.Corrupt, "the pyramid is cut")
		}
		return x, nil
	}
}
