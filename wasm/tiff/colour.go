package tiff

import "github.com/vitrine-iiif/vitrine/wasm/pixel"

// parseColour decides what the samples mean.
func (l *level) parseColour(d *ifd, _ Limits) error {
	const op = "tiff.Open"
	// The tag is required, but files without it exist; libtiff guesses like this.
	guess := MinIsBlack
	if l.SamplesPerPixel >= 3 {
		guess = RGB
	}
	v, err := d.uint(tagPhotometric, uint64(guess))
	if err != nil {
		return err
	}
	l.Photometric, l.SubX, l.SubY = Photometric(min(v, 0xffff)), 1, 1
	switch l.Photometric {
	case MinIsWhite, MinIsBlack:
		l.Model = pixel.Gray
		l.Bitonal = l.BitsPerSample == 1
		if l.BitsPerSample < 8 || l.Photometric == MinIsWhite {
			l.gray = grayTable(l.BitsPerSample, l.Photometric == MinIsWhite)
		}
	case RGB:
		l.Model = pixel.RGB
		if l.BitsPerSample < 8 {
			l.gray = grayTable(l.BitsPerSample, false)
		}
	case Palette:
		l.Model = pixel.RGB
		if err := l.parsePalette(d); err != nil {
			return err
		}
	case Separated:
		l.Model = pixel.CMYK
		inks, err := d.uint(tagInkSet, 1)
		if err != nil {
			return err
		}
		if inks != 1 || l.BitsPerSample < 8 {
			return unsupported(op, "TIFF with inks other than 8- or 16-bit CMYK is not supported")
		}
	case YCbCr:
		l.Model = pixel.YCbCr
		if err := l.parseYCbCr(d); err != nil {
			return err
		}
	default:
		return unsupported(op, "TIFF with "+l.Photometric.String()+" colour is not supported")
	}
	if l.SamplesPerPixel < l.colours() {
		return corrupt(op, "fewer samples than the colour model has")
	}
	return l.parseAlpha(d)
}

// colours returns the number of samples that are not extra samples.
func (l *level) colours() int {
	if l.Photometric == Palette {
		return 1
	}
	return l.Model.Planes()
}

// parseAlpha looks for opacity among the extra samples. Samples of unspecified
// meaning are not taken as such: in scans they are selection masks.
func (l *level) parseAlpha(d *ifd) error {
	vs, err := d.uints(tagExtraSamples, l.SamplesPerPixel)
	if err != nil {
		return err
	}
	extra := l.SamplesPerPixel - l.colours()
	for i, v := range vs[:min(len(vs), extra)] {
		if v == 1 || v == 2 {
			l.alpha, l.associated, l.HasAlpha = l.colours()+i, v == 1, true
			l.Bitonal = false
			break
		}
	}
	if l.associated && l.Photometric == YCbCr {
		return unsupported("tiff.Open", "YCbCr TIFF with associated alpha is not supported")
	}
	if l.associated && l.Photometric == Palette {
		l.associated = false // a palette index cannot be multiplied
	}
	return nil
}

// parsePalette reads the colour map (TIFF 6.0 §5).
func (l *level) parsePalette(d *ifd) error {
	const op = "tiff.Open"
	if l.BitsPerSample > 8 {
		return unsupported(op, "palette TIFF of more than 8 bits is not supported")
	}
	n := 1 << l.BitsPerSample
	vs, err := d.uints(tagColorMap, 3*n)
	if err != nil {
		return err
	}
	if len(vs) < 3*n {
		return corrupt(op, "a palette image without its palette")
	}
	// Old writers stored 8-bit values; libtiff and libvips know them by this.
	shift := 0
	for _, v := range vs {
		if v > 255 {
			shift = 8
		}
	}
	l.palette = new([3][256]byte)
	for i, v := range vs {
		l.palette[i/n][i%n] = byte(v >> shift)
	}
	return nil
}

// parseYCbCr reads the subsampling (TIFF 6.0 §21). Only the colour equations of
// JFIF are understood, which practically all files use.
func (l *level) parseYCbCr(d *ifd) error {
	const op = "tiff.Open"
	if l.BitsPerSample != 8 {
		return unsupported(op, "YCbCr TIFF of other depths than 8 bits is not supported")
	}
	vs, err := d.uints(tagYCbCrSampling, 2)
	if err != nil {
		return err
	}
	if len(vs) < 2 {
		vs = []uint64{2, 2} // the default
	}
	for i, v := range vs {
		if v != 1 && v != 2 && v != 4 {
			return corrupt(op, "an unknown chroma subsampling")
		}
		if i == 0 {
			l.SubX = int(v)
		} else {
			l.SubY = int(v)
		}
	}
	return nil
}

// jfifLike reports whether the colour equations and ranges of an uncompressed
// YCbCr image are those of JFIF: ITU-R BT.601 luma, full range.
func jfifLike(d *ifd) (bool, error) {
	for _, c := range []struct {
		tag  uint16
		want []float64
	}{
		{tagYCbCrCoeffs, []float64{0.299, 0.587, 0.114}},
		{tagReferenceBW, []float64{0, 255, 128, 255, 128, 255}},
	} {
		vs, err := d.rationals(c.tag, len(c.want))
		if err != nil {
			return false, err
		}
		for i, v := range vs {
			if v < c.want[i]-0.01 || v > c.want[i]+0.01 {
				return false, nil
			}
		}
	}
	return true, nil
}

// grayTable maps raw samples of 1, 2, 4 or 8 bits to 8 bits, 0 black.
func grayTable(bits int, invert bool) *[256]byte {
	if bits > 8 {
		bits = 8 // the samples have been scaled when the table is used
	}
	t := new([256]byte)
	top := 1<<bits - 1
	for i := range t {
		t[i] = byte(min(i, top) * 255 / top)
		if invert {
			t[i] = 255 - t[i]
		}
	}
	return t
}
