package ingest

import (
	"bytes"
	"image"
	"iter"
)

// segment is a marker segment of a JPEG, without marker and length.
type segment struct {
	mark byte
	body []byte
	end  int // where the next one begins
}

// segments yields the segments of a JPEG up to the scan header, as far as they are
// right.
func segments(b []byte) iter.Seq[segment] {
	return func(yield func(segment) bool) {
		for at := 2; at+4 <= len(b) && b[at] == 0xFF; {
			n := int(b[at+2])<<8 | int(b[at+3])
			end := at + 2 + n
			if n < 2 || end > len(b) {
				return
			}
			s := segment{b[at+1], b[at+4 : end], end}
			if !yield(s) || s.mark == 0xDA {
				return
			}
			at = end
		}
	}
}

// findSegment returns the body of the first segment with one of the marks.
func findSegment(b []byte, marks ...byte) ([]byte, bool) {
	for s := range segments(b) {
		if bytes.IndexByte(marks, s.mark) >= 0 {
			return s.body, true
		}
	}
	return nil, false
}

// scanData returns the entropy-coded data of a JPEG of one scan.
func scanData(b []byte) ([]byte, bool) {
	for s := range segments(b) {
		if s.mark == 0xDA && len(b)-2 >= s.end {
			return b[s.end : len(b)-2], true
		}
	}
	return nil, false
}

func appendSegment(b []byte, mark byte, body []byte) []byte {
	n := len(body) + 2
	return append(append(b, 0xFF, mark, byte(n>>8), byte(n)), body...)
}

// mcuRect is the first coding unit of an image.
func mcuRect(mcu image.Point, width, height int) image.Rectangle {
	return image.Rect(0, 0, min(mcu.X, width), min(mcu.Y, height))
}
