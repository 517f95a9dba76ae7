//go:build js

package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"syscall/js"
	"time"

	"github.com/syumai/workers/cloudflare"

	"github.com/vitrine-iiif/vitrine/edge/fallback/relay"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// scope is what fallback.mjs gives to an instance: env, ctx, request; match for what the
// origin answers; ask and administers for the administrator; ask for the night.
func scope() js.Value { return js.Global().Get("context") }

// requestURL returns the URL of the request as it was sent. Go's url.Parse would
// refuse some of them, and spell others anew.
func requestURL() string {
	return scope().Get("request").Get("url").String()
}

// parseURL reads a URL for routing. What Go cannot parse has an empty path and is
// told apart by its text.
func parseURL(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		return &url.URL{}
	}
	return u
}

// origin sends requests to the origin.
type origin struct {
	secret string // for Fetch; Do gets its headers from its caller
}

func (origin) Do(ctx context.Context, method, url string, header http.Header) (*http.Response, error) {
	return fetch(ctx, method, url, header)
}

func (o origin) Fetch(ctx context.Context, method, url string) (int, []byte, error) {
	header := http.Header{}
	if o.secret != "" {
		header.Set(relay.SecretHeader, o.secret)
	}
	res, err := fetch(ctx, method, url, header)
	if err != nil {
		return 0, nil, err
	}
	data, err := res.Body.(*body).Bytes(ctx)
	return res.StatusCode, data, err
}

// fetch sends a request. Nothing in between may store the answer: the origin says
// how long it is good, and the edge has its own cache with the revision in its keys.
func fetch(ctx context.Context, method, url string, header http.Header) (*http.Response, error) {
	const op = "fallback.fetch"
	headers := map[string]any{}
	for name, values := range header {
		headers[name] = values[0]
	}
	controller := js.Global().Get("AbortController").New()
	stop := context.AfterFunc(ctx, func() { controller.Call("abort") })
	value, err := call(ctx, func() js.Value {
		// Not as a method: the global object that Go sees is a proxy of the real one.
		return js.Global().Get("fetch").Invoke(url, map[string]any{
			"method": method, "headers": headers, "redirect": "manual", "cache": "no-store", "signal": controller.Get("signal"),
		})
	})
	if err != nil {
		stop()
		return nil, fault.E(op, fault.Unavailable, err)
	}
	return response(value), nil
}

func response(value js.Value) *http.Response {
	res := &http.Response{
		StatusCode: value.Get("status").Int(), Header: toHeader(value.Get("headers")),
		Body: &body{response: value}, ContentLength: -1,
	}
	if n, err := strconv.ParseInt(res.Header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		res.ContentLength = n
	}
	return res
}

// edge asks the edge itself: its handler, not its address, which a Worker cannot
// fetch on its own domain.
type edge struct{}

func (edge) Fetch(ctx context.Context, method, url string) (int, []byte, error) {
	const op = "fallback.edge"
	ask := scope().Get("ask")
	if ask.Type() != js.TypeFunction {
		return 0, nil, fault.E(op, fault.Internal, errors.New("there is no way to ask the edge itself"))
	}
	value, err := call(ctx, func() js.Value {
		return ask.Invoke(js.Global().Get("Request").New(url, map[string]any{"method": method}))
	})
	if err != nil {
		return 0, nil, fault.E(op, fault.Unavailable, err)
	}
	res := response(value)
	data, err := res.Body.(*body).Bytes(ctx)
	return res.StatusCode, data, err
}

// cache is the cache of the data centre, through the first Worker: that of this one
// may be another.
type cache struct{}

func (cache) Match(ctx context.Context, url string) (relay.Object, error) {
	const op = "fallback.Match"
	value, err := call(ctx, func() js.Value { return scope().Get("match").Invoke(url) })
	if err != nil {
		return relay.Object{}, fault.E(op, fault.Unavailable, err)
	}
	if value.IsUndefined() {
		return relay.Object{}, fault.E(op, fault.NotFound, nil)
	}
	res := response(value)
	if res.ContentLength > maxObject {
		return relay.Object{}, fault.E(op, fault.Unsupported, errors.New("the answer is too large"))
	}
	data, err := res.Body.(*body).Bytes(ctx)
	if err != nil {
		return relay.Object{}, err
	}
	return relay.Remembered(res.Header, data), nil
}

// bucketName is the binding of the bucket in wrangler.toml.
const bucketName = "BUCKET"

// maxObject bounds what is read from the bucket into memory, in bytes.
const maxObject = 16 << 20

// bucket is an R2 bucket. The type of syumai/workers has neither prefixes, nor
// pages, nor deletion of many.
type bucket struct{ value js.Value }

func openBucket() (bucket, bool) {
	v := cloudflare.GetBinding(bucketName)
	return bucket{v}, v.Truthy()
}

func (b bucket) call(ctx context.Context, method string, args ...any) (js.Value, error) {
	v, err := call(ctx, func() js.Value { return b.value.Call(method, args...) })
	if err == nil {
		return v, nil
	}
	kind := fault.Unavailable
	if ctx.Err() != nil {
		kind = fault.KindOf(context.Cause(ctx))
	}
	return v, fault.E("fallback.bucket."+method, kind, err)
}

func (b bucket) Get(ctx context.Context, key string) (relay.Object, error) {
	const op = "fallback.Get"
	v, err := b.call(ctx, "get", key)
	if err != nil {
		return relay.Object{}, err
	}
	if v.IsNull() {
		return relay.Object{}, fault.E(op, fault.NotFound, nil)
	}
	if v.Get("size").Int() > maxObject {
		return relay.Object{}, fault.E(op, fault.Unsupported, errors.New("the object is too large"))
	}
	buffer, err := call(ctx, func() js.Value { return v.Call("arrayBuffer") })
	if err != nil {
		return relay.Object{}, fault.E(op, fault.Unavailable, err)
	}
	o := relay.Object{Body: toBytes(buffer), Meta: map[string]string{}}
	if t := v.Get("httpMetadata").Get("contentType"); t.Type() == js.TypeString {
		o.ContentType = t.String()
	}
	if meta := v.Get("customMetadata"); meta.Type() == js.TypeObject {
		entries := js.Global().Get("Object").Call("entries", meta)
		for i := range entries.Length() {
			o.Meta[entries.Index(i).Index(0).String()] = entries.Index(i).Index(1).String()
		}
	}
	if t := v.Get("uploaded"); t.Type() == js.TypeObject {
		o.Stored = time.UnixMilli(int64(t.Call("getTime").Float()))
	}
	return o, nil
}

func (b bucket) Put(ctx context.Context, key string, o relay.Object) error {
	meta := map[string]any{}
	for name, value := range o.Meta {
		meta[name] = value
	}
	_, err := b.call(ctx, "put", key, fromBytes(o.Body), map[string]any{
		"httpMetadata": map[string]any{"contentType": o.ContentType}, "customMetadata": meta,
	})
	return err
}

func (b bucket) Count(ctx context.Context, prefix string, limit int) (int, error) {
	v, err := b.call(ctx, "list", map[string]any{"prefix": prefix, "limit": limit})
	if err != nil {
		return 0, err
	}
	return v.Get("objects").Length(), nil
}

func (b bucket) List(ctx context.Context, prefix, cursor string, limit int) (keys []string, next string, err error) {
	options := map[string]any{"prefix": prefix, "limit": limit}
	if cursor != "" {
		options["cursor"] = cursor
	}
	v, err := b.call(ctx, "list", options)
	if err != nil {
		return nil, "", err
	}
	objects := v.Get("objects")
	for i := range objects.Length() {
		keys = append(keys, objects.Index(i).Get("key").String())
	}
	if v.Get("truncated").Bool() {
		next = v.Get("cursor").String()
	}
	return keys, next, nil
}

func (b bucket) Delete(ctx context.Context, keys []string) error {
	list := make([]any, len(keys))
	for i, k := range keys {
		list[i] = k
	}
	_, err := b.call(ctx, "delete", list)
	return err
}
