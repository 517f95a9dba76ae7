package jpeg

import "math/bits"

// progScan is a scan of a progressive file, T.81 §G.1.1: a band of zigzag places
// of one component, or the DC coefficients of all, down to a bit.
type progScan struct {
	comp        int // -1: all
	first, last int
	high, low   uint // the lowest bit sent before, 0 for none, and now
}

// allComponents is the comp of a scan that has every component.
const allComponents = -1

// progScript returns the scans that the Independent JPEG Group's encoder makes: a
// picture that can be shown comes first, most of chroma before the finest luma.
func progScript(components int) []progScan {
	script := []progScan{{allComponents, 0, 0, 0, 1}, {0, 1, 5, 0, 2}}
	for i := components - 1; i > 0; i-- {
		script = append(script, progScan{i, 1, 63, 0, 1})
	}
	script = append(script, progScan{0, 6, 63, 0, 2}, progScan{0, 1, 63, 2, 1}, progScan{allComponents, 0, 0, 1, 0})
	for i := components - 1; i >= 0; i-- {
		script = append(script, progScan{i, 1, 63, 1, 0})
	}
	return script
}

// coefBlock is a block that waits for its scans: coefficients in zigzag order and
// which of them are not zero.
type coefBlock struct {
	coef    [64]int16
	nonzero uint64
}

// progressive appends frame, scans and the end of the image. All coefficients are
// held meanwhile.
func (e *encoder) progressive() {
	hmax, vmax := e.maxSampling()
	cols, rows := ceilDiv(e.width, 8*hmax), ceilDiv(e.height, 8*vmax)
	for i := range e.comps {
		c := &e.comps[i]
		c.padded = cols * c.h
		c.coefs = make([]coefBlock, c.padded*rows*c.v)
	}
	e.hold = true
	e.blocks()
	e.hold = false
	e.frame(markSOF2)
	for _, s := range progScript(len(e.comps)) {
		if e.err != nil {
			return
		}
		e.scan(s)
	}
	e.buf = append(e.buf, 0xFF, markEOI)
	e.flush()
}

// scan appends one scan, with the Huffman tables that fit it best.
func (e *encoder) scan(s progScan) {
	comps, class := e.comps, 0
	if s.comp != allComponents {
		comps, class = e.comps[s.comp:s.comp+1], 1
	}
	// Once to count the symbols, once to write them.
	var counts [2]histogram
	w := &progWriter{bitWriter: &e.bitWriter, progScan: s, count: &counts}
	w.run(e, comps)
	w.count = nil
	for kind := range counts {
		if counts[kind] == (histogram{}) {
			continue // of no component here, or bits without codes
		}
		w.tables[kind] = counts[kind].table()
		e.huffman(class, kind, w.tables[kind])
	}
	header := []byte{byte(len(comps))}
	for i := range comps {
		tables := byte(comps[i].kind << 4 >> (4 * class))
		if class == 0 && s.high > 0 {
			tables = 0 // none are used
		}
		header = append(header, comps[i].id, tables)
	}
	e.segment(markSOS, header, []byte{byte(s.first), byte(s.last), byte(s.high<<4 | s.low)})
	w.run(e, comps)
	e.finish()
}

// progWriter codes the blocks of a scan.
type progWriter struct {
	*bitWriter
	progScan
	count  *[2]histogram // counts symbols instead of writing, unless nil
	tables [2]*encTable  // by kind
	kind   int           // of the present component

	waiting int    // blocks without more coefficients that wait to be told of
	pending []byte // bits that correct coefficients in those blocks
	fixes   []byte // the same of the present block
}

const (
	// maxRun is the longest run of blocks that has a code, T.81 §G.1.2.2.
	maxRun = 1<<15 - 1
	// maxPending bounds the correcting bits that wait: as in the Independent JPEG
	// Group's encoder, so that the same coefficients give the same file.
	maxPending = 1000 - 64 + 1
)

// run codes all blocks of the components.
func (w *progWriter) run(e *encoder, comps []encComponent) {
	hmax, vmax := e.maxSampling()
	if w.comp == allComponents {
		for i := range comps {
			comps[i].pred = 0
		}
		for my := range ceilDiv(e.height, 8*vmax) {
			for mx := range ceilDiv(e.width, 8*hmax) {
				for i := range comps {
					c := &comps[i]
					w.kind = c.kind
					for v := range c.v {
						for h := range c.h {
							w.dc(c, &c.coefs[(my*c.v+v)*c.padded+mx*c.h+h])
						}
					}
				}
			}
		}
		return
	}
	c := &comps[0]
	w.kind = c.kind
	// A lone component comes without the blocks that fill MCUs up.
	for y := range ceilDiv(c.plane.Height, 8) {
		for x := range ceilDiv(c.plane.Width, 8) {
			b := &c.coefs[y*c.padded+x]
			if w.high == 0 {
				w.begin(b)
			} else {
				w.refine(b)
			}
		}
	}
	w.endRun()
}

// dc codes a DC coefficient, §G.1.2.1.
func (w *progWriter) dc(c *encComponent, b *coefBlock) {
	v := int32(b.coef[0]) >> w.low
	if w.high > 0 {
		w.bits(uint32(v)&1, 1)
		return
	}
	size, tail := magnitude(v - c.pred)
	c.pred = v
	w.symbol(byte(size), tail, int(size))
}

// band returns which coefficients of a block the scan is about.
func (w *progWriter) band(b *coefBlock) uint64 {
	return b.nonzero & (^uint64(0) << w.first) & (^uint64(0) >> (63 - w.last))
}

// begin codes the first bits of a band, §G.1.2.2.
func (w *progWriter) begin(b *coefBlock) {
	done := w.first - 1
	for rest := w.band(b); rest != 0; rest &= rest - 1 {
		k := bits.TrailingZeros64(rest)
		v := int32(b.coef[k])
		size, _ := magnitude(v)
		if size <= w.low {
			continue // no bit of it is sent yet
		}
		w.endRun()
		zeros := k - done - 1
		for ; zeros > 15; zeros -= 16 {
			w.symbol(0xF0, 0, 0)
		}
		// Divided, not shifted: both signs lose the same bits.
		sign := v >> 31
		size, tail := magnitude((v^sign-sign)>>w.low ^ sign - sign)
		w.symbol(byte(zeros<<4|int(size)), tail, int(size))
		done = k
	}
	if done < w.last {
		w.waiting++
		if w.waiting == maxRun {
			w.endRun()
		}
	}
}

// refine codes one more bit of a band, §G.1.2.3.
func (w *progWriter) refine(b *coefBlock) {
	band := w.band(b)
	abs := func(k int) int32 {
		v := int32(b.coef[k])
		sign := v >> 31
		return (v ^ sign - sign) >> w.low
	}
	// Behind the last coefficient that is new, the block's end says it all.
	end := 0
	for rest := band; rest != 0; {
		k := 63 - bits.LeadingZeros64(rest)
		if abs(k) == 1 {
			end = k
			break
		}
		rest &^= 1 << k
	}
	w.fixes = w.fixes[:0]
	zeros, done := 0, w.first-1
	for rest := band; rest != 0; rest &= rest - 1 {
		k := bits.TrailingZeros64(rest)
		a := abs(k)
		if a == 0 {
			continue
		}
		zeros += k - done - 1
		done = k
		for ; zeros > 15 && k <= end; zeros -= 16 {
			w.endRun()
			w.symbol(0xF0, 0, 0)
			w.correct(&w.fixes)
		}
		if a > 1 {
			w.fixes = append(w.fixes, byte(a&1))
			continue
		}
		w.endRun()
		w.symbol(byte(zeros<<4|1), uint32(b.coef[k]>>15+1), 1)
		w.correct(&w.fixes)
		zeros = 0
	}
	if zeros+w.last-done > 0 || len(w.fixes) > 0 {
		w.waiting++
		w.pending = append(w.pending, w.fixes...)
		if w.waiting == maxRun || len(w.pending) > maxPending {
			w.endRun()
		}
	}
}

// endRun tells of the blocks that wait, and corrects them.
func (w *progWriter) endRun() {
	if w.waiting == 0 {
		return
	}
	size := bits.Len(uint(w.waiting)) - 1
	w.symbol(byte(size<<4), uint32(w.waiting)&(1<<size-1), size)
	w.waiting = 0
	w.correct(&w.pending)
}

// correct writes the bits in p and empties it.
func (w *progWriter) correct(p *[]byte) {
	for _, bit := range *p {
		w.bits(uint32(bit), 1)
	}
	*p = (*p)[:0]
}

// symbol writes a symbol and n bits behind it, or counts it.
func (w *progWriter) symbol(s byte, tail uint32, n int) {
	if w.count != nil {
		w.count[w.kind][s]++
		return
	}
	e := w.tables[w.kind].code[s]
	w.bits(e>>8, int(e&0xFF))
	w.bits(tail, n)
}

// bits writes n bits, at most 16.
func (w *progWriter) bits(v uint32, n int) {
	if w.count != nil {
		return
	}
	if w.at > rawSize-blockRoom {
		w.spill()
	}
	w.put(v, n)
}
