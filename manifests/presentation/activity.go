package presentation

import (
	"iter"
	"slices"
	"strconv"
	"time"
)

const discoveryContext = "http://iiif.io/api/discovery/1/context.json"

// activityPage is how many activities a page has.
const activityPage = 1000

// Types of Change Discovery 1.0, section 3.
type (
	stream struct {
		Context string  `json:"@context"`
		ID      string  `json:"id"`
		Type    string  `json:"type"`
		Total   int     `json:"totalItems"`
		First   *pageID `json:"first,omitempty"`
		Last    pageID  `json:"last"`
	}
	pageID struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	streamPage struct {
		Context string     `json:"@context"`
		ID      string     `json:"id"`
		Type    string     `json:"type"`
		PartOf  pageID     `json:"partOf"`
		Prev    *pageID    `json:"prev,omitempty"`
		Next    *pageID    `json:"next,omitempty"`
		Start   int        `json:"startIndex"`
		Items   []activity `json:"orderedItems"`
	}
	activity struct {
		Type    string `json:"type"`
		Object  pageID `json:"object"`
		EndTime string `json:"endTime"`
	}
)

// Activity makes the stream that tells harvesters what changed (Change Discovery 1.0,
// level 2): each manifest once, at its last change, in the order of time; pages are
// read from the last one backwards.
func (b *Builder) Activity(c Catalogue) iter.Seq2[Document, error] {
	type event struct {
		at time.Time
		activity
	}
	var events []event
	for _, e := range c.Entries {
		kind := "Update"
		if e.Changed.Equal(e.Published) {
			kind = "Create"
		}
		events = append(events, event{e.Changed, activity{kind, pageID{e.ID, "Manifest"}, e.Changed.UTC().Format(time.RFC3339)}})
	}
	for _, g := range c.Gone {
		events = append(events, event{g.At, activity{"Delete", pageID{g.ID, "Manifest"}, g.At.UTC().Format(time.RFC3339)}})
	}
	slices.SortStableFunc(events, func(x, y event) int { return x.at.Compare(y.at) })
	base := b.cfg.Base + "/activity/"
	page := func(n int) *pageID {
		return &pageID{base + "page-" + strconv.Itoa(n) + ".json", "OrderedCollectionPage"}
	}
	all := pageID{base + "all.json", "OrderedCollection"}
	return func(yield func(Document, error) bool) {
		pages := max(1, (len(events)+activityPage-1)/activityPage)
		for n := range pages {
			p := streamPage{Context: discoveryContext, ID: page(n).ID, Type: "OrderedCollectionPage", PartOf: all, Start: n * activityPage, Items: []activity{}}
			if n > 0 {
				p.Prev = page(n - 1)
			}
			if n+1 < pages {
				p.Next = page(n + 1)
			}
			for _, e := range events[p.Start:min(len(events), p.Start+activityPage)] {
				p.Items = append(p.Items, e.activity)
			}
			if !emit("activity/page-"+strconv.Itoa(n)+".json", p, yield) {
				return
			}
		}
		emit("activity/all.json", stream{Context: discoveryContext, ID: all.ID, Type: all.Type, Total: len(events), First: page(0), Last: *page(pages - 1)}, yield)
	}
}
