package answer_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// TestFail: status, headers and both forms of the body, as a JSON reader and
// net/http's table of titles see them.
func TestFail(t *testing.T) {
	for kind := fault.Internal; kind <= fault.Canceled; kind++ {
		text := "region \"<b>\u2028\" & more…"
		for _, accept := range []string{"", "application/json", "text/html, application/json", "application/ld+json;q=0.1"} {
			f := answer.Fail(kind, text, accept, 7)
			h := map[string]string{}
			for _, x := range f.Headers {
				h[x.Name] = x.Value
			}
			if f.Status != kind.Status() || h["Cache-Control"] != "no-store" || h["Vary"] != "Accept" ||
				(h["Retry-After"] == "7") != (f.Status == 503) || (h["WWW-Authenticate"] != "") != (f.Status == 401) {
				t.Errorf("%v: %d %v", kind, f.Status, f.Headers)
			}
			if !strings.Contains(accept, "json") || strings.Contains(accept, "html") {
				if f.ContentType != "text/plain; charset=utf-8" || string(f.Body) != text+"\n" {
					t.Errorf("%v: %s %q", kind, f.ContentType, f.Body)
				}
				continue
			}
			var p struct {
				Title, Detail string
				Status        int
			}
			title := http.StatusText(f.Status)
			if title == "" {
				title = "Error"
			}
			if err := json.Unmarshal(f.Body, &p); err != nil || f.ContentType != "application/problem+json" ||
				p.Title != title || p.Status != f.Status || p.Detail != text {
				t.Errorf("%v: %s %q %v", kind, f.ContentType, f.Body, err)
			}
		}
	}
}

func TestTag(t *testing.T) {
	sum := sha256.Sum256([]byte("image\x00id@r/0,0,1,1\x00q85\x00"))
	if got, want := answer.ImageTag("id@r/0,0,1,1", "q85"), `"`+hex.EncodeToString(sum[:16])+`"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if answer.Tag("a", "b") == answer.Tag("ab", "") {
		t.Error("two lists look the same")
	}
}

func TestMatches(t *testing.T) {
	const tag = `"abc"`
	for list, want := range map[string]bool{
		tag: true, "W/" + tag: true, "*": true, ` , "x" ,"abc"`: true, `W/"x,y",W/"abc"`: true,
		"": false, `"x"`: false, `abc`: false, `"abc`: false, `"x", abc`: false, `"abcd"`: false, `W/`: false, `w/"abc"`: false,
	} {
		if got := answer.Matches(list, tag); got != want {
			t.Errorf("%q: %v", list, got)
		}
	}
}

// TestRoutes: what is ours is recognised by its first segment only, and a public
// prefix is taken off where that leaves something of ours.
func TestRoutes(t *testing.T) {
	for path, want := range map[string]answer.Route{
		"/": answer.Gallery, "/iiif/": answer.IIIF, "/iiif/3/x": answer.IIIF, "/iiif": answer.None, "/IIIF/3": answer.None, "": answer.None,
		"/viewer": answer.Viewer, "/viewer/x": answer.Viewer, "/viewers": answer.None, "/static/a": answer.Static, "/robots.txt": answer.Static,
		"/health/live": answer.Health, "/health/x": answer.None, "//iiif/3/x": answer.None,
	} {
		if got := answer.RouteOf(path); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
	for _, c := range []struct{ path, prefix, want string }{
		{"/a/iiif/3/x", "/a", "/iiif/3/x"}, {"/iiif/3/x", "/a", "/iiif/3/x"}, {"/a", "/a", "/"}, {"/ab", "/a", "/ab"},
		{"/a/b", "/a", "/a/b"}, {"/iiif/3/x", "/iiif", "/iiif/3/x"}, {"/x", "", "/x"},
	} {
		if got := answer.Strip(c.path, c.prefix); got != c.want {
			t.Errorf("%s without %s: %s, want %s", c.path, c.prefix, got, c.want)
		}
	}
}

// TestLinks: the relations and their forms of Image API 3.0 §4.8 and §6, 2.1 §5.1.
func TestLinks(t *testing.T) {
	if got, want := answer.ImageLink("https://x.org/iiif/3/a/full/max/0/default.jpg", iiif.V3),
		`<https://x.org/iiif/3/a/full/max/0/default.jpg>;rel="canonical", <http://iiif.io/api/image/3/level2.json>;rel="profile"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := answer.InfoLink(iiif.V2, "application/json"), `<http://iiif.io/api/image/2/level2.json>;rel="profile", `+
		`<http://iiif.io/api/image/2/context.json>;rel="http://www.w3.org/ns/json-ld#context";type="application/ld+json"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := answer.InfoLink(iiif.V3, "application/ld+json"); strings.Contains(got, "context") {
		t.Errorf("JSON-LD says its context itself: %s", got)
	}
}

// TestDescription: what is told of an image is understood, and nothing else is.
func TestDescription(t *testing.T) {
	info := iiif.Info{Width: 4000, Height: 3001, TileWidth: 256, TileHeight: 512, Native: iiif.Gray, Sizes: []iiif.Size{{Width: 2000, Height: 1501}, {Width: 1000, Height: 751}}}
	text := answer.Description(info, `"5f-3"`)
	if want := `"5f-3" 4000,3001 256,512 gray 2000,1501 1000,751`; text != want {
		t.Errorf("%s, want %s", text, want)
	}
	got, revision, ok := answer.ParseDescription(text)
	if !ok || revision != `"5f-3"` || !reflect.DeepEqual(got, info) {
		t.Errorf("%v %q %v", got, revision, ok)
	}
	if got, _, ok := answer.ParseDescription("r 1,2 0,0 color"); !ok || got.Sizes != nil || got.Native != iiif.Color {
		t.Errorf("%v %v", got, ok)
	}
	for _, bad := range []string{
		"", "r", "r 1,2 0,0", "r 1,2 0,0 pink", "r 0,2 0,0 color", "r 1,2 0,0 color 0,1", "r 1,2,3 0,0 color", "r 1 0,0 color", "r -1,2 0,0 color",
		"r 2147483647,1 0,0 color", " 1,2 0,0 color", "r 1,2 0,0 color " + strings.Repeat("1,1 ", 65), "r 1,2  0,0 color",
	} {
		if _, _, ok := answer.ParseDescription(bad); ok {
			t.Errorf("%q is understood", bad)
		}
	}
	for _, revision := range []string{"", "a b", "ä", "a\n"} {
		if text := answer.Description(info, revision); text != "" {
			t.Errorf("%q: %q", revision, text)
		}
	}
}

func FuzzParseDescription(f *testing.F) {
	f.Add("r 4000,3000 512,512 gray 2000,1500 1000,750")
	f.Fuzz(func(t *testing.T, text string) {
		info, revision, ok := answer.ParseDescription(text)
		if again := answer.Description(info, revision); ok && again != "" {
			if i, r, ok := answer.ParseDescription(again); !ok || r != revision || !reflect.DeepEqual(i, info) {
				t.Errorf("%q: %q", text, again)
			}
		}
	})
}
