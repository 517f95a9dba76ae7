package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// plan says how much is measured.
type plan struct {
	// repetitions is the number of runs per cell; their medians are reported.
	repetitions int
	// span is the time of one run, first the number of requests of a run of first touches.
	span  time.Duration
	first int
	// conns are the numbers of connections.
	conns []int
	// tile is the tile size of the pyramids that libvips writes.
	tile int
}

// cellKey names what was measured.
type cellKey struct {
	picture, form, work, server string
	conns                       int
}

// cell holds the medians over the runs of one key.
type cell struct {
	// p50 and p95 are milliseconds, rate is requests per second, cpu is
	// milliseconds of all processes of the server per request, client those of
	// the client, and busy is the share of the time that the client computed.
	p50, p95, rate, cpu, client, busy float64
	requests                          int
}

// results are all cells, and what could not be measured.
type results struct {
	cells map[cellKey]cell
	// memory is the peak of all processes of a server in bytes; work and conns of
	// the key are empty.
	memory map[cellKey]int64
	notes  []string
}

// note adds a remark, once.
func (r *results) note(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if !slices.Contains(r.notes, s) {
		r.notes = append(r.notes, s)
	}
}

// samples gather the runs of one cell.
type samples struct{ p50, p95, rate, cpu, client, busy []float64 }

// requests returns what a run of w on t asks for: the views, spread over as many
// names as make warmNames different requests; cold ones each go to a new name.
func (t *target) requests(p *picture, w work, first int) (paths []string, views []view) {
	all := w.views(p)
	if t.static != nil {
		return t.static, nil
	}
	if w.cold {
		for i := range min(first, len(t.names)-t.fresh) {
			v := all[(t.fresh+i)%len(all)]
			paths = append(paths, v.path(t.api, t.prefix, t.names[t.fresh+i]))
			views = append(views, v)
		}
		t.fresh += len(paths)
		return paths, views
	}
	names := min(t.warm, max(1, (warmNames+len(all)-1)/len(all)))
	for _, v := range all {
		for _, name := range t.names[:names] {
			paths = append(paths, v.path(t.api, t.prefix, name))
			views = append(views, v)
		}
	}
	return paths, views
}

// verify asks once for everything that warm runs of w ask for, checks the answers
// and remembers their lengths. It also warms the server up. The bodies are returned.
func (t *target) verify(ctx context.Context, p *picture, w work) (map[string][]byte, error) {
	paths, views := t.requests(p, w, 0)
	bodies := map[string][]byte{}
	l := load{addr: t.addr, paths: paths, conns: 1, count: len(paths), time: 10 * time.Minute}
	l.seen = func(i int, body []byte) error {
		if views != nil {
			if err := views[i].check(p, body); err != nil {
				return err
			}
		}
		t.lengths[paths[i]] = len(body)
		bodies[paths[i]] = body
		return nil
	}
	_, err := l.run(ctx)
	return bodies, err
}

// sample makes one run. ok is false when there is nothing to run.
func (t *target) sample(ctx context.Context, p *picture, w work, conns int, pl plan, s *samples) (n int, err error) {
	paths, views := t.requests(p, w, pl.first)
	if len(paths) == 0 {
		return 0, nil
	}
	l := load{addr: t.addr, paths: paths, conns: conns, count: 1 << 20, time: pl.span, lengths: t.lengths}
	if w.cold {
		l.count, l.time = len(paths), time.Minute
		l.seen = func(i int, body []byte) error { return views[i].check(p, body) }
	} else {
		// Another kind may have pushed out of memory what this one wants there.
		warmup := l
		warmup.count, warmup.time = min(len(paths), warmNames), pl.span
		if _, err := warmup.run(ctx); err != nil {
			return 0, err
		}
	}
	before, err := readCPU(t.pids)
	if err != nil {
		return 0, err
	}
	r, err := l.run(ctx)
	if err != nil {
		return 0, err
	}
	after, err := readCPU(t.pids)
	if err != nil {
		return 0, err
	}
	n = len(r.latency)
	s.p50 = append(s.p50, median(r.latency))
	s.p95 = append(s.p95, percentile(r.latency, 95))
	s.rate = append(s.rate, float64(n)/r.wall.Seconds())
	s.cpu = append(s.cpu, millis(after.since(before))/float64(n))
	s.client = append(s.client, millis(r.client)/float64(n))
	s.busy = append(s.busy, r.client.Seconds()/r.wall.Seconds())
	return n, nil
}

// measure runs everything on the servers of f, alternating between them, and
// puts the medians into out.
func measure(ctx context.Context, f *farm, pl plan, out *results) error {
	p := f.picture
	gathered, counts := map[cellKey]*samples{}, map[cellKey]int{}
	for _, w := range works() {
		for _, t := range slices.Clone(f.targets) {
			if w.cold || t.static != nil {
				continue
			}
			bodies, err := t.verify(ctx, p, w)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				t.refused[w.key] = err
				out.note("%s, %s: %s does not answer %s: %v", p.title, formTitle(t.form), t.server, w.title, err)
				if w.key == "info" { // it cannot open the picture at all
					f.drop(t)
				}
				continue
			}
			if w.key == "tile" && t.server == "Vitrine" {
				if err := f.files(ctx, t.form, bodies); err != nil {
					return err
				}
				for _, limit := range f.targets[len(f.targets)-2:] {
					if _, err := limit.verify(ctx, p, w); err != nil {
						return err
					}
				}
			}
		}
	}
	for rep := range pl.repetitions {
		for _, w := range works() {
			f.say("%s: repetition %d of %d: %s", p.title, rep+1, pl.repetitions, w.title)
			for _, conns := range pl.conns {
				if w.cold && conns > 1 {
					continue
				}
				order := slices.Clone(f.targets)
				if rep%2 == 1 {
					slices.Reverse(order)
				}
				for _, t := range order {
					if t.refused[w.key] != nil || t.static != nil && w.key != "tile" {
						continue
					}
					k := cellKey{p.name, t.form, w.key, t.server, conns}
					if gathered[k] == nil {
						gathered[k] = &samples{}
					}
					n, err := t.sample(ctx, p, w, conns, pl, gathered[k])
					if err != nil {
						if ctx.Err() != nil {
							return ctx.Err()
						}
						t.refused[w.key] = err
						out.note("%s, %s: %s failed at %s: %v", p.title, formTitle(t.form), t.server, w.title, err)
						delete(gathered, k)
						continue
					}
					counts[k] += n
				}
			}
		}
	}
	for _, t := range f.targets {
		out.memory[cellKey{picture: p.name, form: t.form, server: t.server}] = peakMemory(t.pids)
	}
	for k, s := range gathered {
		if len(s.cpu) > 0 {
			out.cells[k] = cell{median(s.p50), median(s.p95), median(s.rate), median(s.cpu), median(s.client), median(s.busy), counts[k]}
		}
	}
	if len(gathered) == 0 {
		return errors.New("nothing could be measured")
	}
	return nil
}
