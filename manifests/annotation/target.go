package annotation

import (
	"math"
	"net/url"
	"strconv"
	"strings"
)

// target normalises the target, or the first usable one of several, to this canvas.
// Records are written on a page, so whatever canvas a target names, this one is meant;
// but if it is another page of the same manifest, the annotation is left out: it would
// appear in the wrong place.
func (w *work) target(v any) (any, bool) {
	switch x := v.(type) {
	case nil:
		return w.canvas.ID, true // on the whole page
	case string:
		return w.targetURL(x)
	case []any:
		for _, e := range x {
			if t, ok := w.target(e); ok {
				return t, true
			}
		}
		return nil, false
	case map[string]any:
		return w.specific(x)
	}
	w.warn("a target is neither a URL nor a resource")
	return nil, false
}

// targetURL reads "canvas#xywh=…".
func (w *work) targetURL(s string) (any, bool) {
	base, fragment, _ := strings.Cut(s, "#")
	if !w.mine(base) {
		return nil, false
	}
	if fragment == "" {
		return w.canvas.ID, true
	}
	f, ok := w.fragment(fragment)
	if !ok {
		return nil, false
	}
	return w.canvas.ID + "#" + f, true
}

// mine reports whether the canvas that a target names is this one: by its URL, by the
// URL that it had elsewhere, or not by a URL at all.
func (w *work) mine(base string) bool {
	if base == "" || base == w.canvas.ID {
		return true
	}
	was, now := page(base), page(w.canvas.ID)
	if was != "" && now != "" && was != now {
		w.warn("a target names %q, which is another page", short(base))
		return false
	}
	if u, err := url.Parse(base); err == nil && u.IsAbs() && dangerous(u.Scheme) {
		w.warn("a target names %q", short(base))
		return false
	}
	return true
}

// page is the end of a canvas URL of the form …/canvas/p1.
func page(s string) string {
	i := strings.LastIndex(s, "/canvas/p")
	if i < 0 {
		return ""
	}
	n := s[i+len("/canvas/p"):]
	if _, err := strconv.Atoi(n); err != nil {
		return ""
	}
	return n
}

// fragment checks a media fragment: xywh within the canvas, clipped to it, or a time.
func (w *work) fragment(s string) (string, bool) {
	values, err := url.ParseQuery(s)
	if err != nil {
		w.warn("a target has the fragment %q", short(s))
		return "", false
	}
	xywh := values.Get("xywh")
	if xywh == "" {
		w.warn("a target has the fragment %q, which says no region", short(s))
		return "", false
	}
	unit := ""
	if rest, ok := strings.CutPrefix(xywh, "percent:"); ok {
		xywh, unit = rest, "percent:"
	}
	xywh = strings.TrimPrefix(xywh, "pixel:")
	var n [4]float64
	parts := strings.Split(xywh, ",")
	for i := range min(len(parts), 4) {
		n[i], err = strconv.ParseFloat(strings.TrimSpace(parts[i]), 64)
		if err != nil || math.IsNaN(n[i]) || math.IsInf(n[i], 0) {
			break
		}
	}
	if len(parts) != 4 || err != nil {
		w.warn("a target has the region %q, which is no x,y,width,height", short(xywh))
		return "", false
	}
	width, height := float64(w.canvas.Width), float64(w.canvas.Height)
	if unit != "" {
		width, height = 100, 100
	}
	x, y := max(n[0], 0), max(n[1], 0)
	right, bottom := min(n[0]+n[2], width), min(n[1]+n[3], height)
	if right <= x || bottom <= y {
		w.warn("a target has the region %s, which lies outside of the canvas of %d × %d", short(xywh), w.canvas.Width, w.canvas.Height)
		return "", false
	}
	if x != n[0] || y != n[1] || right != n[0]+n[2] || bottom != n[1]+n[3] {
		w.warn("the region %s reaches over the edge of the canvas and is cut", short(xywh))
	}
	num := func(f float64) string { return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64) }
	return "xywh=" + unit + num(x) + "," + num(y) + "," + num(right-x) + "," + num(bottom-y), true
}

// maxSVG bounds a shape.
const maxSVG = 256 << 10

// specific normalises a SpecificResource: source and selector.
func (w *work) specific(m map[string]any) (any, bool) {
	source := first(m, "source", "full")
	if source == nil && first(m, "selector") == nil {
		return w.targetURL(text(first(m, "id", "@id")))
	}
	base := text(source)
	if s, ok := source.(map[string]any); ok {
		base = text(first(s, "id", "@id"))
	}
	base, fragment, _ := strings.Cut(base, "#")
	if !w.mine(base) {
		return nil, false
	}
	out := map[string]any{"type": "SpecificResource", "source": w.canvas.ID}
	selector := first(m, "selector")
	if selector == nil && fragment != "" {
		selector = map[string]any{"type": "FragmentSelector", "value": fragment}
	}
	if selector == nil {
		return w.canvas.ID, true
	}
	s, ok := w.selector(selector)
	if !ok {
		return nil, false
	}
	out["selector"] = s
	return out, true
}

// selector normalises a selector; of several, those that are known.
func (w *work) selector(v any) (any, bool) {
	if list, ok := v.([]any); ok {
		var out []any
		for _, e := range list {
			if s, ok := w.selector(e); ok {
				out = append(out, s)
			}
		}
		if len(out) == 1 {
			return out[0], true
		}
		return out, len(out) > 0
	}
	m, ok := v.(map[string]any)
	if !ok {
		w.warn("a selector is no object")
		return nil, false
	}
	switch kind(m) {
	case "FragmentSelector", "oa:FragmentSelector":
		f, ok := w.fragment(text(m["value"]))
		return map[string]any{"type": "FragmentSelector", "conformsTo": "http://www.w3.org/TR/media-frags/", "value": f}, ok
	case "SvgSelector", "oa:SvgSelector":
		svg := shape(text(first(m, "value", "chars")))
		if svg == "" {
			w.warn("a shape is not SVG that can be shown safely")
			return nil, false
		}
		return map[string]any{"type": "SvgSelector", "value": svg}, true
	case "PointSelector":
		x, okX := m["x"].(float64)
		y, okY := m["y"].(float64)
		if !okX || !okY || x < 0 || y < 0 || x > float64(w.canvas.Width) || y > float64(w.canvas.Height) {
			w.warn("a point lies outside of the canvas")
			return nil, false
		}
		return map[string]any{"type": "PointSelector", "x": x, "y": y}, true
	case "oa:Choice", "Choice":
		if s, ok := w.selector(m["default"]); ok {
			return s, true
		}
		return w.selector(m["item"])
	}
	w.warn("a selector has type %q", short(kind(m)))
	return nil, false
}
