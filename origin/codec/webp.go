package codec

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"

	"golang.org/x/image/webp"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// webpFile is a stored WebP: a still, or the first frame of an animation on its
// canvas.
type webpFile struct {
	whole
	frame    image.Rectangle
	lossless bool
	alph     chunk // opacity of a lossy frame, length 0 for none
	bits     chunk // VP8 or VP8L
}

// chunk is the data of a RIFF chunk.
type chunk struct{ off, n int64 }

// webpChunks bounds the chunks that are looked at: each may cost a read, and all
// that is of use comes before or soon after the picture.
const webpChunks = 64

// openWebP reads the container (RFC 9649 §2).
func openWebP(in *input) (stored, facts, error) {
	f := &webpFile{}
	ft := facts{pages: 1, model: pixel.YCbCr, orientation: 1}
	if err := f.chunks(in, chunk{12, in.size - 12}, &ft); err != nil {
		return nil, ft, err
	}
	if f.bits.n == 0 {
		return nil, ft, errorText("no image data")
	}
	head, err := in.bytes(f.bits.off, 10)
	if err != nil {
		return nil, ft, err
	}
	size, transparent, err := f.bitstream(head)
	if err != nil {
		return nil, ft, err
	}
	if f.Point == (image.Point{}) { // no VP8X chunk
		f.Point = size
	}
	if f.frame.Empty() {
		f.frame = image.Rectangle{Max: f.Point}
	}
	if f.frame.Size() != size || !f.frame.In(image.Rectangle{Max: f.Point}) {
		return nil, ft, errorText("the frame's size is not that of its data")
	}
	ft.alpha = transparent || f.alph.n > 0 || size != f.Point
	if f.lossless {
		ft.model = pixel.RGB
	}
	return f, ft, nil
}

// chunks walks the chunks inside of c: those of the file or of a frame.
func (f *webpFile) chunks(in *input, c chunk, ft *facts) error {
	for range webpChunks {
		if c.n < 8 {
			break
		}
		head, err := in.bytes(c.off, 8)
		if err != nil {
			return err
		}
		body := chunk{c.off + 8, int64(binary.LittleEndian.Uint32(head[4:]))}
		if body.n > c.n-8 {
			if f.bits.n > 0 {
				break // what follows the picture may be missing
			}
			return io.ErrUnexpectedEOF
		}
		if err := f.chunk(in, string(head[:4]), body, ft); err != nil {
			return err
		}
		step := 8 + body.n + body.n&1
		c.off, c.n = c.off+step, c.n-step
	}
	return nil
}

func (f *webpFile) chunk(in *input, kind string, c chunk, ft *facts) error {
	switch kind {
	case "VP8X":
		b, err := in.bytes(c.off, 10)
		if err != nil || c.n < 10 {
			return io.ErrUnexpectedEOF
		}
		f.Point = image.Pt(1+int24(b[4:]), 1+int24(b[7:]))
	case "ALPH":
		if f.bits.n == 0 {
			f.alph = c
		}
	case "VP8 ", "VP8L":
		if f.bits.n == 0 && c.n >= 10 {
			f.bits, f.lossless = c, kind == "VP8L"
		}
	case "ANMF":
		if f.bits.n > 0 || c.n < 16 {
			return nil
		}
		b, err := in.bytes(c.off, 16)
		if err != nil {
			return err
		}
		at := image.Pt(2*int24(b), 2*int24(b[3:]))
		f.frame = image.Rectangle{at, at.Add(image.Pt(1+int24(b[6:]), 1+int24(b[9:])))}
		return f.chunks(in, chunk{c.off + 16, c.n - 16}, &facts{})
	case "ICCP", "EXIF":
		if c.n > maxICC {
			return nil
		}
		b, err := in.bytes(c.off, int(c.n))
		if err != nil {
			return err
		}
		if kind == "ICCP" {
			ft.icc = b
		} else {
			ft.orientation = orientation(orientationOf(b))
		}
	}
	return nil
}

func int24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// bitstream reads the size from the head of the image data (RFC 6386 §9.1,
// RFC 9649 §3.4).
func (f *webpFile) bitstream(b []byte) (size image.Point, transparent bool, err error) {
	if f.lossless {
		v := binary.LittleEndian.Uint32(b[1:])
		if b[0] != 0x2f {
			return size, false, errorText("bad VP8L data")
		}
		return image.Pt(1+int(v&0x3fff), 1+int(v>>14&0x3fff)), v>>28&1 != 0, nil
	}
	if b[0]&1 != 0 || b[3] != 0x9d || b[4] != 0x01 || b[5] != 0x2a {
		return size, false, errorText("bad VP8 data")
	}
	size = image.Pt(int(binary.LittleEndian.Uint16(b[6:])&0x3fff), int(binary.LittleEndian.Uint16(b[8:])&0x3fff))
	if size.X == 0 || size.Y == 0 {
		return size, false, errorText("the image has no width or height")
	}
	return size, false, nil
}

// memory counts what the decoders hold at most: the lossless one several copies
// of the picture and code tables, of which a file may define 65,536 in twenty bits
// each; the lossy one its planes in whole blocks and its input, plus the lossless
// one for opacity. Not counted: the library reserves the tables before it finds
// that a hostile file ends first, 176 MB of zeros that are never touched.
func (f *webpFile) memory(int, image.Rectangle) int64 {
	frame := int64(f.frame.Dx()+16) * int64(f.frame.Dy()+16)
	tables := func(n int64) int64 { return min(1100*n, 180<<20) }
	n := int64(bufferSize + 1<<20)
	if f.lossless {
		n += 12*frame + tables(f.bits.n)
	} else {
		n += frame*3/2 + f.bits.n
		if f.alph.n > 0 {
			n += 10*frame + tables(f.alph.n)
		}
	}
	if f.frame.Size() != f.Point {
		n += 4*f.area() + 3*frame
	}
	return n
}

// decode hands the frame to the library as a still of its own: the container has
// been read already, and the library would believe other sizes in it.
func (f *webpFile) decode(in *input, _ int, _ image.Rectangle) (*pixel.Image, image.Rectangle, error) {
	all := image.Rectangle{Max: f.Point}
	var parts []io.Reader
	total := 4
	add := func(kind string, n int64, r io.Reader) {
		head := binary.LittleEndian.AppendUint32([]byte(kind), uint32(n))
		parts = append(parts, bytes.NewReader(head), r, bytes.NewReader(make([]byte, n&1)))
		total += 8 + int(n+n&1)
	}
	kind := "VP8L"
	if !f.lossless {
		kind = "VP8 "
		if f.alph.n > 0 {
			w, h := f.frame.Dx()-1, f.frame.Dy()-1
			add("VP8X", 10, bytes.NewReader([]byte{0x10, 0, 0, 0,
				byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)}))
			add("ALPH", f.alph.n, in.buffered(f.alph))
		}
	}
	add(kind, f.bits.n, in.buffered(f.bits))
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(total))
	head = append(head, "WEBP"...)
	src, err := webp.Decode(io.MultiReader(append([]io.Reader{bytes.NewReader(head)}, parts...)...))
	if err != nil {
		return nil, all, err
	}
	if src.Bounds().Size() != f.frame.Size() {
		return nil, all, errorText("the frame's size is not that of its data")
	}
	m, err := pixel.FromStd(src)
	if err != nil {
		return nil, all, err
	}
	if m.Model == pixel.YCbCr {
		fullRange(m)
	}
	return onCanvas(m, f.frame.Min, f.Point), all, nil
}

// fullRange stretches samples in place: VP8 has those of ITU-R BT.601, luma 16 to
// 235 and chroma 16 to 240 (RFC 6386 §9.2), which the library does not mention.
func fullRange(m *pixel.Image) {
	var luma, chroma [256]byte
	for i := range 256 {
		luma[i] = byte(max(0, min(((i-16)*255*2+219)/(2*219), 255)))
		// The offset keeps the division from rounding towards zero below 128.
		chroma[i] = byte(max(0, min(((i-128)*255*2+224+512*448)/448-512+128, 255)))
	}
	for i := range m.Planes {
		table := &luma
		if i > 0 {
			table = &chroma
		}
		for y := range m.Planes[i].Height {
			row := m.Planes[i].Row(y)
			for x, v := range row {
				row[x] = table[v]
			}
		}
	}
}
