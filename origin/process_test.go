package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/testdata/demo"
)

// process is the real program, built and started as a user starts it.
type process struct {
	cmd  *exec.Cmd
	base string
	exit chan error
}

var listening = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// build builds vitrine and returns the file.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "vitrine")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	return binary
}

// launch builds vitrine and starts it with args.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	return launchIn(t, "", args...)
}

// launchIn is launch in a control group from the first instruction on, as in a
// container; group is its file cgroup.procs, "" for none.
func launchIn(t *testing.T, group string, args ...string) *process {
	t.Helper()
	args = append([]string{build(t), "serve", "--listen=127.0.0.1:0"}, args...)
	if group != "" {
		args = append([]string{"/bin/sh", "-c", `echo $$ >"$0" && exec "$@"`, group}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	logs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, exit: make(chan error, 1)}
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(logs)
		for lines.Scan() {
			if base := listening.FindString(lines.Text()); base != "" && strings.Contains(lines.Text(), "serving") {
				select {
				case ready <- base:
				default:
				}
			}
		}
		p.exit <- cmd.Wait()
	}()
	t.Cleanup(func() { cmd.Process.Kill() })
	select {
	case p.base = <-ready:
	case <-time.After(20 * time.Second):
		t.Fatal("the server does not say where it listens")
	}
	return p
}

// memory returns a field of /proc/PID/status in bytes, such as VmHWM, the peak of
// resident memory.
func (p *process) memory(t *testing.T, field string) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		missing(t, "/proc (Linux)")
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatalf("no %s in /proc", field)
	return 0
}

// confine puts the process into a memory cgroup of its own, where the machine lets
// us make one: beyond the limit the kernel kills it.
func (p *process) confine(t *testing.T, limit int64) {
	t.Helper()
	for _, c := range []struct{ root, file string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, {"/sys/fs/cgroup", "memory.max"},
	} {
		dir := filepath.Join(c.root, fmt.Sprintf("vitrine-test-%d", p.cmd.Process.Pid))
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { os.Remove(dir) })
		_, err := os.Stat(filepath.Join(dir, c.file))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, c.file), strconv.AppendInt(nil, limit, 10), 0o600)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "cgroup.procs"), strconv.AppendInt(nil, int64(p.cmd.Process.Pid), 10), 0o600)
		}
		if err == nil {
			t.Logf("confined to %d MiB by the kernel", limit>>20)
			return
		}
	}
	t.Log("no memory cgroup can be made here: the peak is only measured")
}

// TestMemoryUnderLoad: 1,000 distinct tiles of a 100-megapixel JPEG over 16
// connections keep the whole process under 1 GiB, and each of them arrives.
func TestMemoryUnderLoad(t *testing.T) {
	dir := t.TempDir()
	var big demo.Picture
	for _, p := range demo.Pictures() {
		if p.Width*p.Height > big.Width*big.Height {
			big = p
		}
	}
	if big.Width*big.Height < 100_000_000 {
		t.Fatalf("the largest demo picture has only %d × %d pixels", big.Width, big.Height)
	}
	f, err := os.Create(filepath.Join(dir, "big.jpg"))
	if err == nil {
		err = big.Write(t.Context(), f)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.Close()

	p := launch(t, "--source", dir)
	p.confine(t, 1<<30)
	tiles := distinctTiles(big.Width, big.Height, 1000)
	next := make(chan string)
	var wg sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: time.Minute}
	for range 16 {
		wg.Go(func() {
			for tile := range next {
				res, err := client.Get(p.base + "/iiif/3/big.jpg/" + tile + "/0/default.jpg")
				if err != nil {
					t.Error(err)
					continue
				}
				n, _ := io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode != 200 || n < 500 {
					t.Errorf("%s: status %d, %d bytes", tile, res.StatusCode, n)
				}
			}
		})
	}
	begin := time.Now()
	for _, tile := range tiles {
		next <- tile
	}
	close(next)
	wg.Wait()
	peak := p.memory(t, "VmHWM")
	t.Logf("1,000 tiles in %.1f s, peak resident memory %d MiB", time.Since(begin).Seconds(), peak>>20)
	if peak >= 1<<30 {
		t.Errorf("peak resident memory %d MiB, want less than 1024", peak>>20)
	}
}

// distinctTiles returns n "region/size" of different tiles over all scale factors.
func distinctTiles(w, h, n int) []string {
	var all []string
	for scale := 1; scale <= 64; scale *= 2 {
		side := 512 * scale
		for y := 0; y < h; y += side {
			for x := 0; x < w; x += side {
				rw, rh := min(side, w-x), min(side, h-y)
				all = append(all, fmt.Sprintf("%d,%d,%d,%d/%d,", x, y, rw, rh, (rw+scale-1)/scale))
			}
		}
	}
	// Narrower tiles until there are enough.
	for y := 0; len(all) < n; y += 300 {
		for x := 0; x+700 < w && y+300 < h; x += 700 {
			all = append(all, fmt.Sprintf("%d,%d,700,300/350,", x, y))
		}
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:n]
}

// TestDrain: a signal ends the program cleanly, after the request that runs.
func TestDrain(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.png"), tinyPNG(t, 900, 700), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "--source", dir)
	answers := make(chan int, 1)
	go func() {
		res, err := http.Get(p.base + "/iiif/3/a.png/full/^3000,/37.5/default.png")
		if err != nil {
			answers <- 0
			return
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		answers <- res.StatusCode
	}()
	time.Sleep(100 * time.Millisecond)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := <-answers; status != 200 {
		t.Errorf("the running request got status %d", status)
	}
	select {
	case err := <-p.exit:
		if err != nil {
			t.Errorf("exit: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the program does not end")
	}
}
