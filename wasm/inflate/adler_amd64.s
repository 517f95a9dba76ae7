#include "textflag.h"

DATA weights<>+0(SB)/8, $0x191A1B1C1D1E1F20
DATA weights<>+8(SB)/8, $0x1112131415161718
DATA weights<>+16(SB)/8, $0x090A0B0C0D0E0F10
DATA weights<>+24(SB)/8, $0x0102030405060708
GLOBL weights<>(SB), RODATA|NOPTR, $32

DATA ones<>+0(SB)/4, $0x00010001
GLOBL ones<>(SB), RODATA|NOPTR, $4

// func sumsAVX2(p []byte) (a, b uint32)
//
// Y0 holds the sums of bytes, in four parts; Y1 the sums of Y0 before each block, so
// that 32 times that are missing in b; Y2 the sums weighted within blocks.
TEXT ·sumsAVX2(SB), NOSPLIT, $0-32
	MOVQ p_base+0(FP), SI
	MOVQ p_len+8(FP), CX
	ADDQ SI, CX
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y7, Y7, Y7
	VMOVDQU weights<>(SB), Y8
	VPBROADCASTD ones<>(SB), Y9
block:
	VMOVDQU (SI), Y3
	VPADDD Y0, Y1, Y1
	VPSADBW Y7, Y3, Y4
	VPMADDUBSW Y8, Y3, Y5
	VPMADDWD Y9, Y5, Y5
	VPADDD Y4, Y0, Y0
	VPADDD Y5, Y2, Y2
	ADDQ $32, SI
	CMPQ SI, CX
	JLT block
	VPSLLD $5, Y1, Y1
	VPADDD Y1, Y2, Y2
	VEXTRACTI128 $1, Y0, X3
	VPADDD X3, X0, X0
	VEXTRACTI128 $1, Y2, X4
	VPADDD X4, X2, X2
	VPSHUFD $0x4E, X0, X3
	VPADDD X3, X0, X0
	VPSHUFD $0x4E, X2, X4
	VPADDD X4, X2, X2
	VPSHUFD $0xB1, X2, X4
	VPADDD X4, X2, X2
	VMOVD X0, AX
	VMOVD X2, DX
	MOVL AX, a+24(FP)
	MOVL DX, b+28(FP)
	VZEROUPPER
	RET
