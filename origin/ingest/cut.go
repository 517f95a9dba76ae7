package ingest

import (
	"bufio"
	"bytes"
	"context"
	"io"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// cut is a JPEG whose coding units fit into tiles: level 0 is made of its own
// coefficients. Its data are walked over once, in order: that cannot be shared among
// the cores, but is less work than anything that can, and the cores have the tiles
// of all levels to do meanwhile.
type cut struct {
	tiler *jpeg.Tiler
	s     shape
	size  int64
}

// openCut opens a JPEG for cutting. It fails with Unsupported for one that is not
// fit for that.
func (g *Ingester) openCut(h jpeg.Header, c colours, r io.ReaderAt, size int64) (*cut, error) {
	if h.Orientation > 1 || c.srgb || h.Model != c.model {
		return nil, fault.New("ingest.open", fault.Unsupported, "the JPEG must be decoded")
	}
	x := &cut{s: c.shape(), size: size}
	x.s.subX, x.s.subY = h.SubX, h.SubY
	x.s.format, x.s.width, x.s.height, x.s.lossless = codec.JPG, h.Width, h.Height, true
	in := bufio.NewReaderSize(io.NewSectionReader(r, 0, size), readAhead)
	var err error
	x.tiler, err = jpeg.NewTiler(in, size, jpeg.TilerOptions{Size: tileSize, DropICC: !x.s.tagged})
	return x, err
}

// readAhead is how much of a file that is read from front to end is read at once: a
// store may be far away.
const readAhead = 1 << 20

func (x *cut) shape() shape { return x.s }

// memory counts the compressed rows that are under way, and the bands.
func (x *cut) memory() int64 {
	rows := int64(x.s.height)
	return readAhead + 6*(x.size*min(tileSize, rows)/rows) + bandBytes(x.s)
}

func (x *cut) close() { x.tiler.Close() }

func (x *cut) row(_ context.Context, _ int, half *pixel.Image) (row, error) {
	tiles, err := x.tiler.Next(half)
	return cutRow(tiles), err
}

// cutRow is a row of tiles of a cut.
type cutRow []*jpeg.CutTile

func (r cutRow) done() {}

func (r cutRow) tile(_ context.Context, f *flow, s spot, _ *band) (t streams, err error) {
	tile := r[s.col]
	defer tile.Release()
	whole := f.room(&t)
	whole.b = tile.Append(whole.b)
	if tile.Width == tileSize && tile.Height == tileSize {
		t.padded = whole.b
		return t, nil
	}
	t.exact = [][]byte{whole.b}
	padded := f.room(&t)
	if padded.b, err = tile.AppendPadded(padded.b); err == nil {
		t.padded = padded.b
		return t, nil
	}
	// A table without a code for padding: the exact tile stays lossless.
	p, err := jpeg.Decode(bytes.NewReader(whole.b), jpeg.DecodeOptions{})
	if err == nil {
		t.padded, err = f.encodeImage(&t, extend(p.Image, tileSize))
	}
	return t, err
}
