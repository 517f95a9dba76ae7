package codec

import (
	"bytes"
	"encoding/binary"
)

// sniffSize is how much of a file tells its format.
const sniffSize = 1024

// sniff recognises a format by the first bytes of a file, sniffSize or all there
// are. format is "" when it is none that is read; then foreign is the name of the
// format if it is a known one.
func sniff(head []byte) (format, foreign string) {
	starts := func(s string) bool { return bytes.HasPrefix(head, []byte(s)) }
	switch {
	case starts("\xff\xd8\xff"):
		return JPG, ""
	case starts(pngSignature):
		return PNG, ""
	case starts("GIF87a"), starts("GIF89a"):
		return GIF, ""
	case starts("II*\x00"), starts("MM\x00*"), starts("II+\x00"), starts("MM\x00+"):
		return TIF, ""
	case starts("RIFF") && len(head) >= 12 && string(head[8:12]) == "WEBP":
		return WebP, ""
	case starts("BM") && len(head) >= 18 && bmpHeaderSize(binary.LittleEndian.Uint32(head[14:])):
		return BMP, ""
	}
	return "", foreignFormat(head)
}

// bmpHeaderSize reports whether n is the size of one of the headers that BMP
// files have had; "BM" alone starts too many texts.
func bmpHeaderSize(n uint32) bool {
	switch n {
	case 12, 16, 40, 52, 56, 64, 108, 124:
		return true
	}
	return false
}

// foreignFormat names well-known formats that are not read, so that the error
// can say what to do something about.
func foreignFormat(head []byte) string {
	for _, f := range []struct{ magic, name string }{
		{"\x00\x00\x00\x0cjP  ", "JPEG 2000"},
		{"\xff\x4f\xff\x51", "JPEG 2000"},
		{"\x00\x00\x00\x0cJXL ", "JPEG XL"},
		{"\xff\x0a", "JPEG XL"},
		{"II\xbc", "JPEG XR"},
		{"8BPS", "Photoshop (PSD)"},
		{"\x76\x2f\x31\x01", "OpenEXR"},
		{"AT&TFORM", "DjVu"},
		{"SIMPLE  =", "FITS"},
		{"\x00\x00\x01\x00", "icon (ICO)"},
	} {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return f.name
		}
	}
	if len(head) >= 12 && string(head[4:8]) == "ftyp" {
		return brand(head)
	}
	if len(head) >= 132 && string(head[128:132]) == "DICM" {
		return "DICOM"
	}
	// Readers look for these anywhere near the start.
	if bytes.Contains(head, []byte("%PDF-")) {
		return "PDF"
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(text, []byte("<svg")) || bytes.HasPrefix(text, []byte("<?xml")) && bytes.Contains(text, []byte("<svg")) {
		return "SVG"
	}
	return ""
}

// brand names the ISO media file by its brands (ISO/IEC 14496-12 §4.3): the main
// one may be general, such as "mif1".
func brand(head []byte) string {
	end := min(int(min(binary.BigEndian.Uint32(head), sniffSize)), len(head))
	name := "video or ISO media"
	for at := 8; at+4 <= end; at += 4 {
		switch string(head[at : at+4]) {
		case "avif", "avis":
			return "AVIF"
		case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1":
			name = "HEIC"
		}
	}
	return name
}
