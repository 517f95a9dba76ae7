package site

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const base = "https://museum.example/collection"

func newSite(t *testing.T, change func(*Config)) *Site {
	t.Helper()
	cfg := Config{Base: base, Title: "Museum & Sons", Elsewhere: PublicViewers(), PageSize: 4, Version2: true}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// entries makes n entries, the numbers of whose labels run backwards.
func entries(n int) (list []presentation.Entry) {
	day := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	for i := range n {
		name := fmt.Sprintf("o%05d", i)
		list = append(list, presentation.Entry{Name: name, ID: base + "/" + name + ".json", Label: item.Plain("en", fmt.Sprintf("Sheet %d", n-i)), Pages: 1,
			Thumbnail: []presentation.Image{{ID: "https://images.example/iiif/3/" + name + "/full/400,300/0/default.jpg", Type: "Image", Format: "image/jpeg", Width: 400, Height: 300}},
			Published: day.AddDate(0, 0, i), Changed: day.AddDate(0, 0, i).Add(time.Hour)})
	}
	return list
}

// listed returns what a site makes of entries, by path.
func listed(t *testing.T, s *Site, list []presentation.Entry) map[string]string {
	t.Helper()
	docs := map[string]string{}
	for d, err := range s.Lists(presentation.Catalogue{Entries: list}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := docs[d.Path]; twice {
			t.Errorf("%s is made twice", d.Path)
		}
		docs[d.Path] = string(d.Body)
	}
	return docs
}

// labels are the labels of a page's cards, and links what it leads to.
func labels(t *testing.T, page string) (labels, links []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data == "a" {
			links = append(links, attr(n, "href"))
		}
		if attr(n, "class") == "label" && n.FirstChild != nil {
			labels = append(labels, n.FirstChild.Data)
		}
	}
	return labels, links
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// TestPages: the index is divided, each page leads to its neighbours, numbers count by
// their value, and nothing leads nowhere.
func TestPages(t *testing.T) {
	s := newSite(t, nil)
	docs := listed(t, s, entries(10))
	var all []string
	for _, p := range []string{"index.html", "page/2/index.html", "page/3/index.html"} {
		l, _ := labels(t, docs[p])
		all = append(all, l...)
	}
	want := []string{"Sheet 1", "Sheet 2", "Sheet 3", "Sheet 4", "Sheet 5", "Sheet 6", "Sheet 7", "Sheet 8", "Sheet 9", "Sheet 10"}
	if !slices.Equal(all, want) {
		t.Errorf("in order: %q", all)
	}
	there := map[string]bool{"collection.json": true, "": true}
	for p := range docs {
		there[strings.TrimSuffix(p, "index.html")] = true
	}
	for _, d := range s.Assets() {
		there[d.Path] = true
	}
	for _, e := range entries(10) {
		there[e.Name+"/"] = true
	}
	for p, body := range docs {
		if !strings.HasSuffix(p, ".html") {
			continue
		}
		root, err := html.Parse(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			for _, name := range []string{"href", "src", "data-root"} {
				link := attr(n, name)
				if u, err := url.Parse(link); err != nil || u.IsAbs() || link == "" || strings.HasPrefix(link, "#") {
					continue
				}
				to := path.Join("/", path.Dir(p), link)[1:]
				if strings.HasSuffix(link, "/") && to != "" {
					to += "/"
				}
				if !there[to] {
					t.Errorf("%s leads to %s, which is not there (%s)", p, to, link)
				}
			}
		}
	}
	if again := listed(t, newSite(t, nil), entries(10)); !mapsEqual(docs, again) {
		t.Error("the same entries give other pages")
	}
	if empty := listed(t, s, nil); !strings.Contains(empty["index.html"], "There is nothing here yet") {
		t.Error("an empty site says nothing")
	}
}

func mapsEqual(a, b map[string]string) bool {
	for k := range a {
		if a[k] != b[k] {
			return false
		}
	}
	return len(a) == len(b)
}

// TestOrder: labels are sorted as their language does.
func TestOrder(t *testing.T) {
	var list []presentation.Entry
	for i, l := range []string{"Zvon", "čára", "Cesta", "hora", "chata", "Člun", "Ústí", "10. list", "9. list"} {
		list = append(list, presentation.Entry{Name: fmt.Sprint("n", i), Label: item.Plain("cs", l)})
	}
	s := newSite(t, func(c *Config) { c.Language, c.PageSize = "cs", 100 })
	got, _ := labels(t, listed(t, s, list)["index.html"])
	// The order of a Czech dictionary: ch after h, č after c.
	if want := []string{"9. list", "10. list", "Cesta", "čára", "Člun", "hora", "chata", "Ústí", "Zvon"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestCollections: each has pages of its own, with what lies on it.
func TestCollections(t *testing.T) {
	list := entries(12)
	for i := range list {
		list[i].Collections = []string{"Maps/Old & rare"}
	}
	list[3].Collections = append(list[3].Collections, "Letters", "x.json")
	docs := listed(t, newSite(t, nil), list)
	for p, want := range map[string]int{"collection/Maps/Old-rare/index.html": 4, "collection/Maps/Old-rare/-2/index.html": 4, "collection/Maps/Old-rare/-3/index.html": 4,
		"collection/Letters/index.html": 1, "collection/x-json/index.html": 1, "collection/Maps/index.html": 1} {
		if got, _ := labels(t, docs[p]); len(got) != want {
			t.Errorf("%s has %q", p, got)
		}
	}
	_, links := labels(t, docs["collection/Maps/Old-rare/-2/index.html"])
	for _, want := range []string{"../../../../", "../../../../collection/Maps/", "../../../../o00006/", "../../../../collection/Maps/Old-rare/-3/", "../../../../collection/Maps/Old-rare.json"} {
		if !slices.Contains(links, want) {
			t.Errorf("no link %s in %q", want, links)
		}
	}
}

// TestSearchData: what the search fetches has every object, and thumbnails that can be
// put together again.
func TestSearchData(t *testing.T) {
	list := entries(3)
	list[1].Label["cs"] = []string{"List"}
	var data struct {
		Prefix  string
		Objects []struct{ N, L, O, T string }
	}
	if err := json.Unmarshal([]byte(listed(t, newSite(t, nil), list)["page/search.json"]), &data); err != nil {
		t.Fatal(err)
	}
	for i, o := range data.Objects {
		if want := list[2-i]; o.N != want.Name || o.L != want.Label["en"][0] || data.Prefix+o.T != want.Thumbnail[0].ID {
			t.Errorf("%d: %+v with %s", i, o, data.Prefix)
		}
	}
	if len(data.Objects) != 3 || data.Objects[1].O != "List" || !strings.HasSuffix(data.Prefix, "/o0000") {
		t.Errorf("%+v", data)
	}
}

// TestFeed: the newest come first, in the form of RFC 4287.
func TestFeed(t *testing.T) {
	list := entries(60)
	list[59].Label = item.Plain("en", "<b>A & B</b>\x01")
	var feed struct {
		XMLName xml.Name
		ID      string `xml:"id"`
		Updated string `xml:"updated"`
		Entries []struct {
			ID        string `xml:"id"`
			Title     string `xml:"title"`
			Published string `xml:"published"`
			Links     []struct {
				Rel  string `xml:"rel,attr"`
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal([]byte(listed(t, newSite(t, nil), list)["feed.xml"]), &feed); err != nil {
		t.Fatal(err)
	}
	if feed.XMLName.Space != "http://www.w3.org/2005/Atom" || feed.Updated != "2024-06-29T13:00:00Z" || len(feed.Entries) != 50 {
		t.Errorf("%s, updated %s, %d entries", feed.XMLName, feed.Updated, len(feed.Entries))
	}
	e := feed.Entries[0]
	if e.Title != "<b>A & B</b>\uFFFD" || e.Published != "2024-06-29T12:00:00Z" || e.Links[0].Href != base+"/o00059/" || e.ID != base+"/o00059.json" {
		t.Errorf("%+v", e)
	}
}

// TestSiteMap: all pages are in it, and above 50,000 it is divided.
func TestSiteMap(t *testing.T) {
	s := newSite(t, nil)
	parts := map[string][]string{}
	put := func(d presentation.Document, err error) bool {
		dec := xml.NewDecoder(bytes.NewReader(d.Body))
		for {
			tok, err := dec.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if start, ok := tok.(xml.StartElement); ok && start.Name.Local == "loc" {
				var loc string
				if err := dec.DecodeElement(&loc, &start); err != nil {
					t.Fatal(err)
				}
				parts[d.Path] = append(parts[d.Path], loc)
			}
		}
		return err == nil
	}
	list := entries(3)
	list[0].Collections = []string{"Maps"}
	s.siteMap(list, presentation.Catalogue{Entries: list}.Shelves(), put)
	if got := parts["sitemap.xml"]; !slices.Equal(got, []string{base + "/", base + "/collection/Maps/", base + "/o00000/", base + "/o00001/", base + "/o00002/"}) {
		t.Errorf("%q", got)
	}
	clear(parts)
	s.siteMap(entries(maxURLs), presentation.Catalogue{}.Shelves(), put)
	if got := parts["sitemap.xml"]; !slices.Equal(got, []string{base + "/sitemap-1.xml", base + "/sitemap-2.xml"}) {
		t.Errorf("%q", got)
	}
	if a, b := len(parts["sitemap-1.xml"]), len(parts["sitemap-2.xml"]); a != maxURLs || b != 1 {
		t.Errorf("%d and %d addresses", a, b)
	}
}

// TestContentState: the example of IIIF Content State API 1.0, section 6.
func TestContentState(t *testing.T) {
	const want = "JTdCJTIyaWQlMjIlM0ElMjJodHRwcyUzQSUyRiUyRmV4YW1wbGUub3JnJTJGb2JqZWN0MSUyRmNhbnZhczclMjN4eXdoJTNEMTAwMCUyQzIwMDAlMkMxMDAwJTJDMjAwMCUyMiUyQyUyMnR5cGUlMjIl" +
		"M0ElMjJDYW52YXMlMjIlMkMlMjJwYXJ0T2YlMjIlM0ElNUIlN0IlMjJpZCUyMiUzQSUyMmh0dHBzJTNBJTJGJTJGZXhhbXBsZS5vcmclMkZvYmplY3QxJTJGbWFuaWZlc3QlMjIlMkMlMjJ0eXBlJTIyJTNBJTIyTWFuaWZlc3QlMjIlN0QlNUQlN0Q"
	if got := contentState("https://example.org/object1/manifest", "https://example.org/object1/canvas7#xywh=1000,2000,1000,2000"); got != want {
		t.Errorf("%s", got)
	}
}

func TestConfig(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"base":     func(c *Config) { c.Base = "/here" },
		"title":    func(c *Config) { c.Title = " " },
		"viewer":   func(c *Config) { c.Viewer = "flash" },
		"opener":   func(c *Config) { c.Elsewhere = []Opener{{"V", "https://viewer.example/"}} },
		"script":   func(c *Config) { c.Elsewhere = []Opener{{"V", "javascript:open('{manifest}')"}} },
		"nameless": func(c *Config) { c.Elsewhere = []Opener{{"", "https://viewer.example/{manifest}"}} },
	} {
		cfg := Config{Base: base, Title: "x"}
		change(&cfg)
		if _, err := New(cfg); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	recipe := newSite(t, nil).Recipe()
	for name, change := range map[string]func(*Config){
		"title": func(c *Config) { c.Title = "y" }, "viewer": func(c *Config) { c.Viewer = Mirador }, "v2": func(c *Config) { c.Version2 = false },
		"openers": func(c *Config) { c.Elsewhere = nil }, "language": func(c *Config) { c.Language = "cs" },
	} {
		if newSite(t, change).Recipe() == recipe {
			t.Errorf("%s does not change the recipe", name)
		}
	}
	for _, s := range []*Site{newSite(t, nil), newSite(t, func(c *Config) { c.Viewer = Mirador })} {
		size := 0
		for _, d := range s.Assets() {
			size += len(d.Body)
			if !strings.HasPrefix(d.Path, "assets/") || d.MediaType == "" {
				t.Errorf("%s is %q", d.Path, d.MediaType)
			}
		}
		if mirador := s.cfg.Viewer == Mirador; mirador != (size > 2_000_000) {
			t.Errorf("%s has %d bytes of assets", s.cfg.Viewer, size)
		}
	}
}
