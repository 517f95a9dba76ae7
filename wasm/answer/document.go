package answer

import (
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// Media types of published documents.
const (
	jsonType    = "application/json"
	jsonLDType  = "application/ld+json"
	profile3    = "http://iiif.io/api/presentation/3/context.json"
	profile2    = "http://iiif.io/api/presentation/2/context.json"
	jsonLDType3 = jsonLDType + `;profile="` + profile3 + `"`
	jsonLDType2 = jsonLDType + `;profile="` + profile2 + `"`
)

// DocumentName returns the name of the published document that an escaped path
// names: relative, decoded, with index.html for a folder. ok is false for a path that
// can name none: dots, control characters, invalid UTF-8, too long, and what begins
// with a dot, as the publisher's own notes do, but for .well-known (RFC 8615).
func DocumentName(path string) (name string, ok bool) {
	name, ok = iiif.Unescape(strings.TrimPrefix(path, "/"))
	if !ok || strings.Contains(name, "//") || strings.HasPrefix(name, "/") {
		return "", false
	}
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	if hidden(name) {
		return "", false
	}
	_, err := iiif.NewIdentifier(name)
	return name, err == nil
}

// hidden reports whether a segment begins with a dot.
func hidden(name string) bool {
	for segment := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(segment, ".") && segment != ".well-known" {
			return true
		}
	}
	return false
}

// MayBeFolder reports whether a path could name a folder without its slash.
func MayBeFolder(path string) bool {
	last := path[strings.LastIndexByte(path, '/')+1:]
	return last != "" && !strings.Contains(last, ".")
}

// IsSearch reports whether a request is one of Content Search 2.0 §4.1: NAME/search
// with a q.
func IsSearch(path, query string) bool {
	if !strings.HasSuffix(path, "/search") {
		return false
	}
	for part := range strings.SplitSeq(query, "&") {
		if strings.HasPrefix(part, "q=") || part == "q" {
			return true
		}
	}
	return false
}

// Version2 returns the name of the Presentation 2.1 form of a document when a request
// prefers it: by version=2 in the query, or in Accept by a profile. "" is that it does
// not, or that there can be no such form.
func Version2(name, query, accept string) string {
	stem, ok := strings.CutSuffix(name, ".json")
	if !ok || stem == "" || strings.HasSuffix(name, "/v2.json") {
		return ""
	}
	for part := range strings.SplitSeq(query, "&") {
		if v, ok := strings.CutPrefix(part, "version="); ok {
			if v == "2" {
				return stem + "/v2.json"
			}
			return ""
		}
	}
	if iiif.PrefersProfile(accept, profile2, profile3) {
		return stem + "/v2.json"
	}
	return ""
}

// DocumentType returns the Content-Type for a document that is stored as mediaType,
// "" for not known, given the request's Accept. JSON-LD is sent as plain JSON to who
// prefers that, and the 2.1 form as JSON-LD to who asks for that by name (2.1 §6.1).
// When varies, the answer depends on Accept.
func DocumentType(name, mediaType, accept string) (contentType string, varies bool) {
	if mediaType == "" || mediaType == "application/octet-stream" {
		mediaType = MediaType(name)
	}
	switch {
	case strings.HasSuffix(name, "/v2.json") || strings.HasSuffix(name, ".v2.json"):
		if iiif.NegotiateInfo(accept, iiif.V2) == jsonType {
			return jsonType, true
		}
		return jsonLDType2, true
	case strings.HasPrefix(mediaType, jsonLDType):
		if iiif.NegotiateInfo(accept, iiif.V3) == jsonType {
			return jsonType, true
		}
		return mediaType, true
	}
	return mediaType, strings.HasSuffix(name, ".json")
}

// DocumentTag returns the entity tag of a document with the strong tag of its bytes
// (in quotes), sent as contentType: two forms have two tags.
func DocumentTag(tag, contentType string) string {
	switch contentType {
	case jsonType:
		return tag[:len(tag)-1] + `-j"`
	case jsonLDType2:
		return tag[:len(tag)-1] + `-2"`
	}
	return tag
}

// MediaType returns the media type of a document by its name.
func MediaType(name string) string {
	ext := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	if ext == "json" && presents(name) {
		return jsonLDType3
	}
	switch ext {
	case "html", "css", "csv", "txt", "md":
		if ext == "txt" || ext == "md" {
			ext = "plain"
		}
		return "text/" + ext + "; charset=utf-8"
	case "xml":
		if strings.HasSuffix(name, "feed.xml") {
			return "application/atom+xml; charset=utf-8"
		}
		return "text/xml; charset=utf-8"
	case "js", "mjs":
		return "text/javascript; charset=utf-8"
	case "json", "geojson":
		return jsonType
	case "jsonld":
		return jsonLDType
	case "webmanifest":
		return "application/manifest+json"
	case "pdf", "zip", "wasm":
		return "application/" + ext
	case "svg":
		return "image/svg+xml"
	case "jpg", "jpeg":
		return "image/jpeg"
	case "png", "webp", "gif", "avif":
		return "image/" + ext
	case "tif", "tiff":
		return "image/tiff"
	case "ico":
		return "image/vnd.microsoft.icon"
	case "woff", "woff2":
		return "font/" + ext
	case "mp3":
		return "audio/mpeg"
	case "mp4":
		return "video/mp4"
	}
	return "application/octet-stream"
}

// presents reports whether a JSON file is a manifest or a collection, by the names
// that these have (Presentation API 3.0 §6.2).
func presents(name string) bool {
	for segment := range strings.SplitSeq(name, "/") {
		switch segment {
		case "manifest", "manifests", "collection", "collections", "manifest.json", "collection.json":
			return true
		}
	}
	return false
}

// Presents reports whether a document begins as those of Presentation 3.0 do: with the
// context that they must have. Publishers write it first.
func Presents(body []byte) bool {
	head := string(body[:min(len(body), 512)])
	head = strings.TrimLeft(head, " \t\r\n{")
	value, ok := strings.CutPrefix(head, `"@context":`)
	if !ok {
		return false
	}
	value = strings.TrimLeft(value, " \t\r\n")
	if list, ok := strings.CutPrefix(value, "["); ok {
		value, _, _ = strings.Cut(list, "]")
		return strings.Contains(value, `"`+profile3+`"`)
	}
	return strings.HasPrefix(value, `"`+profile3+`"`)
}
