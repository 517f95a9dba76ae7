package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// item is an image to ingest.
type item struct {
	name string // for people
	src  source.Source
	key  string
	id   iiif.Identifier
	size int64
}

// finder finds the images that the command line names.
type finder struct {
	settings settings
	layout   source.Layout
	failed   func(name string, err error) // is told of images that cannot be ingested
	sources  map[string]source.Source     // by spec
	seen     map[string]origin            // by the key of the pyramid
	items    []item
}

// origin is where an image is.
type origin struct{ spec, key string }

func (f *finder) close() {
	for _, s := range f.sources {
		s.Close()
	}
}

// find adds the images of a place: a file, a folder, a bucket or a URL. An image of
// it that cannot be added is told to failed, and does not stop the others.
func (f *finder) find(ctx context.Context, place string) error {
	spec, key, prefix, err := f.locate(place)
	if err != nil {
		return err
	}
	own, err := f.own(spec)
	if err != nil {
		return err
	}
	src := f.sources[spec]
	if src == nil {
		s := f.settings
		s.Source = spec
		if src, err = s.openSource(ctx); err != nil {
			return err
		}
		f.sources[spec] = src
	}
	if key != "" {
		obj, err := src.Open(ctx, key)
		if err != nil {
			return err
		}
		defer obj.Close()
		if own != "" && strings.HasPrefix(key, own) {
			return errors.New("it is in the store of the pyramids")
		}
		return f.add(place, src, origin{spec, key}, obj.Size())
	}
	lister, ok := src.(source.Lister)
	if !ok {
		return errors.New("images cannot be listed there: name each by its URL")
	}
	found := false
	for q := (source.Query{Prefix: prefix, Limit: 1000}); ; {
		page, err := lister.List(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			if own != "" && strings.HasPrefix(e.Key, own) {
				continue // pyramids of pyramids would go on without end
			}
			found = true
			if err := f.add(e.Key, src, origin{spec, e.Key}, e.Size); err != nil {
				f.failed(e.Key, err)
			}
		}
		for _, r := range page.Refused {
			found = true
			f.failed(r.Name, r.Err)
		}
		if page.Truncated {
			return errors.New("too many images for one run: name the folders below one by one")
		}
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	if !found {
		return errors.New("no images there")
	}
	return nil
}

// own returns the prefix of the keys that are pyramids, when the store lies inside of
// a source; else "".
func (f *finder) own(spec string) (string, error) {
	from, err := source.ParseSpec(spec)
	if err != nil {
		return "", err
	}
	to, err := source.ParseSpec(f.settings.Store)
	if err != nil {
		return "", err
	}
	return inside(to, from), nil
}

func (f *finder) add(name string, src source.Source, from origin, size int64) error {
	text, ok := f.layout.Identifier(from.key)
	if !ok {
		return errors.New("no identifier leads to it in this layout")
	}
	id, err := iiif.NewIdentifier(text)
	if err != nil {
		return err
	}
	k := store.Key(id)
	switch before, known := f.seen[k]; {
	case !known:
		f.seen[k] = from
		f.items = append(f.items, item{name, src, from.key, id, size})
	case before != from:
		return fmt.Errorf("another image has the identifier %s: %s in %s", text, before.key, before.spec)
	}
	return nil
}

// locate splits a place into the source that it belongs to and either the key of
// one object or the prefix of many.
func (f *finder) locate(place string) (spec, key, prefix string, err error) {
	parsed, err := source.ParseSpec(place)
	if err != nil {
		return "", "", "", err
	}
	base := ""
	if f.settings.Source != "" {
		// ParseSpec gave no complaint when the settings were checked.
		if p, err := source.ParseSpec(f.settings.Source); err == nil {
			base = p.String()
		}
	}
	if !parsed.Remote() {
		return locateFile(place, base)
	}
	full := strings.TrimRight(parsed.String(), "/")
	if rest, ok := below(full, base, "/"); ok {
		if rest == "" {
			return base, "", "", nil
		}
		if isFile(rest) {
			return base, rest, "", nil
		}
		return base, "", rest + "/", nil
	}
	if isFile(full) {
		i := strings.LastIndexByte(full, '/')
		return full[:i], full[i+1:], "", nil
	}
	return full, "", "", nil
}

// isFile reports whether the name of a remote object is one of a file rather than
// of a prefix: it has an extension.
func isFile(name string) bool {
	ext := filepath.Ext(name)
	return len(ext) >= 4 && len(ext) <= 6
}

func locateFile(place, base string) (spec, key, prefix string, err error) {
	info, err := os.Stat(place)
	if err != nil {
		return "", "", "", err
	}
	abs, err := filepath.Abs(place)
	if err != nil {
		return "", "", "", err
	}
	if base != "" && !strings.Contains(base, "://") {
		if root, err := filepath.Abs(base); err == nil {
			if rest, ok := below(abs, root, string(filepath.Separator)); ok {
				rest = filepath.ToSlash(rest)
				switch {
				case rest == "":
					return base, "", "", nil
				case info.IsDir():
					return base, "", rest + "/", nil
				}
				return base, rest, "", nil
			}
		}
	}
	if info.IsDir() {
		return abs, "", "", nil
	}
	return filepath.Dir(abs), filepath.Base(abs), "", nil
}

// below returns the path of name below base, "" for base itself.
func below(name, base, separator string) (string, bool) {
	base = strings.TrimRight(base, separator)
	if base == "" || name == base {
		return "", base != ""
	}
	return strings.CutPrefix(name, base+separator)
}
