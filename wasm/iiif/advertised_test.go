package iiif_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// dimension returns a length from 1 to 200,000, small ones as likely as large.
func dimension(rnd *rand.Rand) int {
	return 1 + rnd.IntN(1+rnd.IntN([]int{3, 70, 600, 5000, 200_000}[rnd.IntN(5)]))
}

// subject returns an image and limits of any shape.
func subject(rnd *rand.Rand) (iiif.Info, iiif.Limits) {
	in := iiif.Info{Width: dimension(rnd), Height: dimension(rnd)}
	if rnd.IntN(3) == 0 {
		in.TileWidth, in.TileHeight = 1+rnd.IntN(700), 1+rnd.IntN(700)
	}
	if rnd.IntN(3) == 0 {
		in.MinSize = 1 + rnd.IntN(300)
	}
	if rnd.IntN(3) == 0 { // real pyramids round down or up
		up := rnd.IntN(2)
		in.Sizes = []iiif.Size{}
		for w, h := in.Width, in.Height; w > 1 && h > 1; {
			w, h = (w+up)/2, (h+up)/2
			in.Sizes = append(in.Sizes, iiif.Size{Width: w, Height: h})
		}
	}
	var lim iiif.Limits
	if rnd.IntN(2) == 0 {
		lim.MaxArea = 1 + rnd.Int64N(1+int64(in.Width)*int64(in.Height))
	}
	if rnd.IntN(3) == 0 {
		lim.MaxWidth = dimension(rnd)
	}
	if rnd.IntN(3) == 0 {
		lim.MaxHeight = dimension(rnd)
	}
	if rnd.IntN(4) == 0 {
		lim.MaxUpscale = 3 * rnd.Float64()
	}
	lim.NoUpscale, lim.StrictSize = rnd.IntN(3) == 0, rnd.IntN(2) == 0
	return in, lim
}

// TestAdvertisedIsServed is rows 4 and 11: whatever info.json says, as any viewer
// reads it, resolves, to what was asked for.
func TestAdvertisedIsServed(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 1500 {
		in, lim := subject(rnd)
		for _, v := range []iiif.Version{iiif.V2, iiif.V3} {
			d := read(t, in, v, lim)
			serve := func(region, size string, w, h int) {
				t.Helper()
				c, err := resolve(v, region+"/"+size+"/0/default.jpg", in, lim)
				if err != nil {
					t.Fatalf("%+v %+v version %v: %s/%s: %v", in, lim, v, region, size, err)
				}
				if w != 0 && c.Width != w || h != 0 && c.Height != h || !within(c, d) {
					t.Fatalf("%+v %+v version %v: %s/%s: %d×%d, want %d×%d", in, lim, v, region, size, c.Width, c.Height, w, h)
				}
			}
			serve("full", "max", 0, 0)
			for _, s := range d.Sizes {
				serve("full", fmt.Sprintf("%d,%d", s.Width, s.Height), s.Width, s.Height)
				serve("full", fmt.Sprintf("%d,", s.Width), s.Width, 0)
				if s == (iiif.Size{Width: in.Width, Height: in.Height}) && v == iiif.V2 {
					serve("full", "full", in.Width, in.Height)
				}
			}
			serveTiles(rnd, in, d, serve)
		}
	}
}

// within reports whether the result is within the limits that are declared.
func within(c iiif.Canonical, d document) bool {
	return (d.MaxWidth == 0 || c.Width <= d.MaxWidth) && (d.MaxHeight == 0 || c.Height <= d.MaxHeight) &&
		(d.MaxArea == 0 || int64(c.Width)*int64(c.Height) <= d.MaxArea)
}

// serveTiles asks for tiles of every level, at the corners and some between, as
// the implementation notes compute them (rounding up, as OpenSeadragon does) and
// as viewers do that round to the nearest.
func serveTiles(rnd *rand.Rand, in iiif.Info, d document, serve func(region, size string, w, h int)) {
	tw, th := d.Tiles[0].Width, d.Tiles[0].Height
	for _, s := range d.Tiles[0].ScaleFactors {
		columns, rows := (in.Width+tw*s-1)/(tw*s), (in.Height+th*s-1)/(th*s)
		for _, at := range [][2]int{{0, 0}, {columns - 1, 0}, {0, rows - 1}, {columns - 1, rows - 1}, {rnd.IntN(columns), rnd.IntN(rows)}} {
			x, y := at[0]*tw*s, at[1]*th*s
			w, h := min(tw*s, in.Width-x), min(th*s, in.Height-y)
			region := fmt.Sprintf("%d,%d,%d,%d", x, y, w, h)
			upW, upH := (w+s-1)/s, (h+s-1)/s
			nearW, nearH := max(1, (2*w+s)/(2*s)), max(1, (2*h+s)/(2*s))
			for _, size := range [][2]int{{upW, upH}, {nearW, nearH}} {
				serve(region, fmt.Sprintf("%d,%d", size[0], size[1]), size[0], size[1])
				serve(region, fmt.Sprintf("%d,", size[0]), size[0], 0)
			}
			if w == in.Width && h == in.Height {
				serve("full", fmt.Sprintf("%d,%d", upW, upH), upW, upH)
				serve("full", fmt.Sprintf("%d,", upW), upW, 0)
			}
		}
	}
}

// TestOpenSeadragonTiles walks whole images the way OpenSeadragon 6 does: with the
// listed sizes as levels when there is one per scale factor, else rounding up.
func TestOpenSeadragonTiles(t *testing.T) {
	for _, in := range []iiif.Info{
		{Width: 4000, Height: 2250}, {Width: 4001, Height: 2251}, {Width: 1025, Height: 513}, {Width: 513, Height: 1537}, {Width: 300, Height: 200},
		{Width: 8191, Height: 65}, {Width: 5000, Height: 3}, {Width: 1, Height: 1},
	} {
		for _, lim := range []iiif.Limits{{}, {MaxArea: 1e8}, {MaxArea: 1e6}, {MaxWidth: 700}, {MaxWidth: 300, MaxHeight: 500}} {
			for _, v := range []iiif.Version{iiif.V2, iiif.V3} {
				d := read(t, in, v, lim)
				levels := d.Sizes
				if n := len(levels); n > 0 && levels[n-1].Width < in.Width && levels[n-1].Height < in.Height {
					levels = append(levels, iiif.Size{Width: in.Width, Height: in.Height})
				}
				factors := d.Tiles[0].ScaleFactors
				for i, s := range factors {
					level := iiif.Size{Width: (in.Width + s - 1) / s, Height: (in.Height + s - 1) / s}
					if len(levels) == len(factors) {
						level = levels[len(levels)-1-i]
					}
					walkLevel(t, in, lim, v, d, s, level)
				}
			}
		}
	}
}

// walkLevel asks for all tiles of one level.
func walkLevel(t *testing.T, in iiif.Info, lim iiif.Limits, v iiif.Version, d document, s int, level iiif.Size) {
	t.Helper()
	tw, th := d.Tiles[0].Width, d.Tiles[0].Height
	for y := 0; y*th < level.Height; y++ {
		for x := 0; x*tw < level.Width; x++ {
			left, top := x*tw*s, y*th*s
			rw, rh := min(tw*s, in.Width-left), min(th*s, in.Height-top)
			w, h := min(tw, level.Width-x*tw), min(th, level.Height-y*th)
			region := fmt.Sprintf("%d,%d,%d,%d", left, top, rw, rh)
			if level.Width < tw && level.Height < th || rw == in.Width && rh == in.Height {
				region = "full"
			}
			for _, size := range []string{fmt.Sprintf("%d,%d", w, h), fmt.Sprintf("%d,", w)} {
				c, err := resolve(v, region+"/"+size+"/0/default.jpg", in, lim)
				if err != nil {
					t.Fatalf("%d×%d %+v: %s/%s: %v", in.Width, in.Height, lim, region, size, err)
				}
				// "w," may differ by the pixel that rounding leaves open, no more; only a
				// column of one pixel says nothing of the scale by its width.
				open := 0
				if size[len(size)-1] == ',' {
					open = 1
				}
				if c.Width != w || (c.Height < h-open || c.Height > h+open) && (open == 0 || rw > 1) {
					t.Fatalf("%d×%d %+v: %s/%s: %d×%d, want %d×%d", in.Width, in.Height, lim, region, size, c.Width, c.Height, w, h)
				}
			}
		}
	}
}

// TestTileHeights is row 11: the height that "w," means is that of the tile.
func TestTileHeights(t *testing.T) {
	in := iiif.Info{Width: 4001, Height: 2251}
	for _, c := range []struct{ params, want string }{
		{"3072,0,929,1024/465,", "465×512"}, // the aspect alone gives 513
		{"3072,0,929,1024/464,", "464×512"}, // 464.5 rounded down
		{"0,0,1024,1024/512,", "512×512"},
		{"2048,2048,1024,203/512,", "512×102"},
		{"0,0,4001,2251/126,", "126×71"},
		{"full/125,", "125×70"}, // as listed in sizes
		{"full/2001,", "2001×1126"},
		{"3071,0,929,1024/465,", "465×513"}, // not a tile
		{"3072,0,929,1024/466,", "466×514"}, // not its size
	} {
		for _, v := range []iiif.Version{iiif.V2, iiif.V3} {
			got, err := resolve(v, c.params+"/0/default.jpg", in, iiif.Limits{})
			if s := fmt.Sprintf("%d×%d", got.Width, got.Height); err != nil || s != c.want {
				t.Errorf("version %v %s: %s %v, want %s", v, c.params, s, err, c.want)
			}
		}
	}
	// A column of one pixel: the aspect, unless that is above the limits; then the tile.
	column := iiif.Info{Width: 4097, Height: 4096}
	for lim, want := range map[iiif.Limits]int{{}: 1024, {MaxWidth: 1000}: 512} {
		got, err := resolve(iiif.V2, "4096,0,1,1024/1,/0/default.jpg", column, lim)
		if err != nil || got.Width != 1 || got.Height != want {
			t.Errorf("%+v: %d×%d %v, want 1×%d", lim, got.Width, got.Height, err, want)
		}
	}
	// Real levels that were rounded down.
	in.Sizes = []iiif.Size{{Width: 2000, Height: 1125}, {Width: 1000, Height: 561}}
	if got, err := resolve(iiif.V2, "full/1000,/0/default.jpg", in, iiif.Limits{}); err != nil || got.Height != 561 || got.Path() != "full/1000,/0/default.jpg" {
		t.Errorf("%+v %v", got, err)
	}
}

// TestResolveProperties checks random requests against random images: results are
// within image and limits, the canonical spelling of either version resolves to
// itself, and all spellings of a result have one key.
func TestResolveProperties(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	served := 0
	for range 20_000 {
		in, lim := subject(rnd)
		n := func() string { return fmt.Sprint(rnd.IntN(1 + dimension(rnd))) }
		pct := func() string { return fmt.Sprintf("%.*f", rnd.IntN(17), rnd.Float64()*110) }
		pick := func(s ...string) string { return s[rnd.IntN(len(s))] }
		params := pick("full", "square", "!square", "square!", n()+","+n()+","+n()+","+n(), "pct:"+pct()+","+pct()+","+pct()+","+pct()) + "/" +
			pick("", "", "^") + pick("max", "full", n()+",", ","+n(), n()+","+n(), "!"+n()+","+n(), "pct:"+pct()) + "/" +
			pick("", "!") + pick("0", "90", "360", pct()) + "/" + pick("default", "color", "gray", "bitonal") + "." + pick("jpg", "png", "tif")
		if checkResolve(t, iiif.Version(2+rnd.IntN(2)), params, in, lim) {
			served++
		}
	}
	if served < 5000 {
		t.Errorf("only %d requests were served: the test tests nothing", served)
	}
}

// checkResolve resolves parameters and reports whether they are served. It fails
// on any broken promise.
func checkResolve(t *testing.T, v iiif.Version, params string, in iiif.Info, lim iiif.Limits) bool {
	t.Helper()
	c, err := resolve(v, params, in, lim)
	if err != nil {
		checkPublic(t, err)
		if k := kindOf(err); k != "invalid" && k != "unsupported" {
			t.Fatalf("%s: kind %s", params, k)
		}
		return false
	}
	r := c.Region
	if r.X < 0 || r.Y < 0 || r.W < 1 || r.H < 1 || r.X > in.Width-r.W || r.Y > in.Height-r.H {
		t.Fatalf("%+v %s: region %+v", in, params, r)
	}
	if c.Full() != (r == iiif.Rect{W: in.Width, H: in.Height}) {
		t.Fatalf("%+v %s: full %v of %+v", in, params, c.Full(), r)
	}
	d := read(t, in, v, lim)
	declared := d.MaxWidth != 0 || d.MaxArea != 0
	if c.Width < 1 || c.Height < 1 || !within(c, d) {
		t.Fatalf("%+v %+v %s: %d×%d", in, lim, params, c.Width, c.Height)
	}
	if c.Upscaled() && (!declared || lim.NoUpscale) {
		t.Fatalf("%+v %+v %s: upscaled to %d×%d", in, lim, params, c.Width, c.Height)
	}
	if c.Rotation < 0 || c.Rotation >= 360 {
		t.Fatalf("%s: rotation %v", params, c.Rotation)
	}
	for _, other := range []iiif.Version{iiif.V2, iiif.V3} {
		spelled := c
		spelled.Version = other
		again, err := resolve(other, spelled.Path(), in, lim)
		if err != nil || again != spelled || again.Path() != spelled.Path() || again.Key("r") != c.Key("r") {
			t.Fatalf("%+v %+v version %v %s:\n%+v as %s resolves to\n%+v %v", in, lim, other, params, spelled, spelled.Path(), again, err)
		}
	}
	return true
}

func FuzzResolve(f *testing.F) {
	f.Add("full/max/0/default.jpg", true, 4000, 2250, 0, 0, int64(1e8), 0.0, uint8(0), 0)
	f.Add("1,2,3,4/^!500,600/!22.5/gray.png", true, 4001, 3, 900, 0, int64(0), 2.0, uint8(1), 300)
	f.Add("pct:1.5,2,3,40/,7/360/bitonal.tif", false, 1, 100000, 0, 70, int64(5), 0.5, uint8(2), 1)
	f.Add("square!/pct:0.1/359.999999/color.pdf", false, 2147483646, 2147483646, 0, 0, int64(1)<<62, 1e300, uint8(7), -1)
	f.Add("3072,0,929,1024/465,/0/default.jpg", false, 4001, 2251, 2147483647, 2147483647, int64(1)<<62, 0.0, uint8(0), 0)
	f.Fuzz(func(t *testing.T, params string, three bool, w, h, maxW, maxH int, area int64, upscale float64, bits uint8, tile int) {
		const largest = 1<<31 - 2
		in := iiif.Info{Width: 1 + abs(w)%largest, Height: 1 + abs(h)%largest, TileWidth: tile, MinSize: tile / 3, Native: iiif.Quality(bits >> 2 % 4)}
		lim := iiif.Limits{MaxWidth: maxW, MaxHeight: maxH, MaxArea: area, MaxUpscale: upscale, NoUpscale: bits&1 != 0, StrictSize: bits&2 != 0}
		v := iiif.V2
		if three {
			v = iiif.V3
		}
		if r, err := iiif.Parse("/iiif/3/id/" + params); kindOf(err) == "not_found" || err == nil && r.Kind() != iiif.KindImage {
			return
		}
		checkResolve(t, v, params, in, lim)
	})
}
