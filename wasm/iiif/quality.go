package iiif

// Quality is a quality of the tone of a result (§4.4).
type Quality uint8

// The qualities.
const (
	// Default is the image as it is: in colour when it has colour.
	Default Quality = iota
	// Color is all the colour that the image has; never an error, also for an
	// image that has none.
	Color
	// Gray is shades of gray.
	Gray
	// Bitonal is black and white.
	Bitonal
)

// String returns the quality as it stands in URLs.
func (q Quality) String() string {
	switch q {
	case Default:
		return "default"
	case Color:
		return "color"
	case Gray:
		return "gray"
	case Bitonal:
		return "bitonal"
	}
	return "unknown"
}

func parseQuality(s string) (Quality, bool) {
	switch s {
	case "default":
		return Default, true
	case "color":
		return Color, true
	case "gray":
		return Gray, true
	case "bitonal":
		return Bitonal, true
	}
	return 0, false
}

// canonical returns Default when q names what the default of an image of the
// native quality is (§4.8): an image has no more colour than its native quality,
// so every quality at least as rich is the image as it is.
func (q Quality) canonical(native Quality) Quality {
	if native == Default {
		native = Color
	}
	if q <= native {
		return Default
	}
	return q
}

// Format is the file format of a result (§4.5). The zero value is none.
type Format uint8

// The formats. JPEG 2000 (jp2) is not offered.
const (
	JPG Format = iota + 1
	PNG
	WebP
	GIF
	TIF
	PDF
)

var formats = [...]struct{ name, media string }{
	JPG:  {"jpg", "image/jpeg"},
	PNG:  {"png", "image/png"},
	WebP: {"webp", "image/webp"},
	GIF:  {"gif", "image/gif"},
	TIF:  {"tif", "image/tiff"},
	PDF:  {"pdf", "application/pdf"},
}

// String returns the format's extension as it stands in URLs, without a dot.
func (f Format) String() string {
	if f < JPG || f > PDF {
		return "unknown"
	}
	return formats[f].name
}

// MediaType returns the format's media type, such as "image/jpeg".
func (f Format) MediaType() string {
	if f < JPG || f > PDF {
		return "application/octet-stream"
	}
	return formats[f].media
}

// ParseFormat returns the format of an extension, such as "jpg"; ok is false
// when there is none of that name. Case matters, as in URLs.
func ParseFormat(ext string) (f Format, ok bool) {
	for f := JPG; f <= PDF; f++ {
		if formats[f].name == ext {
			return f, true
		}
	}
	return 0, false
}
