/* SPDX-License-Identifier: Apache-2.0 */
/* nn_conv3_block.S : inner loops of the 3x3 convolution, 16 sums in registers */
/*
 * nn_conv3.h is the contract, nn_conv3_block.c the same in C. A loop turn is one input channel: 144
 * products of 2 instructions each (72 in 2x2). GCC spills sums here (2.9 cycles a product against
 * 2.4), so the order is ours: a product is added one instruction or more after its multiplication
 * and a pixel used one or more after its load, because a result used at once costs a cycle.
 */

/* sums of the first channel, of the second */
#define A0 s0
#define A1 s1
#define A2 s2
#define A3 s3
#define A4 s4
#define A5 s5
#define A6 s6
#define A7 s7
#define B0 s8
#define B1 s9
#define B2 s10
#define B3 s11
#define B4 t3
#define B5 t4
#define B6 t5
#define B7 t6
/* a kernel row of both channels, pixel, products, place in the pixels and in the weights */
#define wa0 a2
#define wa1 a3
#define wa2 a4
#define wb0 a5
#define wb1 a6
#define wb2 a7
#define pixel t0
#define pa t1
#define pb t2
#define x a0
#define w a1
#define pitch ra
#define end tp

#define FRAME 80
#define PITCH 0
#define NEXT 4
#define END 8
#define BIAS 12
#define PLANE 16
#define ROW 20

	.macro weights at
	lb	wa0, \at(w)
	lb	wb0, \at+3(w)
	lbu	pixel, 0(x)
	lb	wa1, \at+1(w)
	lb	wb1, \at+4(w)
	lb	wa2, \at+2(w)
	lb	wb2, \at+5(w)
	.endm

	/* a pixel that is the first of a row's window, the second of one more, the third of one more */
	.macro first a, b, next
	mul	pa, wa0, pixel
	mul	pb, wb0, pixel
	lbu	pixel, \next(x)
	add	\a, \a, pa
	add	\b, \b, pb
	.endm
	.macro two a, b, a1, b1, next
	mul	pa, wa0, pixel
	mul	pb, wb0, pixel
	add	\a, \a, pa
	mul	pa, wa1, pixel
	add	\b, \b, pb
	mul	pb, wb1, pixel
	lbu	pixel, \next(x)
	add	\a1, \a1, pa
	add	\b1, \b1, pb
	.endm
	.macro three a, b, a1, b1, a2, b2, next
	mul	pa, wa0, pixel
	mul	pb, wb0, pixel
	add	\a, \a, pa
	mul	pa, wa1, pixel
	add	\b, \b, pb
	mul	pb, wb1, pixel
	add	\a1, \a1, pa
	mul	pa, wa2, pixel
	add	\b1, \b1, pb
	mul	pb, wb2, pixel
	lbu	pixel, \next(x)
	add	\a2, \a2, pa
	add	\b2, \b2, pb
	.endm
	/* the last two pixels of a row; `more` 1: a pixel of the next row follows */
	.macro last a1, b1, a2, b2, next, more
	mul	pa, wa1, pixel
	mul	pb, wb1, pixel
	add	\a1, \a1, pa
	mul	pa, wa2, pixel
	add	\b1, \b1, pb
	mul	pb, wb2, pixel
	lbu	pixel, \next(x)
	add	\a2, \a2, pa
	add	\b2, \b2, pb
	mul	pa, wa2, pixel
	mul	pb, wb2, pixel
	add	x, x, pitch
	.if \more
	lbu	pixel, 0(x)
	.endif
	.endm

	.macro row8 at
	weights	\at
	first	A0, B0, 1
	two	A1, B1, A0, B0, 2
	three	A2, B2, A1, B1, A0, B0, 3
	three	A3, B3, A2, B2, A1, B1, 4
	three	A4, B4, A3, B3, A2, B2, 5
	three	A5, B5, A4, B4, A3, B3, 6
	three	A6, B6, A5, B5, A4, B4, 7
	three	A7, B7, A6, B6, A5, B5, 8
	last	A7, B7, A6, B6, 9, 0
	add	A7, A7, pa
	add	B7, B7, pb
	.endm

	/* both rows of a block with one row of weights; the second row is the first of the next weights */
	.macro row4 at
	weights	\at
	first	A0, B0, 1
	two	A1, B1, A0, B0, 2
	three	A2, B2, A1, B1, A0, B0, 3
	three	A3, B3, A2, B2, A1, B1, 4
	last	A3, B3, A2, B2, 5, 1
	add	A3, A3, pa
	add	B3, B3, pb
	first	A4, B4, 1
	two	A5, B5, A4, B4, 2
	three	A6, B6, A5, B5, A4, B4, 3
	three	A7, B7, A6, B6, A5, B5, 4
	mul	pa, wa1, pixel
	mul	pb, wb1, pixel
	add	A7, A7, pa
	mul	pa, wa2, pixel
	add	B7, B7, pb
	mul	pb, wb2, pixel
	lbu	pixel, 5(x)
	add	A6, A6, pa
	add	B6, B6, pb
	mul	pa, wa2, pixel
	mul	pb, wb2, pixel
	add	A7, A7, pa
	add	B7, B7, pb
	.endm

	.macro row2 at
	weights	\at
	first	A0, B0, 1
	two	A1, B1, A0, B0, 2
	last	A1, B1, A0, B0, 3, 1
	add	A1, A1, pa
	add	B1, B1, pb
	first	A2, B2, 1
	two	A3, B3, A2, B2, 2
	mul	pa, wa1, pixel
	mul	pb, wb1, pixel
	add	A3, A3, pa
	mul	pa, wa2, pixel
	add	B3, B3, pb
	mul	pb, wb2, pixel
	lbu	pixel, 3(x)
	add	A2, A2, pa
	add	B2, B2, pb
	mul	pa, wa2, pixel
	mul	pb, wb2, pixel
	add	A3, A3, pa
	add	B3, B3, pb
	.endm

	.macro enter
	addi	sp, sp, -FRAME
	sw	ra, 0(sp)
	sw	tp, 4(sp)
	sw	s0, 8(sp)
	sw	s1, 12(sp)
	sw	s2, 16(sp)
	sw	s3, 20(sp)
	sw	s4, 24(sp)
	sw	s5, 28(sp)
	sw	s6, 32(sp)
	sw	s7, 36(sp)
	sw	s8, 40(sp)
	sw	s9, 44(sp)
	sw	s10, 48(sp)
	sw	s11, 52(sp)
	sw	a2, 56(sp)		/* block */
	sw	a3, 60(sp)		/* acc */
	lw	t1, NEXT(a2)
	lw	pitch, PITCH(a2)
	lw	end, END(a2)
	lw	t0, BIAS(a2)
	sw	t1, 64(sp)
	lw	A0, 0(t0)
	lw	B0, 4(t0)
	.endm

	.macro same
	.irp	s, A1, A2, A3, A4, A5, A6, A7
	mv	\s, A0
	.endr
	.irp	s, B1, B2, B3, B4, B5, B6, B7
	mv	\s, B0
	.endr
	.endm

	.macro turn back
	lw	pixel, 64(sp)
	addi	w, w, 18
	add	x, x, pixel
	bne	w, end, \back
	.endm

	.macro leave
	lw	ra, 0(sp)
	lw	tp, 4(sp)
	lw	s0, 8(sp)
	lw	s1, 12(sp)
	lw	s2, 16(sp)
	lw	s3, 20(sp)
	lw	s4, 24(sp)
	lw	s5, 28(sp)
	lw	s6, 32(sp)
	lw	s7, 36(sp)
	lw	s8, 40(sp)
	lw	s9, 44(sp)
	lw	s10, 48(sp)
	lw	s11, 52(sp)
	addi	sp, sp, FRAME
	ret
	.endm

	.section .text.nn_block_1x8, "ax"
	.balign 4
	.globl	nn_block_1x8
	.type	nn_block_1x8, @function
nn_block_1x8:
	enter
	same
1:	row8	0
	row8	6
	row8	12
	turn	1b
	lw	a2, 56(sp)
	lw	a3, 60(sp)
	lw	t0, PLANE(a2)
	sw	A0, 0(a3)
	sw	A1, 4(a3)
	sw	A2, 8(a3)
	sw	A3, 12(a3)
	sw	A4, 16(a3)
	sw	A5, 20(a3)
	sw	A6, 24(a3)
	sw	A7, 28(a3)
	add	a3, a3, t0
	sw	B0, 0(a3)
	sw	B1, 4(a3)
	sw	B2, 8(a3)
	sw	B3, 12(a3)
	sw	B4, 16(a3)
	sw	B5, 20(a3)
	sw	B6, 24(a3)
	sw	B7, 28(a3)
	leave
	.size	nn_block_1x8, . - nn_block_1x8

	.section .text.nn_block_2x4, "ax"
	.balign 4
	.globl	nn_block_2x4
	.type	nn_block_2x4, @function
nn_block_2x4:
	enter
	same
1:	row4	0
	row4	6
	row4	12
	turn	1b
	lw	a2, 56(sp)
	lw	a3, 60(sp)
	lw	t0, PLANE(a2)
	lw	t1, ROW(a2)
	add	t0, a3, t0
	add	t2, a3, t1
	add	t1, t0, t1
	sw	A0, 0(a3)
	sw	A1, 4(a3)
	sw	A2, 8(a3)
	sw	A3, 12(a3)
	sw	A4, 0(t2)
	sw	A5, 4(t2)
	sw	A6, 8(t2)
	sw	A7, 12(t2)
	sw	B0, 0(t0)
	sw	B1, 4(t0)
	sw	B2, 8(t0)
	sw	B3, 12(t0)
	sw	B4, 0(t1)
	sw	B5, 4(t1)
	sw	B6, 8(t1)
	sw	B7, 12(t1)
	leave
	.size	nn_block_2x4, . - nn_block_2x4

	.section .text.nn_block_2x2, "ax"
	.balign 4
	.globl	nn_block_2x2
	.type	nn_block_2x2, @function
nn_block_2x2:
	enter
	same
1:	row2	0
	row2	6
	row2	12
	turn	1b
	lw	a2, 56(sp)
	lw	a3, 60(sp)
	lw	t0, PLANE(a2)
	lw	t1, ROW(a2)
	add	t0, a3, t0
	add	t2, a3, t1
	add	t1, t0, t1
	sw	A0, 0(a3)
	sw	A1, 4(a3)
	sw	A2, 0(t2)
	sw	A3, 4(t2)
	sw	B0, 0(t0)
	sw	B1, 4(t0)
	sw	B2, 0(t1)
	sw	B3, 4(t1)
	leave
	.size	nn_block_2x2, . - nn_block_2x2
