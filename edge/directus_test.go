package edge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Where ../shared/directus/run.sh starts Directus, and whom it lets in.
const (
	directusURL  = "http://127.0.0.1:8055"
	directusUser = `{"email":"admin@example.com","password":"admin-Passw0rd"}`
	readerToken  = "reader-static-token-123" // of the reader that setup.sh makes
)

// cms is a running Directus.
type cms struct {
	t       *testing.T
	token   string
	uploads string // the folder of its files
}

// startDirectus starts a Directus with an empty database. The first time, it is
// installed, which takes minutes and 0.9 GB in the user's cache.
func startDirectus(t *testing.T, scripts string) *cms {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "vitrine-test", "directus")
	if d := os.Getenv("VITRINE_TEST_DIRECTUS_DIR"); d != "" {
		dir = d
	}
	if conn, err := net.Dial("tcp", strings.TrimPrefix(directusURL, "http://")); err == nil {
		conn.Close()
		t.Fatalf("something listens on %s already", directusURL)
	}
	for _, old := range []string{"data.db", "uploads"} {
		if err := os.RemoveAll(filepath.Join(dir, old)); err != nil {
			t.Fatal(err)
		}
	}
	cmd, log := exec.Command("bash", filepath.Join(scripts, "run.sh"), dir), &lockedText{}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // npm has children
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Logf("Directus says:\n%s", log.String())
		}
	})
	c := &cms{t: t, uploads: filepath.Join(dir, "uploads")}
	for deadline := time.Now().Add(15 * time.Minute); ; time.Sleep(time.Second) {
		if resp, err := http.Get(directusURL + "/server/ping"); err == nil {
			resp.Body.Close()
			break
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("Directus does not start: %v\n%s", err, log.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("Directus does not start\n%s", log.String())
		}
	}
	var login struct {
		Token string `json:"access_token"`
	}
	c.call("POST", "/auth/login", directusUser, &login)
	c.token = login.Token
	return c
}

// call asks Directus and reads the data of its answer.
func (c *cms) call(method, path, body string, data any) {
	c.t.Helper()
	c.send(method, path, "application/json", strings.NewReader(body), data)
}

func (c *cms) send(method, path, contentType string, body io.Reader, data any) {
	c.t.Helper()
	r, err := http.NewRequest(method, directusURL+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %d %v %s", method, path, resp.StatusCode, err, text)
	}
	if data != nil {
		if err := json.Unmarshal(text, &struct{ Data any }{data}); err != nil {
			c.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
}

// upload stores an image; id is that of the file to replace, "" for a new one.
func (c *cms) upload(id string, m image.Image) (newID, diskName string) {
	c.t.Helper()
	file := filepath.Join(c.t.TempDir(), "image.jpg")
	write(c.t, file, m)
	data, err := os.ReadFile(file)
	if err != nil {
		c.t.Fatal(err)
	}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", "image.jpg")
	if err != nil {
		c.t.Fatal(err)
	}
	part.Write(data)
	form.Close()
	var stored struct {
		ID   string
		Disk string `json:"filename_disk"`
	}
	method, path := "POST", "/files"
	if id != "" {
		method, path = "PATCH", "/files/"+id
	}
	c.send(method, path, form.FormDataContentType(), &b, &stored)
	return stored.ID, stored.Disk
}

// flow makes the Flow that tells the origin of changes.
func (c *cms) flow(origin, token string) {
	c.t.Helper()
	var flow, operation struct{ ID string }
	c.call("POST", "/flows", `{"name":"Vitrine","status":"active","trigger":"event","accountability":"activity","options":{"type":"action",
		"scope":["items.create","items.update","items.delete","files.upload","files.update","files.delete"],"collections":["iiif_images","directus_files"]}}`, &flow)
	options, err := json.Marshal(map[string]any{"method": "POST", "url": origin + "/hooks/directus", "body": "{{$trigger}}",
		"headers": []map[string]string{{"header": "Authorization", "value": "Bearer " + token}}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.call("POST", "/operations", fmt.Sprintf(`{"flow":%q,"key":"tell","name":"Tell Vitrine","type":"request","position_x":19,"position_y":1,"options":%s}`, flow.ID, options), &operation)
	c.call("PATCH", "/flows/"+flow.ID, fmt.Sprintf(`{"operation":%q}`, operation.ID), nil)
}

// half is an image of another size than checks makes.
func half() *image.Gray { return image.NewGray(image.Rect(0, 0, 640, 480)) }

// TestDirectus goes through the whole loop with a real Directus: what is published,
// edited, replaced, unpublished and deleted there is so at origin and edge a moment
// later. It is not part of make test: see make test-directus. The edge's R2 here has
// no S3 interface, so the test itself brings the published folder there.
func TestDirectus(t *testing.T) {
	if os.Getenv("VITRINE_TEST_DIRECTUS") != "1" {
		t.Skip("only with make test-directus")
	}
	scripts, err := filepath.Abs("../../shared/directus")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(scripts, "run.sh")); err != nil {
		t.Fatal("../shared/directus is missing")
	}
	c := startDirectus(t, scripts)
	picture := filepath.Join(t.TempDir(), "test.jpg")
	write(t, picture, checks(0))
	setup := exec.Command("bash", filepath.Join(scripts, "setup.sh"))
	setup.Env = append(os.Environ(), "TOK="+c.token, "IMG="+picture)
	if out, err := setup.CombinedOutput(); err != nil {
		t.Fatalf("setup.sh: %v\n%s", err, out)
	}

	const token = "a-token-of-directus"
	to, port := t.TempDir(), freePort(t)
	o := startOrigin(t, "--source", c.uploads, "--public-url", base(port), "--title", "Our images", "--publish-from", "directus+http://"+strings.TrimPrefix(directusURL, "http://"),
		"--publish-token", readerToken, "--publish-to", to, "--publish-hook-token", token)
	w := startWorker(t, workerConfig{origin: o.base, port: port, vars: map[string]string{"VITRINE_NEGATIVE_TTL": "1"}})
	typeOf := func(path string) string { return ask(t, "HEAD", o.base+path, "").Header.Get("Content-Type") }
	// both waits until a manifest at the origin is as reached says, and sees that it is
	// so at the edge too.
	both := func(what, name string, reached func(status int, manifest string) bool) {
		t.Helper()
		began := time.Now()
		eventually(t, what+" at the origin", func() bool {
			a := ask(t, "GET", o.base+"/"+name+".json", "")
			return reached(a.StatusCode, a.body)
		})
		atOrigin := time.Since(began)
		eventually(t, "the end of the publication", func() bool { return gauge(t, o, "publication_running")+gauge(t, o, "publication_waiting") == 0 })
		w.mirror(to, typeOf)
		eventually(t, what+" at the edge", func() bool {
			a := ask(t, "GET", w.base+"/"+name+".json", "")
			return reached(a.StatusCode, a.body)
		})
		t.Logf("%s: at the origin after %v, at the edge after %v", what, atOrigin.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	}
	shows := func(texts ...string) func(int, string) bool {
		return func(status int, manifest string) bool {
			for _, text := range texts {
				if !strings.Contains(manifest, text) {
					return false
				}
			}
			return status == 200
		}
	}
	gone := func(status int, _ string) bool { return status == 404 }
	nameOf := func(disk string) string { return strings.TrimSuffix(disk, ".jpg") }

	var files []struct {
		ID   string
		Disk string `json:"filename_disk"`
	}
	c.call("GET", "/files?fields=id,filename_disk", "", &files)
	if len(files) != 1 {
		t.Fatalf("setup.sh uploaded %v", files)
	}
	first := nameOf(files[0].Disk)
	both("what was published before", first, shows("Aldbury Church", `"width": 1201`, "http://creativecommons.org/licenses/by/4.0/"))

	c.flow(o.base, token)
	id, disk := c.upload("", checks(1))
	second := nameOf(disk)
	var item struct{ ID int }
	c.call("POST", "/items/iiif_images", fmt.Sprintf(`{"title":"A map","image":%q,"status":"published"}`, id), &item)
	both("a new item", second, shows("A map", `"width": 1201`, `"height": 1801`))
	c.call("PATCH", fmt.Sprint("/items/iiif_images/", item.ID), `{"title":"A map of Aldbury & Tring"}`, nil)
	both("an edited item", second, shows("A map of Aldbury & Tring"))
	time.Sleep(1100 * time.Millisecond) // SQLite counts in seconds
	if _, again := c.upload(id, half()); again != disk {
		t.Errorf("the replaced file has another name, %s: the test proves nothing", again)
	}
	both("a replaced file", second, shows(`"width": 640`, `"height": 480`))
	info := ask(t, "GET", w.base+"/iiif/3/"+disk+"/info.json", "")
	info.expect(t, "its image through the edge", 200)
	if !strings.Contains(info.body, `"width": 640,`) {
		t.Errorf("its image through the edge: %s", info.body)
	}
	c.call("PATCH", fmt.Sprint("/items/iiif_images/", item.ID), `{"status":"draft"}`, nil)
	both("an item that is no longer published", second, gone)
	c.call("PATCH", fmt.Sprint("/items/iiif_images/", item.ID), `{"status":"published"}`, nil)
	both("an item that is published again", second, shows("A map of Aldbury & Tring"))
	c.call("DELETE", "/items/iiif_images/1", "", nil)
	both("a deleted item", first, gone)
	if list := ask(t, "GET", w.base+"/collection.json", "").body; strings.Contains(list, first) || !strings.Contains(list, second+".json") {
		t.Errorf("the collection: %s", list)
	}
	if n := gauge(t, o, "publications_failed"); n != 0 {
		t.Errorf("%d publications failed", n)
	}
}

// gauge reads a gauge of the origin.
func gauge(t *testing.T, o *origin, name string) int64 {
	t.Helper()
	var report struct{ Gauges map[string]int64 }
	if err := json.Unmarshal([]byte(ask(t, "GET", o.admin+"/counters", "").body), &report); err != nil {
		t.Fatal(err)
	}
	return report.Gauges[name]
}
