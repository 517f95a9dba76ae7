package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

var update = flag.Bool("update", false, "write head.go")

// file is a pyramid in memory.
type file []byte

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	if n := int(off) + len(p); n > len(*f) {
		*f = append(*f, make([]byte, n-len(*f))...)
	}
	return copy((*f)[off:], p), nil
}

// TestHead: what is rehearsed with is the head of a pyramid as it is written today.
func TestHead(t *testing.T) {
	var f file
	w, err := pyramid.NewWriter(pyramid.Options{Width: 40, Height: 20, Colour: pyramid.Gray, TileSize: 16, Revision: "rehearsal"}, &f)
	if err != nil {
		t.Fatal(err)
	}
	stream := func(width, height int) []byte {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, height)), nil); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	g := w.Geometry()
	for k := range g.Layout().Levels {
		cols, rows := g.Grid(k)
		for i := range cols * rows {
			col, row := i%cols, i/cols
			var padded []byte
			if g.Stored(k, col, row) {
				padded = stream(16, 16)
			}
			var exact [][]byte
			for _, s := range g.Exacts(k, col, row) {
				exact = append(exact, stream(s.Width, s.Height))
			}
			if err := w.Put(k, col, row, padded, exact...); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	head := f[:w.Start()]
	if *update {
		text := fmt.Sprintf("package main\n\n// A pyramid of 40 × 20 pixels to rehearse with: its size and its head. Written by\n"+
			"// go test ./wasm/plan -update.\nconst (\n\trehearsalSize = %d\n\trehearsalHead = %+q\n)\n", len(f), string(head))
		if err := os.WriteFile("head.go", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if rehearsalHead != string(head) || rehearsalSize != len(f) {
		t.Error("head.go is not what a pyramid begins with: go test ./wasm/plan -update")
	}
}
