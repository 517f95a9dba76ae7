package tiff

import (
	"encoding/binary"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// Level describes one resolution of the image.
type Level struct {
	// Width and Height are the dimensions in pixels, at least 1.
	Width, Height int
	// TileWidth and TileHeight are the dimensions of a tile; those of a strip
	// are the image's width and the rows per strip.
	TileWidth, TileHeight int
	// Tiled says that the level is stored in tiles rather than strips.
	Tiled bool
	// Compression, Photometric and Predictor (1 none, 2 horizontal differences)
	// are the values of the tags.
	Compression Compression
	Photometric Photometric
	Predictor   int
	// BitsPerSample is 1, 2, 4, 8 or 16, the same for all samples.
	BitsPerSample int
	// SamplesPerPixel counts colours, alpha and samples that are ignored.
	SamplesPerPixel int
	// Planar says that each sample is stored in its own tiles or strips.
	Planar bool
	// HasAlpha says that one of the extra samples is opacity; Decode returns it
	// straight whether it is stored associated or not.
	HasAlpha bool
	// SubX and SubY are the chroma subsampling factors by the tag, 1, 2 or 4;
	// JPEG tiles may say otherwise, and then they are right.
	SubX, SubY int
	// Model is the colour model that Decode returns.
	Model pixel.Model
	// Bitonal says that all samples are black or white.
	Bitonal bool
}

// level is a Level with what decoding it needs.
type level struct {
	Level
	order        binary.ByteOrder
	across, down int64 // the grid of chunks, per plane
	rowBytes     int64 // one row of samples in a chunk, decompressed
	alpha        int   // index of the alpha sample, -1 for none
	associated   bool
	palette      *[3][256]byte
	gray         *[256]byte // from raw samples to gray, nil for identity
	lsbFirst     bool       // FillOrder 2
	offsets      *table
	counts       *table // nil when the file has none
	jpegTables   []byte
}

// parseLevel checks a directory and returns it as a level. Everything that
// Decode relies on is checked here, before memory depends on it.
func parseLevel(d *ifd, lim Limits) (*level, error) {
	l := &level{order: d.order, alpha: -1}
	for _, step := range []func(*ifd, Limits) error{
		l.parseSize, l.parseSamples, l.parseColour, l.parseCoding, l.parseGrid,
	} {
		if err := step(d, lim); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *level) parseSize(d *ifd, lim Limits) error {
	w, err := d.uint(tagImageWidth, 0)
	if err != nil {
		return err
	}
	h, err := d.uint(tagImageLength, 0)
	switch {
	case err != nil:
		return err
	case w == 0 || h == 0:
		return corrupt("tiff.Open", "an image without dimensions")
	case w > uint64(lim.MaxDimension) || h > uint64(lim.MaxDimension) || int64(w) > lim.MaxPixels/int64(h):
		return unsupported("tiff.Open", "the image is larger than allowed")
	}
	l.Width, l.Height = int(w), int(h)
	return nil
}

func (l *level) parseSamples(d *ifd, _ Limits) error {
	const op = "tiff.Open"
	spp, err := d.uint(tagSamplesPerPixel, 1)
	if err != nil {
		return err
	}
	if spp == 0 {
		return corrupt(op, "an image without samples")
	}
	if spp > 32 {
		return unsupported(op, "TIFF with more than 32 samples per pixel is not supported")
	}
	l.SamplesPerPixel = int(spp)
	bits, err := d.uints(tagBitsPerSample, int(spp))
	if err != nil {
		return err
	}
	if len(bits) == 0 {
		bits = []uint64{1}
	}
	for _, b := range bits {
		if b != bits[0] {
			return unsupported(op, "TIFF with samples of different depths is not supported")
		}
	}
	switch bits[0] {
	case 1, 2, 4, 8, 16:
		l.BitsPerSample = int(bits[0])
	default:
		return unsupported(op, "TIFF samples of other depths than 1, 2, 4, 8 or 16 bits are not supported")
	}
	// SampleFormat 4 is "undefined", which everyone reads as unsigned.
	sf, err := d.uint(tagSampleFormat, 1)
	if err != nil {
		return err
	}
	if sf != 1 && sf != 4 {
		return unsupported(op, "TIFF with signed or floating-point samples is not supported")
	}
	planar, err := d.uint(tagPlanarConfig, 1)
	if err != nil {
		return err
	}
	if planar != 1 && planar != 2 {
		return corrupt(op, "an unknown planar configuration")
	}
	l.Planar = planar == 2 && spp > 1
	return nil
}

// parseGrid derives the grid of tiles or strips.
func (l *level) parseGrid(d *ifd, lim Limits) error {
	const op = "tiff.Open"
	offsetTag, countTag := uint16(tagStripOffsets), uint16(tagStripByteCounts)
	tw, th := uint64(l.Width), uint64(0)
	var err error
	// Some writers add RowsPerStrip to tiled images; the tile size decides.
	if _, l.Tiled = d.fields[tagTileWidth]; l.Tiled {
		if tw, err = d.uint(tagTileWidth, 0); err != nil {
			return err
		}
		if th, err = d.uint(tagTileLength, 0); err != nil {
			return err
		}
		if tw == 0 || th == 0 || tw > uint64(lim.MaxDimension) || th > uint64(lim.MaxDimension) {
			return corrupt(op, "tiles without dimensions or too large")
		}
		if _, ok := d.fields[tagTileOffsets]; ok {
			offsetTag, countTag = tagTileOffsets, tagTileByteCounts
		}
	} else {
		if th, err = d.uint(tagRowsPerStrip, uint64(l.Height)); err != nil {
			return err
		}
		if th == 0 || th > uint64(l.Height) {
			th = uint64(l.Height)
		}
	}
	l.TileWidth, l.TileHeight = int(tw), int(th)
	l.across = (int64(l.Width) + int64(tw) - 1) / int64(tw)
	l.down = (int64(l.Height) + int64(th) - 1) / int64(th)
	if l.rowBytes = l.chunkRowBytes(); l.rowBytes > lim.MaxTileBytes {
		return unsupported(op, "the TIFF has larger tiles or strips than allowed")
	}
	need := l.across * l.down
	if l.Planar {
		need *= int64(l.SamplesPerPixel)
	}
	if l.offsets, err = d.table(offsetTag, need, lim.MaxTableBytes); err != nil {
		return err
	}
	if l.offsets == nil || l.offsets.n == 0 {
		return corrupt(op, "an image without data")
	}
	l.counts, err = d.table(countTag, need, lim.MaxTableBytes)
	return err
}

// chunkRowBytes returns the bytes of one decompressed row of a chunk; for
// subsampled YCbCr, of one row of data units (TIFF 6.0 §21).
func (l *level) chunkRowBytes() int64 {
	w := int64(l.TileWidth)
	switch {
	case l.dataUnits():
		return (w + int64(l.SubX) - 1) / int64(l.SubX) * int64(l.SubX*l.SubY+2)
	case l.Planar:
		return (w*int64(l.BitsPerSample) + 7) / 8
	}
	return (w*int64(l.BitsPerSample)*int64(l.SamplesPerPixel) + 7) / 8
}

// dataUnits says that samples are stored in units of subsampled YCbCr.
func (l *level) dataUnits() bool {
	return l.Photometric == YCbCr && l.Compression != JPEG && !l.Planar && (l.SubX > 1 || l.SubY > 1)
}
