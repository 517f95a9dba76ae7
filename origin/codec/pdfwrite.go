package codec

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// maxPage is the largest side of a PDF page, in points (ISO 32000-1, annex C.2).
const maxPage = 14400

// writePDF writes one page that the picture fills, as a JPEG (ISO 32000-1
// §7.4.8), with its profile. There are no dates, so that equal pictures give
// equal files.
func writePDF(b *bytes.Buffer, m *pixel.Image, quality int, dpi float64) error {
	profile := m.ICC
	plain := *m
	plain.ICC = nil
	var jpg bytes.Buffer
	if err := writeJPEG(&jpg, &plain, jpeg.EncodeOptions{Quality: quality}); err != nil {
		return err
	}
	device, channels := "/DeviceRGB", 3
	if m.Model == pixel.Gray {
		device, channels = "/DeviceGray", 1
	}
	scale := min(72/dpi, maxPage/float64(max(m.Width, m.Height)))
	w, h := points(float64(m.Width)*scale), points(float64(m.Height)*scale)

	var offsets []int
	object := func(dict string, stream []byte) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(b, "%d 0 obj\n", len(offsets))
		if stream == nil {
			fmt.Fprintf(b, "<<%s>>\nendobj\n", dict)
			return
		}
		fmt.Fprintf(b, "<<%s/Length %d>>\nstream\n", dict, len(stream))
		b.Write(stream)
		b.WriteString("\nendstream\nendobj\n")
	}
	// The second line tells transports that the file is binary.
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	object("/Type/Catalog/Pages 2 0 R", nil)
	object("/Type/Pages/Kids[3 0 R]/Count 1", nil)
	object("/Type/Page/Parent 2 0 R/MediaBox[0 0 "+w+" "+h+"]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>", nil)
	object("", []byte("q "+w+" 0 0 "+h+" 0 0 cm /I Do Q"))
	space := device
	if profile != nil {
		space = "[/ICCBased 6 0 R]"
	}
	object(fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%s/BitsPerComponent 8/Filter/DCTDecode",
		m.Width, m.Height, space), jpg.Bytes())
	if profile != nil {
		object(fmt.Sprintf("/N %d/Alternate%s", channels, device), profile)
	}
	start := b.Len()
	fmt.Fprintf(b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, at := range offsets {
		fmt.Fprintf(b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return nil
}

// points writes a length without an exponent, which PDF does not know.
func points(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }
