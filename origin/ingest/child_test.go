package ingest_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/ingest"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
)

// childFile and childStore make this test program one that ingests a file and
// prints the most memory that it had.
const childFile, childStore = "INGEST_TEST_FILE", "INGEST_TEST_STORE"

func TestMain(m *testing.M) {
	if file := os.Getenv(childFile); file != "" {
		if err := child(file, os.Getenv(childStore)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(file, dir string) error {
	debug.SetGCPercent(10) // as the command does
	ctx := context.Background()
	src, err := source.NewDir(source.DirConfig{Path: filepath.Dir(file)})
	if err != nil {
		return err
	}
	obj, err := src.Open(ctx, filepath.Base(file))
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Config{Spec: dir})
	if err != nil {
		return err
	}
	id, err := iiif.NewIdentifier(filepath.Base(file))
	if err != nil {
		return err
	}
	g, err := ingest.New(ingest.Config{})
	if err != nil {
		return err
	}
	fmt.Println("begin")
	r, err := g.Ingest(ctx, obj, s, id, nil)
	if err != nil {
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		if peak, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Printf("%s %d×%d lossless=%v\n", strings.TrimSpace(peak), r.Width, r.Height, r.Lossless)
		}
	}
	return nil
}

func childCommand(file, dir string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childFile+"="+file, childStore+"="+dir)
	return cmd
}

// TestKilled: a process that is killed at any moment leaves the pyramid of before,
// or none, and what it was writing is swept.
func TestKilled(t *testing.T) {
	images, dir := t.TempDir(), t.TempDir()
	file := plainJPEG(t, images, 2600, 2300, "-quality", "92")
	finished, killed := 0, 0
	for i := range 24 {
		cmd := childCommand(file, dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 9 * time.Millisecond)
		_ = cmd.Process.Kill()
		_, _ = out.Read(make([]byte, 1000))
		if cmd.Wait() == nil {
			finished++
		} else {
			killed++
		}
		s, obj, id := open(t, dir, file)
		p, err := s.Open(t.Context(), id)
		if err != nil {
			if names := contents(t, dir); strings.Contains(strings.Join(names, " "), ".tif ") {
				t.Errorf("after %d: %v, the store holds %v", i, err, names)
			}
			if _, statErr := os.Stat(filepath.Join(dir, store.Key(id))); statErr == nil {
				t.Errorf("after %d: a torn pyramid: %v", i, err)
			}
			continue
		}
		if p.Index.Revision() != obj.Revision() {
			t.Errorf("after %d: revision %q", i, p.Index.Revision())
		}
		p.Close()
		if err := s.Remove(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d killed, %d finished", killed, finished)
	if killed == 0 {
		t.Error("none was killed in time")
	}
	s, obj, id := open(t, dir, file)
	strays := len(contents(t, dir))
	if n, err := s.Sweep(t.Context(), 0); err != nil || n != strays {
		t.Errorf("swept %d of %d: %v", n, strays, err)
	}
	g, err := ingest.New(ingest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := g.Ingest(t.Context(), obj, s, id, nil); err != nil || r.Skipped {
		t.Errorf("%+v, %v", r, err)
	}
}

// repeat makes a JPEG of nx × ny copies of one, without decoding: rows of coding
// units of the small one are the restart intervals of the large one, nx times each.
func repeat(t testing.TB, small []byte, nx, ny int, file string) (w, h int) {
	t.Helper()
	head, err := jpeg.ReadHeader(strings.NewReader(string(small)))
	if err != nil {
		t.Fatal(err)
	}
	w, h = head.Width*nx, head.Height*ny
	var out []byte
	at := 2
	out = append(out, small[:2]...)
	for small[at+1] != 0xDA {
		n := 2 + int(binary.BigEndian.Uint16(small[at+2:]))
		seg := append([]byte(nil), small[at:at+n]...)
		if seg[1] == 0xC0 {
			binary.BigEndian.PutUint16(seg[5:], uint16(h))
			binary.BigEndian.PutUint16(seg[7:], uint16(w))
		}
		out = append(out, seg...)
		at += n
	}
	n := 2 + int(binary.BigEndian.Uint16(small[at+2:]))
	out = append(out, small[at:at+n]...)
	data := small[at+n : len(small)-2]
	var rows [][]byte
	from := 0
	for i := 0; i+1 < len(data); i++ {
		if data[i] == 0xFF && data[i+1] >= 0xD0 && data[i+1] <= 0xD7 {
			rows = append(rows, data[from:i])
			from = i + 2
		}
	}
	rows = append(rows, data[from:])
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	count := 0
	for range ny {
		for _, row := range rows {
			for range nx {
				if count > 0 {
					out = append(out, 0xFF, 0xD0|byte(count-1)&7)
				}
				count++
				out = append(out, row...)
			}
			if _, err := f.Write(out); err != nil {
				t.Fatal(err)
			}
			out = out[:0]
		}
	}
	if _, err := f.Write([]byte{0xFF, 0xD9}); err != nil {
		t.Fatal(err)
	}
	return w, h
}

// TestMemory: a gigapixel takes no more than 200 MB, also one that is as wide as can
// be and has all its chroma.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("a gigapixel takes some seconds")
	}
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	for _, c := range []struct {
		sample string
		nx, ny int
	}{{"2x2", 25, 20}, {"1x1", 40, 13}} {
		dir := t.TempDir()
		small, err := os.ReadFile(plainJPEG(t, dir, 1600, 1280, "-quality", "85", "-restart", "1", "-sample", c.sample))
		if err != nil {
			t.Fatal(err)
		}
		large := filepath.Join(dir, "large.jpg")
		w, h := repeat(t, small, c.nx, c.ny, large)
		out, err := childCommand(large, t.TempDir()).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		var kb int
		var rest string
		if _, err := fmt.Sscanf(strings.TrimPrefix(string(out), "begin\n"), "%d kB %s", &kb, &rest); err != nil || rest != fmt.Sprintf("%d×%d", w, h) || !strings.Contains(string(out), "lossless=true") {
			t.Fatalf("%q, %v", out, err)
		}
		info, err := os.Stat(large)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d × %d, %d MB of JPEG: %d MB", w, h, info.Size()/1e6, kb*1024/1e6)
		if kb*1024 > 200e6 {
			t.Errorf("%d × %d: %d kB of memory", w, h, kb)
		}
	}
}
