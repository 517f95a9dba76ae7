package pyramid_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

var small = pyramid.Options{Width: 300, Height: 170, TileSize: 64, Colour: pyramid.Gray, Revision: "r"}

// TestDamage changes every bit of a head and cuts it everywhere: none of that may
// pass for a pyramid.
func TestDamage(t *testing.T) {
	for _, o := range []pyramid.Options{small, {Width: 300, Height: 170, TileSize: 64, Colour: pyramid.Gray, MaxBytes: 5 << 30}} {
		b := write(t, o, nil)
		head := len(parse(t, b).Head())
		for i := range head * 8 {
			c := bytes.Clone(b)
			c[i/8] ^= 1 << (i % 8)
			x, need, err := pyramid.ParseHead(c)
			if x != nil || err == nil && need <= len(c) || err != nil && kindOf(err) != "corrupt" && kindOf(err) != "unsupported" {
				t.Fatalf("bit %d: %v, need %d, %v", i, x != nil, need, err)
			}
		}
		for n := range head {
			if x, need, err := pyramid.ParseHead(b[:n]); x != nil || err != nil || need <= n || need != head && need != pyramid.FirstRead {
				t.Fatalf("cut at %d: need %d, %v", n, need, err)
			}
		}
		for _, n := range []int{head, head + 1, len(b)} {
			if x, need, err := pyramid.ParseHead(b[:n]); x == nil || err != nil || need != head {
				t.Fatalf("%d bytes: need %d, %v", n, need, err)
			}
		}
	}
}

// resum makes the checksum of a head right, so that what it says is believed.
func resum(b []byte) {
	at := 8
	if len(b) > 2 && b[2] == '+' {
		at = 16
	}
	if len(b) < at+96 {
		return
	}
	n := int(binary.LittleEndian.Uint32(b[at+20:]))
	if n < at+96 || n > len(b) {
		return
	}
	clear(b[at+16 : at+20])
	binary.LittleEndian.PutUint32(b[at+16:], crc32.Checksum(b[:n], crc32.MakeTable(crc32.Castagnoli)))
}

// TestLies changes fields of the notes under a right checksum.
func TestLies(t *testing.T) {
	b := write(t, small, nil)
	for _, c := range []struct {
		what string
		at   int
		to   []byte
		kind string
	}{
		{"nothing", 8, []byte("VITRINE\n"), "ok"},
		{"big-endian", 0, []byte("MM\x00*"), "unsupported"},
		{"no TIFF", 0, []byte("\xff\xd8\xff\xe0"), "corrupt"},
		{"no notes", 8, []byte("GDAL_STR"), "unsupported"},
		{"version", 16, []byte{2}, "unsupported"},
		{"notes", 20, []byte{1, 0, 0, 0}, "corrupt"},
		{"short head", 28, []byte{100, 0, 0, 0}, "corrupt"},
		{"long head", 28, []byte{1, 0, 0, 4}, "corrupt"},
		{"short file", 32, binary.LittleEndian.AppendUint32(nil, uint32(len(b)-1)), "corrupt"},
		{"long classic file", 36, []byte{1}, "corrupt"},
		{"no width", 40, []byte{0, 0, 0, 0}, "corrupt"},
		{"other width", 40, []byte{0, 2, 0, 0}, "corrupt"},
		{"width", 40, []byte{255, 255, 255, 255}, "corrupt"},
		{"height", 44, []byte{255, 255, 255, 127}, "corrupt"},
		{"tile", 48, []byte{17, 0}, "corrupt"},
		{"no tile", 48, []byte{0, 0}, "corrupt"},
		{"levels", 50, []byte{33}, "corrupt"},
		{"no levels", 50, []byte{0}, "corrupt"},
		{"colour", 51, []byte{3}, "corrupt"},
		{"sampling", 52, []byte{3}, "corrupt"},
		{"quality", 54, []byte{101}, "corrupt"},
		{"profile", 56, []byte{1}, "corrupt"},
		{"long profile", 56, []byte{0, 9, 0, 0, 0, 0, 0, 0, 255, 255, 1}, "corrupt"},
		{"revision", 72, []byte{7}, "corrupt"},
		{"tile table", 104, []byte{255, 255, 255, 255, 255, 255, 255, 255}, "corrupt"},
		{"tile table in the notes", 104, []byte{8, 0}, "corrupt"},
		{"exact table", 120, []byte{0, 0, 1}, "corrupt"},
		{"exact tiles", 128, []byte{1, 0, 0, 0}, "corrupt"},
	} {
		d := bytes.Clone(b)
		copy(d[c.at:], c.to)
		resum(d)
		if _, _, err := pyramid.ParseHead(d); kindOf(err) != c.kind {
			t.Errorf("%s: %v, want %s", c.what, err, c.kind)
		}
	}
	// A profile that fits the file, but is larger than any.
	d := bytes.Clone(b)
	binary.LittleEndian.PutUint64(d[32:], 1<<30)
	binary.LittleEndian.PutUint64(d[56:], 1<<20)
	for n, want := range map[uint32]string{4 << 20: "ok", 4<<20 + 1: "corrupt"} {
		binary.LittleEndian.PutUint32(d[64:], n)
		resum(d)
		if _, _, err := pyramid.ParseHead(d); kindOf(err) != want {
			t.Errorf("profile of %d bytes: %v", n, err)
		}
	}
	// A tile outside of the file, in the head, or empty.
	x := parse(t, b)
	at := binary.LittleEndian.Uint64(b[104:])
	r, _ := x.Tile(0, 0, 0)
	for _, off := range []int64{0, int64(len(x.Head())) - 1, x.Size() - r.Length + 1, 1<<32 - 1} {
		d := bytes.Clone(b)
		binary.LittleEndian.PutUint32(d[at:], uint32(off))
		resum(d)
		if _, _, err := pyramid.ParseHead(d); kindOf(err) != "corrupt" {
			t.Errorf("tile at %d: %v", off, err)
		}
	}
}

// TestLargeHead reads a pyramid whose tables need more than the first read.
func TestLargeHead(t *testing.T) {
	b := write(t, pyramid.Options{Width: 10_000, Height: 9_000, TileSize: 64, Colour: pyramid.YCbCr}, nil)
	x, need, err := pyramid.ParseHead(b[:pyramid.FirstRead])
	if x != nil || err != nil || need < 8*(157*141+79*71) {
		t.Fatalf("need %d, %v", need, err)
	}
	checkStored(t, parse(t, b), b)
	// And the promise: a gigapixel does not.
	g, err := pyramid.NewWriter(pyramid.Options{Width: 36_000, Height: 28_000, Colour: pyramid.YCbCr, SubX: 2, SubY: 2, MaxBytes: 1 << 30}, &memory{})
	if err != nil || g.Start() > pyramid.FirstRead {
		t.Errorf("a gigapixel has a head of %d bytes, %v", g.Start(), err)
	}
}

func TestOptions(t *testing.T) {
	for what, o := range map[string]pyramid.Options{
		"colour": {Width: 1, Height: 1}, "width": {Height: 1, Colour: pyramid.Gray},
		"height":   {Width: 1, Height: 1<<31 - 1, Colour: pyramid.Gray},
		"tile":     {Width: 1, Height: 1, Colour: pyramid.Gray, TileSize: 100},
		"sampling": {Width: 1, Height: 1, Colour: pyramid.YCbCr, SubX: 3},
		"units":    {Width: 1, Height: 1, Colour: pyramid.YCbCr, SubX: 4, TileSize: 48},
		"profile":  {Width: 1, Height: 1, Colour: pyramid.Gray, ICC: make([]byte, 127)},
		"revision": {Width: 1, Height: 1, Colour: pyramid.Gray, Revision: strings.Repeat("r", 33)},
		"space":    {Width: 1, Height: 1, Colour: pyramid.Gray, Revision: "a b"},
		"software": {Width: 1, Height: 1, Colour: pyramid.Gray, Software: "a\n"},
		"quality":  {Width: 1, Height: 1, Colour: pyramid.Gray, Quality: 101},
	} {
		if _, err := pyramid.NewWriter(o, &memory{}); kindOf(err) != "invalid" {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, side := range []int{3 << 20, 1<<31 - 2} {
		if _, err := pyramid.NewWriter(pyramid.Options{Width: side, Height: side, Colour: pyramid.Gray}, &memory{}); kindOf(err) != "unsupported" {
			t.Errorf("side %d: %v", side, err)
		}
	}
	if _, err := pyramid.NewGeometry(1, 1, 8); kindOf(err) != "invalid" {
		t.Error(err)
	}
}

// broken is a Sink that fails after some writes, or takes less than it gets.
type broken struct {
	left  int
	short bool
}

func (s *broken) WriteAt(p []byte, _ int64) (int, error) {
	if s.left--; s.left >= 0 {
		return len(p), nil
	}
	if s.short {
		return len(p) - 1, nil
	}
	return 0, fault.E("test.WriteAt", fault.Unavailable, errors.New("no storage"))
}

func TestPut(t *testing.T) {
	o := pyramid.Options{Width: 100, Height: 64, TileSize: 64, Colour: pyramid.YCbCr, SubX: 2, SubY: 2}
	tile, edge := stub(o.Colour, 2, 64, 64, "t"), stub(o.Colour, 2, 36, 64, "e")
	w, err := pyramid.NewWriter(o, &broken{left: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"level": w.Put(9, 0, 0, tile), "column": w.Put(0, 2, 0, tile), "negative": w.Put(0, 0, -1, tile),
		"nothing": w.Put(0, 0, 0, nil), "too many": w.Put(0, 0, 0, tile, tile), "too few": w.Put(0, 1, 0, tile),
		"gray": w.Put(0, 0, 0, stub(pyramid.Gray, 1, 64, 64, "g")), "size": w.Put(0, 0, 0, edge),
		"sampling": w.Put(0, 0, 0, stub(o.Colour, 1, 64, 64, "s")), "cut": w.Put(0, 0, 0, tile[:len(tile)-1]),
		"no JPEG": w.Put(0, 0, 0, []byte("\xff\xd8not a JPEG\xff\xd9")), "early": w.Close(),
		"no frame": w.Put(0, 0, 0, []byte("\xff\xd8\xff\xd9")),
	} {
		if kindOf(err) != "invalid" {
			t.Errorf("%s: %v", what, err)
		}
	}
	// The failures changed nothing.
	half := stub(o.Colour, 2, 50, 32, "h")
	for _, put := range []func() error{
		func() error { return w.Put(0, 1, 0, tile, edge) },
		func() error { return w.Put(1, 0, 0, tile, half) },
		func() error { return w.Put(0, 0, 0, tile) },
	} {
		if err := put(); err != nil {
			t.Fatal(err)
		}
		if err := put(); kindOf(err) != "invalid" {
			t.Fatal("put twice: ", err)
		}
	}
	if w.Left() != 0 || w.Size() != w.Start()+int64(3*len(tile)+len(edge)+len(half)) {
		t.Errorf("%d tiles left, %d bytes from %d", w.Left(), w.Size(), w.Start())
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Close(); kindOf(err) != "invalid" {
		t.Error("closed twice: ", err)
	}
}

// TestSinkFails: the error of the sink arrives, and stays.
func TestSinkFails(t *testing.T) {
	o := pyramid.Options{Width: 64, Height: 64, TileSize: 64, Colour: pyramid.Gray}
	for left := range 2 {
		for _, short := range []bool{false, true} {
			w, err := pyramid.NewWriter(o, &broken{left, short})
			if err != nil {
				t.Fatal(err)
			}
			err = w.Put(0, 0, 0, stub(o.Colour, 1, 64, 64, "t"))
			if left == 1 && err == nil {
				err = w.Close()
			}
			want := "unavailable"
			if short {
				want = "internal"
			}
			if kindOf(err) != want || w.Close() != err {
				t.Errorf("%d writes, short %v: %v, then %v", left, short, err, w.Close())
			}
		}
	}
}

// headOnly is a Sink that keeps the head.
type headOnly struct{ head []byte }

func (s *headOnly) WriteAt(p []byte, off int64) (int, error) {
	if off == 0 {
		s.head = bytes.Clone(p)
	}
	return len(p), nil
}

// TestFourGigabytes: a classic TIFF ends there, a BigTIFF does not.
func TestFourGigabytes(t *testing.T) {
	const filler = 512 << 20 // never touched, so it takes no memory
	o := pyramid.Options{Width: 640, Height: 64, TileSize: 64, Colour: pyramid.Gray}
	tile := make([]byte, filler)
	copy(tile, stub(o.Colour, 1, 64, 64, "t"))
	tile[filler-2], tile[filler-1] = 0xff, 0xd9
	fill := func(o pyramid.Options) (*headOnly, error) {
		var sink headOnly
		w, err := pyramid.NewWriter(o, &sink)
		if err != nil {
			t.Fatal(err)
		}
		g := w.Geometry()
		for k := range g.Layout().Levels {
			cols, _ := g.Grid(k)
			for col := range cols {
				var exact [][]byte
				for _, s := range g.Exacts(k, col, 0) {
					exact = append(exact, stub(o.Colour, 1, s.Width, s.Height, "e"))
				}
				if err := w.Put(k, col, 0, tile, exact...); err != nil {
					return nil, errors.Join(err, w.Put(0, 9, 0, tile))
				}
			}
		}
		return &sink, w.Close()
	}
	if _, err := fill(o); kindOf(err) != "unsupported" {
		t.Error(err)
	}
	o.MaxBytes = 8 << 30
	sink, err := fill(o)
	if err != nil {
		t.Fatal(err)
	}
	x, _, err := pyramid.ParseHead(sink.head)
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := x.Tile(0, 9, 0); !ok || r != (pyramid.Range{Offset: int64(len(sink.head)) + 9*filler, Length: filler}) {
		t.Errorf("%+v", r)
	}
	// Large images are Big by themselves.
	for side, want := range map[int]string{20_000: "II*\x00", 60_000: "II+\x00"} {
		b := write(t, pyramid.Options{Width: side, Height: side, Colour: pyramid.YCbCr}, nil)
		if string(b[:4]) != want {
			t.Errorf("side %d: %q", side, b[:4])
		}
	}
}

// FuzzParseHead reads damaged heads, whose checksum is made right first. What it
// takes must keep its promises.
func FuzzParseHead(f *testing.F) {
	for _, o := range []pyramid.Options{small, {Width: 40, Height: 20, TileSize: 16, Colour: pyramid.YCbCr, MaxBytes: 5 << 30, ICC: make([]byte, 200)}, {Width: 1, Height: 1, Colour: pyramid.Gray}} {
		b := write(f, o, nil)
		f.Add(b[:len(parse(f, b).Head())])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Clone(b)
		resum(b)
		x, need, err := pyramid.ParseHead(b)
		if err != nil {
			if x != nil || kindOf(err) != "corrupt" && kindOf(err) != "unsupported" {
				t.Fatal(x != nil, err)
			}
			return
		}
		if x == nil {
			if need <= len(b) || need > 64<<20 {
				t.Fatalf("need %d of %d", need, len(b))
			}
			return
		}
		in := x.Info()
		inside := func(r pyramid.Range, ok bool) {
			if !ok || r.Length < 1 || r.Offset < int64(len(x.Head())) || r.End() > x.Size() {
				t.Fatalf("%+v of %d, %v", r, x.Size(), ok)
			}
		}
		for k, l := range x.Layout().Levels {
			if l.Width < 1 || l.Height < 1 || l.Width > in.Width || l.Height > in.Height {
				t.Fatalf("level %+v", l)
			}
			inside(x.Tile(k, l.Cols()-1, l.Rows()-1))
			cols, rows := x.Geometry().Grid(k)
			for _, s := range x.Geometry().Exacts(k, cols-1, rows-1) {
				inside(x.Exact(k, cols-1, rows-1, s.Width, s.Height))
			}
		}
	})
}
