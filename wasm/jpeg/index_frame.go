package jpeg

import (
	"bytes"
	"image"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// topCategory is the largest category of a DC difference that 8-bit samples
// need, T.81 table F.1.
const topCategory = 11

// frame is the head of a sequential JPEG whose data are one scan, in the form
// that tiles are cut with.
type frame struct {
	walker
	header        Header
	width, height int
	n             int // components
	mcu           image.Point
	cols, rows    int // MCUs
	restart       int // MCUs between restart markers, 0 for none

	// source is the head, from the SOI marker to the scan header, written anew
	// with only what matters: JFIF, Adobe, tables, frame. A frame can be made
	// from it alone.
	source []byte
	// out is the head of tiles: source without restart interval, with DC tables
	// that have a code for every difference. The ICC profile belongs at iccAt, the
	// dimensions at sizeAt.
	out           []byte
	iccAt, sizeAt int
	codes         [4]*encTable // DC codes of tiles, by component
	// recode says that DC codes are others in tiles than in the source, because
	// one of its tables had no place for more codes.
	recode bool
}

// newFrame completes the header that d has read up to its first scan. app0 is
// the content of the JFIF segment, nil when there is none. It leaves d in front
// of the entropy-coded data.
func newFrame(d *decoder, app0 []byte) (*frame, error) {
	h := &d.h
	f := &frame{header: *h, width: h.Width, height: h.Height, n: h.Components, restart: h.RestartInterval}
	p, err := d.segment()
	switch {
	case err != nil:
		return nil, err
	case h.Progressive:
		return nil, d.unsupported("a progressive JPEG has no index")
	case len(p) < 4 || len(p) < 4+2*int(p[0]):
		return nil, d.corrupt("bad scan header")
	case int(p[0]) != f.n:
		return nil, d.unsupported("a JPEG with several scans has no index")
	}
	hmax, vmax := h.maxSampling()
	f.mcu = image.Pt(8*hmax, 8*vmax)
	f.cols, f.rows = ceilDiv(f.width, f.mcu.X), ceilDiv(f.height, f.mcu.Y)
	var tables [4]byte
	for i := range f.n {
		if p[1+2*i] != d.ids[i] {
			return nil, d.unsupported("the components of this JPEG are not in order")
		}
		tables[i] = p[2+2*i]
		if tables[i]>>4 > 3 || tables[i]&15 > 3 {
			return nil, d.corrupt("a scan names what does not exist")
		}
		if !d.known[d.tq[i]] {
			return nil, d.corrupt("a quantization table is missing")
		}
		for range h.sampling[i][0] * h.sampling[i][1] {
			if f.blocks == maxBlocks {
				return nil, d.unsupported("this JPEG has too many blocks per unit")
			}
			f.order[f.blocks] = byte(i)
			f.blocks++
		}
	}
	if err := f.tables(d, tables); err != nil {
		return nil, err
	}
	f.heads(d, app0, tables)
	return f, nil
}

// tables makes the tables to walk with.
func (f *frame) tables(d *decoder, ids [4]byte) error {
	for i := range f.n {
		var err error
		if f.dc[i], err = d.table(0, ids[i]>>4); err != nil {
			return err
		}
		for j := range i {
			if ids[j]&15 == ids[i]&15 {
				f.ac[i] = f.ac[j]
			}
		}
		if f.ac[i] == nil {
			h, err := d.table(1, ids[i]&15)
			if err != nil {
				return err
			}
			f.ac[i] = newSkipTable(h)
		}
	}
	return nil
}

// heads writes the heads of the source and of tiles.
func (f *frame) heads(d *decoder, app0 []byte, tables [4]byte) {
	b := []byte{0xFF, markSOI}
	if app0 == nil && !d.h.Adobe && (d.h.Model == pixel.Gray || d.h.Model == pixel.YCbCr) {
		// Cameras write Exif instead. Nothing else changes by saying JFIF.
		app0 = []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
	}
	if app0 != nil {
		b = appendSegment(b, markAPP0, app0)
	}
	if d.h.Adobe {
		b = appendAdobe(b, d.h.Transform)
	}
	f.iccAt = len(b)

	mark := byte(markSOF0)
	var quant, dc, ac [4]bool
	for i := range f.n {
		quant[d.tq[i]], dc[tables[i]>>4], ac[tables[i]&15] = true, true, true
		if tables[i]>>4 > 1 || tables[i]&15 > 1 {
			mark = markSOF1
		}
	}
	for id, used := range quant {
		if used {
			var p []byte
			if p = quantContent(byte(id), &d.quant[id]); p[0] > 15 {
				mark = markSOF1
			}
			b = appendSegment(b, markDQT, p)
		}
	}
	f.sizeAt = len(b) + 5
	p := []byte{8, byte(f.height >> 8), byte(f.height), byte(f.width >> 8), byte(f.width), byte(f.n)}
	scan := []byte{byte(f.n)}
	for i := range f.n {
		p = append(p, d.ids[i], byte(d.h.sampling[i][0]<<4|d.h.sampling[i][1]), d.tq[i])
		scan = append(scan, d.ids[i], tables[i])
	}
	b = appendSegment(b, mark, p)
	f.out = bytes.Clone(b)
	for id := range 4 {
		if dc[id] {
			spec := &d.huff[0][id]
			b = appendHuffman(b, byte(id), &spec.counts, spec.symbols[:])
			codes, moved := completeDC(spec)
			f.out = appendHuffman(f.out, byte(id), &codes.counts, codes.symbols)
			for i := range f.n {
				if int(tables[i]>>4) == id {
					f.codes[i] = codes
				}
			}
			f.recode = f.recode || moved
		}
		if ac[id] {
			spec := &d.huff[1][id]
			b = appendHuffman(b, byte(0x10|id), &spec.counts, spec.symbols[:])
			f.out = appendHuffman(f.out, byte(0x10|id), &spec.counts, spec.symbols[:])
		}
	}
	if f.restart > 0 {
		b = appendSegment(b, markDRI, []byte{byte(f.restart >> 8), byte(f.restart)})
	}
	scan = append(scan, 0, 63, 0)
	f.source = appendSegment(b, markSOS, scan)
	f.out = appendSegment(f.out, markSOS, scan)
}

// completeDC returns the DC codes of spec and behind them one of 16 bits for
// every category that is missing: cutting changes differences, and tables made
// for one image have no more codes than that needed. When there is no room for
// more, it returns the typical table and true.
func completeDC(spec *huffSpec) (codes *encTable, moved bool) {
	counts, used := spec.counts, 0
	n := 0
	for i, c := range counts {
		used += int(c) << (15 - i)
		n += int(c)
	}
	symbols := bytes.Clone(spec.symbols[:n])
	missing := 0
	for s := range byte(topCategory + 1) {
		if bytes.IndexByte(spec.symbols[:n], s) < 0 {
			symbols = append(symbols, s)
			missing++
		}
	}
	// The code of ones only must stay free, T.81 annex C.
	if missing > 0 && (used+missing > 0xFFFF || int(counts[15])+missing > 255) {
		std := &typicalTables[0][0]
		return newEncTable(std.counts, []byte(std.symbols)), true
	}
	counts[15] += byte(missing)
	return newEncTable(counts, symbols), false
}

// quantContent returns the content of a DQT segment for one table.
func quantContent(id byte, table *[64]uint16) []byte {
	wide := false
	for _, v := range table {
		wide = wide || v > 255
	}
	p := make([]byte, 0, 129)
	if wide {
		id |= 0x10
	}
	p = append(p, id)
	for _, at := range zigzag {
		if wide {
			p = append(p, byte(table[at]>>8))
		}
		p = append(p, byte(table[at]))
	}
	return p
}

func appendSegment(b []byte, mark byte, content []byte) []byte {
	n := len(content) + 2
	return append(append(b, 0xFF, mark, byte(n>>8), byte(n)), content...)
}

// appendAdobe appends the APP14 segment that states a colour transform (Adobe
// Technical Note 5116 §18).
func appendAdobe(b []byte, transform byte) []byte {
	return append(b, 0xFF, markAPP0+14, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform)
}

func appendHuffman(b []byte, id byte, counts *[16]byte, symbols []byte) []byte {
	n := 0
	for _, c := range counts {
		n += int(c)
	}
	p := append(append([]byte{id}, counts[:]...), symbols[:n]...)
	return appendSegment(b, markDHT, p)
}

// parseFrame makes the frame of a head that a frame wrote.
func parseFrame(op string, source []byte) (*frame, error) {
	d := newDecoder(bytes.NewReader(source), op)
	defer d.close()
	if err := d.readHeader(); err != nil {
		return nil, err
	}
	app0, _ := findJFIF(source)
	f, err := newFrame(d, app0)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(f.source, source) {
		return nil, fault.E(op, fault.Corrupt, errIndex)
	}
	return f, nil
}
