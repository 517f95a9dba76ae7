package server

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// filedImages answers every request with the section of a file that its region
// names: x is the offset, w the length.
type filedImages struct {
	file       *os.File
	held, gave atomic.Int64
	asData     bool // answer with Data, as the other kinds of images do
}

func (f *filedImages) Describe(context.Context, iiif.Identifier) (Description, error) {
	return Description{Info: iiif.Info{Width: 1 << 20, Height: 10}, Revision: "r", Modified: time.Unix(1e9, 0)}, nil
}

func (f *filedImages) Render(_ context.Context, c iiif.Canonical, _ Description) (Result, error) {
	f.held.Add(1)
	r := Result{ContentType: "image/jpeg", Release: func() { f.gave.Add(1) }}
	if f.asData {
		r.Data = make([]byte, c.Region.W)
		if _, err := f.file.ReadAt(r.Data, int64(c.Region.X)); err != nil {
			return Result{}, err
		}
		return r, nil
	}
	r.File, r.Offset, r.Length = f.file, int64(c.Region.X), int64(c.Region.W)
	return r, nil
}

// bytesFile writes n bytes, none of which is like its neighbours.
func bytesFile(t *testing.T, n int) (*os.File, []byte) {
	t.Helper()
	data := make([]byte, n)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(data)
	name := filepath.Join(t.TempDir(), "pyramid")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, data
}

func sectionPath(offset, length int) string {
	return fmt.Sprintf("/iiif/3/a/%d,0,%d,1/max/0/default.jpg", offset, length)
}

// run serves on a listener until the test ends.
func run(t *testing.T, s *Server) (addr string) {
	t.Helper()
	l := tcp(t)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l, nil) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return l.Addr().String()
}

// TestSections: sections of a file arrive as they are, wherever they begin and
// however long they are, on kept connections and behind one another, with the
// same head as answers that come from memory.
func TestSections(t *testing.T) {
	file, data := bytesFile(t, 700_000)
	filed, plain := &filedImages{file: file}, &filedImages{file: file, asData: true}
	sections := run(t, newTestServer(t, Config{Limits: limits()}, Deps{Images: filed}))
	memory := run(t, newTestServer(t, Config{Limits: limits()}, Deps{Images: plain}))
	type piece struct{ offset, length int }
	pieces := []piece{
		{0, 1}, {0, 4096}, {4096, 4096}, {4095, 1}, {4095, 2}, {1, 4094}, {1, 4095}, {1, 4096}, {8192, 300_000},
		{12_345, 85_000}, {699_999, 1}, {500_000, 200_000}, {4097, 600_000},
	}
	for range 60 {
		offset := rand.IntN(600_000)
		pieces = append(pieces, piece{offset, 1 + rand.IntN(100_000)})
	}
	for _, method := range []string{"GET", "HEAD"} {
		var request strings.Builder // pipelined
		for _, p := range pieces {
			fmt.Fprintf(&request, "%s %s HTTP/1.1\r\nHost: x.org\r\n\r\n", method, sectionPath(p.offset, p.length))
		}
		answers := map[string][]string{}
		for _, addr := range []string{sections, memory} {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			go io.WriteString(conn, request.String())
			in := bufio.NewReader(conn)
			for _, p := range pieces {
				resp, err := http.ReadResponse(in, &http.Request{Method: method})
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				want := data[p.offset : p.offset+p.length]
				if method == "HEAD" {
					want = nil
				}
				if err != nil || resp.StatusCode != 200 || resp.ContentLength != int64(p.length) || !bytes.Equal(body, want) {
					t.Fatalf("%s %v of %s: status %d, %d bytes of %d, %v", method, p, addr, resp.StatusCode, len(body), resp.ContentLength, err)
				}
				resp.Header.Del("Date")
				var head bytes.Buffer
				resp.Header.Write(&head)
				answers[addr] = append(answers[addr], head.String())
			}
			conn.Close()
		}
		for i := range pieces {
			if a, b := answers[sections][i], answers[memory][i]; a != b {
				t.Errorf("%s %v: head\n%s\nfrom memory\n%s", method, pieces[i], a, b)
			}
		}
	}
	for _, f := range []*filedImages{filed, plain} {
		if held, gave := f.held.Load(), f.gave.Load(); held != gave || held == 0 {
			t.Errorf("%d results, %d released", held, gave)
		}
	}
}

// TestSectionsTogether: connections do not disturb one another, nor do clients
// that go away in the middle.
func TestSectionsTogether(t *testing.T) {
	file, data := bytesFile(t, 700_000)
	f := &filedImages{file: file}
	s := newTestServer(t, Config{Limits: limits()}, Deps{Images: f})
	addr := run(t, s)
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for i := range 40 {
				offset, length := rand.IntN(600_000), 1+rand.IntN(100_000)
				if i%10 == 9 {
					if conn, err := net.Dial("tcp", addr); err == nil {
						fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x.org\r\n\r\n", sectionPath(0, 700_000))
						io.ReadFull(conn, make([]byte, 1000))
						conn.Close()
					}
				}
				resp, err := client.Get("http://" + addr + sectionPath(offset, length))
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || !bytes.Equal(body, data[offset:offset+length]) {
					t.Errorf("%d bytes from %d: got %d, %v", length, offset, len(body), err)
				}
			}
		})
	}
	wg.Wait()
	for deadline := time.Now().Add(10 * time.Second); f.held.Load() != f.gave.Load() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if held, gave := f.held.Load(), f.gave.Load(); held != gave {
		t.Errorf("%d results, %d released", held, gave)
	}
}

// TestSectionCut: a file that is shorter than it was breaks the connection; a
// client must not take what it got for the whole.
func TestSectionCut(t *testing.T) {
	file, _ := bytesFile(t, 100_000)
	addr := run(t, newTestServer(t, Config{Limits: limits()}, Deps{Images: &filedImages{file: file}}))
	for _, p := range [][2]int{{50_000, 100_000}, {99_000, 2000}, {100_000, 5000}, {98_304, 4096}, {200_000, 10_000}} {
		resp, err := http.Get("http://" + addr + sectionPath(p[0], p[1]))
		if err != nil {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil {
			t.Errorf("%d bytes from %d: %d bytes without an error", p[1], p[0], len(body))
		}
	}
}

// TestRefusals: also what net/http answers by itself can be read by other sites
// and is not kept.
func TestRefusals(t *testing.T) {
	addr := run(t, newTestServer(t, Config{Limits: limits()}, Deps{}))
	for _, request := range []string{
		"GET /iiif/3/%zz HTTP/1.1\r\nHost: x.org\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"GET /\x01 HTTP/1.1\r\nHost: x.org\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x.org\r\nX: " + strings.Repeat("x", 60<<10) + "\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		go io.WriteString(conn, request)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%.40q: %v", request, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 400 && resp.StatusCode != 431 || len(body) < 5 || body[len(body)-1] != '\n' {
			t.Errorf("%.40q: status %d, %q, %v", request, resp.StatusCode, body, err)
		}
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%.40q: %s is %q", request, name, got)
			}
		}
		conn.Close()
	}
}
