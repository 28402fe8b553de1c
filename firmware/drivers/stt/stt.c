/* SPDX-License-Identifier: Apache-2.0 */
/* stt.c : a spiking tile behind the co-processor instructions */
#include "stt.h"

#include "imac_insn.h"

#define CLEAR_ALL                                                                                  \
	(IMAC_CTRL_CLR_IN_PTR_MASK | IMAC_CTRL_CLR_PROG_PTR_MASK | IMAC_CTRL_CLR_ERRORS_MASK)

stt_status_t stt_open(const stt_tile_t *tile) {
	const uint32_t m = tile->index;

	if (insn_rdcfg(m, IMAC_CFG_ID) != STT_ID) {
		return STT_ERR_ABSENT;
	}
	insn_cfg(m, IMAC_CFG_CTRL, CLEAR_ALL);
	insn_cfg(m, IMAC_CFG_SETTLE_CYCLES, tile->settle_cycles);
	insn_cfg(m, IMAC_CFG_CONV_CYCLES, tile->sense_cycles);
	insn_cfg(m, IMAC_CFG_PROG_CYCLES, tile->prog_cycles);
	insn_cfg(m, IMAC_CFG_N_IN, 32u * tile->words);
	insn_cfg(m, IMAC_CFG_N_OUT, tile->rows);
	return (insn_stat(m) & STT_ERROR_MASK) == 0u ? STT_OK : STT_ERR_CONFIG;
}

stt_status_t stt_program(const stt_tile_t *tile, const uint32_t *words, uint32_t n) {
	const uint32_t m = tile->index;

	insn_cfg(m, IMAC_CFG_PROG_PTR, 0);
	for (uint32_t i = 0; i < n; i++) {
		insn_prog(m, words[i]); /* held back by the tile while the last word is written */
	}
	if ((insn_wait(m) & STT_ERROR_MASK) != 0u || insn_rdcfg(m, IMAC_CFG_PROG_PTR) != n) {
		return STT_ERR_PROGRAM;
	}
	return STT_OK;
}

stt_status_t stt_thresholds(const stt_tile_t *tile, const uint16_t *codes) {
	const uint32_t m = tile->index;
	const uint32_t n = tile->rows * (tile->steps + 2u);

	insn_cfg(m, STT_CFG_TH_PTR, 0);
	for (uint32_t i = 0; i < n; i++) {
		insn_cfg(m, STT_CFG_TH_CODE, codes[i]);
	}
	if ((insn_stat(m) & STT_ERROR_MASK) != 0u || insn_rdcfg(m, STT_CFG_TH_PTR) != n) {
		return STT_ERR_THRESHOLD;
	}
	return STT_OK;
}

void stt_push(const stt_tile_t *tile, const uint32_t *words, uint32_t n) {
	const uint32_t m = tile->index;

	for (uint32_t i = 0; i < n; i++) {
		insn_push(m, words[i]);
	}
}

stt_status_t stt_run(const stt_tile_t *tile, uint32_t *spikes) {
	const uint32_t m = tile->index;
	uint32_t *const end = spikes + STT_SPIKE_WORDS(tile->rows, tile->steps);
	uint32_t status;

	insn_start(m);
	status = insn_wait(m);
	while (spikes != end) {
		*spikes++ = insn_pop(m);
	}
	status |= insn_stat(m);
	return (status & STT_ERROR_MASK) == 0u && (status & IMAC_STATUS_DONE_MASK) != 0u
		       ? STT_OK
		       : STT_ERR_EVALUATE;
}
