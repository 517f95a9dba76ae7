package iiif_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// TestIdentifier is row 18 of the pitfalls, and the examples of §9.
func TestIdentifier(t *testing.T) {
	long := strings.Repeat("a", 1024)
	for _, c := range []struct {
		in, decoded, escaped, spelled string
		kind                          string
	}{
		{"id1", "id1", "id1", "id1", "ok"},
		// The escaped identifiers of the table in §9.
		{"ark:%2F12025%2F654xz321", "ark:/12025/654xz321", "ark:%2F12025%2F654xz321", "ark:%2F12025%2F654xz321", "ok"},
		{"urn:foo:a123,456", "urn:foo:a123,456", "urn:foo:a123,456", "urn:foo:a123,456", "ok"},
		{"urn:sici:1046-8188(199501)13:1%253C69:FTTHBI%253E2.0.TX;2-4", "urn:sici:1046-8188(199501)13:1%3C69:FTTHBI%3E2.0.TX;2-4",
			"urn:sici:1046-8188(199501)13:1%253C69:FTTHBI%253E2.0.TX;2-4", "urn:sici:1046-8188(199501)13:1%253C69:FTTHBI%253E2.0.TX;2-4", "ok"},
		{"http:%2F%2Fexample.com%2F%3F54%23a", "http://example.com/?54#a", "http:%2F%2Fexample.com%2F%3F54%23a", "http:%2F%2Fexample.com%2F%3F54%23a", "ok"},
		// Spelled keeps what the client wrote, Escaped does not.
		{"67352ccc%2Dd1b0", "67352ccc-d1b0", "67352ccc-d1b0", "67352ccc%2Dd1b0", "ok"},
		{"a%2fb", "a/b", "a%2Fb", "a%2fb", "ok"},
		{"a%252Fb", "a%2Fb", "a%252Fb", "a%252Fb", "ok"},
		{"a@b", "a@b", "a%40b", "a@b", "ok"},
		{"%E2%82%AC.jpg", "€.jpg", "%E2%82%AC.jpg", "%E2%82%AC.jpg", "ok"},
		// Characters that no URI may hold are read, but never handed on.
		{`a"b`, `a"b`, "a%22b", "a%22b", "ok"},
		{"a<b>|^", "a<b>|^", "a%3Cb%3E%7C%5E", "a%3Cb%3E%7C%5E", "ok"},
		{"é b", "é b", "%C3%A9%20b", "%C3%A9%20b", "ok"},
		{"a+b", "a+b", "a+b", "a+b", "ok"}, // not a space
		{"...", "...", "...", "...", "ok"},
		{".hidden", ".hidden", ".hidden", ".hidden", "ok"},
		{"a..b", "a..b", "a..b", "a..b", "ok"},
		{long, long, long, long, "ok"},
		// What cannot be parsed.
		{"%", "", "", "", "invalid"},
		{"a%2", "", "", "", "invalid"},
		{"a%zz", "", "", "", "invalid"},
		{"a%%41", "", "", "", "invalid"},
		{"a%ff", "", "", "", "invalid"},
		{"a\xff", "", "", "", "invalid"},
		{"a%C0%AF", "", "", "", "invalid"},    // overlong slash
		{"a%ED%A0%80", "", "", "", "invalid"}, // surrogate
		{"a/b", "", "", "", "invalid"},
		{"a?b", "", "", "", "invalid"},
		{"a#b", "", "", "", "invalid"},
		// What cannot exist.
		{"", "", "", "", "not_found"},
		{".", "", "", "", "not_found"},
		{"..", "", "", "", "not_found"},
		{"%2e%2E", "", "", "", "not_found"},
		{"..%2F..%2Fetc%2Fpasswd", "", "", "", "not_found"},
		{"a%2F..%2Fb", "", "", "", "not_found"},
		{"a%2F.", "", "", "", "not_found"},
		{"a%2F..", "", "", "", "not_found"},
		{"a%00.jpg", "", "", "", "not_found"},
		{"a%0d%0aSet-Cookie:x", "", "", "", "not_found"},
		{"a%7f", "", "", "", "not_found"},
		{"a%C2%85", "", "", "", "not_found"}, // C1 control
		{long + "a", "", "", "", "not_found"},
		{strings.Repeat("%41", 1025), "", "", "", "not_found"},
		{strings.Repeat("%", 100_000), "", "", "", "not_found"},
	} {
		id, err := iiif.ParseIdentifier(c.in)
		if kindOf(err) != c.kind {
			t.Errorf("%.60q: %s (%v), want %s", c.in, kindOf(err), err, c.kind)
			continue
		}
		if err != nil {
			checkPublic(t, err)
			if id != (iiif.Identifier{}) {
				t.Errorf("%.60q: an identifier beside the error", c.in)
			}
			continue
		}
		if id.String() != c.decoded || id.Escaped() != c.escaped || id.Spelled() != c.spelled {
			t.Errorf("%.60q: %q %q %q, want %q %q %q", c.in, id.String(), id.Escaped(), id.Spelled(), c.decoded, c.escaped, c.spelled)
		}
		made, err := iiif.NewIdentifier(c.decoded)
		if err != nil || made.String() != c.decoded || made.Escaped() != c.escaped || made.Spelled() != c.escaped {
			t.Errorf("NewIdentifier(%.60q) = %v, %v", c.decoded, made, err)
		}
	}
}

func TestNewIdentifierRefuses(t *testing.T) {
	for in, kind := range map[string]string{
		"": "not_found", "..": "not_found", "a/../b": "not_found", "a\x00": "not_found", "\xff": "invalid",
		strings.Repeat("é", 513): "not_found",
	} {
		if _, err := iiif.NewIdentifier(in); kindOf(err) != kind {
			t.Errorf("NewIdentifier(%.20q): %v, want %s", in, err, kind)
		}
	}
}

// FuzzParseIdentifier checks against net/url, which decodes segments the same way.
func FuzzParseIdentifier(f *testing.F) {
	for _, s := range []string{"id", "a%2Fb", "a%252Fb", "..%2f", "%00", "%ff", "a\"b", "%E2%82%AC", "é", "[frob]", "%", "a%C2%85"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := iiif.ParseIdentifier(s)
		decoded, urlErr := url.PathUnescape(s)
		if err != nil {
			checkPublic(t, err)
			if k := kindOf(err); k != "invalid" && k != "not_found" {
				t.Fatalf("%q: kind %s", s, k)
			}
			if urlErr == nil && harmless(decoded) && !strings.ContainsAny(s, "/?#") {
				t.Fatalf("%q refused: %v", s, err)
			}
			return
		}
		if urlErr != nil || decoded != id.String() {
			t.Fatalf("%q: decoded %q, net/url %q %v", s, id.String(), decoded, urlErr)
		}
		for _, spelling := range []string{id.Escaped(), id.Spelled()} {
			again, err := iiif.ParseIdentifier(spelling)
			if err != nil || again.String() != id.String() || again.Escaped() != id.Escaped() || again.Spelled() != spelling {
				t.Fatalf("%q: %q does not come back: %v %v", s, spelling, again, err)
			}
			if strings.ContainsAny(spelling, "/?# \"<>\\^`{|}") || !isASCII(spelling) {
				t.Fatalf("%q: spelling %q is not a segment", s, spelling)
			}
		}
	})
}

// harmless reports whether a decoded identifier is harmless beyond doubt.
func harmless(s string) bool {
	if s == "" || len(s) > 300 || !utf8.ValidString(s) || strings.Contains(s, ".") {
		return false
	}
	for _, r := range s {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
