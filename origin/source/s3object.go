package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// s3Object is one revision of an object in a bucket.
type s3Object struct {
	meta
	src  *S3
	etag string // as sent; "" for stores that have none for this object
}

// Open implements Source. It asks with HEAD. The answers to HEAD have no body
// and so no error code; where the status alone proves nothing, a GET for the
// first byte tells whether it was the key, the bucket or the credentials.
func (s *S3) Open(ctx context.Context, key string) (Object, error) {
	const op = "source.S3.Open"
	if err := checkKey(op, key); err != nil {
		return nil, err
	}
	if len(s.prefix)+len(key) > maxS3Key {
		return nil, fault.E(op, fault.NotFound, errors.New("the key is longer than S3 allows"))
	}
	var o *s3Object
	err := s.timing.try(ctx, op, func(ctx context.Context) (err error) {
		answer, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: aws.String(s.prefix + key)})
		if err != nil {
			f := s3Fault(op, err)
			if fault.Is(f, fault.NotFound) && s.proven() {
				return f
			}
			switch statusOf(err) {
			case http.StatusNotFound, http.StatusForbidden, http.StatusBadRequest, http.StatusMethodNotAllowed:
				o, err = s.probe(ctx, op, key)
				return err
			}
			return f
		}
		if answer.ContentLength == nil {
			o, err = s.probe(ctx, op, key)
			return err
		}
		s.prove()
		o, err = s.object(op, key, *answer.ContentLength, answer.ETag, answer.LastModified)
		return err
	})
	if err != nil {
		return nil, err
	}
	return o, nil
}

// probe learns about the object, or why there is none, from a GET for its first
// byte.
func (s *S3) probe(ctx context.Context, op, key string) (*s3Object, error) {
	answer, err := s.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &s.bucket, Key: aws.String(s.prefix + key), Range: aws.String("bytes=0-0"),
	})
	if err != nil {
		f := s3Fault(op, err)
		if fault.Is(f, fault.NotFound) {
			s.prove()
		}
		return nil, f
	}
	answer.Body.Close()
	s.prove()
	if r, ok := parseContentRange(aws.ToString(answer.ContentRange)); ok && r.size >= 0 {
		return s.object(op, key, r.size, answer.ETag, answer.LastModified)
	}
	if answer.ContentRange != nil || answer.ContentLength == nil {
		return nil, unavailable(op, errAnswer)
	}
	return s.object(op, key, *answer.ContentLength, answer.ETag, answer.LastModified)
}

func (s *S3) object(op, key string, size int64, etag *string, modified *time.Time) (*s3Object, error) {
	o := &s3Object{src: s, meta: meta{key: key, size: size, modified: aws.ToTime(modified).UTC()}}
	if e := aws.ToString(etag); strongETag(e) {
		o.etag = e
	} else if modified == nil {
		return nil, fault.E(op, fault.Unsupported, errors.New("the store sends neither an ETag nor Last-Modified"))
	}
	if size < 0 {
		return nil, unavailable(op, errAnswer)
	}
	o.revision = revisionOf(o.etag, size, o.modified)
	return o, nil
}

// ReadAt implements Object.
func (o *s3Object) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	const op = "source.S3.ReadAt"
	p, end := o.clip(op, p, off)
	if len(p) == 0 {
		return 0, end
	}
	n, err := o.src.timing.read(ctx, op, p, off, func(ctx context.Context, off, n int64) (io.ReadCloser, error) {
		return o.stream(ctx, op, off, n)
	})
	if err != nil {
		return n, err
	}
	return n, end
}

// stream opens a range of this revision. The answer is checked as well: not
// every store heeds If-Match on a GET.
func (o *s3Object) stream(ctx context.Context, op string, off, n int64) (io.ReadCloser, error) {
	request := &s3.GetObjectInput{
		Bucket: &o.src.bucket,
		Key:    aws.String(o.src.prefix + o.key),
		Range:  aws.String("bytes=" + strconv.FormatInt(off, 10) + "-" + strconv.FormatInt(off+n-1, 10)),
	}
	// Without an ETag verify alone decides: stores that know the time of change
	// more finely than HTTP can say it fail every If-Unmodified-Since.
	if o.etag != "" {
		request.IfMatch = &o.etag
	}
	answer, err := o.src.client.GetObject(ctx, request)
	if err != nil {
		f := s3Fault(op, err)
		if fault.Is(f, fault.NotFound) {
			o.src.prove()
		}
		return nil, f
	}
	o.src.prove()
	if err := o.verify(op, answer, off, n); err != nil {
		answer.Body.Close()
		return nil, err
	}
	return limited{io.LimitReader(answer.Body, n), answer.Body}, nil
}

func (o *s3Object) verify(op string, answer *s3.GetObjectOutput, off, n int64) error {
	if got := aws.ToString(answer.ETag); o.etag != "" && got != o.etag {
		return fault.E(op, fault.Conflict, fmt.Errorf("ETag %q, was %q", got, o.etag))
	}
	if o.etag == "" && !aws.ToTime(answer.LastModified).Equal(o.modified) {
		return fault.E(op, fault.Conflict, errors.New("the object changed"))
	}
	r, ok := parseContentRange(aws.ToString(answer.ContentRange))
	if answer.ContentRange == nil {
		// Some stores answer a range that is everything with a plain 200.
		r, ok = contentRange{0, aws.ToInt64(answer.ContentLength) - 1, aws.ToInt64(answer.ContentLength)}, true
	}
	fits, changed := r.answers(off, n, o.size)
	switch {
	case ok && changed:
		return fault.E(op, fault.Conflict, errors.New("the size changed"))
	case !ok || !fits:
		return unavailable(op, fmt.Errorf("%w: Content-Range %q", errAnswer, aws.ToString(answer.ContentRange)))
	}
	return nil
}

// Close implements Object.
func (o *s3Object) Close() error { return nil }

// statusOf returns the HTTP status behind an SDK error, 0 for none.
func statusOf(err error) int {
	var r *awshttp.ResponseError
	if errors.As(err, &r) && r.Response != nil {
		return r.HTTPStatusCode()
	}
	return 0
}

// s3Fault maps an SDK error. The code decides where there is one, because a
// status means several things; whatever is not a clear word about the object is
// an outage.
func s3Fault(op string, err error) *fault.Error {
	code, status := "", statusOf(err)
	// What the SDK makes of the 404 to a HEAD. An answer to another method that is
	// no S3 error gets the same code, but not this type.
	var head *types.NotFound
	if errors.As(err, &head) {
		return fault.E(op, fault.NotFound, err)
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	switch code {
	case "NoSuchKey", "KeyTooLongError":
		return fault.E(op, fault.NotFound, err)
	case "NoSuchBucket", "NoSuchUpload", "InvalidBucketName", "PermanentRedirect", "AuthorizationHeaderMalformed",
		"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "InvalidSecurity",
		"RequestTimeTooSkewed", "RequestExpired", "NotSignedUp", "AccountProblem":
		// Our configuration, or the store's: nothing that is true of the object.
		return unavailable(op, err)
	case "AccessDenied", "AllAccessDisabled":
		return fault.E(op, fault.Forbidden, err)
	case "InvalidObjectState":
		return fault.E(op, fault.Unsupported, err).WithPublic("the image is archived and must be restored first")
	case "PreconditionFailed", "InvalidRange":
		return fault.E(op, fault.Conflict, err)
	}
	switch status {
	case http.StatusForbidden, http.StatusUnauthorized:
		return fault.E(op, fault.Forbidden, err)
	case http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		return fault.E(op, fault.Conflict, err)
	}
	return unavailable(op, err)
}
