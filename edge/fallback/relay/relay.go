// Package relay answers what the edge cannot answer from its own storage: it asks
// the origin, and when the origin fails it serves what was rendered before.
//
// It is an ordinary http.Handler without any binding to a platform: the origin,
// the bucket and what runs after the answer come from outside, so that all of it
// is tested natively. The clock is the one of package time.
//
// Guarantees: no request waits longer than Config.Total for the head of an
// answer; an answer that is small enough to be held is either whole or not sent;
// a failure is 503 with Retry-After, never stored by caches, and readable by
// scripts of other sites; what the client says about hosts, proxies and
// credentials does not reach the origin. A Relay keeps nothing between requests,
// since in a Worker nothing may pass from one to another.
//
// It is not for tiles of pyramids, which never come here.
package relay

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// The headers by which the part of the edge that plans tells what it knows of a
// request. They are not forwarded.
const (
	// KeyHeader holds the key under which the rendered result may lie in the bucket.
	KeyHeader = "X-Vitrine-Key"
	// RevisionHeader holds the current revision of the image, where it is known.
	RevisionHeader = "X-Vitrine-Revision"
	// OlderHeader holds the URL under which the cache may have an answer that is good
	// enough when the origin fails.
	OlderHeader = "X-Vitrine-Older"
	// SecretHeader proves to the origin that its edge asks.
	SecretHeader = "X-Vitrine-Edge"
	// SourceHeader tells in the answer that it is not from the origin: "rendered" is
	// from the bucket and current, "stale" from the bucket or the cache because the
	// origin failed.
	SourceHeader = "X-Vitrine-Source"
)

// Config are the settings of a Relay.
type Config struct {
	// Public is the URL that viewers use, as in info.json. Required.
	Public *url.URL
	// Origin is the URL of the origin. Nil means that there is none: only what lies
	// in the bucket is served.
	Origin *url.URL
	// Secret is sent to the origin, which can refuse everyone without it. Default: none.
	Secret string

	// Style names the settings of the origin that change pixels. A result of another
	// style is not current. Default "".
	Style string

	// Attempts is how often the origin is asked at most. Default 3.
	Attempts int
	// Attempt is how long one attempt may take until the head of the answer is there.
	// Default 10 s: above the slowest rendering that a viewer would wait for.
	Attempt time.Duration
	// Total is how long all attempts may take together. Default 25 s.
	Total time.Duration
	// Pause is the mean pause before the second attempt; it doubles each time and
	// varies by half, so that many edges do not come back at the same moment.
	// Default 150 ms.
	Pause time.Duration
	// Hold is the size, in bytes, up to which an answer is received before it is
	// sent on, so that one that breaks off can be asked for again. Larger ones are
	// streamed. Default 1 MiB; a Worker has 128 MB for all its requests.
	Hold int64

	// StaleFor is the max-age of an answer that is served because the origin
	// failed. Default 60 s: soon after the end of an outage it is forgotten.
	StaleFor time.Duration
	// RetryAfter is what 503 answers suggest, in whole seconds. Default 5 s.
	RetryAfter time.Duration

	// Keep says which rendered results are written to the bucket.
	Keep Keep
}

// Keep is a policy for rendered results.
type Keep struct {
	// On turns it on. Default off: anyone can make up regions without end, each
	// costs a write ($4.50 per million) and room for ever, while Cloudflare's cache
	// keeps what is asked for often at no price. It is worth it where images have no
	// pyramids, or the origin sleeps.
	On bool
	// MaxBytes is the largest result that is kept, at most Config.Hold. Default 512 KiB.
	MaxBytes int64
	// MaxPerImage is how many results of an image are kept, 1 to 1000. Default 200.
	// The count is taken by a listing before each write, at the price of a write.
	MaxPerImage int
}

// Origin sends requests to the origin.
type Origin interface {
	// Do sends a request and returns when the head of the answer is there. It
	// follows no redirects and stores nothing. The end of ctx ends the request, the
	// reading of the body included. A Body with a method Bytes(context.Context)
	// ([]byte, error) is read by that. ContentLength is -1 when it is unknown.
	Do(ctx context.Context, method, url string, header http.Header) (*http.Response, error)
}

// Bucket keeps rendered results. Failures are *fault.Error; an absent object is NotFound.
type Bucket interface {
	// Get returns an object.
	Get(ctx context.Context, key string) (Object, error)
	// Put writes an object as a whole.
	Put(ctx context.Context, key string, o Object) error
	// Count returns how many objects have the prefix, at most limit (1 to 1000).
	Count(ctx context.Context, prefix string, limit int) (int, error)
}

// Cache is the cache of the data centre, which keeps what was answered.
type Cache interface {
	// Match returns what lies under a URL; nothing there is NotFound.
	Match(ctx context.Context, url string) (Object, error)
}

// Object is a rendered result with what is known of it.
type Object struct {
	// Body is the file.
	Body []byte
	// ContentType is its media type.
	ContentType string
	// Meta holds the names meta… of this package.
	Meta map[string]string
	// Stored is when it was written. Put ignores it.
	Stored time.Time
}

// Later runs a task after the answer was sent, with a context of its own.
type Later func(task func(context.Context))

// Relay answers requests. It is made by New and safe for concurrent use.
type Relay struct {
	config Config
	origin Origin
	bucket Bucket
	cache  Cache
	later  Later
	log    func(error)
}

// New makes a Relay. bucket and cache may be nil; log is told what no client gets to
// see.
func New(c Config, origin Origin, bucket Bucket, cache Cache, later Later, log func(error)) (*Relay, error) {
	const op = "relay.New"
	if c.Public == nil || origin == nil || later == nil || log == nil {
		return nil, fault.E(op, fault.Invalid, errors.New("the public URL or a dependency is missing"))
	}
	c.Attempts = cmp.Or(c.Attempts, 3)
	c.Attempt = cmp.Or(c.Attempt, 10*time.Second)
	c.Total = cmp.Or(c.Total, 25*time.Second)
	c.Pause = cmp.Or(c.Pause, 150*time.Millisecond)
	c.Hold = cmp.Or(c.Hold, 1<<20)
	c.StaleFor = cmp.Or(c.StaleFor, time.Minute)
	c.RetryAfter = cmp.Or(c.RetryAfter, 5*time.Second)
	c.Keep.MaxBytes = cmp.Or(c.Keep.MaxBytes, 512<<10)
	c.Keep.MaxPerImage = cmp.Or(c.Keep.MaxPerImage, 200)
	if c.Attempts < 1 || c.Attempts > 10 || c.Attempt < 0 || c.Total < 0 || c.Pause < 0 || c.Hold < 0 {
		return nil, fault.E(op, fault.Invalid, errors.New("a number is out of range"))
	}
	if c.Keep.MaxBytes < 0 || c.Keep.MaxBytes > c.Hold || c.Keep.MaxPerImage < 1 || c.Keep.MaxPerImage > 1000 {
		return nil, fault.E(op, fault.Invalid, errors.New("the policy of what is kept is out of range"))
	}
	return &Relay{c, origin, bucket, cache, later, log}, nil
}

// ServeHTTP answers a GET or HEAD request whose RequestURI is its public URL.
func (r *Relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	target, err := r.target(req.RequestURI)
	if err != nil {
		r.fail(w, req, err)
		return
	}
	key, revision := req.Header.Get(KeyHeader), req.Header.Get(RevisionHeader)
	if r.bucket == nil {
		key = ""
	}
	// Only with the policy on can there be something current, and a look costs.
	if key != "" && revision != "" && r.config.Keep.On {
		if o, ok := r.look(req.Context(), r.bucket.Get, key); ok && o.Meta[metaRevision] == revision && o.Meta[metaStyle] == r.config.Style {
			r.sendRendered(w, req, o)
			return
		}
	}
	a, err := r.ask(req.Context(), req.Method, target, r.forward(req.Header))
	if err == nil {
		r.send(w, a)
		r.keep(req, key, revision, a)
		return
	}
	r.log(err)
	if o, ok := r.older(req, key); ok {
		r.sendStale(w, req, o)
		return
	}
	r.fail(w, req, err)
}

// target returns the URL at the origin for a public URL: the escaped path is taken
// as it stands, because decoding it and escaping it again destroys identifiers.
func (r *Relay) target(public string) (string, error) {
	const op = "relay.target"
	_, rest, ok := strings.Cut(public, "://")
	slash := strings.IndexByte(rest, '/')
	if !ok || slash < 0 {
		return "", fault.E(op, fault.Invalid, errors.New("not an absolute URL"))
	}
	path, _, _ := strings.Cut(rest[slash:], "#")
	if folder := strings.TrimRight(r.config.Public.EscapedPath(), "/"); folder != "" {
		inner, ok := strings.CutPrefix(path, folder)
		if !ok || inner != "" && inner[0] != '/' && inner[0] != '?' {
			return "", fault.New(op, fault.NotFound, "there is nothing at this address")
		}
		path = inner
	}
	if r.config.Origin == nil {
		return "", nil
	}
	return strings.TrimRight(r.config.Origin.String(), "/") + path, nil
}

// forwarded are the request headers that the origin gets to see.
var forwarded = []string{"Accept", "Accept-Language", "If-None-Match", "If-Modified-Since"}

// forward returns the headers for the origin.
func (r *Relay) forward(from http.Header) http.Header {
	h := http.Header{}
	for _, name := range forwarded {
		if v := from.Values(name); len(v) > 0 {
			h.Set(name, strings.Join(v, ", "))
		}
	}
	h.Set(answer.DescribeHeader, "1") // which the part that plans takes off the answer
	if r.config.Secret != "" {
		h.Set(SecretHeader, r.config.Secret)
	}
	return h
}
