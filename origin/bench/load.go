package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load is a bounded run of GET requests over loopback. It has its own small HTTP
// client, because net/http takes more processor time per request than some of the
// servers, and all share the machine.
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
}

// run sends the requests.
func (l load) run(ctx context.Context) (result, error) {
	if !strings.HasPrefix(l.addr, "127.0.0.1:") {
		return result{}, fmt.Errorf("%s is not on loopback", l.addr)
	}
	clients := make([]*client, l.conns)
	for i := range clients {
		c, err := dial(l.addr)
		if err != nil {
			return result{}, err
		}
		defer c.conn.Close()
		clients[i] = c
	}
	stop := context.AfterFunc(ctx, func() {
		for _, c := range clients {
			c.conn.Close()
		}
	})
	defer stop()

	var next atomic.Int64
	var wait sync.WaitGroup
	latency := make([][]float64, l.conns)
	bodies := make([]map[int][]byte, l.conns)
	failed := make([]error, l.conns)
	begin := time.Now()
	for n, c := range clients {
		wait.Go(func() {
			bodies[n] = map[int][]byte{}
			for {
				i := int(next.Add(1)) - 1
				if i >= l.count || (i >= l.conns && time.Since(begin) > l.time) {
					return
				}
				path := l.paths[i%len(l.paths)]
				t := time.Now()
				body, err := c.get(path)
				latency[n] = append(latency[n], millis(time.Since(t)))
				if want, ok := l.lengths[path]; err == nil && ok && len(body) != want {
					err = fmt.Errorf("%d bytes instead of %d", len(body), want)
				}
				if err != nil {
					failed[n] = fmt.Errorf("GET %s: %w", path, err)
					next.Store(int64(l.count))
					return
				}
				if l.seen != nil {
					bodies[n][i] = append([]byte(nil), body...)
				}
			}
		})
	}
	wait.Wait()
	r := result{wall: time.Since(begin)}
	if err := errors.Join(failed...); err != nil {
		return result{}, errors.Join(ctx.Err(), err)
	}
	for n := range clients {
		r.latency = append(r.latency, latency[n]...)
		for i, body := range bodies[n] {
			if err := l.seen(i, body); err != nil {
				return result{}, fmt.Errorf("GET %s: %w", l.paths[i%len(l.paths)], err)
			}
		}
	}
	return r, nil
}

// longest is the longest wait for one answer.
const longest = 90 * time.Second

// client is one kept connection.
type client struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

func dial(addr string) (*client, error) {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &client{addr: addr, conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// get requests path and returns the body, which is valid until the next call. All
// answers but 200 are errors.
func (c *client) get(path string) ([]byte, error) {
	c.out = append(c.out[:0], "GET "...)
	c.out = append(c.out, path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: "...)
	c.out = append(c.out, c.addr...)
	c.out = append(c.out, "\r\nAccept: */*\r\n\r\n"...)
	if err := c.conn.SetDeadline(time.Now().Add(longest)); err != nil {
		return nil, err
	}
	if _, err := c.conn.Write(c.out); err != nil {
		return nil, err
	}
	status, length, err := readHead(c.in)
	if err != nil {
		return nil, err
	}
	if c.body, err = readBody(c.in, c.body[:0], length); err != nil {
		return nil, err
	}
	if status != 200 {
		if text := string(c.body); !strings.HasPrefix(text, "<") { // not a page for people
			return nil, fmt.Errorf("status %d: %.120q", status, text)
		}
		return nil, fmt.Errorf("status %d", status)
	}
	return c.body, nil
}

// chunked stands for a body in chunks where a length is asked for.
const chunked = -1

// readHead reads a status line and header fields (RFC 9112 §4, §5). It refuses a
// connection that the server is about to close, as that would be measured too.
func readHead(in *bufio.Reader) (status, length int, err error) {
	length = -2
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		text := strings.TrimRight(string(line), "\r\n")
		if first {
			if len(text) < 12 || !strings.HasPrefix(text, "HTTP/1.1 ") {
				return 0, 0, fmt.Errorf("not an answer: %.80q", text)
			}
			if status, err = strconv.Atoi(text[9:12]); err != nil {
				return 0, 0, err
			}
			continue
		}
		if text == "" {
			break
		}
		name, value, _ := strings.Cut(text, ":")
		value = strings.TrimSpace(value)
		switch {
		case strings.EqualFold(name, "Content-Length"):
			if length, err = strconv.Atoi(value); err != nil || length < 0 {
				return 0, 0, fmt.Errorf("bad Content-Length %q", value)
			}
		case strings.EqualFold(name, "Transfer-Encoding"):
			length = chunked
		case strings.EqualFold(name, "Connection") && strings.EqualFold(value, "close"):
			return 0, 0, fmt.Errorf("the server closes the connection, status %d", status)
		}
	}
	if length == -2 {
		return 0, 0, errors.New("an answer without a length")
	}
	return status, length, nil
}

// readBody appends a body to dst; length may be chunked (RFC 9112 §7.1).
func readBody(in *bufio.Reader, dst []byte, length int) ([]byte, error) {
	const most = 256 << 20
	take := func(n int) error {
		if n < 0 || len(dst)+n > most {
			return errors.New("an answer too large")
		}
		if need := len(dst) + n; need > cap(dst) {
			dst = append(make([]byte, 0, need+need/2), dst...)
		}
		at := len(dst)
		dst = dst[:at+n]
		_, err := io.ReadFull(in, dst[at:])
		return err
	}
	if length != chunked {
		err := take(length)
		return dst, err
	}
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		text, _, _ := strings.Cut(strings.TrimSpace(string(line)), ";")
		size, err := strconv.ParseInt(text, 16, 32)
		if err != nil {
			return nil, fmt.Errorf("bad chunk %q", text)
		}
		if err := take(int(size)); err != nil {
			return nil, err
		}
		if _, err := in.Discard(2); err != nil {
			return nil, err
		}
		if size == 0 {
			return dst, nil
		}
	}
}
