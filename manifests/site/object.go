package site

import (
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/manifests/rights"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// objectPage is the page of one object.
type objectPage struct {
	frame
	Name     string
	Label    words
	Others   []words
	Facts    facts
	Summary  []words
	Metadata []pair
	Required *pair
	Rights   struct{ Name, Link string }
	Agents   []agent
	Homepage, Rendering,
	SeeAlso []link
	Collections []link
	Contents    []heading
	Pages       []page
	// Notes is how many annotations there are; Text says that a page has a transcript.
	Notes int
	Text  bool
	// Start is the number of the page to open. RightToLeft turns the buttons round.
	Start       int
	RightToLeft bool
	Still       picture
	// Manifest, Version2 and State are for use elsewhere; Version2 may be empty.
	Manifest, Version2, State string
	Elsewhere                 []link
}

// pair is a labelled value.
type pair struct {
	Label  words
	Values []words
}

// agent is an institution.
type agent struct {
	Label words
	Href  string
	Logo  *picture
}

// heading is an entry of the table of contents.
type heading struct {
	Label words
	Page  int // 0 when it has none
	Below []heading
}

// pictures are the places that an object has its pictures at.
func (s *Site) pictures(m *presentation.Manifest) origins {
	var from origins
	from.add(s.cfg.Base)
	from.images(m.Thumbnail)
	for _, c := range m.Items {
		from.images(c.Thumbnail)
		from.images([]presentation.Image{painted(&c)})
	}
	for _, a := range m.Provider {
		from.images(a.Logo)
	}
	return from
}

// Object makes NAME/index.html. It fails with Invalid for a manifest without pages.
func (s *Site) Object(e presentation.Entry, m *presentation.Manifest) ([]presentation.Document, error) {
	if len(m.Items) == 0 {
		return nil, fault.New("site.Object", fault.Invalid, "the manifest has no pages")
	}
	mine := *s // nothing of it is written to but this:
	mine.from = s.pictures(m)
	s = &mine
	path := e.Name + "/index.html"
	p := objectPage{frame: s.frame(path, s.label(m.Label).Text), Name: e.Name, Label: s.label(m.Label), Others: s.others(m.Label), Facts: s.facts(&e),
		Summary: s.all(m.Summary), Metadata: s.pairs(m.Metadata), Agents: s.agents(m.Provider), Homepage: s.links(m.Homepage),
		Rendering: s.links(m.Rendering), SeeAlso: s.links(m.SeeAlso), RightToLeft: m.ViewingDirection == "right-to-left", Start: 1,
		Manifest: m.ID, State: contentState(m.ID, "")}
	p.Description = s.plain(m.Summary)
	p.Rights.Name, p.Rights.Link = rights.Name(m.Rights)
	if m.RequiredStatement != nil {
		p.Required = &s.pairs([]presentation.Pair{*m.RequiredStatement})[0]
	}
	if s.cfg.Version2 {
		p.Version2 = s.cfg.Base + "/" + escape(e.Name+"/v2.json")
	}
	for _, o := range s.cfg.Elsewhere {
		p.Elsewhere = append(p.Elsewhere, link{Href: o.open(m.ID, p.State), Label: words{Text: o.Name}})
	}
	for _, c := range e.Collections {
		if l, ok := collectionLink(p.Root, c); ok {
			p.Collections = append(p.Collections, l)
		}
	}
	number := s.objectPages(&p, m)
	if m.Start != nil && number[m.Start.ID] > 0 {
		p.Start = number[m.Start.ID]
	}
	p.Still = p.Pages[p.Start-1].still
	p.Contents = s.headings(m.Structures, number)
	p.Policy = policy(s.from, s.cfg.Viewer)
	if t := firstPicture(m.Thumbnail); t != nil {
		p.Preview = t.URL
	}
	d, err := s.document(path, "object.html", p)
	return []presentation.Document{d}, err
}

func (s *Site) pairs(list []presentation.Pair) []pair {
	var out []pair
	for _, p := range list {
		out = append(out, pair{s.label(p.Label), s.best(p.Value)})
	}
	return out
}

func (s *Site) agents(list []presentation.Agent) []agent {
	var out []agent
	for _, a := range list {
		v := agent{Label: s.label(a.Label), Logo: firstPicture(a.Logo)}
		if len(a.Homepage) > 0 {
			v.Href = a.Homepage[0].ID
		}
		out = append(out, v)
	}
	return out
}

// headings makes the table of contents. An entry leads to its first page, which may be
// that of an entry below it.
func (s *Site) headings(list []presentation.Range, number map[string]int) []heading {
	var out []heading
	for _, r := range list {
		h := heading{Label: s.label(r.Label)}
		var below []presentation.Range
		for _, v := range r.Items {
			switch x := v.(type) {
			case presentation.Reference:
				id, _, _ := strings.Cut(x.ID, "#")
				if h.Page == 0 {
					h.Page = number[id]
				}
			case presentation.Range:
				below = append(below, x)
			}
		}
		h.Below = s.headings(below, number)
		if h.Page == 0 && len(h.Below) > 0 {
			h.Page = h.Below[0].Page
		}
		out = append(out, h)
	}
	return out
}

// collectionLink leads to the page of a collection, which items name "Letters/1912".
func collectionLink(root, name string) (link, bool) {
	var path, names []string
	for part := range strings.SplitSeq(name, "/") {
		if slug := presentation.CollectionSlug(part); slug != "" {
			path, names = append(path, slug), append(names, strings.TrimSpace(part))
		}
	}
	l := link{Href: root + "collection/" + escape(strings.Join(path, "/")) + "/", Label: words{Text: strings.Join(names, " / ")}}
	return l, len(path) > 0
}

// page is a canvas.
type page struct {
	Number int
	Label  words
	// Heading is the label, or "Page 2" for one that is only a number.
	Heading string
	Canvas  string
	// Info is the description of its image service, or else Image is a picture.
	Info, Image   string
	Width, Height int
	// Largest is the painted image.
	Largest   string
	Thumbnail *picture
	Summary   []words
	Metadata  []pair
	Notes     []note
	Lines     []words
	// Elsewhere are pages of annotations that are not shown here.
	Elsewhere []link
	still     picture
}

// objectPages makes the pages and returns their numbers by the id of the canvas.
func (s *Site) objectPages(p *objectPage, m *presentation.Manifest) map[string]int {
	number := map[string]int{}
	room := maxText
	for i := range m.Items {
		c := &m.Items[i]
		number[c.ID] = i + 1
		image := painted(c)
		pg := page{Number: i + 1, Label: s.label(c.Label), Canvas: c.ID, Width: c.Width, Height: c.Height, Image: image.ID, Largest: image.ID,
			Thumbnail: firstPicture(c.Thumbnail), Summary: s.all(c.Summary), Metadata: s.pairs(c.Metadata), still: still(c, image)}
		if pg.Label.Text == "" {
			pg.Label.Text = strconv.Itoa(i + 1)
		}
		if pg.Heading = pg.Label.Text; strings.Trim(pg.Heading, "0123456789") == "" {
			pg.Heading = s.tongue.say("Page") + " " + pg.Heading
		}
		if len(image.Service) > 0 {
			pg.Info, pg.Image = image.Service[0].ID+image.Service[0].ID2+"/info.json", ""
		}
		s.annotate(&pg, c, &room)
		p.Notes += len(pg.Notes)
		p.Text = p.Text || len(pg.Lines) > 0
		p.Pages = append(p.Pages, pg)
	}
	return number
}

// painted is the image of a canvas.
func painted(c *presentation.Canvas) presentation.Image {
	if len(c.Items) == 0 || len(c.Items[0].Items) == 0 {
		return presentation.Image{}
	}
	return c.Items[0].Items[0].Body
}

// stillSide is the longest side of the picture that is shown without scripts.
const stillSide = 1200

// still is a picture of moderate size, at a size that any image service delivers.
func still(c *presentation.Canvas, image presentation.Image) picture {
	long := max(c.Width, c.Height)
	if len(image.Service) == 0 || long <= stillSide {
		return picture{image.ID, image.Width, image.Height}
	}
	size := item.Size{Width: max(1, (c.Width*stillSide+long/2)/long), Height: max(1, (c.Height*stillSide+long/2)/long)}
	word := strconv.Itoa(size.Width) + ","
	service := image.Service[0]
	if service.ID != "" {
		word += strconv.Itoa(size.Height)
	}
	return picture{service.ID + service.ID2 + "/full/" + word + "/0/default.jpg", size.Width, size.Height}
}
