package inflate

import (
	"hash/adler32"

	"golang.org/x/sys/cpu"
)

// sumsAVX2 returns the sum of the bytes of p and the sum of the sums of its
// beginnings. Its length is a multiple of 32, above 0, and at most adlerBlock, for
// which the sums stay within 32 bits.
//
//go:noescape
func sumsAVX2(p []byte) (a, b uint32)

// adlerBlock is the most bytes whose sums of sums stay below 2³²: n·(n+1)/2·255.
const adlerBlock = 5536

// adler continues an Adler-32 checksum.
func adler(sum uint32, p []byte) uint32 {
	if !cpu.X86.HasAVX2 {
		return combine(sum, adler32.Checksum(p), len(p))
	}
	a, b := sum&0xFFFF, sum>>16
	for len(p) >= 32 {
		n := min(len(p), adlerBlock) &^ 31
		x, y := sumsAVX2(p[:n])
		b = uint32((uint64(b) + uint64(n)*uint64(a) + uint64(y)) % adlerMod)
		a = (a + x) % adlerMod
		p = p[n:]
	}
	for _, v := range p {
		a += uint32(v)
		b += a
	}
	return b%adlerMod<<16 | a%adlerMod
}
