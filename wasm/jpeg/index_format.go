package jpeg

import (
	"errors"
	"hash/crc32"
	"image"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// The stored form of an index, version 1:
//
//	8 bytes   "VTRJPIX" and the version
//	4 bytes   length of the head that follows, little-endian
//	4 bytes   its CRC-32C
//	head      size of the file; orientation; rows of MCUs per band; the JPEG's
//	          head, written anew from SOI to SOS; the profile's segments; the
//	          number of ranges of the profile, offset and length of each; the
//	          number of bands, length and CRC-32C (4 bytes) of each. Byte strings
//	          have their length in front. Numbers are written as in sections.
//	sections  the bands from top to bottom, see appendBand
//
// A reader that wants a few rows of a large image fetches the head, then the
// sections of those rows, which lie behind one another.
const (
	indexMagic = "VTRJPIX\x01"
	// IndexPrefix is the number of bytes that ParseIndexHead needs to tell how
	// many it needs.
	IndexPrefix = len(indexMagic) + 8
	// maxIndexHead bounds the head: its largest part is a profile.
	maxIndexHead = 1 << 20
)

var errIndex = errors.New("not an index, or a damaged one")

// IndexHead is the head of a stored index, enough to find its sections. It is
// made by ParseIndexHead.
type IndexHead struct {
	x        Index    // without bands
	sections []Range  // in the stored index
	sums     []uint32 // their checksums
}

// AppendBinary appends the stored form of x, which must be whole, to b. It never
// fails; the error is there for encoding.BinaryAppender.
func (x *Index) AppendBinary(b []byte) ([]byte, error) {
	var head, sections []byte
	head = appendUint(head, uint64(x.size))
	head = appendUint(head, uint64(x.orientation))
	head = appendUint(head, uint64(x.bandRows))
	head = append(appendUint(head, uint64(len(x.f.source))), x.f.source...)
	head = append(appendUint(head, uint64(len(x.profile))), x.profile...)
	head = appendUint(head, uint64(len(x.profileRanges)))
	for _, r := range x.profileRanges {
		head = appendUint(appendUint(head, uint64(r.Offset)), uint64(r.Length))
	}
	head = appendUint(head, uint64(len(x.bands)))
	for i := range x.bands {
		first, _ := x.rowsOf(i)
		at := len(sections)
		if x.bands[i].anchors != nil {
			sections = x.appendBand(sections, &x.bands[i], first)
		}
		head = appendUint(head, uint64(len(sections)-at))
		head = append32(head, checksum(sections[at:]))
	}
	b = append(b, indexMagic...)
	b = append32(b, uint32(len(head)))
	b = append32(b, checksum(head))
	return append(append(b, head...), sections...), nil
}

// ParseIndex reads what AppendBinary wrote. It fails with Corrupt for anything
// else, and with Unsupported for another version. What it allocates is in
// proportion to the length of data.
func ParseIndex(data []byte) (*Index, error) {
	const op = "jpeg.ParseIndex"
	h, n, err := parseIndexHead(op, data)
	if err != nil {
		return nil, err
	}
	if n > len(data) {
		return nil, fault.E(op, fault.Corrupt, errIndex)
	}
	return h.index(op, 0, data[n:], len(h.sections))
}

// ParseIndexHead reads the head of a stored index from its first bytes. When
// these are too few, it returns nil and how many it needs; otherwise the head and
// its length. The first IndexPrefix bytes always suffice to know. It fails like
// ParseIndex.
func ParseIndexHead(data []byte) (*IndexHead, int, error) {
	return parseIndexHead("jpeg.ParseIndexHead", data)
}

func parseIndexHead(op string, data []byte) (*IndexHead, int, error) {
	bad := fault.E(op, fault.Corrupt, errIndex)
	const version = len(indexMagic) - 1
	if len(data) < IndexPrefix {
		return nil, IndexPrefix, nil
	}
	if string(data[:version]) != indexMagic[:version] {
		return nil, 0, bad
	}
	if data[version] != indexMagic[version] {
		return nil, 0, fault.New(op, fault.Unsupported, "the index has another version")
	}
	n := int64(le32(data[version+1:]))
	if n > maxIndexHead {
		return nil, 0, bad
	}
	end := IndexPrefix + int(n)
	if len(data) < end {
		return nil, end, nil
	}
	head := data[IndexPrefix:end]
	if checksum(head) != le32(data[version+5:]) {
		return nil, 0, bad
	}
	in := numbers{p: head}
	h := &IndexHead{}
	h.x.size = int64(in.number())
	h.x.orientation = int(in.number())
	bandRows := in.number()
	source := in.bytes()
	if in.bad || h.x.orientation < 1 || h.x.orientation > 8 {
		return nil, 0, bad
	}
	f, err := parseFrame(op, source)
	if err != nil {
		return nil, 0, fault.E(op, fault.Corrupt, err)
	}
	h.x.f, h.x.bandGrid = f, newGrid(f)
	h.x.profile = append([]byte(nil), in.bytes()...)
	for range in.number() {
		r := Range{int64(in.number()), int64(in.number())}
		if in.bad || r.Length > 65537 || len(h.x.profileRanges) == 255 {
			return nil, 0, bad
		}
		h.x.profileRanges = append(h.x.profileRanges, r)
	}
	if int(bandRows) != h.x.bandRows || in.number() != uint64(h.x.count()) || in.bad {
		return nil, 0, bad
	}
	at := int64(end)
	for range h.x.count() {
		r := Range{at, int64(in.number())}
		if in.bad || len(in.p) < 4 || r.Length > 1<<31 {
			return nil, 0, bad
		}
		h.sections = append(h.sections, r)
		h.sums = append(h.sums, le32(in.p))
		in.p = in.p[4:]
		at = r.End()
	}
	if len(in.p) > 0 {
		return nil, 0, bad
	}
	return h, end, nil
}

// Header returns what the head of the JPEG says, as Index.Header.
func (h *IndexHead) Header() Header { return h.x.Header() }

// MCU returns the size of the JPEG's coding unit in pixels.
func (h *IndexHead) MCU() image.Point { return h.x.f.mcu }

// Sections returns where in the stored index the sections are that tell about
// the rows of rect, and the number of the first. The range is empty when rect lies
// outside of the image.
func (h *IndexHead) Sections(rect image.Rectangle) (first int, r Range) {
	rect = rect.Intersect(image.Rect(0, 0, h.x.f.width, h.x.f.height))
	if rect.Empty() {
		return 0, Range{}
	}
	rows := h.x.bandRows * h.x.f.mcu.Y
	first = rect.Min.Y / rows
	last := (rect.Max.Y - 1) / rows
	at := h.sections[first].Offset
	return first, Range{at, h.sections[last].End() - at}
}

// Index makes the index of the rows whose sections data holds, the first of them
// being number first. It fails with Corrupt when data are not whole sections.
func (h *IndexHead) Index(first int, data []byte) (*Index, error) {
	const op = "jpeg.IndexHead.Index"
	if first < 0 || first >= len(h.sections) {
		return nil, fault.E(op, fault.Invalid, errors.New("there is no such section"))
	}
	n, size := 0, int64(0)
	for first+n < len(h.sections) && size < int64(len(data)) {
		size += h.sections[first+n].Length
		n++
	}
	return h.index(op, first, data, n)
}

func (h *IndexHead) index(op string, first int, data []byte, n int) (*Index, error) {
	x := h.x
	x.bands = make([]band, len(h.sections))
	for i := first; i < first+n; i++ {
		size := h.sections[i].Length
		if int64(len(data)) < size || checksum(data[:size]) != h.sums[i] {
			return nil, fault.E(op, fault.Corrupt, errIndex)
		}
		firstRow, rows := x.rowsOf(i)
		b, ok := x.parseBand(data[:size], firstRow, rows)
		if !ok {
			return nil, fault.E(op, fault.Corrupt, errIndex)
		}
		x.bands[i] = b
		data = data[size:]
	}
	if len(data) > 0 {
		return nil, fault.E(op, fault.Corrupt, errIndex)
	}
	return &x, nil
}

// bytes reads a byte string with its length in front. It is part of what is read.
func (n *numbers) bytes() []byte {
	size := n.number()
	if n.bad || size > uint64(len(n.p)) {
		n.bad = true
		return nil
	}
	b := n.p[:size]
	n.p = n.p[size:]
	return b
}

func checksum(p []byte) uint32 { return crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)) }

func le32(b []byte) uint32 {
	_ = b[3]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

func append32(b []byte, v uint32) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}
