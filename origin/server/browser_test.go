package server

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// collection is what the pages are tried with.
func collection() *fakeImages {
	f := newFake()
	f.sizes = map[string]image.Point{
		"atlas/Map_of_the_northern_coast,_sheet_4.tif": {12000, 9000},
		"Scroll of the hundred rivers.jpg":             {18000, 1500},
		"Ex-libris with a heron.png":                   {300, 460},
	}
	for i, title := range []string{
		"View of the harbour at dusk", "Study of clouds", "Portrait of a lacemaker", "The frozen canal", "Still life with quinces",
		"Herbarium sheet 112", "Tapestry, first panel", "Letter to the council, verso", "The orchard wall", "Bridge under repair",
		"Winter morning, north gate", "Two fishermen", "Design for a fountain", "Night ferry", "Interior with a blue door", "The salt road",
		"Kraków, rynek", "Hay barges", "Glass negative 0421", "Procession (detail)", "Terraced hills", "The signal station",
	} {
		shape := []image.Point{{6000, 4000}, {3000, 4200}, {5000, 5000}, {7200, 3200}, {2400, 3600}}[i%5]
		f.sizes[title+".jpg"] = shape
	}
	return f
}

// screens are the sizes that pages are looked at.
var screens = []struct {
	name          string
	width, height int64
	dark, phone   bool
}{
	{"desktop", 1440, 900, false, false},
	{"desktop-dark", 1440, 900, true, false},
	{"phone", 390, 844, false, true},
	{"phone-dark", 390, 844, true, true},
}

func TestBrowser(t *testing.T) {
	f := collection()
	b := open(t, f)
	for _, s := range screens {
		t.Run(s.name, func(t *testing.T) {
			b.t = t
			scheme := "light"
			if s.dark {
				scheme = "dark"
			}
			b.run(network.ClearBrowserCache(), chromedp.EmulateViewport(s.width, s.height),
				emulation.SetTouchEmulationEnabled(s.phone),
				emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
			b.tryGallery(s.name)
			b.tryViewer(f, s.name)
			b.quiet()
		})
	}
}

// fits is true when nothing sticks out to the right.
const fits = `document.documentElement.scrollWidth <= innerWidth`

// named is true when each control and each image has a name or is decoration.
const named = `[...document.querySelectorAll('button,input,a')].every(e => e.innerText.trim() || e.textContent.trim() || (e.labels && e.labels.length))
	&& [...document.images].every(i => i.hasAttribute('alt')) && document.querySelectorAll('h1').length == 1 && document.querySelectorAll('main').length == 1`

func (b *browser) tryGallery(name string) {
	b.t.Helper()
	b.run(chromedp.Navigate(b.ts.URL + "/"))
	b.until(`[...document.images].slice(0, 6).every(i => i.complete && i.naturalWidth > 0)`)
	b.screenshot("gallery-" + name)
	if !eval[bool](b, fits) || !eval[bool](b, named) {
		b.t.Error("the gallery is too wide, or something in it has no name")
	}
	if n := eval[int](b, `document.images.length`); n != 25 {
		b.t.Errorf("%d images in the gallery", n)
	}
	if eval[bool](b, `document.fonts.size > 0 || document.scripts.length > 0`) {
		b.t.Error("the gallery needs fonts or scripts")
	}
	b.run(chromedp.SetValue("#q", "harbour"), chromedp.Submit("#q"))
	b.until(`location.search == '?q=harbour' && document.images.length == 1 && document.images[0].complete`)
	b.run(chromedp.Click(".grid a"))
	b.until(`location.pathname == '/viewer/View%20of%20the%20harbour%20at%20dusk.jpg'`)
	b.loaded()
}

const stageViewer = `document.getElementById('stage').viewer`

// loaded waits until all tiles of the present view are there and drawn.
func (b *browser) loaded() {
	b.t.Helper()
	b.until(`!!document.getElementById('stage')?.viewer?.world.getItemAt(0)`)
	time.Sleep(300 * time.Millisecond) // for an animation to begin
	b.until(`(v => v.world.getItemAt(0).getFullyLoaded() && Math.abs(v.viewport.getZoom(true) - v.viewport.getZoom()) < 1e-4)(` + stageViewer + `)`)
	eval[bool](b, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
}

func (b *browser) tryViewer(f *fakeImages, name string) {
	b.t.Helper()
	const id = "atlas/Map_of_the_northern_coast,_sheet_4.tif"
	b.take()
	b.run(chromedp.Navigate(b.ts.URL + "/viewer/atlas%2FMap_of_the_northern_coast,_sheet_4.tif"))
	b.loaded()
	b.compare(f, id, b.screenshot("viewer-"+name))
	if !eval[bool](b, fits) || !eval[bool](b, named) {
		b.t.Error("the viewer is too wide, or something in it has no name")
	}
	if title := eval[string](b, `document.title`); title != "Map of the northern coast, sheet 4 · Collection of Maps & Views" {
		b.t.Errorf("title %q", title)
	}

	// The wheel, then the keys, lead from the overview to the stored pixels.
	x, y := eval[float64](b, `innerWidth * .3`), eval[float64](b, `innerHeight * .4`)
	for range 4 {
		b.run(input.DispatchMouseEvent(input.MouseWheel, x, y).WithDeltaX(0).WithDeltaY(-300))
		time.Sleep(80 * time.Millisecond)
	}
	b.loaded()
	wheeled := eval[float64](b, stageViewer+`.viewport.viewportToImageZoom(`+stageViewer+`.viewport.getZoom())`)
	b.screenshot("viewer-wheel-" + name)
	b.run(chromedp.Focus(".openseadragon-canvas"))
	for range 12 {
		b.run(chromedp.KeyEvent("+"))
		time.Sleep(150 * time.Millisecond)
	}
	b.loaded()
	if keyed := eval[float64](b, stageViewer+`.viewport.viewportToImageZoom(`+stageViewer+`.viewport.getZoom())`); keyed <= wheeled {
		b.t.Errorf("keys zoomed from %g to %g", wheeled, keyed)
	}
	eval[bool](b, stageViewer+`.viewport.zoomTo(`+stageViewer+`.viewport.imageToViewportZoom(1)) && true`)
	b.loaded()
	b.compare(f, id, b.screenshot("viewer-deep-"+name))

	factors := scaleFactors(b.t, b.take())
	if len(factors) < 4 || factors[0] != 1 {
		b.t.Errorf("tiles of scale factors %v arrived", factors)
	}

	// Buttons.
	for _, do := range []string{"home", "in", "turn", "out", "home"} {
		eval[bool](b, `document.querySelector('[data-do=`+do+`]').click() || true`)
	}
	b.loaded()
	b.whole()
	if turn := eval[float64](b, stageViewer+`.viewport.getRotation()`); turn != 90 {
		b.t.Errorf("turned by %g", turn)
	}
	b.run(chromedp.ScrollIntoView("#info3"), chromedp.Click(`[data-copy=info3]`))
	b.until(`document.getElementById('said').textContent == 'Copied'`)
	if v := eval[string](b, `document.getElementById('info3').value`); v != b.ts.URL+"/iiif/3/atlas%2FMap_of_the_northern_coast,_sheet_4.tif/info.json" {
		b.t.Errorf("info.json at %s", v)
	}
	b.run(chromedp.Click(".keys summary"))
	b.screenshot("viewer-label-" + name)

	b.run(chromedp.EmulateViewport(1000, 640))
	b.until(`innerWidth == 1000`)
	b.loaded()
	b.whole()
	b.compare(f, id, b.screenshot("viewer-resized-"+name))
}

// whole checks that the whole image is seen, with a margin.
func (b *browser) whole() {
	b.t.Helper()
	if box := eval[[]float64](b, `(v => {
		const size = v.world.getItemAt(0).getContentSize();
		const a = v.viewport.imageToViewerElementCoordinates(new OpenSeadragon.Point(0, 0));
		const z = v.viewport.imageToViewerElementCoordinates(size);
		const box = v.viewport.getContainerSize();
		return [Math.min(a.x, z.x), Math.min(a.y, z.y), box.x - Math.max(a.x, z.x), box.y - Math.max(a.y, z.y)];
	})(`+stageViewer+`)`); slices.Min(box) < 5 || slices.Min(box) > 60 {
		b.t.Errorf("the whole image has the margins %v", box)
	}
}

// compare checks that the picture on the stage is the image: each of a grid of its
// points has the colour that was painted there.
func (b *browser) compare(f *fakeImages, id string, shot image.Image) {
	b.t.Helper()
	ident, err := iiif.NewIdentifier(id)
	if err != nil {
		b.t.Fatal(err)
	}
	d, err := f.Describe(b.ctx, ident)
	if err != nil {
		b.t.Fatal(err)
	}
	// [x on the screen, y, x in the image, y] of points well inside the stage.
	points := eval[[][4]float64](b, `(v => {
		const box = v.element.getBoundingClientRect(), list = [];
		for (let i = 1; i < 8; i++) for (let j = 1; j < 8; j++) {
			const x = box.width * i / 8, y = box.height * j / 8;
			const p = v.viewport.viewerElementToImageCoordinates(new OpenSeadragon.Point(x, y));
			const top = document.elementFromPoint(box.left + x, box.top + y);
			if (v.canvas.contains(top)) list.push([box.left + x, box.top + y, p.x, p.y]);
		}
		return list;
	})(`+stageViewer+`)`)
	compared, wrong, colours := 0, 0, map[color.RGBA]bool{}
	for _, p := range points {
		x, y := int(p[2]), int(p[3])
		if x < 40 || y < 40 || x >= d.Info.Width-40 || y >= d.Info.Height-40 {
			continue
		}
		want := paint(iiif.Canonical{ID: ident, Region: iiif.Rect{X: x, Y: y, W: 1, H: 1}}, d.Info, 1, 1).At(0, 0).(color.RGBA)
		got := color.RGBAModel.Convert(shot.At(int(p[0]), int(p[1]))).(color.RGBA)
		colours[got] = true
		compared++
		if far(got.R, want.R) || far(got.G, want.G) || far(got.B, want.B) {
			wrong++
			b.t.Logf("at %v: %v, want %v", p, got, want)
		}
	}
	// A point may lie on an edge between two colours.
	if compared < 15 || wrong > compared/8 || len(colours) < 5 {
		b.t.Errorf("%d of %d points have a wrong colour, %d colours", wrong, compared, len(colours))
	}
}

func far(a, b uint8) bool { return math.Abs(float64(a)-float64(b)) > 10 }

// scaleFactors returns the scale factors of the tiles among the paths, ascending.
func scaleFactors(t *testing.T, paths []string) []int {
	t.Helper()
	var all []int
	for _, p := range paths {
		req, err := iiif.Parse(p)
		if err != nil || req.Kind() != iiif.KindImage {
			continue
		}
		var x, y, w, h, sw int
		parts := strings.Split(p, "/")
		if n, _ := fmt.Sscanf(parts[4]+" "+parts[5], "%d,%d,%d,%d %d,", &x, &y, &w, &h, &sw); n != 5 {
			continue
		}
		k := int(math.Round(float64(w) / float64(sw)))
		if !slices.Contains(all, k) {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return all
}

// TestBrowserWithoutScript: gallery and viewer show images without JavaScript.
func TestBrowserWithoutScript(t *testing.T) {
	b := open(t, collection())
	b.run(emulation.SetScriptExecutionDisabled(true), chromedp.EmulateViewport(1024, 700))
	b.run(chromedp.Navigate(b.ts.URL + "/viewer/The%20orchard%20wall.jpg"))
	const still = "/iiif/3/The%20orchard%20wall.jpg/full/!1200,1200/0/default.jpg"
	for range 100 {
		b.mu.Lock()
		done := slices.Contains(b.requested, still)
		b.mu.Unlock()
		if done {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond)
	b.screenshot("viewer-noscript")
	if paths := b.take(); !slices.Contains(paths, still) {
		t.Errorf("no image was asked for: %v", paths)
	}
	b.quiet()
}

// TestBrowserTrouble: an image that is gone is said to be, on an error page and on
// the stage, and an empty gallery says what to do.
func TestBrowserTrouble(t *testing.T) {
	f := newFake()
	f.sizes = nil
	b := open(t, f)
	b.run(chromedp.EmulateViewport(1440, 900))
	for name, path := range map[string]string{"empty": "/", "nothing-found": "/?q=zebra", "not-found": "/viewer/nothing", "outage": "/viewer/outage"} {
		b.run(chromedp.Navigate(b.ts.URL + path))
		if !eval[bool](b, fits) || !eval[bool](b, named) {
			t.Errorf("%s: too wide, or something has no name", path)
		}
		b.screenshot(name)
	}
}
