package presentation

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/search"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Built is a manifest with what came up on the way.
type Built struct {
	Manifest Manifest
	// Documents are the documents beside the manifest, by their path below Base:
	// annotation pages that are referenced.
	Documents map[string]any
	// Warnings name what was left out or mended, for whoever keeps the records. The
	// manifest is good all the same.
	Warnings []string
}

// Manifest makes the manifest of an item. It fails with Invalid, saying what is
// wrong in the public text, when there cannot be a good one: no label, no page, a
// size that is not known.
func (b *Builder) Manifest(it item.Item) (*Built, error) {
	const op = "presentation.Build"
	if err := it.Check(); err != nil {
		return nil, fault.E(op, fault.KindOf(err), err)
	}
	w := &work{Builder: b, it: &it, out: &Built{Documents: map[string]any{}}}
	m := &w.out.Manifest
	m.ID, m.Type = b.ManifestID(it.Name), "Manifest"
	m.Label = w.line(it.Label)
	if m.Label == nil {
		return nil, fault.New(op, fault.Invalid, "label is missing")
	}
	m.Summary = w.property(it.Summary)
	m.Metadata = w.pairs(it.Metadata)
	m.RequiredStatement = w.required(it.Attribution)
	m.Rights = w.rights(it.Rights)
	m.Provider = w.agents(it.Provider)
	m.Homepage = w.externals("homepage", it.Homepage, "Text")
	m.SeeAlso = w.externals("seeAlso", it.SeeAlso, "Dataset")
	m.Rendering = w.externals("rendering", it.Rendering, "Text")
	if !it.NavDate.IsZero() {
		m.NavDate = it.NavDate.UTC().Format(time.RFC3339)
	}
	m.NavPlace = w.navPlace()
	m.ViewingDirection = w.direction(it.ViewingDirection)
	m.Behavior = w.behavior("manifest", it.Behavior)
	if err := w.pages(); err != nil {
		return nil, err
	}
	w.standIns()
	w.searchable()
	m.Structures = w.ranges(it.Ranges, "")
	for _, c := range it.Collections {
		m.PartOf = append(m.PartOf, Reference{ID: b.CollectionID(c), Type: "Collection"})
	}
	m.Context = contexts(m)
	return w.out, nil
}

// work is the making of one manifest.
type work struct {
	*Builder
	it    *item.Item
	out   *Built
	index search.Index
}

func (w *work) warn(format string, args ...any) {
	w.out.Warnings = append(w.out.Warnings, fmt.Sprintf(format, args...))
}

// contexts lists the contexts that a manifest needs; that of Presentation is last
// (section 4.6).
func contexts(m *Manifest) any {
	var list []string
	if m.NavPlace != nil {
		list = append(list, navPlaceContext)
	}
	if len(m.Service) > 0 {
		list = append(list, searchContext)
	}
	if list == nil {
		return Context
	}
	return append(list, Context)
}

// canvasID keeps the form that existing sites have: stored annotations target it.
func (w *work) canvasID(page int) string {
	return w.ManifestID(w.it.Name) + "/canvas/p" + strconv.Itoa(page+1)
}

func (w *work) pages() error {
	w.out.Manifest.Items = make([]Canvas, len(w.it.Pages))
	for i := range w.it.Pages {
		c, err := w.canvas(i)
		if err != nil {
			return fault.E("presentation.Build", fault.KindOf(err), err).WithPublic("page " + strconv.Itoa(i+1) + ": " + fault.Public(err))
		}
		w.out.Manifest.Items[i] = c
	}
	if w.it.Start > 0 {
		w.out.Manifest.Start = &Reference{ID: w.canvasID(w.it.Start), Type: "Canvas"}
	}
	return nil
}

func (w *work) canvas(i int) (Canvas, error) {
	page := &w.it.Pages[i]
	pic, err := w.picture(page.Image)
	if err != nil {
		return Canvas{}, err
	}
	id := w.canvasID(i)
	c := Canvas{ID: id, Type: "Canvas", Label: w.line(page.Label), Width: pic.Width, Height: pic.Height,
		Summary: w.property(page.Summary), Metadata: w.pairs(page.Metadata),
		Thumbnail: []Image{pic.thumbnail(w.cfg.Thumbnail, w.cfg.Limits)},
		Behavior:  w.behavior("canvas", page.Behavior)}
	if c.Label == nil {
		c.Label = item.Plain(item.None, strconv.Itoa(i+1))
		if len(w.it.Pages) == 1 {
			c.Label = w.out.Manifest.Label
		}
	}
	c.Items = []Painting{{ID: id + "/page", Type: "AnnotationPage", Items: []Painted{{
		ID: id + "/page/image", Type: "Annotation", Motivation: "painting", Body: pic.body(), Target: id}}}}
	w.annotate(i, &c)
	w.transcribe(i, &c)
	return c, nil
}

// standIns are the images that stand for the object.
func (w *work) standIns() {
	m := &w.out.Manifest
	m.Thumbnail = m.Items[w.it.Start].Thumbnail
	if !w.it.Thumbnail.Zero() {
		if small, err := w.small(w.it.Thumbnail, w.cfg.Thumbnail); err != nil {
			w.warn("thumbnail: %s", fault.Public(err))
		} else {
			m.Thumbnail = []Image{small}
		}
	}
	if w.it.Placeholder.Zero() {
		return
	}
	pic, err := w.picture(w.it.Placeholder)
	if err != nil {
		w.warn("placeholder: %s", fault.Public(err))
		return
	}
	id := w.ManifestID(w.it.Name) + "/canvas/placeholder"
	body := pic.thumbnail(2*w.cfg.Thumbnail, w.cfg.Limits)
	m.PlaceholderCanvas = &Canvas{ID: id, Type: "Canvas", Width: body.Width, Height: body.Height,
		Items: []Painting{{ID: id + "/page", Type: "AnnotationPage", Items: []Painted{{
			ID: id + "/page/image", Type: "Annotation", Motivation: "painting", Body: body, Target: id}}}}}
}

// navPlace gives the features of the record the ids that the extension demands.
func (w *work) navPlace() any {
	if len(w.it.NavPlace) == 0 || string(w.it.NavPlace) == "null" {
		return nil
	}
	var geo map[string]any
	if err := json.Unmarshal(w.it.NavPlace, &geo); err != nil {
		w.warn("navPlace is not a GeoJSON object")
		return nil
	}
	base := w.ManifestID(w.it.Name) + "/place"
	if geo["type"] == "Feature" {
		geo = map[string]any{"type": "FeatureCollection", "features": []any{geo}}
	}
	features, ok := geo["features"].([]any)
	if geo["type"] != "FeatureCollection" || !ok || len(features) == 0 {
		w.warn("navPlace is neither a Feature nor a FeatureCollection")
		return nil
	}
	for i, f := range features {
		feature, ok := f.(map[string]any)
		if !ok || feature["type"] != "Feature" {
			w.warn("navPlace has a feature that is none")
			return nil
		}
		if feature["id"] == nil {
			feature["id"] = base + "/" + strconv.Itoa(i+1)
		}
	}
	if geo["id"] == nil {
		geo["id"] = base
	}
	return geo
}

// ranges numbers the table of contents: r1, r1-2, r1-2-1.
func (w *work) ranges(list []item.Range, prefix string) []Range {
	var out []Range
	for i, r := range list {
		name := prefix + strconv.Itoa(i+1)
		rr := Range{ID: w.ManifestID(w.it.Name) + "/range/r" + name, Type: "Range", Label: w.line(r.Label), Items: []any{}}
		for _, p := range r.Pages {
			rr.Items = append(rr.Items, Reference{ID: w.canvasID(p), Type: "Canvas"})
		}
		for _, sub := range w.ranges(r.Ranges, name+"-") {
			rr.Items = append(rr.Items, sub)
		}
		if len(rr.Items) == 0 {
			w.warn("range %q is empty and left out", r.Label.First())
			continue
		}
		out = append(out, rr)
	}
	return out
}

// CollectionID returns the URL of a collection: the parts of a nested name are
// folders.
func (b *Builder) CollectionID(name string) string {
	var path []string
	for part := range strings.SplitSeq(name, "/") {
		if slug := CollectionSlug(part); slug != "" {
			path = append(path, slug)
		}
	}
	return b.id(path)
}
