package item

import (
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// reserved are names below which a publication keeps what belongs to no item.
var reserved = map[string]bool{"collection": true, "activity": true, "assets": true, "page": true}

// Check reports what keeps the item from being published, as fault.Invalid with the
// property in the public text. Sizes are not looked at: they are resolved later.
func (it *Item) Check() error {
	const op = "item.Check"
	bad := func(text string) error { return fault.New(op, fault.Invalid, text) }
	switch {
	case it.Ref == "":
		return bad("ref is missing")
	case it.Name == "" || it.Name != Slug(it.Name):
		return bad("name " + strconv.Quote(it.Name) + " is not usable in a URL")
	case reserved[it.Name]:
		return bad("the name " + it.Name + " is needed for something else")
	case strings.HasSuffix(it.Name, ".json") || strings.HasSuffix(it.Name, ".html") || strings.HasSuffix(it.Name, ".xml"):
		// Its folder would lie where a document of something else does.
		return bad("the name " + it.Name + " ends like a document")
	case it.Label.First() == "":
		return bad("label is missing")
	case len(it.Pages) == 0:
		return bad("pages are missing")
	case it.Start < 0 || it.Start >= len(it.Pages):
		return bad("start names page " + strconv.Itoa(it.Start+1) + " of " + strconv.Itoa(len(it.Pages)))
	}
	for i, p := range it.Pages {
		if p.Image.Zero() {
			return bad("page " + strconv.Itoa(i+1) + " has no image")
		}
	}
	return checkRanges(it.Ranges, len(it.Pages), 0)
}

// maxRangeDepth bounds tables of contents; no book comes near it.
const maxRangeDepth = 32

func checkRanges(ranges []Range, pages, depth int) error {
	const op = "item.Check"
	if depth > maxRangeDepth {
		return fault.New(op, fault.Invalid, "ranges are nested too deeply")
	}
	for _, r := range ranges {
		if r.Label.First() == "" {
			return fault.New(op, fault.Invalid, "a range has no label")
		}
		for _, p := range r.Pages {
			if p < 0 || p >= pages {
				return fault.New(op, fault.Invalid, "range "+strconv.Quote(r.Label.First())+" names page "+strconv.Itoa(p+1)+" of "+strconv.Itoa(pages))
			}
		}
		if err := checkRanges(r.Ranges, pages, depth+1); err != nil {
			return err
		}
	}
	return nil
}
