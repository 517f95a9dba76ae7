package pixel

import (
	"errors"
	"math"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Window is a rectangle of an image, in pixels from the top left edge. It may
// be fractional: a decoder that reads at a quarter of the scale covers a region
// at quarter pixels.
type Window struct{ X, Y, W, H float64 }

// Limits of one result. They are far above what a server should allow and only
// keep sizes from overflowing.
const (
	maxSide = 1 << 20
	maxArea = 1 << 32
)

// Resize scales the window win of m to w × h pixels with the filter f.
//
// The filter is widened by the scale when shrinking, so that nothing aliases.
// From about 4:1 on, whole cells are averaged first and the filter does the
// remaining 2:1 to 3:1, as libvips does. Samples are taken as they are stored, in the
// non-linear space of the file: libvips and browsers do the same by default.
// With alpha, colours weigh as much as they are opaque.
//
// Pixels outside the window but inside m take part in the filter, so that
// neighbouring tiles join without seams; beyond m its edge is continued. Only
// the rows and columns within reach of the window are read. The result keeps
// the model and the chroma subsampling: subsampled planes are resampled
// straight to their new size, sited at cell centres. At scale 1 and a whole
// offset samples are copied; chroma is too when the offset is a multiple of
// its subsampling.
//
// It is Invalid when the window is empty or reaches more than one pixel outside
// m, or w or h is below 1 or absurd.
func Resize(m *Image, win Window, w, h int, f Filter) (*Image, error) {
	return ResizeChroma(m, win, w, h, m.SubX, m.SubY, f)
}

// ResizeChroma is Resize to a chosen chroma subsampling, each factor 1, 2 or 4;
// it matters for YCbCr only. Shrinking by 2 or more, a 4:2:0 image has all the
// chroma that 4:4:4 needs, and an output format without subsampling gets it
// sharp this way, not interpolated from a quarter.
func ResizeChroma(m *Image, win Window, w, h, subX, subY int, f Filter) (*Image, error) {
	const op = "pixel.Resize"
	if err := m.check(op); err != nil {
		return nil, err
	}
	if m.Model != YCbCr {
		subX, subY = 1, 1
	}
	if !factor(subX) || !factor(subY) {
		return nil, fault.E(op, fault.Invalid, errors.New("chroma is subsampled by 1, 2 or 4"))
	}
	if w < 1 || h < 1 || w > maxSide || h > maxSide || int64(w)*int64(h) > maxArea {
		return nil, fault.E(op, fault.Invalid, errors.New("bad output size"))
	}
	if f > Lanczos3 {
		return nil, fault.E(op, fault.Invalid, errors.New("unknown filter"))
	}
	if !(win.X >= -1 && win.Y >= -1 && win.W >= 1e-6 && win.H >= 1e-6 &&
		win.X+win.W <= float64(m.Width)+1 && win.Y+win.H <= float64(m.Height)+1) {
		return nil, fault.E(op, fault.Invalid, errors.New("the window is not inside the image"))
	}
	if win == (Window{0, 0, float64(m.Width), float64(m.Height)}) && w == m.Width && h == m.Height &&
		subX == m.SubX && subY == m.SubY {
		return m, nil
	}
	r := New(m.Model, w, h, subX, subY, m.Alpha != nil)
	r.ICC = m.ICC
	ax := axis{win.X, win.W / float64(w), w}
	ay := axis{win.Y, win.H / float64(h), h}
	_, copyX := ax.copies(m.Width)
	_, copyY := ay.copies(m.Height)
	r.Bitonal = m.Bitonal && copyX && copyY
	resample(r, m, ax, ay, f)
	return r, nil
}

// resample fills r from m; the axes are those of the full planes.
func resample(r, m *Image, ax, ay axis, f Filter) {
	cx, cy := ax.chroma(m.SubX, r.SubX), ay.chroma(m.SubY, r.SubY)
	full := newScaling(m.Width, m.Height, ax, ay, f)
	if m.Alpha != nil {
		_, copyX := ax.copies(m.Width)
		_, copyY := ay.copies(m.Height)
		if !copyX || !copyY {
			resampleAlpha(r, m, ax, ay, cx, cy, f)
			return
		}
		full.apply(r.Alpha, m.Alpha)
	}
	small := full
	if m.Model == YCbCr && (m.SubX|m.SubY|r.SubX|r.SubY) > 1 {
		small = newScaling(m.Planes[1].Width, m.Planes[1].Height, cx, cy, f)
	}
	for i := range m.Planes {
		s := full
		if m.chroma(i) {
			s = small
		}
		s.apply(&r.Planes[i], &m.Planes[i])
	}
}

// chroma returns the axis from a plane subsampled by from to one subsampled by
// to. The scale is that of the image, not the ratio of the planes' sizes, which
// are rounded up.
func (a axis) chroma(from, to int) axis {
	return axis{a.origin / float64(from), a.scale * float64(to) / float64(from), (a.n + to - 1) / to}
}

func factor(sub int) bool { return sub == 1 || sub == 2 || sub == 4 }

// chroma reports whether plane i is Cb or Cr.
func (m *Image) chroma(i int) bool { return m.Model == YCbCr && (i == 1 || i == 2) }

// subsampled reports whether plane i is smaller than the image.
func (m *Image) subsampled(i int) bool {
	return m.chroma(i) && (m.SubX > 1 || m.SubY > 1)
}

// check returns an Invalid failure of op when m breaks the rules of Image.
func (m *Image) check(op string) error {
	bad := m.Width < 1 || m.Height < 1 || len(m.Planes) == 0 || len(m.Planes) != m.Model.Planes() ||
		!factor(m.SubX) || !factor(m.SubY)
	for i := range m.Planes {
		if bad {
			break
		}
		w, h := m.Width, m.Height
		if m.subsampled(i) {
			w, h = (w+m.SubX-1)/m.SubX, (h+m.SubY-1)/m.SubY
		}
		bad = !m.Planes[i].holds(w, h)
	}
	if bad || m.Alpha != nil && !m.Alpha.holds(m.Width, m.Height) {
		return fault.E(op, fault.Invalid, errors.New("malformed image"))
	}
	return nil
}

// holds reports whether p is a sound plane of w × h samples.
func (p *Plane) holds(w, h int) bool {
	return p.Width == w && p.Height == h && p.Stride >= w && len(p.Pix) >= (h-1)*p.Stride+w
}

// boxFactor is the whole factor by which samples are averaged before the filter
// takes over at about 2:1 to 3:1. A filter over averages of 2 is within a level
// of the full filter and costs a fraction of it. 1.9 and not 2, because sizes
// are rounded: a quarter of 2250 rows is 563, which is not quite 4:1.
func boxFactor(scale float64, f Filter) int {
	if f == Box && scale >= 1 && scale == math.Floor(scale) {
		return int(scale)
	}
	if scale < 3.8 {
		return 1
	}
	return int(scale / 1.9)
}

// cells lays cells of b ≥ 1 samples over the reach of the axis, one of them
// starting where the axis does, and returns the first sample, the number of
// cells and the axis in cells.
func (a axis) cells(size, b int, f Filter) (first, n int, in axis) {
	from, to := a.reach(size, f)
	start := clamp(int(math.Floor(a.origin)), 0, size-1)
	first = start - (start-from)/b*b
	n = (to - first + b - 1) / b
	return first, n, axis{(a.origin - float64(first)) / float64(b), a.scale / float64(b), a.n}
}
