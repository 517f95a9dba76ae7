package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg" // answers are verified with a decoder that is not ours
	"math/rand/v2"
)

// warmNames is how many names (hard links) of a file the warm requests go to, and
// thereby how many different requests there are of a kind that has only one per
// file: as many as connections, so that no server can answer two with one rendering.
const warmNames = 16

// work is one kind of request.
type work struct {
	// key is short and stable; title is for tables.
	key, title string
	// cold requests each go to a name that the server has not seen.
	cold bool
	// views are the different requests of this kind.
	views func(p *picture) []view
}

// view is one request apart from the server's way to write it. The zero view is
// info.json.
type view struct {
	// region is in pixels of the full image; empty means full.
	region image.Rectangle
	// fit asks for !w,h and not for exact dimensions.
	fit bool
	// w and h are the dimensions asked for, before rotation.
	w, h    int
	turn    int
	quality string
	// want are the dimensions of the answer; slack is how far a server may round.
	want  image.Point
	slack int
}

func (v view) info() bool { return v.w == 0 }

// path writes v for an Image API version.
func (v view) path(api int, prefix, id string) string {
	if v.info() {
		return prefix + "/" + id + "/info.json"
	}
	region := "full"
	if r := v.region; !r.Empty() {
		region = fmt.Sprintf("%d,%d,%d,%d", r.Min.X, r.Min.Y, r.Dx(), r.Dy())
	}
	size := fmt.Sprintf("%d,%d", v.w, v.h)
	switch {
	case v.fit:
		size = "!" + size
	case api == 2: // the canonical form of version 2
		size = fmt.Sprintf("%d,", v.w)
	}
	return fmt.Sprintf("%s/%s/%s/%s/%d/%s.jpg", prefix, id, region, size, v.turn, v.quality)
}

// check verifies an answer's body.
func (v view) check(p *picture, body []byte) error {
	if v.info() {
		var info struct{ Width, Height int }
		if err := json.Unmarshal(body, &info); err != nil {
			return err
		}
		if info.Width != p.width || info.Height != p.height {
			return fmt.Errorf("info.json says %d × %d", info.Width, info.Height)
		}
		return nil
	}
	c, format, err := image.DecodeConfig(bytes.NewReader(body))
	if err != nil {
		return err
	}
	if format != "jpeg" || abs(c.Width-v.want.X) > v.slack || abs(c.Height-v.want.Y) > v.slack {
		return fmt.Errorf("a %s of %d × %d instead of %v", format, c.Width, c.Height, v.want)
	}
	return nil
}

func abs(n int) int { return max(n, -n) }

// works are all kinds, in the order of the tables.
func works() []work {
	tiles := func(edit func(*view)) func(*picture) []view {
		return func(p *picture) []view {
			list := tileViews(p, 64)
			for i := range list {
				edit(&list[i])
			}
			return list
		}
	}
	plain := tiles(func(*view) {})
	return []work{
		{key: "info", title: "info.json", views: func(*picture) []view { return []view{{}} }},
		{key: "tile", title: "512 tile, scale 1", views: plain},
		{key: "eighth", title: "512 tile, scale 1/8", views: eighthViews},
		{key: "thumb", title: "`!512,512`", views: thumbViews},
		{key: "region", title: "unaligned 1000×700 at 1/2", views: regionViews},
		{key: "turn", title: "512 tile, 90°", views: tiles(func(v *view) { v.turn = 90 })},
		{key: "gray", title: "512 tile, gray", views: tiles(func(v *view) { v.quality = "gray" })},
		{key: "first-tile", title: "first touch: 512 tile", cold: true, views: plain},
		{key: "first-thumb", title: "first touch: `!512,512`", cold: true, views: thumbViews},
	}
}

// tileViews are at most n whole tiles of 512, spread over the image.
func tileViews(p *picture, n int) []view {
	cols, rows := p.width/512, p.height/512
	var list []view
	step := max(1, cols*rows/n)
	for i := 0; i < cols*rows && len(list) < n; i += step {
		at := image.Pt(i%cols*512, i/cols*512)
		list = append(list, view{
			region: image.Rectangle{at, at.Add(image.Pt(512, 512))}, w: 512, h: 512,
			quality: "default", want: image.Pt(512, 512),
		})
	}
	return list
}

// eighthViews are the tiles of the level at an eighth, those at the edge
// included. Levels round their sizes up or down: one pixel either way is right.
func eighthViews(p *picture) []view {
	var list []view
	bounds := image.Rect(0, 0, p.width, p.height)
	for y := 0; y < p.height && len(list) < 64; y += 4096 {
		for x := 0; x < p.width && len(list) < 64; x += 4096 {
			r := image.Rect(x, y, x+4096, y+4096).Intersect(bounds)
			v := view{region: r, w: (r.Dx() + 7) / 8, h: (r.Dy() + 7) / 8, quality: "default", slack: 1}
			v.want = image.Pt(v.w, v.h)
			list = append(list, v)
		}
	}
	return list
}

func thumbViews(p *picture) []view {
	want := image.Pt(512, (p.height*512+p.width/2)/p.width)
	if p.height > p.width {
		want = image.Pt((p.width*512+p.height/2)/p.height, 512)
	}
	return []view{{fit: true, w: 512, h: 512, quality: "default", want: want, slack: 1}}
}

// regionViews are regions whose corners lie on no grid of anything, halved.
func regionViews(p *picture) []view {
	random := rand.New(rand.NewPCG(3, 1))
	var list []view
	for range 64 {
		at := image.Pt(random.IntN((p.width-1002)/2)*2+1, random.IntN((p.height-702)/2)*2+1)
		list = append(list, view{
			region: image.Rectangle{at, at.Add(image.Pt(1000, 700))}, w: 500, h: 350,
			quality: "default", want: image.Pt(500, 350),
		})
	}
	return list
}
