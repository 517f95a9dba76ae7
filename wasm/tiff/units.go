package tiff

import (
	"image"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// units decodes subsampled YCbCr that is not JPEG: rows of data units, each
// SubX × SubY luma samples, then Cb, then Cr (TIFF 6.0 §21).
func (d *decoder) units() error {
	if err := d.align(d.SubX, d.SubY); err != nil {
		return err
	}
	d.img = pixel.New(pixel.YCbCr, d.region.Dx(), d.region.Dy(), d.SubX, d.SubY, false)
	for i, c := range d.chunks {
		if err := d.rows(i, c, d.unitRow); err != nil {
			return err
		}
	}
	return nil
}

// align extends the region to whole chroma samples. Chunks must hold whole
// chroma samples too, so the region stays within the same chunks.
func (d *decoder) align(sx, sy int) error {
	if d.across > 1 && d.TileWidth%sx != 0 || d.down > 1 && d.TileHeight%sy != 0 {
		return unsupported("tiff.Decode", "TIFF tiles that cut chroma samples are not supported")
	}
	r := &d.region
	r.Min = image.Pt(r.Min.X/sx*sx, r.Min.Y/sy*sy)
	r.Max = image.Pt(min((r.Max.X+sx-1)/sx*sx, d.Width), min((r.Max.Y+sy-1)/sy*sy, d.Height))
	return nil
}

// unitRow stores one row of data units of chunk c, whose first pixel row is y.
func (d *decoder) unitRow(c chunk, y int, row []byte) error {
	sx, sy := d.SubX, d.SubY
	unit := sx*sy + 2
	from, to := max(c.rect.Min.X, d.region.Min.X), min(c.rect.Max.X, d.region.Max.X)
	cb := d.img.Planes[1].Row((y - d.region.Min.Y) / sy)
	cr := d.img.Planes[2].Row((y - d.region.Min.Y) / sy)
	for x := from; x < to; x += sx {
		u := row[(x-c.rect.Min.X)/sx*unit:][:unit]
		for dy := range min(sy, d.region.Max.Y-y, c.rect.Max.Y-y) {
			dst := d.img.Planes[0].Row(y - d.region.Min.Y + dy)
			copy(dst[x-d.region.Min.X:][:min(sx, to-x)], u[dy*sx:])
		}
		i := (x - d.region.Min.X) / sx
		cb[i], cr[i] = u[sx*sy], u[sx*sy+1]
	}
	return nil
}
