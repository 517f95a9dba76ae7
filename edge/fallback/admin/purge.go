package admin

import (
	"context"
	"net/http"
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

const (
	renderedFolder = "rendered/"
	// listPage is the most that R2 lists or deletes in one call.
	listPage = 1000
	// maxPages bounds one call: a Worker on the free plan may do 50 things.
	maxPages = 20
)

// purged is the answer to a purge.
type purged struct {
	Rendered int  `json:"rendered"` // results deleted from the bucket
	More     bool `json:"more"`     // call again: there is more than one call deletes
}

// purge forgets an image.
func (a *Admin) purge(req *http.Request) (any, error) {
	const op = "admin.purge"
	id, err := iiif.NewIdentifier(req.URL.Query().Get("id"))
	if err != nil {
		return nil, fault.New(op, fault.Invalid, "say which image: /admin/purge?id=…")
	}
	return a.remove(req.Context(), a.config.Prefix+renderedFolder+folderName(id)+"/")
}

// purgeAll forgets all rendered results.
func (a *Admin) purgeAll(req *http.Request) (any, error) {
	return a.remove(req.Context(), a.config.Prefix+renderedFolder)
}

// remove deletes everything with a prefix.
func (a *Admin) remove(ctx context.Context, prefix string) (purged, error) {
	const op = "admin.remove"
	var p purged
	if a.deps.Bucket == nil {
		return p, nil
	}
	for page := 0; ; page++ {
		// From the beginning each time: what was listed is gone.
		keys, next, err := a.deps.Bucket.List(ctx, prefix, "", listPage)
		if err != nil {
			return p, fault.E(op, fault.KindOf(err), err)
		}
		if len(keys) == 0 {
			return p, nil
		}
		if page == maxPages {
			p.More = true
			return p, nil
		}
		if err := a.deps.Bucket.Delete(ctx, keys); err != nil {
			return p, fault.E(op, fault.KindOf(err), err)
		}
		p.Rendered += len(keys)
		if next == "" {
			return p, nil
		}
	}
}

// folderName returns the name of the folder of an image's rendered results: that of
// its pyramid.
func folderName(id iiif.Identifier) string {
	return strings.TrimSuffix(strings.TrimPrefix(pyramid.Key(id), pyramid.KeyPrefix), pyramid.KeySuffix)
}
