package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/manifests/publish"
	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
)

const hookToken = "a-long-enough-token"

// fetched is an answer.
type fetched struct {
	status int
	header http.Header
	body   string
}

// fetch sends a request with header fields in pairs; it follows no redirect.
func fetch(t *testing.T, method, url string, header ...string) fetched {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fetched{resp.StatusCode, resp.Header, string(body)}
}

const page1 = `<?xml version="1.0"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v3#"><Layout><Page WIDTH="60" HEIGHT="40"><PrintSpace>
<TextBlock><TextLine HPOS="1" VPOS="2" WIDTH="30" HEIGHT="4"><String CONTENT="Žluťoučký"/><SP/><String CONTENT="kůň"/></TextLine></TextBlock>
</PrintSpace></Page></Layout></alto>`

// TestServePublishes: a server publishes by itself when nothing has been published yet,
// answers what it published, and follows its source when a hook tells it to; to a
// folder and to a bucket.
func TestServePublishes(t *testing.T) {
	bucket := s3test.Start(t)
	for name, c := range map[string]struct {
		to   func(t *testing.T) string
		base string
	}{
		"folder": {func(t *testing.T) string { return filepath.Join(t.TempDir(), "new") }, "https://x.org"},
		"bucket": {func(*testing.T) string { return "s3://" + bucket.Bucket + "/site" }, "https://x.org/m"},
	} {
		t.Run(name, func(t *testing.T) {
			images := t.TempDir()
			if err := os.Mkdir(filepath.Join(images, "letter"), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, images, "letter/1.png", tinyPNG(t, 60, 40))
			write(t, images, "letter/1.xml", []byte(page1))
			base, logs := startLogged(t, "--source", images, "--publish-from", images, "--publish-to", c.to(t), "--publish-base", c.base, "--publish-images", "https://i.org",
				"--publish-hook-token", hookToken, "--s3-endpoint", bucket.Endpoint, "--s3-path-style", "--s3-access-key", bucket.Access, "--s3-secret-key", bucket.Secret)
			at := base + strings.TrimPrefix(c.base, "https://x.org")
			var f fetched
			eventually(t, "the first publication", func() bool { f = fetch(t, "GET", at+"/letter.json"); return f.status == 200 })
			var m struct {
				ID    string
				Items []struct{ Width int }
			}
			if err := json.Unmarshal([]byte(f.body), &m); err != nil || m.ID != c.base+"/letter.json" || len(m.Items) != 1 || m.Items[0].Width != 60 {
				t.Errorf("%v: %s", err, f.body)
			}
			if got := f.header.Get("Content-Type"); got != `application/ld+json;profile="http://iiif.io/api/presentation/3/context.json"` {
				t.Errorf("a manifest is %s", got)
			}
			if f := fetch(t, "GET", at+"/letter.json?version=2"); !strings.Contains(f.body, "sc:Manifest") || f.header.Get("Content-Type") != "application/json" {
				t.Errorf("version 2: %d %v %.100s", f.status, f.header, f.body)
			}
			if f := fetch(t, "GET", at+"/letter/search?q=zlutoucky"); f.status != 200 || !strings.Contains(f.body, "Žluťoučký kůň") || !strings.Contains(f.body, `"id": "`+c.base+`/letter/search?q=zlutoucky"`) {
				t.Errorf("search: %d %s", f.status, f.body)
			}
			for _, path := range []string{"/.vitrine/state.json", "/.vitrine/lock", "/other.json"} {
				if f := fetch(t, "GET", at+path); f.status != 404 {
					t.Errorf("%s: %d", path, f.status)
				}
			}
			eventually(t, "the collection", func() bool { return fetch(t, "GET", at+"/collection.json").status == 200 })

			write(t, images, "map.png", tinyPNG(t, 20, 10))
			if err := os.RemoveAll(filepath.Join(images, "letter")); err != nil {
				t.Fatal(err)
			}
			if f := fetch(t, "POST", base+"/hooks/publish", "X-Vitrine-Token", "wrong"); f.status != 401 {
				t.Errorf("the wrong token: %d", f.status)
			}
			for range 3 {
				if f := fetch(t, "POST", base+"/hooks/publish", "Authorization", "Bearer "+hookToken); f.status != 202 {
					t.Errorf("the hook: %d %s", f.status, f.body)
				}
			}
			eventually(t, "the second publication", func() bool {
				return fetch(t, "GET", at+"/letter.json").status == 404 && fetch(t, "GET", at+"/map.json").status == 200
			})
			eventually(t, "its end in the log", func() bool { return strings.Count(logs.String(), `"msg":"published"`) == 2 })
			if strings.Contains(logs.String(), hookToken) {
				t.Error("the log has the token")
			}
		})
	}
}

// TestServePublished: a server without a source of items answers what somebody else
// published, and has no hooks.
func TestServePublished(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "index.html", []byte("<title>ours</title>"))
	base := start(t, "--source", t.TempDir(), "--publish-to", dir, "--public-url", "https://x.org")
	if f := fetch(t, "GET", base+"/"); f.body != "<title>ours</title>" {
		t.Errorf("%d %s", f.status, f.body)
	}
	if f := fetch(t, "GET", base+"/images"); f.status != 200 || !strings.Contains(f.body, "<form") {
		t.Errorf("the gallery: %d", f.status)
	}
	if f := fetch(t, "POST", base+"/hooks/publish", "X-Vitrine-Token", hookToken); f.status != 404 {
		t.Errorf("a hook: %d", f.status)
	}
}

// TestPublishSettings: wrong settings are named, and end the server at once.
func TestPublishSettings(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--publish-hook-token=short"}, "publish-hook-token: takes at least 16"},
		{[]string{"--publish-every=5s"}, "publish-every: is shorter than a minute"},
		{[]string{"--publish-base=x.org"}, "publish-base: is not a URL"},
		{[]string{"--publish-hook-token", hookToken}, "publish-hook-token: needs publish-from"},
		{[]string{"--publish-to", dir, "--publish-from", dir}, "publish-base is missing"},
		{[]string{"--publish-to", dir, "--publish-from", filepath.Join(dir, "absent"), "--public-url=https://x.org"}, "absent"},
		{[]string{"--publish-to", dir, "--public-url=https://x.org/viewer"}, "below a path of the server's own"},
	} {
		code, _, errs := vitrine(t, nil, append([]string{"serve", "--listen=127.0.0.1:0", "--source", dir}, c.args...)...)
		if code == 0 || !strings.Contains(errs, c.want) {
			t.Errorf("%v: exit %d: %s", c.args, code, errs)
		}
	}
	_, out, _ := vitrine(t, nil, "config", "--publish-hook-token", hookToken, "--publish-token=hush")
	if strings.Contains(out, hookToken) || strings.Contains(out, "hush") {
		t.Errorf("secrets are printed:\n%s", out)
	}
}

// TestPublishMany: a thousand calls of a hook during an import are a handful of
// publications.
func TestPublishMany(t *testing.T) {
	images, to := t.TempDir(), t.TempDir()
	write(t, images, "a.png", tinyPNG(t, 20, 10))
	if err := os.Mkdir(filepath.Join(to, ".vitrine"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, to, publish.StatePath, []byte(`{"format":1,"items":{},"lists":{}}`)) // something was published
	base, logs := startLogged(t, "--source", images, "--publish-from", images, "--publish-to", to, "--public-url=https://x.org", "--publish-hook-token", hookToken)
	for i := range 1000 {
		if f := fetch(t, "POST", base+"/hooks/directus", "X-Vitrine-Token", hookToken); f.status != 202 {
			t.Fatalf("call %d: %d", i, f.status)
		}
	}
	eventually(t, "a publication", func() bool { return fetch(t, "GET", base+"/a.json").status == 200 })
	eventually(t, "its end in the log", func() bool { return strings.Contains(logs.String(), `"msg":"published"`) })
	if n := strings.Count(logs.String(), `"msg":"published"`); n > 5 {
		t.Errorf("%d publications", n)
	}
}

// TestPublishElsewhere: without the images at hand, their server is asked how large
// they are; an image that it has not fails its item.
func TestPublishElsewhere(t *testing.T) {
	images, dir := t.TempDir(), t.TempDir()
	write(t, images, "a b.png", tinyPNG(t, 30, 20))
	write(t, dir, "items.csv", []byte("id,title,image\none,One,a b.png\ntwo,Two,absent.png\n"))
	base := start(t, "--source", images)
	to := filepath.Join(dir, "to")
	code, out, errs := vitrine(t, nil, "publish", "--from", filepath.Join(dir, "items.csv"), "--to", to, "--publish-base=https://x.org", "--publish-images", base+"/")
	if code != 1 || !strings.Contains(out, "+ one.json") || !strings.Contains(errs, "absent.png could not be found") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	manifest, err := os.ReadFile(filepath.Join(to, "one.json"))
	if err != nil || !strings.Contains(string(manifest), `"width": 30`) || !strings.Contains(string(manifest), base+"/iiif/3/a%20b.png") {
		t.Errorf("%v: %s", err, manifest)
	}
}

// TestMappingBase: a mapping file changes the defaults of its source and no more.
func TestMappingBase(t *testing.T) {
	s := settings{}
	s.Publish.Mapping = filepath.Join(t.TempDir(), "mapping.yml")
	if err := os.WriteFile(s.Publish.Mapping, []byte("label: headline\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for classic, want := range map[bool]string{true: "image.filename_disk", false: "image"} {
		m, err := s.readMapping(classic)
		if err != nil || len(m.Label) != 1 || m.Label[0].Text != "headline" || m.Page.Image[0].Text != want {
			t.Errorf("%v: %v %+v", classic, err, m.Page.Image)
		}
	}
}
