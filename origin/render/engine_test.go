package render

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// memory is a source of files in memory that counts what is done with it.
type memory struct {
	mu       sync.Mutex
	files    map[string][]byte
	revision map[string]int
	outage   bool
	slow     time.Duration // each read takes this long

	opened, closed, reads atomic.Int64
}

func newMemory(files map[string][]byte) *memory {
	return &memory{files: files, revision: map[string]int{}}
}

func (m *memory) Open(_ context.Context, id string) (source.Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.files[id]
	switch {
	case m.outage:
		return nil, fault.E("memory.Open", fault.Unavailable, nil)
	case !ok:
		return nil, fault.E("memory.Open", fault.NotFound, nil)
	}
	m.opened.Add(1)
	return &object{from: m, key: id, data: data, revision: m.revision[id]}, nil
}

func (m *memory) replace(id string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[id] = data
	m.revision[id]++
}

type object struct {
	from     *memory
	key      string
	data     []byte
	revision int
	closed   atomic.Bool
}

func (o *object) Key() string         { return o.key }
func (o *object) Size() int64         { return int64(len(o.data)) }
func (o *object) Modified() time.Time { return time.Unix(1, 0) }
func (o *object) Revision() string    { return "r" + strconv.Itoa(o.revision) }
func (o *object) ReadAt(_ context.Context, p []byte, off int64) (int, error) {
	o.from.reads.Add(1)
	time.Sleep(o.from.slow)
	if o.closed.Load() {
		return 0, fault.E("object.ReadAt", fault.Internal, io.ErrClosedPipe)
	}
	o.from.mu.Lock()
	newest := o.from.revision[o.key]
	o.from.mu.Unlock()
	if newest != o.revision {
		return 0, fault.E("object.ReadAt", fault.Conflict, nil)
	}
	return bytes.NewReader(o.data).ReadAt(p, off)
}
func (o *object) Close() error {
	if !o.closed.Swap(true) {
		o.from.closed.Add(1)
	}
	return nil
}

// countingStore is a Store that counts.
type countingStore struct {
	mu   sync.Mutex
	data map[string][]byte
	puts int
}

func (s *countingStore) Get(key string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.data[key]
	return d, ok
}

func (s *countingStore) Put(key string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data[key] = data
	if !strings.HasPrefix(key, "index/") {
		s.puts++
	}
	return nil
}

// slope draws a picture without sharp edges, so that results compare well.
func slope(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x + y) * 255 / (w + h)), 255})
		}
	}
	return m
}

func jpegFile(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, slope(w, h), &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var limits = iiif.Limits{MaxArea: 25_000_000}

// ask describes, resolves and renders, as the server does.
func ask(ctx context.Context, e *Engine, path string) (Result, error) {
	req, err := iiif.Parse("/iiif/3/" + path)
	if err != nil {
		return Result{}, err
	}
	d, err := e.Describe(ctx, req.Identifier())
	if err != nil {
		return Result{}, err
	}
	c, err := req.Resolve(d.Info, limits)
	if err != nil {
		return Result{}, err
	}
	return e.Render(ctx, c, d)
}

func newEngine(t *testing.T, m *memory, store Store, c Config) *Engine {
	t.Helper()
	e := New(c, m, store, codec.New(codec.Config{}), func(err error) { t.Error(err) })
	t.Cleanup(e.Close)
	return e
}

// TestRenderOnce: many callers of one tile cause one rendering and get the same
// bytes; the next caller gets them from the store.
func TestRenderOnce(t *testing.T) {
	m := newMemory(map[string][]byte{"a": jpegFile(t, 1200, 900)})
	m.slow = time.Millisecond
	store := &countingStore{data: map[string][]byte{}}
	e := newEngine(t, m, store, Config{})
	var wg sync.WaitGroup
	results := make([]Result, 300)
	for i := range results {
		wg.Go(func() {
			var err error
			if results[i], err = ask(context.Background(), e, "a/0,0,512,512/256,/0/default.jpg"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, r := range results {
		if !bytes.Equal(r.Data, results[0].Data) || r.ContentType != "image/jpeg" {
			t.Fatal("callers of one tile get different answers")
		}
	}
	e.writing.Wait()
	if store.puts != 1 {
		t.Errorf("rendered %d times, want once", store.puts)
	}
	// Another spelling of the same tile, and version 2, find it in the store.
	again, err := ask(t.Context(), e, "a/pct:0,0,42.6667,56.8889/!256,256/360/color.jpg")
	if err != nil || !again.Cached {
		t.Errorf("another spelling: cached %v, %v", again.Cached, err)
	}
}

// TestRegionsOfLargeImages: an image that does not fit the memory is decoded by
// region, with the same pixels.
func TestRegionsOfLargeImages(t *testing.T) {
	m := newMemory(map[string][]byte{"a": jpegFile(t, 3000, 2400)})
	roomy := newEngine(t, m, nil, Config{})
	tight := newEngine(t, m, nil, Config{Memory: 10 << 20, Workers: 2})
	for _, path := range []string{
		"a/512,1024,512,512/512,/0/default.png", "a/1001,777,333,222/333,/0/default.png",
		"a/1024,1024,1024,1024/512,/0/default.png", "a/full/300,/0/default.png", "a/2900,2300,100,100/max/0/default.png",
	} {
		want, err1 := ask(t.Context(), roomy, path)
		got, err2 := ask(t.Context(), tight, path)
		if err1 != nil || err2 != nil {
			t.Errorf("%s: %v, %v", path, err1, err2)
			continue
		}
		a, err1 := png.Decode(bytes.NewReader(want.Data))
		b, err2 := png.Decode(bytes.NewReader(got.Data))
		if err1 != nil || err2 != nil || a.Bounds() != b.Bounds() {
			t.Errorf("%s: %v, %v, %v", path, err1, err2, b.Bounds())
			continue
		}
		if worst := difference(a, b); worst > 1 {
			t.Errorf("%s: pixels differ by up to %d", path, worst)
		}
	}
	if used := tight.pixels.budget.inUse(); used > 5<<20 {
		t.Errorf("%d bytes in use of %d", used, 5<<20)
	}
	// What cannot be done in the memory is said so.
	if _, err := ask(t.Context(), tight, "a/full/max/0/default.png"); !fault.Is(err, fault.Unsupported) {
		t.Errorf("the whole image: %v, want unsupported", err)
	}
}

// difference returns the largest difference of a sample.
func difference(a, b image.Image) int {
	worst := 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r1, g1, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			for _, d := range []int{int(r1) - int(r2), int(g1) - int(g2), int(b1) - int(b2)} {
				worst = max(worst, max(d, -d)/257)
			}
		}
	}
	return worst
}

// TestCopiedTiles: a tile of a plain JPEG at full scale has the very samples of
// the stored file, and the index is kept for the next start.
func TestCopiedTiles(t *testing.T) {
	file := jpegFile(t, 1100, 900)
	m := newMemory(map[string][]byte{"a": file})
	store := &countingStore{data: map[string][]byte{}}
	e := newEngine(t, m, store, Config{})
	stored, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := stored.(*image.YCbCr)
	for _, r := range []image.Rectangle{image.Rect(0, 0, 512, 512), image.Rect(512, 512, 1024, 900), image.Rect(1024, 0, 1100, 512)} {
		path := "a/" + strconv.Itoa(r.Min.X) + "," + strconv.Itoa(r.Min.Y) + "," + strconv.Itoa(r.Dx()) + "," + strconv.Itoa(r.Dy()) + "/max/0/default.jpg"
		res, err := ask(t.Context(), e, path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := jpeg.Decode(bytes.NewReader(res.Data))
		if err != nil || got.Bounds().Size() != r.Size() {
			t.Fatalf("%s: %v, %v", path, got.Bounds(), err)
		}
		tile := got.(*image.YCbCr)
		for y := range r.Dy() {
			for x := range r.Dx() {
				if tile.YCbCrAt(x, y) != want.YCbCrAt(r.Min.X+x, r.Min.Y+y) {
					t.Fatalf("%s: pixel %d,%d is %v, stored %v", path, x, y, tile.YCbCrAt(x, y), want.YCbCrAt(r.Min.X+x, r.Min.Y+y))
				}
			}
		}
	}
	e.writing.Wait()
	reads := m.reads.Load()
	again := newEngine(t, m, store, Config{})
	if _, err := ask(t.Context(), again, "a/0,512,512,388/max/0/default.jpg"); err != nil {
		t.Fatal(err)
	}
	if again.indexes.bytes == 0 || m.reads.Load()-reads > 40 {
		t.Errorf("the stored index is not used: %d reads", m.reads.Load()-reads)
	}
}

// TestReplacedImage: a rendering of an old description is a Conflict, never a
// picture of the new revision under the old name.
func TestReplacedImage(t *testing.T) {
	m := newMemory(map[string][]byte{"a": jpegFile(t, 600, 400)})
	e := newEngine(t, m, nil, Config{})
	id, err := iiif.NewIdentifier("a")
	if err != nil {
		t.Fatal(err)
	}
	old, err := e.Describe(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	req, _ := iiif.Parse("/iiif/3/a/full/300,/0/default.jpg")
	c, err := req.Resolve(old.Info, limits)
	if err != nil {
		t.Fatal(err)
	}
	m.replace("a", jpegFile(t, 640, 400))
	if _, err := e.Render(t.Context(), c, old); !fault.Is(err, fault.Conflict) {
		t.Errorf("rendering an old revision: %v, want conflict", err)
	}
	now, err := e.Describe(t.Context(), id)
	if err != nil || now.Info.Width != 640 || now.Revision == old.Revision {
		t.Errorf("new description: %d wide, revision %q, %v", now.Info.Width, now.Revision, err)
	}
	if _, err := ask(t.Context(), e, "a/full/320,/0/default.jpg"); err != nil {
		t.Errorf("after the change: %v", err)
	}
}

// TestManyImages uses more images than are kept open, all at once, with outages
// and replacements: nothing fails but what must, and every object is closed.
func TestManyImages(t *testing.T) {
	files := map[string][]byte{}
	for i := range 40 {
		files[strconv.Itoa(i)] = jpegFile(t, 200+i, 150)
	}
	m := newMemory(files)
	e := newEngine(t, m, nil, Config{Open: 4, Memory: 4 << 20})
	var wg sync.WaitGroup
	for g := range 12 {
		wg.Go(func() {
			for i := range 120 {
				name := strconv.Itoa((i*7 + g*13) % 40)
				_, err := ask(context.Background(), e, name+"/full/"+strconv.Itoa(20+i)+",/0/default.jpg")
				if err != nil && !fault.Is(err, fault.Conflict) {
					t.Errorf("%s: %v", name, err)
				}
				if g == 0 && i%20 == 0 {
					m.replace("5", jpegFile(t, 300+i, 150))
				}
			}
		})
	}
	wg.Wait()
	e.Close()
	if o, c := m.opened.Load(), m.closed.Load(); o != c || o == 0 {
		t.Errorf("%d objects opened, %d closed", o, c)
	}
	if used := e.work.inUse(); used != 0 {
		t.Errorf("%d bytes of work memory are never given back", used)
	}
}

// TestSilentStore: reads that wait do not hold the processors: many renderings of a
// store that answers late take as long as one.
func TestSilentStore(t *testing.T) {
	files := map[string][]byte{}
	for i := range 12 {
		files[strconv.Itoa(i)] = jpegFile(t, 300, 200)
	}
	m := newMemory(files)
	e := newEngine(t, m, nil, Config{Workers: 2})
	for name := range files { // opened, so that only decoding reads
		id, _ := iiif.NewIdentifier(name)
		if _, err := e.Describe(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	m.slow = 200 * time.Millisecond
	begin := time.Now()
	if _, err := ask(t.Context(), e, "0/full/100,/0/default.jpg"); err != nil {
		t.Fatal(err)
	}
	one := time.Since(begin)
	var wg sync.WaitGroup
	begin = time.Now()
	for name := range files {
		if name == "0" {
			continue
		}
		wg.Go(func() {
			if _, err := ask(context.Background(), e, name+"/full/100,/0/default.jpg"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	// In turns on two processors it would be more than five times as long.
	if all := time.Since(begin); all > 3*one {
		t.Errorf("eleven renderings wait %s, one %s", all, one)
	}
}

// TestThinRotations: no request takes memory beyond the budget, whatever the shape.
func TestThinRotations(t *testing.T) {
	m := newMemory(map[string][]byte{"a": jpegFile(t, 1, 1), "b": jpegFile(t, 3000, 20)})
	e := newEngine(t, m, nil, Config{Memory: 64 << 20})
	for _, path := range []string{
		"a/full/^1000000,1/45/default.png", "a/full/^25000,60/45/default.png", "b/full/max/45/default.jpg",
		"b/full/^60000,20/30/default.webp", "a/full/^3000,3000/45/default.png",
	} {
		res, err := ask(t.Context(), e, path)
		if err == nil && len(res.Data) == 0 {
			t.Errorf("%s: empty", path)
		}
		if err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Unsupported) {
			t.Errorf("%s: %v", path, err)
		}
		if used := e.work.inUse(); used != 0 {
			t.Errorf("%s: %d bytes are not given back", path, used)
		}
	}
}

// TestOutage: an outage is Unavailable and an absence NotFound, also for an image
// that was open before.
func TestOutage(t *testing.T) {
	m := newMemory(map[string][]byte{"a": jpegFile(t, 300, 200)})
	e := newEngine(t, m, nil, Config{})
	if _, err := ask(t.Context(), e, "a/full/100,/0/default.jpg"); err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	m.outage = true
	m.mu.Unlock()
	if _, err := ask(t.Context(), e, "a/full/100,/0/default.jpg"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("outage: %v", err)
	}
	m.mu.Lock()
	m.outage = false
	delete(m.files, "a")
	m.mu.Unlock()
	if _, err := ask(t.Context(), e, "a/full/100,/0/default.jpg"); !fault.Is(err, fault.NotFound) {
		t.Errorf("deleted: %v", err)
	}
}

// onePyramid finds a pyramid for one revision.
type onePyramid struct {
	of     string
	object source.Object
	asked  atomic.Int64
}

func (p *onePyramid) Open(_ context.Context, object source.Object) (source.Object, error) {
	p.asked.Add(1)
	if object.Revision() != p.of {
		return nil, fault.E("onePyramid.Open", fault.NotFound, nil)
	}
	return p.object, nil
}

// TestPyramidInPlace: a pyramid of the right revision is read in place of the
// source and under its revision; one of another revision is not.
func TestPyramidInPlace(t *testing.T) {
	m := newMemory(map[string][]byte{"a": jpegFile(t, 640, 480)})
	stored := newMemory(map[string][]byte{"a": jpegFile(t, 640, 480)})
	object, err := stored.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	p := &onePyramid{of: "r0", object: object}
	e := newEngine(t, m, nil, Config{Pyramids: p})
	if _, err := ask(t.Context(), e, "a/full/320,/0/default.jpg"); err != nil {
		t.Fatal(err)
	}
	if m.reads.Load() != 0 || stored.reads.Load() == 0 {
		t.Errorf("%d reads of the source, %d of the pyramid", m.reads.Load(), stored.reads.Load())
	}
	m.replace("a", jpegFile(t, 660, 480)) // the pyramid is of the old revision now
	id, _ := iiif.NewIdentifier("a")
	d, err := e.Describe(t.Context(), id)
	if err != nil || d.Info.Width != 660 || d.Revision != "r1" {
		t.Errorf("after the change: %d wide, revision %q, %v", d.Info.Width, d.Revision, err)
	}
	if p.asked.Load() != 2 {
		t.Errorf("asked %d times for two revisions", p.asked.Load())
	}
}
