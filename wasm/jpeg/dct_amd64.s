#include "textflag.h"

// Two blocks are transformed at once, one in each half of the 256-bit registers:
// no instruction used here moves anything from one half to the other, but those
// that load and store.
//
// A pass takes its inputs x0…x7 as 16 bits in Y0…Y7, eight transforms side by
// side. Its sums have 32 bits: VPMADDWD multiplies two inputs, interleaved, by
// two constants and adds the products. The constants are those of the scalar code
// collected by input, so the sums are the same numbers.

#define PAIR(name, v) \
	DATA name<>+0(SB)/8, v; \
	DATA name<>+8(SB)/8, v; \
	DATA name<>+16(SB)/8, v; \
	DATA name<>+24(SB)/8, v; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

PAIR(idctE0, $0x2000200020002000) // x0, x4 for e0: 8192, 8192
PAIR(idctE1, $0xe0002000e0002000) // x0, x4 for e1: 8192, -8192
PAIR(idctE2, $0xd6301151d6301151) // x2, x6 for e2: 4433, -10704
PAIR(idctE3, $0x115129cf115129cf) // x2, x6 for e3: 10703, 4433
PAIR(idctO0a, $0xd39d08d4d39d08d4) // x1, x7 for o0: 2260, -11363
PAIR(idctO0b, $0x25a1e6dc25a1e6dc) // x3, x5: -6436, 9633
PAIR(idctO1a, $0x25a1192525a11925) // x1, x7 for o1: 6437, 9633
PAIR(idctO1b, $0x08d5d39e08d5d39e) // x3, x5: -11362, 2261
PAIR(idctO2a, $0xe6dc25a1e6dc25a1) // x1, x7 for o2: 9633, -6436
PAIR(idctO2b, $0xd39ef72dd39ef72d) // x3, x5: -2259, -11362
PAIR(idctO3a, $0x08d42c6308d42c63) // x1, x7 for o3: 11363, 2260
PAIR(idctO3b, $0x192525a1192525a1) // x3, x5: 9633, 6437
PAIR(idctR1, $0x0000040000000400) // rounding of the first pass
PAIR(idctR2, $0x0202000002020000) // of the second, and the sample offset

// SUMS leaves a0…a3 in Y12, Y10, Y9, Y8 and the interleaved x1, x7 and x3, x5 in
// Y13 and Y14. UNPACK chooses four of the eight transforms.
#define SUMS(UNPACK, ROUND) \
	UNPACK Y4, Y0, Y8; \
	UNPACK Y6, Y2, Y10; \
	UNPACK Y7, Y1, Y13; \
	UNPACK Y5, Y3, Y14; \
	VPMADDWD idctE1<>(SB), Y8, Y9; \
	VPMADDWD idctE0<>(SB), Y8, Y8; \
	VPMADDWD idctE2<>(SB), Y10, Y11; \
	VPMADDWD idctE3<>(SB), Y10, Y10; \
	VPADDD ROUND<>(SB), Y8, Y8; \
	VPADDD ROUND<>(SB), Y9, Y9; \
	VPADDD Y10, Y8, Y12; \
	VPSUBD Y10, Y8, Y8; \
	VPADDD Y11, Y9, Y10; \
	VPSUBD Y11, Y9, Y9

// ODD computes one of o0…o3 to Y11.
#define ODD(CA, CB) \
	VPMADDWD CA<>(SB), Y13, Y11; \
	VPMADDWD CB<>(SB), Y14, Y15; \
	VPADDD Y15, Y11, Y11

// HIGH puts the outputs A+Y11 and A-Y11 of the upper four transforms on the
// stack.
#define HIGH(A, SHIFT, AT1, AT2) \
	VPADDD Y11, A, Y15; \
	VPSUBD Y11, A, A; \
	VPSRAD SHIFT, Y15, Y15; \
	VPSRAD SHIFT, A, A; \
	VMOVDQU Y15, AT1(SP); \
	VMOVDQU A, AT2(SP)

// LOW computes those of the lower four and joins them with the upper ones.
#define LOW(A, SHIFT, OUT1, OUT2, AT1, AT2) \
	VPADDD Y11, A, OUT1; \
	VPSUBD Y11, A, OUT2; \
	VPSRAD SHIFT, OUT1, OUT1; \
	VPSRAD SHIFT, OUT2, OUT2; \
	VPACKSSDW AT1(SP), OUT1, OUT1; \
	VPACKSSDW AT2(SP), OUT2, OUT2

#define PASS(ROUND, SHIFT) \
	SUMS(VPUNPCKHWD, ROUND); \
	ODD(idctO3a, idctO3b); \
	HIGH(Y12, SHIFT, 0, 224); \
	ODD(idctO2a, idctO2b); \
	HIGH(Y10, SHIFT, 32, 192); \
	ODD(idctO1a, idctO1b); \
	HIGH(Y9, SHIFT, 64, 160); \
	ODD(idctO0a, idctO0b); \
	HIGH(Y8, SHIFT, 96, 128); \
	SUMS(VPUNPCKLWD, ROUND); \
	ODD(idctO3a, idctO3b); \
	LOW(Y12, SHIFT, Y0, Y7, 0, 224); \
	ODD(idctO2a, idctO2b); \
	LOW(Y10, SHIFT, Y1, Y6, 32, 192); \
	ODD(idctO1a, idctO1b); \
	LOW(Y9, SHIFT, Y2, Y5, 64, 160); \
	ODD(idctO0a, idctO0b); \
	LOW(Y8, SHIFT, Y3, Y4, 96, 128)

// TRANSPOSE turns eight rows of eight words in Y0…Y7 into columns.
#define TRANSPOSE \
	VPUNPCKLWD Y1, Y0, Y8; \
	VPUNPCKHWD Y1, Y0, Y9; \
	VPUNPCKLWD Y3, Y2, Y10; \
	VPUNPCKHWD Y3, Y2, Y11; \
	VPUNPCKLWD Y5, Y4, Y12; \
	VPUNPCKHWD Y5, Y4, Y13; \
	VPUNPCKLWD Y7, Y6, Y14; \
	VPUNPCKHWD Y7, Y6, Y15; \
	VPUNPCKLDQ Y10, Y8, Y0; \
	VPUNPCKHDQ Y10, Y8, Y1; \
	VPUNPCKLDQ Y14, Y12, Y2; \
	VPUNPCKHDQ Y14, Y12, Y3; \
	VPUNPCKLDQ Y11, Y9, Y4; \
	VPUNPCKHDQ Y11, Y9, Y5; \
	VPUNPCKLDQ Y15, Y13, Y6; \
	VPUNPCKHDQ Y15, Y13, Y7; \
	VPUNPCKHQDQ Y2, Y0, Y8; \
	VPUNPCKLQDQ Y2, Y0, Y0; \
	VPUNPCKLQDQ Y3, Y1, Y2; \
	VPUNPCKHQDQ Y3, Y1, Y3; \
	VMOVDQA Y8, Y1; \
	VPUNPCKHQDQ Y6, Y4, Y8; \
	VPUNPCKLQDQ Y6, Y4, Y4; \
	VPUNPCKLQDQ Y7, Y5, Y6; \
	VPUNPCKHQDQ Y7, Y5, Y7; \
	VMOVDQA Y8, Y5

// LOAD takes a row of both blocks, times the quantization tables, and clears it.
#define LOAD(AT, X, Y) \
	VMOVDQU AT(AX), X; \
	VINSERTI128 $1, AT(BX), Y, Y; \
	VMOVDQU AT(CX), X8; \
	VINSERTI128 $1, AT(DX), Y8, Y8; \
	VPMULLW Y8, Y, Y; \
	VMOVDQU X15, AT(AX); \
	VMOVDQU X15, AT(BX)

// STORE writes two rows of both blocks.
#define STORE(X, Y) \
	VEXTRACTI128 $1, Y, X15; \
	VMOVQ X, (DI); \
	VMOVHPS X, (DI)(R8*1); \
	VMOVQ X15, (SI); \
	VMOVHPS X15, (SI)(R9*1); \
	LEAQ (DI)(R8*2), DI; \
	LEAQ (SI)(R9*2), SI

// func idct8PairAVX2(a, b *[64]int16, qa, qb *[64]uint16, da, db *byte, sa, sb int)
TEXT ·idct8PairAVX2(SB), NOSPLIT, $256-64
	MOVQ a+0(FP), AX
	MOVQ b+8(FP), BX
	MOVQ qa+16(FP), CX
	MOVQ qb+24(FP), DX
	MOVQ da+32(FP), DI
	MOVQ db+40(FP), SI
	MOVQ sa+48(FP), R8
	MOVQ sb+56(FP), R9
	VPXOR X15, X15, X15
	LOAD(0, X0, Y0)
	LOAD(16, X1, Y1)
	LOAD(32, X2, Y2)
	LOAD(48, X3, Y3)
	LOAD(64, X4, Y4)
	LOAD(80, X5, Y5)
	LOAD(96, X6, Y6)
	LOAD(112, X7, Y7)
	PASS(idctR1, $11)

	TRANSPOSE
	PASS(idctR2, $18)

	// Now Y0…Y7 are columns. To bytes, and transpose again.
	VPACKUSWB Y4, Y0, Y0
	VPACKUSWB Y5, Y1, Y1
	VPACKUSWB Y6, Y2, Y2
	VPACKUSWB Y7, Y3, Y3
	VPUNPCKLBW Y1, Y0, Y4
	VPUNPCKHBW Y1, Y0, Y5
	VPUNPCKLBW Y3, Y2, Y6
	VPUNPCKHBW Y3, Y2, Y7
	VPUNPCKLWD Y6, Y4, Y0
	VPUNPCKHWD Y6, Y4, Y1
	VPUNPCKLWD Y7, Y5, Y2
	VPUNPCKHWD Y7, Y5, Y3
	VPUNPCKLDQ Y2, Y0, Y4
	VPUNPCKHDQ Y2, Y0, Y5
	VPUNPCKLDQ Y3, Y1, Y6
	VPUNPCKHDQ Y3, Y1, Y7
	STORE(X4, Y4)
	STORE(X5, Y5)
	STORE(X6, Y6)
	STORE(X7, Y7)
	VZEROUPPER
	RET

PAIR(halfE, $0x0000400000004000) // x0, x4 for e
PAIR(halfZ, $0xe7823b21e7823b21) // x2, x6 for z
PAIR(halfO0a, $0xefb05203efb05203) // x1, x7 for o0
PAIR(halfO0b, $0xecc21ccdecc21ccd) // x3, x5
PAIR(halfO1a, $0xf93e21f9f93e21f9) // x1, x7 for o1
PAIR(halfO1b, $0x2e75ba792e75ba79) // x3, x5
PAIR(halfR1, $0x0000080000000800) // rounding of the first pass
PAIR(halfR2, $0x0404000004040000) // of the second, and the sample offset

// HALF computes the four outputs of four transforms of idct4, to Y8, Y9, Y10 and
// Y11.
#define HALF(UNPACK, ROUND, SHIFT) \
	UNPACK Y4, Y0, Y8; \
	UNPACK Y6, Y2, Y10; \
	UNPACK Y7, Y1, Y12; \
	UNPACK Y5, Y3, Y13; \
	VPMADDWD halfE<>(SB), Y8, Y8; \
	VPMADDWD halfZ<>(SB), Y10, Y10; \
	VPADDD ROUND<>(SB), Y8, Y8; \
	VPSUBD Y10, Y8, Y9; \
	VPADDD Y10, Y8, Y8; \
	VPMADDWD halfO0a<>(SB), Y12, Y14; \
	VPMADDWD halfO0b<>(SB), Y13, Y15; \
	VPADDD Y15, Y14, Y14; \
	VPMADDWD halfO1a<>(SB), Y12, Y12; \
	VPMADDWD halfO1b<>(SB), Y13, Y13; \
	VPADDD Y13, Y12, Y12; \
	VPSUBD Y14, Y8, Y11; \
	VPADDD Y14, Y8, Y8; \
	VPSUBD Y12, Y9, Y10; \
	VPADDD Y12, Y9, Y9; \
	VPSRAD SHIFT, Y8, Y8; \
	VPSRAD SHIFT, Y9, Y9; \
	VPSRAD SHIFT, Y10, Y10; \
	VPSRAD SHIFT, Y11, Y11

// func idct4PairAVX2(a, b *[64]int16, qa, qb *[64]uint16, da, db *byte, sa, sb int)
TEXT ·idct4PairAVX2(SB), NOSPLIT, $128-64
	MOVQ a+0(FP), AX
	MOVQ b+8(FP), BX
	MOVQ qa+16(FP), CX
	MOVQ qb+24(FP), DX
	MOVQ da+32(FP), DI
	MOVQ db+40(FP), SI
	MOVQ sa+48(FP), R8
	MOVQ sb+56(FP), R9
	VPXOR X15, X15, X15
	LOAD(0, X0, Y0)
	LOAD(16, X1, Y1)
	LOAD(32, X2, Y2)
	LOAD(48, X3, Y3)
	LOAD(64, X4, Y4)
	LOAD(80, X5, Y5)
	LOAD(96, X6, Y6)
	LOAD(112, X7, Y7)
	HALF(VPUNPCKHWD, halfR1, $12)
	VMOVDQU Y8, 0(SP)
	VMOVDQU Y9, 32(SP)
	VMOVDQU Y10, 64(SP)
	VMOVDQU Y11, 96(SP)
	HALF(VPUNPCKLWD, halfR1, $12)
	VPACKSSDW 0(SP), Y8, Y8
	VPACKSSDW 32(SP), Y9, Y9
	VPACKSSDW 64(SP), Y10, Y10
	VPACKSSDW 96(SP), Y11, Y11

	// Transpose four rows of eight: two columns of four in each register, of
	// which the upper ones are moved down.
	VPUNPCKLWD Y9, Y8, Y12
	VPUNPCKHWD Y9, Y8, Y13
	VPUNPCKLWD Y11, Y10, Y14
	VPUNPCKHWD Y11, Y10, Y15
	VPUNPCKLDQ Y14, Y12, Y0
	VPUNPCKHDQ Y14, Y12, Y2
	VPUNPCKLDQ Y15, Y13, Y4
	VPUNPCKHDQ Y15, Y13, Y6
	VPSRLDQ $8, Y0, Y1
	VPSRLDQ $8, Y2, Y3
	VPSRLDQ $8, Y4, Y5
	VPSRLDQ $8, Y6, Y7
	HALF(VPUNPCKLWD, halfR2, $19)

	// Now Y8…Y11 are columns of four. To bytes, and transpose again.
	VPACKSSDW Y10, Y8, Y0
	VPACKSSDW Y11, Y9, Y1
	VPACKUSWB Y0, Y0, Y0
	VPACKUSWB Y1, Y1, Y1
	VPUNPCKLBW Y1, Y0, Y0
	VPSRLDQ $8, Y0, Y1
	VPUNPCKLWD Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VMOVD X0, (DI)
	VPEXTRD $1, X0, (DI)(R8*1)
	LEAQ (DI)(R8*2), DI
	VPEXTRD $2, X0, (DI)
	VPEXTRD $3, X0, (DI)(R8*1)
	VMOVD X1, (SI)
	VPEXTRD $1, X1, (SI)(R9*1)
	LEAQ (SI)(R9*2), SI
	VPEXTRD $2, X1, (SI)
	VPEXTRD $3, X1, (SI)(R9*1)
	VZEROUPPER
	RET

PAIR(fdctR1, $0x0000040000000400) // rounding of the first pass
PAIR(fdctR2, $0x0000400000004000) // of the second
PAIR(fdctTwo, $0x0002000200020002)
PAIR(fdctCentre, $0xff80ff80ff80ff80)

// Where the words of a row go in one of the eight parts of the zigzag order: to
// part d from row s is zigzagds.
#define SHUFFLE(name, lo, hi) \
	DATA name<>+0(SB)/8, lo; \
	DATA name<>+8(SB)/8, hi; \
	GLOBL name<>(SB), RODATA|NOPTR, $16

SHUFFLE(zigzag00, $0x8080808003020100, $0x8080070605048080)
SHUFFLE(zigzag01, $0x8080010080808080, $0x0504808080800302)
SHUFFLE(zigzag02, $0x0100808080808080, $0x8080808080808080)
SHUFFLE(zigzag10, $0x8080808080808080, $0x0b0a090880808080)
SHUFFLE(zigzag11, $0x8080808080808080, $0x8080808007068080)
SHUFFLE(zigzag12, $0x8080808080800302, $0x8080808080800504)
SHUFFLE(zigzag13, $0x0302808001008080, $0x8080808080808080)
SHUFFLE(zigzag14, $0x8080010080808080, $0x8080808080808080)
SHUFFLE(zigzag21, $0x8080808080800908, $0x8080808080808080)
SHUFFLE(zigzag22, $0x8080808007068080, $0x8080808080808080)
SHUFFLE(zigzag23, $0x8080050480808080, $0x8080808080808080)
SHUFFLE(zigzag24, $0x0302808080808080, $0x0504808080808080)
SHUFFLE(zigzag25, $0x8080808080808080, $0x8080030280800100)
SHUFFLE(zigzag26, $0x8080808080808080, $0x8080808001008080)
SHUFFLE(zigzag30, $0x0d0c808080808080, $0x8080808080800f0e)
SHUFFLE(zigzag31, $0x80800b0a80808080, $0x808080800d0c8080)
SHUFFLE(zigzag32, $0x8080808009088080, $0x80800b0a80808080)
SHUFFLE(zigzag33, $0x8080808080800706, $0x0908808080808080)
SHUFFLE(zigzag44, $0x8080808080800706, $0x0908808080808080)
SHUFFLE(zigzag45, $0x8080808005048080, $0x8080070680808080)
SHUFFLE(zigzag46, $0x8080030280808080, $0x8080808005048080)
SHUFFLE(zigzag47, $0x0100808080808080, $0x8080808080800302)
SHUFFLE(zigzag51, $0x80800f0e80808080, $0x8080808080808080)
SHUFFLE(zigzag52, $0x0f0e80800d0c8080, $0x8080808080808080)
SHUFFLE(zigzag53, $0x8080808080800b0a, $0x8080808080800d0c)
SHUFFLE(zigzag54, $0x8080808080808080, $0x808080800b0a8080)
SHUFFLE(zigzag55, $0x8080808080808080, $0x8080090880808080)
SHUFFLE(zigzag56, $0x8080808080808080, $0x0706808080808080)
SHUFFLE(zigzag63, $0x8080808080808080, $0x808080800f0e8080)
SHUFFLE(zigzag64, $0x8080808080808080, $0x80800f0e80800d0c)
SHUFFLE(zigzag65, $0x0b0a808080808080, $0x0d0c808080808080)
SHUFFLE(zigzag66, $0x8080090880808080, $0x8080808080808080)
SHUFFLE(zigzag67, $0x8080808007060504, $0x8080808080808080)
SHUFFLE(zigzag75, $0x8080808080808080, $0x8080808080800f0e)
SHUFFLE(zigzag76, $0x0d0c808080800b0a, $0x808080800f0e8080)
SHUFFLE(zigzag77, $0x80800b0a09088080, $0x0f0e0d0c80808080)

// SCALE multiplies and shifts: OUT is CA times LO and HI, plus CB times LO2 and
// HI2.
#define SCALE(LO, HI, LO2, HI2, CA, CB, ROUND, SHIFT, OUT) \
	VPMADDWD CA<>(SB), LO, Y14; \
	VPMADDWD CB<>(SB), LO2, Y15; \
	VPADDD Y15, Y14, Y14; \
	VPADDD ROUND<>(SB), Y14, Y14; \
	VPSRAD SHIFT, Y14, Y14; \
	VPMADDWD CA<>(SB), HI, Y15; \
	VPMADDWD CB<>(SB), HI2, OUT; \
	VPADDD OUT, Y15, Y15; \
	VPADDD ROUND<>(SB), Y15, Y15; \
	VPSRAD SHIFT, Y15, Y15; \
	VPACKSSDW Y15, Y14, OUT

// SCALE1 is SCALE without the second pair.
#define SCALE1(LO, HI, CA, ROUND, SHIFT, OUT) \
	VPMADDWD CA<>(SB), LO, Y14; \
	VPADDD ROUND<>(SB), Y14, Y14; \
	VPSRAD SHIFT, Y14, Y14; \
	VPMADDWD CA<>(SB), HI, Y15; \
	VPADDD ROUND<>(SB), Y15, Y15; \
	VPSRAD SHIFT, Y15, Y15; \
	VPACKSSDW Y15, Y14, OUT

// FORWARD is a pass over Y0…Y7. Outputs 0 and 4 are left in Y10 and Y11 for
// the caller to scale, the others are in their places. The constants of the
// inverse transform serve again.
#define FORWARD(ROUND, SHIFT) \
	VPADDW Y7, Y0, Y8; \
	VPSUBW Y7, Y0, Y0; \
	VPADDW Y6, Y1, Y9; \
	VPSUBW Y6, Y1, Y1; \
	VPADDW Y5, Y2, Y10; \
	VPSUBW Y5, Y2, Y2; \
	VPADDW Y4, Y3, Y11; \
	VPSUBW Y4, Y3, Y3; \
	VPADDW Y11, Y8, Y4; \
	VPSUBW Y11, Y8, Y8; \
	VPADDW Y10, Y9, Y5; \
	VPSUBW Y10, Y9, Y9; \
	VPADDW Y5, Y4, Y10; \
	VPSUBW Y5, Y4, Y11; \
	VPUNPCKLWD Y9, Y8, Y12; \
	VPUNPCKHWD Y9, Y8, Y13; \
	VPUNPCKLWD Y3, Y0, Y4; \
	VPUNPCKHWD Y3, Y0, Y5; \
	VPUNPCKLWD Y2, Y1, Y8; \
	VPUNPCKHWD Y2, Y1, Y9; \
	SCALE1(Y12, Y13, idctE3, ROUND, SHIFT, Y2); \
	SCALE1(Y12, Y13, idctE2, ROUND, SHIFT, Y6); \
	SCALE(Y4, Y5, Y8, Y9, idctO0a, idctO0b, ROUND, SHIFT, Y7); \
	SCALE(Y4, Y5, Y8, Y9, idctO2a, idctO2b, ROUND, SHIFT, Y3); \
	SCALE(Y4, Y5, Y8, Y9, idctO3a, idctO3b, ROUND, SHIFT, Y1); \
	SCALE(Y4, Y5, Y8, Y9, idctO1a, idctO1b, ROUND, SHIFT, Y5)

// SAMPLES takes a row of samples of both blocks.
#define SAMPLES(X, Y) \
	VMOVQ (SI), X; \
	VMOVHPS (DI), X, X; \
	VPMOVZXBW X, Y; \
	VPADDW fdctCentre<>(SB), Y, Y; \
	ADDQ R8, SI; \
	ADDQ R9, DI

// QUANTIZE divides a row: the tables have half the divisor, a reciprocal and a
// power of two.
#define QUANTIZE(AT, Y) \
	VMOVDQU AT(AX), X8; \
	VINSERTI128 $1, AT(BX), Y8, Y8; \
	VMOVDQU (128+AT)(AX), X9; \
	VINSERTI128 $1, (128+AT)(BX), Y9, Y9; \
	VMOVDQU (256+AT)(AX), X10; \
	VINSERTI128 $1, (256+AT)(BX), Y10, Y10; \
	VPABSW Y, Y11; \
	VPADDW Y8, Y11, Y11; \
	VPMULHUW Y9, Y11, Y11; \
	VPMULHUW Y10, Y11, Y11; \
	VPSIGNW Y, Y11, Y

#define PICK(SHUFFLE, ROW, OUT) \
	VBROADCASTI128 SHUFFLE<>(SB), OUT; \
	VPSHUFB OUT, ROW, OUT

#define JOIN(SHUFFLE, ROW, OUT) \
	VBROADCASTI128 SHUFFLE<>(SB), Y11; \
	VPSHUFB Y11, ROW, Y11; \
	VPOR Y11, OUT, OUT

// ROWS writes two parts of the zigzag order, in Y8 and Y10, and shifts bits that
// tell which words are zero into R10 and R11.
#define ROWS(N) \
	VMOVDQU X8, (N*16)(CX); \
	VEXTRACTI128 $1, Y8, (N*16)(DX); \
	VMOVDQU X10, (N*16+16)(CX); \
	VEXTRACTI128 $1, Y10, (N*16+16)(DX); \
	VPCMPEQW Y12, Y8, Y8; \
	VPCMPEQW Y12, Y10, Y10; \
	VPACKSSWB Y10, Y8, Y8; \
	VPMOVMSKB Y8, R12; \
	MOVWLZX R12, R13; \
	SHRL $16, R12; \
	SHLQ $48, R13; \
	SHLQ $48, R12; \
	SHRQ $16, R10; \
	SHRQ $16, R11; \
	ORQ R13, R10; \
	ORQ R12, R11

// func fdct8PairAVX2(a, b *byte, sa, sb int, qa, qb *[3][64]uint16, outA, outB *[64]int16) (na, nb uint64)
TEXT ·fdct8PairAVX2(SB), NOSPLIT, $0-80
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DI
	MOVQ sa+16(FP), R8
	MOVQ sb+24(FP), R9
	MOVQ qa+32(FP), AX
	MOVQ qb+40(FP), BX
	MOVQ outA+48(FP), CX
	MOVQ outB+56(FP), DX
	SAMPLES(X0, Y0)
	SAMPLES(X1, Y1)
	SAMPLES(X2, Y2)
	SAMPLES(X3, Y3)
	SAMPLES(X4, Y4)
	SAMPLES(X5, Y5)
	SAMPLES(X6, Y6)
	SAMPLES(X7, Y7)
	TRANSPOSE
	FORWARD(fdctR1, $11)
	VPSLLW $2, Y10, Y0
	VPSLLW $2, Y11, Y4
	TRANSPOSE
	FORWARD(fdctR2, $15)
	VPADDW fdctTwo<>(SB), Y10, Y0
	VPSRAW $2, Y0, Y0
	VPADDW fdctTwo<>(SB), Y11, Y4
	VPSRAW $2, Y4, Y4
	QUANTIZE(0, Y0)
	QUANTIZE(16, Y1)
	QUANTIZE(32, Y2)
	QUANTIZE(48, Y3)
	QUANTIZE(64, Y4)
	QUANTIZE(80, Y5)
	QUANTIZE(96, Y6)
	QUANTIZE(112, Y7)
	VPXOR Y12, Y12, Y12
	XORQ R10, R10
	XORQ R11, R11
	PICK(zigzag00, Y0, Y8)
	JOIN(zigzag01, Y1, Y8)
	JOIN(zigzag02, Y2, Y8)
	PICK(zigzag10, Y0, Y10)
	JOIN(zigzag11, Y1, Y10)
	JOIN(zigzag12, Y2, Y10)
	JOIN(zigzag13, Y3, Y10)
	JOIN(zigzag14, Y4, Y10)
	ROWS(0)
	PICK(zigzag21, Y1, Y8)
	JOIN(zigzag22, Y2, Y8)
	JOIN(zigzag23, Y3, Y8)
	JOIN(zigzag24, Y4, Y8)
	JOIN(zigzag25, Y5, Y8)
	JOIN(zigzag26, Y6, Y8)
	PICK(zigzag30, Y0, Y10)
	JOIN(zigzag31, Y1, Y10)
	JOIN(zigzag32, Y2, Y10)
	JOIN(zigzag33, Y3, Y10)
	ROWS(2)
	PICK(zigzag44, Y4, Y8)
	JOIN(zigzag45, Y5, Y8)
	JOIN(zigzag46, Y6, Y8)
	JOIN(zigzag47, Y7, Y8)
	PICK(zigzag51, Y1, Y10)
	JOIN(zigzag52, Y2, Y10)
	JOIN(zigzag53, Y3, Y10)
	JOIN(zigzag54, Y4, Y10)
	JOIN(zigzag55, Y5, Y10)
	JOIN(zigzag56, Y6, Y10)
	ROWS(4)
	PICK(zigzag63, Y3, Y8)
	JOIN(zigzag64, Y4, Y8)
	JOIN(zigzag65, Y5, Y8)
	JOIN(zigzag66, Y6, Y8)
	JOIN(zigzag67, Y7, Y8)
	PICK(zigzag75, Y5, Y10)
	JOIN(zigzag76, Y6, Y10)
	JOIN(zigzag77, Y7, Y10)
	ROWS(6)
	NOTQ R10
	NOTQ R11
	MOVQ R10, na+64(FP)
	MOVQ R11, nb+72(FP)
	VZEROUPPER
	RET
