package jpeg

// vectors says whether there are vector kernels: every arm64 processor has NEON.
var vectors = true

// idct8NEON is idct8, and clears the block.
//
//go:noescape
func idct8NEON(blk *[64]int16, quant *[64]uint16, dst *byte, stride int)

// fdct8NEON is fdct8 and quantize, with the tables of quantizer.words.
//
//go:noescape
func fdct8NEON(src *byte, stride int, words *[3][64]uint16, out *[64]int16) (nonzero uint64)

// run transforms the n blocks of the batch.
func (t *batch) run() {
	if !vectors || t.size != 8 {
		t.runScalar()
		return
	}
	for i := range t.n {
		j := &t.jobs[i]
		_ = j.dst[7*j.stride+7] // the last sample that will be written
		idct8NEON(&t.blocks[i], j.quant, &j.dst[0], j.stride)
	}
}

// transform computes the coefficients of some blocks.
func (e *encoder) transform(jobs []encJob) {
	for i := range jobs {
		j := &jobs[i]
		switch {
		case j.src == nil:
		case !vectors:
			e.transformScalar(j)
		default:
			_ = j.src[7*j.stride+7] // the last sample that will be read
			j.nonzero = fdct8NEON(&j.src[0], j.stride, &e.quant[j.c.kind].words, &j.out)
		}
	}
}
