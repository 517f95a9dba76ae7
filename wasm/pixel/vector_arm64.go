package pixel

// vectors says whether the kernels of vector.go can run: every arm64 has NEON.
// A variable, because tests turn it off.
var vectors = true
