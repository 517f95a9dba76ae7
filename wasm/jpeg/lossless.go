package jpeg

import (
	"errors"
	"image"
	"io"
	"sync"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// TileOptions says how Tile writes.
type TileOptions struct {
	// DropICC leaves the colour profile out. Default: it is carried along.
	DropICC bool
	// KeepRestarts allows the result to have the source's restart markers, which
	// costs two bytes for each. Where intervals are shorter than a row of the image
	// it is several times faster, if they do not cross the tile's edges. Default:
	// the result has none.
	KeepRestarts bool
}

// Tile cuts a region out of the JPEG that x is the index of, without decoding:
// the coefficients of the result are those of the source. src is the JPEG; one
// ReadAt is made for every range that Ranges returns and, for profiles beyond 64
// KiB, every part of the profile.
//
// The corner rect.Min must be a multiple of MCU; rect.Max may be anywhere in the
// image. The result is a complete JPEG of the size of rect, with the density, the
// Adobe segment and the colour profile of the source, and without its Exif and
// other data: an orientation (Header) is lost.
//
// It fails with Invalid for regions that cannot be cut, with NotFound for rows that
// x knows nothing about, with Corrupt when the data are damaged or not those
// that x was made of, and with the kind of the reader's own failure.
func (x *Index) Tile(src io.ReaderAt, rect image.Rectangle, o TileOptions) ([]byte, error) {
	return x.AppendTile(nil, src, rect, o)
}

// AppendTile is Tile, appending to dst.
func (x *Index) AppendTile(dst []byte, src io.ReaderAt, rect image.Rectangle, o TileOptions) ([]byte, error) {
	const op = "jpeg.Index.Tile"
	c := cutters.Get().(*cutter)
	defer c.release()
	c.Index, c.op = x, op
	err := c.plan(rect)
	if err != nil {
		return nil, err
	}
	c.out = bitBuffer{buf: c.out.buf[:0]}
	c.pred = [4]int32{}
	c.copied = 0
	keep := o.KeepRestarts && c.aligned(rect)
	cutStrip := c.strip
	if keep {
		cutStrip = c.intervals
	}
	next := 0
	for _, r := range c.ranges {
		if err := c.read(src, r); err != nil {
			return nil, err
		}
		for ; next < len(c.strips) && c.strips[next].end() <= r.End(); next++ {
			s := &c.strips[next]
			if err := cutStrip(s, c.raw[s.offset()-r.Offset:s.end()-r.Offset]); err != nil {
				return nil, err
			}
		}
	}
	c.out.finish()
	if dst == nil {
		dst = make([]byte, 0, len(x.f.out)+len(x.profile)+len(c.out.buf)+len(c.out.buf)/64+64)
	}
	start := len(dst)
	dst = append(dst, x.f.out[:x.f.iccAt]...)
	if !o.DropICC {
		if dst, err = c.profile(dst, src); err != nil {
			return nil, err
		}
	}
	shift := len(dst) - start - x.f.iccAt
	if keep {
		dst = x.f.headWithRestarts(dst)
	} else {
		dst = append(dst, x.f.out[x.f.iccAt:]...)
	}
	size := dst[start+shift+x.f.sizeAt:]
	size[0], size[1] = byte(rect.Dy()>>8), byte(rect.Dy())
	size[2], size[3] = byte(rect.Dx()>>8), byte(rect.Dx())
	if keep {
		dst = append(dst, c.out.buf...)
	} else {
		dst = appendStuffed(dst, c.out.buf)
	}
	return append(dst, 0xFF, markEOI), nil
}

// Ranges returns the parts of the JPEG that Tile reads for rect, in ascending
// order and not touching one another: one per row of MCUs, fewer where rows
// follow one another without a gap. A caller for whom every read is costly
// fetches several of them and what is in between at once. It fails like Tile.
func (x *Index) Ranges(rect image.Rectangle) ([]Range, error) {
	c := &cutter{Index: x, op: "jpeg.Index.Ranges"}
	if err := c.plan(rect); err != nil {
		return nil, err
	}
	return c.ranges, nil
}

// MergeRanges joins ascending ranges that are at most gap bytes apart, for stores
// where a request costs more than that many bytes.
func MergeRanges(ranges []Range, gap int64) []Range {
	var merged []Range
	for _, r := range ranges {
		if n := len(merged); n > 0 && r.Offset-merged[n-1].End() <= gap {
			merged[n-1].Length = max(merged[n-1].End(), r.End()) - merged[n-1].Offset
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

// strip is the part of one row of MCUs that a tile takes.
type strip struct {
	from, to anchor
	fromMCU  int  // the number of the MCU at from
	first    int  // of the tile, in this row
	last     int  // behind the last
	exact    bool // to is where last begins, otherwise somewhere behind
	// When it is not, near is the closest anchor before last, if there is one
	// behind from and inside of a restart interval; nearMCU is 0 otherwise.
	near    anchor
	nearMCU int
}

func (s *strip) offset() int64 { return int64(s.from.pos >> 3) }
func (s *strip) end() int64    { return int64((s.to.pos + 7) >> 3) }

// cutter holds what one Tile works with.
type cutter struct {
	*Index
	op     string
	strips []strip
	ranges []Range
	raw    []byte   // a range
	buf    []byte   // a strip without stuffed zeros
	starts []uint64 // of the restart intervals in buf, in bits
	ends   []uint64 // of the data before each of them, and of all data
	near   uint64   // the place of the strip's near anchor in buf, in bits
	out    bitBuffer
	pred   [4]int32 // DC of the last blocks in out
	copied int      // restart intervals in out, when they are copied
}

// cutters holds buffers between calls; their content does not matter.
var cutters = sync.Pool{New: func() any { return new(cutter) }}

// release gives the buffers back, unless one tile made them too large to keep.
func (c *cutter) release() {
	c.Index = nil
	if cap(c.raw)+cap(c.buf)+cap(c.out.buf) <= maxKept {
		cutters.Put(c)
	}
}

// maxKept is the most bytes of buffers that are kept for the next tile.
const maxKept = 8 << 20

func (c *cutter) corrupt() error {
	return fault.E(c.op, fault.Corrupt, errors.New("the image data do not fit the index"))
}

// plan finds out which bits make up the tile.
func (c *cutter) plan(rect image.Rectangle) error {
	f := c.f
	if rect.Empty() || !rect.In(image.Rect(0, 0, f.width, f.height)) ||
		rect.Min.X%f.mcu.X != 0 || rect.Min.Y%f.mcu.Y != 0 {
		return fault.E(c.op, fault.Invalid, errors.New("the region is not in the image or not on a multiple of its coding units"))
	}
	c.strips, c.ranges = c.strips[:0], c.ranges[:0]
	left, right := rect.Min.X/f.mcu.X, ceilDiv(rect.Max.X, f.mcu.X)
	for y := rect.Min.Y / f.mcu.Y; y < ceilDiv(rect.Max.Y, f.mcu.Y); y++ {
		b := &c.bands[y/c.bandRows]
		if b.anchors == nil {
			return fault.E(c.op, fault.NotFound, errors.New("the index was read for other rows"))
		}
		s := b.strip(&c.bandGrid, y, left, right)
		c.strips = append(c.strips, s)
		r := Range{s.offset(), s.end() - s.offset()}
		if n := len(c.ranges); n > 0 && r.Offset <= c.ranges[n-1].End() {
			if r.Offset < c.ranges[n-1].Offset {
				return c.corrupt()
			}
			c.ranges[n-1].Length = max(r.End(), c.ranges[n-1].End()) - c.ranges[n-1].Offset
			continue
		}
		c.ranges = append(c.ranges, r)
	}
	return nil
}

// strip returns what MCUs left to right of row y take.
func (b *band) strip(g *bandGrid, y, left, right int) strip {
	firstRow := y / g.bandRows * g.bandRows
	s := strip{first: y*g.cols + left, last: y*g.cols + right}
	i := (y - firstRow) / b.stepY * b.perRow
	if b.stepY == 1 {
		i += left / b.stepX
	}
	s.from, s.fromMCU = b.anchors[i], b.mcu(g, firstRow, i)
	// The first anchor at or behind the end.
	j := (y-firstRow)/b.stepY*b.perRow + b.perRow
	if b.stepY == 1 {
		j = (y-firstRow)*b.perRow + ceilDiv(right, b.stepX)
	}
	if j >= len(b.anchors) {
		_, rows := g.rowsOf(y / g.bandRows)
		s.to, s.exact = b.end, s.last == (firstRow+rows)*g.cols
	} else {
		s.to = b.anchors[j]
		mcu := b.mcu(g, firstRow, j)
		// The place where a restart interval begins does not say where the one
		// before ends.
		s.exact = mcu == s.last && !g.restarts(mcu)
	}
	for j--; !s.exact && j > i; j-- {
		if mcu := b.mcu(g, firstRow, j); mcu > s.first && mcu < s.last && !g.restarts(mcu) {
			s.near, s.nearMCU = b.anchors[j], mcu
			break
		}
	}
	return s
}

// read reads one range into raw.
func (c *cutter) read(src io.ReaderAt, r Range) error {
	if c.size > 0 && r.End() > c.size {
		return c.corrupt()
	}
	c.raw = c.raw[:0]
	for done := int64(0); done < r.Length; {
		// A damaged index may ask for more than there is.
		part := min(r.Length-done, max(1<<20, done))
		c.raw = grow(c.raw, int(part))
		n, err := src.ReadAt(c.raw[done:done+part], r.Offset+done)
		if n < 0 || int64(n) > part || err == nil && int64(n) < part {
			err, n = io.ErrUnexpectedEOF, 0
		}
		if int64(n) < part {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return c.corrupt()
			}
			return fault.E(c.op, fault.KindOf(err), err)
		}
		done += part
		c.raw = c.raw[:done]
	}
	return nil
}

// profile appends the colour profile's segments.
func (c *cutter) profile(dst []byte, src io.ReaderAt) ([]byte, error) {
	dst = append(dst, c.Index.profile...)
	for _, r := range c.profileRanges {
		if err := c.read(src, r); err != nil {
			return nil, err
		}
		s, ok := nextSegment(c.raw, 0)
		if _, icc := cutTag(s.content, "ICC_PROFILE\x00"); !ok || !icc || s.mark != markAPP0+2 || s.end != len(c.raw) {
			return nil, c.corrupt()
		}
		dst = append(dst, c.raw...)
	}
	return dst, nil
}
