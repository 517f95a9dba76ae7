// Package search answers IIIF Content Search 2.0 requests over the text of one object:
// what OCR read, and what people wrote in annotations.
//
// An Index is a document that is published beside the manifest. It is searched from
// beginning to end: a book of 500 pages has some 20,000 lines, which takes
// milliseconds, and there is nothing to keep in step.
package search

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Context is the JSON-LD context of answers.
const Context = "http://iiif.io/api/search/2/context.json"

// Index is the text of one object.
type Index struct {
	// Manifest is the URL of the manifest.
	Manifest string `json:"manifest"`
	// Passages are in the order of the pages.
	Passages []Passage `json:"passages"`
}

// Passage is a line, or the text of an annotation.
type Passage struct {
	// Annotation is the URL of the annotation that has the text.
	Annotation string `json:"annotation"`
	// Text is plain.
	Text string `json:"text"`
	// Motivation is supplementing for lines of the page.
	Motivation string `json:"motivation"`
	// Target is the canvas with the region.
	Target string `json:"target"`
}

// Query is a request, section 4.1.
type Query struct {
	// Terms is q: words that must all be in a passage. A word with quotes around
	// several is a phrase.
	Terms string
	// Motivations are those that are wanted; empty is all.
	Motivations []string
	// Page is the page of results, from 0.
	Page int
	// Ignored names parameters of the request that are not understood.
	Ignored []string
	// URL is that of the search service.
	URL string
}

const (
	// perPage is how many passages one answer has.
	perPage = 200
	// maxTerms and maxQuery bound the work of one request.
	maxTerms = 16
	maxQuery = 1000
	// around is how many characters are shown before and after a hit.
	around = 40
)

// ParseQuery reads the parameters of a request to the service at base.
func ParseQuery(base string, v url.Values) Query {
	q := Query{URL: base, Terms: v.Get("q")}
	if len(q.Terms) > maxQuery {
		q.Terms = strings.ToValidUTF8(q.Terms[:maxQuery], "")
	}
	if m := v.Get("motivation"); m != "" {
		q.Motivations = strings.Fields(m)
	}
	if n, err := strconv.Atoi(v.Get("page")); err == nil && n > 0 && n < 1<<20 {
		q.Page = n
	}
	for name := range v {
		if name == "date" || name == "user" {
			q.Ignored = append(q.Ignored, name)
		}
	}
	slices.Sort(q.Ignored)
	return q
}

// Answer is an AnnotationPage of Content Search 2.0, section 4.2.
type Answer struct {
	Context     string      `json:"@context"`
	ID          string      `json:"id"`
	Type        string      `json:"type"`
	Ignored     []string    `json:"ignored,omitempty"`
	PartOf      *collection `json:"partOf,omitempty"`
	Start       int         `json:"startIndex,omitempty"`
	Next        *reference  `json:"next,omitempty"`
	Prev        *reference  `json:"prev,omitempty"`
	Items       []found     `json:"items"`
	Annotations []hits      `json:"annotations,omitempty"`
}

type (
	reference struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	collection struct {
		ID    string    `json:"id"`
		Type  string    `json:"type"`
		Total int       `json:"total"`
		First reference `json:"first"`
		Last  reference `json:"last"`
	}
	body struct {
		Type   string `json:"type"`
		Value  string `json:"value"`
		Format string `json:"format"`
	}
	found struct {
		ID         string `json:"id"`
		Type       string `json:"type"`
		Motivation string `json:"motivation"`
		Body       body   `json:"body"`
		Target     string `json:"target"`
	}
	hits struct {
		Type  string `json:"type"`
		Items []hit  `json:"items"`
	}
	hit struct {
		ID         string    `json:"id"`
		Type       string    `json:"type"`
		Motivation string    `json:"motivation"`
		Target     hitTarget `json:"target"`
	}
	hitTarget struct {
		Type     string  `json:"type"`
		Source   string  `json:"source"`
		Selector []quote `json:"selector"`
	}
	quote struct {
		Type   string `json:"type"`
		Prefix string `json:"prefix,omitempty"`
		Exact  string `json:"exact"`
		Suffix string `json:"suffix,omitempty"`
	}
)

// Search answers q. Upper and lower case and diacritics make no difference: "prilis"
// finds "Příliš".
func (x *Index) Search(q Query) Answer {
	terms := split(q.Terms)
	var all []Passage
	for _, p := range x.Passages {
		if len(terms) > 0 && (len(q.Motivations) == 0 || slices.Contains(q.Motivations, p.Motivation)) && matches(p.Text, terms) {
			all = append(all, p)
		}
	}
	a := Answer{Context: Context, ID: q.page(q.Page), Type: "AnnotationPage", Ignored: q.Ignored, Items: []found{}}
	from := min(q.Page*perPage, len(all))
	to := min(from+perPage, len(all))
	if len(all) > perPage {
		last := (len(all) - 1) / perPage
		a.Start = from
		a.PartOf = &collection{ID: q.page(-1), Type: "AnnotationCollection", Total: len(all),
			First: reference{q.page(0), "AnnotationPage"}, Last: reference{q.page(last), "AnnotationPage"}}
		if q.Page < last {
			a.Next = &reference{q.page(q.Page + 1), "AnnotationPage"}
		}
		if q.Page > 0 {
			a.Prev = &reference{q.page(q.Page - 1), "AnnotationPage"}
		}
	}
	marks := hits{Type: "AnnotationPage", Items: []hit{}}
	for i, p := range all[from:to] {
		a.Items = append(a.Items, found{p.Annotation, "Annotation", p.Motivation, body{"TextualBody", p.Text, "text/plain"}, p.Target})
		marks.Items = append(marks.Items, hit{ID: a.ID + "#hit-" + strconv.Itoa(from+i+1), Type: "Annotation", Motivation: "contextualizing",
			Target: hitTarget{"SpecificResource", p.Annotation, quotes(p.Text, terms)}})
	}
	if len(marks.Items) > 0 {
		a.Annotations = []hits{marks}
	}
	return a
}

// page is the URL of a page of results; -1 is the whole.
func (q Query) page(n int) string {
	v := url.Values{"q": {q.Terms}}
	if len(q.Motivations) > 0 {
		v.Set("motivation", strings.Join(q.Motivations, " "))
	}
	switch {
	case n < 0:
		v.Set("page", "all")
	case n > 0:
		v.Set("page", strconv.Itoa(n))
	}
	return q.URL + "?" + v.Encode()
}

// split makes folded terms: words, and phrases in quotes.
func split(q string) [][]rune {
	var terms [][]rune
	for i, part := range strings.Split(q, `"`) {
		list := strings.Fields(part)
		if i%2 == 1 && len(list) > 0 {
			list = []string{strings.Join(list, " ")}
		}
		for _, w := range list {
			if t, _ := fold(w); len(t) > 0 && len(terms) < maxTerms {
				terms = append(terms, t)
			}
		}
	}
	return terms
}

// fold drops case and diacritics. at tells for each rune of the result where it starts
// in s.
func fold(s string) (folded []rune, at []int) {
	for i, r := range s {
		if r < 0x80 {
			folded, at = append(folded, unicode.ToLower(r)), append(at, i)
			continue
		}
		for _, d := range norm.NFKD.String(string(r)) {
			if !unicode.Is(unicode.Mn, d) {
				folded, at = append(folded, unicode.ToLower(d)), append(at, i)
			}
		}
	}
	return folded, at
}

// matches reports whether every term is in the text.
func matches(text string, terms [][]rune) bool {
	folded, _ := fold(text)
	for _, t := range terms {
		if find(folded, t, 0) < 0 {
			return false
		}
	}
	return true
}

// find returns where a term begins in text at or after from, at the beginning of a
// word; -1 if nowhere.
func find(text, term []rune, from int) int {
	for i := from; i+len(term) <= len(text); i++ {
		if slices.Equal(text[i:i+len(term)], term) && (i == 0 || !letter(text[i-1]) || !letter(term[0])) {
			return i
		}
	}
	return -1
}

func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// quotes are the first places of each term, as they stand in the text.
func quotes(text string, terms [][]rune) []quote {
	folded, at := fold(text)
	var out []quote
	for _, t := range terms {
		i := find(folded, t, 0)
		if i < 0 {
			continue
		}
		from, to := at[i], len(text)
		if end := i + len(t); end < len(at) {
			to = at[end]
		}
		out = append(out, quote{"TextQuoteSelector", tail(text[:from]), text[from:to], head(text[to:])})
	}
	return out
}

func tail(s string) string {
	r := []rune(s)
	return string(r[max(0, len(r)-around):])
}

func head(s string) string {
	r := []rune(s)
	return string(r[:min(around, len(r))])
}
