package edge

import (
	"image"
	"image/jpeg"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/vitrine-iiif/vitrine/origin/conformance"
)

const (
	sampleID  = "plates/Kraków, folio 1.jpg"
	sampleEsc = "plates%2FKrak%C3%B3w,%20folio%201.jpg"
)

// samples makes a folder with the image of the conformance table, of 4000 × 2250
// pixels.
func samples(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	m := image.NewYCbCr(image.Rect(0, 0, 4000, 2250), image.YCbCrSubsampleRatio420)
	for y := range 2250 {
		for x := range 4000 {
			m.Y[y*m.YStride+x] = uint8(x/16 ^ y/16)
		}
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = uint8(i/m.CStride/5), uint8(i%m.CStride/8)
	}
	write(t, filepath.Join(dir, filepath.FromSlash(sampleID)), m)
	return dir
}

// write writes a picture as a JPEG.
func write(t testing.TB, name string, m image.Image) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := jpeg.Encode(f, m, &jpeg.Options{Quality: 85}); err != nil {
		t.Fatal(err)
	}
}

// TestConformance holds the edge to the origin's table: with the image ingested, so
// that the edge knows it, and without, so that the origin answers.
func TestConformance(t *testing.T) {
	images := samples(t)
	for name, ingested := range map[string]bool{"ingested": true, "origin only": false} {
		t.Run(name, func(t *testing.T) {
			port := freePort(t)
			o := startOrigin(t, "--source", images, "--public-url", base(port))
			w := startWorker(t, workerConfig{origin: o.base, port: port})
			if ingested {
				w.fill(ingest(t, images))
			}
			conformance.Run(t, conformance.Subject{Base: w.base, Client: http.DefaultClient, ID: sampleEsc})
		})
	}
}

// TestForged: what a client says of hosts and proxies changes no answer, be it
// Go's, the bucket's or the origin's.
func TestForged(t *testing.T) {
	images := samples(t)
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--public-url", base(port))
	w := startWorker(t, workerConfig{origin: o.base, port: port})
	w.fill(ingest(t, images))
	w.putText("site/folder/index.html", "text")
	const image = "/iiif/3/" + sampleEsc
	for path, status := range map[string]int{
		image + "/info.json": 200, "/iiif/2/" + sampleEsc + "/info.json": 200, image: 303, "/folder": 301,
		image + "/512,512,512,512/512,512/0/default.jpg": 200, image + "/0,0,512,512/!99,99/90.0/color.jpg": 200,
		image + "/full/0,/0/default.jpg": 400, "/iiif/3/absent/info.json": 404, "/viewer/" + sampleEsc: 200, "/nothing": 404,
	} {
		get := func(forged bool) received {
			req, err := http.NewRequest("GET", w.base, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.URL.Opaque = path
			req.Header.Set("Accept-Encoding", "identity")
			if forged {
				req.Host = "evil.example"
				for name, value := range map[string]string{
					"Forwarded": "host=evil.example;proto=gopher", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher", "X-Forwarded-Port": "1",
					"X-Forwarded-Prefix": "/evil", "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Path": "/evil", "X-Forwarded-ID": "evil", "X-Host": "evil.example",
					"X-Original-URL": "/evil", "X-Vitrine-Key": "site/folder/index.html", "X-Vitrine-Older": "http://evil.example/", "X-Vitrine-Revision": "evil",
				} {
					req.Header.Set(name, value)
				}
			}
			return roundTrip(t, req)
		}
		forged := get(true) // first, so that nothing honest is in the cache
		honest := get(false)
		if honest.status != status {
			t.Errorf("%s: status %d, want %d", path, honest.status, status)
		}
		same(t, path, forged, honest)
	}
}
