package annotation

import (
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/item"
)

// body normalises a body or a list of bodies; nil when nothing is left.
func (w *work) body(v any) any {
	list, ok := v.([]any)
	if !ok {
		return w.one(v)
	}
	var out []any
	for _, e := range list {
		if b := w.one(e); b != nil {
			out = append(out, b)
		}
	}
	switch len(out) {
	case 0:
		return nil
	case 1:
		return out[0]
	}
	return out
}

// one normalises a body.
func (w *work) one(v any) any {
	switch x := v.(type) {
	case string:
		if isURL(x) {
			return map[string]any{"id": x, "type": "Text"}
		}
		return w.textual(x, "", nil)
	case map[string]any:
		switch kind(x) {
		case "TextualBody", "cnt:ContentAsText", "dctypes:Text", "oa:Tag", "Text", "":
			if s := text(first(x, "value", "chars", "cnt:chars")); s != "" {
				return w.textual(s, text(x["format"]), x)
			}
			if kind(x) == "" || kind(x) == "TextualBody" {
				return nil
			}
		case "Choice", "oa:Choice":
			items, _ := x["items"].([]any)
			if b, ok := w.body(items).([]any); ok {
				return map[string]any{"type": "Choice", "items": b}
			}
			return nil
		}
		return w.resource(x)
	}
	return nil
}

// textual makes a TextualBody whose HTML is clean. Text that says it is plain stays as
// it is: viewers show it literally.
func (w *work) textual(s, format string, from map[string]any) any {
	html := format == "text/html" || format == "" && strings.Contains(s, "<") && w.clean.Plain(s) != strings.TrimSpace(s)
	out := map[string]any{"type": "TextualBody", "format": "text/plain"}
	if html {
		out["format"] = "text/html"
		s = w.clean.Body(s)
	} else {
		s = strings.TrimSpace(s)
	}
	if s == "" {
		return nil
	}
	out["value"] = s
	if lang := text(from["language"]); lang != "" && len(lang) < 36 {
		out["language"] = lang
	}
	if purpose := strings.TrimPrefix(text(from["purpose"]), "oa:"); motivations[purpose] {
		out["purpose"] = purpose
	} else if kind(from) == "oa:Tag" {
		out["purpose"] = "tagging"
	}
	return out
}

// types of resources in bodies: those of section 5.7, and what Open Annotation called
// them.
var types = map[string]string{"Image": "Image", "dctypes:Image": "Image", "Video": "Video", "Sound": "Sound", "Audio": "Sound", "Text": "Text",
	"Dataset": "Dataset", "Model": "Model", "Manifest": "Manifest", "Canvas": "Canvas", "SpecificResource": "SpecificResource", "dctypes:Text": "Text"}

// resource keeps a resource elsewhere, which must be on the web.
func (w *work) resource(m map[string]any) any {
	t, known := types[kind(m)]
	id := text(first(m, "id", "@id", "source"))
	if !known {
		w.warn("a body of type %q is left out", short(kind(m)))
		return nil
	}
	if source, ok := m["source"].(map[string]any); ok {
		id = text(first(source, "id", "@id"))
	}
	if !isURL(id) {
		w.warn("a body %q is not on the web and left out", short(id))
		return nil
	}
	out := map[string]any{}
	for k, v := range m {
		switch k {
		case "format", "language", "width", "height", "duration", "selector", "service", "source", "purpose":
			out[k] = v
		case "label":
			if l := w.label(v); l != nil {
				out[k] = l
			}
		}
	}
	out["type"] = t
	if t != "SpecificResource" {
		out["id"] = id
		delete(out, "source")
	} else if own := text(first(m, "id", "@id")); isURL(own) {
		out["id"] = own
	}
	return out
}

// label makes a language map without markup.
func (w *work) label(v any) item.Text {
	clean := func(values ...string) (out []string) {
		for _, s := range values {
			if s = w.clean.Line(s); s != "" {
				out = append(out, s)
			}
		}
		return out
	}
	switch x := v.(type) {
	case string:
		return item.Plain(item.None, clean(x)...)
	case map[string]any:
		var t item.Text
		for lang, values := range x {
			list, ok := values.([]any)
			if !ok {
				list = []any{values}
			}
			for _, e := range list {
				if s := clean(text(e)); s != nil {
					if t == nil {
						t = item.Text{}
					}
					t[lang] = append(t[lang], s...)
				}
			}
		}
		return t
	}
	return nil
}
