package jpeg

import "image"

// scan is one scan: its header and the state between two MCUs.
type scan struct {
	n      int
	comps  [4]*component
	dc, ac [4]*huffTable
	skip   [4]*skipTable // of ac, when many blocks are skipped
	h, v   [4]int        // blocks per MCU

	first, last int  // zigzag places, progressive
	low         uint // lowest bit sent
	refine      bool // adds one bit to what is there

	cols, rows int             // MCUs
	want       image.Rectangle // wanted MCUs

	left int  // MCUs until the next restart marker
	next byte // number of the next restart marker
	lost bool // the rest of this interval is damaged
}

// decode decodes the picture.
func (d *decoder) decode(l layout) error {
	err := d.decodeScans(l)
	if err == nil && d.h.Progressive {
		d.reconstruct()
	}
	return err
}

// decodeScans decodes scans until the picture is complete: to samples, or to
// coefficients when it is progressive.
func (d *decoder) decodeScans(l layout) error {
	d.l = l
	d.comps = newComponents(&d.h, &d.l)
	for {
		sc, err := d.readScan()
		if err != nil {
			return err
		}
		switch {
		case !d.h.Progressive:
			err = d.sequential(sc)
		case l.dcOnly && sc.first > 0:
			err = d.skipScan()
		default:
			err = d.progressive(sc)
		}
		if err != nil {
			return err
		}
		if d.complete() {
			break
		}
		d.align()
		mark, err := d.segments()
		if err != nil {
			return err
		}
		if mark == markEOI {
			// A progressive file may leave detail out, but not a component.
			for i := range d.comps {
				if d.comps[i].low[0] < 0 {
					return d.corrupt("a component is missing")
				}
			}
			break
		}
	}
	return nil
}

// complete reports whether no later scan can add anything that is wanted.
func (d *decoder) complete() bool {
	for i := range d.comps {
		for k, low := range d.comps[i].low {
			if low != 0 {
				return false
			}
			if k == 0 && d.l.dcOnly {
				break
			}
		}
	}
	return true
}

// readScan reads a scan header, T.81 §B.2.3, and charges the scan to the file's
// account.
func (d *decoder) readScan() (*scan, error) {
	p, err := d.segment()
	if err != nil {
		return nil, err
	}
	if len(p) < 1 || p[0] < 1 || int(p[0]) > d.h.Components || len(p) < 4+2*int(p[0]) {
		return nil, d.corrupt("bad scan header")
	}
	sc := &d.sc
	*sc = scan{n: int(p[0]), last: 63}
	if d.h.Progressive {
		q := p[1+2*sc.n:]
		sc.first, sc.last = int(q[0]), int(q[1])
		high := uint(q[2] >> 4)
		sc.low, sc.refine = uint(q[2]&15), high > 0
		if sc.first > sc.last || sc.last > 63 || sc.low > 13 || sc.refine && high != sc.low+1 ||
			sc.first == 0 && sc.last != 0 || sc.first > 0 && sc.n != 1 {
			return nil, d.corrupt("bad progressive parameters")
		}
	}
	for i := range sc.n {
		id, tables := p[1+2*i], p[2+2*i]
		c := d.component(id)
		if c == nil || tables>>4 > 3 || tables&15 > 3 {
			return nil, d.corrupt("a scan names what does not exist")
		}
		for _, other := range sc.comps[:i] {
			if other == c {
				return nil, d.corrupt("a scan names a component twice")
			}
		}
		sc.comps[i] = c
		if sc.first == 0 && !sc.refine {
			if sc.dc[i], err = d.table(0, tables>>4); err != nil {
				return nil, err
			}
		}
		if sc.last > 0 && !(d.l.dcOnly && d.h.Progressive) {
			if sc.ac[i], err = d.table(1, tables&15); err != nil {
				return nil, err
			}
		}
		sc.h[i], sc.v[i] = c.h, c.v
		for k := sc.first; k <= sc.last; k++ {
			if !sc.refine || c.low[k] >= 0 {
				c.low[k] = int8(sc.low)
			}
		}
	}
	sc.cols, sc.rows, sc.want = d.l.cols, d.l.rows, d.l.mcu
	if sc.n == 1 {
		// A lone component comes block by block, without those that fill MCUs up.
		c := sc.comps[0]
		sc.h[0], sc.v[0] = 1, 1
		sc.cols, sc.rows = c.cols, c.rows
		sc.want = c.want.Intersect(image.Rect(0, 0, c.cols, c.rows))
	}
	sc.left = d.h.RestartInterval
	d.eobrun = 0
	for i := range d.comps {
		d.comps[i].pred = 0
	}
	return sc, d.charge(sc)
}

// component returns the component with the given identifier, its quantization
// table latched, or nil.
func (d *decoder) component(id byte) *component {
	for i := range d.comps {
		c := &d.comps[i]
		if d.ids[i] != id {
			continue
		}
		if !c.latched {
			if !d.known[d.tq[i]] {
				return nil
			}
			c.quant, c.latched = d.quant[d.tq[i]], true
		}
		return c
	}
	return nil
}

// charge bounds the work that a file may cause by sending scans.
func (d *decoder) charge(sc *scan) error {
	d.scans++
	var blocks int64
	for i := range d.comps {
		blocks += int64(d.comps[i].cols) * int64(d.comps[i].rows)
	}
	for i := range sc.n {
		d.visits += int64(sc.comps[i].cols) * int64(sc.comps[i].rows)
	}
	if d.scans > maxScans || d.visits > maxVisits*blocks {
		return d.corrupt("too many scans")
	}
	return nil
}

// skipScan drops the data of a scan that nothing is wanted of.
func (d *decoder) skipScan() error {
	var blocks int64
	for i := range d.comps {
		blocks += int64(d.comps[i].padded) * int64(d.comps[i].rows+d.comps[i].v)
	}
	// No coefficient takes more than 32 bits, or 8 bytes when all are stuffed.
	if !d.skipData(blocks*64*8 + inputSize) {
		return d.ended()
	}
	return nil
}

// restart takes the restart marker that is due, T.81 §F.1.2.3 and, for files
// that lost one, the resynchronisation that other decoders do.
func (d *decoder) restart(sc *scan) error {
	d.align()
	d.eobrun = 0
	for i := range sc.n {
		sc.comps[i].pred = 0
	}
	want := sc.next
	sc.next = (want + 1) & 7
	sc.left = d.h.RestartInterval
	sc.lost = false
	for {
		mark, ok := d.marker()
		if !ok || !d.spend(2) {
			return d.ended()
		}
		if mark < markSOF0 {
			continue // not a marker that exists here
		}
		if !isRestart(mark) {
			return d.corrupt("the image data end early")
		}
		switch (mark - want) & 7 {
		case 1, 2: // one of the next: this interval is missing
			d.pos -= 2
			sc.lost = true
			return nil
		case 6, 7: // one of the last: the data up to the right one are too many
			continue
		}
		d.overhead -= 2
		return nil
	}
}

// damaged is called when the bits of an interval make no sense or run out. The
// rest of the interval is given up when a restart marker follows.
func (d *decoder) damaged(sc *scan) error {
	if d.err != nil && d.pos == len(d.buf) || d.h.RestartInterval == 0 {
		if d.overrun() {
			return d.ended()
		}
		return d.corrupt("the image data make no sense")
	}
	d.align()
	mark, ok := d.marker()
	if !ok {
		return d.ended()
	}
	if !isRestart(mark) {
		return d.corrupt("the image data end early")
	}
	d.pos -= 2
	sc.lost = true
	return nil
}

// lose counts an MCU that is lost.
func (d *decoder) lose() error {
	d.lost++
	if d.lost > d.good+maxLost {
		return d.corrupt("most of the image data are lost")
	}
	return nil
}
