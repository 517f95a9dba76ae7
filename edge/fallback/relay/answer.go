package relay

import (
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// dropped are the headers of the origin that concern the connection to it, or the
// program that runs there, or one client alone.
var dropped = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"Server", "Via", "Set-Cookie", "Alt-Svc", "Content-Encoding",
}

// send passes an answer of the origin on.
func (r *Relay) send(w http.ResponseWriter, a reply) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	encoded := h.Get("Content-Encoding") != ""
	for _, name := range dropped {
		h.Del(name)
	}
	common(h)
	switch {
	case a.stream != nil:
		if encoded {
			h.Del("Content-Length") // the runtime has decoded it
		}
		w.WriteHeader(a.status)
		// The status is out: a body that breaks off can only break off here too.
		if _, err := io.Copy(w, a.stream); err != nil {
			r.log(fault.E("relay.send", fault.Unavailable, err))
		}
		return
	case a.body != nil:
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	case encoded:
		h.Del("Content-Length")
	}
	w.WriteHeader(a.status)
	w.Write(a.body)
}

// common sets the headers of every public answer, which are those of the origin.
func common(h http.Header) {
	for _, f := range answer.Public(nil) {
		h.Set(f.Name, f.Value)
	}
}

// fail answers with a failure. Whatever was wrong with the origin, to the client it
// is a time without service.
func (r *Relay) fail(w http.ResponseWriter, req *http.Request, err error) {
	common(w.Header())
	Fail(w, req, err, r.config.RetryAfter)
}

// Fail answers with a failure the way the origin does, in its public words. retry is
// what 503 suggests.
func Fail(w http.ResponseWriter, req *http.Request, err error, retry time.Duration) {
	kind, text := fault.KindOf(err), fault.Public(err)
	if kind == fault.Canceled {
		kind, text = fault.Unavailable, fault.Public(fault.E("", fault.Unavailable, nil))
	}
	f := answer.Fail(kind, text, strings.Join(req.Header.Values("Accept"), ","), int(math.Ceil(retry.Seconds())))
	h := w.Header()
	bearer := h.Get("WWW-Authenticate")
	for _, field := range f.Headers {
		h.Set(field.Name, field.Value)
	}
	if bearer != "" {
		h.Set("WWW-Authenticate", bearer)
	}
	h.Set("Content-Type", f.ContentType)
	h.Set("Content-Length", strconv.Itoa(len(f.Body)))
	w.WriteHeader(f.Status)
	if req.Method != http.MethodHead {
		w.Write(f.Body)
	}
}

func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
