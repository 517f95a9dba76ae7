#include "textflag.h"

// The kernels of vector.go for NEON. Instructions that Go's assembler does not
// know are written as words, with their ARM name beside them (destination
// first).

// func sumRowsVector(dst []int16, rows [][]byte, c []int16)
TEXT ·sumRowsVector(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R1
	MOVD rows_base+24(FP), R2
	MOVD rows_len+32(FP), R3
	MOVD c_base+48(FP), R4
	SUB $32, R1, R1              // the last block
	MOVD $0, R5                  // the column
sumBlock:
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	VEOR V7.B16, V7.B16, V7.B16
	MOVD R2, R6
	MOVD R4, R7
	MOVD R3, R8
sumRow:
	MOVD (R6), R9
	ADD R5, R9, R9
	VLD1 (R9), [V16.B16, V17.B16]
	VLD1R.P 2(R7), [V18.H8]
	ADD $24, R6, R6
	WORD $0x2F08A614 // uxtl v20.8h, v16.8b
	WORD $0x6F08A615 // uxtl2 v21.8h, v16.16b
	WORD $0x2F08A636 // uxtl v22.8h, v17.8b
	WORD $0x6F08A637 // uxtl2 v23.8h, v17.16b
	WORD $0x0E728280 // smlal v0.4s, v20.4h, v18.4h
	WORD $0x4E728281 // smlal2 v1.4s, v20.8h, v18.8h
	WORD $0x0E7282A2 // smlal v2.4s, v21.4h, v18.4h
	WORD $0x4E7282A3 // smlal2 v3.4s, v21.8h, v18.8h
	WORD $0x0E7282C4 // smlal v4.4s, v22.4h, v18.4h
	WORD $0x4E7282C5 // smlal2 v5.4s, v22.8h, v18.8h
	WORD $0x0E7282E6 // smlal v6.4s, v23.4h, v18.4h
	WORD $0x4E7282E7 // smlal2 v7.4s, v23.8h, v18.8h
	SUBS $1, R8, R8
	BNE sumRow
	WORD $0x0F188C00 // rshrn v0.4h, v0.4s, #8; rounds
	WORD $0x4F188C20 // rshrn2 v0.8h, v1.4s, #8
	WORD $0x0F188C41 // rshrn v1.4h, v2.4s, #8
	WORD $0x4F188C61 // rshrn2 v1.8h, v3.4s, #8
	WORD $0x0F188C82 // rshrn v2.4h, v4.4s, #8
	WORD $0x4F188CA2 // rshrn2 v2.8h, v5.4s, #8
	WORD $0x0F188CC3 // rshrn v3.4h, v6.4s, #8
	WORD $0x4F188CE3 // rshrn2 v3.8h, v7.4s, #8
	ADD R5<<1, R0, R9
	VST1 [V0.H8, V1.H8, V2.H8, V3.H8], (R9)
	CMP R1, R5
	BEQ sumDone
	ADD $32, R5, R5
	CMP R1, R5
	CSEL GT, R1, R5, R5
	B sumBlock
sumDone:
	RET

// func filterRowVector(dst []byte, src []int16, lo []int32, c []int16, step int)
TEXT ·filterRowVector(SB), NOSPLIT, $0-104
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R1
	MOVD src_base+24(FP), R2
	MOVD lo_base+48(FP), R3
	MOVD c_base+72(FP), R4
	MOVD step+96(FP), R5
	LSR $2, R1, R1               // groups of four
	CBZ R1, filterDone
	LSL $1, R5, R14              // bytes of weights of one output
filterGroup:
	MOVW.P 4(R3), R6
	MOVW.P 4(R3), R7
	MOVW.P 4(R3), R8
	MOVW.P 4(R3), R9
	ADD R6<<1, R2, R6
	ADD R7<<1, R2, R7
	ADD R8<<1, R2, R8
	ADD R9<<1, R2, R9
	ADD R14, R4, R10
	ADD R14, R10, R11
	ADD R14, R11, R12
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	MOVD R5, R13
filterTaps:
	VLD1.P 16(R6), [V4.H8]
	VLD1.P 16(R7), [V5.H8]
	VLD1.P 16(R8), [V6.H8]
	VLD1.P 16(R9), [V7.H8]
	VLD1.P 16(R4), [V16.H8]
	VLD1.P 16(R10), [V17.H8]
	VLD1.P 16(R11), [V18.H8]
	VLD1.P 16(R12), [V19.H8]
	WORD $0x0E708080 // smlal v0.4s, v4.4h, v16.4h
	WORD $0x0E7180A1 // smlal v1.4s, v5.4h, v17.4h
	WORD $0x0E7280C2 // smlal v2.4s, v6.4h, v18.4h
	WORD $0x0E7380E3 // smlal v3.4s, v7.4h, v19.4h
	WORD $0x4E708080 // smlal2 v0.4s, v4.8h, v16.8h
	WORD $0x4E7180A1 // smlal2 v1.4s, v5.8h, v17.8h
	WORD $0x4E7280C2 // smlal2 v2.4s, v6.8h, v18.8h
	WORD $0x4E7380E3 // smlal2 v3.4s, v7.8h, v19.8h
	SUBS $8, R13, R13
	BNE filterTaps
	MOVD R12, R4                 // past the weights of the fourth
	WORD $0x4EA1BC00 // addp v0.4s, v0.4s, v1.4s
	WORD $0x4EA3BC42 // addp v2.4s, v2.4s, v3.4s
	WORD $0x4EA2BC00 // addp v0.4s, v0.4s, v2.4s
	WORD $0x4F2C2400 // srshr v0.4s, v0.4s, #20; rounds
	WORD $0x2E612800 // sqxtun v0.4h, v0.4s
	WORD $0x2E214800 // uqxtn v0.8b, v0.8h
	VMOV V0.S[0], R6
	MOVWU R6, (R0)
	ADD $4, R0, R0
	SUBS $1, R1, R1
	BNE filterGroup
filterDone:
	RET

// func halveVector(dst, a, b []byte)
TEXT ·halveVector(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R1
	MOVD a_base+24(FP), R2
	MOVD b_base+48(FP), R3
	SUB $32, R1, R1
	MOVD $0, R5
halveBlock:
	ADD R5<<1, R2, R6
	ADD R5<<1, R3, R7
	VLD1 (R6), [V0.B16, V1.B16, V2.B16, V3.B16]
	VLD1 (R7), [V4.B16, V5.B16, V6.B16, V7.B16]
	WORD $0x6E202800 // uaddlp v0.8h, v0.16b
	WORD $0x6E202821 // uaddlp v1.8h, v1.16b
	WORD $0x6E202842 // uaddlp v2.8h, v2.16b
	WORD $0x6E202863 // uaddlp v3.8h, v3.16b
	WORD $0x6E206880 // uadalp v0.8h, v4.16b
	WORD $0x6E2068A1 // uadalp v1.8h, v5.16b
	WORD $0x6E2068C2 // uadalp v2.8h, v6.16b
	WORD $0x6E2068E3 // uadalp v3.8h, v7.16b
	WORD $0x0F0E8C00 // rshrn v0.8b, v0.8h, #2
	WORD $0x4F0E8C20 // rshrn2 v0.16b, v1.8h, #2
	WORD $0x0F0E8C41 // rshrn v1.8b, v2.8h, #2
	WORD $0x4F0E8C61 // rshrn2 v1.16b, v3.8h, #2
	ADD R5, R0, R6
	VST1 [V0.B16, V1.B16], (R6)
	CMP R1, R5
	BEQ halveDone
	ADD $32, R5, R5
	CMP R1, R5
	CSEL GT, R1, R5, R5
	B halveBlock
halveDone:
	RET

// func sumColumnsVector(dst []uint16, src []byte, stride, rows int)
TEXT ·sumColumnsVector(SB), NOSPLIT, $0-64
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R1
	MOVD src_base+24(FP), R2
	MOVD stride+48(FP), R3
	MOVD rows+56(FP), R4
	SUB $32, R1, R1
	MOVD $0, R5
columnsBlock:
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	ADD R5, R2, R6
	MOVD R4, R7
columnsRow:
	VLD1 (R6), [V4.B16, V5.B16]
	ADD R3, R6, R6
	WORD $0x2E241000 // uaddw v0.8h, v0.8h, v4.8b
	WORD $0x6E241021 // uaddw2 v1.8h, v1.8h, v4.16b
	WORD $0x2E251042 // uaddw v2.8h, v2.8h, v5.8b
	WORD $0x6E251063 // uaddw2 v3.8h, v3.8h, v5.16b
	SUBS $1, R7, R7
	BNE columnsRow
	ADD R5<<1, R0, R6
	VST1 [V0.H8, V1.H8, V2.H8, V3.H8], (R6)
	CMP R1, R5
	BEQ columnsDone
	ADD $32, R5, R5
	CMP R1, R5
	CSEL GT, R1, R5, R5
	B columnsBlock
columnsDone:
	RET

// func meanColumnsVector(dst []byte, sums []uint16, n int, half, recip uint16, shift int)
TEXT ·meanColumnsVector(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R1
	MOVD sums_base+24(FP), R2
	MOVD n+48(FP), R3
	MOVHU half+56(FP), R4
	MOVHU recip+58(FP), R5
	MOVD shift+64(FP), R6
	NEG R6, R6                   // left by minus the shift
	VDUP R4, V16.H8
	VDUP R5, V17.H8
	VDUP R6, V18.H8
	LSR $5, R1, R1
	CBZ R1, meanDone
meanBlock:
	VMOV V16.B16, V0.B16
	VMOV V16.B16, V1.B16
	VMOV V16.B16, V2.B16
	VMOV V16.B16, V3.B16
	MOVD R2, R7
	MOVD R3, R8
meanColumn:
	VLD1 (R7), [V4.H8, V5.H8, V6.H8, V7.H8]
	ADD $2, R7, R7
	VADD V4.H8, V0.H8, V0.H8
	VADD V5.H8, V1.H8, V1.H8
	VADD V6.H8, V2.H8, V2.H8
	VADD V7.H8, V3.H8, V3.H8
	SUBS $1, R8, R8
	BNE meanColumn
	WORD $0x2E71C004 // umull v4.4s, v0.4h, v17.4h
	WORD $0x6E71C000 // umull2 v0.4s, v0.8h, v17.8h
	WORD $0x2E71C025 // umull v5.4s, v1.4h, v17.4h
	WORD $0x6E71C021 // umull2 v1.4s, v1.8h, v17.8h
	WORD $0x2E71C046 // umull v6.4s, v2.4h, v17.4h
	WORD $0x6E71C042 // umull2 v2.4s, v2.8h, v17.8h
	WORD $0x2E71C067 // umull v7.4s, v3.4h, v17.4h
	WORD $0x6E71C063 // umull2 v3.4s, v3.8h, v17.8h
	WORD $0x4E405880 // uzp2 v0.8h, v4.8h, v0.8h; the upper 16 bits
	WORD $0x4E4158A1 // uzp2 v1.8h, v5.8h, v1.8h
	WORD $0x4E4258C2 // uzp2 v2.8h, v6.8h, v2.8h
	WORD $0x4E4358E3 // uzp2 v3.8h, v7.8h, v3.8h
	WORD $0x6E724400 // ushl v0.8h, v0.8h, v18.8h
	WORD $0x6E724421 // ushl v1.8h, v1.8h, v18.8h
	WORD $0x6E724442 // ushl v2.8h, v2.8h, v18.8h
	WORD $0x6E724463 // ushl v3.8h, v3.8h, v18.8h
	WORD $0x0E212800 // xtn v0.8b, v0.8h
	WORD $0x4E212820 // xtn2 v0.16b, v1.8h
	WORD $0x0E212841 // xtn v1.8b, v2.8h
	WORD $0x4E212861 // xtn2 v1.16b, v3.8h
	VST1.P [V0.B16, V1.B16], 32(R0)
	ADD $64, R2, R2
	SUBS $1, R1, R1
	BNE meanBlock
meanDone:
	RET
