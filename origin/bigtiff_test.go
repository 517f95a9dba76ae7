package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/tiff"
)

// The picture of the large files: 50 gigapixels, more than 10 GB as JPEG.
const (
	bigWidth, bigHeight = 250_000, 200_000
	bigBytes            = 10_000_000_000
)

// tool runs a program that a test needs and returns what it prints.
func tool(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		missing(t, name)
	}
	cmd := exec.Command(name, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, errs.Bytes())
	}
	return out
}

// photograph is a picture of 2560 × 1600 pixels or so.
const photograph = "/usr/share/backgrounds/mate/nature/Garden.jpg"

// part returns a file of a part of the photograph, in libvips' own format.
func part(t *testing.T, w, h string) string {
	t.Helper()
	if _, err := os.Stat(photograph); err != nil {
		missing(t, photograph)
	}
	file := filepath.Join(t.TempDir(), "part.v")
	tool(t, "vips", "extract_area", photograph, file, "256", "64", w, h)
	return file
}

// sparse is a file most of which is a hole: it takes the place of what is written.
type sparse struct {
	t    *testing.T
	file *os.File
}

func newSparse(t *testing.T, name string) *sparse {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &sparse{t, f}
}

func (s *sparse) put(off int64, b []byte) {
	s.t.Helper()
	if _, err := s.file.WriteAt(b, off); err != nil {
		s.t.Fatal(err)
	}
}

// foreignTiles returns abbreviated tiles of 256 × 256, 8 in a row, as libvips writes
// them, and the tables that they share.
func foreignTiles(t *testing.T) (tiles [][]byte, tables []byte) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "tiles.tif")
	tool(t, "vips", "tiffsave", part(t, "2048", "1536"), name, "--tile", "--tile-width", "256", "--tile-height", "256", "--compression", "jpeg", "--Q", "80")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := tiff.Open(bytes.NewReader(b), int64(len(b)), tiff.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 48 {
		off, n, err := f.TileRange(0, i%8, i/8)
		if err != nil {
			t.Fatal(err)
		}
		tiles = append(tiles, b[off:off+n])
	}
	return tiles, f.JPEGTables(0)
}

// arrangement says where a foreign file has its directories.
type arrangement int

const (
	atEnd     arrangement = iota // all of them behind the pixels, with their tables
	afterEach                    // each behind the pixels of its level, as libvips does
)

// foreignBig writes a BigTIFF of the size above as libtiff lays it out: every
// directory is followed by its values, tables of megabytes among them. Its tiles
// are 48 real ones, stored 16 times, that repeat over each level; every third tile of a
// corner of the first level is not stored.
func foreignBig(t *testing.T, name string, where arrangement) (levels int) {
	t.Helper()
	tiles, tables := foreignTiles(t)
	out := newSparse(t, name)
	// The places of tile v of island i, spread over the file.
	const islands = 16
	var at [islands][48]uint64
	for i := range islands {
		off := int64(64<<20) + int64(i)*(bigBytes/islands)
		for v, b := range tiles {
			out.put(off, b)
			at[i][v] = uint64(off)
			off += int64(len(b))
		}
	}
	out.put(0, []byte("II\x2b\x00\x08\x00\x00\x00"))
	link := int64(8) // where the offset of the next directory belongs
	end := int64(bigBytes)
	if where == afterEach {
		end = 0
	}
	for w, h, level := bigWidth, bigHeight, 0; ; w, h, level = w/2, h/2, level+1 {
		cols, rows := (w+255)/256, (h+255)/256
		n := cols * rows
		offsets, counts := make([]byte, 8*n), make([]byte, 4*n)
		for i := range n {
			x, y := i%cols, i/cols
			if level == 0 && x < 64 && y < 64 && (x+y)%3 == 0 {
				continue
			}
			v := y%6*8 + x%8
			binary.LittleEndian.PutUint64(offsets[8*i:], at[i*islands/n][v])
			binary.LittleEndian.PutUint32(counts[4*i:], uint32(len(tiles[v])))
		}
		if where == afterEach {
			// The pixels of a level take a quarter of what those before it take.
			end = max(end, bigBytes-bigBytes>>(2*level+2))
		}
		start := (end + 15) &^ 15
		var ptr [8]byte
		binary.LittleEndian.PutUint64(ptr[:], uint64(start))
		out.put(link, ptr[:])
		reduced := uint32(0)
		if level > 0 {
			reduced = 1
		}
		var dir bytes.Buffer
		link, end = bigDirectory(&dir, start, []bigField{
			{tag: 254, kind: 4, n: 1, value: le32(reduced)},
			{tag: 256, kind: 4, n: 1, value: le32(uint32(w))},
			{tag: 257, kind: 4, n: 1, value: le32(uint32(h))},
			{tag: 258, kind: 3, n: 3, value: []byte{8, 0, 8, 0, 8, 0}},
			{tag: 259, kind: 3, n: 1, value: []byte{7, 0}},
			{tag: 262, kind: 3, n: 1, value: []byte{6, 0}},
			{tag: 277, kind: 3, n: 1, value: []byte{3, 0}},
			{tag: 284, kind: 3, n: 1, value: []byte{1, 0}},
			{tag: 322, kind: 4, n: 1, value: le32(256)},
			{tag: 323, kind: 4, n: 1, value: le32(256)},
			{tag: 324, kind: 16, n: uint64(n), value: offsets},
			{tag: 325, kind: 4, n: uint64(n), value: counts},
			{tag: 347, kind: 7, n: uint64(len(tables)), value: tables},
			{tag: 530, kind: 3, n: 2, value: []byte{2, 0, 2, 0}},
		})
		out.put(start, dir.Bytes())
		if w <= 256 && h <= 256 {
			return level + 1
		}
	}
}

func le32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

// bigField is a field of a BigTIFF directory.
type bigField struct {
	tag, kind uint16
	n         uint64
	value     []byte
}

// bigDirectory writes a directory for offset start and the values behind it. It
// returns where the offset of the next directory belongs, and the end.
func bigDirectory(w *bytes.Buffer, start int64, fields []bigField) (link, end int64) {
	le := binary.LittleEndian
	b := le.AppendUint64(nil, uint64(len(fields)))
	link = start + int64(8+20*len(fields))
	end = link + 8
	var values []byte
	for _, f := range fields {
		b = le.AppendUint16(le.AppendUint16(b, f.tag), f.kind)
		b = le.AppendUint64(b, f.n)
		if len(f.value) <= 8 {
			b = append(append(b, f.value...), make([]byte, 8-len(f.value))...)
			continue
		}
		b = le.AppendUint64(b, uint64(end)+uint64(len(values)))
		values = append(values, f.value...)
		values = append(values, make([]byte, len(f.value)%2)...)
	}
	w.Write(append(b, make([]byte, 8)...))
	w.Write(values)
	return link, end + int64(len(values))
}
