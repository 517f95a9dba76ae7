package conformance

import (
	"math/rand/v2"
	"strings"
)

// HostileIdentifiers returns n decoded identifiers made of what breaks parsers, the same
// ones each time.
func HostileIdentifiers(n int) []string {
	bits := []string{
		"/", "//", "..", "../", ".", "%", "%2F", "%252F", "%00", "\x00", "\n", "\r\n", "\t", "\x1b[31m", "\x7f",
		`"`, "'", "<", ">", "&", "</script>", "<script>alert(1)</script>", "{{.}}", "${x}", "`", "\\", "|", ";",
		"?", "#", "=", "+", " ", ":", "@", "*", "!", "(", ")", "[", "]", "javascript:alert(1)", "data:text/html,x",
		"\xff", "\xc0\xaf", "\xed\xa0\x80", "\u2028", "\u2029", "\u202e", "\ufeff", "é", "e\u0301", "漢字", "🖼", "\u0085",
		"a", "image", ".jpg", "info.json", "etc/passwd", "level=ERROR msg=forged", `{"level":"ERROR"}`, "HTTP/1.1 200 OK",
		"\" onerror=\"alert(1)", "CON", "~", "-", "full/max/0/default.jpg", strings.Repeat("x", 300),
	}
	r := rand.New(rand.NewPCG(1, 2))
	ids := append([]string(nil), bits...)
	for len(ids) < n {
		var b strings.Builder
		for range 1 + r.IntN(6) {
			b.WriteString(bits[r.IntN(len(bits))])
		}
		ids = append(ids, b.String())
	}
	return ids[:n]
}
