package inflate

import "encoding/binary"

// fixed makes the tables of RFC 1951 §3.2.6.
func (z *Reader) fixed() {
	lens := z.lens[:288]
	for i := range lens {
		switch {
		case i < 144:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		case i < 280:
			lens[i] = 7
		default:
			lens[i] = 8
		}
	}
	z.lit.build(lens, literal)
	lens = z.lens[:32]
	for i := range lens {
		lens[i] = 5
	}
	z.dist.build(lens, distance)
}

// dynamic reads the tables of a block, RFC 1951 §3.2.7.
func (z *Reader) dynamic() error {
	v, err := z.take(14)
	if err != nil {
		return err
	}
	lits, dists, codes := int(v&31)+257, int(v>>5&31)+1, int(v>>10)+4
	if lits > 286 || dists > 30 {
		return ErrData
	}
	lens := z.lens[:19]
	clear(lens)
	for _, i := range codeOrder[:codes] {
		n, err := z.take(3)
		if err != nil {
			return err
		}
		lens[i] = uint8(n)
	}
	if !z.lit.build(lens, number) {
		return ErrData
	}
	if err := z.lengths(z.lens[:lits+dists]); err != nil {
		return err
	}
	if z.lens[256] == 0 || !z.dist.build(z.lens[lits:lits+dists], distance) || !z.lit.build(z.lens[:lits], literal) {
		return ErrData
	}
	return nil
}

// lengths reads run-length coded code lengths.
func (z *Reader) lengths(lens []uint8) error {
	for i := 0; i < len(lens); {
		e := uint32(0)
		for {
			if e = z.lit.table[z.acc&(1<<litBits-1)]; e != 0 && uint(e&entryUsed) <= z.n {
				break
			}
			if z.n >= 7 {
				return ErrData
			}
			if err := z.need(z.n + 1); err != nil {
				return err
			}
		}
		z.acc >>= e & entryUsed
		z.n -= uint(e & entryUsed)
		symbol := e >> 16
		if symbol < 16 {
			lens[i] = uint8(symbol)
			i++
			continue
		}
		extra, least := [3]uint{2, 3, 7}[symbol-16], [3]uint32{3, 3, 11}[symbol-16]
		n, err := z.take(extra)
		if err != nil {
			return err
		}
		value := uint8(0)
		if symbol == 16 {
			if i == 0 {
				return ErrData
			}
			value = lens[i-1]
		}
		if n += least; int(n) > len(lens)-i {
			return ErrData
		}
		for range n {
			lens[i] = value
			i++
		}
	}
	return nil
}

// symbols decodes a block, until it ends or the window is full.
func (z *Reader) symbols() error {
	for z.out <= windowSize-room {
		for z.inErr == nil && z.end-z.p < slack {
			_ = z.more() // told when it is missed
		}
		limit, before := z.end-slack, z.out
		if z.inErr != nil && limit < z.p {
			limit = z.p // step by step
		}
		ended, ok := z.run(limit)
		if int64(z.p)*8-int64(z.n) > int64(z.end)*8 {
			// The last step took zeros from behind the input.
			z.out = before
			return z.short()
		}
		if !ok {
			return ErrData
		}
		if ended {
			// Bits behind the input are not there.
			if z.p > z.end {
				z.n -= uint(z.p-z.end) * 8
				z.acc &= 1<<z.n - 1
				z.p = z.end
			}
			z.state = (*Reader).block
			return nil
		}
	}
	return nil
}

// run decodes symbols, in steps that begin at limit of the input at most, while there
// is room. It reports whether the block has ended, and false when the bits make no
// sense.
func (z *Reader) run(limit int) (ended, ok bool) {
	var (
		in, win = &z.in, &z.win
		acc, n  = z.acc, z.n
		p, out  = z.p, z.out
		lit     = &z.lit.table
		dist    = &z.dist.table
		e       uint32
	)
	for p <= limit && out <= windowSize-room {
		acc |= binary.LittleEndian.Uint64(in[p:]) << (n & 63)
		p += int(63-n) >> 3
		n |= 56
		e = lit[acc&(1<<litBits-1)]
		if e&entryLiteral != 0 {
			acc >>= e & entryUsed
			n -= uint(e & entryUsed)
			win[out] = byte(e >> 16)
			out++
			e = lit[acc&(1<<litBits-1)]
			if e&entryLiteral != 0 {
				acc >>= e & entryUsed
				n -= uint(e & entryUsed)
				win[out] = byte(e >> 16)
				out++
				e = lit[acc&(1<<litBits-1)]
				if e&entryLiteral != 0 {
					acc >>= e & entryUsed
					n -= uint(e & entryUsed)
					win[out] = byte(e >> 16)
					out++
					continue
				}
			}
		}
		// At least 56 − 22 bits are left.
		if e&entryOther != 0 {
			if e>>16 == 0 {
				acc >>= e & entryUsed
				n -= uint(e & entryUsed)
				ended = true
				break
			}
			acc >>= litBits
			n -= litBits
			e = lit[(e>>16+uint32(acc)&(1<<(e>>8&31)-1))&4095]
			if e&entryLiteral != 0 {
				acc >>= e & entryUsed
				n -= uint(e & entryUsed)
				win[out] = byte(e >> 16)
				out++
				continue
			}
			if e&entryOther != 0 {
				acc >>= e & entryUsed
				n -= uint(e & entryUsed)
				ended = true
				break
			}
		}
		if e == 0 {
			return false, false
		}
		length := int(e>>16) + int(acc&(1<<(e&entryUsed)-1)>>(e>>8&31))
		acc >>= e & entryUsed
		n -= uint(e & entryUsed)

		acc |= binary.LittleEndian.Uint64(in[p:]) << (n & 63)
		p += int(63-n) >> 3
		n |= 56
		e = dist[acc&(1<<distBits-1)]
		if e&entryOther != 0 {
			acc >>= distBits
			n -= distBits
			e = dist[(e>>16+uint32(acc)&(1<<(e>>8&31)-1))&4095]
		}
		if e == 0 {
			return false, false
		}
		far := int(e>>16) + int(acc&(1<<(e&entryUsed)-1)>>(e>>8&31))
		acc >>= e & entryUsed
		n -= uint(e & entryUsed)
		if far > out-z.from {
			return false, false
		}
		from := out - far
		if far >= 16 {
			// Up to fifteen bytes too many, which what follows overwrites.
			for end := out + length; ; {
				*(*[16]byte)(win[out:]) = *(*[16]byte)(win[from:])
				if out += 16; out >= end {
					out = end
					break
				}
				from += 16
			}
			continue
		}
		if far >= 8 {
			for end := out + length; ; {
				binary.LittleEndian.PutUint64(win[out:], binary.LittleEndian.Uint64(win[from:]))
				if out += 8; out >= end {
					out = end
					break
				}
				from += 8
			}
			continue
		}
		for end := out + length; out < end; out++ {
			win[out] = win[from]
			from++
		}
	}
	z.acc, z.n, z.p, z.out = acc, n, p, out
	return ended, true
}
