package presentation

import (
	"fmt"
	"strconv"

	"github.com/vitrine-iiif/vitrine/manifests/annotation"
	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/ocr"
	"github.com/vitrine-iiif/vitrine/manifests/search"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// annotationPage is a page of annotations as a document of its own.
type annotationPage struct {
	Context string `json:"@context"`
	Annotations
}

// annotate puts the annotations of page i on its canvas: inside the manifest, or as a
// document beside it.
func (w *work) annotate(i int, c *Canvas) {
	name := "annotations/p" + strconv.Itoa(i+1) + ".json"
	id := w.below(w.it.Name, name)
	r := w.normaliser.Normalise(w.it.Pages[i].Annotations, annotation.Canvas{ID: c.ID, Width: c.Width, Height: c.Height, Page: id})
	for _, text := range r.Warnings {
		w.warn("page %d: %s", i+1, text)
	}
	if r.Embedded != nil {
		page := Annotations{ID: id, Type: "AnnotationPage", Items: r.Embedded.Items}
		w.remember(r.Embedded.Items)
		if w.cfg.Reference {
			w.out.Documents[w.it.Name+"/"+name] = annotationPage{Context: Context, Annotations: page}
			page.Items, page.Beside = nil, page.Items
		}
		c.Annotations = append(c.Annotations, page)
	}
	for _, p := range r.Referenced {
		c.Annotations = append(c.Annotations, Annotations{ID: p.ID, Type: "AnnotationPage"})
	}
}

// transcribe publishes the text of page i as a document that the canvas names: a line
// is an annotation. It is never embedded, because it is large and few people open it.
func (w *work) transcribe(i int, c *Canvas) {
	for n, t := range w.it.Pages[i].Transcripts {
		lines, err := ocr.Read(t, c.Width, c.Height)
		if err != nil {
			w.warn("page %d: %s", i+1, fault.Public(err))
			continue
		}
		if len(lines) == 0 {
			continue
		}
		name := "text/p" + strconv.Itoa(i+1)
		if n > 0 {
			name += "-" + strconv.Itoa(n+1)
		}
		name += ".json"
		page := Annotations{ID: w.below(w.it.Name, name), Type: "AnnotationPage", Label: item.Plain("en", "Text of page "+strconv.Itoa(i+1))}
		for j, l := range lines {
			body := map[string]any{"type": "TextualBody", "value": l.Text, "format": "text/plain"}
			if t.Language != "" {
				body["language"] = t.Language
			}
			a := map[string]any{"id": page.ID + "/" + strconv.Itoa(j+1), "type": "Annotation", "motivation": "supplementing", "body": body,
				"target": fmt.Sprintf("%s#xywh=%d,%d,%d,%d", c.ID, l.X, l.Y, l.W, l.H)}
			page.Items = append(page.Items, a)
		}
		w.remember(page.Items)
		w.out.Documents[w.it.Name+"/"+name] = annotationPage{Context: Context, Annotations: page}
		page.Items, page.Beside, page.Transcript = nil, page.Items, true
		c.Annotations = append(c.Annotations, page)
	}
}

// remember puts the texts of annotations into the index of the object.
func (w *work) remember(annotations []any) {
	for _, v := range annotations {
		a, _ := v.(map[string]any)
		target, ok := a["target"].(string)
		if t, specific := a["target"].(map[string]any); specific {
			target, ok = t["source"].(string)
		}
		motivation, _ := a["motivation"].(string)
		id, _ := a["id"].(string)
		bodies, many := a["body"].([]any)
		if !many {
			bodies = []any{a["body"]}
		}
		for _, b := range bodies {
			body, _ := b.(map[string]any)
			if text, is := body["value"].(string); is && ok {
				w.index.Passages = append(w.index.Passages, search.Passage{Annotation: id, Text: w.clean.Line(text), Motivation: motivation, Target: target})
			}
		}
	}
}

// searchable announces Content Search 2 and publishes what it searches.
func (w *work) searchable() {
	if !w.cfg.Search || len(w.index.Passages) == 0 {
		return
	}
	w.index.Manifest = w.out.Manifest.ID
	w.out.Documents[w.it.Name+"/search.json"] = w.index
	w.out.Manifest.Service = []any{Service{ID: w.below(w.it.Name, "search"), Type: "SearchService2"}}
}
