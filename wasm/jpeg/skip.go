package jpeg

// leastSkips is the number of blocks from which on a table to skip them with
// pays for being made.
const leastSkips = 16384

// skipTables makes tables for the blocks of a scan whose coefficients nobody
// wants, when there are many.
func (d *decoder) skipTables(sc *scan) {
	perMCU := 0
	for i := range sc.n {
		perMCU += sc.h[i] * sc.v[i]
	}
	before := sc.want.Min.Y*sc.cols + sc.want.Dy()*sc.want.Min.X
	if d.l.size == 1 || d.l.lowPass {
		before += sc.want.Dx() * sc.want.Dy()
	}
	if before*perMCU < leastSkips {
		return
	}
	for i := range sc.n {
		for j := range i {
			if sc.ac[j] == sc.ac[i] {
				sc.skip[i] = sc.skip[j]
			}
		}
		if sc.skip[i] == nil {
			sc.skip[i] = newSkipTable(sc.ac[i])
		}
	}
}

// skipBlock is decodeBlock without the AC coefficients: it only keeps the place
// in the bits and returns the DC difference. skip may be nil.
func skipBlock(s *stream, dc, ac *huffTable, skip *skipTable) (diff int32, ok bool) {
	s.prepare()
	if diff, ok = s.dcDiff(dc); !ok {
		return 0, false
	}
	if skip == nil {
		return diff, s.skipCoefficients(ac, 1)
	}
	return diff, s.skipFast(skip, 1)
}

// skipCoefficients skips the AC coefficients of a block from zigzag place k on, at
// most 63.
func (s *stream) skipCoefficients(ac *huffTable, k uint) (ok bool) {
	acc, n, p, win := s.acc, s.n, s.p, s.win
	for ; k < 64; k++ {
		acc |= be64(win[p:]) >> (n & 63)
		p += int(63-n) >> 3
		n |= 56
		e := ac.look[acc>>(64-lookBits)]
		if e&entryValue != 0 {
			acc <<= e & entryBits
			n -= uint(e & entryBits)
			k += uint(e >> 8 & 0xFF)
			ok = k < 64 || e>>8&0xFF == skipAll
			continue
		}
		symbol, size := byte(e>>8), uint(e&entryBits)
		if e == 0 {
			if symbol, size = ac.longer(int32(acc>>48), lookBits+1); size == 0 {
				return false
			}
		}
		width := uint(symbol & 15)
		acc <<= size + width
		n -= size + width
		if width == 0 && symbol != 0xF0 {
			ok = true
			break
		}
		k += uint(symbol >> 4)
		ok = k < 64
	}
	s.acc, s.n, s.p = acc, n, p
	return ok
}

// skipFast is skipCoefficients with a table for it.
func (s *stream) skipFast(ac *skipTable, k uint) bool {
	acc, n, p, win := s.acc, s.n, s.p, s.win
	var e uint
	for {
		// At least 56 bits, and one entry takes at most 28.
		acc |= be64(win[p:]) >> (n & 63)
		p += int(63-n) >> 3
		n |= 56
		e = uint(ac.look[acc>>(64-skipBits)])
		acc <<= e & 63
		n -= e & 63
		if k += e >> 6; k >= 64 {
			break
		}
		e = uint(ac.look[acc>>(64-skipBits)])
		acc <<= e & 63
		n -= e & 63
		if k += e >> 6; k >= 64 {
			break
		}
	}
	// The block is complete with its last coefficient or with an end-of-block code
	// before it. Otherwise the last entry held a long code, or ran on into the
	// next block.
	if k != 64 && k-(skipEOB+1) > 62 {
		at, ok := ac.rest(win[:s.filled], uint64(p*8-int(n)-int(e&63)), k-e>>6)
		p = int(at >> 3)
		acc, n = be64(win[p:])<<(at&7), 56-uint(at&7)
		s.acc, s.n, s.p = acc, n, p+7
		return ok
	}
	s.acc, s.n, s.p = acc, n, p
	return true
}
