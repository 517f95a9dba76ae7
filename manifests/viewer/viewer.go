// Package viewer holds the files that pages with images need in browsers: the look of
// our pages, OpenSeadragon with its buttons, and Mirador for sites that choose it. The
// server's own pages and published sites use the same ones.
package viewer

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"path"
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

//go:embed assets
var assets embed.FS

// Mirador is 2.3 MB of script, a third of that compressed.
//
//go:embed mirador
var mirador embed.FS

// File is a file for browsers.
type File struct {
	// Name is unique among all files; a new version of a library has another one.
	Name string
	// Hash identifies the content: 16 hexadecimal digits.
	Hash string
	// MediaType is the Content-Type to serve it with.
	MediaType string
	// Body is the content.
	Body []byte
}

// types are the media types by extension.
var types = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
}

// Files returns the files that all pages share: site.css, icon.svg, copy.js,
// viewer.js, OpenSeadragon and its licence.
func Files() ([]File, error) { return Read(assets, "assets") }

// Mirador returns Mirador 4 and its licence.
func Mirador() ([]File, error) { return Read(mirador, "mirador") }

// Read returns the files of an embedded folder. One that ends with .gz is unpacked.
// Files that cannot be read are Internal: they were built in.
func Read(fsys embed.FS, folder string) ([]File, error) {
	const op = "viewer.Read"
	entries, err := fsys.ReadDir(folder)
	if err != nil {
		return nil, fault.E(op, fault.Internal, err)
	}
	var all []File
	for _, e := range entries {
		body, err := fsys.ReadFile(folder + "/" + e.Name())
		name, packed := strings.CutSuffix(e.Name(), ".gz")
		if err == nil && packed {
			body, err = unpack(body)
		}
		if err != nil {
			return nil, fault.E(op, fault.Internal, err)
		}
		all = append(all, NewFile(name, body))
	}
	return all, nil
}

// NewFile makes a File of a name and its content.
func NewFile(name string, body []byte) File {
	sum := sha256.Sum256(body)
	return File{Name: name, Hash: hex.EncodeToString(sum[:8]), MediaType: types[path.Ext(name)], Body: body}
}

func unpack(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
