package item

import "strings"

// None is the language tag of text whose language is not known.
const None = "none"

// Plain makes a Text of one language. Blank values are left out; nil when none is
// left.
func Plain(language string, values ...string) Text {
	var kept []string
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" {
			kept = append(kept, v)
		}
	}
	if kept == nil {
		return nil
	}
	if language == "" {
		language = None
	}
	return Text{language: kept}
}

// First returns a value to show where there is room for one: of the wanted
// languages in order, then without language, then of the first tag there is. It is
// "" for an empty Text.
func (t Text) First(languages ...string) string {
	for _, l := range append(languages, None) {
		if v := t[l]; len(v) > 0 {
			return v[0]
		}
	}
	best := ""
	for l, v := range t {
		if len(v) > 0 && (best == "" || l < best) {
			best = l
		}
	}
	if best == "" {
		return ""
	}
	return t[best][0]
}
