package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ask is a request.
type ask struct {
	path   string
	header string // lines, each with its end
	status int    // that is expected
}

func (a *ask) text() string {
	return "GET " + a.path + " HTTP/1.1\r\nHost: iiif.example.org\r\nAccept: */*\r\n" + a.header + "\r\n"
}

// connection is a kept connection to a subject.
type connection struct {
	net.Conn
	in *bufio.Reader
}

func dial(addr string) (*connection, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &connection{c, newReader(c)}, nil
}

// answered is an answer.
type answered struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request. The body is only kept when it is wanted.
func (c *connection) do(a *ask, wanted bool) (answered, error) {
	c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(c, a.text()); err != nil {
		return answered{}, err
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return answered{}, fmt.Errorf("GET %s: %w", a.path, err)
	}
	defer resp.Body.Close()
	out := answered{status: resp.StatusCode, header: resp.Header}
	if wanted {
		out.body, err = io.ReadAll(resp.Body)
	} else {
		_, err = io.Copy(io.Discard, resp.Body)
	}
	if err == nil && out.status != a.status {
		err = fmt.Errorf("GET %s: status %d, not %d: %.200s", a.path, out.status, a.status, out.body)
	}
	return out, err
}

// one sends one request over a connection of its own.
func (s *subject) one(a ask) (answered, error) {
	c, err := dial(s.addr)
	if err != nil {
		return answered{}, err
	}
	defer c.Close()
	return c.do(&a, true)
}

// load sends the next count requests over so many connections.
func (s *subject) load(ctx context.Context, asks []ask, count, conns int) error {
	first := s.sent
	s.sent += count
	var wait sync.WaitGroup
	failed := make(chan error, conns)
	for k := range conns {
		wait.Go(func() {
			c, err := dial(s.addr)
			if err != nil {
				failed <- err
				return
			}
			defer c.Close()
			for i := k; i < count && ctx.Err() == nil; i += conns {
				if _, err := c.do(&asks[(first+i)%len(asks)], false); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wait.Wait()
	close(failed)
	if err := <-failed; err != nil {
		return fmt.Errorf("%s: %w", strings.ToLower(s.name), err)
	}
	return ctx.Err()
}
