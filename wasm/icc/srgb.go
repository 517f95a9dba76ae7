package icc

import (
	"encoding/binary"
	"math"
)

// The white of the connection space (ICC.1:2022 §7.2.16).
const whiteX, whiteY, whiteZ = 0.9642, 1, 0.8249

// labToXYZ is CIE 1976 L*a*b* of D50 to XYZ.
func labToXYZ(l, a, b float64) [3]float64 {
	cube := func(t float64) float64 {
		if t > 24.0/116 {
			return t * t * t
		}
		return (108.0 / 841) * (t - 16.0/116)
	}
	y := (l + 16) / 116
	return [3]float64{cube(y+a/500) * whiteX, cube(y) * whiteY, cube(y-b/200) * whiteZ}
}

// fromXYZ is the inverse of the primaries of sRGB (IEC 61966-2-1), adapted to
// D50 by Bradford: XYZ to linear light.
func fromXYZ() [9]float64 {
	return [9]float64{
		3.1338561, -1.6168667, -0.4906146,
		-0.9787684, 1.9161415, 0.0334540,
		0.0719453, -0.2289914, 1.4052427,
	}
}

// times returns the product of two 3 × 3 matrices, row after row.
func times(a, b [9]float64) (c [9]float64) {
	for i := range c {
		r, k := i/3*3, i%3
		c[i] = a[r]*b[k] + a[r+1]*b[3+k] + a[r+2]*b[6+k]
	}
	return c
}

func apply(m [9]float64, v [3]float64) [3]float64 {
	return [3]float64{
		m[0]*v[0] + m[1]*v[1] + m[2]*v[2],
		m[3]*v[0] + m[4]*v[1] + m[5]*v[2],
		m[6]*v[0] + m[7]*v[1] + m[8]*v[2],
	}
}

// encode is the transfer function of sRGB from linear light, limited to 0–1.
func encode(v float64) float64 { return extended(unit(v)) }

// extended is encode without limits, mirrored below 0.
func extended(v float64) float64 {
	if v < 0 {
		return -extended(-v)
	}
	if v <= 0.0031308 {
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// convert takes device values from 0 to 1 to sRGB, or gray to the gray of sRGB
// (one value), exactly. The conversions of images are tables of it.
func (p *Profile) convert(device []float64) []float64 {
	if p.space == Gray {
		v := p.curves[0].at(device[0])
		if p.pcsLab {
			v = labToXYZ(100*v, 0, 0)[1]
		}
		return []float64{encode(v)}
	}
	rgb := p.light(device)
	return []float64{encode(rgb[0]), encode(rgb[1]), encode(rgb[2])}
}

// light takes device values of RGB or CMYK from 0 to 1 to linear light of the
// primaries of sRGB, without limits.
func (p *Profile) light(device []float64) [3]float64 {
	if p.table != nil {
		return apply(fromXYZ(), p.table.xyz(device))
	}
	return apply(fromXYZ(), apply(p.matrix,
		[3]float64{p.curves[0].at(device[0]), p.curves[1].at(device[1]), p.curves[2].at(device[2])}))
}

// SRGB returns a small profile of sRGB, version 4.3: the primaries, one
// parametric curve for all channels, and what the specification demands besides
// (ICC.1:2022 §8.3.3).
func SRGB() []byte {
	var tags []byte
	var entries []byte
	const count = 10
	add := func(data []byte, names ...string) {
		for _, name := range names {
			entries = append(entries, name...)
			entries = binary.BigEndian.AppendUint32(entries, uint32(132+12*count+len(tags)))
			entries = binary.BigEndian.AppendUint32(entries, uint32(len(data)))
		}
		tags = append(tags, data...)
		for len(tags)%4 != 0 {
			tags = append(tags, 0)
		}
	}
	numbers := func(kind string, values ...float64) []byte {
		b := append([]byte(kind), 0, 0, 0, 0)
		if kind == "para" {
			b = append(b, 0, 3, 0, 0)
		}
		for _, v := range values {
			b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
		}
		return b
	}
	text := func(s string) []byte {
		b := append([]byte("mluc"), 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 12, 'e', 'n', 'U', 'S')
		b = binary.BigEndian.AppendUint32(b, uint32(2*len(s)))
		b = binary.BigEndian.AppendUint32(b, 28)
		for _, c := range []byte(s) {
			b = append(b, 0, c)
		}
		return b
	}
	add(text("sRGB"), "desc")
	add(text("CC0"), "cprt")
	add(numbers("XYZ ", whiteX, whiteY, whiteZ), "wtpt")
	add(numbers("sf32", 1.04788208, 0.02291870, -0.05020142, 0.02958679, 0.99046326, -0.01707458, -0.00924683, 0.01507568, 0.75167847), "chad")
	add(numbers("XYZ ", 0.43606567, 0.22248840, 0.01391602), "rXYZ")
	add(numbers("XYZ ", 0.38514709, 0.71687317, 0.09707642), "gXYZ")
	add(numbers("XYZ ", 0.14306641, 0.06060791, 0.71409607), "bXYZ")
	add(numbers("para", 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045), "rTRC", "gTRC", "bTRC")

	b := make([]byte, 128, 132+len(entries)+len(tags))
	binary.BigEndian.PutUint32(b, uint32(cap(b)))
	copy(b[8:], []byte{4, 0x30, 0, 0})
	copy(b[12:], "mntrRGB XYZ ")
	copy(b[24:], []byte{7, 0xEA, 0, 1, 0, 1}) // 2026-01-01
	copy(b[36:], "acsp")
	for i, v := range []float64{whiteX, whiteY, whiteZ} {
		binary.BigEndian.PutUint32(b[68+4*i:], uint32(math.Round(v*65536)))
	}
	b = binary.BigEndian.AppendUint32(b, count)
	b = append(b, entries...)
	return append(b, tags...)
}
