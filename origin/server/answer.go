package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// recorder remembers what was answered, for the log.
type recorder struct {
	http.ResponseWriter
	head   bool // the request was HEAD: the body is not sent
	status int  // 0 before the header is written
	bytes  int64
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

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
	h := c.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	deadline := time.Now().Add(sendGrace + time.Duration(len(body)/slowest)*time.Second)
	// Only test recorders refuse a deadline.
	_ = http.NewResponseController(c.w).SetWriteDeadline(deadline)
	c.w.WriteHeader(status)
	if c.w.head {
		return
	}
	if _, err := c.w.Write(body); err != nil && c.record.err == nil {
		c.record.err = fault.E("server.send", fault.Canceled, err)
	}
}

// etag returns the strong entity tag of what the parts name.
func etag(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0}) // no part holds a zero byte: two lists never look the same
	}
	return `"` + hex.EncodeToString(h.Sum(nil)[:16]) + `"`
}

// unchanged sets the validators of an answer and reports whether the client has
// that very answer already; then 304 is answered. modified may be zero.
func (c *call) unchanged(tag string, modified time.Time) bool {
	h := c.w.Header()
	h.Set("ETag", tag)
	if now := time.Now(); modified.After(now) {
		modified = now // RFC 9110 §8.8.2.1
	}
	if !modified.IsZero() {
		h.Set("Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
	same := false
	if tags := c.r.Header.Values("If-None-Match"); len(tags) > 0 {
		same = matches(strings.Join(tags, ","), tag)
	} else if since, err := http.ParseTime(c.r.Header.Get("If-Modified-Since")); err == nil && !modified.IsZero() {
		same = !modified.Truncate(time.Second).After(since)
	}
	if same {
		c.w.WriteHeader(http.StatusNotModified)
	}
	return same
}

// matches reports whether an If-None-Match list holds the strong tag. Weak tags
// count (RFC 9110 §13.1.2): proxies weaken tags when they compress.
func matches(list, tag string) bool {
	for {
		list = strings.TrimLeft(list, " \t,")
		if strings.HasPrefix(list, "*") {
			return true
		}
		list = strings.TrimPrefix(list, "W/")
		if !strings.HasPrefix(list, `"`) {
			return false // the end, or no entity tag
		}
		end := strings.IndexByte(list[1:], '"')
		if end < 0 {
			return false
		}
		if list[:end+2] == tag {
			return true
		}
		list = list[end+2:]
	}
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
	status := kind.Status()
	h := c.w.Header()
	for _, name := range []string{"ETag", "Last-Modified", "Link", "Content-Disposition", "Content-Encoding", "Location"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(c.config.RetryAfter.Seconds()))))
	}
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Basic realm="images"`)
	}
	accept := strings.Join(c.r.Header.Values("Accept"), ",")
	html := strings.Contains(accept, "text/html")
	switch {
	case html && !c.private && c.record.route.forPeople():
		c.sendErrorPage(status, text)
	case !html && strings.Contains(accept, "json"):
		c.send(status, "application/problem+json", problem(status, text))
	default:
		c.send(status, "text/plain; charset=utf-8", []byte(text+"\n"))
	}
}

// forPeople reports whether the route's answers are pages.
func (r route) forPeople() bool { return r == routeGallery || r == routeViewer || r == routeNone }

// problem returns the error as RFC 9457 has it.
func problem(status int, text string) []byte {
	title := http.StatusText(status)
	if title == "" {
		title = "Error"
	}
	body, _ := json.Marshal(struct { // strings and numbers cannot fail
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{title, status, text})
	return append(body, '\n')
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
