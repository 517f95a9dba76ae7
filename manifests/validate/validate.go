// Package validate checks IIIF Presentation 3.0 documents: the types and values that
// the specification demands, and what schemas do not see: identifiers that are used
// twice, targets and ranges that lead nowhere, regions outside of their canvas, words
// of version 2, the order of contexts.
//
// Every problem names the place in the document. It is for documents that people or
// programs wrote; it says nothing of whether images and links can be reached.
package validate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Problem is something wrong in a document.
type Problem struct {
	// Path is the place: "items[0].label". "" is the document itself.
	Path string
	// Text says what is wrong there.
	Text string
	// Warning is set for what is allowed but surely not meant, or not understood by
	// viewers.
	Warning bool
}

// String is the problem in a line.
func (p Problem) String() string {
	kind := "error"
	if p.Warning {
		kind = "warning"
	}
	if p.Path == "" {
		return kind + ": " + p.Text
	}
	return kind + ": " + p.Path + ": " + p.Text
}

const (
	// maxDepth bounds recursion.
	maxDepth = 64
	// maxProblems is enough to see what is wrong.
	maxProblems = 200
)

// Document checks a document and returns what is wrong, in the order of the document;
// nil when it is good.
func Document(data []byte) []Problem {
	c := &checker{ids: map[string]string{}, canvases: map[string]canvas{}, shapes: shapes()}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); errors.Is(err, io.EOF) {
		return []Problem{{Text: "is empty"}}
	} else if err != nil {
		return []Problem{{Text: "not JSON: " + where(data, err) + err.Error()}}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return []Problem{{Text: "there is something behind the document"}}
	}
	doc, ok := v.(map[string]any)
	if !ok {
		return []Problem{{Text: "a document is an object"}}
	}
	if doc["@type"] != nil || doc["sequences"] != nil {
		return []Problem{{Path: "@type", Text: "a document of Presentation 2; this checks version 3"}}
	}
	c.contexts(doc)
	kind, _ := doc["type"].(string)
	switch kind {
	case "Manifest", "Collection", "AnnotationPage", "AnnotationCollection", "Annotation", "Canvas", "Range":
		c.collect(doc, 0)
		c.object("", doc, kind, place{top: true})
		c.references()
	case "":
		c.errorf("type", "is missing")
	default:
		c.errorf("type", "%q is not a type that a document can have", kind)
	}
	return c.problems
}

// where says at which line and column of the text a mistake is, for people with an
// editor; "" when that is not known.
func where(data []byte, err error) string {
	var syntax *json.SyntaxError
	offset := int64(len(data))
	if errors.As(err, &syntax) {
		offset = syntax.Offset
	} else if !errors.Is(err, io.ErrUnexpectedEOF) {
		return ""
	}
	before := data[:max(0, min(offset, int64(len(data)))-1)]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len([]rune(string(before[bytes.LastIndexByte(before, '\n')+1:]))) + 1
	return fmt.Sprintf("line %d, column %d: ", line, column)
}

// place is where an object stands.
type place struct {
	top      bool
	depth    int
	canvas   string // the canvas around it, "" for none
	painting bool   // within items of a canvas
}

func (p place) deeper() place {
	p.top = false
	p.depth++
	return p
}

// canvas is what is known of a canvas.
type canvas struct {
	width, height float64 // 0 for none
}

type checker struct {
	shapes   map[string]shape
	problems []Problem
	ids      map[string]string // path by id
	canvases map[string]canvas // by id
	whole    bool              // the document is a manifest: canvases are all there
	refs     []reference
}

// reference is a canvas that something names.
type reference struct {
	path, id, what string
	x, y, w, h     float64
	region         bool
	loose          bool // a comment may be about something elsewhere
}

func (c *checker) add(p Problem) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, p)
	}
}

func (c *checker) errorf(path, format string, args ...any) {
	c.add(Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

func (c *checker) warnf(path, format string, args ...any) {
	c.add(Problem{Path: path, Text: fmt.Sprintf(format, args...), Warning: true})
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

const presentationContext = "http://iiif.io/api/presentation/3/context.json"

// contexts checks @context: that of Presentation is there, and last (section 4.6).
func (c *checker) contexts(doc map[string]any) {
	var list []string
	switch x := doc["@context"].(type) {
	case string:
		list = []string{x}
	case []any:
		for i, e := range x {
			s, ok := e.(string)
			if !ok {
				c.errorf(index("@context", i), "is not a URI")
				return
			}
			list = append(list, s)
		}
	case nil:
		c.errorf("@context", "is missing")
		return
	default:
		c.errorf("@context", "is neither a URI nor a list of URIs")
		return
	}
	if len(list) == 0 || list[len(list)-1] != presentationContext {
		for _, s := range list {
			if s == presentationContext {
				c.errorf("@context", "%s must be the last one", presentationContext)
				return
			}
		}
		c.errorf("@context", "must end with %s", presentationContext)
	}
}

// collect finds the canvases before anything refers to them.
func (c *checker) collect(v any, depth int) {
	if depth > maxDepth {
		return
	}
	switch x := v.(type) {
	case map[string]any:
		id, _ := x["id"].(string)
		if x["type"] == "Manifest" && x["items"] != nil {
			c.whole = true
		}
		if x["type"] == "Canvas" && x["items"] != nil && id != "" {
			w, _ := number(x["width"])
			h, _ := number(x["height"])
			c.canvases[id] = canvas{width: w, height: h}
		}
		for _, key := range []string{"items", "placeholderCanvas", "accompanyingCanvas"} {
			if x[key] != nil {
				c.collect(x[key], depth+1)
			}
		}
	case []any:
		for _, e := range x {
			c.collect(e, depth+1)
		}
	}
}

// references checks that what ranges, starts and targets name is there.
func (c *checker) references() {
	if !c.whole {
		return // an annotation page by itself: its canvases are elsewhere
	}
	for _, r := range c.refs {
		cv, ok := c.canvases[r.id]
		if !ok {
			c.add(Problem{Path: r.path, Text: r.what + " " + r.id + ", which is no canvas of this manifest", Warning: r.loose})
			continue
		}
		if r.region && cv.width > 0 && (r.x < 0 || r.y < 0 || r.x+r.w > cv.width || r.y+r.h > cv.height || r.w <= 0 || r.h <= 0) {
			c.errorf(r.path, "the region %g,%g,%g,%g lies outside of the canvas of %g × %g", r.x, r.y, r.w, r.h, cv.width, cv.height)
		}
	}
}

// refer notes that a canvas is named; fragments count.
func (c *checker) refer(path, what, uri string, loose bool) {
	id, fragment, _ := strings.Cut(uri, "#")
	r := reference{path: path, id: id, what: what, loose: loose}
	if _, xywh, ok := strings.Cut("&"+fragment, "&xywh="); ok {
		xywh, _, _ = strings.Cut(xywh, "&")
		if region, percent, ok := regionOf(xywh); !ok {
			c.errorf(path, "the region %q is not x,y,width,height", xywh)
		} else if !percent {
			r.region, r.x, r.y, r.w, r.h = true, region[0], region[1], region[2], region[3]
		}
	}
	c.refs = append(c.refs, r)
}

// regionOf reads the value of xywh.
func regionOf(s string) (n [4]float64, percent, ok bool) {
	s, percent = strings.CutPrefix(s, "percent:")
	s = strings.TrimPrefix(s, "pixel:")
	parts := strings.Split(s, ",")
	if len(parts) != 4 {
		return n, percent, false
	}
	for i, p := range parts {
		f, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || f != f {
			return n, percent, false
		}
		n[i] = f
	}
	return n, percent, true
}

// number reads a JSON number.
func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}
