package tiff

import (
	"bytes"
	"errors"
	"image"

	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// jpeg decodes all chunks, which are JPEG. The first one that is stored decides
// about the subsampling: its own word is better than the tag's.
func (d *decoder) jpeg() error {
	for i, c := range d.chunks {
		if d.fetch.spans[i].length == 0 {
			continue
		}
		if err := d.jpegChunk(i, c); err != nil {
			return err
		}
	}
	if d.img == nil { // nothing is stored
		if err := d.newImage(d.SubX, d.SubY); err != nil {
			return err
		}
	}
	for i, c := range d.chunks {
		if d.fetch.spans[i].length == 0 {
			d.blank(c)
		}
	}
	if d.associated {
		unassociate(d.img)
	}
	return nil
}

func (d *decoder) newImage(sx, sy int) error {
	if err := d.align(sx, sy); err != nil {
		return err
	}
	d.img = pixel.New(d.Model, d.region.Dx(), d.region.Dy(), sx, sy, d.HasAlpha)
	return nil
}

func (d *decoder) jpegChunk(i int, c chunk) error {
	head, tile, err := d.splice(i)
	if err != nil {
		return err
	}
	h, err := jpeg.ReadHeader(bytes.NewReader(head))
	if err != nil {
		return err
	}
	n := d.SamplesPerPixel
	if d.Planar {
		n = 1
	}
	// Tiles at the edge are padded to full size, last strips are not; some
	// writers do either the other way round.
	if h.Components != n || h.Width < c.rect.Dx() || h.Height < c.rect.Dy() ||
		h.Width > d.TileWidth || h.Height > d.TileHeight {
		return errors.New("a JPEG tile has other dimensions or components than the TIFF says")
	}
	if d.img == nil {
		if err := d.newImage(h.SubX, h.SubY); err != nil {
			return err
		}
	}
	if d.Model == pixel.YCbCr && (h.SubX != d.img.SubX || h.SubY != d.img.SubY) {
		return unsupported("tiff.Decode", "TIFF with tiles of different chroma subsampling is not supported")
	}
	want := c.rect.Intersect(d.region).Sub(c.rect.Min)
	p, err := jpeg.Decode(tile, jpeg.DecodeOptions{
		Region: want, MaxBytes: max(1, d.maxBytes-d.img.Size()-groupSize-streamBuffer),
	})
	if err != nil {
		return err
	}
	if !want.In(p.Rect) {
		return errors.New("a JPEG tile is incomplete")
	}
	d.place(c, p)
	return nil
}

// place copies the decoded part of chunk c into the picture.
func (d *decoder) place(c chunk, p jpeg.Picture) {
	at := c.rect.Min.Add(p.Rect.Min)
	// An Adobe file of four components holds inverted ink, so that is undone by
	// the decoder; a TIFF's samples are what they are.
	inverted := p.Model == pixel.CMYK
	for s := range p.Planes {
		t := d.sampleTarget(s)
		if d.Planar {
			t = d.sampleTarget(c.plane)
		}
		sx, sy := 1, 1
		if s == 1 || s == 2 {
			sx, sy = p.SubX, p.SubY
		}
		switch t {
		case targetNone:
			continue
		case targetAlpha:
			d.copyPlane(d.img.Alpha, &p.Planes[s], at, 1, 1, inverted)
		default:
			invert := inverted != (d.Photometric == MinIsWhite)
			d.copyPlane(&d.img.Planes[t], &p.Planes[s], at, sx, sy, invert)
		}
	}
}

// copyPlane copies the samples of src, whose first one is at pixel at of the
// level, that lie in the region. at and the region begin on whole samples.
func (d *decoder) copyPlane(dst, src *pixel.Plane, at image.Point, sx, sy int, invert bool) {
	x, y := (at.X-d.region.Min.X)/sx, (at.Y-d.region.Min.Y)/sy
	part := image.Rect(x, y, x+src.Width, y+src.Height).Intersect(image.Rect(0, 0, dst.Width, dst.Height))
	for py := part.Min.Y; py < part.Max.Y; py++ {
		row := dst.Row(py)[part.Min.X:part.Max.X]
		copy(row, src.Row(py - y)[part.Min.X-x:])
		if invert {
			for i, v := range row {
				row[i] = 255 - v
			}
		}
	}
}

// blank gives the area of a chunk that is not stored the colour of zero samples.
// A zero of YCbCr would be green, so that is taken as black, the zero of RGB.
func (d *decoder) blank(c chunk) {
	t := d.sampleTarget(c.plane)
	if d.Planar && t == targetAlpha {
		return
	}
	for p := range d.img.Planes {
		plane, sx, sy, v := &d.img.Planes[p], 1, 1, byte(0)
		switch {
		case d.Planar && t != p:
			continue
		case d.Photometric == MinIsWhite:
			v = 255
		case d.Model == pixel.YCbCr && p > 0:
			sx, sy, v = d.img.SubX, d.img.SubY, 128
		}
		if v == 0 {
			continue
		}
		r := c.rect.Intersect(d.region).Sub(d.region.Min)
		for y := r.Min.Y / sy; y < (r.Max.Y+sy-1)/sy; y++ {
			row := plane.Row(y)[r.Min.X/sx : (r.Max.X+sx-1)/sx]
			for i := range row {
				row[i] = v
			}
		}
	}
}
