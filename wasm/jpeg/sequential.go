package jpeg

// sequential decodes a scan of a sequential image, straight to samples.
func (d *decoder) sequential(sc *scan) error {
	t := batch{size: d.l.size}
	final := d.complete()
	d.skipTables(sc)
	for my := range sc.rows {
		t.flush() // before planes grow
		if my == sc.want.Max.Y {
			if final {
				return nil
			}
			return d.skipScan()
		}
		inRow := my >= sc.want.Min.Y
		for i := range sc.n {
			if c := sc.comps[i]; inRow {
				c.grow(((my+1)*sc.v[i] - c.want.Min.Y) * d.l.size)
			}
		}
		for mx := range sc.cols {
			if final && mx == sc.want.Max.X && my == sc.want.Max.Y-1 {
				t.flush()
				return nil
			}
			if d.h.RestartInterval > 0 {
				if sc.left == 0 {
					if err := d.restart(sc); err != nil {
						return err
					}
				}
				sc.left--
			}
			wanted := inRow && mx >= sc.want.Min.X && mx < sc.want.Max.X
			if !sc.lost {
				if d.mcu(sc, mx, my, wanted, &t) && !d.overrun() {
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
			if wanted {
				t.flush() // it may hold blocks of this MCU
				d.blank(sc, mx, my)
			}
		}
	}
	t.flush()
	return nil
}

// mcu decodes one MCU and computes its samples if they are wanted. It reports
// false when the bits make no sense. Samples may wait in t.
func (d *decoder) mcu(sc *scan, mx, my int, wanted bool, t *batch) bool {
	size := d.l.size
	for i := range sc.n {
		c := sc.comps[i]
		dc, ac := sc.dc[i], sc.ac[i]
		for v := range sc.v[i] {
			for h := range sc.h[i] {
				if !wanted || size == 1 {
					diff, ok := skipBlock(&d.stream, dc, ac, sc.skip[i])
					if !ok {
						return false
					}
					c.pred += diff
					if wanted {
						c.at(mx*sc.h[i]+h, my*sc.v[i]+v, 1)[0] = flat(c.pred, &c.quant)
					}
					continue
				}
				if d.l.lowPass {
					var low [8]int16
					if !lowBlock(&d.stream, dc, ac, sc.skip[i], &low) {
						return false
					}
					c.pred += int32(low[0])
					low2(&low, c.pred, &c.quant, c.at(mx*sc.h[i]+h, my*sc.v[i]+v, size), c.stride)
					continue
				}
				blk := t.block()
				last := decodeBlock(&d.stream, dc, ac, blk)
				if last < 0 {
					*blk = [64]int16{}
					return false
				}
				c.pred += int32(blk[0])
				dst := c.at(mx*sc.h[i]+h, my*sc.v[i]+v, size)
				if last == 0 {
					blk[0] = 0
					paint(dst, c.stride, size, flat(c.pred, &c.quant))
					continue
				}
				blk[0] = int16(c.pred)
				if size >= 4 {
					t.add(&c.quant, dst, c.stride, last)
					continue
				}
				inverse(size, blk, &c.quant, dst, c.stride)
				*blk = [64]int16{}
			}
		}
	}
	return true
}

// blank paints an MCU that is lost.
func (d *decoder) blank(sc *scan, mx, my int) {
	for i := range sc.n {
		c := sc.comps[i]
		for v := range sc.v[i] {
			for h := range sc.h[i] {
				paint(c.at(mx*sc.h[i]+h, my*sc.v[i]+v, d.l.size), c.stride, d.l.size, 128)
			}
		}
	}
}

// inverse computes 2 × 2 samples or one of a block that has AC coefficients.
func inverse(size int, blk *[64]int16, quant *[64]uint16, dst []byte, stride int) {
	if size == 2 {
		idct2(blk, quant, dst, stride)
	} else {
		dst[0] = flat(int32(blk[0]), quant)
	}
}

// paint sets size × size samples.
func paint(dst []byte, stride, size int, v byte) {
	for range size {
		row := dst[:size]
		for i := range row {
			row[i] = v
		}
		dst = dst[min(stride, len(dst)):]
	}
}
