package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// builder makes what a run needs.
type builder struct {
	module, dir string
}

// command runs a program in a folder of the module and returns what it prints.
func (b *builder) command(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = b.module
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %.400s", strings.Join(cmd.Args, " "), err, out)
	}
	return out, nil
}

// build builds the Worker as it is deployed, and the program that makes pyramids.
func (b *builder) build(ctx context.Context) error {
	if _, err := os.Stat(b.workerd()); err != nil {
		if _, err := b.command(ctx, "npm", "ci", "--prefix", "edge", "--no-audit", "--no-fund", "--loglevel=error"); err != nil {
			return err
		}
	}
	if _, err := b.command(ctx, ".ci/edge"); err != nil {
		return err
	}
	_, err := b.command(ctx, "go", "build", "-o", filepath.Join(b.dir, "vitrine"), "./origin")
	return err
}

func (b *builder) workerd() string { return filepath.Join(b.module, "edge/node_modules/.bin/workerd") }

// program is the file of workerd: its name in npm is a script of Node.
func (b *builder) program() (string, error) {
	found, _ := filepath.Glob(filepath.Join(b.module, "edge/node_modules/@cloudflare/workerd-*/bin/workerd"))
	if len(found) != 1 {
		return "", errors.New("there is no workerd for this machine in edge/node_modules")
	}
	return found[0], nil
}

func (b *builder) workerdVersion(ctx context.Context) (string, error) {
	program, err := b.program()
	if err != nil {
		return "", err
	}
	out, err := b.command(ctx, program, "--version")
	return strings.TrimSpace(string(out)), err
}

// The picture: 12 megapixels in six levels.
const (
	pictureWidth, pictureHeight = 4000, 3000
	tileSize                    = 512
	pictureLevels               = 6
)

// pyramid draws a picture and returns its pyramid, which vitrine ingest makes. Its
// tiles are as large as those of photographs, 30 to 50 KB.
func (b *builder) pyramid(ctx context.Context) ([]byte, error) {
	m := image.NewYCbCr(image.Rect(0, 0, pictureWidth, pictureHeight), image.YCbCrSubsampleRatio420)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range m.Y {
		x, y := i%m.YStride, i/m.YStride
		m.Y[i] = uint8(128 + 70*math.Sin(float64(x)/90)*math.Cos(float64(y)/70) + 16*r.NormFloat64())
	}
	for i := range m.Cb {
		x, y := i%m.CStride, i/m.CStride
		m.Cb[i], m.Cr[i] = uint8(128+40*math.Sin(float64(x)/200)), uint8(128+40*math.Cos(float64(y)/150))
	}
	images, store := filepath.Join(b.dir, "images"), filepath.Join(b.dir, "store")
	if err := os.Mkdir(images, 0o755); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(images, "picture.jpg"))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(jpeg.Encode(f, m, &jpeg.Options{Quality: 80}), f.Close()); err != nil {
		return nil, err
	}
	if _, err := b.command(ctx, filepath.Join(b.dir, "vitrine"), "ingest", "--source", images, "--store", store); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(store, "pyramids", "picture.jpg.tif"))
}

// packed returns the size of a file, and that of its gzip.
func packed(file string) ([2]int, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return [2]int{}, err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return [2]int{}, err
	}
	z.Write(data)
	err = z.Close()
	return [2]int{len(data), b.Len()}, err
}
