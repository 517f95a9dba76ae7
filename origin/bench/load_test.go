package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestLoad runs the client against the server of net/http.
func TestLoad(t *testing.T) {
	var served, busy, most atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/length", func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		most.Store(max(most.Load(), busy.Add(1)))
		time.Sleep(2 * time.Millisecond)
		busy.Add(-1)
		io.WriteString(w, "twelve bytes")
	})
	mux.HandleFunc("/chunks", func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		for range 3 {
			io.WriteString(w, strings.Repeat("x", 70000))
			w.(http.Flusher).Flush()
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	addr := strings.TrimPrefix(server.URL, "http://")
	l := load{addr: addr, paths: []string{"/length", "/chunks"}, conns: 4, count: 41, time: time.Minute}
	l.lengths = map[string]int{"/length": 12, "/chunks": 210000}
	var seen int
	l.seen = func(i int, body []byte) error {
		seen++
		if want := []int{12, 210000}[i%2]; len(body) != want {
			return fmt.Errorf("answer %d has %d bytes", i, len(body))
		}
		return nil
	}
	r, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := served.Load(); n != 41 || len(r.latency) != 41 || seen != 41 {
		t.Errorf("%d served, %d timed, %d seen", n, len(r.latency), seen)
	}
	if m := most.Load(); m < 2 || m > 4 {
		t.Errorf("%d at one time, 4 connections", m)
	}

	l.seen = nil
	l.lengths = map[string]int{"/length": 13}
	if _, err := l.run(t.Context()); err == nil {
		t.Error("an answer of another length is taken")
	}
	l.paths, l.lengths = []string{"/nothing"}, nil
	if _, err := l.run(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("status 404: %v", err)
	}
	l.paths, l.count, l.time = []string{"/length"}, 1<<20, 30*time.Millisecond
	if r, err := l.run(t.Context()); err != nil || len(r.latency) < 4 || r.wall > 10*time.Second {
		t.Errorf("a run of 30 ms: %d requests in %v, %v", len(r.latency), r.wall, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	l.time = time.Minute
	if _, err := l.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	l.addr = "192.0.2.1:80"
	if _, err := l.run(t.Context()); err == nil {
		t.Error("it sends requests to other machines")
	}
}

// TestLoadInPieces: an answer may arrive in any pieces.
func TestLoadInPieces(t *testing.T) {
	answers := map[string][]string{
		"/head":   {"HTTP/1.1 200 OK\r\nConte", "nt-Length: 3\r", "\n\r", "\nabc"},
		"/body":   {"HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\n", "ab", "cde"},
		"/chunks": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\n0\r\n\r\n", "\r\nb\r\nelevenbytes\r\n", "0\r", "\n\r\n"},
		"/empty":  {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		"/close":  {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
		"/many":   {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc"},
		"/none":   {"HTTP/1.1 200 OK\r\n\r\n"},
		"/short":  {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", ""},
		"/chunk":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n0\r\n\r\n"},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					for _, piece := range answers[r.URL.Path] {
						if piece == "" {
							return
						}
						io.WriteString(conn, piece)
						time.Sleep(2 * time.Millisecond)
					}
				}
			}()
		}
	}()
	addr := listener.Addr().String()
	for path, want := range map[string]string{"/head": "abc", "/body": "abcde", "/chunks": "0\r\n\r\nelevenbytes", "/empty": ""} {
		body, err := fetch(t.Context(), addr, path)
		if err != nil || string(body) != want {
			t.Errorf("%s: %q, %v", path, body, err)
		}
		// As in a measured run, where bodies are dropped.
		l := load{addr: addr, paths: []string{path}, conns: 2, count: 4, time: time.Minute, lengths: map[string]int{path: len(want)}}
		if r, err := l.run(t.Context()); err != nil || len(r.latency) != 4 {
			t.Errorf("%s, dropped: %d answers, %v", path, len(r.latency), err)
		}
	}
	for path, want := range map[string]string{
		"/close": "closes", "/many": "more bytes", "/none": "without a length", "/short": "unexpected EOF", "/chunk": "bad chunk",
	} {
		if _, err := fetch(t.Context(), addr, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
