package site

import (
	"html"
	"html/template"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
)

// words is a text in one language, to be shown.
type words struct {
	// Lang is for the attribute lang; "" when it is not known.
	Lang string
	// Text is shown literally, unless there is HTML.
	Text string
	// HTML has been cleaned.
	HTML template.HTML
}

// value makes words of a value of a manifest. Presentation 3.0 section 4.5: what
// starts with < and ends with > is HTML, everything else is not.
func (s *Site) value(lang, v string) words {
	w := words{Lang: tag(lang), Text: v}
	if strings.HasPrefix(v, "<") && strings.HasSuffix(v, ">") {
		clean := s.clean.Property(v)
		if strings.HasPrefix(clean, "<") {
			w.HTML = s.pictured(clean)
		} else {
			w.Text = clean
		}
	}
	return w
}

// img is an image in HTML that markup has cleaned, which escapes > in attributes.
var img, src, alt = regexp.MustCompile(`<img[^>]*>`), regexp.MustCompile(` src="([^"]*)"`), regexp.MustCompile(` alt="([^"]*)"`)

// pictured is clean HTML whose images the content policy of the page lets through; of
// others the description is left.
func (s *Site) pictured(clean string) template.HTML {
	return template.HTML(img.ReplaceAllStringFunc(clean, func(tag string) string {
		var from origins
		if m := src.FindStringSubmatch(tag); m != nil {
			from.add(html.UnescapeString(m[1]))
		}
		if len(from) == 1 && slices.Contains(s.from, from[0]) {
			return tag
		}
		if m := alt.FindStringSubmatch(tag); m != nil {
			return m[1]
		}
		return ""
	}))
}

// tag is a language for the attribute lang.
func tag(lang string) string {
	if lang == item.None || strings.HasPrefix(lang, "@") {
		return ""
	}
	return lang
}

// languages lists those of a text, the best first: the site's, a variety of it, text
// without language, then the others in order.
func (s *Site) languages(t item.Text) []string {
	base, _, _ := strings.Cut(s.cfg.Language, "-")
	rank := func(l string) int {
		b, _, _ := strings.Cut(l, "-")
		switch {
		case strings.EqualFold(l, s.cfg.Language):
			return 0
		case strings.EqualFold(b, base):
			return 1
		case l == item.None:
			return 2
		}
		return 3
	}
	list := slices.Sorted(maps.Keys(t))
	slices.SortStableFunc(list, func(a, b string) int { return rank(a) - rank(b) })
	return slices.DeleteFunc(list, func(l string) bool { return len(t[l]) == 0 })
}

// label is a text on one line, for headings and links.
func (s *Site) label(t item.Text) words {
	langs := s.languages(t)
	if len(langs) == 0 {
		return words{}
	}
	return words{Lang: tag(langs[0]), Text: strings.Join(t[langs[0]], " · ")}
}

// others are the labels in other languages.
func (s *Site) others(t item.Text) []words {
	var list []words
	shown := map[string]bool{s.label(t).Text: true}
	for _, l := range s.languages(t) {
		if v := strings.Join(t[l], " · "); !shown[v] {
			shown[v] = true
			list = append(list, words{Lang: tag(l), Text: v})
		}
	}
	return list
}

// best are the values in the best language, with those that have none.
func (s *Site) best(t item.Text) []words {
	langs := s.languages(t)
	var list []words
	for i, l := range langs {
		if i > 0 && (l != item.None || langs[0] == item.None) {
			continue
		}
		for _, v := range t[l] {
			list = append(list, s.value(l, v))
		}
	}
	return list
}

// all are the values in all languages.
func (s *Site) all(t item.Text) []words {
	var list []words
	for _, l := range s.languages(t) {
		for _, v := range t[l] {
			list = append(list, s.value(l, v))
		}
	}
	return list
}

// plain is a text without markup, for attributes and feeds.
func (s *Site) plain(t item.Text) string {
	langs := s.languages(t)
	if len(langs) == 0 {
		return ""
	}
	return s.clean.Line(strings.Join(t[langs[0]], " "))
}

// moment is a date for people and for machines.
type moment struct {
	Machine, Human string
	// Added is set for the date of the record, which is not the object's.
	Added bool
}

// dated is the date of an object: when it was made, as navDate says, or else when its
// record was. A navDate at the beginning of a year stands for the year.
func (t tongue) dated(navDate string, created time.Time) *moment {
	if d, err := time.Parse(time.RFC3339, navDate); err == nil {
		if d = d.UTC(); d.YearDay() == 1 {
			return &moment{Machine: d.Format("2006"), Human: strconv.Itoa(d.Year())}
		}
		return &moment{Machine: d.Format(time.DateOnly), Human: t.date(d)}
	}
	if created.IsZero() {
		return nil
	}
	return &moment{Machine: created.Format(time.DateOnly), Human: t.date(created), Added: true}
}
