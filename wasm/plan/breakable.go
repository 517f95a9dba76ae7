//go:build wasip1 && breakable

package main

import "github.com/vitrine-iiif/vitrine/wasm/decision"

// broken makes the program fail as requests ask for it, so that tests see what its
// host does then. It is not part of the program that is deployed.
func broken(r *decision.Request) {
	if r.Event != decision.Start {
		return
	}
	switch r.Target {
	case "/break/panic":
		panic("as was asked for")
	case "/break/trap":
		var p *int
		decider = nil
		go func() { *p = 1 }() // nobody recovers in another goroutine
		select {}
	case "/break/memory":
		var held [][]byte
		for {
			held = append(held, make([]byte, 1<<20))
		}
	case "/break/state":
		decider = nil
	}
}
