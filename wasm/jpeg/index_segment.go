package jpeg

import "bytes"

// segmentAt is a marker segment in a byte slice.
type segmentAt struct {
	mark    byte
	at, end int    // from its marker's first 0xFF to its end
	content []byte // behind the length; nil for markers that stand alone
}

// nextSegment finds the first marker in b from at on, past garbage as the decoder
// does, and the segment behind it. It reports false when there is none or when it
// is cut off.
func nextSegment(b []byte, at int) (segmentAt, bool) {
	for at < len(b) {
		i := bytes.IndexByte(b[at:], 0xFF)
		if i < 0 || at+i+1 >= len(b) {
			break
		}
		at += i
		s := segmentAt{mark: b[at+1], at: at, end: at + 2}
		switch {
		case s.mark == 0xFF:
			at++
			continue
		case s.mark == 0x00:
			at += 2
			continue
		case s.mark == markSOI, s.mark == markEOI, s.mark == 0x01, isRestart(s.mark):
			return s, true
		}
		if at+4 > len(b) {
			break
		}
		n := int(be16(b[at+2:]))
		if n < 2 || at+2+n > len(b) {
			break
		}
		s.end = at + 2 + n
		s.content = b[at+4 : s.end]
		return s, true
	}
	return segmentAt{}, false
}

// findJFIF returns the 14 bytes of the first JFIF segment in a head, without a
// thumbnail, and nil when there is none. The profile's segments come with it.
func findJFIF(head []byte) (jfif []byte, profile []segmentAt) {
	for at := 2; ; {
		s, ok := nextSegment(head, at)
		if !ok || s.mark == markSOS || s.mark == markEOI {
			return jfif, profile
		}
		at = s.end
		if _, ok := cutTag(s.content, "JFIF\x00"); ok && s.mark == markAPP0 && jfif == nil && len(s.content) >= 7 {
			jfif = make([]byte, 14)
			copy(jfif, s.content)
			jfif[12], jfif[13] = 0, 0
			if len(s.content) < 12 {
				// The density is missing: a square one of no unit.
				copy(jfif[7:], "\x00\x00\x01\x00\x01")
			}
		}
		if _, ok := cutTag(s.content, "ICC_PROFILE\x00"); ok && s.mark == markAPP0+2 {
			profile = append(profile, s)
		}
	}
}
