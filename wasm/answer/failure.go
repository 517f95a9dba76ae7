package answer

import (
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// Failure is an error as clients see it.
type Failure struct {
	// Status is that of its kind.
	Status int
	// Headers are all besides those of Public, Content-Type and Content-Length.
	Headers []Header
	// ContentType is the media type of Body.
	ContentType string
	// Body is the public text on a line, or where JSON is accepted and HTML is not,
	// the problem of RFC 9457.
	Body []byte
}

// Fail returns the answer to an error with a public text. accept are the request's
// Accept fields joined by commas, retryAfter is what 503 suggests, in seconds. No
// error may be stored by caches.
func Fail(kind fault.Kind, text, accept string, retryAfter int) Failure {
	f := Failure{Status: kind.Status(), ContentType: "text/plain; charset=utf-8"}
	f.Headers = append(make([]Header, 0, 4), Header{"Cache-Control", "no-store"}, Header{"Vary", "Accept"})
	switch f.Status {
	case 503:
		f.Headers = append(f.Headers, Header{"Retry-After", strconv.Itoa(retryAfter)})
	case 401:
		f.Headers = append(f.Headers, Header{"WWW-Authenticate", `Basic realm="images"`})
	}
	if strings.Contains(accept, "json") && !strings.Contains(accept, "text/html") {
		f.ContentType = "application/problem+json"
		f.Body = problem(f.Status, text)
	} else {
		f.Body = append([]byte(text), '\n')
	}
	return f
}

// problem returns the error as RFC 9457 has it.
func problem(status int, text string) []byte {
	b := append(make([]byte, 0, 64+len(text)), `{"title":"`...)
	b = append(b, title(status)...)
	b = append(b, `","status":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, `,"detail":`...)
	return append(iiif.AppendString(b, text), "}\n"...)
}

// title returns the words of the statuses that kinds have (RFC 9110 §15).
func title(status int) string {
	switch status {
	case 400:
		return "Bad Request"
	case 401:
		return "Unauthorized"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 406:
		return "Not Acceptable"
	case 500:
		return "Internal Server Error"
	case 501:
		return "Not Implemented"
	case 503:
		return "Service Unavailable"
	}
	return "Error"
}
