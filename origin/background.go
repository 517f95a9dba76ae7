package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/origin/ingest"
	"github.com/vitrine-iiif/vitrine/origin/queue"
	"github.com/vitrine-iiif/vitrine/origin/render"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// background makes pyramids while the program serves, or does nothing else.
type background struct {
	locator   queue.Locator
	automatic bool
	images    source.Source
	queue     *queue.Queue
	listener  *queue.Listener // nil without events
	engine    *render.Engine  // nil without a server; set before run
	log       *slog.Logger
	stop      context.CancelFunc
	ended     sync.WaitGroup
}

// expense is what a background may take.
type expense struct {
	workers int
	memory  int64         // for making pyramids
	decode  int64         // for an image that is decoded whole
	buffer  int64         // for blocks read from a remote source
	grace   time.Duration // for what is being made at the end
}

// serverBuffer is the expense.buffer beside a server: images are read from the
// beginning to the end, once. It is apart from that of the server, whose blocks
// are to stay.
const serverBuffer = 16 << 20

// besideServer is the expense of a background beside a server. One worker leaves
// the other processors to requests, also while it does what cannot be interrupted.
func (s *settings) besideServer() expense {
	n := int64(s.Ingest.Memory)
	return expense{workers: cmp.Or(s.Ingest.Workers, 1), memory: n, decode: n, buffer: serverBuffer}
}

// fitBeside returns what is left for a server of the memory that the process is
// allowed, 0 for no limit, beside a background, which gets a quarter at most.
func (s *settings) fitBeside(allowed int64) int64 {
	if allowed <= 0 || !s.Ingest.Automatic && s.Ingest.Events == "" {
		return allowed
	}
	s.Ingest.Memory = min(s.Ingest.Memory, byteSize(max(allowed/4, minIngestMemory)))
	return max(allowed-int64(s.Ingest.Memory)-serverBuffer, 1)
}

// minIngestMemory is what pyramids are made with at least, in bytes: nearly all
// images need less, but for those that are decoded whole.
const minIngestMemory = 64 << 20

// newBackground makes what the settings ask for; nil when that is nothing.
func (s *settings) newBackground(ctx context.Context, kept *store.Store, log *slog.Logger, e expense) (b *background, err error) {
	if !s.Ingest.Automatic && s.Ingest.Events == "" {
		return nil, nil
	}
	b = &background{automatic: s.Ingest.Automatic, log: log}
	if b.locator, err = s.locator(); err != nil {
		return nil, err
	}
	ground := pixel.Colour(s.Background)
	ingester, err := ingest.New(ingest.Config{
		Workers: e.workers, Memory: e.memory, Quality: s.JPEGQuality, Ground: &ground,
		Limits: codec.Limits{MaxPixels: s.MaxPixels, MaxDecodeBytes: e.decode}, Software: "Vitrine", Yield: b.yield,
	})
	if err != nil {
		return nil, err
	}
	own := *s // a source of its own, with more patience and less memory
	own.SourceTimeout = max(s.SourceTimeout, ingestPatience)
	own.SourceCache = byteSize(e.buffer)
	if b.images, err = own.openSource(ctx); err != nil {
		return nil, err
	}
	maker := &queue.Maker{Source: b.images, Store: kept, Ingester: ingester}
	b.queue = queue.New(queue.Config{Workers: e.workers, Grace: e.grace, Done: b.done}, maker.Work)
	if s.Ingest.Events != "" {
		if b.listener, err = b.listen(ctx, s, e.workers); err != nil {
			b.images.Close()
			return nil, err
		}
	}
	return b, nil
}

// listen makes the listener for the events of the bucket.
func (b *background) listen(ctx context.Context, s *settings, workers int) (*queue.Listener, error) {
	address, err := queue.ParseAddress(s.Ingest.Events)
	if err != nil {
		return nil, err
	}
	return queue.NewListener(ctx, queue.ListenerConfig{
		Queue: address, Region: s.S3.Region, AccessKey: s.S3.AccessKey, Secret: s.S3.SecretKey,
		Parallel: workers, Logger: b.log,
	}, func(e queue.Event) error {
		t, ok, err := b.locator.Event(e)
		if !ok {
			b.log.Debug("event ignored", "bucket", e.Bucket, "key", e.Key)
			return err
		}
		_, err = b.queue.Do(t)
		return err
	})
}

// run works in the background until ctx ends or halt is called. engine is nil
// without a server.
func (b *background) run(ctx context.Context, kept *store.Store, engine *render.Engine) {
	ctx, b.stop = context.WithCancel(ctx)
	b.engine = engine
	b.ended.Go(func() { b.queue.Run(ctx) })
	if b.listener != nil {
		b.ended.Go(func() { b.listener.Run(ctx) })
	}
	b.ended.Go(func() {
		// What cannot be swept is in nobody's way.
		_, _ = kept.Sweep(ctx, abandoned)
	})
}

// halt ends what run began, and waits for it.
func (b *background) halt() {
	b.stop()
	b.ended.Wait()
	b.images.Close()
}

// touched is told of an image of which there is no pyramid. It returns at once.
func (b *background) touched(object source.Object) {
	if b == nil || !b.automatic {
		return
	}
	if t, ok := b.locator.Key(object.Key(), object.Revision()); ok {
		b.queue.Offer(t)
	}
}

const (
	// yieldFor bounds how long each tile waits for renderings to end: ingestion
	// becomes slow under load that does not cease, but goes on.
	yieldFor  = 100 * time.Millisecond
	yieldStep = 2 * time.Millisecond
)

// yield lets renderings go first.
func (b *background) yield(ctx context.Context) {
	if b.engine == nil {
		return
	}
	for range yieldFor / yieldStep {
		if b.engine.Waiting() == 0 || ctx.Err() != nil {
			return
		}
		time.Sleep(yieldStep)
	}
}

// done is told what became of an image.
func (b *background) done(t queue.Task, r queue.Result, err error, took time.Duration) {
	if b.engine != nil && (t.Wanted || err == nil && r.Outcome != queue.Skipped) {
		b.engine.Forget(t.Key)
	}
	log := b.log.With("id", t.ID.String(), "took", took.Round(time.Millisecond).String())
	switch {
	case fault.Is(err, fault.Canceled):
		log.Debug("pyramid given up")
	case err != nil:
		log.Warn("pyramid failed", "error", err.Error())
	case r.Outcome == queue.Made || r.Outcome == queue.Removed:
		log.Info("pyramid " + r.Outcome.String())
	default:
		log.Debug("pyramid " + r.Outcome.String())
	}
}

// gauges adds what an administrator wants to see.
func (b *background) gauges(all map[string]func() int64) {
	for name, of := range map[string]func(queue.Stats) int64{
		"waiting": func(s queue.Stats) int64 { return s.Waiting }, "running": func(s queue.Stats) int64 { return s.Running },
		"made": func(s queue.Stats) int64 { return s.Made }, "current": func(s queue.Stats) int64 { return s.Current },
		"removed": func(s queue.Stats) int64 { return s.Removed }, "skipped": func(s queue.Stats) int64 { return s.Skipped },
		"failed": func(s queue.Stats) int64 { return s.Failed }, "refused": func(s queue.Stats) int64 { return s.Refused },
	} {
		all["ingest_"+name] = func() int64 { return of(b.queue.Stats()) }
	}
	if b.listener != nil {
		all["events_handled"], all["events_failed"] = b.listener.Handled, b.listener.Failed
	}
}

// locator returns what finds the images of keys and events.
func (s *settings) locator() (l queue.Locator, err error) {
	if l.Layout, err = s.layout(); err != nil {
		return l, err
	}
	from, err := source.ParseSpec(s.Source)
	if err != nil {
		return l, err
	}
	if rest, ok := strings.CutPrefix(from.String(), "s3://"); ok {
		l.Bucket, l.Prefix, _ = strings.Cut(rest, "/")
	}
	to, err := source.ParseSpec(s.Store)
	if err != nil {
		return l, err
	}
	l.Own = inside(to, from)
	return l, nil
}

// inside returns the prefix of the pyramids in a store among the keys of a source,
// "" when the store lies elsewhere.
func inside(kept, images source.Spec) string {
	if kept.Remote() != images.Remote() {
		return ""
	}
	outer, inner := images.String(), kept.String()
	if !kept.Remote() {
		var err1, err2 error
		outer, err1 = filepath.Abs(outer)
		inner, err2 = filepath.Abs(inner)
		if errors.Join(err1, err2) != nil {
			return ""
		}
		outer, inner = filepath.ToSlash(outer), filepath.ToSlash(inner)
	}
	rest, ok := below(strings.TrimRight(inner, "/")+"/"+store.Folder, outer, "/")
	if !ok || rest == "" {
		return ""
	}
	return strings.TrimRight(rest, "/") + "/"
}

// check returns what is wrong, as names and complaints.
func (i *ingestSettings) check(s *settings) (bad [][2]string) {
	add := func(name, text string) { bad = append(bad, [2]string{name, text}) }
	if i.Automatic && s.Store == "" {
		add("ingest-automatic", "needs a store to put the pyramids into")
	}
	if i.Events != "" {
		if _, err := queue.ParseAddress(i.Events); err != nil {
			add("ingest-events", fault.Public(err))
		}
		if s.Store == "" {
			add("ingest-events", "needs a store to put the pyramids into")
		}
		if !strings.HasPrefix(s.Source, "s3://") {
			add("ingest-events", "needs a source that is a bucket, s3://bucket/prefix")
		}
	}
	if i.Workers < 0 || i.Workers > 1024 {
		add("ingest-workers", "must be 0 to 1024")
	}
	if i.Memory < minIngestMemory {
		add("ingest-memory", "is too little; the least is 64MiB")
	}
	return bad
}
