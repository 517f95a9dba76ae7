package edge

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	ld2 = `application/ld+json;profile="http://iiif.io/api/presentation/2/context.json"`
	ld3 = `application/ld+json;profile="http://iiif.io/api/presentation/3/context.json"`
)

// alto is the text of a page.
const alto = `<?xml version="1.0"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v3#"><Layout><Page WIDTH="1201" HEIGHT="1801"><PrintSpace>
<TextBlock><TextLine HPOS="1" VPOS="2" WIDTH="30" HEIGHT="4"><String CONTENT="Žluťoučký"/><SP/><String CONTENT="kůň"/></TextLine></TextBlock>
</PrintSpace></Page></Layout></alto>`

// mirror brings what was published in a folder to R2, below site/, as a publication to
// r2:// does; typeOf tells the media types. What is not in the folder any more is
// removed.
func (w *worker) mirror(dir string, typeOf func(path string) string) {
	w.t.Helper()
	there := map[string]bool{}
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, _ := filepath.Rel(dir, file)
		path := "/" + filepath.ToSlash(name)
		there["site"+path] = true
		w.command(map[string]any{"put": "site" + path, "file": file, "type": typeOf(path)})
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, key := range w.keys("site/") {
		if !there[key] {
			w.command(map[string]any{"delete": key})
		}
	}
}

// eventually waits until something is reached.
func eventually(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !reached(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// TestPublication: manifests and pages come from R2 as they do from the origin that
// published them, in each form that a client may want; a search goes to the origin, and
// at night the origin is told to publish.
func TestPublication(t *testing.T) {
	images, to := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(images, "letter"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(images, "letter", "1.jpg"), checks(0))
	if err := os.WriteFile(filepath.Join(images, "letter", "1.xml"), []byte(alto), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--public-url", base(port), "--publish-from", images, "--publish-to", to,
		"--publish-hook-token", "a-token-of-no-edge", "--edge-secret", originSecret)
	// The origin answers nobody but the edge: here the test is one.
	asEdge := func(method, path, accept string) answered {
		t.Helper()
		return ask(t, method, o.base+path, "", "Accept", accept, "X-Vitrine-Edge", originSecret)
	}
	eventually(t, "the first publication", func() bool { return asEdge("GET", "/collection.json", "").StatusCode == 200 })
	w := startWorker(t, workerConfig{origin: o.base, port: port, vars: map[string]string{"ORIGIN_SECRET": originSecret, "ADMIN_TOKEN": adminToken, "PUBLISH_PATH": "/hooks/publish"}})
	w.mirror(to, func(path string) string { return asEdge("HEAD", path, "").Header.Get("Content-Type") })
	for _, path := range []string{
		"/letter.json", "/letter.json?version=2", "/letter.json?version=3", "/letter/v2.json", "/letter", "/letter/", "/collection.json",
		"/activity/all.json", "/letter/search?q=zlutoucky", "/letter/search?q=nothing", "/none/search?q=x", "/none.json?version=2", "/.vitrine/state.json", "/", "/none",
	} {
		for _, accept := range []string{"", "*/*", "application/json", ld2, ld3, "text/html"} {
			want, got := asEdge("GET", path, accept), ask(t, "GET", w.base+path, "", "Accept", accept)
			if got.StatusCode != want.StatusCode {
				t.Errorf("%s for %q: %d, the origin says %d: %.200s", path, accept, got.StatusCode, want.StatusCode, got.body)
				continue
			}
			if want.StatusCode >= 300 {
				continue // pages of errors are the origin's alone
			}
			got.expect(t, path+" for "+accept, 200, "Content-Type", want.Header.Get("Content-Type"), "Access-Control-Allow-Origin", "*")
			if got.body != want.body {
				t.Errorf("%s for %q: the edge says %.300s\nand the origin %.300s", path, accept, got.body, want.body)
			}
			if strings.Contains(want.Header.Get("Vary"), "Accept") != strings.Contains(got.Header.Get("Vary"), "Accept") {
				t.Errorf("%s for %q: Vary is %q, at the origin %q", path, accept, got.Header.Get("Vary"), want.Header.Get("Vary"))
			}
			if tag := got.Header.Get("ETag"); tag == "" {
				t.Errorf("%s for %q: no ETag", path, accept)
			} else {
				ask(t, "GET", w.base+path, "", "Accept", accept, "If-None-Match", tag).expect(t, path+" again", 304)
			}
		}
	}
	if a := ask(t, "GET", w.base+"/letter/search?q=zlutoucky", ""); !strings.Contains(a.body, "Žluťoučký kůň") {
		t.Errorf("search: %s", a.body)
	}
	if a := ask(t, "GET", w.base+"/letter.json", "", "Accept", ld2); !strings.Contains(a.body, "sc:Manifest") || a.Header.Get("Content-Type") != ld2 {
		t.Errorf("version 2: %v %.200s", a.Header, a.body)
	}
	// At night.
	write(t, filepath.Join(images, "map.jpg"), checks(1))
	if a := w.command(map[string]any{"scheduled": true}); a["outcome"] != "ok" {
		t.Errorf("scheduled: %v\n%s", a, w.log.String())
	}
	eventually(t, "the publication of the night", func() bool { return asEdge("GET", "/map.json", "").StatusCode == 200 })

	for header, status := range map[string]int{"X-Vitrine-Token": 202, "Authorization": 401} { // the token needs no secret
		ask(t, "POST", o.base+"/hooks/directus", "{}", header, "a-token-of-no-edge").expect(t, header, status)
	}
}
