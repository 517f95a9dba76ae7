package relay

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// The metadata of a rendered result.
const (
	metaRevision     = "revision"
	metaStyle        = "style"
	metaETag         = "etag"
	metaModified     = "last-modified"
	metaCacheControl = "cache-control"
	metaDisposition  = "content-disposition"
)

const (
	// maxMeta bounds a value of the metadata, in bytes: R2 takes 8 KiB of them in all,
	// S3 2 KiB. What is longer is the name of a file for saving.
	maxMeta = 512
	// lookTime bounds a look into the bucket, which is near or not worth waiting for.
	lookTime = 3 * time.Second
	// keepTime bounds a write after the answer; a Worker gives 30 s.
	keepTime = 15 * time.Second
)

// older returns what was rendered before: from the bucket, or else from the cache,
// where everything is for a while, but in this data centre only.
func (r *Relay) older(req *http.Request, key string) (o Object, ok bool) {
	if key != "" {
		o, ok = r.look(req.Context(), r.bucket.Get, key)
	}
	if url := req.Header.Get(OlderHeader); !ok && url != "" && r.cache != nil {
		o, ok = r.look(req.Context(), r.cache.Match, url)
	}
	return o, ok
}

// look returns the rendered result under a key. That a store fails is logged; it is
// then as if there was none.
func (r *Relay) look(ctx context.Context, get func(context.Context, string) (Object, error), key string) (Object, bool) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	o, err := get(ctx, key)
	if err != nil {
		if !fault.Is(err, fault.NotFound) {
			r.log(err)
		}
		return Object{}, false
	}
	return o, true
}

// keep writes an answer to the bucket after it was sent, if the policy says so.
func (r *Relay) keep(req *http.Request, key, revision string, a reply) {
	k := r.config.Keep
	if !k.On || key == "" || req.Method != http.MethodGet || a.status != http.StatusOK ||
		a.stream != nil || int64(len(a.body)) > k.MaxBytes || len(a.body) == 0 || !shared(a.header.Get("Cache-Control")) {
		return
	}
	if _, told, ok := answer.ParseDescription(a.header.Get(answer.DescriptionHeader)); ok {
		revision = told // newer than what the edge knew, or all there is
	}
	o := Remembered(a.header, a.body)
	o.note(metaRevision, revision)
	o.note(metaStyle, r.config.Style)
	r.later(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, keepTime)
		defer cancel()
		n, err := r.bucket.Count(ctx, imagePrefix(key), k.MaxPerImage)
		if err == nil && n >= k.MaxPerImage {
			// What replaces an older one takes no more room.
			n, err = r.bucket.Count(ctx, key, 1)
			n = k.MaxPerImage - n
		}
		if err == nil && n < k.MaxPerImage {
			err = r.bucket.Put(ctx, key, o)
		}
		if err != nil {
			r.log(err)
		}
	})
}

// Remembered returns an answer of the origin as it is kept.
func Remembered(h http.Header, body []byte) Object {
	o := Object{Body: body, ContentType: h.Get("Content-Type"), Meta: map[string]string{}}
	for name, meta := range described {
		o.note(meta, h.Get(name))
	}
	o.note(metaCacheControl, h.Get("Cache-Control"))
	return o
}

// note adds to what is known of a result, unless it is too long to be kept.
func (o Object) note(meta, value string) {
	if value != "" && len(value) <= maxMeta {
		o.Meta[meta] = value
	}
}

// imagePrefix returns the part of a key that all results of an image share: all but
// region, size, rotation and file, which are the last four segments.
func imagePrefix(key string) string {
	end := len(key)
	for range 4 {
		end = max(0, strings.LastIndexByte(key[:end], '/'))
	}
	return key[:end] + "/"
}

// shared reports whether a Cache-Control allows that others get the answer too.
func shared(control string) bool {
	for part := range strings.SplitSeq(strings.ToLower(control), ",") {
		switch name, _, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "no-store", "private":
			return false
		}
	}
	return true
}

// sendRendered answers with a current result of the bucket.
func (r *Relay) sendRendered(w http.ResponseWriter, req *http.Request, o Object) {
	h := w.Header()
	describe(h, req, o)
	h.Set("Cache-Control", o.Meta[metaCacheControl])
	h.Set(SourceHeader, "rendered")
	finish(w, req, o)
}

// sendStale answers with what was rendered before, for a short while. Both
// warnings are obsolete since RFC 9111 but still what people look for.
func (r *Relay) sendStale(w http.ResponseWriter, req *http.Request, o Object) {
	h := w.Header()
	describe(h, req, o)
	h.Set("Cache-Control", "public, max-age="+seconds(r.config.StaleFor))
	h.Add("Warning", `110 - "Response is Stale", 111 - "Revalidation Failed"`)
	h.Set(SourceHeader, "stale")
	// An Age would make caches count from the day of the rendering, and ask again at
	// once; when that was says this.
	if !o.Stored.IsZero() {
		h.Set("X-Vitrine-Rendered", o.Stored.UTC().Format(http.TimeFormat))
	}
	finish(w, req, o)
}

// described are the headers that a result has besides its type, and where they are in
// the metadata.
var described = map[string]string{"ETag": metaETag, "Last-Modified": metaModified, "Content-Disposition": metaDisposition}

// describe sets the headers that the origin gave a result.
func describe(h http.Header, req *http.Request, o Object) {
	common(h)
	h.Set("Content-Type", o.ContentType)
	for name, meta := range described {
		if v := o.Meta[meta]; v != "" {
			h.Set(name, v)
		}
	}
	// A result belongs to both versions of the protocol, its links to one.
	version := iiif.V3
	if strings.Contains(req.RequestURI, "/iiif/2/") {
		version = iiif.V2
	}
	h.Set("Link", answer.ImageLink(req.RequestURI, version))
}

func finish(w http.ResponseWriter, req *http.Request, o Object) {
	w.Header().Set("Content-Length", strconv.Itoa(len(o.Body)))
	w.WriteHeader(http.StatusOK)
	if req.Method != http.MethodHead {
		w.Write(o.Body)
	}
}
