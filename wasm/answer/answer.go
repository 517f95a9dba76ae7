// Package answer is how answers to IIIF requests look in HTTP: routes, headers,
// entity tags and the texts of errors. The origin and the edge answer through it,
// and therefore alike.
//
// Everything is pure: values in, values out. It is part of the portable core and
// imports neither net/http nor fmt.
package answer

import (
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/digest"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// Header is a header field. Both parts are ASCII.
type Header struct{ Name, Value string }

// Allowed are the methods of public resources, as in Allow (RFC 9110 §10.2.1).
const Allowed = "GET, HEAD, OPTIONS"

// Public appends the headers of every public answer: scripts of any site may read
// it (the Fetch standard §3.2), and no browser guesses its type.
func Public(h []Header) []Header {
	return append(h,
		Header{"X-Content-Type-Options", "nosniff"},
		Header{"Access-Control-Allow-Origin", "*"},
		Header{"Access-Control-Expose-Headers", "Link, ETag, Location, Retry-After"},
		Header{"Cross-Origin-Resource-Policy", "cross-origin"},
	)
}

// Preflight appends the headers of the answer to OPTIONS, which is 204 for any
// path: whether a request may be sent from another site does not depend on what
// is there. The wildcard of Allow-Headers does not cover Authorization, and old
// browsers do not know it.
func Preflight(h []Header) []Header {
	return append(h,
		Header{"Allow", Allowed},
		Header{"Access-Control-Allow-Methods", Allowed},
		Header{"Access-Control-Allow-Headers", "*, Authorization, Accept, Content-Type, Range, If-None-Match, If-Modified-Since, X-Requested-With"},
		Header{"Access-Control-Max-Age", "86400"},
	)
}

// SeeOther returns the body of a redirect to target.
func SeeOther(target string) []byte { return []byte("see " + target + "\n") }

// InfoLink returns the Link of an info.json that is sent as contentType: its
// profile, and the context where plain JSON does not say what its names mean (2.1
// §5.1).
func InfoLink(v iiif.Version, contentType string) string {
	links := profileLink(v)
	if contentType == "application/json" {
		links += `, <` + iiif.ContextURI(v) + `>;rel="http://www.w3.org/ns/json-ld#context";type="application/ld+json"`
	}
	return links
}

// ImageLink returns the Link of an image: its canonical URL, which is absolute,
// and the profile (3.0 §4.8 and §6).
func ImageLink(canonicalURL string, v iiif.Version) string {
	return `<` + canonicalURL + `>;rel="canonical", ` + profileLink(v)
}

// profileLink returns the link to the profile, of which there are two: they are
// not put together for each answer.
func profileLink(v iiif.Version) string {
	if v == iiif.V2 {
		return `<http://iiif.io/api/image/2/level2.json>;rel="profile"`
	}
	return `<http://iiif.io/api/image/3/level2.json>;rel="profile"`
}

// InfoTag returns the entity tag of an info.json. The body says it all, the
// revision included where it matters to clients.
func InfoTag(contentType string, body []byte) string { return Tag("info", contentType, string(body)) }

// ImageTag returns the entity tag of an image: key is its iiif.Canonical.Key, and
// style names every setting that changes the pixels of answers.
func ImageTag(key, style string) string { return Tag("image", key, style) }

// Tag returns the strong entity tag of what the parts name. No part may hold a
// zero byte: then two lists never look the same.
func Tag(parts ...string) string {
	n := len(parts)
	for _, p := range parts {
		n += len(p)
	}
	b := make([]byte, 0, n)
	for _, p := range parts {
		b = append(append(b, p...), 0)
	}
	sum := digest.Sum256(b)
	return string(append(digest.Hex(append(b[:0:0], '"'), sum[:16]), '"'))
}

// Matches reports whether an If-None-Match list, its fields joined by commas,
// holds the strong tag. Weak tags count (RFC 9110 §13.1.2): proxies weaken tags
// when they compress.
func Matches(list, tag string) bool {
	for {
		list = strings.TrimLeft(list, " \t,")
		if strings.HasPrefix(list, "*") {
			return true
		}
		list = strings.TrimPrefix(list, "W/")
		if !strings.HasPrefix(list, `"`) {
			return false // the end, or no entity tag
		}
		end := strings.IndexByte(list[1:], '"')
		if end < 0 {
			return false
		}
		if list[:end+2] == tag {
			return true
		}
		list = list[end+2:]
	}
}
