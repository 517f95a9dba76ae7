package cache

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// An entry's file is, numbers big-endian:
//
//	0   magic "VITR"
//	4   version, 1
//	5   zero
//	6   length of the key, 2 bytes
//	8   length of the data, 8 bytes
//	16  CRC-32C of all other bytes of the file
//	20  the key, then the data, then the end of the file
//
// CRC-32C finds every damage confined to 32 bits in a row, and any other but one
// in four thousand million; the processor computes it at memory speed.
const (
	magic     = "VITR"
	version   = 1
	headerLen = 20
	sumAt     = 16
)

// name is what an entry is found by: the first half of the SHA-256 of its key.
// Two keys that share it would only displace each other, since the file holds
// the whole key.
type name [16]byte

func nameOf(key string) name {
	sum := sha256.Sum256([]byte(key))
	return name(sum[:16])
}

// String returns the file's name, 32 hexadecimal digits.
func (n name) String() string { return hex.EncodeToString(n[:]) }

// parseName reads a file's name; ok is false for anything that String does not
// write.
func parseName(s string) (n name, ok bool) {
	if len(s) != 2*len(n) {
		return n, false
	}
	if _, err := hex.Decode(n[:], []byte(s)); err != nil || n.String() != s {
		return name{}, false
	}
	return n, true
}

// entry is the content of a file.
type entry struct {
	key  string
	data []byte // part of the file's bytes
}

// compose returns the bytes of the file for an entry.
func compose(key string, data []byte) []byte {
	b := make([]byte, headerLen, headerLen+len(key)+len(data))
	copy(b, magic)
	b[4] = version
	binary.BigEndian.PutUint16(b[6:], uint16(len(key)))
	binary.BigEndian.PutUint64(b[8:], uint64(len(data)))
	b = append(b, key...)
	b = append(b, data...)
	binary.BigEndian.PutUint32(b[sumAt:], checksum(b))
	return b
}

// parse reads the bytes of a file. It fails with Corrupt unless every byte is as
// compose wrote it.
func parse(b []byte) (entry, error) {
	bad := func(why string) (entry, error) {
		return entry{}, fault.E("cache.parse", fault.Corrupt, errors.New(why))
	}
	if len(b) < headerLen {
		return bad("shorter than a header")
	}
	if string(b[:4]) != magic || b[4] != version || b[5] != 0 {
		return bad("not an entry of this version")
	}
	keyLen := uint64(binary.BigEndian.Uint16(b[6:]))
	dataLen := binary.BigEndian.Uint64(b[8:])
	rest := uint64(len(b) - headerLen)
	if keyLen == 0 || keyLen > MaxKey || keyLen > rest || dataLen != rest-keyLen {
		return bad("lengths do not match the file")
	}
	if binary.BigEndian.Uint32(b[sumAt:]) != checksum(b) {
		return bad("wrong checksum")
	}
	data := b[headerLen+keyLen:]
	return entry{
		key:  string(b[headerLen : headerLen+keyLen]),
		data: data[:len(data):len(data)],
	}, nil
}

// checksum returns the CRC-32C of a file without its checksum.
func checksum(b []byte) uint32 {
	t := crc32.MakeTable(crc32.Castagnoli) // made once by the library
	return crc32.Update(crc32.Update(0, t, b[:sumAt]), t, b[headerLen:])
}
