package decision

import (
	"strings"
	"testing"
)

// TestTold: what the origin tells of an image without a pyramid decides for a while
// where answers belong, and then where old ones are.
func TestTold(t *testing.T) {
	d := newDecider(t, Config{IndexTTL: 1000, NegativeTTL: 500})
	const target, canonical = "/iiif/3/b/0,0,400,300/400,300/0/default.jpg", "https://x.org/iiif/3/b/full/max/0/default.jpg"
	ask := func(now int64, target string, event Event, data string) Action {
		r := Request{Method: "GET", Target: target, Now: now, Event: event, Data: []byte(data)}
		return d.Decide(&r)
	}
	cache := "https://x.org/rendered/b/0,0,400,300/400,300/0/default.jpg@r1~" + DefaultStyle
	for i, s := range []struct {
		now    int64
		target string
		event  Event
		data   string
		kind   Kind
		want   Action
	}{
		{0, target, Start, "", Index, Action{Key: "pyramids/b.tif"}},
		{0, target, Absent, "", Fallback, Action{URL: "https://x.org" + target}},
		{10, target, Told, "nonsense", Fallback, Action{URL: "https://x.org" + target}},
		{10, target, Told, "r1 400,300 0,0 gray", Fallback, Action{URL: canonical, Cache: cache, Key: "rendered/b/0,0,400,300/400,300/0/default.jpg", Revision: "r1", Until: 500}},
		{20, strings.Replace(target, "default", "gray", 1), Start, "", Fallback, Action{URL: canonical, Cache: cache, Key: "rendered/b/0,0,400,300/400,300/0/default.jpg", Revision: "r1", Until: 500}},
		{30, "/iiif/3/b/info.json", Start, "", Respond, Action{Status: 200, Until: 500}},
		{30, "/iiif/3/b/full/9999,/0/default.jpg", Start, "", Respond, Action{Status: 400, Until: 500}},
		// The store is asked again, but the origin's word holds.
		{600, target, Start, "", Index, Action{Key: "pyramids/b.tif"}},
		{600, target, Absent, "", Fallback, Action{URL: canonical, Cache: cache, Key: "rendered/b/0,0,400,300/400,300/0/default.jpg", Revision: "r1", Until: 1010}},
		// It does not any more: an older answer is all that is known.
		{1010, target, Start, "", Fallback, Action{URL: "https://x.org" + target, Key: "rendered/b/0,0,400,300/400,300/0/default.jpg", Older: cache}},
		{1010, "/iiif/3/b/full/9999,/0/default.jpg", Start, "", Fallback, Action{URL: "https://x.org/iiif/3/b/full/9999,/0/default.jpg"}},
		{1010, "/iiif/3/b/info.json", Start, "", Fallback, Action{URL: "https://x.org/iiif/3/b/info.json"}},
		{1020, target, Told, "r2 400,300 0,0 gray", Fallback, Action{URL: canonical, Cache: strings.Replace(cache, "r1", "r2", 1), Key: "rendered/b/0,0,400,300/400,300/0/default.jpg", Revision: "r2", Until: 1100}},
		{1100, target, Start, "", Index, Action{Key: "pyramids/b.tif"}},
		{1100, target, Failed, "", Fallback, Action{URL: canonical, Cache: strings.Replace(cache, "r1", "r2", 1), Key: "rendered/b/0,0,400,300/400,300/0/default.jpg", Revision: "r2", Until: 2020}},
	} {
		a := ask(s.now, s.target, s.event, s.data)
		got := Action{Status: a.Status, URL: a.URL, Cache: a.Cache, Key: a.Key, Revision: a.Revision, Older: a.Older, Until: a.Until}
		if w := s.want; a.Kind != s.kind || got.Status != w.Status || got.URL != w.URL || got.Cache != w.Cache || got.Key != w.Key || got.Revision != w.Revision || got.Older != w.Older || got.Until != w.Until {
			t.Errorf("step %d: %s %+v\nwant %s %+v", i, a.Kind, got, s.kind, w)
		}
	}
}

// TestToldOfPyramid: where a pyramid came meanwhile, the origin's word only counts if
// it is about the same revision.
func TestToldOfPyramid(t *testing.T) {
	d := newDecider(t, Config{})
	data := small(t, "r1")
	if a := d.Decide(&Request{Method: "GET", Target: tileTarget, Event: Head, ETag: "e", Size: int64(len(data)), Data: data}); a.Kind != Tile || a.Until != 60_000 {
		t.Fatalf("%s until %d", a.Kind, a.Until)
	}
	for told, want := range map[string]string{"r1 512,512 0,0 gray": "https://x.org/tiles/a@r1/0,0,512,512/512,512/0/default.jpg~e", "r2 512,512 0,0 gray": ""} {
		if a := d.Decide(&Request{Method: "GET", Target: tileTarget, Event: Told, Data: []byte(told)}); a.Cache != want {
			t.Errorf("%s: %s %s", told, a.Kind, a.Cache)
		}
	}
	if a := d.Decide(&Request{Method: "GET", Target: tileTarget}); a.Kind != Tile {
		t.Errorf("afterwards: %s", a.Kind)
	}
}
