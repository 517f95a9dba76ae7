package markup

import (
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestProperty(t *testing.T) {
	c := New()
	for in, want := range map[string]string{
		"plain text":                       "plain text",
		"Line one\n<b>two</b>":             "<p>Line one<br><b>two</b></p>",
		"<p>one</p>\n<p>two</p>":           "<p>one</p>\n<p>two</p>",
		"<script>alert(1)</script>x":       "x",
		"<div>just text</div>":             "just text",
		"paper < 1800, ink > 1700":         "paper < 1800, ink > 1700",
		"Tom &amp; Jerry":                  "Tom & Jerry",
		`<a href="javascript:x()">go</a>`:  "go",
		`<a href="https://a.org/">go</a>`:  `<a href="https://a.org/">go</a>`,
		`<b onclick="x()">bold</b> & more`: "<p><b>bold</b> &amp; more</p>",
		"  two\r\nlines ":                  "two\nlines",
		"near <Aldbury>":                   "near <Aldbury>",
		"<p>near <Aldbury>, <i>A</i></p>":  "<p>near &lt;Aldbury&gt;, <i>A</i></p>",
		"<illegible> … <torn away>":        "<span>&lt;illegible&gt; … &lt;torn away&gt;</span>",
		"<div>by <Anna Š.></div>":          "by <Anna Š.>",
		"<Aldbury onclick=x()>y":           "y",
		"<x-y/onclick=x()>y":               "y",
		"<o:p>y</o:p>":                     "y",
		"&lt;script&gt;":                   "<span>&lt;script&gt;</span>",
	} {
		if got := c.Property(in); got != want {
			t.Errorf("Property(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPlain(t *testing.T) {
	c := New()
	for in, want := range map[string]string{
		"<b>Map</b> of<br>Prague":      "Map of\nPrague",
		"a &lt;b&gt; c":                "a <b> c",
		"&lt;b&gt;":                    "<b>",
		"A map of <Aldbury>":           "A map of <Aldbury>",
		"<Aldbury>":                    "<Aldbury>",
		"<i>Map</i> of <Aldbury>":      "Map of <Aldbury>",
		"<anna@example.org>, <3 cm>":   "<anna@example.org>, <3 cm>",
		"see <https://example.org/a>":  "see <https://example.org/a>",
		"<Aldbury onclick=x()>y":       "y",
		"<img src=x onerror=alert(1)>": "",
		"1 < 2":                        "1 < 2",
	} {
		if got := c.Plain(in); got != want {
			t.Errorf("Plain(%q) = %q, want %q", in, got, want)
		}
	}
	if got := c.Line(" a<br/>b\n c "); got != "a b c" {
		t.Errorf("Line = %q", got)
	}
}

func TestBody(t *testing.T) {
	c := New()
	for in, want := range map[string]string{
		"<p>Test</p>": "<p>Test</p>",
		`<ul><li>a</li></ul><iframe src="//x"></iframe><svg onload=x>`: "<ul><li>a</li></ul>",
		`<img src="https://a.org/x.jpg" onerror="x()" alt="A">`:        `<img src="https://a.org/x.jpg" alt="A">`,
		`<p style="position:fixed">x</p>`:                              "<p>x</p>",
	} {
		if got := c.Body(in); got != want {
			t.Errorf("Body(%q) = %q, want %q", in, got, want)
		}
	}
}

var allowed = regexp.MustCompile(`^(a|b|br|i|img|p|small|span|sub|sup)$`)

// FuzzProperty reads every result with an HTML parser: only allowed elements are
// left, and no attribute that runs or leads elsewhere than to the web.
func FuzzProperty(f *testing.F) {
	for _, s := range []string{"<b>x", "<scr<script>ipt>", `<a href="java&#x09;script:x">`, "<!--><img src=x onerror=x>", "<p>a</p>b", "&lt;script&gt;"} {
		f.Add(s)
	}
	c := New()
	f.Fuzz(func(t *testing.T, s string) {
		got := c.Property(s)
		if c.Plain(s) != strings.TrimSpace(c.Plain(s)) {
			t.Errorf("Plain(%q) has blanks around it", s)
		}
		if again := c.Property(got); strings.HasPrefix(got, "<") && again != got {
			t.Errorf("Property(%q) = %q, and of that %q", s, got, again)
		}
		if !strings.HasPrefix(got, "<") || !strings.HasSuffix(got, ">") {
			return // plain text by the specification
		}
		z := html.NewTokenizer(strings.NewReader(got))
		for z.Next() != html.ErrorToken {
			tok := z.Token()
			if tok.Type != html.StartTagToken && tok.Type != html.SelfClosingTagToken {
				continue
			}
			if !allowed.MatchString(tok.Data) {
				t.Fatalf("Property(%q) = %q has element %s", s, got, tok.Data)
			}
			for _, a := range tok.Attr {
				v := strings.ToLower(a.Val)
				switch {
				case a.Key == "alt" || a.Key == "rel":
				case a.Key != "href" && a.Key != "src":
					t.Fatalf("Property(%q) = %q has attribute %s", s, got, a.Key)
				case strings.Contains(v, "javascript:") && !strings.HasPrefix(v, "http") && !strings.HasPrefix(v, "mailto:"):
					t.Fatalf("Property(%q) = %q runs", s, got)
				}
			}
		}
	})
}
