// Package folder reads objects from a folder of images, or from a prefix of a bucket:
// a folder that holds images is an object, and its images are the pages in the natural
// order of their names (page 2 before page 10). Images at the top are objects of one
// page. The folders above an object are its collections.
//
// Nothing else is needed. A file item.yml beside the images, or NAME.yml beside an
// image at the top, says more; see Card. Files with the name of a page and the ending
// .alto.xml, .xml (ALTO) or .hocr are its text.
package folder

import (
	"context"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/mapping"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Tree is where the files are.
type Tree interface {
	// List yields every file in any order.
	List(ctx context.Context) iter.Seq2[Entry, error]
	// Read returns a whole file, of at most limit bytes.
	Read(ctx context.Context, name string, limit int64) ([]byte, error)
}

// Entry is a file.
type Entry struct {
	// Path is relative, with slashes.
	Path string
	// Stamp changes when the file does.
	Stamp string
}

// Config says what is read.
type Config struct {
	// Tree has the files. Required.
	Tree Tree
	// ImagePrefix is put before the path of an image to make its identifier at the
	// image server.
	ImagePrefix string
	// Language is the BCP 47 tag of texts whose language nobody states.
	Language string
	// Mapping says how a card is read. Default mapping.Default().
	Mapping *mapping.Mapping
}

// Source reads a tree. It is safe for concurrent use.
type Source struct {
	cfg Config
}

var _ item.Source = (*Source)(nil)

// New checks cfg. It fails with Invalid.
func New(cfg Config) (*Source, error) {
	if cfg.Tree == nil {
		return nil, fault.New("folder.New", fault.Invalid, "a folder is needed")
	}
	if cfg.Mapping == nil {
		m := mapping.Default()
		m.Language = cfg.Language
		cfg.Mapping = &m
	}
	return &Source{cfg: cfg}, nil
}

const (
	// maxFiles bounds the memory of a listing.
	maxFiles = 5_000_000
	// maxCard and maxText bound the files that are read whole.
	maxCard = 1 << 20
	maxText = 64 << 20
)

// object is an object before its files are read.
type object struct {
	dir   string // "." at the top
	pages []Entry
	card  string            // path of its card, "" for none
	texts map[string]string // path of the text by the name of the page without ending
}

// Items yields the objects in the order of their paths.
func (s *Source) Items(ctx context.Context) iter.Seq2[item.Item, error] {
	return func(yield func(item.Item, error) bool) {
		objects, err := s.scan(ctx)
		if err != nil {
			yield(item.Item{}, err)
			return
		}
		for _, o := range objects {
			it, err := s.item(ctx, o)
			if err != nil && (fault.KindOf(err) == fault.Unavailable || fault.KindOf(err) == fault.Canceled) {
				yield(item.Item{}, err)
				return
			}
			if !yield(it, err) {
				return
			}
		}
	}
}

// images are the endings of files that image servers deliver.
var images = map[string]bool{".jpg": true, ".jpeg": true, ".tif": true, ".tiff": true, ".png": true, ".jp2": true, ".jpx": true, ".j2k": true,
	".webp": true, ".gif": true, ".bmp": true}

// scan groups the files.
func (s *Source) scan(ctx context.Context) ([]*object, error) {
	const op = "folder.Items"
	byPath := map[string]*object{}
	at := func(key, dir string) *object {
		o := byPath[key]
		if o == nil {
			o = &object{dir: dir, texts: map[string]string{}}
			byPath[key] = o
		}
		return o
	}
	n := 0
	for e, err := range s.cfg.Tree.List(ctx) {
		if err != nil {
			return nil, err
		}
		if n++; n > maxFiles {
			return nil, fault.New(op, fault.Unsupported, "the folder has more than 5 million files")
		}
		if strings.HasPrefix(e.Path, ".") || strings.Contains(e.Path, "/.") {
			continue // hidden
		}
		dir, base := path.Dir(e.Path), path.Base(e.Path)
		stem, ending := splitName(base)
		key := dir + "/"
		if dir == "." {
			key = stem // each image at the top is an object
		}
		switch {
		case images[ending]:
			o := at(key, dir)
			o.pages = append(o.pages, e)
		case base == "item.yml" || base == "item.yaml" || dir == "." && (ending == ".yml" || ending == ".yaml"):
			at(key, dir).card = e.Path
		case ending == ".xml" || ending == ".hocr":
			at(key, dir).texts[stem] = e.Path
		}
	}
	var out []*object
	for _, key := range slices.SortedFunc(maps.Keys(byPath), natural) {
		if o := byPath[key]; len(o.pages) > 0 {
			slices.SortFunc(o.pages, func(a, b Entry) int { return natural(a.Path, b.Path) })
			out = append(out, o)
		}
	}
	return split(out), nil
}

// split makes an object of each image at the top, even if two have the same name with
// different endings: they clash later, where both are named.
func split(objects []*object) []*object {
	var out []*object
	for _, o := range objects {
		if o.dir != "." || len(o.pages) < 2 {
			out = append(out, o)
			continue
		}
		for _, p := range o.pages {
			out = append(out, &object{dir: o.dir, pages: []Entry{p}, card: o.card, texts: o.texts})
		}
	}
	return out
}

// splitName cuts a name into stem and ending in lower case; .alto.xml is one ending.
func splitName(base string) (stem, ending string) {
	ending = strings.ToLower(path.Ext(base))
	stem = base[:len(base)-len(ending)]
	if ending == ".xml" {
		stem = strings.TrimSuffix(stem, ".alto")
	}
	return stem, ending
}

// natural compares names as people sort them: digits by their value.
func natural(a, b string) int {
	for a != "" && b != "" {
		da, db := digits(a), digits(b)
		if da > 0 && db > 0 {
			na, nb := strings.TrimLeft(a[:da], "0"), strings.TrimLeft(b[:db], "0")
			if len(na) != len(nb) {
				return len(na) - len(nb)
			}
			if c := strings.Compare(na, nb); c != 0 {
				return c
			}
			if da != db {
				return db - da // 007 before 7
			}
			a, b = a[da:], b[db:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

// digits is how many digits s starts with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
