package iiif

import (
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

type sizeForm uint8

const (
	sizeMax  sizeForm = iota // max
	sizeFull                 // full, version 2 only
	sizeW                    // w,
	sizeH                    // ,h
	sizePct                  // pct:n
	sizeWH                   // w,h
	sizeFit                  // !w,h
)

// size is a parsed size parameter (§4.2).
type size struct {
	form sizeForm
	up   bool // ^, version 3 only
	w, h int64
	pct  float64
	text string
}

// parseSize reads a size. Numbers that are zero are refused here; that is why
// results of zero pixels cannot be asked for.
func parseSize(s string, v Version) (z size, ok bool) {
	z.text = s
	if v == V3 {
		s, z.up = strings.CutPrefix(s, "^")
	}
	switch {
	case s == "max":
		return z, true
	case s == "full":
		z.form = sizeFull
		return z, v == V2
	}
	if n, isPct := strings.CutPrefix(s, "pct:"); isPct {
		z.form = sizePct
		z.pct, ok = parseDecimal(n)
		return z, ok && z.pct > 0
	}
	s, confined := strings.CutPrefix(s, "!")
	w, h, comma := strings.Cut(s, ",")
	if !comma {
		return size{}, false
	}
	if w != "" {
		z.w, ok = parseInt(w)
		if !ok || z.w == 0 {
			return size{}, false
		}
	}
	if h != "" {
		z.h, ok = parseInt(h)
		if !ok || z.h == 0 {
			return size{}, false
		}
	}
	switch {
	case confined:
		z.form, ok = sizeFit, z.w != 0 && z.h != 0
	case z.w != 0 && z.h != 0:
		z.form, ok = sizeWH, true
	case z.w != 0:
		z.form, ok = sizeW, true
	case z.h != 0:
		z.form, ok = sizeH, true
	default:
		ok = false
	}
	return z, ok
}

// resolve returns the dimensions of the result.
//
// A side that follows from the other one is rounded half up (but see
// frame.heightFor) and never less than 1: viewers ask for the small levels of
// thin images, and info.json advertises them. Only pct:n can round both sides
// away, and that is Invalid (§4.2).
//
// A result above the region is Invalid in version 3 unless ^ asks for it; then it
// is Unsupported (501) where upscaling is refused. Version 2 has no mark for it:
// where upscaling is refused, Invalid. Version 2's !w,h is never upscaled and
// always kept within the limits: "the exact scaling may be determined by the
// service provider" (2.1 §4.2). Results above the limits are Invalid, also full
// of version 2, which is not scaled by definition; max is the word for the rest.
func (z size) resolve(v Version, f *frame, strict bool) (w, h int64, err error) {
	const op = "iiif.Resolve"
	rw, rh, b := f.w, f.h, &f.bounds
	switch z.form {
	case sizeMax:
		w, h = b.fit(rw, rh, maxDim, maxDim, z.up)
	case sizeFull:
		w, h = rw, rh
	case sizeW:
		w, h = z.w, f.heightFor(z.w)
	case sizeH:
		w, h = max(1, scale(z.h, rw, rh)), z.h
	case sizePct:
		if v == V3 && z.pct > 100 && !z.up {
			return 0, 0, z.tooLarge(f)
		}
		w, h = percent(rw, z.pct), percent(rh, z.pct)
		if w == 0 && h == 0 {
			return 0, 0, fault.New(op, fault.Invalid, "size "+quote(z.text)+" of "+dimensions(rw, rh)+" is less than a pixel")
		}
		w, h = max(1, w), max(1, h)
	case sizeWH:
		w, h = z.w, z.h
	case sizeFit:
		if v == V3 && strict && !z.up && z.w > rw && z.h > rh {
			return 0, 0, z.tooLarge(f)
		}
		w, h = b.fit(rw, rh, z.w, z.h, z.up)
	}
	if w > rw || h > rh {
		switch {
		case v == V3 && !z.up:
			return 0, 0, z.tooLarge(f)
		case !b.up && v == V3:
			return 0, 0, fault.New(op, fault.Unsupported, "size "+quote(z.text)+": upscaling is not supported")
		case !b.up:
			return 0, 0, z.tooLarge(f)
		}
	}
	if !b.hold(w, h) {
		return 0, 0, fault.New(op, fault.Invalid, "size "+quote(z.text)+" exceeds the limit of "+b.words())
	}
	return w, h, nil
}

func (z size) tooLarge(f *frame) error {
	text := "size " + quote(z.text) + " is larger than the region, which measures " + dimensions(f.w, f.h)
	if f.bounds.up {
		text += "; write ^ before a size to upscale"
	}
	return fault.New("iiif.Resolve", fault.Invalid, text)
}
