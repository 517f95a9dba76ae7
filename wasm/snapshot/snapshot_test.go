package snapshot

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// counted returns parts behind their number, sized behind their length in bytes. All
// are shorter than 128.
func counted(parts ...[]byte) []byte {
	return append([]byte{byte(len(parts))}, bytes.Join(parts, nil)...)
}

func sized(b ...byte) []byte { return append([]byte{byte(len(b))}, b...) }

func section(id byte, parts ...[]byte) []byte {
	return append([]byte{id}, sized(counted(parts...)...)...)
}

func named(name string, rest ...byte) []byte { return append(sized([]byte(name)...), rest...) }

// program returns a reactor: its boot runs the instructions more after its own. It
// has variables of all types, a table through which "indirect" calls "next", data,
// and everything at which a Snapshot could fail.
func program(more ...byte) []byte {
	boot := append([]byte{0,
		0x42, 0x98, 0x78, 0x24, 0, // i64.const -1000, global.set 0
		0x41, 0x7b, 0x24, 1, // i32.const -5
		0x43, 0, 0, 0xc0, 0x3f, 0x24, 2, // f32.const 1.5
		0x44, 0, 0, 0, 0, 0, 0, 0x02, 0xc0, 0x24, 3, // f64.const -2.25
		0x41, 2, 0x40, 0, 0x1a, // memory.grow by 2
		0x41, 0xe8, 0x07, 0x41, 8, 0x10, 0, 0x1a, // random_get(1000, 8)
		0x41, 1, 0x42, 0, 0x41, 0xd0, 0x0f, 0x10, 1, 0x1a, // clock_time_get(1, 0, 2000)
		0x41, 0xf0, 0x93, 0x09, 0x41, 0x26, 0x3a, 0, 0, // i32.store8 0x26 at 150000
	}, more...)
	return bytes.Join([][]byte{
		[]byte(magic),
		{0, 5, 4, 'n', 'a', 'm', 'e'},
		section(1, []byte{0x60, 0, 0}, []byte{0x60, 2, 0x7f, 0x7f, 1, 0x7f}, []byte{0x60, 3, 0x7f, 0x7e, 0x7f, 1, 0x7f}, []byte{0x60, 0, 1, 0x7e}),
		section(2, append(named("wasi_snapshot_preview1"), named("random_get", 0, 1)...), append(named("wasi_snapshot_preview1"), named("clock_time_get", 0, 2)...)),
		section(3, []byte{0}, []byte{3}, []byte{3}),
		section(4, []byte{0x70, 0, 2}),
		section(5, []byte{1, 1, 9}),
		section(6, []byte{0x7e, 1, 0x42, 0, 0x0b}, []byte{0x7f, 1, 0x41, 0, 0x0b}, []byte{0x7d, 1, 0x43, 0, 0, 0, 0, 0x0b},
			[]byte{0x7c, 1, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b}, []byte{0x7f, 0, 0x41, 0x87, 0x00, 0x0b}),
		section(7, named("memory", 2, 0), named("_initialize", 0, 2), named("next", 0, 3), named("indirect", 0, 4),
			named("i32", 3, 1), named("f32", 3, 2), named("f64", 3, 3), named("constant", 3, 4)),
		section(9, []byte{0, 0x41, 1, 0x0b, 1, 3}),
		section(10, sized(append(boot, 0x0b)...),
			sized(0, 0x23, 0, 0x42, 1, 0x7c, 0x24, 0, 0x23, 0, 0x0b),
			sized(0, 0x41, 1, 0x11, 3, 0, 0x0b)),
		data(),
	}, nil)
}

// data is the last section of the program.
func data() []byte { return section(11, append([]byte{0, 0x41, 10, 0x0b}, named("hello")...)) }

// instance runs a program as it is.
func instance(t *testing.T, program []byte) api.Module {
	t.Helper()
	r := wazero.NewRuntime(t.Context())
	t.Cleanup(func() { r.Close(t.Context()) })
	if _, err := wasi_snapshot_preview1.Instantiate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	in, err := r.Instantiate(t.Context(), program)
	if err != nil {
		t.Fatalf("this is not valid: %v", err)
	}
	return in
}

// TestTake: a program goes on where its boot ended.
func TestTake(t *testing.T) {
	booted, err := Take(t.Context(), program())
	if err != nil {
		t.Fatal(err)
	}
	in := instance(t, booted)
	if in.ExportedFunction(initialize) != nil {
		t.Error("it can be booted again")
	}
	for i, name := range []string{"next", "indirect", "next"} {
		if got, err := in.ExportedFunction(name).Call(t.Context()); err != nil || int64(got[0]) != int64(i)-999 {
			t.Errorf("%s: %d %v", name, got, err)
		}
	}
	for name, want := range map[string]uint64{"i32": 0xfffffffb, "f32": uint64(math.Float32bits(1.5)), "f64": math.Float64bits(-2.25), "constant": 7} {
		if got := in.ExportedGlobal(name).Get(); got != want {
			t.Errorf("%s is %#x, want %#x", name, got, want)
		}
	}
	memory := in.Memory()
	if memory.Size() != 3*pageSize {
		t.Errorf("%d bytes of memory", memory.Size())
	}
	if most, ok := memory.Grow(7); ok {
		t.Errorf("it grows above what it may: %d", most)
	}
	if b, _ := memory.Read(10, 5); string(b) != "hello" {
		t.Errorf("data are %q", b)
	}
	if b, _ := memory.ReadByte(150_000); b != 0x26 {
		t.Errorf("what the boot wrote is %#x", b)
	}
	if random, _ := memory.ReadUint64Le(1000); random == 0 {
		t.Error("no random numbers")
	}
	if clock, _ := memory.ReadUint64Le(2000); clock != 1 {
		t.Errorf("the clock stood at %d", clock)
	}
	again, err := Take(t.Context(), program())
	if err != nil || !bytes.Equal(again, booted) {
		t.Errorf("the second time it is another one: %v", err)
	}
	if _, err := Take(t.Context(), booted); !fault.Is(err, fault.Unsupported) {
		t.Errorf("booted again: %v", err)
	}
}

// TestData: an empty memory with the data is the memory.
func TestData(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		memory := make([]byte, pageSize)
		for at := 0; at < len(memory); at += r.IntN(3 * gap) {
			if r.IntN(20) == 0 {
				at += r.IntN(20_000)
			}
			for n := 1 + r.IntN(300); n > 0 && at < len(memory); n-- {
				memory[at] = byte(r.IntN(256))
				at++
			}
		}
		if r.IntN(2) == 0 {
			memory[len(memory)-1] = 1
		}
		var s [sections][]byte
		s[memorySection], s[dataSection] = encodeMemory(limits{least: 1}), encodeData(memory)
		if got, _ := instance(t, assemble(&s)).Memory().Read(0, pageSize); !bytes.Equal(got, memory) {
			t.Fatalf("%x is not %x", got, memory)
		}
	}
	if got := encodeData(make([]byte, pageSize)); !bytes.Equal(got, []byte{0}) {
		t.Errorf("data of an empty memory: %x", got)
	}
}

func TestRefused(t *testing.T) {
	whole := program()
	replaced := func(before, after []byte) []byte {
		if bytes.Count(whole, before) != 1 {
			t.Fatalf("%x is not in the program once", before)
		}
		return bytes.Replace(whole, before, after, 1)
	}
	for name, c := range map[string]struct {
		program []byte
		kind    fault.Kind
	}{
		"nothing":           {nil, fault.Corrupt},
		"text":              {[]byte("this is no program"), fault.Corrupt},
		"component":         {[]byte("\x00asm\x0d\x00\x01\x00"), fault.Corrupt},
		"empty":             {[]byte(magic), fault.Unsupported},
		"a section twice":   {append(bytes.Clone(whole), section(11)...), fault.Corrupt},
		"unknown section":   {append(bytes.Clone(whole), section(13)...), fault.Unsupported},
		"start function":    {append(bytes.Clone(whole), 8, 1, 2), fault.Unsupported},
		"two memories":      {replaced(section(5, []byte{1, 1, 9}), section(5, []byte{0, 1}, []byte{0, 1})), fault.Unsupported},
		"shared memory":     {replaced(section(5, []byte{1, 1, 9}), section(5, []byte{3, 1, 9})), fault.Unsupported},
		"huge memory":       {replaced(section(5, []byte{1, 1, 9}), section(5, []byte{0, 0x81, 0x02})), fault.Corrupt},
		"imported memory":   {replaced(named("random_get", 0, 1), named("random_get", 2, 1)), fault.Unsupported},
		"reference":         {replaced([]byte{0x7e, 1, 0x42, 0, 0x0b}, []byte{0x70, 1, 0xd0, 0x70, 0x0b}), fault.Unsupported},
		"not a reactor":     {replaced([]byte("_initialize"), []byte("_initialise")), fault.Unsupported},
		"wrong types":       {program(0x1a), fault.Corrupt},
		"trap":              {program(0x00), fault.Internal},
		"table.set":         {program(0x26, 0), fault.Unsupported},
		"memory.init":       {program(0xfc, 8, 0, 0), fault.Unsupported},
		"data.drop":         {program(0xfc, 9, 0), fault.Unsupported},
		"table.init":        {program(0xfc, 12, 0, 0), fault.Unsupported},
		"elem.drop":         {program(0xfc, 13, 0), fault.Unsupported},
		"table.copy":        {program(0xfc, 14, 0, 0), fault.Unsupported},
		"table.grow":        {program(0xfc, 15, 0), fault.Unsupported},
		"table.fill":        {program(0xfc, 17, 0), fault.Unsupported},
		"vectors":           {program(0xfd, 12), fault.Unsupported},
		"behind a br_table": {program(0x41, 0, 0x0e, 1, 0x26, 0x26, 0x26, 0), fault.Unsupported},
		"behind a block":    {program(0x02, 0x40, 0x0b, 0x3f, 0, 0x1a, 0x26, 0), fault.Unsupported},
	} {
		if b, err := Take(t.Context(), c.program); b != nil || fault.KindOf(err) != c.kind || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for n := range whole {
		if n == len(whole)-len(data()) {
			continue // without data it is a program
		}
		if _, err := Take(t.Context(), whole[:n]); err == nil {
			t.Errorf("the first %d bytes are taken for a program", n)
		}
	}
}

// FuzzParse: no binary makes the parser panic, and what it takes apart is put
// together again.
func FuzzParse(f *testing.F) {
	f.Add(program())
	f.Add(program(0x02, 0x40, 0x41, 0, 0x0e, 1, 0, 0, 0x0b, 0xfc, 10, 0, 0, 0xfc, 11, 0, 0xfc, 16, 0, 0x1c, 1, 0x7f, 0xd0, 0x70))
	f.Fuzz(func(t *testing.T, b []byte) {
		typed := func(err error) bool {
			if err != nil && !fault.Is(err, fault.Corrupt) && !fault.Is(err, fault.Unsupported) {
				t.Fatal(err)
			}
			return err != nil
		}
		m, err := parse(b)
		if typed(err) || typed(m.checkCode()) {
			return
		}
		after := &state{memory: make([]byte, pageSize), globals: map[int]uint64{}}
		for i := range m.globals {
			after.globals[i] = uint64(i) << 31
		}
		again, err := parse(m.encode(after))
		if err != nil {
			t.Fatal(err)
		}
		if again.exported(initialize) || len(again.globals) != len(m.globals) || len(again.exports) > len(m.exports) {
			t.Fatalf("%x", b)
		}
		if with, err := parse(m.withGlobals()); err != nil || len(with.exports) < len(m.exports) {
			t.Fatalf("%x: %v", b, err)
		}
	})
}
