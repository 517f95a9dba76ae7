package jpeg

import (
	"errors"
	"image"
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// TilerOptions says how a Tiler cuts.
type TilerOptions struct {
	// Size is the width and height of a tile in pixels, a multiple of the coding
	// unit's.
	Size int
	// DropICC leaves the colour profile out of tiles. Default: it is carried along.
	DropICC bool
}

// Tiler cuts a JPEG into tiles of its own coefficients while it reads it once from
// front to end, and decodes it at half size on the way. It takes two thirds of what
// BuildIndex, Index.Tile and Decode take for the same, and holds no more than a row
// of tiles as compressed.
//
// It is for images that are cut whole; a few tiles of one are better cut with an
// Index. It is not safe for concurrent use, but its CutTiles may be used by others
// meanwhile.
type Tiler struct {
	scanPass
	f      *frame
	size   int    // of a tile, in pixels
	head   []byte // of tiles
	sizeAt int
	row    int // of tiles, the next
	// marks are the places of the blocks of the first unit that the last call of
	// decode went over: before and behind each DC difference.
	marks [maxBlocks][2]uint64

	batch batch
	comps [4]tilerComp
	plan  [maxBlocks]plannedBlock
	free  chan *CutTile
}

// keptTiles is how many CutTiles are kept to be used again: those of some rows.
const keptTiles = 256

// NewTiler reads the head of a JPEG. size is the size of the file in bytes, 0 when it
// is not known. Close must be called in the end.
//
// It fails like BuildIndex; with Unsupported too for images other than gray, and
// YCbCr with one block of either chroma per unit; and with Invalid when tiles do not
// hold whole units.
func NewTiler(r io.Reader, size int64, o TilerOptions) (t *Tiler, err error) {
	const op = "jpeg.Tiler"
	tee := &teeReader{r: r}
	d := newDecoder(tee, op)
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if err := d.readHeader(); err != nil {
		return nil, err
	}
	scan := tee.n - int64(len(d.buf)-d.pos)
	jfif, segments := findJFIF(tee.kept[:scan])
	f, err := newFrame(d, jfif)
	if err != nil {
		return nil, err
	}
	h := &d.h
	if h.expand || h.Model != pixel.Gray && h.Model != pixel.YCbCr {
		return nil, d.unsupported("tiles are cut of gray and YCbCr JPEGs only")
	}
	for _, s := range h.sampling[1:f.n] {
		if s != [2]int{1, 1} {
			return nil, d.unsupported("the chroma of this JPEG has several blocks per unit")
		}
	}
	if o.Size < 8 || o.Size > 1<<15 || o.Size%f.mcu.X != 0 || o.Size%f.mcu.Y != 0 {
		return nil, fault.E(op, fault.Invalid, errors.New("tiles must hold whole coding units"))
	}
	// A block takes at least two bits; see buildIndex.
	if size > 0 && int64(f.cols)*int64(f.rows)*int64(f.blocks)/4 > size {
		return nil, d.corrupt("the image data end early")
	}
	t = &Tiler{f: f, size: o.Size, batch: batch{size: 4}, free: make(chan *CutTile, keptTiles)}
	t.head = f.out[:f.iccAt:f.iccAt]
	if !o.DropICC && h.ICC != nil {
		for _, s := range segments {
			t.head = append(t.head, tee.kept[s.at:s.end]...)
		}
	}
	t.sizeAt = f.sizeAt + len(t.head) - f.iccAt
	t.head = append(t.head, f.out[f.iccAt:]...)
	tee.kept, tee.done = nil, true
	t.scanPass = newScanPass(d, tee, f.restart)
	t.components()
	return t, nil
}

// components prepares what the walk needs.
func (t *Tiler) components() {
	n := 0
	for i := range t.f.n {
		c := &t.comps[i]
		s := t.d.h.sampling[i]
		c.h, c.v = s[0], s[1]
		c.cols = ceilDiv(ceilDiv(t.f.width*8*c.h, t.f.mcu.X), 8)
		c.rows = ceilDiv(ceilDiv(t.f.height*8*c.v, t.f.mcu.Y), 8)
		c.dc, c.quant = t.f.dc[i], &t.d.quant[t.d.tq[i]]
		ac := t.f.ac[i].huff
		for j := range i {
			if t.comps[j].ac.huff == ac {
				c.ac = t.comps[j].ac
			}
		}
		if c.ac == nil {
			c.ac = newPairTable(ac)
		}
		c.end = ac.code(0)
		c.means = make([]int16, t.f.cols*c.h*c.v)
		for v := range c.v {
			for h := range c.h {
				t.plan[n] = plannedBlock{comp: i, dc: v*t.f.cols*c.h + h}
				n++
			}
		}
	}
}

// Close gives buffers back. The tiles that were cut stay good.
func (t *Tiler) Close() {
	t.feed.close()
	t.d.close()
}

// Header returns what the head of the file says.
func (t *Tiler) Header() Header { return t.d.h }

// Next cuts the next row of tiles, from the left to the right. Those of the last
// column and row have the rest of the image.
//
// half gets the row of tiles at half the size, from the upper left of its planes on;
// nil when that is not wanted. It must have the image's model and subsampling, and
// its planes room for whole coding units. What is beyond the image in them may be
// painted too.
//
// It fails with Corrupt for data that are damaged in any way, with Invalid when half
// has no room or all rows are cut, and with the kind of the reader's own failure;
// and is of no use then.
func (t *Tiler) Next(half *pixel.Image) ([]*CutTile, error) {
	f := t.f
	first := t.row * t.size / f.mcu.Y
	last := min(first+t.size/f.mcu.Y, f.rows)
	if first >= last || !t.paintInto(half, last-first) {
		return nil, fault.E(t.d.op, fault.Invalid, errors.New("no more rows, or no room for one"))
	}
	tiles := make([]*CutTile, ceilDiv(f.width, t.size))
	for i := range tiles {
		tiles[i] = t.newTile(i)
	}
	for my := first; my < last; my++ {
		for _, tile := range tiles {
			if err := t.strip(tile); err != nil {
				return nil, err
			}
			tile.padRight(my)
		}
		for i := range f.n {
			if c := &t.comps[i]; c.pix != nil {
				c.pix = c.pix[min(len(c.pix), 4*c.v*c.stride):]
			}
		}
	}
	for _, tile := range tiles {
		tile.padBelow(last - first)
	}
	t.row++
	return tiles, nil
}

// paintInto takes the planes of half. It reports false when they are too small for so
// many rows of units.
func (t *Tiler) paintInto(half *pixel.Image, rows int) bool {
	for i := range t.f.n {
		t.comps[i].pix = nil
	}
	if half == nil {
		return true
	}
	h := &t.d.h
	if half.Model != h.Model || len(half.Planes) < t.f.n || h.Model == pixel.YCbCr && (half.SubX != h.SubX || half.SubY != h.SubY) {
		return false
	}
	n := 0
	for i := range t.f.n {
		c := &t.comps[i]
		width := 4 * c.h * t.f.cols
		c.pix, c.stride = half.Planes[i].Pix, half.Planes[i].Stride
		if c.stride < width || len(c.pix) < (4*c.v*rows-1)*c.stride+width {
			return false
		}
		for v := range c.v {
			for h := range c.h {
				t.plan[n].offset = 4 * (v*c.stride + h)
				n++
			}
		}
	}
	return true
}

// strip takes the part of a row of units that belongs to a tile.
func (t *Tiler) strip(tile *CutTile) error {
	mx, end := tile.left, tile.right
	fresh := true // the units before are others in the tile
	for mx < end {
		want := end - mx
		if t.f.restart > 0 {
			if t.left == 0 {
				if err := t.resume(); err != nil {
					return err
				}
				fresh = true
			}
			want = min(want, t.left)
		}
		if t.f.recode {
			want, fresh = 1, true
		}
		before, pred := t.pos, t.pred
		done, ok := t.decode(mx, want, t.limit())
		if !ok || t.past() || t.feed.closed && done < want {
			return t.failed()
		}
		if done > 0 {
			for i := range t.f.n {
				if p := t.pred[i]; int32(int16(p)) != p {
					return t.failed()
				}
			}
			if !tile.take(before, fresh, &pred) {
				return t.failed()
			}
			fresh = false
		}
		mx += done
		t.left -= done
		if done < want {
			if err := t.more(); err != nil {
				return err
			}
		}
	}
	return nil
}

// units returns how many units a full tile has across and down.
func (t *Tiler) units() image.Point { return image.Pt(t.size/t.f.mcu.X, t.size/t.f.mcu.Y) }
