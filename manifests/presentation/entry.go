package presentation

import (
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
)

// Entry is what lists of manifests (collections, the site's index, feeds, the
// activity stream) say of one. It is kept between publications, so that lists are
// made without building every manifest again.
type Entry struct {
	// Name and ID are those of the manifest; Ref is the item's.
	Name string `json:"name"`
	ID   string `json:"id"`
	Ref  string `json:"ref"`
	// Label, Summary, Thumbnail, Rights and NavDate are the manifest's.
	Label     item.Text `json:"label"`
	Summary   item.Text `json:"summary,omitempty"`
	Thumbnail []Image   `json:"thumbnail,omitempty"`
	Rights    string    `json:"rights,omitempty"`
	NavDate   string    `json:"navDate,omitempty"`
	// Collections are the item's.
	Collections []string `json:"collections,omitempty"`
	// Pages and Annotations are how many canvases and annotations there are, and
	// Transcribed how many canvases have their text.
	Pages       int `json:"pages"`
	Annotations int `json:"annotations,omitempty"`
	Transcribed int `json:"transcribed,omitempty"`
	// Created and Modified are the record's dates, zero when unknown.
	Created  time.Time `json:"created,omitzero"`
	Modified time.Time `json:"modified,omitzero"`
	// Published is when the manifest first appeared, Changed when its bytes last did.
	Published time.Time `json:"published,omitzero"`
	Changed   time.Time `json:"changed,omitzero"`
}

// Document is a file of a publication.
type Document struct {
	// Path is relative to Base, with slashes, not percent-encoded.
	Path string
	// MediaType is the Content-Type to serve it with.
	MediaType string
	// Body is the content.
	Body []byte
}

// Media types of documents.
const (
	ManifestType = `application/ld+json;profile="` + Context + `"`
	JSONType     = "application/json"
	HTMLType     = "text/html; charset=utf-8"
)

// Entry describes the manifest in lists. Published and Changed are left to whoever
// publishes.
func (d *Built) Entry(it item.Item) Entry {
	m := &d.Manifest
	e := Entry{Name: it.Name, ID: m.ID, Ref: it.Ref, Label: m.Label, Summary: m.Summary, Thumbnail: m.Thumbnail, Rights: m.Rights,
		NavDate: m.NavDate, Collections: it.Collections, Pages: len(m.Items), Created: it.Created, Modified: it.Modified}
	for _, c := range m.Items {
		transcribed := 0
		for _, a := range c.Annotations {
			if a.Transcript {
				transcribed = 1
				continue
			}
			e.Annotations += max(1, len(a.Items), len(a.Beside)) // a page elsewhere holds at least one
		}
		e.Transcribed += transcribed
	}
	return e
}
