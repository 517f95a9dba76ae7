package source

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// BufferConfig configures the block cache in front of a remote source.
type BufferConfig struct {
	// Bytes is the memory of the cache, in bytes, for all objects of the source
	// together: half of it for blocks that are kept, half for blocks on their
	// way. Default 32 MiB; less than 1 MiB is taken as 1 MiB.
	Bytes int64
	// Block is the unit of caching, in bytes, and the smallest request. Default
	// 64 KiB: the table of contents of a normal pyramid, or one or two tiles.
	Block int
	// Readahead is the greatest request, in bytes, that reading in sequence grows
	// to. Default 4 MiB: at 100 ms a request this is 40 MB/s per reader. It is at
	// most an eighth of Bytes.
	Readahead int
}

const (
	defaultBufferBytes = 32 << 20
	minBufferBytes     = 1 << 20
	defaultBlock       = 64 << 10
	minBlock           = 4 << 10
	defaultReadahead   = 4 << 20
	// headBlocks are read at the start of an object, where every format has its
	// header: enough for most of the profiles and previews in there.
	headBlocks = 2
)

// Buffered puts a block cache and readahead in front of a source, so that many
// small reads become few requests and a tile never downloads its object. Blocks
// are shared by all objects of one key and revision, and requests for one block
// by all who want it. The result implements Lister when src does, and closes
// src.
func Buffered(src Source, cfg BufferConfig) Source {
	if cfg.Bytes <= 0 {
		cfg.Bytes = defaultBufferBytes
	}
	cfg.Bytes = max(cfg.Bytes, minBufferBytes)
	if cfg.Block <= 0 {
		cfg.Block = defaultBlock
	}
	cfg.Block = int(min(int64(max(cfg.Block, minBlock)), cfg.Bytes/8))
	if cfg.Readahead <= 0 {
		cfg.Readahead = defaultReadahead
	}
	b := &buffered{Source: src, blocks: newBlocks(cfg)}
	if l, ok := src.(Lister); ok {
		return bufferedLister{b, l}
	}
	return b
}

type buffered struct {
	Source
	blocks *blocks
}

type bufferedLister struct {
	*buffered
	Lister
}

// Open implements Source.
func (b *buffered) Open(ctx context.Context, key string) (Object, error) {
	obj, err := b.Source.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	o := &bufferedObject{Object: obj, blocks: b.blocks, id: obj.Revision() + obj.Key(), next: -1}
	o.refs.Store(1)
	return o, nil
}

// bufferedObject reads an object through the block cache.
type bufferedObject struct {
	Object
	blocks *blocks
	id     string // revision and key: revisions have a fixed length
	closed atomic.Bool
	refs   atomic.Int32 // the handle and the requests on their way

	mu     sync.Mutex
	next   int64 // where a reader in sequence goes on
	window int   // blocks of the last request in sequence
}

// Close implements Object. Requests that others wait for end first.
func (o *bufferedObject) Close() error {
	if o.closed.Swap(true) {
		return nil
	}
	o.mu.Lock()
	if o.window > headBlocks {
		o.blocks.streams.Add(-1)
	}
	o.window = 0
	o.mu.Unlock()
	o.release()
	return nil
}

func (o *bufferedObject) release() {
	if o.refs.Add(-1) == 0 {
		_ = o.Object.Close()
	}
}

// ReadAt implements Object.
func (o *bufferedObject) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	const op = "source.Buffered.ReadAt"
	m := meta{size: o.Size()}
	p, end := m.clip(op, p, off)
	if len(p) == 0 {
		return 0, end
	}
	if o.closed.Load() {
		return 0, fault.New(op, fault.Internal, "read after close")
	}
	if ctx.Err() != nil {
		return 0, ended(op, ctx)
	}
	sequential := o.advance(off, int64(len(p)))
	// A read as large as the largest request needs no help, and would only push
	// the blocks of others out.
	if int64(len(p)) >= o.blocks.readahead {
		if n, err := o.Object.ReadAt(ctx, p, off); err != nil && err != io.EOF {
			return n, err
		}
		return len(p), end
	}
	n, block := 0, o.blocks.size
	for n < len(p) {
		at := off + int64(n)
		index := at / block
		last := (off + int64(len(p)) - 1) / block
		data, err := o.blocks.get(ctx, op, o, index, func() int { return o.plan(index, last, sequential) })
		if err != nil {
			return n, err
		}
		n += copy(p[n:], data[at-index*block:])
	}
	return n, end
}

// advance notes a read and reports whether it goes on where the one before
// ended, or at most one block further.
func (o *bufferedObject) advance(off, n int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	sequential := o.next >= 0 && off >= o.next && off <= o.next+o.blocks.size
	o.next = off + n
	return sequential
}

// plan returns how many blocks to ask for when index is missing and last is the
// last that the caller needs. Reading in sequence doubles it each time.
func (o *bufferedObject) plan(index, last int64, sequential bool) int {
	need := int(last - index + 1)
	o.mu.Lock()
	defer o.mu.Unlock()
	before := o.window
	switch {
	case index == 0:
		o.window = headBlocks
	case sequential:
		o.window = max(2*before, 1)
	default:
		o.window = 1
	}
	limit := int(max(o.blocks.maxWindow()/o.blocks.size, 1))
	o.window = max(min(o.window, limit), 1)
	// Streams share the cache: when there are many, each looks ahead less, or
	// they would push each other's blocks out before they are read.
	if !o.closed.Load() {
		switch {
		case before <= headBlocks && o.window > headBlocks:
			o.blocks.streams.Add(1)
		case before > headBlocks && o.window <= headBlocks:
			o.blocks.streams.Add(-1)
		}
	}
	return max(o.window, min(need, int(o.blocks.readahead/o.blocks.size)))
}
