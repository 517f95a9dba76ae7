// Package icc converts images from the colour space of an embedded ICC profile
// to sRGB, relative colorimetric, without black point compensation: what libvips
// and Little CMS do by default.
//
// It reads profiles of version 2 and 4 (ICC.1:2001-04, ICC.1:2022): gray and RGB
// by tone curves and matrix, RGB and CMYK by lookup tables (mft1, mft2, mAB).
// Profiles are strangers' data: every table is checked against the bytes that
// are there before it is read, so memory is a small multiple of the data.
// The package is part of the portable core.
//
// It is not for other intents, for device links and named colours, nor for
// writing profiles except the one of SRGB.
package icc

import (
	"encoding/binary"
	"errors"
	"sync"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// Space is the kind of device colour that a profile describes.
type Space uint8

// The spaces.
const (
	// Gray is one channel of light, 0 black.
	Gray Space = iota + 1
	// RGB is three channels of light.
	RGB
	// CMYK is four channels of ink, 0 none.
	CMYK
)

// channels returns the number of device channels.
func (s Space) channels() int {
	switch s {
	case Gray:
		return 1
	case RGB:
		return 3
	}
	return 4
}

// Limits of a profile. Real ones have about 20 tags and, with large printer
// tables, up to some 10 MB.
const (
	maxBytes = 32 << 20
	maxTags  = 256
)

// Profile is a parsed profile. It is made by Parse, does not change and may be
// used by several goroutines. The tables for conversion, up to 700 KB, are made
// at the first use and kept.
type Profile struct {
	space  Space
	pcsLab bool
	// Either table, or curves (one for gray, three for RGB) and, for RGB, the
	// matrix from linear device light to XYZ.
	table  *table
	curves []curve
	matrix [9]float64

	srgb bool
	tone func() *tones
	bake func() *lattice
}

// Parse reads a profile. It keeps no reference to data. Damage is Corrupt; a
// valid profile of another kind is Unsupported.
func Parse(data []byte) (*Profile, error) {
	p, err := parse(data)
	if err != nil {
		return nil, err
	}
	p.tone = sync.OnceValue(p.tones)
	p.bake = sync.OnceValue(p.lattice)
	p.srgb = p.looksSRGB()
	return p, nil
}

func corrupt(text string) error {
	return fault.E("icc.Parse", fault.Corrupt, errors.New(text))
}

func unsupported(text string) error {
	return fault.E("icc.Parse", fault.Unsupported, errors.New(text))
}

func parse(data []byte) (*Profile, error) {
	if len(data) < 132 || len(data) > maxBytes || string(data[36:40]) != "acsp" {
		return nil, corrupt("not a profile")
	}
	p := &Profile{}
	switch string(data[12:16]) {
	case "link", "abst", "nmcl":
		return nil, unsupported("profile class")
	}
	switch string(data[16:20]) {
	case "GRAY":
		p.space = Gray
	case "RGB ":
		p.space = RGB
	case "CMYK":
		p.space = CMYK
	default:
		return nil, unsupported("device colour space")
	}
	switch string(data[20:24]) {
	case "XYZ ":
	case "Lab ":
		p.pcsLab = true
	default:
		return nil, unsupported("connection space")
	}
	tags, err := readTags(data)
	if err != nil {
		return nil, err
	}
	if p.space == Gray {
		p.curves, err = tags.curves("kTRC")
		return p, err
	}
	// Relative colorimetric is A2B1; profiles with one table for all intents
	// have A2B0 only (ICC.1:2022 §8.10.2).
	for _, name := range []string{"A2B1", "A2B0"} {
		if tag, ok := tags[name]; ok {
			p.table, err = parseTable(tag, p.space.channels(), p.pcsLab)
			return p, err
		}
	}
	if p.space == CMYK {
		return nil, corrupt("no table in a CMYK profile")
	}
	if p.pcsLab {
		return nil, unsupported("matrix to Lab")
	}
	if p.curves, err = tags.curves("rTRC", "gTRC", "bTRC"); err != nil {
		return nil, err
	}
	for i, name := range []string{"rXYZ", "gXYZ", "bXYZ"} {
		tag := tags[name]
		if len(tag) < 20 || string(tag[:4]) != "XYZ " {
			return nil, corrupt("no primaries in an RGB profile")
		}
		for k := range 3 {
			p.matrix[3*k+i] = fixed(tag[8+4*k:])
		}
	}
	return p, nil
}

// fixed reads an s15Fixed16Number.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// tagTable is the tags by signature. Entries that point outside the profile are
// left out: they matter only if they are needed.
type tagTable map[string][]byte

func readTags(data []byte) (tagTable, error) {
	n := binary.BigEndian.Uint32(data[128:])
	if n > maxTags || int(n)*12 > len(data)-132 {
		return nil, corrupt("tag table")
	}
	tags := tagTable{}
	for i := range int(n) {
		e := data[132+12*i:]
		offset, size := uint64(binary.BigEndian.Uint32(e[4:])), uint64(binary.BigEndian.Uint32(e[8:]))
		if offset+size <= uint64(len(data)) && size >= 8 {
			tags[string(e[:4])] = data[offset : offset+size]
		}
	}
	return tags, nil
}

// curves reads the curve tags of the names.
func (t tagTable) curves(names ...string) ([]curve, error) {
	var all []curve
	for _, name := range names {
		tag, ok := t[name]
		if !ok {
			return nil, corrupt("no tone curve")
		}
		c, _, err := parseCurve(tag)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// Space returns what device colours the profile describes.
func (p *Profile) Space() Space { return p.space }

// IsSRGB reports whether conversion to sRGB would change no sample visibly: none
// by more than 3 of 255; the profiles of sRGB in circulation differ by up to 2. It
// is told from what the profile does, not from its name, so they all count, and
// gray with the tone curve of sRGB does too.
func (p *Profile) IsSRGB() bool { return p.srgb }

// Describes reports whether ToSRGB takes images of the model: RGB profiles also
// describe YCbCr, and Gray as R = G = B, which many cameras and scanners write.
func (p *Profile) Describes(model pixel.Model) bool {
	switch model {
	case pixel.Gray:
		return p.space == Gray || p.space == RGB
	case pixel.RGB, pixel.YCbCr:
		return p.space == RGB
	case pixel.CMYK:
		return p.space == CMYK
	}
	return false
}

// looksSRGB compares the conversion with the identity on a grid and on grays.
func (p *Profile) looksSRGB() bool {
	const tolerance = 3.0 / 255
	near := func(in ...float64) bool {
		out := p.convert(in)
		for i, v := range out {
			if d := v - in[min(i, len(in)-1)]; d > tolerance || d < -tolerance {
				return false
			}
		}
		return true
	}
	switch p.space {
	case Gray:
		for i := range 65 {
			if !near(float64(i) / 64) {
				return false
			}
		}
		return true
	case RGB:
		for i := range 9 * 9 * 9 {
			if !near(float64(i%9)/8, float64(i/9%9)/8, float64(i/81)/8) {
				return false
			}
		}
		for i := range 65 {
			if v := float64(i) / 64; !near(v, v, v) {
				return false
			}
		}
		return true
	}
	return false
}
