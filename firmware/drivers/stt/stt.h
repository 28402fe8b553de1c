/* SPDX-License-Identifier: Apache-2.0 */
/* stt.h : a spiking tile behind the co-processor instructions */
#ifndef STT_H
#define STT_H

#include <stdint.h>

#include "imac_regs.h"

typedef enum {
	STT_OK = 0,
	STT_ERR_ABSENT = 1,    /* no macro of that index, or another block's ID */
	STT_ERR_CONFIG = 2,    /* a register refused its value */
	STT_ERR_PROGRAM = 3,   /* programming ended with an error flag */
	STT_ERR_THRESHOLD = 4, /* a threshold code was refused, or their number is wrong */
	STT_ERR_EVALUATE = 5,  /* an evaluation ended with an error flag */
} stt_status_t;

/** One tile and how to use it; the caller owns it. Times in clock cycles. */
typedef struct {
	uint32_t index;
	uint32_t rows;
	uint32_t words;  /* of 32 input spikes, of all steps of an evaluation */
	uint32_t steps;
	uint32_t settle_cycles;
	uint32_t sense_cycles;
	uint32_t prog_cycles;
} stt_tile_t;

/** Words of spikes that an evaluation gives: a step's rows, 32 a word, step 0 first. */
#define STT_SPIKE_WORDS(rows, steps) (((rows) + 31u) / 32u * (steps))

/** Checks the tile's ID, clears its pointers and errors, writes its configuration. */
stt_status_t stt_open(const stt_tile_t *tile);

/** Writes the cells: `n` program words from address 0; waits until the last one is in. */
stt_status_t stt_program(const stt_tile_t *tile, const uint32_t *words, uint32_t n);

/** Writes the thresholds: rows x (steps + 2) codes, a row's steps first, then rise and skip. */
stt_status_t stt_thresholds(const stt_tile_t *tile, const uint16_t *codes);

/** Pushes `n` words of input spikes; the tile takes `words` of them before each stt_run. */
void stt_push(const stt_tile_t *tile, const uint32_t *words, uint32_t n);

/**
 * Runs the time steps on what was pushed and waits for the last one.
 * @param spikes STT_SPIKE_WORDS(rows, steps) words, owned by the caller
 */
stt_status_t stt_run(const stt_tile_t *tile, uint32_t *spikes);

/** All sticky error flags of the status word. */
#define STT_ERROR_MASK                                                                             \
	(IMAC_STATUS_ERR_START_BUSY_MASK | IMAC_STATUS_ERR_POP_EMPTY_MASK |                        \
	 IMAC_STATUS_ERR_PUSH_OVERFLOW_MASK | IMAC_STATUS_ERR_PROTOCOL_MASK |                      \
	 IMAC_STATUS_ERR_CONFIG_INDEX_MASK | IMAC_STATUS_ERR_MACRO_INDEX_MASK |                    \
	 IMAC_STATUS_ERR_START_INPUTS_MASK)

#endif
