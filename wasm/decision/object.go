package decision

import (
	"strconv"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// sitePrefix is what the keys of published pages, manifests and collections
// begin with.
const sitePrefix = "site/"

// The states of the search for an object.
const (
	asNamed    = iota // the key is the path
	asFolder          // the path with /index.html
	asVersion2        // NAME/v2.json where the path is NAME.json
)

// object answers what is no image: from the store, or, where it is a page that the
// origin has, by the origin.
func (d *Decider) object(r *Request, path, query string, route answer.Route) Action {
	if answer.IsSearch(path, query) {
		return d.page(path, query) // only the origin searches
	}
	key, ok := siteKey(path)
	old := answer.Version2(key, query, r.Accept)
	switch {
	case r.State == asFolder:
		key += "/index.html"
	case r.State == asVersion2 && old != "":
		key, old = old, key
	}
	key = d.config.StorePrefix + key
	absent := func() Action {
		if route != answer.None {
			return d.page(path, query)
		}
		return d.fail(r, fault.New("decision.object", fault.NotFound, "there is nothing at this address"))
	}
	if !ok {
		return absent()
	}
	switch r.Event {
	case Found:
		return d.found(r, path, key)
	case Failed:
		if route != answer.None {
			return d.page(path, query)
		}
		return d.fail(r, fault.E("decision.object", fault.Unavailable, nil))
	case Absent:
		if r.State == asVersion2 && old != "" {
			return Action{Kind: Object, Key: d.config.StorePrefix + old}
		}
		if r.State == asNamed && route == answer.None && answer.MayBeFolder(path) {
			return Action{Kind: Object, Key: key + "/index.html", State: asFolder}
		}
		d.memory.keep(&entry{key: sitePrefix + path, until: r.Now + d.config.NegativeTTL})
		return absent()
	}
	if e := d.memory.find(sitePrefix + path); e != nil && e.until > r.Now {
		return absent()
	}
	if old != "" {
		return Action{Kind: Object, Key: d.config.StorePrefix + old, State: asVersion2}
	}
	return Action{Kind: Object, Key: key}
}

// found answers with an object, or sends a client to the folder it meant.
func (d *Decider) found(r *Request, path, key string) Action {
	d.set("Cache-Control", d.config.SiteCacheControl)
	if r.State == asFolder {
		// Relative links of the page count from its folder.
		target := d.url(path + "/")
		d.set("Location", target)
		return d.respond(r, 301, "text/plain; charset=utf-8", answer.SeeOther(target))
	}
	stored := string(r.Data)
	if !printable(stored) {
		stored = ""
	}
	// Whoever published it knows best what it is.
	contentType, varies := answer.DocumentType(key, stored, r.Accept)
	if varies {
		d.set("Vary", "Accept")
	}
	tag := answer.DocumentTag(`"`+r.ETag+`"`, contentType)
	d.set("ETag", tag)
	if r.IfNoneMatch != "" && answer.Matches(r.IfNoneMatch, tag) {
		return d.notModified()
	}
	d.set("Content-Type", contentType)
	d.set("Content-Length", strconv.FormatInt(r.Size, 10))
	return Action{Kind: Send, Status: 200, Key: key, Headers: d.headers}
}

// siteKey returns the key of the object that a path names. ok is false for a path
// that can name none.
func siteKey(path string) (key string, ok bool) {
	name, ok := answer.DocumentName(path)
	return sitePrefix + name, ok
}
