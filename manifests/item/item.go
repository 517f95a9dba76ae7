// Package item describes what a manifest is made of, before it has the form of
// IIIF Presentation: objects with pages, texts in languages, credits and links.
//
// Sources (a CMS, a table, a folder) make Items; package presentation turns them
// into documents. Nothing in here knows either side. Values are plain: sources fill
// in what they know and leave the rest empty; Check says what is missing or wrong.
package item

import (
	"context"
	"encoding/json"
	"iter"
	"time"
)

// Source yields objects. Implementations live in the packages beside this one.
type Source interface {
	// Items yields each object once, in an order that does not change from run to
	// run. An error with an Item that has a Ref concerns that object alone and the
	// iteration goes on; an error with an empty Item is the end: the source could
	// not be read to its end, and nobody may conclude that the rest was removed.
	Items(ctx context.Context) iter.Seq2[Item, error]
}

// Text is a text in languages: a BCP 47 tag, or "none" for text without language,
// to one or more values. It is the language map of Presentation 3.0 section 4.4.
type Text map[string][]string

// Pair is a labelled value: an entry of metadata, or a required statement.
type Pair struct {
	Label, Value Text
}

// Link is a document beside the object: homepage, seeAlso or rendering.
type Link struct {
	// URL is absolute. Required.
	URL string
	// Label says what is there. Required by the specification for homepage and
	// rendering.
	Label Text
	// Type is the IIIF type of the document: Text, Dataset, Image, … Empty is
	// Text, or Dataset for seeAlso.
	Type string
	// Format is the media type; empty when unknown.
	Format string
	// Profile names a schema of the document; may be empty.
	Profile string
	// Languages are BCP 47 tags of the document; may be empty.
	Languages []string
}

// Agent is an institution that provides the object.
type Agent struct {
	// ID is a URI that identifies the institution. Required.
	ID string
	// Label is its name. Required.
	Label Text
	// Homepages lead to it.
	Homepages []Link
	// Logo is shown beside the name; the zero value is none.
	Logo Image
}

// Image is a picture: one of our own, one of another IIIF image service, or a plain
// file.
type Image struct {
	// ID is the identifier at our own image server, not percent-encoded. It is
	// preferred when several are set.
	ID string
	// Service is the base URI of an image service elsewhere.
	Service string
	// URL is a plain picture without a service.
	URL string
	// Width and Height are the size of the full picture in pixels, upright; 0 is
	// unknown.
	Width, Height int
	// Format is the media type of the stored file, which says nothing about what the
	// image service delivers; may be empty.
	Format string
	// Version of the foreign service's Image API, 2 or 3; 0 is unknown. Level is its
	// compliance level, "level0" to "level2"; empty is unknown.
	Version int
	Level   string
	// Stamp changes when the stored file does (a date, a hash); with it a size that
	// was found once need not be asked for again. Empty is unknown.
	Stamp string
}

// Zero reports whether no picture is named.
func (i Image) Zero() bool { return i.ID == "" && i.Service == "" && i.URL == "" }

// Transcript is the text of a page as OCR wrote it.
type Transcript struct {
	// Format is ALTO or HOCR.
	Format TranscriptFormat
	// Data is the document.
	Data []byte
	// Language is the BCP 47 tag of the text; empty is unknown.
	Language string
}

// TranscriptFormat is a format of OCR results.
type TranscriptFormat string

// The formats that are read.
const (
	ALTO TranscriptFormat = "alto"
	HOCR TranscriptFormat = "hocr"
)

// Page is one canvas.
type Page struct {
	// Label is shown below the page; empty is its number.
	Label Text
	// Summary describes the page.
	Summary Text
	// Image is painted on the page. Required.
	Image Image
	// Metadata is shown with the page.
	Metadata []Pair
	// Annotations are as the source has them: an AnnotationPage, a list of
	// annotations, one annotation, a URL of a page, or any of these in a JSON string.
	Annotations []json.RawMessage
	// Transcripts are OCR of the page.
	Transcripts []Transcript
	// Behavior are values of Presentation 3.0 section 3.3 that hold for a canvas.
	Behavior []string
}

// Range is an entry of a table of contents.
type Range struct {
	// Label is the heading.
	Label Text
	// Pages are indexes into Item.Pages that belong to this entry itself.
	Pages []int
	// Ranges are the entries below it.
	Ranges []Range
}

// Item is one object: a painting, a letter, a book.
type Item struct {
	// Name becomes the file name: BASE/NAME.json. It is unique in a publication and
	// made of what Slug leaves. Required.
	Name string
	// Ref says where the source has the object, for messages: "iiif_images 12",
	// "letters.csv row 7". Required, and stable.
	Ref string
	// Label is the title. Required.
	Label Text
	// Summary describes the object.
	Summary Text
	// Metadata is shown with the object, in order.
	Metadata []Pair
	// Attribution must be shown wherever the object is; the zero value is none.
	Attribution Pair
	// Rights is the URI of a licence or of a rights statement, or a name of one
	// ("CC-BY 4.0", "In Copyright"), which presentation maps; may be empty.
	Rights string
	// Provider, Homepage, SeeAlso and Rendering are those of section 3.1 and 3.3.
	Provider                     []Agent
	Homepage, SeeAlso, Rendering []Link
	// NavDate orders objects in time; zero is none.
	NavDate time.Time
	// NavPlace is a GeoJSON feature or feature collection; empty is none.
	NavPlace json.RawMessage
	// ViewingDirection is one of the four of section 3.1.4; empty is left-to-right.
	ViewingDirection string
	// Behavior are values of section 3.3 that hold for a manifest.
	Behavior []string
	// Pages are the canvases in reading order. At least one.
	Pages []Page
	// Ranges are the table of contents.
	Ranges []Range
	// Start is the index of the page to open; 0 is the first.
	Start int
	// Thumbnail stands for the object; the zero value takes it from the first page.
	Thumbnail Image
	// Placeholder is shown before the pages are loaded; the zero value is none.
	Placeholder Image
	// Collections are the collections that hold the object; a slash nests them:
	// "Letters/1912".
	Collections []string
	// Created and Modified are when the record was; zero is unknown. They are not
	// dates of the object itself.
	Created, Modified time.Time
}

// Size is the size of a stored image in pixels, upright, and what else its service says.
type Size struct {
	Width, Height int
	// Version and Level are as in Image, of services elsewhere.
	Version int    `json:",omitempty"`
	Level   string `json:",omitempty"`
}

// Sizer knows sizes of images in bulk.
type Sizer interface {
	// Sizes returns the size of every identifier that it knows. Those that do not
	// exist or cannot be read are in failed, with the reason.
	Sizes(ctx context.Context, ids []string) (sizes map[string]Size, failed map[string]error)
}
