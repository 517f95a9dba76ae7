package site

import (
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/presentation"
)

// maxText bounds the transcript in a page, in bytes: a letter is shown, a book is not.
const maxText = 128 << 10

// note is an annotation for people.
type note struct {
	// Motivation is shown when it says more than that somebody commented.
	Motivation string
	Label      words
	Bodies     []words
	Links      []link
	Tags       []words
	// Box is "x,y,w,h" in pixels of the canvas, or "x,y,0,0" for a point; empty for
	// the whole page.
	Box string
}

// annotate reads the annotations and the text of a canvas. room is what is left of
// maxText.
func (s *Site) annotate(p *page, c *presentation.Canvas, room *int) {
	for _, list := range c.Annotations {
		items := list.Items
		if items == nil {
			items = list.Beside
		}
		if items == nil || list.Transcript {
			p.Elsewhere = append(p.Elsewhere, link{Href: list.ID, Label: s.label(list.Label)})
		}
		for _, v := range items {
			a, ok := v.(map[string]any)
			if !ok {
				continue
			}
			n := s.note(a, c)
			if !list.Transcript {
				p.Notes = append(p.Notes, n)
				continue
			}
			for _, line := range n.Bodies {
				if *room -= len(line.Text); *room > 0 {
					p.Lines = append(p.Lines, line)
				}
			}
		}
	}
}

// motivations that say what an annotation is for; commenting says nothing.
var motivations = map[string]string{"describing": "Description", "identifying": "Identification", "classifying": "Classification",
	"questioning": "Question", "replying": "Reply", "linking": "Link", "highlighting": "Highlight", "bookmarking": "Bookmark",
	"transcribing": "Transcription", "supplementing": "Transcription", "translating": "Translation", "assessing": "Assessment",
	"editing": "Proposed change", "geotagging": "Place"}

func (s *Site) note(a map[string]any, c *presentation.Canvas) note {
	n := note{Motivation: s.tongue.say(motivations[text(a["motivation"])]), Label: s.label(labelOf(a["label"])), Box: box(a["target"], c)}
	tagging := text(a["motivation"]) == "tagging"
	s.bodies(&n, a["body"], tagging)
	return n
}

// bodies sorts what an annotation says into text, tags and links.
func (s *Site) bodies(n *note, v any, tagging bool) {
	switch b := v.(type) {
	case []any:
		for _, e := range b {
			s.bodies(n, e, tagging)
		}
	case map[string]any:
		if value, ok := b["value"].(string); ok {
			w := words{Lang: tag(text(b["language"])), Text: value}
			switch {
			case b["format"] == "text/html":
				w.HTML = s.pictured(s.clean.Body(value))
				w.Text = s.clean.Plain(value)
				n.Bodies = append(n.Bodies, w)
			case tagging || b["purpose"] == "tagging":
				n.Tags = append(n.Tags, w)
			default:
				n.Bodies = append(n.Bodies, w)
			}
			return
		}
		if items, ok := b["items"].([]any); ok {
			s.bodies(n, items, tagging)
			return
		}
		id := text(b["id"])
		if id == "" {
			id = text(b["source"])
		}
		if id != "" {
			l := link{Href: id, Label: s.label(labelOf(b["label"])), Format: formats[text(b["format"])]}
			if l.Label.Text == "" {
				l.Label.Text = id
			}
			n.Links = append(n.Links, l)
		}
	}
}

// box finds the region of a target on the canvas.
func box(target any, c *presentation.Canvas) string {
	switch t := target.(type) {
	case string:
		_, fragment, _ := strings.Cut(t, "#")
		return region(fragment, c)
	case map[string]any:
		return selected(t["selector"], c)
	}
	return ""
}

func selected(v any, c *presentation.Canvas) string {
	switch s := v.(type) {
	case []any:
		for _, e := range s {
			if b := selected(e, c); b != "" {
				return b
			}
		}
	case map[string]any:
		x, okX := s["x"].(float64)
		y, okY := s["y"].(float64)
		if s["type"] == "PointSelector" && okX && okY {
			return number(x) + "," + number(y) + ",0,0"
		}
		return region(text(s["value"]), c)
	}
	return ""
}

// region reads xywh=… in pixels or percent, as a normalised annotation has it.
func region(fragment string, c *presentation.Canvas) string {
	value, ok := strings.CutPrefix(fragment, "xywh=")
	if !ok {
		return ""
	}
	value, percent := strings.CutPrefix(value, "percent:")
	parts := strings.Split(strings.TrimPrefix(value, "pixel:"), ",")
	if len(parts) != 4 {
		return ""
	}
	for i, p := range parts {
		f, err := strconv.ParseFloat(p, 64)
		if err != nil || f < 0 {
			return ""
		}
		if percent {
			f *= float64([]int{c.Width, c.Height}[i%2]) / 100
		}
		parts[i] = number(f)
	}
	return strings.Join(parts, ",")
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// text is a string, or the first of a list.
func text(v any) string {
	if l, ok := v.([]any); ok && len(l) > 0 {
		v = l[0]
	}
	s, _ := v.(string)
	return s
}
