// Package pixel holds decoded images as planes of 8-bit samples, and what IIIF
// does to them: crop, scale, mirror, rotate, tone.
//
// Images stay in the colour model they were decoded to, with subsampled chroma,
// as long as possible: a JPEG that is only cropped and scaled is never converted
// to RGB. All functions are pure: they read their arguments and return new
// images (or the argument itself when there is nothing to do). The package is
// part of the portable core and compiles to wasip1.
//
// It is not for decoding or encoding (see jpeg, tiff and origin/codec) nor for
// colour management (the ICC profile travels along untouched).
package pixel

// Model says what the planes of an Image mean.
type Model uint8

// The models.
const (
	// Gray is one plane of luma, 0 black.
	Gray Model = iota + 1
	// YCbCr is three planes, full range as in JFIF (ITU-T T.871 §7); chroma may
	// be subsampled.
	YCbCr
	// RGB is three planes.
	RGB
	// CMYK is four planes of ink, 0 none, 255 full (Adobe's inverted files are
	// normalised when decoded). It only exists between a decoder and the colour
	// conversion.
	CMYK
)

// Planes returns the number of colour planes of the model, without alpha.
func (m Model) Planes() int {
	switch m {
	case Gray:
		return 1
	case YCbCr, RGB:
		return 3
	case CMYK:
		return 4
	}
	return 0
}

// Plane is a rectangle of 8-bit samples, row after row.
type Plane struct {
	// Pix holds the samples: sample (x, y) is Pix[y*Stride+x]. The last row
	// needs only Width samples.
	Pix []byte
	// Stride is the distance between rows, at least Width.
	Stride int
	// Width and Height are the dimensions in samples, at least 1.
	Width, Height int
}

// Row returns row y, Width samples long.
func (p *Plane) Row(y int) []byte {
	return p.Pix[y*p.Stride : y*p.Stride+p.Width : y*p.Stride+p.Width]
}

// NewPlane allocates a plane of zeros.
func NewPlane(width, height int) Plane {
	return Plane{Pix: samples(width * height), Stride: width, Width: width, Height: height}
}

// Image is a decoded picture.
type Image struct {
	// Width and Height are the dimensions in pixels, at least 1.
	Width, Height int
	// Model is the colour model.
	Model Model
	// SubX and SubY are the horizontal and vertical chroma subsampling factors,
	// 1, 2 or 4: planes 1 and 2 of a YCbCr image measure ⌈Width/SubX⌉ ×
	// ⌈Height/SubY⌉, sited at cell centres as in JFIF. 1 for every other model.
	SubX, SubY int
	// Planes are the colour planes, as many as Model.Planes.
	Planes []Plane
	// Alpha is the opacity, straight (not premultiplied), 255 opaque; nil when
	// the image is opaque. It measures Width × Height.
	Alpha *Plane
	// ICC is the profile the samples are in, nil when unknown (then sRGB or its
	// gray is assumed). It describes the RGB, gray or CMYK values, also for
	// YCbCr.
	ICC []byte
	// Bitonal says that every gray sample is 0 or 255, so that an encoder may
	// store one bit.
	Bitonal bool
}

// New allocates an image of zeros. subX and subY are taken as 1 unless the
// model is YCbCr.
func New(model Model, width, height, subX, subY int, alpha bool) *Image {
	if model != YCbCr {
		subX, subY = 1, 1
	}
	m := &Image{Width: width, Height: height, Model: model, SubX: subX, SubY: subY}
	for i := range model.Planes() {
		if i == 1 || i == 2 {
			m.Planes = append(m.Planes, NewPlane((width+subX-1)/subX, (height+subY-1)/subY))
		} else {
			m.Planes = append(m.Planes, NewPlane(width, height))
		}
	}
	if alpha {
		a := NewPlane(width, height)
		m.Alpha = &a
	}
	return m
}

// Renew returns spare, with what its samples happen to be, if it is like an image made
// by New, and a new one otherwise. Nothing else must use spare.
func Renew(spare *Image, model Model, width, height, subX, subY int, alpha bool) *Image {
	if spare == nil || spare.Model != model || spare.Width != width || spare.Height != height ||
		spare.SubX != subX || spare.SubY != subY || (spare.Alpha != nil) != alpha || len(spare.Planes) != model.Planes() {
		return New(model, width, height, subX, subY, alpha)
	}
	spare.ICC, spare.Bitonal = nil, false
	return spare
}

// Bytes returns the memory that an image made by New takes, in bytes.
func Bytes(model Model, width, height, subX, subY int, alpha bool) int64 {
	full := int64(width) * int64(height)
	n := full * int64(model.Planes())
	if model == YCbCr {
		n = full + 2*int64((width+subX-1)/subX)*int64((height+subY-1)/subY)
	}
	if alpha {
		n += full
	}
	return n
}

// Size returns the memory of the image's samples, in bytes.
func (m *Image) Size() int64 {
	var n int64
	for i := range m.Planes {
		n += int64(len(m.Planes[i].Pix))
	}
	if m.Alpha != nil {
		n += int64(len(m.Alpha.Pix))
	}
	return n + int64(len(m.ICC))
}
