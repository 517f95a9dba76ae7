package jpeg

// anchor is a place in a scan from which its decoding can go on.
type anchor struct {
	// pos is the place in the file, in bits: eight times the offset of a byte and
	// the number of its bits that are done.
	pos uint64
	// pred are the DC predictors of the components.
	pred [4]int16
}

// band is the part of an index for some rows of MCUs. Its anchors stand before
// every stepX-th MCU of a row and, when stepY is above 1, only in every stepY-th
// row.
type band struct {
	stepX, stepY int
	perRow       int
	anchors      []anchor
	// end stands behind the last MCU: before the restart marker, if one is there.
	end anchor
}

// bandGrid is how the MCUs of an image are divided into bands.
type bandGrid struct {
	cols, rows int // MCUs
	n          int // components
	restart    int
	bandRows   int // rows of MCUs per band
}

const (
	// leastBandRows and leastBandMCUs say what a band has at least: its place in
	// the directory and its first anchor must not weigh more than the data.
	leastBandRows = 32
	leastBandMCUs = 16384
	// anchorShare is the part of the data that anchors may take: one in 100.
	anchorShare = 100
	// anchorReach is the least distance of two anchors in bytes of data. Walking
	// over that takes three microseconds.
	anchorReach = 512
)

// newGrid chooses the bands for an image.
func newGrid(f *frame) bandGrid {
	g := bandGrid{cols: f.cols, rows: f.rows, n: f.n, restart: f.restart, bandRows: leastBandRows}
	for g.bandRows < g.rows && g.bandRows*g.cols < leastBandMCUs {
		g.bandRows *= 2
	}
	return g
}

func (g *bandGrid) count() int { return ceilDiv(g.rows, g.bandRows) }

// rowsOf returns the rows of MCUs of band i: the first, and how many.
func (g *bandGrid) rowsOf(i int) (first, n int) {
	return i * g.bandRows, min(g.bandRows, g.rows-i*g.bandRows)
}

// restarts reports whether a restart interval begins with the MCU of that number.
func (g *bandGrid) restarts(mcu int) bool { return g.restart > 0 && mcu%g.restart == 0 }

// thin returns b with every kx-th anchor of a row, of every ky-th row.
func (g *bandGrid) thin(b *band, kx, ky int) band {
	t := band{stepX: b.stepX * kx, stepY: b.stepY * ky, end: b.end}
	t.perRow = ceilDiv(b.perRow, kx)
	rows := len(b.anchors) / b.perRow
	t.anchors = make([]anchor, 0, t.perRow*ceilDiv(rows, ky))
	for y := 0; y < rows; y += ky {
		for x := 0; x < b.perRow; x += kx {
			t.anchors = append(t.anchors, b.anchors[y*b.perRow+x])
		}
	}
	return t
}

// adapt thins b until its coded form is small beside the data that it is about.
func (g *bandGrid) adapt(b *band, firstRow int) band {
	rows := len(b.anchors) / b.perRow
	size := int((b.end.pos - b.anchors[0].pos) >> 3)
	kx, ky := 1, 1
	for kx < b.perRow && len(b.anchors)/kx*anchorReach > size {
		kx *= 2
	}
	for {
		t := g.thin(b, kx, ky)
		coded := g.appendBand(nil, &t, firstRow)
		if len(coded)*anchorShare <= size || kx >= b.perRow && ky >= rows {
			return t
		}
		if kx < b.perRow {
			kx *= 2
		} else {
			ky *= 2
		}
	}
}

// appendBand appends the coded form of b:
//
//	stepX, stepY   numbers
//	anchors        row by row: the distance in bits from the one before, of the
//	               first from the file's beginning; the predictors as signed
//	               differences to it. Where a restart interval begins there are no
//	               predictors, they are zero.
//	end            the same, always with predictors
//
// Numbers are little-endian groups of seven bits, each but the last with the top
// bit set; signed ones have their sign in the lowest bit.
func (g *bandGrid) appendBand(dst []byte, b *band, firstRow int) []byte {
	dst = appendUint(dst, uint64(b.stepX))
	dst = appendUint(dst, uint64(b.stepY))
	var last anchor
	for i := range b.anchors {
		a := &b.anchors[i]
		dst = appendUint(dst, a.pos-last.pos)
		if !g.restarts(b.mcu(g, firstRow, i)) {
			dst = g.appendPred(dst, a, &last)
		}
		last = *a
	}
	dst = appendUint(dst, b.end.pos-last.pos)
	return g.appendPred(dst, &b.end, &last)
}

func (g *bandGrid) appendPred(dst []byte, a, last *anchor) []byte {
	for c := range g.n {
		d := int64(a.pred[c]) - int64(last.pred[c])
		dst = appendUint(dst, uint64(d<<1)^uint64(d>>63))
	}
	return dst
}

// mcu returns the number in the scan of the MCU at anchor i; firstRow is the
// band's first row.
func (b *band) mcu(g *bandGrid, firstRow, i int) int {
	return (firstRow+i/b.perRow*b.stepY)*g.cols + i%b.perRow*b.stepX
}

// parseBand reads a coded band of the given rows. It reports false for what
// appendBand cannot have written.
func (g *bandGrid) parseBand(p []byte, firstRow, rows int) (band, bool) {
	in := numbers{p: p}
	x, y := in.number(), in.number()
	if in.bad || x < 1 || y < 1 || x > 1<<20 || y > 1<<20 || y > 1 && int(x) < g.cols {
		return band{}, false
	}
	b := band{stepX: int(x), stepY: int(y), perRow: ceilDiv(g.cols, int(x))}
	n := b.perRow * ceilDiv(rows, b.stepY)
	if n > len(p) { // each takes a byte at least
		return band{}, false
	}
	b.anchors = make([]anchor, n)
	var last anchor
	lastMCU := firstRow * g.cols
	for i := range b.anchors {
		mcu := b.mcu(g, firstRow, i)
		far := g.reach(mcu - lastMCU)
		if i == 0 {
			far = 1 << 60
		}
		if !in.anchor(g.n, &last, far, !g.restarts(mcu)) {
			return band{}, false
		}
		b.anchors[i], lastMCU = last, mcu
	}
	if !in.anchor(g.n, &last, g.reach((firstRow+rows)*g.cols-lastMCU), true) || len(in.p) > 0 {
		return band{}, false
	}
	b.end = last
	return b, true
}

// reach returns the most bits that n MCUs take in a file: 31 for each
// coefficient, all bytes stuffed, and as many restart markers with fill bytes.
func (g *bandGrid) reach(n int) uint64 {
	return uint64(n) * (maxBlocks*512 + 2*maxFill) * 8
}

// numbers reads what appendUint wrote.
type numbers struct {
	p   []byte
	bad bool
}

func (n *numbers) number() uint64 {
	var v uint64
	for shift := uint(0); shift < 63 && len(n.p) > 0; shift += 7 {
		c := n.p[0]
		n.p = n.p[1:]
		v |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return v
		}
	}
	n.bad = true
	return 0
}

// anchor reads the anchor behind last into last.
func (n *numbers) anchor(comps int, last *anchor, far uint64, preds bool) bool {
	d := n.number()
	if d > far {
		return false
	}
	last.pos += d
	if !preds {
		last.pred = [4]int16{}
		return !n.bad
	}
	for c := range comps {
		v := n.number()
		p := int64(last.pred[c]) + (int64(v>>1) ^ -int64(v&1))
		if v > 1<<18 || p != int64(int16(p)) {
			return false
		}
		last.pred[c] = int16(p)
	}
	return !n.bad
}

func appendUint(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}
