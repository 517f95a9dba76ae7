package item

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest name in bytes: file systems take 255, and .json, a
// temporary suffix and translations need room.
const maxName = 200

// Slug makes a Name from a file name or title. Letters and digits of any script,
// dots, hyphens and underscores stay as they are, so that names which sites have
// published keep their URLs; every other run of characters becomes one hyphen. It
// returns "" when nothing is left.
func Slug(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range s {
		keep := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '.' || r == '-' || r == '_'
		if !keep || r == unicode.ReplacementChar {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		if b.Len()+utf8.RuneLen(r) > maxName {
			break
		}
		b.WriteRune(r)
	}
	// A leading dot would hide the file, and "." and ".." are folders.
	return strings.Trim(b.String(), ".-")
}

// NameOf is the Slug of a file's base name without its extension.
func NameOf(path string) string {
	path = path[strings.LastIndexByte(path, '/')+1:]
	if dot := strings.LastIndexByte(path, '.'); dot > 0 {
		path = path[:dot]
	}
	return Slug(path)
}
