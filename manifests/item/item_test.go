package item

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func TestSlug(t *testing.T) {
	for in, want := range map[string]string{
		"Aldbury Church":            "Aldbury-Church",
		"kz_0815.v2":                "kz_0815.v2",
		"../../etc/passwd":          "etc-passwd",
		"..":                        "",
		"<script>alert(1)</script>": "script-alert-1-script",
		"Prešov – Mapa č. 3":        "Prešov-Mapa-č.-3",
		"日本 地図":                     "日本-地図",
		".hidden":                   "hidden",
		" a\x00b\xffc ":             "a-b-c",
	} {
		if got := Slug(in); got != want {
			t.Errorf("Slug(%q) = %q, want %q", in, got, want)
		}
	}
	if n := len(Slug(strings.Repeat("š", 500))); n > maxName {
		t.Errorf("a long title makes a name of %d bytes", n)
	}
	if got := NameOf("scans/box 1/page.01.tif"); got != "page.01" {
		t.Errorf("NameOf = %q", got)
	}
}

// FuzzSlug: a slug is stable, safe as a file name and valid UTF-8.
func FuzzSlug(f *testing.F) {
	f.Add("a b/..\\c")
	f.Fuzz(func(t *testing.T, s string) {
		got := Slug(s)
		if got != Slug(got) || strings.ContainsAny(got, "/\\\x00 <>\"'&?#%") || !utf8.ValidString(got) || strings.HasPrefix(got, ".") || len(got) > maxName {
			t.Errorf("Slug(%q) = %q", s, got)
		}
	})
}

func TestFirst(t *testing.T) {
	text := Text{"de": {"Karte"}, "en": {"Map", "Chart"}}
	for _, c := range []struct {
		languages []string
		want      string
	}{{[]string{"en"}, "Map"}, {[]string{"fr", "en"}, "Map"}, {nil, "Karte"}} {
		if got := text.First(c.languages...); got != c.want {
			t.Errorf("First(%v) = %q, want %q", c.languages, got, c.want)
		}
	}
	if Plain("", " ", "") != nil || Plain("", "x").First("en") != "x" {
		t.Error("Plain keeps blank values or loses the language")
	}
}

func TestCheck(t *testing.T) {
	good := func() *Item {
		return &Item{Name: "map-1", Ref: "row 1", Label: Plain("en", "Map"), Pages: []Page{{Image: Image{ID: "map.jpg"}}}}
	}
	if err := good().Check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Item){
		"no label":        func(it *Item) { it.Label = nil },
		"slash in name":   func(it *Item) { it.Name = "a/b" },
		"reserved":        func(it *Item) { it.Name = "collection" },
		"like a document": func(it *Item) { it.Name = "letters.json" },
		"no pages":        func(it *Item) { it.Pages = nil },
		"no image":        func(it *Item) { it.Pages[0].Image = Image{} },
		"start":           func(it *Item) { it.Start = 1 },
		"range page": func(it *Item) {
			it.Ranges = []Range{{Label: Plain("", "x"), Ranges: []Range{{Label: Plain("", "y"), Pages: []int{3}}}}}
		},
		"range no label": func(it *Item) { it.Ranges = []Range{{Pages: []int{0}}} },
	} {
		it := good()
		spoil(it)
		if err := it.Check(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
