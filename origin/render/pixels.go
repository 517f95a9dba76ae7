package render

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/codec"
)

// pixels keeps decoded images in memory, because the tiles of one image are
// asked for by the hundred. It draws on a budget: idle images are given back as
// soon as a decode needs the room, pinned ones never are.
type pixels struct {
	budget *budget
	loads  *flights[*decoded]

	mu   sync.Mutex
	held map[string]*decoded
	idle *list.List // of *decoded without pins, least recently used first
}

// decoded is one level of one revision of an image, or a region of it.
type decoded struct {
	codec.Decoded
	key   string
	bytes int64 // taken from the budget
	pins  int
	idle  *list.Element // place in pixels.idle when pins is 0
}

func newPixels(capacity int64, limit int, timeout time.Duration) *pixels {
	p := &pixels{
		budget: newBudget(capacity),
		loads:  newFlights[*decoded](limit, timeout),
		held:   map[string]*decoded{},
		idle:   list.New(),
	}
	p.budget.reclaim = p.evict
	p.loads.deliver = p.keep
	return p
}

// pin returns the decoded image under key, decoding it when it is not there; peak
// is the memory in bytes that decode takes at most. The caller unpins it.
func (p *pixels) pin(ctx context.Context, key string, peak int64, decode func(context.Context) (codec.Decoded, error)) (*decoded, error) {
	if d := p.take(key); d != nil {
		return d, nil
	}
	return p.loads.do(ctx, key, func(ctx context.Context, begin func()) (*decoded, error) {
		return p.load(ctx, key, peak, begin, decode)
	})
}

// keep takes in what has been loaded, pinned once for each caller that waited for
// it, so that it is not evicted before they get it.
func (p *pixels) keep(d *decoded, callers int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[d.key] = d
	d.pins = callers
	if d.pins == 0 {
		d.idle = p.idle.PushBack(d)
	}
}

func (p *pixels) load(ctx context.Context, key string, peak int64, begin func(), decode func(context.Context) (codec.Decoded, error)) (*decoded, error) {
	if err := p.budget.acquire(ctx, peak); err != nil {
		return nil, err
	}
	begin()
	taken := peak
	defer func() { p.settle(taken) }()
	img, err := decode(ctx)
	if err != nil {
		return nil, err
	}
	d := &decoded{Decoded: img, key: key, bytes: min(img.Size(), peak)}
	taken = peak - d.bytes
	return d, nil
}

// settle gives n bytes back and, when somebody still waits, idle images too.
func (p *pixels) settle(n int64) {
	p.budget.release(n)
	if need := p.budget.wanted(); need > 0 {
		p.evict(need)
	}
}

// take pins the image under key if it is held.
func (p *pixels) take(key string) *decoded {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.held[key]
	if d != nil {
		d.pins++
		if d.idle != nil {
			p.idle.Remove(d.idle)
			d.idle = nil
		}
	}
	return d
}

// unpin ends the caller's use of d.
func (p *pixels) unpin(d *decoded) {
	p.mu.Lock()
	d.pins--
	if d.pins == 0 {
		d.idle = p.idle.PushBack(d)
	}
	p.mu.Unlock()
	if need := p.budget.wanted(); need > 0 {
		p.evict(need)
	}
}

// evict drops idle images, the least recently used first, until need bytes have
// been given back or none is left.
func (p *pixels) evict(need int64) {
	for need > 0 {
		p.mu.Lock()
		front := p.idle.Front()
		if front == nil {
			p.mu.Unlock()
			return
		}
		d := p.idle.Remove(front).(*decoded)
		d.idle = nil
		delete(p.held, d.key)
		p.mu.Unlock()
		need -= d.bytes
		p.budget.release(d.bytes)
	}
}
