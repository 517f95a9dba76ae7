package iiif_test

import (
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// TestCanonicalSpelling is row 5: the tables of 3.0 §4.8 and 2.1 §4.7, spelled out
// for a 300 × 200 image with maxWidth 600.
func TestCanonicalSpelling(t *testing.T) {
	for _, c := range []struct{ in, v2, v3 string }{
		// Region: full if the full image is requested, otherwise x,y,w,h.
		{"full/max/0/default.jpg", "full/full/0/default.jpg", "full/max/0/default.jpg"},
		{"0,0,300,200/max/0/default.jpg", "full/full/0/default.jpg", "full/max/0/default.jpg"},
		{"0,0,999,999/max/0/default.jpg", "full/full/0/default.jpg", "full/max/0/default.jpg"},
		{"pct:0,0,100,100/max/0/default.jpg", "full/full/0/default.jpg", "full/max/0/default.jpg"},
		{"square/max/0/default.jpg", "50,0,200,200/full/0/default.jpg", "50,0,200,200/max/0/default.jpg"},
		{"!square/max/0/default.jpg", "0,0,200,200/full/0/default.jpg", "0,0,200,200/max/0/default.jpg"},
		{"square!/max/0/default.jpg", "100,0,200,200/full/0/default.jpg", "100,0,200,200/max/0/default.jpg"},
		{"125,15,200,200/max/0/default.jpg", "125,15,175,185/full/0/default.jpg", "125,15,175,185/max/0/default.jpg"},
		{"pct:41.6,7.5,40,70/max/0/default.jpg", "125,15,120,140/full/0/default.jpg", "125,15,120,140/max/0/default.jpg"},
		// Size, of the region and not of the image: 2.1 "w," when the aspect is kept,
		// 3.0 w,h; both have a word for the size of the region.
		{"full/150,/0/default.jpg", "full/150,/0/default.jpg", "full/150,100/0/default.jpg"},
		{"full/,100/0/default.jpg", "full/150,/0/default.jpg", "full/150,100/0/default.jpg"},
		{"full/pct:50/0/default.jpg", "full/150,/0/default.jpg", "full/150,100/0/default.jpg"},
		{"full/!150,400/0/default.jpg", "full/150,/0/default.jpg", "full/150,100/0/default.jpg"},
		{"full/150,100/0/default.jpg", "full/150,/0/default.jpg", "full/150,100/0/default.jpg"},
		{"full/225,100/0/default.jpg", "full/225,100/0/default.jpg", "full/225,100/0/default.jpg"},
		{"full/300,200/0/default.jpg", "full/full/0/default.jpg", "full/max/0/default.jpg"},
		{"full/300,/0/default.jpg", "full/full/0/default.jpg", "full/max/0/default.jpg"},
		{"full/pct:100/0/default.jpg", "full/full/0/default.jpg", "full/max/0/default.jpg"},
		{"full/!900,900/0/default.jpg", "full/full/0/default.jpg", "full/max/0/default.jpg"},
		{"0,0,100,50/50,/0/default.jpg", "0,0,100,50/50,/0/default.jpg", "0,0,100,50/50,25/0/default.jpg"},
		{"0,0,100,50/50,25/0/default.jpg", "0,0,100,50/50,/0/default.jpg", "0,0,100,50/50,25/0/default.jpg"},
		{"0,0,100,50/100,50/0/default.jpg", "0,0,100,50/full/0/default.jpg", "0,0,100,50/max/0/default.jpg"},
		// Rotation: an integer if possible, no trailing zeros, a leading one.
		{"full/max/360/default.jpg", "full/full/0/default.jpg", "full/max/0/default.jpg"},
		{"full/max/!360/default.jpg", "full/full/!0/default.jpg", "full/max/!0/default.jpg"},
		{"full/max/090.000/default.jpg", "full/full/90/default.jpg", "full/max/90/default.jpg"},
		{"full/max/22.50/default.jpg", "full/full/22.5/default.jpg", "full/max/22.5/default.jpg"},
		{"full/max/!0.50/default.jpg", "full/full/!0.5/default.jpg", "full/max/!0.5/default.jpg"},
		{"full/max/0.00001/default.jpg", "full/full/0.00001/default.jpg", "full/max/0.00001/default.jpg"},
		// Quality: default if it is that, otherwise its word. Format as it is.
		{"full/max/0/color.png", "full/full/0/default.png", "full/max/0/default.png"},
		{"full/max/0/gray.webp", "full/full/0/gray.webp", "full/max/0/gray.webp"},
		{"full/max/0/bitonal.tif", "full/full/0/bitonal.tif", "full/max/0/bitonal.tif"},
	} {
		checkCanonical(t, iiif.V2, c.in, c.v2)
		checkCanonical(t, iiif.V3, c.in, c.v3)
	}
	for in, want := range map[string]string{ // upscaled in 3.0: ^ stays (row 5)
		"full/^360,/0/default.jpg":      "full/^360,240/0/default.jpg",
		"full/^150,/0/default.jpg":      "full/150,100/0/default.jpg",
		"full/^pct:100/0/default.jpg":   "full/max/0/default.jpg",
		"full/^max/0/default.jpg":       "full/^max/0/default.jpg",
		"full/^600,400/0/default.jpg":   "full/^max/0/default.jpg",
		"full/^!900,900/0/default.jpg":  "full/^max/0/default.jpg",
		"full/^100,201/0/default.jpg":   "full/^100,201/0/default.jpg",
		"0,0,10,10/^60,/0/default.jpg":  "0,0,10,10/^60,60/0/default.jpg",
		"0,0,10,10/^600,/0/default.jpg": "0,0,10,10/^max/0/default.jpg",
	} {
		checkCanonical(t, iiif.V3, in, want)
	}
	for in, want := range map[string]string{
		"full/360,/0/default.jpg": "full/360,/0/default.jpg", "full/,400/0/default.jpg": "full/600,/0/default.jpg",
		"full/360,360/0/default.jpg": "full/360,360/0/default.jpg",
	} {
		checkCanonical(t, iiif.V2, in, want)
	}
}

func checkCanonical(t *testing.T, v iiif.Version, in, want string) {
	t.Helper()
	c, err := resolve(v, in, iiif.Info{Width: 300, Height: 200}, iiif.Limits{MaxWidth: 600})
	if err != nil || c.Path() != want {
		t.Errorf("version %v %s: %s %v, want %s", v, in, c.Path(), err, want)
	}
}

// TestCanonicalUnderLimits: max is the word for the largest size in 3.0; 2.1 has
// "w," for it unless it is full (2.1 §4.2).
func TestCanonicalUnderLimits(t *testing.T) {
	in := iiif.Info{Width: 300, Height: 200}
	for _, c := range []struct {
		v        iiif.Version
		in, want string
	}{
		{iiif.V2, "full/max/0/default.jpg", "full/150,/0/default.jpg"},
		{iiif.V3, "full/max/0/default.jpg", "full/max/0/default.jpg"},
		{iiif.V3, "full/^max/0/default.jpg", "full/max/0/default.jpg"},
		{iiif.V3, "full/150,/0/default.jpg", "full/max/0/default.jpg"},
		{iiif.V3, "full/!999,999/0/default.jpg", "full/max/0/default.jpg"},
		{iiif.V3, "0,0,10,10/max/0/default.jpg", "0,0,10,10/max/0/default.jpg"},
		{iiif.V3, "0,0,10,10/^max/0/default.jpg", "0,0,10,10/^max/0/default.jpg"},
		{iiif.V3, "0,0,10,10/^150,/0/default.jpg", "0,0,10,10/^max/0/default.jpg"},
		{iiif.V2, "0,0,10,10/150,/0/default.jpg", "0,0,10,10/150,/0/default.jpg"},
	} {
		got, err := resolve(c.v, c.in, in, iiif.Limits{MaxWidth: 150})
		if err != nil || got.Path() != c.want {
			t.Errorf("version %v %s: %s %v, want %s", c.v, c.in, got.Path(), err, c.want)
		}
	}
}

// TestQualityOfImage is the part of row 15 that is decided here: color never
// fails, and what the image has anyway is default.
func TestQualityOfImage(t *testing.T) {
	for native, want := range map[iiif.Quality]string{
		iiif.Default: "default default gray bitonal",
		iiif.Color:   "default default gray bitonal",
		iiif.Gray:    "default default default bitonal",
		iiif.Bitonal: "default default default default",
	} {
		var got []string
		for _, q := range []string{"default", "color", "gray", "bitonal"} {
			c, err := resolve(iiif.V3, "full/max/0/"+q+".jpg", iiif.Info{Width: 3, Height: 2, Native: native}, iiif.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, c.Quality.String())
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("native %v: %s, want %s", native, s, want)
		}
	}
}

func TestKey(t *testing.T) {
	in := iiif.Info{Width: 300, Height: 200}
	key := func(path, rev string) string {
		r, err := iiif.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := r.Resolve(in, iiif.Limits{MaxWidth: 600})
		if err != nil {
			t.Fatal(err)
		}
		return c.Key(rev)
	}
	const want = "a%2Fb@r1/0,0,300,200/150,100/!90/gray.jpg"
	for _, path := range []string{
		"/iiif/3/a%2Fb/full/150,/!90/gray.jpg", "/iiif/2/a%2Fb/full/150,/!90/gray.jpg", "/iiif/3/a%2fb/0,0,300,200/pct:50/!90.0/gray.jpg",
		"/iiif/2/%61%2Fb/pct:0,0,100,100/!150,900/!90/gray.jpg", "/iiif/3/a%2Fb/full/%5E150,100/%2190/gray.jpg",
	} {
		if got := key(path, "r1"); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if up2, up3 := key("/iiif/2/a/full/360,/0/default.jpg", ""), key("/iiif/3/a/full/^360,/0/default.jpg", ""); up2 != up3 {
		t.Errorf("upscaled: %s and %s", up2, up3)
	}
	seen := map[string]string{}
	for _, path := range []string{
		"/iiif/3/a/full/max/0/default.jpg", "/iiif/3/b/full/max/0/default.jpg", "/iiif/3/a/square/max/0/default.jpg", "/iiif/3/a/full/299,/0/default.jpg",
		"/iiif/3/a/full/max/!0/default.jpg", "/iiif/3/a/full/max/1/default.jpg", "/iiif/3/a/full/max/0/gray.jpg", "/iiif/3/a/full/max/0/default.png",
		"/iiif/3/a%40b/full/max/0/default.jpg", "/iiif/3/a%2Fb/full/max/0/default.jpg",
	} {
		for _, rev := range []string{"", "b", "b@", "../..", "\x00é"} {
			k := key(path, rev)
			if other := seen[k]; other != "" {
				t.Errorf("%s and %s are both %s", other, path, k)
			}
			seen[k] = path
			for _, segment := range strings.Split(k, "/") {
				if segment == "" || segment == "." || segment == ".." {
					t.Errorf("key %q has a segment %q", k, segment)
				}
			}
			if strings.ContainsAny(k, "\x00 \"\\<>?#") || !isASCII(k) {
				t.Errorf("key %q is not safe", k)
			}
		}
	}
}
