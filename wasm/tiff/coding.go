package tiff

// parseCoding decides how chunks are compressed, and refuses what is not read
// with words that say what it is.
func (l *level) parseCoding(d *ifd, lim Limits) error {
	const op = "tiff.Open"
	c, err := d.uint(tagCompression, 1)
	if err != nil {
		return err
	}
	l.Compression = Compression(min(c, 0xffff))
	p, err := d.uint(tagPredictor, 1)
	if err != nil {
		return err
	}
	fill, err := d.uint(tagFillOrder, 1)
	if err != nil {
		return err
	}
	l.lsbFirst = fill == 2
	l.Predictor = 1
	switch l.Compression {
	case None, PackBits:
	case LZW, Deflate, OldDeflate:
		if err := l.parsePredictor(p); err != nil {
			return err
		}
	case CCITTRLE, CCITTG3, CCITTG4:
		if l.BitsPerSample != 1 || l.SamplesPerPixel != 1 {
			return corrupt(op, "CCITT compression of samples that are not bits")
		}
		return l.parseFax(d)
	case JPEG:
		return l.parseJPEG(d, lim)
	default:
		return unsupported(op, "TIFF compression "+l.Compression.String()+" is not supported")
	}
	if l.Photometric == YCbCr {
		return l.parseRawYCbCr(d)
	}
	return nil
}

// parsePredictor takes tag 317, which only LZW and Deflate have.
func (l *level) parsePredictor(p uint64) error {
	switch {
	case p <= 1:
	case p == 2 && l.BitsPerSample >= 8:
		l.Predictor = 2
	case p == 2:
		return unsupported("tiff.Open", "TIFF predictor on samples of less than 8 bits is not supported")
	default:
		return unsupported("tiff.Open", "TIFF with the floating-point predictor is not supported")
	}
	return nil
}

// parseRawYCbCr checks YCbCr that is not JPEG.
func (l *level) parseRawYCbCr(d *ifd) error {
	const op = "tiff.Open"
	ok, err := jfifLike(d)
	if err != nil {
		return err
	}
	if !ok {
		return unsupported(op, "YCbCr TIFF with other colour equations than JFIF's is not supported")
	}
	if l.SubX == 1 && l.SubY == 1 {
		return nil
	}
	if l.Planar || l.SamplesPerPixel != 3 || l.Predictor != 1 {
		return unsupported(op, "subsampled YCbCr TIFF is only supported with three interleaved samples")
	}
	return nil
}

// parseJPEG checks new-style JPEG and reads its tables.
func (l *level) parseJPEG(d *ifd, lim Limits) error {
	const op = "tiff.Open"
	if l.BitsPerSample != 8 {
		return unsupported(op, "TIFF with JPEG samples of other depths than 8 bits is not supported")
	}
	if l.Photometric == Palette || l.Planar && l.Photometric == YCbCr {
		return unsupported(op, "this layout of a JPEG-compressed TIFF is not supported")
	}
	if n := l.SamplesPerPixel; !l.Planar && n != 1 && n != 3 && n != 4 {
		return unsupported(op, "JPEG-compressed TIFF with 2 or more than 4 samples is not supported")
	}
	if l.Photometric == YCbCr && l.SamplesPerPixel != 3 {
		return unsupported(op, "JPEG-compressed YCbCr TIFF with extra samples is not supported")
	}
	tables, err := d.raw(tagJPEGTables, min(lim.MaxTableBytes, 64<<10))
	if err != nil {
		return err
	}
	l.jpegTables = append([]byte(nil), tables...)
	return nil
}
