// Package decision decides what the edge does with a request: what it answers, or
// what it must read before it can. It does no I/O itself: whoever hosts it (the
// Worker, a test) does what an Action says and, when that was not an answer yet,
// asks again with the outcome as the request's Event.
//
//	request → Decide → Respond                                  done
//	                 → Index   → Head, Same, Absent, Failed     ask again
//	                 → Tile    → sent, or Changed               ask again
//	                 → Object  → Found, Absent, Failed          ask again
//	                 → Send                                     done
//	                 → Fallback → sent, or Told, Gone           ask again
//	                 → Page, Pass                               done
//
// Answers are those of the origin: both speak through package answer. Nothing of a
// request is kept between calls but a bounded memory of what the store holds, so
// that any number of requests may be under way at one time, and a Decider that was
// lost is replaced by a new one at the cost of some reads.
//
// It is part of the portable core and reaches neither fmt, reflect nor net.
package decision

import (
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Event is what came of the Action before.
type Event string

// The events.
const (
	// Start is a new request: there was no action before.
	Start Event = ""
	// Head brings the bytes that Index asked for, in Data, and of the object they
	// were read from its ETag and Size.
	Head Event = "head"
	// Same says that the object of Index still has the ETag that was known.
	Same Event = "same"
	// Absent says that the object of Index or Object does not exist.
	Absent Event = "absent"
	// Failed says that the store did not answer Index or Object.
	Failed Event = "failed"
	// Changed says that the object of Tile has not the ETag of the action any more,
	// which is that of the event, or that the tile could not be read from it.
	Changed Event = "changed"
	// Found brings ETag and Size of the object of Object, and in Data the media type
	// that it was stored with, if any.
	Found Event = "found"
	// Told brings, in Data, what the origin tells of an image (answer.Description),
	// while it answers a Fallback without Cache. The action that follows says where
	// that answer belongs: in Cache, if that is not empty.
	Told Event = "told"
	// Gone says that the origin answered 404.
	Gone Event = "gone"
	// Trapped says that a Decider broke down over this request.
	Trapped Event = "trapped"
)

// Request is what is known of a request.
type Request struct {
	// Method is GET, HEAD, OPTIONS or one that is refused.
	Method string
	// Target is the path as it was sent, escaped, with the query.
	Target string
	// IfNoneMatch and Accept are the header fields of these names, joined by commas.
	IfNoneMatch, Accept string
	// Now is the time in milliseconds since 1970.
	Now int64
	// Event is what came of the action before.
	Event Event
	// State is that of the action before, 0 at the start.
	State int
	// ETag, Size and Data belong to the event. Data is not kept.
	ETag string
	Size int64
	Data []byte
}

// Kind is what an Action is.
type Kind string

// The kinds.
const (
	// Respond says to answer with Status, Headers and Body.
	Respond Kind = "respond"
	// Index says to read Length bytes of Key from the start, or fewer if it has
	// not as many. When ETag is not empty and the object still has it, nothing need
	// be read: the event is Same.
	Index Kind = "index"
	// Tile says to answer with Status, Headers and, as the body, Length bytes of
	// Key from Offset on, provided its ETag is the action's. Cache may have them.
	Tile Kind = "tile"
	// Object says to open Key.
	Object Kind = "object"
	// Send says to answer with Status, Headers and the object Key that was opened.
	Send Kind = "send"
	// Fallback says to let the fallback answer for URL. Cache may have it: then its
	// headers are right but for those in Headers. Key is where a rendered answer may
	// be kept in the store. When the origin fails, an answer there or in Older is
	// better than none.
	Fallback Kind = "fallback"
	// Page says to let the fallback answer for URL, whatever the answer is.
	Page Kind = "page"
	// Pass says to hand the request as it is to the fallback, which administers.
	Pass Kind = "pass"
)

// Action is what to do. Fields that its Kind does not name are zero.
type Action struct {
	Kind   Kind
	Status int
	// Cache is the URL under which a shared cache keeps the body, "" for none. It
	// changes with the image and is the same for all spellings of a request.
	Cache string
	// Key is a key of the store.
	Key            string
	Offset, Length int64
	// ETag is that of the store, not the one that clients see.
	ETag string
	// URL is what the fallback shall answer for: absolute, public and canonical.
	URL string
	// Revision is that of the image, "" when it is not known.
	Revision string
	// Older is the URL under which a shared cache may have an answer that is not
	// known to be current.
	Older string
	// State belongs into the next Request.
	State int
	// Until is how long the same request will be decided the same, in milliseconds
	// since 1970, 0 when that is not known: until then the host need not ask again.
	Until int64
	// Headers are complete, and valid until the next call.
	Headers []answer.Header
	// Body is valid until the next call.
	Body []byte
}

// Decider decides. It is made by New, and not safe for concurrent use.
type Decider struct {
	config Config
	origin string // of the public URL: scheme and host
	prefix string // its path, "" or "/folder"
	memory memory

	headers []answer.Header // reused by each call
	body    []byte
}

// New makes a Decider. It fails with Invalid for a Config that makes no sense.
func New(c Config) (*Decider, error) {
	d := &Decider{config: c.withDefaults()}
	var ok bool
	if d.origin, d.prefix, ok = splitURL(c.PublicURL); !ok {
		return nil, fault.New("decision.New", fault.Invalid, "the public URL is not like https://host/prefix")
	}
	for _, v := range []string{d.config.ImageCacheControl, d.config.InfoCacheControl, d.config.SiteCacheControl} {
		if !printable(v) {
			return nil, fault.New("decision.New", fault.Invalid, "a Cache-Control is no header value")
		}
	}
	d.memory.init(d.config.MemoryBytes, d.config.MemoryEntries)
	return d, nil
}

// Decide returns what to do next about a request.
func (d *Decider) Decide(r *Request) Action {
	path, query, _ := strings.Cut(r.Target, "?")
	path = d.strip(path)
	d.headers = answer.Public(d.headers[:0])
	if r.Event == Trapped {
		return d.fail(r, fault.E("decision.Decide", fault.Internal, nil))
	}
	if path == "/admin" || strings.HasPrefix(path, "/admin/") {
		return Action{Kind: Pass}
	}
	switch r.Method {
	case "GET", "HEAD":
	case "OPTIONS":
		d.headers = answer.Preflight(d.headers)
		return Action{Kind: Respond, Status: 204, Headers: d.headers}
	default:
		d.set("Allow", answer.Allowed)
		return d.fail(r, fault.New("decision.Decide", fault.MethodNotAllowed,
			"this method is not allowed here; allowed are "+answer.Allowed))
	}
	switch route := answer.RouteOf(path); route {
	case answer.IIIF:
		return d.iiif(r, path)
	case answer.Health:
		return d.page(path, query)
	default:
		return d.object(r, path, query, route)
	}
}

// strip removes the public prefix from a path. Where the origin only knows what it
// has itself, here are calls of the administrator and published documents besides,
// which can be anywhere below it.
func (d *Decider) strip(path string) string {
	path = answer.Strip(path, d.prefix)
	if answer.RouteOf(path) != answer.None {
		return path
	}
	if rest, ok := strings.CutPrefix(path, d.prefix); ok && strings.HasPrefix(rest, "/") {
		return rest
	}
	return path
}

// url returns the absolute URL of an escaped path of ours.
func (d *Decider) url(path string) string { return d.origin + d.prefix + path }

// page lets the origin answer with what is not an image.
func (d *Decider) page(path, query string) Action {
	if query != "" {
		path += "?" + query
	}
	return Action{Kind: Page, URL: d.url(path)}
}

func (d *Decider) set(name, value string) {
	d.headers = append(d.headers, answer.Header{Name: name, Value: value})
}

// respond answers with a body, of which HEAD gets the length only.
func (d *Decider) respond(r *Request, status int, contentType string, body []byte) Action {
	d.set("Content-Type", contentType)
	d.set("Content-Length", strconv.Itoa(len(body)))
	a := Action{Kind: Respond, Status: status, Headers: d.headers}
	if r.Method != "HEAD" {
		a.Body = body
	}
	return a
}

// notModified answers 304 with the headers that are set.
func (d *Decider) notModified() Action {
	return Action{Kind: Respond, Status: 304, Headers: d.headers}
}

// fail answers with an error: its public text only, and never to be stored.
func (d *Decider) fail(r *Request, err error) Action {
	kind := fault.KindOf(err)
	f := answer.Fail(kind, fault.Public(err), r.Accept, d.config.RetryAfter)
	d.headers = answer.Public(d.headers[:0])
	if kind == fault.MethodNotAllowed {
		d.set("Allow", answer.Allowed)
	}
	d.headers = append(d.headers, f.Headers...)
	return d.respond(r, f.Status, f.ContentType, f.Body)
}
