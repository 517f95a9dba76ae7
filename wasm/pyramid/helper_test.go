package pyramid_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

// needTools skips a test whose tools are not there; in CI that is a failure.
func needTools(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("VITRINE_CI") == "1" {
				t.Fatalf("%s is missing", name)
			}
			t.Skipf("%s is missing", name)
		}
	}
}

// run runs a tool and returns all that it prints.
func run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// memory is a Sink that insists on the promised order: tiles without gaps, the
// head last.
type memory struct {
	b     []byte
	start int64 // where the first tile was
	done  bool
}

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	switch {
	case m.done:
		return 0, fmt.Errorf("write after the head")
	case off == 0 && m.b != nil:
		m.done = true
		if int64(len(p)) != m.start {
			return 0, fmt.Errorf("%d bytes of head, tiles begin at %d", len(p), m.start)
		}
	case m.b == nil:
		m.start = off
		m.b = make([]byte, off)
	case off != int64(len(m.b)):
		return 0, fmt.Errorf("gap: %d, have %d", off, len(m.b))
	}
	if !m.done {
		m.b = append(m.b, p...)
	} else {
		copy(m.b, p)
	}
	return len(p), nil
}

// stub returns a JPEG without picture that says its dimensions and, in a comment,
// what it is.
func stub(c pyramid.Colour, sub, w, h int, what string) []byte {
	b := []byte{0xff, 0xd8, 0xff, 0xdb, 0, 3, 0, 0xff, 0xfe, 0, byte(2 + len(what))}
	b = append(b, what...)
	n := 1
	if c == pyramid.YCbCr {
		n = 3
	}
	b = append(b, 0xff, 0xc0, 0, byte(8+3*n), 8, byte(h>>8), byte(h), byte(w>>8), byte(w), byte(n))
	for i := range n {
		s := byte(0x11)
		if i == 0 && n == 3 {
			s *= byte(sub)
		}
		b = append(b, byte(i+1), s, 0)
	}
	return append(b, 0xff, 0xd9)
}

// stubbed is what a stub says, "?" for what is not one.
func stubbed(b []byte) string {
	if len(b) < 13 || b[0] != 0xff || b[1] != 0xd8 || b[len(b)-1] != 0xd9 {
		return "?"
	}
	return string(b[11 : 9+int(b[10])])
}

// label is what the stub of a tile says.
func label(kind string, level, col, row, w, h int) string {
	return fmt.Sprintf("%s %d %d %d %dx%d", kind, level, col, row, w, h)
}

// write writes a pyramid of stubs; perturb changes the order of the tiles.
func write(t testing.TB, o pyramid.Options, perturb func(n int, swap func(i, j int))) []byte {
	t.Helper()
	var sink memory
	w, err := pyramid.NewWriter(o, &sink)
	if err != nil {
		t.Fatal(err)
	}
	type place struct{ level, col, row int }
	var places []place
	g := w.Geometry()
	for k := range g.Layout().Levels {
		cols, rows := g.Grid(k)
		for row := range rows {
			for col := range cols {
				places = append(places, place{k, col, row})
			}
		}
	}
	if w.Left() != int64(len(places)) {
		t.Fatalf("%d tiles left of %d", w.Left(), len(places))
	}
	if perturb != nil {
		perturb(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
	}
	sub := max(o.SubX, 1)
	tile := g.Layout().Levels[0].TileWidth
	for _, p := range places {
		var padded []byte
		if g.Stored(p.level, p.col, p.row) {
			padded = stub(o.Colour, sub, tile, tile, label("padded", p.level, p.col, p.row, tile, tile))
		}
		var exact [][]byte
		for _, s := range g.Exacts(p.level, p.col, p.row) {
			exact = append(exact, stub(o.Colour, sub, s.Width, s.Height, label("exact", p.level, p.col, p.row, s.Width, s.Height)))
		}
		if err := w.Put(p.level, p.col, p.row, padded, exact...); err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if int64(len(sink.b)) != w.Size() || !sink.done {
		t.Fatalf("%d bytes, want %d", len(sink.b), w.Size())
	}
	return sink.b
}

// kindOf is the kind of err, or "ok".
func kindOf(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.KindOf(err).String()
}

// parse reads the head the way a client does: the first bytes, then what is asked.
func parse(t testing.TB, file []byte) *pyramid.Index {
	t.Helper()
	b := file[:min(len(file), pyramid.FirstRead)]
	x, need, err := pyramid.ParseHead(bytes.Clone(b))
	if err == nil && x == nil {
		if need <= len(b) || need > len(file) {
			t.Fatalf("need %d of %d, have %d", need, len(file), len(b))
		}
		x, _, err = pyramid.ParseHead(bytes.Clone(file[:need]))
	}
	if err != nil || x == nil {
		t.Fatal("no index: ", err)
	}
	if x.Size() != int64(len(file)) {
		t.Fatalf("size %d of %d", x.Size(), len(file))
	}
	return x
}

// resolve parses parameters under the version's prefix and resolves them.
func resolve(t testing.TB, v iiif.Version, parameters string, in iiif.Info, lim iiif.Limits) iiif.Canonical {
	t.Helper()
	r, err := iiif.Parse("/iiif/" + v.String() + "/id/" + parameters)
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.Resolve(in, lim)
	if err != nil {
		t.Fatalf("%+v %s: %v", in, parameters, err)
	}
	return c
}
