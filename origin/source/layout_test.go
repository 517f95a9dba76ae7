package source

import (
	"context"
	"io/fs"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func newTestLayout(t testing.TB, cfg LayoutConfig) Layout {
	t.Helper()
	l, err := NewLayout(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLayoutKey(t *testing.T) {
	for _, c := range []struct {
		cfg      LayoutConfig
		id, want string
	}{
		{LayoutConfig{}, "a.jpg", "a.jpg"},
		{LayoutConfig{Scheme: "simple"}, "maps/old/a.jpg", "maps/old/a.jpg"},
		{LayoutConfig{}, "ark:/13030/x t?#%", "ark:/13030/x t?#%"},
		{LayoutConfig{Prefix: "images/", Suffix: "_m.tif"}, "x/a", "images/x/a_m.tif"},
		{LayoutConfig{SlashSubstitute: "--"}, "maps--old--a-b.jpg", "maps/old/a-b.jpg"},
		{LayoutConfig{SlashSubstitute: "--"}, "maps/a.jpg", "maps/a.jpg"},

		{LayoutConfig{Scheme: "nested 2"}, "abcdef.tif", "ab/cd/abcdef.tif"},
		{LayoutConfig{Scheme: "nested 3"}, "abcde", "ab/cd/abcde"},
		{LayoutConfig{Scheme: "nested 3"}, "abcdef", "ab/cd/ef/abcdef"},
		{LayoutConfig{Scheme: "nested 2"}, "maps/abcdef", "maps/ab/cd/abcdef"},
		{LayoutConfig{Scheme: "nested 2"}, "a", "a"},
		{LayoutConfig{Scheme: "nested 2"}, "abc.jpg", "ab/abc.jpg"},
		{LayoutConfig{Scheme: "nested 1"}, "üñîx", "üñ/üñîx"},
		{LayoutConfig{Scheme: "nested 2", Prefix: "p/", Suffix: ".tif"}, "abcdef", "p/ab/cd/abcdef.tif"},

		// The identifiers of the Pairtree specification, §3, with the cleaned forms
		// that it prints. (Copies of it print the path of the second one with "n+/n/bn"
		// and "+/re" in it, which are no pairs: there the rule decides.) Folder and
		// file at the end are as HathiTrust lays them out.
		{LayoutConfig{Scheme: "pairtree"}, "ark:/13030/xt12t3",
			"ar/k+/=1/30/30/=x/t1/2t/3/ark+=13030=xt12t3/ark+=13030=xt12t3"},
		{LayoutConfig{Scheme: "pairtree"}, "http://n2t.info/urn:nbn:se:kb:repos-1",
			"ht/tp/+=/=n/2t/,i/nf/o=/ur/n+/nb/n+/se/+k/b+/re/po/s-/1/" +
				"http+==n2t,info=urn+nbn+se+kb+repos-1/http+==n2t,info=urn+nbn+se+kb+repos-1"},
		{LayoutConfig{Scheme: "pairtree"}, "what-the-*@?#!^!?",
			"wh/at/-t/he/-^/2a/@^/3f/#!/^5/e!/^3/f/what-the-^2a@^3f#!^5e!^3f/what-the-^2a@^3f#!^5e!^3f"},
		{LayoutConfig{Scheme: "pairtree", Prefix: "pairtree_root/", Suffix: ".tif"}, "abcd", "pairtree_root/ab/cd/abcd/abcd.tif"},
		{LayoutConfig{Scheme: "pairtree"}, "é", "^c/3^/a9/^c3^a9/^c3^a9"},
		{LayoutConfig{Scheme: "pairtree"}, "../etc", ",,/=e/tc/,,=etc/,,=etc"},
	} {
		l := newTestLayout(t, c.cfg)
		got, err := l.Key(c.id)
		if err != nil || got != c.want {
			t.Errorf("%+v: Key(%q) = %q, %v, want %q", c.cfg, c.id, got, err, c.want)
			continue
		}
		if strings.Contains(c.id, "/") && c.cfg.SlashSubstitute != "" {
			continue // two identifiers for one key; the inverse gives the other
		}
		if id, ok := l.Identifier(got); !ok || id != c.id {
			t.Errorf("%+v: Identifier(%q) = %q, %v, want %q", c.cfg, got, id, ok, c.id)
		}
	}
}

func TestLayoutRefuses(t *testing.T) {
	for _, cfg := range []LayoutConfig{
		{}, {Prefix: "images/"}, {Prefix: "images"}, {SlashSubstitute: "--"}, {Scheme: "nested 2"}, {Suffix: ".tif"},
	} {
		l := newTestLayout(t, cfg)
		for _, id := range []string{
			"", ".", "..", "../a", "a/../b", "/a", "a/", "a//b", "./a", "a/.", "a/..", "a\x00b", "a\nb", `a\b`, `..\a`, "\xff", "a\x7f",
			strings.Repeat("a", 1025), "..--a", "--", "a--", "..ab/../..",
		} {
			key, err := l.Key(id)
			if strings.Contains(id, "--") && cfg.SlashSubstitute == "" {
				continue
			}
			if !fault.Is(err, fault.NotFound) || key != "" {
				t.Errorf("%+v: Key(%q) = %q, %v", cfg, id, key, err)
			}
		}
	}
	if key, err := newTestLayout(t, LayoutConfig{Scheme: "nested 2"}).Key("..abcd"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nested dots give %q, %v", key, err)
	}
}

func TestLayoutIdentifierRefuses(t *testing.T) {
	for _, c := range []struct {
		cfg LayoutConfig
		key string
	}{
		{LayoutConfig{Prefix: "p/"}, "q/a.jpg"},
		{LayoutConfig{Prefix: "p/"}, "p/"},
		{LayoutConfig{Suffix: ".tif"}, "a.jpg"},
		{LayoutConfig{SlashSubstitute: "--"}, "a--b.jpg"},
		{LayoutConfig{Scheme: "nested 2"}, "ab/xx/abcdef"},
		{LayoutConfig{Scheme: "nested 2"}, "abcdef"},
		{LayoutConfig{Scheme: "pairtree"}, "ab/cd/abcd/other"},
		{LayoutConfig{Scheme: "pairtree"}, "^4/1/^41/^41"}, // an A needs no ^
		{LayoutConfig{}, "../a"},
	} {
		if id, ok := newTestLayout(t, c.cfg).Identifier(c.key); ok {
			t.Errorf("%+v: Identifier(%q) = %q", c.cfg, c.key, id)
		}
	}
}

func TestNewLayoutRefuses(t *testing.T) {
	for _, cfg := range []LayoutConfig{
		{Scheme: "nested"}, {Scheme: "nested 0"}, {Scheme: "nested 9"}, {Scheme: "nested x"}, {Scheme: "simple 2"}, {Scheme: "Pairtree"},
		{Prefix: "/"}, {Prefix: "../"}, {Prefix: "a//"}, {Suffix: "/"}, {Suffix: "/../x"}, {Prefix: `a\`}, {Prefix: "a\x00"},
		{SlashSubstitute: "/"}, {SlashSubstitute: "\xff"},
		{Extensions: []string{""}}, {Extensions: []string{"a/b"}}, {Extensions: []string{"tif", "."}},
	} {
		if _, err := NewLayout(cfg); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

// namedSource has objects by name only; "outage…" fails.
type namedSource struct{ asked []string }

func (s *namedSource) Open(_ context.Context, key string) (Object, error) {
	s.asked = append(s.asked, key)
	switch {
	case strings.HasPrefix(key, "outage"):
		return nil, fault.E("test", fault.Unavailable, nil)
	case key == "map.tif" || key == "map.png" || key == "bare":
		return &gated{meta: meta{key: key, modified: time.Time{}}}, nil
	}
	return nil, fault.E("test", fault.NotFound, nil)
}
func (s *namedSource) Check(context.Context) error { return nil }
func (s *namedSource) Close() error                { return nil }

func TestLayoutOpen(t *testing.T) {
	for _, c := range []struct {
		id, asked, key string
		kind           fault.Kind
	}{
		{"bare", "bare", "bare", 0},
		{"map", "map map.jpg map.tif", "map.tif", 0},
		{"map.png", "map.png", "map.png", 0},
		{"map.jpg", "map.jpg", "", fault.NotFound},
		{"v1.2", "v1.2 v1.2.jpg v1.2.tif", "", fault.NotFound},
		{"outage", "outage", "", fault.Unavailable},
		{"../x", "", "", fault.NotFound},
	} {
		l := newTestLayout(t, LayoutConfig{Extensions: []string{"jpg", ".tif"}})
		src := &namedSource{}
		obj, err := l.Open(t.Context(), src, c.id)
		if got := strings.Join(src.asked, " "); got != c.asked {
			t.Errorf("%q: asked for %q, want %q", c.id, got, c.asked)
		}
		switch {
		case c.key == "" && !fault.Is(err, c.kind):
			t.Errorf("%q: %v", c.id, err)
		case c.key != "" && (err != nil || obj.Key() != c.key):
			t.Errorf("%q: %v, %v", c.id, obj, err)
		}
	}
}

func FuzzLayoutKey(f *testing.F) {
	for _, id := range []string{"a.jpg", "../a", "a--b", "ark:/13030/xt12t3", "abcdef.tif", "..abcd", "a\\b", "a\x00", "é/ü", "^41", "a/./b"} {
		f.Add(id)
	}
	layouts := []Layout{
		newTestLayout(f, LayoutConfig{}),
		newTestLayout(f, LayoutConfig{Prefix: "p/q", Suffix: ".tif", SlashSubstitute: "--"}),
		newTestLayout(f, LayoutConfig{Scheme: "nested 3", SlashSubstitute: "."}),
		newTestLayout(f, LayoutConfig{Scheme: "pairtree", Prefix: "root/"}),
	}
	f.Fuzz(func(t *testing.T, id string) {
		for i, l := range layouts {
			key, err := l.Key(id)
			if err != nil {
				if !fault.Is(err, fault.NotFound) {
					t.Errorf("%d: Key(%q): %v", i, id, err)
				}
				continue
			}
			if !fs.ValidPath(key) || key == "." || strings.ContainsAny(key, "\\\x00\n\r") || path.Clean("/"+key) != "/"+key ||
				!strings.HasPrefix(key, l.prefix) || !strings.HasSuffix(key, l.suffix) {
				t.Errorf("%d: Key(%q) = %q", i, id, key)
			}
			// Only with a substitute do several identifiers mean one key, and a
			// substitute can also stand in an extension, where it means none.
			back, ok := l.Identifier(key)
			if again, err := l.Key(back); ok && (err != nil || again != key) {
				t.Errorf("%d: %q → %q → %q → %q", i, id, key, back, again)
			}
			if l.substitute == "" && (!ok || back != id) {
				t.Errorf("%d: %q → %q → %q, %v", i, id, key, back, ok)
			}
		}
	})
}
