package source

import (
	"io/fs"
	"strings"
	"unicode/utf8"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// maxKey bounds a key in bytes: the longest path that common systems open. (S3
// allows 1024, which the S3 source checks itself.)
const maxKey = 4096

// validKey reports whether key can name an object in any source: slash-separated
// valid UTF-8 without empty, "." or ".." segments (fs.ValidPath), control
// characters or backslashes, which are separators on some systems.
func validKey(key string) bool {
	if key == "." || len(key) > maxKey || !fs.ValidPath(key) || !utf8.ValidString(key) {
		return false
	}
	for i := 0; i < len(key); i++ {
		if c := key[i]; c < 0x20 || c == 0x7f || c == '\\' {
			return false
		}
	}
	return true
}

// checkKey returns NotFound for keys that no source can hold: nothing exists
// under such a name, and that is proven without asking.
func checkKey(op, key string) error {
	if validKey(key) {
		return nil
	}
	return fault.New(op, fault.NotFound, "")
}

// hasImageExtension reports whether the name ends like an image that the origin
// may be able to read. It decides what a gallery lists and when an identifier is
// completed; what a file really is, its content tells.
func hasImageExtension(name string) bool {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || dot == len(name)-1 || len(name)-dot > 6 {
		return false
	}
	switch strings.ToLower(name[dot+1:]) {
	case "jpg", "jpeg", "jpe", "png", "gif", "bmp", "webp", "tif", "tiff", "ptif", "ptiff", "btf":
		return true
	}
	return false
}

// hidden reports whether a segment of the key starts with a dot.
func hidden(key string) bool {
	return strings.HasPrefix(key, ".") || strings.Contains(key, "/.")
}

// listed reports whether a gallery shows the key.
func listed(key string) bool {
	return hasImageExtension(key) && !hidden(key) && validKey(key)
}

// unnameable reports whether a gallery would show the key if it were one.
func unnameable(key string) bool {
	return hasImageExtension(key) && !hidden(key) && !validKey(key)
}

// ImageKey reports whether a key is that of an image by its name: it has the
// extension of one, and no segment starts with a dot.
func ImageKey(key string) bool { return listed(key) }

// Hidden reports whether a segment of the key starts with a dot.
func Hidden(key string) bool { return hidden(key) }

// matcher returns the test for Query.Contains.
func (q Query) matcher() func(key string) bool {
	if q.Contains == "" {
		return func(string) bool { return true }
	}
	want := strings.ToLower(q.Contains)
	return func(key string) bool { return strings.Contains(strings.ToLower(key), want) }
}
