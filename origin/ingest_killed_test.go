package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/ingest"
)

// TestIngestKilled: an ingest that is killed in the middle goes on where it was: what
// is done is not done again, and in the end everything is as without that.
func TestIngestKilled(t *testing.T) {
	dir, kept, other := t.TempDir(), t.TempDir(), t.TempDir()
	files := map[string][]byte{}
	const images = 32
	for i := range images {
		files[fmt.Sprintf("%02d.jpg", i)] = testSheet(t, 2600, 2000+i)
	}
	plant(t, dir, files)
	binary := filepath.Join(t.TempDir(), "vitrine")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	made := func() (names []string) {
		names, _ = filepath.Glob(filepath.Join(kept, "pyramids", "*.tif"))
		return names
	}
	cmd := exec.Command(binary, "ingest", dir, "--store", kept, "--jobs", "1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(30 * time.Second); len(made()) < 3 && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	_ = cmd.Process.Kill()
	if cmd.Wait() == nil {
		t.Fatal("nothing was left to kill")
	}
	before := map[string]time.Time{}
	for _, name := range made() {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		before[name] = info.ModTime()
	}
	if len(before) < 3 || len(before) == images {
		t.Fatalf("%d pyramids when killed", len(before))
	}
	out, err := exec.Command(binary, "ingest", dir, "--store", kept).CombinedOutput()
	want := fmt.Sprintf("%d ingested (%d lossless), %d there already, 0 failed", images-len(before), images-len(before), len(before))
	if err != nil || !strings.Contains(string(out), want) {
		t.Errorf("%v, wanted %s:\n%s", err, want, out)
	}
	for name, when := range before {
		if info, err := os.Stat(name); err != nil || !info.ModTime().Equal(when) {
			t.Errorf("%s was made again: %v", filepath.Base(name), err)
		}
	}
	if out, err := exec.Command(binary, "ingest", dir, "--store", other).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range made() {
		a, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(other, "pyramids", filepath.Base(name)))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s is another than without the kill: %v", filepath.Base(name), err)
		}
	}
	if n := len(made()); n != images {
		t.Errorf("%d pyramids", n)
	}
}

// TestIngestProgress: on a terminal there is a bar with the share, the images, the
// rate and the time left; elsewhere a line per image.
func TestIngestProgress(t *testing.T) {
	items := []item{{name: "a.jpg", size: 3e6}, {name: "b.jpg", size: 1e6}}
	for _, terminal := range []bool{true, false} {
		var out, errs bytes.Buffer
		p := newReporter(&out, &errs, false, "store")
		p.terminal = terminal
		p.begin(items)
		p.stop()
		p.stop = func() {}
		p.began = time.Now().Add(-2 * time.Second)
		done := p.start(&items[0])
		p.progress(&items[0], 2, 3)
		errs.Reset()
		if terminal {
			// 2 of 4 MB in two seconds.
			p.draw()
			for _, want := range []string{"[████████████░░░░░░░░░░░░]", " 50 %", "0/2", "B/s, ", "s left"} {
				if bar := errs.String(); !strings.Contains(bar, want) {
					t.Errorf("the bar has no %q: %q", want, bar)
				}
			}
		}
		done(ingest.Result{Width: 30, Height: 20, Bytes: 5000, Lossless: true, Duration: time.Second}, nil)
		line := strings.HasPrefix(out.String(), "1/2 a.jpg: 30 × 20, lossless, 5.0 kB in 1s, ")
		if line == terminal || !terminal && !strings.Contains(out.String(), " left") {
			t.Errorf("terminal %v: %q", terminal, out.String())
		}
	}
}
