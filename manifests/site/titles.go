package site

import "strconv"

// titlesPage has links to objects and nothing else: people without scripts search it as
// their browser searches a page, and machines find everything.
type titlesPage struct {
	frame
	Counted, Part string
	Titles        []title
	Pager         pager
	// Data leads to the IIIF Collection.
	Data string
}

// title is an object by its name, with those in other languages.
type title struct {
	link
	Others []words
}

// titlesSize is how many titles a page has: some 200 KB.
const titlesSize = 1000

// titles makes page/titles/index.html, page/titles/2/index.html and so on.
func (l *lists) titles() bool {
	path := func(n int) string {
		if n == 1 {
			return "page/titles/index.html"
		}
		return "page/titles/" + strconv.Itoa(n) + "/index.html"
	}
	last := max(1, (len(l.order)+titlesSize-1)/titlesSize)
	for n := 1; n <= last; n++ {
		heading := l.tongue.say("All titles")
		p := titlesPage{Counted: l.tongue.count(len(l.order), objects)}
		if n > 1 {
			p.Part = l.part(n, last)
			heading += ", " + p.Part
		}
		p.frame = l.frame(path(n), heading)
		p.Policy, p.Data, p.Pager = policy(nil, ""), p.Root+"collection.json", newPager(p.Root, path, n, last)
		for _, e := range l.order[(n-1)*titlesSize : min(n*titlesSize, len(l.order))] {
			p.Titles = append(p.Titles, title{link{Href: p.Root + escape(e.Name) + "/", Label: l.label(e.Label)}, l.others(e.Label)})
		}
		if !l.put(l.document(path(n), "titles.html", p)) {
			return false
		}
	}
	return true
}

// part says which part of a list a page is.
func (s *Site) part(n, last int) string {
	return s.tongue.fill("page {n} of {all}", "{n}", s.tongue.number(n), "{all}", s.tongue.number(last))
}
