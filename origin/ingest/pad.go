package ingest

import (
	"bytes"
	"image"
	"math/bits"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// A tile of the last column or row must be a full tile in the TIFF. To pad it
// without touching its coefficients, a JPEG is made whose restart intervals are
// as long as the tile is wide: by turns the tile's own rows of coding units, cut
// out one by one, and flat ones. A tile cut out of that has the bits of both in
// one interval.

// pad returns the JPEG tile, which is smaller than a full tile, at full size.
// The padding has the mean of the block that it continues. It fails with
// Unsupported when the tile's tables lack a code that it takes.
func pad(tile []byte, mcu image.Point) ([]byte, error) {
	x, err := jpeg.BuildIndex(bytes.NewReader(tile), int64(len(tile)))
	if err != nil {
		return nil, err
	}
	h := x.Header()
	cols, rows := (h.Width+mcu.X-1)/mcu.X, (h.Height+mcu.Y-1)/mcu.Y
	full := image.Pt(tileSize/mcu.X, tileSize/mcu.Y)
	flat, err := newFlat(tile, mcu)
	if err != nil {
		return nil, err
	}
	pieces := (full.X + cols - 1) / cols // intervals per row
	var out []byte
	for y := range full.Y {
		var own []byte
		if y < rows {
			strip := image.Rect(0, y*mcu.Y, h.Width, min((y+1)*mcu.Y, h.Height))
			if own, err = x.Tile(bytes.NewReader(tile), strip, jpeg.TileOptions{}); err != nil {
				return nil, err
			}
		}
		if out == nil {
			// The head of a strip has the tables that the strips are coded with.
			if out, err = flat.head(own, pieces*cols*mcu.X, cols); err != nil {
				return nil, err
			}
		}
		for i := range pieces {
			if n := y*pieces + i; n > 0 {
				out = append(out, 0xFF, 0xD0|byte(n-1)&7)
			}
			if i == 0 && own != nil {
				data, ok := scanData(own)
				if !ok {
					return nil, errPad
				}
				out = append(out, data...)
			} else if out, err = flat.interval(out, cols, i*cols, min(y, rows-1)); err != nil {
				return nil, err
			}
		}
	}
	out = append(out, 0xFF, 0xD9)
	whole, err := jpeg.BuildIndex(bytes.NewReader(out), int64(len(out)))
	if err != nil {
		return nil, err
	}
	return whole.Tile(bytes.NewReader(out), image.Rect(0, 0, tileSize, tileSize), jpeg.TileOptions{})
}

var errPad = fault.New("ingest.pad", fault.Unsupported, "the tile cannot be padded without a loss")

// flat codes coding units without detail.
type flat struct {
	means *pixel.Image // a sample per block
	mcu   image.Point
	comps []flatComp
}

// flatComp is what coding one component takes.
type flatComp struct {
	h, v  int             // blocks per unit
	quant int32           // of DC
	dc    [12]huffmanCode // by category
	end   huffmanCode     // EOB
}

// huffmanCode is a code, of n bits; none when n is 0.
type huffmanCode struct {
	code uint32
	n    uint
}

// newFlat reads what the padding of a tile continues.
func newFlat(tile []byte, mcu image.Point) (*flat, error) {
	p, err := jpeg.Decode(bytes.NewReader(tile), jpeg.DecodeOptions{Scale: 8})
	if err != nil {
		return nil, err
	}
	return &flat{means: p.Image, mcu: mcu}, nil
}

// head returns the head of a JPEG like strip, but width pixels wide and with an
// interval of so many units between restarts; and learns strip's tables.
func (f *flat) head(strip []byte, width, interval int) ([]byte, error) {
	var quant [4]int32
	var codes [2][4]map[byte]huffmanCode
	var frame []byte
	out := []byte{0xFF, 0xD8}
	for s := range segments(strip) {
		body := s.body
		switch s.mark {
		case 0xDB:
			for len(body) > 0 {
				n := 65 + int(body[0]>>4)*64
				if n > len(body) || body[0]&15 > 3 {
					return nil, errPad
				}
				quant[body[0]&15] = int32(body[1])
				if body[0]>>4 > 0 {
					quant[body[0]&15] = int32(body[1])<<8 | int32(body[2])
				}
				body = body[n:]
			}
		case 0xC4:
			for len(body) >= 17 {
				class, id := body[0]>>4, body[0]&15
				n := readCodes(body[1:])
				if n == nil || class > 1 || id > 3 {
					return nil, errPad
				}
				codes[class][id] = n
				body = body[17+len(n):]
			}
		case 0xC0, 0xC1:
			frame = bytes.Clone(body)
			if len(frame) < 9 || len(frame) != 6+3*int(frame[5]) {
				return nil, errPad
			}
			frame[1], frame[2], frame[3], frame[4] = tileSize>>8, tileSize&255, byte(width>>8), byte(width)
			out = appendSegment(out, s.mark, frame)
			continue
		case 0xDD:
			continue
		case 0xDA:
			if frame == nil || len(body) != 4+2*int(frame[5]) {
				return nil, errPad
			}
			for i := range int(frame[5]) {
				c := flatComp{h: int(frame[7+3*i] >> 4), v: int(frame[7+3*i] & 15), quant: quant[frame[8+3*i]&3]}
				if frame[5] == 1 {
					c.h, c.v = 1, 1
				}
				dc, ac := codes[0][body[2+2*i]>>4&3], codes[1][body[2+2*i]&3]
				for k := range c.dc {
					c.dc[k] = dc[byte(k)]
				}
				if c.end = ac[0]; c.end.n == 0 || c.quant == 0 {
					return nil, errPad
				}
				f.comps = append(f.comps, c)
			}
			out = appendSegment(out, 0xDD, []byte{byte(interval >> 8), byte(interval)})
			return appendSegment(out, s.mark, body), nil
		}
		out = appendSegment(out, s.mark, s.body)
	}
	return nil, errPad
}

// readCodes returns the codes of a Huffman table by symbol (T.81 annex C), nil for
// one that is none.
func readCodes(b []byte) map[byte]huffmanCode {
	codes := map[byte]huffmanCode{}
	code, at := uint32(0), 16
	for n := range uint(16) {
		for range b[n] {
			if at >= len(b) || code >= 1<<(n+1) {
				return nil
			}
			if _, twice := codes[b[at]]; twice {
				return nil
			}
			codes[b[at]] = huffmanCode{code, n + 1}
			code++
			at++
		}
		code <<= 1
	}
	return codes
}

// interval appends a restart interval of n units, those from column col on of row
// y of units. Beyond the tile its last column and row go on.
func (f *flat) interval(dst []byte, n, col, y int) ([]byte, error) {
	var w bitWriter
	pred := make([]int32, len(f.comps))
	for x := range n {
		for i, c := range f.comps {
			p := &f.means.Planes[i]
			for v := range c.v {
				for h := range c.h {
					mean := p.Row(min(y*c.v+v, p.Height-1))[min((col+x)*c.h+h, p.Width-1)]
					dc := (int32(mean) - 128) * 8 / c.quant
					diff := dc - pred[i]
					pred[i] = dc
					if !w.difference(&c, diff) {
						return nil, errPad
					}
				}
			}
		}
	}
	w.fill()
	return append(dst, w.b...), nil
}

// bitWriter writes entropy-coded data.
type bitWriter struct {
	b   []byte
	acc uint32
	n   uint
}

// difference writes a block with nothing but a DC difference.
func (w *bitWriter) difference(c *flatComp, diff int32) bool {
	tail, size := diff, uint(bits.Len32(uint32(max(diff, -diff))))
	if diff < 0 {
		tail--
	}
	if size >= uint(len(c.dc)) || c.dc[size].n == 0 {
		return false
	}
	w.put(c.dc[size].code, c.dc[size].n)
	w.put(uint32(tail)&(1<<size-1), size)
	w.put(c.end.code, c.end.n)
	return true
}

func (w *bitWriter) put(code uint32, n uint) {
	for n > 0 {
		n--
		w.acc = w.acc<<1 | code>>n&1
		if w.n++; w.n == 8 {
			c := byte(w.acc)
			w.b = append(w.b, c)
			if c == 0xFF {
				w.b = append(w.b, 0)
			}
			w.acc, w.n = 0, 0
		}
	}
}

// fill completes the last byte with ones.
func (w *bitWriter) fill() {
	for w.n > 0 {
		w.put(1, 1)
	}
}
