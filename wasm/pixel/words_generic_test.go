//go:build !amd64 && !arm64

package pixel

// words runs do without vectors, as everything does here.
func words(do func()) { do() }
