package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
	"github.com/vitrine-iiif/vitrine/wasm/tiff"
)

// largest is the size in pixels up to which pictures are decoded as a whole.
const largest = 200e6

// codecRows prepares the inputs of the table below dir.
func codecRows(ctx context.Context, p *picture, own, dir string) ([]*codecRow, error) {
	if _, err := runCommand(ctx, nil, "vips", "crop", p.jpeg, filepath.Join(dir, "idle.jpg")+"[Q=90,subsample_mode=on]", "0", "0", "16", "16"); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(p.jpeg)
	if err != nil {
		return nil, err
	}
	rows, err := tileRows(p, data, own, dir)
	if err != nil || p.width*p.height > largest {
		return rows, err
	}
	whole, err := wholeRows(ctx, p, data, dir)
	if err != nil {
		return nil, err
	}
	thumb, err := thumbRow(ctx, p, data, dir)
	if err != nil {
		return nil, err
	}
	tile, err := pngRow(ctx, data, dir)
	return append(rows, append(whole, thumb, tile)...), err
}

// tileRows are tiles that are answered without decoding.
func tileRows(p *picture, data []byte, own, dir string) ([]*codecRow, error) {
	index, err := jpeg.BuildIndex(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	// In the middle: tools that decode from the top are at half their way there.
	corner := image.Pt(p.width/1024*512, p.height/1024*512)
	tile := image.Rectangle{corner, corner.Add(image.Pt(512, 512))}
	// What a server that uses libjpeg-turbo has to do, and nothing else.
	const pipe = "djpeg -crop 512x512+%d+%d %s | cjpeg -quality 85 -outfile /dev/null"
	native := []string{"sh", "-c", fmt.Sprintf(pipe, tile.Min.X, tile.Min.Y, quote(p.jpeg))}
	idle := []string{"sh", "-c", "djpeg " + quote(filepath.Join(dir, "idle.jpg")) + " | cjpeg -quality 85 -outfile /dev/null"}
	rows := []*codecRow{
		{
			key: "cut", title: "512 tile of the JPEG, index at hand", tool: "djpeg -crop, cjpeg",
			ours: func() error {
				_, err := index.Tile(bytes.NewReader(data), tile, jpeg.TileOptions{})
				return err
			},
			native: native, idle: idle,
		}, {
			key: "index", title: "index of the JPEG (first touch)", tool: "the same tile",
			ours: func() error {
				_, err := jpeg.BuildIndex(bytes.NewReader(data), int64(len(data)))
				return err
			},
			native: native, idle: idle,
		},
	}
	splice, err := spliceRow(p.tiff[512], corner)
	if err != nil {
		return nil, err
	}
	rows = append(rows, splice)
	for _, f := range []struct{ key, title, path string }{
		{"stored-own", "512 tile of our pyramid, all of it", own},
		{"stored-vips", "512 tile of the libvips pyramid, all of it", p.tiff[512]},
	} {
		row, err := storedRow(f.key, f.title, f.path, tile)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.path, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// quote writes a path for sh.
func quote(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }

// spliceRow makes the tile of a libvips pyramid at a corner of the grid a file of
// its own, from bytes at hand. A tile of our pyramid is one already.
func spliceRow(path string, corner image.Point) (*codecRow, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	file, err := tiff.Open(f, size, tiff.Limits{})
	if err != nil {
		return nil, err
	}
	offset, length, err := file.TileRange(0, corner.X/512, corner.Y/512)
	if err != nil {
		return nil, err
	}
	tile := make([]byte, length)
	if _, err := f.ReadAt(tile, offset); err != nil {
		return nil, err
	}
	tables, colour := file.JPEGTables(0), int(file.Levels()[0].Photometric)
	room := make([]byte, 0, 2*length)
	return &codecRow{key: "splice", title: "512 tile of the libvips pyramid, bytes at hand", ours: func() error {
		_, err := jpeg.Splice(room, tables, tile, colour)
		return err
	}}, nil
}

// storedRow takes a tile out of a pyramid: plan, bytes in new memory, tables.
func storedRow(key, title, path string, tile image.Rectangle) (*codecRow, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	picture, err := codec.Open(bytes.NewReader(data), int64(len(data)), codec.Limits{})
	if err != nil {
		return nil, err
	}
	request, err := iiif.Parse(view{region: tile, w: 512, h: 512, quality: "default"}.path(3, "/iiif/3", "x"))
	if err != nil {
		return nil, err
	}
	canonical, err := request.Resolve(iiif.Info{Width: picture.Width(), Height: picture.Height()}, iiif.Limits{})
	if err != nil {
		return nil, err
	}
	return &codecRow{key: key, title: title, ours: func() error {
		_, ok, err := picture.Stored(context.Background(), canonical, nil)
		if err == nil && !ok {
			err = errors.New("the tile is not passed through")
		}
		return err
	}}, nil
}

// wholeRows decode, encode and scale whole pictures.
func wholeRows(ctx context.Context, p *picture, data []byte, dir string) ([]*codecRow, error) {
	file := func(name string) string { return filepath.Join(dir, name) }
	var err error
	// The same for whole pictures and for images of 16 × 16.
	for name, jpg := range map[string]string{"full": p.jpeg, "idle": file("idle.jpg")} {
		for _, args := range [][]string{{"djpeg", "-outfile", file(name + ".ppm"), jpg}, {"vips", "copy", jpg, file(name + ".v")}} {
			if _, err = runCommand(ctx, nil, args[0], args[1:]...); err != nil {
				return nil, err
			}
		}
	}
	whole, err := decodeAt(data, 1)
	if err != nil {
		return nil, err
	}
	colours := pixel.ToRGB(whole)
	w, h := p.width/4, p.height/4
	return []*codecRow{
		{
			key: "decode", title: "JPEG decode to YCbCr planes", tool: "tjbench -yuv",
			ours:   func() error { _, err := decodeAt(data, 1); return err },
			native: []string{"tjbench", p.jpeg, "-yuv", "-nowrite", "-quiet", "-benchtime", "0.3", "-warmup", "0.05"},
			read:   func(out []byte) (float64, error) { return tjbench(out, 8, p) },
		}, {
			title: "JPEG decode to RGB", tool: "djpeg",
			ours: func() error {
				m, err := decodeAt(data, 1)
				if err == nil {
					pixel.ToRGB(m)
				}
				return err
			},
			native: []string{"djpeg", "-outfile", os.DevNull, p.jpeg}, idle: []string{"djpeg", "-outfile", os.DevNull, file("idle.jpg")},
		}, {
			title: "JPEG decode at 1/8 (djpeg: to RGB)", tool: "djpeg -scale 1/8",
			ours:   func() error { _, err := decodeAt(data, 8); return err },
			native: []string{"djpeg", "-scale", "1/8", "-outfile", os.DevNull, p.jpeg},
			idle:   []string{"djpeg", "-scale", "1/8", "-outfile", os.DevNull, file("idle.jpg")},
		}, {
			key: "encode", title: "JPEG encode of YCbCr planes, Q 85", tool: "tjbench -yuv",
			ours: func() error { return jpeg.Encode(io.Discard, whole, jpeg.EncodeOptions{Quality: 85}) },
			native: []string{
				"tjbench", file("full.ppm"), "85", "-subsamp", "420", "-yuv", "-componly", "-nowrite", "-quiet",
				"-benchtime", "0.3", "-warmup", "0.05",
			},
			read: func(out []byte) (float64, error) { return tjbench(out, 7, p) },
		}, {
			title: "JPEG encode of RGB, Q 85", tool: "cjpeg",
			ours: func() error {
				return jpeg.Encode(io.Discard, pixel.ToYCbCr(colours, 2, 2), jpeg.EncodeOptions{Quality: 85})
			},
			native: []string{"cjpeg", "-quality", "85", "-outfile", os.DevNull, file("full.ppm")},
			idle:   []string{"cjpeg", "-quality", "85", "-outfile", os.DevNull, file("idle.ppm")},
		}, {
			key: "scale", title: fmt.Sprintf("downscale to %d × %d, Lanczos (ours 4:2:0)", w, h), tool: "vips resize",
			ours:   func() error { _, err := resize(whole, w, h); return err },
			native: []string{"vips", "resize", file("full.v"), file("out.v"), "0.25"},
			idle:   []string{"vips", "resize", file("idle.v"), file("outi.v"), "0.25"},
		},
	}, nil
}

// thumbRow makes a thumbnail as render does: a scaled decode, then the rest.
func thumbRow(ctx context.Context, p *picture, data []byte, dir string) (*codecRow, error) {
	size := thumbViews(p)[0].want
	stored, err := codec.Open(bytes.NewReader(data), int64(len(data)), codec.Limits{})
	if err != nil {
		return nil, err
	}
	level := stored.LevelFor(max(float64(size.X)/float64(p.width), float64(size.Y)/float64(p.height)))
	file := func(name string) string { return filepath.Join(dir, name) }
	return &codecRow{
		key: "thumb", title: "`!512,512` from the JPEG", tool: "vipsthumbnail",
		ours: func() error {
			d, err := stored.Decode(ctx, level, image.Rectangle{Max: stored.Levels()[level]})
			if err != nil {
				return err
			}
			win := stored.Window(level, image.Rect(0, 0, p.width, p.height), size.X, size.Y)
			small, err := pixel.Resize(d.Image, win, size.X, size.Y, pixel.Lanczos3)
			if err != nil {
				return err
			}
			return jpeg.Encode(io.Discard, small, jpeg.EncodeOptions{Quality: 85})
		},
		native: []string{"vipsthumbnail", p.jpeg, "--size", "512", "-o", file("out.jpg[Q=85]")},
		idle:   []string{"vipsthumbnail", file("idle.jpg"), "--size", "512", "-o", file("outi.jpg[Q=85]")},
	}, nil
}

// pngRow encodes a tile as PNG.
func pngRow(ctx context.Context, data []byte, dir string) (*codecRow, error) {
	file := func(name string) string { return filepath.Join(dir, name) }
	d, err := jpeg.Decode(bytes.NewReader(data), jpeg.DecodeOptions{})
	if err != nil {
		return nil, err
	}
	tile, err := pixel.Crop(d.Image, 1024, 512, 512, 512)
	if err != nil {
		return nil, err
	}
	tile = pixel.ToRGB(tile)
	if _, err := runCommand(ctx, nil, "vips", "crop", file("full.v"), file("tile.v"), "1024", "512", "512", "512"); err != nil {
		return nil, err
	}
	encoder := codec.New(codec.Config{})
	return &codecRow{
		key: "png", title: "PNG encode, 512 tile", tool: "vips pngsave, level 6",
		ours: func() error {
			_, err := encoder.Encode(ctx, tile, codec.EncodeOptions{Format: "png"})
			return err
		},
		native: []string{"vips", "pngsave", file("tile.v"), file("out.png"), "--compression", "6"},
		idle:   []string{"vips", "pngsave", file("idle.v"), file("outi.png"), "--compression", "6"},
	}, nil
}

// decodeAt decodes a JPEG at 1/scale.
func decodeAt(data []byte, scale int) (*pixel.Image, error) {
	d, err := jpeg.Decode(bytes.NewReader(data), jpeg.DecodeOptions{Scale: scale})
	return d.Image, err
}

// resize scales a whole image with Lanczos.
func resize(m *pixel.Image, w, h int) (*pixel.Image, error) {
	return pixel.Resize(m, pixel.Window{W: float64(m.Width), H: float64(m.Height)}, w, h, pixel.Lanczos3)
}
