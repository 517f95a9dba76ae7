package pyramid_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// iipsrv is where Debian installs IIPImage.
const iipsrv = "/usr/lib/iipimage-server/iipsrv.fcgi"

// TestIIPImage opens pyramids with IIPImage, which must say their dimensions and
// give, at scale 1, 1/2 and of all, the pixels that libvips reads.
func TestIIPImage(t *testing.T) {
	needTools(t, "vips", "djpeg")
	if _, err := os.Stat(iipsrv); err != nil {
		if os.Getenv("VITRINE_CI") == "1" {
			t.Fatal("iipimage-server is missing")
		}
		t.Skip("iipimage-server is missing")
	}
	dir := t.TempDir()
	server := startIIPImage(t, dir)
	for _, name := range []string{"420", "444", "422", "gray", "big"} {
		o := cases[name]
		x, b := build(t, o)
		file := filepath.Join(dir, name+".tif")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var info struct {
			Width, Height int
			Tiles         []struct{ Width, Height int }
		}
		if err := json.Unmarshal(server.get(name+".tif/info.json"), &info); err != nil {
			t.Fatal(err)
		}
		levels := x.Layout().Levels
		if tile := levels[0].TileWidth; info.Width != o.Width || info.Height != o.Height || len(info.Tiles) == 0 || info.Tiles[0].Width != tile {
			t.Errorf("%s: IIPImage says %+v", name, info)
		}
		for k, l := range levels[:min(2, len(levels))] {
			// Whole tiles and, of odd sizes, the last column and row.
			for _, at := range [][2]int{{0, 0}, {l.Cols() - 1, 0}, {0, l.Rows() - 1}, {l.Cols() - 1, l.Rows() - 1}} {
				u, v := at[0]*l.TileWidth, at[1]*l.TileHeight
				w, h := min(l.TileWidth, l.Width-u), min(l.TileHeight, l.Height-v)
				region := fmt.Sprintf("%d,%d,%d,%d", u<<k, v<<k, min(w<<k, o.Width-u<<k), min(h<<k, o.Height-v<<k))
				server.compare(fmt.Sprintf("%s.tif/%s/%d,%d/0/default.jpg", name, region, w, h), file, k, u, v, w, h, 1)
			}
		}
		// Of all, IIPImage may reduce a level that is larger.
		l := levels[len(levels)-1]
		server.compare(fmt.Sprintf("%s.tif/full/%d,%d/0/default.jpg", name, l.Width, l.Height), file, len(levels)-1, 0, 0, l.Width, l.Height, 2)
	}
	if log, err := os.ReadFile(server.log); err == nil && bytes.Contains(bytes.ToLower(log), []byte("error")) {
		t.Errorf("IIPImage's log:\n%s", log)
	}
}

// iipimage is a running IIPImage.
type iipimage struct {
	t      *testing.T
	dir    string
	socket string
	log    string
}

// startIIPImage starts IIPImage on the files of dir.
func startIIPImage(t *testing.T, dir string) *iipimage {
	t.Helper()
	short, err := os.MkdirTemp("", "iip") // names of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	s := &iipimage{t: t, dir: t.TempDir(), socket: filepath.Join(short, "s"), log: filepath.Join(short, "log")}
	cmd := exec.Command(iipsrv, "--bind", s.socket)
	cmd.Env = append(os.Environ(), "FILESYSTEM_PREFIX="+dir+"/", "LOGFILE="+s.log, "VERBOSITY=1",
		"JPEG_QUALITY=98", "MAX_IMAGE_CACHE_SIZE=0", "MAX_CVT=10000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 200 {
		if c, err := net.Dial("unix", s.socket); err == nil {
			c.Close()
			return s
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("IIPImage does not start")
	return nil
}

// get asks for the answer to an IIIF request: one FastCGI request (FastCGI 1.0 §3)
// on a connection of its own.
func (s *iipimage) get(path string) []byte {
	s.t.Helper()
	c, err := net.Dial("unix", s.socket)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	var params []byte
	for _, p := range [][2]string{
		{"QUERY_STRING", "IIIF=" + path}, {"REQUEST_METHOD", "GET"}, {"SERVER_PROTOCOL", "HTTP/1.1"},
		{"HTTP_HOST", "localhost"}, {"REQUEST_URI", "/" + path},
	} {
		params = append(params, byte(len(p[0])), byte(len(p[1])))
		params = append(append(params, p[0]...), p[1]...)
	}
	const begin, end, param, stdin, stdout = 1, 3, 4, 5, 6
	var out bytes.Buffer
	record := func(kind byte, body []byte) {
		out.Write([]byte{1, kind, 0, 1, byte(len(body) >> 8), byte(len(body)), 0, 0})
		out.Write(body)
	}
	record(begin, []byte{0, 1, 0, 0, 0, 0, 0, 0}) // as a responder
	record(param, params)
	record(param, nil)
	record(stdin, nil)
	if _, err := c.Write(out.Bytes()); err != nil {
		s.t.Fatal(err)
	}
	var answer []byte
	for {
		var head [8]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			s.t.Fatalf("%s: %v", path, err)
		}
		n := int(binary.BigEndian.Uint16(head[4:]))
		body := make([]byte, n+int(head[6]))
		if _, err := io.ReadFull(c, body); err != nil {
			s.t.Fatalf("%s: %v", path, err)
		}
		switch head[1] {
		case stdout:
			answer = append(answer, body[:n]...)
		case end:
			header, content, ok := bytes.Cut(answer, []byte("\r\n\r\n"))
			if !ok || bytes.Contains(header, []byte("Status:")) && !bytes.Contains(header, []byte("Status: 200")) {
				s.t.Fatalf("%s: IIPImage answers %.300q", path, answer)
			}
			return content
		}
	}
}

// compare compares an answer with what libvips reads of a level at (x, y): they may
// differ by most of 255 on average.
func (s *iipimage) compare(path, file string, level, x, y, w, h int, most float64) {
	s.t.Helper()
	suffix := ".ppm"
	if strings.HasPrefix(path, "gray") {
		suffix = ".pgm"
	}
	in, got, want := filepath.Join(s.dir, "a.jpg"), filepath.Join(s.dir, "got"+suffix), filepath.Join(s.dir, "want"+suffix)
	if err := os.WriteFile(in, s.get(path), 0o600); err != nil {
		s.t.Fatal(err)
	}
	run(s.t, "djpeg", "-pnm", "-outfile", got, in)
	run(s.t, "vips", "crop", fmt.Sprintf("%s[page=%d]", file, level), want, fmt.Sprint(x), fmt.Sprint(y), fmt.Sprint(w), fmt.Sprint(h))
	a, b := readPNM(s.t, got), readPNM(s.t, want)
	if a.w != w || a.h != h || a.n != b.n {
		s.t.Errorf("%s: IIPImage gives %d × %d, %d bands", path, a.w, a.h, a.n)
		return
	}
	if d := b.difference(a, 0, 0); d > most {
		s.t.Errorf("%s: IIPImage's pixels differ by %.2f from libvips'", path, d)
	}
}
