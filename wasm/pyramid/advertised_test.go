package pyramid_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

// dimension returns a length from 1 to 20,000, small ones as likely as large.
func dimension(rnd *rand.Rand) int {
	return 1 + rnd.IntN(1+rnd.IntN([]int{3, 70, 600, 5000, 20_000}[rnd.IntN(5)]))
}

// request is one way to ask for a tile of an image.
type request struct {
	version iiif.Version
	params  string
	width   int // what is asked for
	height  int // 0 when it is left to the server
	regionW int
	factor  int
}

// requests calls yield with the ways in which viewers ask for the tile of a grid:
// rounding up (the implementation notes, OpenSeadragon) or to the nearest (the
// listed sizes as levels), in the spelling of both versions.
func requests(in iiif.Info, tw, th, s, col, row int, yield func(request)) {
	x, y := col*tw*s, row*th*s
	w, h := min(tw*s, in.Width-x), min(th*s, in.Height-y)
	regions := []string{fmt.Sprintf("%d,%d,%d,%d", x, y, w, h)}
	if w == in.Width && h == in.Height {
		regions = append(regions, "full")
	}
	for _, size := range [][2]int{
		{(w + s - 1) / s, (h + s - 1) / s}, {max(1, (2*w+s)/(2*s)), max(1, (2*h+s)/(2*s))},
	} {
		for _, region := range regions {
			tail := "/0/default.jpg"
			yield(request{iiif.V3, fmt.Sprintf("%s/%d,%d%s", region, size[0], size[1], tail), size[0], size[1], w, s})
			yield(request{iiif.V2, fmt.Sprintf("%s/%d,%d%s", region, size[0], size[1], tail), size[0], size[1], w, s})
			yield(request{iiif.V2, fmt.Sprintf("%s/%d,%s", region, size[0], tail), size[0], 0, w, s})
			yield(request{iiif.V3, fmt.Sprintf("%s/%d,%s", region, size[0], tail), size[0], 0, w, s})
		}
	}
}

// checkPass asks for a tile and fails unless it is one stored tile of just the
// wanted size; what the stub at its place says is compared if there is a file. It
// returns false for the few requests that do not mean a tile.
func checkPass(t *testing.T, p pyramid.Pyramid, file []byte, in iiif.Info, k, col, row int, q request) bool {
	t.Helper()
	c := resolve(t, q.version, q.params, in, iiif.Limits{})
	if c.Width != q.width || q.height != 0 && c.Height != q.height {
		t.Fatalf("%+v %s resolves to %d×%d", in, q.params, c.Width, c.Height)
	}
	if q.height == 0 && 2*q.regionW < 3*q.factor {
		// A width of one or two pixels says little of the scale: "2," may be this
		// level's width rounded up and that of the next one, rounded down or listed.
		tall := float64(c.Region.H) / float64(q.factor)
		if d := float64(c.Height) - tall; d <= -1 || d >= 1 {
			return false
		}
	}
	a := pyramid.Plan(p, c)
	if a.Kind != pyramid.PassThrough || a.Splice || a.Crop {
		t.Fatalf("%d×%d: %s (level %d tile %d,%d) → %d×%d: %+v", in.Width, in.Height, q.params, k, col, row, c.Width, c.Height, a)
	}
	checkCompose(t, p, c, a)
	if file == nil {
		return true
	}
	got := stubbed(file[a.Range.Offset:a.Range.End()])
	want := label("exact", a.Level, a.Col, a.Row, c.Width, c.Height)
	padded := label("padded", a.Level, a.Col, a.Row, c.Width, c.Height)
	if got != want && got != padded {
		t.Fatalf("%d×%d: %s: %+v is %q, want %q", in.Width, in.Height, q.params, a, got, want)
	}
	// Levels can only be mistaken for one another where a tile is one pixel wide or high.
	if (a.Level != k || a.Col != col || a.Row != row) && c.Width > 1 && c.Height > 1 {
		t.Fatalf("%d×%d: %s is tile %+v, want level %d tile %d,%d", in.Width, in.Height, q.params, a, k, col, row)
	}
	return true
}

// TestEveryAdvertisedTilePasses is the promise of the format: every tile and size
// of info.json, however a viewer rounds, is one stored tile.
func TestEveryAdvertisedTilePasses(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var n [2]int
	images := [][3]int{{4000, 2250, 512}, {4001, 2251, 512}, {1025, 513, 512}, {513, 1537, 512}, {300, 200, 512}, {8191, 65, 512}, {5000, 3, 512}, {1, 1, 512}, {1, 9000, 512}, {4097, 4096, 512}, {8193, 8193, 64}, {1023, 1023, 256}}
	for range 250 {
		images = append(images, [3]int{dimension(rnd), dimension(rnd), []int{512, 512, 256, 128, 64}[rnd.IntN(5)]})
	}
	for i, s := range images {
		if s[0]*s[1] > 4000*s[2]*s[2] {
			continue // tested without a file below
		}
		file := write(t, pyramid.Options{
			Width: s[0], Height: s[1], TileSize: s[2], Colour: pyramid.Gray, MaxBytes: []int64{0, 8 << 30}[i%2],
		}, rnd.Shuffle)
		x := parse(t, file)
		in := x.Info()
		if in.Width != s[0] || in.Height != s[1] || in.Native != iiif.Gray || len(x.Layout().Levels) != in.Tiling(iiif.Limits{}).Levels {
			t.Fatalf("%v: %+v", s, in)
		}
		plain := in // a server that does not know the levels
		plain.Sizes = nil
		ask(t, rnd, x, file, in, &n)
		ask(t, rnd, x, file, plain, &n)
		checkStored(t, x, file)
	}
	enough(t, n)
}

// ask asks for the tiles of all levels, all of them or some of many, and for the
// sizes that fit one tile. It counts the requests, and those that meant no tile.
func ask(t *testing.T, rnd *rand.Rand, p pyramid.Pyramid, file []byte, in iiif.Info, n *[2]int) {
	t.Helper()
	tiling := in.Tiling(iiif.Limits{})
	for k := range tiling.Levels {
		s := 1 << k
		cols, rows := (in.Width+tiling.Width*s-1)/(tiling.Width*s), (in.Height+tiling.Height*s-1)/(tiling.Height*s)
		one := func(col, row int) {
			requests(in, tiling.Width, tiling.Height, s, col, row, func(q request) {
				t.Helper()
				n[0]++
				if !checkPass(t, p, file, in, k, col, row, q) {
					n[1]++
				}
			})
		}
		if cols*rows <= 12 {
			for i := range cols * rows {
				one(i%cols, i/cols)
			}
			continue
		}
		for _, at := range [][2]int{{0, 0}, {cols - 1, 0}, {0, rows - 1}, {cols - 1, rows - 1}, {rnd.IntN(cols), rows - 1}, {cols - 1, rnd.IntN(rows)}, {rnd.IntN(cols), rnd.IntN(rows)}} {
			one(at[0], at[1])
		}
	}
	for _, s := range in.AdvertisedSizes(iiif.Limits{}) {
		c := resolve(t, iiif.V3, fmt.Sprintf("full/%d,%d/0/default.jpg", s.Width, s.Height), in, iiif.Limits{})
		a := pyramid.Plan(p, c)
		checkCompose(t, p, c, a)
		if one := s.Width <= in.TileWidth && s.Height <= in.TileHeight; one != (a.Kind == pyramid.PassThrough) {
			t.Fatalf("%d×%d: size %+v: %+v", in.Width, in.Height, s, a)
		}
		l := p.Layout().Levels[a.Level]
		if l.Width != s.Width || l.Height != s.Height {
			t.Fatalf("%d×%d: size %+v from level %+v", in.Width, in.Height, s, l)
		}
	}
}

// enough fails unless many tiles were asked for, and nearly all of them meant.
func enough(t *testing.T, n [2]int) {
	t.Helper()
	t.Logf("%d requests for tiles, %d of them by a width that says nothing", n[0], n[1])
	if n[0] < 20_000 || n[1] > n[0]/20 {
		t.Errorf("%d requests, %d meant no tile", n[0], n[1])
	}
}

// checkStored checks that every tile of every level's TIFF grid is where the index
// says it is.
func checkStored(t *testing.T, x *pyramid.Index, file []byte) {
	t.Helper()
	for k, l := range x.Layout().Levels {
		for row := range l.Rows() {
			for col := range l.Cols() {
				r, ok := x.Tile(k, col, row)
				if !ok {
					t.Fatalf("tile %d %d %d is missing", k, col, row)
				}
				if got, want := stubbed(file[r.Offset:r.End()]), label("padded", k, col, row, l.TileWidth, l.TileHeight); got != want {
					t.Fatalf("%q, want %q", got, want)
				}
			}
		}
		if _, ok := x.Tile(k, l.Cols(), 0); ok {
			t.Fatal("a tile beyond the level")
		}
	}
}

// drawing is a pyramid of which there is only the geometry: for images whose
// tables alone would be gigabytes.
type drawing struct{ pyramid.Geometry }

func (d *drawing) Tile(level, col, row int) (pyramid.Range, bool) {
	return pyramid.Range{Length: 1}, d.Stored(level, col, row)
}

func (d *drawing) Exact(level, col, row, w, h int) (pyramid.Range, bool) {
	for _, s := range d.Exacts(level, col, row) {
		if s == (iiif.Size{Width: w, Height: h}) {
			return pyramid.Range{Length: 1}, true
		}
	}
	// A tile whose picture ends less than a pixel before its end is whole.
	l := d.Layout().Levels[level]
	if w == 512 && h == 512 && l.DataWidth >= 512*(col+1) && l.DataHeight >= 512*(row+1) {
		return d.Tile(level, col, row)
	}
	return pyramid.Range{}, false
}

// TestHugeImages is the same promise for images up to the largest that iiif has.
func TestHugeImages(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var n [2]int
	side := func() int {
		if rnd.IntN(4) == 0 {
			return 1<<31 - 2 - rnd.IntN(2000)
		}
		return 1 + rnd.IntN(1<<(1+rnd.IntN(31))-1)
	}
	for range 150 {
		w, h := min(side(), 1<<31-2), min(side(), 1<<31-2)
		g, err := pyramid.NewGeometry(w, h, 0)
		if err != nil {
			t.Fatal(err)
		}
		in := iiif.Info{Width: w, Height: h, TileWidth: 512, TileHeight: 512}
		ask(t, rnd, &drawing{g}, nil, in, &n)
	}
	enough(t, n)
}
