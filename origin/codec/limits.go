package codec

import (
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Limits bounds what the header of a stored image may claim. The zero value
// means the defaults.
type Limits struct {
	// MaxPixels is the largest image, in pixels. Default 64·10^9, a BigTIFF of some
	// 10 GB: tiles make the size of the whole harmless, and what can only be
	// decoded whole is bounded by MaxDecodeBytes.
	MaxPixels int64
	// MaxDimension is the largest width and height, in pixels. Default and
	// ceiling 2^20, which is what TIFF decoding takes.
	MaxDimension int
	// MaxFrames is how many pages of a TIFF are looked at for resolutions.
	// Default 64: each may cost a read. Of animations only the first frame is
	// ever read, so that they need no limit.
	MaxFrames int
	// MaxDecodeBytes is the most memory that one Decode may take, in bytes, by
	// the reckoning of MemoryFor. Images that can only be decoded whole and need
	// more are refused when opened. Default 1 GiB, enough for any GIF or BMP of
	// 100 megapixels.
	MaxDecodeBytes int64
}

func (l Limits) withDefaults() Limits {
	const side = 1 << 20
	if l.MaxPixels <= 0 {
		l.MaxPixels = 64e9
	}
	if l.MaxDimension <= 0 || l.MaxDimension > side {
		l.MaxDimension = side
	}
	if l.MaxFrames <= 0 {
		l.MaxFrames = 64
	}
	if l.MaxDecodeBytes <= 0 {
		l.MaxDecodeBytes = 1 << 30
	}
	return l
}

// check tests the dimensions that a header claims.
func (l Limits) check(width, height int) error {
	const op = "codec.Open"
	if width < 1 || height < 1 {
		return corrupt(op, "the image has no width or height")
	}
	if width > l.MaxDimension || height > l.MaxDimension || int64(width) > l.MaxPixels/int64(height) {
		return fault.New(op, fault.Unsupported, "the stored image is larger than this server allows")
	}
	return nil
}
