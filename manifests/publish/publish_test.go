package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// shelf is a source that tests change between runs.
type shelf struct {
	items []item.Item
	bad   map[string]error // by ref
	end   error
}

func (s *shelf) Items(context.Context) iter.Seq2[item.Item, error] {
	return func(yield func(item.Item, error) bool) {
		for _, it := range s.items {
			if !yield(it, s.bad[it.Ref]) {
				return
			}
		}
		if s.end != nil {
			yield(item.Item{}, s.end)
		}
	}
}

// sizer counts how often it is asked.
type sizer struct {
	asked int
	fail  map[string]error
}

func (s *sizer) Sizes(_ context.Context, ids []string) (map[string]item.Size, map[string]error) {
	sizes, failed := map[string]item.Size{}, map[string]error{}
	for _, id := range ids {
		s.asked++
		if err := s.fail[id]; err != nil {
			failed[id] = err
			continue
		}
		sizes[id] = item.Size{Width: 4000, Height: 3000}
	}
	return sizes, failed
}

func object(n int) item.Item {
	return item.Item{Name: fmt.Sprintf("item-%03d", n), Ref: fmt.Sprintf("test %d", n), Label: item.Plain("en", fmt.Sprintf("Item %d", n)),
		Pages: []item.Page{{Image: item.Image{ID: fmt.Sprintf("%d.jpg", n), Stamp: "1"}}}}
}

func objects(n int) (list []item.Item) {
	for i := range n {
		list = append(list, object(i))
	}
	return list
}

// lists writes one list that names every manifest, as an index does.
func lists(c presentation.Catalogue) iter.Seq2[presentation.Document, error] {
	return func(yield func(presentation.Document, error) bool) {
		var names []string
		for _, e := range c.Entries {
			names = append(names, e.Name)
		}
		body, err := json.Marshal(names)
		yield(presentation.Document{Path: "list.json", MediaType: presentation.JSONType, Body: body}, err)
	}
}

// extra is a document that goes with each manifest.
func extra(e presentation.Entry, _ *presentation.Manifest) ([]presentation.Document, error) {
	return []presentation.Document{{Path: e.Name + "/index.html", MediaType: presentation.HTMLType, Body: []byte("<title>" + e.Label.First() + "</title>")}}, nil
}

// site is a publication to a folder.
type site struct {
	t      *testing.T
	dir    string
	source *shelf
	sizer  *sizer
	cfg    Config
}

func newSite(t *testing.T, n int) *site {
	s := &site{t: t, dir: t.TempDir(), source: &shelf{items: objects(n), bad: map[string]error{}}, sizer: &sizer{fail: map[string]error{}}}
	folder, err := OpenFolder(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	s.cfg = config(s.source, folder, s.sizer)
	return s
}

func config(source item.Source, target Target, s item.Sizer) Config {
	b, err := presentation.New(presentation.Config{Base: "https://m.example.org", Images: "https://i.example.org"})
	if err != nil {
		panic(err)
	}
	clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return Config{Source: source, Target: target, Builder: b, Sizer: s, Recipe: "1",
		Objects: []func(presentation.Entry, *presentation.Manifest) ([]presentation.Document, error){extra},
		Lists:   []func(presentation.Catalogue) iter.Seq2[presentation.Document, error]{lists},
		Now:     func() time.Time { clock = clock.Add(time.Second); return clock }}
}

func (s *site) run() (*Report, error) { return Run(context.Background(), s.cfg) }

// must runs and checks counts: "added changed removed unchanged failed written deleted".
func (s *site) must(want string) *Report {
	s.t.Helper()
	rep, err := s.run()
	if err != nil {
		s.t.Fatal(err)
	}
	got := fmt.Sprint(len(rep.Added), len(rep.Changed), len(rep.Removed), rep.Unchanged, len(rep.Failures), rep.Written, rep.Deleted)
	if got != want {
		s.t.Errorf("added changed removed unchanged failed written deleted: %s, want %s\n%+v", got, want, rep)
	}
	s.consistent()
	return rep
}

// files are all visible files of the site with their content.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		out[filepath.ToSlash(rel)] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// consistent checks that each file is whole and that each name in the list is there,
// and, when finished, that nothing else is.
func (s *site) consistent() {
	s.t.Helper()
	have := files(s.t, s.dir)
	var names []string
	if err := json.Unmarshal([]byte(have["list.json"]), &names); err != nil {
		s.t.Fatal(err)
	}
	want := []string{".vitrine/lock", ".vitrine/state.json", "list.json"}
	for _, n := range names {
		want = append(want, n+".json", n+"/index.html")
	}
	for _, a := range s.cfg.Assets {
		want = append(want, a.Path)
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(have)); !slices.Equal(got, want) {
		s.t.Errorf("the site has %v\nwant %v", got, want)
	}
}

func TestLife(t *testing.T) {
	s := newSite(t, 10)
	s.must("10 0 0 0 0 21 0")
	if s.sizer.asked != 10 {
		t.Errorf("%d sizes asked", s.sizer.asked)
	}
	before := files(t, s.dir)
	s.must("0 0 0 10 0 0 0")
	if after := files(t, s.dir); !maps.Equal(before, after) {
		t.Error("a run without changes changed files")
	}
	if s.sizer.asked != 10 {
		t.Error("known sizes were asked for again")
	}
	// One changes, one is new, one is gone.
	s.source.items[3].Label = item.Plain("en", "Other")
	s.source.items = append(s.source.items[:7:7], append(slices.Clone(s.source.items[8:]), object(10))...)
	s.cfg.DryRun = true
	rep, err := s.run()
	if err != nil || !slices.Equal(rep.Changed, []string{"item-003"}) || !slices.Equal(rep.Removed, []string{"item-007"}) {
		t.Fatalf("%v %+v", err, rep)
	}
	if d := rep.Diffs["item-003"]; len(d) != 2 || !strings.Contains(d[1], `label.en[0]: "Item 3" → "Other"`) {
		t.Errorf("diff %q", d)
	}
	if after := files(t, s.dir); !maps.Equal(before, after) {
		t.Error("a dry run changed files")
	}
	s.cfg.DryRun = false
	s.must("1 1 1 8 0 5 2")
	// A new file behind the same identifier.
	s.source.items[0].Pages[0].Image.Stamp = "2"
	asked := s.sizer.asked
	s.must("0 0 0 10 0 0 0")
	if s.sizer.asked != asked+1 {
		t.Errorf("%d sizes asked for one changed image", s.sizer.asked-asked)
	}
	// Someone deletes a file by hand.
	if err := os.Remove(filepath.Join(s.dir, "item-001.json")); err != nil {
		t.Fatal(err)
	}
	s.must("0 1 0 9 0 1 0")
	s.cfg.Recipe = "2"
	s.must("0 0 0 10 0 0 0")
}

func TestBadItemsKeepTheirLastGoodManifest(t *testing.T) {
	s := newSite(t, 4)
	s.must("4 0 0 0 0 9 0")
	good := files(t, s.dir)["item-002.json"]
	s.source.bad["test 2"] = fault.New("test", fault.Invalid, "image is null")
	s.source.items[1].Pages[0].Image = item.Image{ID: "gone.jpg"}
	s.sizer.fail["gone.jpg"] = fault.New("test", fault.Unavailable, "the image server is down")
	rep := s.must("0 0 0 2 2 0 0")
	if !rep.Failed() || !strings.Contains(rep.Failures[0].Text, "image server is down") || rep.Failures[1].Text != "image is null" {
		t.Errorf("failures %+v", rep.Failures)
	}
	if files(t, s.dir)["item-002.json"] != good {
		t.Error("the last good manifest is gone")
	}
	// A size that nobody knows.
	s.cfg.Sizer = nil
	s.source.items[1].Pages[0].Image = item.Image{ID: "unknown.jpg"}
	s.must("0 0 0 2 2 0 0")
}

func TestSourceThatBreaksOffRemovesNothing(t *testing.T) {
	s := newSite(t, 9)
	s.must("9 0 0 0 0 19 0")
	s.source.items = s.source.items[:2]
	s.source.items[0].Label = item.Plain("en", "New")
	s.source.end = fault.New("test", fault.Unavailable, "page 2 failed")
	rep, err := s.run()
	if !errors.Is(err, s.source.end) || len(rep.Removed) != 0 || len(rep.Changed) != 1 {
		t.Errorf("%v %+v", err, rep)
	}
	s.consistent()
}

func TestRemovalsAboveTheShareAreRefused(t *testing.T) {
	s := newSite(t, 20)
	s.must("20 0 0 0 0 41 0")
	s.source.items = s.source.items[:10]
	rep := s.must("0 0 0 10 0 0 0")
	if len(rep.Refused) != 10 || !rep.Failed() {
		t.Errorf("%+v", rep)
	}
	s.cfg.AllowDelete = true
	s.must("0 0 10 10 0 1 20")
}

func TestNameClash(t *testing.T) {
	s := newSite(t, 3)
	s.must("3 0 0 0 0 7 0")
	before := files(t, s.dir)["item-001.json"]
	thief := object(1)
	thief.Ref = "test 99"
	s.source.items = append(s.source.items, thief)
	rep, err := s.run()
	if err != nil || len(rep.Failures) != 2 {
		t.Fatalf("%v %+v", err, rep.Failures)
	}
	for _, f := range rep.Failures {
		if !strings.Contains(f.Ref+f.Text, "test 99") || !strings.Contains(f.Ref+f.Text, "test 1") {
			t.Errorf("the error names one item only: %+v", f)
		}
	}
	if files(t, s.dir)["item-001.json"] != before {
		t.Error("a clash replaced a manifest")
	}
	// Two newcomers: neither is published.
	a, b := object(50), object(50)
	b.Ref = "test 51"
	s.source.items = append(objects(3), a, b)
	rep, err = s.run()
	if err != nil || len(rep.Failures) != 2 || len(rep.Added) != 0 {
		t.Errorf("%v %+v", err, rep)
	}
	// A name that has become free.
	c := object(2)
	c.Ref = "test 52"
	s.source.items = append(objects(2), c)
	s.must("0 0 0 3 0 0 0") // the same bytes, another record
	c.Ref = "test 53"
	s.source.items = append(objects(3), c)
	// Its owner is gone and two want it: it is free for neither.
	if rep, err = s.run(); err != nil || len(rep.Failures) != 2 || !slices.Equal(rep.Removed, []string{"item-002"}) {
		t.Errorf("%v %+v", err, rep)
	}
}

func TestOnePublicationAtATime(t *testing.T) {
	s := newSite(t, 1)
	unlock, err := s.cfg.Target.Lock(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.run(); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a second publication: %v", err)
	}
	unlock()
	s.must("1 0 0 0 0 3 0")
}

// writes is a target that remembers the order of what is written.
type writes struct {
	Target
	mu    sync.Mutex
	paths []string
}

func (w *writes) Put(ctx context.Context, d presentation.Document) error {
	w.mu.Lock()
	w.paths = append(w.paths, d.Path)
	w.mu.Unlock()
	return w.Target.Put(ctx, d)
}

// TestAssets: what pages need is there before them, stays while nothing changes, and
// goes when nothing names it any more.
func TestAssets(t *testing.T) {
	s := newSite(t, 3)
	order := &writes{Target: s.cfg.Target}
	s.cfg.Target = order
	asset := func(version string) {
		s.cfg.Recipe = version
		s.cfg.Assets = []presentation.Document{{Path: "assets/" + version + "/a.css", MediaType: "text/css", Body: []byte(version)}}
	}
	asset("1")
	s.must("3 0 0 0 0 8 0")
	at := func(path string) int { return slices.Index(order.paths, path) }
	if a := at("assets/1/a.css"); a < 0 || a > at("item-000/index.html") || a > at("item-002.json") {
		t.Errorf("written in the order %q", order.paths)
	}
	s.must("0 0 0 3 0 0 0")
	asset("2")
	s.must("0 0 0 3 0 1 1")
}
