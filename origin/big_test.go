package main

import (
	"encoding/json"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

const container = 512 << 20

// TestBigImages: a process confined to 512 MiB opens and serves pyramids of 10 GB,
// ours and a foreign one, and JPEGs of 4 gigapixels with and without restart
// markers, from one folder, one by one and 16 at a time; the pixels are those that
// libvips and libjpeg find at the same place.
func TestBigImages(t *testing.T) {
	dir := t.TempDir()
	ourBig(t, filepath.Join(dir, "ours.tif"))
	foreignBig(t, filepath.Join(dir, "foreign.tif"), atEnd)
	plain, restarting := newStrips(t)
	bigJPEG(t, filepath.Join(dir, "plain.jpg"), plain, false)
	bigJPEG(t, filepath.Join(dir, "restarts.jpg"), restarting, true)

	group := memoryGroup(t, container)
	args, procs := []string{"--source", dir, "--cache", t.TempDir()}, filepath.Join(group, "cgroup.procs")
	if group == "" {
		t.Log("no memory cgroup can be made here: the same settings by hand, and the peak of resident memory counts")
		s := settings{Memory: 768 << 20, SourceCache: 64 << 20, MaxArea: 10e6}
		s.fit(container)
		args, procs = append(args, fmt.Sprint("--memory=", int64(s.Memory)), fmt.Sprint("--max-area=", s.MaxArea)), ""
	}
	c := &bigClient{t: t, process: launchIn(t, procs, args...), dir: dir}

	for _, name := range []string{"ours.tif", "foreign.tif"} {
		c.dimensions(name, bigWidth, bigHeight)
		for _, p := range c.pyramidCases(name) {
			c.check(name, p)
		}
	}
	for name, s := range map[string]strips{"plain.jpg": plain, "restarts.jpg": restarting} {
		c.dimensions(name, jpegWidth, jpegHeight)
		for _, p := range c.jpegCases(s) {
			c.check(name, p)
		}
	}
	c.together()

	peak := c.process.memory(t, "VmHWM")
	t.Logf("peak of resident memory %d MiB", peak>>20)
	if peak >= container {
		t.Errorf("peak of resident memory %d MiB", peak>>20)
	}
	if group != "" && kills(t, group) != 0 {
		t.Error("the kernel had to end a process")
	}
	select {
	case err := <-c.process.exit:
		t.Errorf("the process ended: %v", err)
	default:
	}
}

// bigCase is a request and the picture that it must give.
type bigCase struct {
	request string // region and size
	format  string
	want    string  // a file that libvips reads
	mean    float64 // most difference on average, of 255; 0 is to the bit
}

type bigClient struct {
	t       *testing.T
	process *process
	dir     string
	asked   []string
}

// get returns the answer and how long it took.
func (c *bigClient) get(path string) ([]byte, time.Duration) {
	c.t.Helper()
	begin := time.Now()
	res, err := http.Get(c.process.base + "/iiif/3/" + path)
	if err != nil {
		c.t.Errorf("%s: %v", path, err)
		return nil, 0
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		c.t.Errorf("%s: status %d, %v: %.200s", path, res.StatusCode, err, body)
	}
	return body, time.Since(begin)
}

func (c *bigClient) dimensions(name string, w, h int) {
	c.t.Helper()
	body, took := c.get(name + "/info.json")
	var info struct{ Width, Height int }
	if err := json.Unmarshal(body, &info); err != nil || info.Width != w || info.Height != h {
		c.t.Errorf("%s: %d × %d, want %d × %d: %v", name, info.Width, info.Height, w, h, err)
	}
	c.t.Logf("%-12s %-32s %7.1f ms", name, "info.json", float64(took.Microseconds())/1000)
}

func (c *bigClient) check(name string, p bigCase) {
	c.t.Helper()
	path := name + "/" + p.request + "/0/default." + p.format
	first, took := c.get(path)
	_, again := c.get(path)
	c.asked = append(c.asked, path)
	got := filepath.Join(c.t.TempDir(), "got."+p.format)
	if err := os.WriteFile(got, first, 0o600); err != nil {
		c.t.Fatal(err)
	}
	if p.mean == 0 {
		got = plainPixels(c.t, got)
	}
	mean := c.difference(got, p.want)
	c.t.Logf("%-12s %-32s %7.1f ms, cached %.1f ms, mean difference %.2f", name, p.request,
		float64(took.Microseconds())/1000, float64(again.Microseconds())/1000, mean)
	if mean > p.mean {
		c.t.Errorf("%s %s: mean difference %.2f, at most %.2f", name, p.request, mean, p.mean)
	}
}

// difference returns the mean difference of two pictures as libvips reads them,
// 255 when their sizes differ.
func (c *bigClient) difference(a, b string) float64 {
	c.t.Helper()
	got, want := c.pixels(a), c.pixels(b)
	if got.w != want.w || len(got.pix) != len(want.pix) {
		c.t.Errorf("%d bytes of rows of %d, want %d of %d", len(got.pix), got.w, len(want.pix), want.w)
		return 255
	}
	sum := 0
	for i, v := range got.pix {
		sum += max(int(v)-int(want.pix[i]), int(want.pix[i])-int(v))
	}
	return float64(sum) / float64(len(got.pix))
}

// pixels returns a picture of three bands.
func (c *bigClient) pixels(file string) raster {
	c.t.Helper()
	if filepath.Ext(file) != ".ppm" {
		out := filepath.Join(c.t.TempDir(), "pixels.ppm")
		tool(c.t, "vips", "copy", file, out)
		file = out
	}
	b, err := os.ReadFile(file)
	if err != nil {
		c.t.Fatal(err)
	}
	return readPPM(c.t, b)
}

// vips makes a picture that is expected.
func (c *bigClient) vips(operation, in string, args ...string) string {
	c.t.Helper()
	out := filepath.Join(c.t.TempDir(), "want.ppm")
	tool(c.t, "vips", append([]string{operation, in, out}, args...)...)
	return out
}

func (c *bigClient) crop(in string, r image.Rectangle) string {
	c.t.Helper()
	return c.vips("crop", in, strconv.Itoa(r.Min.X), strconv.Itoa(r.Min.Y), strconv.Itoa(r.Dx()), strconv.Itoa(r.Dy()))
}

func rect(x, y, w, h int) image.Rectangle { return image.Rect(x, y, x+w, y+h) }

// pyramidCases are requests whose pixels are in one level of a pyramid.
func (c *bigClient) pyramidCases(name string) []bigCase {
	level := func(i int) string { return filepath.Join(c.dir, name) + fmt.Sprintf("[page=%d]", i) }
	cases := []bigCase{
		{"249344,199168,512,512/max", "jpg", c.crop(level(0), rect(249344, 199168, 512, 512)), 1},
		{"249856,199680,144,320/max", "jpg", c.crop(level(0), rect(249856, 199680, 144, 320)), 2},
		{"245760,192512,4096,4096/512,", "jpg", c.crop(level(3), rect(30720, 24064, 512, 512)), 1},
		{"248001,198003,900,700/max", "jpg", c.crop(level(0), rect(248001, 198003, 900, 700)), 2.5},
		{"full/!512,512", "jpg", c.vips("thumbnail", level(8), "512", "--height", "410", "--size", "force"), 4},
	}
	if name == "foreign.tif" {
		// A tile that is not stored.
		black := filepath.Join(c.t.TempDir(), "black.ppm")
		tool(c.t, "vips", "black", black, "256", "256", "--bands", "3")
		cases = append(cases, bigCase{"256,512,256,256/max", "jpg", black, 0.5})
	}
	return cases
}

// jpegCases are requests of a large JPEG; what it shows follows from its strips.
func (c *bigClient) jpegCases(s strips) []bigCase {
	t := c.t
	t.Helper()
	// Without interpolation of chroma: what is copied must be the same to the bit.
	photo := djpeg(t, s[1], "-nosmooth", "-dct", "int")
	eighths := [2]raster{djpeg(t, s[0], "-scale", "1/8"), djpeg(t, s[1], "-scale", "1/8")}
	// at returns the rows of the whole picture at a scale whose strips are given.
	at := func(y, high int) (gray bool, row int) { return !photographic(y / (8 * high)), y % high }
	full := func(x, y, w, h int) string {
		return draw(t, w, h, func(u, v int) []byte {
			gray, row := at(y+v, stripHeight)
			if gray {
				t.Fatal("a gray strip is not expected here")
			}
			return photo.at(x+u, row)
		})
	}
	eighth := func(x, y int) []byte {
		gray, row := at(y, stripHeight/8)
		if gray {
			return eighths[0].at(x, row)
		}
		return eighths[1].at(x, row)
	}
	const w64, h64 = jpegWidth / 64, jpegHeight / 64
	small := draw(t, w64, h64, func(x, y int) []byte {
		var sum [3]int
		for i := range 64 {
			for k, v := range eighth(8*x+i%8, 8*y+i/8) {
				sum[k] += int(v)
			}
		}
		return []byte{byte(sum[0] / 64), byte(sum[1] / 64), byte(sum[2] / 64)}
	})
	return []bigCase{
		{"65024,60928,476,512/max", "jpg", full(65024, 60928, 476, 512), 0},
		{"57344,40960,4096,4096/512,", "jpg", draw(t, 512, 512, func(x, y int) []byte { return eighth(7168+x, 5120+y) }), 3},
		{"60001,58003,900,700/max", "png", full(60001, 58003, 900, 700), 2},
		{"0,0,32768,32768/512,", "jpg", c.crop(small, rect(0, 0, 512, 512)), 4},
		{"full/!512,512", "jpg", c.vips("resize", small, fmt.Sprint(512./w64), "--vscale", "0.5"), 5},
	}
}

// plainPixels decodes a JPEG without interpolation of chroma.
func plainPixels(t *testing.T, file string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "pixels.ppm")
	tool(t, "djpeg", "-nosmooth", "-dct", "int", "-outfile", out, file)
	return out
}

// raster is a picture of three bytes per pixel.
type raster struct {
	w   int
	pix []byte
}

func (r raster) at(x, y int) []byte { return r.pix[(y*r.w+x)*3:][:3] }

// djpeg returns what libjpeg's decoder makes of a file.
func djpeg(t *testing.T, file string, options ...string) raster {
	t.Helper()
	return readPPM(t, tool(t, "djpeg", append(options, file)...))
}

var ppmHead = regexp.MustCompile(`^P6\s(?:#[^\n]*\n)*(\d+)\s(\d+)\s255\s`)

func readPPM(t *testing.T, b []byte) (r raster) {
	t.Helper()
	head := ppmHead.FindSubmatch(b[:min(len(b), 200)])
	if head == nil {
		t.Fatalf("not a PPM: %q", b[:min(len(b), 40)])
	}
	r.w, _ = strconv.Atoi(string(head[1]))
	h, _ := strconv.Atoi(string(head[2]))
	if r.pix = b[len(head[0]):]; len(r.pix) != 3*r.w*h {
		t.Fatalf("%d bytes of %d × %d pixels", len(r.pix), r.w, h)
	}
	return r
}

// draw writes a picture of w × h pixels as a file.
func draw(t *testing.T, w, h int, pixel func(x, y int) []byte) string {
	t.Helper()
	b := fmt.Appendf(nil, "P6\n%d %d\n255\n", w, h)
	for i := range w * h {
		b = append(b, pixel(i%w, i/w)...)
	}
	name := filepath.Join(t.TempDir(), "drawn.ppm")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// together asks for a mixture of all kinds of answers, most of them new, 16 at a
// time.
func (c *bigClient) together() {
	c.t.Helper()
	rnd := rand.New(rand.NewPCG(7, 8))
	paths := append([]string(nil), c.asked...)
	add := func(name, format string, args ...any) {
		paths = append(paths, name+"/"+fmt.Sprintf(format, args...)+"/0/default.jpg")
	}
	for range 24 {
		// Of ours, the far corner is there.
		add("ours.tif", "%d,%d,512,512/max", 512*(483+rnd.IntN(5)), 512*(385+rnd.IntN(5)))
		add("ours.tif", "%d,%d,900,700/450,", 247_500+rnd.IntN(1600), 197_300+rnd.IntN(2000))
		x, y := rnd.IntN(976), rnd.IntN(781)
		add("foreign.tif", "%d,%d,256,256/max", 256*x, 256*y)
		add("foreign.tif", "%d,%d,%d,900/500,", 256*x/2+1, 256*y/2+7, 1000)
		add("foreign.tif", "%d,%d,16384,16384/256,", 16384*rnd.IntN(15), 16384*rnd.IntN(12))
		for _, name := range []string{"plain.jpg", "restarts.jpg"} {
			add(name, "%d,%d,512,512/max", 512*rnd.IntN(127), 512*rnd.IntN(120))
			add(name, "%d,%d,4096,4096/512,", 4096*rnd.IntN(15), 4096*rnd.IntN(15))
			add(name, "%d,%d,1000,800/!400,400", rnd.IntN(64_000), rnd.IntN(60_000))
		}
	}
	add("plain.jpg", "%d,%d,32768,28672/512,", 32732, 32768)
	add("restarts.jpg", "%d,%d,16384,16384/512,", 32768, 32768)
	next := make(chan string)
	times := make([][]time.Duration, 16)
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range times {
		wg.Go(func() {
			for path := range next {
				_, took := c.get(path)
				times[i] = append(times[i], took)
			}
		})
	}
	for _, path := range paths {
		next <- path
	}
	close(next)
	wg.Wait()
	all := slices.Sorted(slices.Values(slices.Concat(times...)))
	c.t.Logf("%d requests, 16 at a time, in %.1f s: median %d ms, slowest %d ms", len(paths), time.Since(begin).Seconds(),
		all[len(all)/2].Milliseconds(), all[len(all)-1].Milliseconds())
}
