// Command bench compares Vitrine with other image servers and with native tools,
// on one machine in one run.
//
//	go run ./origin/bench -quick                 9 MP only, about two minutes
//	go run ./origin/bench -o bench.md -svg bench.svg
//	go run ./origin/bench -large                 also one gigapixel
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
	quick, large, install bool
	// parts to leave out.
	noHTTP, noCodecs bool
	only             string
	out, svg, date   string
	binary, iipsrv   string
	dir              string
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == floorCommand {
		fmt.Fprintln(os.Stderr, serveFloor(os.Args[2], os.Args[3]))
		os.Exit(1)
	}
	runtime.LockOSThread() // see start
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
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
	peers, err := findPeers(ctx, o.dir, o.binary, o.iipsrv, o.install, say)
	if err != nil {
		return err
	}
	inputs, pl := pictures()[:2], plan{repetitions: 5, span: 500 * time.Millisecond, first: 12, conns: []int{1, 16}, tiles: []int{512, 256}}
	if o.quick {
		inputs = inputs[:1]
		pl.repetitions, pl.span, pl.first, pl.tiles = 3, 250*time.Millisecond, 8, []int{512}
	}
	if o.large {
		inputs = pictures()
	}
	if o.only != "" {
		inputs = slices.DeleteFunc(pictures(), func(p *picture) bool { return p.name != o.only })
		if len(inputs) == 0 {
			return fmt.Errorf("there is no picture %q", o.only)
		}
	}
	sweep(o.dir)
	rep := &report{
		date: o.date, machine: peers.machine, versions: peers.versions, load: load,
		plan: pl, results: results{cells: map[cellKey]cell{}},
	}
	if !peers.ingest {
		rep.results.note("`vitrine ingest` does not exist in this build: our own pyramid is not measured")
	}
	for _, p := range inputs {
		if err := onePicture(ctx, o, peers, p, pl, rep, say); err != nil {
			return fmt.Errorf("%s: %w", p.title, err)
		}
	}
	if o.out != "" {
		err = errors.Join(err, os.WriteFile(o.out, []byte(rep.markdown()), 0o644))
	}
	if o.svg != "" {
		err = errors.Join(err, os.WriteFile(o.svg, rep.chart(), 0o644))
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
	f.BoolVar(&o.large, "large", false, "also a picture of one gigapixel; takes minutes and 10 GB of disk to make")
	f.StringVar(&o.only, "only", "", "measure one `picture`: p9, p72 or p1g")
	f.BoolVar(&o.install, "install", true, "install what is missing with apt-get")
	f.BoolVar(&o.noHTTP, "nohttp", false, "leave the servers out")
	f.BoolVar(&o.noCodecs, "nocodecs", false, "leave the codec table out")
	f.StringVar(&o.out, "o", "", "write the tables to this `file` too")
	f.StringVar(&o.svg, "svg", "", "draw a chart of the first picture to this `file`")
	f.StringVar(&o.date, "date", time.Now().Format(time.DateOnly), "date in the report")
	f.StringVar(&o.binary, "vitrine", "", "the vitrine `program` to measure; built from this module if empty")
	f.StringVar(&o.iipsrv, "iipsrv", "/usr/lib/iipimage-server/iipsrv.fcgi", "the IIPImage `program`; one newer than Debian's 1.1 serves plain JPEGs too")
	f.StringVar(&o.dir, "dir", filepath.Join(cache, "vitrine-bench"), "`folder` of inputs and temporary files")
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
	if o.quick && o.large {
		return o, errors.New("-quick and -large exclude each other")
	}
	return o, nil
}

// onePicture measures everything about one picture.
func onePicture(ctx context.Context, o options, peers *peers, p *picture, pl plan, rep *report, say func(string, ...any)) error {
	if err := makeInputs(ctx, o.dir, p, pl.tiles, say); err != nil {
		return err
	}
	rep.pictures = append(rep.pictures, p)
	dir, err := os.MkdirTemp(o.dir, "run-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if !o.noCodecs && p.name != "p1g" {
		rows, err := codecTable(ctx, p, dir, max(3, pl.repetitions), say)
		if err != nil {
			return err
		}
		rep.codecs = append(rep.codecs, codecPart{p, rows})
	}
	if peers.ingest {
		say("ingest, %s", p.title)
		row, err := ingestTable(ctx, p, peers.binary, dir, pl.tiles[0])
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			rep.results.note("%s: ingest: %v", p.title, err)
		} else {
			rep.ingest = append(rep.ingest, row)
		}
	}
	if o.noHTTP {
		return nil
	}
	if p.name == "p1g" { // a first touch takes seconds
		pl.first = min(pl.first, 3)
	}
	f := &farm{picture: p, binary: peers.binary, iipsrv: o.iipsrv, dir: dir, say: say}
	defer f.close()
	// Two kinds of work touch names for the first time.
	links := warmNames + pl.repetitions*pl.first*2
	if err := f.vitrine(ctx, formJPEG, p.jpeg, "", links); err != nil {
		return err
	}
	if err := f.iipimage(ctx, formJPEG, p.jpeg, links); err != nil {
		return err
	}
	for _, t := range pl.tiles {
		form := fmt.Sprint(formTIFF, t)
		if err := f.vitrine(ctx, form, p.tiff[t], "", links); err != nil {
			return err
		}
		if err := f.iipimage(ctx, form, p.tiff[t], links); err != nil {
			return err
		}
	}
	if peers.ingest {
		if err := f.own(ctx); err != nil {
			if ctx.Err() != nil {
				return err
			}
			rep.results.note("%s: our pyramid: %v", p.title, err)
		}
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
