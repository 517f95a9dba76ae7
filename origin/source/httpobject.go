package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// httpObject is one revision of a file on an HTTP server.
type httpObject struct {
	meta
	src      *HTTP
	location string
	etag     string // as sent, with quotes; "" when there is no strong one
	lastMod  string // as sent; the validator when etag is ""

	mu      sync.Mutex
	noRange bool   // the server answers ranges with the whole
	whole   *whole // held when noRange was met
}

// Open implements Source. It asks with HEAD; where that is refused or says too
// little, with GET for the first byte.
func (h *HTTP) Open(ctx context.Context, key string) (Object, error) {
	const op = "source.HTTP.Open"
	if err := checkKey(op, key); err != nil {
		return nil, err
	}
	o := &httpObject{meta: meta{key: key}, src: h, location: h.locate(key)}
	err := h.timing.try(ctx, op, func(ctx context.Context) error {
		resp, err := h.do(ctx, op, http.MethodHead, o.location, nil, http.StatusOK)
		if err == nil {
			resp.Body.Close()
			// Frameworks that build HEAD themselves often claim a length of zero.
			if resp.ContentLength > 0 {
				o.noRange = strings.EqualFold(resp.Header.Get("Accept-Ranges"), "none")
				return o.identify(op, resp.Header, resp.ContentLength)
			}
		} else if !fault.Is(err, fault.Unsupported) {
			return err
		}
		return o.probe(ctx, op)
	})
	if err != nil {
		return nil, err
	}
	o.noRange = o.noRange || h.wholes.has(o.id())
	if o.noRange && o.size > h.wholes.budget {
		return nil, tooLarge(op)
	}
	return o, nil
}

// id names the object and its revision, which has a fixed length.
func (o *httpObject) id() string { return o.revision + o.key }

// probe learns about the object from a GET for its first byte.
func (o *httpObject) probe(ctx context.Context, op string) error {
	resp, err := o.src.do(ctx, op, http.MethodGet, o.location, http.Header{"Range": {"bytes=0-0"}},
		http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	size := resp.ContentLength
	if resp.StatusCode != http.StatusOK {
		r, ok := parseContentRange(resp.Header.Get("Content-Range"))
		empty := resp.StatusCode == http.StatusRequestedRangeNotSatisfiable
		if !ok || r.size < 0 || empty && r.size > 0 {
			return unavailable(op, errAnswer)
		}
		size = r.size
	} else {
		o.noRange = size != 0
	}
	if size < 0 {
		return fault.E(op, fault.Unsupported, errors.New("the server does not tell the length"))
	}
	return o.identify(op, resp.Header, size)
}

// identify fills in what a response's header says about the revision.
func (o *httpObject) identify(op string, header http.Header, size int64) error {
	o.size = size
	if e := header.Get("ETag"); strongETag(e) {
		o.etag = e
	}
	o.lastMod = header.Get("Last-Modified")
	modified, err := http.ParseTime(o.lastMod)
	if err != nil {
		o.lastMod = ""
		if o.etag == "" {
			return fault.E(op, fault.Unsupported, errors.New("the server sends neither a strong ETag nor Last-Modified"))
		}
	}
	o.modified = modified.UTC()
	if err != nil {
		o.modified = time.Time{}
	}
	o.revision = revisionOf(o.etag, size, modified)
	return nil
}

// strongETag reports whether e is a strong entity tag (RFC 9110 §8.8.3).
func strongETag(e string) bool {
	return len(e) > 2 && e[0] == '"' && e[len(e)-1] == '"' && !strings.Contains(e[1:len(e)-1], `"`)
}

// pin adds the condition that the revision is still the same.
func (o *httpObject) pin(header http.Header) http.Header {
	if o.etag != "" {
		header["If-Match"] = []string{o.etag}
	} else {
		header["If-Unmodified-Since"] = []string{o.lastMod}
	}
	return header
}

// same checks that an answer is of this revision, whatever the server made of
// the condition.
func (o *httpObject) same(op string, header http.Header) error {
	etag, lastMod := header.Get("ETag"), header.Get("Last-Modified")
	switch {
	case o.etag != "" && etag != "":
		if etag != o.etag {
			return fault.E(op, fault.Conflict, fmt.Errorf("ETag %q, was %q", etag, o.etag))
		}
	case o.lastMod != "" && lastMod != "":
		if lastMod != o.lastMod {
			return fault.E(op, fault.Conflict, fmt.Errorf("changed %q, was %q", lastMod, o.lastMod))
		}
	default:
		return fault.E(op, fault.Unsupported, errors.New("a partial answer does not tell its revision"))
	}
	return nil
}

// ReadAt implements Object.
func (o *httpObject) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	const op = "source.HTTP.ReadAt"
	p, end := o.clip(op, p, off)
	if len(p) == 0 {
		return 0, end
	}
	n, err := 0, error(nil)
	if !o.isWhole() {
		n, err = o.src.timing.read(ctx, op, p, off, func(ctx context.Context, off, n int64) (io.ReadCloser, error) {
			return o.stream(ctx, op, off, n)
		})
	}
	if o.isWhole() && n < len(p) {
		n, err = o.readWhole(ctx, op, p, off)
	}
	if err != nil {
		return n, err
	}
	return n, end
}

func (o *httpObject) isWhole() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.noRange
}

// stream opens a range of the object.
func (o *httpObject) stream(ctx context.Context, op string, off, n int64) (io.ReadCloser, error) {
	header := o.pin(http.Header{"Range": {"bytes=" + strconv.FormatInt(off, 10) + "-" + strconv.FormatInt(off+n-1, 10)}})
	resp, err := o.src.do(ctx, op, http.MethodGet, o.location, header, http.StatusOK, http.StatusPartialContent)
	if err != nil {
		return nil, err
	}
	if err := o.same(op, resp.Header); err != nil {
		resp.Body.Close()
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		if off == 0 && n == o.size && resp.ContentLength == n {
			return resp.Body, nil
		}
		resp.Body.Close()
		if resp.ContentLength >= 0 && resp.ContentLength != o.size {
			return nil, fault.E(op, fault.Conflict, errors.New("the size changed"))
		}
		o.mu.Lock()
		o.noRange = true
		o.mu.Unlock()
		return nil, tooLarge(op)
	}
	r, ok := parseContentRange(resp.Header.Get("Content-Range"))
	fits, changed := r.answers(off, n, o.size)
	if !ok || !fits || changed {
		resp.Body.Close()
		if ok && changed {
			return nil, fault.E(op, fault.Conflict, errors.New("the size changed"))
		}
		return nil, unavailable(op, fmt.Errorf("%w: Content-Range %q", errAnswer, resp.Header.Get("Content-Range")))
	}
	return limited{io.LimitReader(resp.Body, r.last-r.first+1), resp.Body}, nil
}

// limited reads a part of a body and closes it.
type limited struct {
	io.Reader
	io.Closer
}

// readWhole serves a read from the complete object.
func (o *httpObject) readWhole(ctx context.Context, op string, p []byte, off int64) (int, error) {
	if o.size > o.src.wholes.budget {
		return 0, tooLarge(op)
	}
	o.mu.Lock()
	held := o.whole
	o.mu.Unlock()
	if held != nil {
		return copy(p, held.data[off:]), nil
	}
	w, err := o.src.wholes.acquire(ctx, op, o.id(), o.size, func() ([]byte, error) {
		// Detached: other readers wait for it too. Timing.Read bounds it.
		return o.load(context.Background(), op)
	})
	if err != nil {
		return 0, err
	}
	o.mu.Lock()
	if o.whole == nil {
		o.whole = w
	} else {
		defer o.src.wholes.release(w)
	}
	o.mu.Unlock()
	return copy(p, w.data[off:]), nil
}

// load reads the complete object. A stream that breaks starts again: this server
// cannot resume.
func (o *httpObject) load(ctx context.Context, op string) ([]byte, error) {
	data := make([]byte, o.size)
	broken := false
	_, err := o.src.timing.read(ctx, op, data, 0, func(ctx context.Context, off, n int64) (io.ReadCloser, error) {
		if off > 0 {
			broken = true
			return nil, fault.E(op, fault.Unavailable, io.ErrUnexpectedEOF)
		}
		resp, err := o.src.do(ctx, op, http.MethodGet, o.location, o.pin(http.Header{}), http.StatusOK)
		if err != nil {
			return nil, err
		}
		if err := o.same(op, resp.Header); err != nil {
			resp.Body.Close()
			return nil, err
		}
		if resp.ContentLength >= 0 && resp.ContentLength != o.size {
			resp.Body.Close()
			return nil, fault.E(op, fault.Conflict, errors.New("the size changed"))
		}
		return resp.Body, nil
	})
	if err != nil && broken {
		err = unavailable(op, errors.New("the stream broke and cannot be resumed"))
	}
	return data, err
}

// Close implements Object.
func (o *httpObject) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.whole != nil {
		o.src.wholes.release(o.whole)
		o.whole = nil
	}
	return nil
}
