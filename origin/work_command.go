package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/vitrine-iiif/vitrine/origin/store"
)

// workCommand makes pyramids as the events of a bucket ask for them. Any number of
// such processes may work off one queue.
type workCommand struct {
	settings `embed:""`
}

// run works until ctx ends; what it has begun then, it finishes within the drain
// timeout or gives back.
func (c *workCommand) run(ctx context.Context, logs io.Writer) error {
	if c.Ingest.Events == "" {
		return errors.New("ingest-events: say which queue gets the events of the bucket, https://sqs…")
	}
	log, err := newLogger(&c.settings, logs)
	if err != nil {
		return err
	}
	if c.fit(allowance("/")) {
		log.Warn("memory is lowered to what the control group allows", "memory", int64(c.Memory))
	}
	// As in the ingest command.
	defer debug.SetGCPercent(debug.SetGCPercent(ingestGC))
	debug.SetMemoryLimit(int64(c.Memory) + int64(c.SourceCache))
	kept, err := store.Open(ctx, c.storeConfig())
	if err != nil {
		return err
	}
	defer kept.Close()
	b, err := c.newBackground(ctx, kept, log, expense{
		workers: cmp.Or(c.Ingest.Workers, runtime.GOMAXPROCS(0)), memory: int64(c.Memory) / 2, decode: int64(c.Memory),
		buffer: int64(c.SourceCache), grace: c.DrainTimeout,
	})
	if err != nil {
		return err
	}
	b.automatic = false // nobody asks for images here
	b.run(ctx, kept, nil)
	log.Info("working", "events", c.Ingest.Events, "source", c.Source, "store", kept.String())
	<-ctx.Done()
	log.Info("stopping")
	b.halt()
	n := b.queue.Stats()
	log.Info("stopped", "made", n.Made, "current", n.Current, "removed", n.Removed, "skipped", n.Skipped, "failed", n.Failed)
	return nil
}
