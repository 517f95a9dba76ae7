package rights

import "testing"

func TestName(t *testing.T) {
	for uri, want := range map[string]string{
		"https://creativecommons.org/licenses/by-nc-sa/4.0/":    "CC BY-NC-SA 4.0",
		"http://creativecommons.org/publicdomain/mark/1.0/":     "Public Domain Mark 1.0",
		"https://creativecommons.org/publicdomain/zero/1.0/":    "CC0 1.0",
		"http://rightsstatements.org/vocab/InC-EDU/1.0/":        "In copyright, educational use permitted",
		"https://museum.org/terms":                              "https://museum.org/terms",
		"https://creativecommons.org.evil.example/licenses/x/y": "https://creativecommons.org.evil.example/licenses/x/y",
	} {
		if label, link := Name(uri); label != want || link != uri {
			t.Errorf("%s: %q, %q", uri, label, link)
		}
	}
	for _, uri := range []string{"javascript:alert(1)", "all rights reserved", ""} {
		if label, link := Name(uri); label != uri || link != "" {
			t.Errorf("%s: %q, %q", uri, label, link)
		}
	}
}
