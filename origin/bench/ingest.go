package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ingestRow compares making a pyramid: time of all cores and peak memory. With
// several runs the times are medians, the memory is the highest.
type ingestRow struct {
	picture      *picture
	ours, native usage
	// pyramid is the file that ours wrote.
	pyramid string
}

// ingestTable runs `vitrine ingest` and vips tiffsave on p's JPEG, in turn.
func ingestTable(ctx context.Context, p *picture, binary, dir string, tile, repetitions int) (*ingestRow, error) {
	src, store := filepath.Join(dir, "ingest-source"), filepath.Join(dir, "ingest-store")
	if err := os.MkdirAll(src, 0o755); err != nil {
		return nil, err
	}
	if err := os.Link(p.jpeg, filepath.Join(src, p.name+".jpg")); err != nil {
		return nil, err
	}
	var ours, native []usage
	other := filepath.Join(dir, "ingest.tif")
	for range repetitions {
		if err := os.RemoveAll(store); err != nil {
			return nil, err
		}
		u, err := measureCommand(ctx, binary, "ingest", src, "--store", store)
		if err != nil {
			return nil, err
		}
		ours = append(ours, u)
		if u, err = measureCommand(ctx, "vips", tiffsave(p.jpeg, other, tile)...); err != nil {
			return nil, err
		}
		native = append(native, u)
		os.Remove(other)
	}
	r := &ingestRow{picture: p, ours: middleUsage(ours), native: middleUsage(native)}
	err := filepath.WalkDir(store, func(path string, d fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".tif" {
			r.pyramid = path
		}
		return err
	})
	if err == nil && r.pyramid == "" {
		err = errors.New("`vitrine ingest` left no pyramid")
	}
	return r, err
}

// middleUsage is the median of each clock, and the highest peak of memory.
func middleUsage(list []usage) usage {
	var u usage
	pick := func(of func(usage) time.Duration) time.Duration {
		var values []float64
		for _, u := range list {
			values = append(values, float64(of(u)))
		}
		return time.Duration(median(values))
	}
	u.User = pick(func(u usage) time.Duration { return u.User })
	u.Total = pick(func(u usage) time.Duration { return u.Total })
	u.Wall = pick(func(u usage) time.Duration { return u.Wall })
	for _, one := range list {
		u.Memory = max(u.Memory, one.Memory)
	}
	return u
}

// usageCommand, as the first argument, makes this program a runner of another.
const usageCommand = "measure-usage"

// measureCommand runs a command from a small process of its own. Linux counts the
// size of whoever starts a program into the peak of that program (execve takes
// over the maximum of the old address space), and this process is large.
func measureCommand(ctx context.Context, name string, args ...string) (usage, error) {
	self, err := os.Executable()
	if err != nil {
		return usage{}, err
	}
	u, err := runCommand(ctx, nil, self, append([]string{usageCommand, name}, args...)...)
	if err != nil {
		return usage{}, err
	}
	if err := json.Unmarshal(u.out, &u); err != nil {
		return usage{}, fmt.Errorf("%s: %w: %.200q", usageCommand, err, u.out)
	}
	return u, nil
}

// serveUsage is what that process does.
func serveUsage(ctx context.Context, args []string, out io.Writer) error {
	u, err := runCommand(ctx, nil, args[0], args[1:]...)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(u)
}
