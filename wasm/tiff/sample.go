package tiff

import (
	"encoding/binary"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// Where a sample goes, besides the number of a colour plane.
const (
	targetNone  = -1 // an extra sample that is ignored
	targetAlpha = -2
)

// sampleTarget returns where sample i of a pixel goes.
func (l *level) sampleTarget(i int) int {
	switch {
	case i < l.colours():
		return i
	case i == l.alpha:
		return targetAlpha
	}
	return targetNone
}

// undoPredictor turns a row of horizontal differences into samples (TIFF 6.0
// §14). 16-bit samples are added in the file's byte order.
func (l *level) undoPredictor(row []byte) {
	n := l.SamplesPerPixel
	if l.Planar {
		n = 1
	}
	if l.BitsPerSample == 8 && n == 1 {
		pixel.Accumulate(row)
		return
	}
	if l.BitsPerSample == 8 {
		for i := n; i < len(row); i++ {
			row[i] += row[i-n]
		}
		return
	}
	for i := 2 * n; i+1 < len(row); i += 2 {
		l.order.PutUint16(row[i:], l.order.Uint16(row[i:])+l.order.Uint16(row[i-2*n:]))
	}
}

// differs reports whether the rows of chunk c are handed over as differences: of
// colours of 8 bits, they are summed up when they are no longer interleaved, which is
// faster. That takes rows from their first pixel on.
func (d *decoder) differs(c chunk) bool {
	return d.Predictor == 2 && d.BitsPerSample == 8 && d.SamplesPerPixel == 3 && !d.Planar &&
		d.colours() == 3 && d.gray == nil && !d.dataUnits() && c.rect.Min.X >= d.region.Min.X
}

// unpacker turns rows of packed samples into 8-bit planes.
type unpacker struct {
	*decoder
	step     int    // samples per pixel in a row
	wide     []byte // one row, 8 bits per sample
	straight bool   // associated alpha is undone here, at 16 bits
}

func newUnpacker(d *decoder) *unpacker {
	u := &unpacker{decoder: d, step: d.SamplesPerPixel}
	if d.Planar {
		u.step = 1
	}
	if d.BitsPerSample != 8 {
		u.wide = make([]byte, d.TileWidth*u.step)
	}
	u.straight = d.associated && d.BitsPerSample == 16 && !d.Planar
	return u
}

// row stores one row of chunk c, row y of the level.
func (u *unpacker) row(c chunk, y int, row []byte) error {
	if u.straight {
		u.unassociate16(row)
	}
	row = u.widen(row)
	from, to := max(c.rect.Min.X, u.region.Min.X), min(c.rect.Max.X, u.region.Max.X)
	row = row[(from-c.rect.Min.X)*u.step : (to-c.rect.Min.X)*u.step]
	x, y := from-u.region.Min.X, y-u.region.Min.Y
	if u.Planar {
		u.put(u.sampleTarget(c.plane), x, y, row, 0)
		return nil
	}
	if u.step == 3 && u.colours() == 3 && u.gray == nil {
		n := to - from
		planes := u.img.Planes
		first, second, third := planes[0].Row(y)[x:x+n], planes[1].Row(y)[x:x+n], planes[2].Row(y)[x:x+n]
		pixel.Deinterleave3(first, second, third, row)
		if u.differs(c) {
			pixel.Accumulate(first)
			pixel.Accumulate(second)
			pixel.Accumulate(third)
		}
		return nil
	}
	for s := range u.step {
		if t := u.sampleTarget(s); t != targetNone {
			u.put(t, x, y, row, s)
		}
	}
	return nil
}

// put stores every step-th sample of row, from the given one on, in a plane.
func (u *unpacker) put(target, x, y int, row []byte, first int) {
	if target == targetAlpha {
		dst := u.img.Alpha.Row(y)[x:]
		spread(dst, row, first, u.step)
		if u.BitsPerSample < 8 {
			mapped(dst[:len(row)/u.step], grayTable(u.BitsPerSample, false))
		}
		return
	}
	if u.palette != nil {
		for p := range 3 {
			dst := u.img.Planes[p].Row(y)[x:]
			spread(dst, row, first, u.step)
			mapped(dst[:len(row)/u.step], &u.palette[p])
		}
		return
	}
	dst := u.img.Planes[target].Row(y)[x:]
	spread(dst, row, first, u.step)
	if u.gray != nil {
		mapped(dst[:len(row)/u.step], u.gray)
	}
}

// spread copies every step-th byte of src, from index first on, to dst.
func spread(dst, src []byte, first, step int) {
	if step == 1 {
		copy(dst, src)
		return
	}
	for i, j := 0, first; j < len(src); i, j = i+1, j+step {
		dst[i] = src[j]
	}
}

func mapped(b []byte, table *[256]byte) {
	for i, v := range b {
		b[i] = table[v]
	}
}

// widen brings samples to one byte each: 16 bits are scaled and rounded, fewer
// than 8 are left as they are, for a table to map.
func (u *unpacker) widen(row []byte) []byte {
	bits := u.BitsPerSample
	switch bits {
	case 8:
		return row
	case 16:
		little := u.order == binary.ByteOrder(binary.LittleEndian)
		for i := range u.wide {
			v := uint32(row[2*i])<<8 | uint32(row[2*i+1])
			if little {
				v = uint32(row[2*i+1])<<8 | uint32(row[2*i])
			}
			u.wide[i] = scale16(v)
		}
		return u.wide
	}
	mask, shift := byte(1<<bits-1), 8
	for i := range u.wide {
		shift -= bits
		u.wide[i] = row[0] >> shift & mask
		if shift == 0 {
			row, shift = row[1:], 8
		}
	}
	return u.wide
}

// scale16 scales 0…65535 to 0…255, rounded.
func scale16(v uint32) byte { return byte((v*255 + 32767) / 65535) }

// unassociate16 divides the colours of a row of 16-bit samples by their alpha,
// before they lose their precision.
func (u *unpacker) unassociate16(row []byte) {
	for ; len(row) >= 2*u.step; row = row[2*u.step:] {
		a := uint32(u.order.Uint16(row[2*u.alpha:]))
		for s := range u.colours() {
			v := uint32(u.order.Uint16(row[2*s:]))
			if u.Photometric == MinIsWhite {
				v = 65535 - v
			}
			if a != 0 {
				v = min(uint32((uint64(v)*65535+uint64(a)/2)/uint64(a)), 65535)
			}
			if u.Photometric == MinIsWhite {
				v = 65535 - v
			}
			u.order.PutUint16(row[2*s:], uint16(v))
		}
	}
}

// unassociate divides the colours of a picture by its alpha (TIFF 6.0 §18:
// associated alpha is premultiplied). Colours under alpha 0 stay what they are.
func unassociate(m *pixel.Image) {
	for p := range m.Planes {
		for y := range m.Height {
			row, alpha := m.Planes[p].Row(y), m.Alpha.Row(y)
			for x, a := range alpha {
				if a != 0 && a != 255 {
					row[x] = byte(min((int(row[x])*255+int(a)/2)/int(a), 255))
				}
			}
		}
	}
}
