// Command plan is the face of package decision towards Wasm: plan.wasm, a wasip1
// reactor (GOOS=wasip1 -buildmode=c-shared) that the Worker and wazero both run. It
// is deployed as it is after its boot: see package snapshot.
//
// A host may call rehearse, then calls configure once, and then decide as often as
// it likes; what crosses the boundary is said there and in package decision. After a
// trap, or a result of 0, the instance must not be called again: make a new one.
package main

// main is never called: a reactor only answers calls. Elsewhere than in Wasm the
// program does nothing.
func main() {}
