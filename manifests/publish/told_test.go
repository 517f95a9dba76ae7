package publish

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/manifests/item"
)

// TestChangeDiscovery: what appears for the first time is a Create, what changes later an
// Update, what goes a Delete; all at a time when it could be seen.
func TestChangeDiscovery(t *testing.T) {
	s := newSite(t, 3)
	s.cfg.Lists = append(s.cfg.Lists, s.cfg.Builder.Activity)
	kinds := func() string {
		t.Helper()
		if _, err := s.run(); err != nil {
			t.Fatal(err)
		}
		var page struct {
			Items []struct {
				Type   string
				Object struct{ ID string }
			} `json:"orderedItems"`
		}
		if err := json.Unmarshal([]byte(files(t, s.dir)["activity/page-0.json"]), &page); err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, a := range page.Items {
			list = append(list, a.Type+" "+strings.TrimPrefix(a.Object.ID, "https://m.example.org/item-"))
		}
		slices.Sort(list)
		return strings.Join(list, ", ")
	}
	if got := kinds(); got != "Create 000.json, Create 001.json, Create 002.json" {
		t.Error(got)
	}
	s.source.items[1].Label = item.Plain("en", "Other")
	s.source.items = s.source.items[:2]
	if got := kinds(); got != "Create 000.json, Delete 002.json, Update 001.json" {
		t.Error(got)
	}
}

// TestProgress: each phase that takes long counts up to its end.
func TestProgress(t *testing.T) {
	s := newSite(t, 2*sizesAtOnce+1)
	seen := map[string][]int{}
	s.cfg.Progress = func(phase string, done, total int) {
		if phase != "read" && total != 2*sizesAtOnce+1 {
			t.Errorf("%s: %d of %d", phase, done, total)
		}
		seen[phase] = append(seen[phase], done)
	}
	if _, err := s.run(); err != nil {
		t.Fatal(err)
	}
	if got := seen["sizes"]; !slices.Equal(got, []int{0, sizesAtOnce, 2 * sizesAtOnce, 2*sizesAtOnce + 1}) {
		t.Errorf("sizes: %v", got)
	}
	for _, phase := range []string{"read", "publish"} {
		if got := seen[phase]; len(got) != 2*sizesAtOnce+1 || !slices.IsSorted(got) {
			t.Errorf("%s: %d calls", phase, len(got))
		}
	}
}
