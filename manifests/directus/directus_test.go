package directus

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/mapping"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// recorded replays an answer of a real Directus 11.17.4.
func recorded(t *testing.T, w http.ResponseWriter, name string) {
	f, err := os.Open("../../../shared/directus/recorded/" + name + ".http")
	if err != nil {
		if os.Getenv("VITRINE_CI") == "1" {
			t.Error(err)
		}
		return
	}
	defer f.Close()
	res, err := http.ReadResponse(bufio.NewReader(f), nil)
	if err != nil {
		t.Error(err)
		return
	}
	w.WriteHeader(res.StatusCode)
	bufio.NewReader(res.Body).WriteTo(w)
}

func needRecorded(t *testing.T) {
	if _, err := os.Stat("../../../shared/directus/recorded"); err != nil && os.Getenv("VITRINE_CI") != "1" {
		t.Skip("the recorded answers are not here: ", err)
	}
}

func read(t *testing.T, cfg Config) (items []item.Item, bad []string, end error) {
	t.Helper()
	cfg.Pause = time.Millisecond
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for it, err := range s.Items(t.Context()) {
		switch {
		case err != nil && it.Ref == "":
			end = err
		case err != nil:
			bad = append(bad, it.Ref+": "+fault.Public(err))
		default:
			items = append(items, it)
		}
	}
	return items, bad, end
}

func TestClassicCollection(t *testing.T) {
	needRecorded(t)
	var query map[string][]string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		query = map[string][]string{"fields": q["fields"], "sort": q["sort"], "filter": q["filter"], "auth": r.Header["Authorization"], "path": {r.URL.Path}}
		recorded(t, w, "page1")
	}))
	defer server.Close()
	items, bad, err := read(t, Config{URL: server.URL + "/", Token: "reader"})
	if err != nil || len(items) != 1 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	if !slices.Equal(bad, []string{"iiif_images 3: page 1 has no image"}) {
		t.Errorf("an item without image: %q", bad)
	}
	it := items[0]
	for _, c := range []struct{ what, got, want string }{
		{"query", fmt.Sprint(query["fields"], query["sort"], query["filter"], query["auth"], query["path"]),
			`[*,image.*] [id] [{"status":{"_eq":"published"}}] [Bearer reader] [/items/iiif_images]`},
		{"name", it.Name, "3ea81bf0-f592-44a4-bf70-e0872d0fe787"},
		{"ref", it.Ref, "iiif_images 1"},
		{"label", it.Label.First(), "x1"},
		{"summary", it.Summary.First(), "Line one\n<b>two</b>"},
		{"rights", it.Rights, "CC-BY"},
		{"image", it.Pages[0].Image.ID, "3ea81bf0-f592-44a4-bf70-e0872d0fe787.jpg"},
		{"stamp", it.Pages[0].Image.Stamp, "2026-11-20T13:26:09"},
		{"created", it.Created.Format(time.RFC3339), "2026-11-20T13:26:09Z"},
		{"collections", strings.Join(it.Collections, "|"), "Own photos"},
		{"metadata", fmt.Sprint(it.Metadata), "[{map[en:[Collection]] map[none:[Own photos]]}]"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	if a := it.Pages[0].Annotations; len(a) != 1 || !json.Valid(a[0]) || !strings.Contains(string(a[0]), "urn:x:1") {
		t.Errorf("annotations %s", a)
	}
	if w := it.Pages[0].Image.Width; w != 0 {
		t.Errorf("the size %d is the record's: it is not turned as EXIF says", w)
	}
}

func TestRefusals(t *testing.T) {
	needRecorded(t)
	for name, want := range map[string]fault.Kind{"badtoken": fault.Unauthorized, "unknownfield": fault.Forbidden, "unknowncollection": fault.Forbidden, "public": fault.Forbidden} {
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked++; recorded(t, w, name) }))
		items, _, err := read(t, Config{URL: server.URL})
		server.Close()
		if fault.KindOf(err) != want || len(items) != 0 || asked != 1 {
			t.Errorf("%s: %v after %d requests", name, err, asked)
		}
	}
}

// library answers like Directus: filter by id, sort, limit.
func library(t *testing.T, rows int, fail func(request int) bool) (*httptest.Server, *int) {
	requests := 0
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if fail(requests) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		q := r.URL.Query()
		after := 0
		if _, rest, ok := strings.Cut(q.Get("filter"), `"_gt":`); ok {
			n, _, _ := strings.Cut(rest, "}")
			after, _ = strconv.Atoi(n)
		}
		limit, _ := strconv.Atoi(q.Get("limit"))
		data := []map[string]any{}
		for id := after + 1; id <= rows && len(data) < limit; id++ {
			data = append(data, map[string]any{"id": id, "title": fmt.Sprint("Item ", id), "image": map[string]any{"filename_disk": fmt.Sprint(id, ".jpg")}})
		}
		json.NewEncoder(w).Encode(map[string]any{"data": data})
	})), &requests
}

func TestPagingAndRetries(t *testing.T) {
	server, requests := library(t, 250, func(n int) bool { return n == 2 || n == 3 })
	defer server.Close()
	items, bad, err := read(t, Config{URL: server.URL})
	if err != nil || len(bad) != 0 || len(items) != 250 || *requests != 5 {
		t.Fatalf("%d items, %d bad, %v, %d requests", len(items), len(bad), err, *requests)
	}
	for i, it := range items {
		if it.Ref != fmt.Sprint("iiif_images ", i+1) {
			t.Fatalf("item %d is %s", i, it.Ref)
		}
	}
	// An outage in the middle ends the reading with an error.
	down, requests := library(t, 250, func(n int) bool { return n > 1 })
	defer down.Close()
	items, _, err = read(t, Config{URL: down.URL})
	if fault.KindOf(err) != fault.Unavailable || len(items) != 100 || *requests != 5 {
		t.Errorf("%d items, %v, %d requests", len(items), err, *requests)
	}
}

func TestRelatedPagesAndTranslations(t *testing.T) {
	const body = `{"data":[{"id":"9f","title":"Book","translations":[{"languages_code":"cs-CZ","title":"Kniha"},{"languages_code":{"code":"de"},"title":"Buch"}],
	"pages":[{"sort":10,"label":"2r","file":{"filename_disk":"b.tif"}},{"sort":2,"label":"1r","file":{"filename_disk":"a.tif"}}]}]}`
	var fields string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fields = r.URL.Query().Get("fields") + " " + r.URL.Query().Get("deep[pages][_limit]")
		w.Write([]byte(body))
	}))
	defer server.Close()
	m, err := mapping.Parse(strings.NewReader(`
language: en
name: "book-{id}"
pages: pages
translations: {field: translations}
homepage: [{url: "https://museum.example.org/{id}", label: Catalogue}]
page: {image: file.filename_disk, label: label, order: sort, imagePrefix: scans/}
`), mapping.Default())
	if err != nil {
		t.Fatal(err)
	}
	items, bad, err := read(t, Config{URL: server.URL, Mapping: &m})
	if err != nil || len(items) != 1 {
		t.Fatalf("%v %v %v", items, bad, err)
	}
	it := items[0]
	if got := fmt.Sprint(it.Name, it.Label, it.Pages[0].Image.ID, it.Pages[0].Label, it.Pages[1].Image.ID, it.Homepage[0].URL); got !=
		"book-9fmap[cs-CZ:[Kniha] de:[Buch] en:[Book]]scans/a.tifmap[en:[1r]]scans/b.tifhttps://museum.example.org/9f" {
		t.Error(got)
	}
	if fields != "*,pages.*,pages.file.*,translations.* -1" {
		t.Error(fields)
	}
}

// FuzzAnswer: whatever a server sends, there is an error or a list, and no item
// without reference.
func FuzzAnswer(f *testing.F) {
	f.Add(200, []byte(`{"data":[{"id":1,"image":{"filename_disk":"a.jpg"},"title":["x",{"y":1}]}]}`))
	f.Add(403, []byte(`{"errors":[{"message":"m"}]}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		rows, _, err := parse(status, body, 0)
		if (err == nil) != (rows != nil) {
			t.Fatalf("%v and %v", rows, err)
		}
		m := mapping.Classic()
		for _, r := range rows {
			if it, _ := m.Item("test", r); it.Ref != "test" {
				t.Fatal("an item without reference")
			}
		}
	})
}
