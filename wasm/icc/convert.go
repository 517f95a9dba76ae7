package icc

import (
	"errors"
	"math"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// ToSRGB converts m to sRGB by the profile. YCbCr is converted to RGB first, with
// chroma interpolated to full size. The result is RGB, or Gray if m is gray, has
// no profile (sRGB and its gray are what is assumed without one) and may share
// the alpha of m. Models that the profile does not describe, see Describes, are
// Invalid.
func (p *Profile) ToSRGB(m *pixel.Image) (*pixel.Image, error) {
	if !p.Describes(m.Model) || len(m.Planes) != m.Model.Planes() {
		return nil, fault.E("icc.ToSRGB", fault.Invalid, errors.New("the profile is for another colour model"))
	}
	if m.Model == pixel.Gray {
		return p.gray(m), nil
	}
	if m.Model == pixel.YCbCr {
		m = pixel.ToRGB(m)
	}
	r := pixel.New(pixel.RGB, m.Width, m.Height, 1, 1, false)
	r.Alpha = m.Alpha
	for y := range m.Height {
		out := [3][]byte{r.Planes[0].Row(y), r.Planes[1].Row(y), r.Planes[2].Row(y)}
		switch {
		case p.space == CMYK:
			p.bake().inks(out, m.Planes[0].Row(y), m.Planes[1].Row(y), m.Planes[2].Row(y), m.Planes[3].Row(y))
		case p.table != nil:
			p.bake().lights(out, m.Planes[0].Row(y), m.Planes[1].Row(y), m.Planes[2].Row(y))
		default:
			p.tone().row(out, m.Planes[0].Row(y), m.Planes[1].Row(y), m.Planes[2].Row(y))
		}
	}
	return r, nil
}

// NaiveCMYK converts CMYK without a profile to RGB: each light is what its ink
// and black leave over, (255−c)·(255−k)/255. Other models are returned as they
// are.
func NaiveCMYK(m *pixel.Image) *pixel.Image {
	if m.Model != pixel.CMYK {
		return m
	}
	return pixel.ToRGB(m)
}

// gray converts a gray image by a gray profile, or by an RGB profile with
// R = G = B.
func (p *Profile) gray(m *pixel.Image) *pixel.Image {
	var table [256]byte
	for i := range table {
		v := float64(i) / 255
		out := p.convert([]float64{v, v, v}[:p.space.channels()])
		if len(out) == 3 {
			out[0] = 0.299*out[0] + 0.587*out[1] + 0.114*out[2]
		}
		table[i] = byte(math.Round(out[0] * 255))
	}
	r := pixel.New(pixel.Gray, m.Width, m.Height, 1, 1, false)
	r.Alpha = m.Alpha
	r.Bitonal = m.Bitonal && table[0] == 0 && table[255] == 255
	for y := range m.Height {
		out := r.Planes[0].Row(y)
		for x, v := range m.Planes[0].Row(y) {
			out[x] = table[v]
		}
	}
	return r
}

// Fixed point of tones: linear light and the matrix have 16 bits after the
// point, the index of the encoding table 14. Below that, two neighbours in the
// steep dark end of sRGB would share an entry.
const (
	lightBits  = 16
	encodeBits = 14
)

// tones is the conversion by curves and matrix: a table, a matrix, a table.
type tones struct {
	linear [3][256]int64
	matrix [9]int64
	encode [1<<encodeBits + 1]byte
}

func (p *Profile) tones() *tones {
	t := &tones{}
	for c := range t.linear {
		for i := range t.linear[c] {
			t.linear[c][i] = int64(math.Round(p.curves[c].at(float64(i)/255) * (1 << lightBits)))
		}
	}
	for i, v := range times(fromXYZ(), p.matrix) {
		// Beyond 2^15 nothing but the sign matters.
		t.matrix[i] = int64(math.Round(max(-1<<15, min(v, 1<<15)) * (1 << lightBits)))
	}
	for i := range t.encode {
		t.encode[i] = byte(math.Round(encode(float64(i)/(1<<encodeBits)) * 255))
	}
	return t
}

func (t *tones) row(out [3][]byte, red, green, blue []byte) {
	n := len(red)
	green, blue = green[:n], blue[:n]
	o0, o1, o2 := out[0][:n], out[1][:n], out[2][:n]
	m := t.matrix
	for x := range n {
		r, g, b := t.linear[0][red[x]], t.linear[1][green[x]], t.linear[2][blue[x]]
		o0[x] = t.code(m[0]*r + m[1]*g + m[2]*b)
		o1[x] = t.code(m[3]*r + m[4]*g + m[5]*b)
		o2[x] = t.code(m[6]*r + m[7]*g + m[8]*b)
	}
}

// code encodes linear light of 2·lightBits after the point.
func (t *tones) code(v int64) byte {
	const shift = 2*lightBits - encodeBits
	v = (v + 1<<(shift-1)) >> shift
	return t.encode[max(0, min(v, 1<<encodeBits))]
}
