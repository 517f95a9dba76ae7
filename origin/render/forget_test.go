package render

import (
	"context"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// latePyramid has a pyramid from some moment on; before is called while it is
// looked for.
type latePyramid struct {
	from   *memory
	there  bool
	before func()
}

func (p *latePyramid) Open(ctx context.Context, object source.Object) (source.Object, error) {
	there := p.there
	if p.before != nil {
		p.before()
	}
	if !there {
		return nil, fault.E("latePyramid.Open", fault.NotFound, nil)
	}
	return p.from.Open(ctx, "pyramid of "+object.Key())
}

// TestForget: a pyramid that comes is used by the next request after Forget, also
// when it came while one was being looked for, and by that only.
func TestForget(t *testing.T) {
	for _, ttl := range []time.Duration{0, time.Hour} {
		m := newMemory(map[string][]byte{"a": jpegFile(t, 640, 480), "b": jpegFile(t, 640, 480), "pyramid of a": jpegFile(t, 640, 480)})
		p := &latePyramid{from: m}
		e := newEngine(t, m, nil, Config{Pyramids: p, Recheck: ttl})
		pyramids := func(name string) bool {
			t.Helper()
			v, err := e.shelf.borrow(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			defer e.shelf.giveBack(v)
			return v.pyramid
		}
		pyramids("a")
		p.there = true
		if pyramids("a") {
			t.Errorf("ttl %v: looked for again at once", ttl)
		}
		e.Forget("b")
		if pyramids("a") {
			t.Errorf("ttl %v: another image was forgotten too", ttl)
		}
		e.Forget("a")
		if !pyramids("a") {
			t.Errorf("ttl %v: not used after Forget", ttl)
		}
		// The pyramid is gone, under a key of the source like any other volume's.
		p.there = false
		e.Forget("a")
		if pyramids("a") {
			t.Errorf("ttl %v: used when it is gone", ttl)
		}
		// It comes between looking and shelving.
		e.Forget("a")
		p.before = func() {
			p.there, p.before = true, nil
			e.Forget("a")
		}
		pyramids("a")
		if !pyramids("a") {
			t.Errorf("ttl %v: not used after it came during a look", ttl)
		}
	}
}

// TestDecodeOfAnotherKind: levels that were chosen of an image are not decoded
// from its pyramid, nor the other way round.
func TestDecodeOfAnotherKind(t *testing.T) {
	m := newMemory(map[string][]byte{"a": jpegFile(t, 640, 480), "pyramid of a": jpegFile(t, 640, 480)})
	p := &latePyramid{from: m}
	e := newEngine(t, m, nil, Config{Pyramids: p, Recheck: time.Hour})
	id, _ := iiif.NewIdentifier("a")
	d, err := e.Describe(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, there := range []bool{false, true} {
		p.there = there
		e.Forget("a")
		for _, wanted := range []bool{false, true} {
			decoded := false
			_, err := e.decode(t.Context(), id, d, wanted, func(*codec.Picture) (codec.Decoded, error) {
				decoded = true
				return codec.Decoded{}, nil
			})
			if decoded != (wanted == there) || fault.Is(err, fault.Conflict) == decoded {
				t.Errorf("pyramid %v, wanted %v: decoded %v, %v", there, wanted, decoded, err)
			}
		}
	}
}
