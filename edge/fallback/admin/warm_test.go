package admin

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

const infoJSON = `{"id":"x","sizes":[{"width":250,"height":140},{"width":1024,"height":576},{"width":2000,"height":1125}],"width":4000}`

// TestWarm: an identifier is its description and its small whole images, the rest is
// taken as it stands.
func TestWarm(t *testing.T) {
	s := setUp(t, Config{Token: token, Public: parse(t, "https://x.example/maps")})
	base := "https://x.example/maps"
	for _, url := range []string{"/iiif/3/a%2Fb/full/250,140/0/default.jpg", "/iiif/3/a%2Fb/full/1024,576/0/default.jpg", "/site/index.html", "/page"} {
		s.edge.pages[base+url] = "x"
	}
	s.edge.pages[base+"/iiif/3/a%2Fb/info.json"] = infoJSON
	s.edge.pages[base+"/iiif/3/bad/info.json"] = "no JSON"
	list := "# comment\n\na/b\n" + base + "/page\r\n/site/index.html\nbad\nabsent\n/down\nhttps://elsewhere.example/x\nhttps://x.example/mapsx\n../x\n"
	for name, body := range map[string]string{
		"lines": list,
		"JSON":  ` ["a/b", "` + base + `/page", "/site/index.html", "bad", "absent", "/down", "https://elsewhere.example/x", "https://x.example/mapsx", "../x"]`,
	} {
		s.edge.asked = nil
		var r warmed
		s.call(t, "POST", "/maps/admin/warm", body, &r)
		slices.Sort(s.edge.asked)
		wanted := []string{
			"GET " + base + "/down", "GET " + base + "/iiif/3/a%2Fb/full/1024,576/0/default.jpg", "GET " + base + "/iiif/3/a%2Fb/full/250,140/0/default.jpg",
			"GET " + base + "/iiif/3/a%2Fb/info.json", "GET " + base + "/iiif/3/absent/info.json", "GET " + base + "/iiif/3/bad/info.json",
			"GET " + base + "/page", "GET " + base + "/site/index.html",
		}
		if !slices.Equal(s.edge.asked, wanted) {
			t.Errorf("%s: asked for\n%s", name, strings.Join(s.edge.asked, "\n"))
		}
		if r.Requests != 8 || r.Failed != 6 || len(r.Failures) != 6 || r.Skipped != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	want(t, "no list", s.call(t, "POST", "/maps/admin/warm", "[1", nil).Code, 400)
	want(t, "too long", s.call(t, "POST", "/maps/admin/warm", strings.Repeat("x\n", maxBody), nil).Code, 400)
}

// TestWarmBounds: no more requests than allowed, and no more at once.
func TestWarmBounds(t *testing.T) {
	s := setUp(t, Config{Token: token, WarmMax: 10, WarmConcurrency: 3})
	var list strings.Builder
	for i := range 25 {
		fmt.Fprintf(&list, "/page/%d\n", i)
		s.edge.pages[fmt.Sprintf("https://iiif.example.org/page/%d", i)] = "x"
	}
	synctest.Test(t, func(t *testing.T) {
		s.edge.started = make(chan struct{})
		done := make(chan warmed)
		go func() {
			var r warmed
			s.call(t, "POST", "/admin/warm", list.String(), &r)
			done <- r
		}()
		// Requests go on only when all that may be under way are.
		for {
			synctest.Wait()
			select {
			case r := <-done:
				if r.Requests != 10 || r.Skipped != 15 || r.Failed != 0 {
					t.Errorf("%+v", r)
				}
				want(t, "at once", s.edge.most, 3)
				want(t, "asked", len(s.edge.asked), 10)
				return
			case <-s.edge.started:
			}
		}
	})
}

// TestNightly: publish, then warm what the settings and the bucket list; what fails
// stops nothing.
func TestNightly(t *testing.T) {
	s := setUp(t, Config{PublishPath: "/hooks/publish", WarmList: []string{"/one"}, Prefix: "store/"})
	for _, page := range []string{"one", "two"} {
		s.edge.pages["https://iiif.example.org/"+page] = "x"
	}
	s.bucket.objects["store/warm.txt"] = "# the catalogue\n/two\n"
	n := s.Nightly(t.Context())
	want(t, "hook", s.origin.asked[0], "POST http://origin:8182/hooks/publish")
	want(t, "status without a hook", n.Publish, 404)
	want(t, "problems", len(n.Problems), 0)
	if n.Warm == nil || n.Warm.Requests != 2 || n.Warm.Failed != 0 {
		t.Errorf("warm: %+v", n.Warm)
	}
	s.origin.pages["http://origin:8182/hooks/publish"] = "done"
	want(t, "status of a hook", s.Nightly(t.Context()).Publish, 200)

	s = setUp(t, Config{PublishPath: "/down", WarmList: []string{"/one"}})
	s.edge.pages["https://iiif.example.org/one"] = "x"
	s.bucket.objects["warm.txt"] = "[1"
	n = s.Nightly(t.Context())
	want(t, "problems", len(n.Problems), 2)
	if n.Warm == nil || n.Warm.Requests != 1 {
		t.Errorf("warm after failures: %+v", n.Warm)
	}

	s = setUp(t, Config{})
	if n = s.Nightly(t.Context()); n.Publish != 0 || n.Warm != nil || len(n.Problems) != 0 || len(s.origin.asked) != 0 {
		t.Errorf("with nothing to do: %+v", n)
	}
}
