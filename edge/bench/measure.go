package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// meter measures.
type meter struct {
	builder *builder
	around  *surroundings
	say     func(string, ...any)
	// rounds is how often the subjects take turns, requests how many each is sent
	// in a turn, starts how often each is started, churn how many requests its
	// memory is looked at after.
	rounds, requests, starts, churn int
}

// row is a kind of request: medians, in microseconds of processor time for each.
type row struct {
	title        string
	ours, theirs float64
	// ratio is the median of the ratios of the turns: what else the machine does
	// changes slowly, and hits both alike.
	ratio float64
	// limit is the greatest ratio that is aimed at, 0 for none.
	limit float64
}

// kind is a kind of request.
type kind struct {
	title   string
	asks    []ask
	cached  bool
	conns   int
	share   int // of the requests of a turn, in per cent
	limit   float64
	differs []string // headers that the twin answers otherwise
}

// tiles returns requests for tiles of some images, on three levels.
func tiles(images int) []ask {
	var list []ask
	for i := range images {
		for k := range 3 {
			step := tileSize << k
			for y := 0; y+step <= pictureHeight; y += step {
				for x := 0; x+step <= pictureWidth; x += step {
					list = append(list, ask{path: fmt.Sprintf("/iiif/3/image-%03d.jpg/%d,%d,%d,%d/%d,%d/0/default.jpg", i, x, y, step, step, tileSize, tileSize), status: 200})
				}
			}
		}
	}
	return list
}

// infos returns requests for info.json.
func infos(images int) []ask {
	var list []ask
	for i := range images {
		list = append(list, ask{path: fmt.Sprintf("/iiif/%d/image-%03d.jpg/info.json", 2+i%2, i), status: 200})
	}
	return list
}

// once makes of requests many that all have another URL, so that the Worker can keep
// no decision. The query means nothing.
func once(asks []ask) []ask {
	var list []ask
	for i := range 5000 {
		a := asks[i%len(asks)]
		a.path += fmt.Sprintf("?%d", i)
		list = append(list, a)
	}
	return list
}

// known adds to requests the tags that their answers have.
func (s *subject) known(asks []ask) ([]ask, error) {
	var list []ask
	for _, a := range asks {
		got, err := s.one(a)
		if err != nil {
			return nil, err
		}
		a.header, a.status = "If-None-Match: "+got.header.Get("ETag")+"\r\n", 304
		list = append(list, a)
	}
	return list, nil
}

// rotated returns requests that only the origin can answer, each another one.
func rotated(n int) []ask {
	var list []ask
	for i := range n {
		list = append(list, ask{path: fmt.Sprintf("/iiif/3/image-%03d.jpg/%d,%d,900,900/450,/90/default.jpg", i%4, i%2000, i/2000), status: 200})
	}
	return list
}

// kinds returns what is measured.
func (m *meter) kinds(s *subject) ([]kind, error) {
	warm := tiles(4)
	fresh, err := s.known(slices.Concat(warm[:12], infos(8)))
	if err != nil {
		return nil, err
	}
	return []kind{
		{title: "tile from R2", asks: warm, conns: 1, share: 100, limit: 1.10},
		{title: "tile from R2, each another URL", asks: once(warm), conns: 1, share: 100, limit: 1.10},
		{title: "tile from R2, each another URL, 16 connections", asks: once(warm), conns: 16, share: 150, limit: 1.10},
		{title: "tile from the cache", asks: warm, cached: true, conns: 1, share: 150, limit: 1.10},
		{title: "tile from the cache, each another URL", asks: once(warm), cached: true, conns: 1, share: 150, limit: 1.10},
		{title: "tile from the cache, each another URL, 16 connections", asks: once(warm), cached: true, conns: 16, share: 200, limit: 1.10},
		{title: "info.json", asks: infos(8), conns: 1, share: 200, limit: 1.10},
		{title: "info.json, each another URL", asks: once(infos(8)), conns: 1, share: 200, limit: 1.10},
		{title: "304", asks: fresh, conns: 1, share: 200, limit: 1.10},
		{title: "304, each another URL", asks: once(fresh), conns: 1, share: 200, limit: 1.10},
		{title: "miss that the origin renders", asks: rotated(20_000), conns: 1, share: 10, differs: []string{
			"Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Cross-Origin-Resource-Policy", "X-Content-Type-Options", "Link"}},
	}, nil
}

// perRequest measures what requests take.
func (m *meter) perRequest(ctx context.Context, only string) ([]row, error) {
	pair, err := m.pair(ctx)
	for _, s := range pair {
		if s != nil {
			defer s.stop()
		}
	}
	if err != nil {
		return nil, err
	}
	kinds, err := m.kinds(pair[0])
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, k := range kinds {
		if !strings.Contains(k.title, only) {
			continue
		}
		m.say("%s", k.title)
		m.around.keep(k.cached)
		if err := alike(pair, &k); err != nil {
			return nil, err
		}
		r, err := m.turns(ctx, pair, &k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.title, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// pair starts the Worker, with the second one, and the twin.
func (m *meter) pair(ctx context.Context) (pair [2]*subject, err error) {
	for i, files := range [][2][]file{{deployed, second}, {twin, nil}} {
		config, err := m.configuration(files[0], files[1])
		if err != nil {
			return pair, err
		}
		if pair[i], err = m.start(ctx, []string{"Worker", "twin"}[i], config); err != nil {
			return pair, err
		}
	}
	return pair, nil
}

// alike makes sure that both subjects answer the same.
func alike(pair [2]*subject, k *kind) error {
	for _, a := range k.asks[:min(len(k.asks), 200)] {
		var got [2]answered
		for i, s := range pair {
			var err error
			if got[i], err = s.one(a); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			for _, name := range append(k.differs, "Date", "Connection", "CF-Cache-Status") {
				got[i].header.Del(name)
			}
		}
		if !bytes.Equal(got[0].body, got[1].body) || !maps.EqualFunc(got[0].header, got[1].header, slices.Equal) {
			return fmt.Errorf("GET %s: the two differ:\n%v, %d bytes\n%v, %d bytes", a.path, got[0].header, len(got[0].body), got[1].header, len(got[1].body))
		}
	}
	return nil
}

// turns lets the subjects take turns.
func (m *meter) turns(ctx context.Context, pair [2]*subject, k *kind) (row, error) {
	count := max(1, m.requests*k.share/100)
	for range 6 { // for the compilers of V8
		for _, s := range pair {
			if err := s.load(ctx, k.asks, 2*count, k.conns); err != nil {
				return row{}, err
			}
		}
	}
	var costs [2][]float64
	var ratios []float64
	for round := range m.rounds {
		var cost [2]float64
		for i := range pair {
			i := (i + round) % 2
			took, err := m.turn(ctx, pair[i], k, count)
			if err != nil {
				return row{}, err
			}
			cost[i] = float64(took.Nanoseconds()) / 1000 / float64(count)
			costs[i] = append(costs[i], cost[i])
		}
		ratios = append(ratios, cost[0]/cost[1])
	}
	return row{title: k.title, ours: median(costs[0]), theirs: median(costs[1]), ratio: median(ratios), limit: k.limit}, nil
}

// turn returns the processor time of count requests, and of what follows them.
func (m *meter) turn(ctx context.Context, s *subject, k *kind, count int) (time.Duration, error) {
	before, err := s.spent()
	if err != nil {
		return 0, err
	}
	if err := s.load(ctx, k.asks, count, k.conns); err != nil {
		return 0, err
	}
	time.Sleep(20 * time.Millisecond) // the cache is written after the answer
	after, err := s.spent()
	return after - before, err
}

// starts are medians of starting and of the first request.
type starts struct {
	// In milliseconds, of the Worker and of the twin: until it listens, and from then
	// to the end of the answer to a tile, of an image that nothing is known of.
	startWall, startCPU, firstWall, firstCPU [2]float64
	// second is the start of the second Worker, which only a miss makes start.
	second float64
}

// startUp starts the subjects again and again.
func (m *meter) startUp(ctx context.Context) (starts, error) {
	m.say("starts")
	m.around.keep(false)
	var out starts
	var configs [3]string
	for i, files := range [][]file{deployed, twin, second} {
		var err error
		if configs[i], err = m.configuration(files, nil); err != nil {
			return out, err
		}
	}
	first := tiles(1)[0]
	var samples [4][2][]float64
	var seconds []float64
	for round := range m.starts + 1 {
		s, err := m.start(ctx, "start", configs[2])
		if err != nil {
			return out, err
		}
		s.stop()
		if round > 0 { // as below
			seconds = append(seconds, float64(s.cpu.Microseconds())/1000)
		}
		for i := range samples[0] {
			i := (i + round) % 2
			s, err := m.start(ctx, "start", configs[i])
			if err != nil {
				return out, err
			}
			begin := time.Now()
			_, err = s.one(first)
			wall := time.Since(begin)
			total, err2 := s.spent()
			s.stop()
			if err != nil || err2 != nil {
				return out, fmt.Errorf("the first request: %w %w", err, err2)
			}
			if round == 0 {
				continue // the files come from the disk
			}
			for j, d := range []time.Duration{s.wall, s.cpu, wall, total - s.cpu} {
				samples[j][i] = append(samples[j][i], float64(d.Microseconds())/1000)
			}
		}
	}
	out.second = median(seconds)
	for j, to := range []*[2]float64{&out.startWall, &out.startCPU, &out.firstWall, &out.firstCPU} {
		for i := range to {
			to[i] = median(samples[j][i])
		}
	}
	return out, nil
}

// churn is what a Worker holds after many requests.
type churn struct {
	requests int
	// Memory is that of plan.wasm in bytes, References how many objects of
	// JavaScript that Go was handed, or that were made for it, are alive after a
	// collection: requests, answers, and what tables of the Wasm file hold.
	Memory, References int64
	// grown is by how much the whole process grew after the first tenth, in bytes.
	grown int64
}

// memory sends very many requests for very many images.
func (m *meter) memory(ctx context.Context) (churn, error) {
	m.say("%d requests, for the memory", m.churn)
	m.around.keep(false)
	out := churn{requests: m.churn}
	config, err := m.configuration(watched, nil)
	if err != nil {
		return out, err
	}
	s, err := m.start(ctx, "memory", config)
	if err != nil {
		return out, err
	}
	defer s.stop()
	var asks []ask
	for i := range 10_000 {
		name := fmt.Sprintf("image-%05d.jpg", i)
		asks = append(asks, ask{path: "/iiif/3/" + name + "/info.json", status: 200},
			ask{path: "/iiif/3/" + name + "/0,0,1024,1024/512,512/0/default.jpg", status: 200},
			ask{path: "/iiif/3/" + name + "/9999,0,1,1/max/0/default.jpg", status: 400})
	}
	if err := s.load(ctx, asks, m.churn/10, 16); err != nil {
		return out, err
	}
	before := s.resident()
	if err := s.load(ctx, asks, m.churn-m.churn/10, 16); err != nil {
		return out, err
	}
	out.grown = s.resident() - before
	got, err := s.one(ask{path: "/memory", status: 200})
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(got.body, &out)
}

// median returns the middle of values.
func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	if len(s) == 0 {
		return 0
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
