// Command bench compares the Worker with a twin written by hand in JavaScript, in
// `workerd serve`, on one machine in one run.
//
//	go run ./edge/bench              ten minutes
//	go run ./edge/bench -quick       three minutes
//	go run ./edge/bench -publish     and write the figures into README.md
//
// Both run as their own process, with the same bucket, cache and origin: stand-ins
// in this process, which speak the protocols that workerd speaks to the real ones.
// What those take is therefore in no figure; a figure is the processor time of the
// workerd that runs the subject, by the kernel's clock of that process.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	quick, publish bool
	only           string
	module         string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	runtime.LockOSThread() // the subjects die with this thread, see start
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is main without globals.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.BoolVar(&o.quick, "quick", false, "fewer repetitions")
	f.BoolVar(&o.publish, "publish", false, "write the figures into README.md")
	f.StringVar(&o.only, "only", "", "measure only kinds of requests whose title has this `text`")
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.publish && (o.quick || o.only != "") {
		return errors.New("-publish wants a whole run")
	}
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("this must run in the module: %w", err)
	}
	o.module = strings.TrimSpace(string(out))
	begin := time.Now()
	say := func(format string, args ...any) {
		fmt.Fprintf(stderr, "%4.0fs  %s\n", time.Since(begin).Seconds(), fmt.Sprintf(format, args...))
	}
	dir, err := os.MkdirTemp("", "vitrine-edge-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r, err := bench(ctx, o, dir, say)
	if err != nil {
		return err
	}
	fmt.Fprint(stdout, r.markdown())
	if o.publish {
		return r.publish(filepath.Join(o.module, "README.md"))
	}
	return nil
}

// bench does the whole run.
func bench(ctx context.Context, o options, dir string, say func(string, ...any)) (*report, error) {
	r := &report{date: time.Now().Format(time.DateOnly), machine: machine()}
	say("building")
	b := &builder{module: o.module, dir: dir}
	if err := b.build(ctx); err != nil {
		return nil, err
	}
	var err error
	if r.version, err = b.workerdVersion(ctx); err != nil {
		return nil, err
	}
	if r.size, err = packed(filepath.Join(o.module, "edge/build/plan.wasm")); err != nil {
		return nil, err
	}
	pyramid, err := b.pyramid(ctx)
	if err != nil {
		return nil, err
	}
	around, err := startSurroundings(pyramid)
	if err != nil {
		return nil, err
	}
	defer around.close()
	m := &meter{builder: b, around: around, say: say, rounds: 16, requests: 1000, starts: 15, churn: 100_000}
	if o.quick {
		m.rounds, m.requests, m.starts, m.churn = 5, 400, 4, 20_000
	}
	if o.only == "" {
		if r.starts, err = m.startUp(ctx); err != nil {
			return nil, err
		}
	}
	if r.rows, err = m.perRequest(ctx, o.only); err != nil || o.only != "" {
		return r, err
	}
	r.churn, err = m.memory(ctx)
	return r, err
}

// machine says what this runs on.
func machine() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(text), "model name")
	line, _, _ := strings.Cut(rest, "\n")
	load, _ := os.ReadFile("/proc/loadavg")
	return fmt.Sprintf("%s, %d processors, load before %.4s", strings.Trim(line, "\t :"), runtime.NumCPU(), load)
}
