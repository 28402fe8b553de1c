/* SPDX-License-Identifier: Apache-2.0 */
/* imac.c : the analog macro behind the co-processor instructions */
#include "imac.h"

#include "imac_insn.h"
#include "sys.h"

#define CLEAR_ALL                                                                                  \
	(IMAC_CTRL_CLR_IN_PTR_MASK | IMAC_CTRL_CLR_PROG_PTR_MASK | IMAC_CTRL_CLR_ERRORS_MASK)

uint32_t imac_read_status(uint32_t index) {
	return insn_stat(index);
}

uint32_t imac_read_config(uint32_t index, uint32_t reg) {
	return insn_rdcfg(index, reg);
}

uint32_t imac_write_config(uint32_t index, uint32_t reg, uint32_t value) {
	return insn_cfg(index, reg, value);
}

imac_status_t imac_open(const imac_macro_t *macro) {
	const uint32_t m = macro->index;
	uint32_t ctrl = CLEAR_ALL;

	if (insn_rdcfg(m, IMAC_CFG_ID) != IMAC_RESET_ID) {
		return IMAC_ERR_ABSENT;
	}
	if (macro->wait == IMAC_WAIT_INTERRUPT) {
		ctrl |= IMAC_CTRL_IRQ_EN_MASK;
		sys_wake_on_external();
	}
	insn_cfg(m, IMAC_CFG_CTRL, ctrl);
	insn_cfg(m, IMAC_CFG_SETTLE_CYCLES, macro->settle_cycles);
	insn_cfg(m, IMAC_CFG_CONV_CYCLES, macro->conv_cycles);
	insn_cfg(m, IMAC_CFG_PROG_CYCLES, macro->prog_cycles);
	insn_cfg(m, IMAC_CFG_N_IN, macro->n_in);
	insn_cfg(m, IMAC_CFG_N_OUT, macro->n_out);
	return (insn_stat(m) & IMAC_ERROR_MASK) == 0u ? IMAC_OK : IMAC_ERR_CONFIG;
}

imac_status_t imac_program(const imac_macro_t *macro, const uint32_t *words, uint32_t n) {
	return imac_program_at(macro, 0, words, n);
}

imac_status_t imac_program_at(const imac_macro_t *macro, uint32_t at, const uint32_t *words,
			      uint32_t n) {
	const uint32_t m = macro->index;

	insn_cfg(m, IMAC_CFG_PROG_PTR, at);
	for (uint32_t i = 0; i < n; i++) {
		insn_prog(m, words[i]); /* held back by the macro while the last word is written */
	}
	if ((insn_wait(m) & IMAC_ERROR_MASK) != 0u || insn_rdcfg(m, IMAC_CFG_PROG_PTR) != at + n) {
		return IMAC_ERR_PROGRAM;
	}
	return IMAC_OK;
}

imac_status_t imac_mvm(const imac_macro_t *macro, const uint32_t *bits, uint8_t *codes) {
	const uint32_t m = macro->index;
	const uint32_t *const end = bits + (macro->n_in + 31u) / 32u;
	uint32_t *out = __builtin_assume_aligned(codes, 4);
	uint32_t *const out_end = out + (macro->n_out + 3u) / 4u;
	uint32_t status;

	while (bits != end) {
		insn_push(m, *bits++);
	}
	if ((insn_start(m) & IMAC_ERROR_MASK) != 0u) {
		return IMAC_ERR_EVALUATE;
	}
	if (macro->wait == IMAC_WAIT_INTERRUPT) {
		do {
			sys_wait_for_interrupt();
			status = insn_stat(m);
		} while ((status & IMAC_STATUS_DONE_MASK) == 0u);
	} else {
		status = insn_wait(m);
	}
	while (out != out_end) {
		*out++ = insn_pop(m);
	}
	return (insn_stat(m) & IMAC_ERROR_MASK) == 0u && (status & IMAC_STATUS_DONE_MASK) != 0u
		       ? IMAC_OK
		       : IMAC_ERR_EVALUATE;
}
