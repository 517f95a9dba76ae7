// Package ocr reads the text of pages as OCR programs write it: ALTO XML 1 to 4 and
// hOCR. It keeps lines with their places; words and confidences are left aside.
package ocr

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Line is a line of text and where it is on the canvas, in its pixels.
type Line struct {
	Text       string
	X, Y, W, H int
}

const (
	// maxLines bounds one page; a newspaper has some thousand.
	maxLines = 50_000
	// maxText bounds one line in bytes.
	maxText = 20_000
)

// Read returns the lines of a transcript in reading order, scaled to a canvas of the
// given size and clipped to it. Lines without text or place are left out. It fails
// with Corrupt for what is not a document of its format, and Unsupported when there
// are more lines than a page can have.
func Read(t item.Transcript, width, height int) ([]Line, error) {
	const op = "ocr.Read"
	var lines []placed
	var page size
	var err error
	switch t.Format {
	case item.ALTO:
		lines, page, err = readALTO(t.Data)
	case item.HOCR:
		lines, page, err = readHOCR(t.Data)
	default:
		return nil, fault.New(op, fault.Unsupported, "text of format "+strconv.Quote(string(t.Format))+" is not read")
	}
	if err != nil {
		return nil, err
	}
	var out []Line
	for _, l := range lines {
		if s, ok := l.scale(page, width, height); ok {
			out = append(out, s)
		}
	}
	return out, nil
}

// size is that of the page in the units of the document; 0 is unknown.
type size struct{ w, h float64 }

// placed is a line in the units of the document.
type placed struct {
	text       string
	x, y, w, h float64
}

func (l placed) scale(page size, width, height int) (Line, bool) {
	fx, fy := 1.0, 1.0
	if page.w > 0 && page.h > 0 {
		fx, fy = float64(width)/page.w, float64(height)/page.h
	}
	text := strings.Join(strings.Fields(l.text), " ")
	x0, y0 := math.Max(l.x*fx, 0), math.Max(l.y*fy, 0)
	x1, y1 := math.Min((l.x+l.w)*fx, float64(width)), math.Min((l.y+l.h)*fy, float64(height))
	if text == "" || !(x1-x0 >= 1) || !(y1-y0 >= 1) {
		return Line{}, false
	}
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	return Line{Text: text, X: int(x0), Y: int(y0), W: int(math.Ceil(x1)) - int(x0), H: int(math.Ceil(y1)) - int(y0)}, true
}

func tooMany() error {
	return fault.New("ocr.Read", fault.Unsupported, "the text of a page has more than 50,000 lines")
}

// number reads an attribute; NaN and infinities count as 0.
func number(s string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// readALTO reads the first page of an ALTO document. Its units need not be known: the
// page has its own size in them, and the canvas is the page.
func readALTO(data []byte) ([]placed, size, error) {
	const op = "ocr.Read"
	var lines []placed
	var page size
	var line *placed
	var pages, roots int
	dec := xml.NewDecoder(strings.NewReader(string(data)))
	dec.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		return nil, errors.New("encoding " + label + " is not UTF-8")
	}
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, page, fault.E(op, fault.Corrupt, err).WithPublic("the ALTO document is not XML")
		}
		switch t := tok.(type) {
		case xml.StartElement:
			attr := func(name string) string {
				for _, a := range t.Attr {
					if a.Name.Local == name {
						return a.Value
					}
				}
				return ""
			}
			switch t.Name.Local {
			case "alto":
				roots++
			case "Page":
				if pages++; pages > 1 {
					return lines, page, nil
				}
				page = size{number(attr("WIDTH")), number(attr("HEIGHT"))}
			case "TextLine":
				line = &placed{x: number(attr("HPOS")), y: number(attr("VPOS")), w: number(attr("WIDTH")), h: number(attr("HEIGHT"))}
			case "String":
				if line != nil && len(line.text) < maxText {
					line.text += " " + word(attr("CONTENT"), attr("SUBS_TYPE"), attr("SUBS_CONTENT"))
				}
			}
		case xml.EndElement:
			if t.Name.Local == "TextLine" && line != nil {
				if len(lines) == maxLines {
					return nil, page, tooMany()
				}
				lines, line = append(lines, *line), nil
			}
		}
	}
	if roots == 0 {
		return nil, page, fault.New(op, fault.Corrupt, "the document is not ALTO")
	}
	return lines, page, nil
}

// word puts hyphenated words together where they begin, so that they are found.
func word(content, kind, whole string) string {
	switch {
	case kind == "HypPart1" && whole != "":
		return whole
	case kind == "HypPart2" && whole != "":
		return ""
	}
	return content
}

// lineClasses are those of lines in hOCR 1.2 section 5.
var lineClasses = map[string]bool{"ocr_line": true, "ocrx_line": true, "ocr_header": true, "ocr_footer": true, "ocr_caption": true, "ocr_textfloat": true}

// readHOCR reads the first page of an hOCR document.
func readHOCR(data []byte) ([]placed, size, error) {
	const op = "ocr.Read"
	root, err := html.Parse(strings.NewReader(string(data)))
	if err != nil {
		return nil, size{}, fault.E(op, fault.Corrupt, err).WithPublic("the hOCR document is not HTML")
	}
	var lines []placed
	var page size
	var origin placed
	pages, many := 0, false
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		classes := strings.Fields(attribute(n, "class"))
		for _, c := range classes {
			box, ok := bbox(attribute(n, "title"))
			switch {
			case c == "ocr_page":
				if pages++; pages == 1 && ok {
					page, origin = size{box.w, box.h}, box
				}
			case lineClasses[c] && ok && pages == 1:
				box.text = content(n)
				box.x, box.y = box.x-origin.x, box.y-origin.y
				if many = len(lines) == maxLines; !many {
					lines = append(lines, box)
				}
			}
		}
		if pages > 1 || many {
			break
		}
	}
	switch {
	case many:
		return nil, page, tooMany()
	case pages == 0:
		return nil, page, fault.New(op, fault.Corrupt, "the document is not hOCR: it has no ocr_page")
	}
	return lines, page, nil
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// bbox reads "bbox x0 y0 x1 y1" among the properties of a title.
func bbox(title string) (placed, bool) {
	for property := range strings.SplitSeq(title, ";") {
		f := strings.Fields(property)
		if len(f) == 5 && f[0] == "bbox" {
			x0, y0 := number(f[1]), number(f[2])
			return placed{x: x0, y: y0, w: number(f[3]) - x0, h: number(f[4]) - y0}, true
		}
	}
	return placed{}, false
}

// content is the text in an element.
func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && b.Len() < maxText {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}
