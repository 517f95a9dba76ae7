#include "textflag.h"

// A pass takes its inputs x0…x7 as 16 bits in V16…V23, eight transforms side by
// side, and leaves its outputs in V2…V9. Products are made with 32 bits, for the
// lower or the upper four transforms: Q chooses the instructions for these. V0
// and V1 hold the constants, those of the scalar code collected by input, so the
// sums are the same numbers.
//
// The assembler does not know the instructions that widen and narrow; registers
// are numbers in the macros that spell them out.

#define UPPER 0x40000000

// MULTIPLY sets D to N times constant C, and ACCUMULATE adds that.
#define MULTIPLY(Q, D, N, C) WORD $(0x0F40A000|Q|((C&4)<<9)|((C&2)<<20)|((C&1)<<20)|((C>>3)<<16)|(N<<5)|D)
#define ACCUMULATE(Q, D, N, C) WORD $(0x0F402000|Q|((C&4)<<9)|((C&2)<<20)|((C&1)<<20)|((C>>3)<<16)|(N<<5)|D)
#define SADDL(Q, D, N, M) WORD $(0x0E600000|Q|(M<<16)|(N<<5)|D)
#define SSUBL(Q, D, N, M) WORD $(0x0E602000|Q|(M<<16)|(N<<5)|D)
#define ADDHN(Q, D, N, M) WORD $(0x0E604000|Q|(M<<16)|(N<<5)|D)
#define SUBHN(Q, D, N, M) WORD $(0x0E606000|Q|(M<<16)|(N<<5)|D)
// To 16 bits, rounded.
#define SQRSHRN(Q, S, D, N) WORD $(0x0F009C00|Q|((32-S)<<16)|(N<<5)|D)
// To 8 bits, rounded.
#define SQRSHRNB(Q, S, D, N) WORD $(0x0F009C00|Q|((16-S)<<16)|(N<<5)|D)
#define MUL(D, N, M) WORD $(0x4E609C00|(M<<16)|(N<<5)|D)
#define UMULL(Q, D, N, M) WORD $(0x2E60C000|Q|(M<<16)|(N<<5)|D)
#define ABS(D, N) WORD $(0x4E60B800|(N<<5)|D)
#define SRSHR(S, D, N) WORD $(0x4F002400|((32-S)<<16)|(N<<5)|D)
#define SSHR(S, D, N) WORD $(0x4F000400|((32-S)<<16)|(N<<5)|D)

// The constants, by number.
#define K4433 0
#define K10703 1
#define KN10704 2
#define K2260 3
#define KN11363 4
#define KN6436 5
#define K9633 6
#define K6437 7
#define KN11362 8
#define K2261 9
#define KN2259 10
#define K11363 11

DATA dctConstants<>+0(SB)/8, $0x08d4d63029cf1151
DATA dctConstants<>+8(SB)/8, $0x192525a1e6dcd39d
DATA dctConstants<>+16(SB)/8, $0x2c63f72d08d5d39e
DATA dctConstants<>+24(SB)/8, $0
GLOBL dctConstants<>(SB), RODATA|NOPTR, $32

// FOUR sets D to a sum of four inputs times constants.
#define FOUR(Q, D, N1, C1, N7, C7, N3, C3, N5, C5) \
	MULTIPLY(Q, D, N1, C1); \
	ACCUMULATE(Q, D, N7, C7); \
	ACCUMULATE(Q, D, N3, C3); \
	ACCUMULATE(Q, D, N5, C5)

// SUMS leaves a0…a3 in V28, V29, V25, V24 and o0…o3 in V26, V27, V30, V31.
#define SUMS(Q) \
	SADDL(Q, 24, 16, 20); \
	SSUBL(Q, 25, 16, 20); \
	VSHL $13, V24.S4, V24.S4; \
	VSHL $13, V25.S4, V25.S4; \
	MULTIPLY(Q, 26, 18, K10703); \
	ACCUMULATE(Q, 26, 22, K4433); \
	MULTIPLY(Q, 27, 18, K4433); \
	ACCUMULATE(Q, 27, 22, KN10704); \
	VADD V26.S4, V24.S4, V28.S4; \
	VSUB V26.S4, V24.S4, V24.S4; \
	VADD V27.S4, V25.S4, V29.S4; \
	VSUB V27.S4, V25.S4, V25.S4; \
	FOUR(Q, 26, 17, K2260, 23, KN11363, 19, KN6436, 21, K9633); \
	FOUR(Q, 27, 17, K6437, 23, K9633, 19, KN11362, 21, K2261); \
	FOUR(Q, 30, 17, K9633, 23, KN6436, 19, KN2259, 21, KN11362); \
	FOUR(Q, 31, 17, K11363, 23, K2260, 19, K9633, 21, K6437)

// BOTH1 ends the first pass for two outputs, A+O and A-O.
#define BOTH1(Q, A, O, P, M) \
	VADD O.S4, A.S4, V10.S4; \
	VSUB O.S4, A.S4, V11.S4; \
	SQRSHRN(Q, 11, P, 10); \
	SQRSHRN(Q, 11, M, 11)

#define HALF1(Q) \
	SUMS(Q); \
	BOTH1(Q, V28, V31, 2, 9); \
	BOTH1(Q, V29, V30, 3, 8); \
	BOTH1(Q, V25, V27, 4, 7); \
	BOTH1(Q, V24, V26, 5, 6)

// HALF2 ends the second one with the upper 16 bits of each sum.
#define HALF2(Q) \
	SUMS(Q); \
	ADDHN(Q, 2, 28, 31); \
	SUBHN(Q, 9, 28, 31); \
	ADDHN(Q, 3, 29, 30); \
	SUBHN(Q, 8, 29, 30); \
	ADDHN(Q, 4, 25, 27); \
	SUBHN(Q, 7, 25, 27); \
	ADDHN(Q, 5, 24, 26); \
	SUBHN(Q, 6, 24, 26)

// TRANSPOSE takes rows in V2…V9 and leaves columns in V16…V23.
#define TRANSPOSE \
	VTRN1 V3.H8, V2.H8, V24.H8; \
	VTRN2 V3.H8, V2.H8, V25.H8; \
	VTRN1 V5.H8, V4.H8, V26.H8; \
	VTRN2 V5.H8, V4.H8, V27.H8; \
	VTRN1 V7.H8, V6.H8, V28.H8; \
	VTRN2 V7.H8, V6.H8, V29.H8; \
	VTRN1 V9.H8, V8.H8, V30.H8; \
	VTRN2 V9.H8, V8.H8, V31.H8; \
	VTRN1 V26.S4, V24.S4, V2.S4; \
	VTRN2 V26.S4, V24.S4, V4.S4; \
	VTRN1 V27.S4, V25.S4, V3.S4; \
	VTRN2 V27.S4, V25.S4, V5.S4; \
	VTRN1 V30.S4, V28.S4, V6.S4; \
	VTRN2 V30.S4, V28.S4, V8.S4; \
	VTRN1 V31.S4, V29.S4, V7.S4; \
	VTRN2 V31.S4, V29.S4, V9.S4; \
	VTRN1 V6.D2, V2.D2, V16.D2; \
	VTRN1 V7.D2, V3.D2, V17.D2; \
	VTRN1 V8.D2, V4.D2, V18.D2; \
	VTRN1 V9.D2, V5.D2, V19.D2; \
	VTRN2 V6.D2, V2.D2, V20.D2; \
	VTRN2 V7.D2, V3.D2, V21.D2; \
	VTRN2 V8.D2, V4.D2, V22.D2; \
	VTRN2 V9.D2, V5.D2, V23.D2

// STORE writes two rows.
#define STORE(V) \
	VST1 V.D[0], (R2); \
	ADD R3, R2; \
	VST1 V.D[1], (R2); \
	ADD R3, R2

// func idct8NEON(blk *[64]int16, quant *[64]uint16, dst *byte, stride int)
TEXT ·idct8NEON(SB), NOSPLIT, $0-32
	MOVD blk+0(FP), R0
	MOVD quant+8(FP), R1
	MOVD dst+16(FP), R2
	MOVD stride+24(FP), R3
	MOVD $dctConstants<>(SB), R4
	VLD1 (R4), [V0.H8, V1.H8]
	MOVD R0, R5
	VLD1.P 64(R0), [V16.H8, V17.H8, V18.H8, V19.H8]
	VLD1 (R0), [V20.H8, V21.H8, V22.H8, V23.H8]
	VLD1.P 64(R1), [V2.H8, V3.H8, V4.H8, V5.H8]
	VLD1 (R1), [V6.H8, V7.H8, V8.H8, V9.H8]
	VEOR V24.B16, V24.B16, V24.B16
	VEOR V25.B16, V25.B16, V25.B16
	VEOR V26.B16, V26.B16, V26.B16
	VEOR V27.B16, V27.B16, V27.B16
	VST1.P [V24.H8, V25.H8, V26.H8, V27.H8], 64(R5)
	VST1 [V24.H8, V25.H8, V26.H8, V27.H8], (R5)
	MUL(16, 16, 2)
	MUL(17, 17, 3)
	MUL(18, 18, 4)
	MUL(19, 19, 5)
	MUL(20, 20, 6)
	MUL(21, 21, 7)
	MUL(22, 22, 8)
	MUL(23, 23, 9)
	HALF1(0)
	HALF1(UPPER)
	TRANSPOSE
	HALF2(0)
	HALF2(UPPER)

	// Now V2…V9 are columns. To bytes, and transpose again.
	SQRSHRNB(0, 2, 2, 2)
	SQRSHRNB(0, 2, 3, 3)
	SQRSHRNB(0, 2, 4, 4)
	SQRSHRNB(0, 2, 5, 5)
	SQRSHRNB(UPPER, 2, 2, 6)
	SQRSHRNB(UPPER, 2, 3, 7)
	SQRSHRNB(UPPER, 2, 4, 8)
	SQRSHRNB(UPPER, 2, 5, 9)
	VMOVI $128, V10.B16
	VZIP1 V3.B16, V2.B16, V6.B16
	VZIP2 V3.B16, V2.B16, V7.B16
	VZIP1 V5.B16, V4.B16, V8.B16
	VZIP2 V5.B16, V4.B16, V9.B16
	VZIP1 V8.H8, V6.H8, V2.H8
	VZIP2 V8.H8, V6.H8, V3.H8
	VZIP1 V9.H8, V7.H8, V4.H8
	VZIP2 V9.H8, V7.H8, V5.H8
	VZIP1 V4.S4, V2.S4, V6.S4
	VZIP2 V4.S4, V2.S4, V7.S4
	VZIP1 V5.S4, V3.S4, V8.S4
	VZIP2 V5.S4, V3.S4, V9.S4
	VEOR V10.B16, V6.B16, V6.B16
	VEOR V10.B16, V7.B16, V7.B16
	VEOR V10.B16, V8.B16, V8.B16
	VEOR V10.B16, V9.B16, V9.B16
	STORE(V6)
	STORE(V7)
	STORE(V8)
	STORE(V9)
	RET

// EVEN and ODD compute one output of half of the transforms to V10 and narrow it.
#define EVEN(Q, S, D, C1, C2) \
	MULTIPLY(Q, 10, 28, C1); \
	ACCUMULATE(Q, 10, 29, C2); \
	SQRSHRN(Q, S, D, 10)

#define ODD(Q, S, D, C1, C7, C3, C5) \
	FOUR(Q, 10, 24, C1, 27, C7, 25, C3, 26, C5); \
	SQRSHRN(Q, S, D, 10)

#define OUTPUTS(Q, S) \
	EVEN(Q, S, 4, K10703, K4433); \
	EVEN(Q, S, 8, K4433, KN10704); \
	ODD(Q, S, 9, K2260, KN11363, KN6436, K9633); \
	ODD(Q, S, 7, K6437, K9633, KN11362, K2261); \
	ODD(Q, S, 5, K9633, KN6436, KN2259, KN11362); \
	ODD(Q, S, 3, K11363, K2260, K9633, K6437)

// FORWARD is a pass over V16…V23. Outputs 0 and 4 still have to be scaled. The
// constants of the inverse transform serve again.
#define FORWARD(S) \
	VSUB V23.H8, V16.H8, V24.H8; \
	VSUB V22.H8, V17.H8, V25.H8; \
	VSUB V21.H8, V18.H8, V26.H8; \
	VSUB V20.H8, V19.H8, V27.H8; \
	VADD V23.H8, V16.H8, V16.H8; \
	VADD V22.H8, V17.H8, V17.H8; \
	VADD V21.H8, V18.H8, V18.H8; \
	VADD V20.H8, V19.H8, V19.H8; \
	VSUB V19.H8, V16.H8, V28.H8; \
	VSUB V18.H8, V17.H8, V29.H8; \
	VADD V19.H8, V16.H8, V16.H8; \
	VADD V18.H8, V17.H8, V17.H8; \
	VADD V17.H8, V16.H8, V2.H8; \
	VSUB V17.H8, V16.H8, V6.H8; \
	OUTPUTS(0, S); \
	OUTPUTS(UPPER, S)

// SAMPLES takes a row of samples.
#define SAMPLES(V) \
	VLD1 (R0), [V10.B8]; \
	ADD R1, R0; \
	VUSHLL $0, V10.B8, V.H8; \
	VSUB V11.H8, V.H8, V.H8

// QUANTIZE divides row N: the tables at R2, R4 and R5 have half the divisor, a
// reciprocal and a power of two.
#define QUANTIZE(V, N) \
	VLD1.P 16(R2), [V24.H8]; \
	VLD1.P 16(R4), [V25.H8]; \
	VLD1.P 16(R5), [V26.H8]; \
	SSHR(15, 27, N); \
	ABS(28, N); \
	VADD V24.H8, V28.H8, V28.H8; \
	UMULL(0, 29, 28, 25); \
	UMULL(UPPER, 30, 28, 25); \
	VUZP2 V30.H8, V29.H8, V28.H8; \
	UMULL(0, 29, 28, 26); \
	UMULL(UPPER, 30, 28, 26); \
	VUZP2 V30.H8, V29.H8, V28.H8; \
	VEOR V27.B16, V28.B16, V28.B16; \
	VSUB V27.H8, V28.H8, V.H8

// PART makes a part of the zigzag order, in V, and what of it is not zero, in T.
#define PART(V, T) \
	VLD1.P 16(R6), [V24.B16]; \
	VTBL V24.B16, [V2.B16, V3.B16, V4.B16, V5.B16], V.B16; \
	VSUB V25.B16, V24.B16, V24.B16; \
	VTBX V24.B16, [V6.B16, V7.B16, V8.B16, V9.B16], V.B16; \
	VCMTST V.H8, V.H8, T.H8

// Which byte of the rows goes where.
DATA zigzagBytes<>+0(SB)/8, $0x2120111003020100
DATA zigzagBytes<>+8(SB)/8, $0x1514070605041312
DATA zigzagBytes<>+16(SB)/8, $0x3332414031302322
DATA zigzagBytes<>+24(SB)/8, $0x0b0a090817162524
DATA zigzagBytes<>+32(SB)/8, $0x4342353427261918
DATA zigzagBytes<>+40(SB)/8, $0x4544535261605150
DATA zigzagBytes<>+48(SB)/8, $0x0d0c1b1a29283736
DATA zigzagBytes<>+56(SB)/8, $0x39382b2a1d1c0f0e
DATA zigzagBytes<>+64(SB)/8, $0x7170636255544746
DATA zigzagBytes<>+72(SB)/8, $0x4948575665647372
DATA zigzagBytes<>+80(SB)/8, $0x2f2e1f1e2d2c3b3a
DATA zigzagBytes<>+88(SB)/8, $0x676659584b4a3d3c
DATA zigzagBytes<>+96(SB)/8, $0x5b5a696877767574
DATA zigzagBytes<>+104(SB)/8, $0x5d5c4f4e3f3e4d4c
DATA zigzagBytes<>+112(SB)/8, $0x6d6c7b7a79786b6a
DATA zigzagBytes<>+120(SB)/8, $0x7f7e7d7c6f6e5f5e
GLOBL zigzagBytes<>(SB), RODATA|NOPTR, $128
DATA bitOfByte<>+0(SB)/8, $0x8040201008040201
GLOBL bitOfByte<>(SB), RODATA|NOPTR, $8

// func fdct8NEON(src *byte, stride int, words *[3][64]uint16, out *[64]int16) (nonzero uint64)
TEXT ·fdct8NEON(SB), NOSPLIT, $0-40
	MOVD src+0(FP), R0
	MOVD stride+8(FP), R1
	MOVD words+16(FP), R2
	MOVD out+24(FP), R3
	MOVD $dctConstants<>(SB), R4
	VLD1 (R4), [V0.H8, V1.H8]
	MOVD $128, R4
	VDUP R4, V11.H8
	SAMPLES(V2)
	SAMPLES(V3)
	SAMPLES(V4)
	SAMPLES(V5)
	SAMPLES(V6)
	SAMPLES(V7)
	SAMPLES(V8)
	SAMPLES(V9)
	TRANSPOSE
	FORWARD(11)
	VSHL $2, V2.H8, V2.H8
	VSHL $2, V6.H8, V6.H8
	TRANSPOSE
	FORWARD(15)
	SRSHR(2, 2, 2)
	SRSHR(2, 6, 6)
	ADD $128, R2, R4
	ADD $256, R2, R5
	QUANTIZE(V2, 2)
	QUANTIZE(V3, 3)
	QUANTIZE(V4, 4)
	QUANTIZE(V5, 5)
	QUANTIZE(V6, 6)
	QUANTIZE(V7, 7)
	QUANTIZE(V8, 8)
	QUANTIZE(V9, 9)
	MOVD $zigzagBytes<>(SB), R6
	VMOVI $64, V25.B16
	PART(V16, V26)
	PART(V17, V27)
	PART(V18, V28)
	PART(V19, V29)
	VST1.P [V16.H8, V17.H8, V18.H8, V19.H8], 64(R3)
	VUZP1 V27.B16, V26.B16, V10.B16
	VUZP1 V29.B16, V28.B16, V11.B16
	PART(V20, V26)
	PART(V21, V27)
	PART(V22, V28)
	PART(V23, V29)
	VST1 [V20.H8, V21.H8, V22.H8, V23.H8], (R3)
	VUZP1 V27.B16, V26.B16, V12.B16
	VUZP1 V29.B16, V28.B16, V13.B16

	// One bit of each byte, and add up by eights.
	MOVD $bitOfByte<>(SB), R6
	VLD1R (R6), [V24.D2]
	VAND V24.B16, V10.B16, V10.B16
	VAND V24.B16, V11.B16, V11.B16
	VAND V24.B16, V12.B16, V12.B16
	VAND V24.B16, V13.B16, V13.B16
	VADDP V11.B16, V10.B16, V10.B16
	VADDP V13.B16, V12.B16, V12.B16
	VADDP V12.B16, V10.B16, V10.B16
	VADDP V10.B16, V10.B16, V10.B16
	VMOV V10.D[0], R7
	MOVD R7, nonzero+32(FP)
	RET
