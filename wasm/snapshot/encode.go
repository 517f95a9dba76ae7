package snapshot

import (
	"encoding/binary"
	"slices"
	"strconv"
)

const pageSize = 64 << 10

// gap is how many zeros, in bytes, between others are rather written than left out.
// Packed, they take less than another segment does: plan.wasm has 724 KB with a gap
// of 16 and 681 KB with one of 64 or more.
const gap = 64

// globalName is under what a global variable is exported to the boot.
func globalName(i int) string { return "\x00global " + strconv.Itoa(i) }

// withGlobals returns the program with its variables exported.
func (m *module) withGlobals() []byte {
	exports := slices.Clone(m.exports)
	for i, g := range m.globals {
		if g.mutable {
			exports = append(exports, export{name: []byte(globalName(i)), kind: globalKind, index: uint32(i)})
		}
	}
	s := m.sections
	s[exportSection] = encodeExports(exports)
	return assemble(&s)
}

// encode returns the program in another state.
func (m *module) encode(after *state) []byte {
	s := m.sections
	s[memorySection] = encodeMemory(limits{uint32(len(after.memory) / pageSize), m.memories[0].most, m.memories[0].bounded})
	s[globalSection] = m.encodeGlobals(after.globals)
	s[exportSection] = encodeExports(slices.DeleteFunc(slices.Clone(m.exports), func(e export) bool {
		return e.kind == functionKind && string(e.name) == initialize
	}))
	s[dataSection] = encodeData(after.memory)
	return assemble(&s)
}

// assemble writes sections. The number of data is left out: it is there for
// instructions that are not allowed.
func assemble(s *[sections][]byte) []byte {
	b := []byte(magic)
	for _, id := range order {
		if s[id] != nil {
			b = appendBytes(append(b, byte(id)), s[id])
		}
	}
	return b
}

func encodeMemory(l limits) []byte {
	if l.bounded {
		return binary.AppendUvarint(binary.AppendUvarint([]byte{1, 1}, uint64(l.least)), uint64(l.most))
	}
	return binary.AppendUvarint([]byte{1, 0}, uint64(l.least))
}

func (m *module) encodeGlobals(values map[int]uint64) []byte {
	if len(m.globals) == 0 {
		return m.sections[globalSection]
	}
	b := binary.AppendUvarint(nil, uint64(len(m.globals)))
	for i, g := range m.globals {
		if !g.mutable {
			b = append(append(b, g.kind, 0), g.initial...)
			continue
		}
		b = append(b, g.kind, 1)
		switch v := values[i]; g.kind {
		case typeI32:
			b = appendSigned(append(b, opI32Const), int64(int32(v)))
		case typeI64:
			b = appendSigned(append(b, opI64Const), int64(v))
		case typeF32:
			b = binary.LittleEndian.AppendUint32(append(b, opF32Const), uint32(v))
		case typeF64:
			b = binary.LittleEndian.AppendUint64(append(b, opF64Const), v)
		}
		b = append(b, opEnd)
	}
	return b
}

func encodeExports(exports []export) []byte {
	b := binary.AppendUvarint(nil, uint64(len(exports)))
	for _, e := range exports {
		b = append(appendBytes(b, e.name), e.kind)
		b = binary.AppendUvarint(b, uint64(e.index))
	}
	return b
}

// encodeData returns the data that make an empty memory what it is.
func encodeData(memory []byte) []byte {
	var segments []byte
	n := 0
	for at := skipZeros(memory, 0); at < len(memory); n++ {
		end, next := at, at // of the run, and where the one after it begins
		for next < len(memory) && next-end <= gap {
			for end = next; end < len(memory) && memory[end] != 0; end++ {
			}
			next = skipZeros(memory, end)
		}
		segments = append(segments, 0, opI32Const)
		segments = append(appendSigned(segments, int64(int32(at))), opEnd)
		segments = appendBytes(segments, memory[at:end])
		at = next
	}
	return append(binary.AppendUvarint(nil, uint64(n)), segments...)
}

// skipZeros returns where the next byte is that is not 0.
func skipZeros(b []byte, at int) int {
	for at < len(b) && b[at] == 0 {
		at++
	}
	return at
}
