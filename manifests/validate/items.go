package validate

import "slices"

// one checks a single object of a type.
func one(kind string) rule {
	return func(c *checker, path string, v any, at place) {
		if m := c.typed(path, v); m != nil {
			c.kind(path, m, at, kind)
		}
	}
}

// listOf checks a list of objects of a type.
func listOf(kind string) rule {
	return func(c *checker, path string, v any, at place) {
		c.list(path, v, func(p string, e any) { one(kind)(c, p, e, at) })
	}
}

// kind checks an object that must have one of some types.
func (c *checker) kind(path string, m map[string]any, at place, kinds ...string) {
	kind, _ := m["type"].(string)
	if !slices.Contains(kinds, kind) {
		if kind != "" {
			c.errorf(join(path, "type"), "%q cannot stand here; wanted %v", kind, kinds)
		}
		return
	}
	c.object(path, m, kind, at)
}

// full reports whether a list has anything, and complains if it has not.
func (c *checker) full(path string, v any) {
	if l, ok := v.([]any); ok && len(l) == 0 {
		c.errorf(path, "is empty")
	}
}

// members of a collection are references, or whole collections.
func members(c *checker, path string, v any, at place) {
	c.list(path, v, func(p string, e any) {
		m := c.typed(p, e)
		if m == nil {
			return
		}
		kind, _ := m["type"].(string)
		if kind != "Manifest" && kind != "Collection" {
			c.errorf(join(p, "type"), "%q cannot be in a collection", kind)
			return
		}
		if m["label"] == nil {
			c.errorf(join(p, "label"), "is missing")
		}
		if m["items"] != nil {
			c.object(p, m, kind, at)
			return
		}
		ref := map[string]any{"items": []any{}} // what a reference may leave out
		for k, val := range m {
			ref[k] = val
		}
		delete(ref, "items")
		if s, ok := ref["id"].(string); !ok || !web(s) {
			c.errorf(join(p, "id"), "is missing or not an http(s) URL")
		}
		if m["label"] != nil {
			languageMap(c, join(p, "label"), m["label"], at)
		}
	})
}

func canvases(c *checker, path string, v any, at place) {
	if l, ok := v.([]any); ok && len(l) == 0 {
		c.warnf(path, "is empty: there is nothing to show") // templates are like this
	}
	listOf("Canvas")(c, path, v, at)
}

// paintings are the items of a canvas: pages of painting annotations.
func paintings(c *checker, path string, v any, at place) {
	at.painting = true
	listOf("AnnotationPage")(c, path, v, at)
}

// annotationPages are the annotations of a resource, which do not paint.
func annotationPages(c *checker, path string, v any, at place) {
	at.painting = false
	if s, ok := v.(string); ok {
		c.errorf(path, "is a text (%.20q…), not a list of annotation pages", s)
		return
	}
	listOf("AnnotationPage")(c, path, v, at)
}

func annotations(c *checker, path string, v any, at place) {
	if at.painting {
		c.full(path, v)
	}
	c.list(path, v, func(p string, e any) {
		if _, ok := e.(string); ok {
			c.errorf(p, "is a text, not an annotation")
			return
		}
		m := c.typed(p, e)
		if m == nil {
			return
		}
		motivations := listOfTexts(m["motivation"])
		paints := slices.Contains(motivations, "painting")
		switch {
		case at.painting && !paints:
			c.errorf(join(p, "motivation"), "of an annotation in the items of a canvas is painting")
		case !at.painting && paints && !at.top && at.canvas != "":
			c.errorf(join(p, "motivation"), "painting belongs into the items of a canvas")
		case paints && m["body"] == nil:
			c.errorf(join(p, "body"), "is missing")
		}
		c.kind(p, m, at, "Annotation")
	})
}

func listOfTexts(v any) []string {
	var out []string
	if s, ok := v.(string); ok {
		return []string{s}
	}
	l, _ := v.([]any)
	for _, e := range l {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func motivation(c *checker, path string, v any, _ place) {
	if len(listOfTexts(v)) == 0 {
		c.errorf(path, "is neither a text nor a list of texts")
	}
}

// body of an annotation: resources, or a URI.
func body(c *checker, path string, v any, at place) {
	switch x := v.(type) {
	case string:
		if !absolute(x) {
			c.errorf(path, "%.40q is a text; wrap it into a TextualBody", x)
		}
	case []any:
		for i, e := range x {
			body(c, index(path, i), e, at)
		}
	case map[string]any:
		m := c.typed(path, x)
		kind, _ := m["type"].(string)
		switch kind {
		case "TextualBody":
			if _, ok := x["value"].(string); !ok {
				c.errorf(join(path, "value"), "of a TextualBody is missing or not a text")
			}
		case "Choice":
			c.full(join(path, "items"), x["items"])
			if items, ok := x["items"].([]any); ok {
				for i, e := range items {
					body(c, index(join(path, "items"), i), e, at)
				}
			}
		case "SpecificResource":
			if x["source"] == nil {
				c.errorf(join(path, "source"), "is missing")
			}
		default:
			c.object(path, x, kind, at)
		}
	default:
		c.errorf(path, "is neither a resource nor a URI")
	}
}

// target of an annotation: where there is a manifest around it, a canvas of it.
func target(c *checker, path string, v any, at place) {
	switch x := v.(type) {
	case string:
		if !absolute(x) {
			c.errorf(path, "%q is not a URI", x)
			return
		}
		c.aim(path, x, at)
	case []any:
		for i, e := range x {
			target(c, index(path, i), e, at)
		}
	case map[string]any:
		if x["type"] == "SpecificResource" || x["source"] != nil {
			c.specific(path, x, at)
			return
		}
		if id, ok := x["id"].(string); ok {
			c.aim(join(path, "id"), id, at)
		} else {
			c.errorf(path, "has neither id nor source")
		}
	default:
		c.errorf(path, "is neither a URI nor a resource")
	}
}

// aim notes a target. Annotations of a canvas are about canvases; those of a manifest
// may be about anything.
func (c *checker) aim(path, uri string, at place) {
	if at.canvas != "" {
		c.refer(path, "targets", uri, !at.painting)
	}
}

func (c *checker) specific(path string, x map[string]any, at place) {
	source, ok := x["source"].(string)
	if m, is := x["source"].(map[string]any); is {
		source, ok = m["id"].(string)
	}
	if !ok {
		c.errorf(join(path, "source"), "is missing")
		return
	}
	fragment := ""
	if s, is := x["selector"].(map[string]any); is && s["type"] == "FragmentSelector" {
		fragment, _ = s["value"].(string)
		fragment = "#" + fragment
	}
	c.aim(path, source+fragment, at)
}

// start is a canvas, or a place on one.
func start(c *checker, path string, v any, _ place) {
	m := c.typed(path, v)
	if m == nil {
		return
	}
	switch m["type"] {
	case "Canvas":
		if id, ok := m["id"].(string); ok {
			c.refer(join(path, "id"), "names", id, false)
		} else {
			c.errorf(join(path, "id"), "is missing")
		}
	case "SpecificResource":
		if id, ok := m["source"].(string); ok {
			c.refer(join(path, "source"), "names", id, false)
		} else if s, ok := m["source"].(map[string]any); !ok || s["id"] == nil {
			c.errorf(join(path, "source"), "is missing")
		}
	default:
		c.errorf(join(path, "type"), "%v is neither Canvas nor SpecificResource", m["type"])
	}
}

// rangeItems are ranges, canvases and places on them.
func rangeItems(c *checker, path string, v any, at place) {
	c.full(path, v)
	c.list(path, v, func(p string, e any) {
		m := c.typed(p, e)
		if m == nil {
			return
		}
		switch m["type"] {
		case "Range":
			if m["items"] != nil {
				c.object(p, m, "Range", at)
			}
		case "Canvas", "SpecificResource":
			start(c, p, e, at)
		default:
			c.errorf(join(p, "type"), "%v cannot be in a range", m["type"])
		}
	})
}
