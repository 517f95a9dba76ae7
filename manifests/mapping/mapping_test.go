package mapping

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func TestParse(t *testing.T) {
	m, err := Parse(strings.NewReader(`
label: {en: [title_en, title], cs: title_cs}
metadata:
  - {label: {en: Author, cs: Autor}, value: author}
rights: "=CC0"
seeAlso: [{url: "https://a.org/{id}.xml", label: MODS, format: application/xml}]
`), Default())
	if err != nil {
		t.Fatal(err)
	}
	it, err := m.Item("x 1", Record{"id": 7.0, "title": "Map", "title_cs": "Mapa", "author": []any{"A", "", "B"}, "image": "m.jpg"})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintln(it.Name, it.Label, it.Metadata, it.Rights, it.SeeAlso[0].URL, it.SeeAlso[0].Format, it.Pages[0].Image.ID); got !=
		"7 map[cs:[Mapa] en:[Map]] [{map[cs:[Autor] en:[Author]] map[none:[A B]]}] CC0 https://a.org/7.xml application/xml m.jpg\n" {
		t.Error(got)
	}
	for name, text := range map[string]string{
		"unknown property": "labell: x", "not YAML": "a: [", "nested languages": "label: {en: {cs: x}}", "list in list": "label: [[x]]",
	} {
		if _, err := Parse(strings.NewReader(text), Default()); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse(strings.NewReader(""), Default()); err != nil {
		t.Errorf("an empty mapping: %v", err)
	}
}

func TestImageKinds(t *testing.T) {
	m := Default()
	m.Page.ImagePrefix = "p/"
	for in, want := range map[string]string{
		"a.jpg": "id p/a.jpg", "https://i.org/iiif/2/a/info.json": "service https://i.org/iiif/2/a",
		"https://i.org/iiif/3/a": "service https://i.org/iiif/3/a", "https://i.org/iiif/x.jpg": "url https://i.org/iiif/x.jpg",
		"http://i.org/x?f=1.jpg": "url http://i.org/x?f=1.jpg", "": "none",
	} {
		img, got := m.image(in), "none"
		switch {
		case img.ID != "":
			got = "id " + img.ID
		case img.Service != "":
			got = "service " + img.Service
		case img.URL != "":
			got = "url " + img.URL
		}
		if got != want {
			t.Errorf("image(%q) is %s, want %s", in, got, want)
		}
	}
}

// TestPlainPicture: a picture without a server has the size that its record says.
func TestPlainPicture(t *testing.T) {
	m, err := Parse(strings.NewReader("page: {image: file, width: w, height: h}"), Default())
	if err != nil {
		t.Fatal(err)
	}
	for image, want := range map[string]string{"https://a.org/x.jpg": "30 20", "x.jpg": "0 0", "https://a.org/iiif/3/x": "0 0"} {
		it, err := m.Item("row 1", Record{"file": image, "w": "30", "h": json.Number("20")})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(it.Pages[0].Image.Width, it.Pages[0].Image.Height); got != want {
			t.Errorf("%s: %s, want %s", image, got, want)
		}
	}
}

func TestDatesAndPlaces(t *testing.T) {
	for in, want := range map[string]string{"1855": "1855-01-01", "1855-03": "1855-03-01", "2026-11-20T13:26:09": "2026-11-20", "2026-11-20T23:30:00-02:00": "2026-11-21"} {
		if got, err := date("d", in); err != nil || got.Format("2006-01-02") != want {
			t.Errorf("date(%q) = %v, %v", in, got, err)
		}
	}
	for _, in := range []any{"50", "91,0", "NaN, 1", "x,y", "{", ""} {
		if got, err := place(in); err == nil {
			t.Errorf("place(%q) = %s", in, got)
		}
	}
}

// FuzzParse: a mapping that parses can be applied.
func FuzzParse(f *testing.F) {
	f.Add("label: {en: a, cs: [b, '=c']}\npages: p\npage: {image: '{x}', order: o}\ntranslations: {field: t}\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse(strings.NewReader(text), Default())
		if err != nil {
			return
		}
		m.Fields()
		m.Item("x", Record{"a": "b", "p": []any{map[string]any{"x": "1.jpg", "o": 2.0}}, "t": []any{map[string]any{"languages_code": "cs", "a": 1.0}}})
	})
}
