// Package cache keeps rendered results on disk, so that a restart does not
// render everything again.
//
// What it guarantees: Get returns exactly the bytes that some Put stored under
// that key, or nothing. Every file carries its key, its length and a checksum;
// a file that is torn, truncated, damaged or foreign is deleted and is a miss.
// The files of one process never take more than Config.MaxBytes, counted in
// whole disk blocks, besides what is being written; the least recently used go
// first. Several processes may share a folder: they see each other's entries,
// and together exceed the bound by at most a tenth of it per process.
//
// It is not a store: any entry may vanish at any time, so there is no purge.
// Keys hold the revision of what was rendered, and stale entries age out.
package cache

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const (
	// MaxKey is the longest key, in bytes.
	MaxKey = 4096
	// DefaultMaxBytes is the bound when Config gives none: 10 GiB.
	DefaultMaxBytes = 10 << 30

	// maxValue is the largest value under any bound, in bytes: a file that claims
	// more is not ours, and is not read into memory to find out.
	maxValue = 1 << 30
	// block is the unit in which files are counted: what common file systems
	// allot. A cache of small tiles would otherwise fill a disk unseen.
	block = 4096
	// refresh is how old a file's time may grow before a hit renews it. The time
	// only matters after a restart, so it need not be exact.
	refresh = 10 * time.Minute
	// patience is how long Open waits for the folder to be read.
	patience = 2 * time.Second
	// rescan is how often the folder is read again, for other processes' files.
	rescan = time.Hour
)

// Config says where the cache lies and how much it may take.
type Config struct {
	// Dir is the folder; it is created when it is missing. Required. It must
	// belong to the cache alone.
	Dir string
	// MaxBytes bounds the disk space of the entries, in bytes; 0 means
	// DefaultMaxBytes. Values larger than an eighth of it (or 1 GiB) are not kept,
	// so that one of them cannot flush everything else. At least 64 KiB.
	MaxBytes int64
	// NoSync leaves it to the system when data reaches the disk; default false.
	// It makes Put faster, and a power cut then loses recent entries; it cannot
	// make Get return anything wrong.
	NoSync bool
}

// Stats are numbers about a cache since it was opened.
type Stats struct {
	// Entries and Bytes are what it holds now, Bytes in whole disk blocks.
	Entries, Bytes int64
	// MaxBytes is the bound.
	MaxBytes int64
	// Hits and Misses count Get.
	Hits, Misses int64
	// Stored counts successful Puts, Skipped those not kept because the value
	// was too large or the folder was still being read.
	Stored, Skipped int64
	// Evicted counts entries removed to make room, Corrupt those that were
	// damaged, Errors the failures of the disk.
	Evicted, Corrupt, Errors int64
	// Indexing says that the folder is still being read; nothing is stored
	// until that is done, because the room that is left is not known.
	Indexing bool
}

// Cache is an open cache. Its methods may be called concurrently.
type Cache struct {
	dir      string
	max      int64
	sync     bool
	maxValue int64

	mu      sync.Mutex
	index   *index
	written int64 // since the folder was last read
	closed  bool

	scanned atomic.Bool   // the folder has been read once
	again   chan struct{} // asks the keeper to read it again
	stop    context.CancelFunc
	done    chan struct{} // closed when the keeper ends
	probing chan struct{} // holds one token while a Check is under way

	hits, misses, stored, skipped, evicted, corrupt, failed atomic.Int64
}

// Open opens the cache in cfg.Dir, creating the folder when needed, and checks
// that it can be written. Entries of earlier runs are found at once; a big
// folder is counted in the background (Stats.Indexing). It fails with Invalid
// for a bad Config and Unavailable when the folder cannot be used.
func Open(cfg Config) (*Cache, error) {
	const op = "cache.Open"
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	if cfg.Dir == "" {
		return nil, fault.E(op, fault.Invalid, errors.New("no folder given"))
	}
	if cfg.MaxBytes < 64<<10 {
		return nil, fault.E(op, fault.Invalid, errors.New("the bound is below 64 KiB"))
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fault.E(op, fault.Invalid, err)
	}
	c := &Cache{
		dir:      dir,
		max:      cfg.MaxBytes,
		sync:     !cfg.NoSync,
		maxValue: min(cfg.MaxBytes/8, maxValue),
		index:    newIndex(),
		again:    make(chan struct{}, 1),
		done:     make(chan struct{}),
		probing:  make(chan struct{}, 1),
	}
	// Results may be of images that not everyone may see.
	if err := os.MkdirAll(c.tempDir(), 0o700); err != nil {
		return nil, fault.E(op, fault.Unavailable, err)
	}
	if err := c.probe(); err != nil {
		return nil, fault.E(op, fault.Unavailable, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.stop = cancel
	first := make(chan struct{})
	go c.keep(ctx, first)
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case <-first:
	case <-wait.C:
	}
	return c, nil
}

// Get returns the value stored under key, which the caller then owns. Whatever
// goes wrong is a miss.
func (c *Cache) Get(key string) ([]byte, bool) {
	data, ok := c.get(key)
	if ok {
		c.hits.Add(1)
	} else {
		c.misses.Add(1)
	}
	return data, ok
}

func (c *Cache) get(key string) ([]byte, bool) {
	if checkKey("cache.Get", key) != nil || c.isClosed() {
		return nil, false
	}
	name := nameOf(key)
	path := c.path(name)
	raw, err := readFile(path, headerLen+MaxKey+maxValue)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		c.forget(name)
		return nil, false
	case fault.Is(err, fault.Corrupt):
		c.discard(name)
		return nil, false
	default:
		// The disk fails for now; the entry may be fine.
		c.failed.Add(1)
		return nil, false
	}
	e, err := parse(raw)
	if err != nil || e.key != key {
		c.discard(name)
		return nil, false
	}
	now := time.Now()
	c.mu.Lock()
	stale := c.index.touch(name, blocks(int64(len(raw))), now)
	c.mu.Unlock()
	if stale {
		// Another process may have removed it; then there is nothing to renew.
		_ = os.Chtimes(path, now, now)
	}
	return e.data, true
}

// Put stores data under key, replacing what was there. A value larger than an
// eighth of the bound is not stored, and neither is any while the folder is
// still being read (Stats.Indexing); that is no error. It fails with Invalid
// for a key that is empty or longer than MaxKey, and Unavailable when the disk
// refuses; the cache is then as before, and callers may go on without it.
func (c *Cache) Put(key string, data []byte) error {
	const op = "cache.Put"
	if err := checkKey(op, key); err != nil {
		return err
	}
	if int64(len(data)) > c.maxValue || !c.scanned.Load() {
		c.skipped.Add(1)
		return nil
	}
	size := blocks(int64(headerLen + len(key) + len(data)))
	// The room is taken before the file exists, so that the sum never lags
	// behind the disk.
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return fault.E(op, fault.Unavailable, fs.ErrClosed)
	}
	victims := c.index.reserve(size, c.max)
	c.written += size
	if c.written > c.max/10 {
		c.written = 0
		select {
		case c.again <- struct{}{}:
		default:
		}
	}
	c.mu.Unlock()
	c.unlink(victims)

	name := nameOf(key)
	err := c.write(c.path(name), compose(key, data))
	c.mu.Lock()
	c.index.release(size)
	if err == nil {
		c.index.add(name, size, time.Now())
	}
	c.mu.Unlock()
	if err != nil {
		c.failed.Add(1)
		return fault.E(op, fault.Unavailable, err)
	}
	c.stored.Add(1)
	return nil
}

// Remove deletes the entry under key, if there is one. It fails as Put does.
func (c *Cache) Remove(key string) error {
	const op = "cache.Remove"
	if err := checkKey(op, key); err != nil {
		return err
	}
	name := nameOf(key)
	c.forget(name)
	if err := os.Remove(c.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.failed.Add(1)
		return fault.E(op, fault.Unavailable, err)
	}
	return nil
}

// Stats returns the numbers of this moment.
func (c *Cache) Stats() Stats {
	c.mu.Lock()
	entries, bytes := int64(c.index.len()), c.index.total
	c.mu.Unlock()
	return Stats{
		Entries: entries, Bytes: bytes, MaxBytes: c.max,
		Hits: c.hits.Load(), Misses: c.misses.Load(),
		Stored: c.stored.Load(), Skipped: c.skipped.Load(),
		Evicted: c.evicted.Load(), Corrupt: c.corrupt.Load(), Errors: c.failed.Load(),
		Indexing: !c.scanned.Load(),
	}
}

// Check says whether the folder can be written and read back, for a readiness
// probe. A disk that hangs is reported when ctx ends, and at once by the calls
// after that, so that probes do not pile up. It fails with Unavailable or
// Timeout.
func (c *Cache) Check(ctx context.Context) error {
	const op = "cache.Check"
	if c.isClosed() {
		return fault.E(op, fault.Unavailable, fs.ErrClosed)
	}
	select {
	case c.probing <- struct{}{}:
	default:
		return fault.E(op, fault.Unavailable, errors.New("an earlier check has not returned"))
	}
	result := make(chan error, 1)
	go func() {
		defer func() { <-c.probing }()
		result <- c.probe()
	}()
	select {
	case err := <-result:
		if err != nil {
			return fault.E(op, fault.Unavailable, err)
		}
		return nil
	case <-ctx.Done():
		return fault.E(op, fault.Timeout, ctx.Err())
	}
}

// Close ends the background work. Entries stay on disk; Get then misses and Put
// fails.
func (c *Cache) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.stop()
	<-c.done
	return nil
}

func (c *Cache) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// forget drops an entry whose file is gone.
func (c *Cache) forget(n name) {
	c.mu.Lock()
	c.index.remove(n)
	c.mu.Unlock()
}

// discard deletes an entry that cannot be trusted.
func (c *Cache) discard(n name) {
	c.corrupt.Add(1)
	c.forget(n)
	if err := os.Remove(c.path(n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.failed.Add(1)
	}
}

// unlink deletes the files of evicted entries.
func (c *Cache) unlink(victims []name) {
	for _, n := range victims {
		c.evicted.Add(1)
		if err := os.Remove(c.path(n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			// The next reading of the folder counts it again.
			c.failed.Add(1)
		}
	}
}

func checkKey(op, key string) error {
	if key == "" || len(key) > MaxKey {
		return fault.E(op, fault.Invalid, errors.New("the key is empty or too long"))
	}
	return nil
}

// blocks rounds a file's size up to whole disk blocks.
func blocks(n int64) int64 { return (n + block - 1) / block * block }
