package pixel

import (
	"errors"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Colour is an opaque sRGB colour.
type Colour struct {
	// R, G and B run from 0 to 255.
	R, G, B uint8
}

// ParseColour reads "#rrggbb", "rrggbb" (hexadecimal, any case), "white" or
// "black". Anything else is Invalid.
func ParseColour(s string) (Colour, error) {
	switch s {
	case "white":
		return Colour{255, 255, 255}, nil
	case "black":
		return Colour{}, nil
	}
	hex := s
	if len(hex) == 7 && hex[0] == '#' {
		hex = hex[1:]
	}
	var v uint32
	ok := len(hex) == 6
	for i := 0; ok && i < len(hex); i++ {
		switch c := hex[i]; {
		case c >= '0' && c <= '9':
			v = v<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | uint32(c-'a'+10)
		case c >= 'A' && c <= 'F':
			v = v<<4 | uint32(c-'A'+10)
		default:
			ok = false
		}
	}
	if !ok {
		return Colour{}, fault.E("pixel.ParseColour", fault.Invalid, errors.New(`a colour is "#rrggbb", "rrggbb", "white" or "black"`))
	}
	return Colour{uint8(v >> 16), uint8(v >> 8), uint8(v)}, nil
}

// in returns the colour as samples of the model. In Gray it is the colour's
// luma.
func (c Colour) in(model Model) []byte {
	switch model {
	case Gray:
		return []byte{luma(c.R, c.G, c.B)}
	case YCbCr:
		cb, cr := chroma(int32(c.R), int32(c.G), int32(c.B), 1)
		return []byte{luma(c.R, c.G, c.B), cb, cr}
	case CMYK:
		return []byte{255 - c.R, 255 - c.G, 255 - c.B, 0}
	}
	return []byte{c.R, c.G, c.B}
}

// luma is Y of ITU-T T.871 §7, rounded.
func luma(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}

// chroma is Cb and Cr of ITU-T T.871 §7 for the mean of n pixels whose samples
// add up to r, g and b.
func chroma(r, g, b, n int32) (cb, cr uint8) {
	// 64 bits: the sums of a 4 × 4 cell times 2^15 pass 31 bits.
	half := int64(n) << 15
	d := int64(n) << 16
	u := (-11059*int64(r) - 21709*int64(g) + 32768*int64(b) + 128*d + half) / d
	v := (32768*int64(r) - 27439*int64(g) - 5329*int64(b) + 128*d + half) / d
	return uint8(min(u, 255)), uint8(min(v, 255))
}
