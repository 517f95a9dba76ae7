package source

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// errSilent ends an attempt that was silent for too long.
var errSilent = errors.New("no answer in time")

// maxResumes bounds how often one read is resumed although it makes progress: a
// server that breaks every connection after a few bytes is out of order.
const maxResumes = 8

// fetch opens a stream of n bytes at off of one revision. The stream may be
// shorter than n, never from another place.
type fetch func(ctx context.Context, off, n int64) (io.ReadCloser, error)

// try calls f until it succeeds, fails with another kind than Unavailable, or
// the times of t are over.
func (t Timing) try(ctx context.Context, op string, f func(ctx context.Context) error) error {
	start := time.Now()
	for tries := 1; ; tries++ {
		err := t.attempt(ctx, op, start, func(ctx context.Context, _ func()) error { return f(ctx) })
		if err == nil || !t.again(ctx, err, tries, start) {
			return err
		}
	}
}

// read fills p from off, resuming a broken stream where it broke.
func (t Timing) read(ctx context.Context, op string, p []byte, off int64, open fetch) (int, error) {
	outer := ctx
	ctx, cancel := context.WithTimeoutCause(ctx, t.Read, errSilent)
	defer cancel()
	n, quiet, tries := 0, time.Now(), 0
	for resumes := 0; ; resumes++ {
		tries++
		err := t.attempt(ctx, op, quiet, func(ctx context.Context, alive func()) error {
			body, err := open(ctx, off+int64(n), int64(len(p)-n))
			if err != nil {
				return err
			}
			defer body.Close()
			for n < len(p) {
				m, err := body.Read(p[n:])
				if m > 0 {
					n += m
					quiet, tries = time.Now(), 0
					alive()
				}
				if err != nil && n < len(p) {
					if err == io.EOF {
						err = io.ErrUnexpectedEOF
					}
					return unavailable(op, err)
				}
			}
			// Reading up to the end lets the transport use the connection again.
			_, _ = body.Read(make([]byte, 1))
			return nil
		})
		if n == len(p) {
			return n, nil
		}
		if resumes >= maxResumes || !t.again(ctx, err, tries, quiet) {
			if outer.Err() == nil && ctx.Err() != nil {
				err = unavailable(op, errSilent)
			}
			return n, err
		}
	}
}

// attempt calls f with a context that ends after t.Attempt of silence, or when
// the silence since quiet reaches t.Total. f calls alive when it hears something.
func (t Timing) attempt(ctx context.Context, op string, quiet time.Time, f func(ctx context.Context, alive func()) error) error {
	actx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	dog := time.AfterFunc(min(t.Attempt, t.Total-time.Since(quiet)), func() { cancel(errSilent) })
	defer dog.Stop()
	err := f(actx, func() { dog.Reset(t.Attempt) })
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ended(op, ctx)
	case context.Cause(actx) == errSilent:
		return unavailable(op, errors.Join(errSilent, err))
	}
	return err
}

// again waits before the next attempt and reports whether there should be one.
func (t Timing) again(ctx context.Context, err error, tries int, quiet time.Time) bool {
	if !fault.Is(err, fault.Unavailable) || tries >= t.Tries || ctx.Err() != nil {
		return false
	}
	// Jitter keeps a hundred callers from coming back in the same millisecond.
	pause := time.Duration(tries) * (50*time.Millisecond + rand.N(50*time.Millisecond))
	if time.Since(quiet)+pause >= t.Total {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// ended is the failure of an operation whose caller's context ended.
func ended(op string, ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fault.E(op, fault.Canceled, context.Cause(ctx))
	}
	return fault.E(op, fault.Timeout, context.Cause(ctx))
}

func unavailable(op string, err error) *fault.Error {
	return fault.E(op, fault.Unavailable, err)
}
