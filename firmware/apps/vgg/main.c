/* SPDX-License-Identifier: Apache-2.0 */
/* vgg : convolutions on the CPU, weights from external memory, fully-connected stack in the macro */
#include "dma.h"
#include "imac.h"
#include "report.h"
#include "sys.h"

int main(void);

#define CLASSES_MAX 256u
#define EXIT_EXTERNAL 0x40u
#define PROGRAM_WORDS_A_PART 256u

static external_t net;
static uint8_t codes[IMAC_CODE_BYTES(CLASSES_MAX)] __attribute__((aligned(4)));
static uint32_t parts[2][PROGRAM_WORDS_A_PART];

/* Program words of one macro; the next part comes while the present one is written. */
static imac_status_t program(const imac_macro_t *macro) {
	const uint32_t words = net.header.program_words;
	uint32_t from = net.header.program;
	uint32_t turn = 0;
	uint32_t n = words < PROGRAM_WORDS_A_PART ? words : PROGRAM_WORDS_A_PART;
	imac_status_t status = IMAC_OK;

	dma_get(from, parts[0], 4u * n);
	for (uint32_t at = 0; at < words && status == IMAC_OK;) {
		const uint32_t left = words - at - n;
		const uint32_t next = left < PROGRAM_WORDS_A_PART ? left : PROGRAM_WORDS_A_PART;

		if (dma_wait() != DMA_OK) {
			return IMAC_ERR_PROGRAM;
		}
		from += 4u * n;
		if (next != 0u) {
			dma_get(from, parts[turn ^ 1u], 4u * next);
		}
		status = imac_program_at(macro, at, parts[turn], n);
		at += n;
		n = next;
		turn ^= 1u;
	}
	return status;
}

static imac_status_t open_macros(imac_macro_t *macro) {
	imac_status_t status = IMAC_OK;

	for (macro->index = 0; macro->index < net.header.n_macro && status == IMAC_OK;
	     macro->index++) {
		status = imac_open(macro);
		if (status == IMAC_OK) {
			status = program(macro);
		}
	}
	macro->index = 0;
	return status;
}

/* With several macros each holds the whole stack; pictures go round them. */
int main(void) {
	imac_macro_t macro = {0};
	report_t report;
	external_status_t status;

	sys_region_close(REGION_BOOT);
	sys_region_open(REGION_PROGRAM);
	status = external_open(&net);
	if (status != EXTERNAL_OK || net.header.classes > CLASSES_MAX) {
		return report_error("external memory", status | EXIT_EXTERNAL);
	}
	macro.n_in = net.header.features;
	macro.n_out = net.header.classes;
	macro.settle_cycles = net.header.settle_cycles;
	macro.conv_cycles = net.header.conv_cycles;
	macro.prog_cycles = net.header.prog_cycles;
	macro.wait = net.header.wait_interrupt != 0u ? IMAC_WAIT_INTERRUPT : IMAC_WAIT_INSTRUCTION;
	imac_status_t imac_status = open_macros(&macro);

	sys_region_close(REGION_PROGRAM);
	if (imac_status != IMAC_OK) {
		return report_error("imac", imac_status);
	}
	for (uint32_t i = 0; i < net.header.images; i++) {
		report_begin(&report);
		sys_region_open(REGION_LOAD);
		status = external_load(&net, i);
		sys_region_close(REGION_LOAD);
		if (status == EXTERNAL_OK) {
			status = external_features(&net, report_conv);
		}
		if (status != EXTERNAL_OK) {
			return report_error("external memory", status | EXIT_EXTERNAL);
		}
		sys_region_open(REGION_FC_STACK);
		const uint32_t fc_start = sys_cycles();
		imac_status = imac_mvm(&macro, net.bits, codes);
		report.fc_cycles = sys_cycles() - fc_start;
		sys_region_close(REGION_FC_STACK);
		if (imac_status != IMAC_OK) {
			return report_error("imac", imac_status);
		}
		report_end(&report, &net, codes);
		report_print(&report, &net, i, codes);
		macro.index = macro.index + 1u == net.header.n_macro ? 0u : macro.index + 1u;
	}
	return 0;
}
