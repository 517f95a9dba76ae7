package site

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// object makes the page of a manifest and parses it.
func object(t *testing.T, s *Site, m *presentation.Manifest) (*html.Node, string) {
	t.Helper()
	docs, err := s.Object(presentation.Entry{Name: "a", ID: m.ID, Label: m.Label, Pages: len(m.Items)}, m)
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) != 1 || docs[0].Path != "a/index.html" {
		t.Fatalf("%d documents, %s", len(docs), docs[0].Path)
	}
	root, err := html.Parse(strings.NewReader(string(docs[0].Body)))
	if err != nil {
		t.Fatal(err)
	}
	return root, string(docs[0].Body)
}

// small is the least manifest: one page of a plain picture.
func small() *presentation.Manifest {
	id := base + "/a.json"
	return &presentation.Manifest{ID: id, Type: "Manifest", Label: item.Plain("en", "A"), Items: []presentation.Canvas{{ID: id + "/canvas/p1", Type: "Canvas", Width: 3000, Height: 2000,
		Items: []presentation.Painting{{Items: []presentation.Painted{{Body: presentation.Image{ID: "https://images.example/a.jpg", Type: "Image", Width: 3000, Height: 2000}}}}}}}}
}

// TestHostileManifest: even a manifest that nobody has cleaned makes a page in which
// nothing runs and nothing is loaded from where its pictures are not.
func TestHostileManifest(t *testing.T) {
	const evil = `"'><script>hacked()</script><img src="https://evil.example/x" onerror="hacked()">`
	text := item.Text{"en": {"<p onclick='hacked()'>" + evil + "</p>", evil}, `x" onload="hacked()`: {evil}}
	run := "javascript:hacked()"
	link := []presentation.External{{ID: run, Label: text, Format: evil}}
	m := small()
	m.Label, m.Summary, m.Metadata, m.RequiredStatement, m.Rights = text, text, []presentation.Pair{{Label: text, Value: text}}, &presentation.Pair{Label: text, Value: text}, run
	m.Homepage, m.Rendering, m.SeeAlso = link, link, link
	m.Provider = []presentation.Agent{{ID: run, Label: text, Homepage: link, Logo: []presentation.Image{{ID: run}}}}
	m.Structures = []presentation.Range{{Label: text, Items: []any{presentation.Reference{ID: run}}}}
	c := &m.Items[0]
	c.Label, c.Summary, c.Metadata = text, text, m.Metadata
	// Semicolons in the name of a host would end a directive of the policy.
	c.Thumbnail = []presentation.Image{{ID: "https://a;script-src-elem/x"}, {ID: "https://evil.example;script-src/*"}}
	body := map[string]any{"type": "TextualBody", "value": evil, "format": "text/html", "language": `"><script>hacked()</script>`}
	c.Annotations = []presentation.Annotations{{ID: run, Items: []any{
		map[string]any{"motivation": evil, "label": map[string]any{"en": []any{evil}}, "target": "x#xywh=1,2,3,4", "body": body},
		map[string]any{"motivation": "tagging", "target": evil, "body": []any{map[string]any{"type": "TextualBody", "value": evil}, map[string]any{"id": run, "label": evil}}},
		"no annotation",
	}}, {ID: run, Label: text}, {ID: run, Transcript: true, Beside: []any{map[string]any{"body": map[string]any{"value": evil}}}}}

	root, page := object(t, newSite(t, nil), m)
	policies := 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script":
			if n.FirstChild != nil || !strings.HasPrefix(attr(n, "src"), "../assets/") {
				t.Errorf("a script of %q", attr(n, "src"))
			}
		case "iframe", "object", "embed", "base", "style", "form":
			t.Errorf("an element %s", n.Data)
		case "meta":
			if attr(n, "http-equiv") == "Content-Security-Policy" {
				policies++
				if p := attr(n, "content"); strings.Contains(p, "evil") || strings.Contains(p, "elem") || strings.Contains(p, "unsafe") || !strings.HasPrefix(p, "default-src 'none'; script-src 'self'; style-src 'self'; img-src") {
					t.Errorf("policy %q", p)
				}
			}
		}
		for _, a := range n.Attr {
			v := strings.ToLower(strings.TrimSpace(a.Val))
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || (a.Key == "href" || a.Key == "src") && strings.HasPrefix(v, "javascript:") {
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
			if a.Key == "src" && strings.Contains(v, "evil.example") && n.Data == "img" && attr(n, "class") == "" && n.Parent.Data != "span" {
				t.Errorf("an image of %q", a.Val)
			}
		}
	}
	if policies != 1 || strings.Contains(page, "<script>hacked") {
		t.Errorf("%d policies, or a script", policies)
	}
}

// TestObjectPage: what is said where.
func TestObjectPage(t *testing.T) {
	m := small()
	m.Items = append(m.Items, m.Items[0])
	m.Items[1].ID = base + "/a.json/canvas/p2"
	m.Start = &presentation.Reference{ID: m.Items[1].ID, Type: "Canvas"}
	m.ViewingDirection = "right-to-left"
	m.Label = item.Plain("en", "A map of <Aldbury>")
	m.Structures = []presentation.Range{{Label: item.Plain("en", "Part"), Items: []any{presentation.Range{Label: item.Plain("en", "Chapter"), Items: []any{presentation.Reference{ID: m.Items[1].ID + "#xywh=0,0,1,1"}}}}}}
	service := []presentation.Service{{ID: "https://images.example/iiif/3/a", Type: "ImageService3"}}
	m.Items[0].Items = []presentation.Painting{{Items: []presentation.Painted{{Body: presentation.Image{ID: "https://images.example/iiif/3/a/full/max/0/default.jpg", Service: service}}}}}
	m.Items[1].Items = []presentation.Painting{{Items: []presentation.Painted{{Body: presentation.Image{ID: "https://old.example/b/full/max/0/default.jpg", Service: []presentation.Service{{ID2: "https://old.example/b"}}}}}}}
	_, page := object(t, newSite(t, nil), m)
	for _, want := range []string{
		"<h1 lang=\"en\" dir=\"auto\">A map of &lt;Aldbury&gt;</h1>", `data-start="2"`, "leftward", `<a href="#p2" lang="en" dir="auto">Part</a>`, `<a href="#p2" lang="en" dir="auto">Chapter</a>`,
		`data-info="https://images.example/iiif/3/a/info.json"`, `data-info="https://old.example/b/info.json"`,
		// The page that opens, small; version 2 knows no w,h without distortion.
		`<noscript><img class="still" src="https://old.example/b/full/1200,/0/default.jpg"`,
		"img-src &#39;self&#39; https://museum.example https://images.example https://old.example data:;",
		`href="https://projectmirador.org/embed/?iiif-content=https%3A%2F%2Fmuseum.example%2Fcollection%2Fa.json"`,
		`href="https://uv-v4.netlify.app/#?manifest=https%3A%2F%2Fmuseum.example%2Fcollection%2Fa.json"`,
		// A Content State link, and what older viewers look for when it is dropped on them.
		`href="https://museum.example/collection/a/?iiif-content=` + base64.RawURLEncoding.EncodeToString([]byte(url.QueryEscape(`{"id":"`+base+`/a.json","type":"Manifest"}`))) +
			`&amp;manifest=https%3a%2f%2fmuseum.example%2fcollection%2fa.json"`,
		`value="https://museum.example/collection/a/v2.json"`, `<link rel="canonical" href="https://museum.example/collection/a/">`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if _, err := newSite(t, nil).Object(presentation.Entry{Name: "a"}, &presentation.Manifest{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a manifest without pages: %v", err)
	}
}

// TestTranscriptBound: a letter's text is in its page, a library's is not.
func TestTranscriptBound(t *testing.T) {
	m := small()
	var lines []any
	for range 5000 {
		lines = append(lines, map[string]any{"body": map[string]any{"value": strings.Repeat("word ", 20)}, "target": m.Items[0].ID + "#xywh=0,0,9,9"})
	}
	m.Items[0].Annotations = []presentation.Annotations{{ID: base + "/a/text/p1.json", Transcript: true, Beside: lines}}
	if _, page := object(t, newSite(t, nil), m); len(page) < maxText || len(page) > 2*maxText || !strings.Contains(page, "/a/text/p1.json") {
		t.Errorf("the page has %d bytes", len(page))
	}
}

func TestDated(t *testing.T) {
	record, en := time.Date(2024, 3, 9, 0, 0, 0, 0, time.UTC), tongue{Lang: "en"}
	for nav, want := range map[string]moment{
		"1420-01-01T00:00:00Z": {"1420", "1420", false}, "1845-05-12T00:00:00Z": {"1845-05-12", "12 May 1845", false},
		"": {"2024-03-09", "9 March 2024", true}, "nonsense": {"2024-03-09", "9 March 2024", true},
	} {
		if got := en.dated(nav, record); got == nil || *got != want {
			t.Errorf("%q: %+v, want %+v", nav, got, want)
		}
	}
	if en.dated("", time.Time{}) != nil {
		t.Error("a date out of nothing")
	}
}

func TestLanguages(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Language = "de" })
	text := item.Text{"en": {"Map"}, "de-AT": {"Landkarte", "Karte"}, "none": {"M 1"}, "cs": {"Mapa"}}
	if got := s.label(text); got != (words{Lang: "de-AT", Text: "Landkarte · Karte"}) {
		t.Errorf("%+v", got)
	}
	if got := s.others(text); len(got) != 3 || got[0] != (words{Text: "M 1"}) || got[1].Text != "Mapa" {
		t.Errorf("%+v", got)
	}
	if got := s.best(text); len(got) != 3 || got[2].Text != "M 1" {
		t.Errorf("%+v", got)
	}
	html := s.value("en", `<p>see <a href="https://a.example/">a</a><img src="https://other.example/i.png" alt="a seal"></p>`)
	if html.HTML != `<p>see <a href="https://a.example/">a</a>a seal</p>` {
		t.Errorf("%q", html.HTML)
	}
	for _, plain := range []string{"a < b > c", "<script>x</script>"} {
		if got := s.value("en", plain); got.HTML != "" {
			t.Errorf("%q became HTML: %q", plain, got.HTML)
		}
	}
}
