package demo

import (
	"bytes"
	"context"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func TestPictures(t *testing.T) {
	largest := 0
	names := map[string]bool{}
	for _, p := range Pictures() {
		if names[p.Name] || !strings.HasSuffix(p.Name, ".jpg") || strings.ToLower(p.Name) != p.Name || p.Title == "" {
			t.Errorf("%q, %q", p.Name, p.Title)
		}
		names[p.Name] = true
		largest = max(largest, p.Width*p.Height)
	}
	if largest < 100_000_000 {
		t.Errorf("the largest has %d pixels", largest)
	}
}

// All pictures are written, small ones first, as baseline JPEGs that another
// decoder reads without complaint; a second call finds them, and a third makes
// only what is missing or of another edition.
func TestWriteAll(t *testing.T) {
	if testing.Short() {
		t.Skip("draws 240 megapixels")
	}
	dir := filepath.Join(t.TempDir(), "pictures")
	var order []string
	start := time.Now()
	write := func() {
		t.Helper()
		order = nil
		err := WriteAll(t.Context(), dir, func(done, total int, name string) {
			order = append(order, name)
			if done != len(order) || total != len(Pictures()) {
				t.Errorf("%d of %d after %d", done, total, len(order))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write()
	t.Logf("drawn in %v", time.Since(start))
	sizes := map[string]int{}
	for _, p := range Pictures() {
		sizes[p.Name] = p.Width * p.Height
		checkFile(t, filepath.Join(dir, p.Name), p)
	}
	if !slices.IsSortedFunc(order, func(a, b string) int { return sizes[a] - sizes[b] }) {
		t.Errorf("order %v", order)
	}

	times := func() map[string]time.Time {
		out := map[string]time.Time{}
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			info, err := d.Info()
			if err != nil {
				t.Fatal(err)
			}
			out[d.Name()] = info.ModTime()
		}
		return out
	}
	before := times()
	if len(before) != len(Pictures()) {
		t.Errorf("the folder holds %v", before)
	}
	// One removed, one of another edition, and a leftover.
	gone, old := "marbled-endpaper.jpg", "codex-folio-1.jpg"
	if err := os.Remove(filepath.Join(dir, gone)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, old))
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Replace(b, []byte("edition 1"), []byte("edition 0"), 1)
	if err := os.WriteFile(filepath.Join(dir, old), b, 0o644); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, ".vitrine-demo-1.part")
	if err := os.WriteFile(left, b[:100], 0o644); err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(left, past, past); err != nil {
		t.Fatal(err)
	}
	write()
	for name, at := range times() {
		if again := name == gone || name == old; again == at.Equal(before[name]) {
			t.Errorf("%s was written again: %v", name, !again)
		}
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("the leftover: %v", err)
	}
	checkFile(t, filepath.Join(dir, old), Picture{Width: bookW, Height: bookH})
}

// checkFile looks at a file with the standard library and with djpeg.
func checkFile(t *testing.T, path string, p Picture) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	if c, err := jpeg.DecodeConfig(f); err != nil || c.Width != p.Width || c.Height != p.Height {
		t.Errorf("%s: %d × %d, %v", path, c.Width, c.Height, err)
	}
	djpeg, err := exec.LookPath("djpeg")
	if err != nil {
		if os.Getenv("VITRINE_CI") == "1" {
			t.Fatal("djpeg is not installed")
		}
		t.Log("djpeg is not installed; decoding not checked")
		return
	}
	cmd := exec.Command(djpeg, "-verbose", "-scale", "1/8", "-outfile", os.DevNull, path)
	out, err := cmd.CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("Corrupt")) || bytes.Contains(out, []byte("premature")) {
		t.Errorf("djpeg %s: %v\n%s", path, err, out)
	}
	if !bytes.Contains(out, []byte("Start Of Frame 0xc0")) {
		t.Errorf("%s is not baseline:\n%s", path, out)
	}
}

func TestWriteAllStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	err := WriteAll(ctx, dir, func(done, _ int, _ string) {
		if done == 1 {
			cancel()
		}
	})
	if !fault.Is(err, fault.Canceled) {
		t.Errorf("%v", err)
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 1 {
		t.Errorf("the folder holds %v, %v", list, err)
	}
	// A picture that is under way stops too, and leaves nothing.
	ctx, cancel = context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	dir = t.TempDir()
	if err := WriteAll(ctx, dir, nil); !fault.Is(err, fault.Timeout) {
		t.Errorf("%v", err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("the folder holds %v, %v", list, err)
	}
}

func TestWriteAllErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below"), "/proc/self/pictures"} {
		if err := WriteAll(t.Context(), dir, nil); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
