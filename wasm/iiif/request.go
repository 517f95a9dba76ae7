package iiif

import (
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Request is a parsed URL: syntactically right, not yet checked against an image.
// It is only made by Parse. Texts in it share the memory of the path.
type Request struct {
	version Version
	kind    Kind
	id      Identifier
	region  region
	size    size
	mirror  bool
	degrees float64
	quality Quality
	format  Format
}

// Version returns the version whose paths the URL is under.
func (r Request) Version() Version { return r.version }

// Kind returns what the URL names.
func (r Request) Kind() Kind { return r.kind }

// Identifier returns the image that the URL is about.
func (r Request) Identifier() Identifier { return r.id }

// Quality returns the quality that was asked for; Default unless KindImage.
func (r Request) Quality() Quality { return r.quality }

// Format returns the format that was asked for; none unless KindImage.
func (r Request) Format() Format { return r.format }

// BasePath returns the path of the image's base URI with the identifier as the
// client escaped it: what info.json's id and the redirect to it are made of.
func (r Request) BasePath() string { return r.version.prefix() + r.id.Spelled() }

// Parse reads the escaped path of a URL (not decoded, without query), such as
// "/iiif/3/{id}/full/max/0/default.jpg". The grammar is strict. Parameters may be
// percent-encoded, since some clients write ^ as %5E.
//
// A path that is not of the form of an image, an info.json or a base URI (with or
// without a trailing slash) is NotFound; parameters that break the grammar are
// Invalid; see ParseIdentifier for identifiers.
func Parse(escapedPath string) (Request, error) {
	const op = "iiif.Parse"
	rest, ok := strings.CutPrefix(escapedPath, "/iiif/")
	if !ok || len(rest) < 2 || rest[1] != '/' || rest[0] != '2' && rest[0] != '3' {
		return Request{}, fault.New(op, fault.NotFound, "there is nothing at this path")
	}
	r := Request{version: Version(rest[0] - '0')}
	segment, rest, _ := strings.Cut(rest[2:], "/")
	switch {
	case rest == "":
		r.kind = KindBase
	case rest == "info.json":
		r.kind = KindInfo
	case strings.Count(rest, "/") == 3:
		r.kind = KindImage
	default:
		return Request{}, fault.New(op, fault.NotFound,
			"this is neither an image, an info.json nor a base URI; slashes in an identifier must be written %2F")
	}
	var err error
	if r.id, err = ParseIdentifier(segment); err != nil {
		return Request{}, err
	}
	if r.kind == KindImage {
		if err := r.parseParameters(rest); err != nil {
			return Request{}, err
		}
	}
	return r, nil
}

// parseParameters reads "{region}/{size}/{rotation}/{quality}.{format}".
func (r *Request) parseParameters(s string) error {
	const op = "iiif.Parse"
	var part [4]string
	for i := range part {
		part[i], s, _ = strings.Cut(s, "/")
		decoded, ok := Unescape(part[i])
		if !ok {
			return fault.New(op, fault.Invalid, "parameter "+quote(part[i])+" holds a bad % escape")
		}
		part[i] = decoded
	}
	var ok bool
	if r.region, ok = parseRegion(part[0]); !ok {
		return fault.New(op, fault.Invalid, "region "+quote(part[0])+
			" is not full, square, x,y,w,h or pct:x,y,w,h")
	}
	if r.size, ok = parseSize(part[1], r.version); !ok {
		if r.version == V2 {
			return fault.New(op, fault.Invalid, "size "+quote(part[1])+
				" is not full, max, w, or ,h or pct:n or w,h or !w,h with numbers above zero")
		}
		return fault.New(op, fault.Invalid, "size "+quote(part[1])+
			" is not max, w, or ,h or pct:n or w,h or !w,h (^ before it for upscaling) with numbers above zero")
	}
	turn, mirrored := strings.CutPrefix(part[2], "!")
	if r.degrees, ok = parseDecimal(turn); !ok || r.degrees > 360 {
		return fault.New(op, fault.Invalid, "rotation "+quote(part[2])+" is not a number from 0 to 360, or ! and such a number")
	}
	r.mirror = mirrored
	if r.degrees == 360 {
		r.degrees = 0
	}
	dot := strings.LastIndexByte(part[3], '.')
	if dot < 0 {
		return fault.New(op, fault.Invalid, quote(part[3])+" is not quality.format, such as default.jpg")
	}
	if r.quality, ok = parseQuality(part[3][:dot]); !ok {
		return fault.New(op, fault.Invalid, "quality "+quote(part[3][:dot])+" is not default, color, gray or bitonal")
	}
	if r.format, ok = ParseFormat(part[3][dot+1:]); !ok {
		return fault.New(op, fault.Invalid, "format "+quote(part[3][dot+1:])+" is not offered")
	}
	return nil
}
