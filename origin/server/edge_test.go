package server

import (
	"net/http"
	"testing"
)

const (
	firstSecret  = "the first secret of two"
	secondSecret = "a second one, longer than it"
)

// TestEdgeSecret: with secrets set, only who bears one is answered, on every path
// and by every method, and health by anyone. The administrator's listener has
// nothing to do with it.
func TestEdgeSecret(t *testing.T) {
	s := newTestServer(t, Config{EdgeSecrets: []string{firstSecret, secondSecret}}, Deps{Images: newFake()})
	image := "/iiif/3/" + sampleEsc + "/full/100,/0/default.jpg"
	for _, test := range []struct {
		target, secret string
		want           int
	}{
		{image, "", 403},
		{image, "wrong", 403},
		{image, firstSecret[:len(firstSecret)-1], 403},
		{image, firstSecret + "x", 403},
		{image, firstSecret + ", " + secondSecret, 403},
		{image, firstSecret, 200},
		{image, secondSecret, 200},
		{"/", "", 403},
		{"/robots.txt", "", 403},
		{"/nothing", "", 403},
		{"/nothing", firstSecret, 404},
		{"/health", "", 200},
		{"/health/live", "", 200},
		{"/health/ready", "", 200},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			r := ask(s.Handler(), method, test.target, edgeHeader, test.secret)
			if r.Code != test.want {
				t.Errorf("%s %s with %q: status %d, want %d", method, test.target, test.secret, r.Code, test.want)
			}
			if r.Code == 403 && r.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: a refusal may be stored", method, test.target)
			}
		}
	}
	for _, method := range []string{http.MethodOptions, http.MethodPost} {
		if r := ask(s.Handler(), method, image); r.Code != 403 {
			t.Errorf("%s without a secret: status %d", method, r.Code)
		}
	}
	// Two headers are two claims.
	if r := ask(s.Handler(), "GET", image, edgeHeader, "wrong", edgeHeader, firstSecret); r.Code != 403 {
		t.Errorf("a wrong and a right secret: status %d", r.Code)
	}
	if r := get(s.Admin(), "/counters"); r.Code != 200 {
		t.Errorf("the administrator's listener: status %d", r.Code)
	}
	open := newTestServer(t, Config{}, Deps{Images: newFake()})
	if r := get(open.Handler(), image); r.Code != 200 {
		t.Errorf("without secrets: status %d", r.Code)
	}
	if _, err := New(Config{EdgeSecrets: []string{firstSecret, ""}}, Deps{Images: newFake()}); err == nil {
		t.Error("an empty secret is taken: it would admit everyone")
	}
}
