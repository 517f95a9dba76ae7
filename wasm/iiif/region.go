package iiif

import (
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Rect is a rectangle of pixels of the full image: W × H pixels, the upper left
// of which is (X, Y), counted from 0 at the upper left.
type Rect struct {
	X, Y, W, H int
}

type regionForm uint8

const (
	regionFull     regionForm = iota
	regionSquare              // centred
	regionLeading             // !square: at the left or top
	regionTrailing            // square!: at the right or bottom
	regionPixels
	regionPercent
)

// region is a parsed region parameter (§4.1).
type region struct {
	form regionForm
	px   [4]int64   // x, y, w, h of regionPixels
	pct  [4]float64 // x, y, w, h of regionPercent
	text string
}

func parseRegion(s string) (r region, ok bool) {
	r.text = s
	switch s {
	case "full":
		return r, true
	case "square":
		r.form = regionSquare
		return r, true
	case "!square":
		r.form = regionLeading
		return r, true
	case "square!":
		r.form = regionTrailing
		return r, true
	}
	r.form = regionPixels
	if rest, isPct := strings.CutPrefix(s, "pct:"); isPct {
		r.form, s = regionPercent, rest
	}
	for i := range 4 {
		number, rest, more := strings.Cut(s, ",")
		if more != (i < 3) {
			return region{}, false
		}
		if s = rest; r.form == regionPercent {
			r.pct[i], ok = parseDecimal(number)
		} else {
			r.px[i], ok = parseInt(number)
		}
		if !ok {
			return region{}, false
		}
	}
	return r, true
}

// resolve returns the rectangle of a width × height image that the region names,
// cropped to the image. A region without pixels, or outside, is Invalid.
//
// Percentages are turned into pixels one by one, each rounded half up, as the
// specification words it; a width or position that rounds away keeps one pixel,
// so that only what was asked as zero or outside is refused.
func (r region) resolve(width, height int64) (x, y, w, h int64, err error) {
	switch r.form {
	case regionFull:
		return 0, 0, width, height, nil
	case regionSquare, regionLeading, regionTrailing:
		side := min(width, height)
		x, y = width-side, height-side
		switch r.form {
		case regionSquare:
			x, y = x/2, y/2
		case regionLeading:
			x, y = 0, 0
		}
		return x, y, side, side, nil
	case regionPixels:
		x, y, w, h = r.px[0], r.px[1], r.px[2], r.px[3]
	case regionPercent:
		if r.pct[2] == 0 || r.pct[3] == 0 || r.pct[0] >= 100 || r.pct[1] >= 100 {
			break // zero or outside: refused below
		}
		x, y = min(percent(width, r.pct[0]), width-1), min(percent(height, r.pct[1]), height-1)
		w, h = max(percent(width, r.pct[2]), 1), max(percent(height, r.pct[3]), 1)
	}
	if w == 0 || h == 0 || x >= width || y >= height {
		return 0, 0, 0, 0, fault.New("iiif.Resolve", fault.Invalid, "region "+quote(r.text)+
			" holds no pixel of the image, which measures "+dimensions(width, height))
	}
	return x, y, min(w, width-x), min(h, height-y), nil
}
