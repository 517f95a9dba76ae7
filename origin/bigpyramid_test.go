package main

import (
	"bytes"
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/icc"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

// ourBig writes a pyramid of bigWidth × bigHeight as ingest does. Its tiles repeat 4 × 2
// real ones; those of the small levels and of the far corner are in the file, the
// others are holes in it.
func ourBig(t *testing.T, name string) {
	t.Helper()
	out := newSparse(t, name)
	sink := &holes{file: out.file}
	w, err := pyramid.NewWriter(pyramid.Options{
		Width: bigWidth, Height: bigHeight, Colour: pyramid.YCbCr, SubX: 2, SubY: 2, ICC: icc.SRGB(),
	}, sink)
	if err != nil {
		t.Fatal(err)
	}
	tile := tileCutter(t)
	g := w.Geometry()
	for k, l := range g.Layout().Levels {
		cols, rows := g.Grid(k)
		for i := range cols * rows {
			col, row := i%cols, i/cols
			sink.keep = k >= 4 || col >= cols-6 && row >= rows-6
			v := row%2*4 + col%4
			var padded []byte
			if g.Stored(k, col, row) {
				padded = tile(v, l.TileWidth, l.TileHeight)
			}
			var exact [][]byte
			for _, s := range g.Exacts(k, col, row) {
				exact = append(exact, tile(v, s.Width, s.Height))
			}
			if err := w.Put(k, col, row, padded, exact...); err != nil {
				t.Fatal(err)
			}
		}
	}
	sink.keep = true
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Size() < bigBytes {
		t.Fatalf("the pyramid has only %d bytes", w.Size())
	}
}

// holes is a Sink that leaves a hole in place of what is not to be kept.
type holes struct {
	file *os.File
	keep bool
}

func (h *holes) WriteAt(p []byte, off int64) (int, error) {
	if h.keep {
		return h.file.WriteAt(p, off)
	}
	return len(p), nil
}

// tileCutter returns a function that makes tile v of 4 × 2 of a photograph, cut to
// w × h pixels, and with a comment that brings it to what good tiles take on average.
func tileCutter(t *testing.T) func(v, w, h int) []byte {
	t.Helper()
	const length = 42_000
	name := filepath.Join(t.TempDir(), "tiles.jpg")
	tool(t, "vips", "jpegsave", part(t, "2048", "1024"), name, "--Q", "75")
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	x, err := jpeg.BuildIndex(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	made := map[[3]int][]byte{}
	return func(v, w, h int) []byte {
		key := [3]int{v, w, h}
		if b := made[key]; b != nil {
			return b
		}
		at := image.Pt(v%4*512, v/4*512)
		b, err := x.Tile(bytes.NewReader(file), image.Rectangle{at, at.Add(image.Pt(w, h))}, jpeg.TileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if fill := length - len(b) - 2; fill > 2 {
			comment := append([]byte{0xff, 0xfe, byte(fill >> 8), byte(fill)}, make([]byte, fill-2)...)
			b = append(append(b[:2:2], comment...), b[2:]...)
		}
		made[key] = b
		return b
	}
}
