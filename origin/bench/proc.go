package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of CPU time in /proc: USER_HZ, which is 100 on every Linux
// architecture that Go runs on (proc(5)).
const tick = 10 * time.Millisecond

// process is a server that runs while it is measured.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	log  string
}

// start runs a program in a process group of its own; its output goes to the file
// log. It dies with this one. It must be called from a goroutine that keeps
// its thread, because Linux ties the death signal to the thread.
func start(log string, env []string, name string, args ...string) (*process, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env, cmd.Dir = append(environment(), env...), filepath.Dir(log)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{}), log: log}
	go func() {
		cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// environment is ours without settings of Vitrine. With a working folder that has
// no vitrine.toml, nobody's configuration is measured.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "VITRINE_") })
}

// stop ends the process and those it started.
func (p *process) stop() {
	group := -p.cmd.Process.Pid
	syscall.Kill(group, syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(3 * time.Second):
	}
	syscall.Kill(group, syscall.SIGKILL)
	<-p.done
}

// ready waits until the process answers at the address (a path is a Unix socket).
func (p *process) ready(ctx context.Context, addr string) error {
	network := "tcp"
	if strings.HasPrefix(addr, "/") {
		network = "unix"
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if c, err := net.DialTimeout(network, addr, time.Second); err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.done:
			text, _ := os.ReadFile(p.log)
			return fmt.Errorf("%s ended at once: %s", filepath.Base(p.cmd.Path), strings.TrimSpace(string(text)))
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s does not listen on %s", filepath.Base(p.cmd.Path), addr)
}

// pids returns the process and its descendants.
func (p *process) pids() []int {
	list := []int{p.cmd.Process.Pid}
	for i := 0; i < len(list); i++ {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", list[i]))
		for _, t := range tasks {
			text, _ := os.ReadFile(t)
			for _, f := range strings.Fields(string(text)) {
				if pid, err := strconv.Atoi(f); err == nil {
					list = append(list, pid)
				}
			}
		}
	}
	return list
}

// cpuReading is the processor time that processes have used so far, by two
// clocks of the kernel: the ticks of /proc/PID/stat, and the nanoseconds per
// thread of schedstat, which short runs need.
type cpuReading struct {
	ticks   time.Duration
	threads map[int]time.Duration
}

// readCPU reads both clocks of the processes.
func readCPU(pids []int) (cpuReading, error) {
	r := cpuReading{threads: map[int]time.Duration{}}
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return r, err
		}
		t, err := parseStat(string(text))
		if err != nil {
			return r, fmt.Errorf("process %d: %w", pid, err)
		}
		r.ticks += t
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, task := range tasks {
			text, err := os.ReadFile(task)
			f := strings.Fields(string(text))
			if err != nil || len(f) == 0 {
				continue // the thread ended just now: since sees that
			}
			id, err1 := strconv.Atoi(filepath.Base(filepath.Dir(task)))
			ns, err2 := strconv.ParseInt(f[0], 10, 64)
			if err1 == nil && err2 == nil {
				r.threads[id] = time.Duration(ns)
			}
		}
	}
	return r, nil
}

// since returns the time between two readings: in nanoseconds, unless a thread
// ended meanwhile, whose time only the ticks still hold.
func (r cpuReading) since(before cpuReading) time.Duration {
	var sum time.Duration
	for id, t := range before.threads {
		if _, ok := r.threads[id]; !ok {
			return r.ticks - before.ticks
		}
		sum -= t
	}
	for _, t := range r.threads {
		sum += t
	}
	if len(r.threads) == 0 {
		return r.ticks - before.ticks
	}
	return sum
}

// parseStat returns utime + stime, fields 14 and 15 of /proc/PID/stat. The second
// field is the name in parentheses, which may hold spaces and parentheses.
func parseStat(line string) (time.Duration, error) {
	_, rest, ok := cutLast(line, ')')
	f := strings.Fields(rest)
	if !ok || len(f) < 13 {
		return 0, errors.New("not a line of /proc/PID/stat")
	}
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// freeAddress returns a loopback address that nothing listens on now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// usage is what a finished command took.
type usage struct {
	// User is user time, Total user and system time, of all threads.
	User, Total, Wall time.Duration
	// Memory is the peak resident size in bytes.
	Memory int64
	out    []byte
}

// runCommand runs a command to its end and returns what it took.
func runCommand(ctx context.Context, env []string, name string, args ...string) (usage, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env, cmd.Dir = append(environment(), env...), os.TempDir()
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return usage{}, fmt.Errorf("%s: %w: %.300s", strings.Join(cmd.Args, " "), err, out)
	}
	u := usage{User: cmd.ProcessState.UserTime(), Wall: time.Since(begin), out: out}
	u.Total = u.User + cmd.ProcessState.SystemTime()
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.Memory = r.Maxrss << 10
	}
	return u, nil
}

// peakMemory is the sum of the peak resident sizes of processes, in bytes. Memory
// that they share counts for each, and not all were at their peak at one time: it
// is a bound from above.
func peakMemory(pids []int) int64 {
	var sum int64
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0
		}
		_, rest, _ := strings.Cut(string(text), "\nVmHWM:")
		var kib int64
		if _, err := fmt.Sscanf(rest, "%d", &kib); err != nil {
			return 0
		}
		sum += kib << 10
	}
	return sum
}
