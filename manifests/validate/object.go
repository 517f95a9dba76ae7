package validate

import (
	"maps"
	"slices"
	"strings"
)

// rule checks the value of a property.
type rule func(c *checker, path string, v any, at place)

// shape is what a type of object has.
type shape struct {
	required []string
	rules    map[string]rule
}

// common are properties that every resource of the API may have (section 3). It is a
// function because rules lead back to it.
func common() map[string]rule {
	return map[string]rule{
		"label": languageMap, "metadata": pairs, "summary": languageMap, "requiredStatement": pair, "rights": rights,
		"provider": listOf("Agent"), "thumbnail": contents, "seeAlso": links(false), "service": services, "homepage": links(true),
		"rendering": links(true), "partOf": references, "behavior": behavior, "navPlace": object, "services": services,
		"annotations": annotationPages, "language": languages,
	}
}

// with adds rules to the common ones, or removes those that are nil.
func with(more map[string]rule) map[string]rule {
	all := common()
	for k, r := range more {
		if r == nil {
			delete(all, k)
		} else {
			all[k] = r
		}
	}
	return all
}

// shapes are the types of the API (section 5).
func shapes() map[string]shape {
	resource := with(map[string]rule{"format": text, "profile": text, "height": positive, "width": positive, "duration": positive, "value": anything,
		"source": anything, "selector": anything, "items": anything, "language": languages, "annotations": annotationPages, "motivation": anything,
		"styleClass": anything, "purpose": anything})
	return map[string]shape{
		"Collection": {required: []string{"id", "label", "items"}, rules: with(map[string]rule{"items": members, "navDate": date,
			"viewingDirection": direction, "placeholderCanvas": one("Canvas"), "accompanyingCanvas": one("Canvas")})},
		"Manifest": {required: []string{"id", "label", "items"}, rules: with(map[string]rule{"items": canvases, "structures": listOf("Range"),
			"navDate": date, "viewingDirection": direction, "start": start, "placeholderCanvas": one("Canvas"), "accompanyingCanvas": one("Canvas")})},
		"Canvas": {required: []string{"id"}, rules: with(map[string]rule{"items": paintings, "height": positive, "width": positive, "duration": positive,
			"navDate": date, "placeholderCanvas": one("Canvas"), "accompanyingCanvas": one("Canvas"), "services": nil})},
		"Range": {required: []string{"id", "items"}, rules: with(map[string]rule{"items": rangeItems, "start": start, "supplementary": object,
			"navDate": date, "viewingDirection": direction, "placeholderCanvas": one("Canvas"), "accompanyingCanvas": one("Canvas"), "services": nil})},
		"AnnotationPage": {required: []string{"id"}, rules: with(map[string]rule{"items": annotations, "next": anything, "prev": anything,
			"startIndex": anything, "first": anything, "last": anything, "total": anything, "services": nil})},
		"AnnotationCollection": {required: []string{"id", "label"}, rules: with(map[string]rule{"first": anything, "last": anything, "total": anything, "services": nil})},
		"Annotation": {required: []string{"id", "target"}, rules: with(map[string]rule{"motivation": motivation, "body": body, "target": target,
			"stylesheet": anything, "created": anything, "modified": anything, "creator": anything, "generator": anything, "generated": anything,
			"timeMode": oneOf("trim", "scale", "loop"), "bodyValue": anything, "audience": anything, "canonical": anything, "via": anything, "services": nil})},
		"Agent":   {required: []string{"id", "label"}, rules: with(map[string]rule{"logo": contents, "services": nil})},
		"content": {required: []string{"id"}, rules: resource},
	}
}

// old are words of Presentation 2 and what replaced them.
var old = map[string]string{"description": "summary", "attribution": "requiredStatement", "license": "rights", "sequences": "items", "canvases": "items",
	"images": "items", "resources": "items", "otherContent": "annotations", "within": "partOf", "related": "homepage", "viewingHint": "behavior",
	"@id": "id", "@type": "type", "resource": "body", "on": "target", "startCanvas": "start", "ranges": "items", "members": "items", "logo": "provider.logo",
	"collections": "items", "manifests": "items"}

// object checks one object of the given type.
func (c *checker) object(path string, m map[string]any, kind string, at place) {
	if at.depth > maxDepth {
		c.errorf(path, "is nested too deeply")
		return
	}
	s, ok := c.shapes[kind]
	if !ok {
		s = c.shapes["content"]
	}
	for _, key := range s.required {
		if m[key] == nil {
			c.errorf(join(path, key), "is missing")
		}
	}
	c.identify(path, m, kind, at)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		v, p := m[key], join(path, key)
		switch {
		case key == "id" || key == "type":
		case key == "@context":
			if !at.top {
				c.errorf(p, "stands in the document only, not in what it contains")
			}
		case v == nil:
			c.errorf(p, "is null; leave it out")
		case s.rules[key] != nil:
			inner := at.deeper()
			if kind == "Canvas" {
				inner.canvas, _ = m["id"].(string)
			}
			s.rules[key](c, p, v, inner)
		case old[key] != "":
			c.errorf(p, "is a word of version 2; use %s", old[key])
		case ok && !strings.Contains(key, ":"):
			c.warnf(p, "is not a property of a %s", kind)
		}
	}
	if kind == "Canvas" {
		c.dimensions(path, m, at)
	}
}

// identify checks id and type.
func (c *checker) identify(path string, m map[string]any, kind string, at place) {
	v, there := m["id"]
	if !there {
		return
	}
	id, ok := v.(string)
	switch {
	case !ok:
		c.errorf(join(path, "id"), "is not a text")
	case id != strings.TrimSpace(id) && absolute(strings.TrimSpace(id)):
		c.warnf(join(path, "id"), "%q has blanks around it", id)
	case !absolute(id):
		c.errorf(join(path, "id"), "%q is not an absolute URI", id)
	case kind == "Canvas" && strings.Contains(id, "#"):
		c.errorf(join(path, "id"), "of a canvas has no fragment")
	case kind == "Manifest" && !web(id) || kind == "Collection" && !web(id):
		c.errorf(join(path, "id"), "of a %s is an http(s) URL", strings.ToLower(kind))
	case m["items"] != nil && unique[kind]:
		if first, twice := c.ids[id]; twice {
			c.errorf(join(path, "id"), "%s is also the id of %s", id, first)
		} else {
			c.ids[id] = path
		}
	}
	if kind == "Annotation" && ok {
		if first, twice := c.ids[id]; twice {
			c.errorf(join(path, "id"), "%s is also the id of %s", id, first)
		} else {
			c.ids[id] = path
		}
	}
}

// unique are types whose ids name the very thing that stands there.
var unique = map[string]bool{"Canvas": true, "AnnotationPage": true, "Range": true, "Manifest": true}

// dimensions: a canvas with content has width and height, or a duration (section 5.3).
func (c *checker) dimensions(path string, m map[string]any, at place) {
	w, h, d := m["width"] != nil, m["height"] != nil, m["duration"] != nil
	switch {
	case w != h:
		c.errorf(path, "has only one of width and height")
	case !w && !d && m["items"] != nil:
		c.errorf(path, "has neither width and height nor a duration")
	}
}
