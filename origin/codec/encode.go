package codec

import (
	"bytes"
	"context"
	"errors"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
	"github.com/vitrine-iiif/vitrine/wasm/tiff"
)

// Config are the settings of an Encoder. The zero value means the defaults.
type Config struct {
	// DPI is the resolution that PDF pages are laid out in, in pixels per inch.
	// Default 150, which prints well.
	DPI float64
	// PNGLevel is the deflate level of PNG, 1 to 9. Default 2: level 6 takes
	// three times as long for a tenth fewer bytes.
	PNGLevel int
	// WebPMethod is the effort of WebP, 1 (fastest) to 6. Default 2; beyond it
	// time doubles for some per cent of the bytes.
	WebPMethod int
}

// Encoder writes pictures. It is safe for concurrent use and keeps no memory
// between calls.
type Encoder struct{ config Config }

// New makes an Encoder.
func New(c Config) *Encoder {
	if c.DPI <= 0 {
		c.DPI = 150
	}
	if c.PNGLevel < 1 || c.PNGLevel > 9 {
		c.PNGLevel = 2
	}
	if c.WebPMethod < 1 || c.WebPMethod > 6 {
		c.WebPMethod = 2
	}
	return &Encoder{c}
}

// EncodeOptions says how one picture is written.
type EncodeOptions struct {
	// Format is one of the constants for which Encodes is true.
	Format string
	// Quality is 1 to 100 for JPEG, PDF and WebP; 0 means 85, for WebP 80. From 90
	// on, JPEG made of RGB keeps chroma at full size, below it at a quarter.
	Quality int
	// KeepICC embeds the image's profile where the format can hold it. Otherwise
	// the samples are written as they are, without saying what they are in.
	KeepICC bool
	// Progressive writes JPEG progressively, see jpeg.EncodeOptions. Default:
	// baseline, which every reader takes and which is five times as fast.
	Progressive bool
}

// defaults of EncodeOptions.Quality, and where JPEG stops to subsample: below it
// quantization hides the difference.
const (
	jpegQuality = 85
	webpQuality = 80
	fullChroma  = 90
)

// Encode writes m as a file. Transparent images are laid on white for formats
// without transparency; choose another ground with pixel.Flatten before. Gray
// stays gray and Bitonal images have one bit in PNG, GIF and TIFF. Equal
// arguments give equal bytes. Errors: Invalid for options and images that cannot
// be, Unsupported for images that the format cannot hold, the kind of ctx when it
// is done before the work begins.
func (e *Encoder) Encode(ctx context.Context, m *pixel.Image, o EncodeOptions) (data []byte, err error) {
	const op = "codec.Encode"
	if err := ctx.Err(); err != nil {
		return nil, fault.E(op, fault.KindOf(err), err)
	}
	if m == nil || m.Width < 1 || m.Height < 1 || m.Model.Planes() == 0 || len(m.Planes) != m.Model.Planes() {
		return nil, fault.E(op, fault.Invalid, errors.New("not an image"))
	}
	if o.Quality < 0 || o.Quality > 100 {
		return nil, fault.E(op, fault.Invalid, errors.New("quality must be 1 to 100"))
	}
	if !Encodes(o.Format) {
		return nil, fault.New(op, fault.Unsupported, "this format is not written")
	}
	data, err = e.encode(prepare(m, o), o)
	if err != nil {
		return nil, fault.E(op, fault.KindOf(err), err)
	}
	return data, nil
}

// prepare brings m to what the writers take: no inks, no alpha that cannot be
// written, no profile that cannot.
func prepare(m *pixel.Image, o EncodeOptions) *pixel.Image {
	if m.Model == pixel.CMYK {
		m = withoutProfile(m)
		if m.Model == pixel.CMYK {
			m = pixel.ToRGB(m)
		}
	}
	if !CarriesAlpha(o.Format) {
		m = pixel.Flatten(m, pixel.Colour{R: 255, G: 255, B: 255})
	}
	model := m.Model
	if o.Format == WebP {
		model = pixel.RGB // WebP knows nothing else
	}
	switch {
	case m.ICC == nil:
	case !o.KeepICC || !CarriesICC(o.Format):
		plain := *m
		plain.ICC = nil
		m = &plain
	case !fits(m.ICC, model):
		m = withoutProfile(m)
	}
	return m
}

// encode calls the writer of the format. The writers of libraries are guarded
// like their readers.
func (e *Encoder) encode(m *pixel.Image, o EncodeOptions) (data []byte, err error) {
	defer guard(&err)
	quality := func(standard int) int {
		if o.Quality == 0 {
			return standard
		}
		return o.Quality
	}
	var b bytes.Buffer
	switch o.Format {
	case JPG:
		err = writeJPEG(&b, m, jpeg.EncodeOptions{Quality: quality(jpegQuality), Progressive: o.Progressive})
	case PNG:
		err = writePNG(&b, m, e.config.PNGLevel)
	case GIF:
		err = writeGIF(&b, m)
	case WebP:
		err = writeWebP(&b, m, quality(webpQuality), e.config.WebPMethod)
	case TIF:
		err = tiff.Encode(&b, m, tiff.EncodeOptions{ICC: m.ICC})
	case PDF:
		err = writePDF(&b, m, quality(jpegQuality), e.config.DPI)
	}
	return b.Bytes(), err
}

// writeJPEG writes planes as they are when they are YCbCr already.
func writeJPEG(b *bytes.Buffer, m *pixel.Image, o jpeg.EncodeOptions) error {
	if m.Model == pixel.RGB {
		sub := 2
		if o.Quality >= fullChroma {
			sub = 1
		}
		m = pixel.ToYCbCr(m, sub, sub)
	}
	if m.SubX*m.SubY > 8 { // more blocks than an MCU may have
		m = pixel.ToYCbCr(m, 2, 2)
	}
	o.ICC = m.ICC
	return jpeg.Encode(b, m, o)
}
