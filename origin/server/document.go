package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// Publication answers for published manifests and pages. Implementations are safe for
// concurrent use and report failures as *fault.Error.
type Publication interface {
	// Document returns the document of an answer.DocumentName. Nothing there, or a
	// folder, is NotFound.
	Document(ctx context.Context, name string) (Document, error)
	// Search returns the answer of Content Search 2.0 in an object, as JSON. service is
	// the URL of the service. Without text to search it is NotFound.
	Search(ctx context.Context, object, service string, form url.Values) ([]byte, error)
}

// Document is a published document.
type Document struct {
	// Body is only read.
	Body []byte
	// MediaType is what it was published as; "" when that is not known.
	MediaType string
	// Version is a strong entity tag of the body, with its quotes.
	Version string
}

// published is where the publication is.
type published struct {
	base string // URL without a slash at the end
	path string // of base, escaped: "" or "/folder"
}

// newPublished reads the URL of a publication.
func newPublished(base string) (p published, err error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return p, errors.New("the base of the publication is not like https://host/folder")
	}
	p.base, p.path = strings.TrimRight(base, "/"), strings.TrimRight(u.EscapedPath(), "/")
	if p.path != "" && answer.RouteOf(p.path+"/x") != answer.None {
		return p, errors.New("the base of the publication is below a path of the server's own")
	}
	return p, nil
}

// root reports whether the first page is that of the publication.
func (c *call) root() bool {
	return c.deps.Publication != nil && strings.TrimPrefix(c.published.path, c.place.prefix) == ""
}

// galleryPath is where the gallery is.
func (c *call) galleryPath() string {
	if c.root() {
		return "/images"
	}
	return "/"
}

// front answers the first page and /images.
func (c *call) front() error {
	if c.path != "/" && !c.root() {
		return c.document()
	}
	if c.path == "/" && c.root() {
		if err := c.document(); !fault.Is(err, fault.NotFound) {
			return err
		}
		c.record.route = answer.Gallery // until something is published
	}
	return c.gallery()
}

// document answers what was published.
func (c *call) document() error {
	const op = "server.document"
	nothing := fault.New(op, fault.NotFound, "there is nothing at this address")
	if c.deps.Publication == nil {
		return nothing
	}
	// Proxies differ in whether they strip the prefix.
	path, ok := below(c.path, c.published.path)
	if rest, prefixed := strings.CutPrefix(c.published.path, c.place.prefix); !ok && prefixed {
		path, ok = below(c.path, rest)
	}
	if !ok {
		return nothing
	}
	c.record.route = answer.Document
	name, ok := answer.DocumentName(path)
	if !ok {
		return nothing
	}
	if path == "" {
		return c.redirectToFolder("")
	}
	if answer.IsSearch(path, c.r.URL.RawQuery) {
		return c.search(strings.TrimSuffix(name, "/search"))
	}
	accept := strings.Join(c.r.Header.Values("Accept"), ",")
	if old := answer.Version2(name, c.r.URL.RawQuery, accept); old != "" {
		d, err := c.deps.Publication.Document(c.work, old)
		if !fault.Is(err, fault.NotFound) {
			return c.sendDocument(old, accept, d, err)
		}
	}
	d, err := c.deps.Publication.Document(c.work, name)
	if fault.Is(err, fault.NotFound) {
		if answer.MayBeFolder(path) {
			if _, err := c.deps.Publication.Document(c.work, name+"/index.html"); err == nil {
				return c.redirectToFolder(path)
			}
		}
		return nothing
	}
	return c.sendDocument(name, accept, d, err)
}

// below returns the rest of a path that is at or below a base path.
func below(path, base string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, base)
	return rest, ok && (rest == "" || rest[0] == '/')
}

// redirectToFolder answers 301: relative links of a page count from its folder.
func (c *call) redirectToFolder(path string) error {
	target := c.place.origin + c.published.path + path + "/"
	h := c.w.Header()
	h.Set("Location", target)
	h.Set("Cache-Control", c.config.DocumentCacheControl)
	c.send(http.StatusMovedPermanently, "text/plain; charset=utf-8", answer.SeeOther(target))
	return nil
}

func (c *call) sendDocument(name, accept string, d Document, err error) error {
	if err != nil {
		return err
	}
	contentType, varies := answer.DocumentType(name, d.MediaType, accept)
	h := c.w.Header()
	h.Set("Cache-Control", c.config.DocumentCacheControl)
	if varies {
		h.Set("Vary", "Accept")
	}
	if c.unchanged(answer.DocumentTag(d.Version, contentType), time.Time{}) {
		return nil
	}
	c.send(http.StatusOK, contentType, d.Body)
	return nil
}

// search answers Content Search 2.0 in an object.
func (c *call) search(object string) error {
	c.record.route = answer.Search
	service := c.published.base + (&url.URL{Path: "/" + object + "/search"}).EscapedPath()
	body, err := c.deps.Publication.Search(c.work, object, service, c.r.URL.Query())
	if err != nil {
		return err
	}
	contentType := `application/ld+json;profile="http://iiif.io/api/search/2/context.json"`
	if accept := strings.Join(c.r.Header.Values("Accept"), ","); iiif.NegotiateInfo(accept, iiif.V3) == "application/json" {
		contentType = "application/json"
	}
	h := c.w.Header()
	h.Set("Vary", "Accept")
	h.Set("Cache-Control", c.config.DocumentCacheControl)
	if c.unchanged(answer.Tag("search", contentType, string(body)), time.Time{}) {
		return nil
	}
	c.send(http.StatusOK, contentType, body)
	return nil
}
