package jpeg

import (
	"bytes"
	"image"
)

// aligned reports whether every row of a tile consists of whole restart intervals,
// so that they can be copied as they are.
func (c *cutter) aligned(rect image.Rectangle) bool {
	left, right := rect.Min.X/c.f.mcu.X, ceilDiv(rect.Max.X, c.f.mcu.X)
	return c.restart > 0 && !c.f.recode && c.cols%c.restart == 0 && left%c.restart == 0 && right%c.restart == 0
}

// intervals appends the restart intervals of s to out.buf as they are in the file,
// with markers of their own numbers. raw are the bytes of s. What is in the intervals
// is not looked at.
func (c *cutter) intervals(s *strip, raw []byte) error {
	next := s.fromMCU / c.restart // the interval that raw is in
	for interval := s.first / c.restart; ; {
		end, behind, mark := nextMark(raw)
		// A marker has the number of the interval that it ends, T.81 §F.1.1.5.2.
		if behind < len(raw) && mark != 0xD0|byte(next&7) {
			return c.corrupt()
		}
		if next == interval {
			if c.copied > 0 {
				c.out.buf = append(c.out.buf, 0xFF, 0xD0|byte((c.copied-1)&7))
			}
			c.copied++
			c.out.buf = append(c.out.buf, raw[:end]...)
			if end > 0 && raw[end-1] == 0xFF {
				c.out.buf = append(c.out.buf, 0) // the strip ends before it
			}
			if interval++; interval*c.restart >= s.last {
				return nil
			}
		}
		if behind == len(raw) {
			return c.corrupt()
		}
		raw, next = raw[behind:], next+1
	}
}

// nextMark finds the end of the entropy-coded data that b begins with, the place
// behind the marker that follows and the marker; all are at the end of b when there
// is none.
func nextMark(b []byte) (end, behind int, mark byte) {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], 0xFF)
		if i < 0 || at+i+1 >= len(b) {
			return len(b), len(b), 0
		}
		at += i
		if b[at+1] == 0 {
			at += 2
			continue
		}
		for end = at; at < len(b) && b[at] == 0xFF; {
			at++ // fill bytes, T.81 §B.1.1.2
		}
		if at == len(b) {
			return end, at, 0
		}
		return end, at + 1, b[at]
	}
}

// headWithRestarts appends the part of out's head behind the profile, with the
// restart interval in front of its last segment, the scan header.
func (f *frame) headWithRestarts(dst []byte) []byte {
	scan := len(f.out) - (2 + 2 + 1 + 2*f.n + 3)
	dst = append(dst, f.out[f.iccAt:scan]...)
	dst = appendSegment(dst, markDRI, []byte{byte(f.restart >> 8), byte(f.restart)})
	return append(dst, f.out[scan:]...)
}
