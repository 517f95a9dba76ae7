package edge

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// call sends a call to the administrator's part and reads its answer.
func (w *worker) call(method, target, body string) map[string]any {
	w.t.Helper()
	t, ok := w.t.(*testing.T)
	if !ok {
		w.t.Fatal("not a test")
	}
	a := ask(t, method, w.base+target, body, "Authorization", "Bearer "+adminToken)
	a.expect(t, target, 200, "Cache-Control", "no-store", "Content-Type", "application/json", "Access-Control-Allow-Origin", "")
	var answer map[string]any
	if err := json.Unmarshal([]byte(a.body), &answer); err != nil {
		t.Fatalf("%s: %v: %s", target, err, a.body)
	}
	return answer
}

// keys returns the keys of R2 with a prefix.
func (w *worker) keys(prefix string) []string {
	var keys []string
	for _, k := range w.command(map[string]any{"list": prefix})["keys"].([]any) {
		keys = append(keys, k.(string))
	}
	slices.Sort(keys)
	return keys
}

// TestAdmin: who may, and what it does, in workerd.
func TestAdmin(t *testing.T) {
	o := startFaulty(t)
	w := startRelay(t, o.URL, map[string]string{"WARM_MAX": "3", "PUBLISH_PATH": "/hooks/publish"})
	for _, test := range []struct {
		header string
		want   int
	}{{"Bearer " + adminToken, 200}, {"", 401}, {"Bearer wrong", 401}, {"Basic " + adminToken, 401}} {
		ask(t, "GET", w.base+"/admin/status", "", "Authorization", test.header).expect(t, test.header, test.want, "Cache-Control", "no-store")
	}
	status := w.call("GET", "/admin/status", "")
	if status["origin"].(map[string]any)["ok"] != true || status["bucket"].(map[string]any)["ok"] != true {
		t.Errorf("status: %v", status)
	}
	if got := o.asked()[0].Header.Get("X-Vitrine-Edge"); got != originSecret {
		t.Errorf("the status asks the origin with the secret %q", got)
	}

	for _, key := range []string{"rendered/a%2Fb/1", "rendered/a%2Fb/2,3/4", "rendered/a%2Fbc/1", "pyramids/a%2Fb.tif"} {
		w.putText(key, "x")
	}
	if a := w.call("POST", "/admin/purge?id=a%2Fb", ""); a["rendered"] != 2.0 || a["more"] != false {
		t.Errorf("purge: %v", a)
	}
	if keys := w.keys(""); !slices.Equal(keys, []string{"pyramids/a%2Fb.tif", "rendered/a%2Fbc/1"}) {
		t.Errorf("left: %v", keys)
	}
	w.command(map[string]any{"fill": "rendered/many/", "count": 1100}) // more than a page
	if a := w.call("POST", "/admin/purge-all", ""); a["rendered"] != 1101.0 || a["more"] != false {
		t.Errorf("purge-all: %v", a)
	}
	if keys := w.keys(""); !slices.Equal(keys, []string{"pyramids/a%2Fb.tif"}) {
		t.Errorf("left after all: %v", keys)
	}
	ask(t, "POST", w.base+"/admin/purge-all", "", "Authorization", "Bearer "+adminToken, "X-Test-Bucket", "reject").expect(t, "purge of a broken bucket", 503)

	o.set("")
	base := "https://iiif.example.org"
	a := w.call("POST", "/admin/warm", "/one\n"+base+"/two\n/three\n/four\nhttps://elsewhere.example/\n")
	if a["requests"] != 3.0 || a["failed"] != 1.0 || a["skipped"] != 1.0 {
		t.Errorf("warm: %v", a)
	}
	var paths []string
	for _, r := range o.asked() {
		paths = append(paths, r.URL.Path)
	}
	slices.Sort(paths)
	if !slices.Equal(paths, []string{"/one", "/three", "/two"}) {
		t.Errorf("warmed %v", paths)
	}

	// At night.
	o.set("")
	w.putText("warm.txt", "# catalogue\n/five\n")
	if a := w.command(map[string]any{"scheduled": true}); a["outcome"] != "ok" {
		t.Errorf("scheduled: %v", a)
	}
	var asked []string
	for _, r := range o.asked() {
		asked = append(asked, r.Method+" "+r.URL.Path)
	}
	if !slices.Equal(asked, []string{"POST /hooks/publish", "GET /five"}) {
		t.Errorf("at night: %v", asked)
	}
	o.Close() // and then nothing works, which is in the log
	if a := w.command(map[string]any{"scheduled": true}); a["outcome"] != "ok" || !w.logs(1, "publish: ") {
		t.Errorf("scheduled without an origin: %v\n%s", a, w.log.String())
	}
}

// TestWholeEdge: the Worker as it is deployed before an origin that answers nobody
// else: it serves what the origin renders, keeps it, bridges an outage by it after
// the image has changed, and warms by its own handler.
func TestWholeEdge(t *testing.T) {
	images := samples(t)
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--public-url", base(port), "--edge-secret", "an-older-secret-to-go,"+originSecret)
	w := startWorker(t, workerConfig{origin: o.base, port: port, vars: map[string]string{
		"ORIGIN_SECRET": originSecret, "ADMIN_TOKEN": adminToken, "WRITE_BACK": "true", "VITRINE_INDEX_TTL": "1",
	}})
	rotated := "/iiif/3/" + sampleEsc + "/0,0,512,512/100,100/90/default.jpg"
	ask(t, "GET", o.base+rotated, "").expect(t, "without the edge", 403, "Cache-Control", "no-store")
	ask(t, "GET", o.base+"/health/live", "").expect(t, "health without the edge", 200)

	w.fill(ingest(t, images))
	a := ask(t, "GET", w.base+rotated, "")
	a.expect(t, "rendered", 200, "Content-Type", "image/jpeg", "X-Vitrine-Source", "")
	eventually(t, "it is in the bucket", func() bool { return len(w.keys("rendered/")) > 0 })
	if keys := w.keys("rendered/"); len(keys) != 1 || !strings.HasSuffix(keys[0], "/0,0,512,512/100,100/90/default.jpg") {
		t.Fatalf("kept: %v", keys)
	}

	// Another revision of the image, and the origin away.
	name := filepath.Join(images, filepath.FromSlash(sampleID))
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(data, "changed"...), 0o600); err != nil {
		t.Fatal(err)
	}
	w.fill(ingest(t, images))
	warmed := w.call("POST", "/admin/warm", sampleID+"\n")
	if warmed["failed"] != 0.0 || warmed["requests"].(float64) < 2 {
		t.Errorf("warm: %v", warmed)
	}
	o.stop()
	time.Sleep(1100 * time.Millisecond) // the TTL of the index
	b := ask(t, "GET", w.base+rotated, "")
	b.expect(t, "stale", 200, "X-Vitrine-Source", "stale", "Cache-Control", "public, max-age=60", "Link", a.Header.Get("Link"))
	if b.body != a.body {
		t.Errorf("stale: %d bytes, want the %d from before", len(b.body), len(a.body))
	}
	ask(t, "GET", w.base+"/iiif/3/"+sampleEsc+"/0,0,512,512/99,/90/default.jpg", "").expect(t, "not kept", 503, outage...)
	ask(t, "GET", w.base+"/iiif/3/"+sampleEsc+"/0,0,512,512/512,512/0/default.jpg", "").expect(t, "a tile", 200)
	kept := 0 // warming had more of them rendered, and the last may still be on its way
	eventually(t, "nothing more is written", func() bool {
		before := kept
		kept = len(w.keys("rendered/"))
		time.Sleep(300 * time.Millisecond)
		return kept == before
	})
	if a := w.call("POST", "/admin/purge?id="+sampleEsc, ""); a["rendered"] != float64(kept) {
		t.Errorf("purge of %d: %v", kept, a)
	}
	if keys := w.keys("rendered/"); len(keys) != 0 {
		t.Errorf("left after the purge: %v", keys)
	}
}

// TestAdminOnly: what is passed on for the administrator reaches nothing else, though it
// be spelled so that its path becomes another one, and bears the headers by which the
// first Worker tells the second one where to read and write.
func TestAdminOnly(t *testing.T) {
	o := startFaulty(t)
	w := startWorker(t, workerConfig{origin: o.URL, vars: map[string]string{"ADMIN_TOKEN": adminToken, "WRITE_BACK": "true"}})
	w.putText("private.txt", "private")
	for _, mode := range []string{"", "500"} {
		o.set(mode)
		for _, path := range []string{"/admin", "/admin?x", "/admin/%2e%2e/viewer/x", "/admin/%2e%2e" + imagePath, "/admin/x/%2E./%2e%2e/hooks/publish"} {
			for _, method := range []string{"GET", "HEAD", "POST"} {
				req, err := http.NewRequest(method, w.base, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.URL.Opaque = path
				for name, value := range map[string]string{"X-Vitrine-Key": "private.txt", "X-Vitrine-Revision": "r1", "X-Vitrine-Older": w.base + "/private"} {
					req.Header.Set(name, value)
				}
				resp, err := transport.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != 401 || resp.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s %s: status %d, %v", method, path, resp.StatusCode, resp.Header)
				}
			}
		}
		for _, r := range o.asked() {
			t.Errorf("the origin is asked: %s %s", r.Method, r.URL)
		}
	}
	if a := w.command(map[string]any{"get": "private.txt"}); a["text"] != "private" {
		t.Errorf("it was overwritten: %v", a)
	}
}

// TestWarmMisses: more misses can be warmed at once than a request may call a Worker by
// its binding.
func TestWarmMisses(t *testing.T) {
	o := startFaulty(t)
	w := startFailing(t, workerConfig{origin: o.URL, vars: map[string]string{"ADMIN_TOKEN": adminToken}})
	const misses = 100
	var list strings.Builder
	for i := range misses {
		fmt.Fprintf(&list, "/iiif/3/a.jpg/%d,0,10,10/max/90/default.jpg\n", i)
	}
	if a := w.call("POST", "/admin/warm", list.String()); a["requests"] != float64(misses) || a["failed"] != 0.0 {
		t.Errorf("warm: %v", a)
	}
	if n := len(o.asked()); n != misses {
		t.Errorf("the origin was asked %d times", n)
	}
	for _, mode := range []string{"chunked", "large"} { // streams that go through both Workers twice
		o.set(mode)
		if a := w.call("POST", "/admin/warm", "/iiif/3/a.jpg/0,0,10,10/max/91/default.jpg\n"); a["requests"] != 1.0 || a["failed"] != 0.0 {
			t.Errorf("warm, %s: %v", mode, a)
		}
	}
}

// TestWithoutSecond: where the second Worker cannot be called, what lies in the bucket is
// served, and the rest is an error that nothing stores.
func TestWithoutSecond(t *testing.T) {
	w := startWorker(t, workerConfig{modules: []module{{"ESModule", "worker.mjs", "worker.mjs"}, {"CompiledWasm", "build/plan.wasm", planWasm(t, "")}}})
	w.fill(ingest(t, samples(t)))
	const image = "/iiif/3/" + sampleEsc
	w.get(image+"/info.json").expect(t, "info.json", 200)
	w.get(image+"/512,512,512,512/512,512/0/default.jpg").expect(t, "a tile", 200)
	for _, path := range []string{image + "/full/60,/90/default.png", "/iiif/3/absent.jpg/info.json", "/viewer/" + sampleEsc, "/admin/status"} {
		w.get(path).expect(t, path, 500, "Cache-Control", "no-store", "Access-Control-Allow-Origin", "*")
	}
}

// TestPrefixed: with a path in the public URL and one in the bucket, everything is
// where it belongs, what was rendered too, and the administrator finds it there.
func TestPrefixed(t *testing.T) {
	images := samples(t)
	port := freePort(t)
	public := base(port) + "/maps"
	o := startOrigin(t, "--source", images, "--public-url", public)
	w := startWorker(t, workerConfig{origin: o.base, port: port, vars: map[string]string{
		"VITRINE_PUBLIC_URL": public, "VITRINE_STORE_PREFIX": "some/folder", "ADMIN_TOKEN": adminToken, "WRITE_BACK": "true",
	}})
	store := ingest(t, images)
	for key := range fromDir(t, store) {
		w.put("some/folder/"+key, filepath.Join(store, filepath.FromSlash(key)))
	}
	w.putText("some/folder/site/a/index.html", "text")
	const image = "/maps/iiif/3/" + sampleEsc
	if info := w.get(image + "/info.json"); !strings.Contains(info.body, `"id": "`+w.base+image+`"`) {
		t.Errorf("info.json: status %d, %.300s", info.StatusCode, info.body)
	}
	w.get(image+"/512,512,512,512/512,512/0/default.jpg").expect(t, "a tile", 200)
	w.get("/maps/a").expect(t, "a folder", 301, "Location", public+"/a/")
	if a := w.get("/maps/a/"); a.body != "text" {
		t.Errorf("a page: status %d, %q", a.StatusCode, a.body)
	}
	if n := o.settled(); n != 0 {
		t.Errorf("the origin was asked %d times for what is in the bucket", n)
	}
	w.get(image+"/full/60,/90/default.jpg").expect(t, "a rendering", 200)
	w.get("/maps/viewer/"+sampleEsc).expect(t, "a page of the origin", 200)
	eventually(t, "it is in the bucket", func() bool { return len(w.keys("some/folder/rendered/")) == 1 })
	if a := w.call("POST", "/maps/admin/purge?id="+sampleEsc, ""); a["rendered"] != 1.0 {
		t.Errorf("purge: %v", a)
	}
	if keys := w.keys("some/folder/rendered/"); len(keys) != 0 || len(w.keys("rendered/")) != 0 {
		t.Errorf("left: %v", keys)
	}
}
