package snapshot

import (
	"bytes"
	"errors"
	"slices"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// The sections of a Wasm binary (Core Specification 2.0, §5.5), by their numbers.
const (
	customSection = iota
	typeSection
	importSection
	functionSection
	tableSection
	memorySection
	globalSection
	exportSection
	startSection
	elementSection
	codeSection
	dataSection
	dataCountSection

	sections
)

// order is that in which sections are written.
var order = []int{typeSection, importSection, functionSection, tableSection, memorySection, globalSection, exportSection,
	elementSection, codeSection, dataSection}

// magic is how a Wasm binary of version 1 begins.
const magic = "\x00asm\x01\x00\x00\x00"

// What imports and exports are.
const (
	functionKind = 0
	globalKind   = 3
)

// The types of numbers.
const (
	typeI32 = 0x7f
	typeI64 = 0x7e
	typeF32 = 0x7d
	typeF64 = 0x7c
)

// Instructions that are both read and written.
const (
	opEnd      = 0x0b
	opI32Const = 0x41
	opI64Const = 0x42
	opF32Const = 0x43
	opF64Const = 0x44
)

// module is a Wasm binary, with those sections taken apart that a boot changes. Slices
// are of the binary.
type module struct {
	sections [sections][]byte // what is in them; nil where there is none
	memories []limits         // one
	globals  []global
	exports  []export
}

// limits are those of a memory, in pages.
type limits struct {
	least, most uint32
	bounded     bool // whether there is a most
}

// global is a global variable.
type global struct {
	kind    byte // type of its value
	mutable bool
	initial []byte // expression
}

// export is what the host finds under a name.
type export struct {
	name  []byte
	kind  byte
	index uint32
}

func unsupported(what string) error {
	return fault.E("snapshot.Take", fault.Unsupported, errors.New(what))
}

// parse takes a binary apart. It does not look at what it does not need: whether the
// rest is valid says the runtime that boots it.
func parse(program []byte) (*module, error) {
	if !bytes.HasPrefix(program, []byte(magic)) {
		return nil, fault.E("snapshot.Take", fault.Corrupt, errors.New("this is no Wasm of version 1"))
	}
	m := &module{}
	r := &reader{b: program[len(magic):]}
	for r.more() {
		id, body := int(r.byte()), r.bytes(r.u32())
		switch {
		case r.err != nil:
		case id == customSection:
		case id >= sections || id == startSection:
			return nil, unsupported("it has a start function or sections of another version")
		case m.sections[id] != nil:
			r.fail("a section comes twice")
		default:
			m.sections[id] = body
		}
	}
	if r.err == nil {
		r.err = m.parseSections()
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

func (m *module) parseSections() error {
	for _, p := range []struct {
		section int
		parse   func(*reader) error
	}{{importSection, parseImport}, {memorySection, m.parseMemory}, {globalSection, m.parseGlobal}, {exportSection, m.parseExport}} {
		r := &reader{b: m.sections[p.section]}
		if len(r.b) == 0 {
			continue
		}
		for n := r.u32(); n > 0 && r.err == nil; n-- {
			if err := p.parse(r); err != nil {
				return err
			}
		}
		if r.more() {
			r.fail("a section is longer than what is in it")
		}
		if r.err != nil {
			return r.err
		}
	}
	if len(m.memories) != 1 {
		return unsupported("it has no memory, or several")
	}
	return nil
}

// parseImport reads an import. What belongs to the host could be changed by it.
func parseImport(r *reader) error {
	r.bytes(r.u32())
	r.bytes(r.u32())
	if kind := r.byte(); r.err == nil && kind != functionKind {
		return unsupported("it imports other things than functions")
	}
	r.u32()
	return nil
}

func (m *module) parseMemory(r *reader) error {
	flags := r.byte()
	if r.err == nil && flags > 1 {
		return unsupported("its memory is shared or of 64 bits")
	}
	l := limits{bounded: flags == 1}
	l.least = r.u32()
	if l.bounded {
		l.most = r.u32()
	}
	m.memories = append(m.memories, l)
	return nil
}

func (m *module) parseGlobal(r *reader) error {
	g := global{kind: r.byte(), mutable: r.byte() == 1}
	if g.mutable && g.kind < typeF64 && r.err == nil {
		return unsupported("it has a global variable that is no number")
	}
	begin := r.b
	for r.err == nil {
		if op := r.byte(); op == opEnd {
			break
		} else if err := r.skipImmediates(op); err != nil {
			return err
		}
	}
	g.initial = begin[:len(begin)-len(r.b)]
	m.globals = append(m.globals, g)
	return nil
}

func (m *module) parseExport(r *reader) error {
	m.exports = append(m.exports, export{name: r.bytes(r.u32()), kind: r.byte(), index: r.u32()})
	return nil
}

// exported says whether there is a function of that name.
func (m *module) exported(name string) bool {
	return slices.ContainsFunc(m.exports, func(e export) bool { return e.kind == functionKind && string(e.name) == name })
}
