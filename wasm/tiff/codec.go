package tiff

import (
	"bufio"
	stdlzw "compress/lzw"
	"io"
	"math/bits"

	"github.com/vitrine-iiif/vitrine/wasm/inflate"
)

// decompressor returns the rows of a chunk, decompressed. Callers read what the
// chunk must hold and no more, so what a bomb would expand to is never made.
// rows is the height of the chunk.
func (d *decoder) decompressor(r io.Reader, rows int) (io.Reader, error) {
	if d.lsbFirst {
		// All bytes are mirrored, whatever the compression, as in libtiff.
		r = &mirror{r}
	}
	switch d.Compression {
	case LZW:
		return d.lzw(r)
	case Deflate, OldDeflate:
		// The window and tables of one inflater serve all chunks.
		if d.inflater == nil {
			d.inflater = inflate.NewReader(r)
		} else {
			d.inflater.Reset(r)
		}
		return d.inflater, nil
	case PackBits:
		return &packBits{r: byteReader(r)}, nil
	case CCITTG3, CCITTG4:
		return d.fax(r, rows), nil
	}
	return r, nil
}

// mirror reverses the bits of each byte.
type mirror struct{ r io.Reader }

func (m *mirror) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	for i, c := range b[:n] {
		b[i] = bits.Reverse8(c)
	}
	return n, err
}

func byteReader(r io.Reader) *bufio.Reader {
	if b, ok := r.(*bufio.Reader); ok {
		return b
	}
	return bufio.NewReader(r)
}

// lzw returns the decoder for either kind of TIFF LZW. Before 5.0 libtiff wrote codes
// with the least significant bit first and lengthened them one code later, which is
// GIF's order; a stream starts with the clear code, 256, so its first two bytes tell.
func (d *decoder) lzw(r io.Reader) (io.Reader, error) {
	br := byteReader(r)
	b, err := br.Peek(2)
	if err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if b[0] == 0 && b[1]&1 != 0 {
		return stdlzw.NewReader(br, stdlzw.LSB, 8), nil
	}
	if d.expander == nil {
		d.expander = new(lzwReader)
	}
	d.expander.Reset(br)
	return d.expander, nil
}

// packBits decodes run lengths of bytes (TIFF 6.0 §9).
type packBits struct {
	r       *bufio.Reader
	literal int // bytes still to copy
	run     int // times that value is still to be repeated
	value   byte
}

func (p *packBits) Read(b []byte) (int, error) {
	for p.literal == 0 && p.run == 0 {
		c, err := p.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch n := int(int8(c)); {
		case n >= 0:
			p.literal = n + 1
		case n != -128: // −128 does nothing
			p.run = 1 - n
			if p.value, err = p.r.ReadByte(); err != nil {
				return 0, err
			}
		}
	}
	if p.literal > 0 {
		n, err := p.r.Read(b[:min(len(b), p.literal)])
		p.literal -= n
		return n, err
	}
	n := min(len(b), p.run)
	for i := range b[:n] {
		b[i] = p.value
	}
	p.run -= n
	return n, nil
}
