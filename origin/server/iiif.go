package server

import (
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// iiif answers what is below /iiif/.
func (c *call) iiif() error {
	req, err := iiif.Parse(c.path)
	if err != nil {
		return err
	}
	c.record.identifier = req.Identifier().String()
	switch req.Kind() {
	case iiif.KindBase:
		c.record.route = routeBase
		return c.redirectToInfo(req)
	case iiif.KindInfo:
		c.record.route = routeInfo
		return c.info(req)
	default:
		c.record.route = routeImage
		return c.image(req)
	}
}

// redirectToInfo answers a base URI by 303 to its info.json, with the identifier
// as it was escaped (Image API 3.0 §2). Whether the image exists is said there.
func (c *call) redirectToInfo(req iiif.Request) error {
	c.redirect(req.BasePath() + "/info.json")
	return nil
}

// redirect answers 303 to an escaped path of ours.
func (c *call) redirect(path string) {
	target := c.place.url(path)
	h := c.w.Header()
	h.Set("Location", target)
	h.Set("Cache-Control", c.config.InfoCacheControl)
	c.send(http.StatusSeeOther, "text/plain; charset=utf-8", []byte("see "+target+"\n"))
}

// info answers an info.json.
func (c *call) info(req iiif.Request) error {
	d, err := c.deps.Images.Describe(c.work, req.Identifier())
	if err != nil {
		return err
	}
	v := req.Version()
	body := d.Info.AppendJSON(make([]byte, 0, 2048), v, c.place.url(req.BasePath()), c.config.Limits)
	contentType := iiif.NegotiateInfo(strings.Join(c.r.Header.Values("Accept"), ","), v)
	h := c.w.Header()
	h.Set("Vary", "Accept")
	h.Set("Cache-Control", c.config.InfoCacheControl)
	links := profileLink(v)
	if contentType == "application/json" {
		// Plain JSON does not say what its names mean; the context does (2.1 §5.1).
		links += `, <` + iiif.ContextURI(v) + `>;rel="http://www.w3.org/ns/json-ld#context";type="application/ld+json"`
	}
	h.Set("Link", links)
	// Half of an info.json is configuration, which is as new as the process.
	modified := d.Modified
	if modified.Before(c.started) && !modified.IsZero() {
		modified = c.started
	}
	// The body says it all, the revision included where it matters to clients.
	if c.unchanged(etag("info", contentType, string(body)), modified) {
		return nil
	}
	c.send(http.StatusOK, contentType, body)
	return nil
}

func profileLink(v iiif.Version) string { return `<` + iiif.ProfileURI(v) + `>;rel="profile"` }

// image answers an image. A spelling that is not canonical is served as well:
// redirects would cost viewers a round trip per tile.
func (c *call) image(req iiif.Request) error {
	err := c.tryImage(req)
	if fault.Is(err, fault.Conflict) && c.w.status == 0 {
		// The image was replaced between its description and its rendering.
		err = c.tryImage(req)
	}
	return err
}

func (c *call) tryImage(req iiif.Request) error {
	d, err := c.deps.Images.Describe(c.work, req.Identifier())
	if err != nil {
		return err
	}
	canonical, err := req.Resolve(d.Info, c.config.Limits)
	if err != nil {
		return err
	}
	canonicalPath := canonical.Path()
	c.record.canonical = canonicalPath
	h := c.w.Header()
	v, id := req.Version(), req.Identifier()
	h.Set("Link", `<`+c.place.url(v.BasePath(id)+"/"+canonicalPath)+`>;rel="canonical", `+profileLink(v))
	h.Set("Cache-Control", c.config.ImageCacheControl)
	if c.unchanged(etag("image", canonical.Key(d.Revision), c.config.Style), d.Modified) {
		return nil
	}
	res, err := c.deps.Images.Render(c.work, canonical, d)
	if err != nil {
		return err
	}
	c.record.cache = "miss"
	if res.Cached {
		c.record.cache = "hit"
	}
	if f := req.Format(); f == iiif.PDF || f == iiif.TIF {
		// Programs that open these show the name; browsers save under it.
		h.Set("Content-Disposition", disposition(id, f))
	}
	c.send(http.StatusOK, res.ContentType, res.Data)
	return nil
}

// disposition names an answer after its image.
func disposition(id iiif.Identifier, f iiif.Format) string {
	return mime.FormatMediaType("inline", map[string]string{"filename": fileName(id.String(), f)})
}

// fileName returns the file name for an image in a format: the last segment of
// its identifier, without the ending of the stored file.
func fileName(identifier string, f iiif.Format) string {
	name := strings.Trim(withoutEnding(path.Base(identifier)), "/.")
	if name == "" {
		name = "image"
	}
	return name + "." + f.String()
}

// withoutEnding removes what looks like the ending of an image file.
func withoutEnding(name string) string {
	ext := path.Ext(name)
	if len(ext) < 2 || len(ext) > 5 || len(ext) == len(name) {
		return name
	}
	letters := 0
	for i := range len(ext) - 1 {
		c := ext[i+1]
		if !isAlnum(c) {
			return name
		}
		if c > '9' {
			letters++
		}
	}
	if letters == 0 { // "plate 1.2"
		return name
	}
	return name[:len(name)-len(ext)]
}
