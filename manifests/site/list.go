package site

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/vitrine-iiif/vitrine/manifests/presentation"
)

// objects counts objects.
const objects = "{n} object|{n} objects"

// listPage is a page with cards: the whole site or a collection, or a part of it.
type listPage struct {
	frame
	Heading words
	// Up leads to the collections above, the outermost first.
	Up []link
	// Counted says how many objects the list has, Part which part of them this is; ""
	// for the first.
	Counted, Part string
	// Found are the forms of what the search says of a number of objects.
	Found   struct{ One, Few, Other string }
	Shelves []shelfLink
	Cards   []card
	Pager   pager
	// Data leads to the IIIF Collection.
	Data string
}

// shelfLink leads to a collection.
type shelfLink struct {
	link
	Count, Counted string
	Thumb          *picture
}

// card stands for an object.
type card struct {
	Href  string
	Label words
	Thumb *picture
	Facts facts
}

// facts are the small print of a card.
type facts struct {
	Date        *moment
	Pages       string // "" for one
	Annotations string // "" for none
	Text        bool
}

func (s *Site) facts(e *presentation.Entry) facts {
	f := facts{Date: s.tongue.dated(e.NavDate, e.Created), Text: e.Transcribed > 0}
	if e.Pages > 1 {
		f.Pages = s.tongue.count(e.Pages, "{n} page|{n} pages")
	}
	if e.Annotations > 0 {
		f.Annotations = s.tongue.count(e.Annotations, "{n} annotation|{n} annotations")
	}
	return f
}

// pager leads to the other parts of a list.
type pager struct {
	Number, Last   int
	Previous, Next string
	Pages          []pageLink
}

// pageLink is a number in a pager; Gap is set before numbers that are left out.
type pageLink struct {
	Number  int
	Href    string
	Current bool
	Gap     bool
}

// lists is the making of everything that names many objects.
type lists struct {
	*Site
	order  []ranked
	place  map[*presentation.Entry]int // in order
	policy string
	put    func(presentation.Document, error) bool // reports whether to go on
}

// Lists makes everything that names many objects: the pages of the index and of
// collections, the data of the search, the feed and the site map.
func (s *Site) Lists(c presentation.Catalogue) iter.Seq2[presentation.Document, error] {
	return func(yield func(presentation.Document, error) bool) {
		l := &lists{Site: s, order: s.sorted(c.Entries), place: make(map[*presentation.Entry]int, len(c.Entries)),
			put: func(d presentation.Document, err error) bool { return yield(d, err) && err == nil }}
		// The search shows objects of the whole site on any of its lists.
		var from origins
		from.add(s.cfg.Base)
		for i, r := range l.order {
			l.place[r.Entry] = i
			from.images(r.Thumbnail)
		}
		l.policy = policy(from, "")
		root := c.Shelves()
		if l.index(root) && l.below(root, nil) && l.titles() && l.put(s.search(l.order)) && l.put(s.feed(c.Entries)) {
			s.siteMap(c.Entries, root, l.put)
		}
	}
}

// ranked is an entry with its place in the order of the site.
type ranked struct {
	*presentation.Entry
	key []byte
}

// sorted sorts objects by their labels as people of the site's language do, numbers by
// their value.
func (s *Site) sorted(entries []presentation.Entry) []ranked {
	by := collate.New(language.Make(s.cfg.Language), collate.Numeric)
	var buf collate.Buffer
	list := make([]ranked, len(entries))
	for i := range entries {
		e := &entries[i]
		list[i] = ranked{e, slices.Clone(by.KeyFromString(&buf, s.label(e.Label).Text))}
		buf.Reset()
	}
	slices.SortFunc(list, func(a, b ranked) int {
		return cmp.Or(slices.Compare(a.key, b.key), strings.Compare(a.Name, b.Name))
	})
	return list
}

// index makes index.html, page/2/index.html and so on.
func (l *lists) index(root *presentation.Shelf) bool {
	path := func(n int) string {
		if n == 1 {
			return "index.html"
		}
		return "page/" + strconv.Itoa(n) + "/index.html"
	}
	return l.parts(listPage{Data: "collection.json"}, root, l.order, path)
}

// below makes the pages of the collections on a shelf: collection/A/B/index.html and
// their parts. up leads to the collections above.
func (l *lists) below(shelf *presentation.Shelf, up []link) bool {
	for _, slug := range slices.Sorted(maps.Keys(shelf.Below)) {
		sub := shelf.Below[slug]
		entries := make([]ranked, len(sub.Entries))
		for i, e := range sub.Entries {
			entries[i] = l.order[l.place[e]]
		}
		slices.SortFunc(entries, func(a, b ranked) int { return l.place[a.Entry] - l.place[b.Entry] })
		folder := "collection/" + strings.Join(sub.Path, "/")
		path := func(n int) string {
			if n == 1 {
				return folder + "/index.html"
			}
			return folder + "/-" + strconv.Itoa(n) + "/index.html" // no slug starts with a hyphen
		}
		p := listPage{Heading: l.label(sub.Label), Up: up, Data: folder + ".json"}
		here := append(slices.Clone(up), link{Href: escape(folder) + "/", Label: p.Heading})
		if !l.parts(p, sub, entries, path) || !l.below(sub, here) {
			return false
		}
	}
	return true
}

// parts divides a list into pages. Links of the template p start at Base.
func (l *lists) parts(p listPage, shelf *presentation.Shelf, entries []ranked, path func(int) string) bool {
	size := l.cfg.PageSize
	last := max(1, (len(entries)+size-1)/size)
	const found = "{n} title contains “{q}”.|{n} titles contain “{q}”."
	p.Found.One, p.Found.Few, p.Found.Other = l.tongue.plural(1, found), l.tongue.plural(2, found), l.tongue.plural(100, found)
	p.Counted = l.tongue.count(len(l.held(shelf)), objects)
	for n := 1; n <= last; n++ {
		part := p
		title := p.Heading.Text
		if n > 1 {
			part.Part = l.part(n, last)
			title = strings.TrimPrefix(title+", "+part.Part, ", ")
		}
		part.frame = l.frame(path(n), title)
		part.Policy = l.policy
		part.Data = part.Root + escape(p.Data)
		part.Pager = newPager(part.Root, path, n, last)
		part.Up = nil
		for _, u := range p.Up {
			part.Up = append(part.Up, link{Href: part.Root + u.Href, Label: u.Label})
		}
		if n == 1 {
			part.Shelves = l.shelves(part.Root, shelf)
		}
		for _, e := range entries[(n-1)*size : min(n*size, len(entries))] {
			part.Cards = append(part.Cards, card{Href: part.Root + escape(e.Name) + "/", Label: l.label(e.Label), Thumb: firstPicture(e.Thumbnail), Facts: l.facts(e.Entry)})
		}
		if !l.put(l.document(path(n), "list.html", part)) {
			return false
		}
	}
	return true
}

// shelves are links to the collections on a shelf, each with a picture of what is there.
func (l *lists) shelves(root string, shelf *presentation.Shelf) []shelfLink {
	var list []shelfLink
	for _, slug := range slices.Sorted(maps.Keys(shelf.Below)) {
		sub := shelf.Below[slug]
		held := l.held(sub)
		s := shelfLink{link: link{Href: root + "collection/" + escape(strings.Join(sub.Path, "/")) + "/", Label: l.label(sub.Label)},
			Count: l.tongue.number(len(held)), Counted: l.tongue.count(len(held), objects)}
		first := len(l.order)
		for e := range held {
			first = min(first, l.place[e])
		}
		if first < len(l.order) {
			s.Thumb = firstPicture(l.order[first].Thumbnail)
		}
		list = append(list, s)
	}
	return list
}

// held is what a collection holds, with what those below it do.
func (l *lists) held(shelf *presentation.Shelf) map[*presentation.Entry]bool {
	held := map[*presentation.Entry]bool{}
	var walk func(*presentation.Shelf)
	walk = func(s *presentation.Shelf) {
		for _, e := range s.Entries {
			held[e] = true
		}
		for _, sub := range s.Below {
			walk(sub)
		}
	}
	walk(shelf)
	return held
}

// around is how many numbers a pager has on each side of the present one.
const around = 2

func newPager(root string, path func(int) string, n, last int) pager {
	href := func(n int) string {
		if h := root + escape(strings.TrimSuffix(path(n), "index.html")); h != "" {
			return h
		}
		return "./"
	}
	p := pager{Number: n, Last: last}
	if n > 1 {
		p.Previous = href(n - 1)
	}
	if n < last {
		p.Next = href(n + 1)
	}
	before := 0
	for i := 1; i <= last; i++ {
		if i == 1 || i == last || i >= n-around && i <= n+around {
			p.Pages = append(p.Pages, pageLink{Number: i, Href: href(i), Current: i == n, Gap: i > before+1})
			before = i
		}
	}
	return p
}
