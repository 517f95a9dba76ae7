package main

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestStatistics(t *testing.T) {
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("median of three: %v", got)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("median of four: %v", got)
	}
	if got := median(nil); got != 0 {
		t.Errorf("median of none: %v", got)
	}
	var hundred []float64
	for i := 100; i > 0; i-- {
		hundred = append(hundred, float64(i))
	}
	for _, c := range []struct{ p, want float64 }{{95, 95}, {100, 100}, {0.5, 1}, {50, 50}} {
		if got := percentile(hundred, c.p); got != c.want {
			t.Errorf("percentile %v: %v, want %v", c.p, got, c.want)
		}
	}
	if got := percentile([]float64{7, 3}, 95); got != 7 {
		t.Errorf("percentile of two: %v", got)
	}
	for v, want := range map[float64]string{0: "0", 0.0123: "0.012", 0.5: "0.50", 12.34: "12.3", 25341.2: "25,341", 1234567: "1,234,567", 999: "999"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %s, want %s", v, got, want)
		}
	}
	if got := ratio(1, 1e5); got != "< 0.001 ×" {
		t.Errorf("a small ratio: %s", got)
	}
	if got := ratio(1, 0); got != "–" {
		t.Errorf("ratio to nothing: %s", got)
	}
}

func TestViews(t *testing.T) {
	p := pictures()[0]
	tile := tileViews(p, 64)[8]
	for api, want := range map[int]string{
		2: "/i/x.jpg/512,512,512,512/512,/0/default.jpg",
		3: "/i/x.jpg/512,512,512,512/512,512/0/default.jpg",
	} {
		if got := tile.path(api, "/i", "x.jpg"); got != want {
			t.Errorf("version %d: %s, want %s", api, got, want)
		}
	}
	if got := thumbViews(p)[0].path(2, "", "x"); got != "/x/full/!512,512/0/default.jpg" {
		t.Error(got)
	}
	if got := (view{}).path(3, "/iiif/3", "x"); got != "/iiif/3/x/info.json" {
		t.Error(got)
	}
	for _, p := range pictures() {
		bounds := image.Rect(0, 0, p.width, p.height)
		for _, w := range works() {
			list := w.views(p)
			if len(list) == 0 || len(list) > 72 {
				t.Errorf("%s, %s: %d views", p.title, w.key, len(list))
			}
			for _, v := range list {
				if !v.region.In(bounds) {
					t.Errorf("%s, %s: %v reaches out", p.title, w.key, v.region)
				}
			}
		}
	}
	covered := 0
	for _, v := range eighthViews(pictures()[1]) {
		covered += v.region.Dx() * v.region.Dy()
	}
	if covered != 72e6 {
		t.Errorf("the tiles at 1/8 cover %d pixels of 72 million", covered)
	}
}

func TestCheck(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 500, 281)), nil); err != nil {
		t.Fatal(err)
	}
	p := pictures()[0]
	for _, c := range []struct {
		name string
		view view
		body string
		ok   bool
	}{
		{"exact", view{w: 1, want: image.Pt(500, 281)}, b.String(), true},
		{"rounded", view{w: 1, want: image.Pt(500, 282), slack: 1}, b.String(), true},
		{"not rounded", view{w: 1, want: image.Pt(500, 282)}, b.String(), false},
		{"turned", view{w: 1, want: image.Pt(281, 500), slack: 1}, b.String(), false},
		{"no image", view{w: 1}, "<html>", false},
		{"info", view{}, `{"width":4000,"height":2250}`, true},
		{"other info", view{}, `{"width":2250,"height":4000}`, false},
		{"no info", view{}, "4000", false},
	} {
		if err := c.view.check(p, []byte(c.body)); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestColdNames: no name is asked for twice, and none that warm requests use.
func TestColdNames(t *testing.T) {
	p := pictures()[0]
	target := &target{api: 3, warm: 2, fresh: 2}
	for i := range 7 {
		target.names = append(target.names, fmt.Sprint("n", i))
	}
	w := work{cold: true, views: thumbViews}
	seen := map[string]bool{}
	for range 4 {
		paths, _ := target.requests(p, w, 2)
		for _, path := range paths {
			name := strings.Split(path, "/")[1]
			if seen[name] || name == "n0" || name == "n1" {
				t.Errorf("%s again", name)
			}
			seen[name] = true
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d of 5 names used", len(seen))
	}
}

func TestTJBench(t *testing.T) {
	// What tjbench 2.1.5 printed for a picture of this size.
	p := &picture{width: 4000, height: 2250}
	decode := []byte("Pixel JPEG\nFormat CS\n\nBGR  (TD)  YCbCr  4:2:0    4000   2250    N/A     N/A     241.8   2128\n\n")
	if got, err := tjbench(decode, 8, p); err != nil || got < 37.2 || got > 37.3 {
		t.Errorf("%v, %v", got, err)
	}
	encode := []byte("\nBGR  (TD)  4:2:0    85    4000   2250    1357    343.3   8.428   N/A\n")
	if got, err := tjbench(encode, 7, p); err != nil || got < 26.2 || got > 26.3 {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "BGR", "BGR (TD) 4:2:0 85 4000 2250 1357 N/A"} {
		if _, err := tjbench([]byte(bad), 7, p); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestPyramidInput makes a small input with the real tools and looks at it with
// another one.
func TestPyramidInput(t *testing.T) {
	for _, tool := range []string{"vips", "tiffinfo", photographs[0]} {
		_, err := exec.LookPath(tool)
		if strings.HasPrefix(tool, "/") {
			_, err = os.Stat(tool)
		}
		if err != nil {
			if os.Getenv("VITRINE_CI") == "1" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	dir := t.TempDir()
	p := &picture{title: "small", name: "s", width: 3000, height: 1700, across: 2}
	if err := makeInputs(t.Context(), dir, p, []int{256}, t.Logf); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(p.jpeg)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := jpeg.DecodeConfig(f)
	if err != nil || c.Width != 3000 || c.Height != 1700 {
		t.Errorf("the JPEG: %v, %v", c, err)
	}
	out, err := exec.Command("tiffinfo", p.tiff[256]).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Image Width: 3000 Image Length: 1700", "Tile Width: 256", "Image Width: 1500 Image Length: 850", "Compression Scheme: JPEG"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("tiffinfo does not say %q", want)
		}
	}
	before, err := os.Stat(p.jpeg)
	if err != nil {
		t.Fatal(err)
	}
	if err := makeInputs(t.Context(), dir, p, []int{256}, t.Logf); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(p.jpeg); err != nil || !os.SameFile(before, after) || after.Sys().(*syscall.Stat_t).Ino != before.Sys().(*syscall.Stat_t).Ino {
		t.Errorf("the input is made twice: %v", err)
	}
}
