package presentation

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// texts cleans every value of a language map; empty ones are left out.
func texts(t item.Text, clean func(string) string) item.Text {
	var out item.Text
	for lang, values := range t {
		var kept []string
		for _, v := range values {
			if v = clean(v); v != "" {
				kept = append(kept, v)
			}
		}
		if kept == nil {
			continue
		}
		if out == nil {
			out = item.Text{}
		}
		if lang == "" {
			lang = item.None
		}
		out[lang] = append(out[lang], kept...)
	}
	return out
}

// line is for labels, which hold no markup and no line breaks.
func (w *work) line(t item.Text) item.Text { return texts(t, w.clean.Line) }

// property is for values that may hold the HTML of section 4.5.
func (w *work) property(t item.Text) item.Text { return texts(t, w.clean.Property) }

func (w *work) pairs(pairs []item.Pair) []Pair {
	var out []Pair
	for _, p := range pairs {
		label, value := w.line(p.Label), w.property(p.Value)
		if label == nil || value == nil {
			continue
		}
		out = append(out, Pair{Label: label, Value: value})
	}
	return out
}

// required makes the statement that viewers must show. Its label has a word of its
// own when the record has none.
func (w *work) required(p item.Pair) *Pair {
	value := w.property(p.Value)
	if value == nil {
		return nil
	}
	label := w.line(p.Label)
	if label == nil {
		label = labelIn(w.cfg.Language, attributionLabels)
	}
	return &Pair{Label: label, Value: value}
}

// attributionLabels and rightsLabels are labels that the package itself gives, by language.
var attributionLabels = map[string]string{"en": "Attribution", "de": "Nachweis", "fr": "Mention obligatoire", "cs": "Uvedení zdroje",
	"nl": "Naamsvermelding", "it": "Attribuzione", "es": "Atribución", "pl": "Źródło"}
var rightsLabels = map[string]string{"en": "Rights", "de": "Rechte", "fr": "Droits", "cs": "Práva",
	"nl": "Rechten", "it": "Diritti", "es": "Derechos", "pl": "Prawa"}

// labelIn is a label in a language, or in English.
func labelIn(language string, words map[string]string) item.Text {
	base, _, _ := strings.Cut(language, "-")
	if word := words[base]; word != "" {
		return item.Plain(language, word)
	}
	return item.Plain("en", words["en"])
}

func (w *work) agents(list []item.Agent) []Agent {
	var out []Agent
	for _, a := range list {
		label := w.line(a.Label)
		if label == nil || !absolutePicture(a.ID) {
			w.warn("provider %q needs a URI and a label", a.Label.First())
			continue
		}
		agent := Agent{ID: a.ID, Type: "Agent", Label: label, Homepage: w.externals("provider homepage", a.Homepages, "Text")}
		if !a.Logo.Zero() {
			if logo, err := w.small(a.Logo, logoSide); err != nil {
				w.warn("logo: %s", fault.Public(err))
			} else {
				agent.Logo = []Image{logo}
			}
		}
		out = append(out, agent)
	}
	return out
}

// logoSide is the longest side of a logo that our image server makes.
const logoSide = 256

// small is a logo or a thumbnail of at most limit pixels. A plain picture is taken as it
// is and needs no size: it is shown small.
func (w *work) small(img item.Image, limit int) (Image, error) {
	if img.ID == "" && img.Service == "" {
		if !absolutePicture(img.URL) {
			return Image{}, fault.New("presentation.Build", fault.Invalid, strconv.Quote(img.URL)+" is not an absolute URL")
		}
		p := picture{Image: img}
		return Image{ID: img.URL, Type: "Image", Format: p.mediaType(), Width: img.Width, Height: img.Height}, nil
	}
	pic, err := w.picture(img)
	if err != nil {
		return Image{}, err
	}
	return pic.thumbnail(limit, w.cfg.Limits), nil
}

// externals are links; those that cannot be followed are left out with a warning.
func (w *work) externals(property string, links []item.Link, kind string) []External {
	var out []External
	for _, l := range links {
		if !followable(l.URL) {
			w.warn("%s %q is not an absolute http(s) URL", property, l.URL)
			continue
		}
		e := External{ID: l.URL, Type: l.Type, Label: w.line(l.Label), Format: l.Format, Profile: l.Profile, Language: l.Languages}
		if e.Type == "" {
			e.Type = kind
		}
		if e.Label == nil && property != "seeAlso" {
			// The specification demands a label; the address is the honest one.
			e.Label = item.Plain(item.None, l.URL)
		}
		out = append(out, e)
	}
	return out
}

// followable allows what a browser may open from a page of ours.
func followable(s string) bool {
	s, _, _ = strings.Cut(s, "#")
	return absolutePicture(s)
}

var directions = []string{"left-to-right", "right-to-left", "top-to-bottom", "bottom-to-top"}

func (w *work) direction(s string) string {
	if s != "" && !slices.Contains(directions, s) {
		w.warn("viewingDirection %q is none of %s", s, strings.Join(directions, ", "))
		return ""
	}
	return s
}

// behaviors are the values of section 3.3 by the type that may have them.
var behaviors = map[string][]string{
	"manifest": {"auto-advance", "no-auto-advance", "repeat", "no-repeat", "unordered", "individuals", "continuous", "paged"},
	"canvas":   {"auto-advance", "no-auto-advance", "facing-pages", "non-paged"},
}

func (w *work) behavior(kind string, values []string) []string {
	var out []string
	for _, v := range values {
		if !slices.Contains(behaviors[kind], v) {
			w.warn("behavior %q is not one of a %s", v, kind)
			continue
		}
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// rightsPair shows rights that have no URI.
func rightsPair(language, s string) []item.Pair {
	return []item.Pair{{Label: labelIn(language, rightsLabels), Value: item.Plain(item.None, s)}}
}

// sortedLanguages are the tags of a text in order.
func sortedLanguages(t item.Text) []string { return slices.Sorted(maps.Keys(t)) }
