package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
)

// edgeHeader is the header by which the edge proves what it is.
const edgeHeader = "X-Vitrine-Edge"

// edgeGuard holds the digests of the secrets that admit a request; none admit all.
type edgeGuard [][sha256.Size]byte

func newEdgeGuard(secrets []string) (edgeGuard, error) {
	var g edgeGuard
	for _, s := range secrets {
		if s == "" {
			return nil, errors.New("an edge secret is empty")
		}
		g = append(g, sha256.Sum256([]byte(s)))
	}
	return g, nil
}

// admits compares digests, and all of them, so that the time that it takes tells
// nothing of the secrets, not even their lengths or which one fits.
func (g edgeGuard) admits(h http.Header) bool {
	if len(g) == 0 {
		return true
	}
	got, found := sha256.Sum256([]byte(h.Get(edgeHeader))), 0
	for i := range g {
		found |= subtle.ConstantTimeCompare(g[i][:], got[:])
	}
	return found == 1
}
