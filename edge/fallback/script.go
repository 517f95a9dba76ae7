//go:build js

package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall/js"

	"github.com/syumai/workers/cloudflare"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// await waits for a promise, or for the end of ctx; then the promise is left alone.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type result struct {
		value js.Value
		err   error
	}
	done := make(chan result, 1)
	var resolved, rejected js.Func
	settle := func(r result) any {
		resolved.Release()
		rejected.Release()
		done <- r
		return nil
	}
	resolved = js.FuncOf(func(_ js.Value, args []js.Value) any { return settle(result{value: args[0]}) })
	rejected = js.FuncOf(func(_ js.Value, args []js.Value) any {
		return settle(result{err: errors.New(js.Global().Get("String").Invoke(args[0]).String())})
	})
	promise.Call("then", resolved, rejected)
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return js.Value{}, context.Cause(ctx)
	}
}

// attempt calls f and returns what JavaScript throws in it.
func attempt(f func() js.Value) (v js.Value, err error) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case js.Error:
			err = thrown
		default:
			panic(thrown)
		}
	}()
	return f(), nil
}

// call awaits what f returns.
func call(ctx context.Context, f func() js.Value) (js.Value, error) {
	promise, err := attempt(f)
	if err != nil {
		return js.Value{}, err
	}
	return await(ctx, promise)
}

// toBytes copies an ArrayBuffer or Uint8Array.
func toBytes(buffer js.Value) []byte {
	view := js.Global().Get("Uint8Array").New(buffer)
	data := make([]byte, view.Length())
	js.CopyBytesToGo(data, view)
	return data
}

// fromBytes copies data into a Uint8Array.
func fromBytes(data []byte) js.Value {
	view := js.Global().Get("Uint8Array").New(len(data))
	js.CopyBytesToJS(view, data)
	return view
}

// toHeader copies a Headers object with one value to a name, as JavaScript has it.
// The header functions of syumai/workers split values at commas, which breaks
// dates, links and keys.
func toHeader(headers js.Value) http.Header {
	h := http.Header{}
	list := js.Global().Get("Array").Call("from", headers)
	for i := range list.Length() {
		pair := list.Index(i)
		h[http.CanonicalHeaderKey(pair.Index(0).String())] = []string{pair.Index(1).String()}
	}
	return h
}

// undoSplitting repairs the headers of a request that came through syumai/workers.
func undoSplitting(h http.Header) {
	for name, values := range h {
		h[name] = []string{strings.Join(values, ",")}
	}
}

// variable returns a variable or secret of the Worker as text; "" when it is not set.
func variable(name string) string {
	v := cloudflare.GetBinding(name)
	switch v.Type() {
	case js.TypeString:
		return v.String()
	case js.TypeNumber:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	case js.TypeBoolean:
		return strconv.FormatBool(v.Bool())
	case js.TypeObject: // a list
		if js.Global().Get("Array").Call("isArray", v).Bool() {
			return v.Call("join", "\n").String()
		}
	}
	return ""
}

// writer holds an answer back until it is complete, so that a panic can still
// become a 500, and hands streams through without their bytes passing Go.
type writer struct {
	out    http.ResponseWriter
	head   bool
	status int
	body   []byte
	stream js.Value // undefined for none
}

func newWriter(out http.ResponseWriter, req *http.Request) *writer {
	return &writer{out: out, head: req.Method == http.MethodHead}
}

func (w *writer) Header() http.Header { return w.out.Header() }

func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.body = append(w.body, p...)
	return len(p), nil
}

// ReadFrom is what io.Copy calls.
func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	w.WriteHeader(http.StatusOK)
	if b, ok := r.(*body); ok {
		w.stream = b.take()
		return 0, nil
	}
	data, err := io.ReadAll(r)
	w.body = append(w.body, data...)
	return int64(len(data)), err
}

func (w *writer) reset() {
	h := w.Header()
	for name := range h {
		delete(h, name)
	}
	w.status, w.body, w.stream = 0, nil, js.Undefined()
}

// finish passes the answer on as a body of JavaScript, which keeps its length and
// costs no goroutine. There must be none for HEAD and 304.
func (w *writer) finish() {
	w.WriteHeader(http.StatusOK)
	w.out.WriteHeader(w.status)
	raw := js.Null()
	switch {
	case w.head, w.status == http.StatusNoContent, w.status == http.StatusNotModified:
	case !w.stream.IsUndefined():
		raw = w.stream
	default:
		raw = fromBytes(w.body)
	}
	w.out.(interface{ WriteRawJSBody(js.Value) }).WriteRawJSBody(raw)
}

// body is the body of a fetched answer.
type body struct {
	response js.Value
	rest     []byte
	read     bool
}

// take returns the stream for somebody else to read.
func (b *body) take() js.Value {
	b.read = true
	return b.response.Get("body")
}

// Bytes reads everything at once, which is much cheaper than chunk by chunk.
func (b *body) Bytes(ctx context.Context) ([]byte, error) {
	b.read = true
	buffer, err := call(ctx, func() js.Value { return b.response.Call("arrayBuffer") })
	if err != nil {
		return nil, fault.E("fallback.Bytes", fault.Unavailable, err)
	}
	return toBytes(buffer), nil
}

func (b *body) Read(p []byte) (int, error) {
	if !b.read {
		var err error
		if b.rest, err = b.Bytes(context.Background()); err != nil {
			return 0, err
		}
	}
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close gives up a body that nobody reads, so that its connection is free.
func (b *body) Close() error {
	stream := b.response.Get("body")
	if b.read || stream.IsNull() {
		return nil
	}
	b.read = true
	_, err := attempt(func() js.Value { return stream.Call("cancel").Call("catch", js.Global().Get("Function").New()) })
	return err
}
