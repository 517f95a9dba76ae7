package publication

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/manifests/publish"
	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const index = `{"manifest":"https://x.org/book.json","passages":[
	{"annotation":"https://x.org/a1","text":"Příliš žluťoučký kůň","motivation":"supplementing","target":"https://x.org/book.json/canvas/p1#xywh=1,2,3,4"},
	{"annotation":"https://x.org/a2","text":"nothing","motivation":"supplementing","target":"https://x.org/book.json/canvas/p2"}]}`

// TestReader reads from a folder and from a bucket what was put there.
func TestReader(t *testing.T) {
	dir := t.TempDir()
	folder, err := publish.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	inFolder, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer inFolder.Close()
	bucket := open(t, s3test.Start(t))
	for name, c := range map[string]struct {
		target publish.Target
		reader *Reader
	}{"folder": {folder, inFolder}, "bucket": {bucket, NewReader(bucket)}} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			manifest, err := presentation.Encode(presentation.Manifest{Context: presentation.Context})
			if err != nil {
				t.Fatal(err)
			}
			put := func(path, mediaType, body string) {
				t.Helper()
				if err := c.target.Put(ctx, presentation.Document{Path: path, MediaType: mediaType, Body: []byte(body)}); err != nil {
					t.Fatal(err)
				}
			}
			put("book.json", presentation.ManifestType, string(manifest))
			put("book/search.json", presentation.ManifestType, index)
			put("b/č d.html", "text/html", "x")
			d, err := c.reader.Document(ctx, "book.json")
			if err != nil || d.MediaType != presentation.ManifestType || string(d.Body) != string(manifest) || !strings.HasPrefix(d.Version, `"`) {
				t.Errorf("%+v %v", d, err)
			}
			if d, err := c.reader.Document(ctx, "b/č d.html"); err != nil || string(d.Body) != "x" {
				t.Errorf("%+v %v", d, err)
			}
			for _, path := range []string{"book", "gone.json", "book.json/x", strings.Repeat("x", 1000)} {
				if _, err := c.reader.Document(ctx, path); fault.KindOf(err) != fault.NotFound {
					t.Errorf("%s: %v", path, err)
				}
			}
			body, err := c.reader.Search(ctx, "book", "https://x.org/book/search", url.Values{"q": {"prilis"}})
			if err != nil || !strings.Contains(string(body), `"https://x.org/a1"`) || strings.Contains(string(body), "a2") {
				t.Errorf("%s %v", body, err)
			}
			if _, err := c.reader.Search(ctx, "other", "", nil); fault.KindOf(err) != fault.NotFound {
				t.Errorf("an object without text: %v", err)
			}
		})
	}
	if err := os.Symlink(os.TempDir(), filepath.Join(dir, "out")); err != nil {
		t.Skip("no symbolic links here")
	}
	if d, err := inFolder.Document(t.Context(), "out/x"); err == nil {
		t.Errorf("a link leads out of the folder: %+v", d)
	}
}

// TestSearchFollows: an index that was replaced is searched anew, one that was removed
// is gone, and the memory for them is bounded.
func TestSearchFollows(t *testing.T) {
	dir := t.TempDir()
	r, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	now := time.Now()
	r.searches.now = func() time.Time { return now }
	write := func(name, body string) {
		t.Helper()
		file := filepath.Join(dir, name, "search.json")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	finds := func(word string) bool {
		t.Helper()
		body, err := r.Search(t.Context(), "book", "https://x.org/book/search", url.Values{"q": {word}})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(body), `"https://x.org/a2"`)
	}
	write("book", index)
	if !finds("nothing") || finds("something") {
		t.Error("the first index")
	}
	write("book", strings.ReplaceAll(index, "nothing", "something"))
	now = now.Add(fresh)
	if finds("nothing") || !finds("something") {
		t.Error("the index that was replaced")
	}
	now = now.Add(fresh)
	if err := os.RemoveAll(filepath.Join(dir, "book")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Search(t.Context(), "book", "", nil); fault.KindOf(err) != fault.NotFound || len(r.searches.kept) != 0 {
		t.Errorf("the index that is gone: %v", err)
	}
	write("bad", "{")
	if _, err := r.Search(t.Context(), "bad", "", nil); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("a damaged index: %v", err)
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		now = now.Add(time.Second)
		r.searches.keep(name, &parsed{bytes: keptIndexes / 3, used: now})
	}
	if s := &r.searches; s.bytes > keptIndexes || len(s.kept) != 3 || s.kept["a"] != nil {
		t.Errorf("%d bytes in %d indexes", s.bytes, len(s.kept))
	}
}
