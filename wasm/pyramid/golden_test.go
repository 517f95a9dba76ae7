package pyramid_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
)

// golden is the head of the smallest pyramid that has a bit of everything, 40 × 20
// gray pixels in tiles of 16, written down from the documentation of the notes
// and the TIFF 6.0 specification. The tiles are stubs of 44 bytes, and of 41 to 43
// for exact ones.
const golden = `
	4949 2a00 c8000000                       # II, 42, first directory at 200
	5649 5452 494e 450a 0100 0100            # VITRINE, version 1, lossless
	c0000000 CRC32CCC a0030000               # 192 bytes of notes, checksum, head of 928
	5206000000000000                         # file of 1618
	28000000 14000000 1000 03 01 01 01 5a 00 # 40 × 20, tile 16, 3 levels, gray, 1 × 1, quality 90
	0000000000000000 00000000 00000000       # no profile
	7231 0000 00000000 0000000000000000 0000000000000000 0000000000000000 # revision r1
	2803000000000000 4003000000000000 6803000000000000 04000000 00000000
	5803000000000000 6003000000000000 8803000000000000 02000000 00000000
	0a03000000000000 1603000000000000 9803000000000000 01000000 00000000 # one tile: inside the directory
	1000                                     # 200: directory of level 0
	fe00 0400 01000000 00000000
	0001 0400 01000000 28000000
	0101 0400 01000000 14000000
	0201 0300 01000000 08000000
	0301 0300 01000000 07000000
	0601 0300 01000000 01000000
	1201 0300 01000000 01000000
	1501 0300 01000000 01000000
	1a01 0500 01000000 20030000
	1b01 0500 01000000 20030000
	1c01 0300 01000000 01000000
	2801 0300 01000000 02000000
	4201 0300 01000000 10000000
	4301 0300 01000000 10000000
	4401 0400 06000000 28030000
	4501 0400 06000000 40030000
	90010000 0000                            # next at 400; filled up to 400
	1000
	fe00 0400 01000000 01000000
	0001 0400 01000000 14000000
	0101 0400 01000000 0a000000
	0201 0300 01000000 08000000
	0301 0300 01000000 07000000
	0601 0300 01000000 01000000
	1201 0300 01000000 01000000
	1501 0300 01000000 01000000
	1a01 0500 01000000 20030000
	1b01 0500 01000000 20030000
	1c01 0300 01000000 01000000
	2801 0300 01000000 02000000
	4201 0300 01000000 10000000
	4301 0300 01000000 10000000
	4401 0400 02000000 58030000
	4501 0400 02000000 60030000
	58020000 0000                            # next at 600
	1000
	fe00 0400 01000000 01000000
	0001 0400 01000000 0a000000
	0101 0400 01000000 05000000
	0201 0300 01000000 08000000
	0301 0300 01000000 07000000
	0601 0300 01000000 01000000
	1201 0300 01000000 01000000
	1501 0300 01000000 01000000
	1a01 0500 01000000 20030000
	1b01 0500 01000000 20030000
	1c01 0300 01000000 01000000
	2801 0300 01000000 02000000
	4201 0300 01000000 10000000
	4301 0300 01000000 10000000
	4401 0400 01000000 fc050000
	4501 0400 01000000 2c000000
	00000000 0000                            # no next
	48000000 01000000                        # 800: 72/1
	a0030000 cc030000 f8030000 4e040000 a4040000 fa040000 # 808: tiles of level 0
	2c000000 2c000000 2c000000 2c000000 2c000000 2c000000
	4f050000 a6050000 2c000000 2c000000      # 856: tiles of level 1
	24040000 2a000000 7a040000 2a000000 d0040000 2a000000 26050000 29000000 # 872: last column, row, corner
	7b050000 2b000000 d2050000 2a000000      # 904: level 1
	28060000 2a000000                        # 920: level 2
`

// castagnoli is CRC-32C bit by bit (RFC 3720, appendix B.4).
func castagnoli(b []byte) uint32 {
	crc := ^uint32(0)
	for _, c := range b {
		crc ^= uint32(c)
		for range 8 {
			crc = crc>>1 ^ crc&1*0x82f63b78
		}
	}
	return ^crc
}

func TestGolden(t *testing.T) {
	var text strings.Builder
	for line := range strings.Lines(golden) {
		line, _, _ = strings.Cut(line, "#")
		text.WriteString(strings.Join(strings.Fields(line), ""))
	}
	want, err := hex.DecodeString(strings.Replace(text.String(), "CRC32CCC", "00000000", 1))
	if err != nil || len(want) != 928 {
		t.Fatal(len(want), err)
	}
	binary.LittleEndian.PutUint32(want[8+16:], castagnoli(want))
	o := pyramid.Options{Width: 40, Height: 20, TileSize: 16, Colour: pyramid.Gray, Revision: "r1", Lossless: true, Quality: 90}
	got := write(t, o, nil)
	if !bytes.Equal(got[:min(len(got), 928)], want) {
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("byte %d is %#x, want %#x", i, got[i], want[i])
			}
		}
	}
	if len(got) != 1618 || !bytes.Equal(got, write(t, o, nil)) {
		t.Errorf("%d bytes", len(got))
	}
	x := parse(t, got)
	if x.Revision() != "r1" || !x.Lossless() || x.Quality() != 90 || x.Colour() != pyramid.Gray || len(x.Head()) != 928 {
		t.Errorf("%q %v %d %v %d", x.Revision(), x.Lossless(), x.Quality(), x.Colour(), len(x.Head()))
	}
	if _, ok := x.ICC(); ok {
		t.Error("a profile")
	}
}

// TestGoldenDump is what libtiff says of the same file.
func TestGoldenDump(t *testing.T) {
	needTools(t, "tiffdump")
	file := filepath.Join(t.TempDir(), "tiny.tif")
	o := pyramid.Options{Width: 40, Height: 20, TileSize: 16, Colour: pyramid.Gray}
	if err := os.WriteFile(file, write(t, o, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t, "tiffdump", file)
	for _, want := range []string{
		"Magic: 0x4949 <little-endian> Version: 0x2a <ClassicTIFF>\nDirectory 0: offset 200 (0xc8) next 400 (0x190)\n" +
			"SubFileType (254) LONG (4) 1<0>\nImageWidth (256) LONG (4) 1<40>\nImageLength (257) LONG (4) 1<20>\n" +
			"BitsPerSample (258) SHORT (3) 1<8>\nCompression (259) SHORT (3) 1<7>\nPhotometric (262) SHORT (3) 1<1>\n" +
			"Orientation (274) SHORT (3) 1<1>\nSamplesPerPixel (277) SHORT (3) 1<1>\nXResolution (282) RATIONAL (5) 1<72>\n" +
			"YResolution (283) RATIONAL (5) 1<72>\nPlanarConfig (284) SHORT (3) 1<1>\nResolutionUnit (296) SHORT (3) 1<2>\n" +
			"TileWidth (322) SHORT (3) 1<16>\nTileLength (323) SHORT (3) 1<16>\n" +
			"TileOffsets (324) LONG (4) 6<928 972 1016 1102 1188 1274>\nTileByteCounts (325) LONG (4) 6<44 44 44 44 44 44>\n",
		"Directory 1: offset 400 (0x190) next 600 (0x258)\nSubFileType (254) LONG (4) 1<1>\nImageWidth (256) LONG (4) 1<20>\n" +
			"ImageLength (257) LONG (4) 1<10>\n",
		"Directory 2: offset 600 (0x258) next 0 (0)\nSubFileType (254) LONG (4) 1<1>\nImageWidth (256) LONG (4) 1<10>\n" +
			"ImageLength (257) LONG (4) 1<5>\n",
		"TileOffsets (324) LONG (4) 1<1532>\nTileByteCounts (325) LONG (4) 1<44>\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("tiffdump says:\n%s\nnot\n%s", got, want)
		}
	}
}
