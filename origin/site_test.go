package main

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/vitrine-iiif/vitrine/origin/browsertest"
)

// screens are the sizes at which pages are looked at.
var screens = []struct {
	name          string
	width, height int64
	dark          bool
}{{"wide", 1400, 900, false}, {"phone-dark", 390, 844, true}}

const (
	// fits is true when nothing sticks out to the right.
	fits = `document.documentElement.scrollWidth <= innerWidth`
	// named is true when each control and each image has a name or is decoration, and
	// the page has one main heading and one main part.
	named = `[...document.querySelectorAll('button,input,a')].every(e => e.hidden || e.closest('template') || e.textContent.trim() || e.getAttribute('aria-label') || (e.labels && e.labels.length))
	&& [...document.images].every(i => i.hasAttribute('alt')) && document.querySelectorAll('h1').length == 1 && document.querySelectorAll('main').length == 1 && !!document.documentElement.lang`
)

// TestSite: the pages that were published show what they should, to people with and
// without scripts, and complain about nothing.
func TestSite(t *testing.T) {
	pictures, files := book(4)
	for i := range 5 {
		pictures[fmt.Sprintf("Sheet %d.jpg", 12-i)] = [2]int{300, 200 + 10*i}
	}
	m := newMuseum(t, pictures, files, "--publish-page-size=4")
	b := browsertest.Open(t)
	for _, s := range screens {
		t.Run(s.name, func(t *testing.T) {
			b.T = t
			b.Screen(s.width, s.height, s.dark)
			tryLists(t, b, m, s.name)
			tryObject(t, b, m, s.name)
			local(t, b)
			for _, c := range b.Complaints() {
				if !strings.Contains(c, "Ignoring tile") { // of the page before; it is OpenSeadragon's way to say so
					t.Errorf("the browser complains: %s", c)
				}
			}
		})
	}
	t.Run("without scripts", func(t *testing.T) {
		b.T = t
		b.Screen(1000, 700, false)
		b.Run(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(m.site+"/page/2/"))
		b.Until(`document.querySelectorAll('.grid img').length == 3 && document.querySelector('.search').hidden`)
		b.Run(chromedp.Click("header a.titles"))
		b.Until(`location.pathname == '/page/titles/' && document.querySelectorAll('.titles li').length == 7 && document.querySelector('.titles').textContent.includes('Kniha listů') && ` + fits + ` && ` + named)
		b.Screenshot("titles-noscript")
		b.Run(chromedp.Click(`.titles a[href$="/book/"]`))
		b.Until(`document.querySelector('.stage img.still')?.naturalWidth > 800`)
		b.Until(`document.querySelectorAll('#pages a[href*="/full/max/"]').length == 4`)
		b.Until(`document.querySelectorAll('.notes > li').length == 3 && document.body.textContent.includes('In principio')`)
		b.Screenshot("object-noscript")
		b.Quiet()
	})
}

// settled waits until OpenSeadragon has drawn what it should.
const settled = `(v => !!v?.world.getItemAt(0)?.getFullyLoaded())(document.getElementById('stage').viewer)`

func tryLists(t *testing.T, b *browsertest.Tab, m *museum, name string) {
	t.Helper()
	labels := func() []string {
		return browsertest.Eval[[]string](b, `[...document.querySelectorAll('#list .grid .label')].map(e => e.textContent)`)
	}
	b.Run(chromedp.Navigate(m.site + "/"))
	b.Until(`[...document.images].slice(0, 4).every(i => i.complete && i.naturalWidth > 0)`)
	b.Screenshot("site-index-" + name)
	if got, want := labels(), []string{"A book of leaves", "plain", "Sheet 8", "Sheet 9"}; !slices.Equal(got, want) {
		t.Errorf("on the first page: %q, want %q", got, want)
	}
	if got := browsertest.Eval[string](b, `document.querySelector('.grid .facts').innerText.replace(/\s+/g, ' ')`); got != "1420 4 pages Full text 3 annotations" {
		t.Errorf("facts %q", got)
	}
	if !browsertest.Eval[bool](b, fits+` && `+named+` && [...document.querySelectorAll('.grid img')].every(i => i.width && i.height)`) {
		t.Error("the index is too wide, or something in it has no name or size")
	}
	b.Run(chromedp.Click(".pager .next"))
	b.Until(`location.pathname == '/page/2/' && document.readyState == 'complete'`)
	if got, want := labels(), []string{"Sheet 10", "Sheet 11", "Sheet 12"}; !slices.Equal(got, want) {
		t.Errorf("on the second page: %q, want %q", got, want)
	}
	// The search finds titles in other languages, without accents and case.
	b.Run(chromedp.SendKeys("#q", "listu"))
	b.Until(`document.querySelectorAll('#found .grid li').length == 1 && document.getElementById('list').hidden && document.querySelector('#found img').naturalWidth > 0`)
	b.Screenshot("site-search-" + name)
	if got, want := browsertest.Eval[string](b, `document.querySelector('#found .count').textContent`), "1 title contains “listu”."; got != want {
		t.Errorf("the search says %q, want %q", got, want)
	}
	b.Run(chromedp.Click("#found .grid a"))
	b.Until(`location.pathname == '/book/'`)
	b.Run(chromedp.Navigate(m.site + "/?q=sheet"))
	b.Until(`document.querySelectorAll('#found .grid li').length == 5`)

	b.Run(chromedp.Navigate(m.site+"/"), chromedp.Click(`.shelves a[href$="Works/"]`))
	b.Until(`location.pathname == '/collection/Works/' && document.querySelector('.stack .label')?.textContent == 'Manuscripts'`)
	b.Run(chromedp.Click(".stack a"))
	b.Until(`location.pathname == '/collection/Works/Manuscripts/' && document.querySelector('h1').textContent == 'Manuscripts'`)
	if got := browsertest.Eval[[]string](b, `[...document.querySelectorAll('.crumbs a')].map(e => e.textContent)`); !slices.Equal(got, []string{"All objects", "Works"}) {
		t.Errorf("above the collection: %q", got)
	}
	b.Run(chromedp.Click(".grid a"))
	b.Until(`location.pathname == '/book/'`)
}

func tryObject(t *testing.T, b *browsertest.Tab, m *museum, name string) {
	t.Helper()
	text := func(js string) string { return browsertest.Eval[string](b, js) }
	m.forget()
	b.Run(chromedp.Navigate("about:blank"), chromedp.Navigate(m.site+"/book/"))
	b.Until(settled)
	time.Sleep(200 * time.Millisecond)
	b.Screenshot("site-object-" + name)
	if !browsertest.Eval[bool](b, fits+` && `+named) {
		t.Error("the object's page is too wide, or something in it has no name")
	}
	if got := text(`document.title + '|' + document.querySelector('h1').lang + '|' + document.querySelector('.other').lang`); got != "A book of leaves · Museum of Tests|en|cs" {
		t.Error(got)
	}
	if got := text(`document.querySelector('a[rel=license]').outerHTML`); got != `<a href="http://creativecommons.org/licenses/by/4.0/" rel="license">CC BY 4.0</a>` {
		t.Errorf("rights: %s", got)
	}

	if name == "phone-dark" && !browsertest.Eval[bool](b, `document.querySelector('.surface').getBoundingClientRect().bottom <= document.querySelector('.tools').getBoundingClientRect().top`) {
		t.Error("the buttons lie on the image")
	}

	// An annotation lies where it belongs, and says what it says.
	boxes := browsertest.Eval[[][]float64](b, `(v => [...document.querySelectorAll('.region')].map(r => {
		const box = r.getBoundingClientRect(), stage = v.element.getBoundingClientRect();
		const a = v.viewport.viewerElementToImageCoordinates(new OpenSeadragon.Point(box.left - stage.left, box.top - stage.top));
		const z = v.viewport.viewerElementToImageCoordinates(new OpenSeadragon.Point(box.right - stage.left, box.bottom - stage.top));
		return [a.x, a.y, z.x - a.x, z.y - a.y];
	}))(document.getElementById('stage').viewer)`)
	want := [][]float64{{100, 150, 300, 280}, {610, 850, 244, 170}} // the second is percent:50,50,20,10 of 1220 × 1700
	if len(boxes) != 2 || !near(boxes[0], want[0]) || !near(boxes[1], want[1]) {
		t.Errorf("regions at %v, want %v", boxes, want)
	}
	b.Run(chromedp.Click(".region"))
	b.Until(`!document.getElementById('note').hidden && document.getElementById('note').innerText.includes('The first initial, in gold.')`)
	b.Screenshot("site-note-" + name)
	b.Run(chromedp.Click("#note button"), chromedp.Click("[data-notes-switch]"))
	b.Until(`document.querySelectorAll('.region').length == 0`)

	// Pages.
	b.Run(chromedp.Click(`[data-leaf="1"]`))
	b.Until(`document.querySelector('.leaf output').textContent == '2 / 4' && ` + settled)
	b.Until(`document.getElementById('link').value == '` + m.site + `/book/#p2'`)
	b.Run(chromedp.Click(`.contents li:nth-child(1) a`))
	b.Until(`document.querySelector('[aria-current=page]').id == 'p1' && location.hash == '#p1'`)
	b.Run(chromedp.Click(`#p4 a`))
	b.Until(`document.querySelector('[aria-current=page]').id == 'p4' && ` + settled)
	if got := text(`location.pathname`); got != "/book/" {
		t.Errorf("a page led to %s", got)
	}
	if _, bad := m.delivered("book/p4.jpg"); len(bad) > 0 || !b.Asked("/book%2Fp4.jpg/info.json") {
		t.Errorf("page 4 was not asked for, or requests failed: %v", bad)
	}

	// A single picture: no pages to turn, and tiles as the zoom needs them.
	b.Run(chromedp.Navigate(m.site + "/plain/"))
	b.Until(settled)
	if name == "wide" {
		m.waitForTiles(t, b, "plain.jpg", 4)
	}
	if browsertest.Eval[bool](b, `!!document.querySelector('.leaf') || getComputedStyle(document.getElementById('pages').parentElement).display != 'none'`) {
		t.Error("a single picture has pages to turn")
	}

	// A Content State opens the page and the region that it names, and the page makes
	// the same one of what is seen.
	state := fmt.Sprintf(`{"id":"%s/book.json/canvas/p3#xywh=200,300,400,500","type":"Canvas","partOf":[{"id":"%s/book.json","type":"Manifest"}]}`, m.site, m.site)
	encoded := base64.RawURLEncoding.EncodeToString([]byte(strings.ReplaceAll(url.QueryEscape(state), "+", "%20")))
	b.Run(chromedp.Navigate(m.site + "/book/?iiif-content=" + encoded))
	b.Until(`document.querySelector('[aria-current=page]')?.id == 'p3' && ` + settled)
	time.Sleep(1200 * time.Millisecond) // for the zoom to come to rest
	seen := browsertest.Eval[[]float64](b, `(s => s.id.split('xywh=')[1].split(',').map(Number))(JSON.parse(decodeURIComponent(atob(document.getElementById('state').value.replace(/-/g, '+').replace(/_/g, '/')))))`)
	if len(seen) != 4 || seen[0] > 200 || seen[1] > 300 || seen[0]+seen[2] < 600 || seen[1]+seen[3] < 800 || seen[3] > 900 {
		t.Errorf("the view of 200,300,400,500 is %v", seen)
	}
}

func near(a, b []float64) bool {
	for i := range a {
		if d := a[i] - b[i]; d > 6 || d < -6 { // a border is two pixels of the screen
			return false
		}
	}
	return len(a) == len(b)
}

// TestSiteMirador: with Mirador chosen, it opens on the page under the page's content
// policy and shows the annotations.
func TestSiteMirador(t *testing.T) {
	m := newMuseum(t, first(book(2)), second(book(2)), "--publish-viewer=mirador", "--publish-open-in=none", "--publish-language=cs")
	b := browsertest.Open(t)
	b.Screen(1400, 900, false)
	b.Run(chromedp.Navigate(m.site + "/book/"))
	m.waitForTiles(t, b, "book/p1.jpg", 4)
	for _, text := range comments {
		b.Until(`document.getElementById('mirador').innerText.includes('` + text + `')`)
	}
	b.Until(`document.getElementById('mirador').innerText.includes('Kniha listů') && document.querySelector('.back').textContent == 'Všechny objekty'`)
	b.Run(chromedp.Click(`#p2 a`))
	m.waitForTiles(t, b, "book/p2.jpg", 2)
	b.Screenshot("site-mirador")
	local(t, b)
	for _, c := range b.Complaints() {
		// What its own libraries have to say about each other is Mirador's business.
		if strings.HasPrefix(c, "exception") || strings.Contains(c, "Content Security Policy") {
			t.Error(c)
		}
	}
}

// TestServerServesSite: the server answers the whole publication as a static host does,
// with the media types that browsers need.
func TestServerServesSite(t *testing.T) {
	m := newMuseum(t, first(book(2)), second(book(2)))
	base := start(t, "--source", m.src, "--publish-to", m.dir, "--publish-base", m.site)
	page := fetch(t, "GET", base+"/book/")
	for path, want := range map[string]string{"/": "text/html", "/book/": "text/html", "/collection/Works/": "text/html", "/feed.xml": "application/atom+xml", "/sitemap.xml": "text/xml",
		"/page/search.json": "application/json", "/book.json": "application/"} {
		if f := fetch(t, "GET", base+path); f.status != 200 || !strings.HasPrefix(f.header.Get("Content-Type"), want) {
			t.Errorf("%s: status %d, %s", path, f.status, f.header.Get("Content-Type"))
		}
	}
	assets := regexp.MustCompile(`"\.\./(assets/[^"]+)"`).FindAllStringSubmatch(page.body, -1)
	if len(assets) < 8 {
		t.Errorf("the page names the files %q", assets)
	}
	types := map[string]string{".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
	for _, a := range assets {
		if f := fetch(t, "GET", base+"/"+a[1]); f.status != 200 || !strings.HasPrefix(f.header.Get("Content-Type"), types[filepath.Ext(a[1])]) {
			t.Errorf("%s: status %d, %s", a[1], f.status, f.header.Get("Content-Type"))
		}
	}
}
