package source

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// S3Config configures an S3 source.
//
// The credentials need s3:GetObject. With s3:ListBucket as well the source can
// list, and it can tell absent from forbidden: without that permission S3
// answers 403 for a key that does not exist, which is Forbidden here too.
type S3Config struct {
	// Bucket is the bucket's name. Required.
	Bucket string
	// Prefix is put in front of every key, with a slash between. Default none.
	Prefix string
	// Endpoint is the URL of a store that is not AWS: R2, MinIO, Ceph and others.
	// Default: AWS, or what the AWS environment and profile say.
	Endpoint string
	// Region is the bucket's region. Default: what the AWS environment and
	// profile say, otherwise us-east-1, which other stores accept.
	Region string
	// PathStyle puts the bucket into the path instead of the host name, as most
	// stores outside of AWS need. Default false.
	PathStyle bool
	// AccessKey and Secret are static credentials; both or none. Default: the
	// AWS credential chain (environment, profile, container or instance role).
	AccessKey, Secret string
	// Anonymous sends unsigned requests, for public buckets. Default false.
	Anonymous bool
	// Timing bounds the waiting; see its fields.
	Timing Timing
}

// maxS3Key bounds a key in bytes, with its prefix (S3 user guide, object keys).
const maxS3Key = 1024

// proofAge is how long one proof that the bucket exists is good for.
const proofAge = 30 * time.Second

// S3 is a Source and a Lister that reads from a bucket.
type S3 struct {
	client *s3.Client
	http   *http.Client
	bucket string
	prefix string // "" or ending in a slash
	timing Timing
	seen   atomic.Int64 // Unix nanoseconds of the last proof that the bucket exists
}

// NewS3 makes an S3 source. Nothing is sent to the bucket. Invalid names a
// mistake in cfg.
func NewS3(ctx context.Context, cfg S3Config) (*S3, error) {
	const op = "source.NewS3"
	prefix := strings.Trim(cfg.Prefix, "/")
	switch {
	case !validBucket(cfg.Bucket):
		return nil, fault.New(op, fault.Invalid, "the bucket's name is not valid")
	case prefix != "" && !validKey(prefix):
		return nil, fault.New(op, fault.Invalid, "the prefix of the bucket is not a valid path")
	case (cfg.AccessKey == "") != (cfg.Secret == ""):
		return nil, fault.New(op, fault.Invalid, "the S3 access key and its secret must be set together")
	case cfg.Anonymous && cfg.AccessKey != "":
		return nil, fault.New(op, fault.Invalid, "S3 access is either anonymous or by a key, not both")
	}
	if cfg.Endpoint != "" {
		if _, err := parseBase(cfg.Endpoint); err != nil {
			return nil, fault.E(op, fault.Invalid, err).WithPublic("the S3 endpoint must be a URL, https:// or http://")
		}
	}
	if prefix != "" {
		prefix += "/"
	}
	timing := cfg.Timing.withDefaults()
	// One connection for each read, as in newTransport. AWS_CA_BUNDLE and proxies
	// from the environment work: the administrator chose this endpoint.
	client := awshttp.NewBuildableClient().WithDialerOptions(func(d *net.Dialer) {
		d.Timeout = dialTimeout
	}).WithTransportOptions(func(t *http.Transport) {
		t.ForceAttemptHTTP2 = false
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP1(true)
		t.TLSHandshakeTimeout = dialTimeout
		t.MaxIdleConns = 0
		t.MaxIdleConnsPerHost = 32
		t.IdleConnTimeout = 30 * time.Second
		t.DisableCompression = true
	})
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithDefaultRegion("us-east-1"),
		// Timing tries again, and knows when to stop.
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		// Checksums of ranges do not exist, and stores outside of AWS refuse the
		// newer headers.
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
		config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired),
	}
	if cfg.Region != "" {
		options = append(options, config.WithRegion(cfg.Region))
	}
	switch {
	case cfg.Anonymous:
		options = append(options, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	case cfg.AccessKey != "":
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(cfg.AccessKey, cfg.Secret, "")))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fault.E(op, fault.Invalid, err).WithPublic("the AWS configuration cannot be loaded")
	}
	// The client that came out of loading has the CA bundle; it is unwrapped
	// because only so can its connections be closed.
	if b, ok := loaded.HTTPClient.(*awshttp.BuildableClient); ok {
		client = b
	}
	unwrapped := &http.Client{Transport: client.GetTransport(), CheckRedirect: followTemporary}
	return &S3{
		client: s3.NewFromConfig(loaded, func(o *s3.Options) {
			o.HTTPClient = unwrapped
			o.UsePathStyle = cfg.PathStyle
			if cfg.Endpoint != "" {
				o.BaseEndpoint = aws.String(cfg.Endpoint)
			}
			o.DisableLogOutputChecksumValidationSkipped = true
		}),
		http:   unwrapped,
		bucket: cfg.Bucket,
		prefix: prefix,
		timing: timing,
	}, nil
}

// followTemporary follows the redirects that S3 means (307 for young buckets); a
// permanent one is a mistake in the configuration that is to be reported.
func followTemporary(req *http.Request, via []*http.Request) error {
	status := req.Response.StatusCode
	if len(via) > maxRedirects || status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect {
		return http.ErrUseLastResponse
	}
	return nil
}

// Check implements Source. It asks for a key that is not there: the answer shows
// that the store is up, that the credentials are good and that the bucket exists,
// with no permission beyond the one that reading needs.
func (s *S3) Check(ctx context.Context) error {
	const op = "source.S3.Check"
	return s.timing.try(ctx, op, func(ctx context.Context) error {
		_, err := s.client.GetObject(ctx, &s3.GetObjectInput{
			Bucket: &s.bucket, Key: aws.String(s.prefix + ".vitrine-check"), Range: aws.String("bytes=0-0"),
		})
		if err == nil {
			return nil
		}
		f := s3Fault(op, err)
		switch fault.KindOf(f) {
		case fault.NotFound, fault.Forbidden, fault.Conflict:
			return nil
		}
		return f
	})
}

// Close implements Source.
func (s *S3) Close() error {
	s.http.CloseIdleConnections()
	return nil
}

// List implements Lister with ListObjectsV2, 1000 keys at a time; a search reads
// at most ten such pages for one of its own.
func (s *S3) List(ctx context.Context, q Query) (Page, error) {
	const (
		op       = "source.S3.List"
		maxPages = 10
	)
	var (
		page    Page
		last    string
		match   = q.matcher()
		request = &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.prefix + q.Prefix), MaxKeys: aws.Int32(1000)}
	)
	if q.After != "" {
		request.StartAfter = aws.String(s.prefix + q.After)
	}
	for range maxPages {
		var answer *s3.ListObjectsV2Output
		err := s.timing.try(ctx, op, func(ctx context.Context) (err error) {
			if answer, err = s.client.ListObjectsV2(ctx, request); err != nil {
				return s3Fault(op, err)
			}
			return nil
		})
		if err != nil {
			return Page{}, err
		}
		s.prove()
		for i := range answer.Contents {
			o := &answer.Contents[i]
			key, ok := strings.CutPrefix(aws.ToString(o.Key), s.prefix)
			if !ok || key <= q.After {
				continue
			}
			last = key
			if unnameable(key) && match(key) && len(page.Refused) < maxRefused {
				page.Refused = append(page.Refused, Refusal{key, fault.E(op, fault.NotFound, errUnnameable)})
			}
			if !listed(key) || !match(key) {
				continue
			}
			if len(page.Entries) == q.limit() {
				page.Next = page.Entries[len(page.Entries)-1].Key
				return page, nil
			}
			page.Entries = append(page.Entries, Entry{Key: key, Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified)})
		}
		if !aws.ToBool(answer.IsTruncated) || aws.ToString(answer.NextContinuationToken) == "" {
			return page, nil
		}
		request.StartAfter, request.ContinuationToken = nil, answer.NextContinuationToken
	}
	page.Next = last
	return page, nil
}

// prove notes that the bucket answered.
func (s *S3) prove() { s.seen.Store(time.Now().UnixNano()) }

// proven reports whether the bucket answered lately, so that a 404 without an
// error code is about the key.
func (s *S3) proven() bool { return time.Since(time.Unix(0, s.seen.Load())) < proofAge }
