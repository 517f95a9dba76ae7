package jpeg

import (
	"errors"
	"image"
	"io"
)

// Range is a part of a file in bytes.
type Range struct {
	Offset, Length int64
}

// End returns the offset behind the range.
func (r Range) End() int64 { return r.Offset + r.Length }

// Index knows where in a JPEG its parts are: for MCUs at most about a kilobyte of
// data apart, the place of their first bit and the DC predictors there. With it,
// any region is cut out (Tile) by reading little more than its own bytes. It
// takes at most about one per cent of the file's size when stored.
//
// It is made by BuildIndex, ParseIndex or IndexHead.Index, and is safe for
// concurrent use. One that IndexHead.Index made from some sections serves the
// rows of those only.
type Index struct {
	f *frame
	bandGrid
	bands       []band // of the rows that are known; empty elsewhere
	size        int64  // of the file, 0 when not known
	orientation int
	// The profile's APP2 segments: as they are, or where they are in the file when
	// they are large.
	profile       []byte
	profileRanges []Range
}

// maxProfile is the most profile data that an index holds itself, in bytes: what
// one segment carries, which is enough for every display profile.
const maxProfile = 64 << 10

// BuildIndex reads a JPEG from its first byte on and makes its index, decoding
// no more than the Huffman codes. size is the size of the file in bytes, 0 when it
// is not known; r is read at most up to the end of the image data and 64 KiB more.
//
// It fails with Unsupported for all but Huffman-coded sequential JPEGs of 8 bits
// with one scan, with Corrupt for data that are damaged in any way (Decode puts
// up with more), and with the kind of the reader's own failure.
func BuildIndex(r io.Reader, size int64) (*Index, error) {
	return buildIndex("jpeg.BuildIndex", r, size)
}

func buildIndex(op string, r io.Reader, size int64) (*Index, error) {
	t := &teeReader{r: r}
	d := newDecoder(t, op)
	defer d.close()
	if err := d.readHeader(); err != nil {
		return nil, err
	}
	scan := t.n - int64(len(d.buf)-d.pos)
	jfif, segments := findJFIF(t.kept[:scan])
	f, err := newFrame(d, jfif)
	if err != nil {
		return nil, err
	}
	x := &Index{f: f, bandGrid: newGrid(f), size: max(size, 0), orientation: d.h.Orientation}
	if d.h.ICC != nil {
		x.keepProfile(t.kept, segments)
	}
	t.kept, t.done = nil, true
	// A block takes at least two bits. Files that are far too short are found out
	// before their data are read.
	if size > 0 && int64(f.cols)*int64(f.rows)*int64(f.blocks)/4 > size {
		return nil, d.corrupt("the image data end early")
	}
	s := &indexer{x, newScanPass(d, t, f.restart)}
	defer s.feed.close()
	if err := s.run(); err != nil {
		return nil, err
	}
	return x, nil
}

// keepProfile takes the profile's segments out of head.
func (x *Index) keepProfile(head []byte, segments []segmentAt) {
	n := 0
	for _, s := range segments {
		n += s.end - s.at
	}
	for _, s := range segments {
		if n <= maxProfile {
			x.profile = append(x.profile, head[s.at:s.end]...)
		} else {
			x.profileRanges = append(x.profileRanges, Range{int64(s.at), int64(s.end - s.at)})
		}
	}
}

// Header returns what the head of the file says. ICC is nil when the profile is
// larger than 64 KiB.
func (x *Index) Header() Header {
	h := x.f.header
	h.Orientation = x.orientation
	h.ICC = nil
	var p profile
	for at := 0; ; {
		s, ok := nextSegment(x.profile, at)
		if !ok {
			break
		}
		if rest, ok := cutTag(s.content, "ICC_PROFILE\x00"); ok {
			p.add(rest)
		}
		at = s.end
	}
	h.ICC = p.bytes()
	return h
}

// MCU returns the size of the image's coding unit in pixels: the corner of a
// region that Tile cuts must be a multiple of it.
func (x *Index) MCU() image.Point { return x.f.mcu }

// Size returns what the index takes in memory, in bytes, about.
func (x *Index) Size() int64 {
	n := int64(len(x.profile)) + int64(len(x.f.source)+len(x.f.out)) + 100<<10
	for i := range x.bands {
		n += int64(len(x.bands[i].anchors))*16 + 80
	}
	return n
}

// indexer walks over a scan and makes the bands of its index.
type indexer struct {
	*Index
	scanPass
}

// run makes all bands.
func (s *indexer) run() error {
	// The finest grid: every 64 pixels.
	step := max(1, 64/s.f.mcu.X)
	s.bands = make([]band, 0, s.count())
	var all []anchor
	for i := range s.count() {
		first, rows := s.rowsOf(i)
		all = all[:0]
		for range rows {
			for col := 0; col < s.cols; col += step {
				if s.interval > 0 && s.left == 0 {
					if err := s.resume(); err != nil {
						return err
					}
				}
				a, err := s.anchor()
				if err != nil {
					return err
				}
				all = append(all, a)
				if err := s.walk(min(step, s.cols-col)); err != nil {
					return err
				}
			}
		}
		end, err := s.anchor()
		if err != nil {
			return err
		}
		b := band{stepX: step, stepY: 1, perRow: ceilDiv(s.cols, step), anchors: all, end: end}
		s.bands = append(s.bands, s.adapt(&b, first))
	}
	return nil
}

// anchor returns the present place.
func (s *indexer) anchor() (anchor, error) {
	a := anchor{pos: uint64(s.feed.place(int(s.pos>>3)))<<3 | s.pos&7}
	for i, p := range s.pred {
		if a.pred[i] = int16(p); int32(a.pred[i]) != p {
			return a, s.d.corrupt("the image data make no sense")
		}
	}
	return a, nil
}

// walk goes over n MCUs.
func (s *indexer) walk(n int) error {
	for n > 0 {
		want := n
		if s.interval > 0 {
			if s.left == 0 {
				if err := s.resume(); err != nil {
					return err
				}
			}
			want = min(n, s.left)
		}
		pos, done, ok := s.f.skip(s.data(), s.pos, s.limit(), want, &s.pred)
		s.pos = pos
		if !ok || s.past() || s.feed.closed && done < want {
			return s.failed()
		}
		n -= done
		s.left -= done
		if done < want {
			if err := s.more(); err != nil {
				return err
			}
		}
	}
	return nil
}

// teeReader counts what is read, and keeps it until done.
type teeReader struct {
	r    io.Reader
	n    int64
	kept []byte
	done bool
}

func (t *teeReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if n < 0 || n > len(p) {
		return 0, errors.New("the reader returned an impossible count")
	}
	t.n += int64(n)
	if !t.done {
		t.kept = append(t.kept, p[:n]...)
	}
	return n, err
}
