package annotation

import (
	"encoding/json"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/vitrine-iiif/vitrine/manifests/markup"
)

var canvas = Canvas{ID: "https://m.example.org/x.json/canvas/p1", Width: 1200, Height: 800, Page: "https://m.example.org/x/annotations/p1.json"}

const comment = `{"id":"urn:x:1","type":"Annotation","motivation":"commenting","body":[{"type":"TextualBody","format":"text/html","value":"<p>Test</p>"}],
	"target":"https://manifests.example.org/x.json/canvas/p1#xywh=10,10,100,100"}`

const commented = `{"body":{"format":"text/html","type":"TextualBody","value":"<p>Test</p>"},"id":"urn:x:1","motivation":"commenting",` +
	`"target":"https://m.example.org/x.json/canvas/p1#xywh=10,10,100,100","type":"Annotation"}`

func normalise(t *testing.T, raw ...string) (items []string, r Result) {
	t.Helper()
	var list []json.RawMessage
	for _, s := range raw {
		list = append(list, json.RawMessage(s))
	}
	r = New(markup.New()).Normalise(list, canvas)
	if r.Embedded != nil {
		for _, it := range r.Embedded.Items {
			var b strings.Builder
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(it); err != nil {
				t.Fatal(err)
			}
			items = append(items, strings.TrimSpace(b.String()))
		}
	}
	return items, r
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// Every form that records have them in gives the same annotation.
func TestForms(t *testing.T) {
	for name, raw := range map[string]string{
		"page":           `{"type":"AnnotationPage","items":[` + comment + `]}`,
		"list":           `[` + comment + `]`,
		"one":            comment,
		"string":         quoted(`[` + comment + `]`),
		"string twice":   quoted(quoted(comment)),
		"page of string": `{"type":"AnnotationPage","items":[` + quoted(comment) + `]}`,
		"no type":        strings.Replace(comment, `"type":"Annotation",`, "", 1),
		"version 2": `{"@type":"sc:AnnotationList","resources":[{"@id":"urn:x:1","@type":"oa:Annotation","motivation":"oa:commenting",
			"resource":{"@type":"dctypes:Text","format":"text/html","chars":"<p>Test</p>"},"on":"https://old.example.org/canvas/p1#xywh=10,10,100,100"}]}`,
	} {
		items, r := normalise(t, raw)
		if name == "string twice" {
			// A JSON string in a JSON string.
			if len(items) != 0 || len(r.Warnings) != 1 {
				t.Errorf("%s: %q %q", name, items, r.Warnings)
			}
			continue
		}
		if len(items) != 1 || items[0] != commented || len(r.Warnings) != 0 {
			t.Errorf("%s: %q %q", name, items, r.Warnings)
		}
	}
	for _, nothing := range []string{`null`, `""`, `[]`, `{"type":"AnnotationPage","items":[]}`} {
		if items, r := normalise(t, nothing); r.Embedded != nil || len(items)+len(r.Warnings) != 0 {
			t.Errorf("%s: %q %q", nothing, items, r.Warnings)
		}
	}
	_, r := normalise(t, `"https://a.org/page.json"`, `{"type":"AnnotationPage","id":"https://a.org/other.json"}`)
	if len(r.Referenced) != 2 || r.Referenced[1].ID != "https://a.org/other.json" {
		t.Errorf("references %+v", r)
	}
}

func TestTargets(t *testing.T) {
	const id = "https://m.example.org/x.json/canvas/p1"
	for target, want := range map[string]string{
		`"` + id + `"`: `"` + id + `"`,
		`"` + id + `#xywh=pixel:1190,790,100,100"`:              `"` + id + `#xywh=1190,790,10,10"`,
		`"` + id + `#xywh=percent:50,50,25,25"`:                 `"` + id + `#xywh=percent:50,50,25,25"`,
		`"` + id + `#xywh=1300,0,10,10"`:                        "",
		`"` + id + `#xywh=1,2,3"`:                               "",
		`"` + id + `#xywh=NaN,2,3,4"`:                           "",
		`"https://m.example.org/x.json/canvas/p2#xywh=1,1,5,5"`: "",
		`"javascript:alert(1)"`:                                 "",
		`{"type":"SpecificResource","source":{"id":"` + id + `","type":"Canvas"},"selector":{"type":"PointSelector","x":5,"y":6}}`:                                                   `{"selector":{"type":"PointSelector","x":5,"y":6},"source":"` + id + `","type":"SpecificResource"}`,
		`{"type":"SpecificResource","source":"` + id + `","selector":{"type":"PointSelector","x":5000,"y":6}}`:                                                                       "",
		`{"type":"SpecificResource","source":"` + id + `","selector":{"type":"SvgSelector","value":"<svg onload='x()'><script>1</script><path d='M0 0L9 9' onclick='x()'/></svg>"}}`: `{"selector":{"type":"SvgSelector","value":"<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0L9 9\"></path></svg>"},"source":"` + id + `","type":"SpecificResource"}`,
		`{"type":"SpecificResource","source":"` + id + `","selector":{"type":"SvgSelector","value":"<b>no</b>"}}`:                                                                    "",
	} {
		items, r := normalise(t, `{"type":"Annotation","body":"x","target":`+target+`}`)
		got := ""
		if len(items) == 1 {
			_, got, _ = strings.Cut(items[0], `"target":`)
			got = strings.TrimSuffix(got, `,"type":"Annotation"}`)
		}
		if got != want {
			t.Errorf("target %s\nis   %s\nwant %s\n%q", target, got, want, r.Warnings)
		}
		if want == "" && len(r.Warnings) == 0 {
			t.Errorf("target %s is left out without a word", target)
		}
	}
}

func TestBodies(t *testing.T) {
	for body, want := range map[string]string{
		`"plain"`: `{"format":"text/plain","type":"TextualBody","value":"plain"}`,
		`{"type":"TextualBody","value":"<img src=x onerror=alert(1)>a"}`:             `{"format":"text/html","type":"TextualBody","value":"a"}`,
		`{"type":"TextualBody","format":"text/plain","value":"<b>"}`:                 `{"format":"text/plain","type":"TextualBody","value":"<b>"}`,
		`{"type":"TextualBody","value":"Praha","purpose":"tagging","language":"cs"}`: `{"format":"text/plain","language":"cs","purpose":"tagging","type":"TextualBody","value":"Praha"}`,
		`{"type":"Image","id":"https://a.org/i.jpg","onclick":"x"}`:                  `{"id":"https://a.org/i.jpg","type":"Image"}`,
		`{"type":"Image","id":"javascript:x"}`:                                       "",
		`{"type":"Applet","id":"https://a.org/x"}`:                                   "",
		`{"type":"TextualBody","format":"text/html","value":"<script>1</script>"}`:   "",
	} {
		items, r := normalise(t, `{"type":"Annotation","body":`+body+`}`)
		got := ""
		if len(items) == 1 {
			_, got, _ = strings.Cut(items[0], `"body":`)
			got, _, _ = strings.Cut(got, `,"id":"https://m.example.org/x/annotations/p1.json/1"`)
		}
		if got != want {
			t.Errorf("body %s\nis   %s\nwant %s\n%q", body, got, want, r.Warnings)
		}
	}
	if items, r := normalise(t, `{"type":"Annotation","motivation":"painting","body":"x"}`); len(items) != 0 || len(r.Warnings) != 1 {
		t.Errorf("painting: %q %q", items, r.Warnings)
	}
	items, _ := normalise(t, `[`+comment+`,`+comment+`]`)
	if len(items) != 2 || !strings.Contains(items[1], canvas.Page+"/2") {
		t.Errorf("two annotations with one id: %q", items)
	}
}

// FuzzNormalise: whatever a record holds, annotations are on this canvas and hold
// nothing that runs.
func FuzzNormalise(f *testing.F) {
	for _, s := range []string{comment, quoted(comment), `{"type":"SpecificResource"}`, `[{"body":{"type":"Choice","items":[{}]}}]`} {
		f.Add([]byte(s))
	}
	n := New(markup.New())
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := n.Normalise([]json.RawMessage{raw}, canvas)
		if r.Embedded == nil {
			return
		}
		ids := map[string]bool{}
		for _, it := range r.Embedded.Items {
			m := it.(map[string]any)
			id, _ := m["id"].(string)
			if id == "" || ids[id] {
				t.Fatalf("id %q of %v", id, m)
			}
			ids[id] = true
			data, err := json.Marshal(m["target"])
			if err != nil || !strings.Contains(string(data), canvas.ID) {
				t.Fatalf("target %s %v", data, err)
			}
			if b, ok := m["body"].(map[string]any); ok && b["format"] == "text/html" {
				z := html.NewTokenizer(strings.NewReader(b["value"].(string)))
				for z.Next() != html.ErrorToken {
					for _, a := range z.Token().Attr {
						if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.ToLower(a.Val), "javascript:") {
							t.Fatalf("body %q", b["value"])
						}
					}
				}
			}
		}
	})
}
