package queue

import (
	"context"

	"github.com/vitrine-iiif/vitrine/origin/ingest"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// Store is where pyramids are; *store.Store is one.
type Store interface {
	ingest.Store
	// Remove deletes the pyramid of an image; that there is none is no failure.
	Remove(ctx context.Context, id iiif.Identifier) error
}

// Maker brings the pyramid of an image to the state of the image.
type Maker struct {
	// Source has the images. Required.
	Source source.Source
	// Store has the pyramids. Required.
	Store Store
	// Ingester makes them. Required, without Force.
	Ingester *ingest.Ingester
	// MinArea is the area in pixels below which an image gets no pyramid unless that
	// is Wanted. Default one megapixel: such a picture is two tiles by two, and is
	// decoded whole in ten milliseconds, which a pyramid in a bucket, with its
	// requests for metadata, head and tile, does not beat.
	MinArea int64
}

const (
	minArea = 1_000_000
	// rounds is how often an image may change while it is worked on.
	rounds = 5
)

// Work looks at an image and makes its pyramid when there is none of its revision;
// where the image is proven to be gone and t is Wanted, it removes the pyramid.
// When something was written it looks again: of two processes that work on one
// image, the one that writes last may have read first.
//
// Skipped is an image below MinArea, and a file that neither is called an image
// nor is one. Errors: those of Ingester and Source; NotFound when the image is gone
// and t is not Wanted; Conflict when it does not stop changing.
func (m *Maker) Work(ctx context.Context, t Task) (Result, error) {
	const op = "queue.Work"
	var last Result
	wrote := false
	for range rounds {
		r, err := m.look(ctx, t)
		switch {
		case fault.Is(err, fault.Conflict):
			last, wrote = r, false
			continue
		case err != nil:
			return r, fault.E(op, fault.KindOf(err), err)
		case r.Outcome == Skipped:
			return r, nil
		case r.Outcome == Current && wrote && last.Outcome == Made:
			return last, nil
		case r.Outcome == Current:
			return r, nil
		case r.Outcome == Removed && wrote && last.Outcome == Removed:
			return r, nil
		}
		last, wrote = r, true
	}
	return last, fault.E(op, fault.Conflict, nil)
}

// look does what one look at the image asks for.
func (m *Maker) look(ctx context.Context, t Task) (Result, error) {
	obj, err := m.Source.Open(ctx, t.Key)
	if fault.Is(err, fault.NotFound) && t.Wanted {
		return Result{Outcome: Removed}, m.Store.Remove(ctx, t.ID)
	}
	if err != nil {
		return Result{}, err
	}
	defer obj.Close()
	r := Result{Revision: obj.Revision()}
	named := source.ImageKey(t.Key)
	if !t.Wanted || !named {
		found, err := m.Ingester.Inspect(ctx, obj, m.Store, t.ID)
		switch {
		case !named && (fault.Is(err, fault.Corrupt) || fault.Is(err, fault.Unsupported)):
			r.Outcome = Skipped
			return r, nil
		case err != nil:
			return r, err
		case found.Skipped:
			r.Outcome = Current
			return r, nil
		case !t.Wanted && found.Pixels() < m.minArea():
			r.Outcome = Skipped
			return r, nil
		}
	}
	made, err := m.Ingester.Ingest(ctx, obj, m.Store, t.ID, nil)
	if made.Skipped {
		r.Outcome = Current
	}
	return r, err
}

func (m *Maker) minArea() int64 {
	if m.MinArea == 0 {
		return minArea
	}
	return m.MinArea
}
