package store_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

func name(t testing.TB, decoded string) iiif.Identifier {
	t.Helper()
	id, err := iiif.NewIdentifier(decoded)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestKey: the keys are part of what the edge relies on.
func TestKey(t *testing.T) {
	long := strings.Repeat("ü", 100)
	for id, want := range map[string]string{
		"map.jpg":              "pyramids/map.jpg.tif",
		"maps/old one.tif":     "pyramids/maps%2Fold%20one.tif.tif",
		"100%":                 "pyramids/100%25.tif",
		"100%25":               "pyramids/100%2525.tif",
		"a@b":                  "pyramids/a%40b.tif",
		"ark:/12025/654xz321":  "pyramids/ark:%2F12025%2F654xz321.tif",
		"\\":                   "pyramids/%5C.tif",
		"...":                  "pyramids/....tif",
		strings.Repeat("x", 9): "pyramids/xxxxxxxxx.tif",
		// The digits are those of sha256sum.
		long: "pyramids/" + strings.Repeat("%C3%BC", 26) + "%C3%@83af2e24c464bea3ce77f43643ef76b5.tif",
	} {
		if got := store.Key(name(t, id)); got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
	seen := map[string]string{}
	for _, id := range []string{"a/b", "a%2Fb", "a", "A", "a.tif", strings.Repeat("y", 200), strings.Repeat("y", 201), strings.Repeat("y", 202), long, long + "ü", "u" + long} {
		key := store.Key(name(t, id))
		if other, twice := seen[key]; twice {
			t.Errorf("%q and %q have one key", id, other)
		}
		seen[key] = id
		if base := filepath.Base(key); len(base) > 230 || strings.HasSuffix(base, ".part") {
			t.Errorf("%q", base)
		}
	}
}

// place is a kind of store under test.
type place struct {
	config  store.Config
	plant   func(t *testing.T, key string, data []byte) // puts an object there
	strays  func(t *testing.T) int                      // unfinished writes
	outage  func()                                      // nil where there is none
	restore func()
}

func places(t *testing.T) map[string]func(t *testing.T) place {
	return map[string]func(t *testing.T) place{
		"folder": func(t *testing.T) place {
			dir := filepath.Join(t.TempDir(), "new", "store")
			return place{
				config: store.Config{Spec: dir},
				plant: func(t *testing.T, key string, data []byte) {
					file := filepath.Join(dir, key)
					if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(file, data, 0o644); err != nil {
						t.Fatal(err)
					}
				},
				strays: func(t *testing.T) int {
					list, err := filepath.Glob(filepath.Join(dir, "pyramids", "*.part"))
					if err != nil {
						t.Fatal(err)
					}
					return len(list)
				},
			}
		},
		"bucket": func(t *testing.T) place {
			s := s3test.Start(t)
			return place{
				config: store.Config{
					Spec: "s3://" + s.Bucket + "/some/prefix", PartSize: 5 << 20, Tries: 2,
					S3: source.S3Config{Endpoint: s.Endpoint, PathStyle: true, AccessKey: s.Access, Secret: s.Secret},
				},
				plant: func(t *testing.T, key string, data []byte) { s.Put(t, "some/prefix/"+key, data) },
				strays: func(t *testing.T) int {
					list, err := s.Client().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &s.Bucket})
					if err != nil {
						t.Fatal(err)
					}
					return len(list.Uploads)
				},
				outage:  s.Stop,
				restore: func() { s.Restart(t) },
			}
		},
	}
}

// stub is a JPEG as far as a pyramid.Writer looks, of so many bytes.
func stub(w, h, size int, fill *rand.Rand) []byte {
	b := []byte{0xff, 0xd8, 0xff, 0xdb, 0, 3, 0, 0xff, 0xc0, 0, 11, 8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 1, 1, 0x11, 0}
	for len(b) < size-2 {
		b = append(b, byte(fill.Uint32()))
	}
	return append(b, 0xff, 0xd9)
}

// write puts a pyramid with tiles of so many bytes into the upload and returns its
// bytes.
func write(t testing.TB, up pyramid.Sink, revision string, size int) []byte {
	t.Helper()
	var file memory
	fill := rand.New(rand.NewPCG(1, uint64(len(revision))+uint64(size)))
	w, err := pyramid.NewWriter(pyramid.Options{Width: 2048, Height: 2048, Colour: pyramid.Gray, Revision: revision}, both{&file, up})
	if err != nil {
		t.Fatal(err)
	}
	for k := range w.Geometry().Layout().Levels {
		cols, rows := w.Geometry().Grid(k)
		for row := range rows {
			for col := range cols {
				var exact [][]byte
				for _, z := range w.Geometry().Exacts(k, col, row) {
					exact = append(exact, stub(z.Width, z.Height, size, fill))
				}
				if err := w.Put(k, col, row, stub(512, 512, size, fill), exact...); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.b
}

type memory struct{ b []byte }

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	if n := int(off) + len(p); n > len(m.b) {
		m.b = append(m.b, make([]byte, n-len(m.b))...)
	}
	return copy(m.b[off:], p), nil
}

type both struct{ a, b pyramid.Sink }

func (s both) WriteAt(p []byte, off int64) (int, error) {
	if n, err := s.a.WriteAt(p, off); err != nil {
		return n, err
	}
	return s.b.WriteAt(p, off)
}

func put(t testing.TB, s *store.Store, id iiif.Identifier, revision string, size int) []byte {
	t.Helper()
	up, err := s.Create(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, up, revision, size)
	if err := up.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := up.Abort(); err != nil {
		t.Fatalf("abort after commit: %v", err)
	}
	return file
}

// read returns the whole pyramid of id and its revision.
func read(t testing.TB, s *store.Store, id iiif.Identifier) ([]byte, string) {
	t.Helper()
	p, err := s.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	b, err := io.ReadAll(io.NewSectionReader(source.Reader(t.Context(), p), 0, p.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b, p.Index.Revision()
}

func wantKind(t testing.TB, what string, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// TestStore is the conformance suite.
func TestStore(t *testing.T) {
	for kind, make := range places(t) {
		t.Run(kind, func(t *testing.T) {
			p := make(t)
			s, err := store.Open(t.Context(), p.config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			t.Run("Write", func(t *testing.T) { testWrite(t, s) })
			t.Run("Replace", func(t *testing.T) { testReplace(t, s) })
			t.Run("Order", func(t *testing.T) { testOrder(t, p, s) })
			t.Run("Abort", func(t *testing.T) { testAbort(t, p, s) })
			t.Run("Damaged", func(t *testing.T) { testDamaged(t, p, s) })
			if p.outage != nil { // a folder has none
				t.Run("Outage", func(t *testing.T) { testOutage(t, p, s) })
			}
		})
	}
}

func testWrite(t *testing.T, s *store.Store) {
	_, err := s.Open(t.Context(), name(t, "absent"))
	wantKind(t, "absent", err, fault.NotFound)
	// Sizes from one part to several, and around their borders (5 MiB; 21 tiles).
	for i, size := range []int{100, 5 << 20 / 21, 5<<20/21 + 1, 600_000, 1 << 20} {
		id := name(t, fmt.Sprintf("dir/ä %d%%?.jpg", i))
		want := put(t, s, id, "rev"+fmt.Sprint(i), size)
		got, revision := read(t, s, id)
		if !bytes.Equal(got, want) || revision != "rev"+fmt.Sprint(i) {
			t.Errorf("%d bytes per tile: read %d bytes of %d, revision %q", size, len(got), len(want), revision)
		}
		if err := s.Remove(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		_, err := s.Open(t.Context(), id)
		wantKind(t, "removed", err, fault.NotFound)
		if err := s.Remove(t.Context(), id); err != nil {
			t.Errorf("removing what is not there: %v", err)
		}
	}
	id := name(t, strings.Repeat("long/ü", 120))
	want := put(t, s, id, "r", 100)
	if got, _ := read(t, s, id); !bytes.Equal(got, want) {
		t.Error("a long identifier does not come back")
	}
}

// testReplace: who reads while a pyramid is replaced sees the old one or Conflict,
// never a mixture.
func testReplace(t *testing.T, s *store.Store) {
	id := name(t, "replaced")
	old := put(t, s, id, "one", 300_000)
	p, err := s.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	changed := put(t, s, id, "second", 310_000)
	b := make([]byte, 100_000)
	if n, err := p.ReadAt(t.Context(), b, 5000); err != nil {
		wantKind(t, "read of the old one", err, fault.Conflict)
	} else if !bytes.Equal(b[:n], old[5000:5000+n]) {
		t.Error("the old one reads as the new one")
	}
	if got, revision := read(t, s, id); !bytes.Equal(got, changed) || revision != "second" {
		t.Errorf("revision %q", revision)
	}
}

func testOrder(t *testing.T, p place, s *store.Store) {
	id := name(t, "order")
	for what, writes := range map[string][][2]int64{ // length, offset
		"head first":  {{10, 0}},
		"gap":         {{10, 100}, {10, 111}},
		"back":        {{10, 100}, {10, 100}},
		"short head":  {{10, 100}, {10, 0}},
		"after head":  {{10, 100}, {100, 0}, {10, 110}},
		"negative":    {{10, -1}},
		"second head": {{10, 100}, {100, 0}, {100, 0}},
	} {
		up, err := s.Create(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range writes {
			_, err := up.WriteAt(make([]byte, w[0]), w[1])
			if i == len(writes)-1 {
				wantKind(t, what, err, fault.Invalid)
			} else if err != nil {
				t.Errorf("%s: write %d: %v", what, i, err)
			}
		}
		if err := up.Abort(); err != nil {
			t.Error(err)
		}
		_, err = up.WriteAt([]byte{1}, 100)
		wantKind(t, what+", after abort", err, fault.Invalid)
	}
	up, err := s.Create(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := up.WriteAt(make([]byte, 10), 100); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "no head", up.Commit(), fault.Invalid)
	if err := up.Abort(); err != nil {
		t.Error(err)
	}
	if n := p.strays(t); n != 0 {
		t.Errorf("%d unfinished writes are left", n)
	}
}

// testAbort: what is not committed is never seen, and is cleared up.
func testAbort(t *testing.T, p place, s *store.Store) {
	id := name(t, "aborted")
	ctx, cancel := context.WithCancel(t.Context())
	up, err := s.Create(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	write(t, up, "r", 600_000)
	_, err = s.Open(t.Context(), id)
	wantKind(t, "before commit", err, fault.NotFound)
	cancel()
	wantKind(t, "commit of a canceled upload", up.Commit(), fault.Canceled)
	if err := up.Abort(); err != nil {
		t.Error(err)
	}
	_, err = s.Create(ctx, id)
	wantKind(t, "create", err, fault.Canceled)
	_, err = s.Open(t.Context(), id)
	wantKind(t, "after abort", err, fault.NotFound)
	if n := p.strays(t); n != 0 {
		t.Errorf("%d unfinished writes are left", n)
	}

	// A process that dies leaves something; Sweep spares what is young.
	up, err = s.Create(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	write(t, up, "r", 600_000)
	if n, err := s.Sweep(t.Context(), time.Hour); n != 0 || err != nil || p.strays(t) != 1 {
		t.Errorf("swept %d, %v, %d left", n, err, p.strays(t))
	}
	if n, err := s.Sweep(t.Context(), 0); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	// A bucket may keep a part that was on its way, and then wants to be told again.
	for tries := 0; p.strays(t) != 0; tries++ {
		if _, err := s.Sweep(t.Context(), 0); err != nil || tries == 10 {
			t.Fatalf("%v, %d left", err, p.strays(t))
		}
		time.Sleep(100 * time.Millisecond)
	}
	_ = up.Abort() // there may be nothing left to abort
}

func testDamaged(t *testing.T, p place, s *store.Store) {
	var file memory
	write(t, &file, "r", 1000)
	for what, c := range map[string]struct {
		data []byte
		want fault.Kind
	}{
		"cut":      {file.b[:len(file.b)-1], fault.Corrupt},
		"longer":   {append(bytes.Clone(file.b), 0), fault.Corrupt},
		"cut head": {file.b[:200], fault.Corrupt},
		"text":     {[]byte("this is not a pyramid but a text of some length"), fault.Corrupt},
		"empty":    {nil, fault.Corrupt},
	} {
		id := name(t, "damaged "+what)
		p.plant(t, store.Key(id), c.data)
		_, err := s.Open(t.Context(), id)
		wantKind(t, what, err, c.want)
	}
}

// testOutage: a store that goes away fails the upload and keeps what it has.
func testOutage(t *testing.T, p place, s *store.Store) {
	id := name(t, "outage")
	want := put(t, s, id, "before", 1000)
	up, err := s.Create(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	write(t, up, "during", 600_000)
	p.outage()
	wantKind(t, "commit", up.Commit(), fault.Unavailable)
	_ = up.Abort()
	_, err = s.Open(t.Context(), id)
	wantKind(t, "open", err, fault.Unavailable)
	p.restore()
	if got, revision := read(t, s, id); !bytes.Equal(got, want) || revision != "before" {
		t.Errorf("revision %q", revision)
	}
}

func TestOpenInvalid(t *testing.T) {
	for what, c := range map[string]store.Config{
		"nothing":    {},
		"http":       {Spec: "https://example.org/x"},
		"no bucket":  {Spec: "s3://"},
		"half a key": {Spec: "s3://bucket", S3: source.S3Config{AccessKey: "x"}},
		"part":       {Spec: "s3://bucket", PartSize: 1 << 20},
	} {
		_, err := store.Open(t.Context(), c)
		wantKind(t, what, err, fault.Invalid)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), store.Config{Spec: filepath.Join(file, "below")})
	wantKind(t, "below a file", err, fault.Unavailable)
}
