package pyramid

import (
	"errors"
	"strconv"
)

// shape is what a tile's JPEG stream must agree with the file about.
type shape struct {
	width, height, components int
	subX, subY                int
}

func (s shape) String() string {
	return strconv.Itoa(s.width) + " × " + strconv.Itoa(s.height) + ", " + strconv.Itoa(s.components) +
		" components, chroma 1/" + strconv.Itoa(s.subX) + " × 1/" + strconv.Itoa(s.subY)
}

// readShape reads the frame header of a JPEG and checks that the stream begins
// and ends as one (T.81 §B.2). It does not look at the data in between.
func readShape(b []byte) (shape, error) {
	if len(b) < 4 || b[0] != 0xff || b[1] != 0xd8 || b[len(b)-2] != 0xff || b[len(b)-1] != 0xd9 {
		return shape{}, errors.New("not a whole JPEG")
	}
	tables := false
	for at := 2; at+4 <= len(b) && b[at] == 0xff; {
		marker := b[at+1]
		length := int(b[at+2])<<8 | int(b[at+3])
		if length < 2 || at+2+length > len(b) {
			break
		}
		body := b[at+4 : at+2+length]
		switch {
		case marker == 0xdb:
			tables = true
		case marker >= 0xc0 && marker <= 0xc2:
			if !tables {
				return shape{}, errors.New("JPEG without quantisation tables")
			}
			return frame(body)
		case marker == 0xff, marker < 0xc0, marker >= 0xd0 && marker <= 0xda:
			return shape{}, errors.New("JPEG of an unexpected form")
		}
		at += 2 + length
	}
	return shape{}, errors.New("JPEG without a frame")
}

// frame reads the body of a frame header. Chroma must not be sampled more than
// luma, nor its components differently.
func frame(b []byte) (shape, error) {
	if len(b) < 6 || b[0] != 8 || len(b) != 6+3*int(b[5]) {
		return shape{}, errors.New("bad JPEG frame")
	}
	s := shape{width: int(b[3])<<8 | int(b[4]), height: int(b[1])<<8 | int(b[2]), components: int(b[5]), subX: 1, subY: 1}
	if s.components == 1 && b[7] == 0x11 { // libtiff refuses other factors of gray
		return s, nil
	}
	if s.components != 3 {
		return shape{}, errors.New("JPEG of an unexpected form")
	}
	y, cb, cr := b[7], b[10], b[13]
	if cb != 0x11 || cr != 0x11 {
		return shape{}, errors.New("JPEG sampled in an unusual way")
	}
	s.subX, s.subY = int(y>>4), int(y&15)
	return s, nil
}
