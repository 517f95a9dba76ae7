package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// codecRow is a line of the codec table: one piece of work, done by our packages
// and by a native tool.
type codecRow struct {
	title, tool string
	// ours does the work once.
	ours func() error
	// native is the command; idle is the same on an image of 16 × 16, whose time is
	// that of starting the process.
	native, idle []string
	// read, if set, finds the native milliseconds in what the command prints, and
	// idle is not used. They are taken as wall time and reduced to the share of
	// it in which the process computed.
	read func(out []byte) (float64, error)
	// target is the ratio of CODECS.md that ours should stay below, 0 for none.
	target float64
	// limit is the time in milliseconds that ours should stay below, 0 for none.
	limit float64

	oursMS, nativeMS float64
	err              error
}

// oneThread keeps libvips on one core, as GOMAXPROCS(1) keeps us.
var oneThread = []string{"VIPS_CONCURRENCY=1"}

// codecTable times our packages against the native tools on p's JPEG, in turn.
func codecTable(ctx context.Context, p *picture, dir string, repetitions int, say func(string, ...any)) ([]*codecRow, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	rows, err := codecRows(ctx, p, dir)
	if err != nil {
		return nil, err
	}
	ours, native := map[*codecRow][]float64{}, map[*codecRow][]float64{}
	for rep := range repetitions {
		say("codecs, %s: repetition %d of %d", p.title, rep+1, repetitions)
		for _, r := range rows {
			if r.err != nil {
				continue
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			t, err := timeOurs(r.ours)
			if err != nil {
				r.err = err
				continue
			}
			ours[r] = append(ours[r], t)
			work, err := runCommand(ctx, oneThread, r.native[0], r.native[1:]...)
			if err != nil {
				r.err = err
				continue
			}
			if r.read != nil {
				ms, err := r.read(work.out)
				if err != nil {
					r.err = err
					continue
				}
				native[r] = append(native[r], ms*min(1, work.total.Seconds()/work.wall.Seconds()))
				continue
			}
			idle, err := runCommand(ctx, oneThread, r.idle[0], r.idle[1:]...)
			if err != nil {
				r.err = err
				continue
			}
			native[r] = append(native[r], max(0, millis(work.user-idle.user)))
		}
	}
	for _, r := range rows {
		r.oursMS, r.nativeMS = median(ours[r]), median(native[r])
	}
	return rows, nil
}

// timeOurs repeats fn for at least 60 ms and returns the user time of one call in
// milliseconds. The garbage collector's work counts.
func timeOurs(fn func() error) (float64, error) {
	runtime.GC()
	begin, wall, n := userTime(), time.Now(), 0
	for n == 0 || time.Since(wall) < 60*time.Millisecond {
		if err := fn(); err != nil {
			return 0, err
		}
		n++
	}
	return millis(userTime()-begin) / float64(n), nil
}

// userTime is the user time of this process.
func userTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano())
}

// codecRows prepares the inputs of the table below dir.
func codecRows(ctx context.Context, p *picture, dir string) ([]*codecRow, error) {
	file := func(name string) string { return filepath.Join(dir, name) }
	out := file("out")
	var err error
	run := func(name string, args ...string) {
		if err == nil {
			_, err = runCommand(ctx, nil, name, args...)
		}
	}
	// The same for whole pictures and for images of 16 × 16.
	run("vips", "crop", p.jpeg, file("idle.jpg")+"[Q=90,subsample_mode=on]", "0", "0", "16", "16")
	for name, jpg := range map[string]string{"full": p.jpeg, "idle": file("idle.jpg")} {
		run("djpeg", "-outfile", file(name+".ppm"), jpg)
		run("vips", "copy", jpg, file(name+".v"))
	}
	run("vips", "crop", p.jpeg, file("two.v"), "512", "0", "2048", "2048")
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(p.jpeg)
	if err != nil {
		return nil, err
	}
	decode := func(scale int) (jpeg.Picture, error) {
		return jpeg.Decode(bytes.NewReader(data), jpeg.DecodeOptions{Scale: scale})
	}
	whole, err := decode(1)
	if err != nil {
		return nil, err
	}
	index, err := jpeg.BuildIndex(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	square, err := pixel.Crop(whole.Image, 512, 0, 2048, 2048)
	if err != nil {
		return nil, err
	}
	square, colours := pixel.ToRGB(square), pixel.ToRGB(whole.Image)
	encoder := codec.New(codec.Config{})
	w, h := p.width/4, p.height/4
	resize := func(m *pixel.Image, w, h int) (*pixel.Image, error) {
		return pixel.Resize(m, pixel.Window{W: float64(m.Width), H: float64(m.Height)}, w, h, pixel.Lanczos3)
	}
	thumb := thumbViews(p)[0].want
	// As render does: a scaled decode that is at least as large, then the rest.
	scale := 1
	for scale < 8 && p.width/(scale*2) >= thumb.X {
		scale *= 2
	}
	// In the middle: tools that decode from the top are at half their way there.
	corner := image.Pt(p.width/1024*512, p.height/1024*512)
	tile := image.Rectangle{corner, corner.Add(image.Pt(512, 512))}
	null := func(name string) string { return out + name }
	return []*codecRow{
		{
			title: "JPEG decode to YCbCr planes", tool: "tjbench -yuv", target: 1.2,
			ours:   func() error { _, err := decode(1); return err },
			native: []string{"tjbench", p.jpeg, "-yuv", "-nowrite", "-quiet", "-benchtime", "0.3", "-warmup", "0.05"},
			read:   func(out []byte) (float64, error) { return tjbench(out, 8, p) },
		}, {
			title: "JPEG decode to RGB", tool: "djpeg",
			ours: func() error {
				m, err := decode(1)
				if err == nil {
					pixel.ToRGB(m.Image)
				}
				return err
			},
			native: []string{"djpeg", "-outfile", os.DevNull, p.jpeg}, idle: []string{"djpeg", "-outfile", os.DevNull, file("idle.jpg")},
		}, {
			title: "JPEG decode at 1/8 (djpeg: to RGB)", tool: "djpeg -scale 1/8",
			ours:   func() error { _, err := decode(8); return err },
			native: []string{"djpeg", "-scale", "1/8", "-outfile", os.DevNull, p.jpeg},
			idle:   []string{"djpeg", "-scale", "1/8", "-outfile", os.DevNull, file("idle.jpg")},
		}, {
			title: "JPEG encode of YCbCr planes, Q 85", tool: "tjbench -yuv", target: 1.5,
			ours: func() error { return jpeg.Encode(io.Discard, whole.Image, jpeg.EncodeOptions{Quality: 85}) },
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
			title: fmt.Sprintf("downscale to %d × %d, Lanczos (ours 4:2:0)", w, h), tool: "vips resize", target: 0.6,
			ours:   func() error { _, err := resize(whole.Image, w, h); return err },
			native: []string{"vips", "resize", file("full.v"), null(".v"), "0.25"},
			idle:   []string{"vips", "resize", file("idle.v"), null("i.v"), "0.25"},
		}, {
			title: "`!512,512` from the JPEG", tool: "vipsthumbnail", target: 0.6,
			ours: func() error {
				m, err := decode(scale)
				if err != nil {
					return err
				}
				small, err := resize(m.Image, thumb.X, thumb.Y)
				if err != nil {
					return err
				}
				return jpeg.Encode(io.Discard, small, jpeg.EncodeOptions{Quality: 85})
			},
			native: []string{"vipsthumbnail", p.jpeg, "--size", "512", "-o", null(".jpg[Q=85]")},
			idle:   []string{"vipsthumbnail", file("idle.jpg"), "--size", "512", "-o", null("i.jpg[Q=85]")},
		}, {
			title: "512 tile of the JPEG, index at hand", tool: "vips crop", limit: 0.1,
			ours: func() error {
				_, err := index.Tile(bytes.NewReader(data), tile, jpeg.TileOptions{})
				return err
			},
			native: []string{
				"vips", "crop", p.jpeg, null("t.jpg[Q=85]"),
				strconv.Itoa(tile.Min.X), strconv.Itoa(tile.Min.Y), "512", "512",
			},
			idle: []string{"vips", "crop", file("idle.jpg"), null("i.jpg[Q=85]"), "0", "0", "16", "16"},
		}, {
			title: "index of the JPEG (first touch)", tool: "vips crop (same tile)", limit: 100,
			ours: func() error {
				_, err := jpeg.BuildIndex(bytes.NewReader(data), int64(len(data)))
				return err
			},
			native: []string{
				"vips", "crop", p.jpeg, null("t.jpg[Q=85]"),
				strconv.Itoa(tile.Min.X), strconv.Itoa(tile.Min.Y), "512", "512",
			},
			idle: []string{"vips", "crop", file("idle.jpg"), null("i.jpg[Q=85]"), "0", "0", "16", "16"},
		}, {
			title: "PNG encode, 2048 × 2048", tool: "vips pngsave, level 6", target: 0.6,
			ours: func() error {
				_, err := encoder.Encode(ctx, square, codec.EncodeOptions{Format: "png"})
				return err
			},
			native: []string{"vips", "pngsave", file("two.v"), null(".png"), "--compression", "6"},
			idle:   []string{"vips", "pngsave", file("idle.v"), null("i.png"), "--compression", "6"},
		},
	}, nil
}

// tjbench takes a column of the last line that tjbench prints with -quiet, in
// megapixels per second, and returns the milliseconds for p.
func tjbench(out []byte, column int, p *picture) (float64, error) {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	f := bytes.Fields(lines[len(lines)-1])
	if len(f) <= column {
		return 0, fmt.Errorf("tjbench prints %q", lines[len(lines)-1])
	}
	rate, err := strconv.ParseFloat(string(f[column]), 64)
	if err != nil || rate <= 0 {
		return 0, fmt.Errorf("tjbench prints %q", lines[len(lines)-1])
	}
	return float64(p.width) * float64(p.height) / rate / 1000, nil
}

// ingestRow compares making a pyramid: time of all cores and peak memory.
type ingestRow struct {
	title        string
	ours, native usage
}

// ingestTable runs `vitrine ingest` and vips tiffsave on p's JPEG.
func ingestTable(ctx context.Context, p *picture, binary, dir string, tile int) (*ingestRow, error) {
	src := filepath.Join(dir, "ingest-source")
	if err := os.MkdirAll(src, 0o755); err != nil {
		return nil, err
	}
	if err := os.Link(p.jpeg, filepath.Join(src, p.name+".jpg")); err != nil {
		return nil, err
	}
	r := &ingestRow{title: p.title}
	var err error
	if r.ours, err = runCommand(ctx, nil, binary, "ingest", src, "--store", filepath.Join(dir, "ingest-store")); err != nil {
		return nil, err
	}
	r.native, err = runCommand(ctx, nil, "vips", tiffsave(p.jpeg, filepath.Join(dir, "ingest.tif"), tile)...)
	return r, err
}
