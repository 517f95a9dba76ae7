package codec

import (
	"image"

	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// jpegFile is a stored JPEG.
type jpegFile struct{ header jpeg.Header }

func openJPEG(in *input) (stored, facts, error) {
	h, err := jpeg.ReadHeader(in.part(0, in.size))
	if err != nil {
		return nil, facts{}, err
	}
	return &jpegFile{h}, facts{orientation: orientation(h.Orientation), pages: 1, model: h.Model, icc: h.ICC}, nil
}

// jpegScales is the number of reductions, each half of the one before.
const jpegScales = 4

func (f *jpegFile) levels() []image.Point {
	ls := make([]image.Point, jpegScales)
	for i := range ls {
		ls[i].X, ls[i].Y = f.header.Scaled(1 << i)
	}
	return ls
}

// cover adds the largest MCU, which regions are rounded to, on every side.
func (f *jpegFile) cover(level int, r image.Rectangle) image.Rectangle {
	w, h := f.header.Scaled(1 << level)
	return r.Inset(-32).Intersect(image.Rect(0, 0, w, h))
}

// jpegMargins is, by level, how many times the pixels asked for it must have in each
// direction. Samples made of few frequencies alias; with so much of the reduction
// left to the filter, the mean error against libvips' scaling of all pixels stays
// below 1.5 of 255 in all of ten photographs, where that of a decode at full scale
// is 1.3. libvips leaves a factor of two itself.
var jpegMargins = [jpegScales]float64{1, 1.5, 1.75, 2}

func (f *jpegFile) factor(level int) int { return 1 << level }

func (f *jpegFile) options(level int, r image.Rectangle) jpeg.DecodeOptions {
	full := image.Rectangle{r.Min.Mul(1 << level), r.Max.Mul(1 << level)}
	return jpeg.DecodeOptions{
		Scale:   1 << level,
		LowPass: true,
		Region:  full.Intersect(image.Rect(0, 0, f.header.Width, f.header.Height)),
	}
}

func (f *jpegFile) memory(level int, r image.Rectangle) int64 {
	return jpeg.MemoryFor(f.header, f.options(level, r))
}

func (f *jpegFile) decode(in *input, level int, r image.Rectangle) (*pixel.Image, image.Rectangle, error) {
	p, err := jpeg.Decode(in.part(0, in.size), f.options(level, r))
	return p.Image, p.Rect, err
}

// streams implements streamed: the coefficients of a progressive file must be held,
// but not all its samples too.
func (f *jpegFile) streams() bool { return f.header.Progressive }

func (f *jpegFile) bands(in *input, height int, yield bandYield) error {
	return jpeg.DecodeBands(in.part(0, in.size), height, 0, func(p jpeg.Picture) (*pixel.Image, error) {
		return yield(p.Image, p.Rect)
	})
}

func (f *jpegFile) bandMemory(height int) int64 { return jpeg.MemoryForBands(f.header, height) }
