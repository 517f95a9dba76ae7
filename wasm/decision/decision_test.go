package decision

import (
	"bytes"
	"image"
	"image/jpeg"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

// sink is a pyramid in memory.
type sink []byte

func (s *sink) WriteAt(p []byte, off int64) (int, error) {
	if n := int(off) + len(p); n > len(*s) {
		*s = append(*s, make([]byte, n-len(*s))...)
	}
	return copy((*s)[off:], p), nil
}

// small returns the pyramid of a gray image of 512 × 512 pixels: one tile a level.
func small(t testing.TB, revision string) []byte {
	t.Helper()
	var s sink
	w, err := pyramid.NewWriter(pyramid.Options{Width: 512, Height: 512, Colour: pyramid.Gray, Revision: revision}, &s)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(n iiif.Size) []byte {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, n.Width, n.Height)), nil); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for k := range w.Geometry().Layout().Levels {
		var exact [][]byte
		for _, n := range w.Geometry().Exacts(k, 0, 0) {
			exact = append(exact, encode(n))
		}
		if err := w.Put(k, 0, 0, encode(iiif.Size{Width: 512, Height: 512}), exact...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

func newDecider(t testing.TB, c Config) *Decider {
	t.Helper()
	c.PublicURL = "https://x.org"
	d, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const (
	tileTarget = "/iiif/3/a/full/512,512/0/default.jpg"
	tileKey    = "pyramids/a.tif"
)

// steps tells a Decider a sequence of outcomes and compares what it decides, as
// "kind etag-of-the-store state".
func steps(t *testing.T, d *Decider, list []struct {
	at   int64
	r    Request
	want string
}) {
	t.Helper()
	for i, s := range list {
		s.r.Method, s.r.Target, s.r.Now = "GET", tileTarget, s.at
		a := d.Decide(&s.r)
		if got := strings.Join([]string{string(a.Kind), a.ETag, strconv.Itoa(a.State)}, " "); got != s.want {
			t.Fatalf("step %d: %q, want %q", i, got, s.want)
		}
	}
}

type step = struct {
	at   int64
	r    Request
	want string
}

// TestLifeOfAnIndex: an index is read, used while it is young, asked for again by
// its entity tag, and kept for a while when the store does not answer.
func TestLifeOfAnIndex(t *testing.T) {
	p := small(t, "r1")
	head := Request{Event: Head, ETag: "e1", Size: int64(len(p)), Data: p}
	steps(t, newDecider(t, Config{}), []step{
		{0, Request{}, "index  0"},
		{10, head, "tile e1 0"},
		{59_000, Request{}, "tile e1 0"},
		{60_010, Request{}, "index e1 0"},
		{60_020, Request{Event: Same, ETag: "e1"}, "tile e1 0"},
		{120_019, Request{}, "tile e1 0"},
		{120_020, Request{}, "index e1 0"},
		{120_030, Request{Event: Failed}, "tile e1 0"}, // stale rather than nothing
		{120_040, Request{}, "tile e1 0"},
		{125_030, Request{}, "index e1 0"},
		{125_040, Request{Event: Absent}, "fallback  0"}, // removed
		{185_039, Request{}, "fallback  0"},
		{185_040, Request{}, "index  0"},
		{185_050, Request{Event: Failed}, "fallback  0"},
		{185_060, Request{}, "index  0"}, // a failure is not remembered as an absence
	})
}

// TestReplacedTwice: an index whose tile was replaced is read anew, once; a newer
// one that another request brought meanwhile is not thrown away.
func TestReplacedTwice(t *testing.T) {
	p := small(t, "r1")
	read := func(tag string, state int) Request {
		return Request{Event: Head, ETag: tag, Size: int64(len(p)), Data: p, State: state}
	}
	steps(t, newDecider(t, Config{}), []step{
		{0, read("e1", 0), "tile e1 0"},
		{1, Request{Event: Changed, ETag: "e1"}, "index  1"},
		{2, read("e2", 1), "tile e2 1"},
		{3, Request{Event: Changed, ETag: "e2", State: 1}, "fallback  0"},
		{4, Request{Event: Changed, ETag: "e1"}, "tile e2 1"}, // a slow one
	})
}

// TestDamaged: what is no whole pyramid of ours is left to the origin.
func TestDamaged(t *testing.T) {
	p := small(t, "r1")
	broken := bytes.Clone(p)
	broken[200] ^= 1
	for name, r := range map[string]Request{
		"cut":     {Size: int64(len(p)) - 1, Data: p[:len(p)-1]},
		"longer":  {Size: int64(len(p)) + 1, Data: p},
		"flipped": {Size: int64(len(p)), Data: broken},
		"empty":   {},
		"a few":   {Size: 10, Data: p[:10]},
		"text":    {Size: 500, Data: bytes.Repeat([]byte("text "), 100)},
	} {
		r.Method, r.Target, r.Event, r.ETag = "GET", tileTarget, Head, "e"
		if a := newDecider(t, Config{}).Decide(&r); a.Kind != Fallback || a.Cache != "" {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// TestFallback: what no tile answers has one canonical URL and one key, whatever
// its spelling.
func TestFallback(t *testing.T) {
	p := small(t, "r1")
	d := newDecider(t, Config{Style: "q85"})
	for _, spelled := range []string{"full/100,100/90/default.png", "0,0,512,512/!100,200/90.0/gray.png", "pct:0,0,100,100/100,/0090/color.png"} {
		r := Request{Method: "GET", Target: "/iiif/3/a%2fb/" + spelled, Event: Head, ETag: "e", Size: int64(len(p)), Data: p}
		a := d.Decide(&r)
		if a.Kind != Fallback || a.URL != "https://x.org/iiif/3/a%2Fb/full/100,100/90/default.png" || a.Revision != "r1" ||
			a.Key != "rendered/a%2Fb/0,0,512,512/100,100/90/default.png" || a.Cache != "https://x.org/"+a.Key+"@r1~q85" {
			t.Errorf("%s: %+v", spelled, a)
		}
	}
}

// TestMemory: it keeps what was used last, within both bounds.
func TestMemory(t *testing.T) {
	var m memory
	m.init(1<<20, 3)
	for _, key := range []string{"a", "b", "c"} {
		m.keep(&entry{key: key})
	}
	m.find("a")
	m.keep(&entry{key: "d"})
	for key, want := range map[string]bool{"a": true, "b": false, "c": true, "d": true} {
		if got := m.find(key) != nil; got != want {
			t.Errorf("%s: %v", key, got)
		}
	}
	m.keep(&entry{key: "a", etag: "new"})
	if len(m.entries) != 3 || m.find("a").etag != "new" {
		t.Errorf("%d entries", len(m.entries))
	}
	m.init(10_000, 1000)
	for i := range 500 {
		m.keep(&entry{key: strings.Repeat("k", 100) + strconv.Itoa(i)})
		if m.bytes > 10_000 {
			t.Fatalf("%d bytes", m.bytes)
		}
	}
	for _, e := range m.entries {
		m.drop(e)
	}
	if m.bytes != 0 || m.ring.older != &m.ring {
		t.Errorf("%d bytes are left of nothing", m.bytes)
	}
}

// TestRemade: a pyramid that was made anew of the same revision shares nothing in the
// cache with the one before: its tiles have other lengths.
func TestRemade(t *testing.T) {
	p := small(t, "r1")
	caches := map[string]bool{}
	for _, tag := range []string{"e1", "e2"} {
		a := newDecider(t, Config{}).Decide(&Request{Method: "GET", Target: tileTarget, Event: Head, ETag: tag, Size: int64(len(p)), Data: p})
		if a.Kind != Tile {
			t.Fatalf("%+v", a)
		}
		caches[a.Cache] = true
	}
	if len(caches) != 2 {
		t.Errorf("%v", caches)
	}
}

// TestPrefixes: with a path in the public URL and one in the bucket, everything is
// below them: images, documents, what was rendered, calls of the administrator. A
// proxy may have taken the path of the URL off.
func TestPrefixes(t *testing.T) {
	p := small(t, "r1")
	for _, spelled := range []string{"a/b", "/a/b/"} {
		c, err := ParseConfig("VITRINE_PUBLIC_URL=https://x.org/maps/\x00VITRINE_STORE_PREFIX=" + spelled + "\x00")
		if err != nil {
			t.Fatal(err)
		}
		d, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, prefix := range []string{"/maps", ""} {
			at := Request{Method: "GET", Event: Head, ETag: "e", Size: int64(len(p)), Data: p}
			for target, want := range map[string]Action{
				"/iiif/3/i/full/512,512/0/default.jpg": {Kind: Tile, Key: "a/b/pyramids/i.tif"},
				"/iiif/3/i/full/9,/90/default.png":     {Kind: Fallback, Key: "a/b/rendered/i/0,0,512,512/9,9/90/default.png", URL: "https://x.org/maps/iiif/3/i/full/9,9/90/default.png"},
				"/admin/status":                        {Kind: Pass},
				"/health":                              {Kind: Page, URL: "https://x.org/maps/health"},
				"/m/search?q=x":                        {Kind: Page, URL: "https://x.org/maps/m/search?q=x"},
			} {
				at.Target = prefix + target
				if a := d.Decide(&at); a.Kind != want.Kind || a.Key != want.Key || a.URL != want.URL {
					t.Errorf("%s: %s %s %s", at.Target, a.Kind, a.Key, a.URL)
				}
			}
			a := d.Decide(&Request{Method: "GET", Target: prefix + "/m/x.json"})
			if a.Kind != Object || a.Key != "a/b/site/m/x.json" {
				t.Errorf("%s: a document: %s %s", prefix, a.Kind, a.Key)
			}
			a = d.Decide(&Request{Method: "GET", Target: prefix + "/m", Event: Found, State: asFolder})
			if a.Status != 301 || !slices.Contains(a.Headers, answer.Header{Name: "Location", Value: "https://x.org/maps/m/"}) {
				t.Errorf("%s: a folder: %d %v", prefix, a.Status, a.Headers)
			}
		}
		if a := d.Decide(&Request{Method: "GET", Target: "/mapsx/y"}); a.Key != "a/b/site/mapsx/y" {
			t.Errorf("another path: %+v", a)
		}
	}
}

func TestConfig(t *testing.T) {
	c, err := ParseConfig("VITRINE_PUBLIC_URL=https://x.org/a/\x00VITRINE_INDEX_TTL=5\x00VITRINE_UPSCALING=false\x00VITRINE_ATTRIBUTION=a=b\nc\x00")
	if err != nil || c.IndexTTL != 5000 || !c.Limits.NoUpscale || c.Info.Attribution != "a=b\nc" || c.Limits.MaxArea != 10_000_000 {
		t.Errorf("%+v %v", c, err)
	}
	for _, text := range []string{
		"VITRINE_NONSENSE=1", "VITRINE_INDEX_TTL=0", "VITRINE_INDEX_TTL=1e3", "VITRINE_MAX_AREA=-1", "VITRINE_MAX_WIDTH=4294967296",
		"VITRINE_UPSCALING=yes", "VITRINE_STYLE=\n", "=",
	} {
		if _, err := ParseConfig(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for url, want := range map[string]string{
		"https://x.org": "https://x.org ", "http://x.org:80/": "http://x.org:80 ", "https://x.org/a/b/": "https://x.org /a/b", "https://[::1]:8/": "https://[::1]:8 ",
		"": "", "x.org": "", "ftp://x.org": "", "https://": "", "https:///a": "", "https://x.org/a//b": "", "https://x.org/a%2Fb": "", "https://u@x.org": "",
		"https://x.org/?q": "", "https://x.org/..": "", "https://x.org\n": "",
	} {
		_, err := New(Config{PublicURL: url})
		origin, prefix, ok := splitURL(url)
		if ok != (want != "") || (err == nil) != ok || ok && origin+" "+prefix != want {
			t.Errorf("%q: %q %q %v %v", url, origin, prefix, ok, err)
		}
	}
	if _, err := New(Config{PublicURL: "https://x.org", InfoCacheControl: "a\r\nb: c"}); err == nil {
		t.Error("a header value with a line break is taken")
	}
}

func TestSiteKey(t *testing.T) {
	for path, want := range map[string]string{
		"/": "site/index.html", "/a/": "site/a/index.html", "/a%20b/ü.json": "site/a b/ü.json", "/.well-known/x": "site/.well-known/x", "/a%2Fb": "site/a/b",
		"/../x": "", "/a/%2e%2e/x": "", "/a//b": "", "//a": "", "/%00": "", "/%zz": "", "/%ff": "", "/.vitrine/state.json": "", "/a/.git/x": "",
		"/" + strings.Repeat("x", 1025): "", "/%2Fa": "",
	} {
		if got, ok := siteKey(path); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q %v", path, got, ok)
		}
	}
	for key, want := range map[string]string{
		"site/index.html": "text/html; charset=utf-8", "site/a.JSON": "application/json", "site/a.js": "text/javascript; charset=utf-8", "site/a": "application/octet-stream",
		"site/manifests/a.json": `application/ld+json;profile="http://iiif.io/api/presentation/3/context.json"`, "site/a.b/c": "application/octet-stream",
		"site/x/manifest.json": `application/ld+json;profile="http://iiif.io/api/presentation/3/context.json"`,
	} {
		if got := answer.MediaType(key); got != want {
			t.Errorf("%s: %s", key, got)
		}
	}
}

// TestVersion2: the 2.1 form is looked for first, and then the other one is sent.
func TestVersion2(t *testing.T) {
	d := newDecider(t, Config{})
	r := Request{Method: "GET", Target: "/a.json?version=2"}
	a := d.Decide(&r)
	if a.Kind != Object || a.Key != "site/a/v2.json" {
		t.Fatalf("%+v", a)
	}
	r.Event, r.State, r.ETag, r.Size, r.Data = Found, a.State, "e", 5, []byte("application/json")
	if a := d.Decide(&r); a.Kind != Send || a.Key != "site/a/v2.json" {
		t.Errorf("%+v", a)
	}
	r.Event = Absent
	if a = d.Decide(&r); a.Kind != Object || a.Key != "site/a.json" {
		t.Fatalf("%+v", a)
	}
	r.State = a.State
	if a := d.Decide(&r); a.Kind != Respond || a.Status != 404 {
		t.Errorf("%+v", a)
	}
	if a := d.Decide(&Request{Method: "GET", Target: "/a/search?q=x%20y"}); a.Kind != Page || a.URL != "https://x.org/a/search?q=x%20y" {
		t.Errorf("%+v", a)
	}
}

// TestWire: a request survives the boundary; what is malformed is refused.
func TestWire(t *testing.T) {
	r := Request{Method: "GET", Target: "/ü?x", IfNoneMatch: `"a"`, Accept: "*/*", Now: 12345678901234, Event: Head, State: 1, ETag: "e", Size: 77, Data: []byte("data")}
	text := AppendRequest(nil, &r)
	got, err := ParseRequest(text, r.Data)
	if err != nil || got.Target != r.Target || got.Now != r.Now || got.Event != r.Event || got.State != 1 || got.Size != 77 || string(got.Data) != "data" {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range []string{"", "\n", string(text) + "x", string(text[:len(text)-1]), strings.Replace(string(text), "77", "x", 1)} {
		if _, err := ParseRequest([]byte(bad), nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// FuzzDecide: whatever is asked and whatever is said to have happened, there is an
// action that can be carried out.
func FuzzDecide(f *testing.F) {
	p := small(f, "r1")
	f.Add("GET", tileTarget, `"x"`, "*/*", "head", 0, "e", int64(len(p)), p)
	f.Add("HEAD", "/iiif/2/a/info.json?x", "", "application/json", "absent", 1, "", int64(0), []byte(nil))
	f.Add("GET", "/folder", "*", "", "found", 1, "e", int64(5), []byte("text/html"))
	d := newDecider(f, Config{})
	f.Fuzz(func(t *testing.T, method, target, match, accept, event string, state int, etag string, size int64, data []byte) {
		r := Request{Method: method, Target: target, IfNoneMatch: match, Accept: accept, Event: Event(event), State: state, ETag: etag, Size: size, Data: data}
		a := d.Decide(&r)
		switch a.Kind {
		case Respond, Send:
			if a.Status < 200 || a.Status > 599 || len(a.Headers) < 4 {
				t.Fatalf("%+v", a)
			}
		case Tile:
			if a.Length < 1 || a.Offset < 1 || a.Key == "" || a.Cache == "" || a.Status != 200 {
				t.Fatalf("%+v", a)
			}
		case Index:
			if a.Length < 1 || a.Length > maxHead || a.Key == "" {
				t.Fatalf("%+v", a)
			}
		case Object:
			if !strings.HasPrefix(a.Key, sitePrefix) {
				t.Fatalf("%+v", a)
			}
		case Fallback, Page:
			if !strings.HasPrefix(a.URL, "https://x.org/") {
				t.Fatalf("%+v", a)
			}
		case Pass:
		default:
			t.Fatalf("%+v", a)
		}
		for _, h := range a.Headers {
			if strings.ContainsFunc(h.Value, func(c rune) bool { return c < ' ' || c > '~' }) && h.Name != "ETag" {
				t.Fatalf("%s: %q", h.Name, h.Value)
			}
		}
	})
}
