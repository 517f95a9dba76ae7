package iiif

import (
	"errors"
	"math"
	"strconv"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Canonical is a request resolved against an image: every spelling of one result
// resolves to one Canonical. Values are comparable. Those made by Resolve are
// within the limits.
type Canonical struct {
	// Version is the version whose spelling Path uses. It may be changed.
	Version Version
	// ID names the image.
	ID Identifier
	// Region is the part of the full image, at least 1 × 1, inside the image.
	Region Rect
	// Width and Height are the dimensions, in pixels, that the region is scaled
	// to, before it is mirrored and turned; at least 1.
	Width, Height int
	// Mirror says that the scaled region is mirrored left to right, then turned.
	Mirror bool
	// Rotation is the turn clockwise in degrees, 0 ≤ Rotation < 360.
	Rotation float64
	// Quality is Default if the requested quality is what the image has anyway.
	Quality Quality
	// Format is the file format.
	Format Format

	full   bool // Region is the whole image
	max    bool // the size is what max gives
	upMax  bool // the size is what ^max gives, above the region
	aspect bool // the height is what "w," gives
}

// Full reports whether the region is the whole image.
func (c Canonical) Full() bool { return c.full }

// Upscaled reports whether the result is wider or higher than the region.
func (c Canonical) Upscaled() bool { return c.Width > c.Region.W || c.Height > c.Region.H }

// Turned returns the dimensions of the result: those of the scaled region after
// its rotation, the smallest upright rectangle around it. Up to twice the maximum
// area is allowed for them, which is what a square needs at 45°; a thin image can
// need any multiple.
func (c Canonical) Turned() (width, height int64) {
	sin, cos := math.Sincos(c.Rotation * math.Pi / 180)
	sin, cos = math.Abs(sin), math.Abs(cos)
	w, h := float64(c.Width), float64(c.Height)
	return int64(w*cos + h*sin + 0.5), int64(w*sin + h*cos + 0.5)
}

// frame is where a size is resolved: a region, in an image, within bounds.
type frame struct {
	x, y, w, h int64
	full       bool
	info       *Info
	bounds     bounds
	tiling     Tiling
}

// Resolve checks an image request against the image and the limits. What the
// image or the limits do not allow is Invalid (400), refused upscaling with ^ is
// Unsupported (501, as §4.2 wants). It is an error of the caller (Internal) to
// resolve anything but KindImage, or with an Info without dimensions.
func (r Request) Resolve(info Info, lim Limits) (Canonical, error) {
	const op = "iiif.Resolve"
	if r.kind != KindImage {
		return Canonical{}, fault.E(op, fault.Internal, errors.New("not an image request"))
	}
	if !info.valid() {
		return Canonical{}, fault.E(op, fault.Internal, errors.New("the image has no dimensions"))
	}
	if !info.offers(r.format) {
		return Canonical{}, fault.New(op, fault.Invalid, "format "+quote(r.format.String())+" is not offered")
	}
	iw, ih := int64(info.Width), int64(info.Height)
	f := frame{info: &info, bounds: lim.bounds(iw, ih)}
	f.tiling = info.tiling(&f.bounds)
	var err error
	if f.x, f.y, f.w, f.h, err = r.region.resolve(iw, ih); err != nil {
		return Canonical{}, err
	}
	f.full = f.w == iw && f.h == ih
	w, h, err := r.size.resolve(r.version, &f, lim.StrictSize)
	if err != nil {
		return Canonical{}, err
	}
	c := Canonical{
		Version: r.version, ID: r.id,
		Region: Rect{X: int(f.x), Y: int(f.y), W: int(f.w), H: int(f.h)},
		Width:  int(w), Height: int(h),
		Mirror: r.mirror, Rotation: r.degrees,
		Quality: r.quality.canonical(info.Native), Format: r.format,
		full: f.full, aspect: f.heightFor(w) == h,
	}
	if bw, bh := c.Turned(); f.bounds.hasArea && (bw > maxDim || bh > maxDim || bw*bh/2 > f.bounds.area) {
		return Canonical{}, fault.New(op, fault.Invalid, "turned by this angle the image would measure "+dimensions(bw, bh)+", more than is delivered")
	}
	if maxW, maxH := f.bounds.fit(f.w, f.h, maxDim, maxDim, false); w == maxW && h == maxH {
		c.max = true
	} else if w > f.w || h > f.h {
		maxW, maxH = f.bounds.fit(f.w, f.h, maxDim, maxDim, true)
		c.upMax = w == maxW && h == maxH
	}
	return c, nil
}

// heightFor returns the height that "w," means: the one that keeps the aspect,
// rounded half up, with two refinements that stay within what rounding leaves
// open ("the rounding method is implementation specific", §4.7) and make the
// result one that is stored:
//   - for the full image, the height of an advertised size of that width;
//   - for an advertised tile whose width was rounded to w, no more and no less
//     than its height at the same scale factor rounded down or up. The last
//     column of a 4001 pixel wide image is 465 × 512 at half size, since viewers
//     round 464.5 up, and not 465 × 513.
func (f *frame) heightFor(w int64) int64 {
	if f.full {
		if h, ok := f.info.listedHeight(w); ok && f.bounds.hold(w, h) {
			return h
		}
	}
	h := max(1, scale(w, f.h, f.w))
	for k := 1; k < f.tiling.Levels && w<<k < f.w+1<<k; k++ {
		if w<<k+1<<k <= f.w || !f.isTile(k) {
			continue
		}
		// A column of one pixel stays one pixel wide at every scale: then its
		// height says nothing of the scale unless the limits do.
		if w == f.w && f.bounds.hold(w, h) {
			continue
		}
		return min(max(h, f.h>>k), (f.h+1<<k-1)>>k)
	}
	return h
}

// isTile reports whether the region is an advertised tile at scale factor 2^k.
func (f *frame) isTile(k int) bool {
	tw, th := int64(f.tiling.Width)<<k, int64(f.tiling.Height)<<k
	return f.x%tw == 0 && f.y%th == 0 &&
		f.w == min(tw, int64(f.info.Width)-f.x) && f.h == min(th, int64(f.info.Height)-f.y)
}

// Path returns "{region}/{size}/{rotation}/{quality}.{format}" in the canonical
// spelling of the version (3.0 §4.8, 2.1 §4.7). It parses and resolves to c.
//
// Version 2 spells a size "w," only if that gives the very same height.
func (c Canonical) Path() string {
	b := make([]byte, 0, 64)
	if c.full {
		b = append(b, "full"...)
	} else {
		b = c.appendRegion(b)
	}
	b = append(b, '/')
	w, h := int64(c.Width), int64(c.Height)
	switch {
	case c.Version == V2 && c.Width == c.Region.W && c.Height == c.Region.H:
		b = append(b, "full"...)
	case c.Version == V2 && c.aspect:
		b = append(strconv.AppendInt(b, w, 10), ',')
	case c.Version == V2:
		b = appendPair(b, w, h)
	case c.max:
		b = append(b, "max"...)
	case c.upMax:
		b = append(b, "^max"...)
	case c.Upscaled():
		b = appendPair(append(b, '^'), w, h)
	default:
		b = appendPair(b, w, h)
	}
	return string(c.appendTail(append(b, '/')))
}

// Key returns a name for the result, unique among all images and revisions and
// the same for both versions. It is "{id}@{rev}/{region}/{size}/{rotation}/
// {quality}.{format}" in pixels, of ASCII characters that are safe in paths and
// object keys, and never has a "." or ".." segment. rev is any text that changes
// when the image does; it is escaped.
func (c Canonical) Key(rev string) string {
	b := make([]byte, 0, len(c.ID.escaped)+len(rev)+64)
	b = append(b, c.ID.escaped...)
	b = append(b, '@')
	b = append(b, escape(rev)...)
	b = c.appendRegion(append(b, '/'))
	b = appendPair(append(b, '/'), int64(c.Width), int64(c.Height))
	return string(c.appendTail(append(b, '/')))
}

func (c *Canonical) appendRegion(b []byte) []byte {
	b = appendPair(b, int64(c.Region.X), int64(c.Region.Y))
	return appendPair(append(b, ','), int64(c.Region.W), int64(c.Region.H))
}

// appendTail appends "{rotation}/{quality}.{format}".
func (c *Canonical) appendTail(b []byte) []byte {
	if c.Mirror {
		b = append(b, '!')
	}
	b = strconv.AppendFloat(b, c.Rotation, 'f', -1, 64)
	b = append(b, '/')
	b = append(b, c.Quality.String()...)
	b = append(b, '.')
	return append(b, c.Format.String()...)
}

func appendPair(b []byte, x, y int64) []byte {
	b = strconv.AppendInt(b, x, 10)
	b = append(b, ',')
	return strconv.AppendInt(b, y, 10)
}
