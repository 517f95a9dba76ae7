// Package mapping says which field of a record feeds which property of an object: a
// record is a row of a table, an item of a CMS or a file beside the images.
//
// A mapping is a small YAML document. Every property has a default, so that common
// records need none.
package mapping

import (
	"bytes"
	"errors"
	"io"

	"go.yaml.in/yaml/v3"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Mapping is a parsed mapping.
type Mapping struct {
	// Language is the BCP 47 tag of values whose language nobody states. Empty is
	// none.
	Language string `yaml:"language"`
	// Name is the field that names the manifest's file. A path of a file is reduced
	// to its base name.
	Name Value `yaml:"name"`
	// Label, Summary and Attribution are the texts of the object.
	Label       Value `yaml:"label"`
	Summary     Value `yaml:"summary"`
	Attribution Value `yaml:"attribution"`
	// AttributionLabel names the attribution.
	AttributionLabel Words `yaml:"attributionLabel"`
	// Rights is a URI or name of a licence.
	Rights Value `yaml:"rights"`
	// Metadata are labelled values in order.
	Metadata []Pair `yaml:"metadata"`
	// Homepage, SeeAlso and Rendering are links.
	Homepage  []Link `yaml:"homepage"`
	SeeAlso   []Link `yaml:"seeAlso"`
	Rendering []Link `yaml:"rendering"`
	// Provider are the institutions.
	Provider []Provider `yaml:"provider"`
	// NavDate is a date, NavPlace GeoJSON or "latitude, longitude".
	NavDate  Value `yaml:"navDate"`
	NavPlace Value `yaml:"navPlace"`
	// ViewingDirection, Behavior and Collections are as in item.Item; several values
	// are separated by Separator.
	ViewingDirection Value `yaml:"viewingDirection"`
	Behavior         Value `yaml:"behavior"`
	Collections      Value `yaml:"collections"`
	// Thumbnail and Placeholder are images that stand for the object.
	Thumbnail   Value `yaml:"thumbnail"`
	Placeholder Value `yaml:"placeholder"`
	// Created and Modified are the dates of the record.
	Created  Value `yaml:"created"`
	Modified Value `yaml:"modified"`
	// Separator splits one text into several values. Default ";".
	Separator string `yaml:"separator"`
	// Pages is the field with the list of related records that are the pages, in a
	// CMS; empty when the record itself is the only page.
	Pages string `yaml:"pages"`
	// Page maps the record of a page.
	Page Page `yaml:"page"`
	// Translations is where a CMS has texts in other languages.
	Translations Translations `yaml:"translations"`
}

// Page maps a page.
type Page struct {
	// Image is the identifier of the image, the URL of an image service, or of a
	// picture.
	Image Value `yaml:"image"`
	// ImagePrefix is put before identifiers: the folder or prefix in which the image
	// server finds what the record names.
	ImagePrefix string `yaml:"imagePrefix"`
	// Stamp changes when the file does; Format is its media type.
	Stamp  Value `yaml:"stamp"`
	Format Value `yaml:"format"`
	// Width and Height are the size of a plain picture in pixels, which nobody can be
	// asked for. Sizes of images of a server come from the images.
	Width  Value `yaml:"width"`
	Height Value `yaml:"height"`
	// Label, Summary and Metadata are those of the canvas.
	Label    Value  `yaml:"label"`
	Summary  Value  `yaml:"summary"`
	Metadata []Pair `yaml:"metadata"`
	// Annotations are those of the canvas, in any form.
	Annotations Value `yaml:"annotations"`
	// Order is the field by which pages are sorted; empty keeps the source's order.
	Order Value `yaml:"order"`
	// Chapter starts an entry of the table of contents at this page.
	Chapter Value `yaml:"chapter"`
	// Behavior is that of the canvas.
	Behavior Value `yaml:"behavior"`
}

// Pair maps a labelled value.
type Pair struct {
	Label Words `yaml:"label"`
	Value Value `yaml:"value"`
}

// Link maps a link; a link whose URL is empty is left out.
type Link struct {
	URL      Value  `yaml:"url"`
	Label    Words  `yaml:"label"`
	Format   string `yaml:"format"`
	Type     string `yaml:"type"`
	Profile  string `yaml:"profile"`
	Language string `yaml:"language"`
}

// Provider maps an institution.
type Provider struct {
	ID       string `yaml:"id"`
	Label    Words  `yaml:"label"`
	Homepage []Link `yaml:"homepage"`
	Logo     string `yaml:"logo"`
}

// Translations say how a CMS keeps texts in other languages: a list of records, each
// with a language and the same fields as the record itself.
type Translations struct {
	// Field is the list. Empty is none.
	Field string `yaml:"field"`
	// Code is the field of each that has the language. Default "languages_code".
	Code string `yaml:"code"`
}

// maxFile bounds a mapping file.
const maxFile = 1 << 20

// Parse reads a mapping over the defaults of base: a property that the document has
// replaces that of base. Unknown names are Invalid, with the line.
func Parse(r io.Reader, base Mapping) (Mapping, error) {
	const op = "mapping.Parse"
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return base, fault.E(op, fault.Unavailable, err)
	}
	if len(data) > maxFile {
		return base, fault.New(op, fault.Invalid, "the mapping is larger than 1 MiB")
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	m := base
	if err := dec.Decode(&m); err != nil && !errors.Is(err, io.EOF) {
		return base, fault.E(op, fault.Invalid, err).WithPublic("the mapping is wrong: " + err.Error())
	}
	return m, nil
}

// Default maps records whose fields have the names of the properties: a table or a
// file that was made for this.
func Default() Mapping {
	field := func(name string) Value { return Value{{Text: name}} }
	link := func(name, label string) []Link {
		return []Link{{URL: field(name), Label: english(label)}}
	}
	return Mapping{
		Name: Value{{Text: "name"}, {Text: "slug"}, {Text: "id"}}, Label: Value{{Text: "label"}, {Text: "title"}},
		Summary: Value{{Text: "summary"}, {Text: "description"}}, Attribution: Value{{Text: "attribution"}, {Text: "credit"}},
		Rights: Value{{Text: "rights"}, {Text: "license"}, {Text: "licence"}}, NavDate: field("navDate"), NavPlace: field("navPlace"),
		Homepage: link("homepage", "Homepage"), SeeAlso: link("seeAlso", "Data"), Rendering: link("rendering", "Download"),
		ViewingDirection: field("viewingDirection"), Behavior: field("behavior"), Collections: Value{{Text: "collections"}, {Text: "collection"}},
		Thumbnail: field("thumbnail"), Placeholder: field("placeholder"), Created: field("created"), Modified: field("modified"),
		Metadata: []Pair{
			{Label: english("Creator"), Value: field("creator")}, {Label: english("Date"), Value: field("date")},
			{Label: english("Medium"), Value: field("medium")}, {Label: english("Dimensions"), Value: field("dimensions")},
			{Label: english("Place"), Value: field("place")}, {Label: english("Identifier"), Value: field("identifier")},
			{Label: english("Source"), Value: field("source")},
		},
		Page: Page{Image: Value{{Text: "image"}, {Text: "file"}}, Label: Value{{Text: "page_label"}, {Text: "page"}}, Summary: field("page_summary"),
			Annotations: field("annotations"), Chapter: field("chapter"), Order: field("order"), Behavior: field("page_behavior")},
	}
}

// english is a label that the package itself gives.
func english(s string) Words { return Words{"en": {s}} }

// Classic maps the collection iiif_images of Directus as the usual generator script
// expects it.
func Classic() Mapping {
	field := func(name string) Value { return Value{{Text: name}} }
	m := Default()
	m.Name = Value{{Text: "image.filename_disk"}}
	m.Label = Value{{Text: "title"}, {Text: "image.title"}, {Text: "image.filename_download"}}
	m.Summary, m.Attribution = field("description"), field("attribution")
	m.Rights = Value{{Text: "rights"}, {Text: "license"}}
	m.Created, m.Modified = field("date_created"), field("date_updated")
	m.Metadata = []Pair{{Label: english("Creator"), Value: field("creator")}, {Label: english("Source"), Value: field("source")},
		{Label: english("Collection"), Value: field("source_collection")}}
	m.Collections = field("source_collection")
	m.Page.Image = field("image.filename_disk")
	m.Page.Stamp, m.Page.Format = Value{{Text: "image.modified_on"}}, field("image.type")
	return m
}
