package codec

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"image"
	"io"

	"github.com/klauspost/compress/zlib"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// pngDecoder is the state of one decode.
type pngDecoder struct {
	*pngFile
	z        io.Reader
	region   image.Rectangle // of the full size
	img      *pixel.Image
	planes   []pixel.Plane // of img, alpha last
	cur      []byte        // the row being read, with its filter type
	prev     []byte        // the row above
	row      [4][]byte     // its samples of 8 bits; alpha follows the colours
	opaque   bool
	*reducer // nil at full size
}

// passes of Adam7 (PNG third edition, §8.1): origin and distance of the pixels.
var adam7 = [7]struct{ x, y, dx, dy int }{
	{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
}

func (f *pngFile) decode(in *input, level int, r image.Rectangle) (*pixel.Image, image.Rectangle, error) {
	z, err := zlib.NewReader(&idatReader{r: in.stream(f.data), sum: crc32.NewIEEE()})
	if err != nil {
		return nil, r, err
	}
	d := &pngDecoder{pngFile: f, z: z, opaque: true}
	d.target(level, r)
	for i := range d.planes {
		d.row[i] = make([]byte, f.size.X)
	}
	d.cur, d.prev = make([]byte, 1+f.rowBytes(f.size.X)), make([]byte, 1+f.rowBytes(f.size.X))
	if f.interlaced {
		for _, p := range adam7 {
			if err = d.pass(p.x, p.y, p.dx, p.dy); err != nil {
				break
			}
		}
	} else {
		err = d.pass(0, 0, 1, 1)
	}
	if err != nil {
		return nil, r, err
	}
	if d.region.Max.Y == f.size.Y {
		// Reading on makes the decompressor check its sum.
		if _, err := io.ReadFull(z, d.cur[:1]); err != io.EOF && err != nil {
			return nil, r, err
		}
	}
	if d.opaque {
		d.img.Alpha = nil
	}
	return d.img, r, nil
}

// pass reads the rows of one pass as far as the region needs.
func (d *pngDecoder) pass(x0, y0, dx, dy int) error {
	n := (d.size.X - x0 + dx - 1) / dx
	if n <= 0 {
		return nil
	}
	cur, prev := d.cur[:1+d.rowBytes(n)], d.prev[:1+d.rowBytes(n)]
	clear(prev)
	end := d.size.Y
	if !d.interlaced {
		end = d.region.Max.Y
	}
	for y := y0; y < end; y += dy {
		if _, err := io.ReadFull(d.z, cur); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if err := unfilter(cur[0], cur[1:], prev[1:], max(d.samples()*d.depth/8, 1)); err != nil {
			return err
		}
		if y >= d.region.Min.Y && y < d.region.Max.Y {
			d.expand(cur[1:], n)
			if d.reducer != nil {
				d.reduce(y)
			} else {
				d.store(n, x0, dx, y)
			}
		}
		cur, prev = prev, cur
	}
	return nil
}

// store puts the row of samples in its place.
func (d *pngDecoder) store(n, x0, dx, y int) {
	for i := range d.planes {
		in, out := d.row[i][:n], d.planes[i].Row(y-d.region.Min.Y)
		if dx == 1 && x0 == 0 {
			copy(out, in[d.region.Min.X:d.region.Max.X])
			in = out
		} else {
			for k, v := range in {
				if x := x0 + k*dx; x >= d.region.Min.X && x < d.region.Max.X {
					out[x-d.region.Min.X] = v
				}
			}
		}
		if d.alpha && d.opaque && i == len(d.planes)-1 {
			for _, a := range in {
				if a != 255 {
					d.opaque = false
					break
				}
			}
		}
	}
}

// expand sets d.row to the samples of n pixels.
func (d *pngDecoder) expand(b []byte, n int) {
	stored := d.samples()
	if d.key != nil {
		d.expandKey(b, n)
	}
	switch {
	case d.colour == pngPalette:
		for x := range n {
			c := d.palette[d.small(b, x)]
			d.row[0][x] = c[0]
			if d.model == pixel.RGB {
				d.row[1][x], d.row[2][x] = c[1], c[2]
			}
			if d.alpha {
				d.row[len(d.planes)-1][x] = c[3]
			}
		}
	case d.depth < 8:
		scale := 255 / (1<<d.depth - 1)
		for x := range n {
			d.row[0][x] = byte(d.small(b, x) * scale)
		}
	case d.depth == 8:
		for c := range stored {
			out := d.row[c][:n]
			for x, k := 0, c; x < len(out); x, k = x+1, k+stored {
				out[x] = b[k]
			}
		}
	default:
		for c := range stored {
			out := d.row[c][:n]
			for x, k := 0, 2*c; x < len(out); x, k = x+1, k+2*stored {
				// 16 bits to 8, rounded: v/257.
				out[x] = byte((uint32(binary.BigEndian.Uint16(b[k:]))*255 + 32895) >> 16)
			}
		}
	}
}

// small returns sample x of a row with 1 to 8 bits per pixel.
func (d *pngDecoder) small(b []byte, x int) int {
	at := x * d.depth
	return int(b[at>>3]) >> (8 - d.depth - at&7) & (1<<d.depth - 1)
}

// expandKey sets the row of alpha: 0 where the pixel is the transparent one.
func (d *pngDecoder) expandKey(b []byte, n int) {
	stored := d.samples()
	out := d.row[len(d.planes)-1]
	for x := range n {
		out[x] = 0
		for c := range stored {
			var v uint16
			switch {
			case d.depth == 16:
				v = binary.BigEndian.Uint16(b[2*(x*stored+c):])
			case d.depth == 8:
				v = uint16(b[x*stored+c])
			default:
				v = uint16(d.small(b, x))
			}
			if v != d.key[c] {
				out[x] = 255
			}
		}
	}
}

// unfilter restores a row in place (§9.2); bpp is the distance of the pixel to
// the left, in bytes.
func unfilter(kind byte, cur, prev []byte, bpp int) error {
	switch kind {
	case 0:
	case 1:
		for i := bpp; i < len(cur); i++ {
			cur[i] += cur[i-bpp]
		}
	case 2:
		for i, p := range prev {
			cur[i] += p
		}
	case 3:
		for i := range min(bpp, len(cur)) {
			cur[i] += prev[i] / 2
		}
		for i := bpp; i < len(cur); i++ {
			cur[i] += byte((int(cur[i-bpp]) + int(prev[i])) / 2)
		}
	case 4:
		for i := range min(bpp, len(cur)) {
			cur[i] += prev[i]
		}
		for i := bpp; i < len(cur); i++ {
			cur[i] += paeth(cur[i-bpp], prev[i], prev[i-bpp])
		}
	default:
		return errors.New("unknown filter type")
	}
	return nil
}

// paeth is the predictor of §9.4 for the samples left, above and above left.
func paeth(a, b, c byte) byte {
	pa, pb := int(b)-int(c), int(a)-int(c)
	pc := pa + pb
	pa, pb, pc = max(pa, -pa), max(pb, -pb), max(pc, -pc)
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

// idatReader joins the data of consecutive IDAT chunks and checks their sums. It
// starts in front of the first.
type idatReader struct {
	r     *bufio.Reader
	left  uint32
	begun bool
	sum   hash.Hash32
}

func (d *idatReader) Read(p []byte) (int, error) {
	for d.left == 0 {
		if err := d.next(); err != nil {
			return 0, err
		}
	}
	n, err := d.r.Read(p[:min(uint32(len(p)), d.left)])
	d.sum.Write(p[:n])
	d.left -= uint32(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// next goes to the following chunk; io.EOF says that it is not an IDAT.
func (d *idatReader) next() error {
	var b [12]byte
	if d.begun {
		if _, err := io.ReadFull(d.r, b[:4]); err != nil {
			return io.ErrUnexpectedEOF
		}
		if binary.BigEndian.Uint32(b[:]) != d.sum.Sum32() {
			return errors.New("the checksum of an IDAT chunk is wrong")
		}
	}
	if _, err := io.ReadFull(d.r, b[4:]); err != nil {
		return io.ErrUnexpectedEOF
	}
	if string(b[8:]) != "IDAT" {
		return io.EOF
	}
	d.begun, d.left = true, binary.BigEndian.Uint32(b[4:])
	d.sum.Reset()
	d.sum.Write(b[8:])
	return nil
}
