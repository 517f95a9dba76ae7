package codec

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientationOf returns the orientation that the TIFF structure of an Exif block
// states (Exif 2.32 §4.6.4, tag 0x0112), 1 when it does not state a valid one.
func orientationOf(p []byte) int {
	p = bytes.TrimPrefix(p, []byte("Exif\x00\x00")) // WebP and PNG files have it sometimes
	if len(p) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(p[:4]) {
	case "II*\x00":
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(p[4:]))
	if at+2 > int64(len(p)) {
		return 1
	}
	entries := p[at+2:]
	for n := order.Uint16(p[at:]); n > 0 && len(entries) >= 12; n, entries = n-1, entries[12:] {
		if order.Uint16(entries) != 0x0112 {
			continue
		}
		v := uint32(order.Uint16(entries[8:]))
		if order.Uint16(entries[2:]) == 4 { // LONG, what some cameras write
			v = order.Uint32(entries[8:])
		}
		if v >= 1 && v <= 8 {
			return int(v)
		}
		break
	}
	return 1
}

// orientation is an Exif orientation, 1 to 8: how a stored image is to be turned.
// All of them are reflections of the stored image, then, for 5 to 8, an exchange
// of the axes.
type orientation int

func (o orientation) swaps() bool { return o >= 5 && o <= 8 }

// size returns the upright size of a stored one, and the other way round.
func (o orientation) size(p image.Point) image.Point {
	if o.swaps() {
		return image.Pt(p.Y, p.X)
	}
	return p
}

// upright maps a rectangle of a stored image of the given size.
func (o orientation) upright(r image.Rectangle, stored image.Point) image.Rectangle {
	return o.swap(o.reflect(r, stored))
}

// stored maps a rectangle of the upright image back.
func (o orientation) stored(r image.Rectangle, stored image.Point) image.Rectangle {
	return o.reflect(o.swap(r), stored)
}

func (o orientation) swap(r image.Rectangle) image.Rectangle {
	if o.swaps() {
		return image.Rect(r.Min.Y, r.Min.X, r.Max.Y, r.Max.X)
	}
	return r
}

func (o orientation) reflect(r image.Rectangle, size image.Point) image.Rectangle {
	switch o {
	case 2, 3, 7, 8:
		r.Min.X, r.Max.X = size.X-r.Max.X, size.X-r.Min.X
	}
	switch o {
	case 3, 4, 6, 7:
		r.Min.Y, r.Max.Y = size.Y-r.Max.Y, size.Y-r.Min.Y
	}
	return r
}

// mirrorsX and mirrorsY report whether columns and rows of the upright image run
// against those that they are stored in.
func (o orientation) mirrorsX() bool { return o == 2 || o == 3 || o == 6 || o == 7 }

func (o orientation) mirrorsY() bool { return o == 3 || o == 4 || o == 7 || o == 8 }
