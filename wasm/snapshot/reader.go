package snapshot

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// reader reads a part of a Wasm binary. After a failure all it reads is empty.
type reader struct {
	b   []byte // what is left
	err error  // the first failure
}

func (r *reader) more() bool { return r.err == nil && len(r.b) > 0 }

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fault.E("snapshot.Take", fault.Corrupt, errors.New(what))
	}
	r.b = nil
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// bytes returns the next n bytes, never nil but after a failure.
func (r *reader) bytes(n uint32) []byte {
	if r.err != nil || uint64(n) > uint64(len(r.b)) {
		r.fail("it ends too early")
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// u32 reads a number of 32 bits in LEB128. It may have more digits than it needs:
// linkers leave room.
func (r *reader) u32() uint32 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || n > 5 || v > math.MaxUint32 {
		r.fail("a number is damaged")
		return 0
	}
	r.b = r.b[n:]
	return uint32(v)
}

// skipNumber skips a number in LEB128 of up to 64 bits.
func (r *reader) skipNumber() {
	for range 10 {
		if r.byte() < 0x80 {
			return
		}
	}
	r.fail("a number is too long")
}

// appendSigned appends a number in signed LEB128.
func appendSigned(b []byte, v int64) []byte {
	for ; v < -64 || v > 63; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v)&0x7f)
}

// appendBytes appends a length and as many bytes.
func appendBytes(b, data []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(data))), data...)
}
