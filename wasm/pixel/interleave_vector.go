//go:build amd64 || arm64

package pixel

// deinterleave3Vector is Deinterleave3 for minPixels or more.
//
//go:noescape
func deinterleave3Vector(a, b, c, src []byte)

// accumulateVector is Accumulate for a multiple of minPixels.
//
//go:noescape
func accumulateVector(row []byte)
