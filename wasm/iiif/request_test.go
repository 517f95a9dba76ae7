package iiif_test

import (
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

func TestParsePaths(t *testing.T) {
	for path, want := range map[string]string{
		"/iiif/3/id":                                       "3 base id",
		"/iiif/3/id/":                                      "3 base id",
		"/iiif/2/a%2Fb":                                    "2 base a/b",
		"/iiif/2/id/info.json":                             "2 info id",
		"/iiif/3/info.json/info.json":                      "3 info info.json",
		"/iiif/3/id/full/max/0/default.jpg":                "3 image id",
		"/iiif/2/id/full/full/0/default.jpg":               "2 image id",
		"/iiif/3/id/full/%5Emax/0/default.jpg":             "3 image id",
		"/iiif/3/id/pct%3A0%2C0%2C5%2C5/max/%210/gray.png": "3 image id",

		"":                                   "not_found",
		"/":                                  "not_found",
		"/iiif":                              "not_found",
		"/iiif/3":                            "not_found",
		"/iiif/3/":                           "not_found",
		"/iiif/3//info.json":                 "not_found",
		"/iiif/1/id/info.json":               "not_found",
		"/iiif/33/id/info.json":              "not_found",
		"/iiif/id/info.json":                 "not_found",
		"iiif/3/id/info.json":                "not_found",
		"/iiif/3/id/info.xml":                "not_found",
		"/iiif/3/id/info.json/":              "not_found",
		"/iiif/3/a/b/info.json":              "not_found",
		"/iiif/3/id/full/max/0":              "not_found",
		"/iiif/3/id/full/max/0/default.jpg/": "not_found",
		"/iiif/3/a/b/full/max/0/default.jpg": "not_found",
		"/iiif/3/a/b":                        "not_found",
		"/iiif/3/../../etc/passwd":           "not_found",
		"/iiif/3/..%2F..%2Fetc%2Fpasswd/info.json": "not_found",
		"/iiif/3/%00/full/max/0/default.jpg":       "not_found",
		"/iiif/3/%ff/info.json":                    "invalid",
		"/iiif/3/%zz/info.json":                    "invalid",
		"/iiif/3/id/full/max/0/default":            "invalid",
		"/iiif/3/id/full/max/0/.jpg":               "invalid",
		"/iiif/3/id/full/max/0/default.":           "invalid",
		"/iiif/3/id/full/max/%zz/default.jpg":      "invalid",
		"/iiif/3/id//max/0/default.jpg":            "invalid",
		"/iiif/3/id/full//0/default.jpg":           "invalid",
		"/iiif/3/id/full/max//default.jpg":         "invalid",
		"/iiif/3/id/full/max/0/":                   "invalid",
	} {
		r, err := iiif.Parse(path)
		got := kindOf(err)
		if err == nil {
			got = r.Version().String() + " " + r.Kind().String() + " " + r.Identifier().String()
		} else {
			checkPublic(t, err)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
	_, err := iiif.Parse("/iiif/3/a/b/full/max/0/default.jpg")
	if !strings.Contains(err.Error(), "%2F") {
		t.Errorf("nothing says that slashes are escaped: %v", err)
	}
}

func TestRequestBasePath(t *testing.T) {
	r, err := iiif.Parse("/iiif/3/a%2fb%2Dc/info.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := r.BasePath(); got != "/iiif/3/a%2fb%2Dc" {
		t.Errorf("as spelled: %q", got)
	}
	if got := iiif.V2.BasePath(r.Identifier()); got != "/iiif/2/a%2Fb-c" {
		t.Errorf("canonical: %q", got)
	}
}

// TestStrictGrammar is row 10: what is not a number is refused, and so is
// everything of one version that the other does not have (row 2).
func TestStrictGrammar(t *testing.T) {
	const both = 5
	numbers := []string{"+1", "-1", "1e3", ".5", "5.", ".5.", "0x1", "1_0", " 1", "1 ", "١", "", ".", "Inf", "NaN", strings.Repeat("1", 33)}
	type bad struct {
		versions int
		params   string
	}
	list := []bad{
		{both, "Full/max/0/default.jpg"}, {both, "FULL/max/0/default.jpg"}, {both, "square!!/max/0/default.jpg"},
		{both, "0,0,10/max/0/default.jpg"}, {both, "0,0,10,10,10/max/0/default.jpg"}, {both, "0,0,10,10,/max/0/default.jpg"},
		{both, "pct:0,0,10/max/0/default.jpg"}, {both, "pct:/max/0/default.jpg"}, {both, "pct:0,0,10,10%25/max/0/default.jpg"},
		{both, "1.5,0,10,10/max/0/default.jpg"},
		{both, "full/100/0/default.jpg"}, {both, "full/,/0/default.jpg"}, {both, "full/!,/0/default.jpg"}, {both, "full/!100,/0/default.jpg"},
		{both, "full/!,100/0/default.jpg"}, {both, "full/100,50,/0/default.jpg"}, {both, "full/100,50,2/0/default.jpg"},
		{both, "full/100.5,/0/default.jpg"}, {both, "full/pct:/0/default.jpg"}, {both, "full/pct:50,50/0/default.jpg"},
		{both, "full/!pct:50/0/default.jpg"}, {both, "full/!max/0/default.jpg"}, {both, "full/Max/0/default.jpg"}, {both, "full/pct:^5/0/default.jpg"},
		{both, "full/,^240/0/default.jpg"}, {both, "full/!^10,10/0/default.jpg"}, {both, "full/^^max/0/default.jpg"},
		{both, "full/0,/0/default.jpg"}, {both, "full/,0/0/default.jpg"}, {both, "full/0,10/0/default.jpg"}, {both, "full/10,0/0/default.jpg"},
		{both, "full/!0,10/0/default.jpg"}, {both, "full/!10,0/0/default.jpg"}, {both, "full/pct:0/0/default.jpg"}, {both, "full/pct:0.0/0/default.jpg"},
		{both, "full/max/-90/default.jpg"}, {both, "full/max/360.1/default.jpg"}, {both, "full/max/361/default.jpg"}, {both, "full/max/!/default.jpg"},
		{both, "full/max/!!0/default.jpg"}, {both, "full/max/0!/default.jpg"}, {both, "full/max/90,0/default.jpg"},
		{both, "full/max/0/native.jpg"}, {both, "full/max/0/grey.jpg"}, {both, "full/max/0/Default.jpg"}, {both, "full/max/0/default.color.jpg"},
		{both, "full/max/0/default.jp2"}, {both, "full/max/0/default.JPG"}, {both, "full/max/0/default.jpeg"}, {both, "full/max/0/default.tiff"}, {both, "full/max/0/default.jpg.png"},
		{3, "full/full/0/default.jpg"}, {3, "full/^full/0/default.jpg"},
		{2, "full/^max/0/default.jpg"}, {2, "full/^100,/0/default.jpg"}, {2, "full/^full/0/default.jpg"},
	}
	for _, n := range numbers {
		e := url.PathEscape(n)
		list = append(list,
			bad{both, "full/pct:" + e + "/0/default.jpg"}, bad{both, "pct:0,0,10," + e + "/max/0/default.jpg"},
			bad{both, e + ",0,10,10/max/0/default.jpg"}, bad{both, "0,0,10," + e + "/max/0/default.jpg"},
			bad{both, "full/!" + e + ",10/0/default.jpg"},
			bad{both, "full/max/" + e + "/default.jpg"}, bad{both, "full/max/!" + e + "/default.jpg"})
		if n != "" {
			list = append(list, bad{both, "full/" + e + ",/0/default.jpg"}, bad{both, "full/10," + e + "/0/default.jpg"}, bad{both, "full/," + e + "/0/default.jpg"})
		}
	}
	for _, c := range list {
		for _, v := range []iiif.Version{iiif.V2, iiif.V3} {
			if c.versions != both && c.versions != int(v) {
				continue
			}
			_, err := resolve(v, c.params, iiif.Info{Width: 1000, Height: 1000}, iiif.Limits{MaxArea: 1e8})
			if kindOf(err) != "invalid" {
				t.Errorf("version %v: %q: %s, want invalid", v, c.params, kindOf(err))
			} else {
				checkPublic(t, err)
			}
		}
	}
}

// TestValidatorRandomStrings asks what the official validator asks (its tests
// *_error_random): random text in each parameter is a 400.
func TestValidatorRandomStrings(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	text := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(48 + rnd.IntN(75))
		}
		return strings.NewReplacer("?", "$", "#", "$", "/", "$").Replace(string(b))
	}
	aNumber := regexp.MustCompile(`^([0-2]?\d?\d|3[0-5]\d|360|0\d\d\d)$`)
	for range 3000 {
		rotation := text(4)
		if aNumber.MatchString(rotation) {
			continue
		}
		for _, params := range []string{
			text(6) + "/max/0/default.jpg", "full/" + text(6) + "/0/default.jpg", "full/max/" + rotation + "/default.jpg",
			"full/max/0/" + text(6) + ".jpg", "full/max/0/default." + text(3),
		} {
			u := url.URL{Path: "/iiif/3/id/" + params}
			if _, err := iiif.Parse(u.EscapedPath()); kindOf(err) != "invalid" {
				t.Errorf("%q: %s", params, kindOf(err))
			}
		}
	}
}

// TestErrorText is about logs and answers: hostile text stays on one line, quoted
// and short, and names the part that is wrong.
func TestErrorText(t *testing.T) {
	for params, part := range map[string]string{
		"a%0d%0ab/max/0/default.jpg":                                `region "a\r\nb"`,
		"full/%E2%80%A8/0/default.jpg":                              `size "\u2028"`,
		"full/max/%E2%80%AE/default.jpg":                            `rotation "\u202e"`,
		"full/max/0/%22%1b[31m.jpg":                                 `quality "\"\x1b[31m"`,
		"full/max/0/default.%3Cscript%3E":                           `format "<script>"`,
		"full/max/0/default.%ff":                                    `format "\xff"`,
		strings.Repeat("%F0%9F%96%BC", 1000) + "/max/0/default.jpg": `region "🖼🖼`,
	} {
		_, err := iiif.Parse("/iiif/3/id/" + params)
		if kindOf(err) != "invalid" || !strings.Contains(err.Error(), part) {
			t.Errorf("%.40q: %v, want %s", params, err, part)
			continue
		}
		checkPublic(t, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"/iiif/3/id/full/max/0/default.jpg", "/iiif/2/a%2Fb/pct:1,2,3,4.5/!10,10/!22.5/gray.png",
		"/iiif/3/id/square!/%5Epct:50/360/bitonal.tif", "/iiif/3/id/info.json", "/iiif/2/id/", "/iiif/3/a/b/c",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		r, err := iiif.Parse(path)
		if err != nil {
			checkPublic(t, err)
			if k := kindOf(err); k != "invalid" && k != "not_found" {
				t.Fatalf("%q: kind %s", path, k)
			}
			return
		}
		base, err := iiif.Parse(r.BasePath())
		if err != nil || base.Kind() != iiif.KindBase || base.Identifier() != r.Identifier() || base.Version() != r.Version() {
			t.Fatalf("%q: base path %q: %v", path, r.BasePath(), err)
		}
		if r.Kind() == iiif.KindImage {
			if _, ok := iiif.ParseFormat(r.Format().String()); !ok {
				t.Fatalf("%q: format %v", path, r.Format())
			}
		}
	})
}
