package main

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// timing is processor time (user and system) and wall time in milliseconds.
type timing struct{ cpu, wall float64 }

// codecRow is a line of the codec table: one piece of work, done by our packages
// and by a native tool.
type codecRow struct {
	// key is what the table of targets asks for; may be empty.
	key         string
	title, tool string
	// ours does the work once.
	ours func() error
	// native is the command, nil for none; idle is the same on an image of 16 × 16,
	// whose time is that of starting the process.
	native, idle []string
	// read, if set, finds the native wall milliseconds in what the command prints,
	// and idle is not used. The processor time is then the share of it in
	// which the process computed.
	read func(out []byte) (float64, error)

	oursMS, nativeMS timing
	err              error
}

// oneThread keeps libvips on one core, as GOMAXPROCS(1) keeps us.
var oneThread = []string{"VIPS_CONCURRENCY=1"}

// codecTable times our packages against the native tools on p's JPEG, in turn.
// own is our pyramid of it.
func codecTable(ctx context.Context, p *picture, own, dir string, repetitions int, say func(string, ...any)) ([]*codecRow, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	rows, err := codecRows(ctx, p, own, dir)
	if err != nil {
		return nil, err
	}
	ours, native := map[*codecRow][]timing{}, map[*codecRow][]timing{}
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
			if err == nil {
				ours[r] = append(ours[r], t)
				if r.native != nil {
					t, err = r.timeNative(ctx)
					native[r] = append(native[r], t)
				}
			}
			r.err = err
		}
	}
	for _, r := range rows {
		r.oursMS, r.nativeMS = middle(ours[r]), middle(native[r])
	}
	return rows, nil
}

// middle is the median of each clock.
func middle(list []timing) timing {
	var cpu, wall []float64
	for _, t := range list {
		cpu, wall = append(cpu, t.cpu), append(wall, t.wall)
	}
	return timing{median(cpu), median(wall)}
}

// timeOurs repeats fn for at least 60 ms and returns the time of one call. The
// garbage collector's work counts.
func timeOurs(fn func() error) (timing, error) {
	runtime.GC()
	begin, wall, n := processTime(), time.Now(), 0
	for n == 0 || time.Since(wall) < 60*time.Millisecond {
		if err := fn(); err != nil {
			return timing{}, err
		}
		n++
	}
	return timing{millis(processTime()-begin) / float64(n), millis(time.Since(wall)) / float64(n)}, nil
}

// timeNative times the command, several times if it is short, since starting a
// process takes as long as the work then.
func (r *codecRow) timeNative(ctx context.Context) (timing, error) {
	var sum timing
	begin, n := time.Now(), 0.0
	for n == 0 || n < 8 && time.Since(begin) < 250*time.Millisecond {
		work, err := runCommand(ctx, oneThread, r.native[0], r.native[1:]...)
		if err != nil {
			return timing{}, err
		}
		if r.read != nil {
			ms, err := r.read(work.out)
			return timing{ms * min(1, work.Total.Seconds()/work.Wall.Seconds()), ms}, err
		}
		idle, err := runCommand(ctx, oneThread, r.idle[0], r.idle[1:]...)
		if err != nil {
			return timing{}, err
		}
		sum.cpu += millis(work.Total - idle.Total)
		sum.wall += millis(work.Wall - idle.Wall)
		n++
	}
	return timing{max(0, sum.cpu/n), max(0, sum.wall/n)}, nil
}

// processTime is the user and system time of this process.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
