package pixel

import (
	"math/bits"
	"sync"
)

// spares are the samples of images that were recycled, by the power of two that
// their size reaches; their content does not matter.
var spares [40]sync.Pool

// leastRecycled is the size from which on samples are worth keeping, in bytes.
const leastRecycled = 16 << 10

// Recycle lets the memory of m's samples be used for images that are made later.
// Nothing may use m or what shares its samples afterwards. It is for who makes and
// drops many images of one size.
func Recycle(m *Image) {
	for i := range m.Planes {
		recycle(m.Planes[i].Pix)
	}
	if m.Alpha != nil {
		recycle(m.Alpha.Pix)
	}
	m.Planes, m.Alpha = nil, nil
}

func recycle(b []byte) {
	if n := cap(b); n >= leastRecycled {
		b = b[:n]
		spares[bits.Len(uint(n))-1].Put(&b)
	}
}

// samples returns n zeros.
func samples(n int) []byte {
	if n >= leastRecycled {
		if b, ok := spares[bits.Len(uint(n))-1].Get().(*[]byte); ok && cap(*b) >= n {
			s := (*b)[:n:n]
			clear(s)
			return s
		}
	}
	return make([]byte, n)
}
