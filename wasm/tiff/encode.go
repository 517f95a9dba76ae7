package tiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"

	"github.com/klauspost/compress/zlib"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// EncodeOptions says how Encode writes. The zero value is good for pictures that
// go over the network.
type EncodeOptions struct {
	// ICC is embedded when it is not nil; the image's own profile is not looked
	// at, since only the caller knows whether the samples are still in it.
	ICC []byte
	// Compression is Deflate (the default) or None.
	Compression Compression
	// DPI is the resolution in pixels per inch. Default 0: the file says that
	// its pixels have no physical size.
	DPI float64
}

const (
	// stripBytes is the size of a strip before compression that readers expect:
	// TIFF 6.0 recommends 8 KiB, for machines of its time.
	stripBytes = 64 << 10
	// deflateLevel trades 2% of size for half of the time against the default.
	deflateLevel = 4
)

// Encode writes an image as a little-endian TIFF of one page: gray as 8 bits, or
// as 1 when it is Bitonal, RGB, and CMYK; YCbCr is converted to RGB. Alpha is
// written unassociated. The compressed file is held in memory, because w cannot
// go back. Errors: Invalid for options or images that cannot be, Unsupported for
// files of 4 GB or more, and whatever w reports.
func Encode(w io.Writer, m *pixel.Image, o EncodeOptions) error {
	const op = "tiff.Encode"
	if o.Compression == 0 {
		o.Compression = Deflate
	}
	if o.Compression != Deflate && o.Compression != None {
		return fault.E(op, fault.Invalid, errors.New("compression is neither Deflate nor none"))
	}
	if m == nil || m.Model.Planes() == 0 || len(m.Planes) != m.Model.Planes() || m.Width < 1 || m.Height < 1 {
		return fault.E(op, fault.Invalid, errors.New("not an image"))
	}
	if m.Model == pixel.YCbCr {
		m = pixel.ToRGB(m)
	}
	e := newEncoder(m, o)
	if int64(m.Height)*e.rowBytes() > math.MaxUint32-(1<<24) {
		return fault.New(op, fault.Unsupported, "the image is too large for a TIFF")
	}
	strips, err := e.strips()
	if err != nil {
		return fault.E(op, fault.Internal, err)
	}
	head := e.head(strips)
	if _, err := w.Write(head); err != nil {
		return fault.E(op, fault.KindOf(err), err)
	}
	for _, s := range strips {
		if _, err := w.Write(s); err != nil {
			return fault.E(op, fault.KindOf(err), err)
		}
	}
	return nil
}

// encoder is the state of one Encode.
type encoder struct {
	m       *pixel.Image
	o       EncodeOptions
	bits    int
	samples []*pixel.Plane // colours, then alpha
	rows    int            // per strip
}

func newEncoder(m *pixel.Image, o EncodeOptions) *encoder {
	e := &encoder{m: m, o: o, bits: 8}
	if m.Bitonal && m.Model == pixel.Gray && m.Alpha == nil {
		e.bits = 1
	}
	for i := range m.Planes {
		e.samples = append(e.samples, &m.Planes[i])
	}
	if m.Alpha != nil {
		e.samples = append(e.samples, m.Alpha)
	}
	e.rows = int(min(max(1, stripBytes/e.rowBytes()), int64(m.Height)))
	return e
}

func (e *encoder) rowBytes() int64 {
	return (int64(e.m.Width)*int64(e.bits)*int64(len(e.samples)) + 7) / 8
}

// predicts says that rows are stored as horizontal differences.
func (e *encoder) predicts() bool { return e.o.Compression == Deflate && e.bits == 8 }

// strips returns the encoded strips.
func (e *encoder) strips() ([][]byte, error) {
	var out [][]byte
	raw := make([]byte, 0, int64(e.rows)*e.rowBytes())
	var zw *zlib.Writer
	for y := 0; y < e.m.Height; y += e.rows {
		raw = raw[:0]
		for i := y; i < min(y+e.rows, e.m.Height); i++ {
			raw = e.appendRow(raw, i)
		}
		if e.o.Compression == None {
			out = append(out, append([]byte(nil), raw...))
			continue
		}
		var b bytes.Buffer
		if zw == nil {
			var err error
			if zw, err = zlib.NewWriterLevel(&b, deflateLevel); err != nil {
				return nil, err
			}
		} else {
			zw.Reset(&b)
		}
		if _, err := zw.Write(raw); err != nil {
			return nil, err
		}
		if err := zw.Close(); err != nil {
			return nil, err
		}
		out = append(out, b.Bytes())
	}
	return out, nil
}

// appendRow appends row y as it is stored before compression.
func (e *encoder) appendRow(b []byte, y int) []byte {
	at, n := len(b), len(e.samples)
	b = append(b, make([]byte, e.rowBytes())...)
	row := b[at:]
	if e.bits == 1 {
		for x, v := range e.samples[0].Row(y) {
			row[x/8] |= v & 0x80 >> (x % 8)
		}
		return b
	}
	for s, p := range e.samples {
		prev := byte(0)
		for x, v := range p.Row(y) {
			row[x*n+s] = v - prev
			if e.predicts() {
				prev = v
			}
		}
	}
	return b
}

// head returns everything before the strips: header, directory and its values.
func (e *encoder) head(strips [][]byte) []byte {
	d := &dirWriter{}
	n := len(e.samples)
	photometric := map[pixel.Model]Photometric{pixel.Gray: MinIsBlack, pixel.RGB: RGB, pixel.CMYK: Separated}[e.m.Model]
	bits := make([]uint32, n)
	for i := range bits {
		bits[i] = uint32(e.bits)
	}
	unit, dpi := uint32(1), 1.0
	if e.o.DPI > 0 && e.o.DPI <= 1e6 {
		unit, dpi = 2, e.o.DPI
	}
	offsets, counts := make([]uint32, len(strips)), make([]uint32, len(strips))
	d.longs(tagNewSubfileType, 0)
	d.longs(tagImageWidth, uint32(e.m.Width))
	d.longs(tagImageLength, uint32(e.m.Height))
	d.shorts(tagBitsPerSample, bits...)
	d.shorts(tagCompression, uint32(e.o.Compression))
	d.shorts(tagPhotometric, uint32(photometric))
	d.longs(tagStripOffsets, offsets...)
	d.shorts(tagOrientation, 1)
	d.shorts(tagSamplesPerPixel, uint32(n))
	d.longs(tagRowsPerStrip, uint32(e.rows))
	for i, s := range strips {
		counts[i] = uint32(len(s))
	}
	d.longs(tagStripByteCounts, counts...)
	d.rational(tagXResolution, dpi)
	d.rational(tagYResolution, dpi)
	d.shorts(tagPlanarConfig, 1)
	d.shorts(tagResolutionUnit, unit)
	if e.predicts() {
		d.shorts(tagPredictor, 2)
	}
	if e.m.Alpha != nil {
		d.shorts(tagExtraSamples, 2)
	}
	if len(e.o.ICC) > 0 {
		d.field(tagICC, typeUndefined, len(e.o.ICC), e.o.ICC)
	}
	// Offsets are known once the directory's length is.
	at := uint32(d.size())
	for i := range offsets {
		offsets[i] = at
		at += counts[i]
	}
	d.replace(tagStripOffsets, offsets)
	return d.bytes()
}

// dirWriter collects the fields of a directory, in ascending order of tags.
type dirWriter struct{ fields []outField }

type outField struct {
	tag, typ uint16
	count    int
	value    []byte
}

func (d *dirWriter) field(tag, typ uint16, count int, value []byte) {
	d.fields = append(d.fields, outField{tag, typ, count, value})
}

func (d *dirWriter) shorts(tag uint16, vs ...uint32) {
	var b []byte
	for _, v := range vs {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	d.field(tag, typeShort, len(vs), b)
}

func (d *dirWriter) longs(tag uint16, vs ...uint32) { d.field(tag, typeLong, len(vs), longBytes(vs)) }

func longBytes(vs []uint32) []byte {
	var b []byte
	for _, v := range vs {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// rational writes v, at most 10^6, to three decimals.
func (d *dirWriter) rational(tag uint16, v float64) {
	d.field(tag, typeRational, 1, longBytes([]uint32{uint32(math.Round(v * 1000)), 1000}))
}

func (d *dirWriter) replace(tag uint16, vs []uint32) {
	for i := range d.fields {
		if d.fields[i].tag == tag {
			d.fields[i].value = longBytes(vs)
		}
	}
}

// size returns the length of header, directory and values.
func (d *dirWriter) size() int {
	n := 8 + 2 + 12*len(d.fields) + 4
	for _, f := range d.fields {
		if len(f.value) > 4 {
			n += (len(f.value) + 1) &^ 1
		}
	}
	return n
}

func (d *dirWriter) bytes() []byte {
	b := make([]byte, 0, d.size())
	b = append(b, 'I', 'I', 42, 0, 8, 0, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(d.fields)))
	at := uint32(8 + 2 + 12*len(d.fields) + 4)
	var values []byte
	for _, f := range d.fields {
		b = binary.LittleEndian.AppendUint16(b, f.tag)
		b = binary.LittleEndian.AppendUint16(b, f.typ)
		b = binary.LittleEndian.AppendUint32(b, uint32(f.count))
		if len(f.value) <= 4 {
			var v [4]byte
			copy(v[:], f.value)
			b = append(b, v[:]...)
			continue
		}
		b = binary.LittleEndian.AppendUint32(b, at+uint32(len(values)))
		values = append(values, f.value...)
		if len(values)%2 == 1 {
			values = append(values, 0) // values begin on even offsets (TIFF 6.0 §2)
		}
	}
	b = append(b, 0, 0, 0, 0)
	return append(b, values...)
}
