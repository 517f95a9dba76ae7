package codec

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/inflate"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// Colour types of PNG (PNG third edition, table 9).
const (
	pngGray      = 0
	pngRGB       = 2
	pngPalette   = 3
	pngGrayAlpha = 4
	pngRGBA      = 6
)

// pngFile is a stored PNG. It is read row by row into planes, of which only the
// wanted region is kept.
type pngFile struct {
	size       image.Point
	depth      int
	colour     byte
	interlaced bool
	entries    int          // of palette
	palette    [256][4]byte // RGBA
	key        *[3]uint16   // the transparent gray or colour, as stored
	model      pixel.Model  // of the result
	alpha      bool         // of the result, before it proves opaque
	bitonal    bool         // of the result
	data       int64        // offset of the first IDAT chunk
	reductions int          // sizes below the full one
}

const (
	// maxChunks bounds the chunks before the image data: each may cost a read.
	maxChunks = 4096
	// deflateRatio is the most that a byte of deflate can expand to.
	deflateRatio = 1032
)

func openPNG(in *input) (stored, facts, error) {
	f := &pngFile{}
	ft := facts{pages: 1, orientation: 1}
	at := int64(len(pngSignature))
	for i := 0; f.data == 0; i++ {
		if i == maxChunks {
			return nil, ft, errorText("too many chunks")
		}
		head, err := in.bytes(at, 8)
		if err != nil {
			return nil, ft, err
		}
		n, kind := int64(binary.BigEndian.Uint32(head)), string(head[4:])
		if i == 0 && kind != "IHDR" || n >= 1<<31 {
			return nil, ft, errorText("no IHDR chunk")
		}
		if err := f.chunk(in, kind, at, n, &ft); err != nil {
			return nil, ft, err
		}
		at += 12 + n
	}
	return f, ft, f.finish(in, &ft)
}

// chunk reads the chunk at offset at if it is of use.
func (f *pngFile) chunk(in *input, kind string, at, n int64, ft *facts) error {
	limit := int64(0)
	switch kind {
	case "IHDR":
		limit = 13
	case "PLTE":
		limit = 768
	case "tRNS":
		limit = 256
	case "iCCP", "eXIf":
		limit = maxICC
	case "IDAT":
		f.data = at
		return nil
	case "IEND":
		return errorText("no image data")
	default:
		return nil
	}
	if n > limit {
		if limit == maxICC {
			return nil // the picture is worth more than its profile
		}
		return errorText("the " + kind + " chunk is too long")
	}
	p, err := in.bytes(at+4, int(n)+8)
	if err != nil {
		return err
	}
	sum := binary.BigEndian.Uint32(p[n+4:])
	intact, p := crc32.ChecksumIEEE(p[:n+4]) == sum, p[4:n+4]
	switch {
	case kind == "iCCP" && intact:
		ft.icc = pngProfile(p)
	case kind == "eXIf" && intact:
		ft.orientation = orientation(orientationOf(p))
	case kind == "iCCP", kind == "eXIf":
	case !intact:
		return errorText("the checksum of the " + kind + " chunk is wrong")
	case kind == "IHDR":
		return f.header(p)
	case kind == "PLTE":
		f.entries = len(p) / 3
		for i := range f.entries {
			f.palette[i] = [4]byte{p[3*i], p[3*i+1], p[3*i+2], 255}
		}
	default:
		return f.transparency(p)
	}
	return nil
}

// header reads the IHDR chunk (§11.2.1).
func (f *pngFile) header(p []byte) error {
	if len(p) != 13 || f.depth != 0 {
		return errorText("bad IHDR chunk")
	}
	w, h := binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
	if w == 0 || h == 0 || w >= 1<<31 || h >= 1<<31 {
		return errorText("the image has no width or height")
	}
	f.size, f.depth, f.colour, f.interlaced = image.Pt(int(w), int(h)), int(p[8]), p[9], p[12] == 1
	ok := p[10] == 0 && p[11] == 0 && p[12] <= 1
	switch f.colour {
	case pngGray:
		ok = ok && (f.depth == 1 || f.depth == 2 || f.depth == 4 || f.depth == 8 || f.depth == 16)
	case pngPalette:
		ok = ok && (f.depth == 1 || f.depth == 2 || f.depth == 4 || f.depth == 8)
	case pngRGB, pngGrayAlpha, pngRGBA:
		ok = ok && (f.depth == 8 || f.depth == 16)
	default:
		ok = false
	}
	if !ok {
		return png.UnsupportedError("colour type or depth")
	}
	for i := range f.palette {
		f.palette[i][3] = 255 // entries that do not exist are opaque black, as in libpng
	}
	return nil
}

// transparency reads the tRNS chunk (§11.3.1.1).
func (f *pngFile) transparency(p []byte) error {
	switch {
	case f.colour == pngPalette:
		for i, a := range p {
			f.palette[i][3] = a
		}
	case f.colour == pngGray && len(p) >= 2:
		// Only as many bits as there are in a sample count.
		v := binary.BigEndian.Uint16(p) & (1<<f.depth - 1)
		f.key = &[3]uint16{v, v, v}
	case f.colour == pngRGB && len(p) >= 6:
		f.key = &[3]uint16{}
		for i := range f.key {
			f.key[i] = binary.BigEndian.Uint16(p[2*i:]) & (1<<f.depth - 1)
		}
	}
	return nil
}

// pngProfile inflates an iCCP chunk (§11.3.2.3), nil when that fails or gives too
// much.
func pngProfile(p []byte) []byte {
	name := bytes.IndexByte(p, 0)
	if name < 1 || name > 79 || name+2 > len(p) || p[name+1] != 0 {
		return nil
	}
	z := inflate.NewReader(bytes.NewReader(p[name+2:]))
	defer z.Close()
	icc, err := io.ReadAll(io.LimitReader(z, maxICC+1))
	if err != nil || len(icc) > maxICC {
		return nil
	}
	return icc
}

// finish decides on the result, and checks that there can be data enough.
func (f *pngFile) finish(in *input, ft *facts) error {
	f.model, f.alpha = pixel.RGB, f.key != nil
	switch f.colour {
	case pngGray, pngGrayAlpha:
		f.model = pixel.Gray
		f.alpha = f.alpha || f.colour == pngGrayAlpha
		f.bitonal = f.depth == 1 && !f.alpha
	case pngRGBA:
		f.alpha = true
	case pngPalette:
		if f.entries == 0 {
			return errorText("no palette")
		}
		gray, extreme := true, true
		for _, c := range f.palette[:min(f.entries, 1<<f.depth)] {
			gray = gray && c[0] == c[1] && c[1] == c[2]
			extreme = extreme && (c[0] == 0 || c[0] == 255)
			f.alpha = f.alpha || c[3] != 255
		}
		// A profile of palette images is always one of RGB (§11.3.2.3).
		if gray && ft.icc == nil {
			f.model, f.bitonal = pixel.Gray, extreme && !f.alpha
		}
	}
	ft.model, ft.alpha = f.model, f.alpha
	f.reductions = f.halvings()
	if int64(f.rowBytes(f.size.X))/deflateRatio*int64(f.size.Y) > in.size {
		return errorText("the file is too short for its pixels")
	}
	return nil
}

// samples returns the number of samples per pixel, as stored.
func (f *pngFile) samples() int {
	switch f.colour {
	case pngRGB:
		return 3
	case pngGrayAlpha:
		return 2
	case pngRGBA:
		return 4
	}
	return 1
}

// rowBytes returns the bytes of n pixels in a row, without the filter type.
func (f *pngFile) rowBytes(n int) int { return (n*f.samples()*f.depth + 7) / 8 }

func (f *pngFile) levels() []image.Point {
	ls := make([]image.Point, f.reductions+1)
	for i := range ls {
		ls[i] = f.levelSize(i)
	}
	return ls
}

func (f *pngFile) factor(level int) int { return 1 << level }

func (f *pngFile) cover(_ int, r image.Rectangle) image.Rectangle { return r }

// memory counts the planes, two stored rows, one row of samples, the sums of
// cells, and the decompressor with its buffers.
func (f *pngFile) memory(_ int, r image.Rectangle) int64 {
	return pixel.Bytes(f.model, r.Dx(), r.Dy(), 1, 1, f.alpha) +
		2*int64(f.rowBytes(f.size.X)) + 4*int64(f.size.X) + 16*int64(r.Dx()) + bufferSize + 128<<10
}

// errorText is an error without more to it.
type errorText string

func (e errorText) Error() string { return string(e) }
