package server

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// recorder remembers what was answered, for the log.
type recorder struct {
	http.ResponseWriter
	head   bool // the request was HEAD: the body is not sent
	status int  // 0 before the header is written
	bytes  int64
}

// fields hold the values of an answer's header fields. http.Header.Set allocates
// for each, which is a tenth of what a small answer costs.
type fields struct {
	values [13]string
	used   int
}

// set sets a header field; its name must be in canonical form.
func (c *call) set(name, value string) {
	f := &c.fields
	if f.used == len(f.values) {
		c.w.Header()[name] = []string{value}
		return
	}
	f.values[f.used] = value
	f.used++
	c.w.Header()[name] = f.values[f.used-1 : f.used : f.used]
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Sending may take sendGrace and a second for each slowest bytes: a phone on a
// train gets its image, a client that reads nothing loses its slot.
const (
	sendGrace = 30 * time.Second
	slowest   = 8 << 10
)

// send answers with a complete body. Other headers have been set before.
func (c *call) send(status int, contentType string, body []byte) {
	c.begin(status, contentType, int64(len(body)))
	if c.w.head {
		return
	}
	if _, err := c.w.Write(body); err != nil && c.record.err == nil {
		c.record.err = fault.E("server.send", fault.Canceled, err)
	}
}

// sendSection answers 200 with a part of a file.
func (c *call) sendSection(contentType string, p section) {
	c.begin(http.StatusOK, contentType, p.length)
	if c.w.head {
		return
	}
	n, err := p.sendTo(c.w.ResponseWriter, c.r)
	c.w.bytes += n
	if err != nil && c.record.err == nil {
		c.record.err = fault.E("server.sendSection", fault.Canceled, err)
	}
}

// begin writes the head of an answer with a body of length bytes.
func (c *call) begin(status int, contentType string, length int64) {
	c.set("Content-Type", contentType)
	c.set("Content-Length", strconv.FormatInt(length, 10))
	deadline := time.Now().Add(sendGrace + time.Duration(length/slowest)*time.Second)
	// Only test recorders refuse a deadline.
	_ = http.NewResponseController(c.w.ResponseWriter).SetWriteDeadline(deadline)
	c.w.WriteHeader(status)
}

// unchanged sets the validators of an answer and reports whether the client has
// that very answer already; then 304 is answered. modified may be zero.
func (c *call) unchanged(tag string, modified time.Time) bool {
	c.set("Etag", tag)
	if now := time.Now(); modified.After(now) {
		modified = now // RFC 9110 §8.8.2.1
	}
	if !modified.IsZero() {
		c.set("Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
	same := false
	if tags := c.r.Header["If-None-Match"]; len(tags) > 0 {
		same = answer.Matches(strings.Join(tags, ","), tag)
	} else if since := c.r.Header["If-Modified-Since"]; len(since) > 0 && !modified.IsZero() {
		if t, err := http.ParseTime(since[0]); err == nil {
			same = !modified.Truncate(time.Second).After(t)
		}
	}
	if same {
		c.w.WriteHeader(http.StatusNotModified)
	}
	return same
}

// gone reports whether the client went away.
func (c *call) gone() bool { return errors.Is(c.r.Context().Err(), context.Canceled) }

// fail answers with an error: its public text only, and never to be stored.
func (c *call) fail(err error) {
	c.record.err = err
	if c.w.status != 0 {
		return // too late for another answer
	}
	kind, text := fault.KindOf(err), fault.Public(err)
	switch {
	case c.gone():
		kind = fault.Canceled
	case kind == fault.Canceled:
		// Work was canceled, but not by this client.
		kind, text = fault.Unavailable, fault.Public(fault.E("", fault.Unavailable, nil))
	}
	h := c.w.Header()
	for _, name := range []string{"ETag", "Last-Modified", "Link", answer.DescriptionHeader, "Content-Disposition", "Content-Encoding", "Location"} {
		h.Del(name)
	}
	accept := strings.Join(c.r.Header.Values("Accept"), ",")
	f := answer.Fail(kind, text, accept, int(math.Ceil(c.config.RetryAfter.Seconds())))
	c.setAll(f.Headers)
	if strings.Contains(accept, "text/html") && !c.private && c.record.route.ForPeople() {
		c.sendErrorPage(f.Status, text)
		return
	}
	c.send(f.Status, f.ContentType, f.Body)
}

// setAll sets headers.
func (c *call) setAll(list []answer.Header) {
	for _, f := range list {
		c.set(http.CanonicalHeaderKey(f.Name), f.Value)
	}
}

// sendJSON answers with a value for machines that must be fresh.
func (c *call) sendJSON(status int, value any) error {
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fault.E("server.sendJSON", fault.Internal, err)
	}
	c.w.Header().Set("Cache-Control", "no-store")
	c.send(status, "application/json", append(body, '\n'))
	return nil
}
