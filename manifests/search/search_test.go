package search

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func index() *Index {
	x := &Index{Manifest: "https://m.org/a.json"}
	for i, text := range []string{"Příliš žluťoučký kůň", "The quick brown fox", "a fox, a dog; the FOX", "Straße & Œuvre"} {
		x.Passages = append(x.Passages, Passage{Annotation: fmt.Sprint("https://m.org/a/text/p1.json/", i), Text: text, Motivation: "supplementing",
			Target: fmt.Sprintf("https://m.org/a.json/canvas/p1#xywh=0,%d,100,10", 10*i)})
	}
	x.Passages = append(x.Passages, Passage{Annotation: "urn:1", Text: "A fox indeed", Motivation: "commenting", Target: "https://m.org/a.json/canvas/p2"})
	return x
}

func search(t *testing.T, query string) Answer {
	t.Helper()
	v, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return index().Search(ParseQuery("https://m.org/a/search", v))
}

func TestSearch(t *testing.T) {
	for query, want := range map[string]string{
		"q=fox":                             "[The quick brown fox|a fox, a dog; the FOX|A fox indeed]",
		"q=FOX+dog":                         "[a fox, a dog; the FOX]",
		"q=prilis":                          "[Příliš žluťoučký kůň]",
		"q=K%C5%AE%C5%87":                   "[Příliš žluťoučký kůň]",
		"q=%22brown+fox%22":                 "[The quick brown fox]",
		"q=ox":                              "[]",
		"q=fox&motivation=commenting":       "[A fox indeed]",
		"q=":                                "[]",
		"":                                  "[]",
		"q=fox&motivation=painting+tagging": "[]",
	} {
		var texts []string
		a := search(t, query)
		for _, it := range a.Items {
			texts = append(texts, it.Body.Value)
		}
		if got := "[" + strings.Join(texts, "|") + "]"; got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
		if a.Type != "AnnotationPage" || a.Context != Context || a.Items == nil {
			t.Errorf("%s: %+v", query, a)
		}
	}
	a := search(t, "q=zlutoucky&date=x&user=y")
	got, _ := json.Marshal(a)
	const want = `{"@context":"http://iiif.io/api/search/2/context.json","id":"https://m.org/a/search?q=zlutoucky","type":"AnnotationPage","ignored":["date","user"],` +
		`"items":[{"id":"https://m.org/a/text/p1.json/0","type":"Annotation","motivation":"supplementing","body":{"type":"TextualBody","value":"Příliš žluťoučký kůň","format":"text/plain"},"target":"https://m.org/a.json/canvas/p1#xywh=0,0,100,10"}],`
	// The shape is that of section 4.3 of the specification: the source is the annotation,
	// and the selector quotes it.
	if !strings.Contains(string(got), `"source":"https://m.org/a/text/p1.json/0","selector":[{"type":"TextQuoteSelector","prefix":"Příliš ","exact":"žluťoučký","suffix":" kůň"}]`) ||
		!strings.HasPrefix(string(got), want) {
		t.Errorf("%s", got)
	}
}

func TestPages(t *testing.T) {
	x := &Index{}
	for i := range 450 {
		x.Passages = append(x.Passages, Passage{Annotation: fmt.Sprint("urn:", i), Text: "word", Motivation: "supplementing"})
	}
	seen, next := 0, "https://s?q=word"
	for range 5 {
		u, err := url.Parse(next)
		if err != nil {
			t.Fatal(err)
		}
		a := x.Search(ParseQuery("https://s", u.Query()))
		seen += len(a.Items)
		if a.PartOf == nil || a.PartOf.Total != 450 {
			t.Fatalf("%+v", a.PartOf)
		}
		if a.Next == nil {
			break
		}
		next = a.Next.ID
	}
	if seen != 450 {
		t.Errorf("%d of 450 on the pages", seen)
	}
}

// FuzzSearch: quotes are parts of the text, whatever is asked.
func FuzzSearch(f *testing.F) {
	f.Add("Příliš žluťoučký", "zlut \"a b")
	f.Add("ﬁ\u0301 İ", "fi")
	f.Fuzz(func(t *testing.T, text, q string) {
		if !utf8.ValidString(text) || !utf8.ValidString(q) {
			return
		}
		x := &Index{Passages: []Passage{{Text: text}}}
		a := x.Search(Query{Terms: q})
		for _, h := range a.Annotations {
			for _, s := range h.Items[0].Target.Selector {
				if !strings.Contains(text, s.Prefix+s.Exact+s.Suffix) {
					t.Fatalf("%q is not in %q", s.Prefix+s.Exact+s.Suffix, text)
				}
			}
		}
	})
}
