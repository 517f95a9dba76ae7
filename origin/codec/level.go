package codec

import (
	"image"
	"math"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// LevelFor returns the smallest level that is good for a result at the given
// scale (result ÷ full picture, the larger of both directions).
func (p *Picture) LevelFor(scale float64) int {
	full, best := p.levels[0], 0
	for i, l := range p.levels {
		margin := 1.0
		if p.facts.format == JPG {
			margin = jpegMargins[i]
		}
		// One pixel of slack: a level may be rounded down where a viewer rounds up.
		if float64(l.X+1) >= float64(full.X)*scale*margin && float64(l.Y+1) >= float64(full.Y)*scale*margin {
			best = i
		}
	}
	return best
}

// Window returns where a region of the full picture lies in a level that is to be
// scaled to width × height pixels; both are upright. Where a pixel of the level
// stands for a whole square of the picture, the last ones usually reach beyond its
// edge: then the level's size is not the picture's by its scale.
func (p *Picture) Window(level int, region image.Rectangle, width, height int) pixel.Window {
	full, l := p.levels[0], p.levels[level]
	factor := p.stored.factor(level)
	x, w := span(region.Min.X, region.Max.X, full.X, l.X, factor, width, p.facts.orientation.mirrorsX())
	y, h := span(region.Min.Y, region.Max.Y, full.Y, l.Y, factor, height, p.facts.orientation.mirrorsY())
	return pixel.Window{X: x, Y: y, W: w, H: h}
}

// span maps from…to of size pixels to reduced ones, each of which stands for
// factor; 0 says that it is not known. mirrored says that they are counted from
// the other end.
func span(from, to, size, reduced, factor, want int, mirrored bool) (at, length float64) {
	if factor == 0 {
		scale := float64(reduced) / float64(size)
		return float64(from) * scale, float64(to-from) * scale
	}
	scale := 1 / float64(factor)
	at, length = float64(from)*scale, float64(to-from)*scale
	if mirrored {
		return at + float64(reduced) - float64(size)*scale, length
	}
	// Viewers count the last, partial pixel as a whole one, and pyramids say so in
	// their sizes: what is asked for like that is there as it is.
	if whole := at == math.Floor(at); whole && to == size && int(at)+want == reduced {
		length = float64(want)
	}
	return at, length
}
