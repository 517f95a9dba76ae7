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
	if d.l.size == 1 {
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

// skipFast is skipBlock with such a table.
func skipFast(s *stream, dc *huffTable, ac *skipTable) (diff int32, ok bool) {
	s.prepare()
	if diff, ok = s.dcDiff(dc); !ok {
		return 0, false
	}
	acc, n, p, win := s.acc, s.n, s.p, s.win
	var e, k uint = 0, 1
	for {
		// At least 56 bits, and one entry takes at most 28.
		acc |= be64(win[p:]) >> (n & 63)
		p += int(63-n) >> 3
		n |= 56
		e = uint(ac.look[acc>>(64-skipBits)])
		acc <<= e & 31
		n -= e & 31
		if k += e >> 5; k >= 64 {
			break
		}
		e = uint(ac.look[acc>>(64-skipBits)])
		acc <<= e & 31
		n -= e & 31
		if k += e >> 5; k >= 64 {
			break
		}
	}
	// The block is complete with its last coefficient or with an end-of-block code
	// before it. Otherwise the last entry held a long code, or ran on into the
	// next block.
	if k != 64 && k-(skipEOB+1) > 62 {
		at, ok := ac.rest(win[:s.filled], uint64(p*8-int(n)-int(e&31)), k-e>>5)
		p = int(at >> 3)
		acc, n = be64(win[p:])<<(at&7), 56-uint(at&7)
		s.acc, s.n, s.p = acc, n, p+7
		return diff, ok
	}
	s.acc, s.n, s.p = acc, n, p
	return diff, true
}
