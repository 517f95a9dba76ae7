package jpeg

// batchSize is the number of blocks that are transformed at once.
const batchSize = 2

// batch collects blocks, so that vector units can transform several at once.
// Blocks are zero whenever they are free.
type batch struct {
	size   int // samples per direction: 8 or 4
	blocks [batchSize][64]int16
	jobs   [batchSize]struct {
		quant  *[64]uint16
		dst    []byte
		stride int
		last   int
	}
	n    int
	idle [64]byte // where samples go that nobody wants
}

// block returns a free block.
func (t *batch) block() *[64]int16 { return &t.blocks[t.n&(batchSize-1)] }

// add transforms what is in the free block, now or before the next flush.
func (t *batch) add(quant *[64]uint16, dst []byte, stride, last int) {
	j := &t.jobs[t.n&(batchSize-1)]
	j.quant, j.dst, j.stride, j.last = quant, dst, stride, last
	if t.n++; t.n == batchSize {
		t.run()
		t.n = 0
	}
}

// flush transforms what is left.
func (t *batch) flush() {
	if t.n > 0 {
		t.run()
		t.n = 0
	}
}

// runScalar is run without vector instructions.
func (t *batch) runScalar() {
	for i := range t.n {
		j := &t.jobs[i]
		if t.size == 8 {
			idct8(&t.blocks[i], j.quant, j.dst, j.stride, j.last)
		} else {
			idct4(&t.blocks[i], j.quant, j.dst, j.stride)
		}
		t.blocks[i] = [64]int16{}
	}
}
