package pyramid_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

// checkBounds fails unless the tiles, the cover and the window of an action hold
// one another and are inside the level.
func checkBounds(t testing.TB, p pyramid.Pyramid, c iiif.Canonical, a pyramid.Action) {
	t.Helper()
	in := p.Layout()
	if a.Level < 0 || a.Level >= len(in.Levels) {
		t.Fatalf("level %d", a.Level)
	}
	l := in.Levels[a.Level]
	dw, dh := stored(l)
	r, w, s := a.Cover, a.Window, a.Tiles
	bad := func(what string) {
		t.Helper()
		t.Fatalf("%s: image %d×%d, level %+v, request %+v, action %+v", what, in.Width, in.Height, l, c, a)
	}
	if r.X < 0 || r.Y < 0 || r.W < 1 || r.H < 1 || r.X+r.W > dw || r.Y+r.H > dh {
		bad("the cover is outside the level")
	}
	if !(w.W > 0 && w.H > 0) || w.X < float64(r.X) || w.Y < float64(r.Y) || w.X+w.W > float64(r.X+r.W)+1e-6 || w.Y+w.H > float64(r.Y+r.H)+1e-6 {
		bad("the window is outside the cover")
	}
	if float64(r.W) >= w.W+2 || float64(r.H) >= w.H+2 {
		bad("the cover is too large")
	}
	if s.Col < 0 || s.Row < 0 || s.Cols < 1 || s.Rows < 1 || s.Col+s.Cols > l.Cols() || s.Row+s.Rows > l.Rows() {
		bad("tiles outside the level")
	}
	if s.Col*l.TileWidth > r.X || s.Row*l.TileHeight > r.Y || (s.Col+s.Cols)*l.TileWidth < r.X+r.W || (s.Row+s.Rows)*l.TileHeight < r.Y+r.H {
		bad("the tiles do not cover")
	}
	if (s.Col+1)*l.TileWidth <= r.X || (s.Row+1)*l.TileHeight <= r.Y || (s.Col+s.Cols-1)*l.TileWidth >= r.X+r.W || (s.Row+s.Rows-1)*l.TileHeight >= r.Y+r.H {
		bad("more tiles than needed")
	}
}

// stored returns the dimensions of the picture that a level's tiles hold.
func stored(l pyramid.Level) (w, h int) {
	return min(max(l.Width, l.DataWidth), l.Cols()*l.TileWidth), min(max(l.Height, l.DataHeight), l.Rows()*l.TileHeight)
}

// checkCompose is checkBounds, and fails unless an action is about what was asked
// for and the level is the cheapest.
func checkCompose(t testing.TB, p pyramid.Pyramid, c iiif.Canonical, a pyramid.Action) {
	t.Helper()
	checkBounds(t, p, c, a)
	in := p.Layout()
	l, w := in.Levels[a.Level], a.Window
	dw, dh := stored(l)
	bad := func(what string) {
		t.Helper()
		t.Fatalf("%s: image %d×%d, level %+v, request %+v, action %+v", what, in.Width, in.Height, l, c, a)
	}
	// The window is the region, but for what the level cannot hold.
	fx, fy := float64(in.Width)/float64(l.Width), float64(in.Height)/float64(l.Height)
	if l.Factor > 0 {
		fx, fy = float64(l.Factor), float64(l.Factor)
	}
	x0, x1, y0, y1 := float64(c.Region.X)/fx, float64(c.Region.X+c.Region.W)/fx, float64(c.Region.Y)/fy, float64(c.Region.Y+c.Region.H)/fy
	if x0 < float64(dw) && (math.Abs(w.X-x0) > 1e-6 || math.Abs(w.X+w.W-min(x1, float64(dw))) > 1e-6) ||
		y0 < float64(dh) && (math.Abs(w.Y-y0) > 1e-6 || math.Abs(w.Y+w.H-min(y1, float64(dh))) > 1e-6) {
		bad("the window is not the region")
	}
	if x1 >= float64(dw)+1 || y1 >= float64(dh)+1 {
		bad("the level lacks more than a part of a pixel")
	}
	if a.Kind == pyramid.Compose {
		enough := func(k int) bool {
			l := in.Levels[k]
			fx, fy := float64(in.Width)/float64(l.Width), float64(in.Height)/float64(l.Height)
			if l.Factor > 0 {
				fx, fy = float64(l.Factor), float64(l.Factor)
			}
			return float64(c.Width) < float64(c.Region.W)/fx+1 && float64(c.Height) < float64(c.Region.H)/fy+1
		}
		if a.Level > 0 && !enough(a.Level) {
			bad("the level is too small")
		}
		if a.Level+1 < len(in.Levels) && enough(a.Level+1) {
			bad("a smaller level is enough")
		}
	}
}

// TestCompose asks for anything.
func TestCompose(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	kinds := map[pyramid.Kind]int{}
	for range 400 {
		g, err := pyramid.NewGeometry(dimension(rnd), dimension(rnd), []int{512, 256, 64}[rnd.IntN(3)])
		if err != nil {
			t.Fatal(err)
		}
		p := &drawing{g}
		in := iiif.Info{Width: p.Layout().Width, Height: p.Layout().Height, TileWidth: 512, TileHeight: 512}
		for range 50 {
			x, y := rnd.IntN(in.Width), rnd.IntN(in.Height)
			region := fmt.Sprintf("%d,%d,%d,%d", x, y, 1+rnd.IntN(in.Width), 1+rnd.IntN(in.Height))
			size := []string{"max", fmt.Sprintf("!%d,%d", 1+rnd.IntN(2000), 1+rnd.IntN(2000)), fmt.Sprintf("^%d,%d", 1+rnd.IntN(2000), 1+rnd.IntN(2000))}[rnd.IntN(3)]
			c := resolve(t, iiif.V3, region+"/"+size+"/0/default.jpg", in, iiif.Limits{MaxArea: 1 << 62})
			a := pyramid.Plan(p, c)
			kinds[a.Kind]++
			checkCompose(t, p, c, a)
			for _, tail := range []string{"0/gray.jpg", "0/default.png", "90/default.jpg", "!0/default.jpg"} {
				c := resolve(t, iiif.V3, region+"/"+size+"/"+tail, in, iiif.Limits{MaxArea: 1 << 62})
				if a := pyramid.Plan(p, c); a.Kind != pyramid.Compose {
					t.Fatalf("%s: %+v", tail, a)
				}
			}
		}
	}
	if kinds[pyramid.Compose] < 15_000 || kinds[pyramid.Decline] != 0 {
		t.Errorf("%v", kinds)
	}
}

// foreign is a pyramid of another writer: padded tiles only.
type foreign struct {
	layout pyramid.Layout
	gone   bool // no tile is stored
}

func (f *foreign) Layout() *pyramid.Layout { return &f.layout }

func (f *foreign) Tile(level, col, row int) (pyramid.Range, bool) {
	l := f.layout.Levels[level]
	return pyramid.Range{Offset: int64(1000*level + 100*row + 10*col), Length: 10},
		!f.gone && col >= 0 && row >= 0 && col < l.Cols() && row < l.Rows()
}

func (f *foreign) Exact(int, int, int, int, int) (pyramid.Range, bool) { return pyramid.Range{}, false }

// floored is how libvips cuts an image of 4001 × 2251: levels rounded down.
func floored(form pyramid.Form) *foreign {
	f := &foreign{layout: pyramid.Layout{Width: 4001, Height: 2251}}
	for k := range 4 {
		f.layout.Levels = append(f.layout.Levels, pyramid.Level{
			Width: 4001 >> k, Height: 2251 >> k, TileWidth: 256, TileHeight: 256, Factor: 1 << k, Form: form,
		})
	}
	return f
}

func TestForeign(t *testing.T) {
	ratio := floored(pyramid.Complete)
	for k := range ratio.layout.Levels {
		ratio.layout.Levels[k].Factor = 0
	}
	in := iiif.Info{Width: 4001, Height: 2251, TileWidth: 256, TileHeight: 256}
	for _, c := range []struct {
		p      *foreign
		params string
		want   pyramid.Action
	}{
		{floored(pyramid.Abbreviated), "256,512,256,256/256,256", pyramid.Action{Kind: pyramid.PassThrough, Level: 0, Col: 1, Row: 2, Range: pyramid.Range{Offset: 210, Length: 10}, Splice: true}},
		{floored(pyramid.Complete), "512,512,512,512/256,256", pyramid.Action{Kind: pyramid.PassThrough, Level: 1, Col: 1, Row: 1, Range: pyramid.Range{Offset: 1110, Length: 10}}},
		{floored(pyramid.Complete), "3840,0,161,256/161,256", pyramid.Action{Kind: pyramid.PassThrough, Level: 0, Col: 15, Row: 0, Range: pyramid.Range{Offset: 150, Length: 10}, Crop: true}},
		// Half of 417 is 208.5: the level has 208 columns there, viewers ask for 209.
		{floored(pyramid.Complete), "3584,0,417,512/208,256", pyramid.Action{Kind: pyramid.PassThrough, Level: 1, Col: 7, Row: 0, Range: pyramid.Range{Offset: 1070, Length: 10}, Crop: true}},
		{floored(pyramid.Complete), "3584,0,417,512/209,256", pyramid.Action{Kind: pyramid.Compose, Level: 1}},
		{floored(pyramid.Opaque), "256,512,256,256/256,256", pyramid.Action{Kind: pyramid.Compose, Level: 0}},
		{floored(pyramid.Complete), "256,513,256,256/256,256", pyramid.Action{Kind: pyramid.Compose, Level: 0}},
		{floored(pyramid.Complete), "256,512,256,256/255,256", pyramid.Action{Kind: pyramid.Compose, Level: 0}},
		{ratio, "512,512,512,512/256,256", pyramid.Action{Kind: pyramid.Compose, Level: 0}}, // 511.9 / 2
		{ratio, "256,512,256,256/256,256", pyramid.Action{Kind: pyramid.PassThrough, Level: 0, Col: 1, Row: 2, Range: pyramid.Range{Offset: 210, Length: 10}}},
		{&foreign{layout: floored(pyramid.Complete).layout, gone: true}, "256,512,256,256/256,256", pyramid.Action{Kind: pyramid.Compose, Level: 0}},
		{&foreign{}, "256,512,256,256/256,256", pyramid.Action{}},
	} {
		q := resolve(t, iiif.V3, c.params+"/0/default.jpg", in, iiif.Limits{})
		got := pyramid.Plan(c.p, q)
		if got.Kind != pyramid.Decline {
			checkCompose(t, c.p, q, got)
		}
		got.Tiles, got.Cover, got.Window = pyramid.Tiles{}, iiif.Rect{}, pyramid.Window{}
		if c.want.Kind == pyramid.Compose && c.p == ratio {
			c.want.Level = got.Level // checked by checkCompose
		}
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.params, got, c.want)
		}
	}
}

// TestDecline: a request about an image of other dimensions is not answered.
func TestDecline(t *testing.T) {
	p := floored(pyramid.Complete)
	for _, in := range []iiif.Info{{Width: 4000, Height: 2251}, {Width: 4002, Height: 2251}, {Width: 4001, Height: 5000}} {
		if a := pyramid.Plan(p, resolve(t, iiif.V3, "full/100,/0/default.jpg", in, iiif.Limits{})); a.Kind != pyramid.Decline {
			t.Errorf("%+v: %+v", in, a)
		}
	}
	in := iiif.Info{Width: 5000, Height: 5000}
	if a := pyramid.Plan(p, resolve(t, iiif.V3, "3000,2000,1002,100/100,/0/default.jpg", in, iiif.Limits{})); a.Kind != pyramid.Decline {
		t.Errorf("%+v", a)
	}
}

func TestFetch(t *testing.T) {
	p := floored(pyramid.Complete)
	a := pyramid.Action{Kind: pyramid.Compose, Tiles: pyramid.Tiles{Col: 2, Row: 1, Cols: 3, Rows: 2}}
	for gap, want := range map[int64]string{0: "[{120 30} {220 30}]", 69: "[{120 30} {220 30}]", 70: "[{120 130}]"} {
		got, err := pyramid.Fetch(nil, p, a, gap)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("gap %d: %v %v, want %s", gap, got, err, want)
		}
	}
	got, err := pyramid.Fetch([]pyramid.Range{{Offset: 9, Length: 9}}, p, a, 0)
	if err != nil || fmt.Sprint(got) != "[{9 9} {120 30} {220 30}]" {
		t.Errorf("%v %v", got, err)
	}
	p.gone = true
	if _, err := pyramid.Fetch(nil, p, a, 0); kindOf(err) != "corrupt" {
		t.Error(err)
	}
}

// TestPlanAllocates nothing.
func TestPlanAllocates(t *testing.T) {
	for name, c := range benchmarks(t) {
		if n := testing.AllocsPerRun(100, func() { pyramid.Plan(c.x, c.c) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

type bench struct {
	x *pyramid.Index
	c iiif.Canonical
}

func benchmarks(t testing.TB) map[string]bench {
	x := parse(t, write(t, pyramid.Options{Width: 20_001, Height: 15_001, Colour: pyramid.YCbCr}, nil))
	list := map[string]bench{}
	for name, params := range map[string]string{
		"tile": "4096,8192,2048,2048/512,512/0/default.jpg", "edge": "16384,8192,3617,4096/453,512/0/default.jpg",
		"thumbnail": "full/313,235/0/default.jpg", "region": "1234,5678,3000,2000/600,400/0/default.jpg",
	} {
		list[name] = bench{x, resolve(t, iiif.V3, params, x.Info(), iiif.Limits{})}
	}
	return list
}

func BenchmarkPlan(b *testing.B) {
	for name, c := range benchmarks(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				pyramid.Plan(c.x, c.c)
			}
		})
	}
}

func BenchmarkParseHead(b *testing.B) {
	x := benchmarks(b)["tile"].x
	b.SetBytes(int64(len(x.Head())))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := pyramid.ParseHead(x.Head()); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzPlan plans any region and size in pyramids of ours and in any layout that
// an adapter might come up with.
func FuzzPlan(f *testing.F) {
	f.Add(4001, 2251, 0, 3072, 0, 929, 1024, 465, 512, uint8(0), 2000, 1125, 256, 2)
	f.Add(1, 1, 16, 0, 0, 1, 1, 1, 1, uint8(1), 1, 1, 1, 0)
	f.Add(1<<31-2, 1<<31-2, 512, 1<<30, 0, 1<<30, 1<<31-2, 3000, 2000, uint8(2), 1<<31-2, 9, 1<<31-2, 1<<31)
	f.Add(809241474, 2147481987, 0, 0, 2146435072, 1048576, 1046915, 512, 512, uint8(4), -1, 0, 0, -1)
	f.Fuzz(func(t *testing.T, iw, ih, tile, x, y, w, h, cw, ch int, bits uint8, lw, lh, ltile, factor int) {
		g, err := pyramid.NewGeometry(iw, ih, tile)
		if err != nil || x < 0 || y < 0 || w < 1 || h < 1 || cw < 1 || ch < 1 {
			return
		}
		in := iiif.Info{Width: iw, Height: ih}
		r, err := iiif.Parse(fmt.Sprintf("/iiif/3/i/%d,%d,%d,%d/^%d,%d/0/default.jpg", x, y, w, h, cw, ch))
		if err != nil {
			return
		}
		c, err := r.Resolve(in, iiif.Limits{MaxArea: 1 << 62})
		if err != nil {
			return
		}
		ours := &drawing{g}
		a := pyramid.Plan(ours, c)
		if a.Kind == pyramid.Decline {
			t.Fatal("declined")
		}
		checkCompose(t, ours, c, a)
		other := &foreign{gone: bits&8 != 0, layout: pyramid.Layout{Width: iw, Height: ih, Levels: []pyramid.Level{
			{Width: iw, Height: ih, TileWidth: max(ltile, 1), TileHeight: 256, Factor: 1, Form: pyramid.Form(bits & 3)},
			{Width: lw, Height: lh, TileWidth: ltile, TileHeight: ltile, DataWidth: lh, DataHeight: lw, Factor: factor, Form: pyramid.Form(bits & 3)},
		}}}
		if a := pyramid.Plan(other, c); a.Kind != pyramid.Decline {
			checkBounds(t, other, c, a)
		} else if lw > 0 && lh > 0 && ltile > 0 && ltile < 1<<31-1 && lw < 1<<31-1 && lh < 1<<31-1 && factor >= 0 && factor <= 1<<31 {
			t.Fatalf("declined %+v", other.layout)
		}
	})
}

// TestUpscaledEdge: the padding of a tile is never shown as picture.
func TestUpscaledEdge(t *testing.T) {
	x := parse(t, write(t, small, nil)) // 300 × 170 in tiles of 64
	for _, params := range []string{
		"256,0,44,64/^64,64", "0,128,64,42/^64,64", "256,128,44,42/^64,64", "256,128,44,42/^64,42", "full/^64,64", "256,0,44,128/^64,64",
	} {
		c := resolve(t, iiif.V3, params+"/0/default.jpg", x.Info(), iiif.Limits{MaxArea: 1e8})
		if a := pyramid.Plan(x, c); a.Kind != pyramid.Compose {
			t.Errorf("%s: %+v", params, a)
		}
	}
	for _, at := range [][5]int{{0, 4, 0, 64, 64}, {0, 0, 2, 64, 64}, {0, 4, 2, 64, 64}, {0, 5, 0, 64, 64}, {0, -1, 0, 64, 64}, {9, 0, 0, 64, 64}, {-1, 0, 0, 64, 64}, {0, 0, 0, 63, 64}} {
		if r, ok := x.Exact(at[0], at[1], at[2], at[3], at[4]); ok {
			t.Errorf("%v is stored at %+v", at, r)
		}
	}
	if _, ok := x.Exact(0, 3, 1, 64, 64); !ok {
		t.Error("an inner tile is not exact")
	}
}
