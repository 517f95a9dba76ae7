package iiif

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// maxIdentifier bounds a decoded identifier, in bytes. It is the longest key of
// S3 and more than a file system takes for a name.
const maxIdentifier = 1024

// Identifier names an image. It is only made by parsing and therefore valid: not
// empty, at most 1024 bytes of UTF-8 without control characters, and no "." or
// ".." between its slashes. It may begin with a slash and contain "//". The zero
// value is no identifier.
type Identifier struct {
	decoded, escaped, spelled string
}

// String returns the identifier decoded, as people write it.
func (id Identifier) String() string { return id.decoded }

// Escaped returns the canonical escaping as one path segment: unreserved
// characters, sub-delims and ':' literal, everything else as %XX in upper case
// (§9: slashes and the other general delimiters must be escaped).
func (id Identifier) Escaped() string { return id.escaped }

// Spelled returns the identifier as the client escaped it, for the id of
// info.json, which must equal the URI that was asked for. When the client sent
// characters that no URI may hold, it is Escaped.
func (id Identifier) Spelled() string { return id.spelled }

// ParseIdentifier reads one escaped path segment, decoding it exactly once. A bad
// escape, a literal '/', '?' or '#', or invalid UTF-8 is Invalid; what cannot be
// the name of an image is NotFound.
func ParseIdentifier(escaped string) (Identifier, error) {
	const op = "iiif.ParseIdentifier"
	if len(escaped) > 3*maxIdentifier {
		return Identifier{}, fault.New(op, fault.NotFound, tooLong)
	}
	if strings.ContainsAny(escaped, "/?#") {
		return Identifier{}, fault.New(op, fault.Invalid, "identifier "+quote(escaped)+" holds an unescaped /, ? or #")
	}
	decoded, ok := Unescape(escaped)
	if !ok {
		return Identifier{}, fault.New(op, fault.Invalid, "identifier "+quote(escaped)+" holds a bad % escape")
	}
	id, err := identify(op, decoded)
	if err != nil {
		return Identifier{}, err
	}
	id.spelled = id.escaped
	if escaped != id.escaped && isSegment(escaped) {
		id.spelled = escaped
	}
	return id, nil
}

// NewIdentifier makes the identifier whose decoded form is given, such as the
// name of a file. It fails as ParseIdentifier does.
func NewIdentifier(decoded string) (Identifier, error) {
	id, err := identify("iiif.NewIdentifier", decoded)
	if err != nil {
		return Identifier{}, err
	}
	id.spelled = id.escaped
	return id, nil
}

const tooLong = "there is no image of that name: an identifier has at most 1024 bytes"

func identify(op, decoded string) (Identifier, error) {
	if !utf8.ValidString(decoded) {
		return Identifier{}, fault.New(op, fault.Invalid, "identifier "+quote(decoded)+" is not UTF-8")
	}
	absent := func(why string) (Identifier, error) {
		return Identifier{}, fault.E(op, fault.NotFound, errors.New(why)).
			WithPublic("there is no image " + quote(decoded))
	}
	switch {
	case decoded == "":
		return Identifier{}, fault.New(op, fault.NotFound, "an identifier is missing")
	case len(decoded) > maxIdentifier:
		return Identifier{}, fault.New(op, fault.NotFound, tooLong)
	case hasControl(decoded):
		return absent("a control character in an identifier")
	case hasDots(decoded):
		return absent("a . or .. segment in an identifier")
	}
	return Identifier{decoded: decoded, escaped: escape(decoded)}, nil
}

// hasControl reports whether valid UTF-8 holds a C0 or C1 control or DEL.
func hasControl(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == 0x7f || c == 0xc2 && s[i+1] < 0xa0 {
			return true
		}
	}
	return false
}

// hasDots reports whether a segment between slashes is "." or "..".
func hasDots(s string) bool {
	if s[0] != '.' && !strings.Contains(s, "/.") {
		return false
	}
	for more := true; more; {
		var seg string
		seg, s, more = strings.Cut(s, "/")
		if seg == "." || seg == ".." {
			return true
		}
	}
	return false
}

// isLiteral reports whether the canonical escaping leaves c as it is: unreserved,
// sub-delims or ':' (RFC 3986 §2).
func isLiteral(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	switch c {
	case '-', '.', '_', '~', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=', ':':
		return true
	}
	return false
}

// isSegment reports whether s, whose escapes are right, is a segment as RFC 3986
// §3.3 has it, with the brackets that browsers leave literal.
func isSegment(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLiteral(c) && c != '%' && c != '@' && c != '[' && c != ']' {
			return false
		}
	}
	return true
}

const upperHex = "0123456789ABCDEF"

// escape returns the canonical escaping; s itself when nothing needs one.
func escape(s string) string {
	n := 0
	for i := range len(s) {
		if !isLiteral(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	b := make([]byte, 0, len(s)+2*n)
	for i := range len(s) {
		if c := s[i]; isLiteral(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(b)
}

// Unescape decodes %XX once; s itself when it has none. ok is false for an escape
// that is not two hexadecimal digits.
func Unescape(s string) (decoded string, ok bool) {
	first := strings.IndexByte(s, '%')
	if first < 0 {
		return s, true
	}
	b := make([]byte, first, len(s))
	copy(b, s)
	for i := first; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		hi, lo := unhex(s[i+1]), unhex(s[i+2])
		if hi > 15 || lo > 15 {
			return "", false
		}
		b = append(b, hi<<4|lo)
		i += 2
	}
	return string(b), true
}

// unhex returns the value of a hexadecimal digit, above 15 for anything else.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
