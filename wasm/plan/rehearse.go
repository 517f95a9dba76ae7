//go:build wasip1

package main

import "github.com/vitrine-iiif/vitrine/wasm/decision"

// init rehearses once while the program boots: then the stack is as large as
// decisions need it, which takes longer to find out than to decide, and memory is
// at hand.
func init() { rehearse() }

// spare is memory that nobody needs.
var spare []byte

// rehearse decides about a tile of a picture that does not exist, and forgets it. A
// host that compiles functions when they are first called can have that behind it
// before the first viewer comes. It must be called before configure.
//
//go:wasmexport rehearse
func rehearse() {
	if configure(int32(copy(input, "VITRINE_PUBLIC_URL=https://iiif.example.org\x00"))) != 0 {
		panic("there are no settings for the rehearsal")
	}
	r := decision.Request{Method: "GET", Target: "/iiif/3/rehearsal/0,0,16,16/16,16/0/default.jpg", Accept: "*/*"}
	for _, want := range []decision.Kind{decision.Index, decision.Tile} {
		text := decision.AppendRequest(input[:0], &r)
		at := decide(int32(len(text)), int32(copy(input[len(text):], r.Data)))
		if at == 0 || string(output[8:8+len(want)]) != string(want) {
			panic("the rehearsal goes wrong")
		}
		r.Event, r.ETag, r.Size, r.Data = decision.Head, "e", rehearsalSize, []byte(rehearsalHead)
	}
	// Sooner or later a request finds that one of the many kinds of memory is used up.
	for range 20 { // there are 8 of this size at a time
		spare = make([]byte, 1000)
	}
	decider, spare = nil, nil
}
