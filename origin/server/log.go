package server

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// NewLogger returns a logger that writes lines of text for people, or of JSON for
// machines. Both quote what comes from users, so that a record is always one line.
func NewLogger(w io.Writer, text bool, level slog.Leveler) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if text {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}

// record is what a request's log line says besides method, path and answer.
type record struct {
	route      answer.Route
	cache      string // "hit", "miss", "" when nothing was rendered or looked up
	identifier string // decoded
	canonical  string // without the base URI
	err        error
	stack      string // of a panic
}

// maxLogged bounds a path in the log, in bytes.
const maxLogged = 1024

// finish counts a request and writes its line.
func (s *Server) finish(c *call, took time.Duration) {
	rec, status := &c.record, c.w.status
	if rec.err != nil && fault.Is(rec.err, fault.Canceled) && c.gone() {
		status = fault.Canceled.Status()
	}
	if status == 0 {
		status = http.StatusOK
	}
	s.counters.count(rec.route, status, rec.cache, c.w.bytes)

	level := slog.LevelInfo
	switch {
	case rec.stack != "", status >= 500 && status != http.StatusServiceUnavailable:
		level = slog.LevelError
	case status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	}
	ctx := c.r.Context()
	if !s.log.Enabled(ctx, level) {
		return
	}
	path := c.path
	if len(path) > maxLogged {
		path = path[:maxLogged] + "…"
	}
	cache := rec.cache
	if cache == "" {
		cache = "-"
	}
	attrs := make([]slog.Attr, 0, 16)
	attrs = append(attrs,
		slog.String("route", string(rec.route)),
		slog.String("method", c.r.Method),
		slog.String("path", path),
		slog.Int("status", status),
		slog.Int64("bytes", c.w.bytes),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.String("cache", cache),
		slog.String("remote", s.base.client(c.r)),
	)
	if rec.identifier != "" {
		attrs = append(attrs, slog.String("identifier", rec.identifier))
	}
	if rec.canonical != "" {
		attrs = append(attrs, slog.String("canonical", rec.canonical))
	}
	if rec.err != nil {
		attrs = append(attrs, slog.String("kind", fault.KindOf(rec.err).String()), slog.String("error", rec.err.Error()))
	}
	if rec.stack != "" {
		attrs = append(attrs, slog.String("stack", rec.stack))
	}
	s.log.LogAttrs(ctx, level, "request", attrs...)
}
