package edge

import (
	"bytes"
	"image"
	"image/jpeg"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/decision"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

// stored is an object of a pretended R2.
type stored struct {
	data []byte
	etag string
}

// bucket is a pretended R2.
type bucket map[string]stored

// outcome does what an action says with the bucket and returns the next request;
// ok is false when the action was an answer.
func (b bucket) outcome(r decision.Request, a *decision.Action) (next decision.Request, ok bool) {
	r.State, r.Event, r.ETag, r.Size, r.Data = a.State, decision.Absent, "", 0, nil
	o, found := b[a.Key]
	switch a.Kind {
	case decision.Index:
		switch {
		case !found:
		case a.ETag == o.etag:
			r.Event, r.ETag = decision.Same, o.etag
		default:
			r.Event, r.ETag, r.Size = decision.Head, o.etag, int64(len(o.data))
			r.Data = o.data[:min(a.Length, r.Size)]
		}
		return r, true
	case decision.Object:
		if found {
			r.Event, r.ETag, r.Size = decision.Found, o.etag, int64(len(o.data))
		}
		return r, true
	case decision.Tile:
		if !found || o.etag != a.ETag || a.Offset+a.Length > int64(len(o.data)) {
			r.Event, r.ETag = decision.Changed, a.ETag
			return r, true
		}
	}
	return r, false
}

// fromDir returns a bucket with the files of a folder.
func fromDir(t testing.TB, dir string) bucket {
	t.Helper()
	b := bucket{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			key, _ := filepath.Rel(dir, path)
			data, err := os.ReadFile(path)
			b[filepath.ToSlash(key)] = stored{data, "etag of " + key}
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// gallery makes a folder of images of different shapes and returns what requests
// about them need.
func gallery(t testing.TB) (dir string, subjects []subject) {
	t.Helper()
	dir = samples(t)
	subjects = []subject{{sampleEsc, 4000, 2250, 512}}
	for _, p := range []struct {
		name string
		m    image.Image
	}{
		{"gray.jpg", image.NewGray(image.Rect(0, 0, 1201, 1801))},
		{"strip.jpg", image.NewYCbCr(image.Rect(0, 0, 3001, 90), image.YCbCrSubsampleRatio444)},
		{"tiny.jpg", image.NewGray(image.Rect(0, 0, 30, 20))},
	} {
		write(t, filepath.Join(dir, p.name), p.m)
		subjects = append(subjects, subject{p.name, p.m.Bounds().Dx(), p.m.Bounds().Dy(), 512})
	}
	return dir, subjects
}

// bytesSink is a pyramid in memory.
type bytesSink []byte

func (s *bytesSink) WriteAt(p []byte, off int64) (int, error) {
	if n := int(off) + len(p); n > len(*s) {
		*s = append(*s, make([]byte, n-len(*s))...)
	}
	return copy((*s)[off:], p), nil
}

// fineTiles returns a pyramid whose head is larger than the first read: a gray image
// in tiles of 16 pixels.
func fineTiles(t testing.TB, width, height int) []byte {
	t.Helper()
	var sink bytesSink
	w, err := pyramid.NewWriter(pyramid.Options{Width: width, Height: height, Colour: pyramid.Gray, TileSize: 16, Revision: "fine"}, &sink)
	if err != nil {
		t.Fatal(err)
	}
	streams := map[iiif.Size][]byte{}
	stream := func(s iiif.Size) []byte {
		if streams[s] == nil {
			var b bytes.Buffer
			if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, s.Width, s.Height)), nil); err != nil {
				t.Fatal(err)
			}
			streams[s] = b.Bytes()
		}
		return streams[s]
	}
	g := w.Geometry()
	for k := range g.Layout().Levels {
		cols, rows := g.Grid(k)
		for row := range rows {
			for col := range cols {
				var padded []byte
				if g.Stored(k, col, row) {
					padded = stream(iiif.Size{Width: 16, Height: 16})
				}
				var exact [][]byte
				for _, s := range g.Exacts(k, col, row) {
					exact = append(exact, stream(s))
				}
				if err := w.Put(k, col, row, padded, exact...); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return sink
}

// settings are those that plan.wasm is tried with.
const settings = "VITRINE_PUBLIC_URL=https://iiif.example.org/pictures\x00VITRINE_MAX_AREA=10000000\x00VITRINE_STORE_PREFIX=some/\x00" +
	"VITRINE_RIGHTS=https://creativecommons.org/licenses/by/4.0/\x00VITRINE_ATTRIBUTION=<b>Museum</b> of “Tests”\x00"

// TestDifferential: the native build and plan.wasm on wazero decide the same, byte
// for byte, about 100,000 requests, the whole fuzz corpus among them, and all that
// follows from them, while time goes on and pyramids are replaced.
func TestDifferential(t *testing.T) {
	dir, subjects := gallery(t)
	r2 := bucket{}
	for key, o := range fromDir(t, ingest(t, dir)) {
		r2["some/"+key] = o
	}
	subjects = append(subjects, subject{"fine", 1500, 1100, 16}, subject{"cut", 1201, 1801, 512}, subject{"foreign", 100, 100, 512})
	r2["some/pyramids/fine.tif"] = stored{fineTiles(t, 1500, 1100), "fine"}
	gray := r2["some/pyramids/gray.jpg.tif"].data
	r2["some/pyramids/cut.tif"] = stored{gray[:len(gray)-1000], "cut"}
	r2["some/pyramids/foreign.tif"] = stored{append([]byte("MM\x00*"), make([]byte, 1000)...), "foreign"}
	for _, key := range []string{"site/index.html", "site/manifests/a.json", "site/folder/index.html"} {
		r2["some/"+key] = stored{[]byte("text"), "etag of " + key}
	}
	config, err := decision.ParseConfig(settings)
	if err != nil {
		t.Fatal(err)
	}
	native, err := decision.New(config)
	if err != nil {
		t.Fatal(err)
	}
	g := newGenerator(t, 1, subjects)
	g.prefix = "/pictures"
	const requests = 100_000
	kinds := map[string]int{}
	now := int64(1_700_000_000_000)
	err = onWazero(t, planWasm(t, ""), settings, func(p *planner) error {
		corpus := g.whole()
		for n := range requests + len(corpus) {
			var r decision.Request
			if n < len(corpus) {
				r = corpus[n]
			} else {
				r = g.next()
			}
			now += g.Int64N(20)
			if g.IntN(2000) == 0 {
				now += 61_000
			}
			if g.IntN(300) == 0 {
				disturb(g.Rand, r2)
			}
			for step := 0; ; step++ {
				r.Now = now
				a := native.Decide(&r)
				want := a.Append(nil)
				got, err := p.decide(&r)
				if err != nil {
					t.Fatalf("%+v: %v", r, err)
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("%+v: plan.wasm decides\n%q\nand not\n%q", r, got, want)
				}
				g.seen(&a)
				kind := string(a.Kind)
				if a.Kind == decision.Index && a.Length > pyramid.FirstRead {
					kind = "large index"
				}
				if a.Status != 0 {
					kind += " " + strconv.Itoa(a.Status)
				}
				kinds[kind]++
				if step > 8 {
					t.Fatalf("%+v: it does not come to an end", r)
				}
				next, ok := r2.outcome(r, &a)
				if a.Kind == decision.Fallback && g.IntN(50) == 0 {
					next, ok = r, true
					next.Event = decision.Gone
				}
				if !ok {
					break
				}
				r = next
			}
		}
		if size := p.in.MemorySize(); size > 16<<20 {
			t.Errorf("%d bytes of memory after %d requests", size, requests)
		} else {
			t.Logf("%.1f MiB of memory after %d requests", float64(size)/(1<<20), requests)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(kinds)
	for kind, least := range map[string]int{
		"tile 200": 10_000, "respond 200": 2_000, "respond 304": 500, "respond 400": 10_000, "respond 404": 2_000, "respond 303": 100,
		"respond 204": 100, "respond 405": 1000, "index": 100, "large index": 30, "fallback": 5_000, "object": 100, "send 200": 100, "respond 301": 50, "page": 100, "pass": 50,
	} {
		if kinds[kind] < least {
			t.Errorf("%s: only %d times, the requests are not what they should be", kind, kinds[kind])
		}
	}
}

// disturb replaces a pyramid under its readers: by itself, since what counts is
// that its entity tag is another.
func disturb(r *rand.Rand, b bucket) {
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(b)), func(key string) bool { return !strings.Contains(key, "pyramids/") })
	key := keys[r.IntN(len(keys))]
	b[key] = stored{b[key].data, "etag " + strconv.Itoa(r.IntN(1<<30))}
}
