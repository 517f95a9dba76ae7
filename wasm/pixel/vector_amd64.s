#include "textflag.h"

// The kernels of vector.go for AVX2. Multiplications are of 16-bit lanes whose
// products are added in pairs (VPMADDWD). Instructions on 32 bytes work on two
// lanes of 16; comments write columns as "0-3|16-19".

// func sumRowsVector(dst []int16, rows [][]byte, c []int16)
TEXT ·sumRowsVector(SB), NOSPLIT, $0-72
	MOVQ dst_base+0(FP), DI
	MOVQ dst_len+8(FP), R12
	MOVQ rows_base+24(FP), SI
	MOVQ rows_len+32(FP), DX
	MOVQ c_base+48(FP), BX
	SUBQ $32, R12                // the last block
	SHRQ $1, DX                  // pairs of rows
	XORQ R8, R8                  // the column
	VPXOR Y15, Y15, Y15
	MOVL $128, AX
	VMOVD AX, X14
	VPBROADCASTD X14, Y14        // half of what is shifted out
sumBlock:
	VMOVDQA Y14, Y0
	VMOVDQA Y14, Y1
	VMOVDQA Y14, Y2
	VMOVDQA Y14, Y3
	MOVQ SI, R9
	MOVQ BX, R10
	MOVQ DX, R11
sumPair:
	MOVQ (R9), R13
	MOVQ 24(R9), AX
	VMOVDQU (R13)(R8*1), Y4
	VMOVDQU (AX)(R8*1), Y5
	VPBROADCASTD (R10), Y6
	VPUNPCKLBW Y5, Y4, Y7        // pairs of 0-7|16-23
	VPUNPCKHBW Y5, Y4, Y8        // of 8-15|24-31
	VPUNPCKLBW Y15, Y7, Y9       // in 16 bits: 0-3|16-19
	VPUNPCKHBW Y15, Y7, Y10      // 4-7|20-23
	VPUNPCKLBW Y15, Y8, Y11      // 8-11|24-27
	VPUNPCKHBW Y15, Y8, Y12      // 12-15|28-31
	VPMADDWD Y6, Y9, Y9
	VPMADDWD Y6, Y10, Y10
	VPMADDWD Y6, Y11, Y11
	VPMADDWD Y6, Y12, Y12
	VPADDD Y9, Y0, Y0
	VPADDD Y10, Y1, Y1
	VPADDD Y11, Y2, Y2
	VPADDD Y12, Y3, Y3
	ADDQ $48, R9
	ADDQ $4, R10
	DECQ R11
	JNZ sumPair
	VPSRAD $8, Y0, Y0
	VPSRAD $8, Y1, Y1
	VPSRAD $8, Y2, Y2
	VPSRAD $8, Y3, Y3
	VPACKSSDW Y1, Y0, Y0         // 0-7|16-23
	VPACKSSDW Y3, Y2, Y2         // 8-15|24-31
	VPERM2I128 $0x20, Y2, Y0, Y4 // 0-15
	VPERM2I128 $0x31, Y2, Y0, Y5 // 16-31
	VMOVDQU Y4, (DI)(R8*2)
	VMOVDQU Y5, 32(DI)(R8*2)
	CMPQ R8, R12
	JEQ sumDone
	ADDQ $32, R8
	CMPQ R8, R12
	CMOVQGT R12, R8
	JMP sumBlock
sumDone:
	VZEROUPPER
	RET

// func filterRowVector(dst []byte, src []int16, lo []int32, c []int16, step int)
TEXT ·filterRowVector(SB), NOSPLIT, $0-104
	MOVQ dst_base+0(FP), DI
	MOVQ dst_len+8(FP), DX
	MOVQ src_base+24(FP), SI
	MOVQ lo_base+48(FP), BX
	MOVQ c_base+72(FP), AX
	MOVQ step+96(FP), R13
	SHRQ $2, DX                  // groups of four
	JZ filterDone
	ADDQ R13, R13                // bytes of weights of one output
	MOVL $0x80000, R8
	VMOVD R8, X15
	VPBROADCASTD X15, X15        // half of what is shifted out
filterGroup:
	MOVLQSX (BX), R8
	MOVLQSX 4(BX), R9
	MOVLQSX 8(BX), R10
	MOVLQSX 12(BX), R11
	LEAQ (SI)(R8*2), R8
	LEAQ (SI)(R9*2), R9
	LEAQ (SI)(R10*2), R10
	LEAQ (SI)(R11*2), R11
	LEAQ (AX)(R13*2), R12        // weights of the third
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	MOVQ R13, CX
	SUBQ $32, CX
	JLT filterHalf
filterTaps:
	VMOVDQU (R8), Y4
	VMOVDQU (R9), Y5
	VMOVDQU (R10), Y6
	VMOVDQU (R11), Y7
	VPMADDWD (AX), Y4, Y4
	VPMADDWD (AX)(R13*1), Y5, Y5
	VPMADDWD (R12), Y6, Y6
	VPMADDWD (R12)(R13*1), Y7, Y7
	VPADDD Y4, Y0, Y0
	VPADDD Y5, Y1, Y1
	VPADDD Y6, Y2, Y2
	VPADDD Y7, Y3, Y3
	ADDQ $32, R8
	ADDQ $32, R9
	ADDQ $32, R10
	ADDQ $32, R11
	ADDQ $32, AX
	ADDQ $32, R12
	SUBQ $32, CX
	JGE filterTaps
filterHalf:
	ADDQ $32, CX                 // 16 when eight taps are left
	JZ filterSum
	VMOVDQU (R8), X4
	VMOVDQU (R9), X5
	VMOVDQU (R10), X6
	VMOVDQU (R11), X7
	VPMADDWD (AX), X4, X4
	VPMADDWD (AX)(R13*1), X5, X5
	VPMADDWD (R12), X6, X6
	VPMADDWD (R12)(R13*1), X7, X7
	VPADDD Y4, Y0, Y0
	VPADDD Y5, Y1, Y1
	VPADDD Y6, Y2, Y2
	VPADDD Y7, Y3, Y3
	ADDQ $16, R12
filterSum:
	LEAQ (R12)(R13*1), AX        // R12 passed the third: on by the fourth
	VPHADDD Y1, Y0, Y0
	VPHADDD Y3, Y2, Y2
	VPHADDD Y2, Y0, Y0           // halves of the four sums in either lane
	VEXTRACTI128 $1, Y0, X1
	VPADDD X1, X0, X0
	VPADDD X15, X0, X0
	VPSRAD $20, X0, X0
	VPACKSSDW X0, X0, X0
	VPACKUSWB X0, X0, X0
	VMOVD X0, (DI)
	ADDQ $4, DI
	ADDQ $16, BX
	DECQ DX
	JNZ filterGroup
filterDone:
	VZEROUPPER
	RET

// func halveVector(dst, a, b []byte)
TEXT ·halveVector(SB), NOSPLIT, $0-72
	MOVQ dst_base+0(FP), DI
	MOVQ dst_len+8(FP), R12
	MOVQ a_base+24(FP), SI
	MOVQ b_base+48(FP), DX
	SUBQ $32, R12
	XORQ R8, R8
	VPCMPEQW Y15, Y15, Y15
	VPABSB Y15, Y14              // 1 in bytes
	VPABSW Y15, Y13
	VPADDW Y13, Y13, Y13         // 2 in words
halveBlock:
	VMOVDQU (SI)(R8*2), Y0
	VMOVDQU 32(SI)(R8*2), Y1
	VMOVDQU (DX)(R8*2), Y2
	VMOVDQU 32(DX)(R8*2), Y3
	VPMADDUBSW Y14, Y0, Y0       // sums of neighbours
	VPMADDUBSW Y14, Y1, Y1
	VPMADDUBSW Y14, Y2, Y2
	VPMADDUBSW Y14, Y3, Y3
	VPADDW Y2, Y0, Y0
	VPADDW Y3, Y1, Y1
	VPADDW Y13, Y0, Y0
	VPADDW Y13, Y1, Y1
	VPSRLW $2, Y0, Y0
	VPSRLW $2, Y1, Y1
	VPACKUSWB Y1, Y0, Y0         // 0-7, 16-23|8-15, 24-31
	VPERMQ $0xD8, Y0, Y0
	VMOVDQU Y0, (DI)(R8*1)
	CMPQ R8, R12
	JEQ halveDone
	ADDQ $32, R8
	CMPQ R8, R12
	CMOVQGT R12, R8
	JMP halveBlock
halveDone:
	VZEROUPPER
	RET

// func sumColumnsVector(dst []uint16, src []byte, stride, rows int)
TEXT ·sumColumnsVector(SB), NOSPLIT, $0-64
	MOVQ dst_base+0(FP), DI
	MOVQ dst_len+8(FP), R12
	MOVQ src_base+24(FP), SI
	MOVQ stride+48(FP), BX
	MOVQ rows+56(FP), DX
	SUBQ $32, R12
	XORQ R8, R8
columnsBlock:
	LEAQ (SI)(R8*1), R9
	MOVQ DX, R10
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
columnsRow:
	VPMOVZXBW (R9), Y2
	VPMOVZXBW 16(R9), Y3
	VPADDW Y2, Y0, Y0
	VPADDW Y3, Y1, Y1
	ADDQ BX, R9
	DECQ R10
	JNZ columnsRow
	VMOVDQU Y0, (DI)(R8*2)
	VMOVDQU Y1, 32(DI)(R8*2)
	CMPQ R8, R12
	JEQ columnsDone
	ADDQ $32, R8
	CMPQ R8, R12
	CMOVQGT R12, R8
	JMP columnsBlock
columnsDone:
	VZEROUPPER
	RET

// func meanColumnsVector(dst []byte, sums []uint16, n int, half, recip uint16, shift int)
TEXT ·meanColumnsVector(SB), NOSPLIT, $0-72
	MOVQ dst_base+0(FP), DI
	MOVQ dst_len+8(FP), CX
	MOVQ sums_base+24(FP), SI
	MOVQ n+48(FP), DX
	MOVWLZX half+56(FP), AX
	VMOVD AX, X15
	VPBROADCASTW X15, Y15
	MOVWLZX recip+58(FP), AX
	VMOVD AX, X14
	VPBROADCASTW X14, Y14
	MOVQ shift+64(FP), AX
	VMOVQ AX, X13
	SHRQ $5, CX
	JZ meanDone
meanBlock:
	VMOVDQA Y15, Y0
	VMOVDQA Y15, Y1
	MOVQ SI, R9
	MOVQ DX, R10
meanColumn:
	VPADDW (R9), Y0, Y0
	VPADDW 32(R9), Y1, Y1
	ADDQ $2, R9
	DECQ R10
	JNZ meanColumn
	VPMULHUW Y14, Y0, Y0
	VPMULHUW Y14, Y1, Y1
	VPSRLW X13, Y0, Y0
	VPSRLW X13, Y1, Y1
	VPACKUSWB Y1, Y0, Y0
	VPERMQ $0xD8, Y0, Y0
	VMOVDQU Y0, (DI)
	ADDQ $64, SI
	ADDQ $32, DI
	DECQ CX
	JNZ meanBlock
meanDone:
	VZEROUPPER
	RET
