package publish

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/directus"
	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/manifests/validate"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// classic is a collection of Directus as the usual generator script reads it.
type classic struct {
	rows  []map[string]any
	fail  bool
	sorts []string
}

func (c *classic) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.sorts = append(c.sorts, r.URL.Query().Get("sort"))
	if c.fail {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	json.NewEncoder(w).Encode(map[string]any{"data": c.rows})
}

// row is an item with everything that the classic collection has.
func row(id int, file string) map[string]any {
	return map[string]any{"id": id, "title": fmt.Sprint("Item ", id), "description": "Line one\n<b>two</b><script>x()</script>", "creator": "Anna",
		"source": "Estate", "attribution": "Example Museum", "license": "CC-BY", "source_collection": "Photos", "date_created": "2026-11-20T13:26:09.994Z",
		"annotations": `[{"type":"Annotation","motivation":"commenting","body":"x","target":"https://old.example.org/a.json/canvas/p1#xywh=1,2,3,4"},` +
			`{"type":"Annotation","body":"lost","target":"https://old.example.org/a.json/canvas/p1#xywh=99999,2,3,4"}]`,
		"image": map[string]any{"filename_disk": file, "type": "image/tiff", "modified_on": "2026-11-20T13:26:09"}}
}

// publication runs the classic collection once and reads what came of it.
func classicRun(t *testing.T, c *classic, dir string, sizes *sizer) *Report {
	t.Helper()
	server := httptest.NewServer(c)
	defer server.Close()
	from, err := directus.New(directus.Config{URL: server.URL, Tries: 2, Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	folder, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	cfg := config(from, folder, sizes)
	cfg.Builder, err = presentation.New(presentation.Config{Base: "https://m.example.org", Images: "https://i.example.org",
		Limits: iiif.Limits{MaxArea: 10_000_000}, Language: "cs"})
	if err != nil {
		t.Fatal(err)
	}
	rep, err := Run(t.Context(), cfg)
	if err != nil && !c.fail {
		t.Fatal(err)
	}
	return rep
}

// TestDefects goes through what the usual generator script gets wrong, by the numbers
// of the list; those that need no publication are tested where the code is: 4 and 26
// in package site and in a browser (origin, TestHostileTexts), 25 in origin (TestWeekly),
// 16, 19 and 20 also in presentation, 27 in presentation, search and
// validate.
func TestDefects(t *testing.T) {
	dir := t.TempDir()
	sizes := &sizer{fail: map[string]error{"down.jpg": fault.New("test", fault.Unavailable, "the image server is down")}}
	c := &classic{rows: []map[string]any{row(1, "a b.tif"), row(2, "x.jpg"), row(3, "down.jpg"), row(4, "twin.jpg"), row(5, "twin.png"), row(6, "last.jpg")}}
	c.rows[1]["image"] = nil
	rep := classicRun(t, c, dir, sizes)
	have := files(t, dir)
	var m struct {
		presentation.Manifest
		Annotations any `json:"annotations"`
	}
	if err := json.Unmarshal([]byte(have["a-b.json"]), &m); err != nil {
		t.Fatal(err)
	}
	canvas := m.Items[0]
	body := canvas.Items[0].Items[0].Body
	failed := fmt.Sprint(rep.Failures)
	text := have["a-b.json"]
	check := func(n int, ok bool, what string) {
		t.Helper()
		if !ok {
			t.Errorf("%d: %s\n%s", n, what, text)
		}
	}
	check(1, have["last.json"] != "" && strings.Contains(failed, "iiif_images 2"), "an item without image ended the run, or is not named")
	check(2, have["down.json"] == "" && strings.Contains(failed, "image server is down"), "an image of unknown size was published")
	check(3, have["twin.json"] == "" && strings.Contains(failed, "iiif_images 4 and iiif_images 5"), "two items of one name overwrote each other")
	check(6, !strings.Contains(text, `"description"`) && m.Summary != nil, "description instead of summary")
	check(7, canvas.Annotations[0].ID == "https://m.example.org/a-b/annotations/p1.json", "an annotation page without id")
	check(8, len(canvas.Annotations) == 1 && len(canvas.Annotations[0].Items) == 1, "annotations in a text were not read")
	check(9, strings.Contains(text, `"https://m.example.org/a-b.json/canvas/p1#xywh=1,2,3,4"`) && !strings.Contains(text, "99999") && strings.Contains(fmt.Sprint(rep.Warnings), "outside"),
		"targets were not checked or not rewritten")
	check(10, m.Rights == "http://creativecommons.org/licenses/by/4.0/" && m.RequiredStatement != nil, "no rights URI or statement")
	check(11, strings.Contains(text, "Anna") && strings.Contains(text, "Estate") && strings.Contains(text, "Example Museum"), "credit is lost")
	check(12, m.NavDate == "" && !strings.Contains(text, "2026"), "the record's date is shown as the object's")
	check(13, strings.Count(text, "Line one") == 1 && !strings.Contains(text, "script"), "the summary is there twice or not cleaned")
	small := object(1)
	small.Pages[0].Image.Width, small.Pages[0].Image.Height = 200, 100
	b, err := presentation.New(presentation.Config{Base: "https://m.example.org", Images: "https://i.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	built, err := b.Manifest(small)
	if err != nil {
		t.Fatal(err)
	}
	thumb := built.Manifest.Thumbnail[0]
	check(14, thumb.Width == 200 && strings.Contains(thumb.ID, "/full/max/"), "a thumbnail larger than its image: "+thumb.ID)
	check(15, m.Thumbnail[0].Format != "" && m.Thumbnail[0].Width > 0 && m.Thumbnail[0].Height > 0, "a thumbnail without format or size")
	check(16, body.Service[0].Profile == "level2", "the profile of the service")
	check(17, body.Format == "image/jpeg" && strings.HasSuffix(body.ID, ".jpg"), "the format of the source file")
	check(18, body.Width*body.Height <= 10_000_000 && canvas.Width == 4000, "the body is larger than the server delivers")
	check(19, strings.Contains(body.ID, "/iiif/3/a%20b.tif/"), "an identifier that is not escaped")
	check(20, canvas.Label != nil && m.RequiredStatement.Label["cs"] != nil, "English only, or no label of the canvas")
	check(23, len(c.sorts) > 0 && c.sorts[0] == "id", "paging without a sort")
	for _, p := range validate.Document([]byte(text)) {
		t.Errorf("%s", p)
	}

	// 2 again: the last good manifest stays while the image server is down.
	asked := sizes.asked
	c.rows[0]["title"] = "New title"
	c.rows[0]["image"].(map[string]any)["modified_on"] = "2026-12-01T00:00:00"
	sizes.fail["a b.tif"] = fault.New("test", fault.Unavailable, "the image server is down")
	classicRun(t, c, dir, sizes)
	check(2, files(t, dir)["a-b.json"] == text, "the last good manifest is gone")
	check(22, sizes.asked-asked <= 2, fmt.Sprint("sizes are asked for again and again: ", sizes.asked-asked))
	delete(sizes.fail, "a b.tif")

	// 5: a run without changes writes nothing.
	classicRun(t, c, dir, sizes)
	before := files(t, dir)
	if rep = classicRun(t, c, dir, sizes); rep.Written != 0 || fmt.Sprint(before) != fmt.Sprint(files(t, dir)) {
		t.Errorf("5: a run without changes wrote %d documents", rep.Written)
	}
	// 21: what is not published any more is removed; 24: an outage is a failure and
	// removes nothing.
	c.fail = true
	classicRun(t, c, dir, sizes)
	check(24, files(t, dir)["last.json"] != "", "an outage of the CMS removed manifests")
	c.fail, c.rows = false, c.rows[:5]
	rep = classicRun(t, c, dir, sizes)
	check(21, files(t, dir)["last.json"] == "" && len(rep.Removed) == 1, "an item that is gone is still published")
	check(24, rep.Failed(), "failures do not show")
}

// TestWriteErrors: 24, a target that cannot be written is an error of the run.
func TestWriteErrors(t *testing.T) {
	s := newSite(t, 3)
	if _, err := OpenFolder(filepath.Join(s.dir, "x")); err != nil {
		t.Fatal(err)
	}
	// A folder where a manifest has to go.
	if _, err := OpenFolder(filepath.Join(s.dir, "item-001.json", "y")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.run(); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("%v", err)
	}
}
