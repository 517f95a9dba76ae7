// Package fault is the error vocabulary of Vitrine: an error says which
// operation failed, what kind of failure it was and what caused it.
//
// Every package reports failures as a *fault.Error, made by E. Kinds are turned
// into HTTP status codes in one place, Kind.Status, and only at the HTTP
// boundary. What a stranger may read (Public) is apart from what the log says
// (Error): causes hold paths, bucket names and addresses, and never leave the
// process.
//
// The package is part of the portable core: it compiles to wasip1 and imports
// neither fmt nor net/http.
package fault

import "errors"

// Kind classifies a failure by what the caller can do about it.
type Kind uint8

// The kinds, each with the HTTP status it is answered with (Image API 3.0 §7,
// 2.1 §6).
const (
	// Internal is a failure of our own: a bug or an exhausted resource. 500.
	Internal Kind = iota
	// Invalid is a request that breaks the grammar or the limits. 400.
	Invalid
	// Unauthorized is a request that lacks credentials. 401.
	Unauthorized
	// Forbidden is a request that the source refuses to serve. 403.
	Forbidden
	// NotFound is a proven absence; an outage is never NotFound. 404.
	NotFound
	// MethodNotAllowed is a method the resource does not have. 405.
	MethodNotAllowed
	// NotAcceptable is an answer in no form that the client takes. 406.
	NotAcceptable
	// Conflict is a write that lost against another, such as a changed revision
	// during a read. It is retried inside; when it escapes, 503.
	Conflict
	// Corrupt is stored data that cannot be decoded. 500.
	Corrupt
	// Unsupported is a valid request or a stored image that this server does
	// not implement, such as a format it cannot read. 501.
	Unsupported
	// Unavailable is an outage or an overload: try again later. 503.
	Unavailable
	// Timeout is work that took longer than it may. 503.
	Timeout
	// Canceled is work whose caller went away. Nobody reads the status; 499 in logs.
	Canceled

	kinds // number of kinds
)

// table is the one mapping from kinds to statuses and public words.
var table = [kinds]struct {
	name   string
	status int
	public string
}{
	Internal:         {"internal", 500, "the server failed to answer this request"},
	Invalid:          {"invalid", 400, "the request is not valid"},
	Unauthorized:     {"unauthorized", 401, "authorization is required"},
	Forbidden:        {"forbidden", 403, "access to this resource is refused"},
	NotFound:         {"not_found", 404, "there is no such resource"},
	MethodNotAllowed: {"method_not_allowed", 405, "this method is not allowed here"},
	NotAcceptable:    {"not_acceptable", 406, "no acceptable form of this resource exists"},
	Conflict:         {"conflict", 503, "the resource changed while it was read; try again"},
	Corrupt:          {"corrupt", 500, "the stored image is damaged or not an image"},
	Unsupported:      {"unsupported", 501, "this is not supported"},
	Unavailable:      {"unavailable", 503, "the service is busy or its storage cannot be reached; try again later"},
	Timeout:          {"timeout", 503, "the work took too long; try again later"},
	Canceled:         {"canceled", 499, "the request was canceled"},
}

// String returns the kind's name as it stands in logs: lower case, underscores.
func (k Kind) String() string {
	if k >= kinds {
		return "unknown"
	}
	return table[k].name
}

// Status returns the HTTP status code that answers a failure of this kind.
func (k Kind) Status() int {
	if k >= kinds {
		return table[Internal].status
	}
	return table[k].status
}

// Error is a failure: an operation, a kind and a cause. It is made by E or New.
type Error struct {
	op     string
	kind   Kind
	public string // "" means the kind's words
	cause  error
}

// E wraps cause as a failure of the given kind in operation op, named as
// package.Function ("source.Open"). A nil cause is allowed.
func E(op string, kind Kind, cause error) *Error {
	return &Error{op: op, kind: kind, cause: cause}
}

// New makes a failure whose text may be shown to anyone: public must not hold
// internal names, and any user text in it must be quoted by the writer.
func New(op string, kind Kind, public string) *Error {
	return &Error{op: op, kind: kind, public: public}
}

// WithPublic returns a copy of e with text that may be shown to anyone.
func (e *Error) WithPublic(public string) *Error {
	c := *e
	c.public = public
	return &c
}

// Error returns the text for the log: operation, kind and all causes.
func (e *Error) Error() string {
	s := e.op + ": " + e.kind.String()
	if e.public != "" {
		s += ": " + e.public
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the cause, nil when there is none.
func (e *Error) Unwrap() error { return e.cause }

// Op returns the operation that failed.
func (e *Error) Op() string { return e.op }

// KindOf returns the kind of err: that of the outermost *Error in its chain,
// Canceled or Timeout for the context errors, Internal for anything else. The
// kind of nil is undefined.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.kind
	}
	return contextKind(err)
}

// Is reports whether err is a failure of the given kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Public returns the text about err that anyone may read: the first public text
// in its chain, or the words of its kind.
func Public(err error) string {
	for e := err; e != nil; {
		var f *Error
		if !errors.As(e, &f) {
			break
		}
		if f.public != "" {
			return f.public
		}
		e = f.cause
	}
	return table[KindOf(err)].public
}
