package jpeg

import "golang.org/x/sys/cpu"

// vectors says whether the processor can run the *AVX2 functions.
// GODEBUG=cpu.avx2=off turns them off.
var vectors = cpu.X86.HasAVX2

// idct8PairAVX2 is idct8 for two blocks at once.
//
//go:noescape
func idct8PairAVX2(a, b *[64]int16, qa, qb *[64]uint16, da, db *byte, sa, sb int)

// idct4PairAVX2 is idct4 for two blocks at once.
//
//go:noescape
func idct4PairAVX2(a, b *[64]int16, qa, qb *[64]uint16, da, db *byte, sa, sb int)

// run transforms the n blocks of the batch.
func (t *batch) run() {
	if !vectors {
		t.runScalar()
		return
	}
	a, b := &t.jobs[0], &t.jobs[1]
	if t.n == 1 {
		// The other half works on an empty block, for nothing.
		*b = *a
		b.dst, b.stride = t.idle[:], 8
	}
	// The last sample that will be written must be there.
	n := t.size - 1
	_, _ = a.dst[n*a.stride+n], b.dst[n*b.stride+n]
	if t.size == 8 {
		idct8PairAVX2(&t.blocks[0], &t.blocks[1], a.quant, b.quant, &a.dst[0], &b.dst[0], a.stride, b.stride)
	} else {
		idct4PairAVX2(&t.blocks[0], &t.blocks[1], a.quant, b.quant, &a.dst[0], &b.dst[0], a.stride, b.stride)
	}
}

// fdct8PairAVX2 is fdct8 and quantize for two blocks at once, with the tables of
// quantizer.words.
//
//go:noescape
func fdct8PairAVX2(a, b *byte, sa, sb int, qa, qb *[3][64]uint16, outA, outB *[64]int16) (na, nb uint64)

// transform computes the coefficients of up to two blocks.
func (e *encoder) transform(jobs []encJob) {
	if !vectors || len(jobs) < 2 || jobs[0].src == nil || jobs[1].src == nil {
		for i := range jobs {
			if jobs[i].src != nil {
				e.transformScalar(&jobs[i])
			}
		}
		return
	}
	a, b := &jobs[0], &jobs[1]
	// The last sample that will be read must be there.
	_, _ = a.src[7*a.stride+7], b.src[7*b.stride+7]
	a.nonzero, b.nonzero = fdct8PairAVX2(&a.src[0], &b.src[0], a.stride, b.stride,
		&e.quant[a.c.kind].words, &e.quant[b.c.kind].words, &a.out, &b.out)
}
