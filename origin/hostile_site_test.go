package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/vitrine-iiif/vitrine/origin/browsertest"
)

// hostile is an item whose every text tries to run something, or to tell somebody
// elsewhere that it was seen. EVIL is that somebody.
func hostile(evil string) (pictures map[string][2]int, files map[string]string) {
	const run = `window.hacked=1`
	payload := `"'><img src=x onerror="` + run + `"><svg/onload=` + run + `><script>` + run + `</script><a href="javascript:` + run + `">link</a>` +
		`<iframe src="javascript:parent.hacked=1"></iframe><style>@import "` + evil + `/style"</style><img src="` + evil + `/image">` +
		`</script></template></noscript>{{constructor.constructor('` + run + `')()}}<base href="` + evil + `/">`
	html := `<p onclick="` + run + `" style="background:url(` + evil + `/background)">` + payload + `</p>`
	link := `javascript:` + run
	q := strconv.Quote // YAML's double quotes are JSON's
	body := func(value, format string) map[string]any {
		return map[string]any{"type": "TextualBody", "value": value, "format": format, "language": payload, "purpose": payload}
	}
	annotations, _ := json.Marshal([]any{ // strings always encode
		map[string]any{"type": "Annotation", "id": link, "motivation": payload, "label": map[string]any{payload: []string{payload}}, "target": "#xywh=10,10,100,100", "body": body(html, "text/html")},
		map[string]any{"type": "Annotation", "id": evil + `/"><script>` + run + `</script>`, "motivation": "commenting", "body": body(payload, "text/plain"),
			"target": map[string]any{"type": "SpecificResource", "source": payload, "selector": map[string]any{"type": "SvgSelector",
				"value": `<svg xmlns="http://www.w3.org/2000/svg" onload="` + run + `"><script>` + run + `</script><path d="M1 1L9 9z" onclick="` + run + `"/></svg>`}}},
		map[string]any{"type": "Annotation", "motivation": "linking", "target": "#xywh=0,0,1,1" + payload, "body": map[string]any{"type": "Text", "id": link, "label": payload}},
		map[string]any{"type": "Annotation", "motivation": "tagging", "target": "#xywh=200,200,50,50", "body": body(payload, "")},
		map[string]any{"type": "Annotation", "motivation": "commenting", "body": map[string]any{"type": "Image", "id": "data:text/html,<script>" + run + "</script>"}},
	})
	files = map[string]string{
		"hostile/item.yml": strings.Join([]string{
			"title: {en: " + q("Hostile "+payload) + ", " + q(payload) + ": " + q(html) + "}",
			"description: {en: " + q(html) + ", cs: " + q(payload) + "}",
			"rights: " + q(payload), "attribution: " + q(html), "creator: " + q(payload), "navDate: \"1900\"",
			"collections: [" + q("Rooms"+payload) + ", " + q("../../"+payload+"/x.json") + "]",
			"metadata: {" + q(payload) + ": " + q(html) + ", Source: " + q(payload) + "}",
			"homepage: [{url: " + q(link) + ", label: " + q(payload) + "}, {url: " + q("https://example.org/"+`"onclick="`+run) + ", label: " + q(payload) + "}]",
			"rendering: [{url: " + q("data:text/html,<script>"+run+"</script>") + ", label: " + q(payload) + ", format: " + q(payload) + "}]",
			"seeAlso: [{url: " + q("https://example.org/'><script>"+run+"</script>") + ", label: " + q(payload) + ", format: " + q(payload) + "}]",
			"provider: [{id: " + q("https://example.org/"+payload) + ", label: " + q(payload) + ", homepage: " + q(link) + ", logo: " + q(link) + "}]",
			"pages: [{file: 1.jpg, label: " + q(payload) + ", summary: " + q(html) + ", chapter: " + q(payload) + ", annotations: " + q(string(annotations)) + "}]",
		}, "\n") + "\n",
		"hostile/2.hocr": `<!DOCTYPE html><html><body><div class="ocr_page" title="bbox 0 0 600 400"><p class="ocr_par"><span class="ocr_line" title="bbox 10 10 500 50">` +
			strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(payload) + `</span></p></div></body></html>`,
	}
	return map[string][2]int{"hostile/1.jpg": {600, 400}, "hostile/2.jpg": {600, 400}, `"><img src=x onerror=hacked=1>{{1}}.jpg`: {300, 200}}, files
}

// unharmed is true when nothing of a hostile item has run or could be clicked.
const unharmed = `window.hacked === undefined
	&& ![...document.querySelectorAll('a, area, form, iframe, base, object, embed')].some(e => /^(javascript|data|vbscript):/i.test(e.href || e.action || e.src || '') || ['IFRAME', 'BASE', 'OBJECT', 'EMBED'].includes(e.tagName))
	&& ![...document.querySelectorAll('#about *, #list *, #found *')].some(e => e.getAttributeNames().some(n => n.startsWith('on') || n == 'style'))
	&& [...document.scripts].every(s => s.src.startsWith(location.origin + '/assets/') && !s.textContent)`

// TestHostileTexts: what records say runs nowhere, on no page and in neither viewer,
// and reports to nobody.
func TestHostileTexts(t *testing.T) {
	var reports atomic.Int64
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reports.Add(1) }))
	defer evil.Close()
	pictures, files := hostile(evil.URL)
	m := newMuseum(t, pictures, files)
	b := browsertest.Open(t)
	b.Screen(1200, 900, false)
	check := func(where string) {
		t.Helper()
		time.Sleep(300 * time.Millisecond)
		if !browsertest.Eval[bool](b, unharmed) {
			t.Errorf("%s: something runs, or could", where)
		}
		for _, c := range b.Complaints() {
			if strings.HasPrefix(c, "dialog") || strings.HasPrefix(c, "exception") {
				t.Errorf("%s: %s", where, c)
			}
		}
		if n := reports.Load(); n > 0 {
			t.Errorf("%s: %d requests went elsewhere", where, n)
		}
	}

	b.Run(chromedp.Navigate(m.site + "/"))
	b.Until(`document.querySelectorAll('#list .grid li').length == 2 && document.querySelectorAll('.shelves li').length == 2`)
	check("index")
	b.Run(chromedp.SendKeys("#q", "hostile"))
	b.Until(`document.querySelectorAll('#found .grid li').length == 1`)
	check("search")
	b.Run(chromedp.Navigate(m.site+"/"), chromedp.Click(".shelves a"))
	b.Until(`location.pathname.startsWith('/collection/') && document.querySelectorAll('.grid li').length == 1`)
	check("collection")
	b.Run(chromedp.Navigate(m.site + "/hostile/"))
	b.Until(settled + ` && document.querySelectorAll('.region').length == 2`)
	check("object")
	for i := range browsertest.Eval[int](b, `document.querySelectorAll('.region').length`) {
		b.Run(chromedp.Evaluate(`document.querySelectorAll('.region')[`+strconv.Itoa(i)+`].click()`, nil))
		b.Until(`!document.getElementById('note').hidden && document.getElementById('note').innerText.includes('link')`)
		check("annotation")
	}
	b.Run(chromedp.Evaluate(`document.querySelectorAll('#about details').forEach(d => { d.open = true })`, nil))
	b.Screenshot("hostile-object")
	check("all of the object")

	m.publish(t, "--publish-viewer=mirador")
	b.Run(chromedp.Navigate(m.site + "/hostile/"))
	b.Until(`document.getElementById('mirador').innerText.includes('Hostile') && document.getElementById('mirador').innerText.includes('annotations')`)
	time.Sleep(time.Second)
	b.Screenshot("hostile-mirador")
	check("Mirador")
}

// TestHostileViewers: nor do they run in the viewers that others have, even where the
// record says them as text that only looks like HTML.
func TestHostileViewers(t *testing.T) {
	pictures, files := hostile("http://127.0.0.1:9") // pictures from elsewhere are allowed in a summary
	escaped := "&lt;img src=x onerror=window.hacked=1&gt;"
	files["hostile/item.yml"] = strings.NewReplacer("title: {en: \"Hostile ", "title: {en: \"Hostile "+escaped+" ", "Source: \"", "Source: \""+escaped).Replace(files["hostile/item.yml"])
	host := viewerHost(t)
	m := newMuseum(t, pictures, files)
	b := browsertest.Open(t)
	b.Screen(1200, 800, false)
	for _, v := range []string{"mirador", "clover", "universalviewer"} {
		b.Run(chromedp.Navigate(host + "/" + v + ".html?manifest=" + url.QueryEscape(m.site+"/hostile.json")))
		b.Until(`(e => (e.shadowRoot || e).textContent.includes('Hostile'))(document.querySelector('clover-viewer') || document.body)`)
		time.Sleep(2 * time.Second)
		b.Screenshot("hostile-" + v)
		if !browsertest.Eval[bool](b, `window.hacked === undefined`) {
			t.Errorf("something runs in %s", v)
		}
	}
}
