package answer

import "testing"

const (
	ld2 = `application/ld+json;profile="http://iiif.io/api/presentation/2/context.json"`
	ld3 = `application/ld+json;profile="http://iiif.io/api/presentation/3/context.json"`
)

// TestVersion2: which requests get the 2.1 form.
func TestVersion2(t *testing.T) {
	for _, test := range []struct{ name, query, accept, want string }{
		{"a.json", "version=2", "", "a/v2.json"},
		{"b/a.json", "x=1&version=2", ld3, "b/a/v2.json"},
		{"a.json", "", ld2, "a/v2.json"},
		{"a.json", "version=3", ld2, ""},
		{"a.json", "version=22", "", ""},
		{"a.json", "aversion=2", "", ""},
		{"a.json", "", "*/*", ""},
		{"a.html", "version=2", "", ""},
		{".json", "version=2", "", ""},
		{"a/v2.json", "version=2", "", ""},
	} {
		if got := Version2(test.name, test.query, test.accept); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

// TestDocumentType: JSON-LD, or plain JSON for who prefers it.
func TestDocumentType(t *testing.T) {
	const json = "application/json"
	for _, test := range []struct {
		name, stored, accept, want string
		varies                     bool
	}{
		{"a.json", ld3, "", ld3, true},
		{"a.json", ld3, "*/*", ld3, true},
		{"a.json", ld3, json, json, true},
		{"a.json", ld3, json + ", */*", json, true},
		{"a.json", "", "", json, true},
		{"collection.json", "", "", ld3, true},
		{"a/v2.json", json, "", json, true},
		{"a/v2.json", ld3, "*/*", json, true},
		{"a/v2.json", json, ld2, ld2, true},
		{"a/annotations/p1.v2.json", "", "", json, true},
		{"index.html", "", json, "text/html; charset=utf-8", false},
		{"x", "application/octet-stream", "", "application/octet-stream", false},
		{"x.png", "image/webp", "", "image/webp", false},
	} {
		if got, varies := DocumentType(test.name, test.stored, test.accept); got != test.want || varies != test.varies {
			t.Errorf("%+v: %q %v", test, got, varies)
		}
	}
	tags := map[string]bool{}
	for _, contentType := range []string{ld3, json, ld2} {
		tags[DocumentTag(`"abc"`, contentType)] = true
	}
	if len(tags) != 3 || !tags[`"abc"`] {
		t.Errorf("tags of three forms: %v", tags)
	}
}

// TestPresents tells documents of Presentation 3 by what they begin with.
func TestPresents(t *testing.T) {
	for body, want := range map[string]bool{
		"{\n  \"@context\": \"http://iiif.io/api/presentation/3/context.json\",\n":                                          true,
		`{"@context":["http://iiif.io/api/search/2/context.json","http://iiif.io/api/presentation/3/context.json"],`:        true,
		`{"@context":"http://iiif.io/api/presentation/2/context.json","x":"http://iiif.io/api/presentation/3/context.json"`: false,
		`{"manifest":"http://iiif.io/api/presentation/3/context.json"`:                                                      false,
		"": false, "<html>": false,
	} {
		if got := Presents([]byte(body)); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}

// TestIsSearch tells a request of Content Search from a document.
func TestIsSearch(t *testing.T) {
	for _, test := range []struct {
		path, query string
		want        bool
	}{
		{"/a/search", "q=x", true}, {"/a/search", "motivation=x&q=", true}, {"/a/search", "q", true},
		{"/a/search", "", false}, {"/a/search", "aq=1", false}, {"/a/search.json", "q=x", false}, {"/research", "q=x", false},
	} {
		if got := IsSearch(test.path, test.query); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
