package inflate

// adlerMod is the modulus of Adler-32, RFC 1950 §8.2.
const adlerMod = 65521

// combine returns the checksum of two pieces from those of each (as zlib's
// adler32_combine does); the second has n bytes.
func combine(first, second uint32, n int) uint32 {
	a, b := first&0xFFFF, first>>16
	x, y := second&0xFFFF, second>>16
	// The second began at 1, not at a.
	before := (a + adlerMod - 1) % adlerMod
	far := uint32(uint64(n) * uint64(before) % adlerMod)
	return (b+far+y)%adlerMod<<16 | (before+x)%adlerMod
}
