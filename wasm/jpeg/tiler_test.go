package jpeg

import (
	"bytes"
	"fmt"
	"image"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// halfRoom makes an image for a row of tiles of x at half size, with room for whole
// coding units.
func halfRoom(h Header, size int) *pixel.Image {
	room := pixel.New(h.Model, (h.Width/2+64)&^31, size/2, h.SubX, h.SubY, false)
	for i := range room.Planes {
		for j := range room.Planes[i].Pix {
			room.Planes[i].Pix[j] = 77
		}
	}
	return room
}

// TestTiler cuts files into tiles of several sizes. The tiles must be those of the
// index, which are tested against jpegtran, byte by byte; the half-size picture
// that of Decode; a padded tile the tile itself, and beside it flat.
func TestTiler(t *testing.T) {
	cut, refused := 0, 0
	full := fullTable(t, tool(t, photo(t, 400, 300), "cjpeg", "-optimize", "-quality", "30", "-sample", "1x1"))
	for _, file := range append(cutFiles(t), cutFile{"full table", full, 0}) {
		x := index(t, file.data)
		mcu, h := x.MCU(), x.Header()
		for i, size := range []int{mcu.X * mcu.Y, 128, 512} {
			for _, drop := range []bool{false, true}[:1+i/2] {
				name := fmt.Sprintf("%s, %d", file.name, size)
				tiler, err := NewTiler(bytes.NewReader(file.data), int64(len(file.data)), TilerOptions{Size: size, DropICC: drop})
				if err != nil {
					known(t, err)
					refused++
					continue
				}
				for row := range ceilDiv(h.Height, size) {
					half := halfRoom(h, size)
					tiles, err := tiler.Next(half)
					if err != nil || len(tiles) != ceilDiv(h.Width, size) {
						t.Fatalf("%s: row %d: %d tiles, %v", name, row, len(tiles), err)
					}
					for col, tile := range tiles {
						rect := image.Rect(0, 0, size, size).Add(image.Pt(col, row).Mul(size)).Intersect(image.Rect(0, 0, h.Width, h.Height))
						want, err := x.Tile(bytes.NewReader(file.data), rect, TileOptions{DropICC: drop})
						if err != nil {
							t.Fatal(err)
						}
						got := tile.Append([]byte("head"))
						if !bytes.Equal(got[4:], want) || string(got[:4]) != "head" {
							t.Fatalf("%s: %v: another tile", name, rect)
						}
						checkHalf(t, name, half, want, col*size/2)
						checkPadded(t, name, tile, want, size)
						tile.Release()
						cut++
					}
				}
				if _, err := tiler.Next(nil); !fault.Is(err, fault.Invalid) {
					t.Errorf("%s: behind the last row: %v", name, err)
				}
				tiler.Close()
			}
		}
	}
	t.Logf("%d tiles, %d files and sizes refused", cut, refused)
	// Inks, RGB, and chroma of more than a block in three files.
	if cut < 2000 || refused != 5*4 {
		t.Error("too few tiles, or other files refused than should be")
	}
}

// checkHalf compares the picture at column x of half with the tile at half size.
func checkHalf(t *testing.T, name string, half *pixel.Image, tile []byte, x int) {
	t.Helper()
	want := decode(t, tile, DecodeOptions{Scale: 2})
	for i := range want.Planes {
		p, at := &want.Planes[i], x
		if i > 0 {
			at /= half.SubX
		}
		for y := range p.Height {
			if !bytes.Equal(p.Row(y), half.Planes[i].Row(y)[at:at+p.Width]) {
				t.Fatalf("%s: plane %d, row %d from %d on differs at half size", name, i, y, at)
			}
		}
	}
}

// checkPadded checks that the padded form of a tile shows the tile, and beyond it in
// every row and column of blocks the mean of the last block that holds image.
func checkPadded(t *testing.T, name string, tile *CutTile, exact []byte, size int) {
	t.Helper()
	b, err := tile.AppendPadded(nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	padded, small := decode(t, b, DecodeOptions{}), decode(t, exact, DecodeOptions{})
	if padded.Width != size || padded.Height != size {
		t.Fatalf("%s: %d × %d", name, padded.Width, padded.Height)
	}
	means, mean := decode(t, b, DecodeOptions{Scale: 8}), decode(t, exact, DecodeOptions{Scale: 8})
	for i := range small.Planes {
		p := &small.Planes[i]
		for y := range p.Height {
			if !bytes.Equal(p.Row(y), padded.Planes[i].Row(y)[:p.Width]) {
				t.Fatalf("%s: plane %d, row %d of the padded tile differs", name, i, y)
			}
		}
		// Blocks behind the image that complete its last unit are the source's.
		unitX, unitY := 1, 1
		if i == 0 {
			unitX, unitY = padded.SubX, padded.SubY
		}
		m, all := &mean.Planes[i], &means.Planes[i]
		bx, by := ceilDiv(p.Width, 8), ceilDiv(p.Height, 8)
		for y := range all.Height {
			for x := range all.Width {
				if x < ceilDiv(bx, unitX)*unitX && y < ceilDiv(by, unitY)*unitY {
					continue
				}
				if got, want := all.Row(y)[x], m.Row(min(y, by-1, m.Height-1))[min(x, bx-1, m.Width-1)]; got != want {
					t.Fatalf("%s: plane %d of %d × %d: block %d,%d is %d, wanted %d", name, i, p.Width, p.Height, x, y, got, want)
				}
			}
		}
	}
}
