//go:build !amd64

package inflate

import "hash/adler32"

// adler continues an Adler-32 checksum.
func adler(sum uint32, p []byte) uint32 { return combine(sum, adler32.Checksum(p), len(p)) }
