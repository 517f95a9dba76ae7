// Package conformance is what HTTP says about an IIIF image server, as a table of
// requests and what must come back. The origin and the edge are both held to it.
//
// It is only for tests. Values are from the specifications: Image API 3.0 and 2.1,
// RFC 9110, the Fetch standard.
package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// Subject is a server under test and an image of 4000 × 2250 pixels that it has.
type Subject struct {
	// Base is scheme://host, without a slash.
	Base string
	// Client sends the requests.
	Client *http.Client
	// ID is the identifier of the image, escaped.
	ID string
}

// Answer is a response with its body read.
type Answer struct {
	*http.Response
	Body []byte
}

// expectation is a row of the table. Its name begins with the number of the row
// in PITFALLS.md that it guards, if any.
type expectation struct {
	name   string
	method string // GET when empty
	path   string // {id} stands for the identifier
	header http.Header
	status int
	want   map[string]string // exact header values; "" means absent. {base} and {id} are filled in.
	check  func(t *testing.T, s Subject, a Answer)
}

func accept(v string) http.Header { return http.Header{"Accept": {v}} }

const (
	v3LD        = `application/ld+json;profile="http://iiif.io/api/image/3/context.json"`
	contextLink = `, <http://iiif.io/api/image/%s/context.json>;rel="http://www.w3.org/ns/json-ld#context";type="application/ld+json"`
)

// expectations is the conformance table. Values are from the specifications: Image
// API 3.0 and 2.1, RFC 9110, the Fetch standard.
func expectations() []expectation {
	list := []expectation{
		{name: "07 info.json v3", path: "/iiif/3/{id}/info.json", status: 200, check: infoSays("id", 3)},
		{name: "07 info.json v2", path: "/iiif/2/{id}/info.json", status: 200, check: infoSays("@id", 2)},

		{name: "12 v3 JSON-LD by default", path: "/iiif/3/{id}/info.json", status: 200,
			want: map[string]string{"Content-Type": v3LD, "Vary": "Accept"}},
		{name: "12 v3 JSON-LD on request", path: "/iiif/3/{id}/info.json", header: accept("application/ld+json"), status: 200,
			want: map[string]string{"Content-Type": v3LD, "Vary": "Accept"}},
		{name: "12 v3 JSON on request", path: "/iiif/3/{id}/info.json", header: accept("application/json"), status: 200,
			want: map[string]string{"Content-Type": "application/json", "Vary": "Accept",
				"Link": `<http://iiif.io/api/image/3/level2.json>;rel="profile"` + fmt.Sprintf(contextLink, "3")}},
		{name: "12 v2 JSON by default", path: "/iiif/2/{id}/info.json", status: 200,
			want: map[string]string{"Content-Type": "application/json", "Vary": "Accept",
				"Link": `<http://iiif.io/api/image/2/level2.json>;rel="profile"` + fmt.Sprintf(contextLink, "2")}},
		{name: "12 v2 JSON-LD on request", path: "/iiif/2/{id}/info.json", header: accept("application/ld+json"), status: 200,
			want: map[string]string{"Content-Type": "application/ld+json", "Vary": "Accept"}},

		{name: "13 base URI", path: "/iiif/3/{id}", status: 303,
			want: map[string]string{"Location": "{base}/iiif/3/{id}/info.json", "Access-Control-Allow-Origin": "*"}},
		{name: "13 base URI with a slash", path: "/iiif/3/{id}/", status: 303,
			want: map[string]string{"Location": "{base}/iiif/3/{id}/info.json"}},
		{name: "13 base URI v2", path: "/iiif/2/{id}", status: 303,
			want: map[string]string{"Location": "{base}/iiif/2/{id}/info.json"}},
		{name: "13 OPTIONS of the base URI is not redirected", method: "OPTIONS", path: "/iiif/3/{id}", status: 204,
			want: map[string]string{"Location": ""}},

		{name: "06 profile and canonical v3", path: "/iiif/3/{id}/full/800,/0/default.jpg", status: 200,
			want: map[string]string{"Content-Type": "image/jpeg",
				"Link": `<{base}/iiif/3/{id}/full/800,450/0/default.jpg>;rel="canonical", <http://iiif.io/api/image/3/level2.json>;rel="profile"`},
			check: measures(800, 450)},
		{name: "06 profile and canonical v2", path: "/iiif/2/{id}/full/800,450/0/color.jpg", status: 200,
			want: map[string]string{
				"Link": `<{base}/iiif/2/{id}/full/800,/0/default.jpg>;rel="canonical", <http://iiif.io/api/image/2/level2.json>;rel="profile"`},
			check: measures(800, 450)},
		{name: "05 canonical of a region", path: "/iiif/3/{id}/pct:0,0,50,50/!500,500/360/color.jpg", status: 200,
			want: map[string]string{
				"Link": `<{base}/iiif/3/{id}/0,0,2000,1125/500,281/0/default.jpg>;rel="canonical", <http://iiif.io/api/image/3/level2.json>;rel="profile"`},
			check: measures(500, 281)},
		{name: "08 region past the edge is cropped", path: "/iiif/3/{id}/3990,0,100,100/max/0/default.png", status: 200,
			want: map[string]string{"Content-Type": "image/png"}, check: measures(10, 100)},
		{name: "16 turned by 90", path: "/iiif/3/{id}/0,0,400,200/max/90/default.jpg", status: 200, check: measures(200, 400)},
		{name: "escaped parameters", path: "/iiif/3/{id}/0%2C0%2C400%2C200/%5E800,400/0/default.jpg", status: 200, check: measures(800, 400)},
		{name: "query is ignored", path: "/iiif/3/{id}/0,0,400,200/max/0/default.jpg?v=1/2/3", status: 200, check: measures(400, 200)},

		{name: "pdf has a file name", path: "/iiif/3/{id}/full/100,/0/default.pdf", status: 200, check: inline(".pdf")},
		{name: "tif has a file name", path: "/iiif/3/{id}/full/100,/0/default.tif", status: 200, check: inline(".tif")},

		{name: "20 preflight with Authorization", method: "OPTIONS", path: "/iiif/3/{id}/info.json", status: 204,
			header: http.Header{"Origin": {"https://viewer.example"}, "Access-Control-Request-Method": {"GET"},
				"Access-Control-Request-Headers": {"authorization"}},
			want:  map[string]string{"Access-Control-Allow-Methods": "GET, HEAD, OPTIONS"},
			check: allowsAuthorization},
		{name: "20 preflight of an image", method: "OPTIONS", path: "/iiif/2/{id}/full/max/0/default.jpg", status: 204, check: allowsAuthorization},

		{name: "pages for people", path: "/", header: accept("text/html"), status: 200,
			want: map[string]string{"Content-Type": "text/html; charset=utf-8"}},
		{name: "viewer", path: "/viewer/{id}", header: accept("text/html"), status: 200,
			want: map[string]string{"Content-Type": "text/html; charset=utf-8"}},
		{name: "favicon", path: "/favicon.ico", status: 200},
		{name: "robots", path: "/robots.txt", status: 200, want: map[string]string{"Content-Type": "text/plain; charset=utf-8"}},
		{name: "23 live", path: "/health/live", status: 200, want: map[string]string{"Cache-Control": "no-store"}},
		{name: "23 ready", path: "/health/ready", status: 200, want: map[string]string{"Cache-Control": "no-store"}},
		{name: "23 health", path: "/health", status: 200, want: map[string]string{"Cache-Control": "no-store"}},
	}
	for _, m := range []string{"POST", "PUT", "DELETE", "PATCH", "PROPFIND"} {
		list = append(list, expectation{name: "405 " + m, method: m, path: "/iiif/3/{id}/info.json", status: 405,
			want: map[string]string{"Allow": "GET, HEAD, OPTIONS", "Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}})
	}
	for _, r := range []struct {
		name, rest string
		status     int
	}{
		{"02 v3 has no full size", "full/full/0/default.jpg", 400},
		{"02 upscaling without ^", "0,0,100,100/200,200/0/default.jpg", 400},
		{"02 pct above 100 without ^", "full/pct:101/0/default.jpg", 400},
		{"08 region outside", "4000,0,10,10/max/0/default.jpg", 400},
		{"08 region without width", "0,0,0,10/max/0/default.jpg", 400},
		{"09 result under a pixel", "0,0,10,10/pct:1/0/default.jpg", 400},
		{"10 plus sign", "+1,0,10,10/max/0/default.jpg", 400},
		{"10 trailing comma", "full/100,50,/0/default.jpg", 400},
		{"10 negative rotation", "full/max/-90/default.jpg", 400},
		{"10 exponent", "full/1e3,/0/default.jpg", 400},
		{"10 two dots", "pct:0,0,.5.,50/max/0/default.jpg", 400},
		{"10 empty size", "full//0/default.jpg", 400},
		{"10 rotation above 360", "full/max/361/default.jpg", 400},
		{"unknown quality", "full/max/0/sepia.jpg", 400},
		{"unknown format", "full/max/0/default.exe", 400},
		{"no format", "full/max/0/default", 400},
		{"04 above the limits", "full/^20000,20000/0/default.jpg", 400},
		{"too few segments", "full/max/default.jpg", 404},
		{"too many segments", "full/max/0/0/default.jpg", 404},
	} {
		list = append(list, failing(r.name, "/iiif/3/{id}/"+r.rest, r.status))
	}
	for _, r := range []struct {
		name, path string
		status     int
	}{
		{"21 absent image", "/iiif/3/there-is-no-such-image/info.json", 404},
		{"21 absent image, image request", "/iiif/3/there-is-no-such-image/full/max/0/default.jpg", 404},
		{"unknown version", "/iiif/4/{id}/info.json", 404},
		{"no identifier", "/iiif/3/", 404},
		{"empty identifier", "/iiif/3//info.json", 404},
		{"18 dots", "/iiif/3/../info.json", 404},
		{"18 escaped dots", "/iiif/3/%2e%2e/info.json", 404},
		{"18 escaped path upwards", "/iiif/3/..%2F..%2Fetc%2Fpasswd/info.json", 404},
		{"18 zero byte", "/iiif/3/a%00b/info.json", 404},
		{"18 bad UTF-8", "/iiif/3/%ff%fe/info.json", 400},
		{"18 escaped twice", "/iiif/3/a%252Fb/info.json", 404},
		{"unknown path", "/somewhere/else", 404},
	} {
		list = append(list, failing(r.name, r.path, r.status))
	}
	return list
}

// failing is the expectation that every error meets: CORS, not stored, public text.
func failing(name, path string, status int) expectation {
	return expectation{name: name, path: path, status: status, want: map[string]string{
		"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8",
		"ETag": "", "Last-Modified": "", "X-Content-Type-Options": "nosniff",
	}}
}

// Run holds a server to the table, each GET as HEAD and with the entity tag that
// it got as well.
func Run(t *testing.T, s Subject) {
	client := *s.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.Client = &client
	fill := strings.NewReplacer("{base}", s.Base, "{id}", s.ID)
	for _, e := range expectations() {
		t.Run(e.name, func(t *testing.T) {
			method := e.method
			if method == "" {
				method = "GET"
			}
			a := s.Ask(t, method, fill.Replace(e.path), e.header)
			if a.StatusCode != e.status {
				t.Fatalf("status %d, want %d; body %.200q", a.StatusCode, e.status, a.Body)
			}
			for name, want := range e.want {
				if got := strings.Join(a.Header.Values(name), ", "); got != fill.Replace(want) {
					t.Errorf("%s: %q\nwant %q", name, got, fill.Replace(want))
				}
			}
			if got := a.Header.Get("Access-Control-Allow-Origin"); got != "*" {
				t.Errorf("Access-Control-Allow-Origin: %q", got)
			}
			if got := a.Header.Get("Access-Control-Allow-Credentials"); got != "" {
				t.Errorf("Access-Control-Allow-Credentials: %q together with *", got)
			}
			if a.StatusCode != 204 {
				if got := a.Header.Get("Content-Length"); got != strconv.Itoa(len(a.Body)) {
					t.Errorf("Content-Length %q of %d bytes", got, len(a.Body))
				}
			}
			if e.check != nil {
				e.check(t, s, a)
			}
			if method == "GET" {
				s.compareHead(t, fill.Replace(e.path), e.header, a)
				s.compareConditional(t, fill.Replace(e.path), e.header, a)
			}
		})
	}
}

// Ask sends a request whose path goes out just as it is. Redirects are followed as
// Client does.
func (s Subject) Ask(t *testing.T, method, path string, header http.Header) Answer {
	t.Helper()
	req, err := http.NewRequest(method, s.Base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Opaque sends the path as it is.
	req.URL.Opaque, req.URL.RawQuery, _ = strings.Cut(path, "?")
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := s.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{resp, body}
}

// compareHead checks that HEAD answers what GET does, without a body.
func (s Subject) compareHead(t *testing.T, path string, header http.Header, get Answer) {
	t.Helper()
	head := s.Ask(t, "HEAD", path, header)
	if head.StatusCode != get.StatusCode || len(head.Body) != 0 {
		t.Errorf("HEAD: status %d and %d bytes, GET %d", head.StatusCode, len(head.Body), get.StatusCode)
	}
	for name := range get.Header {
		if name != "Date" && head.Header.Get(name) != get.Header.Get(name) {
			t.Errorf("HEAD: %s: %q, GET %q", name, head.Header.Get(name), get.Header.Get(name))
		}
	}
}

// compareConditional checks that an Answer with an ETag is not sent twice.
func (s Subject) compareConditional(t *testing.T, path string, header http.Header, first Answer) {
	t.Helper()
	tag := first.Header.Get("ETag")
	if first.StatusCode != 200 || tag == "" {
		if first.StatusCode == 200 && strings.HasPrefix(path, "/iiif/") {
			t.Error("no ETag")
		}
		return
	}
	if !strings.HasPrefix(tag, `"`) {
		t.Errorf("ETag %s is not strong", tag)
	}
	for _, value := range []string{tag, "W/" + tag, `"x", W/"y,z", ` + tag, "*"} {
		h := header.Clone()
		if h == nil {
			h = http.Header{}
		}
		h.Set("If-None-Match", value)
		a := s.Ask(t, "GET", path, h)
		if a.StatusCode != 304 || len(a.Body) != 0 || a.Header.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: status %d, %d bytes, ETag %s", value, a.StatusCode, len(a.Body), a.Header.Get("ETag"))
		}
		for _, name := range []string{"Cache-Control", "Vary", "Access-Control-Allow-Origin"} { // RFC 9110 §15.4.5
			if a.Header.Get(name) != first.Header.Get(name) {
				t.Errorf("304: %s: %q, 200: %q", name, a.Header.Get(name), first.Header.Get(name))
			}
		}
	}
}

func infoSays(idKey string, version int) func(*testing.T, Subject, Answer) {
	return func(t *testing.T, s Subject, a Answer) {
		var info map[string]any
		if err := json.Unmarshal(a.Body, &info); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%s/iiif/%d/%s", s.Base, version, s.ID); info[idKey] != want {
			t.Errorf("%s is %q, want %q", idKey, info[idKey], want)
		}
		if info["width"] != 4000.0 || info["height"] != 2250.0 {
			t.Errorf("dimensions %v × %v", info["width"], info["height"])
		}
		if want := fmt.Sprintf("http://iiif.io/api/image/%d/context.json", version); info["@context"] != want {
			t.Errorf("@context is %q, want %q", info["@context"], want)
		}
	}
}

func measures(w, h int) func(*testing.T, Subject, Answer) {
	return func(t *testing.T, _ Subject, a Answer) {
		c, _, err := image.DecodeConfig(bytes.NewReader(a.Body))
		if err != nil || c.Width != w || c.Height != h {
			t.Errorf("image of %d × %d, want %d × %d; %v", c.Width, c.Height, w, h, err)
		}
	}
}

func inline(ending string) func(*testing.T, Subject, Answer) {
	return func(t *testing.T, _ Subject, a Answer) {
		d := a.Header.Get("Content-Disposition")
		if !strings.HasPrefix(d, "inline; filename") || !strings.HasSuffix(strings.Trim(d, `"`), ending) {
			t.Errorf("Content-Disposition: %q", d)
		}
	}
}

func allowsAuthorization(t *testing.T, _ Subject, a Answer) {
	found := false
	for name := range strings.SplitSeq(a.Header.Get("Access-Control-Allow-Headers"), ",") {
		found = found || strings.EqualFold(strings.TrimSpace(name), "Authorization")
	}
	if !found {
		t.Errorf("Access-Control-Allow-Headers: %q", a.Header.Get("Access-Control-Allow-Headers"))
	}
	if age, err := strconv.Atoi(a.Header.Get("Access-Control-Max-Age")); err != nil || age < 600 {
		t.Errorf("Access-Control-Max-Age: %q", a.Header.Get("Access-Control-Max-Age"))
	}
}
