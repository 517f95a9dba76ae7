package jpeg

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/iotest"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// small returns small files of all coding processes.
func small(t testing.TB) map[string][]byte {
	ppm := photo(t, 45, 37)
	files := map[string][]byte{}
	for _, v := range variants() {
		files[v.name] = tool(t, ppm, "cjpeg", v.args...)
	}
	return files
}

// TestTruncated cuts files off at every byte and wants Corrupt, but for a
// missing end-of-image marker.
func TestTruncated(t *testing.T) {
	for name, b := range small(t) {
		for n := range len(b) {
			_, err := Decode(bytes.NewReader(b[:n]), DecodeOptions{})
			if n >= len(b)-2 {
				if err != nil {
					t.Errorf("%s without its last %d bytes: %v", name, len(b)-n, err)
				}
			} else if !fault.Is(err, fault.Corrupt) {
				t.Fatalf("%s cut at %d of %d: %v", name, n, len(b), err)
			}
		}
	}
}

// TestMutated damages files in many places: no panic, no kind but Corrupt and
// Unsupported, nothing slow.
func TestMutated(t *testing.T) {
	for name, b := range small(t) {
		for i := range b {
			for _, v := range []byte{b[i] ^ 1, b[i] ^ 0x80, 0, 0xFF} {
				c := bytes.Clone(b)
				c[i] = v
				start := time.Now()
				_, err := Decode(bytes.NewReader(c), DecodeOptions{MaxBytes: 1 << 20})
				if err != nil && !fault.Is(err, fault.Corrupt) && !fault.Is(err, fault.Unsupported) {
					t.Fatalf("%s with %d = %#x: %v", name, i, v, err)
				}
				if d := time.Since(start); d > 3*time.Second {
					t.Fatalf("%s with %d = %#x takes %v", name, i, v, d)
				}
			}
		}
	}
}

// TestTolerant changes files in ways that other decoders bear, and wants the
// same picture.
func TestTolerant(t *testing.T) {
	for name, b := range small(t) {
		want := interleave(decode(t, b, DecodeOptions{}).Image)
		sos := bytes.Index(b, []byte{0xFF, markSOS})
		with := func(at int, extra string) []byte {
			return append(append(bytes.Clone(b[:at]), extra...), b[at:]...)
		}
		for change, c := range map[string][]byte{
			"fill bytes":         with(sos, "\xFF\xFF\xFF"),
			"garbage":            with(sos, "garbage\xFF\x00"),
			"trailing garbage":   with(len(b), "\xFF\xD8\xFFtrail"),
			"fill before end":    with(len(b)-2, "\xFF\xFF"),
			"empty segment":      with(2, "\xFF\xE5\x00\x02"),
			"short app segments": with(2, "\xFF\xE0\x00\x03J\xFF\xE1\x00\x04Ex\xFF\xE2\x00\x02\xFF\xEE\x00\x07Adobe"),
			"bad profile":        with(2, "\xFF\xE2\x00\x14ICC_PROFILE\x00\x02\x01abcd"),
			"temporary marker":   with(2, "\xFF\x01\xFF\xD3"),
		} {
			p, err := Decode(bytes.NewReader(c), DecodeOptions{})
			if err != nil {
				t.Errorf("%s, %s: %v", name, change, err)
			} else if !bytes.Equal(interleave(p.Image), want) {
				t.Errorf("%s, %s: another picture", name, change)
			}
		}
		for how, r := range map[string]io.Reader{
			"byte by byte": iotest.OneByteReader(bytes.NewReader(b)),
			"halves":       iotest.HalfReader(bytes.NewReader(b)),
			"data and EOF": iotest.DataErrReader(bytes.NewReader(b)),
		} {
			p, err := Decode(r, DecodeOptions{})
			if err != nil {
				t.Errorf("%s, %s: %v", name, how, err)
			} else if !bytes.Equal(interleave(p.Image), want) {
				t.Errorf("%s, %s: another picture", name, how)
			}
		}
	}
}

// TestMotion drops the Huffman tables, as motion JPEG does.
func TestMotion(t *testing.T) {
	b := tool(t, photo(t, 45, 37), "cjpeg")
	want := interleave(decode(t, b, DecodeOptions{}).Image)
	for {
		at := bytes.Index(b, []byte{0xFF, markDHT})
		if at < 0 {
			break
		}
		n := int(binary.BigEndian.Uint16(b[at+2:]))
		b = append(b[:at:at], b[at+2+n:]...)
	}
	if !bytes.Equal(interleave(decode(t, b, DecodeOptions{}).Image), want) {
		t.Error("another picture")
	}
}

// TestReaderFails wants the kind of the reader's failure, wherever it happens.
func TestReaderFails(t *testing.T) {
	for name, b := range small(t) {
		for n := 0; n < len(b)-2; n += 7 {
			for _, tc := range []struct {
				err  error
				kind fault.Kind
			}{
				{context.Canceled, fault.Canceled},
				{fault.E("test.Read", fault.Unavailable, io.ErrUnexpectedEOF), fault.Unavailable},
				{fmt.Errorf("read: %w", context.DeadlineExceeded), fault.Timeout},
				{errors.New("disk"), fault.Internal},
				{io.ErrUnexpectedEOF, fault.Corrupt},
			} {
				r := io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(tc.err))
				if _, err := Decode(r, DecodeOptions{}); fault.KindOf(err) != tc.kind {
					t.Fatalf("%s, %v at %d: %v", name, tc.err, n, err)
				}
			}
		}
	}
}

// TestRestart damages intervals and wants only these to suffer.
func TestRestart(t *testing.T) {
	b := tool(t, photo(t, 203, 157), "cjpeg", "-sample", "1x1", "-restart", "4B")
	whole := decode(t, b, DecodeOptions{})
	var marks []int
	for i := bytes.Index(b, []byte{0xFF, markSOS}); i < len(b)-1; i++ {
		if b[i] == 0xFF && isRestart(b[i+1]) {
			marks = append(marks, i)
		}
	}
	cut := func(from, to int) []byte { return append(bytes.Clone(b[:from]), b[to:]...) }
	interval := func(n int) (from, to int) { return marks[n] + 2, marks[n+1] }
	for name, c := range map[string][]byte{
		"shortened":     cut(marks[20]-4, marks[20]),
		"emptied":       cut(interval(19)),
		"lost":          cut(marks[19], marks[20]),
		"extra data":    append(append(bytes.Clone(b[:marks[20]]), "extra"...), b[marks[20]:]...),
		"repeated mark": append(append(bytes.Clone(b[:marks[20]]), 0xFF, b[marks[19]+1]), b[marks[20]:]...),
		"older mark":    append(append(bytes.Clone(b[:marks[20]]), 0xFF, b[marks[18]+1]), b[marks[20]:]...),
	} {
		p, err := Decode(bytes.NewReader(c), DecodeOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, n := worst(t, interleave(p.Image), interleave(whole.Image))
		if limit := 4 * 64 * 3; n > limit || n == 0 && len(c) < len(b) {
			t.Errorf("%s: %d samples differ, want up to %d", name, n, limit)
		}
		theirs := parsePNM(t, tool(t, rawColours(t, c), "djpeg", "-dct", "int"))
		if _, n := worst(t, interleave(p.Image), theirs.pix); n > 4*64*3 {
			t.Errorf("%s: %d samples differ from djpeg", name, n)
		}
	}
	last := marks[len(marks)-1]
	if _, err := Decode(bytes.NewReader(cut(last+3, len(b)-2)), DecodeOptions{}); !fault.Is(err, fault.Corrupt) {
		t.Errorf("last interval cut short: %v", err)
	}
}

// segmentBytes is a marker segment.
func segmentBytes(mark byte, content ...byte) []byte {
	return append([]byte{0xFF, mark, byte((len(content) + 2) >> 8), byte(len(content) + 2)}, content...)
}

// frameBytes is a JPEG up to and without its first scan: w × h pixels, n
// components, with tables.
func frameBytes(sof byte, w, h, n int) []byte {
	b := []byte{0xFF, 0xD8}
	b = append(b, segmentBytes(markDQT, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)...)
	c := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(n)}
	for i := range n {
		c = append(c, byte(i+1), 0x11, 0)
	}
	b = append(b, segmentBytes(sof, c...)...)
	// One code of one bit each: "0" is no difference, and end of block.
	one := append([]byte{1}, make([]byte, 16)...)
	b = append(b, segmentBytes(markDHT, append([]byte{0x00}, one...)...)...)
	return append(b, segmentBytes(markDHT, append([]byte{0x10}, one...)...)...)
}

// TestHostile hands over what claims much and holds little.
func TestHostile(t *testing.T) {
	scan := func(p ...byte) []byte { return segmentBytes(markSOS, p...) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	huge, hugeProg := frameBytes(0xC0, 65500, 65500, 1), frameBytes(0xC2, 65500, 65500, 1)
	tiny := frameBytes(0xC0, 8, 8, 1)
	gray := scan(1, 1, 0, 0, 63, 0)
	for _, tc := range []struct {
		name string
		b    []byte
		kind fault.Kind
	}{
		{"empty", nil, fault.Corrupt},
		{"not a JPEG", []byte("GIF89a..."), fault.Corrupt},
		{"only SOI", []byte{0xFF, 0xD8}, fault.Corrupt},
		{"SOI and EOI", []byte{0xFF, 0xD8, 0xFF, 0xD9}, fault.Corrupt},
		{"two SOI", []byte{0xFF, 0xD8, 0xFF, 0xD8}, fault.Corrupt},
		{"scan first", join([]byte{0xFF, 0xD8}, gray), fault.Corrupt},
		{"frame only", tiny, fault.Corrupt},
		{"frame and end", join(tiny, []byte{0xFF, 0xD9}), fault.Corrupt},
		{"huge, no data", join(huge, gray), fault.Corrupt},
		{"huge, some data", join(huge, gray, make([]byte, 1000)), fault.Corrupt},
		{"huge, end", join(huge, gray, []byte{0xFF, 0xD9}), fault.Corrupt},
		{"huge, restarts only", join(huge, segmentBytes(markDRI, 0xFF, 0xFF), gray,
			bytes.Repeat([]byte("\xFF\xD0\xFF\xD1\xFF\xD2\xFF\xD3\xFF\xD4\xFF\xD5\xFF\xD6\xFF\xD7"), 200)), fault.Corrupt},
		{"huge progressive, no data", join(hugeProg, scan(1, 1, 0, 0, 0, 0)), fault.Corrupt},
		{"huge progressive, end", join(hugeProg, scan(1, 1, 0, 0, 0, 0), []byte{0xFF, 0xD9}), fault.Corrupt},
		{"second frame", join(tiny, frameBytes(0xC0, 8, 8, 1)[2:], gray), fault.Corrupt},
		{"segment of length 0", []byte{0xFF, 0xD8, 0xFF, 0xE0, 0, 0}, fault.Corrupt},
		{"segment of length 1", []byte{0xFF, 0xD8, 0xFF, 0xC0, 0, 1}, fault.Corrupt},
		{"empty frame header", []byte{0xFF, 0xD8, 0xFF, 0xC0, 0, 2}, fault.Corrupt},
		{"no width", join(frameBytes(0xC0, 0, 8, 1), gray), fault.Corrupt},
		{"no height", join(frameBytes(0xC0, 8, 0, 1), gray), fault.Unsupported},
		{"two components", join(frameBytes(0xC0, 8, 8, 2), gray), fault.Unsupported},
		{"no component", join(frameBytes(0xC0, 8, 8, 0), gray), fault.Unsupported},
		{"255 components", join(frameBytes(0xC0, 8, 8, 255), gray), fault.Unsupported},
		{"lossless", frameBytes(0xC3, 8, 8, 1), fault.Unsupported},
		{"hierarchical", frameBytes(0xC5, 8, 8, 1), fault.Unsupported},
		{"arithmetic", frameBytes(0xC9, 8, 8, 1), fault.Unsupported},
		{"JPEG-LS", frameBytes(0xF7, 8, 8, 1), fault.Unsupported},
		{"unknown component", join(tiny, scan(1, 9, 0, 0, 63, 0)), fault.Corrupt},
		{"component twice", join(frameBytes(0xC0, 8, 8, 3), scan(2, 1, 0, 1, 0, 0, 63, 0)), fault.Corrupt},
		{"table number", join(tiny, scan(1, 1, 0x44, 0, 63, 0)), fault.Corrupt},
		{"missing table", join(tiny, scan(1, 1, 0x33, 0, 63, 0)), fault.Corrupt},
		{"no scan components", join(tiny, scan(0, 0, 63, 0)), fault.Corrupt},
		{"empty scan header", join(tiny, scan()), fault.Corrupt},
		{"bad table class", join([]byte{0xFF, 0xD8}, segmentBytes(markDHT, append([]byte{0x20}, make([]byte, 16)...)...)), fault.Corrupt},
		{"too many codes", join([]byte{0xFF, 0xD8}, segmentBytes(markDHT, append([]byte{0}, bytes.Repeat([]byte{255}, 16)...)...)), fault.Corrupt},
		{"short DHT", join([]byte{0xFF, 0xD8}, segmentBytes(markDHT, 0, 1)), fault.Corrupt},
		{"short DQT", join([]byte{0xFF, 0xD8}, segmentBytes(markDQT, 0, 1)), fault.Corrupt},
		{"short DRI", join([]byte{0xFF, 0xD8}, segmentBytes(markDRI, 0)), fault.Corrupt},
		{"component missing", join(frameBytes(0xC2, 8, 8, 3), scan(1, 1, 0, 0, 0, 0), []byte{0, 0xFF, 0xD9}), fault.Corrupt},
		{"AC before DC", join(frameBytes(0xC2, 8, 8, 1), scan(1, 1, 0, 1, 63, 0), []byte{0, 0xFF, 0xD9}), fault.Corrupt},
		{"bad band", join(frameBytes(0xC2, 8, 8, 1), scan(1, 1, 0, 5, 4, 0), []byte{0}), fault.Corrupt},
		{"band to 64", join(frameBytes(0xC2, 8, 8, 1), scan(1, 1, 0, 1, 64, 0), []byte{0}), fault.Corrupt},
		{"bad bits", join(frameBytes(0xC2, 8, 8, 1), scan(1, 1, 0, 0, 0, 0x31), []byte{0}), fault.Corrupt},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		_, err := Decode(bytes.NewReader(tc.b), DecodeOptions{})
		if !fault.Is(err, tc.kind) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.kind)
		}
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%s takes %v", tc.name, d)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 24<<20 {
			t.Errorf("%s allocates %d bytes", tc.name, n)
		}
		if _, err := Decode(bytes.NewReader(tc.b), DecodeOptions{Scale: 8, Region: image.Rect(0, 0, 5, 5)}); err != nil &&
			!fault.Is(err, fault.Corrupt) && !fault.Is(err, fault.Unsupported) {
			t.Errorf("%s, scaled: %v", tc.name, err)
		}
	}
}

// cycle reads the same bytes for ever and counts them.
type cycle struct {
	b    []byte
	at   int
	read int64
}

func (c *cycle) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m := copy(p[n:], c.b[c.at:])
		n += m
		c.at = (c.at + m) % len(c.b)
	}
	c.read += int64(n)
	return n, nil
}

// TestEndless reads streams that never end, and wants to be done with them.
func TestEndless(t *testing.T) {
	start := []byte{0xFF, 0xD8}
	seq := append(frameBytes(0xC0, 8, 8, 1), segmentBytes(markSOS, 1, 1, 0, 0, 63, 0)...)
	dc := append(segmentBytes(markSOS, 1, 1, 0, 0, 0, 0), 0)
	for name, tc := range map[string]struct {
		head, rest []byte
		limit      int64
	}{
		"garbage":         {start, []byte{7}, maxOverhead},
		"stuffed zeros":   {start, []byte{0xFF, 0}, maxOverhead},
		"fill":            {start, []byte{0xFF}, maxOverhead},
		"fill in data":    {seq, []byte{0xFF}, maxOverhead},
		"comments":        {start, segmentBytes(0xFE, make([]byte, 50000)...), maxOverhead},
		"restart markers": {start, []byte{0xFF, 0xD0}, maxOverhead},
		"scans":           {frameBytes(0xC2, 800, 800, 3), append(dc, make([]byte, 1250)...), maxScans * 1300},
		"skipped data":    {append(frameBytes(0xC2, 64, 64, 3), segmentBytes(markSOS, 1, 1, 0, 1, 63, 0)...), []byte{1}, 1 << 20},
	} {
		c := &cycle{b: tc.rest}
		_, err := Decode(io.MultiReader(bytes.NewReader(tc.head), c), DecodeOptions{Scale: 8})
		if !fault.Is(err, fault.Corrupt) {
			t.Errorf("%s: %v", name, err)
		}
		if c.read > tc.limit+2*inputSize {
			t.Errorf("%s: %d bytes read, limit %d", name, c.read, tc.limit)
		}
	}
}

// TestOptions refuses options that make no sense.
func TestOptions(t *testing.T) {
	b := tool(t, photo(t, 45, 37), "cjpeg")
	h, err := ReadHeader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		o    DecodeOptions
		kind fault.Kind
	}{
		{DecodeOptions{Scale: 3}, fault.Invalid},
		{DecodeOptions{Scale: 16}, fault.Invalid},
		{DecodeOptions{Scale: -1}, fault.Invalid},
		{DecodeOptions{Region: image.Rect(45, 0, 50, 5)}, fault.Invalid},
		{DecodeOptions{MaxBytes: MemoryFor(h, DecodeOptions{}) - 1}, fault.Unsupported},
	} {
		if _, err := Decode(bytes.NewReader(b), tc.o); !fault.Is(err, tc.kind) {
			t.Errorf("%+v: %v", tc.o, err)
		}
		if tc.kind == fault.Invalid && MemoryFor(h, tc.o) != 0 {
			t.Errorf("%+v: memory %d", tc.o, MemoryFor(h, tc.o))
		}
	}
	if _, err := Decode(bytes.NewReader(b), DecodeOptions{MaxBytes: MemoryFor(h, DecodeOptions{})}); err != nil {
		t.Error(err)
	}
	if MemoryFor(Header{}, DecodeOptions{}) != 0 {
		t.Error("memory for nothing")
	}
}

// TestMemory wants Decode to allocate what MemoryFor says, or less.
func TestMemory(t *testing.T) {
	ppm := tool(t, readFile(t, "/usr/share/backgrounds/mate/abstract/Elephants_5640x3172.jpg"), "djpeg")
	for _, args := range [][]string{{"-sample", "1x1"}, {"-sample", "2x2"}, {"-progressive"}, {"-grayscale"}, {"-sample", "3x1"}, {"-sample", "2x1,1x2,1x1", "-progressive"}} {
		b := tool(t, ppm, "cjpeg", args...)
		h, err := ReadHeader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []DecodeOptions{{}, {Scale: 2}, {Scale: 8}, {Region: image.Rect(1000, 1000, 1100, 1100)}} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			p, err := Decode(bytes.NewReader(b), o)
			if err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			took, limit := int64(after.TotalAlloc-before.TotalAlloc), MemoryFor(h, o)
			if took > limit {
				t.Errorf("%v %+v: took %d, announced %d", args, o, took, limit)
			}
			if limit > 2*took+fixedBytes {
				t.Errorf("%v %+v: took %d, announced %d, far too much", args, o, took, limit)
			}
			runtime.KeepAlive(p)
		}
	}
}

// rawFile writes planes as they are, with any sampling factors.
func rawFile(app14 []byte, width, height int, comps ...encComponent) []byte {
	var b bytes.Buffer
	e := &encoder{bitWriter: newBitWriter(&b), width: width, height: height, comps: comps}
	for i := range e.quant {
		e.quant[i] = newQuantizer(&typicalQuant[i], 100)
	}
	e.typical()
	e.buf = append(e.buf, 0xFF, markSOI)
	if app14 != nil {
		e.segment(markAPP0+14, app14)
	}
	e.image()
	return b.Bytes()
}

// ramp returns a smooth plane.
func ramp(width, height, seed int) *pixel.Plane {
	p := pixel.NewPlane(width, height)
	for y := range height {
		for x := range width {
			p.Pix[y*width+x] = byte(30 + seed*10 + (x*(3+seed)*40/width+y*(5-seed)*30/height)%160)
		}
	}
	return &p
}

// TestFractions reads files whose sampling factors are no multiples of one
// another, which other decoders refuse, against the planes that were written.
func TestFractions(t *testing.T) {
	const w, h = 100, 75
	factors := [3][2]int{{3, 2}, {2, 3}, {1, 2}}
	var comps []encComponent
	for i, f := range factors {
		comps = append(comps, encComponent{plane: ramp(ceilDiv(w*f[0], 3), ceilDiv(h*f[1], 3), i), id: byte(i + 1), kind: 0, h: f[0], v: f[1]})
	}
	got := decode(t, rawFile(nil, w, h, comps...), DecodeOptions{})
	if got.Model != pixel.YCbCr || got.SubX != 1 || got.SubY != 1 {
		t.Fatalf("model %v, %d×%d", got.Model, got.SubX, got.SubY)
	}
	for i, f := range factors {
		for y := range h {
			for x := range w {
				want, have := comps[i].plane.Row(y * f[1] / 3)[x*f[0]/3], got.Planes[i].Row(y)[x]
				if d := int(want) - int(have); d > 2 || d < -2 {
					t.Fatalf("plane %d (%d,%d): %d, want %d", i, x, y, have, want)
				}
			}
		}
	}
}

// TestYCCK compares a YCCK file with libvips.
func TestYCCK(t *testing.T) {
	const w, h = 64, 48
	for _, sub := range []int{1, 2} {
		var comps []encComponent
		for i := range 4 {
			c := encComponent{plane: ramp(w, h, i), id: byte(i + 1), h: sub, v: sub}
			if sub > 1 && (i == 1 || i == 2) {
				// One colour, since libvips interpolates chroma and we repeat it.
				p := pixel.NewPlane(w/sub, h/sub)
				for j := range p.Pix {
					p.Pix[j] = byte(90 + 50*i)
				}
				c.plane, c.h, c.v = &p, 1, 1
			}
			comps = append(comps, c)
		}
		b := rawFile([]byte("Adobe\x00\x64\x00\x00\x00\x00\x02"), w, h, comps...)
		got := decode(t, b, DecodeOptions{})
		dir := t.TempDir()
		file, raw := filepath.Join(dir, "a.jpg"), filepath.Join(dir, "a.raw")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		tool(t, nil, "vips", "rawsave", file, raw)
		if diff, n := worst(t, interleave(got.Image), readFile(t, raw)); n > 0 {
			t.Errorf("subsampled by %d: %d samples differ by up to %d", sub, n, diff)
		}
	}
}

func TestOrientation(t *testing.T) {
	tiff := func(order binary.AppendByteOrder, head string, kind uint16, count, value uint32) []byte {
		b := order.AppendUint32([]byte(head), 8)
		b = order.AppendUint16(b, 1)
		b = order.AppendUint16(b, 0x0112)
		b = order.AppendUint16(b, kind)
		b = order.AppendUint32(b, count)
		if kind == 3 {
			return append(order.AppendUint16(b, uint16(value)), 0, 0)
		}
		return order.AppendUint32(b, value)
	}
	little, big := binary.LittleEndian, binary.BigEndian
	for name, tc := range map[string]struct {
		b    []byte
		want int
	}{
		"little":        {tiff(little, "II*\x00", 3, 1, 6), 6},
		"big":           {tiff(big, "MM\x00*", 3, 1, 8), 8},
		"long":          {tiff(big, "MM\x00*", 4, 1, 3), 3},
		"zero":          {tiff(big, "MM\x00*", 3, 1, 0), 1},
		"nine":          {tiff(big, "MM\x00*", 3, 1, 9), 1},
		"two":           {tiff(big, "MM\x00*", 3, 2, 6), 1},
		"no order":      {tiff(big, "XX\x00*", 3, 1, 6), 1},
		"empty":         {nil, 1},
		"far directory": {[]byte("MM\x00*\xFF\xFF\xFF\xFF"), 1},
		"no entries":    {[]byte("MM\x00*\x00\x00\x00\x08\xFF\xFF"), 1},
	} {
		if got := orientation(tc.b); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
		for n := range len(tc.b) {
			if got := orientation(tc.b[:n]); got != 1 {
				t.Errorf("%s cut at %d: %d", name, n, got)
			}
		}
	}
}
