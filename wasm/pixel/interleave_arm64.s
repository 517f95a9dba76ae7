#include "textflag.h"

// func deinterleave3Vector(a, b, c, src []byte)
TEXT ·deinterleave3Vector(SB), NOSPLIT, $0-96
	MOVD a_base+0(FP), R0
	MOVD a_len+8(FP), R1
	MOVD b_base+24(FP), R2
	MOVD c_base+48(FP), R3
	MOVD src_base+72(FP), R4
	SUB $16, R1, R1
	MOVD $0, R5
split3:
	ADD R5<<1, R5, R6
	ADD R6, R4, R6
	VLD3 (R6), [V0.B16, V1.B16, V2.B16]
	ADD R5, R0, R7
	VST1 [V0.B16], (R7)
	ADD R5, R2, R7
	VST1 [V1.B16], (R7)
	ADD R5, R3, R7
	VST1 [V2.B16], (R7)
	CMP R1, R5
	BEQ split3Done
	ADD $16, R5, R5
	CMP R1, R5
	CSEL GT, R1, R5, R5
	B split3
split3Done:
	RET

// func accumulateVector(row []byte)
TEXT ·accumulateVector(SB), NOSPLIT, $0-24
	MOVD row_base+0(FP), R0
	MOVD row_len+8(FP), R1
	ADD R0, R1, R1
	VEOR V6.B16, V6.B16, V6.B16   // zero
	VEOR V5.B16, V5.B16, V5.B16   // the sum up to here, in all places
accumulate16:
	VLD1 (R0), [V0.B16]
	VEXT $15, V0.B16, V6.B16, V1.B16
	VADD V1.B16, V0.B16, V0.B16
	VEXT $14, V0.B16, V6.B16, V1.B16
	VADD V1.B16, V0.B16, V0.B16
	VEXT $12, V0.B16, V6.B16, V1.B16
	VADD V1.B16, V0.B16, V0.B16
	VEXT $8, V0.B16, V6.B16, V1.B16
	VADD V1.B16, V0.B16, V0.B16
	VADD V5.B16, V0.B16, V0.B16
	VST1.P [V0.B16], 16(R0)
	VDUP V0.B[15], V5.B16
	CMP R1, R0
	BLT accumulate16
	RET
