//go:build wasip1

package main

import (
	"runtime"
	"unsafe"

	"github.com/vitrine-iiif/vitrine/wasm/decision"
)

// What lives between calls: an instance has one caller and one thread.
var (
	decider *decision.Decider
	input   = make([]byte, 96<<10) // what the host wrote: room for a head and a URL
	output  = make([]byte, 0, 16<<10)
)

// large are data, in bytes, after which garbage is collected at once: heads of
// gigapixels are rare, but a few of them would let the memory grow, which never
// shrinks.
const large = 128 << 10

// maxInput bounds the input, in bytes.
const maxInput = 4 << 20

// room returns the address of an input buffer of at least n bytes, which stays
// there until room is called again; 0 when that is too much.
//
//go:wasmexport room
func room(n int32) uint32 {
	if n < 0 || n > maxInput {
		return 0
	}
	if int(n) > len(input) {
		input = make([]byte, n)
	}
	return address(input)
}

// configure reads settings (see decision.ParseConfig) from the first n bytes of the
// input. It returns 0, or the address of what is wrong with them: the length in 4
// bytes, little-endian, and the text.
//
//go:wasmexport configure
func configure(n int32) uint32 {
	config, err := decision.ParseConfig(string(input[:n]))
	if err == nil {
		decider, err = decision.New(config)
	}
	if err == nil {
		return 0
	}
	text := err.Error()
	output = append(output[:0], byte(len(text)), byte(len(text)>>8), 0, 0)
	output = append(output, text...)
	return address(output)
}

// decide decides about a request: the first n bytes of the input are its lines, the
// next size bytes its data. It returns the address of the action, which is valid
// until the next call, or 0 when something is broken.
//
//go:wasmexport decide
func decide(n, size int32) (at uint32) {
	defer func() {
		switch p := recover().(type) {
		case nil:
			return
		case error:
			println("panic: " + p.Error())
		case string:
			println("panic: " + p)
		default:
			println("panic")
		}
		at = 0
	}()
	r, err := decision.ParseRequest(input[:n], input[n:n+size])
	if err != nil || decider == nil {
		return 0
	}
	broken(&r)
	a := decider.Decide(&r)
	output = a.Append(output[:0])
	if size > large {
		runtime.GC()
	}
	return address(output)
}

func address(b []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }
