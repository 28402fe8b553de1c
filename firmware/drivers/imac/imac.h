/* SPDX-License-Identifier: Apache-2.0 */
/* imac.h : the analog macro behind the co-processor instructions, and its C twin */
#ifndef IMAC_H
#define IMAC_H

#include <stdint.h>

#include "imac_regs.h"
#include "nn_stack.h"

typedef enum {
	IMAC_OK = 0,
	IMAC_ERR_ABSENT = 1,   /* no macro of that index, or another block's ID */
	IMAC_ERR_CONFIG = 2,   /* a configuration register refused its value */
	IMAC_ERR_PROGRAM = 3,  /* programming ended with an error flag */
	IMAC_ERR_EVALUATE = 4, /* an evaluation ended with an error flag */
} imac_status_t;

typedef enum { IMAC_WAIT_INSTRUCTION = 0, IMAC_WAIT_INTERRUPT = 1 } imac_wait_t;

/** One macro and how to use it; the caller owns it. Times in clock cycles. */
typedef struct {
	uint32_t index;
	uint32_t n_in;
	uint32_t n_out;
	uint32_t settle_cycles;
	uint32_t conv_cycles;
	uint32_t prog_cycles;
	imac_wait_t wait;
	const nn_stack_t *twin; /* what imac_mvm_ref computes; not used by imac_mvm */
} imac_macro_t;

/** Bytes that a buffer of n_out codes needs: whole words. */
#define IMAC_CODE_BYTES(n_out) (((n_out) + 3u) / 4u * 4u)

/** Checks the macro's ID, clears its pointers and errors, writes its configuration. */
imac_status_t imac_open(const imac_macro_t *macro);

/** Writes `n` program words from address 0 and waits until the last one is in. */
imac_status_t imac_program(const imac_macro_t *macro, const uint32_t *words, uint32_t n);

/** The same from address `at` on: a part of the words. */
imac_status_t imac_program_at(const imac_macro_t *macro, uint32_t at, const uint32_t *words,
			      uint32_t n);

/**
 * One pass through the whole stack of the macro.
 * @param bits n_in input bits, 32 a word, first in the LSB
 * @param codes IMAC_CODE_BYTES(n_out) bytes, word-aligned, owned by the caller
 */
imac_status_t imac_mvm(const imac_macro_t *macro, const uint32_t *bits, uint8_t *codes);

/** The same operation on the CPU, in integers. */
imac_status_t imac_mvm_ref(const imac_macro_t *macro, const uint32_t *bits, uint8_t *codes);

/** @return status word (IMAC_STATUS_*_MASK). */
uint32_t imac_read_status(uint32_t index);

/** @return value of configuration register IMAC_CFG_*. */
uint32_t imac_read_config(uint32_t index, uint32_t reg);

/** Writes configuration register IMAC_CFG_*. @return its old value. */
uint32_t imac_write_config(uint32_t index, uint32_t reg, uint32_t value);

/** All sticky error flags of the status word. */
#define IMAC_ERROR_MASK                                                                            \
	(IMAC_STATUS_ERR_START_BUSY_MASK | IMAC_STATUS_ERR_POP_EMPTY_MASK |                        \
	 IMAC_STATUS_ERR_PUSH_OVERFLOW_MASK | IMAC_STATUS_ERR_PROTOCOL_MASK |                      \
	 IMAC_STATUS_ERR_CONFIG_INDEX_MASK | IMAC_STATUS_ERR_MACRO_INDEX_MASK |                    \
	 IMAC_STATUS_ERR_START_INPUTS_MASK)

#endif
