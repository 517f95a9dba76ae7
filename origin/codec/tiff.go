package codec

import (
	"image"
	"math"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
	"github.com/vitrine-iiif/vitrine/wasm/tiff"
)

// tiffFile is a stored TIFF.
type tiffFile struct {
	file  *tiff.File
	sizes []image.Point
	// index is the head of a pyramid of ours, nil for others, and layout what the
	// planner is told of them, nil when no tile of it can be an answer.
	index  *pyramid.Index
	layout *pyramid.Layout
}

func openTIFF(in *input, lim Limits) (stored, facts, error) {
	// The file keeps its reader, which must not remember this input's failures;
	// its errors carry the storage's own kinds.
	f, err := tiff.Open(in.r, in.size, tiff.Limits{
		MaxPixels: lim.MaxPixels, MaxDimension: lim.MaxDimension, MaxPages: lim.MaxFrames,
	})
	if err != nil {
		return nil, facts{}, err
	}
	t := &tiffFile{file: f}
	for _, l := range f.Levels() {
		t.sizes = append(t.sizes, image.Pt(l.Width, l.Height))
	}
	if t.index, err = notes(in); err != nil {
		return nil, facts{}, err
	}
	if t.layout = foreignLayout(f); t.index != nil {
		t.layout = t.index.Layout()
	}
	top := f.Levels()[0]
	return t, facts{
		orientation: orientation(f.Orientation()), pages: f.Pages(), model: top.Model, alpha: top.HasAlpha, icc: f.ICC(),
		// In fewer tiles than that, most regions touch most of them.
		partial: top.Tiled && top.TileWidth*top.TileHeight < top.Width*top.Height/8,
	}, nil
}

func (f *tiffFile) levels() []image.Point { return f.sizes }

func (f *tiffFile) factor(level int) int {
	switch {
	case level == 0:
		return 1
	case f.layout == nil || len(f.layout.Levels) != len(f.sizes):
		return 0
	}
	return f.layout.Levels[level].Factor
}

// cover adds the chroma samples that regions are extended to.
func (f *tiffFile) cover(level int, r image.Rectangle) image.Rectangle {
	return r.Inset(-4).Intersect(image.Rectangle{Max: f.sizes[level]})
}

func (f *tiffFile) memory(level int, r image.Rectangle) int64 { return f.file.MemoryFor(level, r) }

func (f *tiffFile) decode(in *input, level int, r image.Rectangle) (*pixel.Image, image.Rectangle, error) {
	p, err := f.file.Reading(in).Decode(level, r, math.MaxInt64) // bounded by the caller
	return p.Image, p.Rect, err
}
