package server

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestHooks: who bears the token is heard at once; nobody else is.
func TestHooks(t *testing.T) {
	const token = "a token of hooks"
	var log lockedBuffer
	var called []string
	ts := listen(t, newTestServer(t, Config{HookTokens: []string{token, "another"}, EdgeSecrets: []string{"the secret of the edge"}},
		Deps{Changed: func(hook string) { called = append(called, hook) }, Logger: NewLogger(&log, false, slog.LevelInfo)}))
	post := func(method, path, body string, header ...string) int {
		t.Helper()
		r, err := http.NewRequest(method, ts.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if allow := resp.Header.Get("Allow"); (resp.StatusCode == 405) != (allow == "POST") {
			t.Errorf("%s %s: %d, allowed is %q", method, path, resp.StatusCode, allow)
		}
		return resp.StatusCode
	}
	for _, c := range []struct {
		method, path, body string
		header             []string
		want               int
	}{
		{"POST", "/hooks/directus", "", nil, 401},
		{"POST", "/hooks/directus", "", []string{"Authorization", "Bearer wrong"}, 401},
		{"POST", "/hooks/directus", "", []string{"Authorization", "Basic " + token}, 401},
		{"POST", "/hooks/directus", "", []string{"Authorization", "Bearer "}, 401},
		{"POST", "/hooks/publish", "", []string{"X-Vitrine-Token", "a token of hook"}, 401},
		{"GET", "/hooks/publish", "", []string{"X-Vitrine-Token", token}, 405},
		{"OPTIONS", "/hooks/publish", "", nil, 405},
		{"POST", "/hooks/publish", "", []string{"X-Vitrine-Edge", token}, 401},
		{"GET", "/hooks/other", "", []string{"X-Vitrine-Edge", "the secret of the edge"}, 404},
		{"GET", "/hooks/other", "", []string{"X-Vitrine-Token", token}, 403}, // it opens nothing else
		{"POST", "/hooks/directus", `{"event":"iiif_images.items.create","key":7,"collection":"iiif_images","payload":{"title":"x"}}`, []string{"Authorization", "Bearer " + token}, 202},
		{"POST", "/hooks/directus", `{"event":"files.update","keys":["a-b","c"],"collection":"directus_files"}`, []string{"X-Vitrine-Token", "another"}, 202},
		{"POST", "/hooks/publish", "no JSON", []string{"X-Vitrine-Edge", "the secret of the edge"}, 202},
		{"POST", "/hooks/publish", strings.Repeat("x", maxHook+100_000), []string{"X-Vitrine-Token", token}, 202},
	} {
		before := len(called)
		if got := post(c.method, c.path, c.body, c.header...); got != c.want {
			t.Errorf("%s %s %v: %d", c.method, c.path, c.header, got)
		}
		if told := len(called) > before; told != (c.want == 202) {
			t.Errorf("%s %s %v: told %v", c.method, c.path, c.header, told)
		}
	}
	if want := []string{"directus", "directus", "publish", "publish"}; !slices.Equal(called, want) {
		t.Errorf("called %v", called)
	}
	for _, want := range []string{
		`"event":"iiif_images.items.create","collection":"iiif_images","count":1,"keys":"[7]"`,
		`"event":"files.update","collection":"directus_files","count":2,"keys":"[a-b c]"`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has not %s:\n%s", want, log.String())
		}
	}
	if strings.Contains(log.String(), token) {
		t.Error("the log has the token")
	}
	for name, s := range map[string]*Server{
		"no token":     newTestServer(t, Config{}, Deps{Changed: func(string) { t.Error("called") }}),
		"no publisher": newTestServer(t, Config{HookTokens: []string{token}}, Deps{}),
	} {
		if w := ask(s.Handler(), "POST", "/hooks/publish", "X-Vitrine-Token", token); w.Code != 404 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if _, err := New(Config{HookTokens: []string{""}}, Deps{Images: newFake()}); err == nil {
		t.Error("an empty token is taken")
	}
}
