package jpeg

import "bytes"

// bitBuffer collects bits without stuffing.
type bitBuffer struct {
	buf []byte // whole bytes
	acc uint64 // bits behind them, on top
	n   uint   // how many, at most 7
}

// put appends the low size bits of code, at most 32.
func (b *bitBuffer) put(code uint32, size uint) {
	b.acc |= uint64(code) << (64 - size) >> b.n
	b.n += size
	for b.n >= 8 {
		b.buf = append(b.buf, byte(b.acc>>56))
		b.acc <<= 8
		b.n -= 8
	}
}

// copy appends the bits of src from one place up to another. src must have 16
// bytes behind the last bit.
func (b *bitBuffer) copy(src []byte, from, to uint64) {
	if from >= to {
		return
	}
	// Fill the last byte up, then whole bytes need one shift only.
	if fill := min(to-from, uint64(8-b.n)&7); fill > 0 {
		x := be64(src[from>>3:]) << (from & 7)
		b.put(uint32(x>>(64-fill)), uint(fill))
		from += fill
	}
	n := int((to - from) >> 3)
	at, shift := int(from>>3), uint(from&7)
	b.buf = grow(b.buf, n+8)
	dst := b.buf[len(b.buf) : len(b.buf)+n+8]
	in := src[at : at+n+9]
	for i := 0; i < n; i += 8 {
		put64(dst[i:], be64(in[i:])<<shift|uint64(in[i+8])>>(8-shift))
	}
	b.buf = b.buf[:len(b.buf)+n]
	if from += uint64(n) << 3; from < to {
		x := be64(src[from>>3:]) << (from & 7)
		b.put(uint32(x>>(64-(to-from))), uint(to-from))
	}
}

// finish fills the last byte with ones, T.81 §F.1.2.3.
func (b *bitBuffer) finish() {
	if b.n > 0 {
		b.put(1<<(8-b.n)-1, 8-b.n)
	}
}

// appendStuffed appends entropy-coded data, a zero stuffed behind every 0xFF.
func appendStuffed(dst, src []byte) []byte {
	for {
		i := bytes.IndexByte(src, 0xFF)
		if i < 0 {
			return append(dst, src...)
		}
		dst = append(append(dst, src[:i+1]...), 0)
		src = src[i+1:]
	}
}

// grow makes room for n bytes more.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	c := make([]byte, len(b), 2*cap(b)+n)
	copy(c, b)
	return c
}

func put64(b []byte, v uint64) {
	_ = b[7]
	b[0], b[1], b[2], b[3] = byte(v>>56), byte(v>>48), byte(v>>40), byte(v>>32)
	b[4], b[5], b[6], b[7] = byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
}
