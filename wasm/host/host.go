// Package host runs WebAssembly on wazero: plan.wasm in the tests, codecs and hooks
// in the origin. A program gets memory up to a bound, a clock and random numbers,
// and nothing else of this machine: no files, no network, no environment.
//
// Guarantees: an instance runs one call at a time; one whose call failed in any way
// is never called again, since nobody knows what state it is in, and a fresh one
// takes its place; a program that asks for more memory than it may have fails, and
// the process does not.
//
// It is native only: nothing below it in the core depends on it.
package host

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Config are the settings of a Host. The zero value is usable.
type Config struct {
	// MemoryPages bounds the memory of each instance, in pages of 64 KiB. Default
	// 256, which is 16 MiB.
	MemoryPages uint32
	// Deadline ends a call that takes longer, and with it its instance. 0 lets calls
	// take as long as they like, for programs that are ours and whose input is
	// bounded: looking at the clock makes heavy ones 4 to 6 times as slow.
	Deadline time.Duration
	// Idle is how many instances without work are kept for each program. Default 2.
	Idle int
	// CacheDir keeps compiled programs between processes. Default "": they are
	// compiled anew.
	CacheDir string
	// Log takes what programs print. Default nil: it is dropped.
	Log io.Writer
}

// Host runs programs. It is made by New and safe for concurrent use.
type Host struct {
	config  Config
	runtime wazero.Runtime
	cache   wazero.CompilationCache // nil without
}

// New makes a Host. The caller closes it. It fails with Invalid for a Config out of
// range and Unavailable when the cache cannot be used.
func New(ctx context.Context, c Config) (*Host, error) {
	const op = "host.New"
	c.MemoryPages = cmp.Or(c.MemoryPages, 256)
	c.Idle = cmp.Or(c.Idle, 2)
	if c.MemoryPages > 65536 || c.Deadline < 0 || c.Idle < 0 {
		return nil, fault.New(op, fault.Invalid, "memory, deadline or number of instances is out of range")
	}
	h := &Host{config: c}
	rc := wazero.NewRuntimeConfig().WithMemoryLimitPages(c.MemoryPages).WithCloseOnContextDone(c.Deadline > 0)
	if c.CacheDir != "" {
		var err error
		if h.cache, err = wazero.NewCompilationCacheWithDir(c.CacheDir); err != nil {
			return nil, fault.E(op, fault.Unavailable, err)
		}
		rc = rc.WithCompilationCache(h.cache)
	}
	h.runtime = wazero.NewRuntimeWithConfig(ctx, rc)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, h.runtime); err != nil {
		h.runtime.Close(ctx)
		return nil, fault.E(op, fault.Internal, err)
	}
	return h, nil
}

// Close ends all programs.
func (h *Host) Close(ctx context.Context) error {
	err := h.runtime.Close(ctx)
	if h.cache != nil {
		err = errors.Join(err, h.cache.Close(ctx))
	}
	return err
}

// Program is a compiled program. It is safe for concurrent use.
type Program struct {
	host   *Host
	module wazero.CompiledModule
	start  func(*Instance) error

	mu   sync.Mutex
	idle []*Instance
}

// Compile compiles a program. start, which may be nil, prepares each new instance
// before its first use. It fails with Unsupported for what is no program or needs
// what a Host does not have.
func (h *Host) Compile(ctx context.Context, program []byte, start func(*Instance) error) (*Program, error) {
	m, err := h.runtime.CompileModule(ctx, program)
	if err != nil {
		return nil, fault.E("host.Compile", fault.Unsupported, err)
	}
	return &Program{host: h, module: m, start: start}, nil
}

// Do calls f with an instance that nobody else has, a fresh one if need be. When f
// fails or panics, or a call of the instance did, the instance is given up. Errors
// are those of f and of making an instance.
func (p *Program) Do(ctx context.Context, f func(*Instance) error) error {
	in, err := p.take(ctx)
	if err != nil {
		return err
	}
	in.ctx = ctx
	healthy := false
	defer func() {
		in.ctx = nil
		p.give(in, healthy && !in.broken)
	}()
	err = f(in)
	healthy = err == nil
	return err
}

// take returns an instance.
func (p *Program) take(ctx context.Context) (*Instance, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		in := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return in, nil
	}
	p.mu.Unlock()
	const op = "host.Program.Do"
	in := &Instance{deadline: p.host.config.Deadline, ctx: ctx}
	c := wazero.NewModuleConfig().WithName("").WithStartFunctions().WithRandSource(rand.Reader).
		WithSysWalltime().WithSysNanotime().WithSysNanosleep()
	if w := p.host.config.Log; w != nil {
		c = c.WithStdout(w).WithStderr(w)
	}
	var err error
	if in.module, err = p.host.runtime.InstantiateModule(ctx, p.module, c); err != nil {
		return nil, fault.E(op, fault.Unavailable, err)
	}
	// A reactor of WASI: it runs its initialization and then waits for calls.
	if in.module.ExportedFunction("_initialize") != nil {
		_, err = in.Call("_initialize")
	}
	if err == nil && p.start != nil {
		err = p.start(in)
	}
	if err != nil {
		in.close()
		return nil, fault.E(op, fault.KindOf(err), err)
	}
	return in, nil
}

// give takes an instance back.
func (p *Program) give(in *Instance, healthy bool) {
	p.mu.Lock()
	if healthy && len(p.idle) < p.host.config.Idle {
		p.idle = append(p.idle, in)
		in = nil
	}
	p.mu.Unlock()
	if in != nil {
		in.close()
	}
}

// Instance is a running program. It belongs to one caller at a time.
type Instance struct {
	module   api.Module
	deadline time.Duration
	ctx      context.Context // of the Do that it serves
	broken   bool
}

func (in *Instance) close() { _ = in.module.Close(context.Background()) }

// Call calls an exported function; arguments and results are numbers of Wasm. It
// fails with NotFound when there is none of that name, Timeout when it took too
// long, Canceled when the caller's context ended, and Internal when it trapped or
// exited: then the instance is of no use any more.
func (in *Instance) Call(name string, args ...uint64) ([]uint64, error) {
	const op = "host.Instance.Call"
	if in.broken {
		return nil, fault.E(op, fault.Internal, errors.New("a broken instance was called"))
	}
	f := in.module.ExportedFunction(name)
	if f == nil {
		return nil, fault.E(op, fault.NotFound, errors.New("there is no function "+name))
	}
	ctx := in.ctx
	if in.deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, in.deadline)
		defer cancel()
	}
	results, err := f.Call(ctx, args...)
	if err == nil {
		return results, nil
	}
	in.broken = true
	kind := fault.Internal
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		switch exit.ExitCode() {
		case sys.ExitCodeDeadlineExceeded:
			kind = fault.Timeout
		case sys.ExitCodeContextCanceled:
			kind = fault.Canceled
		}
	}
	return nil, fault.E(op, kind, err)
}

// Write copies b into the memory of the instance at an address. It fails with
// Internal where there is no such memory.
func (in *Instance) Write(at uint32, b []byte) error {
	if m := in.module.Memory(); m == nil || !m.Write(at, b) {
		return fault.E("host.Instance.Write", fault.Internal, errors.New("outside of the memory"))
	}
	return nil
}

// Read returns n bytes of the memory of the instance at an address. They are the
// memory itself, until the next call. It fails with Internal where there is no such
// memory.
func (in *Instance) Read(at, n uint32) ([]byte, error) {
	if m := in.module.Memory(); m != nil {
		if b, ok := m.Read(at, n); ok {
			return b, nil
		}
	}
	return nil, fault.E("host.Instance.Read", fault.Internal, errors.New("outside of the memory"))
}

// MemorySize returns the size of the memory of the instance, in bytes.
func (in *Instance) MemorySize() int64 {
	if m := in.module.Memory(); m != nil {
		return int64(m.Size())
	}
	return 0
}
