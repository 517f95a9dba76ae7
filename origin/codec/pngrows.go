package codec

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"image"
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/inflate"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// pngDecoder is the state of one decode.
type pngDecoder struct {
	*pngFile
	z        *inflate.Reader
	region   image.Rectangle // of the full size
	img      *pixel.Image
	planes   []pixel.Plane // of img, alpha last
	cur      []byte        // the row being read, with its filter type
	prev     []byte        // the row above
	row      [4][]byte     // its samples of 8 bits, made when needed; alpha follows the colours
	opaque   bool
	*reducer // nil at full size
}

// passes of Adam7 (PNG third edition, §8.1): origin and distance of the pixels.
var adam7 = [7]struct{ x, y, dx, dy int }{
	{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
}

// newDecoder makes a decoder at the beginning of the data. close must be called.
func (f *pngFile) newDecoder(in *input) *pngDecoder {
	d := &pngDecoder{pngFile: f, z: inflate.NewReader(&idatReader{r: in.stream(f.data), sum: crc32.NewIEEE()}), opaque: true}
	d.cur, d.prev = make([]byte, 1+f.rowBytes(f.size.X)), make([]byte, 1+f.rowBytes(f.size.X))
	return d
}

func (d *pngDecoder) close() { d.z.Close() }

func (f *pngFile) decode(in *input, level int, r image.Rectangle) (*pixel.Image, image.Rectangle, error) {
	d := f.newDecoder(in)
	defer d.close()
	d.target(level, r)
	var err error
	if f.interlaced {
		for _, p := range adam7 {
			if err = d.pass(p.x, p.y, p.dx, p.dy, f.size.Y); err != nil {
				break
			}
		}
	} else {
		err = d.pass(0, 0, 1, 1, d.region.Max.Y)
	}
	if err == nil && d.region.Max.Y == f.size.Y {
		err = d.end()
	}
	if err != nil {
		return nil, r, err
	}
	if d.opaque {
		d.img.Alpha = nil
	}
	return d.img, r, nil
}

// end reads on behind the last row, which makes the decompressor check its sum.
func (d *pngDecoder) end() error {
	if _, err := io.ReadFull(d.z, d.cur[:1]); err != io.EOF {
		return err
	}
	return nil
}

func (f *pngFile) streams() bool { return !f.interlaced }

// bands implements streamed.
func (f *pngFile) bands(in *input, height int, yield bandYield) error {
	d := f.newDecoder(in)
	defer d.close()
	var spare *pixel.Image
	for y := 0; y < f.size.Y; y += height {
		r := image.Rect(0, y, f.size.X, min(y+height, f.size.Y))
		d.into(pixel.Renew(spare, f.model, r.Dx(), r.Dy(), 1, 1, f.alpha), r)
		d.img.Bitonal, d.opaque = f.bitonal, true
		if err := d.pass(0, y, 1, 1, r.Max.Y); err != nil {
			return err
		}
		if d.opaque {
			d.img.Alpha = nil
		}
		if r.Max.Y == f.size.Y {
			if err := d.end(); err != nil {
				return err
			}
		}
		var err error
		if spare, err = yield(d.img, r); err != nil {
			return err
		}
	}
	return nil
}

func (f *pngFile) bandMemory(height int) int64 {
	return f.memory(0, image.Rect(0, 0, f.size.X, min(height, f.size.Y)))
}

// pass reads rows of one pass from row y0 on and up to end. When it begins at the
// top, the row above is zero.
func (d *pngDecoder) pass(x0, y0, dx, dy, end int) error {
	n := (d.size.X - x0 + dx - 1) / dx
	if n <= 0 {
		return nil
	}
	length := 1 + d.rowBytes(n)
	if y0 < dy {
		clear(d.prev[:length])
	}
	for y := y0; y < end; y += dy {
		cur := d.cur[:length]
		if _, err := io.ReadFull(d.z, cur); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if err := unfilter(cur[0], cur[1:], d.prev[1:length], max(d.samples()*d.depth/8, 1)); err != nil {
			return err
		}
		if y >= d.region.Min.Y && y < d.region.Max.Y {
			if !d.direct(cur[1:], x0, dx, y) {
				d.expand(cur[1:], n)
				if d.reducer != nil {
					d.reduce(y)
				} else {
					d.store(n, x0, dx, y)
				}
			}
		}
		d.cur, d.prev = d.prev, d.cur
	}
	return nil
}

// direct puts a row of the most common kind in its place: colours of 8 bits.
func (d *pngDecoder) direct(b []byte, x0, dx, y int) bool {
	if d.colour != pngRGB || d.depth != 8 || d.key != nil || d.reducer != nil || x0 != 0 || dx != 1 {
		return false
	}
	y -= d.region.Min.Y
	pixel.Deinterleave3(d.planes[0].Row(y), d.planes[1].Row(y), d.planes[2].Row(y), b[3*d.region.Min.X:])
	return true
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
	for i := range d.planes {
		if d.row[i] == nil {
			d.row[i] = make([]byte, d.size.X)
		}
	}
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
