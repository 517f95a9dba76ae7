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

// look returns the rendered result under a key. That the bucket fails is logged;
// it is then as if there was none.
func (r *Relay) look(ctx context.Context, key string) (Object, bool) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	o, err := r.bucket.Get(ctx, key)
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
	o := Object{Body: a.body, ContentType: a.header.Get("Content-Type"), Meta: map[string]string{}}
	for name, value := range map[string]string{
		metaRevision:     revision,
		metaStyle:        r.config.Style,
		metaETag:         a.header.Get("ETag"),
		metaModified:     a.header.Get("Last-Modified"),
		metaCacheControl: a.header.Get("Cache-Control"),
		metaDisposition:  a.header.Get("Content-Disposition"),
	} {
		if value != "" && len(value) <= maxMeta {
			o.Meta[name] = value
		}
	}
	r.later(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, keepTime)
		defer cancel()
		n, err := r.bucket.Count(ctx, imagePrefix(key), k.MaxPerImage)
		if err == nil && n < k.MaxPerImage {
			err = r.bucket.Put(ctx, key, o)
		}
		if err != nil {
			r.log(err)
		}
	})
}

// imagePrefix returns the part of a key that all results of an image share:
// rendered/{name}/, after the prefix of the store.
func imagePrefix(key string) string {
	at := strings.Index(key, "rendered/")
	if at < 0 {
		return key
	}
	at += len("rendered/")
	if slash := strings.IndexByte(key[at:], '/'); slash >= 0 {
		return key[:at+slash+1]
	}
	return key
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

// describe sets the headers that the origin gave a result.
func describe(h http.Header, req *http.Request, o Object) {
	common(h)
	h.Set("Content-Type", o.ContentType)
	for name, meta := range map[string]string{"ETag": metaETag, "Last-Modified": metaModified, "Content-Disposition": metaDisposition} {
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
