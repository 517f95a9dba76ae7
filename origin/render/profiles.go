package render

import (
	"crypto/sha256"
	"sync"

	"github.com/vitrine-iiif/vitrine/wasm/icc"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// profiles keeps parsed colour profiles: parsing builds tables, and the images of
// one institution share a handful of profiles.
type profiles struct {
	max int

	mu     sync.Mutex
	parsed map[[32]byte]*icc.Profile // nil: not usable
}

func newProfiles(max int) *profiles {
	return &profiles{max: max, parsed: map[[32]byte]*icc.Profile{}}
}

// toSRGB converts m to sRGB by its embedded profile. An image without one is
// sRGB already; one whose profile cannot be used is taken as such, as browsers do.
func (p *profiles) toSRGB(m *pixel.Image) (*pixel.Image, error) {
	if len(m.ICC) == 0 {
		return m, nil
	}
	profile := p.get(m.ICC)
	if profile == nil || profile.IsSRGB() || !profile.Describes(m.Model) {
		plain := *m
		plain.ICC = nil
		return &plain, nil
	}
	return profile.ToSRGB(m)
}

func (p *profiles) get(data []byte) *icc.Profile {
	sum := sha256.Sum256(data)
	p.mu.Lock()
	profile, ok := p.parsed[sum]
	p.mu.Unlock()
	if ok {
		return profile
	}
	profile, err := icc.Parse(data)
	if err != nil {
		profile = nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.parsed) >= p.max {
		clear(p.parsed) // a collection with more profiles than max is rare
	}
	p.parsed[sum] = profile
	return profile
}
