package edge

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/decision"
)

// TestWithoutPyramid: of an image that has no pyramid the edge answers what it once
// got from the origin, and info.json, as the origin would; a changed image is visible
// when the 60 s are over that an image is taken as unchanged.
func TestWithoutPyramid(t *testing.T) {
	images := t.TempDir()
	write(t, filepath.Join(images, "a.jpg"), checks(0))
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--public-url", base(port))
	w := startFailing(t, workerConfig{origin: o.base, port: port})
	paths := []string{"/iiif/3/a.jpg/info.json", "/iiif/2/a.jpg/info.json", "/iiif/3/a.jpg/full/100,/0/default.jpg", "/iiif/2/a.jpg/0,0,64,64/full/0/default.png"}
	get := func(base, path string) received {
		return send(t, base, &decision.Request{Method: "GET", Target: path})
	}
	var tags []string
	for _, path := range paths {
		get(w.base, path)
	}
	eventually(t, "the images are in the cache", func() bool { return w.entries() == 2 })
	before := o.settled()
	for _, path := range paths {
		a := get(w.base, path)
		tags = append(tags, a.header.Get("ETag"))
		if a.header.Get("X-Vitrine-Image") != "" {
			t.Errorf("%s: what the origin tells reaches clients", path)
		}
		r := decision.Request{Method: "GET", Target: path, IfNoneMatch: a.header.Get("ETag")}
		if again := send(t, w.base, &r); again.status != 304 {
			t.Errorf("%s: status %d for what the client has", path, again.status)
		}
	}
	r := decision.Request{Method: "GET", Target: "/iiif/3/a.jpg/full/5000,/0/default.jpg"}
	if a := send(t, w.base, &r); a.status != 400 {
		t.Errorf("larger than the image: status %d", a.status)
	}
	if n := o.settled() - before; n != 0 {
		t.Errorf("the origin was asked %d times for what is known", n)
	}
	for _, path := range paths {
		same(t, path, get(w.base, path), get(o.base, path))
	}
	write(t, filepath.Join(images, "a.jpg"), checks(1))
	for i, path := range paths {
		if tag := get(w.base, path).header.Get("ETag"); tag != tags[i] {
			t.Errorf("%s: the changed image is visible at once: the test shows nothing", path)
		}
	}
	w.later(61 * time.Second)
	for i, path := range paths[2:] {
		if get(w.base, path).header.Get("ETag") == tags[2+i] {
			t.Errorf("%s: the changed image is not visible", path)
		}
	}
	for _, path := range paths {
		same(t, path+", changed", get(w.base, path), get(o.base, path))
	}
}
