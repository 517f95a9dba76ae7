package codec

import (
	"github.com/vitrine-iiif/vitrine/wasm/icc"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// maxICC bounds the profiles that are kept, in bytes; the largest real ones
// (printers) have 3 MB.
const maxICC = 4 << 20

// conversionBytes is what converting colours takes besides the pixels: the tables
// of a profile.
const conversionBytes = 2 << 20

// describes reports whether a profile, by its header (ICC.1:2022 §7.2.6), is for
// samples of the model. Many gray files have a profile of RGB, meaning R = G = B.
// Others with profiles of other colours are taken as having none, as browsers do.
func describes(profile []byte, model pixel.Model) bool {
	return fits(profile, model) || model == pixel.Gray && fits(profile, pixel.RGB)
}

// fits is describes for files that are written, where gray needs one of gray.
func fits(profile []byte, model pixel.Model) bool {
	if len(profile) < 132 || len(profile) > maxICC {
		return false
	}
	switch string(profile[16:20]) {
	case "GRAY":
		return model == pixel.Gray
	case "RGB ":
		return model == pixel.RGB || model == pixel.YCbCr
	case "CMYK":
		return model == pixel.CMYK
	}
	return false
}

// withoutProfile converts m to sRGB by its profile and drops it. A profile that
// cannot be used is dropped only, as browsers do.
func withoutProfile(m *pixel.Image) *pixel.Image {
	if p, err := icc.Parse(m.ICC); err == nil && !p.IsSRGB() {
		if r, err := p.ToSRGB(m); err == nil {
			m = r
		}
	}
	plain := *m
	plain.ICC = nil
	return &plain
}

// inkProfile returns the parsed profile of CMYK images, nil when there is none of
// use.
func (p *Picture) inkProfile() *icc.Profile {
	if p.facts.model != pixel.CMYK || p.facts.icc == nil {
		return nil
	}
	profile, err := icc.Parse(p.facts.icc)
	if err != nil {
		return nil
	}
	return profile
}

// toRGB converts a CMYK image: by its profile, or as if inks were perfect.
func (p *Picture) toRGB(m *pixel.Image) *pixel.Image {
	if profile := p.inks(); profile != nil {
		if r, err := profile.ToSRGB(m); err == nil {
			return r
		}
	}
	m = icc.NaiveCMYK(m)
	m.ICC = nil
	return m
}
