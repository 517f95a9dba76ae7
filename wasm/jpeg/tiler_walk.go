package jpeg

// plannedBlock is a block of the coding unit.
type plannedBlock struct {
	comp   int
	offset int // of its samples from those of the unit
	dc     int // the same in the row of DC values
}

// tilerComp is a component of the image that is cut.
type tilerComp struct {
	h, v       int // blocks per unit
	cols, rows int // blocks that hold image
	dc         *huffTable
	ac         *pairTable
	end        uint32 // code<<8 | length of the end of a block, 0 for none
	quant      *[64]uint16

	pix    []byte // samples at half size, from the present row of units on
	stride int
	// means are the DC values of the present row of units: v rows of blocks.
	means []int16
}

// decode decodes n units of a row from column mx on: their samples at half size and
// their DC values. It stops early in front of a unit that begins at limit or
// behind it, and returns how many it did, or false when the bits make no sense.
func (t *Tiler) decode(mx, n int, limit uint64) (done int, ok bool) {
	buf := t.data()
	p := int(t.pos >> 3)
	// acc holds the next bits on top, have of them counted; those below are either
	// zero or what really follows, so that adding them once more does no harm.
	acc, have := be64(buf[p:])<<(t.pos&7), 56-uint(t.pos&7)
	p += 7
	out := &t.batch
	blocks := t.plan[:t.f.blocks]
	for ; done < n; done++ {
		if uint64(p)<<3-uint64(have) >= limit {
			break
		}
		for i := range blocks {
			b := &blocks[i]
			c := &t.comps[b.comp&3]
			acc |= be64(buf[p:]) >> (have & 63)
			p += int((63 - have) >> 3)
			have |= 56
			if done == 0 {
				t.marks[i][0] = uint64(p)<<3 - uint64(have)
			}
			d := c.dc.look[acc>>(64-lookBits)]
			if d&entryValue != 0 {
				acc <<= d & entryBits
				have -= uint(d & entryBits)
				t.pred[b.comp&3] += int32(d) >> 16
			} else {
				symbol, size := byte(d>>8), uint(d&entryBits)
				if d == 0 {
					if symbol, size = c.dc.long(int32(acc >> 48)); size == 0 {
						return done, false
					}
				}
				width := uint(symbol)
				t.pred[b.comp&3] += extend(int32(acc<<size>>(64-width)), width)
				acc <<= size + width
				have -= size + width
			}
			if done == 0 {
				t.marks[i][1] = uint64(p)<<3 - uint64(have)
			}
			pred := t.pred[b.comp&3]
			c.means[b.dc+(mx+done)*c.h] = int16(pred)

			blk := out.block()
			look, places := &c.ac.look, &c.ac.places
			var k uint = 1
			var e uint64
			for {
				// At least 56 bits, and one entry takes at most eleven.
				acc |= be64(buf[p:]) >> (have & 63)
				p += int((63 - have) >> 3)
				have |= 56
				e = look[acc>>(64-pairBits)]
				acc <<= e & 63
				have -= uint(e & 63)
				at := places[(k+uint(e>>8&0xFF))&255]
				k += uint(e >> 16 & 0xFFFF)
				blk[places[k&255]&63] = int16(e >> 48)
				blk[at&63] = int16(e >> 32)
				if k >= 64 {
					if k == 64 || k-(pairEOB+1) <= 62 {
						break
					}
				} else {
					e = look[acc>>(64-pairBits)]
					acc <<= e & 63
					have -= uint(e & 63)
					at = places[(k+uint(e>>8&0xFF))&255]
					k += uint(e >> 16 & 0xFFFF)
					blk[places[k&255]&63] = int16(e >> 48)
					blk[at&63] = int16(e >> 32)
					if k < 64 {
						continue
					}
					if k == 64 || k-(pairEOB+1) <= 62 {
						break
					}
				}
				// The last entry held a long code, or ran on into the next block.
				k -= uint(e >> 16 & 0xFFFF)
				pos := uint64(p)<<3 - uint64(have) - e&63
				if pos, k, ok = c.ac.one(buf, pos, k, blk); !ok {
					return done, false
				}
				p = int(pos >> 3)
				acc, have = be64(buf[p:])<<(pos&7), 56-uint(pos&7)
				p += 7
				if k >= 64 {
					break
				}
			}
			if c.pix == nil {
				*blk = [64]int16{}
				continue
			}
			dst := c.pix[b.offset+(mx+done)*4*c.h:]
			if k == pairEOB+1 {
				paint(dst, c.stride, 4, flat(pred, c.quant))
				continue
			}
			blk[0] = int16(pred)
			out.add(c.quant, dst, c.stride, 63)
		}
	}
	out.flush()
	t.pos = uint64(p)<<3 - uint64(have)
	return done, true
}

// one decodes one AC code at bit pos, that of the k-th coefficient, and returns the
// places behind it: as in a pairTable, above 64 when the block ended before.
func (t *pairTable) one(buf []byte, pos uint64, k uint, blk *[64]int16) (uint64, uint, bool) {
	x := be64(buf[pos>>3:]) << (pos & 7)
	symbol, size := t.huff.long(int32(x >> 48))
	if size == 0 {
		return pos, k, false
	}
	pos += uint64(size)
	width := uint(symbol & 15)
	if width == 0 && symbol != 0xF0 {
		return pos, k + pairEOB, true
	}
	if k += uint(symbol >> 4); k > 63 {
		return pos, k, false
	}
	if width > 0 {
		blk[zigzag[k]&63] = int16(extend(int32(x<<size>>(64-width)), width))
	}
	return pos + uint64(width), k + 1, true
}
