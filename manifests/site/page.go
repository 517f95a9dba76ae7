package site

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// frame is what every page has.
type frame struct {
	// Site is the title of the site, Title that of the page; "" on the first page.
	Site, Title string
	// Tongue is the language of the words of the page, SiteLang that of the title of the
	// site; "" when it is the same.
	Tongue, SiteLang string
	// Description is for search engines and previews; may be empty.
	Description string
	// Policy is the content policy.
	Policy string
	// Root leads to Base: "", "../", "../../".
	Root string
	// Canonical is the URL of the page.
	Canonical string
	// Preview is a picture of the page; may be empty.
	Preview string
	// Mirador says which viewer the page has.
	Mirador bool
}

// frame makes the frame of the page at path, which ends in index.html.
func (s *Site) frame(path, title string) frame {
	folder := strings.TrimSuffix(path, "index.html")
	f := frame{Site: s.cfg.Title, Title: title, Tongue: s.tongue.Lang, Root: strings.Repeat("../", strings.Count(path, "/")),
		Canonical: s.cfg.Base + "/" + escape(folder), Mirador: s.cfg.Viewer == Mirador}
	if base, _, _ := strings.Cut(s.cfg.Language, "-"); !strings.EqualFold(base, f.Tongue) {
		f.SiteLang = s.cfg.Language
	}
	return f
}

// Home leads to the first page; "./" where Root is empty.
func (f frame) Home() string {
	if f.Root == "" {
		return "./"
	}
	return f.Root
}

// escape percent-encodes a path.
func escape(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// document renders a page.
func (s *Site) document(path, template string, data any) (presentation.Document, error) {
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, template, data); err != nil {
		return presentation.Document{}, fault.E("site.page", fault.Internal, err)
	}
	return presentation.Document{Path: path, MediaType: presentation.HTMLType, Body: b.Bytes()}, nil
}

// picture is an image in a page.
type picture struct {
	URL           string
	Width, Height int
}

func firstPicture(list []presentation.Image) *picture {
	if len(list) == 0 {
		return nil
	}
	return &picture{list[0].ID, list[0].Width, list[0].Height}
}

// link is a link with words.
type link struct {
	Href  string
	Label words
	// Format is the kind of file, such as "PDF"; may be empty.
	Format string
}

// formats are what people call media types.
var formats = map[string]string{"application/pdf": "PDF", "image/jpeg": "JPEG", "image/tiff": "TIFF", "image/png": "PNG", "application/epub+zip": "EPUB",
	"text/plain": "Text", "application/xml": "XML", "text/xml": "XML", "application/json": "JSON", "application/ld+json": "JSON-LD",
	"text/turtle": "Turtle", "application/rdf+xml": "RDF", "text/csv": "CSV", "application/zip": "ZIP", "application/alto+xml": "ALTO"}

func (s *Site) links(list []presentation.External) []link {
	var out []link
	for _, e := range list {
		l := link{Href: e.ID, Label: s.label(e.Label), Format: formats[e.Format]}
		if l.Label.Text == "" {
			l.Label.Text = e.ID
		}
		out = append(out, l)
	}
	return out
}
