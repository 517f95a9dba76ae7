//go:build unix

package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func newTestDir(t *testing.T, cfg DirConfig) *Dir {
	t.Helper()
	d, err := NewDir(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func writeFile(t *testing.T, dir, key string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	// As careful programs do: the old file stays whole for who has it open.
	temp := path + "~"
	if len(filepath.Base(temp)) > 250 {
		temp = filepath.Join(filepath.Dir(path), "~")
	}
	if err := os.WriteFile(temp, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temp, path); err != nil {
		t.Fatal(err)
	}
}

func TestDirConforms(t *testing.T) {
	conform(t, func(t *testing.T) *store {
		dir := filepath.Join(t.TempDir(), "images")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		return &store{
			// A listing is never older than the files that the suite writes.
			src:    newTestDir(t, DirConfig{Path: dir, ListTTL: time.Nanosecond}),
			put:    func(key string, data []byte) { writeFile(t, dir, key, data) },
			del:    func(key string) { os.Remove(filepath.Join(dir, key)) },
			old:    true,
			outage: func() { os.RemoveAll(dir) },
		}
	})
}

// TestDirForbidden runs itself again as a user who may not read the files: root
// may read everything.
func TestDirForbidden(t *testing.T) {
	if dir := os.Getenv("SOURCE_TEST_FORBIDDEN"); dir != "" {
		d := newTestDir(t, DirConfig{Path: dir})
		for _, key := range []string{"secret.jpg", "closed/a.jpg"} {
			if _, err := d.Open(t.Context(), key); !fault.Is(err, fault.Forbidden) {
				t.Errorf("Open(%q) gives %v", key, err)
			}
		}
		page, err := d.List(t.Context(), Query{})
		if err != nil || len(page.Entries) != 2 || page.Entries[0].Key != "open.jpg" ||
			len(page.Refused) != 1 || page.Refused[0].Name != "closed" || !fault.Is(page.Refused[0].Err, fault.Forbidden) {
			t.Errorf("List gives %v, %v", page, err)
		}
		return
	}
	base, err := os.MkdirTemp("", "forbidden")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(base)
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	bin, dir := filepath.Join(base, "source.test"), filepath.Join(base, "images")
	if err := os.WriteFile(bin, self, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"open.jpg", "secret.jpg", "closed/a.jpg"} {
		writeFile(t, dir, key, []byte("x"))
	}
	os.Chmod(filepath.Join(dir, "secret.jpg"), 0)
	os.Chmod(filepath.Join(dir, "closed"), 0)
	defer os.Chmod(filepath.Join(dir, "closed"), 0o755)
	cmd := exec.Command(bin, "-test.run=^TestDirForbidden$", "-test.v")
	cmd.Dir = base
	cmd.Env = append(os.Environ(), "SOURCE_TEST_FORBIDDEN="+dir)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestDirForbidden") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestDirLinks(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "images")
	writeFile(t, base, "outside.jpg", []byte("secret"))
	writeFile(t, dir, "sub/inside.jpg", []byte("inside"))
	for link, target := range map[string]string{
		"good.jpg": "sub/inside.jpg", "up.jpg": "../outside.jpg", "abs.jpg": filepath.Join(base, "outside.jpg"),
		"dangling.jpg": "nothing.jpg", "loop.jpg": "loop.jpg", "passwd.jpg": "/etc/passwd", "sublink": "sub", "out": "..",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	d := newTestDir(t, DirConfig{Path: dir})
	for key, want := range map[string]fault.Kind{
		"up.jpg": fault.Forbidden, "abs.jpg": fault.Forbidden, "passwd.jpg": fault.Forbidden, "out/outside.jpg": fault.Forbidden,
		"dangling.jpg": fault.NotFound, "loop.jpg": fault.NotFound, "sub": fault.NotFound, "sublink": fault.NotFound,
	} {
		if _, err := d.Open(t.Context(), key); !fault.Is(err, want) {
			t.Errorf("Open(%q) gives %v, want %v", key, err, want)
		}
	}
	for _, key := range []string{"good.jpg", "sublink/inside.jpg"} {
		got, err := io.ReadAll(io.NewSectionReader(Reader(t.Context(), open(t, d, key)), 0, 100))
		if err != nil || string(got) != "inside" {
			t.Errorf("%q: %q, %v", key, got, err)
		}
	}
	page, err := d.List(t.Context(), Query{})
	if err != nil || len(page.Entries) != 2 || page.Entries[0].Key != "good.jpg" || page.Entries[1].Key != "sub/inside.jpg" {
		t.Errorf("List gives %+v, %v", page, err)
	}
}

func TestDirIrregular(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.jpg"), 0o644); err != nil {
		t.Skipf("no pipes here: %v", err)
	}
	d := newTestDir(t, DirConfig{Path: dir})
	if _, err := d.Open(t.Context(), "pipe.jpg"); !fault.Is(err, fault.NotFound) {
		t.Errorf("Open gives %v", err)
	}
}

func TestDirChangedInPlace(t *testing.T) {
	dir := t.TempDir()
	d := newTestDir(t, DirConfig{Path: dir})
	path := filepath.Join(dir, "a.jpg")
	for name, change := range map[string]func(f *os.File) error{
		"truncated": func(f *os.File) error { return f.Truncate(100) },
		"grown":     func(f *os.File) error { return f.Truncate(20_000) },
		"rewritten": func(f *os.File) error { _, err := f.WriteAt([]byte("other"), 0); return err },
		"touched":   func(f *os.File) error { return os.Chtimes(f.Name(), time.Time{}, time.Now()) },
	} {
		if err := os.WriteFile(path, pattern(10_000, 1), 0o644); err != nil {
			t.Fatal(err)
		}
		// Older than the coarse clock that file systems stamp with.
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
		o := open(t, d, "a.jpg")
		if _, err := o.ReadAt(t.Context(), make([]byte, 10), 0); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
		for _, off := range []int64{0, 9_000} {
			if _, err := o.ReadAt(t.Context(), make([]byte, 10), off); !fault.Is(err, fault.Conflict) {
				t.Errorf("%s: reading at %d gives %v", name, off, err)
			}
		}
	}
}

func TestDirFolderExchanged(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "images")
	writeFile(t, dir, "old.jpg", []byte("old"))
	d := newTestDir(t, DirConfig{Path: dir, ListTTL: time.Nanosecond})
	kept := open(t, d, "old.jpg")
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open(t.Context(), "new.jpg"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without its folder: %v", err)
	}
	writeFile(t, dir, "new.jpg", []byte("new"))
	open(t, d, "new.jpg")
	if _, err := d.Open(t.Context(), "old.jpg"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a file of the folder before: %v", err)
	}
	if _, err := kept.ReadAt(t.Context(), make([]byte, 3), 0); err != nil {
		t.Errorf("an open file of the folder before: %v", err)
	}
	page, err := d.List(t.Context(), Query{})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].Key != "new.jpg" {
		t.Errorf("List gives %+v, %v", page, err)
	}
}

func TestDirHanging(t *testing.T) {
	d := newTestDir(t, DirConfig{Path: t.TempDir(), Timing: Timing{Total: 50 * time.Millisecond}})
	release, dropped := make(chan struct{}), make(chan struct{})
	_, err := bounded(t.Context(), d, "test", func() (int, error) { <-release; return 1, nil }, func(int) { close(dropped) })
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("gives %v", err)
	}
	close(release)
	select {
	case <-dropped:
	case <-time.After(5 * time.Second):
		t.Error("what came late was not dropped")
	}
}

func TestDirDescriptors(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("no /proc here")
		}
		return len(entries)
	}
	dir := t.TempDir()
	writeFile(t, dir, "a.jpg", pattern(1000, 1))
	d := newTestDir(t, DirConfig{Path: dir})
	before := count()
	for range 200 {
		o, err := d.Open(t.Context(), "a.jpg")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = o.ReadAt(t.Context(), make([]byte, 10), 0)
		o.Close()
		_, _ = d.Open(t.Context(), "absent.jpg")
		_, _ = d.List(t.Context(), Query{})
	}
	if after := count(); after > before+5 {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// TestDirListManyPages holds a folder of 100,000 files to a time in which a
// gallery can be paged.
func TestDirListManyPages(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 100,000 files")
	}
	dir := t.TempDir()
	const files = 100_000
	for i := range files {
		// Links are faster to make than files.
		name := filepath.Join(dir, fmt.Sprintf("%06d.jpg", i))
		if i%1000 == 0 {
			if err := os.WriteFile(name, []byte("x"), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if err := os.Link(filepath.Join(dir, fmt.Sprintf("%06d.jpg", i/1000*1000)), name); err != nil {
			t.Skipf("no links here: %v", err)
		}
	}
	d := newTestDir(t, DirConfig{Path: dir, ListTTL: time.Minute})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := d.List(t.Context(), Query{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	start, n, q := time.Now(), 0, Query{After: "050000.jpg", Limit: 100}
	for range 100 {
		page, err := d.List(t.Context(), q)
		if err != nil || len(page.Entries) != 100 {
			t.Fatalf("%d entries, %v", len(page.Entries), err)
		}
		n, q.After = n+len(page.Entries), page.Next
	}
	if took := time.Since(start); took > 2*time.Second || q.After != "060000.jpg" {
		t.Errorf("100 pages took %v and end at %q", took, q.After)
	}
	start = time.Now()
	page, err := d.List(t.Context(), Query{Contains: "99999.JPG"})
	if err != nil || len(page.Entries) != 1 || time.Since(start) > time.Second {
		t.Errorf("a search took %v: %v, %v", time.Since(start), page, err)
	}
}

func TestDirListBounds(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		writeFile(t, dir, fmt.Sprintf("%02d.jpg", i), nil)
	}
	d := newTestDir(t, DirConfig{Path: dir, ListMax: 7})
	page, err := d.List(t.Context(), Query{})
	if err != nil || len(page.Entries) != 7 || !page.Truncated {
		t.Errorf("%d entries, truncated %v, %v", len(page.Entries), page.Truncated, err)
	}
	cached := newTestDir(t, DirConfig{Path: dir, ListTTL: time.Hour})
	if page, err = cached.List(t.Context(), Query{}); err != nil || len(page.Entries) != 20 {
		t.Fatalf("%d entries, %v", len(page.Entries), err)
	}
	writeFile(t, dir, "20.jpg", nil)
	os.Remove(filepath.Join(dir, "00.jpg"))
	page, err = cached.List(t.Context(), Query{})
	if err != nil || len(page.Entries) != 19 {
		t.Errorf("from the cache: %d entries, want 19: the removed one goes, the new one comes later; %v", len(page.Entries), err)
	}
}

func TestNewDirRefuses(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "file", nil)
	for _, path := range []string{filepath.Join(dir, "absent"), filepath.Join(dir, "file")} {
		if _, err := NewDir(DirConfig{Path: path}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestReaderKeepsContext(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "a.jpg", []byte("abc"))
	o := open(t, newTestDir(t, DirConfig{Path: dir}), "a.jpg")
	ctx, cancel := context.WithCancel(t.Context())
	r := Reader(ctx, o)
	p := make([]byte, 3)
	if _, err := r.ReadAt(p, 0); err != nil || !bytes.Equal(p, []byte("abc")) {
		t.Errorf("%q, %v", p, err)
	}
	cancel()
	if _, err := r.ReadAt(p, 0); !fault.Is(err, fault.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// TestDirRefused: what has the name of an image, or is a folder, and is not listed,
// is told.
func TestDirRefused(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "images")
	for _, key := range []string{"good.jpg", "sub/tab\t.jpg", "sub/\xff.jpg", "\xff/a.jpg", "notes\t.txt", ".hidden\t.jpg", ".cache/x\t.jpg"} {
		writeFile(t, dir, key, []byte("x"))
	}
	writeFile(t, base, "album/outside.jpg", []byte("x"))
	for link, target := range map[string]string{
		"up.jpg": "../album/outside.jpg", "dangling.jpg": "nothing.jpg", "loop.jpg": "loop.jpg", "folder.jpg": "sub",
		"album": "../album", "sublink": "sub", "text": "notes\t.txt", "dangling": "nothing",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	d := newTestDir(t, DirConfig{Path: dir})
	told := func(q Query) map[string]fault.Kind {
		t.Helper()
		kinds := map[string]fault.Kind{}
		for {
			page, err := d.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Refused {
				if _, twice := kinds[r.Name]; twice {
					t.Errorf("%q is told twice", r.Name)
				}
				kinds[r.Name] = fault.KindOf(r.Err)
			}
			if q.After = page.Next; q.After == "" {
				return kinds
			}
		}
	}
	want := map[string]fault.Kind{
		"sub/tab\t.jpg": fault.NotFound, "sub/\xff.jpg": fault.NotFound, "\xff": fault.NotFound, "up.jpg": fault.Forbidden,
		"dangling.jpg": fault.NotFound, "loop.jpg": fault.NotFound, "folder.jpg": fault.NotFound, "album": fault.Forbidden,
	}
	for _, limit := range []int{1, 100} {
		if got := told(Query{Limit: limit}); !maps.Equal(got, want) {
			t.Errorf("%d a page: %v", limit, got)
		}
	}
	if got := told(Query{Prefix: "sub/"}); len(got) != 2 {
		t.Errorf("below sub: %v", got)
	}
}
