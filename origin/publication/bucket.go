// Package publication keeps published documents in a bucket of S3, R2 or the like,
// where the edge reads them; package publish does the rest, and has the folder.
package publication

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/manifests/publish"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const (
	tries = 5
	// maxBody bounds a document that is read back.
	maxBody = 256 << 20
	// deleteBatch is what one request may delete (S3 API, DeleteObjects).
	deleteBatch = 1000
)

// Bucket is a publish.Target below a prefix of a bucket. It is safe for concurrent use.
type Bucket struct {
	client       *s3.Client
	http         *awshttp.BuildableClient
	name, prefix string // prefix is "" or ends in a slash
}

var _ publish.Target = (*Bucket)(nil)

// Open makes a Bucket; nothing is sent. c names bucket and prefix. The credentials need
// s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket.
func Open(ctx context.Context, c source.S3Config) (*Bucket, error) {
	client, conn, err := store.Client(ctx, c, tries)
	if err != nil {
		return nil, fault.E("publication.Open", fault.Invalid, err).WithPublic("the AWS configuration cannot be loaded")
	}
	b := &Bucket{client: client, http: conn, name: c.Bucket, prefix: strings.Trim(c.Prefix, "/")}
	if b.prefix != "" {
		b.prefix += "/"
	}
	return b, nil
}

// Close releases connections.
func (b *Bucket) Close() error {
	b.http.GetTransport().CloseIdleConnections()
	return nil
}

// Lock does nothing: a bucket has no locks. Two publications at one time end with
// Conflict for the one that swaps the state last, and the next one mends what they
// wrote.
func (b *Bucket) Lock(context.Context) (func(), error) { return func() {}, nil }

func (b *Bucket) key(path string) *string { return aws.String(b.prefix + path) }

// Get reads a document; its version is the ETag.
func (b *Bucket) Get(ctx context.Context, path string) ([]byte, string, error) {
	d, err := b.read(ctx, path)
	return d.Body, d.Version, err
}

func (b *Bucket) read(ctx context.Context, path string) (Document, error) {
	const op = "publication.Get"
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: b.key(path)})
	if err != nil {
		return Document{}, bucketFault(ctx, op, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(io.LimitReader(out.Body, maxBody+1))
	if err != nil {
		return Document{}, fault.E(op, fault.Unavailable, err)
	}
	if len(body) > maxBody {
		return Document{}, fault.New(op, fault.Unsupported, path+" is too large")
	}
	return Document{Body: body, MediaType: aws.ToString(out.ContentType), Version: aws.ToString(out.ETag)}, nil
}

// Put writes a document; a bucket replaces objects as a whole.
func (b *Bucket) Put(ctx context.Context, d presentation.Document) error {
	return b.put(ctx, "publication.Put", d, nil)
}

// Swap writes with If-Match or If-None-Match.
func (b *Bucket) Swap(ctx context.Context, d presentation.Document, version string) error {
	return b.put(ctx, "publication.Swap", d, &version)
}

func (b *Bucket) put(ctx context.Context, op string, d presentation.Document, version *string) error {
	in := &s3.PutObjectInput{Bucket: &b.name, Key: b.key(d.Path), Body: bytes.NewReader(d.Body),
		ContentLength: aws.Int64(int64(len(d.Body))), ContentType: aws.String(d.MediaType)}
	switch {
	case version != nil && *version == "":
		in.IfNoneMatch = aws.String("*")
	case version != nil:
		in.IfMatch = version
	}
	if _, err := b.client.PutObject(ctx, in); err != nil {
		return bucketFault(ctx, op, err)
	}
	return nil
}

// Delete removes documents in batches.
func (b *Bucket) Delete(ctx context.Context, paths []string) error {
	const op = "publication.Delete"
	for len(paths) > 0 {
		batch := paths[:min(len(paths), deleteBatch)]
		paths = paths[len(batch):]
		var ids []types.ObjectIdentifier
		for _, p := range batch {
			ids = append(ids, types.ObjectIdentifier{Key: b.key(p)})
		}
		out, err := b.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b.name, Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)}})
		if err != nil {
			return bucketFault(ctx, op, err)
		}
		if len(out.Errors) > 0 {
			return fault.E(op, fault.Unavailable, errors.New(aws.ToString(out.Errors[0].Message)))
		}
	}
	return nil
}

// List yields every document below the prefix.
func (b *Bucket) List(ctx context.Context) iter.Seq2[publish.Stat, error] {
	return func(yield func(publish.Stat, error) bool) {
		pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: aws.String(b.prefix)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(publish.Stat{}, bucketFault(ctx, "publication.List", err))
				return
			}
			for _, o := range page.Contents {
				s := publish.Stat{Path: strings.TrimPrefix(aws.ToString(o.Key), b.prefix), Size: aws.ToInt64(o.Size)}
				if !yield(s, nil) {
					return
				}
			}
		}
	}
}

// bucketFault maps an SDK error.
func bucketFault(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return fault.E(op, fault.Canceled, context.Cause(ctx))
	}
	var response *awshttp.ResponseError
	if !errors.As(err, &response) {
		return fault.E(op, fault.Unavailable, err)
	}
	var noBucket *types.NoSuchBucket
	if api := smithy.APIError(nil); errors.As(err, &api) && api.ErrorCode() == "KeyTooLongError" {
		return fault.E(op, fault.NotFound, err)
	}
	switch response.HTTPStatusCode() {
	case http.StatusNotFound:
		if errors.As(err, &noBucket) {
			return fault.E(op, fault.Unavailable, err).WithPublic("the bucket does not exist")
		}
		return fault.E(op, fault.NotFound, err)
	case http.StatusForbidden, http.StatusUnauthorized:
		return fault.E(op, fault.Forbidden, err)
	case http.StatusPreconditionFailed, http.StatusConflict:
		return fault.E(op, fault.Conflict, err).WithPublic("another publication changed the same target")
	}
	return fault.E(op, fault.Unavailable, err)
}
