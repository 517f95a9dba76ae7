package codec

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"github.com/klauspost/compress/zlib"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// writePNG writes gray of 1 or 8 bits, gray with alpha, RGB or RGBA.
func writePNG(b *bytes.Buffer, m *pixel.Image, level int) error {
	if m.Model == pixel.YCbCr {
		m = pixel.ToRGB(m)
	}
	if int64(m.Width)*int64(m.Height) > 1<<31 {
		return fault.New("codec.Encode", fault.Unsupported, "the image is too large for PNG")
	}
	depth, colour := byte(8), byte(pngRGB)
	if m.Model == pixel.Gray {
		colour = pngGray
	}
	planes := m.Planes
	if m.Alpha != nil {
		colour += 4 // pngGrayAlpha or pngRGBA
		planes = append(planes[:len(planes):len(planes)], *m.Alpha)
	} else if m.Bitonal && m.Model == pixel.Gray {
		depth = 1
	}
	b.WriteString(pngSignature)
	head := binary.BigEndian.AppendUint32(nil, uint32(m.Width))
	head = binary.BigEndian.AppendUint32(head, uint32(m.Height))
	pngChunk(b, "IHDR", append(head, depth, colour, 0, 0, 0))
	if m.ICC != nil {
		p, err := deflate(m.ICC, level)
		if err != nil {
			return err
		}
		pngChunk(b, "iCCP", append([]byte("icc\x00\x00"), p...))
	}
	if err := pngData(b, planes, depth, level); err != nil {
		return err
	}
	pngChunk(b, "IEND", nil)
	return nil
}

func pngChunk(b *bytes.Buffer, kind string, data []byte) {
	b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(data))))
	at := b.Len()
	b.WriteString(kind)
	b.Write(data)
	b.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b.Bytes()[at:])))
}

func deflate(p []byte, level int) ([]byte, error) {
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(p); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}

// pngData writes the rows as one IDAT chunk, whose length is put in afterwards:
// all is in memory anyway.
func pngData(b *bytes.Buffer, planes []pixel.Plane, depth byte, level int) error {
	at := b.Len()
	b.WriteString("\x00\x00\x00\x00IDAT")
	z, err := zlib.NewWriterLevel(b, level)
	if err != nil {
		return err
	}
	f := newFilter(planes[0].Width, len(planes), depth)
	for y := range planes[0].Height {
		if depth == 1 {
			packBits(f.raw, planes[0].Row(y))
		} else {
			weave(f.raw, planes, y)
		}
		if _, err := z.Write(f.row()); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	chunk := b.Bytes()[at:]
	if int64(len(chunk))-8 >= 1<<31 {
		return fault.New("codec.Encode", fault.Unsupported, "the image is too large for PNG")
	}
	binary.BigEndian.PutUint32(chunk, uint32(len(chunk)-8))
	b.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(chunk[4:])))
	return nil
}

// packBits sets out to the samples of a bitonal row, eight to a byte.
func packBits(out, row []byte) {
	clear(out)
	for x, v := range row {
		out[x>>3] |= v >> 7 << (7 - x&7)
	}
}

// weave sets out to row y of the planes, interleaved.
func weave(out []byte, planes []pixel.Plane, y int) {
	n := len(planes)
	for i := range planes {
		k := i
		for _, v := range planes[i].Row(y) {
			out[k] = v
			k += n
		}
	}
}

// filter chooses for each row the filter whose differences have the least sum
// (PNG third edition, §12.7), among those that pay: on photographs Average is
// hardly ever better than Paeth.
type filter struct {
	bpp       int // distance of the pixel to the left; 0: do not filter
	raw, last []byte
	best, try []byte // with the filter type in front
}

func newFilter(width, samples int, depth byte) *filter {
	f := &filter{bpp: samples}
	n := width * samples
	if depth == 1 {
		f.bpp, n = 0, (width+7)/8
	}
	f.raw, f.last = make([]byte, n), make([]byte, n)
	f.best, f.try = make([]byte, n+1), make([]byte, n+1)
	return f
}

// row returns the filtered form of raw and makes raw the row above.
func (f *filter) row() []byte {
	if f.bpp == 0 {
		f.best[0] = 0
		copy(f.best[1:], f.raw)
		return f.best
	}
	least := -1
	for _, kind := range []byte{2, 1, 4} {
		f.try[0] = kind
		if sum := f.apply(kind, f.try[1:]); least < 0 || sum < least {
			least = sum
			f.best, f.try = f.try, f.best
		}
	}
	f.raw, f.last = f.last, f.raw
	return f.best
}

// apply filters raw and returns the sum of the differences, taken as signed. The
// first pixel has nothing to its left, which is why it is apart.
func (f *filter) apply(kind byte, out []byte) (sum int) {
	n, bpp := len(out), f.bpp
	raw, last := f.raw[:n], f.last[:n]
	left, corner := raw[:n-bpp], last[:n-bpp]
	switch kind {
	case 1:
		copy(out, raw[:bpp])
		for i, a := range left {
			out[i+bpp] = raw[i+bpp] - a
		}
	case 2:
		for i, b := range last {
			out[i] = raw[i] - b
		}
	case 4:
		for i, b := range last[:bpp] {
			out[i] = raw[i] - b
		}
		raw, last, rest := raw[bpp:], last[bpp:], out[bpp:]
		for i, a := range left {
			rest[i] = raw[i] - paeth(a, last[i], corner[i])
		}
	}
	for _, d := range out {
		v := int8(d)
		sum += int((v^v>>7)-v>>7) & 0xff // |v|, 128 for −128
	}
	return sum
}
