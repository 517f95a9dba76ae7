package edge

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/decision"
)

// subject is an image that requests are made about.
type subject struct {
	escaped       string
	width, height int
	tile          int
}

// generator makes up requests, valid and invalid ones, the same each time.
type generator struct {
	*rand.Rand
	subjects []subject
	prefix   string              // put before some paths
	corpus   map[string][]string // what fuzzing found interesting, by fuzz target
	tags     []string            // entity tags that were seen
}

// newGenerator reads the corpus of the fuzz targets of wasm/iiif.
func newGenerator(t testing.TB, seed uint64, subjects []subject) *generator {
	t.Helper()
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 4)), subjects: subjects, corpus: map[string][]string{}}
	text, err := os.ReadFile("testdata/corpus.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		target, quoted, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		s, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("corpus: %q: %v", line, err)
		}
		g.corpus[target] = append(g.corpus[target], s)
	}
	for _, target := range []string{"parse", "parseidentifier", "resolve", "negotiateinfo"} {
		if len(g.corpus[target]) < 100 {
			t.Fatalf("corpus: only %d entries of %s", len(g.corpus[target]), target)
		}
	}
	return g
}

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// next returns a request. Most are about an image; half of these for a tile as
// viewers ask for it.
func (g *generator) next() decision.Request {
	r := decision.Request{Method: "GET", Target: g.target()}
	if g.prefix != "" && g.IntN(4) == 0 {
		r.Target = g.prefix + r.Target
	}
	switch g.IntN(40) {
	case 0:
		r.Method = pick(g, "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "PROPFIND")
	case 1, 2, 3:
		r.Method = "HEAD"
	}
	switch g.IntN(8) {
	case 0:
		r.Accept = pick(g, g.corpus["negotiateinfo"]...)
	case 1:
		r.Accept = pick(g, "application/json", "application/ld+json", "text/html,*/*;q=0.8", "*/*", "image/avif,image/webp,*/*")
	}
	if len(g.tags) > 0 && g.IntN(6) == 0 {
		tag := pick(g, g.tags...)
		r.IfNoneMatch = pick(g, tag, "W/"+tag, `"x", `+tag, "*", `"unknown"`, tag[:len(tag)-1], `W/"y" , `+tag+`,`)
	}
	return r
}

// whole returns a request of each entry of the corpus, just as it is.
func (g *generator) whole() []decision.Request {
	var list []decision.Request
	add := func(target, accept string) {
		list = append(list, decision.Request{Method: "GET", Target: target, Accept: accept})
	}
	base := "/iiif/3/" + g.subjects[0].escaped
	for _, s := range g.corpus["parse"] {
		add(s, "")
	}
	for _, s := range g.corpus["parseidentifier"] {
		add("/iiif/3/"+s+"/info.json", "")
		add("/iiif/2/"+s+"/full/max/0/default.jpg", "")
	}
	for _, s := range g.corpus["resolve"] {
		add(base+"/"+s, "")
	}
	for _, s := range g.corpus["negotiateinfo"] {
		add(base+"/info.json", s)
	}
	return list
}

// seen remembers an entity tag of an answer.
func (g *generator) seen(a *decision.Action) {
	for _, h := range a.Headers {
		if h.Name == "ETag" {
			if len(g.tags) < 64 {
				g.tags = append(g.tags, h.Value)
			} else {
				g.tags[g.IntN(64)] = h.Value
			}
		}
	}
}

func (g *generator) target() string {
	s := pick(g, g.subjects...)
	base := fmt.Sprintf("/iiif/%d/%s", 2+g.IntN(2), s.escaped)
	target := ""
	switch n := g.IntN(100); {
	case n < 45:
		target = base + "/" + g.tile(s)
	case n < 70:
		target = base + "/" + g.region(s) + "/" + g.size(s) + "/" + g.rotation() + "/" + g.file()
	case n < 78:
		target = base + "/info.json"
	case n < 80:
		target = base + pick(g, "", "/", "//", "/info.json/", "/x", "/full/max/0")
	case n < 84:
		target = base + "/" + pick(g, g.corpus["resolve"]...)
	case n < 88:
		target = pick(g, g.corpus["parse"]...)
	case n < 92:
		target = "/iiif/3/" + pick(g, g.corpus["parseidentifier"]...) + pick(g, "/info.json", "/full/max/0/default.jpg", "")
	case n < 96:
		target = pick(g, "/", "/index.html", "/manifests/a.json", "/folder", "/folder/", "/viewer/"+s.escaped, "/viewer", "/static/site.css",
			"/robots.txt", "/favicon.ico", "/health", "/health/ready", "/x/../y", "/%2e%2e/x", "/a%00b", "/a//b", "/.hidden/x", "/admin/purge", "/admins",
			"/nothing-"+strconv.Itoa(g.IntN(1000)), "/?q=x&after=y", "/iiif/", "/iiif", "/iiif/4/x/info.json")
	default:
		target = base + "-" + strconv.Itoa(g.IntN(5000)) + "/" + g.tile(s) // absent
	}
	if g.IntN(5) == 0 {
		target = g.mutate(target)
	}
	if g.IntN(20) == 0 {
		target += pick(g, "?", "?a=b", "?/../", "??")
	}
	return target
}

// tile returns a tile as info.json advertises it, rounded as viewers do it.
func (g *generator) tile(s subject) string {
	k := g.IntN(6)
	step := s.tile << k
	x := g.IntN((s.width+step-1)/step) * step
	y := g.IntN((s.height+step-1)/step) * step
	w, h := min(step, s.width-x), min(step, s.height-y)
	round := func(n int) int {
		if g.IntN(2) == 0 {
			return max(1, (n+1<<k>>1)>>k)
		}
		return (n + 1<<k - 1) >> k
	}
	size := fmt.Sprintf("%d,%d", round(w), round(h))
	if g.IntN(2) == 0 {
		size = fmt.Sprintf("%d,", round(w))
	}
	region := fmt.Sprintf("%d,%d,%d,%d", x, y, w, h)
	if w == s.width && h == s.height {
		region = pick(g, region, "full")
	}
	return region + "/" + size + "/0/" + pick(g, "default", "default", "default", "color", "gray") + ".jpg"
}

func (g *generator) region(s subject) string {
	x, y := g.IntN(s.width+20), g.IntN(s.height+20)
	return pick(g, "full", "square", "square!", "!square",
		fmt.Sprintf("%d,%d,%d,%d", x, y, g.IntN(s.width)+1, g.IntN(s.height)+1),
		fmt.Sprintf("%d,%d,%d,%d", x, y, g.IntN(3), g.IntN(3)),
		fmt.Sprintf("pct:%d,%d,%g,%g", g.IntN(100), g.IntN(110), float64(g.IntN(1000))/9, float64(g.IntN(1000))/7),
		pick(g, "0,0,1e2,5", "-1,0,5,5", "1,2,3", "", "pct:", "4294967296,0,1,1", "FULL"))
}

func (g *generator) size(s subject) string {
	w, h := g.IntN(2*s.width)+1, g.IntN(2*s.height)+1
	if g.IntN(3) > 0 {
		w, h = w/20+1, h/20+1
	}
	up := pick(g, "", "", "^", "%5E")
	return up + pick(g, "max", "full", fmt.Sprintf("%d,", w), fmt.Sprintf(",%d", h), fmt.Sprintf("%d,%d", w, h), fmt.Sprintf("!%d,%d", w, h),
		fmt.Sprintf("pct:%g", float64(g.IntN(1300))/11), pick(g, "0,", ",0", "pct:0", "", ",", "!max", "99999999999,1", "1,1,"))
}

func (g *generator) rotation() string {
	return pick(g, "0", "0", "0", "90", "180", "270", "360", "!0", "!90", "22.5", "359.999", "361", "-90", "", "1e1", "00090", "!")
}

func (g *generator) file() string {
	return pick(g, "default", "default", "default", "color", "gray", "bitonal", "sepia", "") +
		pick(g, ".jpg", ".jpg", ".jpg", ".png", ".webp", ".gif", ".tif", ".pdf", ".jp2", ".JPG", "", ".")
}

// odd are bytes that mean something in URLs, or should not be there.
const odd = "%/^!,.:?0129aAfF\"<>[]{}|\\`~@é\x00\x7f "

// mutate changes a few bytes.
func (g *generator) mutate(s string) string {
	b := []byte(s)
	for range 1 + g.IntN(3) {
		i := g.IntN(len(b) + 1)
		c := odd[g.IntN(len(odd))]
		switch {
		case i == len(b) || g.IntN(3) == 0:
			b = append(b[:i], append([]byte{c}, b[i:]...)...)
		case g.IntN(2) == 0:
			b[i] = c
		default:
			b = append(b[:i], b[i+1:]...)
		}
	}
	return string(b)
}
