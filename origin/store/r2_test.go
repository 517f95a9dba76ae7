package store_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
	"github.com/vitrine-iiif/vitrine/origin/store"
)

// r2 stands before an S3 server and holds requests to what R2 demands beyond S3:
// the bucket in the path, and parts of one size but for the last.
type r2 struct {
	mu       sync.Mutex
	requests []string
	parts    map[int]int64 // sizes by number
}

func (s *r2) wrap(to http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		q := req.URL.Query()
		s.mu.Lock()
		s.requests = append(s.requests, req.Method+" "+req.URL.Path)
		if n, err := strconv.Atoi(q.Get("partNumber")); err == nil && req.Method == http.MethodPut {
			s.parts[n] = req.ContentLength
		}
		s.mu.Unlock()
		to.ServeHTTP(w, req)
	}
}

// TestR2 writes and reads a pyramid by an r2:// spec, in parts.
func TestR2(t *testing.T) {
	server := s3test.StartIn(t, "auto")
	to, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	rules := &r2{parts: map[int]int64{}}
	proxy := &httputil.ReverseProxy{
		// With the Host that was signed.
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host },
	}
	front := httptest.NewServer(rules.wrap(proxy))
	defer front.Close()

	config, err := source.R2Config(strings.Repeat("0123456789abcdef", 2), server.Access, server.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com"; config.Endpoint != want || config.Region != "auto" || !config.PathStyle {
		t.Errorf("R2Config: %+v, want the endpoint %s, region auto, path style", config, want)
	}
	config.Endpoint = front.URL
	s, err := store.Open(t.Context(), store.Config{Spec: "r2://" + server.Bucket + "/kept", R2: config, PartSize: 5 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id := name(t, "a/b.jpg")
	want := put(t, s, id, "one", 700<<10) // a tile
	if got, revision := read(t, s, id); !slices.Equal(got, want) || revision != "one" {
		t.Errorf("read %d bytes of revision %q, wrote %d", len(got), revision, len(want))
	}
	for _, r := range rules.requests {
		if !strings.HasPrefix(r[strings.IndexByte(r, ' ')+1:], "/"+server.Bucket+"/kept/pyramids/") {
			t.Errorf("%s: not below the bucket and the prefix", r)
		}
	}
	if len(rules.parts) < 3 {
		t.Fatalf("%d parts", len(rules.parts))
	}
	for n := range len(rules.parts) {
		if size := rules.parts[n+1]; n+1 < len(rules.parts) && size != 5<<20 || size == 0 {
			t.Errorf("part %d of %d has %d bytes", n+1, len(rules.parts), size)
		}
	}
}

func TestR2ConfigRefuses(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 2)
	for _, good := range []string{id, id + ".eu", id + ".fedramp"} {
		if _, err := source.R2Config(good, "", ""); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "me", id[:31], id + "0", strings.ToUpper(id), id + ".", id + ".us", id + "/", id + ".eu.evil.example", "https://" + id} {
		if _, err := source.R2Config(bad, "", ""); err == nil {
			t.Errorf("%q is taken for an account", bad)
		}
	}
}
