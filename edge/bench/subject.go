package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// publicURL is that of the Workers.
const publicURL = "https://iiif.example.org"

// file is a module of a Worker: its name there, its kind in the configuration of
// workerd, and where it is in edge/.
type file struct{ name, kind, path string }

// The Worker as it is deployed, the second one that it calls, the first with a look at its
// memory, and the twin.
var (
	deployed = []file{{"worker.mjs", "esModule", "worker.mjs"}, {"build/plan.wasm", "wasm", "build/plan.wasm"}}
	second   = []file{
		{"fallback.mjs", "esModule", "fallback.mjs"},
		{"build/fallback/wasm_exec.js", "esModule", "build/fallback/wasm_exec.js"}, {"build/fallback/app.wasm", "wasm", "build/fallback/app.wasm"},
	}
	twin    = []file{{"twin.mjs", "esModule", "bench/twin.mjs"}, {"digest.mjs", "esModule", "bench/digest.mjs"}}
	watched = append([]file{{"memory.mjs", "esModule", "bench/memory.mjs"}, {"watch.mjs", "esModule", "bench/watch.mjs"}}, deployed...)
)

// subject is a workerd that serves one Worker.
type subject struct {
	name string
	cmd  *exec.Cmd
	addr string
	log  string
	sent int // requests so far
	// What it took until it listened.
	wall, cpu time.Duration
}

// configuration writes a Worker as workerd reads it, and another one that it calls, if
// there is one. Where Workers are deployed they are loaded each when it is needed, but
// workerd loads all at once; so what is said of starts is measured with one at a time.
// The one that is called comes first: with each Worker that is loaded, workerd throws
// away what V8 has compiled of the Wasm of those before.
func (m *meter) configuration(files, called []file) (string, error) {
	dir, err := os.MkdirTemp(m.builder.dir, "worker-")
	if err != nil {
		return "", err
	}
	first, err := m.modules(dir, files)
	if err != nil {
		return "", err
	}
	other, err := m.modules(dir, called)
	if err != nil {
		return "", err
	}
	if len(called) == 0 {
		other = `(name = "none", esModule = "export default {}")`
	}
	text := fmt.Sprintf(`using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ["--expose-gc"],
  services = [
    (name = "called", worker = (modules = [%s], %s)),
    (name = "main", worker = (modules = [%s], %s)),
    (name = "r2", external = (address = %q, http = ())),
    (name = "cache", external = (address = %q, http = ())),
    (name = "network", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`, other, m.surroundings(""), first, m.surroundings(`(name = "FALLBACK", service = "called")`), m.around.r2, m.around.cache)
	path := filepath.Join(dir, "config.capnp")
	return path, os.WriteFile(path, []byte(text), 0o644)
}

// surroundings are what a Worker has besides its modules.
func (m *meter) surroundings(binding string) string {
	return fmt.Sprintf(`
      compatibilityDate = "2026-04-01",
      bindings = [
        (name = "BUCKET", r2Bucket = "r2"),
        (name = "VITRINE_PUBLIC_URL", text = %q),
        (name = "VITRINE_STYLE", text = "bench"),
        (name = "ORIGIN_URL", text = "http://%s"),
        %s
      ],
      cacheApiOutbound = "cache",
      globalOutbound = "network",
    `, publicURL, m.around.origin, binding)
}

// modules copies files into a folder and lists them as workerd reads it.
func (m *meter) modules(dir string, files []file) (string, error) {
	var modules strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(m.builder.module, "edge", f.path))
		if err != nil {
			return "", err
		}
		flat := strings.ReplaceAll(f.name, "/", "_")
		if err := os.WriteFile(filepath.Join(dir, flat), data, 0o644); err != nil {
			return "", err
		}
		fmt.Fprintf(&modules, "(name = %q, %s = embed %q), ", f.name, f.kind, flat)
	}
	return modules.String(), nil
}

// start starts workerd and waits until it listens.
func (m *meter) start(ctx context.Context, name, config string) (*subject, error) {
	program, err := m.builder.program()
	if err != nil {
		return nil, err
	}
	report, control, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer report.Close()
	s := &subject{name: name, log: filepath.Join(m.builder.dir, name+".log")}
	out, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	s.cmd = exec.Command(program, "serve", "--control-fd=3", config)
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.ExtraFiles = out, out, []*os.File{control}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	begin := time.Now()
	err = s.cmd.Start()
	control.Close()
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { s.cmd.Process.Kill() })
	defer stop()
	var said struct {
		Event string
		Port  int
	}
	for lines := bufio.NewScanner(report); said.Event != "listen"; {
		if !lines.Scan() {
			s.stop()
			text, _ := os.ReadFile(s.log)
			return nil, fmt.Errorf("workerd ended: %.400s", text)
		}
		if err := json.Unmarshal(lines.Bytes(), &said); err != nil {
			s.stop()
			return nil, err
		}
	}
	s.wall = time.Since(begin)
	s.addr = fmt.Sprintf("127.0.0.1:%d", said.Port)
	if s.cpu, err = s.spent(); err != nil {
		s.stop()
	}
	return s, err
}

// stop ends workerd.
func (s *subject) stop() {
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

// spent is the processor time of workerd so far, of all its threads, in nanoseconds:
// the clock that clock_getcpuclockid(3) names.
func (s *subject) spent() (time.Duration, error) {
	const scheduled = 2 // CPUCLOCK_SCHED
	var t unix.Timespec
	err := unix.ClockGettime(int32(^s.cmd.Process.Pid)<<3|scheduled, &t)
	return time.Duration(t.Nano()), err
}

// resident is the memory of workerd in bytes.
func (s *subject) resident() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	var total, pages int64
	fmt.Sscan(string(text), &total, &pages)
	return pages * int64(os.Getpagesize())
}

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, 64<<10) }
