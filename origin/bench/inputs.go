package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// photographs of Debian's wallpaper packages (mate-backgrounds,
// plasma-workspace-wallpapers), all at least 2560 × 1600.
var photographs = []string{
	"/usr/share/backgrounds/mate/nature/Garden.jpg",
	"/usr/share/backgrounds/mate/nature/YellowFlower.jpg",
	"/usr/share/backgrounds/mate/nature/LadyBird.jpg",
	"/usr/share/backgrounds/mate/nature/Wood.jpg",
	"/usr/share/wallpapers/Autumn/contents/images/2560x1600.jpg",
	"/usr/share/wallpapers/FallenLeaf/contents/images/2560x1600.jpg",
	"/usr/share/wallpapers/PastelHills/contents/images/3200x2000.jpg",
	"/usr/share/backgrounds/mate/nature/TwoWings.jpg",
	"/usr/share/wallpapers/EveningGlow/contents/images/2560x1600.jpg",
	"/usr/share/backgrounds/mate/nature/Aqua.jpg",
	"/usr/share/wallpapers/BytheWater/contents/images/2560x1600.jpg",
	"/usr/share/wallpapers/ColorfulCups/contents/images/2560x1600.jpg",
}

// recipe is part of every input's name: inputs of an older one are made anew.
const recipe = "v2"

// picture is one input: the same pixels in several files.
type picture struct {
	// title is the size in words, as tables name it.
	title         string
	name          string
	width, height int
	// across is the number of photographs side by side.
	across int
	// jpeg and tiff are the files; tiff is by tile size.
	jpeg string
	tiff map[int]string
}

// pictures are all inputs, small first.
func pictures() []*picture {
	return []*picture{
		{title: "9 MP", name: "p9", width: 4000, height: 2250, across: 2},
		{title: "72 MP", name: "p72", width: 10000, height: 7200, across: 4},
		{title: "1 GP", name: "p1g", width: 33000, height: 31000, across: 4},
	}
}

// makeInputs makes the files of p below dir where they are missing, from
// photographs laid side by side at their own resolution. Wallpapers are smooth;
// grain of the strength of a camera's or scanner's brings the bits per pixel to
// what scans have.
func makeInputs(ctx context.Context, dir string, p *picture, tiles []int, say func(string, ...any)) error {
	dir = filepath.Join(dir, "inputs-"+recipe)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	p.jpeg = filepath.Join(dir, p.name+".jpg")
	if err := once(p.jpeg, func(out string) error {
		say("making %s (%d × %d)", p.jpeg, p.width, p.height)
		return makeJPEG(ctx, p, out)
	}); err != nil {
		return err
	}
	p.tiff = map[int]string{}
	for _, t := range tiles {
		p.tiff[t] = filepath.Join(dir, fmt.Sprintf("%s-%d.tif", p.name, t))
		if err := once(p.tiff[t], func(out string) error {
			say("making %s", p.tiff[t])
			_, err := runCommand(ctx, nil, "vips", tiffsave(p.jpeg, out, t)...)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// tiffsave are the arguments for the pyramid that other servers want.
func tiffsave(in, out string, tile int) []string {
	t := strconv.Itoa(tile)
	return []string{"tiffsave", in, out, "--tile", "--pyramid", "--compression", "jpeg", "--Q", "85",
		"--tile-width", t, "--tile-height", t}
}

// once makes a file under a temporary name, unless it exists.
func once(path string, produce func(out string) error) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	tmp := filepath.Join(filepath.Dir(path), "making-"+filepath.Base(path))
	defer os.Remove(tmp)
	if err := produce(tmp); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// makeJPEG composes p and writes it as 4:2:0 at quality 90.
func makeJPEG(ctx context.Context, p *picture, out string) error {
	tmp, err := os.MkdirTemp(filepath.Dir(out), "compose-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	file := func(name string) string { return filepath.Join(tmp, name) }
	vips := func(args ...string) {
		if err == nil {
			_, err = runCommand(ctx, nil, "vips", args...)
		}
	}
	var parts []string
	for _, path := range photographs {
		if _, e := os.Stat(path); e != nil {
			continue
		}
		part := file(fmt.Sprintf("part%d.v", len(parts)))
		vips("thumbnail", path, part, "2560", "--height", "1600", "--size", "both", "--crop", "centre")
		parts = append(parts, part)
	}
	if len(parts) < 4 {
		return errors.New("fewer than four photographs are installed: run .ci/bench-deps")
	}
	joined := ""
	rows := min(5, (p.height+1599)/1600)
	for i := range p.across * rows {
		joined += parts[i%len(parts)] + " "
	}
	// What is larger than the joined photographs repeats them.
	w, h := min(p.width, p.across*2560), min(p.height, rows*1600)
	vips("arrayjoin", joined, file("joined.v"), "--across", strconv.Itoa(p.across))
	vips("crop", file("joined.v"), file("part.v"), "0", "0", strconv.Itoa(w), strconv.Itoa(h))
	vips("gaussnoise", file("grain.v"), strconv.Itoa(w), strconv.Itoa(h), "--mean", "0", "--sigma", "8", "--seed", "1")
	vips("add", file("part.v"), file("grain.v"), file("sum.v"))
	vips("cast", file("sum.v"), file("whole.v"), "uchar")
	vips("replicate", file("whole.v"), file("wide.v"), strconv.Itoa((p.width+w-1)/w), strconv.Itoa((p.height+h-1)/h))
	for _, f := range append(parts, file("joined.v"), file("part.v"), file("grain.v"), file("sum.v"), file("whole.v")) {
		os.Remove(f)
	}
	vips("crop", file("wide.v"), out+"[Q=90,subsample_mode=on,strip]", "0", "0", strconv.Itoa(p.width), strconv.Itoa(p.height))
	return err
}
