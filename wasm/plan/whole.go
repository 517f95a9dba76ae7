//go:build wasip1 && !breakable

package main

import "github.com/vitrine-iiif/vitrine/wasm/decision"

// broken does nothing; see breakable.go.
func broken(*decision.Request) {}
