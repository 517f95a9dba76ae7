package mapping

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/vitrine-iiif/vitrine/manifests/item"
)

// Record is what a source has of an object: values by field name, as encoding/json
// decodes them. Lists and records may be nested.
type Record map[string]any

// Value says where a value comes from: the first of its terms that gives something in
// a language gives it.
type Value []Term

// Term is one place to look.
type Term struct {
	// Language is the BCP 47 tag of what the term gives; empty is the mapping's.
	Language string
	// Text is a field name, dotted for nested records ("image.title"); "=" and a
	// constant; or a template with fields in braces ("https://a.org/{id}").
	Text string
}

// UnmarshalYAML reads "field", a list of alternatives, or languages with either.
func (v *Value) UnmarshalYAML(node *yaml.Node) error {
	*v = nil
	return v.read(node, "")
}

func (v *Value) read(node *yaml.Node, language string) error {
	switch node.Kind {
	case yaml.AliasNode:
		return v.read(node.Alias, language)
	case yaml.ScalarNode:
		if node.Value != "" {
			*v = append(*v, Term{Language: language, Text: node.Value})
		}
		return nil
	case yaml.SequenceNode:
		for _, n := range node.Content {
			if n.Kind != yaml.ScalarNode {
				return fmt.Errorf("line %d: alternatives are texts", n.Line)
			}
			if err := v.read(n, language); err != nil {
				return err
			}
		}
		return nil
	case yaml.MappingNode:
		if language != "" {
			return fmt.Errorf("line %d: languages are not nested", node.Line)
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			if err := v.read(node.Content[i+1], node.Content[i].Value); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.New("a value is a field, a list of fields, or fields by language")
}

// Words are texts as they stand: a text, or texts by language.
type Words item.Text

// UnmarshalYAML reads either form.
func (w *Words) UnmarshalYAML(node *yaml.Node) error {
	*w = Words{}
	if node.Kind == yaml.ScalarNode {
		(*w)[""] = []string{node.Value}
		return nil
	}
	byLanguage := map[string]string{}
	if err := node.Decode(&byLanguage); err != nil {
		return err
	}
	for lang, text := range byLanguage {
		(*w)[lang] = []string{text}
	}
	return nil
}

// text gives words without a language the one of the mapping.
func (w Words) text(language string) item.Text {
	var out item.Text
	for lang, values := range w {
		if lang == "" {
			lang = language
		}
		for l, v := range item.Plain(lang, values...) {
			if out == nil {
				out = item.Text{}
			}
			out[l] = v
		}
	}
	return out
}

// lookup finds a field; dots lead into nested records.
func (r Record) lookup(path string) any {
	if v, ok := r[path]; ok { // a column may have a dot in its name
		return v
	}
	var v any = map[string]any(r)
	for part := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[part]
	}
	return v
}

// words are the texts in a value: of a list each, of anything else one. Blank ones are
// left out.
func words(v any) []string {
	one := func(s string) []string {
		if s = strings.TrimSpace(s); s == "" {
			return nil
		}
		return []string{s}
	}
	switch x := v.(type) {
	case nil:
		return nil
	case string:
		return one(x)
	case bool:
		return one(strconv.FormatBool(x))
	case float64:
		return one(strconv.FormatFloat(x, 'f', -1, 64))
	case int:
		return one(strconv.Itoa(x))
	case json.Number:
		return one(x.String())
	case []any:
		var out []string
		for _, e := range x {
			out = append(out, words(e)...)
		}
		return out
	case map[string]any:
		return nil
	}
	if t, ok := v.(time.Time); ok { // YAML knows dates
		return one(t.Format(time.RFC3339))
	}
	return one(fmt.Sprint(v))
}

// get returns the texts that the term gives.
func (t Term) get(r Record) []string {
	if constant, ok := strings.CutPrefix(t.Text, "="); ok {
		return words(constant)
	}
	if !strings.Contains(t.Text, "{") {
		return words(r.lookup(t.Text))
	}
	var b strings.Builder
	rest := t.Text
	for {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			return words(b.String())
		}
		name, tail, closed := strings.Cut(after, "}")
		value := words(r.lookup(name))
		if !closed || len(value) == 0 {
			return nil // a template without its value is not a value
		}
		b.WriteString(value[0])
		rest = tail
	}
}

// first returns the first text that a value gives, or "".
func (v Value) first(r Record) string {
	if w := v.all(r); len(w) > 0 {
		return w[0]
	}
	return ""
}

// all returns the texts of the first term that gives any.
func (v Value) all(r Record) []string {
	for _, t := range v {
		if w := t.get(r); len(w) > 0 {
			return w
		}
	}
	return nil
}

// raw returns the first field that is there as it is, for values that are no text.
func (v Value) raw(r Record) any {
	for _, t := range v {
		if x := r.lookup(t.Text); x != nil && x != "" {
			return x
		}
	}
	return nil
}

// text gathers a language map: per language the first term that gives something. A
// field that holds a record of texts by language is taken as such.
func (v Value) text(r Record, language string) item.Text {
	var out item.Text
	add := func(lang string, values []string) {
		if lang == "" {
			lang = language
		}
		if lang == "" {
			lang = item.None
		}
		if len(values) == 0 || out[lang] != nil {
			return
		}
		if out == nil {
			out = item.Text{}
		}
		out[lang] = values
	}
	for _, t := range v {
		if m, ok := r.lookup(t.Text).(map[string]any); ok && t.Language == "" {
			for lang, value := range m {
				if languageTag(lang) {
					add(lang, words(value))
				}
			}
			continue
		}
		add(t.Language, t.get(r))
	}
	return out
}

// languageTag reports whether s looks like a BCP 47 tag or "none".
func languageTag(s string) bool {
	if s == item.None {
		return true
	}
	for i, part := range strings.Split(s, "-") {
		if len(part) == 0 || len(part) > 8 || i == 0 && (len(part) < 2 || len(part) > 3) {
			return false
		}
		for _, c := range part {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
				return false
			}
		}
	}
	return true
}
