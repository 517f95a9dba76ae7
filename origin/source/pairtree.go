package source

import (
	"strings"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// clean converts an identifier to the characters that a pairtree allows
// (draft-kunze-pairtree-01 §3): octets outside of visible ASCII and those that
// file systems or the tree itself use become ^xx; then / : . become = + and a
// comma.
func clean(id string) string {
	var b strings.Builder
	for i := 0; i < len(id); i++ {
		switch c := id[i]; {
		case c < 0x21 || c > 0x7e || strings.IndexByte("\"*+,<=>?\\^|", c) >= 0:
			b.WriteByte('^')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		case c == '/':
			b.WriteByte('=')
		case c == ':':
			b.WriteByte('+')
		case c == '.':
			b.WriteByte(',')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unclean is the inverse of clean; ok is false for what clean cannot have made.
func unclean(s string) (id string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '^':
			if i+2 >= len(s) {
				return "", false
			}
			hi, lo := strings.IndexByte(hexDigits, s[i+1]), strings.IndexByte(hexDigits, s[i+2])
			if hi < 0 || lo < 0 {
				return "", false
			}
			b.WriteByte(byte(hi<<4 | lo))
			i += 2
		case '=':
			b.WriteByte('/')
		case '+':
			b.WriteByte(':')
		case ',':
			b.WriteByte('.')
		default:
			b.WriteByte(c)
		}
	}
	id = b.String()
	return id, utf8.ValidString(id) && clean(id) == s
}

// shorties cuts a cleaned identifier into folders of two octets, the last of one
// or two, each followed by a slash.
func shorties(cleaned string) string {
	var b strings.Builder
	for i := 0; i < len(cleaned); i += 2 {
		b.WriteString(cleaned[i:min(i+2, len(cleaned))])
		b.WriteByte('/')
	}
	return b.String()
}
