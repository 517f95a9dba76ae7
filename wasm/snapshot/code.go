package snapshot

import "fmt"

// checkCode fails for a program that changes its table of functions, which is not
// kept, or that copies from its data when it likes, which are no more there. Go does
// neither.
func (m *module) checkCode() error {
	r := &reader{b: m.sections[codeSection]}
	if len(r.b) == 0 {
		return nil
	}
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		body := &reader{b: r.bytes(r.u32())}
		if r.err != nil {
			break
		}
		for locals := body.u32(); locals > 0 && body.err == nil; locals-- {
			body.u32()
			body.byte()
		}
		for body.more() {
			if err := body.skipImmediates(body.byte()); err != nil {
				return err
			}
		}
		if body.err != nil {
			return body.err
		}
	}
	return r.err
}

// skipImmediates skips what follows the code of an instruction (Core Specification
// 2.0, §5.4). It fails with Unsupported for instructions that are unknown or not
// allowed.
func (r *reader) skipImmediates(op byte) error {
	switch {
	case op <= 0x01, op == 0x05, op == opEnd, op == 0x0f, op == 0x1a, op == 0x1b, op >= 0x45 && op <= 0xc4, op == 0xd1:
	case op >= 0x02 && op <= 0x04, op == 0x0c, op == 0x0d, op == 0x10, op >= 0x20 && op <= 0x25, op == 0x3f, op == 0x40,
		op == opI32Const, op == opI64Const, op == 0xd0, op == 0xd2:
		r.skipNumber()
	case op == 0x11, op >= 0x28 && op <= 0x3e:
		r.skipNumber()
		r.skipNumber()
	case op == 0x0e: // br_table
		for n := r.u32(); n > 0 && r.err == nil; n-- {
			r.u32()
		}
		r.u32()
	case op == 0x1c: // select
		r.bytes(r.u32())
	case op == opF32Const:
		r.bytes(4)
	case op == opF64Const:
		r.bytes(8)
	case op == 0xfc:
		return r.skipLong()
	default:
		if r.err == nil {
			return unsupported(fmt.Sprintf("it has the instruction %#02x", op))
		}
	}
	return nil
}

// skipLong is skipImmediates for instructions that begin with 0xfc.
func (r *reader) skipLong() error {
	switch op := r.u32(); op {
	case 0, 1, 2, 3, 4, 5, 6, 7: // trunc_sat
	case 10: // memory.copy
		r.u32()
		r.u32()
	case 11, 16: // memory.fill, table.size
		r.u32()
	default:
		if r.err == nil {
			return unsupported(fmt.Sprintf("it has the instruction 0xfc %d", op))
		}
	}
	return nil
}
