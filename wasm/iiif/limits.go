package iiif

import (
	"math"
	"strconv"
)

// Limits bounds the sizes of results, before rotation. The zero value has no
// bounds and therefore no upscaling.
type Limits struct {
	// MaxWidth and MaxHeight are the largest width and height in pixels, 0 for no
	// limit. When only one is set it stands for both, as clients infer it (§5.2).
	MaxWidth, MaxHeight int
	// MaxArea is the largest width × height in pixels, 0 for no limit.
	MaxArea int64
	// MaxUpscale is the largest factor by which a whole image may be enlarged in
	// each direction; 0 for none but the limits above, less than 1 counts as 1. It
	// is declared as the maxArea of the image, so that ^max of a small image is
	// not as large as the largest image.
	MaxUpscale float64
	// NoUpscale refuses all upscaling. Without it results larger than the region
	// (^ in version 3) are served when a limit is declared: sizeUpscaling needs
	// maxWidth or maxArea (§5.7).
	NoUpscale bool
	// StrictSize makes version 3 refuse a !w,h that is larger than the region in
	// both directions, as the official validator wants it. By default it is
	// served at the size of the region: "as large as possible but not larger than
	// the extracted region" (§4.2).
	StrictSize bool
}

// bounds are Limits as they apply to one image.
type bounds struct {
	w, h, area int64 // always set; no limit is the largest value
	hasWH      bool
	hasArea    bool
	up         bool // upscaling is allowed
}

func (l Limits) bounds(width, height int64) bounds {
	b := bounds{w: maxDim, h: maxDim, area: math.MaxInt64}
	w, h := int64(max(l.MaxWidth, 0)), int64(max(l.MaxHeight, 0))
	if w != 0 || h != 0 {
		if w == 0 {
			w = h
		}
		if h == 0 {
			h = w
		}
		b.w, b.h, b.hasWH = min(w, maxDim), min(h, maxDim), true
	}
	if l.MaxArea > 0 {
		b.area, b.hasArea = l.MaxArea, true
	}
	if l.MaxUpscale > 0 && !l.NoUpscale {
		full := width * height
		if a := float64(full) * l.MaxUpscale * l.MaxUpscale; a < math.MaxInt64 {
			b.area, b.hasArea = min(b.area, max(int64(a), full)), true
		}
	}
	b.up = !l.NoUpscale && (b.hasWH || b.hasArea)
	return b
}

// hold reports whether a w × h result is within the bounds.
func (b *bounds) hold(w, h int64) bool { return w <= b.w && h <= b.h && w*h <= b.area }

// words describes the bounds for people.
func (b *bounds) words() string {
	area := strconv.FormatInt(b.area, 10) + " pixels in all"
	switch {
	case b.hasWH && b.hasArea:
		return dimensions(b.w, b.h) + " and " + area
	case b.hasArea:
		return area
	}
	return dimensions(b.w, b.h)
}

// dimensions returns "4000 × 2250 pixels".
func dimensions(w, h int64) string {
	return strconv.FormatInt(w, 10) + " × " + strconv.FormatInt(h, 10) + " pixels"
}

// fit returns the largest size that keeps the aspect of an rw × rh region as
// closely as whole pixels can and lies within the box bw × bh and the bounds. It
// exceeds the region only if up. Each side is at least 1.
func (b *bounds) fit(rw, rh, bw, bh int64, up bool) (w, h int64) {
	bw, bh = min(bw, b.w), min(bh, b.h)
	if !up {
		bw, bh = min(bw, rw), min(bh, rh)
	}
	if bw*rh <= bh*rw {
		w, h = bw, max(1, scale(bw, rh, rw))
	} else {
		w, h = max(1, scale(bh, rw, rh)), bh
	}
	if w*h <= b.area {
		return w, h
	}
	return b.fitArea(rw, rh, w)
}

// fitArea returns the widest size that keeps the aspect of an rw × rh region, is
// no wider than most and within the area. The height follows from the width,
// rounded half up, so that 2.1 can spell the result "w," (2.1 §4.2, §4.7).
func (b *bounds) fitArea(rw, rh, most int64) (w, h int64) {
	high := func(w int64) int64 { return max(1, scale(w, rh, rw)) }
	// widest is the widest w with high(w) ≤ h that h leaves area for.
	widest := func(h int64) int64 { return min(most, b.area/h, ((h+1)*rw-rw/2-1)/rh) }
	w = int64(math.Sqrt(float64(b.area) / float64(rh) * float64(rw)))
	w = min(max(1, w), most)
	for _, h := range [...]int64{high(w + 1), high(w)} { // rounded down, it may leave area for more
		if w := widest(h); w >= 1 && high(w) == h {
			return w, h
		}
	}
	if w = widest(max(1, high(w)-1)); w >= 1 {
		return w, high(w)
	}
	return 1, min(high(1), b.area) // so thin that no aspect can be kept
}
