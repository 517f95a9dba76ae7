package tiff

import (
	"encoding/binary"
	"math"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// maxEntries bounds the fields of one directory. Real ones have about 20; some
// cameras and microscopes write a few hundred.
const maxEntries = 4096

// format is what the 8- or 16-byte header says about all directories.
type format struct {
	order binary.ByteOrder
	big   bool
}

// field is one directory entry, not yet fetched.
type field struct {
	tag, typ uint16
	count    uint64
	// inline holds the values when they fit into the entry, else nil; then they
	// are at offset.
	inline []byte
	offset int64
}

// ifd is one image file directory.
type ifd struct {
	format
	in     *input
	fields map[uint16]field
	next   int64 // offset of the next directory, 0 for none
}

// readHeader returns the file's format and the offset of its first directory.
func readHeader(in *input) (format, int64, error) {
	const op = "tiff.Open"
	b, err := in.bytes(0, 8)
	if err != nil {
		return format{}, 0, corrupt(op, "shorter than a TIFF header")
	}
	var f format
	switch string(b[:2]) {
	case "II":
		f.order = binary.LittleEndian
	case "MM":
		f.order = binary.BigEndian
	default:
		return f, 0, corrupt(op, "not a TIFF")
	}
	switch f.order.Uint16(b[2:]) {
	case 42:
		return f, int64(f.order.Uint32(b[4:])), nil
	case 43:
		f.big = true
	default:
		return f, 0, corrupt(op, "not a TIFF")
	}
	if b, err = in.bytes(0, 16); err != nil {
		return f, 0, corrupt(op, "shorter than a BigTIFF header")
	}
	if f.order.Uint16(b[4:]) != 8 || f.order.Uint16(b[6:]) != 0 {
		return f, 0, corrupt(op, "a BigTIFF with offsets that are not 8 bytes long")
	}
	off, err := offset64(f.order.Uint64(b[8:]))
	return f, off, err
}

// offset64 turns an unsigned file offset into an int64.
func offset64(v uint64) (int64, error) {
	if v > math.MaxInt64 {
		return 0, corrupt("tiff.Open", "an offset of more than 63 bits")
	}
	return int64(v), nil
}

// readIFD reads the directory at off.
func readIFD(in *input, f format, off int64) (*ifd, error) {
	const op = "tiff.Open"
	countLen, entryLen, valueLen := int64(2), int64(12), int64(4)
	if f.big {
		countLen, entryLen, valueLen = 8, 20, 8
	}
	b, err := in.bytes(off, countLen)
	if err != nil {
		return nil, err
	}
	n := uint64(f.order.Uint16(b))
	if f.big {
		n = f.order.Uint64(b)
	}
	if n == 0 || n > maxEntries {
		return nil, corrupt(op, "a directory with no entries or too many")
	}
	// The offset of the next directory is missing in some files that end with
	// the last entry; libtiff takes it as 0.
	body := int64(n) * entryLen
	b, err = in.bytes(off+countLen, body+valueLen)
	if err != nil {
		if b, err = in.bytes(off+countLen, body); err != nil {
			return nil, err
		}
		b = append(b[:len(b):len(b)], make([]byte, valueLen)...)
	}
	d := &ifd{format: f, in: in, fields: make(map[uint16]field, n)}
	for i := range int64(n) {
		e := b[i*entryLen : (i+1)*entryLen]
		fd := field{tag: f.order.Uint16(e), typ: f.order.Uint16(e[2:])}
		v := e[8:12]
		fd.count = uint64(f.order.Uint32(e[4:]))
		if f.big {
			v = e[12:20]
			fd.count = f.order.Uint64(e[4:])
		}
		if int(fd.typ) >= len(typeSize) || typeSize[fd.typ] == 0 {
			continue // TIFF 6.0 §2: readers skip fields of unknown type
		}
		size := typeSize[fd.typ]
		switch {
		case fd.count > uint64(in.size)/uint64(size)+8:
			continue // longer than the file; fatal only if the field is needed
		case int64(fd.count)*size <= valueLen:
			fd.inline = append([]byte(nil), v[:int64(fd.count)*size]...)
		case f.big:
			if fd.offset, err = offset64(f.order.Uint64(v)); err != nil {
				continue
			}
		default:
			fd.offset = int64(f.order.Uint32(v))
		}
		if _, dup := d.fields[fd.tag]; !dup {
			d.fields[fd.tag] = fd
		}
	}
	if f.big {
		d.next, err = offset64(f.order.Uint64(b[body:]))
	} else {
		d.next = int64(f.order.Uint32(b[body:]))
	}
	return d, err
}

// raw returns the undecoded values of a field, nil when it is absent. A field of
// more than limit bytes is an error.
func (d *ifd) raw(tag uint16, limit int64) ([]byte, error) {
	fd, ok := d.fields[tag]
	if !ok {
		return nil, nil
	}
	n := int64(fd.count) * typeSize[fd.typ]
	if n > limit {
		return nil, fault.New("tiff.Open", fault.Unsupported, "a field of the TIFF is larger than allowed")
	}
	if fd.inline != nil || n == 0 {
		return fd.inline, nil
	}
	return d.in.bytes(fd.offset, n)
}

// uints returns the first values of an integer field, at most limit of them;
// nil when it is absent.
func (d *ifd) uints(tag uint16, limit int) ([]uint64, error) {
	fd, ok := d.fields[tag]
	if !ok {
		return nil, nil
	}
	if !isInteger(fd.typ) {
		return nil, corrupt("tiff.Open", "a field is of the wrong type")
	}
	n := min(fd.count, uint64(limit))
	size := typeSize[fd.typ]
	b := fd.inline
	if b == nil {
		var err error
		if b, err = d.in.bytes(fd.offset, int64(n)*size); err != nil {
			return nil, err
		}
	}
	vs := make([]uint64, n)
	for i := range vs {
		vs[i] = integer(d.order, fd.typ, b[int64(i)*size:])
	}
	return vs, nil
}

// uint returns the first value of an integer field, def when it is absent or
// empty.
func (d *ifd) uint(tag uint16, def uint64) (uint64, error) {
	vs, err := d.uints(tag, 1)
	if err != nil || len(vs) == 0 {
		return def, err
	}
	return vs[0], nil
}

// isInteger reports whether values of a field type are unsigned integers.
func isInteger(typ uint16) bool {
	switch typ {
	case typeByte, typeShort, typeLong, typeIFD, typeLong8, typeIFD8:
		return true
	}
	return false
}

// integer decodes one value of an integer type.
func integer(order binary.ByteOrder, typ uint16, b []byte) uint64 {
	switch typ {
	case typeByte:
		return uint64(b[0])
	case typeShort:
		return uint64(order.Uint16(b))
	case typeLong, typeIFD:
		return uint64(order.Uint32(b))
	}
	return order.Uint64(b)
}

// rationals returns the first values of an unsigned rational field, at most
// limit of them; nil when it is absent or of another type.
func (d *ifd) rationals(tag uint16, limit int) ([]float64, error) {
	fd, ok := d.fields[tag]
	if !ok || fd.typ != typeRational {
		return nil, nil
	}
	b := fd.inline
	n := int(min(fd.count, uint64(limit)))
	if b == nil {
		var err error
		if b, err = d.in.bytes(fd.offset, int64(n)*8); err != nil {
			return nil, err
		}
	}
	vs := make([]float64, n)
	for i := range vs {
		if den := d.order.Uint32(b[8*i+4:]); den != 0 {
			vs[i] = float64(d.order.Uint32(b[8*i:])) / float64(den)
		}
	}
	return vs, nil
}
