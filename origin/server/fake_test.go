package server

import (
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// fakeImages invents images: every identifier in sizes exists. The identifiers in
// fails fail in their way, and "panic" panics.
type fakeImages struct {
	mu       sync.Mutex
	sizes    map[string]image.Point
	fails    map[string]error
	revision string
	modified time.Time

	renders  atomic.Int64
	conflict atomic.Int64  // so many renderings answer Conflict first
	hold     chan struct{} // when set, renderings wait for it
}

const (
	sampleID     = "plates/Kraków, folio 1.jpg"
	sampleEsc    = "plates%2FKrak%C3%B3w,%20folio%201.jpg"
	sampleWidth  = 4000
	sampleHeight = 2250
)

func newFake() *fakeImages {
	return &fakeImages{
		sizes: map[string]image.Point{
			sampleID: {sampleWidth, sampleHeight},
			"tiny":   {30, 20},
		},
		fails: map[string]error{
			"outage":    fault.E("source.Open", fault.Unavailable, errors.New("dial tcp 10.1.2.3:9000: secret-bucket refused")),
			"forbidden": fault.E("source.Open", fault.Forbidden, errors.New("/srv/secret")),
			"corrupt":   fault.E("codec.Open", fault.Corrupt, errors.New("/srv/secret: short read")),
			"broken":    errors.New("/srv/secret: some library's error"),
			"slow":      fault.E("source.Open", fault.Timeout, context.DeadlineExceeded),
			"canceled":  fault.E("render.Render", fault.Canceled, context.Canceled),
		},
		revision: "r1",
		modified: time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC),
	}
}

func (f *fakeImages) Describe(ctx context.Context, id iiif.Identifier) (Description, error) {
	if id.String() == "panic" {
		panic("a bug\nwith a second line")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fails[id.String()]; err != nil {
		return Description{}, err
	}
	size, ok := f.sizes[id.String()]
	if !ok {
		return Description{}, fault.E("fake.Describe", fault.NotFound, errors.New("no "+id.String()))
	}
	return Description{
		Info:     iiif.Info{Width: size.X, Height: size.Y, Rights: "https://creativecommons.org/licenses/by/4.0/", Attribution: "<b>Museum</b> of Tests"},
		Revision: f.revision, Modified: f.modified,
	}, nil
}

func (f *fakeImages) Render(ctx context.Context, c iiif.Canonical, d Description) (Result, error) {
	n := f.renders.Add(1)
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			// As an engine that gives up waiting says it, whatever the reason.
			return Result{}, fault.E("fake.Render", fault.Unavailable, ctx.Err())
		}
	}
	if f.conflict.Add(-1) >= 0 {
		return Result{}, fault.E("fake.Render", fault.Conflict, nil)
	}
	w, h := c.Width, c.Height
	if math.Mod(c.Rotation, 180) == 90 {
		w, h = h, w
	}
	var b bytes.Buffer
	switch c.Format {
	case iiif.JPG:
		if err := jpeg.Encode(&b, paint(c, d.Info, w, h), &jpeg.Options{Quality: 80}); err != nil {
			return Result{}, err
		}
	case iiif.PNG:
		if err := png.Encode(&b, paint(c, d.Info, w, h)); err != nil {
			return Result{}, err
		}
	default:
		b.WriteString("a file of format " + c.Format.String())
	}
	return Result{Data: b.Bytes(), ContentType: c.Format.MediaType(), Cached: n%2 == 0}, nil
}

// paint makes up a landscape: each pixel depends on its place in the full image,
// so that tiles fit. A checkerboard of 64 pixels shows the scale, and red and
// green tell the place: both rise and fall by 40 within 1024 pixels.
func paint(c iiif.Canonical, info iiif.Info, w, h int) image.Image {
	hash := fnv.New32a()
	hash.Write([]byte(c.ID.String()))
	seed := float64(hash.Sum32() % 1000)
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	fw, fh := float64(info.Width), float64(info.Height)
	hue := seed / 1000 * 2 * math.Pi
	type column struct {
		square int
		red    int
		hills  [4]float64 // where each begins
	}
	columns := make([]column, w)
	for x := range columns {
		sx := float64(c.Region.X) + (float64(x)+.5)*float64(c.Region.W)/float64(w)
		u := sx / fw
		columns[x].square, columns[x].red = int(sx)/64, wave(sx)
		for i := range 4 {
			k := float64(i + 1)
			columns[x].hills[i] = .35 + .13*k + .06*math.Sin(u*(3+2*k)+seed*k) + .02*math.Sin(u*23*k+seed)
		}
	}
	for y := range h {
		sy := float64(c.Region.Y) + (float64(y)+.5)*float64(c.Region.H)/float64(h)
		v := sy / fh
		var palette [5][2]color.RGBA // of this row, by layer and square
		for layer := range palette {
			for light := range 2 {
				tone := func(shift float64) uint8 {
					t := .92 - .15*float64(layer) - .25*v + .02*float64(light)
					t *= .8 + .2*math.Sin(hue+shift+float64(layer)*.5+v*1.5)
					return uint8(255 * min(max(t, 0), 1))
				}
				palette[layer][light] = color.RGBA{tone(0), tone(2), tone(4), 255}
			}
		}
		for x, col := range columns {
			layer := 0
			for i, hill := range col.hills {
				if v > hill {
					layer = i + 1
				}
			}
			p := palette[layer][(col.square+int(sy)/64)%2]
			p.R, p.G = clip(int(p.R)+col.red), clip(int(p.G)+wave(sy))
			img.SetRGBA(x, y, p)
		}
	}
	return img
}

func wave(v float64) int { return int(math.Abs(math.Mod(v, 1024)-512)/512*40) - 20 }

func clip(v int) uint8 { return uint8(min(max(v, 0), 255)) }

// List implements Gallery.
func (f *fakeImages) List(ctx context.Context, q Query) (Page, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []string
	for id := range f.sizes {
		if id > q.After && strings.Contains(strings.ToLower(id), strings.ToLower(q.Search)) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	var p Page
	if len(ids) > q.Limit {
		ids = ids[:q.Limit]
		p.Next = ids[q.Limit-1]
	}
	for _, id := range ids {
		p.Entries = append(p.Entries, Entry{Identifier: id})
	}
	return p, nil
}

// checkFunc is a Checker.
type checkFunc func(ctx context.Context) error

func (f checkFunc) Check(ctx context.Context) error { return f(ctx) }

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newTestServer makes a Server; deps that are missing are fakes.
func newTestServer(t testing.TB, c Config, d Deps) *Server {
	t.Helper()
	if d.Images == nil {
		f := newFake()
		d.Images, d.Gallery = f, f
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := New(c, d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// get asks a handler without a network; header pairs follow.
func get(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	return ask(h, http.MethodGet, target, header...)
}

func ask(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// listen starts the public face on a real connection, as Serve does.
func listen(t testing.TB, s *Server) *httptest.Server {
	t.Helper()
	ts := httptest.NewUnstartedServer(nil)
	ts.Config = s.httpServer(s.Handler())
	ts.Start()
	t.Cleanup(ts.Close)
	return ts
}

func readAll(t testing.TB, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
