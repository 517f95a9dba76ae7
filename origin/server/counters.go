package server

import (
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
)

// counters count since the start of the process.
type counters struct {
	inFlight, panics, hits, misses, bytes atomic.Int64

	mu       sync.Mutex
	requests map[answer.Route]map[int]int64 // by status
}

func (n *counters) count(r answer.Route, status int, cache string, bytes int64) {
	switch cache {
	case "hit":
		n.hits.Add(1)
	case "miss":
		n.misses.Add(1)
	}
	n.bytes.Add(bytes)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.requests == nil {
		n.requests = map[answer.Route]map[int]int64{}
	}
	if n.requests[r] == nil {
		n.requests[r] = map[int]int64{}
	}
	n.requests[r][status]++
}

// byRoute returns a copy of the requests, for JSON.
func (n *counters) byRoute() map[string]map[string]int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make(map[string]map[string]int64, len(n.requests))
	for r, statuses := range n.requests {
		m := make(map[string]int64, len(statuses))
		for status, count := range statuses {
			m[strconv.Itoa(status)] = count
		}
		all[string(r)] = m
	}
	return all
}

// counterReport is the answer to /counters.
type counterReport struct {
	UptimeSeconds int64                       `json:"uptime_seconds"`
	Requests      map[string]map[string]int64 `json:"requests"` // route → status → count
	InFlight      int64                       `json:"in_flight"`
	CacheHits     int64                       `json:"cache_hits"`
	CacheMisses   int64                       `json:"cache_misses"`
	BytesSent     int64                       `json:"bytes_sent"`
	Panics        int64                       `json:"panics"`
	Goroutines    int                         `json:"goroutines"`
	Gauges        map[string]int64            `json:"gauges,omitempty"`
}

func (c *call) showCounters() error {
	n := &c.counters
	report := counterReport{
		UptimeSeconds: int64(time.Since(c.started).Seconds()),
		Requests:      n.byRoute(),
		InFlight:      n.inFlight.Load(),
		CacheHits:     n.hits.Load(),
		CacheMisses:   n.misses.Load(),
		BytesSent:     n.bytes.Load(),
		Panics:        n.panics.Load(),
		Goroutines:    runtime.NumGoroutine(),
	}
	if len(c.deps.Gauges) > 0 {
		report.Gauges = make(map[string]int64, len(c.deps.Gauges))
		for name, value := range c.deps.Gauges {
			report.Gauges[name] = value()
		}
	}
	return c.sendJSON(http.StatusOK, report)
}
