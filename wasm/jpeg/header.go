package jpeg

import (
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// Marker codes, T.81 table B.1.
const (
	markSOF0 = 0xC0 // baseline
	markSOF1 = 0xC1 // extended sequential
	markSOF2 = 0xC2 // progressive
	markDHT  = 0xC4
	markSOI  = 0xD8
	markEOI  = 0xD9
	markSOS  = 0xDA
	markDQT  = 0xDB
	markDRI  = 0xDD
	markAPP0 = 0xE0
)

// decoder is the state of one call.
type decoder struct {
	stream
	op string
	h  Header

	sof   bool
	jfif  bool
	exif  bool
	icc   profile
	ids   [4]byte
	tq    [4]byte
	quant [4][64]uint16 // in natural order
	known [4]bool       // which of quant are defined
	huff  [2][4]huffSpec

	l      layout
	comps  []component
	sc     scan
	scans  int
	visits int64
	lost   int64 // MCUs lost to damage
	good   int64 // MCUs decoded
	eobrun int
}

func newDecoder(r io.Reader, op string) *decoder {
	d := &decoder{op: op, stream: stream{r: r, room: inputs.Get().(*input)}}
	d.buf = d.room.bytes[:0]
	d.win = &d.room.window
	d.align()
	d.h.Orientation = 1
	return d
}

// close gives the input buffer back.
func (d *decoder) close() {
	inputs.Put(d.room)
	d.room, d.buf, d.win = nil, nil, nil
}

// readHeader reads up to and including the first SOS marker code and completes
// the header.
func (d *decoder) readHeader() error {
	if !d.need(2) {
		if d.err == io.EOF && len(d.buf) == d.pos {
			return d.corrupt("the file is empty")
		}
		return d.ended()
	}
	if d.buf[d.pos] != 0xFF || d.buf[d.pos+1] != markSOI {
		return d.corrupt("not a JPEG: the start-of-image marker is missing")
	}
	d.pos += 2
	mark, err := d.segments()
	if err != nil {
		return err
	}
	if mark == markEOI {
		return d.corrupt("the file holds no image data")
	}
	if !d.sof {
		return d.corrupt("a scan comes before the frame header")
	}
	d.h.ICC = d.icc.bytes()
	d.h.collected = d.icc.most
	d.colours()
	return nil
}

// segments reads marker segments until the next SOS or EOI marker and returns
// that marker's code.
func (d *decoder) segments() (byte, error) {
	for {
		mark, ok := d.marker()
		if !ok {
			return 0, d.ended()
		}
		switch {
		case mark == markEOI, mark == markSOS:
			return mark, nil
		case mark == markSOI:
			return 0, d.corrupt("a second image starts inside of the first")
		case isRestart(mark), mark == 0x01:
			// Stand-alone markers, nothing follows. Two bytes each add up.
			if !d.spend(2) {
				return 0, d.ended()
			}
			continue
		}
		p, err := d.segment()
		if err != nil {
			return 0, err
		}
		switch mark {
		case markDQT:
			err = d.readQuant(p)
		case markDHT:
			err = d.readHuffman(p)
		case markDRI:
			if len(p) < 2 {
				return 0, d.corrupt("short restart interval")
			}
			d.h.RestartInterval = int(be16(p))
		default:
			if mark >= 0xC0 && mark <= 0xCF || mark == 0xF7 {
				err = d.readFrame(mark, p)
			} else if d.scans == 0 {
				d.readApp(mark, p)
			}
		}
		if err != nil {
			return 0, err
		}
	}
}

// segment returns the content of the marker segment that begins here. It is
// valid until the next read.
func (d *decoder) segment() ([]byte, error) {
	if !d.need(2) {
		return nil, d.ended()
	}
	n := int(be16(d.buf[d.pos:]))
	if n < 2 {
		return nil, d.corrupt("a marker segment has an impossible length")
	}
	if !d.spend(n+2) || !d.need(n) {
		return nil, d.ended()
	}
	p := d.buf[d.pos+2 : d.pos+n]
	d.pos += n
	return p, nil
}

// readFrame reads a frame header, T.81 §B.2.2.
func (d *decoder) readFrame(mark byte, p []byte) error {
	switch mark {
	case markSOF0, markSOF1:
	case markSOF2:
		d.h.Progressive = true
	case 0xC3:
		return d.unsupported("lossless JPEG is not supported")
	case 0xF7:
		return d.unsupported("JPEG-LS is not supported")
	case 0xC5, 0xC6, 0xC7:
		return d.unsupported("hierarchical JPEG is not supported")
	default: // SOF9 and up, DAC, JPG
		return d.unsupported("arithmetic-coded JPEG is not supported")
	}
	if d.sof {
		return d.corrupt("two frame headers")
	}
	if len(p) < 6 {
		return d.corrupt("short frame header")
	}
	if p[0] != 8 {
		return d.unsupported("only JPEGs of 8 bits per sample are supported")
	}
	d.h.Height = int(be16(p[1:]))
	d.h.Width = int(be16(p[3:]))
	d.h.Components = int(p[5])
	n := d.h.Components
	switch {
	case d.h.Width == 0:
		return d.corrupt("the image has no width")
	case d.h.Height == 0:
		return d.unsupported("JPEGs that state their height after the image are not supported")
	case n != 1 && n != 3 && n != 4:
		return d.unsupported("only JPEGs of one, three or four components are supported")
	case len(p) < 6+3*n:
		return d.corrupt("short frame header")
	}
	for i := range n {
		c := p[6+3*i:]
		d.ids[i], d.tq[i] = c[0], c[2]
		h, v := int(c[1]>>4), int(c[1]&15)
		if h < 1 || h > 4 || v < 1 || v > 4 {
			return d.corrupt("a sampling factor is out of range")
		}
		if d.tq[i] > 3 {
			return d.corrupt("a quantization table number is out of range")
		}
		for j := range i {
			if d.ids[j] == d.ids[i] {
				return d.corrupt("two components have the same identifier")
			}
		}
		d.h.sampling[i] = [2]int{h, v}
	}
	if n == 1 {
		// The factors of a lone component mean nothing: every MCU is one block.
		d.h.sampling[0] = [2]int{1, 1}
	}
	d.sof = true
	return nil
}

// colours decides what the components mean, as other decoders do (T.872 §6.5.3
// with JFIF before Adobe before component identifiers), and how chroma is kept.
func (d *decoder) colours() {
	h := &d.h
	h.SubX, h.SubY = 1, 1
	switch h.Components {
	case 1:
		h.Model = pixel.Gray
		return
	case 4:
		h.Model = pixel.CMYK
	default:
		h.Model = pixel.YCbCr
		if d.jfif {
			break
		}
		if h.Adobe {
			if h.Transform == 0 {
				h.Model = pixel.RGB
			}
		} else if d.ids[0] == 'R' && d.ids[1] == 'G' && d.ids[2] == 'B' {
			h.Model = pixel.RGB
		}
	}
	hmax, vmax := h.maxSampling()
	for i := range h.Components {
		if h.sampling[i] != [2]int{hmax, vmax} {
			h.expand = true
		}
	}
	if h.Model != pixel.YCbCr || !h.expand {
		return
	}
	luma, cb, cr := h.sampling[0], h.sampling[1], h.sampling[2]
	if luma == [2]int{hmax, vmax} && cb == cr && isFactor(hmax, cb[0]) && isFactor(vmax, cb[1]) {
		h.SubX, h.SubY, h.expand = hmax/cb[0], vmax/cb[1], false
	}
}

// isFactor reports whether luma/chroma is a factor that pixel.Image knows.
func isFactor(luma, chroma int) bool {
	return luma == chroma || luma == 2*chroma || luma == 4*chroma
}

func (h *Header) maxSampling() (hmax, vmax int) {
	for _, s := range h.sampling[:h.Components] {
		hmax, vmax = max(hmax, s[0]), max(vmax, s[1])
	}
	return hmax, vmax
}

// readQuant reads quantization tables of 8 or 16 bits, T.81 §B.2.4.1.
func (d *decoder) readQuant(p []byte) error {
	for len(p) > 0 {
		wide, id := p[0]>>4, p[0]&15
		p = p[1:]
		size := 64 << wide
		if wide > 1 || id > 3 || len(p) < size {
			return d.corrupt("bad quantization table")
		}
		for i := range 64 {
			if wide == 1 {
				d.quant[id][zigzag[i]] = be16(p[2*i:])
			} else {
				d.quant[id][zigzag[i]] = uint16(p[i])
			}
		}
		d.known[id] = true
		p = p[size:]
	}
	return nil
}

// readHuffman reads Huffman tables, T.81 §B.2.4.2.
func (d *decoder) readHuffman(p []byte) error {
	for len(p) > 0 {
		if len(p) < 17 || p[0]>>4 > 1 || p[0]&15 > 3 {
			return d.corrupt("bad Huffman table")
		}
		spec := &d.huff[p[0]>>4][p[0]&15]
		n := 0
		for _, c := range p[1:17] {
			n += int(c)
		}
		if n > 256 || len(p) < 17+n {
			return d.corrupt("bad Huffman table")
		}
		spec.defined, spec.built = true, false
		copy(spec.counts[:], p[1:17])
		copy(spec.symbols[:], p[17:17+n])
		p = p[17+n:]
	}
	return nil
}
