// Package demo draws the pictures that Vitrine shows when it is given no source:
// a small museum's worth, one of them above 100 megapixels. All of it is drawn
// by this code; nothing is copied from anywhere.
//
// The pictures are deterministic: no clock and no map order goes in, and a
// machine writes the same bytes on every run, with any number of its processors.
// Kinds of processors round floating-point products differently, so that between
// machines single samples, and now and then a small figure's place, can differ;
// nothing should depend on them.
//
// It is not a drawing library. Everything is painted in bands of 64 rows, each of
// which is one restart interval of the JPEG file, so that memory stays small and
// all processors work.
package demo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// edition is written into every file. It is raised when a picture changes, so
// that WriteAll draws it again.
const edition = "Vitrine demo, edition 1: "

// Picture is one of the pictures.
type Picture struct {
	// Name is the file's name, such as "tabula-maris-interni.jpg".
	Name string
	// Title is what a visitor reads.
	Title string
	// Width and Height are the dimensions in pixels.
	Width, Height int

	draw func() *art
}

// Pictures returns all pictures in the order of the gallery.
func Pictures() []Picture {
	return []Picture{
		{"tabula-maris-interni.jpg", "A new map of the inland sea", mapW, mapH, drawMap},
		{"planisphaerium.jpg", "Planisphere of the northern sky", skySize, skySize, drawSky},
		{"heliodora-serena.jpg", "Heliodora serena, botanical plate", floraW, floraH, drawFlora},
		{"montes-in-nebula.jpg", "Mountains in mist, handscroll", scrollW, scrollH, drawScroll},
		{"codex-folio-1.jpg", "In initio, leaf from a manuscript", bookW, bookH, drawBook},
		{"knotted-carpet.jpg", "Carpet with a sixteen-lobed medallion", rugW, rugH, drawRug},
		{"star-tiles.jpg", "Wall tiles in a pattern that never repeats", tilesSize, tilesSize, drawTiles},
		{"cornu-ammonis.jpg", "Cornu Ammonis, engraving", shellW, shellH, drawShell},
		{"marbled-endpaper.jpg", "Combed marbled endpaper", marbleW, marbleH, drawMarble},
	}
}

// Write draws the picture and writes it as a baseline JPEG, on all processors.
// The largest takes some seconds and less than 200 MB. It fails with Canceled or
// Timeout when ctx ends, and with Internal when w fails.
func (p Picture) Write(ctx context.Context, w io.Writer) error {
	const op = "demo.Picture.Write"
	if err := ctx.Err(); err != nil {
		return fault.E(op, fault.KindOf(err), err)
	}
	if err := encode(ctx, w, p.draw(), edition+p.Title); err != nil {
		return fault.E(op, fault.KindOf(err), err)
	}
	return nil
}

// WriteAll writes the pictures that dir lacks, or holds in another edition, small
// ones first, so that something can be shown at once. A file is there in full or
// not at all. progress, unless nil, is called after each picture with how many
// are ready. It fails with Unavailable when the disk refuses, and as Write.
func WriteAll(ctx context.Context, dir string, progress func(done, total int, name string)) error {
	const op = "demo.WriteAll"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fault.E(op, fault.Unavailable, err)
	}
	if err := tidy(dir); err != nil {
		return fault.E(op, fault.Unavailable, err)
	}
	all := Pictures()
	slices.SortStableFunc(all, func(a, b Picture) int { return a.Width*a.Height - b.Width*b.Height })
	for i, p := range all {
		path := filepath.Join(dir, p.Name)
		ready, err := p.isAt(path)
		if err != nil {
			return fault.E(op, fault.Unavailable, err)
		}
		if !ready {
			if err := p.writeFile(ctx, path); err != nil {
				return err
			}
		}
		if progress != nil {
			progress(i+1, len(all), p.Name)
		}
	}
	return nil
}

// isAt tells whether a file is this picture in this edition. Only its start is
// read: names are given to whole files.
func (p Picture) isAt(path string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	want := preamble(edition + p.Title)
	got := make([]byte, len(want))
	n, err := io.ReadFull(f, got)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	return bytes.Equal(got[:n], want), nil
}

// writeFile writes the picture to a temporary file, then gives it its name.
func (p Picture) writeFile(ctx context.Context, path string) error {
	const op = "demo.Picture.writeFile"
	f, err := os.CreateTemp(filepath.Dir(path), tempPattern)
	if err != nil {
		return fault.E(op, fault.Unavailable, err)
	}
	disk := &diskWriter{w: f}
	err = p.Write(ctx, disk)
	if disk.err != nil {
		err = fault.E(op, fault.Unavailable, disk.err)
	}
	if err == nil {
		if e := errors.Join(f.Chmod(0o644), f.Sync()); e != nil {
			err = fault.E(op, fault.Unavailable, e)
		}
	}
	if e := f.Close(); e != nil && err == nil {
		err = fault.E(op, fault.Unavailable, e)
	}
	if err == nil {
		if e := os.Rename(f.Name(), path); e != nil {
			err = fault.E(op, fault.Unavailable, e)
		}
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// diskWriter remembers that the disk failed, to tell it from other failures.
type diskWriter struct {
	w   io.Writer
	err error
}

func (d *diskWriter) Write(b []byte) (int, error) {
	n, err := d.w.Write(b)
	if err != nil {
		d.err = err
	}
	return n, err
}

// tempPattern names files under way. The dot keeps them out of listings.
const tempPattern = ".vitrine-demo-*.part"

// tidy deletes what a killed run left; younger files may be another process's.
func tidy(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, tempPattern))
	if err != nil {
		return err
	}
	for _, name := range old {
		if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) > 10*time.Minute {
			_ = os.Remove(name)
		}
	}
	return nil
}
