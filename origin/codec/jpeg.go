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

func (f *jpegFile) options(level int, r image.Rectangle) jpeg.DecodeOptions {
	full := image.Rectangle{r.Min.Mul(1 << level), r.Max.Mul(1 << level)}
	return jpeg.DecodeOptions{
		Scale:  1 << level,
		Region: full.Intersect(image.Rect(0, 0, f.header.Width, f.header.Height)),
	}
}

func (f *jpegFile) memory(level int, r image.Rectangle) int64 {
	return jpeg.MemoryFor(f.header, f.options(level, r))
}

func (f *jpegFile) decode(in *input, level int, r image.Rectangle) (*pixel.Image, image.Rectangle, error) {
	p, err := jpeg.Decode(in.part(0, in.size), f.options(level, r))
	return p.Image, p.Rect, err
}
