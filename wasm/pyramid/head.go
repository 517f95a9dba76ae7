package pyramid

import "github.com/vitrine-iiif/vitrine/wasm/fault"

// Tags and types of TIFF 6.0.
const (
	tagNewSubfileType   = 254
	tagImageWidth       = 256
	tagImageLength      = 257
	tagBitsPerSample    = 258
	tagCompression      = 259
	tagPhotometric      = 262
	tagOrientation      = 274
	tagSamplesPerPixel  = 277
	tagXResolution      = 282
	tagYResolution      = 283
	tagPlanar           = 284
	tagResolutionUnit   = 296
	tagSoftware         = 305
	tagTileWidth        = 322
	tagTileLength       = 323
	tagTileOffsets      = 324
	tagTileByteCounts   = 325
	tagYCbCrSubSampling = 530
	tagYCbCrPositioning = 531
	tagReferenceBlack   = 532
	tagICC              = 34675

	typeASCII     = 2
	typeShort     = 3
	typeLong      = 4
	typeRational  = 5
	typeUndefined = 7
	typeLong8     = 16

	compressionJPEG = 7
	photometricGray = 1
	photometricYCC  = 6
	unitInch        = 2
)

// head is the head of a file in the making.
type head struct {
	b      []byte
	big    bool
	notes  int // where the notes are
	tables []table
}

// field is an entry of a directory. Its value is raw, a table of as many bytes
// as size says, whose place is noted in at, or the colour profile.
type field struct {
	tag, kind uint16
	count     uint64
	raw       []byte
	size      uint64
	at        *uint64
}

// builder lays out a head.
type builder struct {
	head
	shared map[string]uint64 // values that all directories point to
	icc    []int             // where the offset of the profile belongs
}

// buildHead returns the head of a file without tiles: all its parts have their
// places, and the tables are zero.
func buildHead(o *Options, g *Geometry) (head, error) {
	b := builder{head: head{big: o.big(g), tables: make([]table, len(g.grids))}, shared: map[string]uint64{}}
	b.notes = headerSize(b.big)
	size, word := int64(8<<10)+int64(len(g.grids))*(1<<10), int64(4)
	if b.big {
		word = 8
	}
	for i := range g.grids {
		if g.grids[i].tiles() > maxHead || g.grids[i].slots() > maxHead {
			return head{}, tooMany()
		}
		size += (word + 4) * (g.grids[i].tiles() + g.grids[i].slots())
	}
	if size > maxHead {
		return head{}, tooMany()
	}
	b.b = make([]byte, 0, size+int64(len(o.ICC)))
	b.alloc(uint64(b.notes + notesFixed + len(g.grids)*notesLevel))
	b.header()
	b.directories(o, g)
	for i := range b.tables {
		b.tables[i].big = b.big
		b.tables[i].edges = b.alloc(uint64(g.grids[i].slots()) * (b.tables[i].word() + 4))
	}
	for _, at := range b.icc {
		b.putWord(b.b[at:], uint64(len(b.b)))
	}
	b.note(o, g)
	return b.head, nil
}

func tooMany() error {
	return fault.New("pyramid.NewWriter", fault.Unsupported, "the image has too many tiles")
}

// alloc reserves n zero bytes at a multiple of 8 and returns where.
func (b *builder) alloc(n uint64) uint64 {
	at := (len(b.b) + 7) &^ 7
	b.b = append(b.b, make([]byte, at-len(b.b)+int(n))...)
	return uint64(at)
}

// header writes the TIFF header, up to the offset of the first directory.
func (b *builder) header() {
	copy(b.b, "II*\x00")
	if b.big {
		copy(b.b, "II+\x00\x08\x00\x00\x00")
	}
}

// directories writes a chain of one directory per level, and then their values:
// all that a reader wants first is together.
func (b *builder) directories(o *Options, g *Geometry) {
	link := b.notes / 2 // the offset of the first one is the header's second half
	lists := make([][]field, len(g.grids))
	places := make([]uint64, len(g.grids))
	for k := range g.grids {
		lists[k] = b.fields(o, g, k)
		n := uint64(len(lists[k]))
		length := 2 + n*12 + 4
		if b.big {
			length = 8 + n*20 + 8
		}
		places[k] = b.alloc(length)
	}
	for k, list := range lists {
		b.putWord(b.b[link:], places[k])
		link = b.directory(int(places[k]), list)
	}
}

// directory writes the fields from at on and returns where the offset of the next
// directory belongs.
func (b *builder) directory(at int, list []field) int {
	if b.big {
		put8(b.b[at:], uint64(len(list)))
		at += 8
	} else {
		put2(b.b[at:], uint16(len(list)))
		at += 2
	}
	for _, f := range list {
		put2(b.b[at:], f.tag)
		put2(b.b[at+2:], f.kind)
		b.putWord(b.b[at+4:], f.count)
		value := at + 4 + b.wordSize()
		at = value + b.wordSize()
		place, inline := uint64(value), int(f.size) <= b.wordSize()
		if !inline {
			place = b.place(f)
			b.putWord(b.b[value:], place)
		}
		if f.tag == tagICC {
			b.icc = append(b.icc, value)
			continue
		}
		copy(b.b[place:], f.raw)
		if f.at != nil {
			*f.at = place
		}
	}
	return at
}

// place returns where a value that does not fit its field goes.
func (b *builder) place(f field) uint64 {
	switch {
	case f.tag == tagICC:
		return 0 // after the head, see icc
	case f.raw == nil:
		return b.alloc(f.size)
	}
	at, ok := b.shared[string(f.raw)]
	if !ok {
		at = b.alloc(f.size)
		b.shared[string(f.raw)] = at
	}
	return at
}

// fields returns the directory of level k, in the order of the tags.
func (b *builder) fields(o *Options, g *Geometry, k int) []field {
	l, t := &g.layout.Levels[k], &b.tables[k]
	tiles := uint64(g.grids[k].tiles())
	short := func(tag uint16, v ...uint16) field {
		raw := make([]byte, 2*len(v))
		for i, x := range v {
			put2(raw[2*i:], x)
		}
		return field{tag: tag, kind: typeShort, count: uint64(len(v)), raw: raw, size: uint64(len(raw))}
	}
	long := func(tag uint16, v uint32) field {
		raw := make([]byte, 4)
		put4(raw, v)
		return field{tag: tag, kind: typeLong, count: 1, raw: raw, size: 4}
	}
	rational := func(tag uint16, v ...uint32) field { // each over 1
		raw := make([]byte, 8*len(v))
		for i, x := range v {
			put4(raw[8*i:], x)
			put4(raw[8*i+4:], 1)
		}
		return field{tag: tag, kind: typeRational, count: uint64(len(v)), raw: raw, size: uint64(len(raw))}
	}
	offsets := field{tag: tagTileOffsets, kind: typeLong, count: tiles, size: 4 * tiles, at: &t.offsets}
	if b.big {
		offsets.kind, offsets.size = typeLong8, 8*tiles
	}
	reduced, bits, photometric := uint32(0), []uint16{8}, uint16(photometricGray)
	if k > 0 {
		reduced = 1
	}
	if o.Colour == YCbCr {
		bits, photometric = []uint16{8, 8, 8}, photometricYCC
	}
	list := []field{
		long(tagNewSubfileType, reduced),
		long(tagImageWidth, uint32(l.Width)),
		long(tagImageLength, uint32(l.Height)),
		short(tagBitsPerSample, bits...),
		short(tagCompression, compressionJPEG),
		short(tagPhotometric, photometric),
		short(tagOrientation, 1),
		short(tagSamplesPerPixel, uint16(len(bits))),
		rational(tagXResolution, uint32(o.Resolution)),
		rational(tagYResolution, uint32(o.Resolution)),
		short(tagPlanar, 1),
		short(tagResolutionUnit, unitInch),
	}
	if o.Software != "" {
		raw := append([]byte(o.Software), 0)
		list = append(list, field{tag: tagSoftware, kind: typeASCII, count: uint64(len(raw)), raw: raw, size: uint64(len(raw))})
	}
	list = append(list,
		short(tagTileWidth, uint16(l.TileWidth)),
		short(tagTileLength, uint16(l.TileHeight)),
		offsets,
		field{tag: tagTileByteCounts, kind: typeLong, count: tiles, size: 4 * tiles, at: &t.counts},
	)
	if o.Colour == YCbCr {
		list = append(list,
			short(tagYCbCrSubSampling, uint16(o.SubX), uint16(o.SubY)),
			short(tagYCbCrPositioning, 1), // in the centre, as JFIF has it
			rational(tagReferenceBlack, 0, 255, 128, 255, 128, 255),
		)
	}
	if n := uint64(len(o.ICC)); n > 0 {
		list = append(list, field{tag: tagICC, kind: typeUndefined, count: n, size: n})
	}
	return list
}

// note writes the notes.
func (b *builder) note(o *Options, g *Geometry) {
	n := notes{
		notesLen: uint32(notesFixed + len(g.grids)*notesLevel), headLen: uint32(len(b.b)),
		width: uint32(o.Width), height: uint32(o.Height), tile: uint16(o.TileSize),
		levels: uint8(len(g.grids)), colour: o.Colour, subX: uint8(o.SubX), subY: uint8(o.SubY),
		quality: uint8(o.Quality), revision: []byte(o.Revision), iccLen: uint32(len(o.ICC)),
	}
	if o.Lossless {
		n.flags |= flagLossless
	}
	if n.iccLen > 0 {
		n.iccAt = uint64(len(b.b))
	}
	n.put(b.b[b.notes:])
	for k := range b.tables {
		b.tables[k].put(b.b[b.notes+notesFixed+k*notesLevel:], uint32(g.grids[k].slots()))
	}
}

// seal enters the length of the file and the checksum.
func (h *head) seal(size int64) {
	put8(h.b[h.notes+notesFileLen:], uint64(size))
	put4(h.b[h.notes+notesCRC:], checksum(h.b, h.notes))
}

// wordSize returns the bytes of an offset or a count.
func (h *head) wordSize() int {
	if h.big {
		return 8
	}
	return 4
}

func (h *head) putWord(b []byte, v uint64) {
	if h.big {
		put8(b, v)
	} else {
		put4(b, uint32(v))
	}
}
