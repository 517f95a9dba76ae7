package jpeg

import (
	"errors"
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// EncodeOptions says how Encode writes. The zero value is the default.
type EncodeOptions struct {
	// Quality is the usual scale from 1 to 100, that of the Independent JPEG
	// Group; 0 means 85, where loss is hard to see at natural size.
	Quality int
	// ICC is the profile to embed, nil for none. At most 4 MiB.
	ICC []byte
	// OptimizeHuffman makes tables that fit the image: four to eight per cent
	// fewer bytes at qualities from 85 to 95, for twice the time. Default: the
	// typical tables.
	OptimizeHuffman bool
	// Progressive writes the picture in ten scans (six for gray), each making it
	// finer, with tables that fit each: about the bytes of OptimizeHuffman or some
	// less for twice its time, and for memory: 2⅛ bytes for each sample of the planes,
	// rounded up to whole MCUs.
	Progressive bool
}

// Encode writes m as a JFIF file, baseline or progressive: a gray image with one
// component, a YCbCr image with three and the chroma subsampling it has. It fails with
// Unsupported for other models, for images with alpha, for more than ten blocks
// per MCU (4 × 4 subsampling) and for dimensions beyond 65535; with Invalid for
// options out of range; and with the kind of the writer's own failure.
func Encode(w io.Writer, m *pixel.Image, o EncodeOptions) error {
	const op = "jpeg.Encode"
	if o.Quality == 0 {
		o.Quality = 85
	}
	if o.Quality < 1 || o.Quality > 100 || len(o.ICC) > maxICC {
		return fault.E(op, fault.Invalid, errors.New("quality must be 1 to 100, the profile at most 4 MiB"))
	}
	switch {
	case m.Model != pixel.Gray && m.Model != pixel.YCbCr:
		return fault.New(op, fault.Unsupported, "JPEG is written from gray or YCbCr only")
	case m.Alpha != nil:
		return fault.New(op, fault.Unsupported, "JPEG has no transparency")
	case m.Width > 65535 || m.Height > 65535:
		return fault.New(op, fault.Unsupported, "the image is too large for JPEG")
	case m.Width < 1 || m.Height < 1 || len(m.Planes) != m.Model.Planes():
		return fault.E(op, fault.Invalid, errors.New("the image has no pixels"))
	}
	e := &encoder{bitWriter: newBitWriter(w)}
	e.width, e.height = m.Width, m.Height
	for i := range m.Planes {
		c := encComponent{plane: &m.Planes[i], id: byte(i + 1), h: 1, v: 1}
		if i == 0 && m.Model == pixel.YCbCr {
			c.h, c.v = m.SubX, m.SubY
		}
		c.kind = min(i, 1)
		e.comps = append(e.comps, c)
	}
	if n := e.comps[0].h * e.comps[0].v; n < 1 || n > 8 {
		return fault.New(op, fault.Unsupported, "this chroma subsampling cannot be written as JPEG")
	}
	for i := range e.quant {
		e.quant[i] = newQuantizer(&typicalQuant[i], o.Quality)
	}
	switch {
	case o.Progressive:
	case o.OptimizeHuffman:
		e.optimize()
	default:
		e.typical()
	}
	e.buf = append(e.buf, 0xFF, markSOI)
	e.segment(markAPP0, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"))
	e.buf = AppendProfile(e.buf, o.ICC)
	e.flush()
	if o.Progressive {
		e.progressive()
	} else {
		e.image()
	}
	if e.err != nil {
		return fault.E(op, fault.KindOf(e.err), e.err)
	}
	return nil
}

// encComponent is a component of the file that is written.
type encComponent struct {
	plane *pixel.Plane
	id    byte
	kind  int // 0 takes the tables for luma, 1 those for chroma
	h, v  int // sampling factors
	pred  int32

	coefs  []coefBlock // held for progressive scans, rows of padded blocks
	padded int
}

// encoder writes one file.
type encoder struct {
	bitWriter
	width, height int
	comps         []encComponent
	quant         [2]*quantizer
	huff          [2][2]*encTable // DC and AC, for luma and chroma
	count         *[2][2]histogram
	hold          bool // blocks are kept in encComponent.coefs
	jobs          [batchSize]encJob
	n             int // jobs that wait
}

// encJob is a block on its way.
type encJob struct {
	c       *encComponent
	at      int    // place in coefs
	src     []byte // nil for a block outside of the plane
	stride  int
	edge    [64]byte // what src is at the plane's edge
	out     [64]int16
	nonzero uint64
}

// typical chooses the Huffman tables of T.81 annex K.3.
func (e *encoder) typical() {
	for class := range e.huff {
		for kind := range e.huff[class] {
			t := &typicalTables[class][kind]
			e.huff[class][kind] = newEncTable(t.counts, []byte(t.symbols))
		}
	}
}

// optimize makes Huffman tables that fit the image.
func (e *encoder) optimize() {
	e.count = new([2][2]histogram)
	e.blocks()
	for class := range e.huff {
		for kind := range e.huff[class] {
			e.huff[class][kind] = e.count[class][kind].table()
		}
	}
	e.count = nil
}

// segment appends a marker segment.
func (e *encoder) segment(mark byte, content ...[]byte) {
	n := 2
	for _, p := range content {
		n += len(p)
	}
	e.buf = append(e.buf, 0xFF, mark, byte(n>>8), byte(n))
	for _, p := range content {
		e.buf = append(e.buf, p...)
	}
}

// frame appends quantization tables and the frame header.
func (e *encoder) frame(mark byte) {
	kinds := 0
	frame := []byte{8, byte(e.height >> 8), byte(e.height), byte(e.width >> 8), byte(e.width), byte(len(e.comps))}
	for i := range e.comps {
		c := &e.comps[i]
		kinds = max(kinds, c.kind+1)
		frame = append(frame, c.id, byte(c.h<<4|c.v), byte(c.kind))
	}
	for i := range kinds {
		e.segment(markDQT, []byte{byte(i)}, e.quant[i].table[:])
	}
	e.segment(mark, frame)
}

// huffman appends a Huffman table.
func (e *encoder) huffman(class, kind int, t *encTable) {
	e.segment(markDHT, []byte{byte(class<<4 | kind)}, t.counts[:], t.symbols)
}

// image appends the tables, the frame, the scan and the end of the image.
func (e *encoder) image() {
	e.frame(markSOF0)
	scan := []byte{byte(len(e.comps))}
	for i := range e.comps {
		scan = append(scan, e.comps[i].id, byte(e.comps[i].kind<<4|e.comps[i].kind))
	}
	for class := range e.huff {
		for kind := range min(len(e.comps), 2) {
			e.huffman(class, kind, e.huff[class][kind])
		}
	}
	e.segment(markSOS, scan, []byte{0, 63, 0})
	e.blocks()
	e.finish()
	e.buf = append(e.buf, 0xFF, markEOI)
	e.flush()
}

// maxSampling returns the largest sampling factors.
func (e *encoder) maxSampling() (hmax, vmax int) {
	for i := range e.comps {
		hmax, vmax = max(hmax, e.comps[i].h), max(vmax, e.comps[i].v)
	}
	return hmax, vmax
}

// blocks transforms and writes all blocks, or counts their symbols when there
// are no tables yet. It stops at the first failure to write.
func (e *encoder) blocks() {
	hmax, vmax := e.maxSampling()
	for i := range e.comps {
		e.comps[i].pred = 0
	}
	for my := range ceilDiv(e.height, 8*vmax) {
		for mx := range ceilDiv(e.width, 8*hmax) {
			if e.err != nil {
				return
			}
			for i := range e.comps {
				c := &e.comps[i]
				for v := range c.v {
					for h := range c.h {
						e.block(c, mx*c.h+h, my*c.v+v)
					}
				}
			}
		}
	}
	e.drain()
}

// block takes one block. Blocks outside of the plane repeat the mean of the one
// before and cost a few bits.
func (e *encoder) block(c *encComponent, bx, by int) {
	j := &e.jobs[e.n]
	j.c, j.at, j.src, j.nonzero = c, by*c.padded+bx, nil, 0
	if x, y, p := bx*8, by*8, c.plane; x < p.Width && y < p.Height {
		if x+8 <= p.Width && y+8 <= p.Height {
			j.src, j.stride = p.Pix[y*p.Stride+x:], p.Stride
		} else {
			border(p, x, y, &j.edge)
			j.src, j.stride = j.edge[:], 8
		}
	}
	if e.n++; e.n == batchSize {
		e.drain()
	}
}

// drain does the blocks that wait.
func (e *encoder) drain() {
	e.transform(e.jobs[:e.n])
	for i := range e.n {
		j := &e.jobs[i]
		c := j.c
		var diff int32
		if j.src != nil {
			diff = int32(j.out[0]) - c.pred
			c.pred = int32(j.out[0])
		}
		if e.hold {
			c.coefs[j.at] = coefBlock{}
			if j.src != nil {
				c.coefs[j.at] = coefBlock{j.out, j.nonzero}
			}
			c.coefs[j.at].coef[0] = int16(c.pred)
			continue
		}
		if e.count != nil {
			countBlock(&j.out, j.nonzero, diff, &e.count[0][c.kind], &e.count[1][c.kind])
		} else {
			encodeBlock(&e.bitWriter, &j.out, j.nonzero, diff, e.huff[0][c.kind], e.huff[1][c.kind])
		}
	}
	e.n = 0
}

// transformScalar computes the coefficients of one block.
func (e *encoder) transformScalar(j *encJob) {
	var blk [64]int32
	fdct8(j.src, j.stride, &blk)
	j.nonzero = quantize(&blk, e.quant[j.c.kind], &j.out)
}

// border copies 8 × 8 samples, repeating the last column and row of the plane.
func border(p *pixel.Plane, x, y int, dst *[64]byte) {
	for i := range 8 {
		row := p.Row(min(y+i, p.Height-1))
		for j := range 8 {
			dst[8*i+j] = row[min(x+j, p.Width-1)]
		}
	}
}
