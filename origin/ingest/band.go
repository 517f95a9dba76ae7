package ingest

import (
	"context"
	"encoding/binary"

	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// band is the pixels of a row of tiles of one level.
type band struct {
	*pixel.Image
	tileSize int
	home     **band // where it goes when it is done
}

func (b *band) done() { *b.home = b }

// half returns the part of the band that row r of the level above becomes, nil for
// no band.
func (b *band) half(r int) *pixel.Image {
	if b == nil {
		return nil
	}
	y := r % 2 * b.tileSize / 2
	return view(b.Image, 0, y, b.Width, b.Height-y)
}

// tile implements row.
func (b *band) tile(_ context.Context, f *flow, s spot, next *band) (streams, error) {
	m := view(b.Image, s.col*b.tileSize, 0, min(b.tileSize, b.Width-s.col*b.tileSize), b.Height)
	return f.encodeTile(m, s, next)
}

// encodeTile makes the streams of the tile that m shows. The exact ones are cut out
// of the padded one, which is cheaper than encoding them and gives the same pixels.
func (f *flow) encodeTile(m *pixel.Image, s spot, next *band) (t streams, err error) {
	if next != nil {
		next.paint(m, s, true)
	}
	padded, err := f.encodeImage(&t, extend(m, f.s.tile))
	if err != nil {
		return t, err
	}
	for _, z := range f.exacts(s) {
		b, err := jpeg.CropTile(padded, z.Width, z.Height)
		if err != nil {
			return t, err
		}
		t.exact = append(t.exact, b)
	}
	if f.stored(s) {
		t.padded = padded
	}
	return t, nil
}

// encodeImage encodes m into a room of t.
func (f *flow) encodeImage(t *streams, m *pixel.Image) ([]byte, error) {
	r := f.room(t)
	err := jpeg.Encode(r, m, f.encode)
	return r.b, err
}

// paint puts a tile into the band of the next level, where it takes a quarter of a
// tile. m has the tile at its size, or when halve is false already at half of it.
// Tiles do not touch one another's samples.
func (b *band) paint(m *pixel.Image, s spot, halve bool) {
	x, y := s.col*b.tileSize/2, s.row%2*b.tileSize/2
	for i := range b.Planes {
		dx, dy := x, y
		if i > 0 {
			dx, dy = x/b.SubX, y/b.SubY
		}
		dst, src := &b.Planes[i], &m.Planes[i]
		if halve {
			shrink(dst, dx, dy, src)
			continue
		}
		for r := range min(src.Height, dst.Height-dy) {
			copy(dst.Row(dy + r)[dx:], src.Row(r))
		}
	}
}

// shrink writes the averages of 2 × 2 samples of src to dst from (x, y) on. An odd
// last column or row is averaged with itself: a partial pixel shows what there is.
// Halves are rounded down and up by turns, or each level would be brighter than
// the one before by an eighth of a step.
func shrink(dst *pixel.Plane, x, y int, src *pixel.Plane) {
	w, h := min((src.Width+1)/2, dst.Width-x), min((src.Height+1)/2, dst.Height-y)
	full := min(w, src.Width/2)
	for r := range h {
		a := src.Row(2 * r)
		b := src.Row(min(2*r+1, src.Height-1))
		out := dst.Row(y + r)[x : x+w]
		i := 0
		for ; i+4 <= full; i += 4 {
			binary.LittleEndian.PutUint32(out[i:], shrink4(binary.LittleEndian.Uint64(a[2*i:]), binary.LittleEndian.Uint64(b[2*i:])))
		}
		for ; i < full; i++ {
			sum := uint(a[2*i]) + uint(a[2*i+1]) + uint(b[2*i]) + uint(b[2*i+1])
			out[i] = byte((sum + 1 + uint(i)&1) >> 2)
		}
		if full < w {
			out[full] = byte((uint(a[2*full]) + uint(b[2*full]) + uint(r)&1) >> 1)
		}
	}
}

// shrink4 averages 4 times 2 × 2 samples, in the 16-bit lanes of a word.
func shrink4(a, b uint64) uint32 {
	const lanes, halves = 0x00FF00FF00FF00FF, 0x0002000100020001
	v := a&lanes + a>>8&lanes + b&lanes + b>>8&lanes + halves
	v = v >> 2 & lanes
	v = (v | v>>8) & 0x0000FFFF0000FFFF
	return uint32(v | v>>16)
}

// view returns w × h pixels of m from (x, y) on, sharing its samples. x and y must
// be multiples of the subsampling.
func view(m *pixel.Image, x, y, w, h int) *pixel.Image {
	v := *m
	v.Width, v.Height = w, h
	v.Planes = make([]pixel.Plane, len(m.Planes))
	for i := range m.Planes {
		p := m.Planes[i]
		px, py, pw, ph := x, y, w, h
		if i > 0 {
			px, py, pw, ph = x/m.SubX, y/m.SubY, (w+m.SubX-1)/m.SubX, (h+m.SubY-1)/m.SubY
		}
		v.Planes[i] = pixel.Plane{Pix: p.Pix[py*p.Stride+px:], Stride: p.Stride, Width: pw, Height: ph}
	}
	if a := m.Alpha; a != nil {
		v.Alpha = &pixel.Plane{Pix: a.Pix[y*a.Stride+x:], Stride: a.Stride, Width: w, Height: h}
	}
	return &v
}

// extend returns m at the full size of a tile, its last column and row repeated.
func extend(m *pixel.Image, tile int) *pixel.Image {
	if m.Width == tile && m.Height == tile {
		return m
	}
	out := pixel.New(m.Model, tile, tile, m.SubX, m.SubY, false)
	for i := range out.Planes {
		dst, src := &out.Planes[i], &m.Planes[i]
		for r := range dst.Height {
			to, from := dst.Row(r), src.Row(min(r, src.Height-1))
			n := copy(to, from)
			for x := n; x < len(to); x++ {
				to[x] = from[n-1]
			}
		}
	}
	return out
}
