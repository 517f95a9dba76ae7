// Package codec turns stored bytes into pixels and pixels into the bytes of an
// answer. It knows which format a file is in, whatever its name says, and hides
// what differs between formats: Open reads a header, Picture.Decode gives upright
// planes in gray, RGB or YCbCr, Encoder.Encode writes any of the formats that
// the Image API can ask for.
//
// Guarantees: a header is checked against Limits before any pixel is allocated;
// MemoryFor announces what Decode takes; bad input gives an error of kind Corrupt
// or Unsupported, never a panic, also where a library panics; failures of the
// storage keep their kind; equal images give equal bytes.
//
// Colours: orientation (Exif, TIFF) is applied, CMYK is converted to RGB, 16 bits
// are scaled to 8, palettes are looked up. ICC profiles of other images travel
// along untouched. The PNG chunks gAMA, cHRM and sRGB are not looked at, as their
// values are more often wrong than not.
//
// It is not for scaling or tone (see pixel) nor for caching (see render).
package codec

// The formats by the names that the Image API gives them (3.0 §4.6), which are
// also the usual extensions.
const (
	JPG  = "jpg"
	PNG  = "png"
	GIF  = "gif"
	WebP = "webp"
	TIF  = "tif"
	PDF  = "pdf" // written only
	BMP  = "bmp" // read only; not a name of the Image API
)

// Encodes reports whether Encode can write a format.
func Encodes(format string) bool {
	switch format {
	case JPG, PNG, GIF, WebP, TIF, PDF:
		return true
	}
	return false
}

// CarriesAlpha reports whether a format that is written can be transparent. In
// GIF, a pixel is either opaque or not there.
func CarriesAlpha(format string) bool {
	switch format {
	case PNG, GIF, WebP, TIF:
		return true
	}
	return false
}

// CarriesICC reports whether a format that is written can hold a colour profile;
// pictures for the others should be converted to sRGB.
func CarriesICC(format string) bool {
	switch format {
	case JPG, PNG, WebP, TIF, PDF:
		return true
	}
	return false
}
