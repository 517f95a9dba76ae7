package jpeg

import (
	"bytes"
	"image"
	"testing"
)

// FuzzTiler cuts anything whole. Where the index cuts too, it must cut the same;
// the padded form must show the tile, and half of it what Decode shows.
func FuzzTiler(f *testing.F) {
	seeds(f)
	full := fullTable(f, tool(f, photo(f, 90, 70), "cjpeg", "-optimize", "-quality", "30", "-sample", "1x1"))
	f.Add(full, uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, how uint8) {
		tiler, err := NewTiler(bytes.NewReader(b), int64(len(b)), TilerOptions{Size: 32 << (how & 3)})
		if err != nil {
			known(t, err)
			return
		}
		defer tiler.Close()
		h := tiler.Header()
		if h.Width*h.Height > 1<<20 {
			return
		}
		x, unindexed := BuildIndex(bytes.NewReader(b), int64(len(b)))
		for row := range ceilDiv(h.Height, tiler.size) {
			half := halfRoom(h, tiler.size)
			tiles, err := tiler.Next(half)
			if err != nil {
				known(t, err)
				return
			}
			for col, tile := range tiles {
				got := tile.Append(nil)
				at := image.Pt(col, row).Mul(tiler.size)
				rect := image.Rectangle{at, at.Add(image.Pt(tile.Width, tile.Height))}
				if unindexed == nil {
					if want, err := x.Tile(bytes.NewReader(b), rect, TileOptions{}); err == nil && !bytes.Equal(got, want) {
						t.Fatalf("%v: another tile", rect)
					}
				}
				if _, err := Decode(bytes.NewReader(got), DecodeOptions{}); err != nil {
					t.Fatal(err)
				}
				checkHalf(t, "half", half, got, at.X/2)
				if tile.flat {
					checkPadded(t, "padded", tile, got, tiler.size)
				} else if _, err := tile.AppendPadded(nil); tile.partial {
					known(t, err)
				}
				tile.Release()
			}
		}
		if unindexed != nil {
			t.Fatalf("tiles of what cannot be indexed: %v", unindexed)
		}
	})
}
