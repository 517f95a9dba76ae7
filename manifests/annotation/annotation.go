// Package annotation brings annotations of records to the form that viewers read.
//
// Records hold them in every form that editors and scripts have written: a page, a
// list, one annotation, any of these as a JSON string, or the URL of a page elsewhere;
// W3C annotations and Open Annotations of Presentation 2; with targets that name the
// canvas by its old URL, by the name of a page, or not at all. Normalise makes
// AnnotationPages of W3C annotations (Presentation 3.0 section 5.5 and 5.6) out of
// them, and says what it could not use.
package annotation

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/markup"
)

// Canvas is what annotations are put on.
type Canvas struct {
	// ID is the URL of the canvas.
	ID string
	// Width and Height are its size; selectors must lie within.
	Width, Height int
	// Page is the URL that embedded annotations get for their page.
	Page string
}

// Page is an annotation page: embedded, or referenced when Items is nil.
type Page struct {
	ID    string
	Label item.Text
	Items []any
}

// Result is what came of the annotations of one canvas.
type Result struct {
	// Embedded holds every annotation that the record has; nil for none.
	Embedded *Page
	// Referenced are pages elsewhere.
	Referenced []Page
	// Warnings name what was left out or changed.
	Warnings []string
}

const (
	// maxDepth bounds strings in strings.
	maxDepth = 4
	// maxAnnotations bounds one canvas.
	maxAnnotations = 10_000
)

// Normaliser normalises. It is safe for concurrent use.
type Normaliser struct {
	clean *markup.Cleaner
}

// New makes a Normaliser.
func New(clean *markup.Cleaner) *Normaliser { return &Normaliser{clean: clean} }

// Normalise reads the annotations of a canvas.
func (n *Normaliser) Normalise(raw []json.RawMessage, c Canvas) Result {
	w := &work{Normaliser: n, canvas: c, seen: map[string]bool{}}
	for _, r := range raw {
		var v any
		if err := json.Unmarshal(r, &v); err != nil {
			w.warn("annotations are not JSON")
			continue
		}
		w.any(v, 0)
	}
	if len(w.items) > 0 {
		w.out.Embedded = &Page{ID: c.Page, Items: w.items}
	}
	return w.out
}

type work struct {
	*Normaliser
	canvas Canvas
	items  []any
	seen   map[string]bool // ids
	out    Result
}

func (w *work) warn(format string, args ...any) {
	w.out.Warnings = append(w.out.Warnings, fmt.Sprintf(format, args...))
}

// any takes annotations in any form.
func (w *work) any(v any, depth int) {
	if depth > maxDepth {
		w.warn("annotations are nested too deeply")
		return
	}
	switch x := v.(type) {
	case nil:
	case string:
		w.text(x, depth)
	case []any:
		for _, e := range x {
			w.any(e, depth+1)
		}
	case map[string]any:
		w.object(x, depth)
	default:
		w.warn("annotations are neither a page nor a list: %v", v)
	}
}

// text is JSON in a string, or the URL of a page.
func (w *work) text(s string, depth int) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
	case strings.HasPrefix(s, "{") || strings.HasPrefix(s, "["):
		var v any
		if err := json.Unmarshal([]byte(s), &v); err != nil {
			w.warn("annotations in a text are not JSON: %v", err)
			return
		}
		w.any(v, depth+1)
	case isURL(s):
		w.out.Referenced = append(w.out.Referenced, Page{ID: s})
	default:
		w.warn("annotations %q are neither JSON nor a URL", short(s))
	}
}

func (w *work) object(m map[string]any, depth int) {
	switch kind(m) {
	case "AnnotationPage", "sc:AnnotationList":
		items, ok := first(m, "items", "resources").([]any)
		if !ok {
			if id := text(first(m, "id", "@id")); isURL(id) {
				w.out.Referenced = append(w.out.Referenced, Page{ID: id})
				return
			}
			if first(m, "items", "resources") != nil {
				w.warn("an annotation page has items that are no list")
			}
			return
		}
		for _, e := range items {
			w.any(e, depth+1)
		}
	case "AnnotationCollection":
		w.any(m["first"], depth+1)
	case "Annotation", "oa:Annotation":
		w.annotation(m)
	case "":
		if m["body"] != nil || m["resource"] != nil {
			w.annotation(m) // the type was forgotten
			return
		}
		if items, ok := m["items"].([]any); ok {
			w.any(items, depth+1)
			return
		}
		w.warn("an annotation has neither type nor body")
	default:
		w.warn("annotations have type %q", kind(m))
	}
}

// annotation normalises one.
func (w *work) annotation(m map[string]any) {
	if len(w.items) >= maxAnnotations {
		if len(w.items) == maxAnnotations && !w.seen["\x00more"] {
			w.seen["\x00more"] = true
			w.warn("more than %d annotations; the rest is left out", maxAnnotations)
		}
		return
	}
	motivations := w.motivation(first(m, "motivation"))
	if motivations == nil {
		return
	}
	target, ok := w.target(first(m, "target", "on"))
	if !ok {
		return
	}
	body := w.body(first(m, "body", "resource"))
	out := map[string]any{"type": "Annotation", "motivation": motivations, "target": target}
	if body != nil {
		out["body"] = body
	} else if !bodiless(motivations) {
		w.warn("an annotation without a body is left out")
		return
	}
	out["id"] = w.id(text(first(m, "id", "@id")))
	for _, keep := range []string{"label", "created", "modified", "creator", "rights", "bodyValue", "stylesheet"} {
		if m[keep] != nil && keep != "bodyValue" {
			out[keep] = m[keep]
		}
	}
	if l, ok := out["label"]; ok {
		if t := w.label(l); t != nil {
			out["label"] = t
		} else {
			delete(out, "label")
		}
	}
	w.items = append(w.items, out)
}

// bodiless motivations need no body: a highlight is its target.
func bodiless(motivation any) bool {
	s, _ := motivation.(string)
	return s == "highlighting" || s == "bookmarking"
}

// id keeps an absolute URI that is not taken; everything else gets one.
func (w *work) id(s string) string {
	u, err := url.Parse(s)
	if err != nil || !u.IsAbs() || w.seen[s] || strings.ContainsAny(s, " <>\"\x00") || dangerous(u.Scheme) {
		if s != "" && w.seen[s] {
			w.warn("two annotations have the id %q", short(s))
		}
		s = w.canvas.Page + "/" + strconv.Itoa(len(w.items)+1)
		for i := 1; w.seen[s]; i++ {
			s = w.canvas.Page + "/" + strconv.Itoa(len(w.items)+1) + "-" + strconv.Itoa(i)
		}
	}
	w.seen[s] = true
	return s
}

// motivations that are known (Web Annotation Data Model section 3.3.5 and
// Presentation 3.0); supplementing is for transcripts.
var motivations = map[string]bool{"assessing": true, "bookmarking": true, "classifying": true, "commenting": true, "describing": true,
	"editing": true, "highlighting": true, "identifying": true, "linking": true, "moderating": true, "questioning": true, "replying": true,
	"tagging": true, "supplementing": true, "contentState": true, "geotagging": true, "georeferencing": true, "transcribing": true, "translating": true}

// motivation drops the prefixes of Open Annotation. Painting is refused: it would put
// images onto the canvas from its comments.
func (w *work) motivation(v any) any {
	var out []any
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		s := text(e)
		for _, prefix := range []string{"oa:", "sc:", "http://www.w3.org/ns/oa#"} {
			s = strings.TrimPrefix(s, prefix)
		}
		switch {
		case s == "painting":
			w.warn("an annotation with motivation painting is left out")
			return nil
		case motivations[s] || isURL(s):
			out = append(out, s)
		case s != "":
			w.warn("motivation %q is not known and becomes commenting", short(s))
		}
	}
	switch len(out) {
	case 0:
		return "commenting"
	case 1:
		return out[0]
	}
	return out
}

func kind(m map[string]any) string { return text(first(m, "type", "@type")) }

// first returns the first of the names that m has.
func first(m map[string]any, names ...string) any {
	for _, n := range names {
		if v, ok := m[n]; ok && v != nil {
			return v
		}
	}
	return nil
}

// text is v if it is a string, or the first string of a list.
func text(v any) string {
	if l, ok := v.([]any); ok && len(l) > 0 {
		v = l[0]
	}
	s, _ := v.(string)
	return s
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(s, " <>\"")
}

func dangerous(scheme string) bool {
	switch strings.ToLower(scheme) {
	case "javascript", "data", "vbscript", "file", "blob":
		return true
	}
	return false
}

// short cuts what is shown in a warning.
func short(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}
