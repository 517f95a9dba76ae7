package mapping

import "strings"

// Fields returns the names of fields that the properties of the object use, for
// sources that must ask for them.
func (m *Mapping) Fields() []string {
	values := []Value{m.Name, m.Label, m.Summary, m.Attribution, m.Rights, m.NavDate, m.NavPlace, m.ViewingDirection,
		m.Behavior, m.Collections, m.Thumbnail, m.Placeholder, m.Created, m.Modified}
	values = append(values, pairFields(m.Metadata)...)
	for _, links := range [][]Link{m.Homepage, m.SeeAlso, m.Rendering} {
		values = append(values, linkFields(links)...)
	}
	for _, p := range m.Provider {
		values = append(values, linkFields(p.Homepage)...)
	}
	out := names(values)
	if m.Translations.Field != "" {
		out = append(out, m.Translations.Field+".*")
	}
	if m.Pages == "" {
		out = append(out, m.Page.Fields()...)
	}
	return out
}

// Fields returns the names of fields that the properties of a page use.
func (p *Page) Fields() []string {
	values := []Value{p.Image, p.Stamp, p.Format, p.Width, p.Height, p.Label, p.Summary, p.Annotations, p.Order, p.Chapter, p.Behavior}
	return names(append(values, pairFields(p.Metadata)...))
}

func pairFields(pairs []Pair) (out []Value) {
	for _, p := range pairs {
		out = append(out, p.Value)
	}
	return out
}

func linkFields(links []Link) (out []Value) {
	for _, l := range links {
		out = append(out, l.URL)
	}
	return out
}

// names takes the fields out of terms: those in the braces of templates, no constants.
func names(values []Value) []string {
	var out []string
	for _, v := range values {
		for _, t := range v {
			switch {
			case strings.HasPrefix(t.Text, "="):
			case strings.Contains(t.Text, "{"):
				for i, part := range strings.Split(t.Text, "{") {
					if name, _, ok := strings.Cut(part, "}"); ok && i > 0 {
						out = append(out, name)
					}
				}
			default:
				out = append(out, t.Text)
			}
		}
	}
	return out
}
