package store

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const (
	defaultPart  = 8 << 20
	minPart      = 5 << 20 // S3 user guide, multipart upload limits
	maxParts     = 10000
	defaultTries = 5
	// mark is the metadata that tells whose object it is.
	mark = "vitrine-upload"
)

// bucket writes pyramids to S3.
type bucket struct {
	client       *s3.Client
	http         *awshttp.BuildableClient
	name, prefix string // prefix is "" or ends in a slash
	part         int64
}

// newBucket makes a client that, unlike that of a source, tries long: nobody waits
// for an answer.
func newBucket(ctx context.Context, cfg Config, c source.S3Config) (*bucket, error) {
	const op = "store.Open"
	b := &bucket{name: c.Bucket, prefix: c.Prefix, part: cfg.PartSize}
	if b.prefix != "" {
		b.prefix += "/"
	}
	tries := cfg.Tries
	if tries <= 0 {
		tries = defaultTries
	}
	if b.part == 0 {
		b.part = defaultPart
	}
	if b.part < minPart || b.part > 1<<30 {
		return nil, fault.New(op, fault.Invalid, "the size of a part must be 5 MiB to 1 GiB")
	}
	var err error
	b.client, b.http, err = Client(ctx, c, tries)
	if err != nil {
		return nil, fault.E(op, fault.Invalid, err).WithPublic("the AWS configuration cannot be loaded")
	}
	return b, nil
}

func (b *bucket) create(ctx context.Context, key string) (Upload, error) {
	if err := ctx.Err(); err != nil {
		return nil, bucketFault(ctx, "store.Create", err)
	}
	u := &objectUpload{bucket: b, key: b.prefix + key, nonce: rand.Text()}
	u.ctx, u.cancel = context.WithCancelCause(ctx)
	u.flight = make(chan struct{}, inFlight)
	return u, nil
}

func (b *bucket) remove(ctx context.Context, key string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: aws.String(b.prefix + key)})
	if err != nil {
		return bucketFault(ctx, "store.Remove", err)
	}
	return nil
}

// sweep aborts old uploads. Their parts are paid for, but show up nowhere.
func (b *bucket) sweep(ctx context.Context, age time.Duration) (int, error) {
	const op = "store.Sweep"
	n := 0
	request := &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: aws.String(b.prefix + prefix)}
	for {
		page, err := b.client.ListMultipartUploads(ctx, request)
		if err != nil {
			return n, bucketFault(ctx, op, err)
		}
		for _, u := range page.Uploads {
			if u.Initiated == nil || time.Since(*u.Initiated) < max(age, minUploadAge) && age > 0 {
				continue
			}
			_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: u.Key, UploadId: u.UploadId})
			if err == nil {
				n++
			}
		}
		if !aws.ToBool(page.IsTruncated) || aws.ToString(page.NextKeyMarker) == aws.ToString(request.KeyMarker) {
			return n, nil
		}
		request.KeyMarker, request.UploadIdMarker = page.NextKeyMarker, page.NextUploadIdMarker
	}
}

// minUploadAge is how long an upload may take: a bucket tells when it began, not
// when its last part came.
const minUploadAge = 24 * time.Hour

func (b *bucket) close() { b.http.GetTransport().CloseIdleConnections() }

// bucketFault maps an SDK error.
func bucketFault(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		cause := context.Cause(ctx)
		return fault.E(op, fault.KindOf(cause), cause)
	}
	switch code := codeOf(err); code {
	case "AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return fault.E(op, fault.Forbidden, err)
	case "EntityTooLarge", "KeyTooLongError":
		return fault.E(op, fault.Unsupported, err)
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) && (response.HTTPStatusCode() == http.StatusForbidden || response.HTTPStatusCode() == http.StatusUnauthorized) {
		return fault.E(op, fault.Forbidden, err)
	}
	return fault.E(op, fault.Unavailable, err)
}

// codeOf returns the S3 error code of err, "" for none.
func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}
