package presentation

import (
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/item"
)

// Types of Presentation 2.1, for viewers that know nothing newer. Names are those of
// its section 3 and 5.
type (
	manifest2 struct {
		Context     string      `json:"@context"`
		ID          string      `json:"@id"`
		Type        string      `json:"@type"`
		Label       any         `json:"label"`
		Description any         `json:"description,omitempty"`
		Metadata    []pair2     `json:"metadata,omitempty"`
		Attribution any         `json:"attribution,omitempty"`
		License     string      `json:"license,omitempty"`
		Logo        any         `json:"logo,omitempty"`
		NavDate     string      `json:"navDate,omitempty"`
		Direction   string      `json:"viewingDirection,omitempty"`
		Hint        string      `json:"viewingHint,omitempty"`
		Thumbnail   any         `json:"thumbnail,omitempty"`
		Related     []external2 `json:"related,omitempty"`
		SeeAlso     []external2 `json:"seeAlso,omitempty"`
		Rendering   []external2 `json:"rendering,omitempty"`
		Within      string      `json:"within,omitempty"`
		Sequences   []sequence2 `json:"sequences"`
		Structures  []range2    `json:"structures,omitempty"`
	}
	pair2 struct {
		Label any `json:"label"`
		Value any `json:"value"`
	}
	external2 struct {
		ID      string `json:"@id"`
		Label   any    `json:"label,omitempty"`
		Format  string `json:"format,omitempty"`
		Profile string `json:"profile,omitempty"`
	}
	sequence2 struct {
		ID        string    `json:"@id"`
		Type      string    `json:"@type"`
		Label     string    `json:"label"`
		Direction string    `json:"viewingDirection,omitempty"` // many viewers only look here
		Start     string    `json:"startCanvas,omitempty"`
		Canvases  []canvas2 `json:"canvases"`
	}
	canvas2 struct {
		ID        string        `json:"@id"`
		Type      string        `json:"@type"`
		Label     any           `json:"label"`
		Height    int           `json:"height"`
		Width     int           `json:"width"`
		Thumbnail any           `json:"thumbnail,omitempty"`
		Metadata  []pair2       `json:"metadata,omitempty"`
		Images    []annotation2 `json:"images"`
		Other     []other2      `json:"otherContent,omitempty"`
	}
	annotation2 struct {
		ID         string `json:"@id,omitempty"`
		Type       string `json:"@type"`
		Motivation string `json:"motivation"`
		Resource   any    `json:"resource"`
		On         any    `json:"on"`
	}
	image2 struct {
		ID      string    `json:"@id"`
		Type    string    `json:"@type"`
		Format  string    `json:"format,omitempty"`
		Height  int       `json:"height,omitempty"`
		Width   int       `json:"width,omitempty"`
		Service *service2 `json:"service,omitempty"`
	}
	service2 struct {
		Context string `json:"@context"`
		ID      string `json:"@id"`
		Profile string `json:"profile"`
	}
	other2 struct {
		ID   string `json:"@id"`
		Type string `json:"@type"`
	}
	list2 struct {
		Context   string        `json:"@context"`
		ID        string        `json:"@id"`
		Type      string        `json:"@type"`
		Resources []annotation2 `json:"resources"`
	}
	range2 struct {
		ID       string   `json:"@id"`
		Type     string   `json:"@type"`
		Label    any      `json:"label"`
		Hint     string   `json:"viewingHint,omitempty"`
		Canvases []string `json:"canvases,omitempty"`
		Ranges   []string `json:"ranges,omitempty"`
	}
)

// Version2 makes the documents of Presentation 2.1 that say what the manifest says:
// NAME/v2.json, and a list of annotations for each canvas that has some. What 2.1 has
// no word for (navPlace, provider beyond its logo, placeholders) is left out.
func (b *Builder) Version2(e Entry, m *Manifest) ([]Document, error) {
	out := manifest2{Context: "http://iiif.io/api/presentation/2/context.json", ID: m.ID, Type: "sc:Manifest", Label: text2(m.Label),
		Description: text2(m.Summary), Metadata: pairs2(m.Metadata), License: m.Rights, NavDate: m.NavDate, Direction: m.ViewingDirection,
		Related: externals2(m.Homepage), SeeAlso: externals2(m.SeeAlso), Rendering: externals2(m.Rendering)}
	if m.RequiredStatement != nil {
		out.Attribution = text2(m.RequiredStatement.Value)
	}
	for _, p := range m.Provider {
		if len(p.Logo) > 0 {
			out.Logo = p.Logo[0].ID
		}
	}
	for _, hint := range m.Behavior {
		if hint == "paged" || hint == "continuous" || hint == "individuals" {
			out.Hint = hint
		}
	}
	if len(m.PartOf) > 0 {
		out.Within = m.PartOf[0].ID
	}
	out.Thumbnail = b.thumbnail2(m.Thumbnail)
	seq := sequence2{ID: m.ID + "/sequence/normal", Type: "sc:Sequence", Label: "Normal", Direction: m.ViewingDirection}
	if m.Start != nil {
		seq.Start = m.Start.ID
	}
	var docs []Document
	for i := range m.Items {
		c, lists, err := b.canvas2(e.Name, &m.Items[i])
		if err != nil {
			return nil, err
		}
		seq.Canvases, docs = append(seq.Canvases, c), append(docs, lists...)
	}
	out.Sequences = []sequence2{seq}
	out.Structures = ranges2(m.ID, m.Structures)
	body, err := Encode(out)
	return append(docs, Document{Path: e.Name + "/v2.json", MediaType: JSONType, Body: body}), err
}

// canvas2 makes a canvas and the documents of its annotations.
func (b *Builder) canvas2(name string, c *Canvas) (canvas2, []Document, error) {
	out := canvas2{ID: c.ID, Type: "sc:Canvas", Label: text2(c.Label), Height: c.Height, Width: c.Width, Thumbnail: b.thumbnail2(c.Thumbnail), Metadata: pairs2(c.Metadata)}
	for _, p := range c.Items {
		for _, a := range p.Items {
			img := b.image2(&a.Body)
			out.Images = append(out.Images, annotation2{ID: a.ID, Type: "oa:Annotation", Motivation: "sc:painting", Resource: img, On: c.ID})
		}
	}
	var docs []Document
	for _, p := range c.Annotations {
		if p.Items == nil {
			continue // a page of version 3, which a viewer of version 2 cannot read
		}
		id := strings.TrimSuffix(p.ID, ".json") + ".v2.json"
		l := list2{Context: "http://iiif.io/api/presentation/2/context.json", ID: id, Type: "sc:AnnotationList", Resources: []annotation2{}}
		for _, a := range p.Items {
			if x, ok := open2(a, c.ID); ok {
				l.Resources = append(l.Resources, x)
			}
		}
		body, err := Encode(l)
		if err != nil {
			return out, nil, err
		}
		path := name + id[strings.LastIndex(id, "/annotations/"):]
		docs = append(docs, Document{Path: path, MediaType: JSONType, Body: body})
		out.Other = append(out.Other, other2{ID: id, Type: "sc:AnnotationList"})
	}
	return out, docs, nil
}

// open2 makes an Open Annotation of a W3C annotation with text. Others are left out.
func open2(v any, canvas string) (annotation2, bool) {
	a, _ := v.(map[string]any)
	out := annotation2{Type: "oa:Annotation", Motivation: "oa:commenting", On: canvas}
	out.ID, _ = a["id"].(string)
	if m, ok := a["motivation"].(string); ok && !strings.Contains(m, ":") {
		out.Motivation = "oa:" + m
	}
	switch t := a["target"].(type) {
	case string:
		out.On = t
	case map[string]any:
		s, _ := t["selector"].(map[string]any)
		if s["type"] == "FragmentSelector" {
			f, _ := s["value"].(string)
			out.On = canvas + "#" + f
		} else if s["type"] == "SvgSelector" {
			out.On = map[string]any{"@type": "oa:SpecificResource", "full": canvas, "selector": map[string]any{"@type": "oa:SvgSelector", "value": s["value"]}}
		}
	}
	list, ok := a["body"].([]any)
	if !ok {
		list = []any{a["body"]}
	}
	var bodies []any
	for _, e := range list {
		body, _ := e.(map[string]any)
		if value, ok := body["value"].(string); ok {
			r := map[string]any{"@type": "dctypes:Text", "format": body["format"], "chars": value}
			if body["purpose"] == "tagging" {
				r["@type"] = "oa:Tag"
			}
			bodies = append(bodies, r)
		}
	}
	switch len(bodies) {
	case 0:
		return out, false
	case 1:
		out.Resource = bodies[0]
	default:
		out.Resource = bodies
	}
	return out, true
}

// image2 names an image by version 2 of the Image API where the server is ours, which
// has both.
func (b *Builder) image2(img *Image) image2 {
	out := image2{ID: img.ID, Type: "dctypes:Image", Format: img.Format, Height: img.Height, Width: img.Width}
	if len(img.Service) == 0 {
		return out
	}
	s := img.Service[0]
	switch {
	case s.ID2 != "":
		out.Service = &service2{"http://iiif.io/api/image/2/context.json", s.ID2, s.Profile}
	case b.cfg.Images != "" && strings.HasPrefix(s.ID, b.cfg.Images+"/iiif/3/"):
		base := b.cfg.Images + "/iiif/2/" + strings.TrimPrefix(s.ID, b.cfg.Images+"/iiif/3/")
		out.Service = &service2{"http://iiif.io/api/image/2/context.json", base, "http://iiif.io/api/image/2/level2.json"}
	default:
		out.Service = &service2{"http://iiif.io/api/image/3/context.json", s.ID, s.Profile}
	}
	return out
}

func (b *Builder) thumbnail2(list []Image) any {
	if len(list) == 0 {
		return nil
	}
	return b.image2(&list[0])
}

// text2 is a text, or a list of texts with languages.
func text2(t item.Text) any {
	if len(t) == 0 {
		return nil
	}
	if v := t[item.None]; len(t) == 1 && len(v) == 1 {
		return v[0]
	}
	var out []any
	for _, lang := range sortedLanguages(t) {
		for _, v := range t[lang] {
			if lang == item.None {
				out = append(out, v)
			} else {
				out = append(out, map[string]string{"@value": v, "@language": lang})
			}
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}

func pairs2(pairs []Pair) []pair2 {
	var out []pair2
	for _, p := range pairs {
		out = append(out, pair2{text2(p.Label), text2(p.Value)})
	}
	return out
}

func externals2(list []External) []external2 {
	var out []external2
	for _, e := range list {
		out = append(out, external2{ID: e.ID, Label: text2(e.Label), Format: e.Format, Profile: e.Profile})
	}
	return out
}

// ranges2 flattens the table of contents: 2.1 has one list, in which ranges name each
// other.
func ranges2(id string, list []Range) []range2 {
	if len(list) == 0 {
		return nil
	}
	top := range2{ID: id + "/range/top", Type: "sc:Range", Label: "Table of contents", Hint: "top"}
	var all []range2
	var add func(r Range)
	add = func(r Range) {
		at := len(all)
		all = append(all, range2{ID: r.ID, Type: "sc:Range", Label: text2(r.Label)})
		for _, e := range r.Items {
			switch x := e.(type) {
			case Reference:
				all[at].Canvases = append(all[at].Canvases, x.ID)
			case Range:
				all[at].Ranges = append(all[at].Ranges, x.ID)
				add(x)
			}
		}
	}
	for _, r := range list {
		top.Ranges = append(top.Ranges, r.ID)
		add(r)
	}
	return append([]range2{top}, all...)
}
