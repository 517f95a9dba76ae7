package pyramid

// The notes are a block of little-endian fields right after the TIFF header:
//
//	 0  8  "VITRINE\n"
//	 8  2  version, 1
//	10  2  flags: 1 for a lossless level 0
//	12  4  length of the notes in bytes
//	16  4  CRC-32C of the head, with these four bytes taken as zero
//	20  4  length of the head in bytes: header, notes, directories, tables
//	24  8  length of the file in bytes
//	32  4  width of the image in pixels
//	36  4  height
//	40  2  width and height of a tile in pixels
//	42  1  number of levels
//	43  1  colour: 1 gray, 2 YCbCr
//	44  1  horizontal chroma subsampling
//	45  1  vertical
//	46  1  JPEG quality, 0 for unknown
//	47  1  zero
//	48  8  offset of the colour profile, 0 for none
//	56  4  length of the colour profile in bytes
//	60  4  zero
//	64 32  revision: ASCII, filled up with zeros
//
// and for each level, the largest first, 32 bytes: the offsets (8 bytes each) of
// its TileOffsets, of its TileByteCounts (4 bytes per tile) and of its table of
// exact tiles, the number of entries of that (4), and zero (4). The order of the
// entries is that of grid.slots and grid.last; each is an offset (4 bytes, 8 in a BigTIFF) and a
// length (4).
const (
	notesMagic   = "VITRINE\n"
	notesVersion = 1
	notesCRC     = 16 // where the checksum is
	notesFileLen = 24 // where the length of the file is
	notesFixed   = 96 // bytes before the levels
	notesLevel   = 32 // bytes per level

	flagLossless = 1
)

// notes are the fixed fields of the block.
type notes struct {
	magic              string
	version, flags     uint16
	notesLen, crc      uint32
	headLen            uint32
	fileLen            uint64
	width, height      uint32
	tile               uint16
	levels             uint8
	colour             Colour
	subX, subY         uint8
	quality, reserved  uint8
	iccAt              uint64
	iccLen, reserved32 uint32
	revision           []byte // maxRevision bytes
}

// headerSize returns the bytes of the TIFF header.
func headerSize(big bool) int {
	if big {
		return 16
	}
	return 8
}

// readNotes reads at least notesFixed bytes.
func readNotes(b []byte) notes {
	return notes{
		magic: string(b[:8]), version: get2(b[8:]), flags: get2(b[10:]),
		notesLen: get4(b[12:]), crc: get4(b[notesCRC:]), headLen: get4(b[20:]), fileLen: get8(b[notesFileLen:]),
		width: get4(b[32:]), height: get4(b[36:]), tile: get2(b[40:]), levels: b[42], colour: Colour(b[43]),
		subX: b[44], subY: b[45], quality: b[46], reserved: b[47],
		iccAt: get8(b[48:]), iccLen: get4(b[56:]), reserved32: get4(b[60:]), revision: b[64:notesFixed],
	}
}

// put writes all fields but the magic's.
func (n *notes) put(b []byte) {
	copy(b, notesMagic)
	put2(b[8:], notesVersion)
	put2(b[10:], n.flags)
	put4(b[12:], n.notesLen)
	put4(b[20:], n.headLen)
	put4(b[32:], n.width)
	put4(b[36:], n.height)
	put2(b[40:], n.tile)
	b[42], b[43], b[44], b[45], b[46] = n.levels, byte(n.colour), n.subX, n.subY, n.quality
	put8(b[48:], n.iccAt)
	put4(b[56:], n.iccLen)
	copy(b[64:notesFixed], n.revision)
}

// valid reports whether the fields can be true, lengths of head and notes apart.
func (n *notes) valid(big bool) bool {
	return validGeometry(int(n.width), int(n.height), int(n.tile)) && n.levels >= 1 && n.levels <= maxLevels &&
		(n.colour == Gray || n.colour == YCbCr) && factor(int(n.subX)) && factor(int(n.subY)) && n.quality <= 100 &&
		n.fileLen >= uint64(n.headLen) && n.fileLen < 1<<62 && (big || n.fileLen < classicMax) &&
		n.validICC() && printable(n.revisionText(), '!')
}

func (n *notes) validICC() bool {
	if n.iccLen == 0 {
		return n.iccAt == 0
	}
	return n.iccLen <= maxICC && n.iccAt >= uint64(n.headLen) && n.iccAt <= n.fileLen &&
		uint64(n.iccLen) <= n.fileLen-n.iccAt
}

func (n *notes) revisionText() string {
	end := len(n.revision)
	for end > 0 && n.revision[end-1] == 0 {
		end--
	}
	return string(n.revision[:end])
}

// table says where the tables of a level are in the head.
type table struct {
	offsets, counts, edges uint64
	big                    bool
}

// readTable reads the notes on a level.
func readTable(b []byte, big bool) (t table, slots uint64) {
	return table{get8(b), get8(b[8:]), get8(b[16:]), big}, uint64(get4(b[24:]))
}

// put writes the notes on a level.
func (t *table) put(b []byte, slots uint32) {
	put8(b, t.offsets)
	put8(b[8:], t.counts)
	put8(b[16:], t.edges)
	put4(b[24:], slots)
}

// word returns the bytes of an offset.
func (t *table) word() uint64 {
	if t.big {
		return 8
	}
	return 4
}

func (t *table) getOffset(b []byte) int64 {
	if t.big {
		return int64(get8(b))
	}
	return int64(get4(b))
}

func (t *table) putOffset(b []byte, off int64) {
	if t.big {
		put8(b, uint64(off))
	} else {
		put4(b, uint32(off))
	}
}

// tile returns entry i of the level's tiles in the head b.
func (t *table) tile(b []byte, i int) Range {
	return Range{t.getOffset(b[t.offsets+uint64(i)*t.word():]), int64(get4(b[t.counts+uint64(i)*4:]))}
}

func (t *table) setTile(b []byte, i int, r Range) {
	t.putOffset(b[t.offsets+uint64(i)*t.word():], r.Offset)
	put4(b[t.counts+uint64(i)*4:], uint32(r.Length))
}

// edge returns entry i of the level's exact tiles.
func (t *table) edge(b []byte, i int) Range {
	b = b[t.edges+uint64(i)*(t.word()+4):]
	return Range{t.getOffset(b), int64(get4(b[t.word():]))}
}

func (t *table) setEdge(b []byte, i int, r Range) {
	b = b[t.edges+uint64(i)*(t.word()+4):]
	t.putOffset(b, r.Offset)
	put4(b[t.word():], uint32(r.Length))
}

func get2(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 }
func get4(b []byte) uint32 { return uint32(get2(b)) | uint32(get2(b[2:]))<<16 }
func get8(b []byte) uint64 { return uint64(get4(b)) | uint64(get4(b[4:]))<<32 }

func put2(b []byte, v uint16) { b[0], b[1] = byte(v), byte(v>>8) }
func put4(b []byte, v uint32) { put2(b, uint16(v)); put2(b[2:], uint16(v>>16)) }
func put8(b []byte, v uint64) { put4(b, uint32(v)); put4(b[4:], uint32(v>>32)) }
