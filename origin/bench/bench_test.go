package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
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
	if got := ratio(1, 0); got != "–" {
		t.Errorf("ratio to nothing: %s", got)
	}
}

func TestParseStat(t *testing.T) {
	// proc(5): the name may hold anything.
	line := "4242 (a b) c) (d) S 1 4242 4242 0 -1 4194560 100 0 0 0 123 45 6 7 20 0 5 0 100 1000 10 18446744073709551615"
	got, err := parseStat(line)
	if err != nil || got != 1680*time.Millisecond {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "1 (x", "1 (x) S 1 2 3", strings.Replace(line, "123", "x", 1)} {
		if _, err := parseStat(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestCPU compares a busy process's reading with what the kernel reports at its end.
func TestCPU(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := start(t.TempDir()+"/log", nil, "sh", "-c", "while :; do :; done & wait")
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			p.stop()
		}
	}()
	var pids []int
	for deadline := time.Now().Add(5 * time.Second); len(pids) < 2 && time.Now().Before(deadline); {
		pids = p.pids()
	}
	if len(pids) != 2 {
		t.Fatalf("the shell and its child are %v", pids)
	}
	before, err := readCPU(pids)
	if err != nil {
		t.Fatal(err)
	}
	var after cpuReading
	for deadline := time.Now().Add(20 * time.Second); ; {
		if after, err = readCPU(pids); err != nil {
			t.Fatal(err)
		}
		if after.ticks-before.ticks >= 200*time.Millisecond || time.Now().After(deadline) {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	ticks, fine := after.ticks-before.ticks, after.since(before)
	if diff := (ticks - fine).Abs(); ticks < 200*time.Millisecond || diff > 50*time.Millisecond {
		t.Errorf("the two clocks say %v and %v", ticks, fine)
	}
	// A thread that ended is only in the ticks.
	before.threads[-1] = time.Hour
	if got := after.since(before); got != ticks {
		t.Errorf("with a thread ended: %v, want %v", got, ticks)
	}
	p.stop()
	stopped = true
	for _, pid := range pids {
		gone := false
		for deadline := time.Now().Add(5 * time.Second); !gone && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			gone = err != nil || strings.Contains(string(text), ") Z ")
		}
		if !gone {
			t.Errorf("process %d survives stop", pid)
		}
	}
}

func TestProcessThatFails(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := start(t.TempDir()+"/log", nil, "sh", "-c", "echo no such port >&2; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	addr, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ready(t.Context(), addr); err == nil || !strings.Contains(err.Error(), "no such port") {
		t.Errorf("ready: %v", err)
	}
}

// TestLoad runs the client against the server of net/http.
func TestLoad(t *testing.T) {
	var served, busy, most atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/length", func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		most.Store(max(most.Load(), busy.Add(1)))
		time.Sleep(2 * time.Millisecond)
		busy.Add(-1)
		io.WriteString(w, "twelve bytes")
	})
	mux.HandleFunc("/chunks", func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		for range 3 {
			io.WriteString(w, strings.Repeat("x", 70000))
			w.(http.Flusher).Flush()
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	addr := strings.TrimPrefix(server.URL, "http://")
	l := load{addr: addr, paths: []string{"/length", "/chunks"}, conns: 4, count: 41, time: time.Minute}
	l.lengths = map[string]int{"/length": 12, "/chunks": 210000}
	var seen int
	l.seen = func(i int, body []byte) error {
		seen++
		if want := []int{12, 210000}[i%2]; len(body) != want {
			return fmt.Errorf("answer %d has %d bytes", i, len(body))
		}
		return nil
	}
	r, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := served.Load(); n != 41 || len(r.latency) != 41 || seen != 41 {
		t.Errorf("%d served, %d timed, %d seen", n, len(r.latency), seen)
	}
	if m := most.Load(); m < 2 || m > 4 {
		t.Errorf("%d at one time, 4 connections", m)
	}

	l.seen = nil
	l.lengths = map[string]int{"/length": 13}
	if _, err := l.run(t.Context()); err == nil {
		t.Error("an answer of another length is taken")
	}
	l.paths, l.lengths = []string{"/nothing"}, nil
	if _, err := l.run(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("status 404: %v", err)
	}
	l.paths, l.count, l.time = []string{"/length"}, 1<<20, 30*time.Millisecond
	if r, err := l.run(t.Context()); err != nil || len(r.latency) < 4 || r.wall > 10*time.Second {
		t.Errorf("a run of 30 ms: %d requests in %v, %v", len(r.latency), r.wall, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	l.time = time.Minute
	if _, err := l.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	l.addr = "192.0.2.1:80"
	if _, err := l.run(t.Context()); err == nil {
		t.Error("it sends requests to other machines")
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

// sampleReport has a value that is the peer's, one that is missing and a name to
// escape.
func sampleReport() *report {
	r := &report{
		date: "2026-01-02", machine: `<"A & B">`, load: "0.1", versions: []string{"x 1"},
		plan: plan{repetitions: 3, conns: []int{1, 16}, tiles: []int{512}}, pictures: pictures()[:1],
		results: results{cells: map[cellKey]cell{}},
	}
	r.results.cells[cellKey{"p9", formJPEG, "tile", "Vitrine", 1}] = cell{p50: 1, p95: 2, rate: 1000, cpu: 0.5, requests: 10}
	r.results.cells[cellKey{"p9", "tiff512", "tile", "IIPImage", 1}] = cell{p50: 4, p95: 5, rate: 250, cpu: 2, requests: 10}
	r.results.cells[cellKey{"p9", formJPEG, "tile", "nginx", 1}] = cell{p50: 1, p95: 2, rate: 2000, cpu: 0.1, requests: 10}
	r.codecs = []codecPart{{r.pictures[0], []*codecRow{
		{title: "met", tool: "t", target: 1, oursMS: 1, nativeMS: 2},
		{title: "missed", tool: "t", target: 1, oursMS: 3, nativeMS: 2},
		{title: "failed", tool: "t", err: errors.New("gone")},
	}}}
	r.ingest = []*ingestRow{{title: "9 MP", ours: usage{total: time.Second, memory: 1e8}, native: usage{total: 2 * time.Second, memory: 2e8}}}
	return r
}

func TestMarkdown(t *testing.T) {
	text := sampleReport().markdown()
	for _, want := range []string{
		"| met | 1.00 | 2.00 | t | 0.50 × | ≤ 1.00 × | met |",
		"| missed | 3.00 | 2.00 | t | 1.50 × | ≤ 1.00 × | missed |",
		"| 512 tile, scale 1 | 0.50 | 2.00 | **4.00 ×** | 1.00 / 2.00 | 4.00 / 5.00 | 1,000 | 250 | **4.00 ×** |",
		"| plain JPEG | 1 | 1,000 | 2,000 | – | **0.50 ×** | **–** | 0.50 | 0.10 | – |",
		"IIPImage serves the libvips pyramid",
		"| 9 MP | 1.00 | 100 | 2.00 | 200 | 0.50 × |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the report:\n%s", want, text)
		}
	}
	columns := 0
	for line := range strings.Lines(text) {
		n := strings.Count(line, "|")
		if n > 0 && columns > 0 && n != columns {
			t.Errorf("%d cells, then %d: %s", columns, n, line)
		}
		columns = n
	}
}

func TestChart(t *testing.T) {
	svg := sampleReport().chart()
	d := xml.NewDecoder(bytes.NewReader(svg))
	bars, text := 0, ""
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			for _, a := range e.Attr {
				if a.Name.Local == "rx" && a.Value == "1.5" {
					bars++
				}
			}
		case xml.CharData:
			text += string(e)
		}
	}
	if bars != 2 {
		t.Errorf("%d bars, 2 values", bars)
	}
	for _, want := range []string{`<"A & B">`, "0.50", "2.00", "IIPImage, libvips pyramid"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the chart", want)
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
