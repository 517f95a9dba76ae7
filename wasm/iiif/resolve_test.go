package iiif_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// outcome is "x,y,w,h w×h" of a resolved request, or the kind of its failure.
func outcome(c iiif.Canonical, err error) string {
	if err != nil {
		return kindOf(err)
	}
	r := c.Region
	return fmt.Sprintf("%d,%d,%d,%d %d×%d", r.X, r.Y, r.W, r.H, c.Width, c.Height)
}

// TestRegions holds the examples of §4.1 (whose image measures 300 × 200), row 8,
// and the two words from older servers.
func TestRegions(t *testing.T) {
	small := iiif.Info{Width: 300, Height: 200}
	tall := iiif.Info{Width: 200, Height: 301}
	wide := iiif.Info{Width: 4000, Height: 2250}
	for _, c := range []struct {
		in     iiif.Info
		region string
		want   string
	}{
		{small, "full", "0,0,300,200"},
		{small, "square", "50,0,200,200"},
		{small, "!square", "0,0,200,200"},
		{small, "square!", "100,0,200,200"},
		{tall, "square", "0,50,200,200"},
		{iiif.Info{Width: 205, Height: 200}, "square", "2,0,200,200"},
		{tall, "!square", "0,0,200,200"},
		{tall, "square!", "0,101,200,200"},
		{small, "125,15,120,140", "125,15,120,140"},
		{small, "pct:41.6,7.5,40,70", "125,15,120,140"},
		{small, "125,15,200,200", "125,15,175,185"},
		{small, "pct:41.6,7.5,66.6,100", "125,15,175,185"},
		{small, "0,0,300,200", "0,0,300,200"},
		{small, "0,0,301,201", "0,0,300,200"},
		{small, "pct:0,0,100,100", "0,0,300,200"},
		{small, "pct:0,0,250,100.5", "0,0,300,200"},
		{small, "007,0,010,010", "7,0,10,10"},
		// Row 8.
		{wide, "3990,0,100,100", "3990,0,10,100"},
		{wide, "3999,2249,1,1", "3999,2249,1,1"},
		{wide, "4000,0,100,100", "invalid"},
		{wide, "0,2250,100,100", "invalid"},
		{wide, "0,0,0,100", "invalid"},
		{wide, "0,0,100,0", "invalid"},
		{wide, "pct:0,0,0,50", "invalid"},
		{wide, "pct:0,0,50,0.0", "invalid"},
		{wide, "pct:100,0,50,50", "invalid"},
		{wide, "pct:0,100.1,50,50", "invalid"},
		// Numbers beyond every integer.
		{wide, "0,0,99999999999999999999,99999999999999999999", "0,0,4000,2250"},
		{wide, "18446744073709551616,0,10,10", "invalid"},
		{wide, "2147483648,0,2147483648,10", "invalid"},
		{wide, "4294967296,0,10,10", "invalid"},
		{wide, "pct:0,0,99999999999999999999,1", "0,0,4000,23"},
		{wide, "pct:99999999999999999999,0,1,1", "invalid"},
		// Percentages that round away keep a pixel.
		{wide, "pct:99.9999,99.9999,10,10", "3999,2249,1,1"},
		{wide, "pct:0,0,0.0001,0.0001", "0,0,1,1"},
		// Every value is rounded on its own, half up: 12.5, 12.5, 37.5, 50 pixels.
		{iiif.Info{Width: 100, Height: 100}, "pct:12.5,12.5,37.5,50", "13,13,38,50"},
		// The official validator (region_percent): 9 % of 1000.
		{iiif.Info{Width: 1000, Height: 1000}, "pct:91,1,9,9", "910,10,90,90"},
	} {
		for _, v := range []string{"2/id", "3/id"} {
			r, err := iiif.Parse("/iiif/" + v + "/" + c.region + "/max/0/default.jpg")
			if err != nil {
				t.Fatal(err)
			}
			got, _, _ := strings.Cut(outcome(r.Resolve(c.in, iiif.Limits{})), " ")
			if got != c.want {
				t.Errorf("%dx%d %s: %s, want %s", c.in.Width, c.in.Height, c.region, got, c.want)
			}
		}
	}
}

// TestSizes holds the examples of §4.2 and rows 1, 2, 4 and 9.
func TestSizes(t *testing.T) {
	none := iiif.Limits{}
	area := iiif.Limits{MaxArea: 1e8}
	const full, part = "full", "100,50,100,50" // 300 × 200 and 100 × 50
	for _, c := range []struct {
		region, size string
		lim          iiif.Limits
		v2, v3       string
	}{
		// The examples of both specifications.
		{full, "max", none, "300×200", "300×200"},
		{full, "full", none, "300×200", "invalid"},
		{full, "max", iiif.Limits{MaxWidth: 200}, "200×133", "200×133"},
		{full, "^max", iiif.Limits{MaxWidth: 360}, "invalid", "360×240"},
		{full, "150,", none, "150×100", "150×100"},
		{full, "^360,", area, "invalid", "360×240"},
		{full, ",150", none, "225×150", "225×150"},
		{full, "^,240", area, "invalid", "360×240"},
		{full, "pct:50", none, "150×100", "150×100"},
		{full, "^pct:120", area, "invalid", "360×240"},
		{full, "225,100", none, "225×100", "225×100"},
		{full, "^360,360", area, "invalid", "360×360"},
		{full, "!225,100", none, "150×100", "150×100"},
		{full, "^!360,360", area, "invalid", "360×240"},
		// The size is that of the region, not of the image.
		{part, "max", none, "100×50", "100×50"},
		{part, "50,", none, "50×25", "50×25"},
		{part, "pct:100", none, "100×50", "100×50"},
		{part, "!80,80", none, "80×40", "80×40"},
		// Row 1.
		{full, "!2000,3000", none, "300×200", "300×200"},
		{full, "!2000,3000", area, "300×200", "300×200"},
		{full, "!2000,3000", iiif.Limits{StrictSize: true}, "300×200", "invalid"},
		{full, "!2000,100", iiif.Limits{StrictSize: true}, "150×100", "150×100"},
		{full, "!300,3000", iiif.Limits{StrictSize: true}, "300×200", "300×200"},
		{full, "^!2000,3000", iiif.Limits{StrictSize: true, MaxArea: 1e8}, "invalid", "2000×1333"},
		// Row 2: without ^, never above the region in version 3; version 2 has no ^.
		{full, "301,", area, "301×201", "invalid"},
		{full, ",201", area, "302×201", "invalid"},
		{full, "pct:100.1", area, "300×200", "invalid"},
		{full, "pct:200", area, "600×400", "invalid"},
		{full, "301,10", area, "301×10", "invalid"},
		{full, "10,201", area, "10×201", "invalid"},
		{part, "101,", area, "101×51", "invalid"},
		{full, "^150,", none, "invalid", "150×100"},
		{full, "^300,200", none, "invalid", "300×200"},
		// Upscaling where it is refused: 501 in version 3 (§4.2).
		{full, "^301,", none, "invalid", "unsupported"},
		{full, "^pct:120", none, "invalid", "unsupported"},
		{full, "^!301,301", none, "invalid", "unsupported"},
		{full, "^max", none, "invalid", "unsupported"},
		{full, "^max", iiif.Limits{MaxWidth: 360, NoUpscale: true}, "invalid", "unsupported"},
		{full, "^max", iiif.Limits{MaxWidth: 200, NoUpscale: true}, "invalid", "200×133"},
		{full, "301,", none, "invalid", "invalid"},
		{full, "301,", iiif.Limits{MaxWidth: 360, NoUpscale: true}, "invalid", "invalid"},
		// Limits (row 4). One of maxWidth and maxHeight stands for both (§5.2).
		{full, "full", iiif.Limits{MaxWidth: 200}, "invalid", "invalid"},
		{full, "300,", iiif.Limits{MaxWidth: 200}, "invalid", "invalid"},
		{full, "200,", iiif.Limits{MaxWidth: 200}, "200×133", "200×133"},
		{full, "10,200", iiif.Limits{MaxWidth: 199}, "invalid", "invalid"},
		{full, "10,200", iiif.Limits{MaxWidth: 199, MaxHeight: 200}, "10×200", "10×200"},
		{full, "200,10", iiif.Limits{MaxHeight: 199}, "invalid", "invalid"},
		{full, "max", iiif.Limits{MaxHeight: 100, MaxWidth: 300}, "150×100", "150×100"},
		{full, "max", iiif.Limits{MaxArea: 15000}, "150×100", "150×100"},
		{full, "max", iiif.Limits{MaxArea: 14999}, "149×99", "149×99"},
		{full, "pct:50", iiif.Limits{MaxArea: 14999}, "invalid", "invalid"},
		{full, "^max", iiif.Limits{MaxArea: 240000}, "invalid", "600×400"},
		{full, "^400,", iiif.Limits{MaxArea: 60000}, "invalid", "invalid"},
		{full, "!200,200", iiif.Limits{MaxWidth: 150}, "150×100", "150×100"},
		{full, "^!2000,2000", iiif.Limits{MaxWidth: 900}, "invalid", "900×600"},
		{part, "max", iiif.Limits{MaxWidth: 200}, "100×50", "100×50"},
		{part, "^max", iiif.Limits{MaxWidth: 200}, "invalid", "200×100"},
		// MaxUpscale is a maxArea that depends on the image.
		{full, "^max", iiif.Limits{MaxUpscale: 2}, "invalid", "600×400"},
		{full, "^601,", iiif.Limits{MaxUpscale: 2}, "invalid", "invalid"},
		{full, "^max", iiif.Limits{MaxUpscale: 0.5}, "invalid", "300×200"},
		{full, "^max", iiif.Limits{MaxUpscale: 2, MaxArea: 240000 - 1}, "invalid", "599×399"},
		{full, "^max", iiif.Limits{MaxUpscale: 2, NoUpscale: true}, "invalid", "unsupported"},
		// Row 9: less than a pixel.
		{full, "pct:0.1", none, "invalid", "invalid"},
		{full, "pct:0.2", none, "1×1", "1×1"},
		// Numbers beyond every integer.
		{full, "99999999999999999999,", area, "invalid", "invalid"},
		{full, "^99999999999999999999,99999999999999999999", area, "invalid", "invalid"},
		{full, "^99999999999999999999,", iiif.Limits{MaxWidth: math.MaxInt}, "invalid", "invalid"},
		{full, "^2147483647,", iiif.Limits{MaxWidth: math.MaxInt}, "invalid", "invalid"},
		{full, "!99999999999999999999,99999999999999999999", none, "300×200", "300×200"},
		{full, "^pct:99999999999999999999", area, "invalid", "invalid"},
	} {
		for v, want := range map[iiif.Version]string{iiif.V2: c.v2, iiif.V3: c.v3} {
			got := outcome(resolve(v, c.region+"/"+c.size+"/0/default.jpg", iiif.Info{Width: 300, Height: 200}, c.lim))
			if _, size, ok := strings.Cut(got, " "); ok {
				got = size
			}
			if got != want {
				t.Errorf("version %v %s/%s %+v: %s, want %s", v, c.region, c.size, c.lim, got, want)
			}
		}
	}
}

// TestThinImages: a side that is derived keeps a pixel; viewers ask for such sizes.
func TestThinImages(t *testing.T) {
	in := iiif.Info{Width: 10000, Height: 3}
	for size, want := range map[string]string{
		"64,": "64×1", "!64,64": "64×1", "1,": "1×1", ",1": "3333×1", "pct:1": "100×1", "pct:0.001": "invalid",
		"64,0": "invalid", "0,1": "invalid",
	} {
		got := outcome(resolve(iiif.V3, "full/"+size+"/0/default.jpg", in, iiif.Limits{}))
		if _, s, ok := strings.Cut(got, " "); ok {
			got = s
		}
		if got != want {
			t.Errorf("%s: %s, want %s", size, got, want)
		}
	}
	for lim, want := range map[iiif.Limits]string{
		{MaxArea: 10}: "10×1", {MaxArea: 1}: "1×1", {MaxWidth: 100}: "100×1", {MaxArea: 30000}: "10000×3", {MaxArea: 29999}: "9999×3",
	} {
		if got := outcome(resolve(iiif.V3, "full/max/0/default.jpg", in, lim)); got != "0,0,10000,3 "+want {
			t.Errorf("max under %+v: %s, want %s", lim, got, want)
		}
	}
	tall := iiif.Info{Width: 1, Height: 100000}
	if got := outcome(resolve(iiif.V3, "full/max/0/default.jpg", tall, iiif.Limits{MaxArea: 10})); got != "0,0,1,100000 1×10" {
		t.Errorf("tall: %s", got)
	}
}

// TestRotation is row 16.
func TestRotation(t *testing.T) {
	for text, want := range map[string]float64{
		"0": 0, "90": 90, "360": 0, "360.0": 0, "359.99": 359.99, "22.5": 22.5, "22.50": 22.5, "022": 22, "0.5": 0.5,
		"!0": 0, "!180": 180, "!360": 0, "!345": 345, "0.0": 0,
	} {
		c, err := resolve(iiif.V3, "full/max/"+text+"/default.png", iiif.Info{Width: 30, Height: 20}, iiif.Limits{})
		if err != nil || c.Rotation != want || c.Mirror != (text[0] == '!') {
			t.Errorf("%s: %v mirrored %v, %v", text, c.Rotation, c.Mirror, err)
		}
	}
}

func TestFormats(t *testing.T) {
	in := iiif.Info{Width: 30, Height: 20}
	for ext, media := range map[string]string{
		"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp", "tif": "image/tiff", "pdf": "application/pdf",
	} {
		c, err := resolve(iiif.V3, "full/max/0/default."+ext, in, iiif.Limits{})
		if err != nil || c.Format.String() != ext || c.Format.MediaType() != media {
			t.Errorf("%s: %v %s %v", ext, c.Format, c.Format.MediaType(), err)
		}
	}
	in.Formats = []iiif.Format{iiif.WebP}
	for ext, want := range map[string]string{"jpg": "ok", "png": "ok", "webp": "ok", "gif": "invalid", "pdf": "invalid"} {
		_, err := resolve(iiif.V3, "full/max/0/default."+ext, in, iiif.Limits{})
		if kindOf(err) != want {
			t.Errorf("%s: %v, want %s", ext, err, want)
		}
	}
}

func TestResolveMisuse(t *testing.T) {
	base, _ := iiif.Parse("/iiif/3/id")
	if _, err := base.Resolve(iiif.Info{Width: 1, Height: 1}, iiif.Limits{}); kindOf(err) != "internal" {
		t.Error(err)
	}
	for _, in := range []iiif.Info{{}, {Width: 1}, {Width: -1, Height: 5}, {Width: math.MaxInt32, Height: 5}} {
		if _, err := resolve(iiif.V3, "full/max/0/default.jpg", in, iiif.Limits{}); kindOf(err) != "internal" {
			t.Error(in, err)
		}
	}
}

// TestRounding compares percentages and derived sides with exact arithmetic.
func TestRounding(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	half := big.NewRat(1, 2)
	round := func(x *big.Rat) int {
		x = new(big.Rat).Add(x, half)
		return int(new(big.Int).Div(x.Num(), x.Denom()).Int64())
	}
	for range 5000 {
		in := iiif.Info{Width: 1 + rnd.IntN(50000), Height: 1 + rnd.IntN(50000)}
		n := 1 + rnd.IntN(10000) // hundredths of a percent
		params := fmt.Sprintf("full/pct:%d.%02d/0/default.jpg", n/100, n%100)
		w, h := round(big.NewRat(int64(in.Width)*int64(n), 10000)), round(big.NewRat(int64(in.Height)*int64(n), 10000))
		want := "invalid"
		if w > 0 || h > 0 {
			want = fmt.Sprintf("0,0,%d,%d %d×%d", in.Width, in.Height, max(w, 1), max(h, 1))
		}
		if got := outcome(resolve(iiif.V3, params, in, iiif.Limits{})); got != want {
			t.Fatalf("%+v %s: %s, want %s", in, params, got, want)
		}
		side := 1 + rnd.IntN(in.Height)
		want = fmt.Sprintf("0,0,%d,%d %d×%d", in.Width, in.Height, max(1, round(big.NewRat(int64(side)*int64(in.Width), int64(in.Height)))), side)
		if got := outcome(resolve(iiif.V3, fmt.Sprintf("full/,%d/0/default.jpg", side), in, iiif.Limits{})); got != want {
			t.Fatalf("%+v ,%d: %s, want %s", in, side, got, want)
		}
		// An odd region is no advertised tile: plain rounding.
		x := 1 + rnd.IntN(in.Width)
		if x >= in.Width || x%2 == 0 {
			continue
		}
		rw := 1 + rnd.IntN(in.Width-x)
		w = 1 + rnd.IntN(rw)
		want = fmt.Sprintf("%d,0,%d,%d %d×%d", x, rw, in.Height, w, max(1, round(big.NewRat(int64(w)*int64(in.Height), int64(rw)))))
		if got := outcome(resolve(iiif.V3, fmt.Sprintf("%d,0,%d,%d/%d,/0/default.jpg", x, rw, in.Height, w), in, iiif.Limits{})); got != want {
			t.Fatalf("%+v: %s, want %s", in, got, want)
		}
	}
}

// TestMaxAgainstNotes compares max with the algorithm of the implementation notes
// of 3.0 (section 4): the same for maxWidth and maxHeight; for maxArea, which the
// notes round down twice, within the limit, no narrower but for the rounding of the
// height, and no wider result of the same aspect is within the limit.
func TestMaxAgainstNotes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 5000 {
		in := iiif.Info{Width: 1 + rnd.IntN(20000), Height: 1 + rnd.IntN(20000)}
		mw, mh := 1+rnd.IntN(20000), 1+rnd.IntN(20000)
		w, h := in.Width, in.Height
		if mw < w {
			w, h = mw, int(float64(in.Height)*float64(mw)/float64(in.Width)+0.5)
		}
		if mh < h {
			h, w = mh, int(float64(in.Width)*float64(mh)/float64(in.Height)+0.5)
		}
		c, err := resolve(iiif.V3, "full/max/0/default.jpg", in, iiif.Limits{MaxWidth: mw, MaxHeight: mh})
		if err != nil || c.Width != max(w, 1) || c.Height != max(h, 1) {
			t.Fatalf("%dx%d in %dx%d: %dx%d %v, want %dx%d", in.Width, in.Height, mw, mh, c.Width, c.Height, err, w, h)
		}

		area := 1 + rnd.Int64N(int64(in.Width)*int64(in.Height))
		c, err = resolve(iiif.V3, "full/max/0/default.jpg", in, iiif.Limits{MaxArea: area})
		if err != nil || int64(c.Width)*int64(c.Height) > area {
			t.Fatalf("%+v in %d pixels: %dx%d %v", in, area, c.Width, c.Height, err)
		}
		scale := math.Sqrt(float64(area) / (float64(in.Width) * float64(in.Height)))
		w, h = int(float64(in.Width)*scale), int(float64(in.Height)*scale)
		if w < 50 || h < 50 {
			continue // rounding to whole pixels decides there
		}
		aspect := float64(in.Height) / float64(in.Width)
		if float64(c.Width) < float64(w)-1-0.5/aspect || math.Abs(float64(c.Height)-float64(c.Width)*aspect) > 0.5 {
			t.Fatalf("%+v in %d pixels: %dx%d, the notes say %dx%d", in, area, c.Width, c.Height, w, h)
		}
		wider := int64(float64(c.Width+1)*float64(in.Height)/float64(in.Width) + 0.5)
		if c.Width < in.Width && int64(c.Width+1)*wider <= area {
			t.Fatalf("%+v in %d pixels: %dx%d, but %dx%d fits", in, area, c.Width, c.Height, c.Width+1, wider)
		}
	}
}

// TestTurnedSize: a thin image turned by a free angle can measure many times its
// area; up to twice the maximum is delivered, what a square needs.
func TestTurnedSize(t *testing.T) {
	lim := iiif.Limits{MaxArea: 10_000}
	for _, c := range []struct {
		path string
		ok   bool
	}{
		{"full/100,100/45/default.png", true}, {"full/^5000,2/90/default.png", true}, {"full/^5000,2/0/default.png", true},
		{"full/^5000,2/45/default.png", false}, {"full/^5000,2/1/default.png", false}, {"full/^200,50/30/default.png", false}, {"full/^150,50/10/default.png", true},
	} {
		req, err := iiif.Parse("/iiif/3/a/" + c.path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := req.Resolve(iiif.Info{Width: 100, Height: 100}, lim)
		if (err == nil) != c.ok || err != nil && kindOf(err) != "invalid" {
			t.Errorf("%s: %v", c.path, err)
		}
		if w, h := got.Turned(); err == nil && got.Rotation == 90 && (w != int64(got.Height) || h != int64(got.Width)) {
			t.Errorf("%s: turned it measures %d × %d", c.path, w, h)
		}
	}
}
