package presentation

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/search"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

func builder(t *testing.T) *Builder {
	t.Helper()
	b, err := New(Config{Base: "https://manifests.example.org/", Images: "https://iiif.example.org", Limits: iiif.Limits{MaxArea: 10_000_000}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// letter is an item with everything.
func letter() item.Item {
	return item.Item{
		Name: "dopis-1", Ref: "letters.csv row 2",
		Label:       item.Text{"en": {"A letter"}, "cs": {"Dopis č. <b>1</b> z <Aldbury>"}},
		Summary:     item.Plain("en", "Line one\n<b>two</b><script>alert(1)</script>"),
		Metadata:    []item.Pair{{Label: item.Plain("en", "Creator"), Value: item.Plain("none", "B. Němcová")}, {Label: item.Plain("en", "Empty")}},
		Attribution: item.Pair{Value: item.Plain("en", "Example Museum")},
		Rights:      "https://creativecommons.org/licenses/by-sa/4.0/deed.cs",
		Provider: []item.Agent{{ID: "https://museum.example.org", Label: item.Plain("en", "Example Museum"),
			Homepages: []item.Link{{URL: "https://museum.example.org/", Label: item.Plain("en", "Home"), Format: "text/html"}},
			Logo:      item.Image{URL: "https://museum.example.org/logo.png"}}},
		Homepage:  []item.Link{{URL: "https://museum.example.org/1", Format: "text/html"}},
		SeeAlso:   []item.Link{{URL: "https://museum.example.org/1.xml", Format: "application/xml", Profile: "http://www.loc.gov/mods/v3"}},
		Rendering: []item.Link{{URL: "https://museum.example.org/1.pdf", Label: item.Plain("en", "PDF"), Format: "application/pdf"}, {URL: "javascript:alert(1)"}},
		NavDate:   time.Date(1855, 3, 1, 0, 0, 0, 0, time.UTC),
		NavPlace:  json.RawMessage(`{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[14.4,50.1]}}`),
		Behavior:  []string{"paged", "thumbnail-nav"}, ViewingDirection: "left-to-right",
		Pages: []item.Page{
			{Label: item.Plain("none", "1r"), Image: item.Image{ID: "letters/1 r.tif", Width: 10000, Height: 7200, Format: "image/tiff"},
				Annotations: []json.RawMessage{json.RawMessage(`"[{\"type\":\"Annotation\",\"body\":\"x\",\"target\":\"https://old.example.org/dopis-1.json/canvas/p1#xywh=1,2,3,4\"}]"`)}},
			{Image: item.Image{Service: "https://other.example.org/iiif/2/x/info.json", Width: 200, Height: 300, Version: 2, Level: "level1"}},
			{Image: item.Image{URL: "https://other.example.org/y.PNG?v=1", Width: 30, Height: 20}},
		},
		Ranges: []item.Range{{Label: item.Plain("en", "Letter"), Pages: []int{0, 1}, Ranges: []item.Range{
			{Label: item.Plain("en", "Envelope"), Pages: []int{2}}, {Label: item.Plain("en", "Nothing")}}}},
		Start: 1, Placeholder: item.Image{ID: "letters/1 r.tif", Width: 10000, Height: 7200},
		Collections: []string{"Letters/1855"},
	}
}

func TestManifestOfEverything(t *testing.T) {
	built, err := builder(t).Manifest(letter())
	if err != nil {
		t.Fatal(err)
	}
	m := built.Manifest
	conforms(t, m)
	data, _ := Encode(m)
	again, _ := builder(t).Manifest(letter())
	if data2, _ := Encode(again.Manifest); string(data) != string(data2) {
		t.Error("the same item gave other bytes")
	}
	p1, p2, p3 := m.Items[0], m.Items[1], m.Items[2]
	for _, c := range []struct{ what, got, want string }{
		{"id", m.ID, "https://manifests.example.org/dopis-1.json"},
		{"canvas", p1.ID, "https://manifests.example.org/dopis-1.json/canvas/p1"},
		{"label", m.Label["cs"][0], "Dopis č. 1 z <Aldbury>"},
		{"summary", m.Summary["en"][0], "<p>Line one<br><b>two</b></p>"},
		{"rights", m.Rights, "http://creativecommons.org/licenses/by-sa/4.0/"},
		{"statement", m.RequiredStatement.Label["en"][0] + ": " + m.RequiredStatement.Value["en"][0], "Attribution: Example Museum"},
		{"navDate", m.NavDate, "1855-03-01T00:00:00Z"},
		{"body", p1.Items[0].Items[0].Body.ID, "https://iiif.example.org/iiif/3/letters%2F1%20r.tif/full/max/0/default.jpg"},
		{"body format", p1.Items[0].Items[0].Body.Format, "image/jpeg"},
		{"service", p1.Items[0].Items[0].Body.Service[0].ID, "https://iiif.example.org/iiif/3/letters%2F1%20r.tif"},
		{"profile", p1.Items[0].Items[0].Body.Service[0].Profile, "level2"},
		{"thumbnail", p1.Thumbnail[0].ID, "https://iiif.example.org/iiif/3/letters%2F1%20r.tif/full/313,225/0/default.jpg"},
		{"small thumbnail", p2.Thumbnail[0].ID, "https://other.example.org/iiif/2/x/full/full/0/default.jpg"},
		{"foreign profile", p2.Items[0].Items[0].Body.Service[0].Profile, "http://iiif.io/api/image/2/level1.json"},
		// Halves of 10,000 × 7,200, as info.json rounds them, those above 10 megapixels left out.
		{"sizes of the thumbnail", fmt.Sprint(p1.Thumbnail[0].Service[0].Sizes), "[{156 113} {313 225} {625 450} {1250 900} {2500 1800}]"},
		{"placeholder", m.PlaceholderCanvas.ID + " " + m.PlaceholderCanvas.Items[0].Items[0].Body.ID,
			"https://manifests.example.org/dopis-1.json/canvas/placeholder https://iiif.example.org/iiif/3/letters%2F1%20r.tif/full/625,450/0/default.jpg"},
		{"place", fmt.Sprint(m.NavPlace), "map[features:[map[geometry:map[coordinates:[14.4 50.1] type:Point] id:https://manifests.example.org/dopis-1.json/place/1 properties:map[] type:Feature]] id:https://manifests.example.org/dopis-1.json/place type:FeatureCollection]"},
		{"contexts", fmt.Sprint(m.Context), "[http://iiif.io/api/extension/navplace/context.json http://iiif.io/api/presentation/3/context.json]"},
		{"foreign service", p2.Items[0].Items[0].Body.Service[0].Type2, "ImageService2"},
		{"plain file", p3.Items[0].Items[0].Body.Format, "image/png"},
		{"page label", p2.Label["none"][0], "2"},
		{"start", m.Start.ID, p2.ID},
		{"partOf", m.PartOf[0].ID, "https://manifests.example.org/collection/Letters/1855.json"},
		{"behavior", strings.Join(m.Behavior, " "), "paged"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	// 10,000 × 7,200 is above the server's 10 megapixels.
	if b := p1.Items[0].Items[0].Body; b.Width*b.Height > 10_000_000 || b.Width*b.Height < 9_900_000 {
		t.Errorf("body is %d × %d, which the server does not deliver", b.Width, b.Height)
	}
	if p1.Width != 10000 || p1.Height != 7200 {
		t.Errorf("canvas is %d × %d", p1.Width, p1.Height)
	}
	if len(m.Metadata) != 1 || len(m.Structures) != 1 || len(m.Structures[0].Items) != 3 {
		t.Errorf("metadata %v, structures %v", m.Metadata, m.Structures)
	}
	if want := 3; len(built.Warnings) != want {
		t.Errorf("warnings %q, want %d", built.Warnings, want)
	}
	if strings.Contains(string(data), "script") {
		t.Error("a script came through")
	}
}

func TestReferencedAnnotations(t *testing.T) {
	b, err := New(Config{Base: "https://manifests.example.org", Images: "https://iiif.example.org", Reference: true})
	if err != nil {
		t.Fatal(err)
	}
	built, err := b.Manifest(letter())
	if err != nil {
		t.Fatal(err)
	}
	conforms(t, built.Manifest)
	page := built.Manifest.Items[0].Annotations[0]
	doc, ok := built.Documents["dopis-1/annotations/p1.json"].(annotationPage)
	if !ok || page.Items != nil || page.ID != "https://manifests.example.org/dopis-1/annotations/p1.json" || doc.ID != page.ID || len(doc.Items) != 1 {
		t.Errorf("%+v and %+v", page, built.Documents)
	}
	conforms(t, doc)
	if e := built.Entry(letter()); e.Annotations != 1 || e.Pages != 3 {
		t.Errorf("entry %+v", e)
	}
}

func TestTranscripts(t *testing.T) {
	b, err := New(Config{Base: "https://manifests.example.org", Images: "https://iiif.example.org", Search: true})
	if err != nil {
		t.Fatal(err)
	}
	it := letter()
	it.Pages[0].Transcripts = []item.Transcript{{Format: item.ALTO, Language: "cs", Data: []byte(`<alto><Page WIDTH="100" HEIGHT="72">` +
		`<TextLine HPOS="1" VPOS="2" WIDTH="30" HEIGHT="4"><String CONTENT="Milá"/></TextLine></Page></alto>`)}}
	built, err := b.Manifest(it)
	if err != nil {
		t.Fatal(err)
	}
	conforms(t, built.Manifest)
	page := built.Documents["dopis-1/text/p1.json"].(annotationPage)
	conforms(t, page)
	line := page.Items[0].(map[string]any)
	if line["target"] != "https://manifests.example.org/dopis-1.json/canvas/p1#xywh=100,200,3000,400" {
		t.Error(line["target"])
	}
	index := built.Documents["dopis-1/search.json"].(search.Index)
	if a := index.Search(search.Query{Terms: "mila", URL: "https://manifests.example.org/dopis-1/search"}); len(a.Items) != 1 || a.Items[0].Target != line["target"] {
		t.Errorf("%+v", a)
	}
	if len(index.Passages) != 2 || built.Manifest.Service == nil {
		t.Errorf("%+v", index)
	}
	if ctx, ok := built.Manifest.Context.([]string); !ok || ctx[len(ctx)-1] != Context {
		t.Errorf("contexts %v", built.Manifest.Context)
	}
}

func TestManifestRefused(t *testing.T) {
	for name, spoil := range map[string]func(*item.Item){
		"0×0":         func(it *item.Item) { it.Pages[0].Image.Width = 0 },
		"no label":    func(it *item.Item) { it.Label = item.Plain("en", "<br>") },
		"no pages":    func(it *item.Item) { it.Pages = nil },
		"file scheme": func(it *item.Item) { it.Pages[2].Image.URL = "file:///etc/passwd" },
		"bad service": func(it *item.Item) { it.Pages[1].Image.Service = "javascript:x" },
		"identifier":  func(it *item.Item) { it.Pages[0].Image.ID = "a\x00b" },
	} {
		it := letter()
		spoil(&it)
		if _, err := builder(t).Manifest(it); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestThumbnail: one of the record's own choice stands for the object.
func TestThumbnail(t *testing.T) {
	for _, c := range []struct {
		img  item.Image
		want string
	}{
		{item.Image{URL: "https://museum.example.org/t.jpg"}, "https://museum.example.org/t.jpg 0 0"},
		{item.Image{ID: "t.jpg", Width: 2000, Height: 1000}, "https://iiif.example.org/iiif/3/t.jpg/full/500,250/0/default.jpg 500 250"},
		{item.Image{URL: "t.jpg"}, "https://other.example.org/iiif/2/x/full/full/0/default.jpg 200 300"}, // the first page's
	} {
		it := letter()
		it.Thumbnail = c.img
		built, err := builder(t).Manifest(it)
		if err != nil {
			t.Fatal(err)
		}
		conforms(t, built.Manifest)
		if th := built.Manifest.Thumbnail[0]; fmt.Sprint(th.ID, " ", th.Width, " ", th.Height) != c.want {
			t.Errorf("%+v, want %s", th, c.want)
		}
	}
}

func TestRightsURI(t *testing.T) {
	for in, want := range map[string]string{
		"CC-BY":           "http://creativecommons.org/licenses/by/4.0/",
		"CC BY-NC-SA 3.0": "http://creativecommons.org/licenses/by-nc-sa/3.0/",
		"cc0":             "http://creativecommons.org/publicdomain/zero/1.0/",
		"Public Domain":   "http://creativecommons.org/publicdomain/mark/1.0/",
		"https://www.creativecommons.org/licenses/by/3.0/at/deed.de": "http://creativecommons.org/licenses/by/3.0/at/",
		"https://creativecommons.org/publicdomain/zero/1.0/":         "http://creativecommons.org/publicdomain/zero/1.0/",
		"In Copyright": "http://rightsstatements.org/vocab/InC/1.0/",
		"https://rightsstatements.org/page/NoC-US/1.0/?language=en": "http://rightsstatements.org/vocab/NoC-US/1.0/",
		"nkc":      "http://rightsstatements.org/vocab/NKC/1.0/",
		"© Museum": "", "CC BY-XX": "", "https://creativecommons.org/licenses/by-xx/4.0/": "", "https://evil.example/": "", "CC-ND-NC 9": "",
	} {
		if got := RightsURI(in); got != want {
			t.Errorf("RightsURI(%q) = %q, want %q", in, got, want)
		}
	}
	for language, want := range map[string]string{"cs-CZ": "map[cs-CZ:[Práva]]", "sk": "map[en:[Rights]]"} {
		if got := fmt.Sprint(rightsPair(language, "© Museum")[0].Label); got != want {
			t.Errorf("%s: %s, want %s", language, got, want)
		}
	}
	it := letter()
	it.Rights = "© Museum"
	built, err := builder(t).Manifest(it)
	if err != nil || built.Manifest.Rights != "" || len(built.Manifest.Metadata) != 2 {
		t.Errorf("unknown rights: %v, %+v", err, built.Manifest.Metadata)
	}
}
