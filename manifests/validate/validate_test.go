package validate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const cookbook = "../../../shared/cookbook"

func documents(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(cookbook + "/*.json")
	if err != nil || len(files) == 0 {
		if os.Getenv("VITRINE_CI") == "1" {
			t.Fatal("the cookbook is not here")
		}
		t.Skip("the cookbook is not here")
	}
	return files
}

// TestCookbook: the documents of the IIIF cookbook are good, but for the one that is of
// version 2.
func TestCookbook(t *testing.T) {
	good := 0
	for _, file := range documents(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		problems := Document(data)
		if strings.HasSuffix(file, "manifest-v2.json") {
			if len(problems) != 1 || !strings.Contains(problems[0].Text, "Presentation 2") {
				t.Errorf("%s: %v", file, problems)
			}
			continue
		}
		good++
		for _, p := range problems {
			if !p.Warning {
				t.Errorf("%s: %s", filepath.Base(file), p)
			} else {
				t.Logf("%s: %s", filepath.Base(file), p)
			}
		}
	}
	if good != 73 {
		t.Errorf("%d documents of version 3", good)
	}
}

const book = `{"@context":"http://iiif.io/api/presentation/3/context.json","id":"https://m.org/b.json","type":"Manifest","label":{"en":["Book"]},
"summary":{"none":["x"]},"metadata":[{"label":{"en":["A"]},"value":{"en":["B"]}}],"rights":"http://creativecommons.org/licenses/by/4.0/",
"requiredStatement":{"label":{"en":["A"]},"value":{"en":["B"]}},"provider":[{"id":"https://m.org","type":"Agent","label":{"en":["M"]}}],
"homepage":[{"id":"https://m.org/b","type":"Text","label":{"en":["H"]}}],"navDate":"1855-01-01T00:00:00Z","behavior":["paged"],
"viewingDirection":"left-to-right","start":{"id":"https://m.org/b.json/canvas/p1","type":"Canvas"},
"thumbnail":[{"id":"https://m.org/t.jpg","type":"Image"}],
"items":[{"id":"https://m.org/b.json/canvas/p1","type":"Canvas","width":100,"height":200,
 "items":[{"id":"https://m.org/b.json/canvas/p1/page","type":"AnnotationPage","items":[{"id":"https://m.org/b.json/canvas/p1/image","type":"Annotation","motivation":"painting",
  "body":{"id":"https://m.org/i.jpg","type":"Image","format":"image/jpeg","width":100,"height":200,"service":[{"id":"https://m.org/iiif/3/i","type":"ImageService3","profile":"level2"}]},
  "target":"https://m.org/b.json/canvas/p1"}]}],
 "annotations":[{"id":"https://m.org/b/a.json","type":"AnnotationPage","items":[{"id":"https://m.org/b/a.json/1","type":"Annotation","motivation":"commenting",
  "body":{"type":"TextualBody","value":"x","format":"text/plain"},"target":"https://m.org/b.json/canvas/p1#xywh=0,0,50,50"}]}]}],
"structures":[{"id":"https://m.org/b.json/range/r1","type":"Range","label":{"en":["R"]},"items":[{"id":"https://m.org/b.json/canvas/p1","type":"Canvas"}]}]}`

// change sets the value at a path ("items.0.label"), or removes it when v is remove.
func change(t *testing.T, doc string, path string, v any) []byte {
	t.Helper()
	var root any
	if err := json.Unmarshal([]byte(doc), &root); err != nil {
		t.Fatal(err)
	}
	at := root
	parts := strings.Split(path, ".")
	for i, p := range parts {
		last := i == len(parts)-1
		switch x := at.(type) {
		case map[string]any:
			switch {
			case !last:
				at = x[p]
			case v == remove:
				delete(x, p)
			default:
				x[p] = v
			}
		case []any:
			n := int(p[0] - '0')
			if last {
				x[n] = v
			} else {
				at = x[n]
			}
		default:
			t.Fatalf("%s leads nowhere", path)
		}
	}
	data, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

type removal struct{}

var remove = removal{}

type m = map[string]any

// broken are variations of the book: where, what, and the path that the error names
// (the same place if empty).
var broken = []struct {
	at   string
	v    any
	path string
}{
	{"@context", remove, ""},
	{"@context", "http://iiif.io/api/presentation/2/context.json", ""},
	{"@context", []any{"http://iiif.io/api/presentation/3/context.json", "http://iiif.io/api/search/2/context.json"}, ""},
	{"id", remove, ""},
	{"id", "b.json", ""},
	{"id", "urn:x:b", ""},
	{"type", "manifest", ""},
	{"label", remove, ""},
	{"label", "Book", ""},
	{"label", m{"en": "Book"}, "label.en"},
	{"label", m{"english language": []any{"Book"}}, "label.english language"},
	{"label", m{"en": []any{1}}, "label.en[0]"},
	{"label", m{"en": []any{}}, "label.en"},
	{"summary", nil, ""},
	{"description", "x", ""},
	{"items.0.description", "x", "items[0].description"},
	{"attribution", "x", ""},
	{"metadata", m{}, ""},
	{"metadata.0.value", remove, "metadata[0].value"},
	{"requiredStatement", "x", ""},
	{"rights", "CC BY", ""},
	{"rights", "https://creativecommons.org/licenses/by/4.0/", ""},
	{"provider.0.type", "Organization", "provider[0].type"},
	{"provider.0.label", remove, "provider[0].label"},
	{"homepage.0.label", remove, "homepage[0].label"},
	{"homepage.0.id", remove, "homepage[0].id"},
	{"navDate", "1855", ""},
	{"behavior", "paged", ""},
	{"behavior", []any{"paged", "continuous"}, ""},
	{"behavior", []any{"pagged"}, "behavior[0]"},
	{"viewingDirection", "rtl", ""},
	{"start.id", "https://m.org/b.json/canvas/p9", "start.id"},
	{"thumbnail", "https://m.org/t.jpg", ""},
	{"items", m{}, ""},
	{"items", remove, ""},
	{"items.0.id", "https://m.org/b.json/canvas/p1#x", "items[0].id"},
	{"items.0.width", 0, "items[0].width"},
	{"items.0.width", "100", "items[0].width"},
	{"items.0.width", 10.5, "items[0].width"},
	{"items.0.height", remove, "items[0]"},
	{"items.0.items.0.items", []any{}, "items[0].items[0].items"},
	{"items.0.items.0.id", remove, "items[0].items[0].id"},
	{"items.0.items.0.items.0.motivation", "commenting", "items[0].items[0].items[0].motivation"},
	{"items.0.items.0.items.0.target", "https://m.org/b.json/canvas/p2", "items[0].items[0].items[0].target"},
	{"items.0.items.0.items.0.body", remove, "items[0].items[0].items[0].body"},
	{"items.0.items.0.items.0.body.id", "i.jpg", "items[0].items[0].items[0].body.id"},
	{"items.0.items.0.items.0.body.service.0.profile", "http://iiif.io/api/image/3/level2.json", "items[0].items[0].items[0].body.service[0].profile"},
	{"items.0.annotations", `[{"type":"AnnotationPage"}]`, "items[0].annotations"},
	{"items.0.annotations.0.items.0", "{}", "items[0].annotations[0].items[0]"},
	{"items.0.annotations.0.items.0.motivation", "painting", "items[0].annotations[0].items[0].motivation"},
	{"items.0.annotations.0.items.0.id", "https://m.org/b.json/canvas/p1/image", "items[0].items[0].items[0].id"},
	{"items.0.annotations.0.items.0.body", "hello", "items[0].annotations[0].items[0].body"},
	{"items.0.annotations.0.items.0.target", "https://m.org/b.json/canvas/p1#xywh=90,0,50,50", "items[0].annotations[0].items[0].target"},
	{"items.0.annotations.0.items.0.target", "https://m.org/b.json/canvas/p1#xywh=1,2,3", "items[0].annotations[0].items[0].target"},
	{"structures.0.items", []any{}, "structures[0].items"},
	{"structures.0.items.0.id", "https://m.org/b.json/canvas/p7", "structures[0].items[0].id"},
	{"structures.0.items.0.type", "Manifest", "structures[0].items[0].type"},
	{"sequences", []any{}, "@type"},
}

func TestBroken(t *testing.T) {
	if p := Document([]byte(book)); p != nil {
		t.Fatalf("the book itself: %v", p)
	}
	if len(broken) < 40 {
		t.Fatalf("%d variations", len(broken))
	}
	for _, b := range broken {
		want := b.path
		if want == "" {
			want = b.at
		}
		problems := Document(change(t, book, b.at, b.v))
		found := false
		for _, p := range problems {
			found = found || p.Path == want && !p.Warning && p.Text != ""
		}
		if !found {
			t.Errorf("%s = %v: no error at %s, but %v", b.at, b.v, want, problems)
		}
	}
	for _, text := range []string{"", "[]", "{", `{"type":"Manifest"} x`, `"x"`} {
		if Document([]byte(text)) == nil {
			t.Errorf("%q is taken", text)
		}
	}
	if p := Document(change(t, book, "items.0.annotations.0.items.0.target", "https://m.org/other.json/canvas/p2")); len(p) != 1 || !p[0].Warning {
		t.Errorf("a comment on something else: %v", p)
	}
	if p := Document(change(t, book, "items", []any{})); len(p) < 1 || p[0].Path != "items" || !p[0].Warning {
		t.Errorf("nothing to show: %v", p)
	}
	twice := strings.Replace(book, `"structures"`, `"items2":0,"structures"`, 1)
	if p := Document([]byte(twice)); len(p) != 1 || !p[0].Warning {
		t.Errorf("an unknown property: %v", p)
	}
}

// TestNotJSON: a message leads to the mistake.
func TestNotJSON(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "error: is empty",
		" \n":                        "error: is empty",
		"{\n \"type\": }":            "error: not JSON: line 2, column 10: invalid character '}'",
		"{\"label\": \"Žluť\", x}":   "error: not JSON: line 1, column 19: invalid character 'x'",
		"{\n\"type\": \"Manifest\",": "error: not JSON: line 2, column ",
		"[]":                         "error: a document is an object",
		"{} {}":                      "error: there is something behind the document",
	} {
		if p := Document([]byte(text)); len(p) != 1 || !strings.HasPrefix(p[0].String(), want) {
			t.Errorf("%q: %v, want %q", text, p, want)
		}
	}
}

func TestDuplicateCanvas(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal([]byte(book), &doc); err != nil {
		t.Fatal(err)
	}
	items := doc["items"].([]any)
	doc["items"] = append(items, items[0])
	data, _ := json.Marshal(doc)
	found := false
	for _, p := range Document(data) {
		found = found || p.Path == "items[1].id"
	}
	if !found {
		t.Error("two canvases with one id are taken")
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(book))
	f.Add([]byte(`{"@context":["http://iiif.io/api/presentation/3/context.json"],"type":"Collection","items":[{"type":"Collection","items":[[]]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range Document(data) {
			if p.Text == "" {
				t.Fatalf("%+v", p)
			}
		}
	})
}
