package main

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
)

// TestStoredTiles: tiles of a store are its bytes, whole and the same, while the
// pyramid is made anew again and again; when the source changes, the next request
// sees it.
func TestStoredTiles(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "store")
	write(t, dir, "a.jpg", testSheet(t, 2000, 1200))
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "a.jpg"), old, old); err != nil {
		t.Fatal(err)
	}
	ingest := func(args ...string) {
		t.Helper()
		if code, out, errs := vitrine(t, nil, append([]string{"ingest", "--source", dir, "--store", store}, args...)...); code != 0 {
			t.Fatalf("ingest: exit %d\n%s%s", code, out, errs)
		}
	}
	ingest()
	file, err := os.ReadFile(filepath.Join(store, "pyramids", "a.jpg.tif"))
	if err != nil {
		t.Fatal(err)
	}
	base := start(t, "--source", dir, "--store", store)
	want, tags := map[string][]byte{}, map[string]string{}
	for y := 0; y < 1200; y += 512 {
		for x := 0; x < 2000; x += 512 {
			w, h := min(512, 2000-x), min(512, 1200-y)
			path := fmt.Sprintf("/iiif/3/a.jpg/%d,%d,%d,%d/%d,%d/0/default.jpg", x, y, w, h, w, h)
			status, header, body := get(t, base+path)
			m, err := jpeg.Decode(bytes.NewReader(body))
			if status != 200 || err != nil || m.Bounds().Dx() != w || m.Bounds().Dy() != h {
				t.Fatalf("%s: status %d, %v", path, status, err)
			}
			if !bytes.Contains(file, body) {
				t.Errorf("%s is not as it is stored", path)
			}
			want[path], tags[path] = body, header.Get("ETag")
		}
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				for path, data := range want {
					select {
					case <-stop:
						return
					default:
					}
					if status, _, body := get(t, base+path); status != 200 || !bytes.Equal(body, data) {
						t.Errorf("%s: status %d, %d bytes of %d", path, status, len(body), len(data))
						return
					}
				}
			}
		})
	}
	for range 5 {
		ingest("--force")
	}
	close(stop)
	wg.Wait()
	write(t, dir, "a.jpg", testSheet(t, 2100, 1200))
	for path := range want {
		if _, header, _ := get(t, base+path); header.Get("ETag") == tags[path] {
			t.Errorf("%s has the same ETag after the change", path)
		}
	}
	if _, _, body := get(t, base+"/iiif/3/a.jpg/info.json"); !bytes.Contains(body, []byte(`"width": 2100`)) && !bytes.Contains(body, []byte(`"width":2100`)) {
		t.Errorf("info.json after the change: %s", body)
	}
}

// TestStoreInOutage: a pyramid of this machine goes on being served, also sizes
// that are made of its tiles, while the bucket of its image fails.
func TestStoreInOutage(t *testing.T) {
	s3 := s3test.Start(t)
	s3.Put(t, "a.jpg", testSheet(t, 1500, 1200))
	store := filepath.Join(t.TempDir(), "store")
	flags := []string{
		"--source", "s3://" + s3.Bucket, "--s3-endpoint", s3.Endpoint, "--s3-region", "us-east-1", "--s3-path-style",
		"--s3-access-key", s3.Access, "--s3-secret-key", s3.Secret, "--store", store,
	}
	if code, out, errs := vitrine(t, nil, append([]string{"ingest"}, flags...)...); code != 0 {
		t.Fatalf("ingest: exit %d\n%s%s", code, out, errs)
	}
	lenient := start(t, append(flags, "--source-ttl", "0s")...)
	strict := start(t, append(flags, "--source-ttl", "0s", "--stale", "0s")...)
	for _, base := range []string{lenient, strict} {
		if status, _, body := get(t, base+"/iiif/3/a.jpg/info.json"); status != 200 {
			t.Fatalf("status %d: %s", status, body)
		}
	}
	s3.Stop()
	for _, path := range []string{"info.json", "0,0,512,512/512,512/0/default.jpg", "full/300,/90/gray.png"} {
		if status, header, _ := get(t, lenient+"/iiif/3/a.jpg/"+path); status != 200 || header.Get("Cache-Control") != "public, max-age=30" {
			t.Errorf("%s in an outage: status %d, %q", path, status, header.Get("Cache-Control"))
		}
		if status, _, _ := get(t, strict+"/iiif/3/a.jpg/"+path); status != 503 {
			t.Errorf("%s in an outage, with stale 0: status %d", path, status)
		}
	}
}
