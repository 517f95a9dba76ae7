package jpeg

// load takes the stuffed zeros out of the bytes of a strip, and finds its restart
// intervals.
func (c *cutter) load(s *strip, raw []byte) bool {
	c.buf = grow(c.buf[:0], len(raw)+walkSlack)
	c.starts = append(c.starts[:0], s.from.pos&7)
	c.ends = c.ends[:0]
	var behind []byte
	if s.nearMCU > 0 {
		at := int64(s.near.pos>>3) - s.offset()
		raw, behind = raw[:at], raw[at:]
	}
	for {
		var used int
		var mark byte
		c.buf, used, mark = unstuff(c.buf, raw, nil)
		if raw = raw[used:]; mark == 0 {
			// The zero that belongs to a last 0xFF is cut off.
			c.buf = append(c.buf, raw...)
			if behind == nil {
				break
			}
			c.near = uint64(len(c.buf))<<3 + s.near.pos&7
			raw, behind = behind, nil
			continue
		}
		if !isRestart(mark) || c.restart == 0 {
			return false
		}
		c.ends = append(c.ends, uint64(len(c.buf))<<3)
		c.starts = append(c.starts, uint64(len(c.buf))<<3)
	}
	c.ends = append(c.ends, uint64(len(c.buf))<<3)
	c.buf = c.buf[:len(c.buf)+walkSlack]
	return c.starts[0] <= c.ends[0]
}

// strip appends the MCUs of s to out. raw are its bytes in the file.
func (c *cutter) strip(s *strip, raw []byte) error {
	if !c.load(s, raw) {
		return c.corrupt()
	}
	pos, end, mcu := c.starts[0], c.ends[0], s.fromMCU
	var pred [4]int32
	for i, p := range s.from.pred {
		pred[i] = int32(p)
	}
	// The interval that begins with MCU `boundary` is number `interval` of starts.
	interval, boundary := 1, 0
	if c.restart > 0 {
		boundary = (mcu/c.restart + 1) * c.restart
	}
	for mcu < s.last {
		stop := s.last
		if c.restart > 0 {
			if mcu == boundary || boundary <= s.first {
				if interval == len(c.starts) {
					return c.corrupt()
				}
				pos, end, pred = c.starts[interval], c.ends[interval], [4]int32{}
				mcu = boundary
				interval++
				boundary += c.restart
				continue
			}
			stop = min(stop, boundary)
		}
		if mcu < s.first {
			at, done, ok := c.f.skip(c.buf, pos, end, s.first-mcu, &pred)
			if !ok || done < s.first-mcu || at > end {
				return c.corrupt()
			}
			pos, mcu = at, s.first
		}
		var err error
		if c.f.recode {
			pos, err = c.recoded(pos, end, stop-mcu, &pred)
		} else {
			pos, err = c.piece(s, pos, end, mcu, stop, &pred)
		}
		if err != nil {
			return err
		}
		mcu = stop
	}
	return nil
}

// piece appends the MCUs from mcu up to stop, which are of one restart interval
// and begin at pos. It returns the place behind them.
func (c *cutter) piece(s *strip, pos, end uint64, mcu, stop int, pred *[4]int32) (uint64, error) {
	// Only the first block of each component is coded relative to one that comes
	// before, which is another one now.
	copied := pos
	seen := [4]bool{}
	for _, i := range c.f.order[:c.f.blocks] {
		i &= 3
		if pos > end {
			return 0, c.corrupt()
		}
		diff, at, ok := c.f.difference(int(i), c.buf, pos)
		if !ok {
			return 0, c.corrupt()
		}
		pred[i] += diff
		if !seen[i] {
			seen[i] = true
			c.out.copy(c.buf, copied, pos)
			if !c.put(int(i), pred[i]-c.pred[i]) {
				return 0, c.corrupt()
			}
			copied = at
		}
		if pos, ok = c.f.coefficients(int(i), c.buf, at); !ok {
			return 0, c.corrupt()
		}
	}
	if stop == s.last && s.exact {
		// The place and the predictors are known without going there.
		to := uint64(len(c.buf)-walkSlack)<<3 - (8-s.to.pos&7)&7
		if to < pos || to > end {
			return 0, c.corrupt()
		}
		c.out.copy(c.buf, copied, to)
		for i, p := range s.to.pred {
			c.pred[i] = int32(p)
		}
		return to, nil
	}
	mcu++
	if mcu < s.nearMCU && s.nearMCU < stop {
		if c.near < pos || c.near > end {
			return 0, c.corrupt()
		}
		pos, mcu = c.near, s.nearMCU
		for i, p := range s.near.pred {
			pred[i] = int32(p)
		}
	}
	to, done, ok := c.f.skip(c.buf, pos, end, stop-mcu, pred)
	if !ok || done < stop-mcu || to > end {
		return 0, c.corrupt()
	}
	c.out.copy(c.buf, copied, to)
	c.pred = *pred
	return to, nil
}

// recoded appends n MCUs that begin at pos with all DC codes written anew.
func (c *cutter) recoded(pos, end uint64, n int, pred *[4]int32) (uint64, error) {
	for range n {
		for _, i := range c.f.order[:c.f.blocks] {
			if pos >= end {
				return 0, c.corrupt()
			}
			diff, at, ok := c.f.difference(int(i), c.buf, pos)
			if !ok {
				return 0, c.corrupt()
			}
			pred[i] += diff
			if !c.put(int(i), pred[i]-c.pred[i]) {
				return 0, c.corrupt()
			}
			c.pred[i] = pred[i]
			if pos, ok = c.f.coefficients(int(i), c.buf, at); !ok || pos > end {
				return 0, c.corrupt()
			}
			c.out.copy(c.buf, at, pos)
		}
	}
	return pos, nil
}

// put appends the code of a DC difference of component i.
func (c *cutter) put(i int, diff int32) bool {
	size, tail := magnitude(diff)
	if size > 15 {
		return false
	}
	e := c.f.codes[i].code[size]
	if e == 0 {
		return false
	}
	c.out.put(e>>8, uint(e&0xFF))
	c.out.put(tail, size)
	return true
}
