package site

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
)

// spoken finds what templates say.
var spoken = regexp.MustCompile(`\bt "([^"]+)"`)

// TestTongues: each language has all words, with as many forms as its numbers need and
// the same places to fill, and none that nobody says.
func TestTongues(t *testing.T) {
	said := map[string]bool{objects: true, "{n} page|{n} pages": true, "{n} annotation|{n} annotations": true, "page {n} of {all}": true,
		"{n} title contains “{q}”.|{n} titles contain “{q}”.": true, "1,000": true, "{day} {month} {year}": true, "Page": true, "All titles": true, "Added": true}
	for m := time.January; m <= time.December; m++ {
		said[m.String()] = true
	}
	for _, word := range motivations {
		said[word] = true
	}
	pages, err := templateFiles.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		body, err := templateFiles.ReadFile("templates/" + p.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range spoken.FindAllStringSubmatch(string(body), -1) {
			said[m[1]] = true
		}
	}
	if len(said) < 80 {
		t.Fatalf("templates say %d things", len(said))
	}
	places := regexp.MustCompile(`\{\w+\}`)
	for lang, forms := range map[string]int{"de": 2, "cs": 3} {
		tongue, err := newTongue(lang)
		if err != nil || tongue.Lang != lang {
			t.Fatalf("%s: %v %s", lang, err, tongue.Lang)
		}
		for english := range said {
			word := tongue.words[english]
			if word == "" {
				t.Errorf("%s: %q is missing", lang, english)
				continue
			}
			if want := strings.Count(english, "|"); want > 0 && strings.Count(word, "|") != forms-1 {
				t.Errorf("%s: %q needs %d forms", lang, word, forms)
			}
			first, _, _ := strings.Cut(english, "|")
			for form := range strings.SplitSeq(word, "|") {
				if got, want := places.FindAllString(form, -1), places.FindAllString(first, -1); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
					t.Errorf("%s: %q has the places %v, want %v", lang, form, got, want)
				}
			}
		}
		for english := range tongue.words {
			if !said[english] {
				t.Errorf("%s: nobody says %q", lang, english)
			}
		}
	}
	if other, err := newTongue("../en"); err != nil || other.Lang != "en" {
		t.Errorf("%v %v", other, err)
	}
	if files, _ := languageFiles.ReadDir("languages"); len(files) != 2 {
		t.Errorf("%d languages; the list above has others", len(files))
	}
}

// TestSpeaks: numbers, plurals and dates are those of the language.
func TestSpeaks(t *testing.T) {
	day := time.Date(1845, 5, 12, 0, 0, 0, 0, time.UTC)
	for lang, want := range map[string]string{
		"en": "1 object, 2 objects, 5 objects, 12,345 objects; 12 May 1845", "en-GB": "1 object, 2 objects, 5 objects, 12,345 objects; 12 May 1845",
		"fr": "1 object, 2 objects, 5 objects, 12,345 objects; 12 May 1845", "de-AT": "1 Objekt, 2 Objekte, 5 Objekte, 12.345 Objekte; 12. Mai 1845",
		"cs": "1 objekt, 2 objekty, 5 objektů, 12\u00a0345 objektů; 12. května 1845",
	} {
		tongue, err := newTongue(lang)
		if err != nil {
			t.Fatal(err)
		}
		var counts []string
		for _, n := range []int{1, 2, 5, 12345} {
			counts = append(counts, tongue.count(n, objects))
		}
		if got := strings.Join(counts, ", ") + "; " + tongue.date(day); got != want {
			t.Errorf("%s: %s, want %s", lang, got, want)
		}
	}
}

// TestLangAttributes: the page is in the language of its words; what is in another one
// says so.
func TestLangAttributes(t *testing.T) {
	list := entries(1)
	list[0].Label = item.Text{"de": {"Karte"}, "en": {"Map"}}
	for lang, want := range map[string][]string{
		"de": {`<html lang="de">`, `<span>Museum &amp; Sons</span></a>`, `<span class="label" lang="de" dir="auto">Karte</span>`, ">1 Objekt<"},
		"fr": {`<html lang="en">`, `<span lang="fr">Museum &amp; Sons</span></a>`, `<span class="label" lang="de" dir="auto">Karte</span>`, ">1 object<"},
	} {
		docs := listed(t, newSite(t, func(c *Config) { c.Language = lang }), list)
		for _, w := range want {
			if !strings.Contains(docs["index.html"], w) {
				t.Errorf("%s: no %s in\n%s", lang, w, docs["index.html"])
			}
		}
		if !strings.Contains(docs["feed.xml"], `xml:lang="`+lang+`"`) {
			t.Errorf("%s: the feed does not say its language", lang)
		}
	}
}

// TestTitles: without scripts, every object is found by its name in any language.
func TestTitles(t *testing.T) {
	list := entries(titlesSize + 1)
	list[5].Label["cs"] = []string{"List"}
	docs := listed(t, newSite(t, nil), list)
	found := map[string]bool{}
	for _, p := range []string{"page/titles/index.html", "page/titles/2/index.html"} {
		_, links := labels(t, docs[p])
		for _, l := range links {
			found[strings.TrimLeft(l, "./")] = true
		}
	}
	for _, e := range list {
		if !found[e.Name+"/"] {
			t.Errorf("%s is not among the titles", e.Name)
		}
	}
	if !strings.Contains(docs["page/titles/index.html"]+docs["page/titles/2/index.html"], `<span lang="cs" dir="auto">List</span>`) {
		t.Error("no title in another language")
	}
	if !strings.Contains(docs["index.html"], `<noscript><a class="titles" href="page/titles/">`) || !strings.Contains(docs["page/titles/index.html"], `href="../../page/titles/2/"`) {
		t.Error("nothing leads to the titles")
	}
	var v any
	for name := range maps.Keys(docs) {
		if strings.HasSuffix(name, ".json") && json.Unmarshal([]byte(docs[name]), &v) != nil {
			t.Error(name)
		}
	}
}
