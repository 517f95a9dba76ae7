package server

import (
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
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
		c.record.route = answer.Base
		return c.redirectToInfo(req)
	case iiif.KindInfo:
		c.record.route = answer.Info
		return c.info(req)
	default:
		c.record.route = answer.Image
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
	c.send(http.StatusSeeOther, "text/plain; charset=utf-8", answer.SeeOther(target))
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
	told := c.tell(d)
	c.set("Vary", "Accept")
	c.set("Cache-Control", d.cacheControl(c.config.InfoCacheControl))
	c.set("Link", answer.InfoLink(v, contentType))
	// Half of an info.json is configuration, which is as new as the process.
	modified := d.Modified
	if modified.Before(c.started) && !modified.IsZero() {
		modified = c.started
	}
	if told {
		// From now on the edge makes this answer itself, and it knows no dates.
		modified = time.Time{}
	}
	if c.unchanged(answer.InfoTag(contentType, body), modified) {
		return nil
	}
	c.send(http.StatusOK, contentType, body)
	return nil
}

// cacheControl returns what caches may do with an answer about d: as usual, but
// not for long when nobody knows whether it still is right.
func (d Description) cacheControl(usual string) string {
	if d.Stale {
		return "public, max-age=30"
	}
	return usual
}

// tell tells an edge that asks what d says of its image, and reports whether it did.
func (c *call) tell(d Description) bool {
	if len(c.r.Header[answer.DescribeHeader]) == 0 || d.Stale {
		return false
	}
	text := answer.Description(d.Info, d.Revision)
	if text != "" {
		c.set(answer.DescriptionHeader, text)
	}
	return text != ""
}

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
	v, id := req.Version(), req.Identifier()
	c.tell(d)
	c.set("Link", answer.ImageLink(c.place.url(v.BasePath(id)+"/"+canonicalPath), v))
	c.set("Cache-Control", d.cacheControl(c.config.ImageCacheControl))
	if c.unchanged(answer.ImageTag(canonical.Key(d.Revision), c.config.Style), d.Modified) {
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
		c.set("Content-Disposition", disposition(id, f))
	}
	if res.Release != nil {
		defer res.Release()
	}
	if res.File != nil {
		c.sendSection(res.ContentType, section{res.File, res.Offset, res.Length})
		return nil
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
