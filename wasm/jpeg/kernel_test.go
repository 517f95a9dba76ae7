package jpeg

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

func needVectors(t *testing.T) {
	t.Helper()
	if !vectors {
		t.Skip("there are no vector kernels for this processor")
	}
}

// testBlock returns coefficients and a quantization table of one of several
// kinds, and the zigzag place of the last coefficient: as encoders make them, and
// such that every step overflows or saturates.
func testBlock(rnd *rand.Rand, kind int) (blk [64]int16, quant [64]uint16, last int) {
	last = []int{63, 9, 63, 20, 63, 1}[kind%6]
	for k := range last + 1 {
		at := zigzag[k]
		switch kind % 4 {
		case 0: // small
			blk[at] = int16(rnd.IntN(41) - 20)
			quant[at] = uint16(1 + rnd.IntN(20))
		case 1: // strong
			blk[at] = int16(rnd.IntN(2047) - 1023)
			quant[at] = uint16(1 + rnd.IntN(16))
		case 2: // any at all
			blk[at] = int16(rnd.Uint32())
			quant[at] = uint16(rnd.Uint32())
		case 3: // extremes
			blk[at] = []int16{-32768, 32767, 0, -1}[rnd.IntN(4)]
			quant[at] = []uint16{1, 65535, 32768, 255}[rnd.IntN(4)]
		}
		if rnd.IntN(3) == 0 && k != 0 {
			blk[at] = 0
		}
	}
	return blk, quant, last
}

// TestKernelInverse wants the inverse transform by vectors and without to give
// the same bytes, to write as many as they should, and to clear its blocks.
func TestKernelInverse(t *testing.T) {
	needVectors(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	for round := range 20000 {
		n := 1 + rnd.IntN(batchSize)
		size := 8 >> (round & 1)
		vector, scalar := batch{size: size}, batch{size: size}
		var got, want [batchSize][8 * 40]byte
		var quant [batchSize][64]uint16
		for i := range n {
			stride := 8 + rnd.IntN(32)
			blk, q, last := testBlock(rnd, rnd.IntN(12))
			quant[i] = q
			for j := range got[i] {
				got[i][j] = byte(rnd.Uint32())
			}
			want[i] = got[i]
			end := (size-1)*stride + size
			for _, b := range []struct {
				*batch
				out []byte
			}{{&vector, got[i][:end:end]}, {&scalar, want[i][:end:end]}} {
				b.blocks[i] = blk
				j := &b.jobs[i]
				j.quant, j.dst, j.stride, j.last = &quant[i], b.out, stride, last
				b.n = n
			}
		}
		vector.run()
		scalar.runScalar()
		if got != want {
			t.Fatalf("round %d:\n%v\nwant\n%v", round, got, want)
		}
		if vector.blocks != [batchSize][64]int16{} {
			t.Fatalf("round %d: a block was not cleared", round)
		}
	}
}

// testSamples fills a block with samples of one of several kinds: noise, extremes,
// and the patterns that make single coefficients as large as can be.
func testSamples(rnd *rand.Rand, p []byte, stride int) {
	u, v, kind := rnd.IntN(8), rnd.IntN(8), rnd.IntN(4)
	for y := range 8 {
		for x := range 8 {
			s := &p[y*stride+x]
			switch kind {
			case 0:
				*s = byte(rnd.Uint32())
			case 1:
				*s = byte(rnd.IntN(2) * 255)
			case 2:
				*s = byte(100 + 3*x + 5*y + rnd.IntN(4))
			default:
				// The sign of cos((2x+1)uπ/16) cos((2y+1)vπ/16).
				*s = 0
				if ((2*x+1)*u+8)/16%2 == ((2*y+1)*v+8)/16%2 {
					*s = 255
				}
			}
		}
	}
}

// TestKernelForward wants transform and quantization by vectors and without to
// give the same coefficients.
func TestKernelForward(t *testing.T) {
	needVectors(t)
	rnd := rand.New(rand.NewPCG(5, 6))
	comps := []encComponent{{kind: 0}, {kind: 1}}
	for round := range 20000 {
		e := new(encoder)
		quality := 1 + round%100
		for i := range e.quant {
			e.quant[i] = newQuantizer(&typicalQuant[i], quality)
		}
		jobs := make([]encJob, 1+rnd.IntN(batchSize))
		for i := range jobs {
			j := &jobs[i]
			j.c, j.stride = &comps[rnd.IntN(2)], 8+rnd.IntN(20)
			j.src = make([]byte, 7*j.stride+8)
			testSamples(rnd, j.src, j.stride)
		}
		want := make([]encJob, len(jobs))
		copy(want, jobs)
		e.transform(jobs)
		for i := range want {
			e.transformScalar(&want[i])
			if jobs[i].out != want[i].out || jobs[i].nonzero != want[i].nonzero {
				t.Fatalf("round %d, quality %d, block %d:\n%v %x\nwant\n%v %x", round, quality, i,
					jobs[i].out, jobs[i].nonzero, want[i].out, want[i].nonzero)
			}
		}
	}
}

// TestDivision compares both ways to divide by multiplying with division.
func TestDivision(t *testing.T) {
	for step := 1; step <= 255; step++ {
		base := [64]uint8{}
		for i := range base {
			base[i] = uint8(step)
		}
		q := newQuantizer(&base, 50)
		if int(q.table[0]) != step {
			t.Fatalf("step %d became %d", step, q.table[0])
		}
		for v := range uint32(1 << 15) {
			want := v / uint32(8*step)
			long := uint32(uint64(v) * uint64(q.recip[0]) >> 32)
			short := v * uint32(q.words[1][0]) >> 16 * uint32(q.words[2][0]) >> 16
			if long != want || short != want {
				t.Fatalf("%d / %d: %d and %d, want %d", v, 8*step, long, short, want)
			}
		}
	}
}

// TestIdenticalFiles decodes and encodes with and without vectors.
func TestIdenticalFiles(t *testing.T) {
	needVectors(t)
	rnd := rand.New(rand.NewPCG(7, 8))
	for _, sub := range [][2]int{{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 2}} {
		width, height := 1+rnd.IntN(150), 1+rnd.IntN(150)
		m := pixel.New(pixel.YCbCr, width, height, sub[0], sub[1], false)
		for i := range m.Planes {
			for j := range m.Planes[i].Pix {
				m.Planes[i].Pix[j] = byte(j*(i+3)/7 + rnd.IntN(30))
			}
		}
		file := encode(t, m, EncodeOptions{Quality: 90})
		got := decode(t, file, DecodeOptions{})
		vectors = false
		again, want := encode(t, m, EncodeOptions{Quality: 90}), decode(t, file, DecodeOptions{})
		vectors = true
		if !bytes.Equal(file, again) {
			t.Errorf("%d×%d subsampled %v: the files differ", width, height, sub)
		}
		comparePart(t, "planes", want, got)
	}
}
