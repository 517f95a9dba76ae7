package tiff

import "strconv"

// The tags that are read or written (TIFF 6.0 appendix A; SubIFDs and
// JPEGTables from its supplements; ICC profile from ICC.1 annex B.4).
const (
	tagNewSubfileType  = 254
	tagImageWidth      = 256
	tagImageLength     = 257
	tagBitsPerSample   = 258
	tagCompression     = 259
	tagPhotometric     = 262
	tagFillOrder       = 266
	tagStripOffsets    = 273
	tagOrientation     = 274
	tagSamplesPerPixel = 277
	tagRowsPerStrip    = 278
	tagStripByteCounts = 279
	tagXResolution     = 282
	tagYResolution     = 283
	tagPlanarConfig    = 284
	tagT4Options       = 292
	tagResolutionUnit  = 296
	tagPredictor       = 317
	tagColorMap        = 320
	tagTileWidth       = 322
	tagTileLength      = 323
	tagTileOffsets     = 324
	tagTileByteCounts  = 325
	tagSubIFDs         = 330
	tagInkSet          = 332
	tagExtraSamples    = 338
	tagSampleFormat    = 339
	tagJPEGTables      = 347
	tagYCbCrCoeffs     = 529
	tagYCbCrSampling   = 530
	tagReferenceBW     = 532
	tagICC             = 34675
)

// Field types (TIFF 6.0 §2, BigTIFF).
const (
	typeByte      = 1
	typeASCII     = 2
	typeShort     = 3
	typeLong      = 4
	typeRational  = 5
	typeUndefined = 7
	typeIFD       = 13
	typeLong8     = 16
	typeIFD8      = 18
)

// typeSize holds the bytes of one value of each field type, 0 for unknown types.
var typeSize = [...]int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8}

// Compression is the value of tag 259.
type Compression uint16

// The compressions that have names here; others are refused.
const (
	None       Compression = 1
	CCITTRLE   Compression = 2
	CCITTG3    Compression = 3
	CCITTG4    Compression = 4
	LZW        Compression = 5
	OldJPEG    Compression = 6
	JPEG       Compression = 7
	Deflate    Compression = 8
	PackBits   Compression = 32773
	OldDeflate Compression = 32946
)

// String returns the usual name of the compression, or its number.
func (c Compression) String() string {
	switch c {
	case None:
		return "none"
	case CCITTRLE:
		return "CCITT RLE"
	case CCITTG3:
		return "CCITT group 3"
	case CCITTG4:
		return "CCITT group 4"
	case LZW:
		return "LZW"
	case OldJPEG:
		return "old-style JPEG"
	case JPEG:
		return "JPEG"
	case Deflate, OldDeflate:
		return "Deflate"
	case PackBits:
		return "PackBits"
	}
	return strconv.Itoa(int(c))
}

// Photometric is the value of tag 262: what the samples mean.
type Photometric uint16

// The photometric interpretations that are read; others are refused.
const (
	MinIsWhite Photometric = 0
	MinIsBlack Photometric = 1
	RGB        Photometric = 2
	Palette    Photometric = 3
	Separated  Photometric = 5
	YCbCr      Photometric = 6
)

// String returns the usual name of the interpretation, or its number.
func (p Photometric) String() string {
	switch p {
	case MinIsWhite:
		return "min-is-white"
	case MinIsBlack:
		return "min-is-black"
	case RGB:
		return "RGB"
	case Palette:
		return "palette"
	case Separated:
		return "separated"
	case YCbCr:
		return "YCbCr"
	case 4:
		return "transparency mask"
	case 8, 9, 10:
		return "CIE L*a*b*"
	}
	return strconv.Itoa(int(p))
}
