package server

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// loadPages parses the templates.
func (s *Server) loadPages() (*template.Template, error) {
	return template.New("").Funcs(template.FuncMap{
		"asset": func(name string) template.URL { return template.URL(s.assets[name].url) },
	}).ParseFS(templateFiles, "templates/*.html")
}

// frame is what every page shows. Links in pages are absolute paths with the
// prefix, so that a page works by whatever name it was reached.
type frame struct {
	Site   string // title of the gallery
	Title  string // of the page, "" on the first page
	Prefix template.URL
	Home   template.URL
}

func (c *call) frame(title string) frame {
	prefix := template.URL(c.place.prefix)
	return frame{Site: c.config.Title, Title: title, Prefix: prefix, Home: prefix + template.URL(c.galleryPath())}
}

// link returns the path of an escaped path of ours for use in pages. All that it
// is made of has been parsed: escaped identifiers and prefixes of plain segments.
func (c *call) link(path string) template.URL { return template.URL(c.place.prefix + path) }

// sendPage answers with a page. Pages are asked for again each time, and 304
// when they are the same.
func (c *call) sendPage(status int, name string, data any) error {
	var b bytes.Buffer
	if err := c.pages.ExecuteTemplate(&b, name, data); err != nil {
		return fault.E("server.sendPage", fault.Internal, err)
	}
	h := c.w.Header()
	h.Set("Content-Security-Policy", c.csp)
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	if status == http.StatusOK {
		h.Set("Cache-Control", "no-cache")
		if c.unchanged(answer.Tag("page", b.String()), time.Time{}) {
			return nil
		}
	}
	c.send(status, "text/html; charset=utf-8", b.Bytes())
	return nil
}

type errorPage struct {
	frame
	Heading, Text string
}

func (c *call) sendErrorPage(status int, text string) {
	// Public texts are written to be quoted: without capital and full stop.
	sentence := strings.ToUpper(text[:1]) + text[1:] + "."
	page := errorPage{c.frame("Not available"), "Something went wrong", sentence}
	switch status {
	case http.StatusNotFound:
		page.frame.Title, page.Heading = "Not found", "There is nothing here"
	case http.StatusServiceUnavailable:
		page.Heading = "Please try again in a moment"
	case http.StatusForbidden, http.StatusUnauthorized:
		page.Heading = "This is not open to the public"
	}
	if err := c.sendPage(status, "error.html", page); err != nil {
		c.send(status, "text/plain; charset=utf-8", []byte(text+"\n"))
	}
}

type galleryPage struct {
	frame
	Listed  bool // the source can be listed
	Search  string
	Cards   []card
	First   bool         // this is the first page
	Start   template.URL // the first page of this search
	Next    template.URL // "" on the last page
	Partial bool         // nothing found yet, but the search goes on
}

type card struct {
	Title       string
	Href, Thumb template.URL
}

// maxSearch bounds a search text, in bytes.
const maxSearch = 256

// gallery answers the first page of the site.
func (c *call) gallery() error {
	const op = "server.gallery"
	if c.deps.Gallery == nil {
		return c.sendPage(http.StatusOK, "gallery.html", galleryPage{frame: c.frame(""), First: true})
	}
	form := c.r.URL.Query()
	search, after := strings.TrimSpace(form.Get("q")), form.Get("after")
	if len(search) > maxSearch || len(after) > 4096 {
		return fault.New(op, fault.Invalid, "the search text is too long")
	}
	list, err := c.deps.Gallery.List(c.work, Query{Search: search, After: after, Limit: c.config.PageSize})
	if err != nil {
		return err
	}
	page := galleryPage{frame: c.frame(""), Listed: true, Search: search, First: after == ""}
	if search != "" {
		page.frame.Title = "Search: " + search
	}
	for _, e := range list.Entries {
		id, err := iiif.NewIdentifier(e.Identifier)
		if err != nil {
			continue // a file whose name no URL can hold
		}
		title := e.Title
		if title == "" {
			title = titleOf(e.Identifier)
		}
		page.Cards = append(page.Cards, card{title, c.link("/viewer/" + id.Escaped()), c.link(c.thumbnail(id, "!400,400"))})
	}
	page.Start = c.link(c.galleryPath() + query("q", search))
	if list.Next != "" {
		page.Next = c.link(c.galleryPath() + query("q", search, "after", list.Next))
		page.Partial = len(page.Cards) == 0
	}
	return c.sendPage(http.StatusOK, "gallery.html", page)
}

// thumbnail returns the path of an image confined to a size. Version 2 never
// enlarges; it is used where version 3 refuses !w,h above the image.
func (s *Server) thumbnail(id iiif.Identifier, size string) string {
	v := iiif.V3
	if s.config.Limits.StrictSize {
		v = iiif.V2
	}
	return v.BasePath(id) + "/full/" + size + "/0/default.jpg"
}

// query returns the query of the names that have a value, "" without any.
func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

// titleOf makes a title of an identifier: the name of the file, for people.
func titleOf(identifier string) string {
	name := withoutEnding(path.Base(identifier))
	if isSlug(name) {
		name = strings.ToUpper(name[:1]) + strings.ReplaceAll(name[1:], "-", " ")
	}
	if t := strings.TrimSpace(strings.ReplaceAll(name, "_", " ")); t != "" {
		return t
	}
	return identifier
}

// isSlug reports whether a name is words with hyphens for spaces, such as
// "codex-folio-1", and not a number of an inventory, such as "ng-1886-12": it
// holds nothing but small letters and numbers, and two words of three letters.
func isSlug(name string) bool {
	words := 0
	for i, part := range strings.Split(name, "-") {
		letters, digits := 0, 0
		for j := range len(part) {
			switch c := part[j]; {
			case 'a' <= c && c <= 'z':
				letters++
			case '0' <= c && c <= '9':
				digits++
			default:
				return false
			}
		}
		if part == "" || letters > 0 && digits > 0 || i == 0 && digits > 0 {
			return false
		}
		if letters >= 3 {
			words++
		}
	}
	return words >= 2
}
