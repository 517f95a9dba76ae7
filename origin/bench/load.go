package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"
)

// load is a bounded run of GET requests over loopback. It has its own client on
// bare sockets, because net/http takes more processor time per request than some of
// the servers, and all share the machine. One thread serves all connections: with
// as many as processors the servers would be the ones to wait.
type load struct {
	addr string
	// paths are requested in turn, by conns connections at one time, until count
	// requests were sent or the time is over, whichever is first.
	paths []string
	conns int
	count int
	time  time.Duration
	// seen, which may be nil, is given each answer, after the clock stopped;
	// bodies are only kept for it.
	seen func(i int, body []byte) error
	// lengths are those of known answers by path; others fail. May be nil.
	lengths map[string]int
}

// result is what a run took.
type result struct {
	latency []float64 // milliseconds
	wall    time.Duration
	// client is the processor time of this process.
	client time.Duration
}

// longest is the longest wait for one answer.
const longest = 90 * time.Second

// loop is the state of a run.
type loop struct {
	load
	requests [][]byte
	want     []int
	clients  []*client
	poll     int
	next     int
	begin    time.Time
	latency  []float64
	bodies   [][]byte
}

// run sends the requests.
func (l load) run(ctx context.Context) (result, error) {
	r := &loop{load: l, requests: requestBytes(l.addr, l.paths)}
	for _, path := range l.paths {
		length, ok := l.lengths[path]
		if !ok {
			length = -1
		}
		r.want = append(r.want, length)
	}
	var err error
	if r.poll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return result{}, err
	}
	defer syscall.Close(r.poll)
	for i := range min(l.conns, l.count) {
		c, err := dial(l.addr)
		if err != nil {
			return result{}, err
		}
		defer c.close()
		c.keep = l.seen != nil
		r.clients = append(r.clients, c)
		// Level-triggered: what one receive leaves is reported again.
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(i)}
		if err := syscall.EpollCtl(r.poll, syscall.EPOLL_CTL_ADD, c.fd, &event); err != nil {
			return result{}, err
		}
	}
	r.latency = make([]float64, 0, 1<<14)
	before := processTime()
	r.begin = time.Now()
	if err := r.all(ctx); err != nil {
		return result{}, errors.Join(ctx.Err(), err)
	}
	out := result{latency: r.latency, wall: time.Since(r.begin), client: processTime() - before}
	for i, body := range r.bodies {
		if err := l.seen(i, body); err != nil {
			return result{}, fmt.Errorf("GET %s: %w", l.paths[i%len(l.paths)], err)
		}
	}
	return out, nil
}

// all sends requests until the end and waits for the answers.
func (r *loop) all(ctx context.Context) error {
	busy := 0
	for _, c := range r.clients {
		sent, err := r.send(c)
		if err != nil {
			return err
		}
		if sent {
			busy++
		}
	}
	events := make([]syscall.EpollEvent, len(r.clients))
	for busy > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := syscall.EpollWait(r.poll, events, 100)
		if err != nil && err != syscall.EINTR {
			return err
		}
		if n <= 0 {
			if err := r.late(); err != nil {
				return err
			}
			continue
		}
		for _, e := range events[:n] {
			more, err := r.step(r.clients[e.Fd])
			if err != nil {
				return err
			}
			if !more {
				busy--
			}
		}
	}
	return nil
}

// late finds a connection that has waited too long.
func (r *loop) late() error {
	for _, c := range r.clients {
		if c.request >= 0 && time.Since(c.sent) > longest {
			return fmt.Errorf("GET %s: no answer for %v", r.paths[c.request%len(r.paths)], longest)
		}
	}
	return nil
}

// send starts the next request on c, unless that was all.
func (r *loop) send(c *client) (bool, error) {
	if r.next >= r.count || (r.next >= len(r.clients) && time.Since(r.begin) > r.time) {
		c.request = -1
		return false, nil
	}
	c.request = r.next
	r.next++
	c.sent = time.Now()
	return true, r.named(c, c.write(r.requests[c.request%len(r.requests)]))
}

// step takes what arrived on c; more is false when c has nothing left to do.
func (r *loop) step(c *client) (more bool, err error) {
	if c.request < 0 {
		return false, errors.New("bytes arrive that were not asked for")
	}
	done, err := c.receive()
	if err != nil {
		return false, r.named(c, err)
	}
	if !done {
		return true, nil
	}
	r.latency = append(r.latency, millis(time.Since(c.sent)))
	if c.status != 200 {
		if text := string(c.body); text != "" && !strings.HasPrefix(text, "<") { // not a page for people
			return false, r.named(c, fmt.Errorf("status %d: %.120q", c.status, text))
		}
		return false, r.named(c, fmt.Errorf("status %d", c.status))
	}
	if want := r.want[c.request%len(r.want)]; want >= 0 && c.total != want {
		return false, r.named(c, fmt.Errorf("%d bytes instead of %d", c.total, want))
	}
	if r.seen != nil {
		if need := c.request + 1 - len(r.bodies); need > 0 {
			r.bodies = append(r.bodies, make([][]byte, need)...)
		}
		r.bodies[c.request] = slices.Clone(c.body)
	}
	return r.send(c)
}

// named says which request of c failed.
func (r *loop) named(c *client, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("GET %s: %w", r.paths[c.request%len(r.paths)], err)
}

// requestBytes writes the requests.
func requestBytes(addr string, paths []string) [][]byte {
	list := make([][]byte, len(paths))
	for i, path := range paths {
		list[i] = []byte("GET " + path + " HTTP/1.1\r\nHost: " + addr + "\r\nAccept: */*\r\n\r\n")
	}
	return list
}

// fetch requests one path and returns the body.
func fetch(ctx context.Context, addr, path string) (body []byte, err error) {
	l := load{addr: addr, paths: []string{path}, conns: 1, count: 1}
	l.seen = func(_ int, b []byte) error {
		body = b
		return nil
	}
	_, err = l.run(ctx)
	return body, err
}
