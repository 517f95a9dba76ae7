package pyramid

import (
	"errors"
	"hash/crc32"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// FirstRead is how many bytes to read at the start of a file: they hold the head
// of all images up to about a gigapixel.
const FirstRead = 64 << 10

// maxHead bounds the head, in bytes: it has some 8 million tiles, a picture of
// two terapixels.
const maxHead = 64 << 20

// Index is the head of a pyramid. It is only made by ParseHead, and everything in
// it was checked: every range is inside the file. It does not change and is safe
// for concurrent use.
type Index struct {
	b        []byte // the head
	geo      Geometry
	tables   []table
	notes    notes
	sizes    []iiif.Size
	revision string
}

// ParseHead reads the head of a pyramid from b, the first bytes of its file:
// FirstRead of them, or all if the file is smaller. When that is not enough it
// returns no Index, and need is how many of the first bytes to call it with
// again, at most 64 MiB; a file that does not have that many is damaged.
//
// It keeps b, which must not change afterwards. It fails with Unsupported for a
// TIFF without our notes or with those of a later version, and with Corrupt for
// what is no TIFF or damaged. Its memory is a few KiB besides b.
func ParseHead(b []byte) (x *Index, need int, err error) {
	const op = "pyramid.ParseHead"
	corrupt := func(what string) (*Index, int, error) {
		return nil, 0, fault.E(op, fault.Corrupt, errors.New(what))
	}
	var big bool
	switch {
	case len(b) < 16+notesFixed:
		return nil, FirstRead, nil
	case string(b[:4]) == "II*\x00":
	case string(b[:8]) == "II+\x00\x08\x00\x00\x00":
		big = true
	case string(b[:4]) == "MM\x00*" || string(b[:4]) == "MM\x00+":
		return nil, 0, fault.E(op, fault.Unsupported, errors.New("a TIFF of another writer"))
	default:
		return corrupt("not a TIFF")
	}
	at := headerSize(big)
	n := readNotes(b[at:])
	if n.magic != notesMagic || n.version != notesVersion {
		return nil, 0, fault.E(op, fault.Unsupported, errors.New("a TIFF without notes of ours, or of another version"))
	}
	end := at + notesFixed + int(n.levels)*notesLevel
	if n.headLen > maxHead || int(n.headLen) < end || int(n.notesLen) != end-at {
		return corrupt("impossible lengths")
	}
	if len(b) < int(n.headLen) {
		return nil, int(n.headLen), nil
	}
	b = b[:n.headLen:n.headLen]
	if checksum(b, at) != n.crc {
		return corrupt("the checksum is wrong")
	}
	if !n.valid(big) {
		return corrupt("impossible notes")
	}
	x = &Index{b: b, notes: n, geo: cut(int(n.width), int(n.height), int(n.tile), int(n.levels))}
	x.revision = n.revisionText()
	if what := x.readTables(at, end, big); what != "" {
		return corrupt(what)
	}
	x.sizes = make([]iiif.Size, 0, len(x.tables)-1)
	for _, l := range x.geo.layout.Levels[1:] {
		x.sizes = append(x.sizes, iiif.Size{Width: l.Width, Height: l.Height})
	}
	return x, len(b), nil
}

// readTables finds the tables of the levels and checks all that they say. It
// returns what is wrong.
func (x *Index) readTables(at, end int, big bool) string {
	x.tables = make([]table, len(x.geo.grids))
	size := uint64(len(x.b))
	for k := range x.tables {
		d := &x.geo.grids[k]
		t, slots := readTable(x.b[at+notesFixed+k*notesLevel:], big)
		tiles := uint64(d.tiles())
		inside := func(pos, n, each uint64) bool {
			return pos >= uint64(end) && pos <= size && n <= (size-pos)/each
		}
		if slots != uint64(d.slots()) || !inside(t.offsets, tiles, t.word()) || !inside(t.counts, tiles, 4) ||
			!inside(t.edges, slots, t.word()+4) {
			return "a table is outside the head"
		}
		for i := range int(tiles) {
			if !x.holds(t.tile(x.b, i)) {
				return "a tile is outside the file"
			}
		}
		for i := range int(slots) {
			if !x.holds(t.edge(x.b, i)) {
				return "a tile is outside the file"
			}
		}
		x.tables[k] = t
	}
	return ""
}

// holds reports whether r is a possible range of a tile.
func (x *Index) holds(r Range) bool {
	return r.Length > 0 && r.Offset >= int64(len(x.b)) && r.Offset <= int64(x.notes.fileLen)-r.Length
}

// checksum returns the CRC-32C of a head with its own bytes taken as zero.
func checksum(b []byte, notesAt int) uint32 {
	t := crc32.MakeTable(crc32.Castagnoli)
	at := notesAt + notesCRC
	crc := crc32.Update(0, t, b[:at])
	crc = crc32.Update(crc, t, []byte{0, 0, 0, 0})
	return crc32.Update(crc, t, b[at+4:])
}

// Layout returns the levels, the largest first. It must not be changed.
func (x *Index) Layout() *Layout { return &x.geo.layout }

// Geometry returns how the image is cut. It must not be changed.
func (x *Index) Geometry() *Geometry { return &x.geo }

// Tile returns where a padded tile of a level is stored.
func (x *Index) Tile(level, col, row int) (Range, bool) {
	if level < 0 || level >= len(x.tables) {
		return Range{}, false
	}
	d := &x.geo.grids[level]
	if !d.stored(col, row) {
		return Range{}, false
	}
	return x.tables[level].tile(x.b, row*d.storedCols+col), true
}

// Exact returns where the pixels of a tile of the advertised grid are stored at
// exactly width × height pixels.
func (x *Index) Exact(level, col, row, width, height int) (Range, bool) {
	if level < 0 || level >= len(x.tables) {
		return Range{}, false
	}
	d := &x.geo.grids[level]
	if slot := d.find(col, row, width, height); slot >= 0 {
		return x.tables[level].edge(x.b, slot), true
	}
	if width == d.tile && height == d.tile && (!d.partW || col < d.cols-1) && (!d.partH || row < d.rows-1) {
		return x.Tile(level, col, row)
	}
	return Range{}, false
}

// Info returns what the API needs to know of the image: its sizes are those of
// the levels. Sizes must not be changed.
func (x *Index) Info() iiif.Info {
	return iiif.Info{
		Width: int(x.notes.width), Height: int(x.notes.height),
		TileWidth: int(x.notes.tile), TileHeight: int(x.notes.tile),
		Sizes: x.sizes, Native: x.notes.colour.native(),
	}
}

// Held returns the bytes of memory that x takes, about.
func (x *Index) Held() int64 { return int64(len(x.b)) + 4<<10 }

// Colour returns the colour model of the tiles.
func (x *Index) Colour() Colour { return x.notes.colour }

// Subsampling returns the chroma subsampling factors of the tiles: 1, 2 or 4.
func (x *Index) Subsampling() (subX, subY int) { return int(x.notes.subX), int(x.notes.subY) }

// ICC returns where the colour profile is stored; ok is false when there is none.
func (x *Index) ICC() (r Range, ok bool) {
	return Range{int64(x.notes.iccAt), int64(x.notes.iccLen)}, x.notes.iccLen != 0
}

// Revision returns the revision of the source that the pyramid was made of.
func (x *Index) Revision() string { return x.revision }

// Lossless reports whether level 0 has the source's own coefficients.
func (x *Index) Lossless() bool { return x.notes.flags&flagLossless != 0 }

// Quality returns the JPEG quality of the tiles, 0 for unknown.
func (x *Index) Quality() int { return int(x.notes.quality) }

// Size returns the number of bytes of the whole file: one that has fewer was cut.
func (x *Index) Size() int64 { return int64(x.notes.fileLen) }

// Head returns the bytes of the head: the compact form for caches, which
// ParseHead reads again. They must not be changed.
func (x *Index) Head() []byte { return x.b }
