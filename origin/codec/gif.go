package codec

import (
	"bufio"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// gifFile is a stored GIF. Only its first frame is read; what follows is never
// looked at, however many frames there are.
type gifFile struct {
	whole
	frame image.Rectangle
}

// lzwRatio is more than the bytes that a byte of GIF's LZW can expand to: a code
// of 12 bits stands for at most 4094 pixels.
const lzwRatio = 2800

func openGIF(in *input) (stored, facts, error) {
	const op = "codec.Open"
	r := in.stream(0)
	var screen [13]byte
	if _, err := io.ReadFull(r, screen[:]); err != nil {
		return nil, facts{}, err
	}
	size := image.Pt(int(binary.LittleEndian.Uint16(screen[6:])), int(binary.LittleEndian.Uint16(screen[8:])))
	if screen[10]&0x80 != 0 {
		if _, err := r.Discard(3 << (screen[10]&7 + 1)); err != nil {
			return nil, facts{}, err
		}
	}
	frame, transparent, err := firstFrame(r)
	if err != nil {
		return nil, facts{}, err
	}
	f := &gifFile{whole{size}, frame}
	if frame.Empty() || !frame.In(image.Rectangle{Max: size}) {
		return nil, facts{}, corrupt(op, "the first frame is empty or not inside of the picture")
	}
	if int64(frame.Dx())*int64(frame.Dy())/lzwRatio > in.size {
		return nil, facts{}, corrupt(op, "the file is too short for its frame")
	}
	return f, facts{pages: 1, model: pixel.RGB, alpha: transparent || frame.Size() != size}, nil
}

// firstFrame reads the blocks up to the first image descriptor (GIF89a §20), and
// returns its rectangle and whether it has a transparent colour.
func firstFrame(r *bufio.Reader) (frame image.Rectangle, transparent bool, err error) {
	for {
		kind, err := r.ReadByte()
		if err != nil {
			return frame, false, err
		}
		switch kind {
		case 0x2c:
			var b [8]byte
			_, err := io.ReadFull(r, b[:])
			at := func(i int) int { return int(binary.LittleEndian.Uint16(b[i:])) }
			return image.Rect(at(0), at(2), at(0)+at(4), at(2)+at(6)), transparent, err
		case 0x21:
			label, err := r.ReadByte()
			if err != nil {
				return frame, false, err
			}
			t, err := extension(r, label)
			if err != nil {
				return frame, false, err
			}
			transparent = transparent || t
		default:
			return frame, false, errors.New("no frame")
		}
	}
}

// extension skips the blocks of an extension and reports whether it is a graphic
// control that makes a colour transparent (GIF89a §23).
func extension(r *bufio.Reader, label byte) (transparent bool, err error) {
	for first := true; ; first = false {
		n, err := r.ReadByte()
		if n == 0 || err != nil {
			return transparent, err
		}
		if first && label == 0xf9 {
			if b, err := r.Peek(1); err == nil {
				transparent = b[0]&1 != 0
			}
		}
		if _, err := r.Discard(int(n)); err != nil {
			return false, err
		}
	}
}

// memory counts the frame's indexes, twice when they are interlaced, and planes
// of RGBA for the frame and for the picture.
func (f *gifFile) memory(int, image.Rectangle) int64 {
	return bufferSize<<1 + int64(f.frame.Dx())*int64(f.frame.Dy())*6 + f.area()*4
}

func (f *gifFile) decode(in *input, _ int, _ image.Rectangle) (*pixel.Image, image.Rectangle, error) {
	all := image.Rectangle{Max: f.Point}
	src, err := gif.Decode(in.stream(0))
	if err != nil {
		return nil, all, err
	}
	if !src.Bounds().In(all) {
		return nil, all, errors.New("the frame is not where it was")
	}
	m, err := pixel.FromStd(src)
	if err != nil {
		return nil, all, err
	}
	return onCanvas(m, src.Bounds().Min, f.Point), all, nil
}

// onCanvas puts a frame on a transparent ground, unless it fills it.
func onCanvas(m *pixel.Image, at, size image.Point) *pixel.Image {
	if m.Width == size.X && m.Height == size.Y {
		return m
	}
	if m.Model == pixel.YCbCr {
		m = pixel.ToRGB(m)
	}
	r := pixel.New(m.Model, size.X, size.Y, 1, 1, true)
	for i := range m.Planes {
		for y := range m.Height {
			copy(r.Planes[i].Row(at.Y + y)[at.X:], m.Planes[i].Row(y))
		}
	}
	for y := range m.Height {
		row := r.Alpha.Row(at.Y + y)[at.X:][:m.Width]
		if m.Alpha != nil {
			copy(row, m.Alpha.Row(y))
			continue
		}
		for x := range row {
			row[x] = 255
		}
	}
	return r
}
