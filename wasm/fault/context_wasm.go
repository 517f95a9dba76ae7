//go:build wasm

package fault

// contextKind returns Internal: nothing in Wasm waits for a context, and package
// context would bring 40 KB of time and debugging.
func contextKind(error) Kind { return Internal }
