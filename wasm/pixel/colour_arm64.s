#include "textflag.h"

// func rgbRowVector(red, green, blue, luma, cb, cr []byte)
//
// The factors of rgbRow are split into whole numbers and fractions of 16 bits:
// 91881 is 65536 + 26345, 116130 is 131072 - 14942, 46802 is 65536 - 18734.
TEXT ·rgbRowVector(SB), NOSPLIT, $0-144
	MOVD red_base+0(FP), R0
	MOVD green_base+24(FP), R1
	MOVD blue_base+48(FP), R2
	MOVD luma_base+72(FP), R3
	MOVD luma_len+80(FP), R4
	MOVD cb_base+96(FP), R6
	MOVD cr_base+120(FP), R7
	SUB $16, R4, R4
	MOVD $0, R5
	MOVD $128, R8
	VDUP R8, V31.B16
	MOVD $26345, R8
	VDUP R8, V30.H8
	MOVD $-14942, R8
	VDUP R8, V29.H8
	MOVD $-22554, R8
	VDUP R8, V28.H8
	MOVD $18734, R8
	VDUP R8, V27.H8
rgbBlock:
	ADD R5, R3, R8
	ADD R5, R6, R9
	ADD R5, R7, R10
	VLD1 (R8), [V0.B16]
	VLD1 (R9), [V1.B16]
	VLD1 (R10), [V2.B16]
	WORD $0x2F08A403 // uxtl v3.8h, v0.8b
	WORD $0x6F08A404 // uxtl2 v4.8h, v0.16b
	WORD $0x2E3F2025 // usubl v5.8h, v1.8b, v31.8b; chroma around zero
	WORD $0x6E3F2026 // usubl2 v6.8h, v1.16b, v31.16b
	WORD $0x2E3F2047 // usubl v7.8h, v2.8b, v31.8b
	WORD $0x6E3F2050 // usubl2 v16.8h, v2.16b, v31.16b
	WORD $0x0E7EC0F1 // smull v17.4s, v7.4h, v30.4h; red
	WORD $0x4E7EC0F2 // smull2 v18.4s, v7.8h, v30.8h
	WORD $0x0E7EC213 // smull v19.4s, v16.4h, v30.4h
	WORD $0x4E7EC214 // smull2 v20.4s, v16.8h, v30.8h
	WORD $0x0F108E31 // rshrn v17.4h, v17.4s, #16
	WORD $0x4F108E51 // rshrn2 v17.8h, v18.4s, #16
	WORD $0x0F108E72 // rshrn v18.4h, v19.4s, #16
	WORD $0x4F108E92 // rshrn2 v18.8h, v20.4s, #16
	VADD V7.H8, V17.H8, V17.H8
	VADD V16.H8, V18.H8, V18.H8
	VADD V3.H8, V17.H8, V17.H8
	VADD V4.H8, V18.H8, V18.H8
	WORD $0x2E212A31 // sqxtun v17.8b, v17.8h
	WORD $0x6E212A51 // sqxtun2 v17.16b, v18.8h
	WORD $0x0E7CC0B3 // smull v19.4s, v5.4h, v28.4h; green
	WORD $0x4E7CC0B4 // smull2 v20.4s, v5.8h, v28.8h
	WORD $0x0E7CC0D5 // smull v21.4s, v6.4h, v28.4h
	WORD $0x4E7CC0D6 // smull2 v22.4s, v6.8h, v28.8h
	WORD $0x0E7B80F3 // smlal v19.4s, v7.4h, v27.4h
	WORD $0x4E7B80F4 // smlal2 v20.4s, v7.8h, v27.8h
	WORD $0x0E7B8215 // smlal v21.4s, v16.4h, v27.4h
	WORD $0x4E7B8216 // smlal2 v22.4s, v16.8h, v27.8h
	WORD $0x0F108E73 // rshrn v19.4h, v19.4s, #16
	WORD $0x4F108E93 // rshrn2 v19.8h, v20.4s, #16
	WORD $0x0F108EB4 // rshrn v20.4h, v21.4s, #16
	WORD $0x4F108ED4 // rshrn2 v20.8h, v22.4s, #16
	VSUB V7.H8, V19.H8, V19.H8
	VSUB V16.H8, V20.H8, V20.H8
	VADD V3.H8, V19.H8, V19.H8
	VADD V4.H8, V20.H8, V20.H8
	WORD $0x2E212A72 // sqxtun v18.8b, v19.8h
	WORD $0x6E212A92 // sqxtun2 v18.16b, v20.8h
	WORD $0x0E7DC0B3 // smull v19.4s, v5.4h, v29.4h; blue
	WORD $0x4E7DC0B4 // smull2 v20.4s, v5.8h, v29.8h
	WORD $0x0E7DC0D5 // smull v21.4s, v6.4h, v29.4h
	WORD $0x4E7DC0D6 // smull2 v22.4s, v6.8h, v29.8h
	WORD $0x0F108E73 // rshrn v19.4h, v19.4s, #16
	WORD $0x4F108E93 // rshrn2 v19.8h, v20.4s, #16
	WORD $0x0F108EB4 // rshrn v20.4h, v21.4s, #16
	WORD $0x4F108ED4 // rshrn2 v20.8h, v22.4s, #16
	VADD V5.H8, V5.H8, V5.H8
	VADD V6.H8, V6.H8, V6.H8
	VADD V5.H8, V19.H8, V19.H8
	VADD V6.H8, V20.H8, V20.H8
	VADD V3.H8, V19.H8, V19.H8
	VADD V4.H8, V20.H8, V20.H8
	WORD $0x2E212A73 // sqxtun v19.8b, v19.8h
	WORD $0x6E212A93 // sqxtun2 v19.16b, v20.8h
	ADD R5, R0, R8
	ADD R5, R1, R9
	ADD R5, R2, R10
	VST1 [V17.B16], (R8)
	VST1 [V18.B16], (R9)
	VST1 [V19.B16], (R10)
	CMP R4, R5
	BEQ rgbDone
	ADD $16, R5, R5
	CMP R4, R5
	CSEL GT, R4, R5, R5
	B rgbBlock
rgbDone:
	RET

// func widenRowsVector(sums []uint16, near, far []byte)
TEXT ·widenRowsVector(SB), NOSPLIT, $0-72
	MOVD sums_base+0(FP), R0
	MOVD sums_len+8(FP), R1
	MOVD near_base+24(FP), R2
	MOVD far_base+48(FP), R3
	SUB $16, R1, R1
	MOVD $0, R5
	MOVD $3, R8
	VDUP R8, V31.B16
widenRow:
	ADD R5, R2, R6
	ADD R5, R3, R7
	VLD1 (R6), [V0.B16]
	VLD1 (R7), [V1.B16]
	WORD $0x2F08A422 // uxtl v2.8h, v1.8b
	WORD $0x6F08A423 // uxtl2 v3.8h, v1.16b
	WORD $0x2E3F8002 // umlal v2.8h, v0.8b, v31.8b
	WORD $0x6E3F8003 // umlal2 v3.8h, v0.16b, v31.16b
	ADD R5<<1, R0, R6
	VST1 [V2.H8, V3.H8], (R6)
	CMP R1, R5
	BEQ widenRowDone
	ADD $16, R5, R5
	CMP R1, R5
	CSEL GT, R1, R5, R5
	B widenRow
widenRowDone:
	RET

// func widenColumnsVector(dst []byte, sums []uint16)
TEXT ·widenColumnsVector(SB), NOSPLIT, $0-48
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R1
	MOVD sums_base+24(FP), R2
	LSR $1, R1, R1
	SUB $16, R1, R1
	MOVD $0, R5
widenBlock:
	ADD R5<<1, R2, R6
	ADD $2, R6, R7
	ADD $4, R6, R8
	VLD1 (R6), [V0.H8, V1.H8]
	VLD1 (R7), [V2.H8, V3.H8]
	VLD1 (R8), [V4.H8, V5.H8]
	VADD V2.H8, V2.H8, V6.H8
	VADD V3.H8, V3.H8, V7.H8
	VADD V2.H8, V6.H8, V6.H8
	VADD V3.H8, V7.H8, V7.H8
	VADD V6.H8, V0.H8, V0.H8
	VADD V7.H8, V1.H8, V1.H8
	VADD V6.H8, V4.H8, V4.H8
	VADD V7.H8, V5.H8, V5.H8
	WORD $0x0F0C8C00 // rshrn v0.8b, v0.8h, #4; rounds
	WORD $0x4F0C8C20 // rshrn2 v0.16b, v1.8h, #4
	WORD $0x0F0C8C81 // rshrn v1.8b, v4.8h, #4
	WORD $0x4F0C8CA1 // rshrn2 v1.16b, v5.8h, #4
	ADD R5<<1, R0, R6
	VST2 [V0.B16, V1.B16], (R6)
	CMP R1, R5
	BEQ widenDone
	ADD $16, R5, R5
	CMP R1, R5
	CSEL GT, R1, R5, R5
	B widenBlock
widenDone:
	RET

// func lumaRowVector(dst, red, green, blue []byte)
//
// All in 16 bits without sign: the factors add up to 1<<16.
TEXT ·lumaRowVector(SB), NOSPLIT, $0-96
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R1
	MOVD red_base+24(FP), R2
	MOVD green_base+48(FP), R3
	MOVD blue_base+72(FP), R4
	SUB $16, R1, R1
	MOVD $0, R5
	MOVD $19595, R6
	VDUP R6, V29.H8
	MOVD $38470, R6
	VDUP R6, V30.H8
	MOVD $7471, R6
	VDUP R6, V31.H8
lumaBlock:
	ADD R5, R2, R6
	ADD R5, R3, R7
	ADD R5, R4, R8
	VLD1 (R6), [V0.B16]
	VLD1 (R7), [V1.B16]
	VLD1 (R8), [V2.B16]
	WORD $0x2F08A403 // uxtl v3.8h, v0.8b
	WORD $0x6F08A404 // uxtl2 v4.8h, v0.16b
	WORD $0x2F08A425 // uxtl v5.8h, v1.8b
	WORD $0x6F08A426 // uxtl2 v6.8h, v1.16b
	WORD $0x2F08A447 // uxtl v7.8h, v2.8b
	WORD $0x6F08A450 // uxtl2 v16.8h, v2.16b
	WORD $0x2E7DC071 // umull v17.4s, v3.4h, v29.4h
	WORD $0x6E7DC072 // umull2 v18.4s, v3.8h, v29.8h
	WORD $0x2E7DC093 // umull v19.4s, v4.4h, v29.4h
	WORD $0x6E7DC094 // umull2 v20.4s, v4.8h, v29.8h
	WORD $0x2E7E80B1 // umlal v17.4s, v5.4h, v30.4h
	WORD $0x6E7E80B2 // umlal2 v18.4s, v5.8h, v30.8h
	WORD $0x2E7E80D3 // umlal v19.4s, v6.4h, v30.4h
	WORD $0x6E7E80D4 // umlal2 v20.4s, v6.8h, v30.8h
	WORD $0x2E7F80F1 // umlal v17.4s, v7.4h, v31.4h
	WORD $0x6E7F80F2 // umlal2 v18.4s, v7.8h, v31.8h
	WORD $0x2E7F8213 // umlal v19.4s, v16.4h, v31.4h
	WORD $0x6E7F8214 // umlal2 v20.4s, v16.8h, v31.8h
	WORD $0x0F108E31 // rshrn v17.4h, v17.4s, #16; rounds
	WORD $0x4F108E51 // rshrn2 v17.8h, v18.4s, #16
	WORD $0x0F108E73 // rshrn v19.4h, v19.4s, #16
	WORD $0x4F108E93 // rshrn2 v19.8h, v20.4s, #16
	WORD $0x0E212A31 // xtn v17.8b, v17.8h
	WORD $0x4E212A71 // xtn2 v17.16b, v19.8h
	ADD R5, R0, R6
	VST1 [V17.B16], (R6)
	CMP R1, R5
	BEQ lumaDone
	ADD $16, R5, R5
	CMP R1, R5
	CSEL GT, R1, R5, R5
	B lumaBlock
lumaDone:
	RET

// func cellSumsVector(dst []uint16, a, b []byte)
TEXT ·cellSumsVector(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R1
	MOVD a_base+24(FP), R2
	MOVD b_base+48(FP), R3
	SUB $16, R1, R1
	MOVD $0, R5
cellBlock:
	ADD R5<<1, R2, R6
	ADD R5<<1, R3, R7
	VLD1 (R6), [V0.B16, V1.B16]
	VLD1 (R7), [V2.B16, V3.B16]
	WORD $0x6E202800 // uaddlp v0.8h, v0.16b
	WORD $0x6E202821 // uaddlp v1.8h, v1.16b
	WORD $0x6E206840 // uadalp v0.8h, v2.16b
	WORD $0x6E206861 // uadalp v1.8h, v3.16b
	ADD R5<<1, R0, R6
	VST1 [V0.H8, V1.H8], (R6)
	CMP R1, R5
	BEQ cellDone
	ADD $16, R5, R5
	CMP R1, R5
	CSEL GT, R1, R5, R5
	B cellBlock
cellDone:
	RET

// func chromaRowVector(cb, cr []byte, red, green, blue []uint16)
TEXT ·chromaRowVector(SB), NOSPLIT, $0-120
	MOVD cb_base+0(FP), R0
	MOVD cb_len+8(FP), R1
	MOVD cr_base+24(FP), R9
	MOVD red_base+48(FP), R2
	MOVD green_base+72(FP), R3
	MOVD blue_base+96(FP), R4
	SUB $16, R1, R1
	MOVD $0, R5
	MOVD $-11059, R6
	VDUP R6, V27.H8
	MOVD $-21709, R6
	VDUP R6, V28.H8
	MOVD $-27439, R6
	VDUP R6, V29.H8
	MOVD $-5329, R6
	VDUP R6, V30.H8
	MOVD $0x2020000, R6          // 128½ of four samples, in 16 bits
	VDUP R6, V31.S4
chromaBlock:
	ADD R5<<1, R2, R6
	ADD R5<<1, R3, R7
	ADD R5<<1, R4, R8
	VLD1 (R6), [V0.H8, V1.H8]
	VLD1 (R7), [V2.H8, V3.H8]
	VLD1 (R8), [V4.H8, V5.H8]
	WORD $0x2F1FA490 // ushll v16.4s, v4.4h, #15; cb
	WORD $0x6F1FA491 // ushll2 v17.4s, v4.8h, #15
	WORD $0x2F1FA4B2 // ushll v18.4s, v5.4h, #15
	WORD $0x6F1FA4B3 // ushll2 v19.4s, v5.8h, #15
	VADD V31.S4, V16.S4, V16.S4
	VADD V31.S4, V17.S4, V17.S4
	VADD V31.S4, V18.S4, V18.S4
	VADD V31.S4, V19.S4, V19.S4
	WORD $0x0E7B8010 // smlal v16.4s, v0.4h, v27.4h
	WORD $0x4E7B8011 // smlal2 v17.4s, v0.8h, v27.8h
	WORD $0x0E7B8032 // smlal v18.4s, v1.4h, v27.4h
	WORD $0x4E7B8033 // smlal2 v19.4s, v1.8h, v27.8h
	WORD $0x0E7C8050 // smlal v16.4s, v2.4h, v28.4h
	WORD $0x4E7C8051 // smlal2 v17.4s, v2.8h, v28.8h
	WORD $0x0E7C8072 // smlal v18.4s, v3.4h, v28.4h
	WORD $0x4E7C8073 // smlal2 v19.4s, v3.8h, v28.8h
	WORD $0x2F1FA414 // ushll v20.4s, v0.4h, #15; cr
	WORD $0x6F1FA415 // ushll2 v21.4s, v0.8h, #15
	WORD $0x2F1FA436 // ushll v22.4s, v1.4h, #15
	WORD $0x6F1FA437 // ushll2 v23.4s, v1.8h, #15
	VADD V31.S4, V20.S4, V20.S4
	VADD V31.S4, V21.S4, V21.S4
	VADD V31.S4, V22.S4, V22.S4
	VADD V31.S4, V23.S4, V23.S4
	WORD $0x0E7D8054 // smlal v20.4s, v2.4h, v29.4h
	WORD $0x4E7D8055 // smlal2 v21.4s, v2.8h, v29.8h
	WORD $0x0E7D8076 // smlal v22.4s, v3.4h, v29.4h
	WORD $0x4E7D8077 // smlal2 v23.4s, v3.8h, v29.8h
	WORD $0x0E7E8094 // smlal v20.4s, v4.4h, v30.4h
	WORD $0x4E7E8095 // smlal2 v21.4s, v4.8h, v30.8h
	WORD $0x0E7E80B6 // smlal v22.4s, v5.4h, v30.4h
	WORD $0x4E7E80B7 // smlal2 v23.4s, v5.8h, v30.8h
	WORD $0x0F108610 // shrn v16.4h, v16.4s, #16
	WORD $0x4F108630 // shrn2 v16.8h, v17.4s, #16
	WORD $0x0F108652 // shrn v18.4h, v18.4s, #16
	WORD $0x4F108672 // shrn2 v18.8h, v19.4s, #16
	WORD $0x0F108694 // shrn v20.4h, v20.4s, #16
	WORD $0x4F1086B4 // shrn2 v20.8h, v21.4s, #16
	WORD $0x0F1086D6 // shrn v22.4h, v22.4s, #16
	WORD $0x4F1086F6 // shrn2 v22.8h, v23.4s, #16
	WORD $0x2F0E9610 // uqshrn v16.8b, v16.8h, #2
	WORD $0x6F0E9650 // uqshrn2 v16.16b, v18.8h, #2
	WORD $0x2F0E9694 // uqshrn v20.8b, v20.8h, #2
	WORD $0x6F0E96D4 // uqshrn2 v20.16b, v22.8h, #2
	ADD R5, R0, R6
	ADD R5, R9, R7
	VST1 [V16.B16], (R6)
	VST1 [V20.B16], (R7)
	CMP R1, R5
	BEQ chromaDone
	ADD $16, R5, R5
	CMP R1, R5
	CSEL GT, R1, R5, R5
	B chromaBlock
chromaDone:
	RET
