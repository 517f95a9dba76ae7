package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
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

	Src     []string `arg:"" optional:"" help:"Files, folders with all images below them, by their extension, s3://BUCKET/PREFIX or https:// URLs; all of --source if none. What lies in --source gets the identifier that it is served by, anything else the path below SRC."`
	DryRun  bool     `name:"dry-run" help:"Only say what would be done." group:"Ingest"`
	Force   bool     `help:"Make pyramids anew that are there already." group:"Ingest"`
	Jobs    int      `default:"0" help:"Images, and tiles of all images together, that are worked on at once; 0 is the number of processors." group:"Ingest"`
	Quality int      `default:"0" help:"JPEG quality of tiles that are encoded, 1 to 100; 0 is that of --jpeg-quality, which pyramids get that are made by themselves." group:"Ingest"`
}

const (
	// ingestGC is how much garbage there may be, in per cent of what is held.
	ingestGC = 10
	// ingestPatience is how long an outage of a source may last: nobody waits for an
	// answer.
	ingestPatience = 30 * time.Second
	// abandoned is for how long a half-written file must lie still to be removed.
	abandoned = time.Hour
)

// run makes the pyramids and returns the exit status: 0 when all are there, 1 when
// one failed, 2 when the settings are wrong.
func (c *ingestCommand) run(ctx context.Context, stdout, stderr io.Writer) int {
	if err := c.check(); err != nil {
		printErrors(stderr, err)
		return 2
	}
	c.Jobs, c.Quality = cmp.Or(c.Jobs, runtime.GOMAXPROCS(0)), cmp.Or(c.Quality, c.JPEGQuality)
	c.fit(allowance("/"))
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
	report := newReporter(stdout, stderr, c.DryRun, c.Store)
	f := &finder{settings: c.settings, sources: map[string]source.Source{}, seen: map[string]origin{}, failed: report.failed}
	defer f.close()
	f.settings.SourceTimeout = max(c.SourceTimeout, ingestPatience)
	if f.layout, err = c.layout(); err != nil {
		printErrors(stderr, err)
		return 2
	}
	kept, err := c.openStore(ctx)
	if err != nil {
		printErrors(stderr, err)
		return 1
	}
	defer kept.Close()
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

// keeper is a store as this command needs it.
type keeper interface {
	ingest.Store
	Sweep(ctx context.Context, age time.Duration) (int, error)
	Close() error
}

// openStore opens the store. A dry run does not make its folder.
func (c *ingestCommand) openStore(ctx context.Context) (keeper, error) {
	if c.DryRun && !strings.Contains(c.Store, "://") {
		if _, err := os.Stat(c.Store); errors.Is(err, fs.ErrNotExist) {
			return nothing{}, nil
		}
	}
	return store.Open(ctx, c.storeConfig())
}

// nothing is a store that is not there yet.
type nothing struct{}

func (nothing) Open(context.Context, iiif.Identifier) (*store.Pyramid, error) {
	return nil, fault.New("ingest", fault.NotFound, "")
}

func (nothing) Create(context.Context, iiif.Identifier) (store.Upload, error) {
	return nil, fault.New("ingest", fault.Internal, "a dry run writes")
}

func (nothing) Sweep(context.Context, time.Duration) (int, error) { return 0, nil }
func (nothing) Close() error                                      { return nil }

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
	if c.Quality < 0 || c.Quality > 100 {
		errs = append(errs, fmt.Errorf("quality: %d is not between 0 and 100", c.Quality))
	}
	return errors.Join(errs...)
}

// ingest works through the items, several at once.
func (c *ingestCommand) ingest(ctx context.Context, maker *ingest.Ingester, kept ingest.Store, items []item, report *reporter) {
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
func (c *ingestCommand) one(ctx context.Context, maker *ingest.Ingester, kept ingest.Store, it *item, report *reporter) (r ingest.Result, err error) {
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
