package codec

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"image"
	"io"

	"golang.org/x/image/bmp"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// bmpFile is a stored BMP.
type bmpFile struct {
	whole
	head   []byte // headers and palette, as the library wants them
	offset int64  // of the pixels
	stride int64  // bytes of a stored row
	bpp    int
	alpha  bool
}

// openBMP reads the headers. The library takes plain files only, whose pixels
// follow the palette at once; the header is put right for it, since gaps and
// profiles between the two are common.
func openBMP(in *input) (stored, facts, error) {
	const op = "codec.Open"
	// The largest header is 14 + 124 bytes; the smallest one that is read 14 + 40.
	head, err := in.bytes(0, int(min(in.size, 14+124)))
	if err != nil {
		return nil, facts{}, err
	}
	info := int64(binary.LittleEndian.Uint32(head[14:]))
	if info != 40 && info != 108 && info != 124 {
		return nil, facts{}, fault.New(op, fault.Unsupported, "BMP files of this version are not supported")
	}
	if int64(len(head)) < 14+info {
		return nil, facts{}, io.ErrUnexpectedEOF
	}
	head = head[:14+info]
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(head[at:])) }
	u32 := func(at int) int64 { return int64(binary.LittleEndian.Uint32(head[at:])) }
	w, h := int64(int32(u32(18))), int64(int32(u32(22)))
	if h < 0 {
		h = -h // stored from the top
	}
	if w < 1 || h < 1 {
		return nil, facts{}, corrupt(op, "the image has no width or height")
	}
	f := &bmpFile{whole: whole{image.Pt(int(w), int(h))}, offset: u32(10), bpp: u16(28)}
	f.alpha = f.bpp == 32 && info > 40
	colours := int64(0)
	switch f.bpp {
	case 1, 2, 4, 8:
		if colours = u32(46); colours == 0 || colours > 1<<f.bpp {
			colours = 1 << f.bpp
		}
	case 24, 32:
	default:
		return nil, facts{}, fault.New(op, fault.Unsupported, "BMP files of this depth are not supported")
	}
	f.stride = (w*int64(f.bpp) + 31) / 32 * 4
	if f.offset < 14+info || f.stride*h > in.size-f.offset {
		return nil, facts{}, corrupt(op, "the file is too short for its pixels")
	}
	palette, err := in.bytes(14+info, int(4*colours))
	if err != nil {
		return nil, facts{}, err
	}
	f.head = append(head, palette...)
	binary.LittleEndian.PutUint32(f.head[10:], uint32(len(f.head)))
	binary.LittleEndian.PutUint32(f.head[46:], uint32(colours))
	// The library knows what it does not read, such as run lengths.
	if _, err := bmp.DecodeConfig(bytes.NewReader(f.head)); err != nil {
		return nil, facts{}, err
	}
	return f, facts{pages: 1, model: pixel.RGB, alpha: f.alpha}, nil
}

// memory counts the library's picture and the planes made of it.
func (f *bmpFile) memory(int, image.Rectangle) int64 {
	n := 4*f.area() + f.stride + bufferSize
	if f.bpp <= 8 {
		return n + f.area()
	}
	return n + 4*f.area()
}

func (f *bmpFile) decode(in *input, _ int, _ image.Rectangle) (*pixel.Image, image.Rectangle, error) {
	all := image.Rectangle{Max: f.Point}
	body := bufio.NewReaderSize(in.part(f.offset, f.stride*int64(f.Y)), bufferSize)
	src, err := bmp.Decode(io.MultiReader(bytes.NewReader(f.head), body))
	if err != nil {
		return nil, all, err
	}
	m, err := pixel.FromStd(src)
	return m, all, err
}
