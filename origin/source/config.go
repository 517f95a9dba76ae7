package source

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Config chooses and configures a source.
type Config struct {
	// Spec says where the images are: a folder ("images", "/srv/images"),
	// "s3://bucket/prefix", "r2://bucket/prefix", "https://host/path" or
	// "http://host/path". Required.
	Spec string
	// Dir is used when Spec is a folder.
	Dir DirConfig
	// S3 is used when Spec is s3://; its Bucket and Prefix come from Spec.
	S3 S3Config
	// R2 is used when Spec is r2://; see R2Config.
	R2 S3Config
	// HTTP is used when Spec is http(s)://; its Base comes from Spec.
	HTTP HTTPConfig
	// Buffer is the block cache in front of S3 and HTTP. Folders have none: the
	// system's page cache does the same.
	Buffer BufferConfig
}

// New makes the source that cfg.Spec names. Nothing is sent to a remote source
// (see Source.Check); a folder must exist. A source that can enumerate its
// images implements Lister as well.
func New(ctx context.Context, cfg Config) (Source, error) {
	spec, err := ParseSpec(cfg.Spec)
	if err != nil {
		return nil, err
	}
	switch spec.kind {
	case kindS3, kindR2:
		c := cfg.S3
		if spec.kind == kindR2 {
			c = cfg.R2
		}
		c.Bucket, c.Prefix = spec.bucket, spec.prefix
		src, err := NewS3(ctx, c)
		if err != nil {
			return nil, err
		}
		return Buffered(src, cfg.Buffer), nil
	case kindHTTP:
		c := cfg.HTTP
		c.Base = spec.base
		src, err := NewHTTP(c)
		if err != nil {
			return nil, err
		}
		return Buffered(src, cfg.Buffer), nil
	}
	c := cfg.Dir
	c.Path = spec.dir
	return NewDir(c)
}

// Timing bounds how long a remote source may keep a caller waiting.
type Timing struct {
	// Attempt is how long one attempt may be silent: to the head of the answer,
	// and between two pieces of its body. Default 1.5 s: far above the first
	// byte of any healthy object store, and it leaves room for a second attempt.
	Attempt time.Duration
	// Total is how long all attempts together may be silent: from the call, or
	// from the last byte that arrived, to giving up. Default 2.5 s, so that an
	// outage is answered within three.
	Total time.Duration
	// Tries is the greatest number of attempts without progress. Default 3.
	Tries int
	// Read bounds one ReadAt as a whole, against bytes that trickle. Default 60 s.
	Read time.Duration
}

func (t Timing) withDefaults() Timing {
	if t.Attempt <= 0 {
		t.Attempt = 1500 * time.Millisecond
	}
	if t.Total <= 0 {
		t.Total = 2500 * time.Millisecond
	}
	if t.Tries <= 0 {
		t.Tries = 3
	}
	if t.Read <= 0 {
		t.Read = time.Minute
	}
	return t
}

type kind uint8

const (
	kindDir kind = iota
	kindS3
	kindR2
	kindHTTP
)

// Spec is a parsed Config.Spec; only ParseSpec makes one.
type Spec struct {
	kind           kind
	dir            string
	bucket, prefix string
	base           string
}

// String returns the spec in its normal spelling.
func (s Spec) String() string {
	switch s.kind {
	case kindS3:
		return "s3://" + s.bucket + "/" + s.prefix
	case kindR2:
		return "r2://" + s.bucket + "/" + s.prefix
	case kindHTTP:
		return s.base
	}
	return s.dir
}

// Remote reports whether the source is reached over a network.
func (s Spec) Remote() bool { return s.kind != kindDir }

// Bucket returns the bucket and the prefix of an s3:// or r2:// spec, and whether it
// is an r2:// one; ok tells whether it is either.
func (s Spec) Bucket() (bucket, prefix string, r2, ok bool) {
	return s.bucket, s.prefix, s.kind == kindR2, s.kind == kindS3 || s.kind == kindR2
}

// ParseSpec parses the notation of Config.Spec. Anything without "://" is a
// folder. The prefix of a bucket and the path of a URL are whole segments:
// "s3://b/scans" means the objects below "scans/", not those of "scans2/".
// Invalid names the mistake.
func ParseSpec(spec string) (Spec, error) {
	const op = "source.ParseSpec"
	scheme, rest, found := strings.Cut(spec, "://")
	if !found {
		if spec == "" || strings.ContainsRune(spec, 0) {
			return Spec{}, fault.New(op, fault.Invalid, "the source is empty or holds a NUL")
		}
		return Spec{kind: kindDir, dir: spec}, nil
	}
	switch strings.ToLower(scheme) {
	case "s3", "r2":
		bucket, prefix, _ := strings.Cut(rest, "/")
		if !validBucket(bucket) {
			return Spec{}, fault.New(op, fault.Invalid, "the source needs a bucket: "+strings.ToLower(scheme)+"://bucket/prefix")
		}
		prefix = strings.Trim(prefix, "/")
		if prefix != "" && !validKey(prefix) {
			return Spec{}, fault.New(op, fault.Invalid, "the prefix of the bucket is not a valid path")
		}
		k := kindS3
		if strings.EqualFold(scheme, "r2") {
			k = kindR2
		}
		return Spec{kind: k, bucket: bucket, prefix: prefix}, nil
	case "http", "https":
		base, err := parseBase(spec)
		if err != nil {
			return Spec{}, err
		}
		return Spec{kind: kindHTTP, base: base.String()}, nil
	}
	return Spec{}, fault.New(op, fault.Invalid, "the source must be a folder, s3://, r2://, https:// or http://")
}

// validBucket accepts what S3 stores accept, in the widest reading: 3 to 255
// letters, digits, dots, hyphens and underscores.
func validBucket(b string) bool {
	if len(b) < 3 || len(b) > 255 || b == "..." {
		return false
	}
	for _, c := range []byte(b) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// parseBase parses the base URL of an HTTP source: a scheme, a host in ASCII and
// a path that ends in a slash. Credentials, queries and fragments are refused:
// the first belong into a header, the others have no meaning below a base.
func parseBase(s string) (*url.URL, error) {
	const op = "source.ParseSpec"
	u, err := url.Parse(s)
	if err != nil {
		return nil, fault.New(op, fault.Invalid, "the source is not a valid URL")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fault.New(op, fault.Invalid, "the source must be https:// or http://")
	case u.User != nil:
		return nil, fault.New(op, fault.Invalid, "the source holds credentials; put them into a header")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(s, "#"):
		return nil, fault.New(op, fault.Invalid, "the source must not have a query or a fragment")
	case !validHost(u.Hostname()) || !validPort(u.Port()) || strings.HasSuffix(u.Host, ":"):
		return nil, fault.New(op, fault.Invalid, "the source needs a host name in ASCII")
	}
	if p := strings.Trim(u.Path, "/"); p != "" && !validKey(p) {
		return nil, fault.New(op, fault.Invalid, "the path of the source is not valid")
	}
	u.Host = strings.ToLower(u.Host)
	if !strings.HasSuffix(u.Path, "/") {
		u = u.JoinPath("/")
	}
	return u, nil
}
