/* SPDX-License-Identifier: Apache-2.0 */
/* main.c : one spiking tile through its driver; prints the spikes of every step */
#include "console.h"
#include "stt.h"
#include "sys.h"
#include "tile_data.h"

int main(void) {
	const stt_tile_t tile = {
		.index = 0,
		.rows = ROWS,
		.words = WORDS,
		.steps = STEPS,
		.settle_cycles = 1,
		.sense_cycles = 1,
		.prog_cycles = 1,
	};
	stt_tile_t absent = tile;
	stt_tile_t wide = tile;

	sys_region_close(REGION_BOOT);
	absent.index = 7;
	wide.words = WORDS + 1u; /* more inputs than the tile has */
	if (stt_open(&absent) != STT_ERR_ABSENT || stt_open(&wide) != STT_ERR_CONFIG ||
	    stt_open(&tile) != STT_OK) {
		return 1;
	}
	if (stt_thresholds(&tile, codes) != STT_OK || stt_program(&tile, program, PROGRAM) != STT_OK) {
		return 2;
	}
	for (uint32_t k = 0; k < RUNS; k++) {
		uint32_t spikes[STT_SPIKE_WORDS(ROWS, STEPS)];

		stt_push(&tile, inputs[k], WORDS);
		if (stt_run(&tile, spikes) != STT_OK) {
			return 3;
		}
		for (uint32_t t = 0; t < STEPS; t++) {
			console_hex(spikes[t]);
			console_putc(t + 1u < STEPS ? ' ' : '\n');
		}
	}
	if (stt_run(&tile, 0) != STT_ERR_EVALUATE) { /* nothing was pushed */
		return 4;
	}
	return 0;
}
