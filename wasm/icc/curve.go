package icc

import (
	"encoding/binary"
	"math"
)

// curve is a tone curve from 0–1 to 0–1: a table (curveType, or a table of mft1
// and mft2) or a formula (parametricCurveType). The zero curve is the identity.
type curve struct {
	table []float32
	// kind is the function type of ICC.1:2022 §10.18 plus 1; g and the rest are
	// its parameters.
	kind                int
	g, a, b, c, d, e, f float64
}

// parseCurve reads a curve at the start of b and returns how many bytes it takes.
func parseCurve(b []byte) (curve, int, error) {
	if len(b) < 12 {
		return curve{}, 0, corrupt("tone curve")
	}
	switch string(b[:4]) {
	case "curv":
		n := uint64(binary.BigEndian.Uint32(b[8:]))
		if n > uint64(len(b)-12)/2 {
			return curve{}, 0, corrupt("tone curve")
		}
		points := b[12 : 12+2*n]
		switch n {
		case 0:
			return curve{}, 12, nil
		case 1:
			return curve{kind: 1, g: float64(binary.BigEndian.Uint16(points)) / 256}, 14, nil
		}
		return curve{table: samples(points, 2)}, 12 + len(points), nil
	case "para":
		return parseFormula(b)
	}
	return curve{}, 0, unsupported("tone curve type")
}

// parseFormula reads a parametricCurveType.
func parseFormula(b []byte) (curve, int, error) {
	counts := [...]int{1, 3, 4, 5, 7}
	kind := int(binary.BigEndian.Uint16(b[8:]))
	if kind >= len(counts) {
		return curve{}, 0, unsupported("tone curve formula")
	}
	n := counts[kind]
	if len(b) < 12+4*n {
		return curve{}, 0, corrupt("tone curve")
	}
	var v [7]float64
	for i := range n {
		v[i] = fixed(b[12+4*i:])
	}
	c := curve{kind: kind + 1, g: v[0], a: v[1], b: v[2], c: v[3], d: v[4], e: v[5], f: v[6]}
	return c, 12 + 4*n, nil
}

// samples decodes integers of size bytes to 0–1.
func samples(b []byte, size int) []float32 {
	t := make([]float32, len(b)/size)
	for i := range t {
		if size == 1 {
			t[i] = float32(b[i]) / 255
		} else {
			t[i] = float32(binary.BigEndian.Uint16(b[2*i:])) / 65535
		}
	}
	return t
}

// at evaluates the curve. A table takes inputs as limited to 0–1; a formula goes
// on beyond, because profiles such as that of XYB JPEGs leave the range between
// the stages of a table.
func (c *curve) at(x float64) float64 {
	if c.table != nil {
		p := unit(x) * float64(len(c.table)-1)
		i := min(int(p), len(c.table)-2)
		t := c.table[i : i+2]
		return float64(t[0]) + (p-float64(i))*float64(t[1]-t[0])
	}
	switch c.kind {
	case 1:
		if c.g != 1 {
			x = power(x, c.g)
		}
	case 2, 3:
		offset := c.c // 0 for type 1
		if c.a == 0 || x >= -c.b/c.a {
			x = power(c.a*x+c.b, c.g) + offset
		} else {
			x = offset
		}
	case 4, 5:
		if x >= c.d {
			x = power(c.a*x+c.b, c.g) + c.e
		} else {
			x = c.c*x + c.f
		}
	}
	return x
}

// power is x to the g for x ≥ 0, and 0 below, where the formulas are undefined.
func power(x, g float64) float64 {
	if x <= 0 {
		return 0
	}
	return math.Pow(x, g)
}

// unit limits v to 0–1; not a number is 0.
func unit(v float64) float64 {
	if !(v > 0) {
		return 0
	}
	return min(v, 1)
}
