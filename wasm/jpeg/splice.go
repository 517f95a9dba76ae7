package jpeg

import (
	"bytes"
	"errors"
	"image"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// The photometric interpretations of TIFF 6.0 §8 that a JPEG can have.
const (
	photometricGray  = 1
	photometricRGB   = 2
	photometricYCbCr = 6
)

// Splice appends to dst the complete JPEG that a JPEG tile or strip of a TIFF
// stands for: the tables that it shares with others (the JPEGTables tag, may be
// empty) and its own stream, with the Adobe segment that tells decoders the
// colours, which in a TIFF only the photometric tag does (TIFF Technical Note 2).
// Application segments and comments of either part are left out; image data are
// copied as they are.
//
// photometric is the tag's value: 6 for YCbCr, 2 for RGB, 1 for gray; 5 for CMYK
// is refused as Unsupported, as is 0, because a TIFF's inks and whites are not
// inverted and a JPEG's are. It fails with Corrupt for what does not have the
// structure of a JPEG.
func Splice(dst, tables, tile []byte, photometric int) ([]byte, error) {
	const op = "jpeg.Splice"
	components, transform := 3, 0
	switch photometric {
	case photometricYCbCr:
		transform = 1
	case photometricRGB:
	case photometricGray:
		components, transform = 1, NoTransform
	default:
		return nil, fault.New(op, fault.Unsupported, "a JPEG cannot have the colours of this TIFF")
	}
	dst = grow(dst, len(tables)+len(tile)+16)
	dst, used, err := SpliceHead(dst, tables, tile, components, transform)
	if err != nil {
		return nil, err
	}
	dst = append(dst, tile[used:]...)
	if end := []byte{0xFF, markEOI}; !bytes.HasSuffix(tile, end) && bytes.LastIndex(tile[used:], end) < 0 {
		// Others stop before the end, as writers pad tiles to even lengths.
		dst = append(dst, end...)
	}
	return dst, nil
}

// NoTransform, as the transform of SpliceHead, leaves the Adobe segment out.
const NoTransform = -1

// SpliceHead appends to dst the head of what Splice makes, up to and including the
// header of the first scan, and returns how much of tile that takes; tile may end
// anywhere behind that. components is how many the frame must have, and transform
// what the Adobe segment says. It fails like Splice.
func SpliceHead(dst, tables, tile []byte, components, transform int) (_ []byte, used int, err error) {
	bad := func() ([]byte, int, error) {
		return nil, 0, fault.E("jpeg.SpliceHead", fault.Corrupt, errors.New("a TIFF tile is not a JPEG"))
	}
	dst = append(dst, 0xFF, markSOI)
	if transform != NoTransform {
		dst = appendAdobe(dst, byte(transform))
	}
	// Tables first: those in the tile come later and replace them.
	if len(tables) > 0 {
		if len(tables) < 2 || tables[0] != 0xFF || tables[1] != markSOI {
			return bad()
		}
		for at := 2; ; {
			s, ok := nextSegment(tables, at)
			if !ok || s.mark == markEOI {
				break
			}
			if s.mark == markDQT || s.mark == markDHT || s.mark == markDRI {
				dst = append(dst, tables[s.at:s.end]...)
			}
			at = s.end
		}
	}
	if len(tile) < 2 || tile[0] != 0xFF || tile[1] != markSOI {
		return bad()
	}
	framed := false
	for at := 2; ; {
		s, ok := nextSegment(tile, at)
		if !ok || s.mark == markEOI || s.mark == markSOI {
			return bad()
		}
		at = s.end
		switch {
		case s.mark == markSOS:
			if !framed {
				return bad()
			}
			return append(dst, tile[s.at:s.end]...), s.end, nil
		case s.mark >= markAPP0 && s.mark <= markAPP0+15, s.mark == 0xFE, s.content == nil:
			continue
		case s.mark >= 0xC0 && s.mark <= 0xCF && s.mark != markDHT && s.mark != 0xC8 && s.mark != 0xCC:
			if framed || len(s.content) < 6 || int(s.content[5]) != components {
				return bad()
			}
			framed = true
		}
		dst = append(dst, tile[s.at:s.end]...)
	}
}

// TrimTile returns a tile of one scan without what comes behind its end: some TIFFs
// leave the lengths out, and then all the file seems to belong to it. Splice does not
// look for the end, as that takes as long as everything else.
func TrimTile(tile []byte) []byte {
	for at := 2; ; {
		s, ok := nextSegment(tile, at)
		if !ok {
			return tile
		}
		at = s.end
		if s.mark != markSOS {
			continue
		}
		if i := bytes.Index(tile[at:], []byte{0xFF, markEOI}); i >= 0 {
			return tile[:at+i+2]
		}
		return tile
	}
}

// CropTile cuts a complete JPEG down to width × height pixels from its top left
// corner, without decoding: tiles at the right and lower edge of a TIFF are
// padded to full size. The coefficients stay, as do the density and the colour
// segments. The file is returned as it is when it has that size already.
//
// It fails with Invalid for sizes that it does not contain, and otherwise like
// BuildIndex.
func CropTile(tile []byte, width, height int) ([]byte, error) {
	const op = "jpeg.CropTile"
	x, err := readSmall(op, tile)
	if err != nil {
		return nil, err
	}
	h := x.header
	switch {
	case width < 1 || height < 1 || width > h.Width || height > h.Height:
		return nil, fault.E(op, fault.Invalid, errors.New("a tile cannot be cropped to more than it is"))
	case width == h.Width && height == h.Height:
		return tile, nil
	}
	if x.samePlaces(width, height) {
		// The same data, only less of the last units is shown.
		out := bytes.Clone(tile)
		size := out[x.frame.at+5:]
		size[0], size[1], size[2], size[3] = byte(height>>8), byte(height), byte(width>>8), byte(width)
		return out, nil
	}
	index, err := buildIndex(op, bytes.NewReader(tile), int64(len(tile)))
	if err != nil {
		return nil, err
	}
	return index.Tile(bytes.NewReader(tile), image.Rect(0, 0, width, height), TileOptions{})
}

// smallHead is what CropTile must know of a file before it reads all of it.
type smallHead struct {
	header Header
	frame  segmentAt
	whole  bool // all components come in one scan
}

// samePlaces reports whether the image data stay the same when the image is
// cropped to width × height. Scans of one component leave out blocks that only
// fill up units, so there the number of blocks counts.
func (x *smallHead) samePlaces(width, height int) bool {
	h := &x.header
	hmax, vmax := h.maxSampling()
	if x.whole {
		return ceilDiv(width, 8*hmax) == ceilDiv(h.Width, 8*hmax) &&
			ceilDiv(height, 8*vmax) == ceilDiv(h.Height, 8*vmax)
	}
	for _, s := range h.sampling[:h.Components] {
		if ceilDiv(ceilDiv(width*s[0], hmax), 8) != ceilDiv(ceilDiv(h.Width*s[0], hmax), 8) ||
			ceilDiv(ceilDiv(height*s[1], vmax), 8) != ceilDiv(ceilDiv(h.Height*s[1], vmax), 8) {
			return false
		}
	}
	return true
}

// readSmall finds the frame header of a JPEG in memory.
func readSmall(op string, tile []byte) (smallHead, error) {
	d := newDecoder(bytes.NewReader(tile), op)
	defer d.close()
	if err := d.readHeader(); err != nil {
		return smallHead{}, err
	}
	x := smallHead{header: d.h}
	for at := 2; ; {
		s, ok := nextSegment(tile, at)
		if !ok {
			return x, d.ended()
		}
		switch s.mark {
		case markSOF0, markSOF1, markSOF2:
			x.frame = s
		case markSOS:
			x.whole = !d.h.Progressive && len(s.content) > 0 && int(s.content[0]) == d.h.Components
			return x, nil
		}
		at = s.end
	}
}
