package jpeg

import "math/bits"

// progressive decodes a scan of a progressive image into coefficients, T.81
// annex G. Only rows of MCUs down to the last wanted one are decoded; those left
// and above of the region are needed too, since later scans depend on them.
func (d *decoder) progressive(sc *scan) error {
	stop := min(sc.rows, sc.want.Max.Y)
	for my := range stop {
		for mx := range sc.cols {
			if d.h.RestartInterval > 0 {
				if sc.left == 0 {
					if err := d.restart(sc); err != nil {
						return err
					}
				}
				sc.left--
			}
			if !sc.lost {
				var ok bool
				switch {
				case sc.first == 0:
					ok = d.dcScan(sc, mx, my)
				case sc.refine:
					ok = d.acRefine(sc, mx, my)
				default:
					ok = d.acFirst(sc, mx, my)
				}
				if ok && !d.overrun() {
					d.good++
					continue
				}
				if err := d.damaged(sc); err != nil {
					return err
				}
			}
			if err := d.lose(); err != nil {
				return err
			}
		}
	}
	if stop < sc.rows {
		return d.skipScan()
	}
	return nil
}

// dcScan decodes one MCU of a DC scan, §G.1.2.1.
func (d *decoder) dcScan(sc *scan, mx, my int) bool {
	for i := range sc.n {
		c := sc.comps[i]
		for v := range sc.v[i] {
			row := c.row(my*sc.v[i] + v)
			for h := range sc.h[i] {
				coef := &row[(mx*sc.h[i]+h)*c.coefPerBlock]
				d.prepare()
				if sc.refine {
					*coef |= int16(d.bits(1) << sc.low)
					continue
				}
				diff, ok := d.dcDiff(sc.dc[i])
				if !ok {
					return false
				}
				c.pred += diff
				*coef = int16(c.pred << sc.low)
			}
		}
	}
	return true
}

// endOfBand starts a run of blocks without more coefficients in the band, the
// present one included.
func (d *decoder) endOfBand(zeros byte) {
	d.eobrun = 1 << zeros
	if zeros > 0 {
		d.eobrun += int(d.bits(uint(zeros)))
	}
}

// acFirst decodes one block of the first scan of a band, §G.1.2.2.
func (d *decoder) acFirst(sc *scan, mx, my int) bool {
	if d.eobrun > 0 {
		d.eobrun--
		return true
	}
	d.prepare()
	table := sc.ac[0]
	c := sc.comps[0]
	blk := (*[64]int16)(c.row(my)[mx*64:])
	nonzero := &c.nonzero[my][mx]
	for k := sc.first; k <= sc.last; k++ {
		if d.n < 32 {
			d.refill()
		}
		e := table.look[d.acc>>(64-lookBits)]
		if e&entryValue != 0 {
			d.acc <<= e & entryBits
			d.n -= uint(e & entryBits)
			if e>>8&0xFF == skipAll {
				return true
			}
			if k += int(e >> 8 & 0xFF); k > sc.last {
				return false
			}
			if v := int16(e>>16) << sc.low; v != 0 {
				blk[zigzag[k]&63] = v
				*nonzero |= 1 << k
			}
			continue
		}
		symbol, ok := d.symbol(table)
		if !ok {
			return false
		}
		zeros, width := symbol>>4, uint(symbol&15)
		if width == 0 && zeros < 15 {
			d.endOfBand(zeros)
			d.eobrun--
			return true
		}
		if k += int(zeros); k > sc.last {
			return false
		}
		if width > 0 {
			blk[zigzag[k]&63] = int16(extend(d.bits(width), width) << sc.low)
			*nonzero |= 1 << k
		}
	}
	return true
}

// acRefine decodes one block of a later scan of a band, §G.1.2.3: one more bit
// for the coefficients that are there, and new ones between them.
func (d *decoder) acRefine(sc *scan, mx, my int) bool {
	c := sc.comps[0]
	if d.eobrun > 0 && c.coef[my] == nil {
		d.eobrun--
		return true
	}
	d.prepare()
	blk := (*[64]int16)(c.row(my)[mx*64:])
	nonzero := &c.nonzero[my][mx]
	one := int16(1) << sc.low
	k := sc.first
	for ; d.eobrun == 0 && k <= sc.last; k++ {
		zeros, value, ok := d.refineSymbol(sc.ac[0], one)
		if !ok {
			return false
		}
		if d.eobrun > 0 {
			break
		}
		k = d.refineRun(blk, *nonzero, k, sc.last, zeros, one)
		if value != 0 {
			if k > sc.last {
				return false
			}
			blk[zigzag[k]&63] = value
			*nonzero |= 1 << k
		}
	}
	if d.eobrun > 0 {
		d.refineRun(blk, *nonzero, k, sc.last, 64, one)
		d.eobrun--
	}
	return true
}

// refineSymbol takes one symbol of a refining scan: the number of zeros to pass
// and the coefficient behind them, or a new end-of-band run.
func (d *decoder) refineSymbol(table *huffTable, one int16) (zeros int, value int16, ok bool) {
	if d.n < 32 {
		d.refill()
	}
	if e := table.look[d.acc>>(64-lookBits)]; e&entryValue != 0 {
		d.acc <<= e & entryBits
		d.n -= uint(e & entryBits)
		zeros = int(e >> 8 & 0xFF)
		if zeros == skipAll {
			d.endOfBand(0)
		}
		value = int16(e>>16) * one
		return zeros, value, value == 0 || value == one || value == -one
	}
	symbol, ok := d.symbol(table)
	if !ok {
		return 0, 0, false
	}
	zeros = int(symbol >> 4)
	switch width := symbol & 15; {
	case width > 1:
		return 0, 0, false
	case width == 1:
		value = -one
		if d.bits(1) == 1 {
			value = one
		}
	case zeros < 15:
		d.endOfBand(byte(zeros))
	}
	return zeros, value, true
}

// refineRun refines the coefficients from zigzag place k on, nonzero by place, and
// stops at the zero after the given number of zeros, whose place it returns.
func (d *decoder) refineRun(blk *[64]int16, nonzero uint64, k, last, zeros int, one int16) int {
	acc, n := d.acc, d.n
	for rest := nonzero >> (k & 63); k <= last; {
		run := bits.TrailingZeros64(rest)
		if zeros < run {
			k += zeros
			break
		}
		if k += run; k > last {
			break
		}
		zeros -= run
		if n == 0 {
			d.acc, d.n = acc, n
			d.refill()
			acc, n = d.acc, d.n
		}
		bit := int64(acc) >> 63
		acc <<= 1
		n--
		coef := &blk[zigzag[k&63]&63]
		if v := *coef; bit != 0 && v&one == 0 {
			*coef = v + (one ^ v>>15 - v>>15) // away from zero
		}
		k++
		rest >>= run + 1
	}
	d.acc, d.n = acc, n
	return min(k, last+1)
}

// reconstruct computes the samples of all wanted blocks from their coefficients.
func (d *decoder) reconstruct() {
	size := d.l.size
	t := batch{size: size}
	for i := range d.comps {
		c := &d.comps[i]
		c.grow(c.lines)
		for by := c.want.Min.Y; by < c.want.Max.Y; by++ {
			row := c.coef[by]
			for bx := c.want.Min.X; bx < c.want.Max.X; bx++ {
				dst := c.at(bx, by, size)
				switch {
				case row == nil:
					paint(dst, c.stride, size, 128)
				case c.coefPerBlock == 1:
					dst[0] = flat(int32(row[bx]), &c.quant)
				default:
					blk := (*[64]int16)(row[bx*64:])
					switch {
					case d.l.lowPass:
						low := [8]int16{1: blk[1], 2: blk[8], 4: blk[9]}
						low2(&low, int32(blk[0]), &c.quant, dst, c.stride)
					case c.nonzero[by][bx] == 0:
						paint(dst, c.stride, size, flat(int32(blk[0]), &c.quant))
					case size >= 4:
						*t.block() = *blk
						t.add(&c.quant, dst, c.stride, 63)
					default:
						inverse(size, blk, &c.quant, dst, c.stride)
					}
				}
			}
			c.coef[by], c.nonzero[by] = nil, nil
		}
	}
	t.flush()
}
