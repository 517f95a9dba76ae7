package tiff

import (
	"image"
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/inflate"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// Picture is a decoded region.
type Picture struct {
	*pixel.Image
	// Rect is the part of the level that the image covers, in the level's pixels:
	// the region asked for, extended to whole chroma samples where chroma is
	// subsampled.
	Rect image.Rectangle
}

// Decode decodes a region of a level, given in the level's pixels and wholly
// inside of it; only tiles and strips that touch the region are read. The image
// is as stored: not turned by Orientation. Gray comes as 0 black, palettes as
// RGB, alpha straight, tiles that are not stored as zero samples. maxBytes
// bounds the memory by MemoryFor.
//
// Errors: Invalid for a level or region that does not exist, Unsupported when
// maxBytes is too small or a JPEG tile is of a kind that is not read, Corrupt
// for bad data, and whatever kind the reader's own errors have.
func (f *File) Decode(level int, region image.Rectangle, maxBytes int64) (Picture, error) {
	const op = "tiff.Decode"
	l, err := f.level(op, level)
	if err != nil {
		return Picture{}, err
	}
	if region.Empty() || !region.In(image.Rect(0, 0, l.Width, l.Height)) {
		return Picture{}, fault.E(op, fault.Invalid, nil)
	}
	if f.MemoryFor(level, region) > maxBytes {
		return Picture{}, fault.New(op, fault.Unsupported, "this region of the image needs more memory than allowed")
	}
	d := &decoder{f: f, level: l, region: region, maxBytes: maxBytes, x0: int64(region.Min.X / l.TileWidth),
		y0: int64(region.Min.Y / l.TileHeight), x1: int64((region.Max.X-1)/l.TileWidth) + 1,
		y1: int64((region.Max.Y-1)/l.TileHeight) + 1}
	defer d.close()
	if err := d.plan(); err != nil {
		return Picture{}, err
	}
	if l.Compression == JPEG {
		err = d.jpeg()
	} else {
		err = d.raw()
	}
	if err != nil {
		return Picture{}, d.fetch.fail(err)
	}
	d.img.ICC = f.icc
	d.img.Bitonal = l.Bitonal
	return Picture{Image: d.img, Rect: d.region}, nil
}

// MemoryFor returns the most memory that decoding a region takes besides the
// file's own, in bytes: the picture and one tile's worth of scratch. It is 0 for
// a level that does not exist.
func (f *File) MemoryFor(level int, region image.Rectangle) int64 {
	l, err := f.level("tiff.MemoryFor", level)
	if err != nil {
		return 0
	}
	region = region.Intersect(image.Rect(0, 0, l.Width, l.Height))
	if region.Empty() {
		return 0
	}
	// Up to 3 pixels more on each side for chroma of 4:1, and chroma at full
	// size, since the tiles may be sampled otherwise than the tag says.
	n := pixel.Bytes(l.Model, region.Dx()+6, region.Dy()+6, 1, 1, l.HasAlpha)
	n += groupSize + streamBuffer
	tw, th := int64(l.TileWidth), int64(l.TileHeight)
	tiles := (int64(region.Dx())/tw + 2) * (int64(region.Dy())/th + 2)
	if l.Planar {
		tiles *= int64(l.SamplesPerPixel)
	}
	n += tiles * chunkCost
	if l.Compression != JPEG {
		// A row as stored, its samples as bytes, and two rows of a CCITT decoder.
		return n + l.rowBytes + tw*int64(l.SamplesPerPixel) + 2*tw + codecBytes
	}
	// The part of a tile that is decoded is rounded outwards to MCUs of up to 32
	// pixels. A progressive tile needs more and may be refused for it.
	w, h := min(l.TileWidth, region.Dx()+64), min(l.TileHeight, region.Dy()+64)
	return n + 3*int64(w+32)*int64(h+32)*int64(l.SamplesPerPixel) + codecBytes
}

// chunkCost is what listing one chunk takes: a chunk and its span.
const chunkCost = 64 + 16

// codecBytes is more than the fixed memory of any decompressor.
const codecBytes = 512 << 10

// decoder is the state of one Decode: the chunks [x0,x1) × [y0,y1) of the grid,
// in every plane, going to img.
type decoder struct {
	*level
	f              *File
	region         image.Rectangle
	maxBytes       int64
	x0, y0, x1, y1 int64
	chunks         []chunk
	fetch          *fetcher
	img            *pixel.Image
	inflater       *inflate.Reader // nil before the first Deflate chunk
	expander       *lzwReader      // nil before the first LZW chunk
}

// close gives buffers back.
func (d *decoder) close() {
	if d.inflater != nil {
		d.inflater.Close()
	}
}

// chunk is one tile or strip of the region.
type chunk struct {
	rect  image.Rectangle // its pixels, padding cut off
	plane int             // of planar images, else 0
	skip  int             // rows that the span leaves out at the top
}

// maxChunks bounds the tiles of one region.
const maxChunks = 1 << 22

// plan lists the chunks and where they are stored.
func (d *decoder) plan() error {
	planes := 1
	if d.Planar {
		planes = d.SamplesPerPixel
	}
	n := (d.x1 - d.x0) * (d.y1 - d.y0) * int64(planes)
	if n > maxChunks {
		return unsupported("tiff.Decode", "this region of the image has more tiles than allowed")
	}
	d.chunks = make([]chunk, 0, n)
	d.fetch = &fetcher{r: d.f.r, spans: make([]span, 0, n)}
	for plane := range planes {
		if d.sampleTarget(plane) == targetNone {
			continue
		}
		for y := d.y0; y < d.y1; y++ {
			for x := d.x0; x < d.x1; x++ {
				if err := d.add(x, y, plane); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (d *decoder) add(x, y int64, plane int) error {
	s, err := d.f.span(d.level, (int64(plane)*d.down+y)*d.across+x)
	if err != nil {
		return err
	}
	min := image.Pt(int(x)*d.TileWidth, int(y)*d.TileHeight)
	c := chunk{plane: plane, rect: image.Rectangle{min, min.Add(image.Pt(d.TileWidth, d.TileHeight))}.
		Intersect(image.Rect(0, 0, d.Width, d.Height))}
	if s.length > 0 {
		s, err = d.trim(s, &c)
	}
	d.chunks, d.fetch.spans = append(d.chunks, c), append(d.fetch.spans, s)
	return err
}

// trim cuts a span to the bytes that may be needed.
func (d *decoder) trim(s span, c *chunk) (span, error) {
	if d.Compression != None {
		return s, nil // the decompressors stop by themselves
	}
	rowsPer := 1
	if d.dataUnits() {
		rowsPer = d.SubY
	}
	first := max(d.region.Min.Y-c.rect.Min.Y, 0) / rowsPer
	last := (min(d.region.Max.Y, c.rect.Max.Y) - c.rect.Min.Y + rowsPer - 1) / rowsPer
	c.skip = first * rowsPer
	from, to := int64(first)*d.rowBytes, int64(last)*d.rowBytes
	if d.across*d.down == 1 && !d.Planar {
		// libtiff: the length of a lone strip is often wrong, and not needed.
		s.length = min(to, d.f.size-s.off)
	}
	if to > s.length {
		return s, corrupt("tiff.Decode", "a tile or strip is shorter than its samples")
	}
	return span{s.off + from, to - from}, nil
}

// raw decodes all chunks that are not JPEG.
func (d *decoder) raw() error {
	if d.dataUnits() {
		return d.units()
	}
	d.img = pixel.New(d.Model, d.region.Dx(), d.region.Dy(), 1, 1, d.HasAlpha)
	u := newUnpacker(d)
	for i, c := range d.chunks {
		if err := d.rows(i, c, u.row); err != nil {
			return err
		}
	}
	if d.associated && !u.straight {
		unassociate(d.img)
	}
	return nil
}

// rows decompresses chunk i and hands its rows that lie in the region to put,
// which may change them, and whose failure ends it; y counts in the level's pixels.
func (d *decoder) rows(i int, c chunk, put func(c chunk, y int, row []byte) error) error {
	row := make([]byte, d.rowBytes)
	step, height := 1, c.rect.Dy()
	if d.dataUnits() {
		step = d.SubY
	}
	if d.Tiled {
		height = d.TileHeight
	}
	r, err := io.Reader(nil), error(nil)
	if d.fetch.spans[i].length > 0 {
		if r, err = d.fetch.reader(i); err != nil {
			return err
		}
		if r, err = d.decompressor(r, height); err != nil {
			return err
		}
	}
	end := min(c.rect.Max.Y, d.region.Max.Y)
	for y := c.rect.Min.Y + c.skip; y < end; y += step {
		if r == nil {
			clear(row)
		} else if _, err := io.ReadFull(r, row); err != nil {
			return err
		}
		if y+step <= d.region.Min.Y {
			continue
		}
		if r != nil && d.Predictor == 2 && !d.differs(c) {
			d.undoPredictor(row)
		}
		if err := put(c, y, row); err != nil {
			return err
		}
	}
	return nil
}
