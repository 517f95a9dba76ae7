package render

import (
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// known remembers what images were when their source last told, for while it
// cannot tell. What it remembers is only good for answers that need nothing of
// the source: info.json, what is in the cache, what lies in pyramids of this
// machine.
type known struct {
	keep time.Duration // how long after the source last told; 0: nothing
	now  func() time.Time

	mu     sync.Mutex
	images map[string]knownImage
}

type knownImage struct {
	about  Description
	told   time.Time
	failed time.Time // when the source was last asked in vain
}

const (
	// maxKnown bounds what is remembered: about a megabyte.
	maxKnown = 4096
	// askAgain is how long a source that failed is left alone about an image, so
	// that not every answer waits for the same silence.
	askAgain = 5 * time.Second
)

func newKnown(keep time.Duration) *known {
	return &known{keep: keep, now: time.Now, images: map[string]knownImage{}}
}

// told notes what the source says of an image.
func (k *known) told(id string, d Description) {
	if k.keep <= 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.images[id]; !ok && len(k.images) >= maxKnown {
		for other := range k.images { // any: a map keeps no order, and the table is large
			delete(k.images, other)
			break
		}
	}
	k.images[id] = knownImage{about: d, told: k.now()}
}

// failing returns what is known of an image whose source was asked in vain a
// moment ago.
func (k *known) failing(id string) (Description, bool) {
	if k.keep <= 0 {
		return Description{}, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	i, ok := k.images[id]
	if !ok || i.failed.IsZero() || k.now().Sub(i.failed) >= askAgain {
		return Description{}, false
	}
	return k.stale(i)
}

// failed notes that the source was asked in vain, and returns what is known of the
// image if that is because of an outage and not too long ago.
func (k *known) failed(id string, err error) (Description, bool) {
	if k.keep <= 0 || fault.Is(err, fault.Canceled) {
		return Description{}, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	i, ok := k.images[id]
	if !ok {
		return Description{}, false
	}
	if !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Timeout) {
		delete(k.images, id) // the source has told: it is another image, or none
		return Description{}, false
	}
	i.failed = k.now()
	k.images[id] = i
	return k.stale(i)
}

// stale returns what is known if it may still be told; mu is held.
func (k *known) stale(i knownImage) (Description, bool) {
	i.about.Stale = true
	return i.about, k.now().Sub(i.told) < k.keep
}
