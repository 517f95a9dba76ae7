//go:build amd64 || arm64

package pixel

// words runs do without vectors.
func words(do func()) {
	defer func(v bool) { vectors = v }(vectors)
	vectors = false
	do()
}
