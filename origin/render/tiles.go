package render

import (
	"context"
	"image"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
)

// pass answers c by the place of a stored tile in a pyramid's file, from where
// the system can send it without copying. v is given back with the result, or
// stays with the caller when ok is false.
//
// A pyramid's file is only ever replaced by renaming; other files may be rewritten
// while they are sent, and are read first (copied).
func (e *Engine) pass(v *volume, c iiif.Canonical) (_ Result, ok bool) {
	if !v.pyramid || e.mustConvert(v) {
		return Result{}, false
	}
	offset, length, ok := v.picture.StoredAt(c)
	if !ok {
		return Result{}, false
	}
	file, err := v.file.File()
	if err != nil {
		return Result{}, false // who reads it will say why, and open it anew
	}
	return Result{
		File: file, Offset: offset, Length: length, Release: func() { e.shelf.giveBack(v) },
		ContentType: c.Format.MediaType(),
	}, true
}

// quick bounds what copied copies, in pixels.
const quick = 1 << 20

// copied answers c where that is a matter of microseconds: from the tiles or by
// the index, if it is in memory, of an image that is a file of this machine. To
// share that among callers, to let them leave before it is done, or to keep it,
// would cost more than it does; it waits for no worker, because it is over before
// one is free. What fails is left to who can say why.
func (e *Engine) copied(ctx context.Context, v *volume, c iiif.Canonical, d Description) (_ Result, ok bool) {
	if c.Width*c.Height > quick || e.mustConvert(v) {
		return Result{}, false
	}
	var cut jpeg.TileOptions
	var index *jpeg.Index
	if v.picture.Format() != codec.TIF {
		if index, ok = e.indexes.get(indexKey(c.ID, d)); !ok || index == nil {
			return Result{}, false
		}
		if cut, ok = e.cuts(v, c, index); !ok {
			return Result{}, false
		}
	}
	select {
	case e.copies <- struct{}{}:
		defer func() { <-e.copies }()
	default:
		return Result{}, false
	}
	file, err := v.file.File()
	if err != nil {
		return Result{}, false
	}
	buffer, _ := e.buffers.Get().(*codec.Buffer)
	if buffer == nil {
		buffer = new(codec.Buffer)
	}
	res := Result{ContentType: c.Format.MediaType(), Release: func() {
		if buffer.Size() <= maxBuffer {
			e.buffers.Put(buffer)
		}
	}}
	if p := v.picture.Reading(file); index == nil {
		res.Data, ok, err = p.Stored(ctx, c, buffer)
	} else {
		res.Data, err = p.CutInto(ctx, buffer, index, region(c), cut)
	}
	if err == nil && ok {
		_, err = v.file.File() // whatever was written meanwhile shows here
	}
	if err != nil || !ok {
		res.Release()
		return Result{}, false
	}
	return res, true
}

// maxBuffer is the largest buffer that is kept for the next copy, in bytes.
const maxBuffer = 1 << 20

// maxCopy bounds the answers that are copied out of a stored JPEG, in pixels:
// they are made in memory.
const maxCopy = 16 << 20

// cuts reports whether c asks for nothing but coefficients of the stored JPEG,
// and how they are to be cut out.
func (e *Engine) cuts(v *volume, c iiif.Canonical, index *jpeg.Index) (o jpeg.TileOptions, ok bool) {
	r := c.Region
	unit := index.MCU()
	if c.Format != iiif.JPG || c.Quality != iiif.Default || c.Mirror || c.Rotation != 0 ||
		c.Width != r.W || c.Height != r.H || r.X%unit.X != 0 || r.Y%unit.Y != 0 || r.W*r.H > maxCopy {
		return o, false
	}
	if e.mustConvert(v) || index.Header().Components == 4 { // browsers do not agree on inks
		return o, false
	}
	return jpeg.TileOptions{DropICC: e.config.Style.SRGB, KeepRestarts: true}, true
}

func region(c iiif.Canonical) image.Rectangle {
	r := c.Region
	return image.Rect(r.X, r.Y, r.X+r.W, r.Y+r.H)
}

// copyTile answers c by copying coefficients out of the stored JPEG, where c asks
// for nothing else; ok is false when it does. No pixel is decoded and no quality
// lost.
func (e *Engine) copyTile(ctx context.Context, v *volume, c iiif.Canonical, index *jpeg.Index) (data []byte, ok bool, err error) {
	o, ok := e.cuts(v, c, index)
	if !ok {
		return nil, false, nil
	}
	err = e.compute(ctx, func() error {
		data, err = v.picture.Cut(ctx, index, region(c), o)
		return err
	})
	if fault.Is(err, fault.Corrupt) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// mustConvert reports whether the colours of an image are to be converted, so
// that its stored bytes are no answer.
func (e *Engine) mustConvert(v *volume) bool {
	icc := v.picture.ICC()
	if !e.config.Style.SRGB || len(icc) == 0 {
		return false
	}
	profile := e.colours.get(icc)
	return profile != nil && !profile.IsSRGB()
}

// storedTile answers c by a tile of a pyramid, as it is stored; ok is false when c
// is no such tile.
func (e *Engine) storedTile(ctx context.Context, v *volume, c iiif.Canonical) (data []byte, ok bool, err error) {
	// Only a TIFF has tiles: others must not wait for a worker to learn that.
	if v.picture.Format() != codec.TIF || e.mustConvert(v) {
		return nil, false, nil
	}
	err = e.compute(ctx, func() error {
		data, ok, err = v.picture.Stored(ctx, c, nil)
		return err
	})
	return data, ok, err
}
