package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Serve answers on the public listener, and on the admin listener unless that is
// nil, until ctx ends. Then it drains: readiness turns to 503, after
// Config.DrainDelay no connection is accepted any more, and running requests get
// Config.DrainTimeout to finish. The admin listener answers until the end.
//
// It returns nil after a clean drain, Timeout when requests had to be cut off,
// and what made a listener fail otherwise. The listeners are closed in any case.
func (s *Server) Serve(ctx context.Context, public, admin net.Listener) error {
	const op = "server.Serve"
	pub := s.httpServer(s.Handler())
	failed := make(chan error, 2)
	go func() { failed <- pub.Serve(listener{public}) }()
	if admin != nil {
		adm := s.httpServer(s.Admin())
		defer adm.Close()
		go func() { failed <- adm.Serve(admin) }()
	}
	select {
	case err := <-failed:
		pub.Close()
		return fault.E(op, fault.Internal, err)
	case <-ctx.Done():
	}
	s.ready.draining.Store(true)
	s.log.Info("draining", "in_flight", s.counters.inFlight.Load())
	time.Sleep(s.config.DrainDelay)

	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.DrainTimeout)
	defer cancel()
	if err := pub.Shutdown(drain); err != nil {
		cut := s.counters.inFlight.Load()
		pub.Close()
		s.log.Warn("cut off", "in_flight", cut)
		return fault.E(op, fault.Timeout, errors.Join(err, errors.New("requests were cut off")))
	}
	s.log.Info("drained")
	return nil
}

// httpServer returns a server with the limits that the default has not.
func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:     h,
		ConnContext: keepConn,
		// No ReadTimeout: bodies are never read here, and when it passes during a
		// long rendering net/http takes the client for gone.
		ReadHeaderTimeout: 10 * time.Second,
		// Until the answer is known; send gives each answer its own time.
		WriteTimeout: s.config.RequestTimeout + sendGrace,
		// Longer than the 60 s after which proxies usually give up idle
		// connections, or they would reuse one that is just being closed.
		IdleTimeout:                  90 * time.Second,
		MaxHeaderBytes:               s.config.MaxHeaderBytes,
		DisableGeneralOptionsHandler: true, // "OPTIONS *" gets the headers of all others
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
}
