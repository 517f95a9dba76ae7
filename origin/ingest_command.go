package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/origin/ingest"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// ingestCommand makes pyramids of images.
type ingestCommand struct {
	settings `embed:""`

	Src     []string `arg:"" optional:"" help:"Files, folders with all below them, s3://BUCKET/PREFIX or https:// URLs; all of --source if none. What lies in --source gets the identifier that it is served by, anything else the path below SRC."`
	DryRun  bool     `name:"dry-run" help:"Only say what would be done." group:"Ingest"`
	Force   bool     `help:"Make pyramids anew that are there already." group:"Ingest"`
	Jobs    int      `default:"0" help:"Images, and tiles of all images together, that are worked on at once; 0 is the number of processors." group:"Ingest"`
	Quality int      `default:"85" help:"JPEG quality of tiles that are encoded, 1 to 100." group:"Ingest"`
}

const (
	// ingestGC is how much garbage there may be, in per cent of what is held.
	ingestGC = 20
	// ingestPatience is how long an outage of a source may last: nobody waits for an
	// answer.
	ingestPatience = 30 * time.Second
	// abandoned is for how long a half-written file must lie still to be removed.
	abandoned = time.Hour
)

// item is an image to ingest.
type item struct {
	name string // for people
	src  source.Source
	key  string
	id   iiif.Identifier
	size int64
}

// run makes the pyramids and returns the exit status: 0 when all are there, 1 when
// one failed, 2 when the settings are wrong.
func (c *ingestCommand) run(ctx context.Context, stdout, stderr io.Writer) int {
	if err := c.check(); err != nil {
		printErrors(stderr, err)
		return 2
	}
	if c.Jobs == 0 {
		c.Jobs = runtime.GOMAXPROCS(0)
	}
	// Most of what is held are bands of pixels that live long, and there is little
	// garbage: collecting it early costs next to nothing, and keeps a gigapixel below
	// 200 MB.
	defer debug.SetGCPercent(debug.SetGCPercent(ingestGC))
	debug.SetMemoryLimit(int64(c.Memory) + int64(c.SourceCache))
	ground := pixel.Colour(c.Background)
	maker, err := ingest.New(ingest.Config{
		Workers: c.Jobs, Memory: int64(c.Memory) / 2, Quality: c.Quality, Ground: &ground, Force: c.Force,
		Limits: codec.Limits{MaxPixels: c.MaxPixels, MaxDecodeBytes: int64(c.Memory)}, Software: "Vitrine",
	})
	if err != nil {
		printErrors(stderr, err)
		return 2
	}
	kept, err := store.Open(ctx, c.storeConfig())
	if err != nil {
		printErrors(stderr, err)
		return 1
	}
	defer kept.Close()
	f := &finder{settings: c.settings, sources: map[string]source.Source{}, seen: map[string]bool{}}
	defer f.close()
	f.settings.SourceTimeout = max(c.SourceTimeout, ingestPatience)
	if f.layout, err = c.layout(); err != nil {
		printErrors(stderr, err)
		return 2
	}
	report := newReporter(stdout, stderr, c.DryRun, c.Store)
	places := c.Src
	if len(places) == 0 {
		places = []string{c.Source}
	}
	for _, place := range places {
		if err := f.find(ctx, place); err != nil {
			report.failed(place, err)
		}
	}
	if !c.DryRun {
		// What cannot be swept is in nobody's way.
		_, _ = kept.Sweep(ctx, abandoned)
	}
	report.begin(f.items)
	c.ingest(ctx, maker, kept, f.items, report)
	return report.end(ctx)
}

// check returns what is wrong with the command line besides the settings.
func (c *ingestCommand) check() error {
	var errs []error
	if c.Store == "" {
		errs = append(errs, errors.New("store: say where to put the pyramids, a folder, s3://bucket/prefix or r2://bucket/prefix"))
	}
	if len(c.Src) == 0 && c.Source == "" {
		errs = append(errs, errors.New("src: say what to ingest, or set --source"))
	}
	if c.Jobs < 0 || c.Jobs > 1024 {
		errs = append(errs, fmt.Errorf("jobs: %d is not between 0 and 1024", c.Jobs))
	}
	if c.Quality < 1 || c.Quality > 100 {
		errs = append(errs, fmt.Errorf("quality: %d is not between 1 and 100", c.Quality))
	}
	return errors.Join(errs...)
}

// ingest works through the items, several at once.
func (c *ingestCommand) ingest(ctx context.Context, maker *ingest.Ingester, kept *store.Store, items []item, report *reporter) {
	next := make(chan *item)
	var wait sync.WaitGroup
	for range c.Jobs {
		wait.Go(func() {
			for it := range next {
				done := report.start(it)
				r, err := c.one(ctx, maker, kept, it, report)
				if err != nil && ctx.Err() != nil {
					continue // interrupted, which is no fault of the image
				}
				done(r, err)
			}
		})
	}
	for i := range items {
		select {
		case next <- &items[i]:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wait.Wait()
}

// one ingests an image; one that changed while it was read is read anew, once.
func (c *ingestCommand) one(ctx context.Context, maker *ingest.Ingester, kept *store.Store, it *item, report *reporter) (r ingest.Result, err error) {
	for range 2 {
		var obj source.Object
		if obj, err = it.src.Open(ctx, it.key); err != nil {
			return r, err
		}
		if c.DryRun {
			r, err = maker.Inspect(ctx, obj, kept, it.id)
		} else {
			r, err = maker.Ingest(ctx, obj, kept, it.id, func(done, total int64) { report.progress(it, done, total) })
		}
		obj.Close()
		if !fault.Is(err, fault.Conflict) {
			break
		}
	}
	return r, err
}

// finder finds the images that the command line names.
type finder struct {
	settings settings
	layout   source.Layout
	sources  map[string]source.Source // by spec
	seen     map[string]bool          // keys of pyramids
	items    []item
}

func (f *finder) close() {
	for _, s := range f.sources {
		s.Close()
	}
}

// find adds the images of a place: a file, a folder, a bucket or a URL.
func (f *finder) find(ctx context.Context, place string) error {
	spec, key, prefix, err := f.locate(place)
	if err != nil {
		return err
	}
	src := f.sources[spec]
	if src == nil {
		s := f.settings
		s.Source = spec
		if src, err = s.openSource(ctx); err != nil {
			return err
		}
		f.sources[spec] = src
	}
	if key != "" {
		obj, err := src.Open(ctx, key)
		if err != nil {
			return err
		}
		defer obj.Close()
		return f.add(place, src, key, obj.Size())
	}
	lister, ok := src.(source.Lister)
	if !ok {
		return errors.New("images cannot be listed there: name each by its URL")
	}
	found := false
	for q := (source.Query{Prefix: prefix, Limit: 1000}); ; {
		page, err := lister.List(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			found = true
			if err := f.add(e.Key, src, e.Key, e.Size); err != nil {
				return fmt.Errorf("%s: %w", e.Key, err)
			}
		}
		if page.Truncated {
			return errors.New("too many images for one run: name the folders below one by one")
		}
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	if !found {
		return errors.New("no images there")
	}
	return nil
}

func (f *finder) add(name string, src source.Source, key string, size int64) error {
	text, ok := f.layout.Identifier(key)
	if !ok {
		return errors.New("no identifier leads to it in this layout")
	}
	id, err := iiif.NewIdentifier(text)
	if err != nil {
		return err
	}
	if k := store.Key(id); !f.seen[k] {
		f.seen[k] = true
		f.items = append(f.items, item{name, src, key, id, size})
	}
	return nil
}

// locate splits a place into the source that it belongs to and either the key of
// one object or the prefix of many.
func (f *finder) locate(place string) (spec, key, prefix string, err error) {
	parsed, err := source.ParseSpec(place)
	if err != nil {
		return "", "", "", err
	}
	base := ""
	if f.settings.Source != "" {
		// ParseSpec gave no complaint when the settings were checked.
		if p, err := source.ParseSpec(f.settings.Source); err == nil {
			base = p.String()
		}
	}
	if !parsed.Remote() {
		return locateFile(place, base)
	}
	full := strings.TrimRight(parsed.String(), "/")
	if rest, ok := below(full, base, "/"); ok {
		if rest == "" {
			return base, "", "", nil
		}
		if isFile(rest) {
			return base, rest, "", nil
		}
		return base, "", rest + "/", nil
	}
	if isFile(full) {
		i := strings.LastIndexByte(full, '/')
		return full[:i], full[i+1:], "", nil
	}
	return full, "", "", nil
}

// isFile reports whether the name of a remote object is one of a file rather than
// of a prefix: it has an extension.
func isFile(name string) bool {
	ext := filepath.Ext(name)
	return len(ext) >= 4 && len(ext) <= 6
}

func locateFile(place, base string) (spec, key, prefix string, err error) {
	info, err := os.Stat(place)
	if err != nil {
		return "", "", "", err
	}
	abs, err := filepath.Abs(place)
	if err != nil {
		return "", "", "", err
	}
	if base != "" && !strings.Contains(base, "://") {
		if root, err := filepath.Abs(base); err == nil {
			if rest, ok := below(abs, root, string(filepath.Separator)); ok {
				rest = filepath.ToSlash(rest)
				switch {
				case rest == "":
					return base, "", "", nil
				case info.IsDir():
					return base, "", rest + "/", nil
				}
				return base, rest, "", nil
			}
		}
	}
	if info.IsDir() {
		return place, "", "", nil
	}
	return filepath.Dir(place), filepath.Base(place), "", nil
}

// below returns the path of name below base, "" for base itself.
func below(name, base, separator string) (string, bool) {
	base = strings.TrimRight(base, separator)
	if base == "" || name == base {
		return "", base != ""
	}
	return strings.CutPrefix(name, base+separator)
}

// s3Config returns how buckets of S3 are reached.
func (s *settings) s3Config() source.S3Config {
	return source.S3Config{
		Endpoint: s.S3.Endpoint, Region: s.S3.Region, PathStyle: s.S3.PathStyle,
		AccessKey: s.S3.AccessKey, Secret: s.S3.SecretKey, Anonymous: s.S3.Anonymous,
		Timing: source.Timing{Total: cmp.Or(s.SourceTimeout, ingestPatience)},
	}
}

// r2Config returns how buckets of R2 are reached. Without r2:// places it may be
// Invalid, which check has then not complained about.
func (s *settings) r2Config() (source.S3Config, error) {
	c, err := source.S3Config{Region: "auto", PathStyle: true, Endpoint: s.R2.Endpoint, AccessKey: s.R2.AccessKey, Secret: s.R2.SecretKey}, error(nil)
	if c.Endpoint == "" {
		c, err = source.R2Config(s.R2.AccountID, s.R2.AccessKey, s.R2.SecretKey)
	}
	c.Timing = source.Timing{Total: cmp.Or(s.SourceTimeout, ingestPatience)}
	return c, err
}

// storeConfig returns where pyramids are kept.
func (s *settings) storeConfig() store.Config {
	r2, _ := s.r2Config()
	return store.Config{Spec: s.Store, S3: s.s3Config(), R2: r2}
}
