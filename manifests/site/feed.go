package site

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Media types of feed and site map.
const (
	atomType = "application/atom+xml; charset=utf-8"
	xmlType  = "application/xml; charset=utf-8"
)

// atom is RFC 4287.
type atom struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr,omitempty"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  atomAuthor  `xml:"author"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomAuthor struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr,omitempty"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

// atomText is a text; Lang is "" when it is that of the feed, or not known.
type atomText struct {
	Lang string `xml:"xml:lang,attr,omitempty"`
	Text string `xml:",chardata"`
}

type atomEntry struct {
	ID        string     `xml:"id"`
	Title     atomText   `xml:"title"`
	Published string     `xml:"published,omitempty"`
	Updated   string     `xml:"updated"`
	Summary   string     `xml:"summary,omitempty"`
	Links     []atomLink `xml:"link"`
}

// feed makes feed.xml: the objects that were published last.
func (s *Site) feed(entries []presentation.Entry) (presentation.Document, error) {
	latest := make([]*presentation.Entry, len(entries))
	var updated time.Time
	for i := range entries {
		latest[i] = &entries[i]
		if t := entries[i].Changed; t.After(updated) {
			updated = t
		}
	}
	slices.SortStableFunc(latest, func(a, b *presentation.Entry) int {
		return cmp.Or(b.Published.Compare(a.Published), strings.Compare(a.Name, b.Name))
	})
	f := atom{Lang: s.cfg.Language, ID: s.cfg.Base + "/feed.xml", Title: s.cfg.Title, Updated: stamp(updated), Author: atomAuthor{s.cfg.Title},
		Links: []atomLink{{Rel: "self", Type: "application/atom+xml", Href: s.cfg.Base + "/feed.xml"}, {Rel: "alternate", Type: "text/html", Href: s.cfg.Base + "/"}}}
	for _, e := range latest[:min(len(latest), s.cfg.FeedLength)] {
		label := s.label(e.Label)
		if label.Lang == s.cfg.Language {
			label.Lang = ""
		}
		entry := atomEntry{ID: e.ID, Title: atomText{label.Lang, label.Text}, Published: stamp(e.Published), Updated: stamp(e.Changed), Summary: s.plain(e.Summary),
			Links: []atomLink{{Rel: "alternate", Type: "text/html", Href: s.page(e.Name)}, {Rel: "related", Type: "application/ld+json", Href: e.ID}}}
		if len(e.Thumbnail) > 0 {
			entry.Links = append(entry.Links, atomLink{Rel: "enclosure", Type: e.Thumbnail[0].Format, Href: e.Thumbnail[0].ID})
		}
		f.Entries = append(f.Entries, entry)
	}
	return encodeXML("feed.xml", atomType, f)
}

// page is the URL of the page of an object.
func (s *Site) page(name string) string { return s.cfg.Base + "/" + escape(name) + "/" }

// stamp is RFC 3339; a time that is not known is the beginning of Unix's, because the
// format demands one.
func stamp(t time.Time) string {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC().Format(time.RFC3339)
}

// maxURLs is how many a site map may hold (sitemaps.org/protocol.html).
const maxURLs = 50_000

type urlSet struct {
	XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []siteURL `xml:"url"`
}

type siteURL struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

type siteIndex struct {
	XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
	Maps    []siteURL `xml:"sitemap"`
}

// siteMap makes sitemap.xml, of parts when it is large. The parts lie beside it,
// because a site map only speaks for its own folder.
func (s *Site) siteMap(entries []presentation.Entry, root *presentation.Shelf, put func(presentation.Document, error) bool) bool {
	urls := []siteURL{{Loc: s.cfg.Base + "/"}}
	var walk func(*presentation.Shelf)
	walk = func(shelf *presentation.Shelf) {
		for _, slug := range slices.Sorted(maps.Keys(shelf.Below)) {
			sub := shelf.Below[slug]
			urls = append(urls, siteURL{Loc: s.cfg.Base + "/collection/" + escape(strings.Join(sub.Path, "/")) + "/"})
			walk(sub)
		}
	}
	walk(root)
	for i := range entries {
		u := siteURL{Loc: s.page(entries[i].Name)}
		if t := entries[i].Changed; !t.IsZero() {
			u.LastMod = stamp(t)
		}
		urls = append(urls, u)
	}
	if len(urls) <= maxURLs {
		return put(encodeXML("sitemap.xml", xmlType, urlSet{URLs: urls}))
	}
	var index siteIndex
	for part := range slices.Chunk(urls, maxURLs) {
		name := "sitemap-" + strconv.Itoa(len(index.Maps)+1) + ".xml"
		index.Maps = append(index.Maps, siteURL{Loc: s.cfg.Base + "/" + name})
		if !put(encodeXML(name, xmlType, urlSet{URLs: part})) {
			return false
		}
	}
	return put(encodeXML("sitemap.xml", xmlType, index))
}

func encodeXML(path, mediaType string, v any) (presentation.Document, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", " ")
	if err := enc.Encode(v); err != nil {
		return presentation.Document{}, fault.E("site.feed", fault.Internal, err)
	}
	b.WriteByte('\n')
	return presentation.Document{Path: path, MediaType: mediaType, Body: b.Bytes()}, nil
}
