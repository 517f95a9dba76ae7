// Package markup makes text of records safe to publish: records hold HTML that
// people pasted, and viewers show what manifests say.
//
// Presentation 3.0 section 4.5 allows a few elements in the values of summary,
// metadata and requiredStatement, and only in values that start with < and end
// with >; everything else is plain text, which viewers show literally. So a value is
// either turned into such HTML or freed of all markup.
//
// Markup is what names an element of HTML or SVG, or has attributes. Other words in
// angle brackets, as in "A map of <Aldbury>" or "signed <illegible>", are text and stay.
package markup

import (
	"html"
	"regexp"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
)

// Cleaner cleans text. It is safe for concurrent use.
type Cleaner struct {
	property, body, none *bluemonday.Policy
}

// New makes a Cleaner.
func New() *Cleaner {
	property := bluemonday.NewPolicy()
	property.AllowElements("a", "b", "br", "i", "img", "p", "small", "span", "sub", "sup")
	property.AllowAttrs("href").OnElements("a")
	property.AllowAttrs("src", "alt").OnElements("img")
	property.AllowURLSchemes("http", "https", "mailto")
	property.RequireParseableURLs(true)

	body := bluemonday.NewPolicy()
	body.AllowElements("a", "b", "strong", "i", "em", "u", "s", "br", "img", "p", "div", "small", "span", "sub", "sup",
		"ul", "ol", "li", "dl", "dt", "dd", "blockquote", "q", "cite", "code", "pre", "hr",
		"h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "caption")
	body.AllowAttrs("href").OnElements("a")
	body.AllowAttrs("src", "alt").OnElements("img")
	body.AllowAttrs("lang", "dir").Globally()
	body.AllowURLSchemes("http", "https", "mailto")
	body.RequireParseableURLs(true)
	return &Cleaner{property: property, body: body, none: bluemonday.StrictPolicy()}
}

// tag is what makes a text HTML: a way to open, close or escape, not a lone "<" as in
// "paper < 1800".
var tag = regexp.MustCompile(`(?s)<(/?([a-zA-Z][^\s<>/]*)([\s/][^>]*)?|!--.*?--)>`)

// words are what may stand in angle brackets as text: nothing that closes an element or
// gives an attribute a value, which a browser could act on. Citations have addresses so.
var words = regexp.MustCompile(`^<([\pL\pM\pN \t\n.,;!?'()@&+_-]+|https?://[^\s<>="'\x60]+)>$`)

// marked reports whether the text has markup.
func marked(s string) bool { return slices.ContainsFunc(tag.FindAllString(s, -1), element) }

// element reports whether a tag is one, and not words in angle brackets.
func element(t string) bool {
	name := tag.FindStringSubmatch(t)[2]
	return !words.MatchString(t) || elements[strings.ToLower(name)]
}

// escaped turns angle brackets around words into references, so that the cleaner of
// HTML leaves them alone.
func escaped(s string) string {
	return tag.ReplaceAllStringFunc(s, func(t string) string {
		if element(t) {
			return t
		}
		return "&lt;" + t[1:len(t)-1] + "&gt;"
	})
}

// entity is a character reference; text that has some was made as HTML.
var entity = regexp.MustCompile(`&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});`)

// Property cleans a value of summary, metadata or requiredStatement. Text without
// markup stays as it is. HTML is reduced to the allowed elements, with line breaks
// where the text had them, and wrapped in a paragraph when it does not start and end
// with an element.
func (c *Cleaner) Property(s string) string {
	s = strings.TrimSpace(normalise(s))
	if !marked(s) {
		return literal(c.Plain(s))
	}
	clean := strings.TrimSpace(c.property.Sanitize(escaped(s)))
	if !marked(clean) {
		return literal(strings.TrimSpace(html.UnescapeString(clean)))
	}
	blocks := strings.Contains(clean, "<p>") || strings.Contains(clean, "<br>") || strings.Contains(clean, "<br/>")
	if !blocks {
		clean = strings.ReplaceAll(clean, "\n", "<br>")
	}
	if !strings.HasPrefix(clean, "<") || !strings.HasSuffix(clean, ">") {
		if strings.Contains(clean, "<p>") {
			return "<span>" + clean + "</span>"
		}
		return "<p>" + clean + "</p>"
	}
	return clean
}

// literal is a plain text as a value of a property. One that starts with < and ends with
// > would be taken for HTML, so it becomes HTML that says the same.
func literal(s string) string {
	if strings.HasPrefix(s, "<") && strings.HasSuffix(s, ">") {
		return "<span>" + strings.ReplaceAll(html.EscapeString(s), "\n", "<br>") + "</span>"
	}
	return s
}

// Plain frees a text of all markup, for labels and other properties that hold none:
// elements go, the characters that references stand for stay. A line break
// element becomes a blank.
func (c *Cleaner) Plain(s string) string {
	s = normalise(s)
	if marked(s) {
		s = breaks.ReplaceAllString(escaped(s), "\n")
		s = html.UnescapeString(c.none.Sanitize(s))
	} else if entity.MatchString(s) {
		s = html.UnescapeString(s)
	}
	return strings.TrimSpace(s)
}

// Line is Plain on one line.
func (c *Cleaner) Line(s string) string {
	return strings.Join(strings.Fields(c.Plain(s)), " ")
}

// Body cleans the HTML of an annotation body, whose elements the specification does
// not restrict: what formats text stays, what runs, loads or overlays goes.
func (c *Cleaner) Body(s string) string {
	return strings.TrimSpace(c.body.Sanitize(escaped(normalise(s))))
}

var breaks = regexp.MustCompile(`(?i)<(br\s*/?|/p|/div|/li|/h[1-6])>`)

// normalise makes valid UTF-8 without control characters and with \n for line ends.
func normalise(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r < 0x20 && r != '\n' && r != '\t', r == 0x7f, r == 0xfeff:
			return -1
		}
		return r
	}, s)
}
