//go:build !amd64 && !arm64

package jpeg

// vectors says whether there are vector kernels.
var vectors = false

// run transforms the n blocks of the batch.
func (t *batch) run() { t.runScalar() }

// transform computes the coefficients of some blocks.
func (e *encoder) transform(jobs []encJob) {
	for i := range jobs {
		if jobs[i].src != nil {
			e.transformScalar(&jobs[i])
		}
	}
}
