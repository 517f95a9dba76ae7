package folder

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func read(t *testing.T, files map[string]string) (items []item.Item, bad []string) {
	t.Helper()
	tree := fstest.MapFS{}
	for name, body := range files {
		tree[name] = &fstest.MapFile{Data: []byte(body)}
	}
	s, err := New(Config{Tree: FS{tree}, ImagePrefix: "scans/", Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	for it, err := range s.Items(t.Context()) {
		if err != nil {
			bad = append(bad, it.Ref+": "+fault.Public(err))
			continue
		}
		items = append(items, it)
	}
	return items, bad
}

func TestWithoutCeremony(t *testing.T) {
	items, bad := read(t, map[string]string{
		"old_map.tif": "x", "letters/1912/to Anna/page 10.jpg": "x", "letters/1912/to Anna/page 2.jpg": "x",
		"letters/1912/to Anna/page 2.xml": "<?xml version='1.0'?><alto/>", "letters/1912/to Anna/page 10.hocr": "<html>",
		".hidden/x.jpg": "x", "notes.txt": "x", "empty/readme.md": "x",
	})
	if len(bad) != 0 || len(items) != 2 {
		t.Fatalf("%d items, %q", len(items), bad)
	}
	l, m := items[0], items[1]
	if got := fmt.Sprintln(m.Name, m.Ref, m.Label, m.Pages[0].Image.ID, m.Collections); got != "old_map old_map.tif map[en:[old map]] scans/old_map.tif []\n" {
		t.Error(got)
	}
	if got := fmt.Sprintln(l.Name, l.Ref, l.Label, l.Collections, l.Pages[0].Image.ID, l.Pages[1].Label, l.Pages[0].Transcripts[0].Format, l.Pages[1].Transcripts[0].Format); got !=
		"letters-1912-to-Anna letters/1912/to Anna map[en:[to Anna]] [letters/1912] scans/letters/1912/to Anna/page 2.jpg map[en:[page 10]] alto hocr\n" {
		t.Error(got)
	}
	if l.Pages[0].Image.Stamp == "" {
		t.Error("no stamp")
	}
}

func TestCard(t *testing.T) {
	items, bad := read(t, map[string]string{
		"b/1.jpg": "x", "b/2.jpg": "x", "b/3.jpg": "x",
		"b/item.yml": `
name: my-book
title: {en: A book, cs: Kniha}
rights: CC0
creator: Anna
collections: Books
metadata: {Shelf mark: [A 1, A 2], Medium: {cs: papír}}
homepage: https://a.org/b
rendering: [{url: https://a.org/b.pdf, label: PDF, format: application/pdf}]
provider: [{id: https://a.org, label: {en: Museum, cs: Muzeum}, logo: https://a.org/l.png}]
pages:
  - {file: 3.jpg, label: Cover, behavior: non-paged}
  - {file: 1.jpg, chapter: One, annotations: [{id: "urn:x", type: Annotation}]}
`,
		"top.jpg": "x", "top.yml": "title: At the top\n",
		"bad/1.jpg": "x", "bad/item.yml": "title: [\n", "lost/1.jpg": "x", "lost/item.yml": "pages: [2.jpg]\n",
	})
	if len(items) != 2 || len(bad) != 2 || !strings.Contains(bad[0], "bad/item.yml: not YAML") || !strings.Contains(bad[1], "2.jpg") {
		t.Fatalf("%d items, %q", len(items), bad)
	}
	b := items[0]
	var meta []string
	for _, p := range b.Metadata {
		meta = append(meta, p.Label.First()+"="+strings.Join(slices.Concat(p.Value["en"], p.Value["cs"]), "|"))
	}
	if got := fmt.Sprintln(b.Name, b.Label, b.Rights, b.Collections, meta, b.Homepage[0].URL, b.Rendering[0].Format, b.Provider[0].Label, b.Provider[0].Logo.URL); got !=
		"my-book map[cs:[Kniha] en:[A book]] CC0 [Books] [Creator=Anna Shelf mark=A 1|A 2 Medium=papír] https://a.org/b application/pdf map[cs:[Muzeum] en:[Museum]] https://a.org/l.png\n" {
		t.Error(got)
	}
	if got := fmt.Sprintln(b.Pages[0].Image.ID, b.Pages[0].Label, b.Pages[0].Behavior, b.Pages[1].Image.ID, string(b.Pages[1].Annotations[0]), b.Pages[2].Image.ID, b.Ranges); got !=
		"scans/b/3.jpg map[en:[Cover]] [non-paged] scans/b/1.jpg [{\"id\":\"urn:x\",\"type\":\"Annotation\"}] scans/b/2.jpg [{map[en:[One]] [1 2] []}]\n" {
		t.Error(got)
	}
	if items[1].Label.First() != "At the top" {
		t.Error(items[1].Label)
	}
}

func TestNatural(t *testing.T) {
	names := []string{"p10", "p2", "p1", "p02", "q", "p", "p2a"}
	slices.SortFunc(names, natural)
	if got := strings.Join(names, " "); got != "p p1 p02 p2 p2a p10 q" {
		t.Error(got)
	}
}

func FuzzCard(f *testing.F) {
	f.Add([]byte("title: x\nmetadata: {a: [b]}\npages: {1.jpg: {label: y}}\n"))
	f.Add([]byte("pages: [1.jpg, {file: 1.jpg}]\nhomepage: [{url: x}]"))
	f.Fuzz(func(t *testing.T, card []byte) {
		s, err := New(Config{Tree: FS{fstest.MapFS{"a/1.jpg": {Data: []byte("x")}, "a/item.yml": {Data: card}}}})
		if err != nil {
			t.Fatal(err)
		}
		for it, err := range s.Items(t.Context()) {
			if err == nil && (it.Ref != "a" || len(it.Pages) != 1) {
				t.Fatalf("%+v", it)
			}
		}
	})
}
