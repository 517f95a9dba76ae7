package tiff

import (
	"image"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// Streams reports whether Bands can read a level: strips that are not JPEG, with all
// samples together.
func (f *File) Streams(level int) bool {
	l, err := f.level("tiff.Streams", level)
	return err == nil && !l.Tiled && l.Compression != JPEG && !l.Planar && !l.dataUnits()
}

// Bands decodes a level that Streams from top to bottom and calls yield with every
// height rows of it, the last time with what is left. It holds one of these bands and
// reads every strip once, whatever its height. yield may keep what it gets, and
// returns an earlier one that nobody needs any more, or nil. Errors are those of
// Decode, and what yield returns ends it.
func (f *File) Bands(level, height int, yield func(Picture) (spare *pixel.Image, err error)) error {
	const op = "tiff.Bands"
	l, err := f.level(op, level)
	if err != nil {
		return err
	}
	if height < 1 || !f.Streams(level) {
		return fault.E(op, fault.Invalid, nil)
	}
	d := &decoder{f: f, level: l, region: image.Rect(0, 0, l.Width, l.Height), x1: l.across, y1: l.down}
	defer d.close()
	if err := d.plan(); err != nil {
		return err
	}
	// The same with the part of the level that is held.
	held := *d
	var u *unpacker
	var spare *pixel.Image
	finish := func() (err error) {
		if held.associated && !u.straight {
			unassociate(held.img)
		}
		held.img.ICC, held.img.Bitonal = f.icc, l.Bitonal
		spare, err = yield(Picture{Image: held.img, Rect: held.region})
		return err
	}
	next := func(y int) {
		held.region = image.Rect(0, y, l.Width, min(y+height, l.Height))
		held.img = pixel.Renew(spare, l.Model, l.Width, held.region.Dy(), 1, 1, l.HasAlpha)
		u = newUnpacker(&held)
	}
	next(0)
	var stopped error
	for i, c := range d.chunks {
		err := d.rows(i, c, func(c chunk, y int, row []byte) error {
			if y == held.region.Max.Y {
				if stopped = finish(); stopped != nil {
					return stopped
				}
				next(y)
			}
			return u.row(c, y, row)
		})
		switch {
		case stopped != nil:
			return stopped
		case err != nil:
			return d.fetch.fail(err)
		}
	}
	return finish()
}

// MemoryForBands returns the most memory that Bands takes besides the file's own, in
// bytes, with one band.
func (f *File) MemoryForBands(level, height int) int64 {
	l, err := f.level("tiff.MemoryForBands", level)
	if err != nil {
		return 0
	}
	return f.MemoryFor(level, image.Rect(0, 0, l.Width, min(height, l.Height))) + l.across*l.down*chunkCost
}
