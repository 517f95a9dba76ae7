package codec

import (
	"encoding/binary"
	"errors"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// unfilter restores a row in place (PNG third edition, §9.2); bpp is the distance of
// the pixel to the left, in bytes, and prev the row above, as long as cur.
func unfilter(kind byte, cur, prev []byte, bpp int) error {
	switch kind {
	case 0:
	case 1:
		unfilterSub(cur, bpp)
	case 2:
		unfilterUp(cur, prev)
	case 3:
		unfilterAverage(cur, prev, bpp)
	case 4:
		unfilterPaeth(cur, prev, bpp)
	default:
		return errors.New("unknown filter type")
	}
	return nil
}

func unfilterSub(cur []byte, bpp int) {
	switch {
	case bpp == 1:
		pixel.Accumulate(cur)
		return
	case bpp == 3 && len(cur)%3 == 0:
		var a, b, c byte // in registers, which is twice as fast
		for ; len(cur) >= 3; cur = cur[3:] {
			a, b, c = a+cur[0], b+cur[1], c+cur[2]
			cur[0], cur[1], cur[2] = a, b, c
		}
		return
	}
	for i := bpp; i < len(cur); i++ {
		cur[i] += cur[i-bpp]
	}
}

// unfilterUp adds eight bytes at a time: the top bits apart, so that no sum runs over
// into the next byte.
func unfilterUp(cur, prev []byte) {
	const tops = 0x8080808080808080
	prev = prev[:len(cur)]
	for ; len(cur) >= 8; cur, prev = cur[8:], prev[8:] {
		a, b := binary.LittleEndian.Uint64(cur), binary.LittleEndian.Uint64(prev)
		binary.LittleEndian.PutUint64(cur, (a&^tops+b&^tops)^(a^b)&tops)
	}
	for i, p := range prev {
		cur[i] += p
	}
}

func unfilterAverage(cur, prev []byte, bpp int) {
	prev = prev[:len(cur)]
	if bpp == 3 && len(cur)%3 == 0 {
		var a, b, c uint
		for ; len(cur) >= 3; cur, prev = cur[3:], prev[3:] {
			p := prev[:3:3]
			a, b, c = (a+uint(p[0]))/2+uint(cur[0]), (b+uint(p[1]))/2+uint(cur[1]), (c+uint(p[2]))/2+uint(cur[2])
			a, b, c = a&255, b&255, c&255
			cur[0], cur[1], cur[2] = byte(a), byte(b), byte(c)
		}
		return
	}
	for i := range min(bpp, len(cur)) {
		cur[i] += prev[i] / 2
	}
	for i := bpp; i < len(cur); i++ {
		cur[i] += byte((int(cur[i-bpp]) + int(prev[i])) / 2)
	}
}

func unfilterPaeth(cur, prev []byte, bpp int) {
	prev = prev[:len(cur)]
	if bpp == 3 && len(cur)%3 == 0 {
		// Left and above left, in registers.
		var l0, l1, l2, d0, d1, d2 int
		for ; len(cur) >= 3; cur, prev = cur[3:], prev[3:] {
			u0, u1, u2 := int(prev[0]), int(prev[1]), int(prev[2])
			l0 = (int(cur[0]) + predict(l0, u0, d0)) & 255
			l1 = (int(cur[1]) + predict(l1, u1, d1)) & 255
			l2 = (int(cur[2]) + predict(l2, u2, d2)) & 255
			cur[0], cur[1], cur[2] = byte(l0), byte(l1), byte(l2)
			d0, d1, d2 = u0, u1, u2
		}
		return
	}
	for i := range min(bpp, len(cur)) {
		cur[i] += prev[i]
	}
	for i := bpp; i < len(cur); i++ {
		cur[i] += paeth(cur[i-bpp], prev[i], prev[i-bpp])
	}
}

// paeth is the predictor of §9.4 for the samples left, above and above left.
func paeth(a, b, c byte) byte { return byte(predict(int(a), int(b), int(c))) }

// predict is paeth. It does not branch, as nothing can foresee what photographs make
// it choose.
func predict(a, b, c int) int {
	pa, pb := b-c, a-c
	pc := pa + pb
	pa, pb, pc = abs(pa), abs(pb), abs(pc)
	// All ones where the first of two is the greater.
	overB, overC := (pb-pa)>>63, (pc-pa)>>63
	far := overB | overC // a is not the nearest
	useC := (pc - pb) >> 63
	return a&^far | far&(b&^useC|c&useC)
}

func abs(v int) int {
	sign := v >> 63
	return (v ^ sign) - sign
}
