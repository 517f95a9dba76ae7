// Package snapshot boots a Wasm program when it is built, so that nobody has to boot
// it when it starts: the runtime of Go takes 20 ms of processor time before a
// program of any size answers its first call. What it makes is the same program with
// the memory and the global variables that it has after its boot.
//
// Guarantees: the same program gives the same bytes, for a boot sees a clock that
// stands still, random numbers that follow from the program, no arguments, no
// environment and no files. No input makes it panic. A program that could tell the
// difference in another way than by these is refused: one with a start function,
// with imports other than functions, or that changes its table of functions.
//
// What a program drew at random while it booted is the same in all its instances from
// then on. For Go these are the seeds of its maps, so maps whose keys come from
// strangers must be bounded. (A Worker may not draw random numbers when it is
// started, so they were never secret there.) The clock goes on from the first
// nanosecond to the time of the host, which is to a program as if nobody had called
// it for long.
//
// It is native only: nothing below it in the core depends on it.
package snapshot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// maxPages bounds the memory of a program while it boots, in pages of 64 KiB.
const maxPages = 256

// initialize is the function by which a reactor of WASI is booted.
const initialize = "_initialize"

// Take returns a program as it is after its boot: without the function _initialize,
// which has been called. It fails with Corrupt for what is no Wasm, Unsupported for
// what cannot be kept (see above) or has no _initialize, and Internal when the boot
// fails.
func Take(ctx context.Context, program []byte) ([]byte, error) {
	m, err := parse(program)
	if err != nil {
		return nil, err
	}
	if err := m.checkCode(); err != nil {
		return nil, err
	}
	if !m.exported(initialize) {
		return nil, unsupported("it has no " + initialize)
	}
	after, err := boot(ctx, m, program)
	if err != nil {
		return nil, err
	}
	return m.encode(after), nil
}

// state is what a boot leaves behind.
type state struct {
	memory  []byte
	globals map[int]uint64 // those that can change, by index
}

// boot runs the program m up to the end of its boot.
func boot(ctx context.Context, m *module, program []byte) (*state, error) {
	const op = "snapshot.boot"
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithMemoryLimitPages(maxPages))
	defer r.Close(ctx)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return nil, fault.E(op, fault.Internal, err)
	}
	compiled, err := r.CompileModule(ctx, m.withGlobals())
	if err != nil {
		return nil, fault.E(op, fault.Corrupt, err)
	}
	var said bytes.Buffer
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions().WithStdout(&said).WithStderr(&said).
		WithRandSource(rand.NewChaCha8(sha256.Sum256(program))).
		// Go takes 0 for a failure while it boots. No host has an earlier time, but for a
		// Worker that starts, which has 0: that the clock goes back by this Go bears.
		WithWalltime(func() (int64, int32) { return 0, 1 }, sys.ClockResolution(1)).
		WithNanotime(func() int64 { return 1 }, sys.ClockResolution(1))
	in, err := r.InstantiateModule(ctx, compiled, config)
	if err != nil {
		return nil, fault.E(op, fault.Corrupt, err)
	}
	if _, err := in.ExportedFunction(initialize).Call(ctx); err != nil {
		return nil, fault.E(op, fault.Internal, fmt.Errorf("%w: %.400s", err, said.Bytes()))
	}
	after := &state{globals: map[int]uint64{}}
	memory, ok := in.Memory().Read(0, in.Memory().Size())
	if !ok {
		return nil, fault.E(op, fault.Internal, nil)
	}
	after.memory = bytes.Clone(memory)
	for i, g := range m.globals {
		if g.mutable {
			after.globals[i] = in.ExportedGlobal(globalName(i)).Get()
		}
	}
	return after, nil
}
