package host_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/host"
)

// section returns a section of a Wasm binary, or any other thing that begins with
// its length (all are shorter than 128 bytes).
func section(id []byte, body ...[]byte) []byte {
	b := bytes.Join(body, nil)
	return append(append(id, byte(len(b))), b...)
}

// program returns a module that exports its memory of one page and the functions
// trap, loop (for ever), grow (the memory, by so many pages), count (how often it
// was called, from 100 on) and _initialize (which sets that 100).
func program() []byte {
	export := func(name string, kind, index byte) []byte {
		return append(section(nil, []byte(name)), kind, index)
	}
	return bytes.Join([][]byte{
		[]byte("\x00asm\x01\x00\x00\x00"),
		section([]byte{1}, []byte{3, 0x60, 0, 0, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 0, 1, 0x7f}), // types
		section([]byte{3}, []byte{5, 0, 0, 1, 2, 0}),                                        // functions
		section([]byte{5}, []byte{1, 0, 1}),                                                 // memory
		section([]byte{6}, []byte{1, 0x7f, 1, 0x41, 0, 0x0b}),                               // a global
		section([]byte{7}, []byte{6}, export("memory", 2, 0), export("trap", 0, 0), export("loop", 0, 1),
			export("grow", 0, 2), export("count", 0, 3), export("_initialize", 0, 4)),
		section([]byte{10}, []byte{5},
			section(nil, []byte{0, 0x00, 0x0b}),
			section(nil, []byte{0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b}),
			section(nil, []byte{0, 0x20, 0, 0x40, 0, 0x0b}),
			section(nil, []byte{0, 0x23, 0, 0x41, 1, 0x6a, 0x24, 0, 0x23, 0, 0x0b}),
			section(nil, []byte{0, 0x41, 0xe4, 0, 0x24, 0, 0x0b})),
	}, nil)
}

func compile(t *testing.T, c host.Config) *host.Program {
	t.Helper()
	h, err := host.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close(context.Background()) })
	p, err := h.Compile(t.Context(), program(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// call calls a function in a Do of its own.
func call(ctx context.Context, p *host.Program, name string, args ...uint64) (result uint64, err error) {
	err = p.Do(ctx, func(in *host.Instance) error {
		r, err := in.Call(name, args...)
		if len(r) == 1 {
			result = r[0]
		}
		return err
	})
	return result, err
}

// TestFresh: an instance is used again as long as all goes well, and never after
// anything went wrong.
func TestFresh(t *testing.T) {
	p := compile(t, host.Config{Deadline: 50 * time.Millisecond})
	want := func(n uint64) {
		t.Helper()
		if got, err := call(t.Context(), p, "count"); err != nil || got != n {
			t.Errorf("counted %d, want %d; %v", got, n, err)
		}
	}
	want(101)
	want(102)
	if _, err := call(t.Context(), p, "trap"); !fault.Is(err, fault.Internal) {
		t.Errorf("trap: %v", err)
	}
	want(101)
	if _, err := call(t.Context(), p, "loop"); !fault.Is(err, fault.Timeout) {
		t.Errorf("loop: %v", err)
	}
	want(101)
	if _, err := call(t.Context(), p, "absent"); !fault.Is(err, fault.NotFound) {
		t.Errorf("absent: %v", err)
	}
	want(101)
	if err := p.Do(t.Context(), func(in *host.Instance) error { return errors.New("the caller's") }); err == nil || err.Error() != "the caller's" {
		t.Errorf("the caller's error: %v", err)
	}
	want(101)
	func() {
		defer func() { recover() }()
		p.Do(t.Context(), func(*host.Instance) error { panic("the caller's") })
	}()
	want(101)
	err := p.Do(t.Context(), func(in *host.Instance) error {
		in.Call("trap") // and its error is overlooked
		if _, err := in.Call("count"); !fault.Is(err, fault.Internal) {
			t.Errorf("a broken instance was called: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	want(101)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := call(ctx, p, "loop"); !fault.Is(err, fault.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	want(101)
}

// TestMemory: the memory of an instance ends where Config says.
func TestMemory(t *testing.T) {
	p := compile(t, host.Config{MemoryPages: 4})
	err := p.Do(t.Context(), func(in *host.Instance) error {
		for _, c := range []struct{ pages, want uint64 }{{3, 1}, {1, 0xffffffff}} {
			if got, err := in.Call("grow", c.pages); err != nil || got[0] != c.want {
				t.Errorf("grown by %d: %v %v", c.pages, got, err)
			}
		}
		if n := in.MemorySize(); n != 4<<16 {
			t.Errorf("%d bytes of memory", n)
		}
		if err := in.Write(4<<16-3, []byte("abc")); err != nil {
			t.Error(err)
		}
		if b, err := in.Read(4<<16-2, 2); err != nil || string(b) != "bc" {
			t.Errorf("%q %v", b, err)
		}
		if err := in.Write(4<<16-2, []byte("abc")); !fault.Is(err, fault.Internal) {
			t.Errorf("written outside: %v", err)
		}
		if _, err := in.Read(0xffffffff, 2); !fault.Is(err, fault.Internal) {
			t.Errorf("read outside: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestConcurrent: instances are never shared.
func TestConcurrent(t *testing.T) {
	p := compile(t, host.Config{Idle: 2})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				err := p.Do(t.Context(), func(in *host.Instance) error {
					a, err := in.Call("count")
					if err != nil {
						return err
					}
					time.Sleep(50 * time.Microsecond)
					b, err := in.Call("count")
					if err == nil && b[0] != a[0]+1 {
						t.Errorf("%d after %d", b[0], a[0])
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestRefused(t *testing.T) {
	for _, c := range []host.Config{{MemoryPages: 70_000}, {Deadline: -1}, {Idle: -1}} {
		if _, err := host.New(t.Context(), c); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	h, err := host.New(t.Context(), host.Config{CacheDir: t.TempDir(), MemoryPages: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	for name, b := range map[string][]byte{"nothing": nil, "text": []byte("this is no program"), "cut": program()[:60]} {
		if _, err := h.Compile(t.Context(), b, nil); !fault.Is(err, fault.Unsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p, err := h.Compile(t.Context(), program(), func(in *host.Instance) error { return fault.E("test", fault.Corrupt, nil) })
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Do(t.Context(), func(*host.Instance) error { return nil }); !fault.Is(err, fault.Corrupt) {
		t.Errorf("an instance that cannot be prepared: %v", err)
	}
}
