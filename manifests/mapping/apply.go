package mapping

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Item makes an object of a record and the records of its pages; without any, the
// record is its own page, unless the field Pages has them. ref is the object's Ref.
// Missing values are left empty; a value that cannot be what it should be (a date, a
// place, a page without an image) is Invalid and says so.
func (m *Mapping) Item(ref string, r Record, pages ...Record) (item.Item, error) {
	it := item.Item{Ref: ref}
	if len(pages) == 0 {
		pages = m.related(r)
	}
	it.Name = item.NameOf(m.Name.first(r))
	it.Label, it.Summary = m.text(m.Label, r), m.text(m.Summary, r)
	it.Attribution = item.Pair{Label: m.AttributionLabel.text(m.Language), Value: m.text(m.Attribution, r)}
	it.Rights = m.Rights.first(r)
	it.Metadata = m.pairs(m.Metadata, r)
	it.Homepage, it.SeeAlso, it.Rendering = m.links(m.Homepage, r), m.links(m.SeeAlso, r), m.links(m.Rendering, r)
	it.Provider = m.providers(r)
	it.ViewingDirection = m.ViewingDirection.first(r)
	it.Behavior, it.Collections = m.list(m.Behavior, r), m.list(m.Collections, r)
	it.Thumbnail, it.Placeholder = m.image(m.Thumbnail.first(r)), m.image(m.Placeholder.first(r))
	var err error
	if it.NavDate, err = date("navDate", m.NavDate.first(r)); err != nil {
		return it, err
	}
	if it.NavPlace, err = place(m.NavPlace.raw(r)); err != nil {
		return it, err
	}
	// Dates of the record are a service; one that cannot be read is none.
	it.Created, _ = date("created", m.Created.first(r))
	it.Modified, _ = date("modified", m.Modified.first(r))
	return it, m.pages(&it, pages)
}

// text gathers a text with its translations.
func (m *Mapping) text(v Value, r Record) item.Text {
	out := v.text(r, m.Language)
	if m.Translations.Field == "" {
		return out
	}
	rows, _ := r.lookup(m.Translations.Field).([]any)
	for _, row := range rows {
		tr, ok := row.(map[string]any)
		if !ok {
			continue
		}
		lang := language(tr[cmp.Or(m.Translations.Code, "languages_code")])
		if !languageTag(lang) {
			continue
		}
		for _, t := range v {
			if strings.HasPrefix(t.Text, "=") || t.Language != "" && t.Language != lang {
				continue
			}
			if w := t.get(tr); len(w) > 0 {
				if out == nil {
					out = item.Text{}
				}
				out[lang] = w
				break
			}
		}
	}
	return out
}

// language of a translation: a code, or the related record that has it.
func language(v any) string {
	if m, ok := v.(map[string]any); ok {
		v = m["code"]
	}
	s, _ := v.(string)
	return s
}

func (m *Mapping) pairs(pairs []Pair, r Record) []item.Pair {
	var out []item.Pair
	for _, p := range pairs {
		label := p.Label.text(m.Language)
		if value := m.text(p.Value, r); value != nil && label != nil {
			out = append(out, item.Pair{Label: label, Value: value})
		}
	}
	return out
}

func (m *Mapping) links(links []Link, r Record) []item.Link {
	var out []item.Link
	for _, l := range links {
		urls := l.URL.all(r)
		if len(urls) == 1 {
			urls = m.split(urls[0])
		}
		for _, u := range urls {
			link := item.Link{URL: u, Label: l.Label.text(m.Language), Format: l.Format, Type: l.Type, Profile: l.Profile}
			if l.Language != "" {
				link.Languages = []string{l.Language}
			}
			out = append(out, link)
		}
	}
	return out
}

func (m *Mapping) providers(r Record) []item.Agent {
	var out []item.Agent
	for _, p := range m.Provider {
		out = append(out, item.Agent{ID: p.ID, Label: p.Label.text(m.Language), Homepages: m.links(p.Homepage, r), Logo: m.image(p.Logo)})
	}
	return out
}

// list splits a text into several values.
func (m *Mapping) list(v Value, r Record) []string {
	var out []string
	for _, w := range v.all(r) {
		out = append(out, m.split(w)...)
	}
	return out
}

func (m *Mapping) split(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, cmp.Or(m.Separator, ";")) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// image tells what kind of image a text names.
func (m *Mapping) image(s string) item.Image {
	if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
		if s == "" {
			return item.Image{}
		}
		return item.Image{ID: m.Page.ImagePrefix + s}
	}
	if base, ok := strings.CutSuffix(s, "/info.json"); ok {
		return item.Image{Service: base}
	}
	path, _, _ := strings.Cut(s, "?")
	name := path[strings.LastIndexByte(path, '/')+1:]
	if strings.Contains(path, "/iiif/") && !strings.Contains(name, ".") {
		return item.Image{Service: s}
	}
	return item.Image{URL: s}
}

// dateForms are tried in order. Times without a zone are UTC: SQLite has none.
var dateForms = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02", "2006-01", "2006"}

func date(property, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.New("mapping.Item", fault.Invalid, property+" "+strconv.Quote(s)+" is not a date such as 1855-03-01")
}

// place is GeoJSON, as a value or in a text, or "latitude, longitude".
func place(v any) (json.RawMessage, error) {
	const op = "mapping.Item"
	switch x := v.(type) {
	case nil:
		return nil, nil
	case string:
		if strings.HasPrefix(strings.TrimSpace(x), "{") {
			if !json.Valid([]byte(x)) {
				return nil, fault.New(op, fault.Invalid, "navPlace is not JSON")
			}
			return json.RawMessage(x), nil
		}
		north, east, _ := strings.Cut(x, ",")
		lat, err1 := strconv.ParseFloat(strings.TrimSpace(north), 64)
		lon, err2 := strconv.ParseFloat(strings.TrimSpace(east), 64)
		if err1 != nil || err2 != nil || !(lat >= -90 && lat <= 90) || !(lon >= -180 && lon <= 180) {
			return nil, fault.New(op, fault.Invalid, "navPlace "+strconv.Quote(x)+" is not a place such as 50.09, 14.42")
		}
		v = map[string]any{"type": "Feature", "properties": map[string]any{},
			"geometry": map[string]any{"type": "Point", "coordinates": []float64{lon, lat}}}
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fault.E(op, fault.Invalid, err)
	}
	return data, nil
}

// related are the records of the field Pages.
func (m *Mapping) related(r Record) []Record {
	if m.Pages == "" {
		return []Record{r}
	}
	list, _ := r.lookup(m.Pages).([]any)
	var out []Record
	for _, e := range list {
		if p, ok := e.(map[string]any); ok {
			out = append(out, p)
		}
	}
	return out
}

// pages adds the pages in order, and the table of contents that chapters make.
func (m *Mapping) pages(it *item.Item, records []Record) error {
	if len(m.Page.Order) > 0 {
		slices.SortStableFunc(records, func(a, b Record) int { return compareOrder(m.Page.Order.first(a), m.Page.Order.first(b)) })
	}
	for i, r := range records {
		img := m.image(m.Page.Image.first(r))
		if img.Zero() {
			return fault.New("mapping.Item", fault.Invalid, "page "+strconv.Itoa(i+1)+" has no image")
		}
		img.Stamp, img.Format = m.Page.Stamp.first(r), m.Page.Format.first(r)
		if img.URL != "" {
			img.Width, img.Height = pixels(m.Page.Width.first(r)), pixels(m.Page.Height.first(r))
		}
		p := item.Page{Image: img, Label: m.text(m.Page.Label, r), Summary: m.text(m.Page.Summary, r),
			Metadata: m.pairs(m.Page.Metadata, r), Behavior: m.list(m.Page.Behavior, r)}
		if raw := m.Page.Annotations.raw(r); raw != nil {
			data, err := json.Marshal(raw)
			if err != nil {
				return fault.E("mapping.Item", fault.Invalid, err)
			}
			p.Annotations = append(p.Annotations, data)
		}
		it.Pages = append(it.Pages, p)
		m.chapter(it, r, i)
	}
	return nil
}

// pixels reads a size; 0 is none.
func pixels(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// chapter opens an entry of the table of contents, or continues the last one: tables
// have the heading at its first page or at all of them.
func (m *Mapping) chapter(it *item.Item, r Record, page int) {
	n := len(it.Ranges)
	if label := m.text(m.Page.Chapter, r); label != nil && (n == 0 || !maps.EqualFunc(label, it.Ranges[n-1].Label, slices.Equal)) {
		it.Ranges = append(it.Ranges, item.Range{Label: label})
		n++
	}
	if n > 0 {
		it.Ranges[n-1].Pages = append(it.Ranges[n-1].Pages, page)
	}
}

// compareOrder compares numbers as numbers and everything else as text.
func compareOrder(a, b string) int {
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if err1 == nil && err2 == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}
