package pixel

import "math"

// Rotate returns m turned clockwise by any angle in degrees, at its scale, on
// the smallest canvas that holds it (Image API 3.0 §4.3). The canvas measures
// round(w·|cos|+h·|sin|) × round(w·|sin|+h·|cos|), as in libvips. Multiples of
// 90° are exact, see Turn.
//
// With a nil ground the corners are transparent and alpha is added; otherwise
// the result is opaque, and alpha of m is flattened onto the ground too. Edges
// are antialiased. Samples between pixels are bilinear. The model stays, so the
// ground of a gray image is its luma; subsampled chroma stays too, except that
// YCbCr with alpha becomes RGB. An angle that is not finite counts as 0.
func Rotate(m *Image, degrees float64, ground *Colour) *Image {
	if ground != nil {
		m = Flatten(m, *ground)
	}
	degrees = math.Mod(degrees, 360)
	if q := degrees / 90; q == math.Floor(q) {
		return Turn(m, int(q))
	} else if math.IsNaN(q) {
		return m
	}
	if m.Alpha != nil {
		m = straight(m)
	}
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	fw, fh := float64(m.Width), float64(m.Height)
	w := max(int(math.Round(fw*math.Abs(cos)+fh*math.Abs(sin))), 1)
	h := max(int(math.Round(fw*math.Abs(sin)+fh*math.Abs(cos))), 1)
	r := New(m.Model, w, h, m.SubX, m.SubY, ground == nil)
	r.ICC = m.ICC
	base := rotation{
		sin: sin, cos: cos, srcX: fw / 2, srcY: fh / 2, dstX: float64(w) / 2, dstY: float64(h) / 2,
		subX: 1, subY: 1, width: fw, height: fh,
	}
	if m.Alpha != nil {
		base.premultiplied(r, m)
		return r
	}
	fill := Colour{}.in(m.Model)
	if ground != nil {
		fill = ground.in(m.Model)
	}
	for i := range m.Planes {
		t := base
		if m.subsampled(i) {
			t.subX, t.subY = float64(m.SubX), float64(m.SubY)
			t.width, t.height = fw/t.subX, fh/t.subY
		}
		t.plane(&r.Planes[i], &m.Planes[i], fill[i], ground != nil)
	}
	if r.Alpha != nil {
		base.coverage(r.Alpha)
	}
	return r
}

// rotation maps the samples of a plane of the result to the source.
type rotation struct {
	sin, cos               float64
	srcX, srcY, dstX, dstY float64 // centres, in pixels
	subX, subY             float64 // subsampling of the plane
	width, height          float64 // of the source, in samples of the plane
}

// source returns the place in the source plane of the centre of sample (x, y).
func (t *rotation) source(x, y int) (u, v float64) {
	dx, dy := (float64(x)+0.5)*t.subX-t.dstX, (float64(y)+0.5)*t.subY-t.dstY
	return (t.cos*dx + t.sin*dy + t.srcX) / t.subX, (t.cos*dy - t.sin*dx + t.srcY) / t.subY
}

// cover returns how much of the sample at (u, v) lies on the source, 0 to 1.
func (t *rotation) cover(u, v float64) float64 {
	return unit(u+0.5) * unit(t.width-u+0.5) * unit(v+0.5) * unit(t.height-v+0.5)
}

func unit(v float64) float64 { return max(0, min(v, 1)) }

// plane fills dst. Outside the source it is fill; at the edge it is blended with
// fill if asked to, and else continues the source.
func (t *rotation) plane(dst, src *Plane, fill uint8, blend bool) {
	// Positions step in 32 bits after the point: the error of a million steps
	// stays below a thousandth of a sample.
	const one = 1 << 32
	du, dv := int64(math.Round(t.cos*one)), int64(math.Round(-t.sin*t.subX/t.subY*one))
	for y := range dst.Height {
		u0, v0 := t.source(0, y)
		u, v := int64((u0-0.5)*one), int64((v0-0.5)*one)
		for x := range dst.Row(y) {
			iu, iv := int(u>>32), int(v>>32)
			fu, fv := uint32(u)>>24, uint32(v)>>24
			out := &dst.Pix[y*dst.Stride+x]
			if iu >= 0 && iv >= 0 && iu < src.Width-1 && iv < src.Height-1 {
				top := src.Pix[iv*src.Stride+iu:]
				bottom := src.Pix[(iv+1)*src.Stride+iu:]
				a := uint32(top[0])*(256-fu) + uint32(top[1])*fu
				b := uint32(bottom[0])*(256-fu) + uint32(bottom[1])*fu
				*out = uint8((a*(256-fv) + b*fv + 1<<15) >> 16)
			} else if c := t.cover(float64(u)/one+0.5, float64(v)/one+0.5); c > 0 {
				s := src.bilinear(iu, iv, fu, fv)
				if blend {
					s = s*c + float64(fill)*(1-c)
				}
				*out = uint8(s + 0.5)
			} else {
				*out = fill
			}
			u, v = u+du, v+dv
		}
	}
}

// coverage fills an alpha plane: 255 on the source, less at its edge.
func (t *rotation) coverage(dst *Plane) {
	for y := range dst.Height {
		u, v := t.source(0, y)
		row := dst.Row(y)
		for x := range row {
			at := float64(x)
			row[x] = uint8(255*t.cover(u+at*t.cos, v-at*t.sin) + 0.5)
		}
	}
}

// bilinear interpolates between the sample (x, y) and its neighbours to the
// right and below at fu, fv of 256; the plane is continued by its edge.
func (p *Plane) bilinear(x, y int, fu, fv uint32) float64 {
	x0, x1 := clamp(x, 0, p.Width-1), clamp(x+1, 0, p.Width-1)
	y0, y1 := clamp(y, 0, p.Height-1)*p.Stride, clamp(y+1, 0, p.Height-1)*p.Stride
	a := uint32(p.Pix[y0+x0])*(256-fu) + uint32(p.Pix[y0+x1])*fu
	b := uint32(p.Pix[y1+x0])*(256-fu) + uint32(p.Pix[y1+x1])*fu
	return float64(a*(256-fv)+b*fv) / (1 << 16)
}

// premultiplied rotates an image with alpha and no subsampling: neighbours count
// by how opaque they are, and those outside not at all.
func (t *rotation) premultiplied(r, m *Image) {
	sums := make([]float64, len(m.Planes))
	for y := range r.Height {
		for x := range r.Width {
			u, v := t.source(x, y)
			u, v = u-0.5, v-0.5
			fx, fy := math.Floor(u), math.Floor(v)
			if fx < -1 || fy < -1 || fx >= t.width || fy >= t.height {
				continue
			}
			clear(sums)
			var alpha float64
			for k := range 4 {
				i, j := int(fx)+k&1, int(fy)+k>>1
				if i < 0 || j < 0 || i >= m.Width || j >= m.Height {
					continue
				}
				w := math.Abs(1-float64(k&1)-(u-fx)) * math.Abs(1-float64(k>>1)-(v-fy)) * float64(m.Alpha.Pix[j*m.Alpha.Stride+i])
				alpha += w
				for c := range m.Planes {
					sums[c] += w * float64(m.Planes[c].Pix[j*m.Planes[c].Stride+i])
				}
			}
			if alpha < 0.5 {
				continue
			}
			r.Alpha.Pix[y*r.Alpha.Stride+x] = uint8(min(alpha, 255) + 0.5)
			for c := range sums {
				r.Planes[c].Pix[y*r.Planes[c].Stride+x] = uint8(sums[c]/alpha + 0.5)
			}
		}
	}
}

// straight returns m without subsampled chroma.
func straight(m *Image) *Image {
	if m.Model == YCbCr {
		return ToRGB(m)
	}
	return m
}
