//go:build !amd64 && !arm64

package pixel

// Without kernels, the calls below are never made and compile to nothing.
const (
	vectors    = false
	minColumns = 32
	minPixels  = 16
)

func (s *scaling) scaleVectors(*Plane, *reader) {}

func (dst *Plane) transposeVectors(*Plane, bool, bool) bool { return false }

func halveVector(dst, a, b []byte) {}

func sumColumnsVector(dst []uint16, src []byte, stride, rows int) {}

func meanColumnsVector(dst []byte, sums []uint16, n int, half, recip uint16, shift int) {}

func rgbRowVector(red, green, blue, luma, cb, cr []byte) {}

func widenRowsVector(sums []uint16, near, far []byte) {}

func widenColumnsVector(dst []byte, sums []uint16) {}

func lumaRowVector(dst, red, green, blue []byte) {}

func cellSumsVector(dst []uint16, a, b []byte) {}

func chromaRowVector(cb, cr []byte, red, green, blue []uint16) {}

func reverseVector(dst, src []byte) {}
