// Command vitrine serves images over IIIF.
//
//	vitrine serve    answers Image API 2.1 and 3.0 requests, with gallery and viewer
//	vitrine ingest   turns images into pyramids, whose tiles are served as they are
//	vitrine work     does so with images as they are uploaded to a bucket
//	vitrine publish  makes manifests and pages of a CMS, a table or a folder
//	vitrine manifests validate  checks Presentation 3 documents
//	vitrine config   prints the effective settings and where each comes from
//
// Every setting is a flag, an environment variable VITRINE_… and a key of
// vitrine.toml, in that order. This package only parses, builds, serves and
// drains; the work is in the packages below it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// grammar is the command line.
type grammar struct {
	Config  string           `placeholder:"FILE" help:"Configuration file; vitrine.toml of the current folder if it exists." type:"path"`
	Version kong.VersionFlag `help:"Print the version and exit."`

	Serve  serveCommand  `cmd:"" help:"Serve images over IIIF, with a gallery and a viewer."`
	Ingest ingestCommand `cmd:"" help:"Turn images into pyramids, whose tiles are served without decoding."`
	Work   workCommand   `cmd:"" help:"Make and remove pyramids as images come to a bucket and go, until stopped."`

	Manifests manifestsCommand `cmd:"" help:"Look at manifests."`

	Publish publishCommand `cmd:"" help:"Make IIIF manifests of a CMS, a table or a folder, and publish what changed."`

	Check configCommand `cmd:"" name:"config" help:"Print the effective settings and where each comes from."`
}

type serveCommand struct {
	settings `embed:""`
}

type configCommand struct {
	settings `embed:""`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run is main without globals; it returns the exit status: 0 done, 1 failed, 2
// the settings are wrong.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	var g grammar
	exited := -1
	parser, err := kong.New(&g,
		kong.Name("vitrine"),
		kong.Description("Deep-zoom images over IIIF. Each setting is a flag, an environment variable VITRINE_… and a key of vitrine.toml."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.Vars{"version": version()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ValueFormatter(func(v *kong.Value) string {
			if v.Flag == nil || v.Name == "help" || v.Name == "version" {
				return v.Help
			}
			return strings.TrimSuffix(v.Help, ".") + " ($" + envName(v.Name) + ")."
		}),
	)
	if err != nil {
		fmt.Fprintln(stderr, "vitrine:", err)
		return 1
	}
	kctx, l, err := parse(parser, args, environ)
	if exited >= 0 { // --help or --version
		return exited
	}
	if err != nil {
		printErrors(stderr, err)
		return 2
	}
	switch kctx.Selected().Name {
	case "config":
		printConfig(stdout, kctx, l)
		return 0
	case "ingest":
		return g.Ingest.run(ctx, stdout, stderr)
	case "work":
		if err := g.Work.run(ctx, stderr); err != nil {
			printErrors(stderr, err)
			return 1
		}
		return 0
	case "publish":
		return g.Publish.run(ctx, stdout, stderr)
	case "validate":
		return g.Manifests.Validate.run(os.Stdin, stdout, stderr)
	default:
		if err := serve(ctx, &g.Serve.settings, stderr, nil); err != nil {
			printErrors(stderr, err)
			return 1
		}
		return 0
	}
}

// parse reads flags, environment and file. The error joins every mistake in
// all three, so that an administrator repairs them in one go.
func parse(parser *kong.Kong, args, environ []string) (*kong.Context, *layers, error) {
	flags, argErrs := everyFlag(parser), []error(nil)
	fileName, explicit := configFile(args, environ)
	l, err := readLayers(fileName, environ)
	if err != nil && (explicit || !errors.Is(err, os.ErrNotExist)) {
		argErrs = append(argErrs, err)
	}
	argErrs = append(argErrs, l.check(flags)...)
	if err := kong.Resolvers(l).Apply(parser); err != nil {
		return nil, nil, err
	}
	// kong stops at the first mistake: take the faulty argument out and go on.
	var kctx *kong.Context
	for range len(args) + 1 {
		kctx, err = parser.Parse(args)
		if err == nil {
			break
		}
		argErrs = append(argErrs, err)
		rest, ok := withoutFault(args, err)
		if !ok {
			return nil, nil, errors.Join(argErrs...)
		}
		args = rest
	}
	if err == nil {
		argErrs = append(argErrs, chosenSettings(kctx).check())
	}
	return kctx, l, errors.Join(argErrs...)
}

// chosenSettings returns the settings of the chosen command.
func chosenSettings(kctx *kong.Context) *settings {
	g := kctx.Model.Target.Addr().Interface().(*grammar)
	switch kctx.Selected().Name {
	case "config":
		return &g.Check.settings
	case "ingest":
		return &g.Ingest.settings
	case "work":
		return &g.Work.settings
	case "publish":
		return &g.Publish.settings
	}
	return &g.Serve.settings
}

// everyFlag returns the flags of the application and of all commands, each once:
// the commands share their settings.
func everyFlag(parser *kong.Kong) []*kong.Flag {
	flags := append([]*kong.Flag(nil), parser.Model.Flags...)
	seen := map[string]bool{}
	for _, command := range parser.Model.Children {
		for _, f := range command.Flags {
			if !seen[f.Name] {
				seen[f.Name] = true
				flags = append(flags, f)
			}
		}
	}
	return flags
}

// configFile finds the configuration file before kong parses, because the file
// feeds the parser.
func configFile(args, environ []string) (name string, explicit bool) {
	for _, kv := range environ {
		if v, ok := strings.CutPrefix(kv, envName("config")+"="); ok && v != "" {
			name, explicit = v, true
		}
	}
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			return v, true
		}
		if a == "--config" && i+1 < len(args) {
			return args[i+1], true
		}
	}
	if name == "" {
		name = "vitrine.toml"
	}
	return name, explicit
}

// withoutFault returns args without the flag that err complains about.
func withoutFault(args []string, err error) ([]string, bool) {
	text := strings.TrimPrefix(err.Error(), "unknown flag ")
	if !strings.HasPrefix(text, "--") {
		return nil, false
	}
	name := text[:len(text)-len(strings.TrimLeft(text[2:], "abcdefghijklmnopqrstuvwxyz0123456789-"))]
	for i, a := range args {
		switch {
		case strings.HasPrefix(a, name+"="):
			return append(append([]string(nil), args[:i]...), args[i+1:]...), true
		case a == name && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-"):
			return append(append([]string(nil), args[:i]...), args[i+2:]...), true
		case a == name:
			return append(append([]string(nil), args[:i]...), args[i+1:]...), true
		}
	}
	return nil, false
}

// printErrors writes each joined error on a line of its own.
func printErrors(w io.Writer, err error) {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range list.Unwrap() {
			printErrors(w, e)
		}
		return
	}
	fmt.Fprintln(w, "vitrine:", err)
}

// version returns the module version or the commit that the binary was made from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v += " " + s.Value[:12]
		}
	}
	return v + " " + info.GoVersion
}
