package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
)

// lockedBuffer takes the log of a server that a test reads meanwhile.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start serves with the given flags and returns the base URL.
func start(t *testing.T, args ...string) string {
	t.Helper()
	base, _ := startLogged(t, args...)
	return base
}

func startLogged(t *testing.T, args ...string) (base string, logs *lockedBuffer) {
	t.Helper()
	var g grammar
	parser, err := kong.New(&g, kong.Vars{"version": "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := parse(parser, append([]string{"serve", "--listen=127.0.0.1:0"}, args...), nil); err != nil {
		t.Fatal(err)
	}
	logs = &lockedBuffer{}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- serve(ctx, &g.Serve.settings, logs, func(a net.Addr) { ready <- a })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	select {
	case addr := <-ready:
		return "http://" + addr.String(), logs
	case err := <-ended:
		ended <- nil
		t.Fatalf("serve: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("the server does not start")
	}
	return "", nil
}

// picture draws a w × h picture with a smooth slope and some edges.
func picture(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x/16 + y/16) % 2 * 90), 255}
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

func tinyPNG(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture(w, h)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tinyJPEG(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(w, h), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBadFiles: what is damaged, cut off, empty or misnamed gets the right status
// and words that name nothing internal; the next request works.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	photo := tinyJPEG(t, 800, 600)
	damaged := bytes.Clone(photo)
	copy(damaged[200:], "damage damage damage")
	write(t, dir, "good.jpg", photo)
	write(t, dir, "cut.jpg", photo[:len(photo)/2])
	whole := tinyPNG(t, 300, 200)
	write(t, dir, "cut.png", whole[:len(whole)/2])
	write(t, dir, "empty.jpg", nil)
	write(t, dir, "text.jpg", []byte("this is no picture, whatever its name says\n"))
	write(t, dir, "damaged.jpg", damaged)
	write(t, dir, "really-png.jpg", tinyPNG(t, 300, 200))
	write(t, dir, "film.mp4", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42"))
	write(t, dir, "bomb.png", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x06\x00\x00\x00\xac\x9c\x0d\x9b"))
	base, logs := startLogged(t, "--source", dir)
	for _, c := range []struct {
		name     string
		statuses []int
	}{
		{"cut.jpg", []int{500}}, {"cut.png", []int{500}}, {"empty.jpg", []int{500}}, {"text.jpg", []int{500, 501}},
		{"damaged.jpg", []int{500, 501}}, {"film.mp4", []int{500, 501}}, {"bomb.png", []int{500, 501}},
		{"absent.jpg", []int{404}}, {"really-png.jpg", []int{200}}, {"good.jpg", []int{200}},
	} {
		status, header, body := get(t, base+"/iiif/3/"+c.name+"/full/200,/0/default.jpg")
		ok := false
		for _, s := range c.statuses {
			ok = ok || s == status
		}
		if !ok {
			t.Errorf("%s: status %d, want one of %v: %s", c.name, status, c.statuses, body)
		}
		if status != 200 && (header.Get("Cache-Control") != "no-store" || bytes.Contains(body, []byte(dir)) || len(body) == 0) {
			t.Errorf("%s: Cache-Control %q, body %q", c.name, header.Get("Cache-Control"), body)
		}
		if status, _, _ := get(t, base+"/iiif/3/good.jpg/full/50,/0/default.jpg"); status != 200 {
			t.Fatalf("after %s, a good request gets %d", c.name, status)
		}
	}
	if !strings.Contains(logs.String(), "corrupt") {
		t.Error("the log does not name the kind of failure")
	}
}

// TestChangedFile: a replaced image is visible at once, with another ETag, and its
// old answer is not served from the cache.
func TestChangedFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.png", tinyPNG(t, 300, 200))
	base := start(t, "--source", dir, "--cache", t.TempDir())
	url := base + "/iiif/3/a.png/full/max/0/default.png"
	_, before, first := get(t, url)
	_, again, second := get(t, url)
	if before.Get("ETag") == "" || before.Get("ETag") != again.Get("ETag") || !bytes.Equal(first, second) {
		t.Errorf("one revision has ETags %q and %q", before.Get("ETag"), again.Get("ETag"))
	}
	write(t, dir, "a.png", tinyPNG(t, 310, 200))
	status, after, body := get(t, url)
	m, err := png.Decode(bytes.NewReader(body))
	if status != 200 || err != nil || m.Bounds().Dx() != 310 {
		t.Errorf("the new image is not served: status %d, %v", status, err)
	}
	if after.Get("ETag") == before.Get("ETag") {
		t.Error("another revision has the same ETag")
	}
}

// TestS3EndToEnd serves a folder and a bucket with the same files: the answers are
// equal, and an outage of the bucket is 503 within three seconds.
func TestS3EndToEnd(t *testing.T) {
	s3 := s3test.Start(t)
	dir := t.TempDir()
	for name, data := range map[string][]byte{"a.jpg": tinyJPEG(t, 1300, 900), "b c.png": tinyPNG(t, 400, 300)} {
		write(t, dir, name, data)
		s3.Put(t, "scans/"+name, data)
	}
	folder := start(t, "--source", dir)
	remote := start(t, "--source", "s3://"+s3.Bucket+"/scans", "--s3-endpoint", s3.Endpoint, "--s3-region", "us-east-1",
		"--s3-path-style", "--s3-access-key", s3.Access, "--s3-secret-key", s3.Secret, "--source-ttl", "0s", "--cache", t.TempDir())
	for _, path := range []string{
		"/iiif/3/a.jpg/0,0,512,512/512,/0/default.jpg", "/iiif/3/a.jpg/full/!200,200/0/gray.png",
		"/iiif/2/b%20c.png/full/100,/90/default.jpg",
	} {
		s1, _, b1 := get(t, folder+path)
		s2, _, b2 := get(t, remote+path)
		if s1 != 200 || s2 != 200 || !bytes.Equal(b1, b2) {
			t.Errorf("%s: folder %d (%d bytes), bucket %d (%d bytes)", path, s1, len(b1), s2, len(b2))
		}
	}
	s3.Put(t, "scans/unseen.jpg", tinyJPEG(t, 100, 80))
	if _, _, page := get(t, remote+"/"); !bytes.Contains(page, []byte("b%20c.png")) {
		t.Error("the gallery does not list the bucket")
	}
	if status, _, _ := get(t, remote+"/iiif/3/absent.jpg/info.json"); status != 404 {
		t.Errorf("absent object: %d, want 404", status)
	}
	s3.Stop()
	begin := time.Now()
	status, header, _ := get(t, remote+"/iiif/3/unseen.jpg/info.json")
	if took := time.Since(begin); status != 503 || header.Get("Retry-After") == "" || took > 3*time.Second {
		t.Errorf("outage: status %d, Retry-After %q, after %s", status, header.Get("Retry-After"), took)
	}
	if status, _, _ := get(t, remote+"/health/ready"); status != 503 {
		t.Errorf("readiness in an outage: %d, want 503", status)
	}
	// What needs nothing of the bucket goes on, and says that it may be old.
	begin = time.Now()
	for path, want := range map[string]int{
		"/iiif/3/a.jpg/info.json": 200, "/iiif/3/a.jpg/0,0,512,512/512,/0/default.jpg": 200,
		"/iiif/2/a.jpg/0,0,512,512/512,/0/default.jpg": 200, "/iiif/3/a.jpg/0,0,500,500/50,/0/default.jpg": 503,
	} {
		status, header, _ := get(t, remote+path)
		if cache := header.Get("Cache-Control"); status != want || status == 200 && cache != "public, max-age=30" || status == 503 && cache != "no-store" {
			t.Errorf("%s in an outage: %d with %q, want %d", path, status, cache, want)
		}
	}
	if took := time.Since(begin); took > 9*time.Second {
		t.Errorf("answers in an outage took %s", took)
	}
}

// TestSilentBucket: when a bucket stops answering while its images are open, every
// request gets its 503 within three seconds, not one after the other.
func TestSilentBucket(t *testing.T) {
	s3 := s3test.Start(t)
	const n = 10
	for i := range n {
		s3.Put(t, fmt.Sprintf("%d.jpg", i), tinyJPEG(t, 2000, 1500+i))
	}
	base := start(t, "--source", "s3://"+s3.Bucket, "--s3-endpoint", s3.Endpoint, "--s3-region", "us-east-1", "--s3-path-style",
		"--s3-access-key", s3.Access, "--s3-secret-key", s3.Secret, "--source-ttl", "120s", "--source-cache", "1MiB")
	for i := range n {
		if status, _, body := get(t, fmt.Sprintf("%s/iiif/3/%d.jpg/info.json", base, i)); status != 200 {
			t.Fatalf("info.json: %d: %s", status, body)
		}
	}
	s3.Stop()
	silent, err := net.Listen("tcp", strings.TrimPrefix(s3.Endpoint, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() {
		for {
			conn, err := silent.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
		}
	}()
	var wg sync.WaitGroup
	var outages atomic.Int32
	for i := range n {
		wg.Go(func() {
			begin := time.Now()
			res, err := http.Get(fmt.Sprintf("%s/iiif/3/%d.jpg/full/1500,/0/default.jpg", base, i))
			if err != nil {
				t.Error(err)
				return
			}
			res.Body.Close()
			// What was read with the header may be enough for a small file.
			if res.StatusCode == 503 {
				outages.Add(1)
			} else if res.StatusCode != 200 {
				t.Errorf("%d.jpg: status %d", i, res.StatusCode)
			}
			if took := time.Since(begin); took > 3500*time.Millisecond {
				t.Errorf("%d.jpg: status %d after %s", i, res.StatusCode, took)
			}
		})
	}
	wg.Wait()
	if outages.Load() < 2 {
		t.Errorf("only %d requests met the outage", outages.Load())
	}
}

// TestPublicURL: with a public URL the Host header means nothing.
func TestPublicURL(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.png", tinyPNG(t, 300, 200))
	base := start(t, "--source", dir, "--public-url", "https://iiif.example.org/images")
	req, _ := http.NewRequest("GET", base+"/iiif/3/a.png/info.json", nil)
	req.Host = "evil.example"
	req.Header.Set("X-Forwarded-Host", "evil.example")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	var info struct{ ID string }
	if err := json.Unmarshal(body, &info); err != nil || info.ID != "https://iiif.example.org/images/iiif/3/a.png" {
		t.Errorf("id %q, %v", info.ID, err)
	}
}
