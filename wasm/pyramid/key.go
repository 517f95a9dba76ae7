package pyramid

import (
	"github.com/vitrine-iiif/vitrine/wasm/digest"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

const (
	// KeyPrefix is what every Key begins with.
	KeyPrefix = "pyramids/"
	// KeySuffix is what every Key ends with.
	KeySuffix = ".tif"
	// maxName bounds the escaped identifier in a key: with the suffix, and what a
	// file has while it is written, it must be a file name (255 bytes).
	maxName = 200
)

// Key returns the key under which a store keeps the pyramid of an image:
// pyramids/, the identifier in its canonical escaping (in which a slash is %2F, so
// that no name is the folder of another), and .tif. Of identifiers whose escaping
// is longer than 200 bytes it has the first 160, @, which never occurs unescaped,
// and 128 bits of the SHA-256 of the identifier in hexadecimal.
func Key(id iiif.Identifier) string {
	name := id.Escaped()
	if len(name) <= maxName {
		return KeyPrefix + name + KeySuffix
	}
	sum := digest.Sum256([]byte(id.String()))
	b := append(make([]byte, 0, 256), KeyPrefix...)
	b = append(append(b, name[:160]...), '@')
	return string(append(digest.Hex(b, sum[:16]), KeySuffix...))
}
