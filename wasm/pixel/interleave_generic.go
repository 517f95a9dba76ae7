//go:build !amd64 && !arm64

package pixel

func deinterleave3Vector(a, b, c, src []byte) {}

func accumulateVector(row []byte) {}
