package jpeg

import (
	"errors"
	"io"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// scanPass is one way through the entropy-coded data of a scan, from restart
// interval to restart interval.
type scanPass struct {
	d        *decoder
	feed     *feeder
	interval int    // MCUs between restart markers, 0 for none
	pos      uint64 // in bits of feed.buf
	pred     [4]int32
	left     int  // MCUs until the next restart marker
	next     byte // number of the next restart marker
}

// newScanPass begins behind the scan header that d, which reads from t, has just
// read. feed must be closed in the end.
func newScanPass(d *decoder, t *teeReader, interval int) scanPass {
	s := scanPass{d: d, interval: interval, left: interval}
	s.feed = newFeeder(t, d.buf[d.pos:], t.n-int64(len(d.buf)-d.pos))
	return s
}

// limit returns the bit from which on no MCU may begin before there are more data.
func (s *scanPass) limit() uint64 {
	n := len(s.feed.buf)
	if !s.feed.closed {
		n = max(0, n-walkSlack)
	}
	return uint64(n) << 3
}

// past reports whether more bits were taken than there are.
func (s *scanPass) past() bool { return s.pos > uint64(len(s.feed.buf))<<3 }

// data returns the data, with the slack behind them.
func (s *scanPass) data() []byte { return s.feed.buf[:len(s.feed.buf)+walkSlack] }

// more gets more data, dropping those that are done with.
func (s *scanPass) more() error {
	if err := s.feed.more(int(s.pos >> 3)); err != nil {
		return fault.E(s.d.op, fault.Corrupt, err)
	}
	s.pos &= 7
	return nil
}

// resume takes the restart marker that is due. What stands before it may only
// fill up the last byte.
func (s *scanPass) resume() error {
	for !s.feed.closed && uint64(len(s.feed.buf))<<3-s.pos < 8 {
		if err := s.more(); err != nil {
			return err
		}
	}
	if uint64(len(s.feed.buf))<<3-s.pos >= 8 || s.feed.mark != 0xD0|s.next {
		return s.failed()
	}
	s.feed.next()
	s.next = (s.next + 1) & 7
	s.pos, s.pred, s.left = 0, [4]int32{}, s.interval
	return nil
}

// failed makes the failure for data that end or make no sense.
func (s *scanPass) failed() error {
	if err := s.feed.err; err != nil && !errors.Is(err, io.EOF) && s.feed.mark == 0 {
		s.d.err = err
		return s.d.ended()
	}
	return s.d.corrupt("the image data are damaged")
}
