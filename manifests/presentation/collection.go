package presentation

import (
	"cmp"
	"iter"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
)

// Catalogue is everything that is published, which lists are made of.
type Catalogue struct {
	// Entries are the manifests in the order of their names.
	Entries []Entry
	// Gone are manifests that were published once, in the order of their removal.
	Gone []Gone
}

// Gone is a manifest that was removed.
type Gone struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

// Collection is a list of manifests and collections, section 5.1.
type Collection struct {
	Context string      `json:"@context"`
	ID      string      `json:"id"`
	Type    string      `json:"type"`
	Label   item.Text   `json:"label"`
	PartOf  []Reference `json:"partOf,omitempty"`
	Items   []Reference `json:"items"`
}

// collectionPage is how many members a collection has before it is divided. The API
// has no paging since version 3; parts that are collections themselves serve for it.
const collectionPage = 1000

// Collections returns a list for publications that makes collection.json, with
// everything, and a document for each collection that items name. Title is the label
// of the first.
func (b *Builder) Collections(title item.Text) func(Catalogue) iter.Seq2[Document, error] {
	return func(c Catalogue) iter.Seq2[Document, error] {
		root := c.Shelves()
		root.Label = title
		return func(yield func(Document, error) bool) { b.shelve(root, nil, yield) }
	}
}

// Shelf is a collection as a place: what lies on it, and the shelves below it.
type Shelf struct {
	// Path are the slugs that lead to it; nil for the root.
	Path []string
	// Label is its name; nil for the root.
	Label item.Text
	// Below are the shelves below it, by slug.
	Below map[string]*Shelf
	// Entries lie on the shelf itself. On the root: those that name no collection.
	Entries []*Entry
}

// Shelves files the entries below the collections that they name.
func (c Catalogue) Shelves() *Shelf {
	root := &Shelf{Below: map[string]*Shelf{}}
	for i := range c.Entries {
		root.put(&c.Entries[i])
	}
	return root
}

// put files an entry below every collection that it names, or at the top.
func (s *Shelf) put(e *Entry) {
	filed := map[*Shelf]bool{}
	for _, name := range e.Collections {
		at := s
		for part := range strings.SplitSeq(name, "/") {
			slug := CollectionSlug(part)
			if slug == "" {
				continue
			}
			next := at.Below[slug]
			if next == nil {
				next = &Shelf{Path: append(slices.Clone(at.Path), slug), Label: item.Plain(item.None, part), Below: map[string]*Shelf{}}
				at.Below[slug] = next
			}
			at = next
		}
		if at != s && !filed[at] {
			filed[at] = true
			at.Entries = append(at.Entries, e)
		}
	}
	if len(filed) == 0 {
		s.Entries = append(s.Entries, e)
	}
}

// CollectionSlug is the part of a path that one part of a collection's name becomes;
// "" when nothing is left of it. It never looks like a document: the collection
// "a.json" would be a folder where the document of collection "a" is.
func CollectionSlug(part string) string {
	slug := item.Slug(part)
	for _, ending := range []string{".json", ".html"} {
		if stem, ok := strings.CutSuffix(slug, ending); ok {
			slug = stem + "-" + ending[1:]
		}
	}
	return slug
}

// id returns the URL of a collection, or of a part of it.
func (b *Builder) id(path []string) string {
	if len(path) == 0 {
		return b.cfg.Base + "/collection.json"
	}
	escaped := make([]string, len(path))
	for i, p := range path {
		escaped[i] = url.PathEscape(p)
	}
	return b.cfg.Base + "/collection/" + strings.Join(escaped, "/") + ".json"
}

func file(path []string) string {
	if len(path) == 0 {
		return "collection.json"
	}
	return "collection/" + strings.Join(path, "/") + ".json"
}

// shelve writes a collection and those below it. It reports whether to go on.
func (b *Builder) shelve(s *Shelf, parent *Reference, yield func(Document, error) bool) bool {
	me := Reference{ID: b.id(s.Path), Type: "Collection", Label: s.Label}
	var members []Reference
	for _, slug := range slices.Sorted(maps.Keys(s.Below)) {
		sub := s.Below[slug]
		members = append(members, Reference{ID: b.id(sub.Path), Type: "Collection", Label: sub.Label})
		if !b.shelve(sub, &me, yield) {
			return false
		}
	}
	slices.SortStableFunc(s.Entries, func(x, y *Entry) int {
		return cmp.Or(cmp.Compare(x.Label.First(b.cfg.Language), y.Label.First(b.cfg.Language)), cmp.Compare(x.Name, y.Name))
	})
	for _, e := range s.Entries {
		members = append(members, Reference{ID: e.ID, Type: "Manifest", Label: e.Label, Thumbnail: e.Thumbnail, NavDate: e.NavDate})
	}
	c := Collection{Context: Context, ID: me.ID, Type: "Collection", Label: s.Label, Items: members}
	if parent != nil {
		c.PartOf = []Reference{{ID: parent.ID, Type: "Collection"}}
	}
	if len(members) > collectionPage {
		var ok bool
		if c.Items, ok = b.divide(s, &me, members, yield); !ok {
			return false
		}
	}
	if c.Items == nil {
		c.Items = []Reference{}
	}
	return emit(file(s.Path), c, yield)
}

// divide writes the parts of a large collection and returns references to them.
func (b *Builder) divide(s *Shelf, me *Reference, members []Reference, yield func(Document, error) bool) ([]Reference, bool) {
	var parts []Reference
	for from := 0; from < len(members); from += collectionPage {
		to := min(from+collectionPage, len(members))
		// No slug starts with a hyphen, so this is no collection's name.
		path := append(slices.Clone(s.Path), "-"+strconv.Itoa(from/collectionPage+1))
		part := Collection{Context: Context, ID: b.id(path), Type: "Collection", PartOf: []Reference{{ID: me.ID, Type: "Collection"}},
			Label: item.Plain(item.None, strconv.Itoa(from+1)+"–"+strconv.Itoa(to)), Items: members[from:to]}
		parts = append(parts, Reference{ID: part.ID, Type: "Collection", Label: part.Label})
		if !emit(file(path), part, yield) {
			return nil, false
		}
	}
	return parts, true
}

// emit encodes and yields a document; after an error nothing follows.
func emit(path string, v any, yield func(Document, error) bool) bool {
	body, err := Encode(v)
	return yield(Document{Path: path, MediaType: ManifestType, Body: body}, err) && err == nil
}
