package service

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func TestSizes(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		switch strings.TrimSuffix(r.URL.Path, "/info.json") {
		case "/good":
			w.Write([]byte(`{"@context":"http://iiif.io/api/image/2/context.json","width":400,"height":300,"profile":["http://iiif.io/api/image/2/level1.json",{"formats":["gif"]}]}`))
		case "/shaky":
			if n < 100 {
				asked.Store(100)
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			w.Write([]byte(`{"@context":["http://example.org/x.json","http://iiif.io/api/image/3/context.json"],"width":4,"height":3,"profile":"level0"}`))
		case "/empty":
			w.Write([]byte(`{"width":0,"height":0}`))
		case "/down":
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	s := New(Config{Pause: time.Millisecond, Parallel: 1})
	sizes, failed := s.Sizes(t.Context(), []string{server.URL + "/good/", server.URL + "/shaky", server.URL + "/empty", server.URL + "/down", server.URL + "/none", "ftp://x"})
	if sizes[server.URL+"/good/"] != (item.Size{Width: 400, Height: 300, Version: 2, Level: "level1"}) || sizes[server.URL+"/shaky"] != (item.Size{Width: 4, Height: 3, Version: 3, Level: "level0"}) || len(sizes) != 2 {
		t.Errorf("%v", sizes)
	}
	for base, want := range map[string]fault.Kind{"/empty": fault.Corrupt, "/down": fault.Unavailable, "/none": fault.NotFound} {
		if got := fault.KindOf(failed[server.URL+base]); got != want {
			t.Errorf("%s: %v", base, failed[server.URL+base])
		}
	}
	if fault.KindOf(failed["ftp://x"]) != fault.Invalid {
		t.Error(failed["ftp://x"])
	}
}

func FuzzInfo(f *testing.F) {
	f.Add([]byte(`{"width":1,"height":2}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if size, err := parse(body); err == nil && (size.Width < 1 || size.Height < 1) {
			t.Fatal(size)
		}
	})
}
