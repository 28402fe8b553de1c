/* SPDX-License-Identifier: Apache-2.0 */
/* main.c : a binary spiking network: encoder and readout on the CPU, each layer on a tile */
#include "console.h"
#include "snn.h"
#include "stt.h"
#include "sys.h"

static stt_tile_t tiles[SNN_LAYERS];

static uint32_t place(const snn_layer_t *layer, uint32_t index, const uint32_t *words,
		      uint32_t *spikes) {
	(void)layer;
	stt_push(&tiles[index], words, SNN_STEPS * SNN_PLACES);
	return stt_run(&tiles[index], spikes);
}

static stt_status_t prepare(uint32_t index) {
	stt_tile_t *const tile = &tiles[index];
	stt_status_t status;

	*tile = (stt_tile_t){
		.index = index,
		.rows = SNN_ROWS,
		.words = SNN_STEPS * SNN_PLACES,
		.steps = SNN_STEPS,
		.settle_cycles = snn_settings.settle_cycles,
		.sense_cycles = snn_settings.sense_cycles,
		.prog_cycles = snn_settings.prog_cycles,
	};
	status = stt_open(tile);
	if (status == STT_OK) {
		status = stt_thresholds(tile, snn_layers[index].codes);
	}
	if (status == STT_OK) {
		status = stt_program(tile, snn_layers[index].program, SNN_PROGRAM_WORDS);
	}
	return status;
}

static int failed(const char *what, uint32_t status) {
	console_puts("error: ");
	console_puts(what);
	console_puts(" status ");
	console_u32(status);
	console_putc('\n');
	return (int)status;
}

int main(void) {
	sys_region_close(REGION_BOOT);
	sys_region_open(REGION_PROGRAM);
	for (uint32_t k = 0; k < SNN_LAYERS; k++) {
		const stt_status_t status = prepare(k);

		if (status != STT_OK) {
			return failed("tile", status);
		}
	}
	sys_region_close(REGION_PROGRAM);
	for (uint32_t picture = 0; picture < SNN_COUNT; picture++) {
		const uint32_t status = snn_infer(picture, place);

		if (status != 0u) {
			return failed("evaluation", status);
		}
	}
	return 0;
}
