package presentation

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
)

func documents(t *testing.T, list iter.Seq2[Document, error]) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	for d, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(d.Body, &v); err != nil || out[d.Path] != nil {
			t.Fatalf("%s: %v", d.Path, err)
		}
		out[d.Path] = v
	}
	return out
}

func entries(t *testing.T, n int, collections ...string) []Entry {
	var list []Entry
	for i := range n {
		it := letter()
		it.Name, it.Label, it.Collections = fmt.Sprintf("e%04d", i), item.Plain("en", fmt.Sprintf("Entry %04d", i)), collections
		built, err := builder(t).Manifest(it)
		if err != nil {
			t.Fatal(err)
		}
		e := built.Entry(it)
		e.Published = time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC)
		e.Changed = e.Published
		list = append(list, e)
	}
	return list
}

func TestCollections(t *testing.T) {
	list := entries(t, 1, "Letters/1855")
	list = append(list, entries(t, 2)[1:]...)
	list[0].Collections = append(list[0].Collections, "Maps")
	docs := documents(t, builder(t).Collections(item.Plain("en", "All"))(Catalogue{Entries: list}))
	for _, d := range docs {
		conforms(t, d)
	}
	const base = "https://manifests.example.org/"
	for path, want := range map[string]string{
		"collection.json":              "[Letters Maps Entry 0001]",
		"collection/Letters.json":      "[1855]",
		"collection/Letters/1855.json": "[Entry 0000]",
		"collection/Maps.json":         "[Entry 0000]",
	} {
		var labels []string
		for _, e := range docs[path]["items"].([]any) {
			for _, v := range e.(map[string]any)["label"].(map[string]any) {
				labels = append(labels, v.([]any)[0].(string))
			}
		}
		if got := fmt.Sprint(labels); got != want || docs[path]["id"] != base+path {
			t.Errorf("%s: %s as %v, want %s", path, got, docs[path]["id"], want)
		}
	}
	if len(docs) != 4 {
		t.Errorf("%d documents", len(docs))
	}
	empty := documents(t, builder(t).Collections(item.Plain("en", "All"))(Catalogue{}))
	conforms(t, empty["collection.json"])
}

func TestLargeCollectionIsDivided(t *testing.T) {
	docs := documents(t, builder(t).Collections(item.Plain("en", "All"))(Catalogue{Entries: entries(t, 2001)}))
	n := 0
	for path, d := range docs {
		conforms(t, d)
		if path != "collection.json" {
			n += len(d["items"].([]any))
		}
	}
	if len(docs) != 4 || n != 2001 {
		t.Errorf("%d documents with %d manifests", len(docs), n)
	}
}

func TestActivity(t *testing.T) {
	list := entries(t, 1500)
	list[0].Changed = list[0].Changed.Add(time.Hour)
	gone := []Gone{{ID: "https://manifests.example.org/old.json", At: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}}
	docs := documents(t, builder(t).Activity(Catalogue{Entries: list, Gone: gone}))
	all := docs["activity/all.json"]
	if len(docs) != 3 || all["totalItems"] != 1501.0 || all["last"].(map[string]any)["id"] != "https://manifests.example.org/activity/page-1.json" {
		t.Fatalf("%d documents, %v", len(docs), all)
	}
	last, kinds := "", map[string]int{}
	for n := range 2 {
		p := docs[fmt.Sprintf("activity/page-%d.json", n)]
		for _, e := range p["orderedItems"].([]any) {
			a := e.(map[string]any)
			kinds[a["type"].(string)]++
			if end := a["endTime"].(string); end < last {
				t.Fatalf("%s after %s", end, last)
			} else {
				last = end
			}
		}
	}
	if fmt.Sprint(kinds) != "map[Create:1499 Delete:1 Update:1]" {
		t.Error(kinds)
	}
}

func TestVersion2(t *testing.T) {
	b := builder(t)
	built, err := b.Manifest(letter())
	if err != nil {
		t.Fatal(err)
	}
	docs, err := b.Version2(built.Entry(letter()), &built.Manifest)
	if err != nil || len(docs) != 2 {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	if docs[0].Path != "dopis-1/annotations/p1.v2.json" || docs[1].Path != "dopis-1/v2.json" {
		t.Errorf("%s, %s", docs[0].Path, docs[1].Path)
	}
	text := string(docs[1].Body)
	for _, want := range []string{
		`"@type": "sc:Manifest"`, `"@id": "https://manifests.example.org/dopis-1.json/canvas/p1"`,
		`"@id": "https://iiif.example.org/iiif/2/letters%2F1%20r.tif"`, `"viewingHint": "paged"`, `"viewingHint": "top"`,
		`"license": "http://creativecommons.org/licenses/by-sa/4.0/"`, `"@id": "https://manifests.example.org/dopis-1/annotations/p1.v2.json"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, `"type"`) || strings.Contains(text, `"id"`) {
		t.Error("words of version 3 came through")
	}
}
