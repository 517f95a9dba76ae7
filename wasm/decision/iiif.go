package decision

import (
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

const (
	// maxHead bounds the heads that are read, in bytes: pictures of 30 gigapixels.
	// What is larger is left to the origin.
	maxHead = 1 << 20
	// maxChanges is how often a tile is looked for anew when its object was replaced
	// between the reading of the index and its own.
	maxChanges = 1
	// grace is how much longer an index is used when the store does not answer, in
	// milliseconds, before it is asked again.
	grace = 5000
)

// iiif answers what is below /iiif/.
func (d *Decider) iiif(r *Request, path string) Action {
	req, err := iiif.Parse(path)
	if err != nil {
		return d.fail(r, err)
	}
	if req.Kind() == iiif.KindBase {
		target := d.url(req.BasePath() + "/info.json")
		d.set("Location", target)
		d.set("Cache-Control", d.config.InfoCacheControl)
		return d.respond(r, 303, "text/plain; charset=utf-8", answer.SeeOther(target))
	}
	key := d.config.StorePrefix + pyramid.Key(req.Identifier())
	e, state, next := d.learn(r, key)
	switch {
	case next.Kind != "":
		return next
	case e == nil: // the store does not answer
		return d.unplanned(req, path, nil)
	case e.gone:
		return d.fail(r, fault.E("decision.iiif", fault.NotFound, nil))
	case e.index == nil && e.told <= r.Now:
		return d.unplanned(req, path, e)
	}
	var a Action
	if req.Kind() == iiif.KindInfo {
		a = d.info(r, req, e)
	} else {
		a = d.image(r, req, e, state)
	}
	if a.Until = e.until; e.index == nil {
		a.Until = min(a.Until, e.told)
	}
	return a
}

// learn takes in the event and returns what is known of a pyramid, nothing when the
// store failed, and the state for actions to come. Or it returns what to read next.
func (d *Decider) learn(r *Request, key string) (e *entry, state int, next Action) {
	e, state = d.memory.find(key), r.State
	switch r.Event {
	case Head:
		e, next = d.read(r, key)
		return e, state, next
	case Same:
		if e != nil && e.index != nil && e.etag == r.ETag {
			e.until = r.Now + d.config.IndexTTL
			return e, state, next
		}
		e = nil // it was forgotten meanwhile
	case Absent:
		absent := &entry{key: key, until: r.Now + d.config.NegativeTTL}
		if e != nil && e.index == nil {
			absent.info, absent.revision, absent.told = e.info, e.revision, e.told
		}
		return d.memory.keep(absent), state, next
	case Failed:
		if e == nil || e.index == nil && e.told <= r.Now {
			return nil, state, next
		}
		e.until = r.Now + grace // an old one is better than none
		return e, state, next
	case Changed:
		if state >= maxChanges {
			return nil, state, next
		}
		state++
		if e != nil && e.etag == r.ETag { // else another request brought a newer one
			d.memory.drop(e)
			e = nil
		}
	case Told:
		return d.told(r, key, e), state, next
	case Gone:
		if e != nil && e.index != nil {
			return &entry{gone: true}, state, next // tiles are served all the same
		}
		return d.memory.keep(&entry{key: key, gone: true, until: r.Now + d.config.NegativeTTL}), state, next
	}
	if e != nil && e.until > r.Now {
		return e, state, next
	}
	next = Action{Kind: Index, Key: key, Length: pyramid.FirstRead, State: state}
	if e != nil && e.index != nil {
		next.ETag = e.etag
	}
	return nil, state, next
}

// told takes in what the origin says of an image without a pyramid.
func (d *Decider) told(r *Request, key string, e *entry) *entry {
	info, revision, ok := answer.ParseDescription(string(r.Data))
	switch {
	case !ok || e != nil && e.index != nil && e.revision != revision:
		return nil // nobody knows where the answer belongs
	case e != nil && e.index != nil:
		return e
	}
	told := &entry{key: key, revision: revision, info: d.known(info), told: r.Now + d.config.IndexTTL}
	if e != nil {
		told.until = e.until
	}
	return d.memory.keep(told)
}

// read takes in the head of a pyramid. One that is damaged or not ours counts as
// none: the origin reads the image itself.
func (d *Decider) read(r *Request, key string) (*entry, Action) {
	x, need, err := pyramid.ParseHead(r.Data)
	if err == nil && x == nil && need <= maxHead && int64(need) <= r.Size && need > len(r.Data) {
		return nil, Action{Kind: Index, Key: key, Length: int64(need), State: r.State}
	}
	e := &entry{key: key, until: r.Now + d.config.IndexTTL}
	if err == nil && x != nil && x.Size() == r.Size {
		// What was read is not kept, but for the part that is the head.
		if x, _, err = pyramid.ParseHead(append([]byte(nil), x.Head()...)); err == nil {
			// The tag lives in the memory of this request, headers and all: what is kept
			// is a copy.
			e.index, e.etag, e.info, e.revision = x, strings.Clone(r.ETag), d.known(x.Info()), x.Revision()
		}
	}
	return d.memory.keep(e), Action{}
}

// known returns what the API says of an image, as the origin does. own is what is
// known of that image alone.
func (d *Decider) known(own iiif.Info) iiif.Info {
	info := d.config.Info
	info.Width, info.Height, info.Native = own.Width, own.Height, own.Native
	if len(own.Sizes) > 0 {
		info.Sizes = own.Sizes
	}
	if own.TileWidth >= 128 && own.TileWidth <= 2048 {
		info.TileWidth, info.TileHeight = own.TileWidth, own.TileHeight
	}
	return info
}

// info answers an info.json.
func (d *Decider) info(r *Request, req iiif.Request, e *entry) Action {
	v := req.Version()
	contentType := iiif.NegotiateInfo(r.Accept, v)
	doc := &e.said[v-iiif.V2]
	if spelled := req.Identifier().Spelled(); doc.spelled != spelled || doc.contentType != contentType {
		body := e.info.AppendJSON(d.body[:0], v, d.url(req.BasePath()), d.config.Limits)
		d.body = body
		// The path lives in the memory of this request: what is kept is a copy.
		*doc = document{
			strings.Clone(spelled), contentType, answer.InfoLink(v, contentType),
			answer.InfoTag(contentType, body), append([]byte(nil), body...),
		}
	}
	d.set("Vary", "Accept")
	d.set("Cache-Control", d.config.InfoCacheControl)
	d.set("Link", doc.link)
	d.set("ETag", doc.tag)
	if r.IfNoneMatch != "" && answer.Matches(r.IfNoneMatch, doc.tag) {
		return d.notModified()
	}
	return d.respond(r, 200, contentType, doc.body)
}

// image answers an image: from one tile of the pyramid, or by the origin.
func (d *Decider) image(r *Request, req iiif.Request, e *entry, state int) Action {
	c, err := req.Resolve(e.info, d.config.Limits)
	if err != nil {
		return d.fail(r, err)
	}
	v, revision := req.Version(), e.revision
	canonical := d.url(v.BasePath(req.Identifier()) + "/" + c.Path())
	key := c.Key(revision)
	tag := answer.ImageTag(key, d.config.Style)
	var plan pyramid.Action
	if e.index != nil {
		plan = pyramid.Plan(e.index, c)
	}
	tile := plan.Kind == pyramid.PassThrough && !plan.Splice && !plan.Crop && plan.Range.Length > 0
	matches := r.IfNoneMatch != "" && answer.Matches(r.IfNoneMatch, tag)
	if !tile && !matches {
		d.headers = d.headers[:0]
		d.set("Link", answer.ImageLink(canonical, v)) // differs between the versions
		key, cache := d.rendered(c, revision)
		return Action{Kind: Fallback, URL: canonical, Key: key, Cache: cache, Revision: revision, Headers: d.headers}
	}
	d.set("Link", answer.ImageLink(canonical, v))
	d.set("Cache-Control", d.config.ImageCacheControl)
	d.set("ETag", tag)
	if matches {
		return d.notModified()
	}
	d.set("Content-Type", c.Format.MediaType())
	d.set("Content-Length", strconv.FormatInt(plan.Range.Length, 10))
	if r.Method == "HEAD" {
		return Action{Kind: Respond, Status: 200, Headers: d.headers}
	}
	return Action{
		// The tag, because a pyramid may be made anew of the same revision, and what is
		// in the cache must have the length that is announced.
		Kind: Tile, Status: 200, Headers: d.headers, Cache: d.url("/tiles/" + key + "~" + e.etag), Key: e.key,
		Offset: plan.Range.Offset, Length: plan.Range.Length, ETag: e.etag, State: state,
	}
}

// rendered returns where a rendered answer is: its key in the store, of which the
// revision is not a part, so that an old answer is found when there is no new one,
// and its URL in the cache.
func (d *Decider) rendered(c iiif.Canonical, revision string) (key, cache string) {
	name := strings.TrimSuffix(strings.TrimPrefix(pyramid.Key(c.ID), pyramid.KeyPrefix), pyramid.KeySuffix)
	_, rest, _ := strings.Cut(c.Key(""), "/")
	key = "rendered/" + name + "/" + rest
	return d.config.StorePrefix + key, d.url("/" + key + "@" + revision + "~" + d.config.Style)
}

// earlier returns where a rendered answer was when the origin told of the image last,
// in case that it does not answer now; "" if that is not known.
func (d *Decider) earlier(req iiif.Request, e *entry) (key, cache string) {
	if e.revision == "" || req.Kind() != iiif.KindImage {
		return "", ""
	}
	c, err := req.Resolve(e.info, d.config.Limits)
	if err != nil {
		return "", ""
	}
	return d.rendered(c, e.revision)
}

// unplanned lets the origin answer for an image that has no pyramid. Without its
// dimensions nothing says which requests are the same; the origin will tell. e is
// what was known of it, nil for nothing: it says where an older answer may be.
func (d *Decider) unplanned(req iiif.Request, path string, e *entry) Action {
	if req.Kind() == iiif.KindInfo {
		return Action{Kind: Fallback, URL: d.url(req.BasePath() + "/info.json")}
	}
	v := req.Version()
	_, rest, _ := strings.Cut(path[len(v.BasePath(iiif.Identifier{})):], "/")
	a := Action{Kind: Fallback, URL: d.url(v.BasePath(req.Identifier()) + "/" + rest)}
	if e != nil {
		a.Key, a.Older = d.earlier(req, e)
	}
	return a
}
