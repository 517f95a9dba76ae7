package render

import (
	"context"
	"image"
	"math"
	"strconv"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// render makes the answer to c from the stored image.
func (e *Engine) render(ctx context.Context, c iiif.Canonical, d Description, begin func()) (_ []byte, err error) {
	v, err := e.borrow(ctx, c.ID, d)
	if err != nil {
		return nil, err
	}
	defer e.shelf.giveBack(v)
	defer func() {
		if fault.Is(err, fault.Conflict) {
			e.shelf.drop(c.ID.String()) // what is open was replaced: open it anew
		}
	}()

	if data, ok, err := e.storedTile(ctx, v, c); ok || err != nil {
		return data, err
	}
	level, area := e.choose(v.picture, c)
	source, data, err := e.obtain(ctx, v, c, d, level, area)
	if err != nil || data != nil {
		return data, err
	}
	defer e.pixels.unpin(source)

	need := workMemory(source.Image, c)
	if e.config.Style.Progressive && c.Format == iiif.JPG {
		need += int64(c.Width) * int64(c.Height) * int64(source.Model.Planes()) * 9 / 4 // its coefficients
	}
	if err := e.work.acquire(ctx, need); err != nil {
		return nil, err
	}
	defer e.work.release(need)
	err = e.compute(ctx, func() error {
		begin()
		m, err := e.transform(source.Decoded, window(v.picture, level, c), level, c)
		if err != nil {
			return err
		}
		data, err = e.encoder.Encode(ctx, m, codec.EncodeOptions{
			Format: c.Format.String(), Quality: e.quality(c), KeepICC: !e.config.Style.SRGB,
			Progressive: e.config.Style.Progressive,
		})
		return err
	})
	return data, err
}

// borrow takes the revision of d from the shelf.
func (e *Engine) borrow(ctx context.Context, id iiif.Identifier, d Description) (*volume, error) {
	if d.Stale {
		if v := e.shelf.hold(id.String(), d.Revision); v != nil {
			return v, nil
		}
	}
	v, err := e.shelf.borrow(ctx, id.String())
	if err != nil {
		return nil, err
	}
	if v.object.Revision() != d.Revision {
		e.shelf.giveBack(v)
		return nil, fault.E("render.borrow", fault.Conflict, nil)
	}
	return v, nil
}

// obtain returns, by whatever costs least, the pixels of a level that cover area,
// pinned, or at once the whole answer to c.
func (e *Engine) obtain(ctx context.Context, v *volume, c iiif.Canonical, d Description, level int, area image.Rectangle) (*decoded, []byte, error) {
	full := image.Rectangle{Max: v.picture.Levels()[level]}
	name := func(r image.Rectangle) string {
		// An image and its pyramid have different levels, under one revision.
		kind := "s"
		if v.pyramid {
			kind = "p"
		}
		return kind + c.ID.String() + "\x00" + d.Revision + "\x00" + strconv.Itoa(level) + r.String()
	}
	var index *jpeg.Index
	if small(area, full.Max) {
		var err error
		if index, err = e.index(ctx, v, c.ID, d); err != nil {
			return nil, nil, err
		}
	}
	var memory int64
	if index != nil {
		if data, ok, err := e.copyTile(ctx, v, c, index); ok || err != nil {
			return nil, data, err
		}
		if whole := e.pixels.take(name(full)); whole != nil {
			return whole, nil, nil
		}
		memory = v.picture.MemoryForIndexed(index, level, area)
	} else {
		// All of it where that is affordable, because the next tile will want it too.
		if !v.picture.Partial() && v.picture.MemoryFor(level, full) <= e.pixels.budget.capacity {
			area = full
		}
		memory = v.picture.MemoryFor(level, area)
	}
	p, err := e.pixels.pin(ctx, name(area), memory, func(ctx context.Context) (codec.Decoded, error) {
		return e.decode(ctx, c.ID, d, v.pyramid, func(p *codec.Picture) (codec.Decoded, error) {
			if index != nil {
				return p.DecodeIndexed(ctx, index, level, area)
			}
			return p.Decode(ctx, level, area)
		})
	})
	return p, nil, err
}

// small reports whether a region is so small a part of a level that reading just
// that is better than decoding all for this and the next.
func small(area image.Rectangle, level image.Point) bool {
	return int64(area.Dx())*int64(area.Dy())*2 < int64(level.X)*int64(level.Y)
}

// decode reads pixels. It borrows for itself, because it may outlive the
// rendering that asked for it; Conflict when a pyramid came or went meanwhile, as
// it has other levels.
func (e *Engine) decode(ctx context.Context, id iiif.Identifier, d Description, pyramid bool, read func(*codec.Picture) (codec.Decoded, error)) (codec.Decoded, error) {
	v, err := e.borrow(ctx, id, d)
	if err != nil {
		return codec.Decoded{}, err
	}
	defer e.shelf.giveBack(v)
	if v.pyramid != pyramid {
		return codec.Decoded{}, fault.E("render.decode", fault.Conflict, nil)
	}
	var img codec.Decoded
	err = e.compute(ctx, func() error {
		img, err = read(v.picture)
		return err
	})
	return img, err
}

// choose returns the level that c is made from, and the rectangle of it that c
// needs.
func (e *Engine) choose(p *codec.Picture, c iiif.Canonical) (level int, area image.Rectangle) {
	level = p.LevelFor(max(float64(c.Width)/float64(c.Region.W), float64(c.Height)/float64(c.Region.H)))
	// The resampling filter reaches beyond the region's edge, so that tiles join
	// without a seam, and so that every way gives the same pixels.
	w := window(p, level, c)
	reach := filterReach * max(w.W/float64(c.Width), w.H/float64(c.Height), 1)
	area = image.Rect(int(math.Floor(w.X-reach)), int(math.Floor(w.Y-reach)), int(math.Ceil(w.X+w.W+reach)), int(math.Ceil(w.Y+w.H+reach)))
	return level, area.Intersect(image.Rectangle{Max: p.Levels()[level]})
}

// filterReach is the radius of the widest filter (Lanczos3), in result pixels,
// and a pixel of chroma.
const filterReach = 4

// window returns the part of a level that c shows.
func window(p *codec.Picture, level int, c iiif.Canonical) pixel.Window {
	r := image.Rect(c.Region.X, c.Region.Y, c.Region.X+c.Region.W, c.Region.Y+c.Region.H)
	return p.Window(level, r, c.Width, c.Height)
}

// workMemory estimates the bytes that transforming m to c takes at the peak.
func workMemory(m *pixel.Image, c iiif.Canonical) int64 {
	area := int64(c.Width) * int64(c.Height)
	samples := int64(m.Model.Planes())
	if m.Alpha != nil {
		samples++
	}
	// The scaled image, a step that copies it, and what an encoder makes of it.
	need := area * samples * 3
	if math.Mod(c.Rotation, 90) != 0 {
		w, h := c.Turned()
		need += w * h * 4 * 2 // with alpha, and the encoder's copy
	} else if c.Rotation != 0 || c.Mirror {
		need += area * samples
	}
	return need
}

// transform does what IIIF asks for, in its order: region, size, mirror, rotation,
// quality (Image API 3.0 §4). win is the part of the level that c shows.
func (e *Engine) transform(source codec.Decoded, win pixel.Window, level int, c iiif.Canonical) (*pixel.Image, error) {
	shrunk := win.W > float64(c.Width)+0.5 || win.H > float64(c.Height)+0.5 || level > 0
	win.X -= float64(source.Rect.Min.X)
	win.Y -= float64(source.Rect.Min.Y)
	m, err := e.resize(source.Image, win, c)
	if err != nil {
		return nil, err
	}
	toned := c.Quality == iiif.Gray || c.Quality == iiif.Bitonal
	// A profile of colours says nothing about grays made of them.
	if e.config.Style.SRGB || !codec.CarriesICC(c.Format.String()) || (toned && m.Model != pixel.Gray) {
		if m, err = e.colours.toSRGB(m); err != nil {
			return nil, err
		}
	}
	if e.config.Style.Sharpen > 0 && shrunk {
		m = pixel.Sharpen(m, e.config.Style.Sharpen)
	}
	if c.Mirror {
		m = pixel.Mirror(m)
	}
	m = e.rotate(m, c)
	if toned {
		m = pixel.ToGray(m)
	}
	if c.Quality == iiif.Bitonal || !codec.CarriesAlpha(c.Format.String()) {
		m = pixel.Flatten(m, e.config.Style.Background)
	}
	if c.Quality == iiif.Bitonal {
		m = pixel.ToBitonal(m)
	}
	return m, nil
}

// resize scales the window of m. JPEG and WebP keep subsampled chroma as it is;
// the other formats store full chroma, and get as much as the source has.
func (e *Engine) resize(m *pixel.Image, win pixel.Window, c iiif.Canonical) (*pixel.Image, error) {
	filter := e.config.Style.Filter
	switch c.Format {
	case iiif.PNG, iiif.TIF, iiif.GIF:
		return pixel.ResizeChroma(m, win, c.Width, c.Height, 1, 1, filter)
	}
	return pixel.Resize(m, win, c.Width, c.Height, filter)
}

// rotate turns m; corners that come into being are transparent where the format
// can say so, else they have the configured ground.
func (e *Engine) rotate(m *pixel.Image, c iiif.Canonical) *pixel.Image {
	if quarters := c.Rotation / 90; quarters == math.Trunc(quarters) {
		return pixel.Turn(m, int(quarters))
	}
	if codec.CarriesAlpha(c.Format.String()) && c.Quality != iiif.Bitonal {
		return pixel.Rotate(m, c.Rotation, nil)
	}
	return pixel.Rotate(m, c.Rotation, &e.config.Style.Background)
}

func (e *Engine) quality(c iiif.Canonical) int {
	if c.Format.String() == "webp" {
		return e.config.Style.WebPQuality
	}
	return e.config.Style.JPEGQuality
}
