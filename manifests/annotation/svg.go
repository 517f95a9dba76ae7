package annotation

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// drawn are the elements of shapes, and attributes those that shapes have. Nothing
// that loads, runs or links is among them.
var (
	drawn      = map[string]bool{"svg": true, "g": true, "path": true, "rect": true, "circle": true, "ellipse": true, "line": true, "polyline": true, "polygon": true}
	attributes = map[string]bool{"viewBox": true, "width": true, "height": true, "d": true, "x": true, "y": true, "rx": true, "ry": true, "cx": true,
		"cy": true, "r": true, "x1": true, "y1": true, "x2": true, "y2": true, "points": true, "transform": true, "fill": true, "fill-opacity": true,
		"fill-rule": true, "stroke": true, "stroke-width": true, "stroke-opacity": true, "stroke-linecap": true, "stroke-linejoin": true, "opacity": true}
)

// shape writes an SVG anew with nothing but shapes in it; "" when it is not SVG.
func shape(s string) string {
	if s == "" || len(s) > maxSVG {
		return ""
	}
	dec := xml.NewDecoder(strings.NewReader(s))
	var b strings.Builder
	var skip, depth, shapes int
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return ""
		}
		switch t := tok.(type) {
		case xml.StartElement:
			name := t.Name.Local
			if depth == 0 && skip == 0 && name != "svg" || depth+skip > 64 {
				return ""
			}
			if skip > 0 || !drawn[name] {
				skip++
				continue
			}
			if name != "svg" && name != "g" {
				shapes++
			}
			depth++
			b.WriteString("<" + name)
			if depth == 1 {
				b.WriteString(` xmlns="http://www.w3.org/2000/svg"`)
			}
			for _, a := range t.Attr {
				if a.Name.Space == "" && attributes[a.Name.Local] && !strings.Contains(a.Value, "url(") {
					b.WriteString(" " + a.Name.Local + `="`)
					xml.EscapeText(&b, []byte(a.Value))
					b.WriteString(`"`)
				}
			}
			b.WriteString(">")
		case xml.EndElement:
			if skip > 0 {
				skip--
				continue
			}
			depth--
			b.WriteString("</" + t.Name.Local + ">")
		case xml.ProcInst, xml.Directive:
			if b.Len() > 0 {
				return ""
			}
		}
	}
	if shapes == 0 {
		return ""
	}
	return b.String()
}
