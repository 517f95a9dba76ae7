package site

import (
	"encoding/json"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// searchPath lies below a name that no object may have.
const searchPath = "page/search.json"

// found is what the search shows of an object. Names are short: the whole site is
// fetched when somebody searches for the first time.
type found struct {
	Name  string `json:"n"`
	Label string `json:"l"`
	Lang  string `json:"g,omitempty"`
	// Also are its labels in other languages, which are searched and not shown.
	Also string `json:"o,omitempty"`
	// Thumb is the thumbnail without the prefix that they have in common.
	Thumb  string `json:"t,omitempty"`
	Width  int    `json:"w,omitempty"`
	Height int    `json:"h,omitempty"`
	Small  string `json:"f,omitempty"`
}

// search makes the data of the search.
func (s *Site) search(order []ranked) (presentation.Document, error) {
	var data struct {
		Prefix  string  `json:"prefix"`
		Objects []found `json:"objects"`
	}
	data.Objects = make([]found, len(order))
	for i, e := range order {
		label := s.label(e.Label)
		f := found{Name: e.Name, Label: label.Text, Lang: label.Lang, Small: s.line(s.facts(e.Entry))}
		var also []string
		for _, w := range s.others(e.Label) {
			also = append(also, w.Text)
		}
		f.Also = strings.Join(also, " ")
		if t := firstPicture(e.Thumbnail); t != nil {
			f.Thumb, f.Width, f.Height = t.URL, t.Width, t.Height
			data.Prefix = common(data.Prefix, f.Thumb, i == 0)
		} else {
			data.Prefix = ""
		}
		data.Objects[i] = f
	}
	for i := range data.Objects {
		data.Objects[i].Thumb = strings.TrimPrefix(data.Objects[i].Thumb, data.Prefix)
	}
	body, err := json.Marshal(data)
	if err != nil {
		return presentation.Document{}, fault.E("site.search", fault.Internal, err)
	}
	return presentation.Document{Path: searchPath, MediaType: presentation.JSONType, Body: body}, nil
}

// common is the longest beginning that both have; the first address is its own.
func common(prefix, address string, first bool) string {
	if first {
		return address
	}
	n := 0
	for n < len(prefix) && n < len(address) && prefix[n] == address[n] {
		n++
	}
	return prefix[:n]
}

// line writes facts on one line.
func (s *Site) line(f facts) string {
	var parts []string
	if f.Date != nil {
		if f.Date.Added {
			f.Date.Human = s.tongue.say("Added") + " " + f.Date.Human
		}
		parts = append(parts, f.Date.Human)
	}
	for _, p := range []string{f.Pages, f.Annotations} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " · ")
}
