package iiif

import (
	"strconv"
	"unicode/utf8"
)

// The features that are offered beyond level 2 of each version, by their names in
// that version (3.0 §5.7, 2.1 §5.3). Upscaling is added where it is allowed.
const (
	features3 = `"canonicalLinkHeader", "mirroring", "profileLinkHeader", "rotationArbitrary"`
	upscale3  = `, "sizeUpscaling"`
	features2 = `"canonicalLinkHeader", "mirroring", "profileLinkHeader", "regionSquare", "rotationArbitrary"`
	upscale2  = `, "sizeAboveFull"`
)

// AppendJSON appends the complete info.json of the version (§5, 2.1 §5), UTF-8
// with a line per property, and a final newline. baseURI is the absolute base URI
// of the image, without a trailing slash: scheme, host, port and path as clients
// see them, and the identifier as they escaped it (Request.BasePath).
//
// Everything in it is what Resolve serves under the same limits.
func (in Info) AppendJSON(dst []byte, v Version, baseURI string, lim Limits) []byte {
	b := lim.bounds(int64(in.Width), int64(in.Height))
	j := writer{b: append(dst, '{'), indent: "\n  "}
	j.text("@context", ContextURI(v))
	if v == V2 {
		j.text("@id", baseURI)
		j.text("protocol", "http://iiif.io/api/image")
		j.profile2(&in, &b)
	} else {
		j.text("id", baseURI)
		j.text("type", "ImageService3")
		j.text("protocol", "http://iiif.io/api/image")
		j.text("profile", "level2")
	}
	j.number("width", int64(in.Width))
	j.number("height", int64(in.Height))
	if v != V2 {
		j.limits(&b)
	}
	j.sizes(in.AdvertisedSizes(lim))
	j.tiles(in.tiling(&b))
	if v == V2 {
		j.optional("attribution", in.Attribution)
		j.optional("license", in.Rights)
		j.optional("logo", in.Logo)
	} else {
		j.optional("rights", in.Rights)
		j.extras3(&in, &b)
	}
	return append(j.b, "\n}\n"...)
}

// writer appends the members of an object, each on a line of its own.
type writer struct {
	b      []byte
	indent string
	more   bool // a member was written
}

func (j *writer) key(key string) {
	if j.more {
		j.b = append(j.b, ',')
	}
	j.more = true
	j.b = append(j.b, j.indent...)
	j.b = append(AppendString(j.b, key), ": "...)
}

func (j *writer) text(key, value string) {
	j.key(key)
	j.b = AppendString(j.b, value)
}

func (j *writer) optional(key, value string) {
	if value != "" {
		j.text(key, value)
	}
}

func (j *writer) number(key string, n int64) {
	j.key(key)
	j.b = strconv.AppendInt(j.b, n, 10)
}

// raw writes an array whose elements are JSON already.
func (j *writer) raw(key, elements string) {
	j.key(key)
	j.b = append(j.b, '[')
	j.b = append(j.b, elements...)
	j.b = append(j.b, ']')
}

// limits writes maxWidth and maxHeight, always both, and maxArea (§5.2).
func (j *writer) limits(b *bounds) {
	if b.hasWH {
		j.number("maxWidth", b.w)
		j.number("maxHeight", b.h)
	}
	if b.hasArea {
		j.number("maxArea", b.area)
	}
}

func (j *writer) sizes(list []Size) {
	if len(list) == 0 {
		return
	}
	j.key("sizes")
	for i, s := range list {
		j.b = append(j.b, "[,"[min(i, 1)])
		j.b = append(j.b, "\n    { \"width\": "...)
		j.b = strconv.AppendInt(j.b, int64(s.Width), 10)
		j.b = append(j.b, ", \"height\": "...)
		j.b = strconv.AppendInt(j.b, int64(s.Height), 10)
		j.b = append(j.b, " }"...)
	}
	j.b = append(j.b, "\n  ]"...)
}

func (j *writer) tiles(t Tiling) {
	j.key("tiles")
	j.b = append(j.b, "[\n    { \"width\": "...)
	j.b = strconv.AppendInt(j.b, int64(t.Width), 10)
	j.b = append(j.b, ", \"height\": "...)
	j.b = strconv.AppendInt(j.b, int64(t.Height), 10)
	j.b = append(j.b, ", \"scaleFactors\": "...)
	for k := range t.Levels {
		if k == 0 {
			j.b = append(j.b, '[')
		} else {
			j.b = append(j.b, ", "...)
		}
		j.b = strconv.AppendInt(j.b, 1<<k, 10)
	}
	j.b = append(j.b, "] }\n  ]"...)
}

// profile2 writes the profile of version 2: the level, and an object that says
// what there is besides it (2.1 §5.3). formats and qualities are complete lists,
// since some clients read no level document.
func (j *writer) profile2(in *Info, b *bounds) {
	j.key("profile")
	j.b = append(j.b, "[\n    "...)
	j.b = AppendString(j.b, ProfileURI(V2))
	j.b = append(j.b, ",\n    {"...)
	p := writer{b: j.b, indent: "\n      "}
	p.formats("formats", in.extraFormats([]Format{JPG, PNG}))
	p.raw("qualities", `"default", `+in.qualities())
	p.limits(b)
	if b.up {
		p.raw("supports", features2+upscale2)
	} else {
		p.raw("supports", features2)
	}
	j.b = append(p.b, "\n    }\n  ]"...)
}

// extras3 writes what there is besides level 2 in version 3 (§5.5, §5.7).
func (j *writer) extras3(in *Info, b *bounds) {
	var preferred []Format
	for _, f := range in.Preferred {
		if in.offers(f) {
			preferred = append(preferred, f)
		}
	}
	if len(preferred) > 0 {
		j.formats("preferredFormats", preferred)
	}
	if extra := in.extraFormats(nil); len(extra) > 0 {
		j.formats("extraFormats", extra)
	}
	j.raw("extraQualities", in.qualities())
	if b.up {
		j.raw("extraFeatures", features3+upscale3)
	} else {
		j.raw("extraFeatures", features3)
	}
}

func (j *writer) formats(key string, list []Format) {
	j.key(key)
	for i, f := range list {
		if i == 0 {
			j.b = append(j.b, '[')
		} else {
			j.b = append(j.b, ", "...)
		}
		j.b = AppendString(j.b, f.String())
	}
	j.b = append(j.b, ']')
}

// extraFormats appends the offered formats besides those of level 2.
func (in *Info) extraFormats(list []Format) []Format {
	if in.Formats == nil {
		return append(list, WebP, GIF, TIF, PDF)
	}
	for _, f := range in.Formats {
		if f > PNG && f <= PDF {
			list = append(list, f)
		}
	}
	return list
}

// qualities returns the qualities besides default, as JSON: color is not listed
// for images without colour (§4.4), though it may be asked for.
func (in *Info) qualities() string {
	switch in.Native {
	case Gray:
		return `"gray", "bitonal"`
	case Bitonal:
		return `"bitonal"`
	}
	return `"color", "gray", "bitonal"`
}

// AppendString appends a JSON string (RFC 8259 §7). Bytes that are not UTF-8
// become U+FFFD. Line separators are escaped, so that the document is also
// JavaScript, and the value of a property stays on its line.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == '\u2028' || r == '\u2029':
				b = append(b, `\u202`...)
				b = append(b, upperHex[r&15])
			default:
				b = utf8.AppendRune(b, r)
			}
			i += n
			continue
		}
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < ' ':
			b = append(b, `\u00`...)
			b = append(b, upperHex[c>>4], upperHex[c&15])
		default:
			b = append(b, c)
		}
		i++
	}
	return append(b, '"')
}
