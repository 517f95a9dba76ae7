// Package iiif is the IIIF Image API, versions 3.0 and 2.1, as values: URLs are
// parsed into requests, requests are resolved against what is known of an image
// into canonical requests, and an image's properties become its info.json.
//
// Everything is pure: no clock, no I/O, no state. A Request can only be made by
// Parse and an Identifier only by parsing, so whoever holds one need not check it
// again. One Limits value feeds both the resolver and info.json: whatever
// info.json advertises, Resolve accepts.
//
// Section numbers are those of the Image API 3.0; 2.1 is named where it differs.
// All failures are *fault.Error of kind Invalid (400), NotFound (404) or
// Unsupported (501), with a public text that quotes the offending part on one line.
//
// The package is part of the portable core: it runs for every tile in a Wasm
// worker and imports neither fmt, net/http, net/url nor encoding/json. It is not
// for HTTP (headers, status codes) nor for pixels.
package iiif

// Version is a major version of the Image API. The zero value is none.
type Version uint8

// The versions that are served.
const (
	// V2 is Image API 2.1.1.
	V2 Version = 2
	// V3 is Image API 3.0.
	V3 Version = 3
)

// String returns "2" or "3", as it stands in paths and URIs.
func (v Version) String() string {
	switch v {
	case V2:
		return "2"
	case V3:
		return "3"
	}
	return "unknown"
}

// prefix is the path that all resources of the version are under.
func (v Version) prefix() string { return "/iiif/" + v.String() + "/" }

// BasePath returns the path of the image's base URI, "/iiif/3/{identifier}",
// with the identifier in canonical escaping: the one for canonical links.
func (v Version) BasePath(id Identifier) string { return v.prefix() + id.Escaped() }

// ProfileURI returns the URI of the compliance level document, for the profile
// Link header (3.0 §6, 2.1 §6). It is an identifier and stays http.
func ProfileURI(v Version) string {
	return "http://iiif.io/api/image/" + v.String() + "/level2.json"
}

// ContextURI returns the URI of the JSON-LD context, which is also the profile
// parameter of the info.json media type (3.0 §5.1).
func ContextURI(v Version) string {
	return "http://iiif.io/api/image/" + v.String() + "/context.json"
}

// Kind is the kind of resource that a path names.
type Kind uint8

// The kinds.
const (
	// KindBase is the base URI of an image; it is answered by a 303 to its
	// info.json (§2).
	KindBase Kind = iota + 1
	// KindInfo is the info.json of an image (§2.2).
	KindInfo
	// KindImage is an image (§2.1). Only these can be resolved.
	KindImage
)

// String returns "base", "info" or "image", as in logs.
func (k Kind) String() string {
	switch k {
	case KindBase:
		return "base"
	case KindInfo:
		return "info"
	case KindImage:
		return "image"
	}
	return "unknown"
}
