// Package presentation makes IIIF Presentation API 3.0 documents from items:
// manifests, collections and annotation pages, and the 2.1 form of manifests for
// viewers that know nothing newer.
//
// It is pure: no clock, no I/O. The same item and configuration give the same bytes,
// so that a publication can tell what changed.
package presentation

import (
	"bytes"
	"encoding/json"

	"github.com/vitrine-iiif/vitrine/manifests/item"
)

// Context URIs, which come first in a document.
const (
	Context         = "http://iiif.io/api/presentation/3/context.json"
	navPlaceContext = "http://iiif.io/api/extension/navplace/context.json"
	searchContext   = "http://iiif.io/api/search/2/context.json"
)

// Manifest is one object, Presentation 3.0 section 5.2. Fields are in the order in
// which people read them.
type Manifest struct {
	Context           any           `json:"@context"`
	ID                string        `json:"id"`
	Type              string        `json:"type"`
	Label             item.Text     `json:"label"`
	Summary           item.Text     `json:"summary,omitempty"`
	Metadata          []Pair        `json:"metadata,omitempty"`
	RequiredStatement *Pair         `json:"requiredStatement,omitempty"`
	Rights            string        `json:"rights,omitempty"`
	Provider          []Agent       `json:"provider,omitempty"`
	Homepage          []External    `json:"homepage,omitempty"`
	SeeAlso           []External    `json:"seeAlso,omitempty"`
	Rendering         []External    `json:"rendering,omitempty"`
	NavDate           string        `json:"navDate,omitempty"`
	NavPlace          any           `json:"navPlace,omitempty"`
	Thumbnail         []Image       `json:"thumbnail,omitempty"`
	PlaceholderCanvas *Canvas       `json:"placeholderCanvas,omitempty"`
	ViewingDirection  string        `json:"viewingDirection,omitempty"`
	Behavior          []string      `json:"behavior,omitempty"`
	Start             *Reference    `json:"start,omitempty"`
	Service           []any         `json:"service,omitempty"`
	PartOf            []Reference   `json:"partOf,omitempty"`
	Items             []Canvas      `json:"items"`
	Structures        []Range       `json:"structures,omitempty"`
	Annotations       []Annotations `json:"annotations,omitempty"`
}

// Canvas is one page, section 5.3.
type Canvas struct {
	ID          string        `json:"id"`
	Type        string        `json:"type"`
	Label       item.Text     `json:"label,omitempty"`
	Summary     item.Text     `json:"summary,omitempty"`
	Height      int           `json:"height"`
	Width       int           `json:"width"`
	Metadata    []Pair        `json:"metadata,omitempty"`
	Thumbnail   []Image       `json:"thumbnail,omitempty"`
	Behavior    []string      `json:"behavior,omitempty"`
	Items       []Painting    `json:"items"`
	Annotations []Annotations `json:"annotations,omitempty"`
}

// Painting is an annotation page whose annotations paint a canvas, section 5.5.
type Painting struct {
	ID    string    `json:"id"`
	Type  string    `json:"type"`
	Items []Painted `json:"items"`
}

// Painted is the annotation that paints an image on a canvas, section 5.6.
type Painted struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Motivation string `json:"motivation"`
	Body       Image  `json:"body"`
	Target     string `json:"target"`
}

// Image is an image that is painted or stands for something, section 5.7.
type Image struct {
	ID      string    `json:"id"`
	Type    string    `json:"type"`
	Format  string    `json:"format,omitempty"`
	Height  int       `json:"height,omitempty"`
	Width   int       `json:"width,omitempty"`
	Service []Service `json:"service,omitempty"`
}

// Service is an image service: version 3 has id and type, version 2 has @id and
// @type (section 3.2, "service").
type Service struct {
	ID      string `json:"id,omitempty"`
	Type    string `json:"type,omitempty"`
	ID2     string `json:"@id,omitempty"`
	Type2   string `json:"@type,omitempty"`
	Profile string `json:"profile,omitempty"`
	Height  int    `json:"height,omitempty"`
	Width   int    `json:"width,omitempty"`
	Sizes   []Size `json:"sizes,omitempty"`
}

// Size is a size that an image service has stored.
type Size struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Pair is a labelled value.
type Pair struct {
	Label item.Text `json:"label"`
	Value item.Text `json:"value"`
}

// External is a linked document.
type External struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	Label    item.Text `json:"label,omitempty"`
	Format   string    `json:"format,omitempty"`
	Profile  string    `json:"profile,omitempty"`
	Language []string  `json:"language,omitempty"`
}

// Agent is an institution, section 5.8 (provider).
type Agent struct {
	ID       string     `json:"id"`
	Type     string     `json:"type"`
	Label    item.Text  `json:"label"`
	Homepage []External `json:"homepage,omitempty"`
	Logo     []Image    `json:"logo,omitempty"`
}

// Reference names another resource.
type Reference struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Label     item.Text `json:"label,omitempty"`
	Thumbnail []Image   `json:"thumbnail,omitempty"`
	NavDate   string    `json:"navDate,omitempty"`
}

// Range is an entry of a table of contents, section 5.4. Items holds Reference and
// Range values.
type Range struct {
	ID    string    `json:"id"`
	Type  string    `json:"type"`
	Label item.Text `json:"label"`
	Items []any     `json:"items"`
}

// Annotations is an annotation page that is embedded, or referenced when Items is
// nil, section 5.5.
type Annotations struct {
	ID    string    `json:"id"`
	Type  string    `json:"type"`
	Label item.Text `json:"label,omitempty"`
	Items []any     `json:"items,omitempty"`
	// Beside are the annotations of a page that is published beside the manifest and
	// only referenced in it; Transcript says that they are the text of the canvas.
	Beside     []any `json:"-"`
	Transcript bool  `json:"-"`
}

// Encode writes a document as indented JSON without escaping of <, > and &, which
// readers of JSON do not need and people cannot read. It ends with a newline.
func Encode(document any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
