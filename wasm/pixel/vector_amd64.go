package pixel

import "golang.org/x/sys/cpu"

// vectors says whether the kernels of vector.go can run. GODEBUG=cpu.avx2=off
// turns them off.
var vectors = cpu.X86.HasAVX2
