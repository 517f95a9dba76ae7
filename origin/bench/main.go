// Command bench compares Vitrine with other image servers and with native tools,
// on one machine in one run.
//
//	go run ./origin/bench              9 MP, 72 MP and one gigapixel
//	go run ./origin/bench -quick       9 MP only, about two minutes
//	go run ./origin/bench -publish     and write the figures into README.md
//
// It installs the peers where they are missing (.ci/bench-deps, Debian), makes its
// inputs from photographs in Debian's wallpaper packages, starts every server
// itself on loopback with caches off, checks the answers, alternates between the
// servers and reports medians with the processor time that each server took.
//
// It is not part of the product and not a load test: its client runs on the same
// cores as the servers, so requests per second are comparable only within a run.
// Inputs are kept in a folder below the user's cache; all else is removed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	quick, install, publish bool
	// parts to leave out.
	noHTTP, noCodecs bool
	only             string
	out, svg, date   string
	binary, iipsrv   string
	dir              string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	var err error
	switch {
	case len(os.Args) == 4 && os.Args[1] == floorCommand:
		err = serveFloor(os.Args[2], os.Args[3])
	case len(os.Args) > 2 && os.Args[1] == usageCommand:
		err = serveUsage(ctx, os.Args[2:], os.Stdout)
	default:
		runtime.LockOSThread() // see start
		err = run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		stop()
		os.Exit(1)
	}
}

// run is main without globals.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	begin := time.Now()
	say := func(format string, args ...any) {
		fmt.Fprintf(stderr, "%4.0fs  %s\n", time.Since(begin).Seconds(), fmt.Sprintf(format, args...))
	}
	load := loadAverage()
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	sweep(o.dir)
	build, err := os.MkdirTemp(o.dir, "run-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(build)
	peers, err := findPeers(ctx, build, o.binary, o.iipsrv, o.install, say)
	if err != nil {
		return err
	}
	inputs, pl := pictures(), plan{repetitions: 5, span: 400 * time.Millisecond, first: 12, conns: []int{1, 16}, tile: 512}
	if o.quick {
		inputs = inputs[:1]
		pl.repetitions, pl.span, pl.first = 3, 250*time.Millisecond, 8
	}
	if o.only != "" {
		inputs = slices.DeleteFunc(pictures(), func(p *picture) bool { return p.name != o.only })
		if len(inputs) == 0 {
			return fmt.Errorf("there is no picture %q", o.only)
		}
	}
	rep := &report{
		date: o.date, machine: peers.machine, versions: peers.versions, iipimage: peers.iipimage, load: load,
		plan: pl, results: results{cells: map[cellKey]cell{}, memory: map[cellKey]int64{}},
	}
	for _, p := range inputs {
		if err := onePicture(ctx, o, peers, p, pl, rep, say); err != nil {
			return fmt.Errorf("%s: %w", p.title, err)
		}
	}
	rep.took = time.Since(begin)
	if o.out != "" {
		err = errors.Join(err, os.WriteFile(o.out, []byte(rep.markdown()), 0o644))
	}
	if o.svg != "" {
		err = errors.Join(err, os.WriteFile(o.svg, rep.chart(), 0o644))
	}
	if o.publish {
		err = errors.Join(err, rep.publish(peers.root))
	}
	fmt.Fprint(stdout, rep.markdown())
	say("done")
	return err
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	cache, err := os.UserCacheDir()
	if err != nil {
		return o, err
	}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.BoolVar(&o.quick, "quick", false, "9 MP only and fewer repetitions")
	f.BoolVar(&o.publish, "publish", false, "write the figures into README.md and testdata/bench.svg of this module")
	f.StringVar(&o.only, "only", "", "measure one `picture`: p9, p72 or p1g")
	f.BoolVar(&o.install, "install", true, "install what is missing with apt-get")
	f.BoolVar(&o.noHTTP, "nohttp", false, "leave the servers out")
	f.BoolVar(&o.noCodecs, "nocodecs", false, "leave the codec table out")
	f.StringVar(&o.out, "o", "", "write the tables to this `file` too")
	f.StringVar(&o.svg, "svg", "", "draw the chart to this `file`")
	f.StringVar(&o.date, "date", time.Now().Format(time.DateOnly), "date in the report")
	f.StringVar(&o.binary, "vitrine", "", "the vitrine `program` to measure; built from this module if empty")
	f.StringVar(&o.iipsrv, "iipsrv", "/usr/lib/iipimage-server/iipsrv.fcgi", "the IIPImage `program`; one newer than Debian's 1.1 serves plain JPEGs too")
	f.StringVar(&o.dir, "dir", filepath.Join(cache, "vitrine-bench"), "`folder` of inputs and temporary files; making the inputs takes 6 GB for a while")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	for _, path := range []*string{&o.dir, &o.binary} {
		if *path != "" {
			if *path, err = filepath.Abs(*path); err != nil {
				return o, err
			}
		}
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("what is %q?", f.Arg(0))
	}
	if o.publish && (o.quick || o.only != "" || o.noHTTP || o.noCodecs) {
		return o, errors.New("-publish wants a whole run")
	}
	return o, nil
}

// onePicture measures everything about one picture.
func onePicture(ctx context.Context, o options, peers *peers, p *picture, pl plan, rep *report, say func(string, ...any)) error {
	if err := makeInputs(ctx, o.dir, p, []int{pl.tile}, say); err != nil {
		return err
	}
	rep.pictures = append(rep.pictures, p)
	dir, err := os.MkdirTemp(o.dir, "run-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ingests := 3
	if p.width*p.height > largest { // a first touch takes seconds, an ingest half a minute
		pl.repetitions, pl.first, ingests = min(pl.repetitions, 3), min(pl.first, 3), 1
	}
	say("ingest, %s", p.title)
	own, err := ingestTable(ctx, p, peers.binary, dir, pl.tile, ingests)
	if err != nil {
		return err
	}
	rep.ingest = append(rep.ingest, own)
	if !o.noCodecs {
		rows, err := codecTable(ctx, p, own.pyramid, dir, pl.repetitions, say)
		if err != nil {
			return err
		}
		rep.codecs = append(rep.codecs, codecPart{p, rows})
	}
	if o.noHTTP {
		return nil
	}
	f := &farm{picture: p, binary: peers.binary, iipsrv: o.iipsrv, dir: dir, say: say}
	defer f.close()
	if err := f.servers(ctx, pl, own.pyramid); err != nil {
		return err
	}
	return measure(ctx, f, pl, &rep.results)
}

// sweep removes what a killed run left behind.
func sweep(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, "run-*"))
	for _, path := range left {
		if s, err := os.Stat(path); err == nil && time.Since(s.ModTime()) > 12*time.Hour {
			os.RemoveAll(path)
		}
	}
}

// loadAverage says how busy the machine was before.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil || len(text) < 4 {
		return "?"
	}
	return string(text[:4])
}
