package iiif_test

import (
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// TestNegotiateInfo is row 12, §5.1 and, for version 2, 2.1 §5.1.
func TestNegotiateInfo(t *testing.T) {
	const (
		plain = "application/json"
		ld3   = `application/ld+json;profile="http://iiif.io/api/image/3/context.json"`
		ld2   = "application/ld+json"
		// Address bars and scripts of current browsers.
		firefox = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
		chrome  = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
		axios   = "application/json, text/plain, */*"
	)
	for _, c := range []struct{ accept, v3, v2 string }{
		{"", ld3, plain},
		{"*/*", ld3, plain}, // fetch, XMLHttpRequest, curl
		{"application/*", ld3, plain},
		{firefox, ld3, plain}, // JSON was not asked for
		{chrome, ld3, plain},
		{axios, plain, plain},
		{"application/ld+json", ld3, ld2}, // the official validator
		{"Application/LD+JSON", ld3, ld2},
		{ld3, ld3, ld2},
		{`application/ld+json;profile="a,b;q=0";q=0.4, application/json;q=0.5`, plain, plain},
		{`application/ld+json;profile="\",application/json"`, ld3, ld2},
		{"application/json", plain, plain},
		{"application/json;charset=utf-8", plain, plain},
		{"application/json, application/ld+json", ld3, ld2},
		{"application/ld+json;q=0.5, application/json", plain, plain},
		{"application/ld+json, application/json;q=0.9", ld3, ld2},
		{"application/ld+json;q=0, */*", plain, plain},
		{"application/json;q=0, */*", ld3, plain},
		{"application/ld+json;q=0.2, */*;q=0.1", ld3, ld2},
		{"application/json;q=0.1, */*", ld3, plain},
		{"text/html, application/ld+json;q=0.9", ld3, ld2},
		{"text/html;q=0, */*", ld3, plain},
		{" application/json ; Q=0.3 ,\tapplication/ld+json ; q=0.2", plain, plain},
		{"application/ld+json;q=2, application/json;q=0.1", plain, plain}, // malformed q
		{"application/ld+json;q=, application/json;q=0.1", plain, plain},
		{"application/ld+json;q=NaN, application/json;q=0.1", plain, plain},
		{"image/png", ld3, plain}, // neither: the default, not a 406
		{",,;;,", ld3, plain},
		{strings.Repeat(`"`, 1001), ld3, plain},
	} {
		if got := iiif.NegotiateInfo(c.accept, iiif.V3); got != c.v3 {
			t.Errorf("version 3 %.80q: %s, want %s", c.accept, got, c.v3)
		}
		if got := iiif.NegotiateInfo(c.accept, iiif.V2); got != c.v2 {
			t.Errorf("version 2 %.80q: %s, want %s", c.accept, got, c.v2)
		}
	}
}

func FuzzNegotiateInfo(f *testing.F) {
	f.Add("text/html,application/ld+json;q=0.5;profile=\"x\\\",y\",*/*;q=0.1")
	f.Fuzz(func(t *testing.T, accept string) {
		for _, v := range []iiif.Version{iiif.V2, iiif.V3} {
			got := iiif.NegotiateInfo(accept, v)
			if got != "application/json" && !strings.HasPrefix(got, "application/ld+json") {
				t.Fatal(got)
			}
			if !strings.Contains(accept, "/") && got != iiif.NegotiateInfo("", v) {
				t.Fatalf("%q: %s", accept, got)
			}
		}
	})
}

// TestPrefersProfile: viewers that want Presentation 2 say so by its profile.
func TestPrefersProfile(t *testing.T) {
	const p2, p3 = "http://iiif.io/api/presentation/2/context.json", "http://iiif.io/api/presentation/3/context.json"
	ld2, ld3 := `application/ld+json;profile="`+p2+`"`, `application/ld+json;profile="`+p3+`"`
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "application/ld+json": false, "application/json": false, "text/html": false,
		ld2: true, ld3: false, ld2 + ", */*": true, ld2 + ", application/json": true,
		ld3 + "," + ld2: false, ld2 + "," + ld3: false, ld2 + "," + ld3 + ";q=0.9": true, ld2 + ";q=0.8," + ld3: false,
		ld2 + ";q=0": false, ld2 + ";q=0.5,application/ld+json": false,
		`Application/LD+JSON; Profile="http://x.org/ ` + p2 + `"; q=1`: true,
		"application/ld+json;profile=" + p2:                            true,
		`application/json;profile="` + p2 + `"`:                        true,
		`application/ld+json;profile="` + p2 + `;q=0"`:                 false, // another profile
		`text/turtle;profile="` + p2 + `"`:                             false,
	} {
		if got := iiif.PrefersProfile(accept, p2, p3); got != want {
			t.Errorf("%s: %v", accept, got)
		}
	}
}
