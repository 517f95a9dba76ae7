package ingest

import (
	"bytes"
	"image"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// FuzzPad: whatever a source made its tiles like, padding gives a tile of the full
// size with the same picture in its corner, or an error.
func FuzzPad(f *testing.F) {
	for _, sub := range [][2]int{{1, 1}, {2, 2}, {2, 1}, {1, 2}} {
		m := pixel.New(pixel.YCbCr, 75, 43, sub[0], sub[1], false)
		for i := range m.Planes {
			for j := range m.Planes[i].Pix {
				m.Planes[i].Pix[j] = byte(j * (i + 3) >> 2)
			}
		}
		for _, optimise := range []bool{false, true} {
			var b bytes.Buffer
			if err := jpeg.Encode(&b, m, jpeg.EncodeOptions{Quality: 40, OptimizeHuffman: optimise}); err != nil {
				f.Fatal(err)
			}
			f.Add(b.Bytes())
		}
	}
	f.Fuzz(func(t *testing.T, tile []byte) {
		x, err := jpeg.BuildIndex(bytes.NewReader(tile), int64(len(tile)))
		if err != nil {
			return
		}
		h, mcu := x.Header(), x.MCU()
		if h.Width > tileSize || h.Height > tileSize || tileSize%mcu.X != 0 || tileSize%mcu.Y != 0 {
			return
		}
		// As in ingest: what is padded was cut out.
		tile, err = x.Tile(bytes.NewReader(tile), image.Rect(0, 0, h.Width, h.Height), jpeg.TileOptions{})
		if err != nil {
			return
		}
		padded, err := pad(tile, mcu)
		if err != nil {
			return
		}
		small, err := jpeg.Decode(bytes.NewReader(tile), jpeg.DecodeOptions{})
		if err != nil {
			return
		}
		large, err := jpeg.Decode(bytes.NewReader(padded), jpeg.DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if large.Width != tileSize || large.Height != tileSize {
			t.Fatalf("%d × %d", large.Width, large.Height)
		}
		if h.Model == pixel.CMYK || len(small.Planes) != len(large.Planes) {
			return
		}
		for i := range small.Planes {
			for y := range small.Planes[i].Height {
				if s := small.Planes[i].Row(y); !bytes.Equal(s, large.Planes[i].Row(y)[:len(s)]) {
					t.Fatalf("plane %d, row %d differs", i, y)
				}
			}
		}
	})
}
