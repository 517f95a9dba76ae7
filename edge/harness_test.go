// Package edge tries the Worker as it is deployed: in real workerd, with R2 filled
// by the real vitrine ingest and a real origin behind it.
package edge

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/snapshot"
)

// missing skips a test that lacks something; in CI it fails instead.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("VITRINE_CI") == "1" {
		t.Fatalf("missing in CI: %s", what)
	}
	t.Skipf("skipped, missing: %s", what)
}

// built is the folder for what is built once for all tests.
var built string

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "vitrine-edge-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(built)
	os.Exit(code)
}

// goBuild builds a package once and returns the file.
func goBuild(t testing.TB, file string, env []string, args ...string) string {
	t.Helper()
	file = filepath.Join(built, file)
	building.Lock()
	defer building.Unlock()
	if _, err := os.Stat(file); err == nil {
		return file
	}
	cmd := exec.Command("go", append([]string{"build", "-trimpath", "-ldflags", "-s -w", "-o", file}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %v: %v\n%s", args, err, out)
	}
	return file
}

var building sync.Mutex

// planWasm returns plan.wasm, built as it is for deployment; with the tag breakable
// it can be made to fail.
func planWasm(t testing.TB, tags string) string {
	t.Helper()
	plain := plainWasm(t, tags)
	file := strings.TrimSuffix(plain, ".wasm") + ".booted.wasm"
	building.Lock()
	defer building.Unlock()
	if _, err := os.Stat(file); err == nil {
		return file
	}
	program, err := os.ReadFile(plain)
	if err == nil {
		program, err = snapshot.Take(t.Context(), program)
	}
	if err == nil {
		err = os.WriteFile(file, program, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// plainWasm returns plan.wasm before its boot.
func plainWasm(t testing.TB, tags string) string {
	return goBuild(t, "plan"+tags+".wasm", []string{"GOOS=wasip1", "GOARCH=wasm"}, "-buildmode=c-shared", "-tags="+tags, "../wasm/plan")
}

// fallbackModules returns the second Worker, which is a Go program with the glue of
// github.com/syumai/workers.
func fallbackModules(t testing.TB) []module {
	t.Helper()
	app := goBuild(t, "app.wasm", []string{"GOOS=js", "GOARCH=wasm"}, "./fallback")
	glue := filepath.Join(built, "glue")
	building.Lock()
	defer building.Unlock()
	if _, err := os.Stat(glue); err != nil {
		out, err := exec.Command("go", "run", "github.com/syumai/workers/cmd/workers-assets-gen", "-mode=go", "-o", glue).CombinedOutput()
		if err != nil {
			t.Fatalf("workers-assets-gen: %v\n%s", err, out)
		}
	}
	return []module{
		{"ESModule", "fallback.mjs", "fallback.mjs"},
		{"ESModule", "build/fallback/wasm_exec.js", filepath.Join(glue, "wasm_exec.js")},
		{"CompiledWasm", "build/fallback/app.wasm", app},
	}
}

func vitrine(t testing.TB) string { return goBuild(t, "vitrine", nil, "../origin") }

// origin is a vitrine serve.
type origin struct {
	t           testing.TB
	base, admin string
	cmd         *exec.Cmd
	ended       chan error
}

var listening = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// startOrigin starts the origin; its public URL is the edge's.
func startOrigin(t testing.TB, args ...string) *origin {
	t.Helper()
	o := &origin{t: t, ended: make(chan error, 1)}
	o.cmd = exec.Command(vitrine(t), append([]string{"serve", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--log-format=text"}, args...)...)
	logs, err := o.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := o.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(logs)
		for lines.Scan() {
			url := listening.FindString(lines.Text())
			switch {
			case strings.Contains(lines.Text(), "msg=admin ") && o.admin == "":
				o.admin = url
			case strings.Contains(lines.Text(), "msg=serving ") && o.base == "":
				o.base = url
				ready <- true
			}
		}
		o.ended <- o.cmd.Wait()
	}()
	t.Cleanup(o.stop)
	select {
	case <-ready:
	case err := <-o.ended:
		t.Fatalf("the origin does not start: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("the origin does not say where it listens")
	}
	return o
}

// stop ends the origin and waits for that.
func (o *origin) stop() {
	if o.cmd == nil {
		return
	}
	o.cmd.Process.Signal(syscall.SIGTERM)
	<-o.ended
	o.cmd = nil
}

// settled returns requests when the count stands still: the origin counts after it
// has answered.
func (o *origin) settled() int64 {
	o.t.Helper()
	for n := o.requests(); ; {
		time.Sleep(150 * time.Millisecond)
		before := n
		if n = o.requests(); n == before {
			return n
		}
	}
}

// requests returns how many requests the origin has answered.
func (o *origin) requests() int64 {
	o.t.Helper()
	resp, err := http.Get(o.admin + "/counters")
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	var c struct{ Requests map[string]map[string]int64 }
	if err := json.NewDecoder(resp.Body).Decode(&c); err != nil {
		o.t.Fatal(err)
	}
	n := int64(0)
	for route, statuses := range c.Requests {
		for _, k := range statuses {
			if route != "counters" {
				n += k
			}
		}
	}
	return n
}

// worker is the Worker in workerd, with an R2 bucket of its own.
type worker struct {
	t     testing.TB
	base  string
	state string // folder of R2 and the cache

	in  io.Writer
	out *bufio.Reader
	log lockedText
}

// module is a file of the Worker.
type module struct {
	Type string `json:"type"`
	Path string `json:"path"`
	File string `json:"file"`
}

// workerConfig says how a Worker is started.
type workerConfig struct {
	plan   string            // the file plan.wasm; built when empty
	origin string            // base URL of the origin
	port   int               // 0 for any
	vars   map[string]string // besides the public URL, which is the Worker's own
	// entrance comes before the modules that are deployed; none when empty. Alone there is
	// no first Worker but only the second one.
	entrance string
	alone    bool
	// modules and second are what the two consist of; what is deployed when empty.
	modules, second []module
}

// freePort returns a port that nobody listens on and the system gives to nobody:
// it has those from 32768 on for that.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 20_000 + rand.IntN(12_000)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("there is no free port")
	return 0
}

// base returns the URL of a port of this machine.
func base(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

// startWorker starts the Worker.
func startWorker(t testing.TB, c workerConfig) *worker {
	t.Helper()
	if _, err := os.Stat("node_modules/miniflare"); err != nil {
		missing(t, "miniflare: npm ci in edge/")
	}
	modules, second := c.modules, c.second
	if c.entrance != "" {
		modules = append(modules, module{"ESModule", c.entrance, c.entrance})
	}
	if c.alone {
		modules = append(modules, fallbackModules(t)...)
	} else if c.modules == nil {
		modules = append(modules, module{"ESModule", "worker.mjs", "worker.mjs"}, module{"CompiledWasm", "build/plan.wasm", cmp.Or(c.plan, planWasm(t, ""))})
		second = fallbackModules(t)
	}
	if c.port == 0 {
		c.port = freePort(t)
	}
	w := &worker{t: t, base: base(c.port), state: t.TempDir()}
	vars := map[string]string{"VITRINE_PUBLIC_URL": w.base, "ORIGIN_URL": c.origin}
	for name, value := range c.vars {
		vars[name] = value
	}
	cmd := exec.Command("node", "local.mjs")
	cmd.Env = append(os.Environ(), "NODE_NO_WARNINGS=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = &w.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.in, w.out = stdin, bufio.NewReader(stdout)
	t.Cleanup(func() {
		stdin.Close() // then it stops workerd and ends
		cmd.Wait()
		if t.Failed() {
			t.Logf("the Worker says:\n%s", w.log.String())
		}
	})
	d := deployment(t)
	w.command(map[string]any{"start": map[string]any{
		"port": c.port, "state": w.state, "bindings": vars, "modules": modules, "second": second, "date": d.Date, "flags": d.Flags,
	}})
	return w
}

// command sends a command to local.mjs and returns its answer.
func (w *worker) command(c map[string]any) map[string]any {
	w.t.Helper()
	line, err := json.Marshal(c)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.in.Write(append(line, '\n')); err != nil {
		w.t.Fatal(err)
	}
	answer, err := w.out.ReadBytes('\n')
	if err != nil {
		w.t.Fatalf("local.mjs: %v\n%s", err, w.log.String())
	}
	var a map[string]any
	if err := json.Unmarshal(answer, &a); err != nil {
		w.t.Fatal(err)
	}
	if a["error"] != nil {
		w.t.Fatalf("local.mjs: %v", a["error"])
	}
	return a
}

// logs waits until the Worker's log has n times what. The log comes by another way
// than the answers, so it may be behind them.
func (w *worker) logs(n int, what string) bool {
	for range 500 {
		if strings.Count(w.log.String(), what) >= n {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// put stores a file in R2.
func (w *worker) put(key, file string) {
	w.t.Helper()
	w.command(map[string]any{"put": key, "file": file})
}

// putText stores a text in R2.
func (w *worker) putText(key, text string) {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "object")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.put(key, file)
}

// fill stores every file of a folder in R2, under its path in the folder.
func (w *worker) fill(dir string) {
	w.t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			key, _ := filepath.Rel(dir, path)
			w.put(filepath.ToSlash(key), path)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// ingest makes the pyramids of a folder of images and returns the folder of the store.
func ingest(t testing.TB, images string, args ...string) string {
	t.Helper()
	store := t.TempDir()
	args = append([]string{"ingest", "--source", images, "--store", store}, args...)
	if out, err := exec.Command(vitrine(t), args...).CombinedOutput(); err != nil {
		t.Fatalf("vitrine ingest: %v\n%s", err, out)
	}
	return store
}

// lockedText is a text that may be read while it is written.
type lockedText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
