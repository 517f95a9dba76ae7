package jpeg

import (
	"math/rand/v2"
	"syscall"
	"testing"
)

// guarded returns memory that ends where the process may not read.
func guarded(t *testing.T, size int) []byte {
	t.Helper()
	page := syscall.Getpagesize()
	n := ceilDiv(size, page) * page
	mem, err := syscall.Mmap(-1, 0, n+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(mem[n:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return mem[n-size : n : n]
}

// TestKernelBounds runs the kernels on samples at the end of what may be touched.
// Going further would crash.
func TestKernelBounds(t *testing.T) {
	needVectors(t)
	rnd := rand.New(rand.NewPCG(9, 10))
	comps := []encComponent{{kind: 0}, {kind: 1}}
	for _, stride := range []int{8, 9, 64, 1000} {
		p := guarded(t, 7*stride+8)
		for n := 1; n <= batchSize; n++ {
			b := batch{size: 8}
			var quant [64]uint16
			for i := range n {
				b.blocks[i], quant, b.jobs[i].last = testBlock(rnd, 1)
				b.jobs[i].quant, b.jobs[i].dst, b.jobs[i].stride = &quant, p, stride
			}
			b.n = n
			b.run()
			b.size = 4
			for i := range n {
				b.blocks[i][9] = 1
				b.jobs[i].dst = p[len(p)-3*stride-4:]
			}
			b.run()

			e := new(encoder)
			for i := range e.quant {
				e.quant[i] = newQuantizer(&typicalQuant[i], 50)
			}
			jobs := make([]encJob, n)
			for i := range jobs {
				jobs[i].c, jobs[i].src, jobs[i].stride = &comps[i], p, stride
			}
			e.transform(jobs)
		}
	}
}
