package jpeg

// readApp reads the application segments that matter for the picture. What is
// wrong in them is ignored: they are no reason to refuse an image.
func (d *decoder) readApp(mark byte, p []byte) {
	switch mark {
	case markAPP0:
		if rest, ok := cutTag(p, "JFIF\x00"); ok && len(rest) >= 2 {
			d.jfif = true
		}
	case markAPP0 + 1:
		if rest, ok := cutTag(p, "Exif\x00"); ok && !d.exif && len(rest) > 1 {
			d.exif = true
			d.h.Orientation = orientation(rest[1:])
		}
	case markAPP0 + 2:
		if rest, ok := cutTag(p, "ICC_PROFILE\x00"); ok {
			d.icc.add(rest)
		}
	case markAPP0 + 14:
		if rest, ok := cutTag(p, "Adobe"); ok && len(rest) >= 7 {
			d.h.Adobe = true
			d.h.Transform = rest[6]
		}
	}
}

func cutTag(p []byte, tag string) (rest []byte, ok bool) {
	if len(p) < len(tag) || string(p[:len(tag)]) != tag {
		return nil, false
	}
	return p[len(tag):], true
}

// orientation returns the orientation that the TIFF structure of an Exif segment
// states in its first directory (Exif 2.32 §4.6.4, tag 0x0112), 1 when it does
// not state a valid one.
func orientation(p []byte) int {
	if len(p) < 8 {
		return 1
	}
	var little bool
	switch string(p[:4]) {
	case "II*\x00":
		little = true
	case "MM\x00*":
	default:
		return 1
	}
	short := func(b []byte) int {
		if little {
			return int(b[1])<<8 | int(b[0])
		}
		return int(b[0])<<8 | int(b[1])
	}
	long := func(b []byte) int64 {
		if little {
			return int64(short(b[2:]))<<16 | int64(short(b))
		}
		return int64(short(b))<<16 | int64(short(b[2:]))
	}
	at := long(p[4:])
	if at+2 > int64(len(p)) {
		return 1
	}
	entries := p[at+2:]
	for range short(p[at:]) {
		if len(entries) < 12 {
			break
		}
		if short(entries) == 0x0112 {
			var v int64
			switch short(entries[2:]) {
			case 3: // SHORT, what the standard wants
				v = int64(short(entries[8:]))
			case 4: // LONG, what some cameras write
				v = long(entries[8:])
			}
			if v >= 1 && v <= 8 && long(entries[4:]) == 1 {
				return int(v)
			}
			break
		}
		entries = entries[12:]
	}
	return 1
}

// profile collects the chunks of an ICC profile (ICC.1:2022 annex B.4).
type profile struct {
	chunks [256][]byte // by their number, which starts at 1
	count  int         // number of chunks announced, 0 before the first
	size   int
	most   int // the largest size there was, broken or not
	broken bool
}

// add takes one chunk: its number, the count of chunks, the data.
func (c *profile) add(p []byte) {
	if c.broken || len(p) < 2 {
		*c = profile{broken: true, most: c.most}
		return
	}
	number, count := int(p[0]), int(p[1])
	if c.count == 0 {
		c.count = count
	}
	c.size += len(p) - 2
	if count != c.count || number < 1 || number > count || c.chunks[number] != nil || c.size > maxICC {
		*c = profile{broken: true, most: c.most}
		return
	}
	c.most = c.size
	c.chunks[number] = append(make([]byte, 0, len(p)-2), p[2:]...)
}

// bytes returns the profile, nil unless all of it is there.
func (c *profile) bytes() []byte {
	if c.broken || c.count == 0 || c.size == 0 {
		return nil
	}
	whole := make([]byte, 0, c.size)
	for _, chunk := range c.chunks[1 : c.count+1] {
		if chunk == nil {
			return nil
		}
		whole = append(whole, chunk...)
	}
	return whole
}

const (
	// maxChunk is the most profile data that fits one APP2 segment, in bytes.
	maxChunk = 65533 - 14
	// MaxProfile is the size of the largest profile that a JPEG can carry, in bytes:
	// its chunks are numbered by a byte.
	MaxProfile = 255 * maxChunk
)

// AppendProfile appends the marker segments that carry an ICC profile of at most
// MaxProfile bytes (ICC.1:2022 annex B.4), none for an empty one.
func AppendProfile(dst, icc []byte) []byte {
	count := ceilDiv(len(icc), maxChunk)
	for i := range count {
		chunk := icc[i*maxChunk : min((i+1)*maxChunk, len(icc))]
		n := len(chunk) + 16
		dst = append(dst, 0xFF, markAPP0+2, byte(n>>8), byte(n))
		dst = append(dst, "ICC_PROFILE\x00"...)
		dst = append(append(dst, byte(i+1), byte(count)), chunk...)
	}
	return dst
}
