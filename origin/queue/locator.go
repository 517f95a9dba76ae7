package queue

import (
	"strings"

	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// Locator finds the images that keys and events are about.
type Locator struct {
	// Layout turns keys into identifiers.
	Layout source.Layout
	// Bucket and Prefix are those of an S3 source; only Event needs them.
	Bucket, Prefix string
	// Own is the prefix below which the source's keys are pyramids, when the store
	// lies inside of the source; "" when it does not. Pyramids of pyramids would go on
	// without end.
	Own string
}

// Key returns the task for a key of the source; ok is false for what is no image:
// hidden files, those below Own and those that no identifier leads to.
func (l Locator) Key(key, revision string) (t Task, ok bool) {
	if source.Hidden(key) || l.Own != "" && strings.HasPrefix(key, l.Own) {
		return Task{}, false
	}
	name, ok := l.Layout.Identifier(key)
	if !ok {
		return Task{}, false
	}
	id, err := iiif.NewIdentifier(name)
	if err != nil {
		return Task{}, false
	}
	return Task{ID: id, Key: key, Revision: revision}, true
}

// Event returns the task that an event calls for, Wanted; ok is false when it is
// not about an image of the source. An event of another bucket is Invalid: the
// message was meant for somebody else.
func (l Locator) Event(e Event) (t Task, ok bool, err error) {
	if e.Bucket != l.Bucket {
		return Task{}, false, fault.New("queue.Event", fault.Invalid, "the event is about another bucket")
	}
	key := e.Key
	if l.Prefix != "" {
		if key, ok = strings.CutPrefix(key, strings.TrimRight(l.Prefix, "/")+"/"); !ok {
			return Task{}, false, nil
		}
	}
	t, ok = l.Key(key, "")
	t.Wanted = ok
	return t, ok, nil
}
