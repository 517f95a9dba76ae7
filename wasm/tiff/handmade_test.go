package tiff

import (
	"bytes"
	stdlzw "compress/lzw"
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// handmade builds a little-endian file: fields adds the directory's fields in
// ascending order, data comes behind it, at the offset that fields is given.
func handmade(data []byte, fields func(d *dirWriter, at uint32)) []byte {
	var sizing, d dirWriter
	fields(&sizing, 0)
	fields(&d, uint32(sizing.size()))
	return append(d.bytes(), data...)
}

// simple adds the fields of a one-strip image.
func simple(w, h, bits, samples int, c Compression, p Photometric, n int) func(*dirWriter, uint32) {
	return func(d *dirWriter, at uint32) {
		d.longs(tagImageWidth, uint32(w))
		d.longs(tagImageLength, uint32(h))
		depths := make([]uint32, samples)
		for i := range depths {
			depths[i] = uint32(bits)
		}
		d.shorts(tagBitsPerSample, depths...)
		d.shorts(tagCompression, uint32(c))
		d.shorts(tagPhotometric, uint32(p))
		d.longs(tagStripOffsets, at)
		d.shorts(tagSamplesPerPixel, uint32(samples))
		d.longs(tagRowsPerStrip, uint32(h))
		d.longs(tagStripByteCounts, uint32(n))
	}
}

func openBytes(t testing.TB, b []byte) *File {
	t.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func noise(n int) []byte {
	rnd := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32() >> rnd.UintN(8))
	}
	return b
}

// Fields that libtiff does without, we do without.
func TestMissingFields(t *testing.T) {
	data := noise(19 * 7)
	for _, c := range []struct {
		name string
		drop []uint16
		set  map[uint16]uint32
	}{
		{"rows per strip", []uint16{tagRowsPerStrip}, nil},
		{"byte counts", []uint16{tagStripByteCounts}, nil},
		{"samples per pixel", []uint16{tagSamplesPerPixel}, nil},
		{"compression", []uint16{tagCompression}, nil},
		{"photometric", []uint16{tagPhotometric}, nil},
		{"zero byte count", nil, map[uint16]uint32{tagStripByteCounts: 0}},
		{"short byte count", nil, map[uint16]uint32{tagStripByteCounts: 9}},
		{"long byte count", nil, map[uint16]uint32{tagStripByteCounts: math.MaxUint32}},
		{"rows per strip of 2^32-1", nil, map[uint16]uint32{tagRowsPerStrip: math.MaxUint32}},
	} {
		b := handmade(data, func(d *dirWriter, at uint32) {
			simple(19, 7, 8, 1, None, MinIsBlack, len(data))(d, at)
			var keep []outField
			for _, f := range d.fields {
				if v, ok := c.set[f.tag]; ok {
					f.value = longBytes([]uint32{v})
				}
				if len(c.drop) == 0 || f.tag != c.drop[0] {
					keep = append(keep, f)
				}
			}
			d.fields = keep
		})
		f := openBytes(t, b)
		if p := decode(t, f, 0, whole(f, 0)); !bytes.Equal(p.Planes[0].Pix, data) {
			t.Errorf("without %s: other samples", c.name)
		}
	}
}

// The LZW of libtiff before 1990 is read; libvips judges.
func TestOldLZW(t *testing.T) {
	needTools(t, "vips")
	data := bytes.Repeat(noise(60), 120)
	var z bytes.Buffer
	w := stdlzw.NewWriter(&z, stdlzw.LSB, 8)
	w.Write(data)
	w.Close()
	b := handmade(z.Bytes(), simple(60, 120, 8, 1, LZW, MinIsBlack, z.Len()))
	name := filepath.Join(t.TempDir(), "old.tif")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f := open(t, name)
	compare(t, decode(t, f, 0, whole(f, 0)).Image, vipsReads(t, name, "", 60, 120, 8), 0, 0)
}

// Uncompressed YCbCr in data units has libtiff's colours.
func TestYCbCrUnits(t *testing.T) {
	needTools(t, "tiff2rgba", "vips")
	const w, h = 37, 22
	for _, sub := range [][2]int{{1, 1}, {2, 1}, {2, 2}, {4, 1}, {4, 2}, {4, 4}} {
		sx, sy := sub[0], sub[1]
		unit, perStrip := sx*sy+2, 8
		rowBytes := (w + sx - 1) / sx * unit
		var counts, offsets []uint32
		n := uint32(0)
		for y := 0; y < h; y += perStrip {
			rows := (min(perStrip, h-y) + sy - 1) / sy
			offsets = append(offsets, n)
			counts = append(counts, uint32(rows*rowBytes))
			n += uint32(rows * rowBytes)
		}
		if sx == 1 {
			rowBytes = 3 * w
		}
		data := noise(int(n))
		for i := range data { // no extremes: clamping of colours is another matter
			data[i] = 96 + data[i]/4
		}
		b := handmade(data, func(d *dirWriter, at uint32) {
			d.longs(tagImageWidth, w)
			d.longs(tagImageLength, h)
			d.shorts(tagBitsPerSample, 8, 8, 8)
			d.shorts(tagCompression, 1)
			d.shorts(tagPhotometric, 6)
			offs := make([]uint32, len(offsets))
			for i := range offs {
				offs[i] = at + offsets[i]
			}
			d.longs(tagStripOffsets, offs...)
			d.shorts(tagSamplesPerPixel, 3)
			d.longs(tagRowsPerStrip, uint32(perStrip))
			d.longs(tagStripByteCounts, counts...)
			d.shorts(tagPlanarConfig, 1)
			d.shorts(tagYCbCrSampling, uint32(sx), uint32(sy))
		})
		name := filepath.Join(t.TempDir(), "y.tif")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		f := open(t, name)
		p := decode(t, f, 0, whole(f, 0))
		if p.Model != pixel.YCbCr || p.SubX != sx || p.SubY != sy {
			t.Fatalf("%v: model %d, subsampling %d:%d", sub, p.Model, p.SubX, p.SubY)
		}
		rgba := name + ".rgba.tif"
		run(t, "tiff2rgba", "-c", "none", "-n", name, rgba)
		ref := vipsReads(t, rgba, "", w, h, 8)
		for i := range w * h {
			x, y := i%w, i/w
			yy, cb, cr := float64(p.Planes[0].Row(y)[x]), float64(p.Planes[1].Row(y / sy)[x/sx])-128, float64(p.Planes[2].Row(y / sy)[x/sx])-128
			for k, v := range []float64{yy + 1.402*cr, yy - 0.344136*cb - 0.714136*cr, yy + 1.772*cb} {
				if got := float64(ref.pix[i*ref.bands+k]); math.Abs(min(max(v, 0), 255)-got) > 2 {
					t.Fatalf("%v: sample %d at %d,%d is %.0f, libtiff has %.0f", sub, k, x, y, v, got)
				}
			}
		}
		regionsAgree(t, f, 0)
	}
}

// Planar 16-bit samples with the predictor, which no tool here writes.
func TestPlanar16(t *testing.T) {
	const w, h = 13, 9
	data := make([]byte, 0, w*h*8)
	want := pixel.New(pixel.RGB, w, h, 1, 1, true)
	planes := append(want.Planes, *want.Alpha)
	var offsets []uint32
	for i := range planes {
		offsets = append(offsets, uint32(len(data)))
		for y := range h {
			prev := 0
			for x := range w {
				v := (x*5003 + y*7001 + i*211) & 0xffff
				planes[i].Row(y)[x] = byte(math.Round(float64(v) * 255 / 65535))
				data = binary.LittleEndian.AppendUint16(data, uint16(v-prev))
				prev = v
			}
		}
	}
	var z bytes.Buffer
	var counts []uint32
	for i := range 4 {
		n := z.Len()
		e, err := deflate(data[offsets[i]:][:w*h*2])
		if err != nil {
			t.Fatal(err)
		}
		z.Write(e)
		offsets[i] = uint32(n)
		counts = append(counts, uint32(len(e)))
	}
	b := handmade(z.Bytes(), func(d *dirWriter, at uint32) {
		d.longs(tagImageWidth, w)
		d.longs(tagImageLength, h)
		d.shorts(tagBitsPerSample, 16, 16, 16, 16)
		d.shorts(tagCompression, 8)
		d.shorts(tagPhotometric, 2)
		d.longs(tagStripOffsets, at+offsets[0], at+offsets[1], at+offsets[2], at+offsets[3])
		d.shorts(tagSamplesPerPixel, 4)
		d.longs(tagRowsPerStrip, h)
		d.longs(tagStripByteCounts, counts...)
		d.shorts(tagPlanarConfig, 2)
		d.shorts(tagPredictor, 2)
		d.shorts(tagExtraSamples, 2)
	})
	f := openBytes(t, b)
	got, _ := samples(decode(t, f, 0, whole(f, 0)).Image)
	if w, _ := samples(want); !bytes.Equal(got, w) {
		t.Error("other samples")
	}
	regionsAgree(t, f, 0)
}

// Planar JPEG: each plane is a gray JPEG, for which djpeg has the last word.
func TestPlanarJPEG(t *testing.T) {
	needTools(t, "djpeg", "cjpeg")
	dir := t.TempDir()
	var data []byte
	var offsets, counts []uint32
	var want [][]byte
	for i := range 3 {
		pgm := append([]byte("P5 128 128 255\n"), noise(128*128 + i)[i:]...)
		cmd := exec.Command("cjpeg", "-quality", "90", "-grayscale")
		cmd.Stdin = bytes.NewReader(pgm)
		j, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(name, j, 0o600); err != nil {
			t.Fatal(err)
		}
		want = append(want, djpeg(t, name, 1, "-dct", "int"))
		offsets, counts = append(offsets, uint32(len(data))), append(counts, uint32(len(j)))
		data = append(data, j...)
	}
	b := handmade(data, func(d *dirWriter, at uint32) {
		d.longs(tagImageWidth, 128)
		d.longs(tagImageLength, 128)
		d.shorts(tagBitsPerSample, 8, 8, 8)
		d.shorts(tagCompression, 7)
		d.shorts(tagPhotometric, 2)
		d.shorts(tagSamplesPerPixel, 3)
		d.shorts(tagPlanarConfig, 2)
		d.longs(tagTileWidth, 128)
		d.longs(tagTileLength, 128)
		d.longs(tagTileOffsets, at+offsets[0], at+offsets[1], at+offsets[2])
		d.longs(tagTileByteCounts, counts...)
	})
	f := openBytes(t, b)
	p := decode(t, f, 0, whole(f, 0))
	for i := range want {
		if !bytes.Equal(p.Planes[i].Pix, want[i]) {
			t.Errorf("plane %d differs from djpeg", i)
		}
	}
}

// Tiles that are not stored are zero samples.
func TestSparse(t *testing.T) {
	tile := noise(16 * 16)
	for _, c := range []struct {
		p    Photometric
		c    Compression
		want byte
	}{{MinIsBlack, None, 0}, {MinIsWhite, None, 255}, {MinIsWhite, LZW, 255}, {MinIsBlack, JPEG, 0}, {MinIsWhite, JPEG, 255}} {
		b := handmade(tile, func(d *dirWriter, at uint32) {
			d.longs(tagImageWidth, 40)
			d.longs(tagImageLength, 16)
			d.shorts(tagBitsPerSample, 8)
			d.shorts(tagCompression, uint32(c.c))
			d.shorts(tagPhotometric, uint32(c.p))
			d.longs(tagTileWidth, 16)
			d.longs(tagTileLength, 16)
			d.longs(tagTileOffsets, at, 0, 0)
			d.longs(tagTileByteCounts, 256, 0, 0)
		})
		f := openBytes(t, b)
		p := decode(t, f, 0, image.Rect(16, 0, 40, 16))
		if got := bytes.Count(p.Planes[0].Pix, []byte{c.want}); got != 24*16 {
			t.Errorf("%v %v: %d of %d samples are %d", c.p, c.c, got, 24*16, c.want)
		}
		if off, n, err := f.TileRange(0, 2, 0); off != 0 || n != 0 || err != nil {
			t.Errorf("tile range %d, %d, %v", off, n, err)
		}
		if _, _, err := f.TileRange(0, 3, 0); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v for a tile outside of the grid", err)
		}
	}
}

// A file that says more than it has costs no memory and gives a typed error.
func TestBad(t *testing.T) {
	good := handmade(noise(300), simple(10, 10, 8, 3, None, RGB, 300))
	with := func(tag uint16, v uint32) []byte {
		return handmade(noise(300), func(d *dirWriter, at uint32) {
			simple(10, 10, 8, 3, None, RGB, 300)(d, at)
			for _, f := range d.fields {
				if f.tag == tag {
					d.replace(tag, []uint32{v})
					return
				}
			}
			d.longs(tag, v)
		})
	}
	loop := append([]byte(nil), good...)
	n := int(binary.LittleEndian.Uint16(loop[8:]))
	binary.LittleEndian.PutUint32(loop[10+12*n:], 8)
	huge := handmade(nil, func(d *dirWriter, at uint32) {
		simple(10, 10, 8, 3, None, RGB, 300)(d, at)
		d.fields[5].count = 1 << 30
	})
	for _, c := range []struct {
		name string
		b    []byte
		kind fault.Kind
	}{
		{"empty", nil, fault.Corrupt},
		{"text", []byte("hello, world"), fault.Corrupt},
		{"header only", good[:8], fault.Corrupt},
		{"cut directory", good[:40], fault.Corrupt},
		{"cut data", good[:len(good)-1], fault.Corrupt},
		{"big header only", []byte("II\x2b\x00\x08\x00\x00\x00"), fault.Corrupt},
		{"big, far away", []byte("II\x2b\x00\x08\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\x7f"), fault.Corrupt},
		{"big, farther", []byte("II\x2b\x00\x08\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"), fault.Corrupt},
		{"huge count", huge, fault.Corrupt},
		{"no width", with(tagImageWidth, 0), fault.Corrupt},
		{"wide", with(tagImageWidth, 1<<20+1), fault.Unsupported},
		{"wide enough to lack data", with(tagImageWidth, 1<<20), fault.Unsupported},
		{"tall", with(tagImageLength, math.MaxUint32), fault.Unsupported},
		{"offset", with(tagStripOffsets, 1<<30), fault.Corrupt},
		{"samples", with(tagSamplesPerPixel, 60000), fault.Unsupported},
		{"no samples", with(tagSamplesPerPixel, 0), fault.Corrupt},
		{"float", with(tagSampleFormat, 3), fault.Unsupported},
		{"old jpeg", with(tagCompression, 6), fault.Unsupported},
		{"zstd", with(tagCompression, 50000), fault.Unsupported},
		{"fax rle", with(tagCompression, 2), fault.Corrupt}, // of 8 bits
		{"lab", with(tagPhotometric, 8), fault.Unsupported},
		{"palette of rgb", with(tagPhotometric, 3), fault.Corrupt},
		{"cmyk of three", with(tagPhotometric, 5), fault.Corrupt},
		{"not lzw", with(tagCompression, 5), fault.Corrupt},
		{"not deflate", with(tagCompression, 8), fault.Corrupt},
		{"not jpeg", with(tagCompression, 7), fault.Corrupt},
		{"not fax", with(tagCompression, 4), fault.Corrupt},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := Open(bytes.NewReader(c.b), int64(len(c.b)), Limits{})
		if err == nil {
			_, err = f.Decode(0, whole(f, 0), 4<<20)
		}
		runtime.ReadMemStats(&after)
		if !fault.Is(err, c.kind) {
			t.Errorf("%s: %v, want %v", c.name, err, c.kind)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
			t.Errorf("%s: took %d bytes", c.name, n)
		}
	}
	f := openBytes(t, loop)
	if f.Pages() != 1 {
		t.Errorf("a loop of directories has %d pages", f.Pages())
	}
	decode(t, f, 0, whole(f, 0))
	for _, r := range []image.Rectangle{{}, image.Rect(-1, 0, 5, 5), image.Rect(0, 0, 11, 10)} {
		if _, err := f.Decode(0, r, 1<<30); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v for region %v", err, r)
		}
	}
	if _, err := f.Decode(1, whole(f, 0), 1<<30); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v for a level that is not there", err)
	}
	if _, err := f.Decode(0, whole(f, 0), 100); !fault.Is(err, fault.Unsupported) {
		t.Errorf("%v with 100 bytes of memory", err)
	}
}

// An outage of the storage is never taken for bad data, in any codec.
func TestOutage(t *testing.T) {
	if _, err := Open(broken{}, 1000, Limits{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Open: %v", err)
	}
	photo := photograph(t, t.TempDir())
	for _, c := range strings.Fields("none lzw deflate packbits jpeg") {
		name := filepath.Join(t.TempDir(), "x.tif")
		run(t, "vips", "tiffsave", photo, name, "--compression", c, "--tile")
		f := open(t, name)
		good := f.r
		f.r = broken{}
		if _, err := f.Decode(0, whole(f, 0), 1<<30); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", c, err)
		}
		f.r = good
		decode(t, f, 0, whole(f, 0))
	}
}

// Many goroutines may decode at once, also while the tables are being fetched.
func TestConcurrent(t *testing.T) {
	const w, h = 64, 20000 // 20,000 strips: the tables do not come along with Open
	data := noise(w * h)
	strips := make([]uint32, h)
	b := handmade(data, func(d *dirWriter, at uint32) {
		d.longs(tagImageWidth, w)
		d.longs(tagImageLength, h)
		d.shorts(tagBitsPerSample, 8)
		d.shorts(tagCompression, 1)
		d.shorts(tagPhotometric, 1)
		for i := range strips {
			strips[i] = at + uint32(i*w)
		}
		d.longs(tagStripOffsets, strips...)
		d.longs(tagRowsPerStrip, 1)
		for i := range strips {
			strips[i] = w
		}
		d.longs(tagStripByteCounts, strips...)
	})
	r := &counter{r: bytes.NewReader(b)}
	f, err := Open(r, int64(len(b)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if r.bytes > 2*headSize {
		t.Errorf("Open read %d bytes", r.bytes)
	}
	f.r = r.r // the counter is not for several goroutines
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for y := i * 100; y < h; y += 1900 {
				rect := image.Rect(3, y, 60, y+50)
				p, err := f.Decode(0, rect, 8<<20)
				if err != nil {
					t.Error(err)
					return
				}
				for j := range 50 {
					if !bytes.Equal(p.Planes[0].Row(j), data[(y+j)*w+3:][:57]) {
						t.Errorf("row %d differs", y+j)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}
