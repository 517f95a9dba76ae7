package source

import (
	"container/list"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// blocks is the cache behind Buffered: blocks by object and index, the longest
// unused dropped first, and the requests that are on their way.
//
// Memory: kept blocks take at most half of the budget, and so do the buffers of
// requests, which wait for their share. A block that was dropped while a reader
// copies from it lives for that moment longer.
type blocks struct {
	size      int64 // of a block
	keep      int64 // bytes of blocks kept at most
	readahead int64 // bytes of one request at most
	streams   atomic.Int64
	flying    *semaphore.Weighted
	flyingMax int64

	mu      sync.Mutex
	kept    int64
	recent  *list.List // of *block, the latest used in front
	byID    map[blockID]*list.Element
	flights map[blockID]*flight
}

// maxQueue is how long a request may wait for its share of the memory.
const maxQueue = 2 * time.Second

var errBusy = errors.New("the memory for reads is in use")

type blockID struct {
	object string
	index  int64
}

type block struct {
	id   blockID
	data []byte
}

// flight is one request for a run of blocks, shared by all who wait for one.
type flight struct {
	done    chan struct{}
	waiters int // under blocks.mu
	cancel  context.CancelFunc
	data    map[int64][]byte // by index; set before done is closed
	err     error            // for the blocks that are not in data
}

func newBlocks(cfg BufferConfig) *blocks {
	half := cfg.Bytes / 2
	block := int64(cfg.Block)
	return &blocks{
		size:      block,
		keep:      half,
		readahead: max(min(int64(cfg.Readahead), cfg.Bytes/8)/block, 1) * block,
		flying:    semaphore.NewWeighted(half),
		flyingMax: half,
		recent:    list.New(),
		byID:      map[blockID]*list.Element{},
		flights:   map[blockID]*flight{},
	}
}

// maxWindow returns the size of the largest request at present: with n streams,
// what is read ahead fills at most half of what is kept.
func (b *blocks) maxWindow() int64 {
	return min(b.readahead, max(b.keep/(2*max(b.streams.Load(), 1)), headBlocks*b.size))
}

// get returns block index of o. When it is missing and nobody has asked for it,
// it asks for as many blocks as plan says.
func (b *blocks) get(ctx context.Context, op string, o *bufferedObject, index int64, plan func() int) ([]byte, error) {
	id := blockID{o.id, index}
	for {
		b.mu.Lock()
		if e, ok := b.byID[id]; ok {
			b.recent.MoveToFront(e)
			b.mu.Unlock()
			return e.Value.(*block).data, nil
		}
		f := b.flights[id]
		if f == nil {
			f = b.start(o, index, plan())
		}
		f.waiters++
		b.mu.Unlock()

		var ctxErr error
		select {
		case <-f.done:
		case <-ctx.Done():
			ctxErr = ended(op, ctx)
		}
		b.mu.Lock()
		f.waiters--
		if f.waiters == 0 && ctxErr != nil {
			// Nobody wants it any more. Whoever comes now asks anew.
			f.cancel()
			b.forget(o.id, f)
		}
		b.mu.Unlock()
		switch {
		case ctxErr != nil:
			return nil, ctxErr
		case f.data[index] != nil:
			return f.data[index], nil
		case f.err != nil:
			return nil, f.err
		}
	}
}

// start begins the request for up to n blocks from index, less when one of them
// is there already or the object ends. The caller holds b.mu.
func (b *blocks) start(o *bufferedObject, index int64, n int) *flight {
	ctx, cancel := context.WithCancel(context.Background())
	f := &flight{done: make(chan struct{}), cancel: cancel}
	count := int64(0)
	for ; count < int64(n) && (index+count)*b.size < o.Size(); count++ {
		id := blockID{o.id, index + count}
		if count > 0 && (b.byID[id] != nil || b.flights[id] != nil) {
			break
		}
		b.flights[id] = f
	}
	o.refs.Add(1)
	go func() {
		defer o.release()
		defer cancel()
		data, err := b.request(ctx, o, index, count)
		b.mu.Lock()
		f.data, f.err = data, err
		b.forget(o.id, f)
		for i := index + count - 1; i >= index; i-- {
			if data[i] != nil {
				b.store(blockID{o.id, i}, data[i])
			}
		}
		b.mu.Unlock()
		close(f.done)
	}()
	return f
}

// request reads a run of blocks with one ReadAt. What is complete is returned
// even when the rest fails.
func (b *blocks) request(ctx context.Context, o *bufferedObject, index, count int64) (map[int64][]byte, error) {
	const op = "source.Buffered.ReadAt"
	off := index * b.size
	length := min(count*b.size, o.Size()-off)
	// A run of several blocks is there twice for a moment, see below.
	weight := length
	if count > 1 {
		weight = min(2*length, b.flyingMax)
	}
	wait, cancel := context.WithTimeout(ctx, maxQueue)
	defer cancel()
	if b.flying.Acquire(wait, weight) != nil {
		if ctx.Err() != nil {
			return nil, ended(op, ctx)
		}
		return nil, unavailable(op, errBusy)
	}
	defer b.flying.Release(weight)
	run := make([]byte, length)
	n, err := o.Object.ReadAt(ctx, run, off)
	if err == io.EOF {
		err = nil
	}
	if err == nil && int64(n) < length {
		err = unavailable(op, io.ErrUnexpectedEOF)
	}
	if count == 1 && err == nil {
		return map[int64][]byte{index: run}, nil
	}
	data := make(map[int64][]byte, count)
	for i := range count {
		from, to := i*b.size, min((i+1)*b.size, length)
		if to > int64(n) {
			break
		}
		// A copy each: a block that is kept must not keep the whole run.
		data[index+i] = append(make([]byte, 0, to-from), run[from:to]...)
	}
	return data, err
}

// forget removes a flight from the blocks it was for. The caller holds b.mu.
func (b *blocks) forget(object string, f *flight) {
	for id, g := range b.flights {
		if g == f && id.object == object {
			delete(b.flights, id)
		}
	}
}

// store keeps a block. The caller holds b.mu.
func (b *blocks) store(id blockID, data []byte) {
	if b.byID[id] != nil {
		return
	}
	b.byID[id] = b.recent.PushFront(&block{id, data})
	b.kept += int64(len(data))
	for b.kept > b.keep {
		e := b.recent.Back()
		old := b.recent.Remove(e).(*block)
		delete(b.byID, old.id)
		b.kept -= int64(len(old.data))
	}
}
