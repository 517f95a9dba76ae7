package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// reply is what the origin said: either held in body, or still to come from stream.
type reply struct {
	status int
	header http.Header
	body   []byte
	stream io.ReadCloser // nil when body holds everything
}

// shortest is the time below which another attempt is not worth its cost.
const shortest = 100 * time.Millisecond

// errNoOrigin says that the settings name no origin.
var errNoOrigin = errors.New("no origin is configured")

// ask asks the origin, again where that may help, and returns its answer: any but
// a failure of its own. Errors are Timeout or Unavailable.
func (r *Relay) ask(ctx context.Context, method, url string, header http.Header) (reply, error) {
	const op = "relay.ask"
	if url == "" {
		return reply{}, fault.E(op, fault.Unavailable, errNoOrigin)
	}
	end := time.Now().Add(r.config.Total)
	pause := r.config.Pause
	for n := 1; ; n++ {
		a, err := r.once(ctx, end, method, url, header)
		if err == nil && !failed(a.status) {
			return a, nil
		}
		wait := pause/2 + rand.N(pause+1)
		pause *= 2
		again := true
		if err == nil {
			err = fault.E(op, fault.Unavailable, fmt.Errorf("the origin answered %d", a.status))
			// What failed by itself will fail again, at the price of a rendering.
			again = a.status != http.StatusInternalServerError
			wait = max(wait, retryAfter(a.header))
		}
		if !again || n >= r.config.Attempts || time.Until(end) < wait+shortest {
			return reply{}, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return reply{}, fault.E(op, fault.KindOf(ctx.Err()), ctx.Err())
		}
	}
}

// failed reports whether a status is a failure of the origin, or of what is in
// front of it, rather than an answer. 501 is an answer: nothing will change it.
func failed(status int) bool { return status >= 500 && status != http.StatusNotImplemented }

// retryAfter returns how long the origin asks to be left alone, 0 for not at all.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 || n > 3600 {
		return 0
	}
	return time.Duration(n) * time.Second
}

// once makes one attempt.
func (r *Relay) once(ctx context.Context, end time.Time, method, url string, header http.Header) (reply, error) {
	const op = "relay.once"
	// A context with a deadline would also cut off the body of an answer that is
	// streamed to a slow client.
	ctx, cancel := context.WithCancelCause(ctx)
	late := fault.E(op, fault.Timeout, errors.New("the origin takes too long"))
	timer := time.AfterFunc(min(r.config.Attempt, time.Until(end)), func() { cancel(late) })
	res, err := r.origin.Do(ctx, method, url, header)
	if !timer.Stop() && err == nil {
		res.Body.Close()
		err = late
	}
	if err != nil {
		err = cause(ctx, op, err)
		cancel(nil)
		return reply{}, err
	}
	a := reply{status: res.StatusCode, header: res.Header, stream: res.Body}
	length := res.ContentLength
	if method == http.MethodHead || !hasBody(a.status) || failed(a.status) {
		length = 0
	}
	if length < 0 || length > r.config.Hold {
		return a, nil // whoever reads the stream to its end, or closes it, ends ctx
	}
	defer cancel(nil)
	stream := a.stream
	a.stream = nil
	if length > 0 {
		timer = time.AfterFunc(time.Until(end), func() { cancel(late) })
		defer timer.Stop()
		if a.body, err = readAll(ctx, stream, length); err != nil {
			err = cause(ctx, op, err)
		}
	}
	stream.Close()
	return a, err
}

func hasBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// readAll reads a body of the given length.
func readAll(ctx context.Context, body io.Reader, length int64) (data []byte, err error) {
	if whole, ok := body.(interface {
		Bytes(context.Context) ([]byte, error)
	}); ok {
		data, err = whole.Bytes(ctx)
	} else {
		data, err = io.ReadAll(io.LimitReader(body, length+1))
	}
	// A compressed body is longer when it is read than it was announced.
	if err == nil && int64(len(data)) < length {
		err = io.ErrUnexpectedEOF
	}
	return data, err
}

// cause returns why a call that failed by err did so: the reason that ctx was
// canceled for, or a failure of the network.
func cause(ctx context.Context, op string, err error) error {
	if c := context.Cause(ctx); c != nil {
		return fault.E(op, fault.KindOf(c), c)
	}
	return fault.E(op, fault.Unavailable, err)
}
