package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/origin/ingest"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
)

// plainJPEG makes a JPEG and returns its file.
func plainJPEG(t testing.TB, dir string, w, h int, args ...string) string {
	t.Helper()
	need(t, "cjpeg")
	file := filepath.Join(dir, "plain.jpg")
	write(t, file, run(t, false, append(append([]string{"cjpeg"}, args...), photo(t, dir, w, h, 3))...))
	return file
}

func contents(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestDeterminism: the bytes depend on nothing but the image and the settings.
func TestDeterminism(t *testing.T) {
	for _, args := range [][]string{{"-quality", "80"}, {"-progressive"}} {
		file := plainJPEG(t, t.TempDir(), 1700, 1300, args...)
		one := pyramidOf(t, file, ingest.Config{Workers: 1})
		for range 3 {
			if many := pyramidOf(t, file, ingest.Config{Workers: 7}); !bytes.Equal(one.bytes, many.bytes) {
				t.Errorf("%v: seven workers make another file than one", args)
			}
		}
	}
}

// TestSkip: what is there in the same revision is not made again; a changed image
// is, and so is a damaged pyramid.
func TestSkip(t *testing.T) {
	dir, images := t.TempDir(), t.TempDir()
	file := plainJPEG(t, images, 700, 500)
	g, err := ingest.New(ingest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	do := func(g *ingest.Ingester) ingest.Result {
		t.Helper()
		s, obj, id := open(t, dir, file)
		told := int64(0)
		before, err := g.Inspect(t.Context(), obj, s, id)
		if err != nil {
			t.Fatal(err)
		}
		r, err := g.Ingest(t.Context(), obj, s, id, func(done, total int64) {
			if done <= told || done > total {
				t.Errorf("%d of %d tiles after %d", done, total, told)
			}
			told = done
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Skipped != before.Skipped || r.Width != before.Width || !r.Skipped && told != r.Tiles {
			t.Errorf("%+v, Inspect said %+v, %d tiles told", r, before, told)
		}
		return r
	}
	if r := do(g); r.Skipped || r.Tiles != 4 || r.Levels != 3 {
		t.Errorf("first: %+v", r)
	}
	if r := do(g); !r.Skipped || r.Width != 700 || !r.Lossless {
		t.Errorf("second: %+v", r)
	}
	force, err := ingest.New(ingest.Config{Force: true})
	if err != nil {
		t.Fatal(err)
	}
	s, obj, id := open(t, dir, file)
	if r, err := force.Ingest(t.Context(), obj, s, id, nil); err != nil || r.Skipped {
		t.Errorf("forced: %+v, %v", r, err)
	}
	plainJPEG(t, images, 710, 500)
	if r := do(g); r.Skipped || r.Width != 710 {
		t.Errorf("changed: %+v", r)
	}
	made := filepath.Join(dir, store.Key(id))
	b, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	write(t, made, b[:len(b)-10])
	if r := do(g); r.Skipped {
		t.Error("a cut pyramid is taken for one")
	}
	if names := contents(t, dir); len(names) != 1 {
		t.Errorf("the store holds %v", names)
	}
}

// TestBadImages: a failure is of the right kind and leaves nothing in the store.
func TestBadImages(t *testing.T) {
	images := t.TempDir()
	good, err := os.ReadFile(plainJPEG(t, images, 1200, 900))
	if err != nil {
		t.Fatal(err)
	}
	progressive, err := os.ReadFile(plainJPEG(t, images, 1200, 900, "-progressive"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	for i := len(good) / 2; i < len(good)/2+2000; i++ {
		flipped[i] ^= 0x5a
	}
	for name, c := range map[string]struct {
		data []byte
		cfg  ingest.Config
		want fault.Kind
	}{
		"empty":           {nil, ingest.Config{}, fault.Corrupt},
		"text":            {[]byte("no image at all, but some text"), ingest.Config{}, fault.Corrupt},
		"cut":             {good[:len(good)/2], ingest.Config{}, fault.Corrupt},
		"cut progressive": {progressive[:len(progressive)/3], ingest.Config{}, fault.Corrupt},
		"flipped":         {flipped, ingest.Config{}, fault.Corrupt},
		"too many pixels": {good, ingest.Config{Limits: codec.Limits{MaxPixels: 1e6}}, fault.Unsupported},
		"too much memory": {progressive, ingest.Config{Limits: codec.Limits{MaxDecodeBytes: 100_000}}, fault.Unsupported},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(images, "bad.jpg")
			write(t, file, c.data)
			s, obj, id := open(t, dir, file)
			g, err := ingest.New(c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			_, err = g.Ingest(t.Context(), obj, s, id, nil)
			if err == nil || fault.KindOf(err) != c.want {
				t.Errorf("%v, want %v", err, c.want)
			}
			if names := contents(t, dir); len(names) != 0 {
				t.Errorf("the store holds %v", names)
			}
		})
	}
}

// TestDamage: damage that shows when many tiles are made already keeps its kind, and
// where restart markers bound it, the image is decoded.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args   []string
		damage func(b []byte) []byte
		want   fault.Kind // 0 for none
	}{
		"cut":          {nil, func(b []byte) []byte { return b[:len(b)*2/3] }, fault.Corrupt},
		"overwritten":  {nil, func(b []byte) []byte { copy(b[len(b)/2:], bytes.Repeat([]byte("XY"), 500)); return b }, fault.Corrupt},
		"bounded":      {[]string{"-restart", "1"}, func(b []byte) []byte { copy(b[len(b)/2:], bytes.Repeat([]byte("XY"), 20)); return b }, 0},
		"bounded, end": {[]string{"-restart", "1"}, func(b []byte) []byte { copy(b[len(b)*7/10:], bytes.Repeat([]byte("XY"), 20)); return b }, 0},
	} {
		data, err := os.ReadFile(plainJPEG(t, dir, 2600, 2300, c.args...))
		if err != nil {
			t.Fatal(err)
		}
		file, kept := filepath.Join(dir, "damaged.jpg"), t.TempDir()
		write(t, file, c.damage(data))
		for _, workers := range []int{1, 2, 7} {
			s, obj, id := open(t, kept, file)
			g, err := ingest.New(ingest.Config{Workers: workers, Force: true})
			if err != nil {
				t.Fatal(err)
			}
			r, err := g.Ingest(t.Context(), obj, s, id, nil)
			if c.want != 0 && !fault.Is(err, c.want) || c.want == 0 && (err != nil || r.Lossless) {
				t.Errorf("%s, %d workers: lossless %v, %v", name, workers, r.Lossless, err)
			}
		}
		if names := contents(t, kept); len(names) > 1 || len(names) == 1 && c.want != 0 {
			t.Errorf("%s: the store holds %v", name, names)
		}
	}
}

// faulty is a store whose uploads fail after some writes.
type faulty struct {
	*store.Store
	left atomic.Int64
}

type faultyUpload struct {
	store.Upload
	left *atomic.Int64
}

func (f *faulty) Create(ctx context.Context, id iiif.Identifier) (store.Upload, error) {
	up, err := f.Store.Create(ctx, id)
	return faultyUpload{up, &f.left}, err
}

func (u faultyUpload) WriteAt(p []byte, off int64) (int, error) {
	if u.left.Add(-1) < 0 {
		return 0, fault.E("test", fault.Unavailable, errors.New("the disk is full"))
	}
	return u.Upload.WriteAt(p, off)
}

// changing is an object that turns out to be replaced after some reads.
type changing struct {
	source.Object
	left *atomic.Int64
	stop func() // called then, instead of failing, if set
}

func (c changing) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if c.left.Add(-1) < 0 {
		if c.stop == nil {
			return 0, fault.E("test", fault.Conflict, nil)
		}
		c.stop()
	}
	return c.Object.ReadAt(ctx, p, off)
}

// TestTrouble: failures of store, source and caller, at every stage, keep their
// kind and leave the store as it was.
func TestTrouble(t *testing.T) {
	for _, args := range [][]string{nil, {"-progressive"}} {
		images := t.TempDir()
		file := plainJPEG(t, images, 1200, 900, args...)
		for n := range int64(12) {
			dir := t.TempDir()
			s, obj, id := open(t, dir, file)
			g, err := ingest.New(ingest.Config{})
			if err != nil {
				t.Fatal(err)
			}
			f := &faulty{Store: s}
			f.left.Store(n)
			if _, err := g.Ingest(t.Context(), obj, f, id, nil); !fault.Is(err, fault.Unavailable) {
				t.Errorf("store after %d writes: %v", n, err)
			}
			var left atomic.Int64
			left.Store(n)
			_, err = g.Ingest(t.Context(), changing{obj, &left, nil}, s, id, nil)
			if left.Load() < 0 && !fault.Is(err, fault.Conflict) {
				t.Errorf("source after %d reads: %v", n, err)
			}
			if left.Load() >= 0 && err != nil {
				t.Errorf("%d reads left: %v", left.Load(), err)
			}
			if err == nil {
				break
			}
			left.Store(n)
			ctx, cancel := context.WithCancel(t.Context())
			if _, err = g.Ingest(ctx, changing{obj, &left, cancel}, s, id, nil); !fault.Is(err, fault.Canceled) {
				t.Errorf("canceled after %d reads: %v", n, err)
			}
			cancel()
			if names := contents(t, dir); len(names) != 0 {
				t.Errorf("the store holds %v", names)
			}
		}
	}
}

// TestProfiles: a profile stays, in the file and in its tiles; one of sRGB burdens
// only the file; a large one becomes sRGB.
func TestProfiles(t *testing.T) {
	need(t, "vips", "cjpeg")
	dir := t.TempDir()
	ppm := photo(t, dir, 600, 400, 3)
	for _, name := range []string{"srgb", "p3"} {
		for _, kind := range []string{"jpg", "png"} {
			file := filepath.Join(dir, name+"."+kind)
			run(t, false, "vips", "icc_transform", ppm, file, name, "--input-profile", "srgb")
			m := pyramidOf(t, file, ingest.Config{})
			r, ok := m.index.ICC()
			if !ok || r.Length < 128 {
				t.Errorf("%s: no profile in the file", file)
			}
			where, _ := m.index.Exact(0, 1, 0, 88, 400)
			h, err := jpeg.ReadHeader(bytes.NewReader(m.at(where)))
			if err != nil {
				t.Fatal(err)
			}
			if tagged := h.ICC != nil; tagged != (name == "p3") {
				t.Errorf("%s: tiles have a profile: %v", file, tagged)
			} else if tagged && !bytes.Equal(h.ICC, m.at(r)) {
				t.Errorf("%s: tiles have another profile than the file", file)
			}
			if m.Lossless != (kind == "jpg") {
				t.Errorf("%s: lossless: %v", file, m.Lossless)
			}
		}
	}
	large := "../../../shared/images/real/jpg-icc.jpg"
	if _, err := os.Stat(large); err != nil {
		missing(t, "the shared folder")
	}
	m := pyramidOf(t, large, ingest.Config{Quality: 95})
	if _, ok := m.index.ICC(); ok || m.Lossless {
		t.Errorf("%+v", m.Result)
	}
	want := filepath.Join(dir, "want.ppm")
	run(t, true, "vips", "icc_transform", large, want+"[strip]", "srgb")
	if db, _ := psnr(t, vipsPage(t, m.file, 0), parsePNM(t, run(t, true, "cat", want))); db < 30 {
		t.Errorf("%.1f dB", db)
	}
}

// TestBucket: from bucket to bucket, as in production.
func TestBucket(t *testing.T) {
	s3 := s3test.Start(t)
	file := plainJPEG(t, t.TempDir(), 3000, 2500, "-quality", "95")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s3.Put(t, "scans/plain.jpg", data)
	access := source.S3Config{Endpoint: s3.Endpoint, PathStyle: true, AccessKey: s3.Access, Secret: s3.Secret}
	src, err := source.New(t.Context(), source.Config{Spec: "s3://" + s3.Bucket + "/scans", S3: access})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dst, err := store.Open(t.Context(), store.Config{Spec: "s3://" + s3.Bucket, S3: access, PartSize: 5 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	obj, err := src.Open(t.Context(), "plain.jpg")
	if err != nil {
		t.Fatal(err)
	}
	defer obj.Close()
	id, err := iiif.NewIdentifier("plain.jpg")
	if err != nil {
		t.Fatal(err)
	}
	g, err := ingest.New(ingest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := g.Ingest(t.Context(), obj, dst, id, nil)
	if err != nil || !r.Lossless || r.Bytes < 5<<20 {
		t.Fatalf("%+v, %v", r, err)
	}
	p, err := dst.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	want := pyramidOf(t, file, ingest.Config{})
	got := make([]byte, p.Size())
	if _, err := p.ReadAt(t.Context(), got, 0); err != nil {
		t.Fatal(err)
	}
	// Only the revision differs, and the checksum with it.
	if len(got) != len(want.bytes) || !bytes.Equal(got[4096:], want.bytes[4096:]) {
		t.Errorf("%d bytes, %d from a folder", len(got), len(want.bytes))
	}
	if again, err := g.Ingest(t.Context(), obj, dst, id, nil); err != nil || !again.Skipped {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestNewInvalid(t *testing.T) {
	for _, c := range []ingest.Config{{Quality: 101}, {Quality: -1}, {Workers: -1}, {Memory: 5}} {
		if _, err := ingest.New(c); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
