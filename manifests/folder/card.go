package folder

import (
	"context"
	"path"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/mapping"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Card is what item.yml says beside the simple properties that mapping.Default knows
// (title, description, rights, attribution, creator, navDate, …; a text may be given
// by language).
type Card struct {
	// Metadata are labelled values in order: a list of pairs, or names with values.
	Metadata yaml.Node `yaml:"metadata"`
	// Homepage, SeeAlso and Rendering are one URL or a list of links.
	Homepage  links `yaml:"homepage"`
	SeeAlso   links `yaml:"seeAlso"`
	Rendering links `yaml:"rendering"`
	// Provider are the institutions.
	Provider []struct {
		ID             string
		Label          texts
		Homepage, Logo string
	} `yaml:"provider"`
	// Pages say more of pages, by the name of the file: label, summary, chapter, behavior,
	// annotations. Pages that are not named keep their defaults; a list orders them.
	Pages yaml.Node `yaml:"pages"`
}

// links is one URL or a list of links.
type links []struct {
	URL                   string
	Label                 texts
	Format, Type, Profile string
}

// UnmarshalYAML reads either form.
func (l *links) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*l = make(links, 1)
		return node.Decode(&(*l)[0].URL)
	}
	type plain links
	return node.Decode((*plain)(l))
}

func (l links) links(language, label string) []item.Link {
	var out []item.Link
	for _, e := range l {
		text := e.Label.text(language)
		if text == nil {
			text = item.Plain("en", label)
		}
		out = append(out, item.Link{URL: e.URL, Label: text, Format: e.Format, Type: e.Type, Profile: e.Profile})
	}
	return out
}

// item reads what belongs to an object.
func (s *Source) item(ctx context.Context, o *object) (item.Item, error) {
	ref := o.dir
	if o.dir == "." {
		ref = o.pages[0].Path
	}
	head, card := mapping.Record{}, Card{}
	if o.card != "" {
		data, err := s.cfg.Tree.Read(ctx, o.card, maxCard)
		if err == nil {
			head, card, err = parseCard(data)
		}
		if err != nil {
			return item.Item{Ref: ref}, fault.E("folder.Items", fault.KindOf(err), err).WithPublic(o.card + ": " + fault.Public(err))
		}
	}
	for _, taken := range []string{"homepage", "seeAlso", "rendering"} {
		delete(head, taken) // links are the card's
	}
	s.defaults(o, head)
	pages, err := s.pages(o, card)
	if err != nil {
		return item.Item{Ref: ref}, err
	}
	it, err := s.cfg.Mapping.Item(ref, head, pages...)
	if err != nil {
		return it, err
	}
	s.fill(&it, card)
	return it, s.texts(ctx, &it, o, pages)
}

// defaults name an object that does not say how it is called.
func (s *Source) defaults(o *object, head mapping.Record) {
	name := strings.ReplaceAll(o.dir, "/", "-")
	title := path.Base(o.dir)
	if o.dir == "." {
		title, _ = splitName(o.pages[0].Path)
		name = title
	}
	if head["name"] == nil {
		head["name"] = item.Slug(name)
	}
	if head["label"] == nil && head["title"] == nil {
		head["label"] = strings.TrimSpace(strings.ReplaceAll(title, "_", " "))
	}
	if parent := path.Dir(o.dir); o.dir != "." && parent != "." && head["collections"] == nil && head["collection"] == nil {
		head["collections"] = parent
	}
}

// parseCard reads a card. Unknown names are fields that a mapping may use.
func parseCard(data []byte) (mapping.Record, Card, error) {
	const op = "folder.Card"
	var head map[string]any // not a Record: nested maps would become Records too
	var card Card
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil {
		return nil, card, fault.E(op, fault.Invalid, err).WithPublic("not YAML: " + err.Error())
	}
	if node.Kind == 0 {
		return mapping.Record{}, card, nil
	}
	if err := node.Decode(&card); err != nil {
		return nil, card, fault.E(op, fault.Invalid, err).WithPublic("wrong: " + err.Error())
	}
	if err := node.Decode(&head); err != nil {
		return nil, card, fault.E(op, fault.Invalid, err).WithPublic("wrong: " + err.Error())
	}
	if head == nil {
		head = map[string]any{}
	}
	return head, card, nil
}

// pages makes the records of the pages in order.
func (s *Source) pages(o *object, card Card) ([]mapping.Record, error) {
	said, order, err := pageCards(card.Pages)
	if err != nil {
		return nil, err
	}
	byName := map[string]Entry{}
	var entries []Entry
	for _, e := range o.pages {
		byName[path.Base(e.Path)] = e
	}
	for _, name := range order {
		e, ok := byName[name]
		if !ok {
			return nil, fault.New("folder.Card", fault.Invalid, "pages name "+strconv.Quote(name)+", which is not there")
		}
		entries = append(entries, e)
		delete(byName, name)
	}
	for _, e := range o.pages {
		if _, left := byName[path.Base(e.Path)]; left {
			entries = append(entries, e)
		}
	}
	var out []mapping.Record
	for _, e := range entries {
		r := said[path.Base(e.Path)]
		if r == nil {
			r = mapping.Record{}
		}
		stem, _ := splitName(path.Base(e.Path))
		for name, value := range map[string]any{"image": e.Path, "file": e.Path, "page_label": r["label"], "page_summary": r["summary"], "page_behavior": r["behavior"]} {
			if value != nil {
				r[name] = value
			}
		}
		if r["page_label"] == nil && len(o.pages) > 1 {
			r["page_label"] = strings.TrimSpace(strings.ReplaceAll(stem, "_", " "))
		}
		out = append(out, r)
	}
	return out, nil
}

// pageCards reads what the card says of pages: records by file name, or a list of file
// names and records with a field file, which orders them.
func pageCards(node yaml.Node) (said map[string]mapping.Record, order []string, err error) {
	const op = "folder.Card"
	said = map[string]mapping.Record{}
	switch node.Kind {
	case 0:
	case yaml.MappingNode:
		plain := map[string]map[string]any{}
		err = node.Decode(&plain)
		for name, r := range plain {
			said[name] = r
		}
	case yaml.SequenceNode:
		for _, n := range node.Content {
			r := map[string]any{}
			if n.Kind == yaml.ScalarNode {
				r["file"] = n.Value
			} else if err = n.Decode(&r); err != nil {
				break
			}
			name, _ := r["file"].(string)
			if name == "" || said[name] != nil {
				return nil, nil, fault.New(op, fault.Invalid, "line "+strconv.Itoa(n.Line)+": a page needs a file of its own")
			}
			said[name], order = r, append(order, name)
		}
	default:
		return nil, nil, fault.New(op, fault.Invalid, "pages are a list, or entries by file name")
	}
	if err != nil {
		return nil, nil, fault.E(op, fault.Invalid, err).WithPublic("pages: " + err.Error())
	}
	return said, order, nil
}

// fill adds what only cards have.
func (s *Source) fill(it *item.Item, card Card) {
	lang := s.cfg.Language
	switch card.Metadata.Kind {
	case yaml.SequenceNode:
		var pairs []struct{ Label, Value texts }
		if card.Metadata.Decode(&pairs) == nil {
			for _, p := range pairs {
				it.Metadata = append(it.Metadata, item.Pair{Label: p.Label.text(lang), Value: p.Value.text(lang)})
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(card.Metadata.Content); i += 2 { // in the order of the file
			var value texts
			if card.Metadata.Content[i+1].Decode(&value) == nil {
				it.Metadata = append(it.Metadata, item.Pair{Label: item.Plain(lang, card.Metadata.Content[i].Value), Value: value.text(lang)})
			}
		}
	}
	it.Homepage = append(it.Homepage, card.Homepage.links(lang, "Homepage")...)
	it.SeeAlso = append(it.SeeAlso, card.SeeAlso.links(lang, "Data")...)
	it.Rendering = append(it.Rendering, card.Rendering.links(lang, "Download")...)
	for _, p := range card.Provider {
		a := item.Agent{ID: p.ID, Label: p.Label.text(lang)}
		if p.Homepage != "" {
			a.Homepages = []item.Link{{URL: p.Homepage, Label: p.Label.text(lang), Format: "text/html"}}
		}
		if p.Logo != "" {
			a.Logo = item.Image{URL: p.Logo}
		}
		it.Provider = append(it.Provider, a)
	}
}

// texts is a text, a list of texts, or either by language.
type texts struct {
	plain []string
	by    map[string][]string
}

// UnmarshalYAML reads any of the forms.
func (t *texts) UnmarshalYAML(node *yaml.Node) error {
	list := func(n *yaml.Node) (out []string, err error) {
		if n.Kind == yaml.ScalarNode {
			return []string{n.Value}, nil
		}
		return out, n.Decode(&out)
	}
	var err error
	if node.Kind != yaml.MappingNode {
		t.plain, err = list(node)
		return err
	}
	t.by = map[string][]string{}
	for i := 0; i+1 < len(node.Content) && err == nil; i += 2 {
		t.by[node.Content[i].Value], err = list(node.Content[i+1])
	}
	return err
}

func (t texts) text(language string) item.Text {
	if t.by != nil {
		return item.Text(t.by)
	}
	return item.Plain(language, t.plain...)
}

// texts adds transcripts, and gives the images the prefix and stamp that they need.
func (s *Source) texts(ctx context.Context, it *item.Item, o *object, pages []mapping.Record) error {
	stamps := map[string]string{}
	for _, e := range o.pages {
		stamps[e.Path] = e.Stamp
	}
	for i := range it.Pages {
		img := &it.Pages[i].Image
		name, _ := pages[i]["file"].(string)
		img.Stamp = stamps[name]
		if img.ID == name {
			img.ID = s.cfg.ImagePrefix + name
		}
		stem, _ := splitName(path.Base(name))
		file, ok := o.texts[stem]
		if !ok {
			continue
		}
		data, err := s.cfg.Tree.Read(ctx, file, maxText)
		if err != nil {
			return err
		}
		tr := item.Transcript{Format: item.HOCR, Data: data, Language: s.cfg.Language}
		if strings.HasSuffix(strings.ToLower(file), ".xml") {
			tr.Format = item.ALTO
			if !strings.Contains(string(data[:min(len(data), 4096)]), "<alto") && !strings.Contains(string(data[:min(len(data), 4096)]), ":alto") {
				continue // some other XML
			}
		}
		it.Pages[i].Transcripts = append(it.Pages[i].Transcripts, tr)
	}
	return nil
}
