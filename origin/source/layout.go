package source

import (
	"context"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// LayoutConfig says how image identifiers become keys of stored objects.
type LayoutConfig struct {
	// Scheme is "simple" (default), "nested N" (N from 1 to 8) or "pairtree".
	//
	// simple: the identifier is the key; slashes (%2F in the URL) are folders.
	//
	// nested N: the file lies N folders deep, named by the first N pairs of
	// characters of its name; a name too short for N pairs has as many folders as
	// it has whole pairs. The pairs do not reach into an image extension.
	//
	//	nested 2:  abcdef.tif    →  ab/cd/abcdef.tif
	//	nested 3:  abcde         →  ab/cd/abcde
	//	nested 2:  maps/abcdef   →  maps/ab/cd/abcdef
	//
	// pairtree: the Pairtree specification 0.1 (draft-kunze-pairtree-01): the
	// identifier is cleaned, cut into pairs, and ends in an object folder and a
	// file that both have the cleaned name, as HathiTrust and others lay it out.
	//
	//	ark:/13030/xt12t3  →  ar/k+/=1/30/30/=x/t1/2t/3/ark+=13030=xt12t3/ark+=13030=xt12t3
	Scheme string
	// Prefix is put in front of the mapped identifier as it is ("images/",
	// "pairtree_root/"). Default none.
	Prefix string
	// Suffix is put behind it as it is ("_master.tif"). Default none.
	Suffix string
	// SlashSubstitute stands for a slash in identifiers, for deployments whose
	// proxies refuse %2F ("--"). Default none. A literal slash works as well.
	SlashSubstitute string
	// Extensions are tried in this order when the identifier has no image
	// extension and there is no object of its bare name ("tif", "jpg"). Each
	// costs a request to the source. Default none.
	Extensions []string
}

// Layout maps identifiers to keys and back; made by NewLayout. It is immutable.
type Layout struct {
	pairs      int // nested: number of folders; 0 simple; -1 pairtree
	prefix     string
	suffix     string
	substitute string
	extensions []string // with their dots
}

const (
	simple    = 0
	pairtree  = -1
	maxNested = 8
	// maxIdentifier bounds identifiers in bytes, so that the three-fold growth of
	// a pairtree still fits a key.
	maxIdentifier = 1024
)

// NewLayout checks cfg. Invalid names the field that is wrong.
func NewLayout(cfg LayoutConfig) (Layout, error) {
	const op = "source.NewLayout"
	l := Layout{prefix: cfg.Prefix, suffix: cfg.Suffix, substitute: cfg.SlashSubstitute}
	name, depth, _ := strings.Cut(cfg.Scheme, " ")
	switch {
	case cfg.Scheme == "" || cfg.Scheme == "simple":
		l.pairs = simple
	case cfg.Scheme == "pairtree":
		l.pairs = pairtree
	case name == "nested":
		n, err := strconv.Atoi(depth)
		if err != nil || n < 1 || n > maxNested {
			return Layout{}, fault.New(op, fault.Invalid, "the layout \"nested N\" needs a number from 1 to 8")
		}
		l.pairs = n
	default:
		return Layout{}, fault.New(op, fault.Invalid, "the layout must be simple, nested N or pairtree")
	}
	// A probe in the place of the identifier shows whether prefix and suffix can
	// be part of any valid key.
	if !validKey(l.prefix + "x" + l.suffix) {
		return Layout{}, fault.New(op, fault.Invalid, "the layout's prefix and suffix do not make valid paths")
	}
	if strings.ContainsAny(l.substitute, "/\\") || !utf8.ValidString(l.substitute) {
		return Layout{}, fault.New(op, fault.Invalid, "the layout's slash substitute must not hold a slash")
	}
	for _, e := range cfg.Extensions {
		e = "." + strings.TrimPrefix(e, ".")
		if len(e) < 2 || strings.Contains(e, "/") || !validKey("x"+e) {
			return Layout{}, fault.New(op, fault.Invalid, "the layout's extensions must be like \"tif\"")
		}
		l.extensions = append(l.extensions, e)
	}
	return l, nil
}

// Key returns the key of an identifier, given as decoded from the URL. The key
// is valid in the sense of fs.ValidPath, without control characters and
// backslashes; an identifier that cannot become such a key is NotFound.
func (l Layout) Key(identifier string) (string, error) {
	const op = "source.Layout.Key"
	if identifier == "" || len(identifier) > maxIdentifier || !utf8.ValidString(identifier) {
		return "", fault.New(op, fault.NotFound, "")
	}
	id := identifier
	if l.substitute != "" {
		id = strings.ReplaceAll(id, l.substitute, "/")
	}
	// What is mapped must be valid by itself too, or an empty or dotted segment
	// could hide behind a prefix ("images" + "/x").
	if l.pairs != pairtree && !validKey(id) {
		return "", fault.New(op, fault.NotFound, "")
	}
	switch {
	case l.pairs == pairtree:
		c := clean(id)
		id = shorties(c) + c + "/" + c
	case l.pairs > 0:
		id = nest(id, l.pairs)
	}
	key := l.prefix + id + l.suffix
	if !validKey(key) {
		return "", fault.New(op, fault.NotFound, "")
	}
	return key, nil
}

// Identifier is the inverse of Key, for a gallery: the identifier whose Key is
// key. ok is false when no identifier maps to it.
func (l Layout) Identifier(key string) (id string, ok bool) {
	id, ok = strings.CutPrefix(key, l.prefix)
	if !ok {
		return "", false
	}
	id, ok = strings.CutSuffix(id, l.suffix)
	if !ok {
		return "", false
	}
	dir, name := "", id
	if i := strings.LastIndexByte(id, '/'); i >= 0 {
		dir, name = id[:i+1], id[i+1:]
	}
	switch {
	case l.pairs == pairtree:
		if id, ok = unclean(name); !ok {
			return "", false
		}
	case l.pairs > 0:
		if dir, ok = strings.CutSuffix(dir, pairFolders(name, l.pairs)); !ok {
			return "", false
		}
		id = dir + name
	}
	if l.substitute != "" {
		id = strings.ReplaceAll(id, "/", l.substitute)
	}
	// Substitutes that occur in names, foreign folders and the like do not come
	// back as they went: only a round trip proves the identifier.
	if back, err := l.Key(id); err != nil || back != key {
		return "", false
	}
	return id, true
}

// Open opens the object of an identifier, trying the configured extensions when
// the identifier has no image extension and the object is absent. Any failure
// but NotFound ends the search: an outage must not look like an absence.
func (l Layout) Open(ctx context.Context, src Source, identifier string) (Object, error) {
	key, err := l.Key(identifier)
	if err != nil {
		return nil, err
	}
	obj, err := src.Open(ctx, key)
	if err == nil || !fault.Is(err, fault.NotFound) || hasImageExtension(key) {
		return obj, err
	}
	for _, ext := range l.extensions {
		obj, more := src.Open(ctx, key+ext)
		if more == nil {
			return fallback{obj}, nil
		}
		if !fault.Is(more, fault.NotFound) {
			return nil, more
		}
	}
	return nil, err
}

// fallback is an object that was found under another key than the identifier's
// own. It is no Witness: one under a key before it may come into being.
type fallback struct{ Object }

// File implements Filed.
func (f fallback) File() (*os.File, error) {
	if o, ok := f.Object.(Filed); ok {
		return o.File()
	}
	return nil, fault.E("source.Layout.File", fault.Unsupported, nil)
}

// nest puts the folders of the scheme "nested n" in front of the last segment.
func nest(id string, n int) string {
	i := strings.LastIndexByte(id, '/') + 1
	return id[:i] + pairFolders(id[i:], n) + id[i:]
}

// pairFolders returns up to n whole pairs of characters of name without its
// image extension, each followed by a slash.
func pairFolders(name string, n int) string {
	stem := name
	if hasImageExtension(name) {
		stem = name[:strings.LastIndexByte(name, '.')]
	}
	var b strings.Builder
	runes := []rune(stem)
	for i := 0; i < n && 2*i+1 < len(runes); i++ {
		b.WriteString(string(runes[2*i : 2*i+2]))
		b.WriteByte('/')
	}
	return b.String()
}
